"""The failure lab's page: races, spreads and maps, their controls, their addresses, and the way to the Playground."""

from collections.abc import Iterator

import pytest
from streamlit.testing.v1 import AppTest

from pages import _lab_server, _saved, _server
from sogaal.jobs import JobState
from sogaal.populations import Population, Populations, cells
from sogaal.race import READY, Race, Races
from tests.conftest import ROOT
from tests.pages.session import PATIENCE, Session, until

# For a whole race of 6,000 steps, or a map, where others want the processor too.
LONG = 8 * PATIENCE
SHORT = {"preset": "post", "differs": "generator_bias", "values": "1e-5, 1", "stop_epochs": "10"}


@pytest.fixture(scope="module")
def pool() -> Iterator[Populations]:
    with Populations(workers=2) as populations:
        yield populations


@pytest.fixture(autouse=True)
def lab(monkeypatch: pytest.MonkeyPatch, pool: Populations) -> Iterator[None]:
    monkeypatch.setattr(pool, "_store", _server.store())  # the pool outlives a test, its folder of runs does not
    with Races(_server.registry().turns, _server.store()) as races:
        monkeypatch.setattr(_lab_server, "races", lambda: races)
        monkeypatch.setattr(_lab_server, "populations", lambda: pool)
        yield
    for population in pool:
        pool.cancel(population)
        population.wait(PATIENCE)


class Lab(Session):
    """A browser tab on the lab."""

    def __init__(self, **address: str) -> None:
        self.at = AppTest.from_file(ROOT / "app.py", default_timeout=PATIENCE)
        self.at.run()
        self.at.switch_page("pages/lab.py")
        for name, value in address.items():
            self.at.query_params[name] = value
        self.look()

    @property
    def race(self) -> Race:
        race = _lab_server.races().get(self.value("lab_ids")["race"])
        assert race is not None
        return race

    def population(self, kind: str) -> Population:
        population = _lab_server.populations().get(self.value("lab_ids")[kind])
        assert population is not None
        return population

    def links(self, label: str) -> list[str]:
        """What stands behind the question mark in the links of that label."""
        return [link.proto.query_string for link in self.at.get("page_link") if link.proto.label == label]

    def write(self, key: str, text: str) -> None:
        self.at.text_input(key).set_value(text)
        self.look()

    def finish_race(self) -> Race:
        race = self.race
        race.set_speed(None)
        assert race.wait(LONG)
        self.look()
        return race

    def run_population(self, kind: str) -> Population:
        population = self.population(kind)
        assert population.wait(LONG)
        self.look()
        return population


