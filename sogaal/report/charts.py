"""The charts of a report, from the same infos and with the same captions as the dashboard's figures."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sogaal import figures
from sogaal.figures.auc import AucInfo, Mark, auc_panel
from sogaal.figures.losses import LossesInfo, losses_panel
from sogaal.figures.signals import SignalsInfo, signals_panels
from sogaal.figures.stack import End, Line, Panel, spread_out
from sogaal.figures.theme import DARK, LIGHT
from sogaal.report.html import Html, join, tag
from sogaal.report.svg import (
    Drawing,
    Scale,
    contour,
    crosses,
    dots,
    heat_image,
    key,
    nice_ticks,
    number,
    path,
    stairs,
    x_axis,
    y_axis,
)  # fmt: skip

WIDE, PLANE, NARROW = 800.0, 400.0, 340.0


def chart(title: str, signs: Html, drawing: Drawing, caption: str) -> Html:
    """A chart with its heading, its key and how to read it."""
    return tag("figure", tag("h3", title), signs, drawing.svg(), tag("figcaption", caption))


# -- by step -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Curve:
    line: Line
    class_: str
    words: str  # stands at its end, with the last value


def losses_chart(info: LossesInfo) -> Html:
    """Losses of D and G by step."""
    drawing = losses_drawing(info)
    signs = [("inlier", "━", "loss of D"), ("generated", "━", "loss of G")]
    return chart("Losses", key(*signs), drawing, figures.losses_caption(info))


def losses_drawing(info: LossesInfo, width: float = WIDE, height: float = 250.0) -> Drawing:
    """The losses alone, without heading and key."""
    curves = [_Curve(info.g, "generated", "G"), _Curve(info.d, "inlier", "D")]
    alt = f"Losses by step up to step {info.last_step:,}; the last of D {_last(info.d)}, of G {_last(info.g)}."
    return _by_step(losses_panel(info, LIGHT), curves, info, alt, info.sub, width, height)


def auc_chart(info: AucInfo) -> Html:
    """The ROC-AUC by step, with its marks."""
    signs = [("auc", sign, f"{name} {mark.value:.3f}, step {mark.step:,}") for name, sign, mark in _marks(info)]
    return chart("ROC-AUC", key(("auc", "━", "ROC-AUC"), *signs), auc_drawing(info), figures.auc_caption(info))


def _marks(info: AucInfo) -> list[tuple[str, str, Mark]]:
    marks = [("best", "◆", info.best), ("at stop", "●", info.at_stop)]
    return [(name, sign, mark) for name, sign, mark in marks if mark is not None]


def auc_drawing(info: AucInfo, width: float = WIDE, height: float = 250.0) -> Drawing:
    """The ROC-AUC with its marks alone, without heading and key."""
    panel = auc_panel(info, LIGHT)
    told = [f"{name} {mark.value:.3f} at step {mark.step:,}" for name, _, mark in _marks(info)]
    alt = f"ROC-AUC by step; {', '.join([*told, f'last {_last(info.line)}'])}."
    drawing = _by_step(panel, [_Curve(info.line, "auc", "")], info, alt, None, width, height)
    x, y = _scales(panel, info.last_step, info.total_steps, drawing)
    for _, sign, mark in _marks(info):
        drawing.text(float(x(mark.step)), float(y(mark.value)) + 5, sign, anchor="middle", class_="mark auc")
    return drawing


def signals_charts(info: SignalsInfo) -> list[Html]:
    """What tells how the run went where there are no labels: D's answers and the spread."""
    answers, spread = signals_panels(info, LIGHT)
    curves = [_Curve(info.d_fake, "generated", ""), _Curve(info.d_real, "inlier", "")]
    alt = f"D's answers by step; the last D(x) {_last(info.d_real)}, D(G(z)) {_last(info.d_fake)}."
    signs = key(("inlier", "━", "D(x), real rows"), ("generated", "━", "D(G(z)), generated points"))
    caption = "At 0.5 D cannot tell. Healthy: D(x) stays above D(G(z)) without reaching 1."
    first = chart("D's answers", signs, _by_step(answers, curves, info, alt), caption)
    alt = f"Spread of the generated points by step; the last {_last(info.spread)}."
    drawing = _by_step(spread, [_Curve(info.spread, "ink", "")], info, alt)
    caption = "1: the potential outliers are as wide as the data. Near 0: mode collapse."
    return [first, chart("Spread", key(("ink", "━", "spread of G(z)")), drawing, caption)]


def _last(line: Line) -> str:
    return "unknown" if line.last is None else f"{line.last:.3f}"


def _scales(panel: Panel, last_step: int, total_steps: int, drawing: Drawing) -> tuple[Scale, Scale]:
    across = Scale(0, max(total_steps, last_step, 1), 44, drawing.width - 64)
    return across, Scale(panel.low, panel.high, drawing.height - 40, 14)


