"""What a sweep varies: fields of :class:`TrainConfig`, each over a range or some values.

As people type it: ``lr_g=1e-5..1e-2`` (a range; its scale follows from the field and the ends),
``momentum=0.5..0.9/6`` (six points, for a grid), ``stop_epochs=10..1000:linear`` (or ``:log``), ``k=3,5,10`` (these
values and no others).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from sogaal.config import AUTO, FIELDS, FieldInfo, TrainConfig
from sogaal.errors import ConfigError

if TYPE_CHECKING:  # Optuna is loaded when there is something to search
    from optuna.distributions import BaseDistribution

# A seed is no hyperparameter: each trial trains the same seeds. Where it runs does not change what is found.
NOT_VARIED = ("seed", "device")
VARIED = tuple(name for name in FIELDS if name not in NOT_VARIED)
# Points of a range in a grid, unless it says how many; and the most points that a grid may have.
GRID_POINTS = 5
MOST_POINTS = 100_000
# From this ratio of its ends on a range is searched by ratio rather than by difference.
LOG_RATIO = 100


@dataclass(frozen=True)
class Dimension:
    """One field that varies: from ``low`` to ``high``, on a logarithmic scale if ``log``, at ``points`` points in a
    grid; or over ``values``, and then the others mean nothing."""

    field: str
    low: float | None = None
    high: float | None = None
    log: bool = False
    points: int | None = None
    values: tuple[Any, ...] = ()

    @property
    def title(self) -> str:
        """The field as people call it."""
        return FIELDS[self.field].title

    @property
    def whole(self) -> bool:
        """Whether the field takes whole numbers."""
        return FIELDS[self.field].kind == "int"

    def ends(self) -> tuple[Any, Any]:
        """Both ends of a range, as numbers of the field's kind."""
        assert self.low is not None
        assert self.high is not None
        return (int(self.low), int(self.high)) if self.whole else (float(self.low), float(self.high))

    def grid(self) -> tuple[Any, ...]:
        """The points in a grid, in order, each once."""
        if self.values:
            return self.values
        low, high = self.ends()
        count = self.points or GRID_POINTS
        inner = (np.geomspace if self.log else np.linspace)(low, high, count).tolist()[1:-1]
        found = [low, *(round(one) if self.whole else one for one in inner), high]
        return tuple(dict.fromkeys(found))

    def distribution(self) -> "BaseDistribution":
        """As Optuna needs it."""
        from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

        if self.values:
            return CategoricalDistribution(self.values)
        low, high = self.ends()
        return IntDistribution(low, high, log=self.log) if self.whole else FloatDistribution(low, high, log=self.log)

    def text(self) -> str:
        """As it can be typed."""
        if self.values:
            return f"{self.field}={','.join('none' if one is None else _shown(one) for one in self.values)}"
        low, high = self.ends()
        scale = "" if self.log == _log_by_itself(FIELDS[self.field], low, high) else ":log" if self.log else ":linear"
        return f"{self.field}={_shown(low)}..{_shown(high)}{f'/{self.points}' if self.points else ''}{scale}"


def _shown(value: Any) -> str:
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def dimension_of(text: str) -> Dimension:
    """The dimension that ``text`` describes, not yet checked; raises :class:`ConfigError` that names the field."""
    name, equals, rest = (part.strip() for part in text.partition("="))
    name = name.replace("-", "_")
    if not equals or not rest:
        raise ConfigError(f"vary must be FIELD=LOW..HIGH or FIELD=VALUE,VALUE,..., got {text[:60]!r}.", field="vary")
    _check_name(name)
    info = FIELDS[name]
    if ".." not in rest:
        return Dimension(name, values=tuple(info.parse(part) for part in rest.split(",") if part.strip()))
    body, _, scale = rest.partition(":")
    if scale not in ("", "log", "linear"):
        raise ConfigError(f"{name} must have the scale :log or :linear, got {scale[:20]!r}.", field=name)
    ends, slash, count = body.partition("/")
    if slash and not (count.strip().isascii() and count.strip().isdigit()):
        raise ConfigError(f"{name} must have a whole number of points behind the /, got {count[:20]!r}.", field=name)
    if info.choices:
        raise ConfigError(f"{name} has no range: give some of {', '.join(map(str, info.choices))}.", field=name)
    low, high = (info.parse(part) for part in ends.split("..", 1))
    points = int(count) if slash else None
    return range_of(name, low, high, log={"": None, "log": True, "linear": False}[scale], points=points)


def range_of(
    field: str, low: float | str | None, high: float | str | None, *, log: bool | None = None, points: int | None = None
) -> Dimension:
    """A range; ``log``: None = by the field and the ends."""
    _check_name(field)
    for end, value in (("lower", low), ("upper", high)):
        if not isinstance(value, int | float):
            got = "none" if value is None else repr(value)
            raise ConfigError(f"{field} must have a number as its {end} end, got {got}.", field=field)
    assert isinstance(low, int | float)
    assert isinstance(high, int | float)
    return Dimension(field, low, high, _log_by_itself(FIELDS[field], low, high) if log is None else log, points)


