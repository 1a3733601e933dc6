import os
from pathlib import Path

import pytest

from sogaal import load_dataset
from sogaal.config import make_config
from sogaal.errors import RunError
from sogaal.runs.listing import Unreadable
from sogaal.runs.record import RunRecord
from sogaal.runs.store import RunStore
from sogaal.runs.writer import RunWriter
from sogaal.scaling import Scaler
from sogaal.snapshots import JobState

DATA = load_dataset("onecluster")


def create(store: RunStore, dataset=DATA, **values) -> RunWriter:
    config = make_config("post", stop_epochs=3)
    return store.create(dataset, config, Scaler.fit(dataset.X), **({"title": "a run"} | values))


def test_a_store_alone_touches_no_disk(tmp_path: Path) -> None:
    store = RunStore(tmp_path / "runs")
    assert store.entries() == []
    assert not list(tmp_path.iterdir())
    with pytest.raises(RunError, match="there are no runs yet"):
        store.get("last")
    assert not list(tmp_path.iterdir())


def test_the_default_root_is_told_by_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOGAAL_RUNS", str(tmp_path / "there"))
    assert RunStore().root == tmp_path / "there"


def test_a_run_is_there_once_it_is_made(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    with create(store, total_steps=9, stop_step=8) as writer:
        assert store.entries() == [writer.record]
        assert writer.record.state == JobState.QUEUED
        writer.update(state=JobState.RUNNING, step=4)
        assert store.get(writer.id).record == writer.record
        writer.update(state=JobState.COMPLETED, step=9)
    record = RunStore(tmp_path).get(writer.id).record
    assert (record.state, record.step, record.total_steps, record.stop_step) == (JobState.COMPLETED, 9, 9, 8)
    assert not [path for path in writer.folder.iterdir() if path.name != "run.json"]


def test_a_run_that_nobody_writes_any_more_was_interrupted(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    with create(store) as writer:
        writer.update(state=JobState.RUNNING)
    record = store.get(writer.id).record
    assert (record.state, record.message) == (JobState.INTERRUPTED, "The program ended before the run did.")
    with store.writer(writer.id) as again:
        assert store.get(writer.id).record.state == JobState.RUNNING
        again.update(state=JobState.COMPLETED)
    assert store.get(writer.id).record.state == JobState.COMPLETED


def test_a_run_has_one_writer(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    with create(store) as writer:
        assert store.is_written(writer.id)
        with pytest.raises(RunError, match="is being written"):
            store.writer(writer.id)
    assert not store.is_written(writer.id)
    store.writer(writer.id).close()
    with pytest.raises(RunError, match="written no more"):
        writer.update(step=1)


def test_a_run_is_found_by_what_tells_it_from_others(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    one, other = (create(store, token=token).record for token in ("aaaaaaaaaaaa", "abbbbbbbbbbb"))
    for text in (one.id, "aaaaaaaaaaaa", "aa", f" {one.id.upper()} ", one.id[:-10]):
        assert store.get(text).id == one.id
    assert store.get("last").id == max(one, other, key=lambda record: record.created).id
    for text in ("a", "2026"):
        with pytest.raises(RunError, match="is that of 2: "):
            store.get(text)
    for text in ("", "c", "..", "../" + one.id, str(tmp_path / one.id), one.id + "/", "*", "\0", "x" * 5000):
        with pytest.raises(RunError, match="there is none for|is that of 2"):
            store.get(text)


def test_people_write_on_a_run_while_it_is_trained(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    with create(store, name="first") as writer:
        record = store.annotate(writer.id, name="  a \n name ", tags=[" x", "X", "", "y z"], note="one\r\ntwo ")
        assert (record.name, record.tags, record.note) == ("a name", ("x", "y z"), "one\ntwo")
        written = writer.update(state=JobState.COMPLETED)
        assert (written.name, written.tags, written.note) == ("a name", ("x", "y z"), "one\ntwo")
    assert store.annotate(writer.id, note="").name == "a name"
    record = store.get(writer.id).record
    assert (record.name, record.note, record.state) == ("a name", "", JobState.COMPLETED)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": "x" * 121}, "name must have at most 120 characters, got 121"),
        ({"tags": ["x" * 41]}, "tag must have at most 40 characters, got 41"),
        ({"tags": [str(i) for i in range(21)]}, "tags must be at most 20, got 21"),
        ({"tags": "one"}, "tags must be a list"),
        ({"note": "x" * 10_001}, "note must have at most 10,000 characters, got 10,001"),
        ({"name": 3}, "name must be a text, got 3"),
    ],
)
def test_what_people_write_has_bounds(tmp_path: Path, change: dict, message: str) -> None:
    store = RunStore(tmp_path)
    with create(store) as writer:
        with pytest.raises(RunError, match=message):
            store.annotate(writer.id, **change)
        assert store.get(writer.id).record == writer.record


def test_a_training_changes_only_what_is_its_own(tmp_path: Path) -> None:
    with create(RunStore(tmp_path)) as writer:
        with pytest.raises(RunError, match="got 'name'"):
            writer.update(name="mine", step=3)
        writer.update(summary={"auc_final": float("nan")}, auc_curve=[0.5, float("inf"), 0.75])
        assert writer.record.summary == {"auc_final": None}
        assert writer.record.auc_curve == (0.5, 0.75)
        assert writer.record == RunRecord.from_json((writer.folder / "run.json").read_bytes())


def test_an_id_is_given_once(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    with create(store, token="a" * 12) as writer, pytest.raises(RunError, match="is being written"):
        create(store, token="a" * 12, created=writer.record.created)
    with pytest.raises(RunError, match="there is such a run already"):
        create(store, token="a" * 12, created=writer.record.created)
    assert store.entries() != []
    store.writer(writer.id).close()


def test_what_is_no_run_is_listed_with_the_reason(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    good = create(store)
    good.close()
    names = [f"20260101-00000{i}-a-so-gaal-0123456789ab" for i in range(6)]
    (tmp_path / names[0]).write_text("a file")
    (tmp_path / names[1]).symlink_to(good.folder)
    (tmp_path / names[2]).mkdir()
    (tmp_path / names[3] / "run.json").mkdir(parents=True)
    (tmp_path / names[4]).mkdir()
    (tmp_path / names[4] / "run.json").write_bytes((good.folder / "run.json").read_bytes())
    (tmp_path / names[5]).mkdir()
    os.mkfifo(tmp_path / names[5] / "run.json")
    (tmp_path / "holiday pictures").mkdir()
    (tmp_path / "desktop.ini").write_text("nobody asks")
    found = {entry.id: entry for entry in store.entries()}
    reasons = {name: entry.reason for name, entry in found.items() if isinstance(entry, Unreadable)}
    assert reasons == {
        names[0]: "it must be a folder, and is not",
        names[1]: "it must be a folder, and is a link",
        names[2]: "there is no run.json: it is no run, or what is left of one",
        names[3]: "run.json must be an ordinary file, and is not",
        names[4]: f"the folder must have the name of its run, {good.id}",
        names[5]: "run.json must be an ordinary file, and is not",
        "holiday pictures": "its name is not that of a run",
    }
    assert isinstance(store.entries()[0], RunRecord)
    assert store.get("last").id == good.id
    for name in names:
        with pytest.raises(RunError, match=f"{name}: the run cannot be read: "):
            store.get(name)
