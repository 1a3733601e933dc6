"""Ways from the columns of a table to the numbers that a detector sees, all on the library's own preparation."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from sogaal.data.limits import MAX_BYTES
from sogaal.data.making import uninformative
from sogaal.data.reading import read_columns
from sogaal.data.typed import read_typed
from sogaal.preparation import USUAL, Grouping, Preparation, RawColumn
from sogaal.scaling import Scaler

FloatArray = npt.NDArray[np.float32]
# A factor for each of the features of a preparation.
Weights = Callable[[Preparation], npt.NDArray[np.float64]]


def raw_columns(frame: pd.DataFrame) -> list[RawColumn]:
    """The columns that `read_table` would prepare, from the table written as CSV and read by the library."""
    table = read_columns(frame.to_csv(index=False).encode(), "table.csv", MAX_BYTES)
    typed = [(i, column) for i in range(len(table.names)) if (column := read_typed(table.columns[i])).is_usable]
    gone = uninformative(table, typed)
    return [column.raw(table.names[i]) for i, column in typed if i not in gone]


def _as_they_are(columns: Sequence[RawColumn]) -> list[RawColumn]:
    return list(columns)


def _without_categories(columns: Sequence[RawColumn]) -> list[RawColumn]:
    return [column for column in columns if column.kind != "category"]


def _codes(columns: Sequence[RawColumn]) -> list[RawColumn]:
    """Categories as the numbers of their levels in alphabetical order."""
    return [replace(one, kind="number", levels=()) if one.kind == "category" else one for one in columns]


def shares(column: RawColumn) -> RawColumn:
    """A category as the share of rows that have the row's level."""
    codes = column.values
    there = ~np.isnan(codes)
    counts = np.bincount(codes[there].astype(np.int64))
    values = np.full(len(codes), np.nan)
    values[there] = counts[codes[there].astype(np.int64)] / len(codes)
    return RawColumn(f"{column.name}: share", "number", values)


def has_many(column: RawColumn) -> bool:
    """Whether a category has more levels than can have a feature of their own."""
    return column.kind == "category" and len(column.levels) > USUAL.most


def _many_as_codes(columns: Sequence[RawColumn]) -> list[RawColumn]:
    return [_codes([one])[0] if has_many(one) else one for one in columns]


def _without_many(columns: Sequence[RawColumn]) -> list[RawColumn]:
    return [one for one in columns if not has_many(one)]


def _as_shares(columns: Sequence[RawColumn]) -> list[RawColumn]:
    return [shares(one) if one.kind == "category" else one for one in columns]


def _and_shares(columns: Sequence[RawColumn]) -> list[RawColumn]:
    return [*columns, *(shares(one) for one in columns if one.kind == "category")]


def _even(preparation: Preparation) -> npt.NDArray[np.float64]:
    return np.ones(len(preparation.features))


def _level_groups(preparation: Preparation) -> list[tuple[int, int]]:
    """The features that are the levels of one category: from the first to before the last, for each."""
    found: dict[int, list[int]] = {}
    for number, feature in enumerate(preparation.features):
        if feature.role in ("level", "rare"):
            found.setdefault(feature.column, []).append(number)
    return [(numbers[0], numbers[-1] + 1) for numbers in found.values()]


def _lighter(factor: Callable[[int], float]) -> Weights:
    """The levels of a category of k features times ``factor(k)``."""

    def weights(preparation: Preparation) -> npt.NDArray[np.float64]:
        found = _even(preparation)
        for first, last in _level_groups(preparation):
            found[first:last] = factor(last - first)
        return found

    return weights


def _no_indicators(preparation: Preparation) -> npt.NDArray[np.float64]:
    return np.array([0.0 if feature.role == "missing" else 1.0 for feature in preparation.features])


@dataclass(frozen=True)
class Variant:
    """A way to prepare. ``weights``: factors of the scaled features; those of 0 are left out."""

    words: str
    columns: Callable[[Sequence[RawColumn]], list[RawColumn]] = _as_they_are
    grouping: Grouping = USUAL
    weights: Weights = _even


VARIANTS: Mapping[str, Variant] = {
    "today": Variant("one-hot, levels below 1 % share a feature, at most 20 have their own, indicators of gaps"),
    "numbers only": Variant("categories left out", _without_categories),
    "codes": Variant("a category is one number, its levels in alphabetical order", _codes),
    "shares": Variant("a category is one number, the share of rows with this level", _as_shares),
    "one-hot and shares": Variant("as today, and the share of rows with the row's level", _and_shares),
    "many as codes": Variant("a category of more than 20 levels as codes, others as today", _many_as_codes),
    "many left out": Variant("categories of more than 20 levels left out, others as today", _without_many),
    "ungrouped": Variant("every level has a feature of its own", grouping=Grouping(0.0, 1, 100_000)),
    "rare .2 %": Variant("levels below .2 % are rare", grouping=Grouping(share=0.002)),
    "rare 5 %": Variant("levels below 5 % are rare", grouping=Grouping(share=0.05)),
    "10 levels": Variant("at most 10 levels have their own feature", grouping=Grouping(most=10)),
    "50 levels": Variant("at most 50, from .2 % on", grouping=Grouping(share=0.002, most=50)),
    "one-hot / sqrt 2": Variant("levels scaled to 0 and .71", weights=_lighter(lambda _: 2**-0.5)),
    "one-hot / sqrt k": Variant("the k features of a category times 1 / sqrt k", weights=_lighter(lambda k: k**-0.5)),
    "no indicators": Variant("gaps filled, nothing says where", weights=_no_indicators),
}  # fmt: skip


def matrix(columns: Sequence[RawColumn], variant: Variant) -> FloatArray:
    """The rows as a detector sees them, min-max scaled (n, d) float32."""
    used = variant.columns(columns)
    preparation = Preparation.fit(used, variant.grouping)
    weights = variant.weights(preparation)
    features = preparation.transform([column.values for column in used])
    X = Scaler.fit(features).transform(features) * weights
    return np.ascontiguousarray(X[:, weights > 0], dtype=np.float32)
