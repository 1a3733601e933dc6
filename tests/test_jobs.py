import gc
import itertools
import logging
import os
import re
import signal
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from sogaal.config import TrainConfig, make_config
from sogaal.data import Dataset
from sogaal.errors import ConfigError
from sogaal.history import EVALUATION_COLUMNS, STEP_COLUMNS, HistoryView
from sogaal.jobs import Job, JobRegistry, JobState, Snapshot
from sogaal.trainer import Trainer

PATIENCE = 30.0
NEVER = 0.0001  # steps a second: the next step is hours away


@pytest.fixture
def registry() -> Iterator[JobRegistry]:
    with JobRegistry() as made:
        yield made


def table(labels: bool = True, factor: float = 1.0) -> Dataset:
    rng = np.random.default_rng(7)
    X = np.vstack([rng.normal(0.5, 0.05, (190, 2)), rng.random((10, 2))]) * factor
    y = np.repeat([0, 1], [190, 10])
    return Dataset("blob", X.astype(np.float32), y if labels else None, np.arange(200), ("a", "b"))


def endless(seed: int = 0) -> TrainConfig:
    return make_config(max_epochs=300_000, stop_epochs=100_000, eval_every=10_000, batch_size=50, seed=seed)


def short(**values: object) -> TrainConfig:
    return make_config(**({"stop_epochs": 10, "batch_size": 50} | values))


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.001)


def until_state(job: Job, state: JobState) -> Snapshot:
    until(lambda: job.snapshot().state == state)
    return job.snapshot()


def ended(job: Job) -> Snapshot:
    assert job.wait(PATIENCE)
    return job.snapshot()


def columns(history: HistoryView) -> dict[str, np.ndarray]:
    return {name: getattr(history, name) for name in (*STEP_COLUMNS, *EVALUATION_COLUMNS)}


def assert_same_history(mine: HistoryView, theirs: HistoryView) -> None:
    for name, column in columns(mine).items():
        np.testing.assert_array_equal(column, columns(theirs)[name], err_msg=name)


# -- life cycle --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("labels", [True, False])
def test_job_does_what_a_trainer_does(registry: JobRegistry, labels: bool) -> None:
    dataset, config = table(labels), short(algorithm="mo-gaal", k=3)
    job = registry.submit(dataset, config, scaling="robust")
    assert registry.get(job.id) is job
    assert job.title == "blob · MO-GAAL k=3 · seed 0"
    end = ended(job)
    assert job.scaler is not None
    trainer = Trainer(job.scaler.transform(dataset.X), config, dataset.y).fit()
    assert (end.state, end.message) == (JobState.COMPLETED, "")
    assert (end.step, end.total_steps, end.epoch, end.total_epochs) == (120, 120, 30, 30)
    assert (end.stop_step, end.generator_stopped) == (44, True)
    assert_same_history(end.history, trainer.history.view())
    assert end.frame is not None
    np.testing.assert_array_equal(end.frame.generated, trainer.frame().generated)
    result = end.result
    assert result is not None
    assert result.complete
    np.testing.assert_array_equal(result.logits_end, trainer.scores(at="end"))
    np.testing.assert_array_equal(result.logits_stop, trainer.scores(at="stop"))
    assert result.frame_stop is not None
    assert result.frame_stop.step == 44
    assert [result.frames[0].step, result.frames[-1].step] == [0, job.snapshot().step]
    assert result.frame_stop in result.frames
    assert len(result.frames) > 30
    assert {**result.summary, "seconds": 0} == trainer.summary() | {"seconds": 0}
    assert registry.active() == []
    assert registry.jobs() == [job]


def test_pause_holds_and_resume_goes_on(registry: JobRegistry) -> None:
    job = registry.submit(table(), endless())
    until(lambda: job.snapshot().step > 100)
    job.pause()
    job.pause()
    held = until_state(job, JobState.PAUSED)
    assert (held.steps_per_second, held.seconds_left) == (0.0, None)
    assert held.history.steps == held.step
    assert held.frame is not None
    assert held.frame.step == held.step
    time.sleep(0.15)
    assert job.snapshot() is held
    job.resume()
    job.resume()
    until(lambda: job.snapshot().step > held.step + 100)
    moving = job.snapshot()
    assert moving.state == JobState.RUNNING
    until(lambda: job.snapshot().steps_per_second > 0)
    assert job.snapshot().seconds_left is not None


