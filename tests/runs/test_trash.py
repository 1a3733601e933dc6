from dataclasses import replace
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.io_wrapper import GetLogdirSubdirectories

from sogaal import load_dataset
from sogaal.data import Dataset
from sogaal.errors import RunError
from sogaal.runs.names import new_token
from sogaal.runs.store import RunStore
from tests.runs.test_store import create

OWN = replace(load_dataset("onecluster"), name="own")


def shelf(root: Path) -> list[str]:
    return sorted(path.name for path in (root / ".data").glob("*"))


def run(store: RunStore, dataset: Dataset = OWN) -> str:
    with create(store, dataset) as writer:
        (writer.folder / "events.out.tfevents.1.sogaal").write_bytes(b"events")
        return writer.id


def test_what_is_deleted_can_be_restored(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    one, other = run(store), run(store)
    before = {path.name: path.read_bytes() for path in (tmp_path / one).iterdir()}
    assert store.trash([one[-12:], one]) == [one]
    assert [entry.id for entry in store.entries()] == [other]
    assert store.trashed() == [one]
    # TensorBoard takes any file with this word in its name for one of events, in whatever folder.
    assert [path.parent.name for path in tmp_path.rglob("*tfevents*")] == [other]
    assert [Path(path).name for path in GetLogdirSubdirectories(str(tmp_path))] == [other]
    with pytest.raises(RunError, match="there is none for"):
        store.get(one)
    assert store.restore([one]) == [one]
    assert {path.name: path.read_bytes() for path in (tmp_path / one).iterdir()} == before
    assert store.trashed() == []


def test_the_last_run_takes_its_table_along(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    one, other = run(store), run(store)
    (key,) = shelf(tmp_path)
    assert store.get(one).record.dataset.key == key
    store.trash([one])
    store.empty_trash()
    assert store.get(other).dataset().fingerprint == OWN.fingerprint
    store.trash([other])
    assert shelf(tmp_path) == [key]
    store.restore([other])
    store.trash([other])
    store.empty_trash([other])
    assert shelf(tmp_path) == []
    assert store.entries() == []
    assert not list((tmp_path / ".trash").iterdir())
    assert sorted(path.name for path in (tmp_path / ".locks").iterdir()) == ["records.lock", "shelf.lock"]


def test_a_table_stays_for_a_run_whose_record_is_damaged(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    one, other = run(store), run(store)
    (tmp_path / other / "run.json").write_text("{")
    store.trash([one])
    store.empty_trash()
    assert len(shelf(tmp_path)) == 1
    store.trash([other])
    store.empty_trash()
    assert shelf(tmp_path) == []


def test_a_run_that_is_written_is_not_deleted_and_neither_are_those_beside_it(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    one = run(store)
    with create(store) as writer:
        with pytest.raises(RunError, match="is being written"):
            store.trash([one, writer.id])
        assert len(store.entries()) == 2
        assert store.trashed() == []


def test_what_is_no_folder_is_not_deleted(tmp_path: Path) -> None:
    store = RunStore(tmp_path / "runs")
    one = run(store)
    outside = tmp_path / "precious"
    outside.mkdir()
    linked = one[:-12] + new_token()
    (store.root / linked).symlink_to(outside)
    with pytest.raises(RunError, match="must be the folder of a run"):
        store.trash([linked])
    for text in ("../precious", "..", ".locks", "/"):
        with pytest.raises(RunError):
            store.trash([text])
        with pytest.raises(RunError):
            store.restore([text])
        with pytest.raises(RunError):
            store.empty_trash([text])
    assert outside.is_dir()
    assert [entry.id for entry in store.entries()] == [one, linked]


def test_a_run_that_cannot_be_moved_leaves_all_where_they_were(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    one, other = sorted((run(store), run(store)))
    (tmp_path / ".trash").mkdir()
    (tmp_path / ".trash" / other).write_text("in the way")
    with pytest.raises(RunError, match=f"{other}: the run cannot be moved"):
        store.trash([one, other])
    assert {entry.id for entry in store.entries()} == {one, other}
    assert len(list(tmp_path.glob("*/events.out.tfevents.1.sogaal"))) == 2


def test_what_is_not_in_the_trash_is_not_restored(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    one, other = run(store), run(store)
    store.trash([one])
    with pytest.raises(RunError, match="no such run in the trash"):
        store.restore([one, other])
    assert store.trashed() == [one]


def test_what_processes_that_died_left_is_swept(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    one = run(store)
    store.trash([one])
    gone = tmp_path / ".trash" / f".gone-{one}"
    (tmp_path / ".trash" / one).rename(gone)
    new = tmp_path / f".new-{one}"
    new.mkdir()
    other = run(store)
    assert not new.exists()
    store.empty_trash()
    assert not gone.exists()
    assert [path.name for path in tmp_path.glob(".data/*/users/*")] == [other]


def test_emptying_leaves_a_run_that_is_not_in_the_trash(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    with create(store) as writer:
        store.empty_trash([writer.id])
        with pytest.raises(RunError, match="is being written"):
            store.writer(writer.id)
        assert store.get(writer.id).record == writer.record


def test_emptying_where_nothing_is_makes_nothing(tmp_path: Path) -> None:
    RunStore(tmp_path / "runs").empty_trash()
    assert not list(tmp_path.iterdir())
