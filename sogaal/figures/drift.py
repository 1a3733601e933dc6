"""Drift: how far each feature has moved, and one feature's values before and now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt

from sogaal.figures.spec import Spec
from sogaal.figures.theme import axis, base_layout, theme

FloatArray = npt.NDArray[np.float32]

MOST_BARS = 12
MOST_LEVELS = 10
BAR_HEIGHT = 30
_LONGEST_NAME = 22


@dataclass(frozen=True, eq=False)
class DriftBarsInfo:
    """``names``, ``distances`` and ``limits`` (p,) of the features that are drawn, in their order; ``moved`` (p,):
    beyond chance, and not by themselves; ``left_out``: how many more there are. Distances are shares, 0 to 1."""

    names: tuple[str, ...]
    distances: FloatArray
    limits: FloatArray
    moved: npt.NDArray[np.bool_]
    left_out: int


def drift_bars_info(features: Sequence[tuple[str, float, float, bool]]) -> DriftBarsInfo:
    """What is drawn of (name, distance, limit, whether it moves by itself), the most distant first."""
    shown = features[:MOST_BARS]
    distances = np.array([distance for _, distance, _, _ in shown], dtype=np.float32)
    limits = np.array([limit for _, _, limit, _ in shown], dtype=np.float32)
    passing = np.array([passing for _, _, _, passing in shown], dtype=np.bool_)
    names = tuple(name for name, _, _, _ in shown)
    return DriftBarsInfo(names, distances, limits, (distances > limits) & ~passing, len(features) - len(shown))


def drift_bars_spec(info: DriftBarsInfo, *, chosen: int = -1, dark: bool = False, revision: str = "") -> Spec:
    """Bars from the left, the first on top, with a tick where chance ends; a click gives a bar's number.

    ``chosen``: the number of the bar whose name is in bold.
    """
    colours, layout = theme(dark), base_layout(dark, revision)
    names = [_short(name) for name in info.names]
    if 0 <= chosen < len(names):
        names[chosen] = f"<b>{names[chosen]}</b>"
    places = np.arange(len(names), dtype=np.int16)
    highest = max(float(info.distances.max(initial=0)), float(info.limits.max(initial=0)), 0.05)
    layout |= {
        "margin": {"l": 10, "r": 16, "t": 6, "b": 38},
        "hovermode": "closest",
        "bargap": 0.35,
        "xaxis": axis(
            colours, range=[0, min(1.12 * highest, 1.12)], tickformat=".0%", fixedrange=True, title="rows that moved"
        ),
        "yaxis": axis(
            colours,
            tickvals=places,
            ticktext=names,
            automargin=True,
            fixedrange=True,
            showgrid=False,
            range=[len(names) - 0.5, -0.5],
        ),
    }
    bars = {
        "type": "bar",
        "orientation": "h",
        "x": info.distances,
        "y": places,
        "customdata": places,
        "marker": {"color": [colours.outlier if moved else colours.muted for moved in info.moved.tolist()]},
        "hovertemplate": "%{x:.1%}<extra></extra>",
    }
    ticks = {
        "type": "scatter",
        "mode": "markers",
        "x": info.limits,
        "y": places,
        "customdata": places,
        "marker": {"symbol": "line-ns", "size": 15, "line": {"width": 2, "color": colours.ink}},
        "hovertemplate": "chance alone: up to %{x:.1%}<extra></extra>",
    }
    return {"data": [bars, ticks], "layout": layout}


def _short(name: str) -> str:
    # Plotly takes < and & for its own markup.
    cut = name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…"
    return cut.replace("&", "&amp;").replace("<", "&lt;")


@dataclass(frozen=True, eq=False)
class DriftClassesInfo:
    """``labels`` of the classes, from the lowest values or the most frequent level on, with the shares of the
    ``training`` and of the ``new`` rows."""

    labels: tuple[str, ...]
    training: FloatArray
    new: FloatArray


def drift_classes_info(
    classes: Sequence[tuple[float | str, float, float]], origin: float | None = None
) -> DriftClassesInfo:
    """What is drawn of (upper end, training share, new share), or of (level, training share, new share): of many
    levels those whose share has changed most. ``origin``: the ends are days from this moment, in seconds since 1970,
    and told as dates."""
    if classes and isinstance(classes[0][0], str):
        by_change = sorted(classes, key=lambda one: -abs(one[2] - one[1]))[:MOST_LEVELS]
        classes = [one for one in classes if one in by_change]
        labels = [_short(str(level)) for level, _, _ in classes]
    else:
        ends = [f"{upto:.4g}" if origin is None else _date(origin, float(upto)) for upto, _, _ in classes]
        labels = [f"≤ {ends[0]}", *(f"– {end}" for end in ends[1:])] if ends else []
        if len(labels) > 1:
            labels[-1] = f"> {ends[-2]}"
    shares = np.array([(training, new) for _, training, new in classes], dtype=np.float32).reshape(-1, 2)
    return DriftClassesInfo(tuple(labels), shares[:, 0].copy(), shares[:, 1].copy())


def _date(origin: float, days: float) -> str:
    # To the minute, as single precision keeps a date.
    return f"{datetime(1970, 1, 1, tzinfo=UTC) + timedelta(minutes=round(origin / 60 + 1440 * days)):%Y-%m-%d}"


def drift_classes_spec(info: DriftClassesInfo, *, dark: bool = False, revision: str = "") -> Spec:
    """Two bars for each class, side by side."""
    colours, layout = theme(dark), base_layout(dark, revision)
    places = np.arange(len(info.labels), dtype=np.int16)
    longest = max(map(len, info.labels), default=0)
    layout |= {
        "margin": {"l": 44, "r": 10, "t": 30, "b": 60 if longest < 10 else 76},
        "barmode": "group",
        "bargap": 0.25,
        "bargroupgap": 0.05,
        "showlegend": True,
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "font": {"size": 12}},
        "xaxis": axis(
            colours, tickvals=places, ticktext=list(info.labels), fixedrange=True, showgrid=False, tickangle=-40
        ),
        "yaxis": axis(colours, tickformat=".0%", fixedrange=True, rangemode="tozero"),
    }
    parts = (("training", info.training, colours.inlier, ""), ("new rows", info.new, colours.outlier, "/"))
    bars = [
        {
            "type": "bar",
            "name": name,
            "x": places,
            "y": shares,
            "marker": {
                "color": colour,
                "pattern": {"shape": shape, "bgcolor": colour, "fgcolor": colours.surface, "size": 5},
            },
            "hovertemplate": f"{name}: %{{y:.1%}}<extra></extra>",
        }
        for name, shares, colour, shape in parts
    ]
    return {"data": bars, "layout": layout}
