"""How the outlier scores lie, by class where there are labels, and where flagging begins."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from sogaal.figures.spec import Spec, to_figure
from sogaal.figures.theme import axis, base_layout, label, theme
from sogaal.metrics import flag, outlier_score

BINS = 50


@dataclass(frozen=True, eq=False)
class ScoreHistogramInfo:
    """Counts (b,) int64 in equal bins between ``edges`` (b + 1,), of inliers (all rows without labels) and outliers;
    the smallest score that is flagged, and how many rows that flags.
    """

    edges: npt.NDArray[np.float64]
    inliers: npt.NDArray[np.int64]
    outliers: npt.NDArray[np.int64] | None
    threshold: float
    n_flagged: int
    n: int


def score_histogram_info(
    logits: npt.NDArray[np.floating],
    y: npt.NDArray[np.integer] | None = None,
    *,
    share: float = 0.05,
    flags: npt.NDArray[np.integer] | None = None,
    threshold: float | None = None,
) -> ScoreHistogramInfo:
    """Counts of the outlier scores of ``logits`` (n,); ``share`` of the rows, the most abnormal, is flagged.

    ``flags`` (n,): 1 for the rows that are flagged instead; ``threshold``: the score from which they are, None = the
    smallest of theirs, or above all scores where nothing is flagged.
    """
    scores = outlier_score(logits)
    flagged = (flag(logits, share) if flags is None else np.asarray(flags)) == 1
    if threshold is None:
        threshold = float(scores[flagged].min()) if flagged.any() else float(scores.max())
    low, high = float(scores.min()), float(scores.max())
    if high - low < 1e-6:
        low, high = low - 0.5, high + 0.5
    edges = np.linspace(max(low, 0.0), min(high, 1.0), BINS + 1)
    outlier = np.zeros(len(scores), dtype=bool) if y is None else np.asarray(y) == 1
    return ScoreHistogramInfo(
        edges=edges,
        inliers=np.histogram(scores[~outlier], edges)[0].astype(np.int64),
        outliers=None if y is None else np.histogram(scores[outlier], edges)[0].astype(np.int64),
        threshold=threshold,
        n_flagged=int(flagged.sum()),
        n=len(scores),
    )


def _bars(counts: npt.NDArray[np.int64], edges: npt.NDArray[np.float64], **changes: Any) -> dict[str, Any]:
    middles = (edges[:-1] + edges[1:]) / 2
    # On a logarithmic axis nothing has no height; the true count is what the pointer shows.
    return {
        "type": "bar",
        "x": middles.astype(np.float32),
        "y": np.where(counts > 0, counts, np.nan).astype(np.float32),
        "width": float(edges[1] - edges[0]) * 0.94,
        "hovertemplate": "%{y:.0f} rows at %{x:.3f}",
        **changes,
    }


def score_histogram_spec(info: ScoreHistogramInfo, *, dark: bool = False, revision: str = "") -> Spec:
    """Bars over one another on a logarithmic axis, so that a handful of outliers is seen beside a thousand inliers."""
    colours, layout = theme(dark), base_layout(dark, revision)
    both = info.outliers is not None
    bars = [_bars(info.inliers, info.edges, name="inliers" if both else "rows", marker={"color": colours.inlier})]
    bars[0]["opacity"] = 0.75
    if info.outliers is not None:
        pattern = {"shape": "/", "size": 5, "solidity": 0.35, "fgcolor": colours.edge, "fillmode": "overlay"}
        bars.append(
            _bars(info.outliers, info.edges, name="outliers", marker={"color": colours.outlier, "pattern": pattern})
        )
    top = np.log10(max(int(info.inliers.max()), 10)) + 0.25
    powers = range(int(top) + 1)
    pad = float(info.edges[-1] - info.edges[0]) * 0.02
    # A threshold beyond all scores is drawn in sight, at the edge.
    at = min(max(info.threshold, float(info.edges[0]) - pad), float(info.edges[-1]) + pad)
    rule: dict[str, Any] = {
        "type": "line",
        "xref": "x",
        "yref": "paper",
        "x0": at,
        "x1": at,
        "y0": 0,
        "y1": 1,
        "line": {"width": 1.4, "color": colours.ink, "dash": "4px,4px"},
    }
    left = info.threshold < (info.edges[0] + info.edges[-1]) / 2
    kinds = f"  <span style='color:{colours.inlier}'>■</span> inliers"
    kinds += f"  <span style='color:{colours.outlier}'>▨</span> outliers"
    heading = f"<b>{'Scores' if both else 'Outlier scores'}</b>{kinds if both else ''}"
    flagged = f"{info.n_flagged:,} of {info.n:,} flagged →"
    side, shift = ("left", 4) if left else ("right", -4)
    note = label(flagged, at, 1, colours.ink, xref="x", xanchor=side, yanchor="bottom", xshift=shift, yshift=4)
    layout |= {
        "margin": {"l": 52, "r": 14, "t": 50, "b": 46},
        "barmode": "overlay",
        "hovermode": "x unified",
        "xaxis": axis(
            colours,
            title="outlier score 1 - D(x)",
            range=[float(info.edges[0]) - pad, float(info.edges[-1]) + pad],
            nticks=7,
            showgrid=False,
            hoverformat=".3f",
        ),
        "yaxis": axis(
            colours,
            title="rows (logarithmic)",
            type="log",
            range=[-0.15, float(top)],
            tickvals=[10**power for power in powers],
            ticktext=[f"{10**power:,}" for power in powers],
        ),
        "shapes": [rule],
        "annotations": [
            label(heading, 0, 1, colours.muted, yanchor="bottom", xshift=-40, yshift=26),
            note,
        ],
    }
    return {"data": bars, "layout": layout}


def score_histogram_figure(info: ScoreHistogramInfo, *, dark: bool = False) -> go.Figure:
    """:func:`score_histogram_spec` as a plotly figure."""
    return to_figure(score_histogram_spec(info, dark=dark))


def score_histogram_caption(info: ScoreHistogramInfo) -> str:
    """How to read the histogram, in one line."""
    labelled = info.outliers is not None
    what = "The less the two kinds overlap, the better" if labelled else "A gap before the right tail is a good sign"
    flagged = f"Flagged: scores from {info.threshold:.3f} up" if info.n_flagged else "Nothing is flagged"
    return f"{what}. {flagged}. Heights are logarithmic."
