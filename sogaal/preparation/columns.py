"""One column of a table as a fitted preparation knows it, and what the features made of it are called."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self

from sogaal.errors import ModelError

Kind = Literal["number", "boolean", "date", "category"]
KINDS: tuple[Kind, ...] = ("number", "boolean", "date", "category")
Role = Literal["value", "level", "rare", "part", "missing"]
# What a missing value counts as: "mark": it is filled and a feature says where; "fill": it is filled and that is all.
Gaps = Literal["mark", "fill"]
GAPS: tuple[Gaps, ...] = ("mark", "fill")

# Of a date, in the order of their features: days from the training data's median, 1 = January, 1 = Monday, 0 to 24.
PARTS = ("days", "month", "weekday", "hour")
DAY = 86_400.0
RARE = "(rare)"
# A level is rare in fewer rows than this share, or than so many; and beyond so many levels of a column the rarer are.
RARE_SHARE = 0.01
RARE_ROWS = 2
MOST_KEPT = 20


@dataclass(frozen=True)
class Grouping:
    """Which levels of a category share one feature: those in fewer rows than the ``share`` of the table, or than
    ``rows``, and beyond the ``most`` frequent ones all others."""

    share: float = RARE_SHARE
    rows: int = RARE_ROWS
    most: int = MOST_KEPT

    def below(self, n: int) -> int:
        """In fewer of ``n`` rows than this a level is rare."""
        return max(self.rows, math.ceil(self.share * n))


USUAL = Grouping()


def rare_below(n: int) -> int:
    """In fewer of ``n`` rows than this a level is rare."""
    return USUAL.below(n)


@dataclass(frozen=True)
class Feature:
    """One of the numbers that a column becomes. ``detail``: the level or the part of a date, else empty."""

    name: str
    column: int
    role: Role
    detail: str = ""


@dataclass(frozen=True)
class PreparedColumn:
    """The fitted parameters of one column; together with the others' all that a preparation is.

    fill: what stands in for a missing value: the median (of dates in seconds since 1970), 0 or 1 of truth values, the
        number of the most frequent level of categories.
    indicator: values were missing in training, and a feature says where they are. filled: they were, and none says it.
    levels: of a category, all that were seen, sorted; rare: those that share one feature.
    parts: of a date, the features that vary. origin: its median, from which days are counted.
    date_format: how dates were written where they were text, as of `datetime.strptime`, or "ISO8601"; else empty.
    """

    name: str
    kind: Kind
    fill: float
    indicator: bool = False
    filled: bool = False
    levels: tuple[str, ...] = ()
    rare: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    origin: float = 0.0
    date_format: str = ""

    @property
    def kept(self) -> tuple[str, ...]:
        """The levels that have a feature of their own."""
        rare = set(self.rare)
        return tuple(level for level in self.levels if level not in rare)

    def features(self, position: int) -> list[Feature]:
        """What the column at ``position`` becomes, in the order of the pipeline's output."""
        name = self.name
        if self.kind == "category":
            made = [Feature(f"{name} = {level}", position, "level", level) for level in self.kept]
            made += [Feature(f"{name} = {RARE}", position, "rare")] if self.rare else []
        elif self.kind == "date":
            made = [Feature(f"{name}: {part}", position, "part", part) for part in self.parts]
        else:
            made = [Feature(name, position, "value")]
        return [*made, Feature(f"{name} missing", position, "missing")] if self.indicator else made

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values, without those that are as they usually are."""
        found: dict[str, Any] = {"name": self.name, "kind": self.kind, "fill": self.fill}
        for key in ("indicator", "filled", "levels", "rare", "parts", "origin", "date_format"):
            value = getattr(self, key)
            if value:
                found[key] = list(value) if isinstance(value, tuple) else value
        return found

    @classmethod
    def from_dict(cls, values: Any) -> Self:
        """The column that `to_dict` described; raises ModelError where a part is missing or makes no sense."""
        if not isinstance(values, Mapping) or not isinstance(values.get("name"), str):
            raise ModelError(f"saved preparation: each column must be an object with a name, got {values!r:.80}.")
        where = f"saved preparation: column {values['name']!r}"
        if values.get("kind") not in KINDS:
            raise ModelError(f"{where} must be one of {', '.join(KINDS)}, got {values.get('kind')!r:.40}.")
        texts = {key: _texts(values, key, where) for key in ("levels", "rare", "parts")}
        found = cls(
            name=values["name"],
            kind=values["kind"],
            fill=_number(values.get("fill"), "fill", where),
            indicator=values.get("indicator", False) is True,
            filled=values.get("filled", False) is True,
            origin=_number(values.get("origin", 0.0), "origin", where),
            date_format=str(values.get("date_format", "")),
            **texts,
        )
        found._check(where)
        return found

    def _check(self, where: str) -> None:
        if self.kind == "category":
            if list(self.levels) != sorted(set(self.levels)) or not set(self.rare) < set(self.levels):
                raise ModelError(f"{where} must have sorted levels, of which some at most are rare.")
            number = int(self.fill)
            if number != self.fill or not 0 <= number < len(self.levels) or self.levels[number] in self.rare:
                raise ModelError(f"{where} must be filled with one of its frequent levels, got {self.fill!r}.")
        if self.kind == "date" and (self.parts[:1] != PARTS[:1] or not set(self.parts) <= set(PARTS)):
            raise ModelError(f"{where} must have parts of dates, days first, got {self.parts!r:.80}.")


def _number(value: Any, key: str, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ModelError(f"{where} must have a finite number as its {key}, got {value!r:.40}.")
    return float(value)


def _texts(values: Mapping[str, Any], key: str, where: str) -> tuple[str, ...]:
    found = values.get(key, [])
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise ModelError(f"{where} must have texts as its {key}, got {found!r:.80}.")
    return tuple(found)
