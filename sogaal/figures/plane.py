"""The plane: real points and potential outliers over D's heat-map, each a layer that can be switched off."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from sogaal.figures.spec import Spec, smallest_int, to_figure
from sogaal.figures.theme import Theme, axis, base_layout, label, theme
from sogaal.figures.views import View, data_view, grown_view
from sogaal.frames import DiscriminatorWeights, Frame
from sogaal.metrics import outlier_score
from sogaal.planes import Plane

FloatArray = npt.NDArray[np.float32]

LAYERS = {
    "heatmap": "D's map",
    "inliers": "Inliers",
    "outliers": "Outliers",
    "generated": "Potential outliers",
    "arrows": "Arrows",
    "units": "Hidden units",
}
DEFAULT_LAYERS = ("heatmap", "inliers", "outliers", "generated")
MAX_GENERATED, MAX_ARROWS = 1000, 200
NOTHING = np.zeros((0, 2), dtype=np.float32)


@dataclass(frozen=True, eq=False)
class Scene:
    """What stays while a run goes on: the drawn real points in the plane, float32 (., 2), their rows and the view.

    Without labels all points are in ``inliers``. ``n_inliers`` and ``n_outliers`` count those of the table, drawn or
    not.
    """

    plane: Plane
    inliers: FloatArray
    inlier_rows: npt.NDArray[np.generic]
    outliers: FloatArray
    outlier_rows: npt.NDArray[np.generic]
    n_inliers: int
    n_outliers: int
    labelled: bool
    view: View


@dataclass(frozen=True, eq=False)
class PlaneInfo:
    """One frame in the plane. ``generated`` (m, 2) float32 and ``owner`` (m,) uint8, row i the same z in every frame;
    ``n_outside`` of all ``n_generated`` points lie outside ``view``; ``heat`` D on the grid ``x`` by ``y`` (None before
    training); ``arrows`` (a, 2, 2): tail and tip; ``units`` (h, 2, 2): the ends of each hidden unit's line.
    """

    scene: Scene
    view: View
    generated: FloatArray
    owner: npt.NDArray[np.uint8]
    n_generated: int
    n_outside: int
    x: FloatArray
    y: FloatArray
    heat: FloatArray | None
    arrows: FloatArray
    units: FloatArray


def make_scene(
    X: FloatArray,
    y: npt.NDArray[np.integer] | None,
    plane: Plane,
    *,
    max_inliers: int = 3000,
    max_outliers: int = 600,
    seed: int = 0,
) -> Scene:
    """The real points ``X`` (n, d) in ``plane``: so many inliers and outliers of them at most, chosen by ``seed``.

    ``y`` (n,): 1 = outlier, or None. Make it once for a table and a plane, not for every frame.
    """
    uv = plane.project(X)
    outlier = np.zeros(len(uv), dtype=bool) if y is None else np.asarray(y) == 1
    of_kind = np.flatnonzero(~outlier), np.flatnonzero(outlier)
    inlier_rows, outlier_rows = (
        _some(rows, most, seed) for rows, most in zip(of_kind, (max_inliers, max_outliers), strict=True)
    )
    return Scene(
        plane=plane,
        inliers=uv[inlier_rows],
        inlier_rows=smallest_int(inlier_rows),
        outliers=uv[outlier_rows],
        outlier_rows=smallest_int(outlier_rows),
        n_inliers=len(of_kind[0]),
        n_outliers=len(of_kind[1]),
        labelled=y is not None,
        view=data_view(uv),
    )


def _some(rows: npt.NDArray[np.int64], most: int, seed: int) -> npt.NDArray[np.int64]:
    if len(rows) <= most:
        return rows
    return rows[np.sort(np.random.default_rng(seed).choice(len(rows), most, replace=False))]


def layers_for(scene: Scene) -> tuple[str, ...]:
    """The layers that exist for this scene, in the order of :data:`LAYERS`."""
    missing = set() if scene.labelled else {"outliers"}
    if not scene.plane.exact:
        missing.add("units")
    return tuple(name for name in LAYERS if name not in missing)


def _even(count: int, most: int) -> npt.NDArray[np.int64]:
    # The same rows in every frame, so that a dot keeps its noise.
    return np.arange(count) if count <= most else np.linspace(0, count - 1, most).astype(np.int64)


def _heat(plane: Plane, discriminator: DiscriminatorWeights, x: FloatArray, y: FloatArray) -> FloatArray:
    points = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2).astype(np.float32)
    scores = outlier_score(discriminator.logits(plane.lift(points)))
    return np.asarray(1 - scores, dtype=np.float32).reshape(len(y), len(x))


def _arrows(frame: Frame, plane: Plane, view: View, rows: npt.NDArray[np.int64]) -> FloatArray:
    """Tail and tip (a, 2, 2) of the way D's logit rises at the generated points, as seen in the plane.

    The length grows with the slope and levels off, on one scale for all frames: flat ground has short arrows.
    """
    points = frame.generated[rows]
    tails = plane.project(points)
    # Double: shortly before a run diverges, the square of a slope is more than a float holds.
    slope = frame.discriminator.gradient(points).astype(np.float64) @ plane.basis.T
    steepness = np.linalg.norm(slope, axis=1, keepdims=True) * view.side
    with np.errstate(invalid="ignore", divide="ignore"):
        unit = np.where(steepness > 0, slope * view.side / steepness, 0)
    tips = tails + unit * (0.075 * view.side * steepness / (steepness + 6))
    return np.asarray(np.stack([tails, tips], axis=1), dtype=np.float32)


def _unit_lines(discriminator: DiscriminatorWeights, plane: Plane, view: View) -> FloatArray:
    """Where each hidden unit switches on or off, cut to the view: ends (h', 2, 2) of the lines that cross it."""
    w1 = discriminator.w1.astype(np.float64)
    normal, offset = (plane.basis @ w1).T, plane.origin @ w1 + discriminator.b1
    size = np.linalg.norm(normal, axis=1)
    normal, offset, size = normal[size > 0], offset[size > 0], size[size > 0]
    middle = (view.low + view.high).astype(np.float64) / 2
    # From the foot of the perpendicular along the line both ways, further than the view reaches, then cut.
    distance = (normal @ middle + offset) / size
    foot = middle - (normal / size[:, None]) * distance[:, None]
    along = np.stack([-normal[:, 1], normal[:, 0]], axis=1) / size[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        first, second = (view.low - foot) / along, (view.high - foot) / along
    enter = np.nanmax(np.minimum(first, second), axis=1)
    leave = np.nanmin(np.maximum(first, second), axis=1)
    seen = enter < leave
    ends = foot[seen, None] + along[seen, None] * np.stack([enter[seen], leave[seen]], axis=1)[..., None]
    return np.asarray(ends, dtype=np.float32)


def plane_info(scene: Scene, frame: Frame | None, *, view: View | None = None, cells: int = 40) -> PlaneInfo:
    """The frame in the scene's plane (None: nothing is trained yet, only the data is shown).

    ``view``: the last info's view of the same run and plane, so that ranges only grow; ``cells`` of heat-map a side.
    """
    plane = scene.plane
    if frame is None:
        view = view or scene.view
        x, y = view.grid(cells)
        none = np.zeros((0, 2, 2), dtype=np.float32)
        return PlaneInfo(scene, view, NOTHING, np.zeros(0, dtype=np.uint8), 0, 0, x, y, None, none, none)
    everything = plane.project(frame.generated)
    view = grown_view(scene.view, everything, view)
    x, y = view.grid(cells)
    rows = _even(len(everything), MAX_GENERATED)
    inside = _even(len(everything), MAX_ARROWS)
    return PlaneInfo(
        scene=scene,
        view=view,
        generated=everything[rows],
        owner=frame.owner[rows].astype(np.uint8),
        n_generated=len(everything),
        n_outside=int(np.count_nonzero(~view.holds(everything))),
        x=x,
        y=y,
        heat=_heat(plane, frame.discriminator, x, y),
        arrows=_arrows(frame, plane, view, inside),
        units=_unit_lines(frame.discriminator, plane, view) if plane.exact else np.zeros((0, 2, 2), dtype=np.float32),
    )


def _xy(uv: FloatArray) -> dict[str, FloatArray]:
    return {"x": np.ascontiguousarray(uv[:, 0]), "y": np.ascontiguousarray(uv[:, 1])}


def _broken(lines: FloatArray) -> dict[str, FloatArray]:
    """Polylines (a, p, 2) as one, with a gap after each."""
    gap = np.full((len(lines), 1, 2), np.nan, dtype=np.float32)
    return _xy(np.concatenate([lines, gap], axis=1).reshape(-1, 2))


def _pointed(arrows: FloatArray, size: float) -> FloatArray:
    """The arrows (a, 2, 2) as lines with a head of at most ``size``: tail, tip, barb, tip, barb (a, 5, 2)."""
    tail, tip = arrows[:, 0], arrows[:, 1]
    along = tip - tail
    length = np.maximum(np.linalg.norm(along, axis=1, keepdims=True), np.finfo(np.float32).tiny)
    back = along / length * np.minimum(size, 0.6 * length)
    across = np.stack([-back[:, 1], back[:, 0]], axis=1) * np.float32(0.5)
    return np.stack([tail, tip, tip - back + across, tip, tip - back - across], axis=1)


def _heat_traces(info: PlaneInfo, on: bool, colours: Theme) -> list[dict[str, Any]]:
    on = on and info.heat is not None
    field = {"x": info.x, "y": info.y, "z": info.heat if on else np.full((2, 2), 0.5, dtype=np.float32)}
    bar = {
        "title": {"text": "D(x)", "side": "top", "font": {"size": 12, "color": colours.muted}},
        "thickness": 10,
        "len": 0.62,
        "x": 1.015,
        "outlinewidth": 0,
        "tickvals": [0, 0.5, 1],
        "ticktext": ["0", "0.5", "1"],
        "tickfont": {"size": 12, "color": colours.muted},
    }
    heatmap = {
        "type": "heatmap",
        "name": "D(x)",
        "visible": on,
        **field,
        "zmin": 0,
        "zmax": 1,
        "zsmooth": "fast",
        "colorscale": [list(stop) for stop in colours.heat],
        "colorbar": bar,
        "hovertemplate": "D = %{z:.3f}<extra></extra>",
    }
    boundary = {
        "type": "contour",
        "name": "D = 0.5",
        "visible": on,
        **field,
        "autocontour": False,
        "contours": {"start": 0.5, "end": 0.5, "size": 1, "coloring": "none"},
        "line": {"width": 1.4, "color": colours.muted, "dash": "dash", "smoothing": 0.6},
        "showscale": False,
        "hoverinfo": "skip",
    }
    return [heatmap, boundary]


def _real_traces(scene: Scene, on: Collection[str], colours: Theme) -> tuple[dict[str, Any], dict[str, Any]]:
    many = len(scene.inliers) > 1500
    common = {"type": "scatter", "mode": "markers"}
    place = "(%{x:.3f}, %{y:.3f})<extra></extra>"
    name = "real inliers" if scene.labelled else "real points"
    inliers = {
        **common,
        **_xy(scene.inliers),
        "name": name,
        "visible": "inliers" in on,
        "customdata": scene.inlier_rows,
        "marker": {"color": colours.inlier, "size": 3.5 if many else 4.5, "opacity": 0.45 if many else 0.6},
        "hovertemplate": f"{name[:-1]}, row %{{customdata}}<br>{place}",
    }
    outliers = {
        **common,
        **_xy(scene.outliers),
        "name": "real outliers",
        "visible": "outliers" in on and scene.labelled,
        "customdata": scene.outlier_rows,
        "marker": {
            "color": colours.outlier,
            "symbol": "x",
            "size": 8.5,
            "line": {"width": 0.8, "color": colours.edge},
        },
        "hovertemplate": f"real outlier, row %{{customdata}}<br>{place}",
    }
    return inliers, outliers


def _generated_traces(info: PlaneInfo, on: Collection[str], colours: Theme) -> tuple[dict[str, Any], dict[str, Any]]:
    shown = "generated" in on
    marker: dict[str, Any] = {
        "size": 6,
        "opacity": 0.9,
        "line": {"width": 0.7, "color": colours.edge},
        "color": colours.generated,
    }
    several = bool(info.owner.max(initial=0))
    if several:
        # Shades of one hue: who made a dot is a detail, that it was made is the message.
        marker |= {"color": info.owner, "cmin": 0, "cmax": int(info.owner.max()), "showscale": False}
        marker["colorscale"] = [list(stop) for stop in colours.generators]
    who = "sub-generator %{marker.color}<br>" if several else ""
    dots = {
        "type": "scatter",
        "mode": "markers",
        "name": "potential outliers G(z)",
        "visible": shown,
        **_xy(info.generated if shown else NOTHING),
        # The same z keeps its id, so that the dot glides to its next place.
        "ids": smallest_int(np.arange(len(info.generated))) if shown else np.zeros(0, dtype=np.uint8),
        "marker": marker,
        "hovertemplate": f"potential outlier %{{id}}<br>{who}(%{{x:.3f}}, %{{y:.3f}})<extra></extra>",
    }
    pointed = "arrows" in on
    arrows = {
        "type": "scatter",
        "mode": "lines",
        "name": "D's gradient",
        "visible": pointed,
        **_broken(_pointed(info.arrows if pointed else np.zeros((0, 2, 2), dtype=np.float32), 0.017 * info.view.side)),
        "line": {"width": 1.1, "color": colours.arrow, "simplify": False},
        "hoverinfo": "skip",
    }
    return dots, arrows


def _traces(info: PlaneInfo, on: Collection[str], colours: Theme) -> list[dict[str, Any]]:
    # Always these seven in this order, from the back to the front: a browser that redraws compares them one by one.
    inliers, outliers = _real_traces(info.scene, on, colours)
    dots, arrows = _generated_traces(info, on, colours)
    units = {
        "type": "scatter",
        "mode": "lines",
        "name": "hidden units",
        "visible": "units" in on and info.scene.plane.exact,
        **_broken(info.units if "units" in on else np.zeros((0, 2, 2), dtype=np.float32)),
        "line": {"width": 0.8, "color": colours.unit},
        "hoverinfo": "skip",
    }
    return [*_heat_traces(info, "heatmap" in on, colours), units, inliers, arrows, dots, outliers]


def key_words(info: PlaneInfo, on: Collection[str], colours: Theme) -> list[str]:
    """What the signs of the layers that are ``on`` mean, each as HTML that plotly can draw."""
    dashed = f"<span style='color:{colours.muted}'>╌╌</span> D = 0.5"
    kind = "inliers" if info.scene.labelled else "points"
    signs = {
        "inliers": f"<span style='color:{colours.inlier}'>●</span> real {kind}",
        "outliers": f"<span style='color:{colours.outlier}'>✖</span> real outliers" if info.scene.labelled else "",
        "generated": f"<span style='color:{colours.generated}'>●</span> potential outliers",
        "heatmap": dashed if info.heat is not None else "",
        "arrows": f"<span style='color:{colours.arrow}'>→</span> D's push",
        "units": f"<span style='color:{colours.unit}'>╱</span> hidden units" if info.scene.plane.exact else "",
    }
    if info.heat is None:
        signs |= {"generated": "", "arrows": "", "units": ""}
    return [words for name, words in signs.items() if words and name in on]


def _key(info: PlaneInfo, on: Collection[str], colours: Theme) -> str:
    """The words above the plot: three to a line, so that a narrow column has room for them."""
    words = key_words(info, on, colours)
    return "<br>".join("   ".join(words[i : i + 3]) for i in range(0, len(words), 3))


def plane_spec(
    info: PlaneInfo,
    *,
    layers: Collection[str] = DEFAULT_LAYERS,
    dark: bool = False,
    revision: str = "",
    key: bool = True,
) -> Spec:
    """The plane with the ``layers`` (of :data:`LAYERS`) that are on; zoom lasts while ``revision`` stays the same.

    ``key``: whether what the signs mean stands over it and D's scale beside it; without, say them by
    :func:`~sogaal.figures.plane_key.plane_key`.
    """
    colours, view = theme(dark), info.view
    layout = base_layout(dark, revision)
    note = f"{info.n_outside} of {info.n_generated} lie outside" if info.n_outside else ""
    if "generated" not in layers:
        note = ""
    corner: dict[str, Any] = {
        "xref": "x domain",
        "yref": "y domain",
        "bgcolor": colours.veil,
        "borderpad": 3,
        "visible": bool(note),
    }
    frame = {"showline": True, "linecolor": colours.frame, "mirror": True, "constrain": "domain", "nticks": 7}
    x_title, y_title = info.scene.plane.labels
    layout |= {
        "margin": {"l": 58, "r": 58, "t": 46, "b": 44} if key else {"l": 50, "r": 8, "t": 8, "b": 40},
        "hovermode": "closest",
        "dragmode": "zoom",
        "xaxis": axis(
            colours, title=x_title, range=[view.x0, view.x1], showgrid=False, constraintoward="left", **frame
        ),
        "yaxis": axis(colours, title=y_title, range=[view.y0, view.y1], showgrid=False, constraintoward="top", **frame),
        "annotations": [
            label(
                _key(info, layers, colours) if key else "",
                0,
                1,
                colours.muted,
                yanchor="bottom",
                align="left",
                xshift=-46,
                yshift=5,
            ),
            label(note, 0.99, 0.015, colours.ink, xanchor="right", yanchor="bottom", **corner),
        ],
    }
    if view.equal:
        layout["yaxis"] |= {"scaleanchor": "x", "scaleratio": 1}
    traces = _traces(info, frozenset(layers), colours)
    traces[0]["showscale"] = key
    return {"data": traces, "layout": layout}


def plane_figure(info: PlaneInfo, *, layers: Collection[str] = DEFAULT_LAYERS, dark: bool = False) -> go.Figure:
    """:func:`plane_spec` as a plotly figure."""
    return to_figure(plane_spec(info, layers=layers, dark=dark))


def plane_caption(info: PlaneInfo) -> str:
    """How to read the plane, in one line, with what it leaves out."""
    if info.heat is None:
        text = "The table, before training: D's heat-map and the potential outliers appear with the first step."
    else:
        text = "On blue ground D says real, on orange generated; on the dashed line D = 0.5."
    if not info.scene.plane.exact and info.heat is not None:
        text += " D is shown in this plane; the points are projected onto it."
    if info.n_outside:
        text += f" {info.n_outside} of {info.n_generated} potential outliers lie outside the view."
    scene = info.scene
    left_out = [
        f"{drawn:,} of {there:,} {kind}"
        for drawn, there, kind in (
            (len(scene.inliers), scene.n_inliers, "inliers"),
            (len(scene.outliers), scene.n_outliers, "outliers"),
        )
        if drawn < there
    ]
    return text + (f" Drawn: {' and '.join(left_out)}." if left_out else "")
