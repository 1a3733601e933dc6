"""What each column adds to a row's suspicion: a bar for each, the strongest at the top."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from sogaal.figures.spec import Spec, to_figure
from sogaal.figures.theme import axis, base_layout, label, theme
from sogaal.metrics import outlier_score

MOST_BARS = 10
BAR_HEIGHT = 27
_NAME_WIDTH = 24
# Pixels of a letter of the names, about, and around the bars.
_LETTER = 7.2
_ABOVE, _BELOW = 34, 44


@dataclass(frozen=True, eq=False)
class AttributionInfo:
    """Bars from the top: ``names`` and ``weights`` (b,), by how much each raises (or lowers) the log-odds of the
    outlier score. ``others``: how many columns the last bar sums up, 0 for none. ``start``, ``end``: the outlier
    scores of the median row and of this row."""

    names: tuple[str, ...]
    weights: npt.NDArray[np.float64]
    others: int
    start: float
    end: float

    @property
    def height(self) -> int:
        """Pixels that the chart takes."""
        return _ABOVE + _BELOW + BAR_HEIGHT * len(self.names)


def attribution_info(
    names: Sequence[str],
    attributions: npt.NDArray[np.floating],
    *,
    logit: float,
    median_logit: float,
    most: int = MOST_BARS,
) -> AttributionInfo:
    """What is drawn of one row's ``attributions`` (d,) to D's logit, negative = more abnormal; the bars turn the sign.

    ``logit`` and ``median_logit``: D's, of the row and where the attributions start. The ``most`` strongest features
    have bars of their own, the others one together.
    """
    weights = -np.asarray(attributions, dtype=np.float64)
    order = np.argsort(-np.abs(weights), kind="stable")
    single = order if len(order) <= most else order[: most - 1]
    others = len(order) - len(single)
    shown, bars = [names[i] for i in single], weights[single]
    if others:
        shown.append(f"{others} others")
        bars = np.append(bars, weights[order[len(single) :]].sum())
    start, end = outlier_score(np.array([median_logit, logit]))
    return AttributionInfo(tuple(shown), bars, others, float(start), float(end))


def attribution_spec(info: AttributionInfo, *, dark: bool = False, revision: str = "") -> Spec:
    """Bars to the right raise the suspicion, to the left lower it."""
    colours, layout = theme(dark), base_layout(dark, revision)
    places = np.arange(len(info.names), dtype=np.float32)
    raises = info.weights > 0
    reach = max(float(np.abs(info.weights).max(initial=0)), 1e-6)
    low = min(float(info.weights.min(initial=0)), 0.0) - 0.22 * reach
    high = max(float(info.weights.max(initial=0)), 0.0) + 0.22 * reach
    bars: dict[str, Any] = {
        "type": "bar",
        "orientation": "h",
        "x": info.weights.astype(np.float32),
        "y": places,
        "width": 0.7,
        "marker": {
            "color": [colours.outlier if up else colours.inlier for up in raises],
            "pattern": {"shape": ["" if up else "/" for up in raises], "size": 5, "solidity": 0.3,
                        "fgcolor": colours.edge, "fillmode": "overlay"},
        },
        "text": [f"{weight:+.2f}" for weight in info.weights],
        "textposition": "outside",
        "textfont": {"size": 12, "color": colours.ink},
        "cliponaxis": False,
        "customdata": [escape(" ".join(name.split()), quote=False) for name in info.names],
        "hovertemplate": "%{customdata}: %{x:+.3f}<extra></extra>",
    }  # fmt: skip
    names = [_short(name) for name in info.names]
    left = 14 + int(_LETTER * max(map(len, names), default=0))
    kinds = f"  <span style='color:{colours.outlier}'>■</span> speaks for suspicion"
    kinds += f"  <span style='color:{colours.inlier}'>▨</span> against"
    layout |= {
        "margin": {"l": left, "r": 16, "t": _ABOVE, "b": _BELOW},
        "hovermode": "closest",
        "xaxis": axis(colours, title="log-odds of the outlier score", range=[low, high], nticks=6),
        "yaxis": axis(
            colours, range=[len(names) - 0.45, -0.55], tickvals=list(range(len(names))),
            ticktext=[escape(name, quote=False) for name in names], showgrid=False, fixedrange=True,
        ),
        "shapes": [
            {"type": "line", "xref": "x", "yref": "paper", "x0": 0, "x1": 0, "y0": 0, "y1": 1,
             "line": {"width": 1.2, "color": colours.muted}}
        ],
        "annotations": [label(f"<b>Why</b>{kinds}", 0, 1, colours.muted, yanchor="bottom", xshift=8 - left, yshift=8)],
    }  # fmt: skip
    return {"data": [bars], "layout": layout}


def _short(name: str) -> str:
    words = " ".join(name.split())
    return words if len(words) <= _NAME_WIDTH else words[: _NAME_WIDTH - 1] + "…"


def attribution_figure(info: AttributionInfo, *, dark: bool = False) -> go.Figure:
    """:func:`attribution_spec` as a plotly figure."""
    return to_figure(attribution_spec(info, dark=dark))


def attribution_caption(info: AttributionInfo) -> str:
    """How to read the bars, in one line."""
    return (
        f"From a row of medians, outlier score {info.start:.3f}, to this row, {info.end:.3f}: what each column adds "
        "on the way. The bars sum to the whole way, in log-odds (integrated gradients, exact). No label is used."
    )
