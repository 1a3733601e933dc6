"""``trust_stop.npz`` and ``trust_end.npz``: what other seeds rank by D at that moment, for as long as the run is kept.

The whole rankings are kept, not one answer: people choose another top, and are answered at once.
"""

import io
import zipfile
from pathlib import Path

import numpy as np

from sogaal.errors import RunError
from sogaal.files import write_atomic
from sogaal.trust import SeedRankings


def write_rankings(path: str | Path, found: SeedRankings) -> None:
    """Write rankings of s seeds and n rows: ``seeds`` int64 (s,), ``logits`` float32 (s, n), ``top`` int64 () with 0
    for None, ``failed`` texts (f,). Raises :class:`DataError` where that cannot be done; what was there then stays.
    """
    content = io.BytesIO()
    np.savez(
        content,
        seeds=np.array(found.seeds, dtype=np.int64),
        logits=np.asarray(found.logits, dtype=np.float32),
        top=np.int64(found.top or 0),
        failed=np.array(found.failed, dtype=np.str_),
    )
    write_atomic(path, content.getvalue())


def read_rankings(path: str | Path, n: int) -> SeedRankings:
    """What :func:`write_rankings` wrote for a table of ``n`` rows; raises :class:`RunError` for anything else."""
    try:
        # Opened here, because numpy leaves the file open when it is no archive.
        with Path(path).open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            seeds, logits, top, failed = (arrays[name] for name in ("seeds", "logits", "top", "failed"))
    except OSError as error:
        raise RunError(f"{path}: the rankings of other seeds cannot be read ({error.strerror or error}).") from None
    except (ValueError, KeyError, TypeError, EOFError, MemoryError, NotImplementedError, zipfile.BadZipFile) as error:
        raise RunError(f"{path}: the rankings of other seeds are damaged ({str(error)[:200]}).") from None
    kinds = (seeds.dtype.kind, logits.dtype, top.dtype.kind, failed.dtype.kind) == ("i", np.float32, "i", "U")
    shapes = logits.shape == (*seeds.shape, n) and (seeds.ndim, top.shape, failed.ndim) == (1, (), 1)
    if not kinds or not shapes or len(seeds) < 2 or not np.isfinite(logits).all() or not 0 <= top <= n:
        raise RunError(
            f"{path}: the rankings of other seeds are damaged (they must be of 2 seeds or more and {n:,} rows)."
        )
    logits.flags.writeable = False
    return SeedRankings(tuple(seeds.tolist()), logits, tuple(map(str, failed)), int(top) or None)
