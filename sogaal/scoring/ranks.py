"""The ranks of more rows than memory holds.

Logits wait in a temporary file. When all are there, a sample of them gives the borders of buckets that fit in memory;
each bucket is sorted by itself, and the ranks come back in the order of the rows, read from all buckets in turn. What
equals a border has no bucket: its rows have one logit, and are numbered as they come.
"""

import tempfile
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import numpy as np
import numpy.typing as npt

DoubleArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

# Rows that are sorted at once, about; with their ranks they take 24 bytes each.
BUCKET_ROWS = 2**21
# Logits that the borders are chosen from.
SAMPLE_ROWS = 2**16
# Rows that are read at a time while they are shared out.
PIECE_ROWS = 2**18
_BYTES = 8


class Ranks:
    """Ranks of rows whose logits come in pieces: 1 = most abnormal, rows with equal logits in their order.

    Add all, :meth:`settle`, then read them in the same order. ``folder``: where the temporary files are (None: where
    the system has them). To be closed.
    """

    def __init__(self, folder: Path | None = None, bucket_rows: int = BUCKET_ROWS) -> None:
        self.rows = 0
        self._folder, self._bucket_rows = folder, bucket_rows
        self._stack = ExitStack()
        self._logits = self._file()
        self._sample: list[DoubleArray] = []
        self._stride = 1
        self._borders = np.empty(0)
        self._files: dict[int, IO[bytes]] = {}
        self._firsts: IntArray = np.empty(0, dtype=np.int64)
        self._next = self._firsts

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Give the temporary files back."""
        self._stack.close()

    def _file(self) -> IO[bytes]:
        return self._stack.enter_context(tempfile.TemporaryFile(dir=self._folder))

    def add(self, logits: npt.NDArray[np.floating[Any]]) -> None:
        """Take the logits (m,) of the next rows."""
        values = np.ascontiguousarray(logits, dtype=np.float64)
        self._logits.write(values.tobytes())
        # Every so many rows, counted from the first one of all.
        self._sample.append(values[-self.rows % self._stride :: self._stride].copy())
        self.rows += len(values)
        if sum(map(len, self._sample)) > 2 * SAMPLE_ROWS:
            self._sample = [np.concatenate(self._sample)[::2].copy()]
            self._stride *= 2

    def settle(self) -> None:
        """All are there: sort them."""
        self._borders = self._choose_borders()
        counts = self._share_out()
        self._firsts = np.cumsum(counts) - counts + 1
        for kind, file in self._files.items():
            file.seek(0)
            values = np.frombuffer(file.read(), dtype=np.float64)
            ranks = np.empty(len(values), dtype=np.int64)
            ranks[np.argsort(values, kind="stable")] = np.arange(len(values)) + self._firsts[kind]
            file.seek(0)
            file.write(ranks.tobytes())
        self.rewind()

    def rewind(self) -> None:
        """Begin again with the first row."""
        for file in (self._logits, *self._files.values()):
            file.seek(0)
        self._next = self._firsts.copy()

    def read(self, m: int) -> tuple[DoubleArray, IntArray]:
        """Logits and ranks (m,) of the next ``m`` rows; of fewer where there are no more."""
        logits = self._read_logits(m)
        kinds, ranks = self._kinds(logits), np.empty(len(logits), dtype=np.int64)
        for kind in np.unique(kinds).tolist():
            places = np.flatnonzero(kinds == kind)
            if kind in self._files:
                ranks[places] = np.frombuffer(self._files[kind].read(_BYTES * len(places)), dtype=np.int64)
            else:
                ranks[places] = np.arange(self._next[kind], self._next[kind] + len(places))
                self._next[kind] += len(places)
        return logits, ranks

    def _choose_borders(self) -> DoubleArray:
        buckets = -(-self.rows // self._bucket_rows)
        sample = np.sort(np.concatenate([np.empty(0), *self._sample]))
        places = np.arange(1, buckets) * len(sample) // max(buckets, 1)
        return np.unique(sample[places])

    def _kinds(self, logits: DoubleArray) -> npt.NDArray[np.int64]:
        """Even: between two borders, odd: equal to one; ascending with the logits."""
        borders = self._borders
        return borders.searchsorted(logits, side="left") + borders.searchsorted(logits, side="right")

    def _share_out(self) -> IntArray:
        """Write each logit into its bucket; returns how many rows are of each kind."""
        counts = np.zeros(2 * len(self._borders) + 1, dtype=np.int64)
        self._logits.seek(0)
        while len(logits := self._read_logits(PIECE_ROWS)):
            kinds = self._kinds(logits)
            counts += np.bincount(kinds, minlength=len(counts))
            for kind in np.unique(kinds[kinds % 2 == 0]).tolist():
                if kind not in self._files:
                    self._files[kind] = self._file()
                self._files[kind].write(logits[kinds == kind].tobytes())
        return counts

    def _read_logits(self, m: int) -> DoubleArray:
        return np.frombuffer(self._logits.read(_BYTES * m), dtype=np.float64)
