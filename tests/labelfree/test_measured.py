"""What the pages say of the measures comes from what was measured."""

import json
import re

import pytest

from sogaal.labelfree.measured import MEASURED, auto_words, follows, found, scaling_words, volume_words
from tests.conftest import ROOT

TABLES = json.loads(MEASURED.read_text())["tables"]


def test_words_hold_the_figures_of_the_file() -> None:
    one = found()
    assert one.tables == len(TABLES)
    values = {name: table["rankings"]["automatic stop"] for name, table in TABLES.items()}
    autos = {name: sum(some) / len(some) for name, some in values.items()}
    assert one.auto == pytest.approx(sum(autos.values()) / len(autos))
    assert one.worst == (min(autos, key=autos.__getitem__), pytest.approx(min(autos.values())))
    assert f"{one.auto:.2f}" in auto_words()
    assert f"{follows('mass volume'):.2f}" in volume_words()


def test_the_figure_of_min_max_is_not_promised_for_another_scaling() -> None:
    one = found()
    values = [table["rankings"]["automatic stop, robust scaling"] for table in TABLES.values()]
    assert one.robust == pytest.approx(sum(sum(some) / len(some) for some in values) / len(values))
    assert one.robust < 0.5 < one.auto
    assert f"{one.robust:.2f} with robust scaling, which is worse than guessing" in scaling_words()
    assert auto_words("robust").startswith(scaling_words())
    for scaling in ("robust", "none"):
        assert f"it reached an AUC of {one.auto:.2f}" not in auto_words(scaling)
    assert "not with this scaling" in auto_words("none")


def test_the_page_in_docs_is_of_the_same_figures() -> None:
    page = (ROOT / "docs" / "labelfree.md").read_text()
    row = re.search(r"\| \*\*automatic stop\*\* \|(.*)\|", page)
    assert row is not None
    authors = [t["rankings"]["automatic stop"] for t in TABLES.values() if t["authors"]]
    mean = f"{sum(map(sum, authors)) / sum(map(len, authors)):.3f} ±"
    assert mean in row.group(1)
    assert f"a mean AUC of {mean}" in (ROOT / "README.md").read_text()
