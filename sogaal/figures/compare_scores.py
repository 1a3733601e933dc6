"""How several runs rank: their ROC curves over one another, and their scores' histograms beneath one another."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from sogaal.figures.compare_curves import grouped
from sogaal.figures.overlay import LETTERS, MAX_RUNS, colour_of, dash_of, faded, lettered
from sogaal.figures.rates import corners
from sogaal.figures.spec import Spec, to_figure
from sogaal.figures.theme import axis, base_layout, label, theme
from sogaal.metrics import outlier_score, roc_auc, roc_curve

DoubleArray = npt.NDArray[np.float64]

BINS = 60
GRID = 201


@dataclass(frozen=True, eq=False)
class ScoredRun:
    """A run's verdict on its table: ``logits`` (n,), lower = more abnormal, ``y`` (n,), 1 = outlier, or None.
    ``group``: runs of one group differ by their seed alone; "" stands alone. Without logits a run is not drawn, but
    keeps its letter."""

    name: str
    logits: npt.NDArray[np.floating] | None
    y: npt.NDArray[np.integer] | None = None
    group: str = ""


_Verdict = tuple[npt.NDArray[np.floating], npt.NDArray[np.integer] | None]


def _bundles(runs: Sequence[ScoredRun]) -> list[tuple[int, str, list[_Verdict]]]:
    """Number, name and verdicts of each run or group that has any."""
    if len(runs) > MAX_RUNS:
        raise ValueError(f"runs must be at most {MAX_RUNS}, got {len(runs)}.")
    found = []
    for number, group in enumerate(grouped([run.group for run in runs])):
        verdicts = [(logits, runs[i].y) for i in group if (logits := runs[i].logits) is not None]
        if verdicts:
            found.append((number, runs[group[0]].name, verdicts))
    return found


# -- ROC -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class RocLine:
    """A curve from (0, 0) to (1, 1); for a group the mean at equal false positive rates, and the ``band`` (fpr,
    lowest, highest). ``auc``: of the run, or the mean of the group's."""

    number: int
    name: str
    members: int
    false_positive_rate: DoubleArray
    true_positive_rate: DoubleArray
    auc: float
    band: tuple[DoubleArray, DoubleArray, DoubleArray] | None


@dataclass(frozen=True, eq=False)
class CompareRocInfo:
    """The curves, and the names of runs on tables without labels, which have none."""

    lines: tuple[RocLine, ...]
    without_labels: tuple[str, ...]


def compare_roc_info(runs: Sequence[ScoredRun]) -> CompareRocInfo:
    """The curves of up to eight runs; numbers and colours as in the other plots of the same runs."""
    lines = []
    for number, name, verdicts in _bundles(runs):
        labelled = [(logits, y) for logits, y in verdicts if y is not None]
        if not labelled:
            continue
        curves = [roc_curve(logits, y)[:2] for logits, y in labelled]
        auc = float(np.mean([roc_auc(logits, y) for logits, y in labelled]))
        band = None
        fpr, tpr = curves[0]
        if len(curves) > 1:
            fpr = np.linspace(0, 1, GRID)
            # Straight up at one false positive rate: interp takes the upper end there, as a reader would.
            found = np.stack([np.interp(fpr, x, y) for x, y in curves])
            tpr, band = found.mean(axis=0), (fpr, found.min(axis=0), found.max(axis=0))
        rows = corners(fpr, tpr)
        lines.append(RocLine(number, name, len(curves), fpr[rows], tpr[rows], auc, band))
    return CompareRocInfo(tuple(lines), tuple(run.name for run in runs if run.y is None and run.logits is not None))


