"""The ROC curve of a scored table."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from sogaal.figures.rates import corners, rates_spec
from sogaal.figures.spec import Spec, to_figure
from sogaal.metrics import roc_auc, roc_curve

DoubleArray = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class RocInfo:
    """Corners of the curve (p,) from (0, 0) to (1, 1), and the area under the whole of it."""

    false_positive_rate: DoubleArray
    true_positive_rate: DoubleArray
    auc: float


def roc_info(logits: npt.NDArray[np.floating], y: npt.NDArray[np.integer]) -> RocInfo:
    """The curve of ``logits`` (n,), lower = more abnormal, against ``y`` (n,), 1 = outlier; both classes needed."""
    fpr, tpr, _ = roc_curve(logits, y)
    rows = corners(fpr, tpr)
    return RocInfo(fpr[rows], tpr[rows], roc_auc(logits, y))


def roc_spec(info: RocInfo, *, dark: bool = False, revision: str = "") -> Spec:
    """The ROC curve over the diagonal of guessing."""
    return rates_spec(
        info.false_positive_rate,
        info.true_positive_rate,
        titles=("share of inliers flagged", "share of outliers found"),
        heading=f"<b>ROC curve</b>  area {info.auc:.3f}",
        name="ROC",
        hover="%{y:.1%} of the outliers found<br>%{x:.1%} of the inliers flagged<extra></extra>",
        reference=((0, 0), (1, 1)),
        shape="linear",
        dark=dark,
        revision=revision,
    )


def roc_figure(info: RocInfo, *, dark: bool = False) -> go.Figure:
    """:func:`roc_spec` as a plotly figure."""
    return to_figure(roc_spec(info, dark=dark))


def roc_caption(info: RocInfo) -> str:
    """How to read the ROC curve, in one line."""
    return f"Dotted: guessing. In {info.auc:.0%} of all pairs of an outlier and an inlier the outlier scores higher."
