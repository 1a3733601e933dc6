"""What the pages say of the measures comes from what was measured."""

import json
import re

import pytest

from sogaal.labelfree.measured import MEASURED, auto_words, follows, found, volume_words
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


def test_the_page_in_docs_is_of_the_same_figures() -> None:
    page = (ROOT / "docs" / "labelfree.md").read_text()
    row = re.search(r"\| \*\*automatic stop\*\* \|(.*)\|", page)
    assert row is not None
    authors = [t["rankings"]["automatic stop"] for t in TABLES.values() if t["authors"]]
    mean = f"{sum(map(sum, authors)) / sum(map(len, authors)):.3f} ±"
    assert mean in row.group(1)
    assert f"a mean AUC of {mean}" in (ROOT / "README.md").read_text()
