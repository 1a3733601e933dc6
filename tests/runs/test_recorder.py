"""What a training leaves while it goes on, with real trainings, real files and a real disk that is full."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from sogaal import load_dataset
from sogaal.config import TrainConfig, make_config
from sogaal.data import Dataset
from sogaal.errors import RunError
from sogaal.jobs import Job, JobRegistry, JobState
from sogaal.runs import recorder
from sogaal.runs.checkpoint_file import read_checkpoint
from sogaal.runs.names import token_of
from sogaal.runs.store import RunStore
from sogaal.runs.summary import run_summary
from sogaal.trainer import Trainer
from sogaal.trust import SeedRankings
from tests.runs.kills import same_end, same_history

PATIENCE = 60.0
DATA = load_dataset("onecluster")
FILES = {"run.json", "history.csv", "frames.npz", "checkpoint.safetensors", "model.safetensors", "scores.csv"}


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    return RunStore(tmp_path / "runs")


@pytest.fixture
def registry(store: RunStore) -> Iterator[JobRegistry]:
    with JobRegistry(store) as made:
        yield made


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)


def short(**values: object) -> TrainConfig:
    return make_config("post", **({"stop_epochs": 20} | values))


def endless(**values: object) -> TrainConfig:
    return make_config("post", stop_epochs=100_000, eval_every=100, **values)


def ended(job: Job) -> JobState:
    assert job.wait(PATIENCE)
    return job.snapshot().state


def reference(job: Job) -> Trainer:
    assert job.scaler is not None
    return Trainer(job.scaler.transform(job.dataset.X), job.config, job.dataset.y).fit()


def on_disk(store: RunStore, job: Job) -> int:
    """Steps in the file; 0 before there is one."""
    try:
        return store.get(job.id).history()[0].view().steps
    except RunError:
        return 0


# -- what is there -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", ["so-gaal", "mo-gaal"])
def test_completed_run_has_everything(registry: JobRegistry, store: RunStore, algorithm: str) -> None:
    job = registry.submit(DATA, short(algorithm=algorithm, k=3), scaling="robust")
    assert ended(job) == JobState.COMPLETED
    same_end(store, reference(job))
    run = store.get(job.id)
    names = set(run.files)
    assert names >= FILES
    assert len(names - FILES) == 1, "and an event file"
    record, result = run.record, job.snapshot().result
    assert (record.state, record.title, record.message) == (JobState.COMPLETED, job.title, "")
    assert token_of(record.id) == job.id
    assert record.created == job.created
    assert record.started is not None
    assert record.ended is not None
    assert record.created <= record.started <= record.ended
    assert (record.step, record.total_steps, record.stop_step) == (120, 120, 42)
    assert record.auc_curve[-1] == pytest.approx(record.summary["auc_final"], abs=1e-4)
    assert [finding["severity"] for finding in record.diagnosis]
    assert result is not None
    numbers = {name: record.summary[name] for name in result.summary}
    assert numbers == dict(result.summary)
    assert record.summary.keys() == run_summary(DATA, job.config, record.scaler).keys()
    assert record.summary["run"] == record.id
    assert [frame.step for frame in run.frames()] == [frame.step for frame in result.frames]


def test_the_history_grows_while_the_run_goes_on(registry: JobRegistry, store: RunStore) -> None:
    job = registry.submit(DATA, endless(), speed=200)
    until(lambda: on_disk(store, job) > 0)
    first = on_disk(store, job)
    until(lambda: on_disk(store, job) > first)
    assert store.get(job.id).record.state == JobState.RUNNING
    job.set_speed(0.001)  # the steps just done are written although none comes after them
    until(lambda: on_disk(store, job) == job.snapshot().step)


def test_a_pause_leaves_a_checkpoint(registry: JobRegistry, store: RunStore) -> None:
    job = registry.submit(DATA, endless())
    until(lambda: job.snapshot().step > 100)
    job.pause()
    until(lambda: job.snapshot().state == JobState.PAUSED)
    until(lambda: on_disk(store, job) == job.snapshot().step)
    folder = store.get(job.id).folder
    until(lambda: store.get(job.id).record.state == JobState.PAUSED)
    assert int(read_checkpoint(folder / "checkpoint.safetensors", job.id)["step"]) == job.snapshot().step
    assert store.get(job.id).frames()[0].step == 0


def test_what_other_seeds_say_is_not_kept_with_a_run_that_goes_on(registry: JobRegistry, store: RunStore) -> None:
    job = registry.submit(DATA, endless())
    until(lambda: bool(store.entries()))
    found = SeedRankings((0, 1), np.zeros((2, DATA.n), np.float32))
    with pytest.raises(RunError, match="the run goes on"):
        store.keep_rankings(job.id, "end", found)
    job.stop()
    ended(job)
    with pytest.raises(RunError, match="there is none for 'nothing'"):
        store.keep_rankings("nothing", "end", found)


def test_stopped_run_has_a_result_and_can_go_on(registry: JobRegistry, store: RunStore) -> None:
    job = registry.submit(DATA, short(stop_epochs=300), paused=True)
    until(lambda: job.snapshot().frame is not None)
    for _ in range(5):
        job.step()
    until(lambda: job.snapshot().step == 5)
    job.stop()
    assert ended(job) == JobState.STOPPED
    run = store.get(job.id)
    assert (run.record.state, run.record.step) == (JobState.STOPPED, 5)
    result, kept = run.result(), job.snapshot().result
    assert result is not None
    assert kept is not None
    assert dict(result.summary) == dict(kept.summary)
    store.annotate(job.id, name="mine", tags=["a"])
    store.keep_rankings(job.id, "end", SeedRankings((0, 1), np.stack([kept.logits_end, kept.logits_end])))
    assert np.array_equal(store.get(job.id).rankings("end").logits[0], kept.logits_end)
    again = registry.resume(job.id)
    assert again.id == job.id
    assert again.title == job.title
    assert registry.get(job.id) is again
    assert ended(again) == JobState.COMPLETED
    same_end(store, reference(again))
    record = store.get(job.id).record
    assert (record.name, record.tags, record.message) == ("mine", ("a",), "")
    assert store.get(job.id).rankings("end") is None, "they were of another ranking"
    assert len(store.entries()) == 1
    with pytest.raises(RunError, match="cannot be resumed: it has completed"):
        registry.resume(job.id)


def test_diverged_run_is_on_record_and_cannot_go_on(registry: JobRegistry, store: RunStore) -> None:
    rng = np.random.default_rng(0)
    wild = Dataset("wild", (rng.random((200, 2)) * 1e15).astype(np.float32), None, np.arange(200), ("a", "b"))
    job = registry.submit(wild, endless(lr_d=0.1, lr_g=10.0, momentum=0.99), scaling="none")
    assert ended(job) == JobState.FAILED
    run = store.get(job.id)
    assert (run.record.state, run.record.message) == (JobState.FAILED, job.snapshot().message)
    assert "divergence" in [finding["kind"] for finding in run.record.diagnosis]
    same_history(run.history()[0].view(), job.snapshot().history)
    assert "model.safetensors" not in run.files
    assert "checkpoint.safetensors" not in run.files
    with pytest.raises(RunError, match="it diverged"):
        registry.resume(job.id)


def test_a_run_that_is_written_is_not_resumed(registry: JobRegistry, store: RunStore) -> None:
    job = registry.submit(DATA, endless())
    until(lambda: on_disk(store, job) > 0)
    with JobRegistry(store) as other, pytest.raises(RunError, match="being written"):
        other.resume(job.id)
    with pytest.raises(RunError, match="being written"):
        registry.resume(job.id)


def test_without_a_store_nothing_is_resumed() -> None:
    with JobRegistry() as registry, pytest.raises(RunError, match="store"):
        registry.resume("last")


def test_what_never_leaves_the_queue_leaves_nothing(store: RunStore) -> None:
    with JobRegistry(store, max_running=1) as registry:
        first, waiting = (registry.submit(DATA, endless()) for _ in range(2))
        until(lambda: on_disk(store, first) > 0)
        waiting.stop()
        assert ended(waiting) == JobState.STOPPED
        first.stop()
        assert ended(first) == JobState.STOPPED
        assert [entry.id for entry in store.entries()] == [store.get(first.id).id]
        # Resumed, but stopped in the queue: left as it was, and free again.
        busy = registry.submit(DATA, endless())
        again = registry.resume(first.id)
        again.stop()
        assert ended(again) == JobState.STOPPED
        assert store.get(first.id).record.state == JobState.STOPPED
        store.writer(first.id).close()
        busy.stop()


# -- the end of the program --------------------------------------------------------------------------------------------

SCRIPT = """
import sys, time
from sogaal import load_dataset
from sogaal.config import make_config
from sogaal.jobs import JobRegistry
from sogaal.runs.store import RunStore

