"""The precision-recall curve of a scored table."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from sogaal.figures.rates import corners, rates_spec
from sogaal.figures.spec import Spec, to_figure
from sogaal.metrics import average_precision, pr_curve

DoubleArray = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PrecisionRecallInfo:
    """Corners of the curve (p,), its average precision, and the outliers' share, which guessing reaches."""

    recall: DoubleArray
    precision: DoubleArray
    average_precision: float
    share: float


def precision_recall_info(logits: npt.NDArray[np.floating], y: npt.NDArray[np.integer]) -> PrecisionRecallInfo:
    """The curve of ``logits`` (n,), lower = more abnormal, against ``y`` (n,), 1 = outlier; both classes needed."""
    recall, precision, _ = pr_curve(logits, y)
    # As average precision counts: only thresholds that find another outlier, and the line starts at no recall.
    found = np.diff(recall, prepend=0.0) > 0
    recall, precision = np.append(0.0, recall[found]), np.append(precision[found][0], precision[found])
    rows = corners(recall, precision)
    share = float(np.mean(np.asarray(y) == 1))
    return PrecisionRecallInfo(recall[rows], precision[rows], average_precision(logits, y), share)


def precision_recall_spec(info: PrecisionRecallInfo, *, dark: bool = False, revision: str = "") -> Spec:
    """The precision-recall curve over the outliers' share."""
    return rates_spec(
        info.recall,
        info.precision,
        titles=("share of outliers found (recall)", "right among the flagged (precision)"),
        heading=f"<b>Precision and recall</b>  AP {info.average_precision:.3f}",
        name="precision",
        hover="%{x:.1%} of the outliers found<br>%{y:.1%} of the flagged rows are outliers<extra></extra>",
        reference=((0, info.share), (1, info.share)),
        # The precision reached holds for the gain in recall before it: the area is the average precision.
        shape="vh",
        dark=dark,
        revision=revision,
    )


def precision_recall_figure(info: PrecisionRecallInfo, *, dark: bool = False) -> go.Figure:
    """:func:`precision_recall_spec` as a plotly figure."""
    return to_figure(precision_recall_spec(info, dark=dark))


def precision_recall_caption(info: PrecisionRecallInfo) -> str:
    """How to read the precision-recall curve, in one line."""
    return f"The higher, the fewer false alarms. AP: the area below. Dotted, at {info.share:.1%}: guessing."
