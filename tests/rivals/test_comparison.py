"""The comparison at work: every detector, one that fails, one that is refused, and cancelling."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from sogaal.data import Dataset, load_dataset
from sogaal.errors import ConfigError
from sogaal.metrics import roc_auc
from sogaal.rivals import DETECTORS, Comparison, Report
from sogaal.rivals.peak import PeakMemory
from sogaal.scaling import Scaler
from sogaal.snapshots import JobState
from tests.rivals import misfits

WINE = load_dataset("wine")
PATIENCE = 120


def done(comparison: Comparison) -> Comparison:
    assert comparison.start().wait(PATIENCE)
    return comparison


def test_each_detector_ranks_the_scaled_rows_and_labels_judge() -> None:
    names = ["so-gaal", "iforest", "lof", "knn", "ocsvm"]
    comparison = done(Comparison(WINE, names, seeds=2))
    assert comparison.state == JobState.COMPLETED
    found = {one.name: one for one in comparison.report().found}
    assert list(found) == names
    X = Scaler.fit(WINE.X).transform(WINE.X)
    for name, one in found.items():
        seeds = (0, 1) if DETECTORS[name].seeded else (0,)
        rankings = [DETECTORS[name].fit(X, seed)[0] for seed in seeds]
        np.testing.assert_array_equal(one.scores, rankings[0])
        assert one.aucs == tuple(roc_auc(scores, WINE.y) for scores in rankings)
        assert one.seeds == (seeds if DETECTORS[name].seeded else ())
        assert (one.own is None) == (not DETECTORS[name].seeded)
        assert len(one.seconds) == len(seeds)
        assert min(one.seconds) > 0


def test_labels_change_no_ranking() -> None:
    without = Dataset("wine", WINE.X, None, WINE.ids, WINE.feature_names)
    first, second = (done(Comparison(table, ["so-gaal", "knn"], 1)).report() for table in (WINE, without))
    for one, other in zip(first.found, second.found, strict=True):
        np.testing.assert_array_equal(one.scores, other.scores)
        assert other.auc is None


def test_one_that_fails_harms_no_other() -> None:
    kinds = dict(DETECTORS)
    kinds["iforest"] = replace(DETECTORS["iforest"], fit=misfits.broken)
    kinds["lof"] = replace(DETECTORS["lof"], fit=misfits.endless_numbers)
    kinds["ocsvm"] = replace(DETECTORS["ocsvm"], most_rows=100)
    comparison = done(Comparison(WINE, ["iforest", "lof", "knn", "ocsvm"], 2, kinds=kinds))
    assert comparison.state == JobState.COMPLETED
    assert [one.name for one in comparison.report().found] == ["knn"]
    reasons = comparison.without
    assert reasons["iforest"] == "ValueError: a *singular* matrix"
    assert "finite" in reasons["lof"]
    assert "not used above 100 rows" in reasons["ocsvm"]


def test_a_seed_that_fails_leaves_the_others() -> None:
    kinds = {**DETECTORS, "iforest": replace(DETECTORS["iforest"], fit=misfits.unlucky)}
    (one,) = done(Comparison(WINE, ["iforest"], 3, kinds=kinds)).report().found
    assert one.seeds == (1, 2)
    assert one.failed == ("seed 0: ArithmeticError: it diverged",)
    assert one.own == pytest.approx(1)


def test_where_none_ranks_the_table_it_says_so() -> None:
    kinds = {**DETECTORS, "knn": replace(DETECTORS["knn"], most_rows=10)}
    comparison = done(Comparison(WINE, ["knn"], kinds=kinds))
    assert (comparison.state, comparison.message) == (JobState.FAILED, "No detector has ranked the table.")
    with pytest.raises(ConfigError):
        comparison.report()


def test_one_whose_process_dies_harms_no_other() -> None:
    kinds = {**DETECTORS, "lof": replace(DETECTORS["lof"], fit=misfits.dies)}
    comparison = done(Comparison(WINE, ["lof", "knn"], kinds=kinds))
    assert comparison.state == JobState.COMPLETED
    assert [one.name for one in comparison.report().found] == ["knn"]
    assert "has come to its end, as happens where memory is out." in comparison.without["lof"]
    assert "ended with status 3" in comparison.without["lof"]


@pytest.mark.parametrize("fit", [misfits.long, misfits.long_in_c])
def test_cancelling_ends_the_process_of_a_fit_and_keeps_what_is_there(
    fit: Callable[..., object], tmp_path: Path
) -> None:
    kinds = {**DETECTORS, "mo-gaal-8": replace(DETECTORS["mo-gaal-8"], fit=partial(fit, tmp_path))}
    comparison = Comparison(WINE, ["so-gaal", "mo-gaal-8", "knn"], 1, kinds=kinds).start()
    pid = misfits.begun(tmp_path, PATIENCE)
    assert misfits.alive(pid)
    comparison.cancel()
    assert comparison.wait(PATIENCE)
    assert not misfits.alive(pid)
    assert not (tmp_path / "done").exists()
    assert comparison.state == JobState.STOPPED
    assert [one.state for one in comparison.progress] == [JobState.COMPLETED, JobState.STOPPED, JobState.QUEUED]
    assert [one.name for one in comparison.report().found] == ["so-gaal"]
    done(Comparison(WINE, ["knn"]))  # the next one gets a process of its own


def test_cancelled_before_its_start_it_does_nothing() -> None:
    comparison = Comparison(WINE, ["knn"])
    comparison.cancel()
    done(comparison)
    assert comparison.state == JobState.STOPPED
    assert [one.state for one in comparison.progress] == [JobState.QUEUED]


def measurable() -> bool:
    with PeakMemory() as peak:
        pass
    return peak.added is not None


@pytest.mark.skipif(not measurable(), reason="this system does not tell the peak of a process's memory")
def test_memory_is_what_a_fit_adds_at_its_peak_whatever_was_before() -> None:
    def peaks(*names: str) -> dict[str, float | None]:
        kinds = {**DETECTORS, "iforest": replace(DETECTORS["iforest"], fit=misfits.greedy)}
        return {one.name: one.peak for one in done(Comparison(WINE, names, 2, kinds=kinds)).report().found}

    both, alone = peaks("iforest", "knn"), peaks("knn")
    assert misfits.MEBIBYTES - 1 < both["iforest"] < misfits.MEBIBYTES + 4
    assert max(both["knn"], alone["knn"]) < 4  # 129 rows of 13 columns


def test_points_get_the_share_of_rows_that_are_as_abnormal() -> None:
    X = Scaler.fit(WINE.X).transform(WINE.X)
    points = np.vstack([X[3], np.full(13, 9)]).astype(np.float32)
    (one,) = done(Comparison(WINE, ["ocsvm"], points=points)).report().found
    assert one.shares is not None
    assert one.shares[0] == pytest.approx((one.scores <= one.scores[3] + 1e-9).mean(), abs=0.01)
    assert one.shares[1] == 0


@pytest.mark.parametrize("seeds", [0, 51, True, 1.5])
def test_seeds_are_checked(seeds: object) -> None:
    with pytest.raises(ConfigError, match="seeds must be a whole number from 1 to 50") as caught:
        Comparison(WINE, seeds=seeds)  # type: ignore[arg-type]
    assert caught.value.field == "seeds"


def test_all_ten_of_them() -> None:
    report: Report = done(Comparison(WINE, seeds=1)).report()
    assert [one.name for one in report.found] == list(DETECTORS)
    assert report.correlations.shape == (10, 10)
