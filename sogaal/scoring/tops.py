"""The values that the most abnormal rows have in the file, kept while the rows go by."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from sogaal.data import Chunk


class Tops:
    """Of rows that come in pieces, the values of the ``count`` most abnormal ones so far; memory does not grow."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._logits: npt.NDArray[np.float64] = np.empty(0)
        self._values = pd.DataFrame()

    def add(self, logits: npt.NDArray[np.float64], chunk: Chunk) -> None:
        """Take the next rows and their logits (m,)."""
        if not self._count:
            return
        # Of equal rows the first ones are the more abnormal, as ranks have it.
        most = self._logits[-1] if len(self._logits) == self._count else np.inf
        places = np.flatnonzero(logits < most)
        places = places[np.argsort(logits[places], kind="stable")][: self._count]
        if not len(places):
            return
        values = pd.DataFrame(chunk.texts(places), dtype=object)
        found = np.concatenate([self._logits, logits[places]])
        order = np.argsort(found, kind="stable")[: self._count]
        self._logits = found[order]
        self._values = pd.concat([self._values, values], ignore_index=True).iloc[order].reset_index(drop=True)

    @property
    def values(self) -> pd.DataFrame:
        """A row for each, the most abnormal first: texts, None where a value is missing."""
        return self._values
