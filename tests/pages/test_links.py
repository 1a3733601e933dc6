"""Links for a class on the Playground and in the lab: what they say is what opens; and a click there counts once."""

from urllib.parse import parse_qsl

import pytest

from pages import _clicks, _lab_race, _lab_server, _server
from sogaal.race import Races
from tests.pages.session import Session, until
from tests.pages.test_lab import SHORT, Lab


def link(page: Session) -> dict[str, str]:
    """What stands behind the question mark of the link on the page."""
    return dict(parse_qsl(page.at.code[-1].value.partition("?")[2]))


def test_a_link_of_the_playground_opens_starts_and_hides() -> None:
    teacher = Session(data="onecluster", stop_epochs="7", seed="3")
    teacher.at.toggle("link_hide_form").set_value(True)
    said = link(teacher.look())
    assert (said["start"], said["hide"], said["stop_epochs"], said["seed"]) == ("1", "setup", "7", "3")
    pupil = Session(**said)
    assert (pupil.job.config.stop_epochs, pupil.job.config.seed) == (7, 3)
    assert not [one for one in pupil.at.number_input if one.key == "set_seed"]
    assert "start" not in pupil.address
    assert pupil.address["hide"] == "setup"
    pupil.finish()
    assert pupil.state == "completed"
    pupil.press("Step")  # and what the address has set is still there
    assert pupil.job.config.stop_epochs == 7


def test_a_bad_hide_is_named() -> None:
    assert Session(hide="all").warnings == ["- From the address: hide may be setup, got 'all'. Nothing is hidden."]


@pytest.fixture
def races(monkeypatch: pytest.MonkeyPatch) -> Races:
    races = Races(_server.registry().turns)
    monkeypatch.setattr(_lab_server, "races", lambda: races)
    return races


def test_a_link_of_the_lab_opens_starts_and_hides(races: Races) -> None:
    with races:
        teacher = Lab(**SHORT)
        teacher.at.toggle("lab_link_hide").set_value(True)
        said = link(teacher.look())
        pupil = Lab(**said)
        assert [one.config.generator_bias for one in pupil.race.setups] == [1e-5, 1.0]
        assert not [one for one in pupil.at.button if one.key == "lab_pair_bias"]
        assert pupil.address["hide"] == "setup"


def test_a_step_that_is_sent_twice_is_one_step(races: Races) -> None:
    with races:
        page = Lab(**SHORT | {"stop_epochs": "50000"})
        page.press("Step")
        race = page.race
        until(lambda: race.snapshot().step == 1)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(_clicks.st, "session_state", {})
            _lab_race._step(race)
            _lab_race._step(race)
        until(lambda: race.snapshot().step == 2 and not race.orders.single_steps)
        assert race.snapshot().step == 2
        race.stop()
