from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sogaal import Trainer, load_dataset
from sogaal.config import make_config
from sogaal.errors import ConfigError, RunError
from sogaal.outcomes import RunOutcome, checked_wanted, do_runs
from sogaal.runs.store import RunStore
from sogaal.scaling import Scaler
from sogaal.snapshots import JobState
from sogaal.tables import TravellingTable
from tests.runs.saved import save_population

DATA = replace(load_dataset("onecluster"), name="own")
BASE = make_config("post", stop_epochs=3)
SCALER = Scaler.fit(DATA.X, "robust", DATA.feature_names)
CONFIGS = [
    BASE,
    BASE.replace(seed=7, lr_d=0.1 + 0.2, hidden_size=5),
    BASE.replace(seed=8, shuffle="once", whether_stop=0),
]


def outcomes(X=None, configs=CONFIGS) -> list[RunOutcome]:
    ticket = TravellingTable(SCALER.transform(DATA.X) if X is None else X, DATA.y).ticket_with_table
    return do_runs(ticket, list(enumerate(configs)), checked_wanted(["summary"], None, 1, configs))


def test_many_runs_leave_one_record_and_a_table(tmp_path: Path) -> None:
    store, found = RunStore(tmp_path), outcomes()
    record = save_population(store, DATA, BASE, SCALER, found, kind="map", title="a map", name="mine", tags=["x"])
    assert store.entries() == [record]
    assert (record.name, record.tags, record.state) == ("mine", ("x",), JobState.COMPLETED)
    assert record.population is not None
    assert (record.population.kind, record.population.count) == ("map", 3)
    assert record.population.varied == (
        "whether_stop", "lr_d", "shuffle", "hidden_size", "seed",
    )  # fmt: skip
    assert record.message == ""
    members = RunStore(tmp_path).get(record.id).members()
    assert [member.index for member in members] == [0, 1, 2]
    for member, outcome, config in zip(members, found, CONFIGS, strict=True):
        assert BASE.replace(**member.values) == config
        assert member.numbers == outcome.summary
        assert member.state == JobState.COMPLETED
    good = [outcome.summary for outcome in found if outcome.summary]
    assert record.summary["auc_best"] == max(one["auc_best"] for one in good)
    assert record.summary["steps"] == sum(one["steps"] for one in good)


def test_a_member_that_diverged_says_so(tmp_path: Path) -> None:
    wild = replace(DATA, X=DATA.X * np.float32(1e25))
    fast = BASE.replace(stop_epochs=100)
    configs = [fast.replace(lr_d=1e-30, lr_g=1e-30, max_epochs=2), fast]
    found = outcomes(wild.X, configs)
    store = RunStore(tmp_path)
    scaler = Scaler.fit(wild.X, "none")
    record = save_population(store, wild, fast, scaler, found, kind="race", title="a race")
    assert (record.state, record.message) == (JobState.COMPLETED, "1 of 2 members failed.")
    good, bad = store.get(record.id).members()
    assert (good.state, good.message) == (JobState.COMPLETED, "")
    assert (bad.state, bad.message) == (JobState.FAILED, found[1].diverged)
    alone = save_population(store, wild, fast, scaler, found[1:], kind="race", title="a race")
    assert (alone.state, alone.message) == (JobState.FAILED, "1 of 1 members failed.")


@pytest.mark.parametrize("index", [0, 1, 2])
def test_a_member_that_becomes_a_run_ends_as_its_row_says(tmp_path: Path, index: int) -> None:
    store = RunStore(tmp_path)
    record = save_population(store, DATA, BASE, SCALER, outcomes(), kind="race", title="a race")
    setup = RunStore(tmp_path).member_to_run(record.id, index)
    assert setup.parent == record.id
    assert setup.scaling == "robust"
    trainer = Trainer(setup.scaler.transform(setup.dataset.X), setup.config, setup.dataset.y).fit()
    row = store.get(record.id).members()[index]
    assert {**trainer.summary(), "seconds": 0} == {**row.numbers, "seconds": 0}
    with store.create(setup.dataset, setup.config, setup.scaler, title=setup.title, parent=setup.parent) as writer:
        assert store.get(writer.id).record.parent == record.id


def test_a_member_that_is_not_there_is_told(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    record = save_population(store, DATA, BASE, SCALER, outcomes()[:2], kind="race", title="a race")
    with pytest.raises(RunError, match="index must be that of one of the 2 members, got 2"):
        store.member_to_run(record.id, 2)
    with pytest.raises(ConfigError, match="at least one run"):
        save_population(store, DATA, BASE, SCALER, [], kind="race", title="a race")


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("completed", "finished", 1),
        lambda text: text.replace("index", "number", 1),
        lambda text: text.replace("message", "remark", 1),
        lambda text: text[: len(text) // 2],
        lambda text: text.replace("seed", "sead", 1),
        lambda text: "\0" + text,
        lambda text: text + "\xff",
        lambda text: text + '"',
        lambda text: text.replace(",7,", ",seven,", 1),
    ],
)
def test_a_damaged_table_is_told(tmp_path: Path, change) -> None:
    store = RunStore(tmp_path)
    record = save_population(store, DATA, BASE, SCALER, outcomes()[:2], kind="race", title="a race")
    path = tmp_path / record.id / "members.csv"
    path.write_bytes(change(path.read_text()).encode("latin-1"))
    with pytest.raises(RunError, match="members.csv: the members are damaged"):
        store.get(record.id).members()


def test_a_value_out_of_bounds_is_told(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    record = save_population(store, DATA, BASE, SCALER, outcomes()[:2], kind="race", title="a race")
    path = tmp_path / record.id / "members.csv"
    path.write_text(path.read_text().replace(",5,7,", ",-5,7,"))
    with pytest.raises(RunError, match="member 1: hidden_size must be"):
        store.member_to_run(record.id, 1)
