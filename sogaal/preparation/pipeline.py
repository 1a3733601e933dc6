"""`Preparation`: fitted on the columns of a table, applied to the rows of others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

from sogaal.errors import ModelError
from sogaal.preparation.columns import DAY, USUAL, Feature, Gaps, Grouping, Kind, PreparedColumn

if TYPE_CHECKING:  # scikit-learn takes a second to load, and most tables need none of it
    from sklearn.compose import ColumnTransformer

Float32Array = npt.NDArray[np.float32]
Float64Array = npt.NDArray[np.float64]

# Rows that are transformed at a time, so that what lies between input and output is small.
BLOCK_ROWS = 65_536


@dataclass(frozen=True, eq=False)
class RawColumn:
    """A column to fit on. values: float64 (n,), NaN where one is missing: numbers, seconds since 1970 of dates, 0 and 1
    of truth values, of categories the numbers of their ``levels``, which are sorted."""

    name: str
    kind: Kind
    values: Float64Array
    levels: tuple[str, ...] = ()
    date_format: str = ""


@dataclass(frozen=True, eq=False)
class Preparation:
    """What became of the columns of a table, column by column; nothing in it changes.

    Two with the same ``columns`` are the same and give the same numbers, bit for bit.
    """

    columns: tuple[PreparedColumn, ...]

    @classmethod
    def fit(cls, columns: Sequence[RawColumn], grouping: Grouping = USUAL, gaps: Gaps = "mark") -> Self:
        """Learn fills, levels and parts from the columns, at least one, all of n >= 1 rows and with a value in each.

        gaps: whether features say where values are missing ("mark"), or they are filled and that is all ("fill").
        """
        import pandas as pd

        from sogaal.preparation.steps import parameters, unfitted

        n = len(columns[0].values)
        frame = pd.DataFrame({i: column.values for i, column in enumerate(columns)}, copy=False)
        pipeline = unfitted([column.kind for column in columns], grouping.below(n), grouping.most).fit(frame)
        known = [PreparedColumn(c.name, c.kind, 0.0, levels=c.levels, date_format=c.date_format) for c in columns]
        fitted = [parameters(pipeline, i, column) for i, column in enumerate(known)]
        if gaps == "fill":
            return cls(tuple(replace(one, indicator=False, filled=one.indicator) for one in fitted))
        made = cls(tuple(fitted))
        made.__dict__["_pipeline"] = pipeline  # fitted already: cached_property looks here first
        return made

    @classmethod
    def plain(cls, names: Sequence[str], medians: npt.ArrayLike) -> Self:
        """That of a table of numbers without gaps: in new rows the medians stand in where a number is missing."""
        fills = np.asarray(medians, dtype=np.float64)
        return cls(tuple(PreparedColumn(n, "number", float(f)) for n, f in zip(names, fills, strict=True)))

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns that go in."""
        return tuple(column.name for column in self.columns)

    @cached_property
    def features(self) -> tuple[Feature, ...]:
        """What comes out, in order; no two have the same name."""
        made: list[Feature] = []
        taken: set[str] = set()
        for position, column in enumerate(self.columns):
            for feature in column.features(position):
                name, number = feature.name, 2
                while name in taken:
                    name, number = f"{feature.name} ({number})", number + 1
                taken.add(name)
                made.append(Feature(name, position, feature.role, feature.detail))
        return tuple(made)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The names of what comes out, "age", "age missing", "colour = red", "when: weekday"."""
        return tuple(feature.name for feature in self.features)

    @cached_property
    def spans(self) -> tuple[tuple[int, int], ...]:
        """The features that each column became: from the first to before the last."""
        ends = np.cumsum([len(column.features(i)) for i, column in enumerate(self.columns)]).tolist()
        return tuple(zip([0, *ends], ends, strict=False))

    def folded(self, parts: Float64Array) -> Float64Array:
        """What adds up over features, (m, features), added up over those of each column: (m, columns)."""
        return np.add.reduceat(parts, [first for first, _ in self.spans], axis=1)

    def telling(self, X: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.int64]:
        """Of rows (m, features) the feature of each column that tells what the row has there, (m, columns).

        That it is missing, where it is; else the level that it has (the first of them where it has none), the days of a
        date, the number itself.
        """
        found = np.empty((len(X), len(self.spans)), dtype=np.int64)
        for place, ((first, last), column) in enumerate(zip(self.spans, self.columns, strict=True)):
            values = last - 1 if column.indicator else last
            found[:, place] = first
            if column.kind == "category":
                found[:, place] += np.argmax(X[:, first:values], axis=1)
            if column.indicator:
                found[X[:, last - 1] > 0, place] = last - 1
        return found

    def number(self, position: int, row: npt.NDArray[np.floating[Any]]) -> float | None:
        """The number, or the date in seconds since 1970, that a row (features,) has in a column; None: missing."""
        column, (first, last) = self.columns[position], self.spans[position]
        if column.indicator and row[last - 1] > 0:
            return None
        return column.origin + float(row[first]) * DAY if column.kind == "date" else float(row[first])

    @cached_property
    def _pipeline(self) -> "ColumnTransformer":
        from sogaal.preparation.steps import refitted

        return refitted(self.columns)

    def transform(self, columns: Sequence[Float64Array]) -> Float32Array:
        """The values of all columns, each float64 (m,) as of `RawColumn`, as float32 (m, features).

        A level that was not seen in training is given as -1, and counts as rare where some were.
        """
        m = len(columns[0])
        X = np.empty((m, len(self.features)), dtype=np.float32)
        if self._is_plain:
            for j, (values, column) in enumerate(zip(columns, self.columns, strict=True)):
                X[:, j] = np.where(np.isnan(values), column.fill, values)
            return X
        import pandas as pd

        for start in range(0, m, BLOCK_ROWS):
            rows = slice(start, start + BLOCK_ROWS)
            frame = pd.DataFrame({i: values[rows] for i, values in enumerate(columns)}, copy=False)
            X[rows] = self._pipeline.transform(frame)
        return X

    @cached_property
    def _is_plain(self) -> bool:
        """Whether nothing but fills is to be done, for which no pipeline need be made."""
        return all(column.kind in ("number", "boolean") and not column.indicator for column in self.columns)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; Python's JSON writes floats so that they are read back exactly."""
        return {"columns": [column.to_dict() for column in self.columns]}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The preparation that `to_dict` described; raises ModelError if a part is missing or makes no sense."""
        columns = values.get("columns")
        if not isinstance(columns, list) or not columns:
            raise ModelError(f"saved preparation: columns must be a list of objects, got {columns!r:.80}.")
        return cls(tuple(PreparedColumn.from_dict(column) for column in columns))