def test_each_call_of_step_is_one_step(registry: JobRegistry) -> None:
    job = registry.submit(table(), endless(), paused=True)
    until(lambda: job.snapshot().frame is not None)
    assert (job.snapshot().state, job.snapshot().step) == (JobState.PAUSED, 0)
    for _ in range(5):
        job.step()
    until(lambda: job.snapshot().step >= 5)
    job.step()
    until(lambda: job.snapshot().step >= 6)
    time.sleep(0.05)
    snapshot = job.snapshot()
    assert (snapshot.state, snapshot.step, snapshot.history.steps) == (JobState.PAUSED, 6, 6)
    assert snapshot.frame is not None
    assert snapshot.frame.step == 6


def test_step_of_a_running_job_does_one_step_and_pauses(registry: JobRegistry) -> None:
    job = registry.submit(table(), endless(), speed=NEVER)
    until(lambda: job.snapshot().step == 1)  # the first is due at once
    assert job.snapshot().state == JobState.RUNNING
    job.step()
    assert until_state(job, JobState.PAUSED).step == 2


def test_step_before_the_thread_is_ready_counts(registry: JobRegistry) -> None:
    job = registry.submit(table(), endless(), paused=True)
    job.step()
    until(lambda: job.snapshot().step == 1)
    assert job.snapshot().state == JobState.PAUSED


def test_last_step_completes_the_job(registry: JobRegistry) -> None:
    job = registry.submit(table(), short(max_epochs=1), paused=True)
    for _ in range(4):
        job.step()
    end = ended(job)
    assert (end.state, end.step) == (JobState.COMPLETED, 4)


def test_commands_are_taken_up_in_slow_motion(registry: JobRegistry) -> None:
    job = registry.submit(table(), endless(), speed=NEVER)
    until(lambda: job.snapshot().step == 1)
    job.pause()
    until_state(job, JobState.PAUSED)
    job.resume()
    until(lambda: job.snapshot().step == 2)
    job.set_speed(None)
    until(lambda: job.snapshot().step > 100)
    job.set_speed(NEVER)
    job.stop()
    assert ended(job).state == JobState.STOPPED


@pytest.mark.parametrize("paused", [True, False])
def test_stopped_run_has_a_result(registry: JobRegistry, paused: bool) -> None:
    job = registry.submit(table(), endless())
    until(lambda: job.snapshot().step > 10)
    if paused:
        job.pause()
        until_state(job, JobState.PAUSED)
    job.stop()
    job.stop()
    end = ended(job)
    assert (end.state, end.message) == (JobState.STOPPED, "")
    assert end.frame is not None
    assert end.frame.step == end.step == end.history.steps
    result = end.result
    assert result is not None
    assert not result.complete
    assert result.logits_stop is None
    assert result.logits_end.shape == (200,)
    assert not result.logits_end.flags.writeable
    np.testing.assert_allclose(
        result.logits_end, end.frame.discriminator.logits(job.scaler.transform(job.dataset.X)), atol=1e-4
    )
    assert 0 <= result.summary["auc_final"] <= result.summary["auc_best"] <= 1


def test_commands_after_the_end_do_nothing(registry: JobRegistry) -> None:
    job = registry.submit(table(), endless(), paused=True)
    until(lambda: job.snapshot().frame is not None)
    job.stop()
    end = ended(job)
    assert end.result is None  # no step, no result
    for command in (job.pause, job.resume, job.step, job.stop, lambda: job.set_speed(5)):
        command()
    assert job.snapshot() is end


# -- many at once ------------------------------------------------------------------------------------------------------


