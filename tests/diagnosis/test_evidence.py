"""What can be said with little: mid-run, with few frames or none, without the table, before the first step."""

from dataclasses import replace

import numpy as np
import pytest

from sogaal.diagnosis import Evidence, diagnose
from sogaal.history import History
from tests.diagnosis.runs import by_kind, evidence, without_labels


def test_before_the_first_step_there_is_nothing_to_say() -> None:
    given = replace(evidence(), view=History(1).view(), frames=(), complete=False)
    assert diagnose(given) == ()
    assert [f.kind for f in diagnose(replace(given, diverged="Training diverged: x is not finite at step 1."))] == [
        "divergence"
    ]


@pytest.mark.parametrize("steps", [1, 2, 7, 49, 51])
@pytest.mark.parametrize("preset", ["post", "post_bias_one", "paper_onecluster_mo"])
def test_a_run_of_few_steps_is_no_failure(preset: str, steps: int) -> None:
    given = evidence(preset, upto=steps)
    for some in (given, without_labels(given), replace(given, frames=())):
        assert not [finding for finding in diagnose(some) if finding.severity == "failure"]


def test_in_the_middle_of_the_early_spike_it_is_a_warning_so_far() -> None:
    given = evidence("post_bias_one", upto=150)
    assert not given.complete
    first = diagnose(given)[0]
    assert first.severity == "warning"
    assert first.title.endswith("so far")
    assert not [finding for finding in diagnose(given) if finding.severity in ("failure", "good")]


@pytest.mark.parametrize("steps", [200, 600, 1000, 1400, 1800])
def test_a_good_run_under_way_is_not_blamed(steps: int) -> None:
    given = evidence("post", upto=steps)
    for some in (given, without_labels(given)):
        found = by_kind(some)
        assert {finding.severity for finding in found.values()} == {"note"}
        assert found["unclear"].title == "So far, none of the known faults"


def test_a_dead_generator_is_dead_mid_run_too() -> None:
    assert by_kind(evidence(generator_bias=-1.0, upto=400))["dead_generator"].severity == "failure"


def last_two(given: Evidence) -> Evidence:
    at_stop = next(frame for frame in given.frames if frame.step == given.stop_step)
    return replace(given, frames=(at_stop, given.frames[-1]))


def test_two_frames_are_enough_for_what_they_show() -> None:
    given = evidence("paper_wdbc_so", "breast_cancer")
    assert by_kind(last_two(given)).keys() == by_kind(given).keys()
    unscaled = evidence("paper_wdbc_so", "breast_cancer", "none")
    found = by_kind(last_two(unscaled))["never_reaches"]
    assert found.title == "The generated points are far from the data"
    assert "never" not in found.evidence


def test_without_frames_nothing_is_said_about_points() -> None:
    given = replace(evidence(generator_bias=-1.0), frames=())
    found = by_kind(given)
    assert {"discriminator_wins", "mode_collapse"} <= found.keys()
    assert not {"dead_generator", "never_reaches", "stopped_too_early"} & found.keys()


def test_without_the_table_the_history_still_speaks() -> None:
    given = replace(evidence("post_bias_one"), X=None)
    assert by_kind(given)["over_trained"].severity == "failure"
    blind = without_labels(given)
    assert "over_trained" not in by_kind(blind)
    assert "no stand-in" not in by_kind(blind)["no_labels"].evidence
    assert "no table any more" in by_kind(blind)["no_labels"].evidence
    assert "healthy" not in by_kind(blind)


def test_without_labels_it_says_what_nobody_can_know() -> None:
    found = by_kind(without_labels(evidence("post", seed=3)))
    assert found["no_labels"].severity == "note"
    assert "no AUC" in found["no_labels"].explanation
    assert "no_labels" not in by_kind(evidence("post", seed=3))


def test_the_stand_in_falls_where_the_auc_falls() -> None:
    collapsed, good = evidence("paper"), evidence("post", seed=3)
    fallen = by_kind(without_labels(collapsed))["over_trained"]
    assert fallen.severity == "warning"  # a stand-in proves no failure
    assert fallen.numbers["at_stop"] - fallen.numbers["at_end"] > 0.2
    assert "over_trained" not in by_kind(without_labels(good))


def test_a_diagnosis_changes_nothing_and_is_always_the_same() -> None:
    given = evidence("post_bias_one")
    before = given.view.d_loss.copy(), given.X.copy()
    assert diagnose(given) == diagnose(given)
    np.testing.assert_array_equal(given.view.d_loss, before[0])
    np.testing.assert_array_equal(given.X, before[1])
