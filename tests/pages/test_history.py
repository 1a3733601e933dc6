"""Back and Forward: every page shows what the address says, starts nothing and ends nothing."""

from collections.abc import Iterator

import pytest
from streamlit.testing.v1 import AppTest

from pages import _history, _lab_server, _server
from sogaal.cli import main
from sogaal.config import make_config
from sogaal.data import load_dataset
from sogaal.jobs import JobState
from sogaal.race import Races
from sogaal.runs.names import token_of
from tests.conftest import ROOT
from tests.pages.session import PATIENCE, Session


@pytest.fixture
def races(monkeypatch: pytest.MonkeyPatch) -> Iterator[Races]:
    with Races(_server.registry().turns, _server.store()) as races:
        monkeypatch.setattr(_lab_server, "races", lambda: races)
        yield races


class Visit(Session):
    """A browser tab on a page at an address."""

    def __init__(self, page: str, **address: str) -> None:
        self.at = AppTest.from_file(ROOT / "app.py", default_timeout=PATIENCE)
        self.at.switch_page(f"pages/{page}.py")
        self.come(address)

    def to(self, page: str, **address: str) -> "Visit":
        """Go to another page."""
        self.at.switch_page(f"pages/{page}.py")
        self.come(address)
        return self

    def click(self, key: str) -> "Visit":
        self.at.button(key).click()
        self.look()
        return self

    def ask(self, key: str, value: str) -> "Visit":
        self.choose(key, value)
        return self


def finished(*seeds: int) -> list[str]:
    """The ids of short runs."""
    jobs = [
        _server.registry().submit(load_dataset("onecluster"), make_config("post", stop_epochs=4, seed=seed))
        for seed in seeds
    ]
    assert all(job.wait(PATIENCE) for job in jobs)
    return [job.id for job in jobs]


class TestLearn:
    def test_chapters(self) -> None:
        page = Visit("learn").click("chapter_3")
        third = page.address
        page.click("chapter_5").back(third)
        assert page.at.title[0].value.startswith("3.")
        assert page.address == third
        assert page.click("chapter_2").address == {"chapter": "2"}
        assert page.back({"chapter": "5"}).at.title[0].value.startswith("5.")

    def test_the_failures_of_the_tour(self) -> None:
        page = Visit("learn", chapter="8")
        first = page.address
        page.click("tour_to_mode_collapse")
        assert page.address != first
        page.back(first)
        assert page.address == first
        assert page.value("tour_failure") == first["failure"] != "mode_collapse"

    def test_nothing_is_started_again_and_no_old_complaint_stands(self) -> None:
        page = Visit("learn", chapter="99")
        assert any("chapter must be one of" in warning for warning in page.warnings)
        page.back({"chapter": "3", "start": "1", "lr_g": "0.02"})
        assert page.warnings == []
        assert page.value("learn_fixed") == {"lr_g": 0.02}
        assert not _server.registry().jobs()
        assert any("chapter must be one of" in w for w in page.back({"chapter": "99"}).warnings)
        assert page.click("chapter_2").warnings == []


