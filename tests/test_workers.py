"""The executor of processes: real processes, real signals."""

import math
import operator
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, wait
from pathlib import Path

import pytest

from sogaal.errors import ConfigError
from sogaal.workers import ProcessExecutor, WorkerDied, WorkerStartError
from tests.conftest import ROOT

posix = pytest.mark.skipif(sys.platform == "win32", reason="these signals are those of POSIX systems")


@pytest.fixture(scope="module")
def executor() -> Iterator[ProcessExecutor]:
    executor = ProcessExecutor(2)
    yield executor
    executor.kill()


def until(condition: Callable[[], object], timeout: float = 20.0) -> None:
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.005)


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


@pytest.mark.parametrize("workers", [0, -1, 1.5, True, "2"])
def test_a_bad_number_of_workers(workers: int) -> None:
    with pytest.raises(ConfigError, match="workers must be a whole number of at least 1, got") as caught:
        ProcessExecutor(workers)
    assert caught.value.field == "workers"


def test_nothing_starts_before_there_is_work() -> None:
    executor = ProcessExecutor(2)
    assert executor.pids == []
    executor.shutdown()


def test_results_and_errors_come_back(executor: ProcessExecutor) -> None:
    assert list(executor.map(math.sqrt, [1.0, 4.0, 9.0])) == [1.0, 2.0, 3.0]
    with pytest.raises(ValueError, match="math domain error") as caught:
        executor.submit(math.sqrt, -1.0).result()
    assert any("In worker process" in note for note in caught.value.__notes__)


def test_work_is_done_elsewhere_and_by_all(executor: ProcessExecutor) -> None:
    wait([executor.submit(time.sleep, 0.1) for _ in range(4)])
    pids = {future.result() for future in [executor.submit(os.getpid) for _ in range(4)]}
    assert os.getpid() not in pids
    assert pids <= set(executor.pids)
    assert len(executor.pids) == 2


def test_what_cannot_be_pickled(executor: ProcessExecutor) -> None:
    with pytest.raises((AttributeError, TypeError)):
        executor.submit(threading.Lock().acquire)
    with pytest.raises(Exception, match="pickle"):
        executor.submit(threading.Lock).result()
    assert executor.submit(math.sqrt, 4.0).result() == 2.0


def test_prints_do_not_end_up_between_the_answers(executor: ProcessExecutor) -> None:
    executor.submit(print, "hello").result()
    executor.submit(os.write, 1, b"").result()
    assert executor.submit(math.sqrt, 4.0).result() == 2.0


def test_large_things_travel(executor: ProcessExecutor) -> None:
    sent = bytes(range(256)) * 50_000
    assert executor.submit(bytes.upper, sent).result() == sent.upper()


@posix
def test_a_killed_worker_costs_its_own_task_only(executor: ProcessExecutor) -> None:
    first, second = executor.submit(time.sleep, 60), executor.submit(os.getpid)
    alive = second.result()
    other = executor.submit(time.sleep, 0.5)
    (victim,) = set(executor.pids) - {alive}
    os.kill(victim, signal.SIGKILL)
    with pytest.raises(WorkerDied, match=f"Worker process {victim} was ended by SIGKILL"):
        first.result()
    assert other.result() is None
    assert executor.submit(math.sqrt, 4.0).result() == 2.0
    assert gone(victim)


def test_a_worker_that_exits(executor: ProcessExecutor) -> None:
    with pytest.raises(WorkerDied, match="ended with status 3"):
        executor.submit(os._exit, 3).result()
    assert executor.submit(math.sqrt, 4.0).result() == 2.0


def test_workers_that_cannot_start() -> None:
    executor = ProcessExecutor(1, preload=("sogaal.no_such_module",))
    with pytest.raises(WorkerStartError, match="No module named 'sogaal.no_such_module'"):
        executor.submit(math.sqrt, 4.0).result()
    executor.shutdown()


def test_workers_that_die_while_they_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "deadly_module.py").write_text("import os\nos._exit(7)\n")
    monkeypatch.syspath_prepend(tmp_path)
    executor = ProcessExecutor(1, preload=("deadly_module",))
    with pytest.raises(WorkerStartError, match="end while they start: .* ended with status 7"):
        executor.submit(math.sqrt, 4.0).result()
    executor.shutdown()


def test_shutdown_waits_for_what_was_submitted() -> None:
    executor = ProcessExecutor(1)
    futures = [executor.submit(math.sqrt, float(i)) for i in range(5)]
    executor.shutdown()
    assert [future.result() for future in futures] == [math.sqrt(i) for i in range(5)]
    with pytest.raises(RuntimeError, match="take no more tasks"):
        executor.submit(math.sqrt, 4.0)


def test_kill_does_not_wait() -> None:
    executor = ProcessExecutor(1)
    under_way, waiting = executor.submit(time.sleep, 60), executor.submit(time.sleep, 60)
    until(lambda: executor.pids)
    (pid,) = executor.pids
    executor.kill()
    with pytest.raises(WorkerDied):
        under_way.result(timeout=10)
    with pytest.raises(CancelledError):
        waiting.result(timeout=10)
    assert sys.platform == "win32" or gone(pid)


def test_idle_workers_end_and_others_start_when_there_is_work() -> None:
    executor = ProcessExecutor(1, idle_seconds=0.1)
    first = executor.submit(os.getpid).result()
    until(lambda: not executor.pids)
    assert executor.submit(os.getpid).result() != first
    executor.shutdown()


def test_a_forgotten_executor_ends_its_workers() -> None:
    executor = ProcessExecutor(1)
    pid = executor.submit(os.getpid).result()
    del executor
    until(lambda: sys.platform == "win32" or gone(pid))


def test_tasks_from_many_threads(executor: ProcessExecutor) -> None:
    found: dict[int, list[int]] = {}

    def ask(number: int) -> None:
        found[number] = [executor.submit(operator.add, number, i).result() for i in range(20)]

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {number: [number + i for i in range(20)] for number in range(8)}


# The executor as a script without a guard has it. Workers share the script's standard error: reading it to its end
# waits for the last of them.
SCRIPT = """
import os, signal, sys, time
from sogaal.workers import ProcessExecutor
executor = ProcessExecutor(2)
futures = [executor.submit(time.sleep, 600) for _ in range(5)]
while len(executor.pids) < 2:
    time.sleep(0.01)
print("under way", flush=True)
"""


def start(tmp_path: Path, end: str) -> "subprocess.Popen[str]":
    file = tmp_path / "script.py"
    file.write_text(SCRIPT + end)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, str(file)]
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "under way\n", process.stderr.read() if process.stderr else ""
    return process


@pytest.mark.parametrize(
    ("end", "status", "said"),
    [("", 0, ""), ("raise SystemExit(3)", 3, ""), ("1 / 0", 1, "ZeroDivisionError"), ("os._exit(4)", 4, "")],
)
def test_a_script_ends_with_tasks_under_way(tmp_path: Path, end: str, status: int, said: str) -> None:
    process = start(tmp_path, end)
    _, errors = process.communicate(timeout=20)
    assert process.returncode == status, errors
    assert said in errors if said else errors == ""


@posix
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_script_is_ended_with_tasks_under_way(tmp_path: Path, number: signal.Signals) -> None:
    process = start(tmp_path, "futures[0].result()")
    time.sleep(0.05)
    os.killpg(process.pid, number)  # as a terminal does
    _, errors = process.communicate(timeout=20)
    assert process.returncode == -number
    assert errors.count("Traceback") == (1 if number == signal.SIGINT else 0), errors
