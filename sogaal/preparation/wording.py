"""What a prepared feature says of a row, in the words of the table that it came from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Self

import numpy as np
import numpy.typing as npt

from sogaal.preparation.columns import DAY, RARE, PreparedColumn
from sogaal.preparation.pipeline import Preparation

# Which level each row has, by the name of a column with rare levels: int32 (n,), -1 where it is none that is known.
Levels = Mapping[str, npt.NDArray[np.int32]]
# Which rows have no value, by the name of a column whose gaps are filled without a feature that says so: bool (n,).
Filled = Mapping[str, npt.NDArray[np.bool_]]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, eq=False)
class Words:
    """What columns had in some rows where no feature tells it: rare and new levels of categories, and gaps.

    columns: by position in the preparation, the number of the value in ``texts`` for each row, -1 where there is none.
    gaps: by position, bool for each row, whether its value only fills a gap.
    """

    columns: Mapping[int, npt.NDArray[np.int32]]
    texts: Mapping[int, Sequence[str]]
    gaps: Mapping[int, npt.NDArray[np.bool_]] = field(default_factory=dict)

    @classmethod
    def of(cls, preparation: Preparation, levels: Levels, filled: Filled) -> Self:
        """Those of the rows that the preparation was fitted on."""
        at = {column.name: i for i, column in enumerate(preparation.columns)}
        there = {at[name]: codes for name, codes in levels.items() if name in at}
        gaps = {at[name]: rows for name, rows in filled.items() if name in at}
        return cls(there, {i: preparation.columns[i].levels for i in there}, gaps)

    def word(self, column: int, row: int) -> str:
        """What the column has in a row; empty where that is not known."""
        if column not in self.columns or self.columns[column][row] < 0:
            return ""
        return self.texts[column][int(self.columns[column][row])]

    def is_gap(self, column: int, row: int) -> bool:
        """Whether the row's value in the column only fills a gap."""
        return column in self.gaps and bool(self.gaps[column][row])

    def take(self, rows: npt.NDArray[np.integer]) -> "Words":
        """Those of some of the rows."""
        gaps = {i: there[rows] for i, there in self.gaps.items()}
        return Words({i: codes[rows] for i, codes in self.columns.items()}, self.texts, gaps)


def value_text(preparation: Preparation, feature: int, value: float, word: str = "") -> str:
    """What a row has in a column, told by the feature that tells it: "43.2", "red", "teal (rare)", "2024-03-05".

    feature, value: as of :meth:`Preparation.telling`, as prepared. word: the category's own value where the feature
        does not tell it.
    """
    made = preparation.features[feature]
    column = preparation.columns[made.column]
    if made.role == "missing":
        return "missing"
    if made.role == "part":
        return _date(column, value)
    if made.role in ("level", "rare"):
        if not value:
            return f"{word} (new)" if word else "(new)"
        if made.role == "level":
            return made.detail
        return f"{word} {RARE if word in column.rare else '(new)'}" if word else RARE
    if column.kind == "boolean":
        return "true" if value else "false"
    return f"{value:.6g}"


def usual_text(column: PreparedColumn) -> str:
    """What stands in where a value is missing: the median of numbers and dates, else the most frequent value."""
    if column.kind == "category":
        return column.levels[int(column.fill)]
    if column.kind == "date":
        return _date(column, (column.fill - column.origin) / DAY)
    if column.kind == "boolean":
        return "true" if column.fill else "false"
    return f"{column.fill:.6g}"


def phrase(preparation: Preparation, feature: int, value: float, high: bool, word: str = "") -> str:
    """What of a column is suspicious: "age high", "age missing", "colour = red", "when = 2024-03-05".

    As :func:`value_text`; high: the value lies above the median.
    """
    made = preparation.features[feature]
    column = preparation.columns[made.column]
    if made.role == "missing":
        return f"{column.name} missing"
    if made.role == "value" and column.kind == "number":
        return f"{column.name} {'high' if high else 'low'}"
    return f"{column.name} = {value_text(preparation, feature, value, word)}"


def day_text(seconds: float) -> str:
    """The day of a moment in seconds since 1970, "2024-03-05"."""
    return f"{_moment(seconds):%Y-%m-%d}"


def _date(column: PreparedColumn, days: float) -> str:
    return f"{_moment(column.origin + days * DAY):%Y-%m-%d{' %H:%M' if 'hour' in column.parts else ''}}"


def _moment(seconds: float) -> datetime:
    # To the minute: single precision keeps no more of a date within some twenty years.
    return _EPOCH + timedelta(minutes=round(seconds / 60))
