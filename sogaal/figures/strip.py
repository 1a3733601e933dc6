"""Where the seeds of each set-up end: a dot for each, over the box of their quartiles."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from sogaal.figures.overlay import LETTERS, colour_of, faded
from sogaal.figures.spec import Spec, to_figure
from sogaal.figures.theme import axis, base_layout, label, theme

FloatArray = npt.NDArray[np.float32]

ROW_HEIGHT = 92
# Dots of one set-up stand in so many lines, by the order of their values: neighbours never cover each other.
LINES = 5


@dataclass(frozen=True)
class StripRow:
    """A set-up: the AUCs of its ``seeds`` (m,), their ``ids``, which a click hands back, and ``reference``: lowest,
    mean and highest as they were measured elsewhere, or None."""

    name: str
    values: Sequence[float]
    seeds: Sequence[int]
    ids: Sequence[int]
    reference: tuple[float, float, float] | None = None


@dataclass(frozen=True, eq=False)
class StripInfo:
    """Rows from the top; for each the dots (x (m,), y (m,) float32 in rows), and its quantiles (5,), NaN if empty."""

    rows: tuple[StripRow, ...]
    x: tuple[FloatArray, ...]
    y: tuple[FloatArray, ...]
    quantiles: tuple[FloatArray, ...]
    low: float
    mark: tuple[float, str] | None


def strip_info(rows: Sequence[StripRow], *, mark: tuple[float, str] | None = None) -> StripInfo:
    """What is drawn; ``mark``: a value worth knowing on the axis, and its name."""
    xs, ys, quantiles = [], [], []
    for number, row in enumerate(rows):
        x = np.asarray(row.values, dtype=np.float32)
        rank = np.argsort(np.argsort(x, kind="stable"), kind="stable")
        y = number + 0.13 * (rank % LINES - (LINES - 1) / 2) * (2 * (rank // LINES % 2) - 1)
        xs.append(x)
        ys.append(np.asarray(y, dtype=np.float32))
        levels = np.quantile(x, [0, 0.25, 0.5, 0.75, 1]) if len(x) else np.full(5, np.nan)
        quantiles.append(np.asarray(levels, dtype=np.float32))
    seen = [float(x.min()) for x in xs if len(x)] + [row.reference[0] for row in rows if row.reference]
    seen += [mark[0]] if mark else []
    low = max(0.0, np.floor(10 * min([0.5, *seen]) - 0.3) / 10)
    return StripInfo(tuple(rows), tuple(xs), tuple(ys), tuple(quantiles), float(low), mark)


def strip_spec(info: StripInfo, *, dark: bool = False, revision: str = "", click: str = "click to open") -> Spec:
    """A row for each set-up over one AUC axis; ``click``: what a click on a dot does, empty if nothing."""
    colours, layout = theme(dark), base_layout(dark, revision)
    shapes: list[dict[str, Any]] = [_line(0.5, colours.muted, "dot")]
    texts = []
    if info.mark:
        shapes.append(_line(info.mark[0], colours.outlier, "4px,4px"))
        place: dict[str, Any] = {"yref": "paper", "xanchor": "left", "yanchor": "bottom", "yshift": 2}
        texts.append(label(info.mark[1], info.mark[0], 1, colours.outlier, xref="x", **place))
    for number, row in enumerate(info.rows):
        if row.reference is not None:
            shapes += _bracket(row.reference, number, colours.muted)
            # Away from the edge that the bracket is nearer to.
            right = row.reference[1] > (info.low + 1) / 2
            place = {"xref": "x", "yref": "y", "xanchor": "right" if right else "left", "yanchor": "top", "yshift": -3}
            text = label("measured before", row.reference[2 if right else 0], number + 0.4, colours.muted, **place)
            texts.append(text | {"font": {"size": 11, "color": colours.muted}})
    names = [f"<b>{LETTERS[number]}</b>" for number in range(len(info.rows))]
    layout |= {
        "margin": {"l": 30, "r": 16, "t": 24, "b": 40},
        "hovermode": "closest",
        "xaxis": axis(colours, title="ROC-AUC", range=[info.low, 1.015]),
        "yaxis": axis(
            colours, range=[len(info.rows) - 0.45, -0.5], tickvals=list(range(len(names))), ticktext=names,
            showgrid=False, fixedrange=True,
        ),
        "shapes": shapes,
        "annotations": texts,
    }  # fmt: skip
    boxes = [_box(info, number, dark) for number in range(len(info.rows))]
    return {"data": [*boxes, *[_dots(info, number, dark, click) for number in range(len(info.rows))]], "layout": layout}


def _line(x: float, colour: str, dash: str) -> dict[str, Any]:
    line = {"width": 1, "color": colour, "dash": dash}
    return {"type": "line", "layer": "below", "xref": "x", "yref": "paper", "x0": x, "x1": x, "y0": 0, "y1": 1} | {
        "line": line
    }


def _bracket(reference: tuple[float, float, float], number: int, colour: str) -> list[dict[str, Any]]:
    low, mean, high = reference
    common = {"type": "line", "xref": "x", "yref": "y", "line": {"width": 1.5, "color": colour}}
    y, end = number + 0.4, 0.045
    across = [{**common, "x0": low, "x1": high, "y0": y, "y1": y}]
    return across + [{**common, "x0": x, "x1": x, "y0": y - end, "y1": y + end} for x in (low, mean, high)]


def _box(info: StripInfo, number: int, dark: bool) -> dict[str, Any]:
    """The middle half of the seeds, with a line at the median."""
    _, lower, median, upper, _ = (float(value) for value in info.quantiles[number])
    top, bottom = number - 0.34, number + 0.34
    x = np.array([lower, upper, upper, lower, lower, np.nan, median, median], dtype=np.float32)
    y = np.array([top, top, bottom, bottom, top, np.nan, top, bottom], dtype=np.float32)
    colour = colour_of(number, dark)
    return {
        "type": "scatter",
        "mode": "lines",
        "name": "the middle half",
        "x": x if np.isfinite(median) else x[:0],
        "y": y if np.isfinite(median) else y[:0],
        "fill": "toself",
        "fillcolor": faded(colour, 0.14),
        "line": {"width": 1.6, "color": colour},
        "hoverinfo": "skip",
    }


def _dots(info: StripInfo, number: int, dark: bool, click: str) -> dict[str, Any]:
    row, last = info.rows[number], f"<br>{click}" if click else ""
    return {
        "type": "scatter",
        "mode": "markers",
        "name": row.name,
        "x": info.x[number],
        "y": info.y[number],
        "customdata": np.asarray(row.ids, dtype=np.int32),
        "text": [f"seed {seed}" for seed in row.seeds],
        "marker": {"size": 9, "color": colour_of(number, dark), "line": {"width": 1, "color": theme(dark).edge}},
        "hovertemplate": f"<b>{LETTERS[number]}</b> %{{text}}<br>AUC %{{x:.4f}}{last}<extra></extra>",
        "cliponaxis": False,
    }


def strip_figure(info: StripInfo, *, dark: bool = False) -> go.Figure:
    """:func:`strip_spec` as a plotly figure."""
    return to_figure(strip_spec(info, dark=dark))


def strip_caption(info: StripInfo) -> str:
    """How to read the dots, in one line."""
    text = "A dot is a seed, the box the middle half of them, the line their median. A click on a dot opens that run."
    return text + (
        " Grey: lowest, mean and highest of five seeds measured before." if any(r.reference for r in info.rows) else ""
    )
