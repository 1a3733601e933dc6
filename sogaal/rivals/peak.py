"""How much memory something adds at its peak, as the system counts it: the libraries' own allocations too.

Linux keeps the highest resident size of a process (VmHWM) and lets the process start that anew. The highest one of
`getrusage` will not do: it only grows, and a process inherits it from the one that started it.
"""

import ctypes
import gc
from pathlib import Path
from types import TracebackType
from typing import Self

_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")
# "Reset the peak resident set size", proc(5).
_RESET_PEAK = "5"


class PeakMemory:
    """A block of code whose peak is measured: ``added``, in bytes, is known at its end.

    Resident memory at its highest, less what it was before: of the whole process, so nothing else may go on in it.
    None where the system does not tell, which is everywhere but on Linux. The kernel counts in portions of some pages:
    below about a mebibyte there is nothing to read from it.
    """

    def __init__(self) -> None:
        self.added: int | None = None
        self._before: int | None = None

    def __enter__(self) -> Self:
        """Begin: what was freed before goes back to the system, so that nothing finds it there already."""
        gc.collect()
        _give_back()
        try:
            _CLEAR.write_text(_RESET_PEAK)
            self._before = _resident("VmRSS")
        except OSError:
            self._before = None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Measure."""
        if self._before is not None:
            self.added = max(0, _resident("VmHWM") - self._before)


def _resident(name: str) -> int:
    lines = dict(line.split(":", 1) for line in _STATUS.read_text().splitlines())
    return int(lines[name].split()[0]) * 1024


def _give_back() -> None:
    """Ask the C library for what it keeps of freed memory; glibc's alone has a word for it."""
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):
        return
    trim(0)
