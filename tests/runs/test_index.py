import json
import os
import sys
import time
from pathlib import Path

import pytest

import sogaal.runs.index as index
from benchmarks.runs import make_runs
from sogaal.runs.folder import as_it_is, read_record
from sogaal.runs.listing import Unreadable
from sogaal.runs.record import RunRecord
from sogaal.runs.store import RunStore


def long_ago(root: Path) -> None:
    """As if nobody had written for a while: what was written just now is not remembered."""
    then = time.time_ns() - 3600 * 10**9
    for path in root.glob("*/run.json"):
        os.utime(path, ns=(then, then))


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(index, "ENOUGH", 5)
    make_runs(tmp_path, 30)
    long_ago(tmp_path)
    return tmp_path


def read_files(action) -> tuple[object, set[str]]:
    """What ``action`` returns, and the runs whose records it opened: told by Python's own audit of opened files."""
    opened: set[str] = set()
    watching = [True]

    def hook(event: str, arguments: tuple) -> None:
        if watching and event == "open" and str(arguments[0]).endswith("run.json"):
            opened.add(Path(str(arguments[0])).parent.name)

    sys.addaudithook(hook)
    try:
        return action(), opened
    finally:
        watching.clear()


def truth(root: Path) -> list[RunRecord]:
    store = RunStore(root)
    records = [as_it_is(read_record(path.parent), store._root) for path in root.glob("*/run.json")]
    return sorted(records, key=lambda record: record.created, reverse=True)


def test_the_index_tells_what_the_files_tell(root: Path) -> None:
    expected = truth(root)
    first, opened = read_files(RunStore(root).entries)
    assert first == expected
    assert len(opened) == 30
    second, opened = read_files(RunStore(root).entries)
    assert not opened
    assert [r.to_json() for r in second] == [r.to_json() for r in expected]
    assert second == expected


def test_only_what_changed_is_read_again(root: Path) -> None:
    store = RunStore(root)
    ids = [entry.id for entry in store.entries()]
    store.annotate(ids[3], name="new", tags=["tag"])
    store.trash([ids[4]])
    for reader in (store, RunStore(root)):
        found, opened = read_files(reader.entries)
        assert opened == {ids[3]}
        assert found == truth(root)
        assert found[3].name == "new"


def test_a_state_is_derived_and_not_kept(root: Path) -> None:
    store = RunStore(root)
    run = next(entry for entry in store.entries() if entry.state == "interrupted")
    with store.writer(run.id):
        for reader in (store, RunStore(root)):
            assert {entry.id: entry.state for entry in reader.entries()}[run.id] == "running"
    assert {entry.id: entry.state for entry in RunStore(root).entries()}[run.id] == "interrupted"


def test_many_changes_are_written_down(root: Path) -> None:
    store = RunStore(root)
    ids = [entry.id for entry in store.entries()]
    for run in ids[:10]:
        store.annotate(run, note="changed")
    long_ago(root)
    store.entries()
    found, opened = read_files(RunStore(root).entries)
    assert not opened
    assert found == truth(root)


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:0],
        lambda content: content[:-50],
        lambda content: content.replace(b"0.01", b"9.01", 1),
        lambda content: content.replace(b'"format": 1', b'"format": 2', 1),
        lambda content: content.replace(b"running", b"walking", 1),
        lambda content: content[::-1],
        lambda content: b"{}\n" + content.partition(b"\n")[2],
    ],
)
def test_a_damaged_index_is_made_anew(root: Path, damage) -> None:
    expected = RunStore(root).entries()
    path = root / ".index.json"
    good = path.read_bytes()
    path.write_bytes(damage(good))
    assert path.read_bytes() != good
    found, opened = read_files(RunStore(root).entries)
    assert found == expected
    assert len(opened) == 30
    assert json.loads(path.read_bytes().partition(b"\n")[0]) == json.loads(good.partition(b"\n")[0])


def test_a_record_that_is_damaged_later_is_noticed(root: Path) -> None:
    store = RunStore(root)
    ids = [entry.id for entry in store.entries()]
    (root / ids[0] / "run.json").write_text("{")
    assert isinstance(store.entries()[-1], Unreadable)
    assert isinstance(RunStore(root).entries()[-1], Unreadable)


@pytest.mark.slow
def test_five_thousand_runs(tmp_path: Path) -> None:
    make_runs(tmp_path, 5000)
    long_ago(tmp_path)
    first = RunStore(tmp_path).entries()
    second, opened = read_files(RunStore(tmp_path).entries)
    assert not opened
    assert len(first) == 5000
    assert second == first
