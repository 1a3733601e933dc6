"""Agreement, consensus and the table of all scores, against cases worked out by hand."""

import io

import numpy as np
import pandas as pd
import pytest

from sogaal.data import Dataset
from sogaal.errors import ConfigError
from sogaal.rivals import Found, Report, measures_csv, rivals_csv


def table(y: list[int] | None = None) -> Dataset:
    X = np.arange(20, dtype=np.float32).reshape(10, 2)
    labels = None if y is None else np.array(y, dtype=np.int8)
    return Dataset("ten", X, labels, np.array([f"r{i}" for i in range(10)]), ("a", "b"))


def found(name: str, *order: int) -> Found:
    """A detector that ranks the rows in this order, the most abnormal first, and the others as they come."""
    ranking = [*order, *(row for row in range(10) if row not in order)]
    return Found(name, name.upper(), np.argsort(ranking).astype(float), (), (1.0,))


THREE = [found("a", 0, 1), found("b", 1, 0), found("c", 9, 1)]


def test_correlations_are_spearmans() -> None:
    report = Report(table(), [found("a"), found("b", 1, 0), found("c", *range(9, -1, -1))], 0.2)
    # Two neighbours that change places: 1 - 6 * 2 / (10 * 99).
    assert report.correlations[0, 1] == pytest.approx(1 - 12 / 990)
    assert report.correlations[0, 2] == pytest.approx(-1)
    np.testing.assert_array_equal(report.correlations, report.correlations.T)
    np.testing.assert_array_equal(np.diag(report.correlations), 1)


def test_overlaps_count_the_rows_that_two_tops_share() -> None:
    report = Report(table(), THREE, 0.2)
    assert report.top == 2
    np.testing.assert_allclose(report.overlaps, [[1, 1, 0.5], [1, 1, 0.5], [0.5, 0.5, 1]])


def test_consensus_and_the_rows_of_one_alone() -> None:
    report = Report(table(), THREE, 0.2)
    assert report.counts.tolist() == [2, 3, 0, 0, 0, 0, 0, 0, 0, 1]
    assert report.consensus.tolist() == [1, 0]
    assert [(one.row, one.name, one.rank) for one in report.lone] == [(9, "c", 1)]


def test_a_ranking_without_order_has_no_top() -> None:
    flat = Found("flat", "Flat", np.zeros(10), (), (1.0,))
    report = Report(table(), [THREE[0], flat], 0.2)
    assert report.correlations[0, 1] == 0
    assert report.overlaps[0, 1] == 0
    assert report.consensus.tolist() == []


def test_one_detector_agrees_with_nobody() -> None:
    report = Report(table(), THREE[:1], 0.2)
    assert report.correlations.tolist() == [[1]]
    assert report.consensus.tolist() == []
    assert report.lone == []


def test_mean_and_deviation_over_seeds() -> None:
    one = Found("a", "A", np.zeros(10), (0, 1, 2), (1.0, 2.0, 3.0), (0.7, 0.8, 0.9), (0.5,))
    assert one.auc == (pytest.approx(0.8), pytest.approx(0.1))
    assert one.precision == (0.5, None)
    assert one.time == 2
    assert THREE[0].auc is None


def test_the_table_has_scores_and_ranks_of_all() -> None:
    y = [1, 1, *[0] * 8]
    frame = pd.read_csv(io.BytesIO(rivals_csv(Report(table(y), [found("mo-gaal-8", 3, 1), *THREE[1:]], 0.2))))
    assert list(frame)[:6] == ["id", "label", "tops", "mean_rank", "mo_gaal_8_score", "mo_gaal_8_rank"]
    assert frame["id"].tolist() == [f"r{i}" for i in range(10)]
    assert frame["label"].tolist() == y
    assert frame["mo_gaal_8_rank"].tolist() == [3, 2, 4, 1, 5, 6, 7, 8, 9, 10]
    assert frame["mo_gaal_8_score"].idxmin() == 3
    assert frame["tops"].tolist() == [1, 3, 0, 1, 0, 0, 0, 0, 0, 1]


def test_measures_are_a_line_for_each_detector() -> None:
    one = Found("a", "A", np.zeros(10), (0, 1), (1.0, 2.0), (0.7, 0.8), (0.5, 0.5), 0.3, memory=(2**20, 3 * 2**20))
    assert (one.peak, THREE[0].peak) == (3, None)
    frame = pd.read_csv(io.BytesIO(measures_csv(Report(table(), [one, THREE[1]], 0.2))))
    assert frame["detector"].tolist() == ["a", "b"]
    assert frame.loc[0, ["auc", "seeds", "seed_correlation", "seconds", "memory_mib"]].tolist() == [
        0.75,
        2,
        0.3,
        1.5,
        3,
    ]
    assert frame.loc[1, ["auc", "auc_deviation", "seed_correlation", "memory_mib"]].isna().all()


@pytest.mark.parametrize(("of", "share", "words"), [([], 0.1, "got none"), (THREE, 0, "got 0"), (THREE, 2, "got 2")])
def test_what_cannot_be_reported_is_named(of: list[Found], share: float, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        Report(table(), of, share)