def compare_roc_spec(info: CompareRocInfo, *, dark: bool = False, revision: str = "") -> Spec:
    """The curves over the diagonal of guessing, each with its area in the legend."""
    colours, layout = theme(dark), base_layout(dark, revision)
    traces: list[dict[str, Any]] = []
    for line in info.lines:
        colour = colour_of(line.number, dark)
        common = {"type": "scatter", "mode": "lines", "legendgroup": f"run{line.number}", "cliponaxis": False}
        if line.band is not None:
            x, low, high = (part.astype(np.float32) for part in line.band)
            shape = {"x": np.concatenate([x, x[::-1]]), "y": np.concatenate([high, low[::-1]])}
            fill = {"fill": "toself", "fillcolor": faded(colour, 0.18), "line": {"width": 0}, "hoverinfo": "skip"}
            traces.append({**common, **shape, **fill, "showlegend": False, "name": "lowest to highest"})
        traces.append(
            {
                **common,
                "name": f"<b>{LETTERS[line.number]}</b>  {line.auc:.3f}",
                "x": line.false_positive_rate.astype(np.float32),
                "y": line.true_positive_rate.astype(np.float32),
                "line": {"width": 1.8, "color": colour, "dash": dash_of(line.number)},
                "hovertemplate": f"<b>{LETTERS[line.number]}</b> %{{y:.1%}} of the outliers found<br>"
                "%{x:.1%} of the inliers flagged<extra></extra>",
            }
        )
    ticks = [0, 0.25, 0.5, 0.75, 1]
    guessing: dict[str, Any] = {"type": "line", "layer": "below", "x0": 0, "y0": 0, "x1": 1, "y1": 1}
    guessing["line"] = {"width": 1, "color": colours.muted, "dash": "dot"}
    layout |= {
        "margin": {"l": 52, "r": 14, "t": 32, "b": 46},
        "hovermode": "closest",
        "showlegend": True,
        "legend": {
            "x": 0.98,
            "xanchor": "right",
            "y": 0.03,
            "yanchor": "bottom",
            "title": {"text": "area", "font": {"size": 12, "color": colours.muted}},
            "font": {"size": 12, "color": colours.ink},
            "bgcolor": colours.veil,
            "itemwidth": 40,
        },
        "xaxis": axis(colours, title="share of inliers flagged", range=[-0.01, 1.01], tickvals=ticks),
        "yaxis": axis(colours, title="share of outliers found", range=[-0.01, 1.03], tickvals=ticks),
        "annotations": [label("<b>ROC curves</b>", 0, 1, colours.muted, yanchor="bottom", xshift=-40, yshift=8)],
        "shapes": [guessing],
    }
    return {"data": traces, "layout": layout}


def compare_roc_figure(info: CompareRocInfo, *, dark: bool = False) -> go.Figure:
    """:func:`compare_roc_spec` as a plotly figure."""
    return to_figure(compare_roc_spec(info, dark=dark))


def compare_roc_caption(info: CompareRocInfo) -> str:
    """How to read the curves, in one line."""
    bands = " Bands: from the lowest to the highest seed." if any(line.band for line in info.lines) else ""
    absent = " Runs on tables without labels have no curve." if info.without_labels else ""
    return f"Dotted: guessing. The higher at the left, the more outliers are found at few false alarms.{bands}{absent}"


# -- scores --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class ScoreRow:
    """Shares (b,) float64 of the rows of each kind in each bin, runs of a group pooled; ``outliers`` None without
    labels."""

    number: int
    name: str
    members: int
    inliers: DoubleArray
    outliers: DoubleArray | None


@dataclass(frozen=True, eq=False)
class CompareScoresInfo:
    """Rows over common ``edges`` (b + 1,) of the outlier score."""

    rows: tuple[ScoreRow, ...]
    edges: DoubleArray


def compare_scores_info(runs: Sequence[ScoredRun]) -> CompareScoresInfo:
    """Histograms of the outlier scores of up to eight runs, in common bins."""
    bundles = _bundles(runs)
    scores = [[outlier_score(logits) for logits, _ in verdicts] for _, _, verdicts in bundles]
    every = np.concatenate([part for parts in scores for part in parts]) if scores else np.array([0.0, 1.0])
    low, high = float(every.min()), float(every.max())
    if high - low < 1e-6:
        low, high = low - 0.5, high + 0.5
    edges = np.linspace(max(low, 0.0), min(high, 1.0), BINS + 1)
    rows = []
    for (number, name, verdicts), parts in zip(bundles, scores, strict=True):
        kinds = [np.zeros(len(logits), dtype=bool) if y is None else np.asarray(y) == 1 for logits, y in verdicts]
        outlier, pooled = np.concatenate(kinds), np.concatenate(parts)
        found = _shares(pooled[outlier], edges) if all(y is not None for _, y in verdicts) else None
        rows.append(ScoreRow(number, name, len(verdicts), _shares(pooled[~outlier], edges), found))
    return CompareScoresInfo(tuple(rows), edges)


