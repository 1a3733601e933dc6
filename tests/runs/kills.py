"""Kills trainings at random moments, resumes them, and holds each against an unbroken run. A program of its own:

    python -m tests.runs.kills NUMBER FOLDER

Each training is a process that is forked here, so that none has to load torch first. Prints one JSON object.
"""

import json
import os
import random
import signal
import sys
import time
from pathlib import Path

import numpy as np
import torch

import sogaal.exports.tensorboard  # noqa: F401  # before the fork: else nearly all kills come while it is loaded
from sogaal import load_dataset
from sogaal.config import TrainConfig, make_config
from sogaal.errors import RunError
from sogaal.exports import scores_csv, scores_table
from sogaal.history import EVALUATION_COLUMNS, STEP_COLUMNS, HistoryView
from sogaal.jobs import JobRegistry, JobState
from sogaal.model import Model
from sogaal.runs import recorder
from sogaal.runs.checkpoint_file import read_checkpoint
from sogaal.runs.record import RunRecord
from sogaal.runs.store import RunStore
from sogaal.scaling import Scaler
from sogaal.trainer import Trainer

DATA = load_dataset("onecluster")
# Of processor time of the training process: a machine that is busy with other things must not count.
SECONDS_LOST = 1.0


def main(kills: int, root: Path) -> None:
    """Kill ``kills`` times."""
    torch.set_num_threads(1)
    rng = random.Random(kills)
    done, runs, early, late = 0, 0, 0, 0.0
    while done < kills:
        store = RunStore(root / str(runs))
        config = make_config("post", stop_epochs=500, seed=runs, algorithm=("so-gaal", "mo-gaal")[runs % 2], k=3)
        reference = Trainer(Scaler.fit(DATA.X).transform(DATA.X), config, DATA.y).fit()
        while not completed(store):
            # The last times are left to end by themselves.
            wait = rng.uniform(0.0, rng.choice((0.8, 0.8, 0.8, 4.0))) if done < kills else None
            seen = sitting(store, config, wait)
            done += wait is not None
            entries = store.entries()
            if not entries:
                early += 1  # killed before there was a folder
                continue
            late = max(late, check(store, entries[0], reference, seen))
        same_end(store, reference)
        runs += 1
    report = {"kills": done, "runs": runs, "without a folder": early, "seconds lost at most": late}
    sys.stdout.write(json.dumps(report) + "\n")


def completed(store: RunStore) -> bool:
    """Whether the one run of the store is."""
    return any(isinstance(entry, RunRecord) and entry.state == JobState.COMPLETED for entry in store.entries())


def sitting(store: RunStore, config: TrainConfig, wait: float | None) -> list[tuple[float, int]]:
    """Train in a process that is killed after so many seconds; what it said: processor seconds, steps done."""
    source, sink = os.pipe()
    process = os.fork()
    if not process:
        os.close(source)
        train(store, config, sink)
    os.close(sink)
    if wait is not None:
        time.sleep(wait)
        os.kill(process, signal.SIGKILL)
    with os.fdopen(source) as lines:
        said = [line.split() for line in lines if line.endswith("\n")]
    _, status = os.waitpid(process, 0)
    assert status in (0, signal.SIGKILL), status
    return [(float(seconds), int(step)) for seconds, step in said]


def train(store: RunStore, config: TrainConfig, sink: int) -> None:
    """In the forked process: begin the run or go on with it, and say how far it is."""
    try:
        recorder.CHECKPOINT_SECONDS = 0.2
        registry = JobRegistry(store)
        try:
            job = registry.resume("last")
        except RunError:
            job = registry.submit(DATA, config)
        while not job.wait(0.005):
            os.write(sink, f"{time.process_time()} {job.snapshot().history.steps}\n".encode())
        assert job.snapshot().state == JobState.COMPLETED, job.snapshot().message
        os._exit(0)
    except BaseException as error:
        sys.stderr.write(f"{error!r}\n")
        sys.stderr.flush()
        os._exit(1)


def check(store: RunStore, entry: object, reference: Trainer, seen: list[tuple[float, int]]) -> float:
    """What a killed run left is sound, and nearly all of it; returns the processor seconds that were lost."""
    assert isinstance(entry, RunRecord), entry
    assert entry.state in (JobState.INTERRUPTED, JobState.COMPLETED), entry
    history, _ = store.get(entry.id).history()
    view = history.view()
    same_history(view, reference.history.until(view.steps).view())
    lost = [seconds for seconds, step in seen if step > view.steps]
    late = seen[-1][0] - lost[0] if lost else 0.0
    assert late <= SECONDS_LOST, f"{late} s of history were lost"
    return late


def same_history(mine: HistoryView, theirs: HistoryView) -> None:
    """Bit for bit."""
    for name in (*STEP_COLUMNS, *EVALUATION_COLUMNS):
        np.testing.assert_array_equal(getattr(mine, name), getattr(theirs, name), err_msg=name)


def same_end(store: RunStore, reference: Trainer) -> None:
    """Files of the run as those of an unbroken one: history, networks, model, scores."""
    run = store.get("last")
    view = run.history()[0].view()
    assert view.steps == reference.total_steps
    same_history(view, reference.history.view())
    state, expected = read_checkpoint(run.folder / "checkpoint.safetensors"), reference.state_dict()
    for name in expected.keys() - {"seconds"}:
        np.testing.assert_array_equal(state[name], expected[name], err_msg=name)
    model = Model.from_trainer(reference, run.record.scaler, DATA)
    saved = run.model()
    assert isinstance(saved, Model)
    for at, weights in model.discriminators.items():
        for part in ("w1", "b1", "w2", "b2"):
            np.testing.assert_array_equal(getattr(saved.discriminator(at), part), getattr(weights, part))
    table = scores_table(DATA.ids, DATA.y, model.score_samples(DATA.X))
    assert (run.folder / "scores.csv").read_bytes() == scores_csv(table)
    assert run.record.step == reference.step
    numbers = {name: value for name, value in reference.summary().items() if name != "seconds"}
    assert {name: run.record.summary[name] for name in numbers} == numbers


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
