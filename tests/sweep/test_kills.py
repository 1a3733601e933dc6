"""`sogaal sweep` in a process of its own: killed and resumed, ended by Ctrl-C, and on a cluster that loses a worker."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from sogaal.runs.store import RunStore
from sogaal.snapshots import JobState
from sogaal.sweep import Trial, TrialState, default_storage, read_sweep
from tests.conftest import ROOT

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="these signals are those of POSIX systems")
PATIENCE = 90.0
GRID = ["--vary", "k=2,3,4", "--vary", "lr_g=1e-4..1e-2/6", "--method", "grid", "--stop_epochs", "150", "--quiet"]


def command(store: RunStore, *flags: str) -> list[str]:
    return [sys.executable, "-W", "error", "-m", "sogaal", "sweep", *flags, "--runs", str(store.root)]


def trials(store: RunStore) -> list[Trial]:
    """What there is of the only sweep in the store."""
    try:
        (record,) = store.entries()
        return read_sweep(record.id, default_storage(store.root))[1]
    except ValueError:  # not yet
        return []


def until(process: subprocess.Popen[str], store: RunStore, count: int) -> None:
    """Wait until so many trials are over."""
    deadline = time.monotonic() + PATIENCE
    while sum(one.state.counts for one in trials(store)) < count:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.3)  # a look costs more than a trial


def resumed(store: RunStore, *flags: str) -> dict[str, Any]:
    done = subprocess.run(
        command(store, "--resume", "last", "--json", "--quiet", *flags),
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=PATIENCE,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, ""), done
    return json.loads(done.stdout)


def started(store: RunStore, *flags: str) -> subprocess.Popen[str]:
    return subprocess.Popen(command(store, *flags), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def kept(before: list[Trial], after: list[Trial]) -> bool:
    """Whether all that was over is still there as it was."""
    return [one for one in before if one.state.counts] == [after[one.number] for one in before if one.state.counts]


def test_killed_and_resumed_it_ends_as_asked(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    process = started(store, "onecluster", *GRID, "--workers", "2")
    until(process, store, 3)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    (record,) = store.entries()
    assert record.state == JobState.INTERRUPTED
    before = trials(store)
    running = [one for one in before if one.state == TrialState.RUNNING]
    assert running
    found = resumed(store, "--workers", "2")
    after = trials(store)
    assert kept(before, after)
    assert all(after[one.number].state == TrialState.INTERRUPTED for one in running)
    done = Counter(tuple(one.params.items()) for one in after if one.state.counts)
    assert len(done) == 18  # no point of the grid is forgotten,
    assert set(done.values()) == {1}  # and none done twice
    assert found["state"] == "completed"
    assert sum(one["state"] == "completed" for one in found["trials"]) == 18
    assert len(store.get("last").members()) == 18


def test_ctrl_c_stops_cleanly_and_says_how_to_go_on(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    flags = ["onecluster", "--vary", "lr_g=1e-4..1e-2", "--trials", "500", "--stop_epochs", "150"]
    process = started(store, *flags)
    until(process, store, 2)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=PATIENCE)
    (record,) = store.entries()
    assert (process.returncode, output) == (130, "")
    found = trials(store)
    done = sum(one.state.counts for one in found)
    assert f"Stopped: {done} trials are saved. Go on: sogaal sweep --resume {record.id[-12:]}" in errors
    assert record.state == JobState.STOPPED
    assert not [one for one in found if one.state == TrialState.RUNNING]
    more = resumed(store, "--trials", str(done + 3))
    assert sum(one["state"] == "completed" for one in more["trials"]) == done + 3
    assert kept(found, trials(store))


# -- a cluster -------------------------------------------------------------------------------------------------------


@contextmanager
def cluster(folder: Path) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """A Dask scheduler and two workers, processes on this machine."""
    dask = [sys.executable, "-W", "ignore", "-m", "distributed.cli"]
    said = folder / "scheduler.json"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    options = ["--scheduler-file", str(said)]
    quiet: Any = {"cwd": folder, "env": environment, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    processes = [
        subprocess.Popen(
            [*dask[:-1], "distributed.cli.dask_scheduler", *options, "--host", "127.0.0.1", "--port", "0",
             "--no-dashboard"], **quiet,
        )
    ]  # fmt: skip
    try:
        for _ in range(2):
            worker = ["distributed.cli.dask_worker", *options, "--nthreads", "1", "--no-dashboard", "--no-nanny"]
            processes.append(subprocess.Popen([*dask[:-1], *worker, "--host", "127.0.0.1"], **quiet))
        deadline = time.monotonic() + PATIENCE
        while not said.exists() or not said.read_text().strip():
            assert processes[0].poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield json.loads(said.read_text())["address"], processes[1:]
    finally:
        # How Dask ends is not looked at here; asked to, a worker that has lost its scheduler may take minutes.
        for process in processes:
            process.kill()
        for process in processes:
            process.wait(timeout=30)


@pytest.mark.flaky(reruns=1)  # Dask's own processes may be late on a busy machine
def test_a_cluster_that_loses_a_worker_loses_no_trial(tmp_path: Path) -> None:
    store = RunStore(tmp_path / "runs")
    with cluster(tmp_path) as (address, workers):
        process = started(store, "onecluster", *GRID, "--dask", address)
        until(process, store, 3)
        workers[0].send_signal(signal.SIGKILL)
        output, errors = process.communicate(timeout=PATIENCE)
    # Dask itself may say that it fetches a lost result again; nothing else belongs there.
    unexpected = [line for line in errors.splitlines() if " - distributed." not in line]
    assert (process.returncode, unexpected) == (0, []), errors
    assert "chosen with labels" in output
    found = trials(store)
    assert len(found) == 18
    assert {one.state for one in found} == {TrialState.COMPLETED}
    assert len({tuple(one.params.items()) for one in found}) == 18
    assert len(store.get("last").members()) == 18
