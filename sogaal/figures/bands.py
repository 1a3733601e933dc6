"""The courses of set-ups over many seeds: a median in a band of quartiles in a band from lowest to highest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from sogaal.figures.losses import LN2, loss_ticks
from sogaal.figures.overlay import LETTERS, colour_of, dash_of, faded, legend, lettered
from sogaal.figures.spec import Spec, to_figure
from sogaal.figures.stack import End, Panel, stack
from sogaal.figures.theme import theme
from sogaal.figures.thin import nice_ceiling

FloatArray = npt.NDArray[np.float32]
Columns = Mapping[str, npt.NDArray[np.generic]]

MEASURES = {"d_loss": ("step", "D's loss"), "g_loss": ("step", "G's loss"), "auc": ("eval_step", "ROC-AUC")}
QUANTILES = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True, eq=False)
class Band:
    """A set-up in one panel over ``x`` (p,): ``levels`` (5, p) lowest, quartiles with the median between, highest."""

    number: int
    name: str
    members: int
    x: FloatArray
    levels: FloatArray


@dataclass(frozen=True, eq=False)
class BandsInfo:
    """Bands by measure (keys of :data:`MEASURES`); ``end``: the last step of all; ``stop``: where G stops, None if
    that is not one step for all set-ups."""

    panels: dict[str, tuple[Band, ...]]
    end: int
    stop: int | None


def bands_info(groups: Sequence[tuple[str, Sequence[Columns]]], *, end: int, stop: int | None = None) -> BandsInfo:
    """What is drawn of set-ups, each a name and the histories of its seeds: columns by name, with "step" and
    "eval_step". Histories that end early (diverged) are left out of the bands."""
    panels = {}
    for measure, (axis, _) in MEASURES.items():
        bands = [_band(number, name, histories, measure, axis) for number, (name, histories) in enumerate(groups)]
        found = tuple(band for band in bands if band is not None)
        if found or measure != "auc":
            panels[measure] = found
    return BandsInfo(panels, end, stop)


def _band(number: int, name: str, histories: Sequence[Columns], measure: str, axis: str) -> Band | None:
    whole = max((len(columns[measure]) for columns in histories), default=0)
    lines = [columns for columns in histories if len(columns[measure]) == whole]
    if not whole or not np.isfinite(np.asarray(lines[0][measure], dtype=np.float64)).any():
        return None
    values = np.stack([np.asarray(columns[measure], dtype=np.float64) for columns in lines])
    x = np.asarray(lines[0][axis], dtype=np.float32)
    return Band(number, name, len(lines), x, np.quantile(values, QUANTILES, axis=0).astype(np.float32))


# -- drawing -----------------------------------------------------------------------------------------------------------


def bands_spec(info: BandsInfo, *, dark: bool = False, revision: str = "") -> Spec:
    """The panels over one step axis, under a legend in which a click hides a set-up."""
    panels = [_panel(measure, bands, dark) for measure, bands in info.panels.items()]
    spec = stack(panels, last_step=info.end, total_steps=info.end, stop_step=info.stop, dark=dark, revision=revision)
    layout, names = spec["layout"], len(info.panels["d_loss"])
    named, room = legend(names, names)  # a name with its count of seeds needs a line
    layout["legend"] = named | {"font": {"size": 12, "color": theme(dark).ink}}
    layout |= {"showlegend": True, "hoversubplots": "single", "margin": layout["margin"] | {"t": 30 + room, "r": 78}}
    return spec


def _panel(measure: str, bands: Sequence[Band], dark: bool) -> Panel:
    if measure == "auc":
        low, high, ticks = 0.0, 1.025, [0.0, 0.5, 1.0]
    else:
        # The usual of the upper quartiles, so that one seed's peak does not flatten all the rest.
        tops = [float(np.quantile(band.levels[3], 0.97)) for band in bands]
        low, high = 0.0, nice_ceiling([1.5 * top for top in tops])
        ticks = loss_ticks(high)
    ends = [
        End(f"<b>{LETTERS[band.number]}</b> {band.levels[2, -1]:.3f}", float(band.levels[2, -1]), _colour(band, dark))
        for band in bands
    ]
    return Panel(
        title=f"<b>{MEASURES[measure][1]}</b>",
        traces=[trace for band in bands for trace in _traces(band, measure, dark)],
        low=low,
        high=high,
        ticks=ticks,
        references=[(0.5, "0.5")] if measure == "auc" else [(LN2, "ln 2")],
        ends=ends,
        weight=1.4 if measure == "auc" else 1.0,
    )


def _colour(band: Band, dark: bool) -> str:
    return colour_of(band.number, dark)


def _traces(band: Band, measure: str, dark: bool) -> list[dict[str, Any]]:
    colour, group = _colour(band, dark), f"setup{band.number}"
    common = {"type": "scatter", "mode": "lines", "legendgroup": group, "showlegend": False}
    across = np.concatenate([band.x, band.x[::-1]])
    shapes = [
        {
            **common,
            "name": name,
            "x": across,
            "y": np.concatenate([band.levels[high], band.levels[low][::-1]]),
            "fill": "toself",
            "fillcolor": faded(colour, opacity),
            "line": {"width": 0},
            "hoverinfo": "skip",
        }
        for low, high, opacity, name in ((0, 4, 0.10, "lowest to highest"), (1, 3, 0.24, "quartiles"))
    ]
    median = {
        **common,
        "name": f"{lettered(band.number, band.name)} ({band.members} {'seed' if band.members == 1 else 'seeds'})",
        "x": band.x,
        "y": np.ascontiguousarray(band.levels[2]),
        "line": {"width": 2, "color": colour, "dash": dash_of(band.number), "simplify": False},
        "showlegend": measure == "d_loss",
        "hovertemplate": f"<b>{LETTERS[band.number]}</b> median %{{y:.3f}}<extra></extra>",
    }
    return [*shapes, median]


def bands_figure(info: BandsInfo, *, dark: bool = False) -> go.Figure:
    """:func:`bands_spec` as a plotly figure."""
    return to_figure(bands_spec(info, dark=dark))


def bands_caption(info: BandsInfo) -> str:
    """How to read the bands, in one line."""
    if max((band.members for bands in info.panels.values() for band in bands), default=0) < 2:
        return "One seed so far, so there is no spread yet."
    return "Lines: medians over the seeds. Dark bands: the middle half of the seeds; light bands: lowest to highest."
