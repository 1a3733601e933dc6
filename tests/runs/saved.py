"""Folders of real runs for the tests of what reads them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from sogaal import Trainer
from sogaal.config import TrainConfig, make_config
from sogaal.data import Dataset
from sogaal.exports import save_model
from sogaal.model import Model
from sogaal.outcomes import RunOutcome
from sogaal.runs.frames_file import FrameKeeper, write_frames
from sogaal.runs.groups import Group
from sogaal.runs.history_file import HistoryFile
from sogaal.runs.names import new_token
from sogaal.runs.population_recorder import PopulationRecorder
from sogaal.runs.record import RunRecord
from sogaal.runs.store import RunStore
from sogaal.runs.summary import run_summary
from sogaal.scaling import Scaler
from sogaal.snapshots import JobState


def save_run(store: RunStore, dataset: Dataset, config: TrainConfig | None = None, **values) -> tuple[str, Trainer]:
    """Train to the end and write what a recorder would; returns the id and the trainer."""
    config = config or make_config("post", stop_epochs=4)
    scaler = Scaler.fit(dataset.X, "minmax", dataset.feature_names)
    trainer = Trainer(scaler.transform(dataset.X), config, dataset.y)
    with store.create(dataset, config, scaler, title="a run", **values) as writer:
        writer.update(state=JobState.RUNNING, started=datetime.now(UTC), total_steps=trainer.total_steps)
        keeper = FrameKeeper(stop_step=trainer.stop_step, total_steps=trainer.total_steps)
        history = HistoryFile(writer.folder / "history.csv", config.n_generators)
        keeper.add(trainer.frame())
        while trainer.advance(keeper.next_step(trainer.step + 1) - trainer.step):
            keeper.add(trainer.frame())
            history.append(trainer.history.view(), trainer.seconds)
        write_frames(writer.folder / "frames.npz", keeper.frames())
        save_model(writer.folder / "model.safetensors", Model.from_trainer(trainer, scaler, dataset))
        writer.update(
            state=JobState.COMPLETED,
            ended=datetime.now(UTC),
            step=trainer.step,
            stop_step=trainer.stop_step,
            summary=run_summary(dataset, config, scaler, trainer.epoch, trainer.summary()),
        )
    return writer.id, trainer


def save_population(
    store: RunStore,
    dataset: Dataset,
    config: TrainConfig,
    scaler: Scaler,
    outcomes: Sequence[RunOutcome],
    *,
    kind: str,
    title: str,
    numbers: Mapping[str, float] | None = None,
    **annotations,
) -> RunRecord:
    """Record many runs that have ended as one population, and return its record."""
    group = Group(dataset, config, scaler, [outcome.config for outcome in outcomes], kind, title)
    recorder = PopulationRecorder(store, group, datetime.now(UTC), new_token())
    for outcome in outcomes:
        recorder.put(outcome)
    recorder.finish(None, numbers=numbers)
    assert recorder.problem == ""
    if annotations:
        store.annotate(recorder.record, **annotations)
    return store.get(recorder.record).record