def _by_step(
    panel: Panel,
    curves: Sequence[_Curve],
    info: LossesInfo | AucInfo | SignalsInfo,
    alt: str,
    faint: Line | None = None,
    width: float = WIDE,
    height: float = 250.0,
) -> Drawing:
    drawing = Drawing(width, height, alt)
    x, y = _scales(panel, info.last_step, info.total_steps, drawing)
    heights = {at: words for at, words in panel.references if words}
    room = 0.075 * (panel.high - panel.low)
    ticks = {tick: f"{tick:g}" for tick in panel.ticks if all(abs(tick - at) > room for at in heights)}
    y_axis(drawing, y, x.start, x.end, sorted((ticks | heights).items()))
    for at, _ in panel.references:
        drawing.rule(x.start, float(y(at)), x.end, float(y(at)), "chance")
    x_axis(drawing, x, y.start, nice_ticks(0, x.high, 7), "step")
    stop = info.stop_step
    if stop is not None and 0 < stop < info.total_steps:
        at = float(x(stop))
        drawing.rule(at, y.end, at, y.start, "stop")
        before = stop > 0.85 * info.total_steps
        drawing.text(at + (-5 if before else 5), y.end - 3, "G stops", anchor="end" if before else "start")
    if faint is not None and len(faint.values):
        drawing.line(x(faint.steps), np.clip(y(faint.values), y.end, y.start), "generated faint")
    for one in curves:
        # What goes beyond the axis runs along its edge, as a plot cuts it.
        drawing.line(x(one.line.steps), np.clip(y(one.line.values), y.end - 6, y.start), one.class_)
    ends = [End(str(i), c.line.last, "") for i, c in enumerate(curves) if c.line.last is not None]
    gap = 15 / (y.start - y.end) * (panel.high - panel.low)
    for end in spread_out(ends, panel.low, panel.high, gap):
        one = curves[int(end.text)]
        words = f"{one.words} {one.line.last:.3f}".strip()
        drawing.text(float(x(info.last_step)) + 5, float(y(end.y)) + 4, words, class_=f"value {one.class_}")
    return drawing


# -- the plane ---------------------------------------------------------------------------------------------------------


def plane_chart(info: figures.PlaneInfo, title: str) -> Html:
    """Real and generated points over D's map."""
    scene = info.scene
    signs = [("inlier", "●", "real inliers" if scene.labelled else "real points")]
    signs += [("outlier", "✖", "real outliers")] if scene.labelled else []
    signs += [("generated", "●", "potential outliers")] if info.heat is not None else []
    return chart(title, key(*signs), plane_drawing(info, title), figures.plane_caption(info))


def plane_drawing(info: figures.PlaneInfo, title: str, width: float = PLANE, both: bool = True) -> Drawing:
    """The plane alone, without heading and key; ``both``: with D's map for light and for dark pages."""
    view, scene = info.view, info.scene
    side = width - 62
    drawing = Drawing(width, side + 54, f"{title}: {figures.plane_caption(info)}")
    x, y = Scale(view.x0, view.x1, 52, 52 + side), Scale(view.y0, view.y1, side + 8, 8)
    if info.heat is not None:
        box = {"x": "52", "y": "8", "width": number(side), "height": number(side), "preserveAspectRatio": "none"}
        for theme, class_ in ((LIGHT, "light-only"), (DARK, "dark-only"))[: 2 if both else 1]:
            drawing.add(tag("image", href=heat_image(info.heat, theme), class_=class_, **box))
        for line in contour(info.heat, 0.5):
            cells = np.array(line)
            across, up = (np.interp(cells[:, i], np.arange(len(v)), v) for i, v in enumerate((info.x, info.y)))
            drawing.add(tag("path", d=path(x(across), y(up)), class_="boundary"))
    drawing.add(tag("path", d=f"M52 8h{number(side)}v{number(side)}h-{number(side)}z", class_="frame"))
    _points(drawing, info, x, y)
    x_axis(drawing, x, side + 8, nice_ticks(view.x0, view.x1, 5), _short(scene.plane.labels[0]), "{:g}")
    for tick in nice_ticks(view.y0, view.y1, 5):
        drawing.text(46, float(y(tick)) + 4, f"{tick:g}", anchor="end")
    drawing.upright(11, 8 + side / 2, _short(scene.plane.labels[1]))
    return drawing


def _short(text: str) -> str:
    return text if len(text) <= 42 else f"{text[:40]}…"


