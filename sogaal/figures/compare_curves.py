"""Losses, AUC and spread of several runs over one another: each measure a panel, each run a line through all."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, log10
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from sogaal.figures.losses import LN2, loss_ticks
from sogaal.figures.overlay import (
    LETTERS,
    MAX_RUNS,
    DoubleArray,
    Smoothing,
    colour_of,
    dash_of,
    faded,
    legend,
    lettered,
    smooth,
)
from sogaal.figures.spec import Spec, to_figure
from sogaal.figures.stack import End, Panel, stack
from sogaal.figures.theme import label, theme
from sogaal.figures.thin import nice_ceiling, thin
from sogaal.history import HistoryView

XAxis = Literal["step", "epoch", "time"]
FloatArray = npt.NDArray[np.float32]

TITLES = {"d_loss": "D's loss", "g_loss": "G's loss", "auc": "ROC-AUC", "spread": "Spread of G(z)"}
X_TITLES = {"step": "step", "epoch": "epoch", "time": "seconds of training"}
LOSSES = ("d_loss", "g_loss")
POINTS = 400
BAND_POINTS = 240
# Characters, markup counted, of which two fit beside each other on a narrow page.
SHORT_NAME = 36


@dataclass(frozen=True, eq=False)
class ComparedRun:
    """A run to compare. ``batches``: steps an epoch. ``times``: (steps int64 (m,), seconds float64 (m,)), both rising,
    or None where nobody measured. ``group``: runs of one group differ by their ``seed`` at most; "" stands alone."""

    name: str
    history: HistoryView
    batches: int
    times: tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]] | None = None
    group: str = ""
    seed: int = 0


@dataclass(frozen=True, eq=False)
class OverlayLine:
    """A run, or the mean of a group of ``members`` with different ``seeds``, in one panel: thinned ``x`` and ``y``
    (p,), the raw line behind (None where nothing is smoothed), ``band`` (x, lowest, highest) of a group, and the last
    value."""

    number: int
    name: str
    members: int
    seeds: tuple[int, ...]
    x: FloatArray
    y: FloatArray
    raw: tuple[FloatArray, FloatArray] | None
    band: tuple[FloatArray, FloatArray, FloatArray] | None
    last: float | None


@dataclass(frozen=True, eq=False)
class CompareCurvesInfo:
    """Lines by measure (keys of :data:`TITLES`), all over ``axis`` up to ``end``; ``cut``: names of groups whose
    members differ in length, drawn as far as all reach."""

    panels: dict[str, tuple[OverlayLine, ...]]
    axis: XAxis
    end: float
    log: bool
    span: int
    cut: tuple[str, ...]


def compare_curves_info(
    runs: Sequence[ComparedRun],
    *,
    axis: XAxis = "step",
    span: int = 1,
    method: Smoothing = "exponential",
    log: bool = False,
) -> CompareCurvesInfo:
    """What is drawn of up to eight runs; ``span``: steps to smooth over (1: none), ``log``: losses on a log axis.

    On the axis "time" a run whose times nobody measured is left out. ValueError for more than eight runs.
    """
    if len(runs) > MAX_RUNS:
        raise ValueError(f"runs must be at most {MAX_RUNS}, got {len(runs)}.")
    groups = grouped([run.group for run in runs])
    bundles = [[runs[i] for i in group] for group in groups]
    labelled = [run.history.has_labels for run in runs]
    measures = [*LOSSES, *(["auc"] if any(labelled) else []), *([] if runs and all(labelled) else ["spread"])]
    panels = {
        measure: tuple(
            line
            for number, bundle in enumerate(bundles)
            if (line := _line(number, bundle, measure, axis, span, method)) is not None
        )
        for measure in measures
    }
    ends = [float(line.x[-1]) for lines in panels.values() for line in lines if len(line.x)]
    cut = tuple(bundle[0].name for bundle in bundles if len({run.history.steps for run in bundle}) > 1)
    return CompareCurvesInfo(panels, axis, max(ends, default=1.0), log, span, cut)


def grouped(keys: Sequence[str]) -> list[list[int]]:
    """Places by group, in the order of the first of each; an empty key is a group of its own."""
    found: dict[object, list[int]] = {}
    for place, key in enumerate(keys):
        found.setdefault(key or place, []).append(place)
    return list(found.values())


# -- from histories to lines ---------------------------------------------------------------------------------------


def _line(
    number: int, bundle: Sequence[ComparedRun], measure: str, axis: XAxis, span: int, method: Smoothing
) -> OverlayLine | None:
    columns = [_column(run, measure, axis) for run in bundle]
    length = min(len(x) for x, _ in columns)
    if length == 0 or not any(np.isfinite(y[:length]).any() for _, y in columns):
        return None
    x = np.mean([x[:length] for x, _ in columns], axis=0)
    rows_a_step = 1.0 if measure in LOSSES else length / max(int(bundle[0].history.eval_step[length - 1]), 1)
    raw = np.stack([y[:length] for _, y in columns])
    smoothed = np.stack([smooth(y, span * rows_a_step, method) for y in raw])
    mean, raw_mean = smoothed.mean(axis=0), raw.mean(axis=0, dtype=np.float64)
    rows, behind = thin(mean, POINTS), thin(raw_mean, POINTS)
    if not len(rows):
        return None
    return OverlayLine(
        number=number,
        name=bundle[0].name,
        members=len(bundle),
        seeds=tuple(dict.fromkeys(run.seed for run in bundle)),
        x=x[rows].astype(np.float32),
        y=mean[rows].astype(np.float32),
        raw=None if span <= 1 else (x[behind].astype(np.float32), raw_mean[behind].astype(np.float32)),
        band=_band(x, smoothed) if len(bundle) > 1 else None,
        last=float(mean[rows[-1]]),
    )


def _band(x: DoubleArray, lines: DoubleArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Lowest and highest of the lines (members, m), over stretches of equal length where there are many rows."""
    starts = np.arange(0, len(x), max(1, -(-len(x) // BAND_POINTS)))
    low = np.minimum.reduceat(lines.min(axis=0), starts)
    high = np.maximum.reduceat(lines.max(axis=0), starts)
    middle = np.add.reduceat(x, starts) / np.diff(np.append(starts, len(x)))
    middle[0], middle[-1] = x[0], x[-1]
    finite = np.isfinite(low) & np.isfinite(high)
    return tuple(part[finite].astype(np.float32) for part in (middle, low, high))  # type: ignore[return-value]


def _column(run: ComparedRun, measure: str, axis: XAxis) -> tuple[DoubleArray, npt.NDArray[np.floating]]:
    """A measure and where on the axis it stands; nothing where the axis is time and nobody measured it."""
    values: npt.NDArray[np.floating] = getattr(run.history, measure)
    by_step = measure in LOSSES
    steps = np.arange(1, run.history.steps + 1) if by_step else run.history.eval_step
    if axis == "step":
        return steps.astype(np.float64), values
    if axis == "epoch":
        return steps / max(run.batches, 1), values
    if run.times is None or len(run.times[0]) == 0:
        return np.zeros(0), values[:0]
    at, seconds = (np.concatenate([np.zeros(1), part]) for part in run.times)
    # Beyond the last measured step nobody knows the time.
    known = int(np.searchsorted(steps, at[-1], side="right"))
    return np.interp(steps[:known], at, seconds), values[:known]


# -- drawing -------------------------------------------------------------------------------------------------------


def _panel(measure: str, info: CompareCurvesInfo, dark: bool) -> Panel:
    lines = info.panels[measure]
    log = info.log and measure in LOSSES
    low, high, ticks = _scale(measure, lines, log)
    ends = [
        End(f"<b>{LETTERS[line.number]}</b> {line.last:.3f}", _height(line.last, log), colour_of(line.number, dark))
        for line in lines
        if line.last is not None
    ]
    references = {"d_loss": [(LN2, "ln 2")], "g_loss": [(LN2, "ln 2")], "auc": [(0.5, "0.5")] if low < 0.5 else []}
    return Panel(
        title=f"<b>{TITLES[measure]}</b>{' (logarithmic)' if log else ''}",
        traces=[trace for line in lines for trace in _traces(line, measure, dark)],
        low=low,
        high=high,
        ticks=ticks,
        references=[] if log else references.get(measure, []),
        ends=ends,
        weight=1.2 if measure in LOSSES else 1.0,
    )


def _height(value: float, log: bool) -> float:
    """Where plotly wants an annotation: on a logarithmic axis the exponent."""
    return log10(max(value, 1e-12)) if log else value


def _scale(measure: str, lines: Sequence[OverlayLine], log: bool) -> tuple[float, float, list[float]]:
    """Lowest and highest value of the y-axis and its ticks; exponents where it is logarithmic."""
    values = np.concatenate([part for line in lines for part in _drawn(line)]) if lines else np.ones(1)
    finite = values[np.isfinite(values)]
    if log:
        positive = finite[finite > 0]
        low = floor(log10(max(float(positive.min(initial=1.0)), 1e-6)) * 10) / 10
        high = float(np.ceil(log10(float(positive.max(initial=0.1))) * 10) / 10)
        return low, max(high, low + 0.5), [float(power) for power in range(floor(low), int(high) + 1)]
    if measure == "auc":
        low = min(0.5, floor(float(finite.min(initial=1.0)) * 10) / 10)
        return low, 1 + 0.025 * (1 - low), [low, 0.5, 0.75, 1.0] if 0 < low < 0.5 else [low, (1 + low) / 2, 1.0]
    # A short burst would flatten all the rest.
    usual = float(np.quantile(finite, 0.95)) if len(finite) else 1.0
    largest = float(finite.max(initial=0.0))
    top = nice_ceiling([2 * usual if largest > 10 * max(usual, 1.0) else largest])
    return 0.0, top, loss_ticks(top)


def _drawn(line: OverlayLine) -> list[FloatArray]:
    return [line.y, *([line.raw[1]] if line.raw else []), *(line.band[1:] if line.band else [])]


def _traces(line: OverlayLine, measure: str, dark: bool) -> list[dict[str, Any]]:
    colour = colour_of(line.number, dark)
    group = f"run{line.number}"
    common = {"type": "scatter", "mode": "lines", "legendgroup": group, "showlegend": False}
    quiet = {**common, "hoverinfo": "skip"}
    traces: list[dict[str, Any]] = []
    if line.band is not None:
        x, low, high = line.band
        shape = {
            "x": np.concatenate([x, x[::-1]]),
            "y": np.concatenate([high, low[::-1]]),
            "fill": "toself",
            "fillcolor": faded(colour, 0.18),
            "line": {"width": 0},
        }
        traces.append({**quiet, **shape, "name": "lowest to highest"})
    if line.raw is not None:
        faint = {"width": 1, "color": colour}
        traces.append({**quiet, "x": line.raw[0], "y": line.raw[1], "line": faint, "opacity": 0.25, "name": "raw"})
    traces.append(
        {
            **common,
            "name": _name(line),
            "x": line.x,
            "y": line.y,
            "line": {"width": 1.8, "color": colour, "dash": dash_of(line.number), "simplify": False},
            "showlegend": measure == "d_loss",
            "hovertemplate": f"<b>{LETTERS[line.number]}</b> %{{y:.3f}}<extra></extra>",
            "cliponaxis": measure != "auc",
        }
    )
    return traces


def legend_rows(info: CompareCurvesInfo) -> int:
    """Lines of the legend: two names stand in one where both are short."""
    lines = next(iter(info.panels.values()), ())
    return len(lines) if any(len(_name(line)) > SHORT_NAME for line in lines) else -(-len(lines) // 2)


def _name(line: OverlayLine) -> str:
    return lettered(line.number, line.name) + (f" ({_of_what(line)})" if line.members > 1 else "")


def _of_what(line: OverlayLine) -> str:
    if len(line.seeds) == 1:
        return f"{line.members} runs of seed {line.seeds[0]}"
    more = "" if len(line.seeds) == line.members else f", {line.members} runs"
    return f"mean of {len(line.seeds)} seeds{more}"


def compare_curves_spec(info: CompareCurvesInfo, *, dark: bool = False, revision: str = "") -> Spec:
    """The panels over one x-axis, under a legend in which a click hides a run and a double click shows it alone."""
    panels = [_panel(measure, info, dark) for measure in info.panels]
    end = info.end if info.end > 0 else 1.0
    spec = stack(panels, last_step=0, total_steps=1, stop_step=None, dark=dark, revision=revision)
    layout = spec["layout"]
    named, room = legend(legend_rows(info), len(next(iter(info.panels.values()), ())))
    layout["legend"] = named | {"font": {"size": 12, "color": theme(dark).ink}}
    layout |= {"showlegend": True, "hoversubplots": "single", "margin": layout["margin"] | {"t": 30 + room, "r": 78}}
    title = X_TITLES[info.axis]
    fine = info.axis == "time" or end < 10
    layout["xaxis"] |= {"range": [0, end], "hoverformat": ".3~f" if fine else ",.0f"}
    layout["xaxis"]["title"] = layout["xaxis"]["title"] | {"text": title}
    layout["xaxis"]["unifiedhovertitle"] = {"text": f"{title} %{{x:{',.2f' if fine else ',.0f'}}}"}
    for annotation in layout["annotations"]:
        if annotation.get("xref") == "x":  # the last values stand at the edge, wherever the lines end
            annotation |= {"xref": "paper", "x": 1}
    for number, measure in enumerate(info.panels, start=1):
        name = "y" if number == 1 else f"y{number}"
        log = info.log and measure in LOSSES
        if log:
            _make_logarithmic(layout[f"yaxis{name[1:]}"])
        layout["annotations"] += _letters(info.panels[measure], name, end, log, dark)
    return spec


def _letters(lines: Sequence[OverlayLine], yref: str, end: float, log: bool, dark: bool) -> list[dict[str, Any]]:
    """A letter where a line ends before the others do."""
    return [
        label(
            f"<b>{LETTERS[line.number]}</b>",
            float(line.x[-1]),
            _height(line.last, log),
            colour_of(line.number, dark),
            xref="x",
            yref=yref,
            xshift=4,
        )
        for line in lines
        if line.last is not None and line.x[-1] < 0.97 * end
    ]


def _make_logarithmic(axis: dict[str, Any]) -> None:
    """Plotly takes the range of such an axis in exponents, and its ticks as values."""
    low, high = axis["range"]
    powers = [power for power in axis["tickvals"] if low <= power <= high]
    ticks = [10**power for power in powers]
    if len(ticks) < 3:
        ticks = [factor * 10.0**power for power in range(floor(low), int(high) + 1) for factor in (1, 2, 5)]
        ticks = [tick for tick in ticks if low <= log10(tick) <= high]
    axis |= {"type": "log", "tickvals": ticks, "ticktext": [f"{tick:g}" for tick in ticks]}


def compare_curves_figure(info: CompareCurvesInfo, *, dark: bool = False) -> go.Figure:
    """:func:`compare_curves_spec` as a plotly figure."""
    return to_figure(compare_curves_spec(info, dark=dark))


def compare_curves_caption(info: CompareCurvesInfo) -> str:
    """How to read the curves, in one line."""
    parts = ["Letters at the right: last values."]
    if info.span > 1:
        parts.append(f"Smoothed over {info.span:,} steps; faint behind: the raw values.")
    if any(line.band for lines in info.panels.values() for line in lines):
        parts.append("Bands: from the lowest to the highest run of a group, the line their mean.")
    if info.cut:
        parts.append("Seeds of different length are drawn as far as all of them reach.")
    return " ".join(parts)
