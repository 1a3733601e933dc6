"""Two hyperparameters of a sweep and what came out between them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sogaal.figures.spec import Spec
from sogaal.figures.swept import (
    FloatArray,
    SweptAxis,
    TrialPoint,
    best_scale,
    numbers_of,
    places_of,
    values_of,
)
from sogaal.figures.theme import base_layout, theme

# Cells along each side of the ground between the trials, and how far a trial makes itself felt, the side being 1.
CELLS = 40
REACH = 0.07


@dataclass(frozen=True, eq=False)
class SweepContourInfo:
    """Trials at ``x`` and ``y`` (t,) with their ``values`` (t,); the ground ``z`` (cells, cells) between them at
    ``grid_x`` and ``grid_y`` (cells,), empty where a side has no room between its values."""

    across: SweptAxis
    up: SweptAxis
    x: FloatArray
    y: FloatArray
    values: FloatArray
    numbers: npt.NDArray[np.int32]
    grid_x: FloatArray
    grid_y: FloatArray
    z: FloatArray
    objective: str
    maximise: bool


def sweep_contour_info(
    trials: Sequence[TrialPoint],
    axes: Sequence[SweptAxis],
    across: int,
    up: int,
    objective: str,
    *,
    maximise: bool = True,
) -> SweepContourInfo:
    """What is drawn of the trials that were not pruned; ``across`` and ``up``: numbers of two of the ``axes``."""
    whole = [one for one in trials if not one.pruned]
    x, y, values = places_of(whole, across), places_of(whole, up), values_of(whole)
    empty = np.zeros(0, dtype=np.float32)
    ground = (empty, empty, np.zeros((0, 0), dtype=np.float32))
    if len(whole) >= 3 and not axes[across].names and not axes[up].names:
        ground = _ground(axes[across], axes[up], x, y, values)
    return SweepContourInfo(axes[across], axes[up], x, y, values, numbers_of(whole), *ground, objective, maximise)


def _ground(
    across: SweptAxis, up: SweptAxis, x: FloatArray, y: FloatArray, values: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Means of the trials around, each weighted by its nearness (Gaussian); the others' axes are not looked at."""
    side = np.linspace(0, 1, CELLS, dtype=np.float64)
    px, py = across.scaled(x).astype(np.float64), up.scaled(y).astype(np.float64)
    far = (side[None, :, None] - px) ** 2 + (side[:, None, None] - py) ** 2
    weights = np.exp(-(far - far.min(axis=2, keepdims=True)) / (2 * REACH**2))
    z = (weights * values).sum(axis=2) / weights.sum(axis=2)
    return _places(across, side), _places(up, side), z.astype(np.float32)


def _places(one: SweptAxis, side: npt.NDArray[np.float64]) -> FloatArray:
    if one.log:
        low, high = np.log10(one.low), np.log10(one.high)
        return np.asarray(10 ** (low + side * (high - low)), dtype=np.float32)
    return np.asarray(one.low + side * (one.high - one.low), dtype=np.float32)


def sweep_contour_spec(info: SweepContourInfo, *, dark: bool = False, revision: str = "") -> Spec:
    """The ground in bands of one colour, and the trials on it."""
    colours, layout = theme(dark), base_layout(dark, revision)
    layout |= {
        "margin": {"l": 66, "r": 84, "t": 10, "b": 48},
        "hovermode": "closest",
        "xaxis": info.across.plotly(colours),
        "yaxis": info.up.plotly(colours),
    }
    ends: dict[str, Any] = {}
    if len(info.values):
        low, high = float(info.values.min()), float(info.values.max())
        ends = {"cmin": low, "cmax": high if high > low else low + 0.01}
    scale = best_scale(dark, info.maximise)
    bar = {
        "thickness": 10,
        "len": 0.9,
        "x": 1.02,
        "outlinewidth": 0,
        "tickfont": {"size": 12, "color": colours.muted},
        "tickformat": ".2f",
    }
    data: list[dict[str, Any]] = []
    if info.z.size:
        data.append(
            {
                "type": "contour",
                "x": info.grid_x,
                "y": info.grid_y,
                "z": info.z,
                "colorscale": scale,
                "zmin": ends["cmin"],
                "zmax": ends["cmax"],
                "showscale": False,
                "ncontours": 12,
                "contours": {"coloring": "fill", "showlines": False},
                "hoverinfo": "skip",
            }
        )
    marker = {"size": 8, "color": info.values, "colorscale": scale, "line": {"width": 1.2, "color": colours.ink}}
    hover = f"trial %{{customdata}}<br>%{{x}}, %{{y}}<br>{info.objective} <b>%{{marker.color:.4f}}</b><extra></extra>"
    data.append(
        {
            "type": "scatter",
            "mode": "markers",
            "x": info.x,
            "y": info.y,
            "customdata": info.numbers,
            "marker": {**marker, **ends, "colorbar": bar, "showscale": bool(len(info.values))},
            "hovertemplate": hover,
        }
    )
    return {"data": data, "layout": layout}


def sweep_contour_caption(info: SweepContourInfo) -> str:
    """How to read it, in one line."""
    if not info.z.size:
        return "Dots are trials, the stronger their colour the better."
    return "Dots are trials, the stronger their colour the better; the ground between them is their smoothed mean."