def _log_by_itself(info: FieldInfo, low: float, high: float) -> bool:
    return low > 0 and (info.log or high >= LOG_RATIO * low)


def _check_name(name: str) -> None:
    if name in NOT_VARIED:
        why = "every trial trains the same seeds" if name == "seed" else "it changes no result"
        raise ConfigError(f"{name} cannot be varied: {why}.", field=name)
    if name not in FIELDS:
        raise ConfigError(f"{name} is not a parameter; those that can be varied are {', '.join(VARIED)}.", field=name)


def suggested(field: str, base: TrainConfig) -> Dimension:
    """A range to begin with, around what ``base`` has: all values of a choice, tens of times less and more on a
    logarithmic scale, some times otherwise, within the field's bounds."""
    info, value = FIELDS[field], getattr(base, field)
    if info.choices:
        return Dimension(field, values=info.choices)
    if value == AUTO:
        value = TrainConfig().stop_epochs
    centre = value if value is not None else info.low or 1
    if info.name in ("hidden_size", "max_epochs") and value is None:
        centre = {"hidden_size": 32, "max_epochs": base.epochs}[info.name]
    if info.log:
        low, high = (centre / 30, centre * 30) if centre > 0 else (1e-6, 1.0)
    elif info.high is not None and info.high <= 1:
        low, high = 0.5, 0.95
    else:
        low, high = centre / 5, centre * 5
    low, high = max(low, info.low or 0), min(high, info.high if info.high is not None else high)
    if info.kind == "int":
        low, high = max(round(low), int(info.low or 1)), max(round(high), round(low) + 1)
    return range_of(field, _rounded(low), _rounded(high))


def _rounded(value: float) -> float:
    return value if isinstance(value, int) else float(f"{value:.1g}")


def checked_space(space: Sequence[Dimension], base: TrainConfig) -> tuple[Dimension, ...]:
    """The dimensions, if each can be searched around ``base``; raises :class:`ConfigError` that names the field."""
    if not space:
        raise ConfigError("vary must name at least one parameter and its range, got none.", field="vary")
    seen: set[str] = set()
    for one in space:
        _check_name(one.field)
        if one.field in seen:
            raise ConfigError(f"{one.field} must be varied once, got it twice.", field=one.field)
        seen.add(one.field)
        _check_dimension(one, base)
    return tuple(space)


def _check_dimension(one: Dimension, base: TrainConfig) -> None:
    name = one.field
    if one.values or one.low is None or one.high is None:
        if len(one.values) < 2:
            raise ConfigError(f"{name} must have at least two values, got {len(one.values)}.", field=name)
        for value in one.values:
            base.replace(**{name: value})
        if len(set(one.values)) < len(one.values):
            raise ConfigError(f"{name} must have different values, got the same one twice.", field=name)
        return
    if FIELDS[name].choices:
        raise ConfigError(f"{name} has no range: give some of its values.", field=name)
    if one.whole and not all(isinstance(end, int) or end.is_integer() for end in (one.low, one.high)):
        raise ConfigError(f"{name} must have whole numbers as its ends, got {one.low:g}..{one.high:g}.", field=name)
    for value in (one.low, one.high):  # also what is not finite
        whole = one.whole and (isinstance(value, int) or math.isfinite(value))
        base.replace(**{name: int(value) if whole else value})
    if not one.low < one.high:
        raise ConfigError(
            f"{name} must have a lower end below its upper end, got {_shown(one.low)}..{_shown(one.high)}.", field=name
        )
    if one.log and one.low <= 0:
        raise ConfigError(
            f"{name} must have a lower end over 0 on a logarithmic scale, got {_shown(one.low)}.", field=name
        )
    if one.points is not None and one.points < 2:
        raise ConfigError(f"{name} must have at least 2 points, got {one.points}.", field=name)


def grid_of(space: Sequence[Dimension]) -> list[dict[str, Any]]:
    """All points of the grid, each field's values by name; the last field changes fastest.

    Raises :class:`ConfigError` for more than :data:`MOST_POINTS`.
    """
    sides = [one.grid() for one in space]
    count = math.prod(len(side) for side in sides)
    if count > MOST_POINTS:
        raise ConfigError(f"vary must give a grid of at most {MOST_POINTS:,} points, got {count:,}.", field="vary")
    return [dict(zip((one.field for one in space), point, strict=True)) for point in product(*sides)]


def plain_dimension(one: Dimension) -> dict[str, Any]:
    """As JSON values."""
    return asdict(one) | {"values": list(one.values)}


def dimension_from(found: Mapping[str, Any]) -> Dimension:
    """What :func:`plain_dimension` made."""
    return Dimension(**{**found, "values": tuple(found["values"])})
