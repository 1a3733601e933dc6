"""A table at the size of a stamp, true to scale."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from sogaal.figures.plane import make_scene
from sogaal.figures.spec import Spec, to_figure
from sogaal.figures.theme import base_layout, theme
from sogaal.figures.views import View
from sogaal.planes import Plane, feature_plane, pca_plane

FloatArray = npt.NDArray[np.float32]

# Of more, a sample shows as much, and leaves the inliers in sight.
MOST_OUTLIERS = 300


@dataclass(frozen=True, eq=False)
class ThumbnailInfo:
    """A few inliers (a, 2) and all outliers (b, 2) float32, and the view; ``projected``: more than two features."""

    inliers: FloatArray
    outliers: FloatArray
    view: View
    projected: bool


def thumbnail_info(
    X: FloatArray, y: npt.NDArray[np.integer] | None = None, *, max_inliers: int = 800, plane: Plane | None = None
) -> ThumbnailInfo:
    """The scaled table ``X`` (n, d) in its plane; for d other than 2 the plane of its first two principal axes.

    ``plane``: that one, where somebody knows it already.
    """
    if plane is None:
        plane = feature_plane(X, 0, 1, ("", "")) if X.shape[1] == 2 else pca_plane(X)
    scene = make_scene(X, y, plane, max_inliers=max_inliers, max_outliers=MOST_OUTLIERS)
    return ThumbnailInfo(scene.inliers, scene.outliers, scene.view, projected=X.shape[1] > 2)


def thumbnail_spec(info: ThumbnailInfo, *, dark: bool = False, revision: str = "") -> Spec:
    """Dots and crosses, no axes."""
    colours, layout, view = theme(dark), base_layout(dark, revision), info.view
    common = {"type": "scatter", "mode": "markers", "hoverinfo": "skip"}
    inliers = {"color": colours.inlier, "size": 3, "opacity": 0.6}
    outliers = {"color": colours.outlier, "size": 5.5, "symbol": "x"}
    bare = {"visible": False, "fixedrange": True}
    layout |= {
        "margin": {"l": 2, "r": 2, "t": 2, "b": 2},
        "hovermode": False,
        "dragmode": False,
        "xaxis": {**bare, "range": [view.x0, view.x1]},
        "yaxis": {**bare, "range": [view.y0, view.y1]},
    }
    if view.equal:
        layout["yaxis"] |= {"scaleanchor": "x", "scaleratio": 1}
    return {
        "data": [
            {**common, "name": "inliers", "x": info.inliers[:, 0], "y": info.inliers[:, 1], "marker": inliers},
            {**common, "name": "outliers", "x": info.outliers[:, 0], "y": info.outliers[:, 1], "marker": outliers},
        ],
        "layout": layout,
    }


def thumbnail_figure(info: ThumbnailInfo, *, dark: bool = False) -> go.Figure:
    """:func:`thumbnail_spec` as a plotly figure."""
    return to_figure(thumbnail_spec(info, dark=dark))


def thumbnail_caption(info: ThumbnailInfo) -> str:
    """How to read the thumbnail, in one line."""
    return "First two principal axes of the table." if info.projected else "The table as it lies; crosses are outliers."