class TestRace:
    def test_the_page_leads_to_the_bias_failure(self) -> None:
        page = Lab()
        assert page.address == {"pair": "bias", "seed": "0"}
        assert page.says("Generator bias: 1e-5 or 1")
        assert page.has_chart("lab_plane_0")
        assert page.has_chart("lab_plane_1")
        page.press("Start")
        assert page.race.setups == tuple(READY["bias"].setups())

    def test_an_address_starts_at_once_and_once(self) -> None:
        page = Lab(pair="bias", start="1", seed="3")
        race = page.race
        assert race.setups[0].config.seed == 3
        assert page.address == {"pair": "bias", "seed": "3", "id": race.id}
        page.look()
        assert page.race is race
        # Whoever opens what the address says now, or reloads, sees this race.
        assert Lab(**page.address).race is race

    def test_at_the_end_it_says_what_it_showed(self) -> None:
        page = Lab(**SHORT, start="1")
        race = page.finish_race()
        for number, lane in enumerate(race.snapshot().lanes):
            assert page.says(f"at\N{NO-BREAK SPACE}end\N{NO-BREAK SPACE}**{lane.summary['auc_final']:.3f}**")
            assert page.says(lane.findings[0].title)
            assert page.at.button(f"lab_open_{number}")
        assert page.says("What differs: Generator bias at the start (1e-5, 1)")
        rows = page.at.dataframe[0].value
        assert list(rows["auc_end"]) == [lane.summary["auc_final"] for lane in race.snapshot().lanes]

    def test_its_end_can_be_taken_along_as_one_picture(self) -> None:
        page = Lab(**SHORT, start="1")
        snapshot = page.finish_race().snapshot()
        assert [button.label for button in page.at.get("download_button")] == ["One picture for slides (SVG)"]
        assert all(lane.findings for lane in snapshot.lanes)

    def test_the_bias_pair_is_told_in_two_acts_beside_what_was_measured(self) -> None:
        page = Lab(pair="bias", start="1")
        race = page.finish_race()
        far = race.snapshot().lanes[1]
        assert page.says("Act one, the early spike. G starts at z + 2")
        assert page.says(f"at step 1,000 the AUC is {far.auc_at(1000):.3f}")
        assert page.says("from 0.235 to 0.805")
        assert page.says("Where the post's explanation does not hold")
        assert page.says("its points moved by 0.")

    def test_other_set_ups_are_not_told_what_was_measured_of_these(self) -> None:
        page = Lab(**SHORT, start="1")
        page.finish_race()
        assert not page.says("Measured before")
        assert not page.says("Act one")

    def test_controls_act_on_all_together(self) -> None:
        page = Lab(**SHORT | {"stop_epochs": "50000"})
        page.press("Step")
        race = page.race
        until(lambda: race.snapshot().step == 1)
        page.look()
        page.press("Step")
        until(lambda: race.snapshot().step == 2)
        assert [lane.step for lane in race.snapshot().lanes] == [2, 2]
        page.look().press("Resume")
        until(lambda: race.snapshot().step > 10)
        page.look().press("Pause")
        until(lambda: race.snapshot().state == JobState.PAUSED)
        page.look().press("Stop")
        assert race.wait(PATIENCE)
        assert race.snapshot().state == JobState.STOPPED

    @pytest.mark.parametrize("name", READY)
    def test_every_pair_starts_by_one_click(self, name: str) -> None:
        page = Lab()
        page.at.button(f"lab_pair_{name}").click()
        page.look()
        assert page.race.setups == tuple(READY[name].setups())
        assert page.address["pair"] == name
        until(lambda: page.race.snapshot().lanes)
        page.look()
        assert not page.errors

    def test_what_is_opened_ends_as_in_the_race(self) -> None:
        page = Lab(**SHORT, start="1")
        race = page.finish_race()
        page.at.button("lab_open_1").click()
        page.look()
        job = page.job
        assert job.config == race.setups[1].config
        assert page.field("generator_bias") == 1.0
        assert page.address["generator_bias"] == "1"
        assert job.wait(PATIENCE)
        result = job.snapshot().result
        assert result is not None
        assert result.summary["auc_final"] == race.snapshot().lanes[1].summary["auc_final"]

    def test_a_race_leaves_a_record_and_a_set_up_that_was_opened_leads_back_to_it(self) -> None:
        page = Lab(**SHORT, start="1")
        race = page.finish_race()
        assert page.links("Saved: all its runs") == [f"run={race.id}"]
        page.at.button("lab_open_1").click()
        job = page.look().job
        assert job.wait(PATIENCE)
        until(lambda: _saved.find(job.id).record.state == JobState.COMPLETED)
        _saved.changed()
        assert _saved.find(job.id).record.parent == race.record
        page = Session(run=job.id)
        page.at.button("to_population").click()
        page.look()
        assert page.says("2 runs on onecluster that differ in: Generator bias at the start, Seed.")
        members = page.at.dataframe[0]
        assert list(members.value["run"]) == ["", "completed"]
        assert list(members.value["auc_final"]) == [lane.summary["auc_final"] for lane in race.snapshot().lanes]
        page.at.session_state[members.key] = {"selection": {"rows": [1], "columns": [], "cells": []}}
        page.look().press("Open its run")
        assert page.job is job

    def test_a_race_that_goes_on_is_saved_already(self) -> None:
        page = Lab(**{**SHORT, "stop_epochs": "100000"}, start="1")
        until(lambda: page.race.record)
        assert page.look().links("Saved as it goes") == [f"run={page.race.id}"]
        assert _saved.find(page.race.record).record.state == JobState.RUNNING
        page.press("Stop")
        page.finish_race()
        assert page.links("Saved: all its runs") == [f"run={page.race.id}"]

    def test_a_run_whose_population_is_gone_says_so(self) -> None:
        page = Lab(**SHORT, start="1")
        race = page.finish_race()
        page.at.button("lab_open_0").click()
        job = page.look().job
        assert job.wait(PATIENCE)
        _server.store().trash([race.record])
        assert Session(run=job.id).says("of a population that is not there, or no more")

    def test_a_race_that_cannot_be_kept_says_so(self) -> None:
        _server.store().root.write_text("a file where the folder of runs should be")
        page = Lab(**SHORT, start="1")
        page.finish_race()
        assert any(warning.startswith("Not saved: ") for warning in page.warnings)
        assert page.links("Saved: all its runs") == []

    def test_axes_are_the_same_for_all(self) -> None:
        page = Lab(**SHORT, start="1")
        page.finish_race()
        for chart in ("plane", "curves"):
            first, second = (page.chart(f"lab_{chart}_{number}")["layout"] for number in (0, 1))
            for axis in ("xaxis", "yaxis"):
                assert first[axis]["range"] == second[axis]["range"]


