"""Trials of a sweep as plain numbers, and the look that their plots share."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sogaal.figures.theme import Theme, axis

FloatArray = npt.NDArray[np.float32]

# From the worst value to the best: neutral to the AUC's hue, darker (on dark ground lighter) is better.
_LIGHT = ((0.0, "#D9DEE4"), (0.5, "#D69ABB"), (1.0, "#8A2F66"))
_DARK = ((0.0, "#3B4650"), (0.5, "#94587D"), (1.0, "#F5BFDD"))
# A little room at both ends of an axis, as a share of its length.
MARGIN = 0.04


def short(value: float) -> str:
    """A number at an axis: 1e-5, not 1e-05."""
    return f"{value:.3g}".replace("e-0", "e-").replace("e+0", "e")


@dataclass(frozen=True)
class SweptAxis:
    """What varies: from ``low`` to ``high``, by ratio if ``log``; or over the ``names`` of values, numbered from 0."""

    title: str
    low: float
    high: float
    log: bool = False
    names: tuple[str, ...] = ()

    def scaled(self, places: FloatArray) -> FloatArray:
        """Places along the axis from 0 to 1."""
        low, high = (np.log10(self.low), np.log10(self.high)) if self.log else (self.low, self.high)
        inner = np.log10(np.maximum(places, np.float32(1e-30))) if self.log else places
        return np.asarray((inner - low) / max(high - low, 1e-30), dtype=np.float32)

    def ends(self) -> tuple[float, float]:
        """The range of a plotly axis: of exponents where it is logarithmic."""
        if self.names:
            return -0.5, len(self.names) - 0.5
        low, high = (float(np.log10(self.low)), float(np.log10(self.high))) if self.log else (self.low, self.high)
        room = MARGIN * (high - low)
        return low - room, high + room

    def plotly(self, colours: Theme, **changes: Any) -> dict[str, Any]:
        """As plotly's axis."""
        look: dict[str, Any] = {"title": self.title, "range": list(self.ends()), "fixedrange": True}
        if self.names:
            look |= {"tickvals": list(range(len(self.names))), "ticktext": list(self.names)}
        elif self.log:
            powers = range(int(np.ceil(np.log10(self.low) - 1e-9)), int(np.floor(np.log10(self.high) + 1e-9)) + 1)
            ticks = [10.0**power for power in powers] if len(powers) > 1 else [self.low, self.high]
            look |= {"type": "log", "tickvals": ticks, "ticktext": [short(tick) for tick in ticks]}
        return axis(colours, **look, **changes)


@dataclass(frozen=True)
class TrialPoint:
    """A trial: its ``value``, its ``places`` on the axes in their order, and whether it was given up early."""

    number: int
    value: float
    places: tuple[float, ...]
    pruned: bool = False


def best_scale(dark: bool, maximise: bool) -> list[list[Any]]:
    """A colour scale on which the better end stands out."""
    stops = _DARK if dark else _LIGHT
    return [[place, colour] for place, colour in (stops if maximise else [(1 - p, c) for p, c in reversed(stops)])]


def values_of(trials: Sequence[TrialPoint]) -> FloatArray:
    """Their values, (t,)."""
    return np.array([one.value for one in trials], dtype=np.float32)


def places_of(trials: Sequence[TrialPoint], number: int) -> FloatArray:
    """Their places on one axis, (t,)."""
    return np.array([one.places[number] for one in trials], dtype=np.float32)


def numbers_of(trials: Sequence[TrialPoint]) -> npt.NDArray[np.int32]:
    """Their numbers, (t,)."""
    return np.array([one.number for one in trials], dtype=np.int32)


def value_range(values: FloatArray) -> list[float]:
    """The range of an axis of values, with a little room."""
    if not len(values):
        return [0.0, 1.0]
    low, high = float(values.min()), float(values.max())
    room = MARGIN * (high - low) or 0.01
    return [low - room, high + room]
