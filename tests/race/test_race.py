"""A race: several set-ups in one thread, each ending as it would alone."""

import dataclasses
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from sogaal.config import make_config
from sogaal.data import Dataset, load_dataset
from sogaal.errors import ConfigError
from sogaal.history import EVALUATION_COLUMNS, STEP_COLUMNS
from sogaal.jobs import JobRegistry, JobState
from sogaal.race import READY, Race, Races, RaceSnapshot, Setup, varied
from sogaal.runs.store import RunStore
from sogaal.scaling import Scaler
from sogaal.trainer import Trainer

PATIENCE = 30.0
NEVER = 1e-6


@pytest.fixture
def races() -> Iterator[Races]:
    with Races() as races:
        yield races


@pytest.fixture
def table() -> Dataset:
    return load_dataset("onecluster")


def short(**changes: object) -> list[Setup]:
    base = make_config("post", **({"stop_epochs": 20, "seed": 3} | changes))
    return varied(base, "generator_bias", [1e-5, 1.0])


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.002)


def ended(race: Race) -> RaceSnapshot:
    assert race.wait(PATIENCE)
    return race.snapshot()


def alone(dataset: Dataset, setup: Setup) -> Trainer:
    X = Scaler.fit(dataset.X, setup.scaling).transform(dataset.X)
    return Trainer(X, setup.config, dataset.y).fit()


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("generator_bias", [1e-5, 1.0]),
        ("algorithm", ["so-gaal", "mo-gaal"]),
        ("batch_size", [500, 300, 100]),
        ("max_epochs", [10, 20, 30, None]),
        ("scaling", ["minmax", "none"]),
    ],
)
def test_each_ends_bit_for_bit_as_alone(races: Races, table: Dataset, field: str, values: list[object]) -> None:
    setups = varied(make_config("post", stop_epochs=20, seed=5), field, values)
    end = ended(races.submit(table, setups))
    assert end.state == JobState.COMPLETED
    assert [lane.setup for lane in end.lanes] == setups
    for lane in end.lanes:
        trainer = alone(table, lane.setup)
        for name in (*STEP_COLUMNS, *EVALUATION_COLUMNS):
            np.testing.assert_array_equal(getattr(lane.history, name), getattr(trainer.history.view(), name))
        assert lane.step == lane.total_steps == trainer.total_steps
        assert lane.summary | {"seconds": 0} == trainer.summary() | {"seconds": 0}
        assert lane.frame is not None
        np.testing.assert_array_equal(lane.frame.generated, trainer.frame().generated)
        assert [lane.frames[0].step, lane.frames[-1].step] == [0, trainer.total_steps]
        assert lane.findings


def test_interrupted_by_commands_it_ends_the_same(races: Races, table: Dataset) -> None:
    race = races.submit(table, short(), speed=200)
    until(lambda: race.snapshot().step > 10)
    race.pause()
    until(lambda: race.snapshot().state == JobState.PAUSED)
    race.set_speed(None)
    race.step()
    race.resume()
    for lane in ended(race).lanes:
        np.testing.assert_array_equal(lane.history.d_loss, alone(table, lane.setup).history.view().d_loss)


def test_one_step_is_one_step_of_each(races: Races, table: Dataset) -> None:
    race = races.submit(table, short(), paused=True)
    until(lambda: race.snapshot().lanes)
    for _ in range(3):
        race.step()
    until(lambda: race.snapshot().step == 3)
    snapshot = race.snapshot()
    assert snapshot.state == JobState.PAUSED
    assert [lane.step for lane in snapshot.lanes] == [3, 3]
    assert [lane.frame.step for lane in snapshot.lanes if lane.frame] == [3, 3]


def test_a_stopped_race_keeps_what_it_has(races: Races, table: Dataset) -> None:
    race = races.submit(table, short(stop_epochs=50_000))
    until(lambda: race.snapshot().step > 50)
    race.stop()
    end = ended(race)
    assert end.state == JobState.STOPPED
    assert all(lane.step == end.step and lane.summary["auc_final"] is not None for lane in end.lanes)


def test_the_same_noise_for_all(races: Races, table: Dataset) -> None:
    """Frames at the start are of the same z: with bias 1 they lie just two units further."""
    race = races.submit(table, short(), paused=True)
    until(lambda: race.snapshot().lanes)
    near, far = (lane.frame.generated for lane in race.snapshot().lanes if lane.frame)
    np.testing.assert_allclose(far - near, 2.0, atol=1e-3)


def test_a_set_up_that_diverges_ends_alone(races: Races, table: Dataset) -> None:
    # As far out as single precision reaches, unless the columns are scaled.
    huge = dataclasses.replace(table, X=table.X * 1e15)
    base = make_config("post", stop_epochs=100, lr_d=0.1, lr_g=10.0, momentum=0.99)
    end = ended(races.submit(huge, varied(base, "scaling", ["minmax", "none"])))
    calm, wild_lane = end.lanes
    assert end.state == JobState.COMPLETED
    assert calm.step == calm.total_steps
    assert "diverged" in wild_lane.message
    assert wild_lane.step < wild_lane.total_steps
    assert wild_lane.findings[0].kind == "divergence"


def test_what_does_not_fit_is_named(races: Races, table: Dataset) -> None:
    setups = varied(make_config("post", algorithm="mo-gaal", batch_size=5), "k", [2, 50])
    end = ended(races.submit(table, setups))
    assert end.state == JobState.FAILED
    assert "k must be at most the batch size" in end.message
    assert "50" in end.message


