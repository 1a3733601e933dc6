"""What a population leaves while it goes on: real records, a disk that is full, and a folder that goes away."""

import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sogaal import load_dataset
from sogaal.config import make_config
from sogaal.errors import RunError
from sogaal.outcomes import RunOutcome, checked_wanted, do_runs
from sogaal.runs import population_recorder
from sogaal.runs.groups import Group
from sogaal.runs.names import new_token
from sogaal.runs.population_recorder import PopulationRecorder
from sogaal.runs.record import RunRecord
from sogaal.runs.saved import SavedRun
from sogaal.runs.store import RunStore
from sogaal.scaling import Scaler
from sogaal.snapshots import JobState
from sogaal.tables import TravellingTable
from tests.runs.test_recorder import fill, small_disk  # noqa: F401

PATIENCE = 60.0
DATA = replace(load_dataset("onecluster"), name="own")
BASE = make_config("post", stop_epochs=2)
CONFIGS = [BASE.replace(seed=seed) for seed in range(4)]
SCALER = Scaler.fit(DATA.X, "minmax", DATA.feature_names)


@pytest.fixture(scope="module")
def outcomes() -> list[RunOutcome]:
    ticket = TravellingTable(SCALER.transform(DATA.X), DATA.y).ticket_with_table
    return do_runs(ticket, list(enumerate(CONFIGS)), checked_wanted(["summary"], None, 1, CONFIGS))


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    return RunStore(tmp_path / "runs")


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(population_recorder, "WRITE_SECONDS", 0.01)
    monkeypatch.setattr(population_recorder, "RETRY_SECONDS", 0.1)


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)


def begun(store: RunStore) -> PopulationRecorder:
    group = Group(DATA, BASE, SCALER, CONFIGS, "spread", "four seeds")
    return PopulationRecorder(store, group, datetime.now(UTC), new_token())


def only(store: RunStore) -> SavedRun:
    return store.get("last")


def test_it_is_there_from_the_start_and_grows(store: RunStore, outcomes: list[RunOutcome]) -> None:
    recorder = begun(store)
    until(lambda: recorder.record)
    run = only(store)
    assert (run.id, run.record.state, run.members()) == (recorder.id, JobState.RUNNING, ())
    assert (run.record.population.count, run.record.population.planned) == (0, 4)
    assert run.record.total_steps == sum(config.total_steps(DATA.n) for config in CONFIGS)
    with pytest.raises(RunError, match="is being written"):
        store.trash([run.id])
    for count, outcome in enumerate(outcomes[::-1], start=1):
        recorder.put(outcome)
        until(lambda count=count: only(store).record.population.count == count)
        members = only(store).members()
        assert [member.index for member in members] == list(range(4 - count, 4))
        assert only(store).record.step == sum(member.numbers["steps"] for member in members)
    assert store.annotate(run.id, name="Mine").state == JobState.RUNNING
    recorder.finish(None)
    record = only(store).record
    assert (record.state, record.name, record.message) == (JobState.COMPLETED, "Mine", "")
    assert (record.population.counted, record.step) == ("4", record.total_steps)
    assert store.trash([run.id]) == [run.id]


def test_one_without_a_member_leaves_nothing(store: RunStore) -> None:
    recorder = begun(store)
    until(lambda: recorder.record)
    assert [path.name for path in (store.root / ".data").iterdir()]
    recorder.finish(JobState.STOPPED, "Cancelled.")
    assert (recorder.record, recorder.problem, store.entries()) == ("", "", [])
    assert list((store.root / ".data").iterdir()) == []
    assert [path.name for path in (store.root / ".locks").glob(f"{recorder.id}*")] == []


def test_a_member_that_goes_on_is_as_it_was_last_and_interrupted_when_nobody_writes(
    store: RunStore, outcomes: list[RunOutcome]
) -> None:
    recorder = begun(store)
    recorder.put(outcomes[0], JobState.RUNNING)
    recorder.tell(JobState.PAUSED)
    until(lambda: recorder.record and only(store).record.state == JobState.PAUSED and only(store).members())
    assert only(store).members()[0].state == JobState.RUNNING
    copied = store.root.parent / "elsewhere"  # as it is to somebody who finds no lock held
    shutil.copytree(store.root / recorder.id, copied / recorder.id)
    there = RunStore(copied).get("last")
    assert (there.record.state, there.members()[0].state) == (JobState.INTERRUPTED,) * 2
    assert there.record.message == "The program ended before all its runs had."
    recorder.put(outcomes[0])
    recorder.finish(None)
    assert [member.state for member in only(store).members()] == [JobState.COMPLETED]
    assert only(store).record.population.counted == "1 of 4"


def test_a_full_disk_stops_the_saving_until_there_is_room(small_disk: Path, outcomes: list[RunOutcome]) -> None:  # noqa: F811
    store = RunStore(small_disk / "runs")
    recorder = begun(store)
    recorder.put(outcomes[0])
    until(lambda: recorder.record and only(store).members())
    ballast = small_disk / "ballast"
    fill(ballast)
    recorder.put(outcomes[1])
    until(lambda: recorder.problem)
    assert "No space left on device" in recorder.problem
    assert [member.index for member in only(store).members()] == [0]
    recorder.put(outcomes[2])
    ballast.unlink()
    until(lambda: not recorder.problem)
    until(lambda: [member.index for member in only(store).members()] == [0, 1, 2])
    recorder.finish(JobState.STOPPED, "Enough.")
    assert (only(store).record.state, only(store).record.message) == (JobState.STOPPED, "Enough.")


def test_a_folder_that_somebody_took_away_comes_again(store: RunStore, outcomes: list[RunOutcome]) -> None:
    recorder = begun(store)
    recorder.put(outcomes[0])
    until(lambda: recorder.record and only(store).members())
    (store.root / recorder.id).rename(store.root.parent / "taken")
    recorder.put(outcomes[1])
    until(lambda: [one for one in store.entries() if isinstance(one, RunRecord) and one.population.count == 2])
    assert len(only(store).members()) == 2
    recorder.finish(None)
    assert only(store).record.state == JobState.COMPLETED
