"""A table on its way to worker processes: once in shared memory on one machine, or pickled to wherever they are.

Both kinds have a ``ticket``, small and picklable, which a worker opens:

    with ticket.open() as table:
        table.X, table.y, table.cancelled()
"""

import os
import shutil
import sys
import threading
import weakref
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path
from uuid import uuid4

import numpy as np
import numpy.typing as npt

from sogaal.errors import DataError, SogaalError

FloatArray = npt.NDArray[np.float32]
LabelArray = npt.NDArray[np.int8]

# The block begins with a byte that says "cancelled"; the table starts where any instruction may want it to.
HEADER_BYTES = 64
# Tables that came pickled and that a worker remembers.
REMEMBERED = 2


class TableMissing(SogaalError, LookupError):
    """The worker has not got the table; the task is to be sent again, with it."""


@dataclass(eq=False)
class OpenTable:
    """The table where the work is done: ``X`` (n, d) float32 and ``y`` (n,) int8 or None, neither to be written to."""

    X: FloatArray
    y: LabelArray | None
    flag: memoryview | None = None

    def cancelled(self) -> bool:
        """Whether nobody waits for the work any more."""
        return self.flag is not None and bool(self.flag[0])


class _Block(SharedMemory):
    """Shared memory that may be forgotten while arrays in it are still in use; they keep it mapped."""

    def __del__(self) -> None:
        with suppress(OSError, BufferError):
            self.close()


class SharedTable:
    """A table once in shared memory, with a flag that cancels the work on it.

    The memory is given back by :meth:`release`, when this object is forgotten, at the exit of the interpreter, and if
    that is killed, by Python's resource tracker. Raises :class:`DataError` when there is not enough of it.
    """

    def __init__(self, X: FloatArray, y: LabelArray | None) -> None:
        n, d = X.shape
        size = HEADER_BYTES + X.nbytes + (n if y is not None else 0)
        _check_space(size)
        try:
            self._block = _Block(create=True, size=size)
        except OSError as error:
            raise DataError(f"The table needs {_mib(size)} of shared memory, which failed: {error}") from error
        self._lock = threading.RLock()  # re-entrant: a collection of garbage may call at any point
        self._released = False
        self._home = os.getpid()
        self.ticket = SharedTicket(self._block.name, n, d, y is not None)
        self._finalizer = weakref.finalize(self, _give_back, self._block, self._home)
        table, labels = _arrays(self._block, self.ticket)
        table[:] = X
        if y is not None and labels is not None:
            labels[:] = y

    def cancel(self) -> None:
        """Have the work on this table end early."""
        if os.getpid() != self._home:  # a forked process has a copy of this object, and no say
            return
        with self._lock:
            if not self._released:
                _memory(self._block)[0] = 1

    def release(self) -> None:
        """Give the memory back; workers that have the table open keep it until they close it."""
        if os.getpid() != self._home:
            return
        with self._lock:
            self._released = True
            self._finalizer()


@dataclass(frozen=True)
class SharedTicket:
    """Where a :class:`SharedTable` is."""

    name: str
    n: int
    d: int
    labelled: bool

    @contextmanager
    def open(self) -> Iterator[OpenTable]:
        """The table, mapped. Raises :class:`FileNotFoundError` when it was given back meanwhile."""
        block = _attach(self.name)
        table = OpenTable(*_arrays(block, self), flag=_memory(block))
        try:
            yield table
        finally:
            del table.X, table.y, table.flag
            # Arrays that an error's traceback still holds keep the mapping; it goes when they do.
            with suppress(BufferError):
                block.close()


def _arrays(block: _Block, ticket: SharedTicket) -> tuple[FloatArray, LabelArray | None]:
    # Writable, though nobody is to write: torch warns about arrays that are not, even if it only reads them.
    n, d = ticket.n, ticket.d
    memory = _memory(block)
    table = np.frombuffer(memory, np.float32, n * d, HEADER_BYTES).reshape(n, d)
    labels = np.frombuffer(memory, np.int8, n, HEADER_BYTES + 4 * n * d) if ticket.labelled else None
    return table, labels


def _memory(block: _Block) -> memoryview:
    memory = block.buf
    assert memory is not None  # only a closed block has none
    return memory


def _attach(name: str) -> _Block:
    """Open a block that is another process's to give back."""
    if sys.version_info >= (3, 13):
        return _Block(name, track=False)
    # Before 3.13 whoever opens a block is taken for its owner: it would be removed when the first worker ends.
    with _attaching:
        register = resource_tracker.register
        resource_tracker.register = lambda *_: None
        try:
            return _Block(name)
        finally:
            resource_tracker.register = register


_attaching = threading.Lock()


def _give_back(block: _Block, home: int) -> None:
    if os.getpid() != home:
        return
    with suppress(BufferError):
        block.close()
    with suppress(FileNotFoundError):
        block.unlink()


def _check_space(size: int) -> None:
    # Linux hands out more than there is, and ends the process when that is written to.
    place = Path("/dev/shm")
    if place.is_dir() and (free := shutil.disk_usage(place).free) < size:
        raise DataError(
            f"The table needs {_mib(size)} of shared memory, and {place} has {_mib(free)} free "
            "(a container gets more when it is started with, for instance, --shm-size=2g)."
        )


def _mib(size: int) -> str:
    return f"{size / 2**20:,.1f} MiB"


class TravellingTable:
    """A table that is pickled to the workers of somebody else's executor, which may be on other machines.

    Each worker remembers it, so that it need not come with every task.
    """

    def __init__(self, X: FloatArray, y: LabelArray | None) -> None:
        key = uuid4().hex
        self.ticket = TravellingTicket(key)
        self.ticket_with_table = TravellingTicket(key, X, y)


@dataclass(frozen=True, eq=False)
class TravellingTicket:
    """The name of a :class:`TravellingTable`, with or without the table itself."""

    key: str
    X: FloatArray | None = None
    y: LabelArray | None = None

    @contextmanager
    def open(self) -> Iterator[OpenTable]:
        """The table; raises :class:`TableMissing` when this process has not got it."""
        with _remembering:
            if self.X is not None:
                _remembered[self.key] = (self.X, self.y)
            found = _remembered.get(self.key)
            if found is None:
                raise TableMissing(f"Table {self.key} has not come here yet.")
            _remembered.move_to_end(self.key)
            while len(_remembered) > REMEMBERED:
                _remembered.popitem(last=False)
        yield OpenTable(*found)


_remembered: OrderedDict[str, tuple[FloatArray, LabelArray | None]] = OrderedDict()
_remembering = threading.Lock()
