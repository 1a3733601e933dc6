"""What the ROC and the precision-recall plots share: a square of rates with a reference line."""

from typing import Any

import numpy as np
import numpy.typing as npt

from sogaal.figures.spec import Spec
from sogaal.figures.theme import axis, base_layout, label, theme

DoubleArray = npt.NDArray[np.float64]


def corners(x: DoubleArray, y: DoubleArray, points: int = 500) -> npt.NDArray[np.int64]:
    """Rows (at most about ``points``) of a step-shaped line that change its picture: its corners, thinned evenly."""
    rows = np.arange(len(x))
    if len(x) > 2:
        dx, dy = np.diff(x), np.diff(y)
        turn = dx[:-1] * dy[1:] != dy[:-1] * dx[1:]
        rows = np.flatnonzero(np.concatenate([[True], turn, [True]]))
    if len(rows) > points:
        rows = rows[np.unique(np.linspace(0, len(rows) - 1, points).astype(np.int64))]
    return rows


def rates_spec(
    x: DoubleArray,
    y: DoubleArray,
    *,
    titles: tuple[str, str],
    heading: str,
    name: str,
    hover: str,
    reference: tuple[tuple[float, float], tuple[float, float]],
    shape: str,
    dark: bool,
    revision: str,
) -> Spec:
    """A line of rates in the unit square, ``reference`` the two ends of the line of chance."""
    colours, layout = theme(dark), base_layout(dark, revision)
    (x0, y0), (x1, y1) = reference
    line: dict[str, Any] = {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": x.astype(np.float32),
        "y": y.astype(np.float32),
        "line": {"width": 2.2, "color": colours.auc, "shape": shape, "simplify": False},
        "fill": "tozeroy",
        "fillcolor": colours.auc_fill,
        "cliponaxis": False,
        "hovertemplate": hover,
    }
    chance = {
        "type": "line",
        "xref": "x",
        "yref": "y",
        "layer": "below",
        "line": {"width": 1, "color": colours.muted, "dash": "dot"},
        "x0": x0,
        "y0": y0,
        "x1": x1,
        "y1": y1,
    }
    ticks = [0, 0.25, 0.5, 0.75, 1]
    layout |= {
        "margin": {"l": 52, "r": 14, "t": 32, "b": 46},
        "hovermode": "closest",
        "xaxis": axis(colours, title=titles[0], range=[-0.01, 1.01], tickvals=ticks, constrain="domain"),
        "yaxis": axis(colours, title=titles[1], range=[-0.01, 1.03], tickvals=ticks),
        "annotations": [label(heading, 0, 1, colours.muted, yanchor="bottom", xshift=-40, yshift=8)],
        "shapes": [chance],
    }
    return {"data": [line], "layout": layout}
