"""Lines with movable points, bands and rules: the plot that most experiments of the course share."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from sogaal.figures.spec import Spec
from sogaal.figures.theme import Theme, axis, base_layout, label, theme

Role = Literal["inlier", "outlier", "generated", "auc", "ink", "muted"]


@dataclass(frozen=True, eq=False)
class LearnLine:
    """A line ``x``, ``y`` (p,) in the colour of its ``role``; ``low`` and ``high`` (p,): a band around it.

    Told apart without colour by ``dash`` (plotly's names) and by its name at its end or in the legend.
    """

    name: str
    x: npt.NDArray[np.floating]
    y: npt.NDArray[np.floating]
    role: Role
    dash: str = "solid"
    width: float = 2.2
    low: npt.NDArray[np.floating] | None = None
    high: npt.NDArray[np.floating] | None = None
    markers: bool = False


@dataclass(frozen=True)
class LearnPoint:
    """A point with a name, on one of the lines; ``slope``: of a tangent drawn through it."""

    name: str
    x: float
    y: float
    role: Role
    slope: float | None = None


@dataclass(frozen=True, eq=False)
class LearnLinesInfo:
    """What is drawn. ``rules``: vertical lines with their words."""

    lines: Sequence[LearnLine]
    x_title: str
    y_title: str
    x_range: tuple[float, float]
    y_range: tuple[float, float]
    points: Sequence[LearnPoint] = ()
    rules: Sequence[tuple[float, str]] = ()
    ticks: Sequence[float] | None = None
    heading: str = field(default="")
    percent: bool = False


def _line(line: LearnLine, colours: Theme) -> list[dict[str, Any]]:
    colour = getattr(colours, line.role)
    x, traces = line.x.astype(np.float32), []
    if line.low is not None and line.high is not None:
        edge = {"type": "scatter", "mode": "lines", "hoverinfo": "skip", "showlegend": False, "line": {"width": 0}}
        traces = [
            {**edge, "x": x, "y": line.low.astype(np.float32)},
            {**edge, "x": x, "y": line.high.astype(np.float32), "fill": "tonexty", "opacity": 0.5},
        ]
        traces[1]["fillcolor"] = f"rgba({','.join(str(int(colour[i : i + 2], 16)) for i in (1, 3, 5))},0.16)"
    drawn = {
        "type": "scatter",
        "mode": "lines+markers" if line.markers else "lines",
        "name": line.name,
        "x": x,
        "y": line.y.astype(np.float32),
        "line": {"width": line.width, "color": colour, "dash": line.dash, "simplify": False},
        "hovertemplate": "%{y:.3g}",
    }
    return [*traces, drawn]


def _point(point: LearnPoint, info: LearnLinesInfo, colours: Theme) -> list[dict[str, Any]]:
    colour = getattr(colours, point.role)
    traces = []
    if point.slope is not None:
        # As long on the screen whatever the slope: the chart is taken for three times as wide as high.
        wide, high = info.x_range[1] - info.x_range[0], info.y_range[1] - info.y_range[0]
        half = 0.13 / np.hypot(1 / wide, point.slope / high)
        ends = np.array([-half, half])
        tangent = LearnLine("slope", point.x + ends, point.y + point.slope * ends, point.role, "dot", 3)
        traces += [{**trace, "showlegend": False, "hoverinfo": "skip"} for trace in _line(tangent, colours)]
    dot = {"color": colour, "size": 13, "line": {"width": 2, "color": colours.edge}}
    place = {"x": np.array([point.x], dtype=np.float32), "y": np.array([point.y], dtype=np.float32)}
    kind = {"type": "scatter", "mode": "markers", "showlegend": False, "cliponaxis": False}
    return [*traces, {**kind, **place, "name": point.name, "marker": dot, "hovertemplate": "%{y:.3g}"}]


def learn_lines_spec(info: LearnLinesInfo, *, dark: bool = False, revision: str = "") -> Spec:
    """The lines, their points and rules, with a legend above."""
    colours, layout = theme(dark), base_layout(dark, revision)
    traces = [trace for line in info.lines for trace in _line(line, colours)]
    traces += [trace for point in info.points for trace in _point(point, info, colours)]
    rule = {"type": "line", "yref": "paper", "y0": 0, "y1": 1}
    rule["line"] = {"width": 1.4, "color": colours.ink, "dash": "4px,4px"}
    form = {"tickformat": ".0%"} if info.percent else {}
    across: dict[str, Any] = {"tickvals": list(info.ticks)} if info.ticks is not None else {"nticks": 8}
    layout |= {
        "margin": {"l": 58, "r": 18, "t": 64, "b": 46},
        "hovermode": "x",
        "showlegend": True,
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "bgcolor": "rgba(0,0,0,0)"},
        "xaxis": axis(colours, title=info.x_title, range=list(info.x_range), **across),
        "yaxis": axis(colours, title=info.y_title, range=list(info.y_range), **form),
        "shapes": [{**rule, "x0": x, "x1": x} for x, _ in info.rules],
        "annotations": [
            label(words, x, 0.02, colours.ink, xref="x", xshift=5, yanchor="bottom", bgcolor=colours.veil)
            for x, words in info.rules
        ],
    }
    return {"data": traces, "layout": layout}
