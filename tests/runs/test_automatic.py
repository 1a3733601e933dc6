"""A run whose seeds choose the stop, as a job, on disk, resumed and read again."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sogaal import Trainer, load_dataset
from sogaal.choice import Choice
from sogaal.config import make_config
from sogaal.jobs import JobRegistry, JobState
from sogaal.report import report_of
from sogaal.runs.record import RunRecord
from sogaal.runs.saved import saved_choice
from sogaal.runs.store import RunStore
from sogaal.scaling import Scaler

DATA = load_dataset("wine")
AUTO = make_config("auto", auto_seeds=3)


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    return RunStore(tmp_path / "runs")


@pytest.fixture
def registry(store: RunStore) -> Iterator[JobRegistry]:
    with JobRegistry(store) as made:
        yield made


def alone() -> Trainer:
    return Trainer(Scaler.fit(DATA.X).transform(DATA.X), AUTO, DATA.y).fit()


def test_a_job_shows_the_choice_and_ends_where_it_fell(registry: JobRegistry, store: RunStore) -> None:
    job, trainer = registry.submit(DATA, AUTO, paused=True), alone()
    assert job.snapshot().total_steps == 1600
    job.resume()
    assert job.wait(60)
    snapshot, choice = job.snapshot(), trainer.choice
    assert choice is not None
    assert (snapshot.state, snapshot.choice) == (JobState.COMPLETED, choice)
    assert snapshot.step == snapshot.total_steps == choice.steps[-1]
    result = snapshot.result
    assert result is not None
    assert result.logits_stop is None
    assert np.array_equal(result.logits_end, trainer.scores())
    assert len(result.voters_end) == 3 * len(choice.steps)
    assert result.summary["auc_final"] == trainer.summary()["auc_final"]
    # What is on disk says the same.
    saved = store.get(job.id)
    assert saved_choice(saved.record) == choice
    assert saved.record.total_steps == choice.steps[-1]
    read = saved.result()
    assert read is not None
    assert np.allclose(read.logits_end, result.logits_end, atol=1e-5)
    assert len(read.voters_end) == len(result.voters_end)
    report = report_of(saved).decode()
    assert choice.why.split(":")[0] in report
    assert "The ranking by D of all seeds together" in report
    assert "G did not stop" not in report


def test_it_is_resumed_bit_for_bit(store: RunStore) -> None:
    trainer = alone()
    with JobRegistry(store) as first:
        job = first.submit(DATA, AUTO, paused=True)
        for _ in range(130):
            job.step()
        while job.snapshot().step < 130:
            job.wait(0.01)
    assert store.get(job.id).record.state == JobState.INTERRUPTED
    with JobRegistry(store) as second:
        again = second.resume(job.id)
        again.resume()
        assert again.wait(60)
        result = again.snapshot().result
    assert again.snapshot().choice == trainer.choice
    assert result is not None
    assert np.array_equal(result.logits_end, trainer.scores())


def test_one_that_lost_seeds_is_resumed_bit_for_bit_and_says_so(store: RunStore) -> None:
    far = replace(DATA, X=DATA.X * 1e11)
    config = AUTO.replace(auto_seeds=6, lr_d=1.0, seed=6, max_epochs=300)
    trainer = Trainer(Scaler.fit(far.X, "none").transform(far.X), config, far.y).fit()
    with JobRegistry(store) as first:
        job = first.submit(far, config, scaling="none", paused=True)
        for _ in range(130):
            job.step()
        while job.snapshot().step < 130 and not job.wait(0.01):
            pass
    record = store.get(job.id).record
    begun = saved_choice(record)
    assert begun is not None
    assert begun.dropped == ((1, 3), (3, 100), (4, 5), (6, 6))
    with JobRegistry(store) as second:
        again = second.resume(job.id)
        again.resume()
        assert again.wait(60)
        snapshot = again.snapshot()
    assert snapshot.state == JobState.COMPLETED
    assert snapshot.choice == trainer.choice == saved_choice(store.get(job.id).record)
    assert snapshot.result is not None
    assert np.array_equal(snapshot.result.logits_end, trainer.scores())
    assert "Seed 1 of 6 diverged at step 3, " in store.get(job.id).record.summary["auto"]["why"]


def test_one_that_is_stopped_early_scores_with_what_there_is(registry: JobRegistry) -> None:
    job = registry.submit(DATA, AUTO, paused=True)
    for _ in range(120):
        job.step()
    while job.snapshot().step < 120:
        job.wait(0.01)
    job.stop()
    assert job.wait(60)
    result, choice = job.snapshot().result, job.snapshot().choice
    assert result is not None
    assert choice is not None
    assert (job.snapshot().state, choice.steps, choice.turned) == (JobState.STOPPED, (100,), False)
    assert len(result.voters_end) == 3


def test_records_without_or_with_a_damaged_choice_have_none(store: RunStore, registry: JobRegistry) -> None:
    job = registry.submit(DATA, AUTO)
    assert job.wait(60)
    record = store.get(job.id).record
    values = json.loads(record.to_json())
    assert isinstance(saved_choice(RunRecord.from_dict(values)), Choice)
    del values["summary"]["auto"]["steps"]
    assert saved_choice(RunRecord.from_dict(values)) is None
    del values["summary"]["auto"]
    assert saved_choice(RunRecord.from_dict(values)) is None
