"""Panels over one another with one shared x-axis of steps: zoom in one and all move."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sogaal.figures.spec import Spec
from sogaal.figures.theme import Theme, axis, base_layout, label, theme

TOP, BOTTOM, RIGHT = 28, 40, 66
# Between panels, as a share of the figure's inside; a heading and its descenders want so many pixels.
GAP, GAP_PIXELS = 0.115, 26
# Pixels of a figure whose height is not said.
HEIGHT = 520


@dataclass(frozen=True, eq=False)
class Line:
    """A thinned line: ``steps`` and ``values`` (p,) and its last value (None when there is none yet)."""

    steps: npt.NDArray[np.generic]
    values: npt.NDArray[np.float32]
    last: float | None


@dataclass(frozen=True)
class End:
    """The text that stands at the right end of a line: ``text`` at height ``y`` in ``colour``."""

    text: str
    y: float
    colour: str


@dataclass(frozen=True)
class Panel:
    """One of the stacked plots. ``references``: heights of thin dashed lines, each with the text of its tick."""

    title: str
    traces: Sequence[dict[str, Any]]
    low: float
    high: float
    ticks: Sequence[float]
    references: Sequence[tuple[float, str]] = ()
    ends: Sequence[End] = ()
    weight: float = 1.0


def line_trace(line: Line, name: str, colour: str, *, width: float = 1.6, **changes: Any) -> dict[str, Any]:
    """A trace for a thinned line in the common look."""
    look = {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": line.steps,
        "y": line.values,
        "line": {"width": width, "color": colour, "simplify": False},
        "hovertemplate": "%{y:.3f}",
    }
    return {**look, **changes}


def _domains(weights: Sequence[float], inside: float) -> list[tuple[float, float]]:
    """Where the panels lie in paper units, top panel first, in a figure of ``inside`` pixels without its margins."""
    gap = max(GAP, GAP_PIXELS / inside)
    room = 1 - gap * (len(weights) - 1)
    top, domains = 1.0, []
    for weight in weights:
        height = room * weight / sum(weights)
        domains.append((max(top - height, 0.0), top))
        top -= height + gap
    return domains


def _ticks(panel: Panel, tall: float) -> tuple[list[float], list[str]]:
    """The ticks of a panel ``tall`` pixels high, with the reference's own among them.

    A number that would touch the reference or the number below it gives way.
    """
    room = max(0.075, 15 / tall) * (panel.high - panel.low)
    marks = {height: text for height, text in panel.references if text}
    for tick in panel.ticks:
        if all(abs(tick - height) > room for height in marks):
            marks[tick] = f"{tick:g}"
    heights = sorted(marks)
    return heights, [marks[height] for height in heights]


def spread_out(ends: Sequence[End], low: float, high: float, gap: float) -> list[End]:
    """The ends from the lowest up, moved apart to at least ``gap`` and kept between ``low`` and ``high``."""
    placed: list[End] = []
    for end in sorted(ends, key=lambda e: e.y):
        y = min(max(end.y, low), high)
        placed.append(End(end.text, max(y, placed[-1].y + gap) if placed else y, end.colour))
    for i in range(len(placed) - 1, -1, -1):
        ceiling = high if i == len(placed) - 1 else placed[i + 1].y - gap
        placed[i] = End(placed[i].text, min(placed[i].y, ceiling), placed[i].colour)
    return placed


def _end_labels(panel: Panel, number: int, last_step: int, tall: float) -> list[dict[str, Any]]:
    yref = "y" if number == 1 else f"y{number}"
    gap = 17 / tall * (panel.high - panel.low)
    ends = spread_out(panel.ends, panel.low, panel.high, gap)
    return [label(end.text, last_step, end.y, end.colour, xref="x", yref=yref, xshift=5) for end in ends]


def _rule(**place: Any) -> dict[str, Any]:
    return {"type": "line", "layer": "below", **place}


def _stop_mark(
    stop_step: int, total_steps: int, domains: Sequence[tuple[float, float]], colours: Theme
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    line = {"width": 1.2, "color": colours.muted, "dash": "4px,4px"}
    # One in each panel, so that none runs through a heading.
    rules = [_rule(xref="x", yref="paper", x0=stop_step, x1=stop_step, y0=a, y1=b, line=line) for a, b in domains]
    side, shift = ("left", 2) if stop_step < 0.85 * total_steps else ("right", -2)
    text = label("G stops", stop_step, 1, colours.muted, xref="x", xanchor=side, yanchor="top", xshift=shift, yshift=4)
    return rules, text


def stack(
    panels: Sequence[Panel],
    *,
    last_step: int,
    total_steps: int,
    stop_step: int | None,
    dark: bool = False,
    revision: str = "",
    height: int = HEIGHT,
) -> Spec:
    """The panels from top to bottom over one x-axis from 0 to ``total_steps``; a mark where G stops crosses all.

    ``height``: pixels of the figure, by which numbers and texts are kept apart.
    """
    colours, layout = theme(dark), base_layout(dark, revision)
    domains = _domains([panel.weight for panel in panels], height - TOP - BOTTOM)
    traces: list[dict[str, Any]] = []
    shapes: list[dict[str, Any]] = []
    texts: list[dict[str, Any]] = []
    dotted = {"width": 1, "color": colours.muted, "dash": "dot"}
    for number, (panel, (bottom, top)) in enumerate(zip(panels, domains, strict=True), start=1):
        yref = "y" if number == 1 else f"y{number}"
        tall = (top - bottom) * (height - TOP - BOTTOM)
        heights, words = _ticks(panel, tall)
        layout["yaxis" if number == 1 else f"yaxis{number}"] = axis(
            colours, domain=[bottom, top], range=[panel.low, panel.high], tickvals=heights, ticktext=words, anchor="x"
        )
        traces += [{**trace, "xaxis": "x", "yaxis": yref} for trace in panel.traces]
        texts.append(label(panel.title, 0, top, colours.muted, yanchor="bottom", xshift=-30, yshift=6))
        texts += _end_labels(panel, number, last_step, tall)
        shapes += [_rule(xref="paper", yref=yref, x0=0, x1=1, y0=y, y1=y, line=dotted) for y, _ in panel.references]
    if stop_step is not None and 0 < stop_step < total_steps:
        rules, text = _stop_mark(stop_step, total_steps, domains, colours)
        shapes += rules
        texts.append(text)
    # Opaque, and of the colour of the page: plotly draws it around the pointer's line.
    layout |= {
        "plot_bgcolor": colours.edge,
        "margin": {"l": 44, "r": RIGHT, "t": TOP, "b": BOTTOM},
        "hovermode": "x unified",
        "hoversubplots": "axis",
        "xaxis": axis(
            colours,
            title="step",
            range=[0, max(total_steps, last_step, 1)],
            anchor="y" if len(panels) == 1 else f"y{len(panels)}",
            nticks=7,
            hoverformat=",d",
            unifiedhovertitle={"text": "step %{x:,d}"},
            showspikes=True,
            spikemode="across",
            spikethickness=1,
            spikedash="solid",
            spikecolor=colours.frame,
        ),
        "shapes": shapes,
        "annotations": texts,
    }
    return {"data": traces, "layout": layout}
