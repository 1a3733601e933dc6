"""The columns of a raw table, read back from the features that were made of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sogaal.preparation.columns import DAY, RARE, Kind
from sogaal.preparation.pipeline import Preparation
from sogaal.preparation.values import shortest
from sogaal.preparation.wording import Filled, Levels, Words, value_text

Float32Array = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Distribution:
    """How the values of one column of a table of ``n`` rows are distributed; ``missing``: rows without one.

    Categories and truth values: ``levels`` with the ``counts`` (l,) of their rows, the most frequent first, rare levels
    by their own names. Numbers and dates: ``numbers`` (n - missing,) float64, of dates in seconds since 1970.
    """

    name: str
    kind: Kind
    n: int
    missing: int
    levels: tuple[str, ...] = ()
    counts: tuple[int, ...] = ()
    numbers: npt.NDArray[np.float64] | None = None

    def share(self, text: str) -> float | None:
        """In what share of the rows a category has the value that :func:`value_text` gives as ``text``, or none."""
        if text == "missing" and self.missing:
            return self.missing / self.n
        if text not in self.levels:
            return None
        return self.counts[self.levels.index(text)] / self.n

    def percentile(self, value: float) -> float:
        """The share of the numbers that is lower than ``value``, in per cent; those that are equal count half."""
        assert self.numbers is not None
        below, up_to = (self.numbers < value).sum(), (self.numbers <= value).sum()
        return float(50.0 * (below + up_to) / max(len(self.numbers), 1))


def distribution(
    preparation: Preparation, X: Float32Array, levels: Levels, filled: Filled, position: int
) -> Distribution:
    """That of the column at ``position`` in the table that became X (n, features); ``levels``, ``filled`` as of
    `Dataset`."""
    column, (first, last) = preparation.columns[position], preparation.spans[position]
    gaps = filled.get(column.name, np.zeros(len(X), dtype=np.bool_))
    if column.indicator:
        gaps = X[:, last - 1] > 0
    there, missing = X[~gaps], int(gaps.sum())
    values = there[:, first].astype(np.float64)
    if column.kind == "category":
        made = _counted(preparation, position, there, levels.get(column.name), gaps)
    elif column.kind == "boolean":
        made = {"true": int((values > 0).sum()), "false": int((values <= 0).sum())}
    else:
        numbers = column.origin + values * DAY if column.kind == "date" else values
        return Distribution(column.name, column.kind, len(X), missing, numbers=numbers)
    ordered = sorted(made.items(), key=lambda one: -one[1])
    names, counts = tuple(name for name, _ in ordered), tuple(count for _, count in ordered)
    return Distribution(column.name, column.kind, len(X), missing, names, counts)


def _counted(
    preparation: Preparation,
    position: int,
    there: Float32Array,
    codes: npt.NDArray[np.int32] | None,
    gaps: npt.NDArray[np.bool_],
) -> dict[str, int]:
    column, (first, last) = preparation.columns[position], preparation.spans[position]
    if codes is not None and len(codes) == len(gaps):
        known = codes[~gaps & (codes >= 0)]
        rare = set(column.rare)
        counts = np.bincount(known, minlength=len(column.levels)).tolist()
        return {f"{name} {RARE}" if name in rare else name: n for name, n in zip(column.levels, counts, strict=True)}
    features = preparation.features[first : last - 1 if column.indicator else last]
    return {
        feature.detail or RARE: int(there[:, first + place].sum(dtype=np.float64))
        for place, feature in enumerate(features)
    }


def told(preparation: Preparation, X: Float32Array, words: Words | None) -> dict[str, Sequence[Any]]:
    """Rows (m, features) as people know them, column by column: texts, and floats of numbers, NaN where missing."""
    telling = preparation.telling(X)
    found: dict[str, Sequence[Any]] = {}
    for place, (column, (first, last)) in enumerate(zip(preparation.columns, preparation.spans, strict=True)):
        if column.kind == "number":
            missing = np.zeros(len(X), dtype=np.bool_) if words is None else words.gaps.get(place, False)
            if column.indicator:
                missing = telling[:, place] == last - 1
            found[column.name] = shortest(np.where(missing, np.float32(np.nan), X[:, first]))
            continue
        found[column.name] = [
            "missing"
            if words and words.is_gap(place, row)
            else value_text(preparation, feature, float(X[row, feature]), words.word(place, row) if words else "")
            for row, feature in enumerate(telling[:, place].tolist())
        ]
    return found
