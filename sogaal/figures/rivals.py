"""Detectors side by side: how alike their rankings are, and where each of them draws the line."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log

import numpy as np
import numpy.typing as npt

from sogaal.figures.plane import Scene
from sogaal.figures.spec import Spec
from sogaal.figures.theme import axis, base_layout, theme

FloatArray = npt.NDArray[np.float32]

# Cells of a map along each side.
CELLS = 40


@dataclass(frozen=True, eq=False)
class AlikeInfo:
    """How alike each two are: ``values`` (k, k) float32, symmetric; the scale goes from ``lowest`` to 1."""

    names: tuple[str, ...]
    values: FloatArray
    lowest: float


def alike_info(names: Sequence[str], values: npt.NDArray[np.floating], *, signed: bool) -> AlikeInfo:
    """What is drawn of a matrix (k, k); ``signed``: correlations, from -1 to 1, else shares from 0 to 1."""
    return AlikeInfo(tuple(names), np.asarray(values, dtype=np.float32), -1.0 if signed else 0.0)


def alike_spec(info: AlikeInfo, *, dark: bool = False, revision: str = "") -> Spec:
    """A matrix with a number in each cell, the first detector on top; the diagonal is left out."""
    colours, layout = theme(dark), base_layout(dark, revision)
    k = len(info.names)
    z = info.values.copy()
    np.fill_diagonal(z, np.nan)
    places = np.arange(k, dtype=np.uint8)
    common = {"tickvals": places, "ticktext": list(info.names), "automargin": True, "fixedrange": True}
    layout |= {
        "margin": {"l": 10, "r": 10, "t": 10, "b": 10},
        "hovermode": "closest",
        "xaxis": axis(colours, **common, showgrid=False, side="top", tickangle=-45, range=[-0.5, k - 0.5]),
        "yaxis": axis(colours, **common, showgrid=False, range=[k - 0.5, -0.5]),
    }
    # Signed: orange where they contradict each other. Shares: from the page's own ground to blue.
    scale = colours.heat if info.lowest < 0 else ((0.0, colours.heat[2][1]), (1.0, colours.heat[-1][1]))
    names = np.array(info.names, dtype=object)
    text = [["" if i == j else f"{info.values[i, j]:.2f}" for j in range(k)] for i in range(k)]
    cells = {
        "type": "heatmap",
        "x": places,
        "y": places,
        "z": [[None if i == j else float(z[i, j]) for j in range(k)] for i in range(k)],
        "zmin": info.lowest,
        "zmax": 1,
        "colorscale": [list(stop) for stop in scale],
        "showscale": False,
        "xgap": 2,
        "ygap": 2,
        "text": text,
        "texttemplate": "%{text}",
        "textfont": {"size": 11, "color": colours.ink},
        "customdata": [[f"{one} and {other}" for other in names] for one in names],
        "hovertemplate": "%{customdata}: %{z:.2f}<extra></extra>",
        "hoverongaps": False,
    }
    return {"data": [cells], "layout": layout}


def map_points(scene: Scene) -> FloatArray:
    """The scaled points (m, d) that a detector has to judge for its map: the middles of a grid over the view."""
    x, y = scene.view.grid(CELLS)
    grid = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2).astype(np.float32)
    return scene.plane.lift(grid)


@dataclass(frozen=True, eq=False)
class DecisionInfo:
    """One detector over a plane. ``ground`` (cells, cells) float32, 0 to 1: 0.5 where its top ends, lower inside it."""

    scene: Scene
    x: FloatArray
    y: FloatArray
    ground: FloatArray


def decision_info(scene: Scene, shares: FloatArray, top: float) -> DecisionInfo:
    """What is drawn of ``shares`` (m,), of the points of :func:`map_points` the share of rows that are as abnormal.

    So all detectors have one scale, whatever their scores are. A power of it puts ``top``, a share over 0 and under 1,
    in the middle of the colours.
    """
    x, y = scene.view.grid(CELLS)
    power = log(0.5) / log(min(max(top, 1e-6), 0.999))
    return DecisionInfo(scene, x, y, (shares.reshape(CELLS, CELLS) ** power).astype(np.float32))


def decision_spec(info: DecisionInfo, *, dark: bool = False, revision: str = "") -> Spec:
    """The map without axes, for one of many: ground, the line where the top ends, and the rows."""
    colours, layout, view, scene = theme(dark), base_layout(dark, revision), info.scene.view, info.scene
    bare = {"visible": False, "fixedrange": True}
    layout |= {
        "margin": {"l": 2, "r": 2, "t": 2, "b": 2},
        "hovermode": False,
        "dragmode": False,
        "xaxis": {**bare, "range": [view.x0, view.x1], "constrain": "domain"},
        "yaxis": {**bare, "range": [view.y0, view.y1], "constrain": "domain"},
    }
    if view.equal:
        layout["yaxis"] |= {"scaleanchor": "x", "scaleratio": 1}
    field = {"x": info.x, "y": info.y, "z": info.ground, "showscale": False, "hoverinfo": "skip"}
    ground = {
        "type": "heatmap",
        **field,
        "zmin": 0,
        "zmax": 1,
        "zsmooth": "fast",
        "colorscale": [list(stop) for stop in colours.heat],
    }
    border = {
        "type": "contour",
        **field,
        "autocontour": False,
        "contours": {"start": 0.5, "end": 0.5, "size": 1, "coloring": "none"},
        "line": {"width": 1.4, "color": colours.muted, "dash": "dash"},
    }
    dots = {"type": "scatter", "mode": "markers", "hoverinfo": "skip"}
    size = 2 if len(scene.inliers) > 600 else 3
    inliers = {"color": colours.inlier, "size": size, "opacity": 0.6}
    outliers = {"color": colours.outlier, "size": 5.5, "symbol": "x"}
    rows = [
        {**dots, "x": part[:, 0].copy(), "y": part[:, 1].copy(), "marker": marker}
        for part, marker in ((scene.inliers, inliers), (scene.outliers, outliers))
    ]
    return {"data": [ground, border, *rows], "layout": layout}