def test_twenty_run_the_rest_queues_and_all_stop_under_load(registry: JobRegistry) -> None:
    jobs = [registry.submit(table(), endless(seed)) for seed in range(24)]
    first, rest = jobs[:20], jobs[20:]
    assert [job.snapshot().place_in_queue for job in rest] == [1, 2, 3, 4]
    assert {job.snapshot().state for job in rest} == {JobState.QUEUED}
    until(lambda: all(job.snapshot().step > 50 for job in first))
    assert registry.active() == jobs
    assert [job.snapshot().step for job in rest] == [0] * 4

    rest[1].stop()
    assert rest[1].snapshot().state == JobState.STOPPED
    assert rest[1].wait(0)
    assert [job.snapshot().place_in_queue for job in rest] == [1, None, 2, 3]

    first[7].stop()
    assert ended(first[7]).state == JobState.STOPPED
    until(lambda: rest[0].snapshot().step > 50)  # first come, first served
    assert [job.snapshot().place_in_queue for job in rest] == [None, None, 1, 2]

    for job in jobs:
        job.stop()
    assert {ended(job).state for job in jobs} == {JobState.STOPPED}
    assert registry.active() == []


def test_queued_job_takes_orders(registry: JobRegistry) -> None:
    with JobRegistry(max_running=1) as registry:
        first, second = (registry.submit(table(), endless()) for _ in range(2))
        second.pause()
        assert (second.snapshot().state, second.snapshot().message) == (JobState.QUEUED, "It will start paused.")
        second.resume()
        assert second.snapshot().message == ""
        second.step()
        first.stop()
        until(lambda: second.snapshot().step == 1)
        assert second.snapshot().state == JobState.PAUSED
        assert second.snapshot().place_in_queue is None


def test_running_jobs_take_fair_turns(registry: JobRegistry, monkeypatch: pytest.MonkeyPatch) -> None:
    advance, turns = Trainer.advance, []

    def noted(trainer: Trainer, max_steps: int = 1) -> int:
        turns.append((trainer.config.seed, done := advance(trainer, max_steps)))
        return done

    monkeypatch.setattr(Trainer, "advance", noted)
    jobs = [registry.submit(table(), endless(seed)) for seed in range(2)]
    until(lambda: len({seed for seed, _ in turns}) == 2)
    first = len(turns) + 2  # by now both stand in line
    until(lambda: sum(steps for _, steps in turns[first:]) > 6000)
    seen = turns[first:]
    # Turns are equal shares of time, and how many steps fit into one is up to the machine (see test_pacing).
    assert all(one != next_one for (one, _), (next_one, _) in itertools.pairwise(seen))
    assert {seed for seed, _ in seen} == {job.config.seed for job in jobs}


def test_same_seed_same_history_whatever_happens_to_the_job(registry: JobRegistry) -> None:
    dataset, config = table(), short(stop_epochs=100, shuffle="each_epoch", seed=5)
    others = [registry.submit(dataset, endless(seed)) for seed in range(3)]
    job = registry.submit(dataset, config, speed=400)
    until(lambda: job.snapshot().step > 10)
    job.pause()
    until_state(job, JobState.PAUSED)
    for _ in range(7):
        job.step()
    job.set_speed(None)
    job.resume()
    until(lambda: job.snapshot().step > 150)
    job.set_speed(700)
    job.step()
    until_state(job, JobState.PAUSED)
    job.resume()
    job.set_speed(None)
    end = ended(job)
    assert end.state == JobState.COMPLETED
    assert all(other.snapshot().state == JobState.RUNNING for other in others)
    assert job.scaler is not None
    trainer = Trainer(job.scaler.transform(dataset.X), config, dataset.y).fit()
    assert_same_history(end.history, trainer.history.view())
    assert end.result is not None
    np.testing.assert_array_equal(end.result.logits_end, trainer.scores(at="end"))
    np.testing.assert_array_equal(end.result.logits_stop, trainer.scores(at="stop"))


# -- snapshots ---------------------------------------------------------------------------------------------------------