class TestPlayground:
    def test_runs_one_after_another(self) -> None:
        page = Visit("playground")
        page.type("seed", 5)
        addresses = [page.address]
        for seed in (5, 6):
            page.type("seed", seed)
            page.start(pace="watch", stop_epochs=1000)
            addresses.append(page.address)
        jobs = {job.id: job for job in _server.registry().active()}
        assert len(jobs) == 2
        for at, seed in ((1, 5), (0, 5), (1, 5), (2, 6)):
            page.back(addresses[at])
            assert page.address == addresses[at]
            assert page.value("run") == addresses[at].get("run")
            assert page.field("seed") == seed
        assert {job.id for job in _server.registry().active()} == set(jobs), "a run under way goes on unseen"

    def test_tabs(self) -> None:
        [run] = finished(0)
        page = Visit("playground", run=run)
        game = page.address
        page.tab("Result")
        result = page.address
        assert result["view"] == "Result"
        assert page.back(game).value("view") == "Game"
        assert page.back(result).value("view") == "Result"

    def test_nothing_is_started_again(self) -> None:
        address = {"data": "onecluster", "preset": "post", "stop_epochs": "4", "start": "1"}
        page = Visit("playground", **address)
        assert len(_server.registry().jobs()) == 1
        page.back(address)
        assert len(_server.registry().jobs()) == 1
        assert page.value("run") is None
        assert page.look().address.get("run") is None
        assert len(_server.registry().jobs()) == 1

    def test_what_the_address_leaves_out_is_as_at_first(self) -> None:
        page = Visit("playground")
        page.type("seed", 7)
        page.type("lr_g", 0.5)
        page.back({"data": "wine"})
        assert page.address == {"data": "wine", "preset": "post", "seed": "0"}

    def test_no_old_complaint_stands(self) -> None:
        page = Visit("playground", data="wine", run="nosuchrun", lr_d="much")
        assert len(page.warnings) == 1
        assert page.back({"data": "wine"}).warnings == []
        assert "nosuchrun" in page.back({"data": "wine", "run": "nosuchrun"}).warnings[0]

    def test_an_address_that_says_nothing_of_the_page_changes_nothing(self) -> None:
        [run] = finished(3)
        page = Visit("playground", run=run)
        said = page.address
        assert said["seed"] == "3"
        for address in ({}, {"chapter": "3"}):
            assert page.back(address).address == said

    def test_a_click_is_not_back(self) -> None:
        """An address that the page has not written yet, as when a click comes before it."""
        one, other = finished(1, 2)
        page = Visit("playground", run=one)
        said = page.address
        assert page.come(said | {"run": other, "seed": "2"}).address == said

    def test_without_streamlits_word_it_is_as_ever(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(_history, "get_script_run_ctx", object)
        page = Visit("playground")
        said = page.address
        assert page.back(said | {"seed": "9"}).address == said

    def test_a_link_of_another_page_shows_its_run(self) -> None:
        one, other = finished(1, 2)
        page = Visit("playground", run=one)
        page.type("seed", 8)
        page.to("runs").to("playground", run=other)
        assert page.address["run"] == other
        assert page.field("seed") == 8
        page.to("runs").to("playground", run="nosuchrun")
        assert page.address["run"] == other
        assert "nosuchrun" in page.warnings[0]
        assert page.to("runs").to("playground").warnings == []


def test_the_lab_shows_the_race_of_before_and_ends_none(races: Races) -> None:
    page = Visit("lab")
    first = page.address
    page.click("lab_pair_bias")
    second = page.address
    page.ask("lab_view", "spread").at.number_input("lab_seed").set_value(4)
    third = page.look().address
    assert "id" in second
    assert "id" not in third
    page.back(second)
    assert page.address == second
    assert page.value("lab_ids")["race"] == second["id"]
    assert page.value("lab_view") == "race"
    assert page.value("lab_seed") == 0
    assert page.back(third).address == third
    assert page.back(first | {"start": "1"}).address == first
    race = races.get(second["id"])
    assert race is not None
    assert race.snapshot().state.active
    race.stop()


def test_a_sweeps_set_up() -> None:
    page = Visit("sweep")
    first = page.address
    page.choose("sweep_method", "random")
    page.at.multiselect("sweep_fields").set_value(["decay"])
    second = page.look().address
    assert second["vary"] == "decay"
    page.back(first)
    assert page.address == first
    assert page.value("sweep_method") == "tpe"
    assert page.back(second).address == second
    page.back(second | {"id": "nosuchsweep"})
    assert "nosuchsweep" in page.warnings[0]
    assert page.back(first).warnings == []


def test_compared_runs_and_how() -> None:
    one, two, three = finished(1, 2, 3)
    page = Visit("compare", ids=f"{one},{two}")
    first = page.address
    page.choose("axis", "epoch")
    page.at.multiselect("compare_ids").set_value([one, three])
    second = page.look().address
    page.back(first)
    assert page.address == first
    assert page.value("compare_ids") == [one, two]
    assert page.value("axis") == "step"
    assert page.back(second).address == second == {"ids": f"{one},{three}", "axis": "epoch"}
    assert len(page.back({"ids": "nosuchrun", "axis": "inches"}).warnings) == 2
    assert page.back(first).warnings == []


def test_a_complaint_of_compares_switches_ends_with_the_visit() -> None:
    one, two = finished(1, 2)
    page = Visit("compare", ids=f"{one},{two}", axis="inches")
    assert "axis must be one of" in page.warnings[0]
    assert page.to("runs").to("compare").warnings == []


def test_the_model_that_scores() -> None:
    root = str(_server.store().root)
    for seed in (1, 2):
        assert main(["train", "wine", "--stop_epochs", "4", "--seed", str(seed), "--quiet", "--runs", root]) == 0
    newest, oldest = (token_of(entry.id) for entry in _server.store().entries())
    page = Visit("score")
    assert page.address == {"run": newest}
    page.choose("score_model", oldest)
    assert page.address == {"run": oldest}
    assert page.back({"run": newest}).value("score_model") == newest
    assert "nosuchrun" in page.back({"run": "nosuchrun"}).warnings[0]
    assert page.back({"run": oldest}).warnings == []
    assert page.value("score_model") == oldest


def test_the_table_of_the_detectors() -> None:
    page = Visit("detectors", data="wine")
    page.choose("rivals_data", "onecluster")
    assert page.address == {"data": "onecluster"}
    assert page.back({"data": "wine"}).value("rivals_data") == "wine"
    assert page.address == {"data": "wine"}


def test_a_run_under_way_is_not_ended_by_leaving_its_address() -> None:
    page = Visit("playground")
    before = page.address
    job = page.start(pace="watch", stop_epochs=1000)
    page.back(before)
    assert job.snapshot().state in (JobState.QUEUED, JobState.RUNNING)
    assert page.says("running:") or page.says("queued:")
