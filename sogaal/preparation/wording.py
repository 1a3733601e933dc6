"""What a prepared feature says of a row, in the words of the table that it came from."""

import calendar
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self

import numpy as np
import numpy.typing as npt

from sogaal.preparation.columns import RARE, PreparedColumn
from sogaal.preparation.pipeline import Preparation

# Which level each row has, by the name of a column with rare levels: int32 (n,), -1 where it is none that is known.
Levels = Mapping[str, npt.NDArray[np.int32]]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, eq=False)
class Words:
    """The values that categories had in some rows, where their feature does not tell: those of rare and new levels.

    columns: by position in the preparation, the number of the value in ``texts`` for each row, -1 where there is none.
    """

    columns: Mapping[int, npt.NDArray[np.int32]]
    texts: Mapping[int, Sequence[str]]

    @classmethod
    def of(cls, preparation: Preparation, levels: Levels) -> Self:
        """Those of the rows that the preparation was fitted on."""
        at = {column.name: i for i, column in enumerate(preparation.columns)}
        there = {at[name]: codes for name, codes in levels.items() if name in at}
        return cls(there, {i: preparation.columns[i].levels for i in there})

    def word(self, column: int, row: int) -> str:
        """What the column has in a row; empty where that is not known."""
        if column not in self.columns or self.columns[column][row] < 0:
            return ""
        return self.texts[column][int(self.columns[column][row])]

    def take(self, rows: npt.NDArray[np.integer]) -> "Words":
        """Those of some of the rows."""
        return Words({i: codes[rows] for i, codes in self.columns.items()}, self.texts)


def phrase(preparation: Preparation, feature: int, value: float, high: bool, word: str = "") -> str:
    """What a feature of a row says: "age high", "colour = red", "age missing", "when: weekday = Sunday".

    value: of the feature, as prepared. high: it lies above the median. word: the category's own value where the
        feature does not tell it.
    """
    made = preparation.features[feature]
    column = preparation.columns[made.column]
    if made.role == "missing":
        return made.name if value else f"{column.name} present"
    if made.role == "part":
        return f"{made.name} = {_part(column, made.detail, value)}"
    if made.role == "rare" and value:
        mark = RARE if word in column.rare else "(new)"
        return f"{column.name} = {word} {mark}" if word else made.name
    if made.role in ("level", "rare"):
        if value:
            return made.name
        return f"{column.name} = {word} (new)" if word else f"{column.name} = (new)"
    return f"{made.name} {'high' if high else 'low'}"


def _part(column: PreparedColumn, part: str, value: float) -> str:
    if part == "days":
        return f"{_EPOCH + timedelta(seconds=column.origin, days=round(value, 5)):%Y-%m-%d}"
    if part == "month":
        return calendar.month_name[int(value)]
    if part == "weekday":
        return calendar.day_name[int(value) - 1]
    minutes = round(value * 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