def _shares(scores: DoubleArray, edges: DoubleArray) -> DoubleArray:
    counts = np.histogram(scores, edges)[0]
    return np.asarray(counts / max(len(scores), 1), dtype=np.float64)


def compare_scores_spec(info: CompareScoresInfo, *, dark: bool = False, revision: str = "") -> Spec:
    """A row for each run over one axis of scores; within a row each kind reaches the top in its fullest bin."""
    colours, layout = theme(dark), base_layout(dark, revision)
    count = max(len(info.rows), 1)
    middles = ((info.edges[:-1] + info.edges[1:]) / 2).astype(np.float32)
    width = float(info.edges[1] - info.edges[0])
    traces: list[dict[str, Any]] = []
    texts = []
    pattern = {"shape": "/", "size": 5, "solidity": 0.35, "fgcolor": colours.edge, "fillmode": "overlay"}
    for place, row in enumerate(info.rows):
        name = "y" if place == 0 else f"y{place + 1}"
        room, step = 0.8 / count, 1 / count
        bottom = max(1 - (place + 1) * step + 0.06 / count, 0.0)
        layout[f"yaxis{name[1:]}"] = axis(
            colours, domain=[bottom, bottom + room], range=[0, 1.06], tickvals=[], anchor="x", fixedrange=True
        )
        kinds: list[tuple[str, DoubleArray, dict[str, Any]]] = [
            ("inliers" if row.outliers is not None else "rows", row.inliers, {"color": colours.inlier})
        ]
        if row.outliers is not None:
            kinds.append(("outliers", row.outliers, {"color": colours.outlier, "pattern": pattern}))
        for kind, shares, marker in kinds:
            highest = max(float(shares.max()), 1e-12)
            traces.append(
                {
                    "type": "bar",
                    "name": kind,
                    "x": middles,
                    "y": (shares / highest).astype(np.float32),
                    "customdata": (100 * shares).astype(np.float32),
                    "width": width * 0.94,
                    "yaxis": name,
                    "marker": marker,
                    "opacity": 0.65,
                    "hovertemplate": f"{LETTERS[row.number]}: %{{customdata:.1f}} % of the {kind}"
                    " at %{x:.3f}<extra></extra>",
                }
            )
        colour = colour_of(row.number, dark)
        texts.append(
            label(lettered(row.number, ""), 0, bottom + room, colour, xanchor="right", yanchor="top", xshift=-4)
        )
    pad = 0.02 * float(info.edges[-1] - info.edges[0])
    kinds_text = f"<span style='color:{colours.inlier}'>■</span> inliers"
    kinds_text += f"  <span style='color:{colours.outlier}'>▨</span> outliers"
    both = any(row.outliers is not None for row in info.rows)
    heading = f"<b>Outlier scores</b>{'  ' + kinds_text if both else ''}"
    layout |= {
        "margin": {"l": 26, "r": 14, "t": 32, "b": 46},
        "barmode": "overlay",
        "hovermode": "closest",
        "xaxis": axis(
            colours,
            title="outlier score 1 - D(x)",
            range=[float(info.edges[0]) - pad, float(info.edges[-1]) + pad],
            nticks=7,
            anchor="y" if count == 1 else f"y{count}",
        ),
        "annotations": [label(heading, 0, 1, colours.muted, yanchor="bottom", xshift=-14, yshift=8), *texts],
    }
    return {"data": traces, "layout": layout}


def compare_scores_figure(info: CompareScoresInfo, *, dark: bool = False) -> go.Figure:
    """:func:`compare_scores_spec` as a plotly figure."""
    return to_figure(compare_scores_spec(info, dark=dark))


def compare_scores_caption(info: CompareScoresInfo) -> str:
    """How to read the histograms, in one line."""
    pooled = " Runs of a group are counted together." if any(row.members > 1 for row in info.rows) else ""
    return f"Each kind's fullest bin has full height, so shapes compare and counts do not.{pooled}"
