"""How much memory a group of runs needs, held against what there is before anything is made."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch

from sogaal.counting import QUANTILE_ROWS
from sogaal.errors import NotEnoughMemoryError, SogaalError


@dataclass(frozen=True)
class Sizes:
    """Of an engine: n rows of d columns, h hidden units, a batch, M runs with k sub-generators each."""

    n: int
    d: int
    hidden: int
    batch: int
    runs: int
    k: int
    is_mo: bool

    @property
    def floats(self) -> int:
        """Numbers that are held at once at least: what comes and goes beside them is left out.

        The table; values, velocity, slope, rate of both networks; columns of a batch in each layer, forward and back;
        one step of noise, batches and logits; for MO-GAAL D's hidden layer on the rows of the quantiles.
        """
        d, h, B = self.d + 1, self.hidden + 1, self.batch
        networks = 4 * (h * d + h) + 8 * self.k * d * d
        own = (2 * d + 4 * h + 4) * B + (4 * d + 2 * h + 2) * self.k * B
        drawn = 2 * d * B
        judged = min(self.n, QUANTILE_ROWS) * h if self.is_mo else 0
        return self.n * d + self.runs * (networks + own + drawn + judged)


def available_memory(device: torch.device) -> int | None:
    """Bytes that could still be had on the device, at most; None where nobody tells."""
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        return int(free) + torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    if device.type == "mps":
        return int(torch.mps.recommended_max_memory()) - int(torch.mps.driver_allocated_memory())
    told = Path("/proc/meminfo")
    if told.exists():
        lines = dict(line.split(":", 1) for line in told.read_text().splitlines())
        return sum(int(lines[name].split()[0]) * 1024 for name in ("MemAvailable", "SwapFree") if name in lines)
    if "SC_PHYS_PAGES" in getattr(os, "sysconf_names", {}):  # all there is, in use or not: rather too much
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return None


def check_memory(needed: int, device: torch.device) -> None:
    """Raise :class:`NotEnoughMemoryError` where ``needed`` bytes are more than could be had."""
    available = available_memory(device)
    if available is not None and needed > available:
        raise NotEnoughMemoryError(_message(needed, device, f"{_shown(available)} are available"))


@contextmanager
def out_of_memory_told(needed: int, device: torch.device) -> Iterator[None]:
    """Turn what Python, numpy and torch raise when memory is out into an error that says how much was needed."""
    try:
        yield
    except SogaalError:
        raise
    except (MemoryError, torch.OutOfMemoryError) as error:
        raise NotEnoughMemoryError(_message(needed, device, "it ran out")) from error
    except RuntimeError as error:
        if "can't allocate memory" not in str(error):  # torch on the CPU has no class of its own for this
            raise
        raise NotEnoughMemoryError(_message(needed, device, "it ran out")) from error


def _shown(size: int) -> str:
    return f"{size / 2**30:,.1f} GiB"


def _message(needed: int, device: torch.device, found: str) -> str:
    return (
        f"Training needs at least {_shown(needed)} of memory on {device.type!r}, but {found}: "
        "use fewer runs or rows, or a smaller batch_size or hidden_size."
    )
