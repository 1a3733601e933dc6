"""What a worker process does for a comparison, and the worker that is kept for the next one.

Each comparison has a process of its own for its fits: so that their memory can be told from the rest, that a fit of
another library can be ended, and that one which takes all memory there is costs no more than itself.
"""

import os
import time
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sogaal.rivals.classic import Fitted
from sogaal.rivals.kinds import Kind
from sogaal.rivals.peak import PeakMemory
from sogaal.workers import ProcessExecutor

FloatArray = npt.NDArray[np.float32]
DoubleArray = npt.NDArray[np.float64]

# After so many seconds without a comparison the kept worker gives its memory back (some hundred MB of libraries).
IDLE_SECONDS = 300.0
# A first fit loads and sets up what later ones find there: a fit of so many rows goes before, and counts for nothing.
WARM_ROWS, WARM_COLUMNS = 64, 2


@dataclass(frozen=True, eq=False)
class Ranked:
    """One ranking of a table: ``scores`` (n,) float64, lower = more abnormal; what it took in ``seconds`` and in
    ``memory``, bytes at the peak, None where that cannot be measured; ``shares`` (m,) of points, as of ``Found``."""

    scores: DoubleArray
    seconds: float
    memory: int | None
    shares: FloatArray | None


def ranked(kind: Kind, X: FloatArray, seed: int, points: FloatArray | None) -> Ranked:
    """Have ``kind`` learn and score the scaled rows (n, d), and score ``points`` (m, d) too.

    Raises what the fit raises, and ArithmeticError for scores that are not n finite numbers.
    """
    _get_ready(kind)
    with PeakMemory() as peak:
        started = time.perf_counter()
        fitted = kind.fit(X, seed)
        seconds = time.perf_counter() - started
    scores = _checked(fitted, len(X))
    return Ranked(scores, seconds, peak.added, None if points is None else _shares(scores, fitted, points))


_ready: set[str] = set()


def _get_ready(kind: Kind) -> None:
    if kind.name in _ready:
        return
    kind.load()
    with suppress(Exception):  # it is not the table, which may well suit it
        kind.fit(np.random.default_rng(0).random((WARM_ROWS, WARM_COLUMNS), dtype=np.float32), 0)
    _ready.add(kind.name)


def _checked(fitted: Fitted, n: int) -> DoubleArray:
    scores = np.asarray(fitted[0], dtype=np.float64)
    if scores.shape != (n,) or not np.isfinite(scores).all():
        raise ArithmeticError(f"It must give {n:,} finite scores, one for each row, and gave others.")
    return scores


def _shares(scores: DoubleArray, fitted: Fitted, points: FloatArray) -> FloatArray:
    """The share of the rows that are as abnormal as each point (m,), or more so."""
    of_points = np.asarray(fitted[1](points), dtype=np.float64)
    return (np.sort(scores).searchsorted(of_points, side="right") / len(scores)).astype(np.float32)


# -- in the process that compares ------------------------------------------------------------------------------------

_kept: list[ProcessExecutor] = []
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_kept.clear)  # workers are their parent's


def borrowed() -> ProcessExecutor:
    """A worker for one comparison: the one that was kept, which has its libraries loaded, or a new one."""
    try:
        return _kept.pop()
    except IndexError:
        return ProcessExecutor(1, (__name__,), IDLE_SECONDS)


def give_back(worker: ProcessExecutor) -> None:
    """Keep it for the next comparison, if none is kept."""
    if _kept:
        worker.kill()
    else:
        _kept.append(worker)
