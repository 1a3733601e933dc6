"""The Detectors page: choices, progress, what came of it, what was left out, and the file."""

import io
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from pages import _detectors_server
from sogaal.rivals import DETECTORS, Comparison, rivals_csv
from tests.conftest import ROOT
from tests.pages.session import PATIENCE, Session, until
from tests.rivals import misfits

FAST = ["so-gaal", "iforest", "knn"]


@pytest.fixture(autouse=True)
def nothing_compared() -> Iterator[None]:
    _detectors_server._comparisons().clear()
    yield
    for comparison in _detectors_server._comparisons().values():
        comparison.cancel()
        comparison.wait(PATIENCE)
    _detectors_server._comparisons().clear()


class Visit(Session):
    """A browser tab on the Detectors page."""

    def __init__(self, **address: str) -> None:
        self.at = AppTest.from_file(ROOT / "app.py", default_timeout=PATIENCE)
        self.at.run()
        self.at.switch_page("pages/detectors.py")
        for name, value in address.items():
            self.at.query_params[name] = value
        self.look()

    def only(self, *names: str) -> "Visit":
        next(one for one in self.at.button_group if one.key == "rivals_only").set_value(list(names))
        self.look()
        return self

    @property
    def comparison(self) -> Comparison:
        return next(reversed(_detectors_server._comparisons().values()))

    def compare(self) -> "Visit":
        self.press("Compare")
        until(lambda: not self.comparison.state.active)
        self.look()
        return self


def test_at_first_it_says_what_will_be_compared_and_that_no_label_chooses() -> None:
    page = Visit(data="wine")
    assert page.errors == []
    assert page.says("No label chooses a hyperparameter.")
    assert list(page.at.dataframe[0].value["detector"]) == [kind.title for kind in DETECTORS.values()]
    assert page.value("rivals_data") == "wine"


def test_measures_agreement_and_rows() -> None:
    page = Visit(data="wine").only(*FAST).compare()
    assert page.errors == []
    report = page.comparison.report()
    measures = page.at.dataframe[0].value
    assert list(measures["detector"]) == ["SO-GAAL", "Isolation Forest", "kNN"]
    assert measures["AUC"].tolist() == [one.auc[0] for one in report.found]
    assert [words == "–" for words in measures["AUC ±"]] == [False, False, True]
    assert list(measures["seeds"]) == ["3", "3", "no luck"]
    peaks = [one.peak for one in report.found]
    if None in peaks:
        assert page.says("Memory is measured on Linux alone.")
    else:
        assert measures["MiB"].tolist() == peaks
    assert page.has_chart("rivals_correlations")
    assert page.has_chart("rivals_overlaps")
    assert not page.has_chart("rivals_map_knn")  # wine has 13 features
    assert page.says(f"Most agree: {len(report.consensus)} rows")
    assert page.at.dataframe[1].value["detectors"].min() >= 2
    assert page.at.dataframe[2].value["rank there"].max() <= 7
    frame = pd.read_csv(io.BytesIO(rivals_csv(report)))
    assert len(frame) == 129
    assert ["Scores and ranks (CSV)", "Measures (CSV)"] == [button.label for button in page.at.get("download_button")]


def test_another_share_needs_no_new_comparison_and_another_seed_does() -> None:
    page = Visit(data="wine").only("knn", "lof").compare()
    assert page.says("The top 7: rows in common")
    page.at.number_input("rivals_share").set_value(10.0)
    page.look()
    assert page.says("The top 13: rows in common")
    page.at.number_input("rivals_seeds").set_value(2)
    page.look()
    assert page.says("No label chooses a hyperparameter.")


def test_a_table_of_two_features_has_a_map_of_each() -> None:
    page = Visit(data="moons").only("lof", "ocsvm").compare()
    assert page.says("Where each draws the line")
    ground = page.chart("rivals_map_lof")["data"][0]
    assert ground["type"] == "heatmap"
    assert page.has_chart("rivals_map_ocsvm")


def test_a_table_without_labels() -> None:
    page = Visit()
    rows = "\n".join(f"{i % 7 / 7},{i % 11 / 11}" for i in range(60))
    page.at.file_uploader("upload_file").upload("mine.csv", f"a,b\n{rows}\n5,5\n".encode())
    page.look()
    page.only("iforest", "knn").compare()
    assert any(one.value.endswith("61 rows, 2 features, no labels") for one in page.at.subheader)
    assert page.says("nothing here says how good")
    assert "AUC" not in page.at.dataframe[0].value
    assert page.at.dataframe[1].value["id"].tolist()[0] == 61


def test_one_that_fails_and_one_that_is_not_installed_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(DETECTORS, "lof", replace(DETECTORS["lof"], fit=misfits.broken))
    monkeypatch.setattr("sogaal.rivals.kinds.find_spec", lambda _: None)
    page = Visit(data="wine").only("lof", "knn", "ecod")
    assert page.says('pip install "sogaal[rivals]"')
    page.compare()
    assert any("LOF" in words and "a *singular* matrix" in words for words in page.warnings)
    assert any("ECOD" in words and "sogaal[rivals]" in words for words in page.warnings)
    assert list(page.at.dataframe[0].value["detector"]) == ["kNN"]
    page.only("lof").compare()
    assert page.errors == ["No detector has ranked the table."]


def test_progress_and_cancel(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ensemble = DETECTORS["mo-gaal-8"]
    monkeypatch.setitem(DETECTORS, "mo-gaal-8", replace(ensemble, fit=partial(misfits.long_in_c, tmp_path)))
    page = Visit(data="wine").only("so-gaal", "mo-gaal-8", "knn")
    page.press("Compare")
    pid = misfits.begun(tmp_path, PATIENCE)
    page.look()
    assert page.says("3 of 7 rankings of wine, 129 rows")
    assert page.says("MO-GAAL, 8 seeds: 0 of 3 seeds")
    assert page.button("Compare").disabled
    page.press("Cancel")
    until(lambda: not page.comparison.state.active)
    assert not misfits.alive(pid)  # nobody waited for the fit
    assert not (tmp_path / "done").exists()
    page.look()
    assert any("Cancelled" in note.value for note in page.at.info)
    assert list(page.at.dataframe[0].value["detector"]) == ["SO-GAAL"]
    assert not page.button("Compare").disabled


def test_nothing_chosen_cannot_be_compared() -> None:
    page = Visit(data="wine").only()
    assert page.button("Compare").disabled


def test_another_tab_finds_the_same_comparison() -> None:
    Visit(data="wine").only(*FAST).compare()
    page = Visit(data="wine").only(*FAST)
    assert page.has_chart("rivals_correlations")
