"""A race as one picture: an SVG that slides and browsers take, with set-ups, planes, losses and AUC side by side."""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sogaal import figures
from sogaal.figures.theme import FONT, LIGHT
from sogaal.report.charts import auc_drawing, losses_drawing, plane_drawing
from sogaal.report.html import Html, join, tag
from sogaal.report.svg import Drawing, number

COLUMN, EDGE, PLANE = 460.0, 24.0, 380.0
LOSSES, AUC = 190.0, 170.0
# Letters of the fine print and of the title to a pixel of width, with room for a font that is wide.
FINE, LARGE = 0.145, 0.078

# Light, as paper: colours by class and none by variable, which programs for slides do not know.
_STYLE = f"""
text {{ font-family: {FONT.replace('"', "'")}; font-size: 12px; fill: {LIGHT.muted}; }}
.title {{ font-size: 20px; font-weight: 600; fill: {LIGHT.ink}; }}
.name {{ font-size: 16px; font-weight: 600; fill: {LIGHT.ink}; }}
.told {{ font-size: 14px; fill: {LIGHT.ink}; }}
.value {{ font-weight: 600; }}
.mark {{ font-size: 15px; fill: {LIGHT.auc}; stroke: {LIGHT.ink}; stroke-width: 0.7; }}
.line {{ fill: none; stroke-width: 1.6; stroke-linejoin: round; }}
.line.faint {{ stroke-width: 0.8; opacity: 0.4; }}
.line.inlier, .dots.inlier {{ stroke: {LIGHT.inlier}; }}
.line.generated, .dots.generated {{ stroke: {LIGHT.generated}; }}
.line.auc {{ stroke: {LIGHT.auc}; }} .crosses.outlier {{ stroke: {LIGHT.outlier}; }}
.dots.rim, .crosses.rim {{ stroke: #ffffff; }}
.value.inlier, .sign.inlier {{ fill: {LIGHT.inlier}; }} .value.generated, .sign.generated {{ fill: {LIGHT.generated}; }}
.value.auc {{ fill: {LIGHT.auc}; }} .sign.outlier {{ fill: {LIGHT.outlier}; }}
.grid {{ stroke: {LIGHT.grid}; }} .frame {{ stroke: {LIGHT.frame}; fill: none; }}
.chance {{ stroke: {LIGHT.muted}; stroke-dasharray: 1.5 3; fill: none; }}
.stop {{ stroke: {LIGHT.muted}; stroke-width: 1.2; stroke-dasharray: 4 4; fill: none; }}
.boundary {{ fill: none; stroke: {LIGHT.muted}; stroke-width: 1.4; stroke-dasharray: 5 4; }}
.dots {{ fill: none; stroke-width: 5.4; stroke-linecap: round; }}
.dots.inlier {{ stroke-width: 4; opacity: 0.6; }} .dots.inlier.many {{ stroke-width: 3; opacity: 0.45; }}
.dots.rim {{ stroke-width: 7; }} .crosses {{ fill: none; stroke-width: 2.2; }} .crosses.rim {{ stroke-width: 4; }}
"""


@dataclass(frozen=True, eq=False)
class RaceLane:
    """One set-up: its ``name``, lines that say its result (``told``, two at most), and what is drawn of it."""

    name: str
    told: Sequence[str]
    plane: figures.PlaneInfo
    curves: figures.CurvesInfo


def race_picture(title: str, lanes: Sequence[RaceLane], shared: Mapping[str, Any]) -> bytes:
    """The SVG, UTF-8. ``shared``: hyperparameters that are the same for all ``lanes``, as words, for the fine print.

    Same content, same bytes.
    """
    width = 2 * EDGE + COLUMN * len(lanes)
    # A name and its value stay on one line.
    pairs = ", ".join(f"{name} {value}".replace(" ", "~") for name, value in shared.items())
    fine = [line.replace("~", " ") for line in textwrap.wrap(pairs, int(FINE * width), break_on_hyphens=False)]
    heading = textwrap.wrap(title, int(LARGE * width))
    parts = [_text(EDGE, 40 + 26 * row, line, "title") for row, line in enumerate(heading)]
    top = 36 + 26.0 * len(heading)
    parts.append(_key(lanes[0].plane, top))
    bottoms = [
        _lane(parts, lane, EDGE + COLUMN * place, top, figures.LETTERS[place]) for place, lane in enumerate(lanes)
    ]
    bottom = max(bottoms) + 20
    parts += [
        _text(EDGE, bottom + 16 * row, line, "label")
        for row, line in enumerate(["The same for all:", *fine, figures.plane_caption(lanes[0].plane)])
    ]
    height = bottom + 16 * (len(fine) + 2)
    page = tag("rect", width="100%", height="100%", fill="#ffffff")
    picture = tag(
        "svg", tag("title", title), Html(f"<style>{_STYLE}</style>"), page, join(parts),
        xmlns="http://www.w3.org/2000/svg", viewBox=f"0 0 {number(width)} {number(height)}",
        width=number(width), height=number(height),
    )  # fmt: skip
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{picture}\n'.encode()


def _lane(parts: list[Html], lane: RaceLane, left: float, top: float, letter: str) -> float:
    """Draw a set-up from ``left`` and ``top`` on; returns where it ends."""
    parts.append(_text(left, top + 30, f"{letter}  {lane.name}", "name"))
    parts += [_text(left, top + 50 + 18 * row, words, "told") for row, words in enumerate(lane.told)]
    drawings = [("", plane_drawing(lane.plane, letter, PLANE, both=False))]
    drawings.append(("Losses of D and G", losses_drawing(lane.curves.losses, COLUMN - 10, LOSSES)))
    if lane.curves.auc is not None:
        drawings.append(("ROC-AUC", auc_drawing(lane.curves.auc, COLUMN - 10, AUC)))
    top += 42 + 18 * max(len(lane.told), 2)
    for heading, drawing in drawings:
        if heading:
            top += 14
            parts.append(_text(left + 14, top, heading, "label"))
        parts.append(_placed(drawing, left, top))
        top += drawing.height
    return top


def _placed(drawing: Drawing, left: float, top: float) -> Html:
    box = {"x": number(left), "y": number(top), "width": number(drawing.width), "height": number(drawing.height)}
    view = f"0 0 {number(drawing.width)} {number(drawing.height)}"
    return tag("svg", *drawing.parts, viewBox=view, overflow="visible", aria_label=drawing.alt, role="img", **box)


def _text(x: float, y: float, words: str, class_: str) -> Html:
    return tag("text", words, x=number(x), y=number(y), class_=class_)


def _key(info: figures.PlaneInfo, y: float) -> Html:
    signs = [("inlier", "●", "real inliers" if info.scene.labelled else "real points")]
    signs += [("outlier", "✖", "real outliers")] if info.scene.labelled else []
    signs += [("generated", "●", "potential outliers")] if info.heat is not None else []
    signs += [("", "╌╌", "D = 0.5")] if info.heat is not None else []
    spans = [
        join(tag("tspan", sign, class_=f"sign {class_}", dx="12" if place else None), f" {words}")
        for place, (class_, sign, words) in enumerate(signs)
    ]
    return tag("text", *spans, x=number(EDGE), y=number(y))
