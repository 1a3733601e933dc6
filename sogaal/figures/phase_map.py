"""A map of two hyperparameters: in each cell how well D ranks, or what went wrong."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from sogaal.figures.spec import Spec, to_figure
from sogaal.figures.theme import axis, base_layout, theme

# From a reversed ranking over guessing, which is neutral, to a perfect one: the outliers' hue to the AUC's.
_AUC_LIGHT = ((0.0, "#B4560F"), (0.25, "#EFBB88"), (0.5, "#F6F5F4"), (0.75, "#E2B3CD"), (1.0, "#9C3F76"))
_AUC_DARK = ((0.0, "#E58F4B"), (0.25, "#80502E"), (0.5, "#272D34"), (0.75, "#7A4766"), (1.0, "#E7A3CA"))
SEVERITIES = ("failure", "warning", "note", "good")
_KIND_LIGHT = ("#E59A63", "#F6D9A8", "#DADFE4", "#8FC3E8")
_KIND_DARK = ("#B4602A", "#7D6230", "#3B444E", "#1F6395")


@dataclass(frozen=True)
class MapCell:
    """What is known of a cell: ``value``: the AUC (None: there is none), ``kind``: the number of its finding in the
    key and its ``severity``; ``hover``: what the pointer says, in lines."""

    value: float | None
    kind: int | None
    severity: str
    hover: str


@dataclass(frozen=True, eq=False)
class PhaseMapInfo:
    """``z`` (rows, columns) float32, NaN where nothing has ended; ``text`` and ``hover`` alike; ``across`` and ``up``:
    title and labels of the sides. ``by``: "auc" or "kind"."""

    z: npt.NDArray[np.float32]
    text: list[list[str]]
    hover: list[list[str]]
    across: tuple[str, tuple[str, ...]]
    up: tuple[str, tuple[str, ...]]
    by: str
    done: int


def phase_map_info(
    cells: Sequence[MapCell | None],
    across: tuple[str, Sequence[str]],
    up: tuple[str, Sequence[str]],
    *,
    by: str = "auc",
) -> PhaseMapInfo:
    """What is drawn of ``cells``, row after row from the lowest; ``across`` and ``up``: title and labels."""
    rows, columns = len(up[1]), len(across[1])
    if len(cells) != rows * columns:
        raise ValueError(f"cells must be {rows} x {columns}, got {len(cells)}.")
    z = np.full((rows, columns), np.nan, dtype=np.float32)
    text = [[""] * columns for _ in range(rows)]
    hover = [[""] * columns for _ in range(rows)]
    for number, cell in enumerate(cells):
        if cell is None:
            continue
        row, column = divmod(number, columns)
        hover[row][column] = cell.hover
        if by == "kind" and cell.kind is not None:
            z[row, column], text[row][column] = SEVERITIES.index(cell.severity), str(cell.kind)
        if by == "auc":
            text[row][column] = "–" if cell.value is None else _short(cell.value)
            if cell.value is not None:
                z[row, column] = cell.value
    done = sum(cell is not None for cell in cells)
    return PhaseMapInfo(z, text, hover, (across[0], tuple(across[1])), (up[0], tuple(up[1])), by, done)


def _short(value: float) -> str:
    """Two digits; 1 only where it is 1."""
    return "1" if value == 1 else f"{min(value, 0.99) if value >= 0.99 else value:.2f}".removeprefix("0")


def phase_map_spec(info: PhaseMapInfo, *, dark: bool = False, revision: str = "") -> Spec:
    """Cells of one size, whatever the steps between their values."""
    colours, layout = theme(dark), base_layout(dark, revision)
    look = {"showgrid": False, "fixedrange": True}
    rows, columns = info.z.shape
    layout |= {
        "margin": {"l": 66, "r": 70 if info.by == "auc" else 16, "t": 12, "b": 52},
        "hovermode": "closest",
        "dragmode": False,
        "xaxis": axis(
            colours,
            title=info.across[0],
            tickvals=list(range(columns)),
            ticktext=list(info.across[1]),
            range=[-0.5, columns - 0.5],
            **look,
        ),
        "yaxis": axis(
            colours,
            title=info.up[0],
            tickvals=list(range(rows)),
            ticktext=list(info.up[1]),
            range=[-0.5, rows - 0.5],
            **look,
        ),
    }
    return {"data": [_cells(info, dark)], "layout": layout}


def _cells(info: PhaseMapInfo, dark: bool) -> dict[str, Any]:
    colours = theme(dark)
    rows, columns = info.z.shape
    bar = {
        "title": {"text": "AUC", "side": "top", "font": {"size": 12, "color": colours.muted}},
        "thickness": 10,
        "len": 0.8,
        "x": 1.01,
        "outlinewidth": 0,
        "tickvals": [0, 0.5, 1],
        "tickfont": {"size": 12, "color": colours.muted},
    }
    scale: list[list[Any]]
    if info.by == "auc":
        scale = [list(stop) for stop in (_AUC_DARK if dark else _AUC_LIGHT)]
    else:
        four = _KIND_DARK if dark else _KIND_LIGHT
        scale = [[place, four[i]] for i in range(4) for place in (i / 4, (i + 1) / 4)]
    ends = (0, 1) if info.by == "auc" else (-0.5, 3.5)
    return {
        "type": "heatmap",
        "x": np.arange(columns, dtype=np.uint8),
        "y": np.arange(rows, dtype=np.uint8),
        "z": info.z,
        "zmin": ends[0],
        "zmax": ends[1],
        "xgap": 2,
        "ygap": 2,
        "colorscale": scale,
        "showscale": info.by == "auc",
        "colorbar": bar,
        "text": info.text,
        "texttemplate": "%{text}",
        "textfont": {"size": 12},
        "customdata": np.arange(rows * columns, dtype=np.int32).reshape(rows, columns),
        "hovertext": info.hover,
        "hovertemplate": "%{hovertext}<extra></extra>",
        "hoverongaps": False,
    }


def phase_map_figure(info: PhaseMapInfo, *, dark: bool = False) -> go.Figure:
    """:func:`phase_map_spec` as a plotly figure."""
    return to_figure(phase_map_spec(info, dark=dark))


def phase_map_caption(info: PhaseMapInfo) -> str:
    """How to read the map, in one line."""
    if info.by == "kind":
        return "Numbers name the main finding of most seeds (key below); orange failure, yellow warning, blue good."
    return "In each cell the AUC of its median seed: 1 finds all outliers, .50 is guessing, below it is reversed."
