"""What is said of the objectives of a sweep comes from what was measured."""

import json
import re

import pytest

from sogaal.labelfree.choosing import MEASURED, chosen, short_words, without_labels_words, words
from sogaal.sweep import OBJECTIVES
from tests.conftest import ROOT

FOUND = json.loads(MEASURED.read_text())


def test_every_objective_without_labels_was_measured_and_says_its_figure() -> None:
    assert set(FOUND["objectives"]) == {name for name, one in OBJECTIVES.items() if not one.labels}
    for name in FOUND["objectives"]:
        one = chosen(name)
        assert one is not None
        assert f"an AUC of {one.auc:.2f} on average" in words(name)
        assert f"an AUC of {one.auc:.2f} on average" in short_words(name)
        assert ("no better than luck" in words(name)) == (one.gain <= 2 * one.gain_std)
        assert f"at random has {FOUND['at_random']:.2f}" in words(name)
    assert (chosen("auc_stop"), words("auc_stop"), short_words("auc_stop")) == (None, "", "")


def test_those_without_labels_stand_in_order() -> None:
    names = FOUND["without_labels"]
    assert set(names) == set(FOUND["objectives"])
    assert sorted(names, key=lambda name: -FOUND["objectives"][name]["auc"]) == names


def test_the_pages_in_docs_are_of_the_same_figures() -> None:
    page = (ROOT / "docs" / "objectives.md").read_text()
    for name in FOUND["without_labels"]:
        rows = re.findall(rf"\| \*\*`{name}`\*\* \| ([\d.]+) ±", page)
        assert len(rows) == 2  # at the stop and at the end
        assert sum(map(float, rows)) / 2 == pytest.approx(FOUND["objectives"][name]["auc"], abs=0.001)
    assert without_labels_words() in " ".join((ROOT / "docs" / "sweep.md").read_text().split())
