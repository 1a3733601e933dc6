"""A finding as plain JSON and back."""

import json
from typing import Any

import pytest

from sogaal.config import make_config
from sogaal.diagnosis import KINDS, Finding, diagnose
from tests.diagnosis.runs import evidence, without_labels


def test_findings_survive_json() -> None:
    given = evidence("post_bias_one")
    for found in (*diagnose(given), *diagnose(without_labels(given))):
        text = json.dumps(found.to_dict(), allow_nan=False)
        assert Finding.from_dict(json.loads(text)) == found


def test_every_finding_is_whole() -> None:
    runs = (evidence("post_bias_one"), evidence(lr_g=0.1), evidence("paper_wdbc_so", "breast_cancer", "none"))
    for given in runs:
        for found in (*diagnose(given), *diagnose(without_labels(given))):
            assert found.kind in KINDS
            assert found.title
            assert found.explanation.endswith(".")
            assert any(letter.isdigit() for letter in found.evidence)
            assert found.steps is None or 1 <= found.steps[0] <= found.steps[1] <= given.view.steps
            changes = {name: value for name, value in found.changes.items() if name != "scaling"}
            assert given.config.replace(**changes) != given.config or "scaling" in found.changes or not changes
            assert bool(found.suggestion) >= bool(found.changes)


def test_numbers_that_are_not_finite_are_left_out() -> None:
    found = Finding("healthy", "Healthy", "good", "1", "2", numbers={"auc": float("nan"), "spread": 1.5})
    assert found.to_dict()["numbers"] == {"spread": 1.5}


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("title", None, "title must be a text, got None"),
        ("severity", "fatal", "severity must be one of failure, warning, note, good, got 'fatal'"),
        ("steps", [1], "steps must be two step numbers or null"),
        ("changes", 3, "changes and numbers must be objects"),
    ],
)
def test_what_makes_no_sense_is_named(name: str, value: Any, message: str) -> None:
    plain = Finding("healthy", "Healthy", "good", "1", "2").to_dict()
    with pytest.raises(ValueError, match=message):
        Finding.from_dict(plain | {name: value})


def test_what_a_later_version_adds_is_ignored() -> None:
    found = Finding("healthy", "Healthy", "good", "1", "2", changes={"lr_g": 1e-4}, steps=(1, 9))
    assert Finding.from_dict(found.to_dict() | {"colour": "green"}) == found


def test_a_suggestion_for_the_set_up_is_a_set_up() -> None:
    changes = next(f.changes for f in diagnose(evidence(stop_epochs=100)) if f.kind == "stopped_too_early")
    longer = make_config("post", stop_epochs=100).replace(**changes)
    assert longer.stop_epochs == 1000
    assert longer.epochs == 3000
