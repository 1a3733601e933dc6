"""Several processes at one folder of runs, and processes that die there: real ones."""

import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sogaal.errors import DataError, RunError
from sogaal.runs.record import RunRecord
from sogaal.runs.store import RunStore
from sogaal.snapshots import JobState
from tests.conftest import ROOT
from tests.runs.test_store import create

HEAD = """
import sys
from pathlib import Path
from sogaal.runs.store import RunStore
from tests.runs.test_store import create
store = RunStore(sys.argv[1])
"""
HOLD = """
writer = store.writer(sys.argv[2])
writer.update(state="running")
print("ready", flush=True)
sys.stdin.read()
"""


def process(code: str, *arguments: object, **options) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", HEAD + code, *map(str, arguments)],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options,
    )  # fmt: skip


@contextmanager
def holding(root: Path, run: str) -> Iterator[subprocess.Popen[str]]:
    with process(HOLD, root, run) as other:
        try:
            assert other.stdout is not None
            assert other.stdout.readline() == "ready\n"
            yield other
        finally:
            other.kill()


def test_a_process_that_is_killed_keeps_no_lock(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    with create(store) as writer:
        pass
    with holding(tmp_path, writer.id) as other:
        assert store.get(writer.id).record.state == JobState.RUNNING
        assert store.entries()[0].state == JobState.RUNNING
        for change in (lambda: store.writer(writer.id), lambda: store.trash([writer.id])):
            with pytest.raises(RunError, match="is being written by another process"):
                change()
        store.annotate(writer.id, note="meanwhile")
        other.send_signal(signal.SIGKILL)
        assert other.wait() == -signal.SIGKILL
        assert store.get(writer.id).record.state == JobState.INTERRUPTED
        assert store.entries()[0].state == JobState.INTERRUPTED
    with store.writer(writer.id) as again:
        assert (again.record.state, again.record.note) == (JobState.RUNNING, "meanwhile")
    store.trash([writer.id])


def test_a_child_does_not_keep_the_lock_of_its_parent(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    with create(store) as writer:
        child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, close_fds=False)
    with child:
        assert child.poll() is None
        assert not store.is_written(writer.id)
        child.kill()


ANNOTATE = """
for i in range(60):
    store.annotate(sys.argv[2], tags=[*store.get(sys.argv[2]).record.tags[-15:], f"tag {i}"], note=f"note {i}")
"""


def test_annotations_and_updates_lose_nothing(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    with create(store) as writer, process(ANNOTATE, tmp_path, writer.id) as other:
        step = 0
        while other.poll() is None:
            step += 1
            writer.update(step=step)
            record = store.get(writer.id).record  # never half of a file
            assert record.step == step
        assert other.stderr is not None
        assert other.returncode == 0, other.stderr.read()
        record = writer.update(state=JobState.COMPLETED)
    assert step > 1
    assert record == store.get(writer.id).record
    assert (record.note, record.step, record.tags) == ("note 59", step, tuple(f"tag {i}" for i in range(44, 60)))


MAKE = """
for _ in range(15):
    with create(store, DATA) as writer:
        (writer.folder / "events.out.tfevents.1").write_bytes(b"")
    store.trash([writer.id])
    store.empty_trash([writer.id])
"""


def test_a_table_is_not_taken_from_under_a_new_run(tmp_path: Path) -> None:
    code = "from tests.runs.test_trash import OWN as DATA\n" + MAKE
    store = RunStore(tmp_path)
    from tests.runs.test_trash import OWN

    with process(code, tmp_path) as one, process(code, tmp_path) as other:
        kept = []
        while one.poll() is None or other.poll() is None:
            with create(store, OWN) as writer:
                assert store.get(writer.id).dataset().fingerprint == OWN.fingerprint
            kept.append(writer.id)
            if len(kept) > 1:
                store.trash([kept.pop(0)])
                store.empty_trash()
        for ended in (one, other):
            assert ended.stderr is not None
            assert ended.returncode == 0, ended.stderr.read()
    assert store.get(kept[0]).dataset().fingerprint == OWN.fingerprint
    assert [entry.id for entry in store.entries()] == kept
    store.trash(kept)
    store.empty_trash()
    assert not list((tmp_path / ".data").iterdir())


CREATE = """
from tests.runs.test_trash import OWN
print("ready", flush=True)
while True:
    with create(store, OWN) as writer:
        writer.update(state="completed")
    store.trash([writer.id])
    store.empty_trash()
"""


def test_killed_at_any_moment_leaves_a_store_that_works(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    for milliseconds in range(0, 60, 15):
        with process(CREATE, tmp_path) as other:
            assert other.stdout is not None
            assert other.stdout.readline() == "ready\n"
            with pytest.raises(subprocess.TimeoutExpired):
                other.wait(milliseconds / 1000)
            other.kill()
        assert all(isinstance(entry, RunRecord) for entry in store.entries())
        for run in store.trashed():
            store.restore([run])
        for entry in store.entries():
            assert store.get(entry.id).dataset().n == 1000
    with create(store):
        pass
    store.trash([entry.id for entry in store.entries()])
    store.empty_trash()
    assert {path.name for path in tmp_path.iterdir()} <= {".locks", ".data", ".trash"}
    assert not list((tmp_path / ".data").iterdir())
    assert not list((tmp_path / ".trash").iterdir())


# -- where nothing can be written ----------------------------------------------------------------------------------

FULL = """
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
from sogaal.errors import DataError, RunError
from tests.runs.test_trash import OWN
with store.writer(sys.argv[2]) as writer:
    for action in (lambda: writer.update(step=1), lambda: create(store), lambda: create(store, OWN)):
        try:
            action()
        except (DataError, RunError) as error:
            print(error)
    print(writer.record.step)
"""


@pytest.mark.skipif(not hasattr(resource, "RLIMIT_FSIZE"), reason="the system knows no limit for the size of files")
def test_where_files_cannot_grow_what_was_there_stays(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    with create(store) as writer:
        pass
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file() and ".locks" not in path.parts}
    with process(FULL, tmp_path, writer.id) as other:
        told, errors = other.communicate()
    assert other.returncode == 0, errors
    *messages, step = told.splitlines()
    assert len(messages) == 3
    for message, name in zip(messages, ("run.json", "run.json", "table.npz"), strict=True):
        assert name in message
        assert "cannot be written (File too large)" in message
    assert step == "0"
    after = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file() and ".locks" not in path.parts}
    assert after == before
    assert [entry.id for entry in store.entries()] == [writer.id]


READ_ONLY = """
import json, os
from sogaal.errors import DataError, RunError
os.setuid(65534)
run = sys.argv[2]
print(json.dumps([[entry.id, getattr(entry, "reason", "")] for entry in store.entries()]))
print(store.get("last").record.state.value)
for action in (lambda: create(store), lambda: store.annotate(run, name="x"), lambda: store.writer(run),
               lambda: store.trash([run])):
    try:
        action()
    except (DataError, RunError) as error:
        print(error)
"""


@pytest.mark.skipif(os.name == "nt" or os.getuid() != 0, reason="only root may become somebody who may not write")
def test_who_may_only_read_can_read(tmp_path_factory: pytest.TempPathFactory) -> None:
    root = tmp_path_factory.mktemp("runs")
    for folder in (root, *root.parents):
        if not folder.stat().st_mode & 0o001:
            folder.chmod(folder.stat().st_mode | 0o011)
    root.chmod(0o755)
    store = RunStore(root)
    with create(store) as writer:
        writer.update(state=JobState.RUNNING)
    for path in root.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    hidden = root / "20260101-000000-a-so-gaal-0123456789ab"
    hidden.mkdir(mode=0o700)
    with process(READ_ONLY, root, writer.id) as other:
        told, errors = other.communicate()
    assert other.returncode == 0, errors
    listed, state, *messages = told.splitlines()
    assert json.loads(listed) == [[writer.id, ""], [hidden.name, "it cannot be read (Permission denied)"]]
    assert state == "interrupted"
    assert len(messages) == 4
    for message in messages:
        assert str(root) in message
        assert "Permission denied" in message


def test_a_root_that_is_no_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    store = RunStore(tmp_path / "file")
    for action in (store.entries, lambda: store.get("last"), lambda: create(store)):
        with pytest.raises((RunError, DataError), match=str(tmp_path / "file")):
            action()