class TestSetup:
    def test_any_hyperparameter_can_differ(self) -> None:
        page = Lab(**SHORT)
        page.choose("lab_differs", "momentum")
        page.write("lab_values", "0.5, 0.9, 0.99")
        page.press("Start")
        assert [setup.config.momentum for setup in page.race.setups] == [0.5, 0.9, 0.99]
        assert page.address["values"] == "0.5, 0.9, 0.99"

    @pytest.mark.parametrize(
        ("field", "values", "message"),
        [
            ("momentum", "0.5, 1", "momentum must be a finite number at least 0 and under 1, got 1.0"),
            ("momentum", "0.5, much", "momentum must be a finite number at least 0 and under 1, got 'much'"),
            ("momentum", "0.5", "momentum must have 2 to 4 values, separated by commas, got 1"),
            ("momentum", "0.5, 0.50", "momentum must have different values, got the same one twice"),
            ("scaling", "minmax, maxmin", "scaling must be one of minmax, robust, none, got 'maxmin'"),
        ],
    )
    def test_a_bad_value_is_named_beside_its_control(self, field: str, values: str, message: str) -> None:
        page = Lab(**SHORT)
        page.choose("lab_differs", field)
        page.write("lab_values", values)
        assert any(message in error for error in page.errors)
        assert page.button("Start").disabled

    def test_the_playground_gives_what_all_have_in_common(self) -> None:
        page = Lab()
        page.at.switch_page("pages/playground.py")
        page.look().type("stop_epochs", 12)
        page.type("lr_d", 0.02)
        page.at.switch_page("pages/lab.py")
        page.look()
        page.at.button("lab_take").click()
        page.look().press("Start")
        assert {(s.config.stop_epochs, s.config.lr_d) for s in page.race.setups} == {(12, 0.02)}

    def test_a_stop_that_the_seeds_choose_stays_in_the_playground(self) -> None:
        page = Lab()
        page.at.switch_page("pages/playground.py")
        page.look().at.toggle(key="stop_auto").set_value(True)
        page.look().at.switch_page("pages/lab.py")
        page.look().at.button("lab_take").click()
        page.look()
        assert "stop_epochs" not in page.at.session_state["lab_changes"]
        assert not page.at.exception

    def test_a_bad_address_is_named(self) -> None:
        page = Lab(pair="biass", view="maps", seed="one")
        text = " ".join(page.warnings)
        assert "pair must be one of bias, late" in text
        assert "view must be one of race, spread, map, got 'maps'" in text
        assert "seed must be a whole number from 0 to 4,294,967,295, got 'one'" in text

    def test_a_number_that_no_control_can_hold_is_named(self) -> None:
        page = Lab(view="map", seed="9" * 30, seeds="9" * 5000, stop="-1")
        assert len([text for text in page.warnings if "must be a whole number" in text]) == 3
        assert page.at.session_state["lab_seed"] == 0

    def test_it_is_as_it_was_after_another_page(self) -> None:
        page = Lab(**SHORT, start="1")
        race = page.finish_race()
        page.at.switch_page("pages/compare.py")
        page.look()
        page.at.switch_page("pages/lab.py")
        page.look()
        assert page.race is race
        assert page.at.text_input("lab_values").value == "1e-5, 1"


