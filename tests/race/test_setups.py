"""What differs, as people type it, and the two acts of a run in numbers."""

import numpy as np
import pytest

from sogaal.config import make_config
from sogaal.data import load_dataset
from sogaal.errors import ConfigError
from sogaal.lessons.tour import TOUR
from sogaal.lessons.tour import measured as lessons_measured
from sogaal.populations import measured
from sogaal.race import READY, Races, acts, parse_values, shown_value, varied

BASE = make_config("post")


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("generator_bias", "1e-5, 1", [1e-5, 1.0]),
        ("max_epochs", "none, 10", [None, 10]),
        ("algorithm", "SO-GAAL,mo-gaal", ["so-gaal", "mo-gaal"]),
        ("scaling", "minmax, none", ["minmax", "none"]),
    ],
)
def test_values_are_read_as_their_field_says(name: str, text: str, expected: list[object]) -> None:
    assert parse_values(name, text) == expected


@pytest.mark.parametrize("text", ["", "1", "1, 2, 3, 4, 5", " , "])
def test_two_to_four_values(text: str) -> None:
    with pytest.raises(ConfigError, match="2 to 4 values") as caught:
        parse_values("lr_d", text)
    assert caught.value.field == "lr_d"


def test_noise_and_start_are_the_same_for_all() -> None:
    with pytest.raises(ConfigError, match="what differs must be one of"):
        varied(BASE, "seed", [1, 2])


def test_set_ups_are_named_by_what_differs() -> None:
    names = [setup.name for setup in varied(BASE, "generator_bias", [1e-5, 1.0])]
    assert names == ["Generator bias at the start 1e-5", "Generator bias at the start 1"]
    assert [shown_value(value) for value in (1e-5, 3e-4, 0.1, 0.0, None, 7)] == [
        "1e-5",
        "3e-4",
        "0.1",
        "0",
        "none",
        "7",
    ]


def test_the_acts_of_a_race() -> None:
    setups = varied(make_config("post", stop_epochs=60, seed=1), "generator_bias", [1e-5, 1.0])
    with Races() as races:
        race = races.submit(load_dataset("onecluster"), setups)
        assert race.wait(60)
        near, far = (acts(lane) for lane in race.snapshot().lanes)
        lane = race.snapshot().lanes[1]
    assert near is not None
    assert far is not None
    assert near.start == pytest.approx(0.5, abs=0.05)
    assert far.start == pytest.approx(2.5, abs=0.05)
    assert far.stop_step == lane.stop_step == 122
    assert far.spike_g_loss == lane.history.g_loss[: far.spike_step].max()
    assert far.spike_d_loss == lane.history.d_loss[far.spike_step - 1]
    assert far.moved == 0.0  # G is frozen, whatever its loss does
    assert far.g_loss_end == np.median(lane.history.g_loss[-50:])
    assert far.auc_end == lane.summary["auc_final"]


def test_only_what_was_measured_is_said_to_be() -> None:
    dataset = load_dataset("onecluster")
    near, far = READY["bias"].setups(seed=9)
    found = measured(dataset, far)
    assert found is not None
    assert (found.low, found.high, found.auc[6000]) == (0.235, 0.805, 0.503)
    assert measured(dataset, near) is not None
    assert measured(load_dataset("ring"), far) is None
    assert measured(dataset, varied(far.config, "stop_epochs", [500, 1000])[0]) is None
    assert measured(dataset, varied(far.config, "scaling", ["none", "minmax"])[0]) is None
    assert measured(dataset, varied(far.config, "generator_bias", [0.5, 1.0])[0]) is None


def test_the_pair_on_mode_collapse_is_the_one_that_was_measured() -> None:
    one, ten = READY["collapse"].setups(seed=3)
    assert one.config == TOUR["mode_collapse"].config(seed=3)
    assert ten.config == one.config.replace(algorithm="mo-gaal", k=10)
    found = lessons_measured()["mode_collapse"]
    assert found.one.shown == found.one.count
    assert found.ten.shown == 0
    assert all(more > fewer for more, fewer in zip(found.ten.auc[:8], found.one.auc[:8], strict=True))
