"""Parallel coordinates: each trial a line through the values that it had, coloured by what came out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sogaal.figures.spec import Spec
from sogaal.figures.swept import FloatArray, SweptAxis, TrialPoint, best_scale, places_of, short, values_of
from sogaal.figures.theme import FONT, base_layout, theme


@dataclass(frozen=True, eq=False)
class SweepParallelInfo:
    """``values`` (t,) and, for each of the ``axes``, the trials' places (t,). The best trial is the last one, so that
    its line lies on top."""

    axes: tuple[SweptAxis, ...]
    places: tuple[FloatArray, ...]
    values: FloatArray
    objective: str
    maximise: bool


def sweep_parallel_info(
    trials: Sequence[TrialPoint], axes: Sequence[SweptAxis], objective: str, *, maximise: bool = True
) -> SweepParallelInfo:
    """What is drawn of the trials that were not pruned."""
    sign = 1 if maximise else -1
    whole = sorted((one for one in trials if not one.pruned), key=lambda one: sign * one.value)
    places = tuple(places_of(whole, number) for number in range(len(axes)))
    return SweepParallelInfo(tuple(axes), places, values_of(whole), objective, maximise)


def sweep_parallel_spec(info: SweepParallelInfo, *, dark: bool = False, revision: str = "") -> Spec:
    """The objective's axis comes last."""
    colours, layout = theme(dark), base_layout(dark, revision)
    layout |= {"margin": {"l": 56, "r": 56, "t": 46, "b": 22}}
    low, high = _ends(info.values)
    dimensions = [_dimension(*pair) for pair in zip(info.axes, info.places, strict=True)]
    dimensions.append({"label": info.objective, "values": info.values, "range": [low, high], "tickformat": ".3f"})
    small = {"family": FONT, "size": 12}
    trace: dict[str, Any] = {
        "type": "parcoords",
        "dimensions": dimensions,
        "line": {
            "color": info.values,
            "colorscale": best_scale(dark, info.maximise),
            "cmin": low,
            "cmax": high,
            "showscale": False,
        },
        "labelfont": {**small, "size": 13, "color": colours.ink},
        "tickfont": {**small, "color": colours.ink},
        "rangefont": {**small, "color": "rgba(0,0,0,0)"},
        "unselected": {"line": {"color": colours.grid, "opacity": 0.3}},
    }
    return {"data": [trace], "layout": layout}


def _ends(values: FloatArray) -> tuple[float, float]:
    if not len(values):
        return 0.0, 1.0
    low, high = float(values.min()), float(values.max())
    return (low, high) if high > low else (low - 0.01, high + 0.01)


def _dimension(one: SweptAxis, places: FloatArray) -> dict[str, Any]:
    """Parallel coordinates have no logarithmic axes: exponents stand on a plain one, named by their powers."""
    if one.names:
        last = len(one.names) - 1
        return {"label": one.title, "values": places, "range": [-0.2, last + 0.2], "tickvals": list(range(last + 1)),
                "ticktext": list(one.names)}  # fmt: skip
    if not one.log:
        return {"label": one.title, "values": places, "range": [one.low, one.high]}
    low, high = float(np.log10(one.low)), float(np.log10(one.high))
    powers = [float(p) for p in range(int(np.ceil(low - 1e-9)), int(np.floor(high + 1e-9)) + 1)]
    ticks = powers if len(powers) > 1 else [low, high]
    exponents = np.log10(np.maximum(places, np.float32(1e-30))).astype(np.float32)
    return {"label": one.title, "values": exponents, "range": [low, high], "tickvals": ticks,
            "ticktext": [short(10**tick) for tick in ticks]}  # fmt: skip


def sweep_parallel_caption() -> str:
    """How to read it, in one line."""
    return "Each line is a trial, the stronger its colour the better. Drag along an axis to see only the lines there."
