"""What a browser needs to play a run: points and D in the plane, frame by frame, and the curves."""

import base64
import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt

from sogaal.errors import DataError
from sogaal.figures.auc import AucInfo, auc_info, auc_panel
from sogaal.figures.losses import losses_info, losses_panel
from sogaal.figures.plane import MAX_GENERATED, Scene, make_scene
from sogaal.figures.signals import signals_info, signals_panels
from sogaal.figures.spec import smallest_int
from sogaal.figures.stack import Line, Panel
from sogaal.figures.theme import DARK, FONT, LIGHT
from sogaal.figures.views import View, grown_view
from sogaal.frames import DiscriminatorWeights, Frame
from sogaal.history import HistoryView
from sogaal.planes import Plane
from sogaal.precision import in_floats

FloatArray = npt.NDArray[np.float32]
Json = dict[str, Any]

FORMAT = 1
# Real rows that are drawn at most, and the outliers among them.
MAX_ROWS, MAX_OUTLIERS = 2000, 1000
# Coordinates are sent as whole numbers from 0 to TOP over three views side by side; MISSING is no number.
TOP, MISSING = 65_534, 65_535


def replay_payload(
    frames: Sequence[Frame],
    view: HistoryView,
    *,
    X: FloatArray,
    y: npt.NDArray[np.integer] | None,
    plane: Plane,
    stop_step: int | None,
    total_steps: int,
    title: str,
    subtitle: str = "",
    total_epochs: int | None = None,
    autoplay: bool = True,
) -> bytes:
    """The replay of a run as JSON in ASCII, safe to stand inside an HTML script element.

    ``frames`` of one run, at least one; ``view`` its history. ``X`` (n, d) float32 scaled and ``y`` (n,) or None: the
    table; ``plane``: where all is drawn. ``stop_step``: the step when G stopped (None: it never does);
    ``total_steps`` and ``total_epochs`` (None: not said): the length of the run. ``title`` and ``subtitle`` are plain
    text. ``autoplay``: play when it is shown (a reader who wants less motion decides otherwise); if not, the replay
    rests at the last frame.

    Arrays are base64, little-endian: coordinates uint16 over three views, weights and values float32; D is given in
    the plane, as pre-activation ``a u + b v + c`` and output weight of each hidden unit. A usual run takes 0.3 to
    0.6 MB. Raises :class:`DataError` for no frames, or for frames that are not of one run.
    """
    frames = sorted(frames, key=lambda frame: frame.step)
    _check(frames, plane)
    room = MAX_ROWS if y is None else MAX_ROWS - min(int(np.count_nonzero(y == 1)), MAX_OUTLIERS)
    scene = make_scene(X, y, plane, max_inliers=room, max_outliers=MAX_OUTLIERS)
    rows = _even(len(frames[0].generated), MAX_GENERATED)
    generated = [plane.project(frame.generated) for frame in frames]
    shown = scene.view
    for points in generated:
        shown = grown_view(scene.view, points, shown)
    owner = frames[0].owner[rows]
    content: Json = {
        "format": FORMAT,
        "title": title,
        "subtitle": subtitle,
        "caption": _caption(scene, len(rows), len(generated[0])),
        "autoplay": autoplay,
        "labelled": scene.labelled,
        "font": FONT,
        "themes": {"light": asdict(LIGHT), "dark": asdict(DARK)},
        "axes": list(plane.labels),
        "view": [shown.x0, shown.x1, shown.y0, shown.y1],
        "square": shown.equal,
        "inliers": _packed(_whole(scene.inliers, shown)),
        "outliers": _packed(_whole(scene.outliers, shown)),
        "steps": _packed(np.array([frame.step for frame in frames], dtype=np.int32)),
        "epochs": _packed(np.array([frame.epoch for frame in frames], dtype=np.int32)),
        "owner": _packed(smallest_int(owner)),
        "owners": int(owner.max(initial=0)) + 1,
        "points": _packed(np.stack([_whole(points[rows], shown) for points in generated])),
        "hidden": _packed(np.stack([_in_plane(frame.discriminator, plane) for frame in frames])),
        "output": _packed(np.array([frame.discriminator.b2 for frame in frames], dtype=np.float32)),
        "totalSteps": max(total_steps, frames[-1].step, 1),
        "totalEpochs": total_epochs,
        "stopStep": stop_step if stop_step is not None and stop_step <= frames[-1].step else None,
        "panels": _panels(view, np.array([frame.step for frame in frames]), total_steps, stop_step, scene.labelled),
    }
    # No "<": a table may be called "</script>".
    return json.dumps(content, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c").encode("ascii")


def _check(frames: Sequence[Frame], plane: Plane) -> None:
    if not frames:
        raise DataError("frames must hold at least one frame, got none.")
    d = len(plane.origin)
    first = (frames[0].generated.shape, frames[0].discriminator.w1.shape)
    if first[0][1] != d:
        raise DataError(f"plane must have the {first[0][1]} features of the frames, got {d}.")
    for frame in frames:
        found = (frame.generated.shape, frame.discriminator.w1.shape)
        if found != first:
            raise DataError(f"frames must be of one run, with the shapes {first}, got {found} at step {frame.step}.")


def _even(count: int, most: int) -> npt.NDArray[np.int64]:
    # The same rows in every frame, so that a dot keeps its noise.
    return np.arange(count) if count <= most else np.linspace(0, count - 1, most).astype(np.int64)


def _caption(scene: Scene, dots: int, generated: int) -> str:
    """How to read the plane, with what it leaves out."""
    text = "On blue ground D says real, on orange generated; on the line D = 0.5."
    if not scene.plane.exact:
        text += " D is shown in this plane; the points are projected onto it."
    left_out = []
    if len(scene.inliers) < scene.n_inliers:
        kind = "inliers" if scene.labelled else "rows"
        left_out.append(f"{len(scene.inliers):,} of {scene.n_inliers:,} {kind}")
    if len(scene.outliers) < scene.n_outliers:
        left_out.append(f"{len(scene.outliers):,} of {scene.n_outliers:,} outliers")
    if dots < generated:
        left_out.append(f"{dots:,} of {generated:,} potential outliers")
    if left_out:
        text += f" Drawn: {', '.join(left_out)}."
    return text + " A dot is the same noise z in every frame; between two frames the replay glides."


# -- numbers -------------------------------------------------------------------------------------------------------


def _packed(array: npt.NDArray[np.generic]) -> dict[str, str]:
    native = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    return {"dtype": array.dtype.str[1:], "bdata": base64.b64encode(native.tobytes()).decode("ascii")}


def _whole(uv: FloatArray, view: View) -> npt.NDArray[np.uint16]:
    """Coordinates (m, 2) as whole numbers; what lies more than a view away stands at the edge of that."""
    sides = (view.high - view.low).astype(np.float64)
    share = (uv - (view.low - sides)) / (3 * sides)
    whole = np.rint(np.clip(np.nan_to_num(share), 0, 1) * TOP)
    whole[~np.isfinite(uv).all(axis=1)] = MISSING
    return whole.astype(np.uint16)


def _in_plane(discriminator: DiscriminatorWeights, plane: Plane) -> FloatArray:
    """Each hidden unit as (a, b, c, w): w * max(a u + b v + c, 0) is what it adds to D's logit at (u, v)."""
    w1 = discriminator.w1.astype(np.float64)
    a, b = plane.basis.astype(np.float64) @ w1
    c = plane.origin.astype(np.float64) @ w1 + discriminator.b1
    return in_floats(np.asarray, np.stack([a, b, c, discriminator.w2], axis=1))


# -- curves --------------------------------------------------------------------------------------------------------


def _panels(
    view: HistoryView, steps: npt.NDArray[np.integer], total_steps: int, stop_step: int | None, labelled: bool
) -> list[Json]:
    losses = losses_info(view, total_steps=total_steps, stop_step=stop_step)
    signals = signals_info(view, total_steps=total_steps, stop_step=stop_step)
    answers_panel, spread_panel = signals_panels(signals, LIGHT)
    loss_lines = [
        _line("G", "generated", losses.g, _at_steps(view.g_loss, steps)),
        _line("D", "inlier", losses.d, _at_steps(view.d_loss, steps)),
    ]
    if len(losses.sub_owner):
        loss_lines.insert(0, _line("", "generated", losses.sub, None))
    answers = [
        _line("D(G(z))", "generated", signals.d_fake, _at_steps(view.d_fake, steps)),
        _line("D(x)", "inlier", signals.d_real, _at_steps(view.d_real, steps)),
    ]
    panels = [
        _panel("Loss", losses_panel(losses, LIGHT), loss_lines),
        _panel("D's answers", answers_panel, answers),
    ]
    if labelled and view.has_labels:
        info = auc_info(view, total_steps=total_steps, stop_step=stop_step)
        line = _line("AUC", "auc", info.line, _at_evaluations(view, view.auc, steps))
        panels.append({**_panel("ROC-AUC", auc_panel(info, LIGHT), [line]), "marks": _marks(info)})
    else:
        line = _line("spread", "ink", signals.spread, _at_evaluations(view, view.spread, steps))
        panels.append(_panel("Spread of G(z)", spread_panel, [line]))
    return panels


def _panel(name: str, panel: Panel, lines: list[Json]) -> Json:
    return {
        "name": name,
        "low": panel.low,
        "high": panel.high,
        "ticks": [float(tick) for tick in panel.ticks],
        "references": [list(reference) for reference in panel.references],
        "weight": panel.weight,
        "lines": lines,
        "marks": [],
    }


def _line(name: str, colour: str, line: Line, at_frames: FloatArray | None) -> Json:
    """A thinned line; ``atFrames``: its exact value at each frame. One without a name is background."""
    return {
        "name": name,
        "colour": colour,
        "steps": _packed(np.asarray(line.steps)),
        "values": _packed(line.values.astype(np.float32)),
        "atFrames": None if at_frames is None else _packed(at_frames),
    }


def _marks(info: AucInfo) -> list[Json]:
    named = (("best", "◆", info.best), ("at stop", "●", info.at_stop))
    return [{"name": n, "sign": s, "step": m.step, "value": m.value} for n, s, m in named if m is not None]


def _at_steps(values: FloatArray, steps: npt.NDArray[np.integer]) -> FloatArray:
    """A column by step at the frames' steps (F,); NaN before the first step."""
    if not len(values):
        return np.full(len(steps), np.nan, dtype=np.float32)
    found = values[np.clip(steps, 1, len(values)) - 1]
    return np.where(steps > 0, found, np.nan).astype(np.float32)


def _at_evaluations(view: HistoryView, values: npt.NDArray[np.float64], steps: npt.NDArray[np.integer]) -> FloatArray:
    """A column by evaluation as it last was at the frames' steps (F,); NaN before the first evaluation."""
    if not len(values):
        return np.full(len(steps), np.nan, dtype=np.float32)
    rows = np.searchsorted(view.eval_step, steps, side="right") - 1
    return np.where(rows >= 0, values[np.maximum(rows, 0)], np.nan).astype(np.float32)