def test_bad_orders(races: Races, table: Dataset) -> None:
    one = short()
    with pytest.raises(ConfigError, match="2 to 4 set-ups, got 1"):
        races.submit(table, one[:1])
    with pytest.raises(ConfigError, match="seed must be the same"):
        races.submit(table, [one[0], one[1].with_seed(9)])
    with pytest.raises(ConfigError, match="speed must be"):
        races.submit(table, one, speed=0)


def test_it_takes_turns_with_jobs(table: Dataset) -> None:
    with JobRegistry() as registry, Races(registry.turns) as races:
        job = registry.submit(table, make_config("post", stop_epochs=50_000))
        race = races.submit(table, short(stop_epochs=50_000))
        until(lambda: job.snapshot().step > 200 and race.snapshot().step > 200)
        before = job.snapshot().step, race.snapshot().step
        until(lambda: job.snapshot().step > before[0] + 200 and race.snapshot().step > before[1] + 200)


def test_all_end_with_the_program(table: Dataset) -> None:
    before = set(threading.enumerate())
    races = Races()
    started = [races.submit(table, short(stop_epochs=50_000), speed=NEVER) for _ in range(3)]
    assert races.shutdown()
    assert {race.snapshot().state for race in started} == {JobState.INTERRUPTED}
    assert set(threading.enumerate()) <= before
    with pytest.raises(RuntimeError, match="shut down"):
        races.submit(table, short())


def test_too_many_are_refused_and_old_ones_forgotten(races: Races, table: Dataset) -> None:
    waiting = [races.submit(table, short(), paused=True) for _ in range(8)]
    with pytest.raises(ConfigError, match="at most 8 races"):
        races.submit(table, short())
    for race in waiting:
        race.stop()
        ended(race)
    later = [ended(races.submit(table, short(max_epochs=1))) for _ in range(12)]
    assert len(later) == 12
    assert races.get(waiting[0].id) is None
    assert races.get("none") is None


@pytest.mark.parametrize("name", READY)
def test_ready_pairs_differ_in_one_thing(name: str) -> None:
    pair = READY[name]
    load_dataset(pair.dataset)
    first, *others = pair.setups(seed=4)
    assert others
    for other in others:
        assert other.config.seed == first.config.seed == 4
        differs = set(other.config.changed_from(first.config))
        differs |= {"scaling"} if other.scaling != first.scaling else set()
        assert differs == {pair.differs}


class TestKept:
    """What a race leaves in a store of runs."""

    def test_one_record_with_its_set_ups(self, table: Dataset, tmp_path: Path) -> None:
        store = RunStore(tmp_path)
        with Races(store=store) as races:
            race = races.submit(table, short())
            end = ended(race)
        (record,) = store.entries()
        assert record.id == race.record
        assert record.id.endswith(race.id)
        assert (record.state, record.created, record.message) == (JobState.COMPLETED, race.created, "")
        assert record.title == "onecluster · race over Generator bias at the start (1e-5, 1) · seed 3"
        assert (record.population.kind, record.population.varied) == ("race", ("generator_bias",))
        members = store.get(record.id).members()
        for number, (member, lane) in enumerate(zip(members, end.lanes, strict=True)):
            assert member.numbers == lane.summary
            assert member.state == JobState.COMPLETED
            again = store.member_to_run(record.id, number)
            assert (again.config, again.scaling, again.parent) == (lane.setup.config, "minmax", record.id)

    def test_set_ups_that_differ_in_their_scaling(self, table: Dataset, tmp_path: Path) -> None:
        store = RunStore(tmp_path)
        base = make_config("post", max_epochs=3)
        with Races(store=store) as races:
            race = races.submit(table, varied(base, "scaling", ["none", "minmax", "robust"]))
            end = ended(race)
        record = store.get(race.record).record
        assert record.title.endswith("race over Scaling of the columns (none, minmax, robust) · seed 0")
        assert record.population.varied == ("scaling",)
        for number, lane in enumerate(end.lanes):
            again = store.member_to_run(record.id, number)
            assert again.scaling == lane.setup.scaling
            trainer = Trainer(again.scaler.transform(table.X), again.config, table.y).fit()
            np.testing.assert_array_equal(trainer.history.view().d_loss, lane.history.d_loss)

    def test_one_that_was_stopped_says_so_and_one_without_steps_leaves_nothing(
        self, table: Dataset, tmp_path: Path
    ) -> None:
        store = RunStore(tmp_path)
        base = make_config("post", stop_epochs=20)
        with Races(store=store) as races:
            race = races.submit(table, varied(base, "max_epochs", [1, 50_000]), speed=NEVER, paused=True)
            for _ in range(table.n // min(500, table.n) + 1):
                race.step()
            until(lambda: race.snapshot().step > table.n // min(500, table.n))
            race.stop()
            ended(race)
            none = races.submit(table, short(), paused=True)
            none.stop()
            ended(none)
        assert [entry.id for entry in store.entries()] == [race.record]
        assert none.record == ""
        assert store.get(race.record).record.state == JobState.STOPPED
        states = [member.state for member in store.get(race.record).members()]
        assert states == [JobState.COMPLETED, JobState.STOPPED]

    def test_what_cannot_be_kept_is_told_and_costs_no_result(self, table: Dataset, tmp_path: Path) -> None:
        (tmp_path / "runs").write_text("a file where the folder should be")
        with Races(store=RunStore(tmp_path / "runs")) as races:
            race = races.submit(table, short())
            end = ended(race)
        assert end.state == JobState.COMPLETED
        assert (race.record, bool(race.problem)) == ("", True)