def test_readers_never_see_a_snapshot_change(registry: JobRegistry) -> None:
    job = registry.submit(table(), endless())
    seen: list[tuple[Snapshot, dict[str, np.ndarray], np.ndarray | None]] = []

    def read() -> None:
        while (snapshot := job.snapshot()).state.active:
            if not seen or seen[-1][0] is not snapshot:
                copies = {name: column.copy() for name, column in columns(snapshot.history).items()}
                seen.append((snapshot, copies, None if snapshot.frame is None else snapshot.frame.generated.copy()))
            time.sleep(0.002)  # a loop without rest would keep the interpreter from the job

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    until(lambda: len(seen) > 12)
    job.stop()
    ended(job)
    reader.join(PATIENCE)
    versions = [snapshot.version for snapshot, _, _ in seen]
    assert versions == sorted(set(versions))
    for snapshot, copies, generated in seen:
        assert snapshot.history.steps == snapshot.step
        for name, column in columns(snapshot.history).items():
            np.testing.assert_array_equal(column, copies[name])
            assert not column.flags.writeable
        if generated is not None:
            assert snapshot.frame is not None
            np.testing.assert_array_equal(snapshot.frame.generated, generated)
    # Without a copy: later histories go on in the same memory as long as it has room.
    last = [snapshot.history.d_loss for snapshot, _, _ in seen[-2:]]
    assert any(np.shares_memory(last[0], other) for other in (last[1], seen[-3][0].history.d_loss))


@pytest.mark.parametrize("speed", [None, 400.0])
def test_publication_is_at_most_ten_times_a_second(registry: JobRegistry, speed: float | None) -> None:
    job = registry.submit(table(), endless(), speed=speed)
    until(lambda: job.snapshot().step > 0)
    first, started = job.snapshot().version, time.monotonic()
    until(lambda: job.snapshot().version >= first + 8)
    # Eight publications end seven full intervals, and a bit of the one in which we looked first.
    assert time.monotonic() - started >= 0.7


# -- failure -----------------------------------------------------------------------------------------------------------


def test_setup_that_does_not_fit_the_table_fails_with_the_message(registry: JobRegistry) -> None:
    job = registry.submit(table(), short(algorithm="mo-gaal", k=60))
    end = ended(job)
    assert end.state == JobState.FAILED
    assert end.message.startswith("k must be")
    assert "\n" not in end.message
    assert end.result is None
    assert job.traceback is not None
    assert "ConfigError" in job.traceback


def test_bad_orders_are_refused_at_once(registry: JobRegistry) -> None:
    with pytest.raises(ConfigError, match="scaling must be one of minmax, robust, none, got 'log'"):
        registry.submit(table(), short(), scaling="log")
    with pytest.raises(ConfigError, match="speed"):
        registry.submit(table(), short(), speed=0)
    assert registry.jobs() == []
    job = registry.submit(table(), endless(), paused=True)
    with pytest.raises(ConfigError, match="speed"):
        job.set_speed(-1)
    with pytest.raises(ConfigError, match="max_running"):
        JobRegistry(max_running=0)


def test_divergence_keeps_history_and_the_last_frame(registry: JobRegistry) -> None:
    config = endless().replace(lr_d=0.1, lr_g=10.0, momentum=0.99)
    job = registry.submit(table(factor=1e15), config, scaling="none")
    end = ended(job)
    assert end.state == JobState.FAILED
    assert re.fullmatch(rf"Training diverged: .+ is not finite at step {end.step + 1}\.", end.message)
    assert end.step >= 1
    assert end.history.steps == end.step
    assert np.isfinite(end.history.d_loss).all()
    assert end.frame is not None
    assert np.isfinite(end.frame.generated).all()
    assert np.isfinite(end.frame.discriminator.w1).all()
    assert end.result is None


def test_run_that_ends_before_its_divergence_shows_fails_when_it_is_scored(registry: JobRegistry) -> None:
    config = short(max_epochs=1, batch_size=100, lr_d=10.0)
    end = ended(registry.submit(table(labels=False, factor=1e18), config, scaling="none"))
    assert (end.state, end.step) == (JobState.FAILED, 2)
    assert end.message == "Training diverged: D on the table is not finite at step 2."
    assert end.result is None


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (lambda: {}["absent"], "KeyError: 'absent'"),
        (lambda: np.empty((2**40, 2**10)), "Out of memory: Unable to allocate"),
        (lambda: torch.empty(2**55), "Out of memory: "),
        (lambda: exec("raise ValueError('two\\nlines')"), "ValueError: two lines"),
    ],
)
def test_any_exception_becomes_state_and_message(
    registry: JobRegistry,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    fault: Callable[[], object],
    message: str,
) -> None:
    job = registry.submit(table(), endless(), paused=True)
    for _ in range(3):
        job.step()
    until(lambda: job.snapshot().step == 3)
    monkeypatch.setattr(Trainer, "advance", lambda *_: fault())
    with caplog.at_level(logging.ERROR):
        job.step()
        end = ended(job)
    assert end.state == JobState.FAILED
    assert end.message.startswith(message)
    assert "\n" not in end.message
    assert (end.step, end.history.steps) == (3, 3)
    assert end.frame is not None
    assert job.traceback is not None
    assert "Traceback" in job.traceback
    assert "Traceback" in caplog.text