class TestSpread:
    def test_seeds_come_with_their_own_numbers(self) -> None:
        page = Lab(**SHORT, view="spread", start="1")
        population = page.run_population("spread")
        assert len(population.plan) == 32
        for cell in (0, 1):
            values = sorted(member.auc() for member in population.members() if member.cell == cell)
            assert page.says(f"16 seeds end between **{values[0]:.3f}** and **{values[-1]:.3f}**")
        assert page.has_chart("lab_bands")
        assert page.has_chart("lab_strip")
        assert not page.says("Measured before")
        assert page.address["id"] == population.id
        assert Lab(**page.address).population("spread") is population

    def test_a_seed_opens_and_ends_as_its_dot(self) -> None:
        page = Lab(**SHORT, view="spread", start="1")
        population = page.run_population("spread")
        member = next(m for m in population.members() if (m.cell, m.seed) == (1, 5))
        page.at.selectbox("lab_pick").set_value(member.number)
        page.look()
        page.at.button("lab_open").click()
        page.look()
        assert page.job.wait(PATIENCE)
        result = page.job.snapshot().result
        assert result is not None
        assert result.summary["auc_final"] == member.auc()
        assert page.job.parent == population.record
        assert population.record.endswith(population.id)

    def test_it_can_be_cancelled(self) -> None:
        page = Lab(**SHORT | {"stop_epochs": "50000"}, view="spread", start="1")
        page.press("Cancel")
        assert page.population("spread").wait(PATIENCE)
        assert page.look().population("spread").snapshot().state == JobState.STOPPED


class TestMap:
    def test_a_cell_opens_and_ends_as_it_says(self) -> None:
        page = Lab(pair="bias", view="map", stop="3", seeds="1", start="1")
        population = page.run_population("map")
        assert len(population.plan) == 128
        shown = cells(population.members(), 128)
        cell = shown[13 + 16 * 2]
        assert cell is not None
        assert cell.value is not None
        assert page.chart("lab_map")["data"][0]["text"][2][13] == f"{cell.value:.2f}".removeprefix("0")
        page.at.selectbox("lab_pick").set_value(cell.number)
        page.look()
        page.at.button("lab_open").click()
        page.look()
        job = page.job
        assert (job.config.generator_bias, job.config.lr_g, job.config.stop_epochs) == (1.0, 1e-4, 3)
        assert job.wait(PATIENCE)
        result = job.snapshot().result
        assert result is not None
        assert result.summary["auc_final"] == cell.value

    def test_it_shows_the_stop_and_the_diagnosis_too(self) -> None:
        page = Lab(pair="bias", view="map", stop="3", seeds="1", start="1")
        population = page.run_population("map")
        at_stop = cells(population.members(), 128, "stop")[0]
        assert at_stop is not None
        page.choose("lab_show", "stop")
        assert page.says("AUC of its median seed")
        page.choose("lab_show", "kind")
        found = [member.finding for member in population.members() if member.finding]
        for kind in {finding.kind for finding in found}:
            assert any(page.says(finding.title) for finding in found if finding.kind == kind), kind
        numbers = {text for row in page.chart("lab_map")["data"][0]["text"] for text in row}
        assert numbers == {str(n) for n in range(1, len({finding.kind for finding in found}) + 1)}

    def test_values_of_ones_own_and_bad_ones(self) -> None:
        page = Lab(pair="bias", view="map", stop="3", seeds="1")
        page.choose("lab_up", "momentum")
        page.write("lab_up_values", "0.5, 1.5")
        assert any("momentum must be" in error for error in page.errors)
        page.write("lab_up_values", "0.5, 0.9")
        assert page.says("16 × 2 cells × 1 seeds: 32 runs")
        page.press("Train the map")
        assert {m.outcome.config.momentum for m in page.run_population("map").members()} == {0.5, 0.9}
