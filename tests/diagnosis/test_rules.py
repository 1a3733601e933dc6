"""Each finding on runs that really show it, and not on those that do not."""

from typing import Any

import pytest

from sogaal.diagnosis import diagnose
from tests.diagnosis.runs import by_kind, evidence, severities, without_labels

GOOD: list[dict[str, Any]] = [
    {"preset": "paper_onecluster_mo"},
    {"preset": "paper_wdbc_mo", "dataset": "breast_cancer"},
    {"score_at": "stop", "max_epochs": 1001},
    {"preset": "post", "seed": 3},
    {"score_at": "stop", "seed": 5},  # whose D over-trains most of the first eight seeds
]


@pytest.mark.parametrize("setup", GOOD)
def test_healthy_runs_are_called_healthy(setup: dict[str, Any]) -> None:
    given = evidence(**setup)
    assert diagnose(given)[0].kind == "healthy"
    assert severities(given) <= {"good", "note"}


@pytest.mark.parametrize("setup", GOOD[:3])
def test_healthy_runs_are_no_failures_without_labels(setup: dict[str, Any]) -> None:
    found = by_kind(without_labels(evidence(**setup)))
    assert {finding.severity for finding in found.values()} <= {"good", "note"}
    assert found["healthy"].title == "Healthy, as far as one can see without labels"
    assert "auc" not in found["healthy"].numbers


BAD: list[tuple[str, str, dict[str, Any]]] = [
    ("discriminator_wins", "failure", {"generator_bias": 10.0}),
    ("discriminator_wins", "failure", {"preset": "paper_wdbc_so", "dataset": "breast_cancer", "scaling": "none"}),
    ("unscaled", "failure", {"preset": "paper_wdbc_so", "dataset": "breast_cancer", "scaling": "none"}),
    ("never_reaches", "failure", {"preset": "paper_wdbc_so", "dataset": "breast_cancer", "scaling": "none"}),
    ("dead_generator", "failure", {"generator_bias": -1.0}),
    ("dead_generator", "failure", {"lr_g": 0.1}),
    ("dead_discriminator", "failure", {"lr_d": 10.0}),
    ("mode_collapse", "failure", {"lr_g": 0.01, "seed": 1}),
    ("over_trained", "failure", {"preset": "paper"}),
    ("over_trained", "failure", {"preset": "post_bias_one"}),
    ("inverted_ranking", "failure", {"whether_stop": 0}),
    ("stopped_too_late", "failure", {"whether_stop": 0}),
    ("stopped_too_early", "warning", {"stop_epochs": 100, "seed": 2}),
]


def test_an_oscillation_is_found() -> None:
    # A game without a stop ends elsewhere on another processor: of these seeds four or so oscillate on each.
    found = [by_kind(evidence(whether_stop=0, seed=seed)) for seed in (1, 2, 4, 5, 6)]
    oscillating = [one for one in found if "oscillation" in one]
    assert oscillating
    assert {one["oscillation"].severity for one in oscillating} == {"warning"}


@pytest.mark.parametrize(("kind", "severity", "setup"), BAD)
def test_what_goes_wrong_is_found(kind: str, severity: str, setup: dict[str, Any]) -> None:
    given = evidence(**setup)
    found = by_kind(given)
    assert found[kind].severity == severity
    assert "healthy" not in found
    unlabelled = by_kind(without_labels(given))
    assert unlabelled[kind].severity in ("failure", "warning")
    assert "healthy" not in unlabelled


def test_a_run_that_diverges() -> None:
    given = evidence(scaling="none", factor=1e12, lr_d=10.0, lr_g=10.0, stop_epochs=100)
    assert given.diverged
    first = diagnose(given)[0]
    assert (first.kind, first.severity) == ("divergence", "failure")
    assert first.evidence.startswith("Training diverged")
    assert first.changes == {"scaling": "minmax"}


def test_the_early_spike_after_bias_one_is_a_note_with_its_numbers() -> None:
    given = evidence("post_bias_one")
    spike = by_kind(given)["early_spike"]
    assert spike.severity == "note"
    assert spike.changes == {"generator_bias": 1e-5}
    assert 90 <= spike.numbers["step"] <= 180
    assert spike.numbers["d_loss"] == pytest.approx(0.08, abs=0.03)
    assert spike.numbers["g_loss"] == pytest.approx(3.2, abs=0.2)
    assert spike.steps is not None
    assert spike.steps[0] <= spike.numbers["step"] <= spike.steps[1] < 300
    assert "early_spike" not in by_kind(evidence("post", seed=3))


def test_over_training_gives_the_aucs_and_two_remedies() -> None:
    given = evidence("post_bias_one")
    found = by_kind(given)["over_trained"]
    at_stop = given.view.auc[given.view.eval_step == 2002][0]
    assert found.numbers == {"at_stop": at_stop, "at_end": given.view.auc[-1]}
    assert f"{at_stop:.3f} when G stopped (step 2,002)" in found.evidence
    assert found.steps == (2002, 6000)
    assert found.changes == {"generator_bias": 1e-5, "score_at": "stop"}


def test_over_training_does_no_harm_to_a_d_kept_when_g_stopped() -> None:
    found = by_kind(evidence(seed=5, score_at="stop"))
    assert found["over_trained"].severity == "note"
    assert not found["over_trained"].changes


def test_the_equilibrium_is_a_note_whatever_the_ranking() -> None:
    good, inverted = evidence(seed=1), evidence(whether_stop=0)
    assert good.view.auc[good.view.eval_step == 2002][0] > 0.99
    assert inverted.view.auc[-1] < 0.4
    for given in (good, inverted):
        assert by_kind(given)["equilibrium"].severity == "note"
    assert "equilibrium" not in by_kind(evidence(lr_d=10.0, seed=2))  # losses at ln 2, with a D that is dead


def test_points_that_never_came_near_do_no_harm_in_the_plane() -> None:
    given = evidence(lr_g=1e-6)
    found = by_kind(given)
    assert found["never_reaches"].severity == "note"
    assert found["never_reaches"].changes == {"lr_g": 1e-4}
    assert found["healthy"].numbers["auc"] > 0.99
    assert by_kind(without_labels(given))["never_reaches"].severity == "warning"


def test_the_right_moment_to_stop_is_found_with_and_without_labels() -> None:
    given = evidence(whether_stop=0)
    for some in (given, without_labels(given)):
        changes = by_kind(some)["stopped_too_late"].changes
        assert changes["whether_stop"] == 1
        assert 600 <= changes["stop_epochs"] <= 1300


def test_a_weak_ranking_without_a_known_fault_is_not_called_healthy() -> None:
    given = evidence(dataset="ring")
    assert given.view.auc[-1] < 0.75
    found = by_kind(given)["unclear"]
    assert found.severity == "warning"
    assert "none of the known faults" in found.title