def test_job_whose_thread_cannot_start_has_failed(registry: JobRegistry, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    job = registry.submit(table(), endless())
    assert ended(job).state == JobState.FAILED
    assert job.snapshot().message == "RuntimeError: can't start new thread"
    assert registry.active() == []


# -- memory and exit ---------------------------------------------------------------------------------------------------


def _trainers() -> list[Trainer]:
    gc.collect()
    return [one for one in gc.get_objects() if type(one) is Trainer]


def test_only_the_last_finished_jobs_are_remembered() -> None:
    others = _trainers()  # of other tests, which keep theirs
    with JobRegistry(max_finished=2) as registry:
        held = registry.submit(table(), endless(), paused=True)
        jobs = [registry.submit(table(), short(max_epochs=1))]
        for _ in range(4):
            ended(jobs[-1])
            jobs.append(registry.submit(table(), short(max_epochs=1)))
        ended(jobs[-1])
        assert registry.jobs() == [held, *jobs[-2:]]
        assert registry.get(jobs[0].id) is None
        assert registry.get(jobs[-1].id) is jobs[-1]
        for job in jobs:
            assert job.join(PATIENCE)
        until(lambda: held.snapshot().frame is not None)
        assert len([one for one in _trainers() if one not in others]) == 1  # that of the paused job
        forgotten = weakref.ref(jobs[0])
        del jobs, job
        gc.collect()
        assert forgotten() is None


def test_shutdown_interrupts_everything() -> None:
    registry = JobRegistry(max_running=2)
    jobs = [registry.submit(table(), endless(), speed=speed) for speed in (None, NEVER, None)]
    until(lambda: jobs[0].snapshot().step > 10)
    assert registry.shutdown()
    assert registry.shutdown()
    assert {ended(job).state for job in jobs} == {JobState.INTERRUPTED}
    assert jobs[0].snapshot().history.steps > 10
    assert all(job.snapshot().message for job in jobs)
    with pytest.raises(RuntimeError, match="shut down"):
        registry.submit(table(), endless())


SCRIPT = """
import signal, sys, time
from sogaal.config import make_config
from sogaal.data import Dataset
from sogaal.jobs import JobRegistry
import numpy as np

rng = np.random.default_rng(0)
dataset = Dataset("noise", rng.random((1000, 2)).astype("f4"), None, np.arange(1000), ("a", "b"))
registry = JobRegistry(max_running=2)
config = make_config(max_epochs=300_000, eval_every=10_000)
jobs = [registry.submit(dataset, config, speed=speed) for speed in (None, 1.0, None)]
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
while jobs[0].snapshot().step < 20:
    time.sleep(0.01)
print("running", flush=True)
if sys.argv[1] == "wait":
    try:
        time.sleep(60)
    except KeyboardInterrupt:
        sys.exit(130)
    raise SystemError("nobody ended this")
"""


def test_interpreter_exits_cleanly_while_a_job_runs_at_full_pace() -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}

    def run(how: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-X", "faulthandler", "-c", SCRIPT, how]
        return subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
        )

    cases = [(run("end"), None, 0), (run("wait"), signal.SIGINT, 130), (run("wait"), signal.SIGTERM, 0)]
    for process, number, status in cases:
        with process:
            try:
                assert process.stdout is not None
                assert process.stdout.readline() == "running\n"
                if number is not None:
                    process.send_signal(number)
                _, errors = process.communicate(timeout=PATIENCE)
                assert (process.returncode, errors) == (status, "")
            finally:
                process.kill()