registry = JobRegistry(RunStore(sys.argv[1]))
job = registry.submit(load_dataset("onecluster"), make_config("post", stop_epochs=2000))
while job.snapshot().step < 300:
    time.sleep(0.01)
print(job.id, flush=True)
"""


def test_a_program_that_ends_leaves_an_interrupted_run_to_resume(registry: JobRegistry, store: RunStore) -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-c", SCRIPT, str(store.root)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=PATIENCE)
    assert (done.returncode, done.stderr) == (0, "")
    run = store.get(done.stdout.strip())
    assert json.loads((run.folder / "run.json").read_text())["state"] == "interrupted", "written, not derived"
    assert int(read_checkpoint(run.folder / "checkpoint.safetensors")["step"]) == run.record.step >= 300
    job = registry.resume(run.id)
    assert ended(job) == JobState.COMPLETED
    same_end(store, reference(job))


# -- trouble with the disk ---------------------------------------------------------------------------------------------


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A file system of three megabytes; not in pytest's folders, which other sessions tidy up."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("only root can mount a small file system to fill")
    folder = Path(tempfile.mkdtemp(prefix="sogaal-disk-"))
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(folder)], check=False).returncode:
        folder.rmdir()
        pytest.skip("this system lets nobody mount a small file system")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)
        folder.rmdir()


def test_a_full_disk_stops_saving_and_not_the_training(small_disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, "RETRY_SECONDS", 0.5)
    store = RunStore(small_disk / "runs")
    with JobRegistry(store) as registry:
        job = registry.submit(DATA, short(stop_epochs=1000))
        until(lambda: on_disk(store, job) > 0)
        ballast = small_disk / "ballast"
        fill(ballast)
        until(lambda: job.snapshot().saving_problem != "")
        assert "No space left on device" in job.snapshot().saving_problem
        assert "not being saved" in job.snapshot().saving_problem
        saved = on_disk(store, job)
        seen = job.snapshot().step
        until(lambda: job.snapshot().step > seen)
        assert ended(job) == JobState.COMPLETED
        assert saved < job.snapshot().step
        size = (store.get(job.id).folder / "history.csv").stat().st_size
        assert (store.get(job.id).folder / "history.csv").read_bytes()[size - 1 :] == b"\n", "cut back to a whole line"
        ballast.unlink()
        until(lambda: job.snapshot().saving_problem == "")
        same_end(store, reference(job))
        assert store.get(job.id).record.state == JobState.COMPLETED


def fill(path: Path) -> None:
    """Write until there is no room."""
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            return


def test_a_folder_that_vanished_is_made_again(
    registry: JobRegistry, store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "RETRY_SECONDS", 1.0)
    job = registry.submit(DATA, short(stop_epochs=1500), speed=2000)
    until(lambda: on_disk(store, job) > 0)
    shutil.move(store.root, store.root.with_name("gone"))
    until(lambda: job.snapshot().saving_problem != "")
    seen = job.snapshot().step
    until(lambda: job.snapshot().step > seen)
    store.root.mkdir()
    until(lambda: job.snapshot().saving_problem == "")
    job.set_speed(None)
    assert ended(job) == JobState.COMPLETED
    same_end(store, reference(job))


def test_where_no_folder_can_be_made_the_training_goes_on(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with JobRegistry(RunStore(tmp_path / "file" / "runs")) as registry:
        job = registry.submit(DATA, short())
        assert ended(job) == JobState.COMPLETED
        assert str(tmp_path / "file") in job.snapshot().saving_problem
    assert (tmp_path / "file").read_text() == "in the way"