def _points(drawing: Drawing, info: figures.PlaneInfo, x: Scale, y: Scale) -> None:
    def inside(uv: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        seen = uv[info.view.holds(uv)]
        return x(seen[:, 0]), y(seen[:, 1])

    scene = info.scene
    many = " many" if len(scene.inliers) > 1500 else ""
    drawing.add(tag("path", d=dots(*inside(scene.inliers)), class_=f"dots inlier{many}"))
    made = dots(*inside(info.generated))
    drawing.add(tag("path", d=made, class_="dots rim"), tag("path", d=made, class_="dots generated"))
    signs = crosses(*inside(scene.outliers), 3.4)
    drawing.add(tag("path", d=signs, class_="crosses rim"), tag("path", d=signs, class_="crosses outlier"))


# -- the ranking -------------------------------------------------------------------------------------------------------


def roc_chart(info: figures.RocInfo) -> Html:
    """The ROC curve."""
    alt = f"ROC curve; the area below is {info.auc:.3f}."
    drawing, x, y = _rates(alt, "share of inliers flagged", "share of outliers found")
    drawing.rule(float(x(0)), float(y(0)), float(x(1)), float(y(1)), "chance")
    _filled(drawing, x(info.false_positive_rate), y(info.true_positive_rate), y.start)
    return chart(f"ROC curve, area {info.auc:.3f}", key(), drawing, figures.roc_caption(info))


def precision_recall_chart(info: figures.PrecisionRecallInfo) -> Html:
    """The precision-recall curve."""
    alt = f"Precision-recall curve; average precision {info.average_precision:.3f}."
    drawing, x, y = _rates(alt, "share of outliers found (recall)", "right among the flagged")
    drawing.rule(float(x(0)), float(y(info.share)), float(x(1)), float(y(info.share)), "chance")
    recall, precision = stairs(info.recall, info.precision)
    _filled(drawing, x(recall), y(precision), y.start)
    heading = f"Precision and recall, AP {info.average_precision:.3f}"
    return chart(heading, key(), drawing, figures.precision_recall_caption(info))


def _rates(alt: str, across: str, up: str) -> tuple[Drawing, Scale, Scale]:
    drawing = Drawing(NARROW, 290, alt)
    x, y = Scale(0, 1, 58, NARROW - 12), Scale(0, 1, 248, 12)
    y_axis(drawing, y, x.start, x.end, [(t, f"{t:g}") for t in (0, 0.25, 0.5, 0.75, 1)], up)
    x_axis(drawing, x, y.start, (0, 0.25, 0.5, 0.75, 1), across)
    return drawing, x, y


def _filled(drawing: Drawing, x: npt.NDArray[np.float64], y: npt.NDArray[np.float64], bottom: float) -> None:
    outline = f"{path(x, y)}L{number(float(x[-1]))} {number(bottom)}L{number(float(x[0]))} {number(bottom)}z"
    drawing.add(tag("path", d=outline, class_="area auc"))
    drawing.line(x, y, "auc")


def histogram_chart(info: figures.ScoreHistogramInfo) -> Html:
    """The outlier scores of the table."""
    both = info.outliers is not None
    flagged = f"{info.n_flagged:,} of {info.n:,} flagged"
    alt = f"Histogram of the outlier scores; {flagged}, from {info.threshold:.3f} up."
    drawing = Drawing(NARROW, 290, alt)
    top = float(np.log10(max(int(info.inliers.max()), 10)) + 0.25)
    low, high = float(info.edges[0]), float(info.edges[-1])
    x, y = Scale(low, high, 58, NARROW - 12), Scale(-0.15, top, 248, 20)
    y_axis(drawing, y, x.start, x.end, [(p, f"{10**p:,}") for p in range(int(top) + 1)], "rows (logarithmic)")
    x_axis(drawing, x, y.start, nice_ticks(low, high, 5), "outlier score 1 - D(x)", "{:g}")
    drawing.add(tag("path", d=_bars(info.inliers, info.edges, x, y), class_="bars inlier"))
    if info.outliers is not None:
        drawing.add(tag("path", d=_bars(info.outliers, info.edges, x, y, 0.45), class_="bars outlier"))
    at = float(x(info.threshold))
    drawing.rule(at, y.end, at, y.start, "stop")
    left = at < (x.start + x.end) / 2
    drawing.text(at + (4 if left else -4), y.end - 6, f"{flagged} →", anchor="start" if left else "end")
    signs = [("inlier", "■", "inliers"), ("outlier", "▪", "outliers (narrow bars)")] if both else []
    return chart("Outlier scores", key(*signs) if signs else key(), drawing, figures.score_histogram_caption(info))


def _bars(
    counts: npt.NDArray[np.int64], edges: npt.NDArray[np.float64], x: Scale, y: Scale, share: float = 0.94
) -> str:
    """Bars of a share of the bins' width: classes are told apart by width as well as by colour."""
    parts = []
    for count, left, right in zip(counts.tolist(), x(edges[:-1]).tolist(), x(edges[1:]).tolist(), strict=True):
        if count:
            width = (right - left) * share
            up = y.start - float(y(np.log10(count)))
            start = (left + right - width) / 2
            parts.append(f"M{number(start)} {number(y.start)}v-{number(up)}h{number(width)}v{number(up)}z")
    return "".join(parts)


def side_by_side(*charts: Html, class_: str = "row") -> Html:
    """Charts in a row, where there is room."""
    return tag("div", join(*charts), class_=class_)
