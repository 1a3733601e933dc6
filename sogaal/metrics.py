"""Measures of a ranking, exact with ties.

All take D's logits, **lower = more abnormal**: a saturated sigmoid would make ties that the logits do not have.
Labels ``y``: 1 = outlier, 0 = inlier; they evaluate and never train.
"""

import numpy as np
import numpy.typing as npt
from scipy.special import expit

FloatArray = npt.NDArray[np.floating]
LabelArray = npt.NDArray[np.integer]
DoubleArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


def outlier_score(logits: FloatArray) -> DoubleArray:
    """1 - D(x) from D's logit, float64 in [0, 1], higher = more abnormal: what people see on screen and in exports."""
    return np.asarray(expit(-np.asarray(logits, dtype=np.float64)), dtype=np.float64)


def _check_both_classes(y: LabelArray) -> None:
    labels = np.asarray(y)
    if not ((labels == 1).any() and (labels == 0).any()):
        raise ValueError("y must hold both classes, 1 = outlier and 0 = inlier.")


def ranking_metrics(logits: FloatArray, y: LabelArray) -> tuple[float, float, float]:
    """(ROC-AUC, average precision, precision at the true number of outliers) of ``logits`` (n,) with ``y`` (n,).

    Ties count half in the AUC (Mann-Whitney); average precision is the sum over distinct thresholds of the gain in
    recall times the precision there (as scikit-learn defines it); for the last one rows tied at the n-th place count
    by their expected share. O(n log n).
    """
    auc, precision, at_n = ranking_metrics_of_rows(np.asarray(logits)[None], y)[0]
    return float(auc), float(precision), float(at_n)


def ranking_metrics_of_rows(logits: FloatArray, y: LabelArray) -> DoubleArray:
    """:func:`ranking_metrics` of each row of ``logits`` (e, n): (e, 3) float64; one call costs less than e calls."""
    _check_both_classes(y)
    outlier = np.asarray(y) == 1
    # By places: a mask would lay the columns, not the rows, in one piece, and sorting rows would first copy each.
    outliers, inliers = (np.take(logits, np.flatnonzero(of), axis=1) for of in (outlier, ~outlier))
    outliers.sort(axis=1)
    inliers.sort(axis=1)
    m, rest = outliers.shape[1], inliers.shape[1]
    # For each outlier: the rows under it, and the rows up to it (those tied with it too), of either class.
    inliers_under, inliers_up_to = _places(inliers, outliers)
    outliers_under, outliers_up_to = _own_places(outliers)
    auc = 1 - (inliers_under + inliers_up_to).sum(axis=1) / (2.0 * m * rest)
    under, up_to = inliers_under + outliers_under, inliers_up_to + outliers_up_to
    precision = (outliers_up_to / up_to).mean(axis=1)
    at_n = np.clip((m - under) / (up_to - under), 0, 1).mean(axis=1)
    return np.stack([auc, precision, at_n], axis=1)


def _places(rows: FloatArray, values: FloatArray) -> tuple[IntArray, IntArray]:
    """How many entries of each sorted row lie under, and under or at, each of its ``values`` (e, m), sorted too."""
    pairs = list(zip(rows, values, strict=True))
    under = np.stack([row.searchsorted(some) for row, some in pairs])
    # Ties are rare, and a second search costs as much as the first.
    following = np.take_along_axis(rows, np.minimum(under, rows.shape[1] - 1), axis=1)
    if not (following == values).any():
        return under, under
    return under, np.stack([row.searchsorted(some, side="right") for row, some in pairs])


def _own_places(rows: FloatArray) -> tuple[IntArray, IntArray]:
    """The same for the entries of sorted rows (e, m) among themselves: counting is enough where none are equal."""
    if (rows[:, 1:] > rows[:, :-1]).all():
        under = np.arange(rows.shape[1])[None]
        return under, under + 1
    return _places(rows, rows)


def roc_auc(logits: FloatArray, y: LabelArray) -> float:
    """Area under the ROC curve of 1 - D(x), outlier = positive; ties count half."""
    return ranking_metrics(logits, y)[0]


def average_precision(logits: FloatArray, y: LabelArray) -> float:
    """Average precision of 1 - D(x), outlier = positive."""
    return ranking_metrics(logits, y)[1]


def precision_at_n(logits: FloatArray, y: LabelArray) -> float:
    """Share of true outliers among the n most abnormal rows, n = the true number of outliers."""
    return ranking_metrics(logits, y)[2]


def _cumulative(logits: FloatArray, y: LabelArray) -> tuple[DoubleArray, DoubleArray, DoubleArray]:
    """(true positives, false positives, threshold) at each distinct logit, most abnormal first."""
    _check_both_classes(y)
    order = np.argsort(logits, kind="stable")
    ordered = np.asarray(logits, dtype=np.float64)[order]
    last = np.append(np.nonzero(np.diff(ordered))[0], len(ordered) - 1)
    hits = np.cumsum(np.asarray(y)[order] == 1)[last].astype(np.float64)
    return hits, last + 1.0 - hits, ordered[last]


def roc_curve(logits: FloatArray, y: LabelArray) -> tuple[DoubleArray, DoubleArray, DoubleArray]:
    """(false positive rate, true positive rate, threshold): a row is flagged when its logit <= threshold.

    Starts at (0, 0) with threshold -inf; one entry for each distinct logit after it.
    """
    hits, misses, thresholds = _cumulative(logits, y)
    start = np.zeros(1)
    fpr, tpr = np.append(start, misses / misses[-1]), np.append(start, hits / hits[-1])
    return fpr, tpr, np.append(-np.inf, thresholds)


def pr_curve(logits: FloatArray, y: LabelArray) -> tuple[DoubleArray, DoubleArray, DoubleArray]:
    """(recall, precision, threshold) for each distinct logit, most abnormal first."""
    hits, misses, thresholds = _cumulative(logits, y)
    return hits / hits[-1], hits / (hits + misses), thresholds


def rank(logits: FloatArray) -> npt.NDArray[np.int64]:
    """Place of each row, 1 = most abnormal; rows with equal logits keep the table's order."""
    places = np.empty(len(logits), dtype=np.int64)
    places[np.argsort(logits, kind="stable")] = np.arange(1, len(logits) + 1)
    return places


def flagged_count(n: int, share: float) -> int:
    """How many of ``n`` rows the ``share`` (0 < share <= 1) of them is, rounded up to whole rows."""
    if not 0 < share <= 1:
        raise ValueError(f"share must be over 0 and at most 1, got {share!r}.")
    # The product of a decimal share and n may lie a rounding above a whole number: .05 * 980 must give 49.
    return int(np.ceil(round(share * n, 9)))


def flag(logits: FloatArray, share: float = 0.05) -> npt.NDArray[np.int8]:
    """1 for the ``share`` (0 < share <= 1) most abnormal rows, rounded up to whole rows, else 0."""
    return flag_count(logits, flagged_count(len(logits), share))


def flag_count(logits: FloatArray, count: int) -> npt.NDArray[np.int8]:
    """1 for the ``count`` >= 1 most abnormal rows (all, if there are fewer), else 0."""
    if count < 1:
        raise ValueError(f"count must be at least 1, got {count!r}.")
    return (rank(logits) <= count).astype(np.int8)


def flag_score(logits: FloatArray, score: float) -> npt.NDArray[np.int8]:
    """1 for the rows whose outlier score is at least ``score`` (0 to 1), maybe none, else 0."""
    if not 0 <= score <= 1:
        raise ValueError(f"score must be from 0 to 1, got {score!r}.")
    return (outlier_score(logits) >= score).astype(np.int8)
