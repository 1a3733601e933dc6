"""Measures of a ranking against scikit-learn, with many ties."""

import numpy as np
import pytest
from sklearn import metrics as sk

from sogaal import metrics


def draws() -> list[tuple[np.ndarray, np.ndarray]]:
    rng = np.random.default_rng(0)
    found = []
    for _ in range(150):
        n = int(rng.integers(4, 80))
        logits = rng.integers(0, int(rng.integers(2, 60)), n).astype(np.float32)
        y = (rng.random(n) < rng.random()).astype(np.int8)
        if 0 < y.sum() < n:
            found.append((logits, y))
    return found


def test_area_and_average_precision_with_ties() -> None:
    cases = draws()
    assert len(cases) > 100
    for logits, y in cases:
        assert metrics.roc_auc(logits, y) == pytest.approx(sk.roc_auc_score(y, -logits), abs=1e-12)
        assert metrics.average_precision(logits, y) == pytest.approx(sk.average_precision_score(y, -logits), abs=1e-12)


def test_curves_enclose_the_areas() -> None:
    for logits, y in draws():
        fpr, tpr, thresholds = metrics.roc_curve(logits, y)
        assert sk.auc(fpr, tpr) == pytest.approx(metrics.roc_auc(logits, y), abs=1e-12)
        assert (fpr[0], tpr[0], fpr[-1], tpr[-1]) == (0, 0, 1, 1)
        flagged = logits <= thresholds[len(thresholds) // 2]
        assert flagged[y == 1].mean() == pytest.approx(tpr[len(thresholds) // 2])
        recall, precision, _ = metrics.pr_curve(logits, y)
        area = np.sum(np.diff(np.append(0, recall)) * precision)
        assert area == pytest.approx(metrics.average_precision(logits, y), abs=1e-12)


def test_precision_at_n_shares_ties_out() -> None:
    y = np.array([1, 0, 1, 0])
    assert metrics.precision_at_n(np.array([0.0, 1, 2, 3]), y) == 0.5
    assert metrics.precision_at_n(np.array([0.0, 3, 1, 2]), y) == 1
    # Three rows are tied for the second place, one of them an outlier: a third of it counts.
    assert metrics.precision_at_n(np.array([0.0, 1, 1, 1]), y) == pytest.approx((1 + 1 / 3) / 2)


def test_lower_logits_are_more_abnormal() -> None:
    logits = np.array([-3.0, 0.0, 5.0], dtype=np.float32)
    scores = metrics.outlier_score(logits)
    assert scores[0] > scores[1] > scores[2]
    assert scores[1] == 0.5
    assert metrics.rank(logits).tolist() == [1, 2, 3]
    assert metrics.flag(logits, 0.3).tolist() == [1, 0, 0]


def test_logits_rank_where_the_sigmoid_is_saturated() -> None:
    logits = np.array([40.0, 50.0, 60.0], dtype=np.float32)
    assert metrics.roc_auc(logits, np.array([1, 0, 0])) == 1


@pytest.mark.parametrize(("n", "share", "count"), [(980, 0.05, 49), (1000, 0.05, 50), (10, 0.05, 1), (10, 1.0, 10)])
def test_number_of_flagged_rows(n: int, share: float, count: int) -> None:
    logits = np.zeros(n, dtype=np.float32)
    flags = metrics.flag(logits, share)
    assert flags.sum() == count
    assert flags[:count].all()  # ties in the table's order


@pytest.mark.parametrize("share", [0, -0.1, 1.01])
def test_share_out_of_bounds(share: float) -> None:
    with pytest.raises(ValueError, match="share must be over 0 and at most 1"):
        metrics.flag(np.zeros(3), share)


def test_one_class_is_refused() -> None:
    with pytest.raises(ValueError, match="both classes"):
        metrics.roc_auc(np.zeros(3), np.zeros(3, int))


def test_flags_by_count_and_by_score() -> None:
    logits = np.array([3.0, -2.0, 0.0, -2.0, 1.0])
    assert metrics.flag_count(logits, 2).tolist() == [0, 1, 0, 1, 0]
    assert metrics.flag_count(logits, 9).tolist() == [1] * 5
    assert metrics.flag_score(logits, 0.5).tolist() == [0, 1, 1, 1, 0]
    assert metrics.flag_score(logits, 1.0).tolist() == [0] * 5
    assert metrics.flag_score(logits, 0.0).tolist() == [1] * 5
    with pytest.raises(ValueError, match="count must be at least 1"):
        metrics.flag_count(logits, 0)
    with pytest.raises(ValueError, match="score must be from 0 to 1"):
        metrics.flag_score(logits, 1.5)
