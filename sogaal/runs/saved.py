"""A run as its folder tells of it."""

from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from sogaal.choice import Choice, choice_of
from sogaal.config import TrainConfig
from sogaal.data import Dataset, load_dataset, shipped_datasets
from sogaal.ensemble import Ensemble
from sogaal.errors import ConfigError, DataError, ModelError, RunError
from sogaal.exports import is_prepared, load_model, scores_csv, scores_table
from sogaal.exports.history import Times
from sogaal.frames import Frame
from sogaal.history import History
from sogaal.model import At, Model, ScoreAt
from sogaal.runs.folder import FRAMES, HISTORY, MEMBERS, MODEL, SCORES, TRUST
from sogaal.runs.frames_file import read_frames
from sogaal.runs.history_file import read_history
from sogaal.runs.populations import Member, read_members
from sogaal.runs.record import RunRecord
from sogaal.runs.shelf import Shelf
from sogaal.runs.summary import NUMBERS
from sogaal.runs.trust_file import read_rankings
from sogaal.scaling import Scaler
from sogaal.snapshots import JobResult, JobState
from sogaal.trust import SeedRankings


@dataclass(frozen=True, eq=False)
class RunSetup:
    """All that decides a training: its table, the values of the configuration, the method and the fitted scaling.

    ``title``: short, for people. ``parent``: the id of the population that the run belongs to, or None.
    """

    dataset: Dataset
    config: TrainConfig
    scaler: Scaler
    title: str
    parent: str | None = None

    @property
    def scaling(self) -> str:
        """The method of scaling."""
        return self.scaler.method


@dataclass(frozen=True, eq=False)
class SavedRun:
    """One run as it lies in its ``folder``; what is asked for is read then. ``record``: when it was got."""

    record: RunRecord
    folder: Path
    shelf: Shelf

    def __repr__(self) -> str:
        return f"SavedRun({self.id!r}, {self.record.state.value})"

    @property
    def id(self) -> str:
        """The name of the folder."""
        return self.record.id

    @property
    def config(self) -> TrainConfig:
        """What was trained."""
        return self.record.config

    @property
    def files(self) -> tuple[str, ...]:
        """The names of the ordinary files in the folder, sorted; without those that are still being written."""
        try:
            paths = sorted(self.folder.iterdir())
        except OSError as error:
            raise RunError(f"{self.folder}: the run cannot be read ({error.strerror or error}).") from None
        return tuple(p.name for p in paths if p.is_file() and not p.is_symlink() and not p.name.startswith("."))

    def file(self, name: str) -> Path | None:
        """The path of one of :attr:`files`; None where there is none, or what is there is no ordinary file."""
        path = self.folder / Path(name).name
        return path if path.is_file() and not path.is_symlink() else None

    def dataset(self) -> Dataset:
        """The table that the run learned from; read once.

        Raises :class:`RunError` where neither the shelf has it nor the project ships it.
        """
        return self._dataset

    @cached_property
    def _dataset(self) -> Dataset:
        wanted = self.record.dataset
        problem = f"{wanted.name!r} is not, or no more, a table that comes with the program."
        if wanted.key is not None:
            try:
                found = self.shelf.get(wanted.key)
            except RunError as error:
                problem = str(error)
            else:
                if found.fingerprint == wanted.fingerprint:
                    # Another run may have brought the same values in under another name.
                    return _named(found, wanted.name, wanted.title)
                problem = "the table that was kept for it has another fingerprint."
        with suppress(DataError):
            # Only by a name that is shipped: a record must not have any file read.
            if wanted.name in shipped_datasets():
                shipped = load_dataset(wanted.name)
                if shipped.fingerprint == wanted.fingerprint:
                    return shipped
        raise RunError(f"{self.id}: the table of the run is not there: {problem}")

    def setup(self) -> RunSetup:
        """What a training needs to do the same again; errors as of :meth:`dataset`."""
        record = self.record
        return RunSetup(self.dataset(), record.config, record.scaler, record.title, record.parent)

    def history(self) -> tuple[History, Times]:
        """The history and its times, as of :func:`read_history`; empty where nothing was written yet."""
        path = self.file(HISTORY)
        if path is None:
            return History(self.config.n_generators), (np.empty(0, np.int64), np.empty(0))
        return read_history(path)

    def frames(self) -> tuple[Frame, ...]:
        """Pictures of the run in the order of their steps; none where none were written."""
        path = self.file(FRAMES)
        return () if path is None else read_frames(path)

    def members(self) -> tuple[Member, ...]:
        """The members of a population, as far as they came; none for a single run.

        One that was being trained when the program ended is as its population is: interrupted.
        """
        path = self.file(MEMBERS)
        members = () if path is None else read_members(path)
        state = self.record.state
        return tuple(
            replace(member, state=state) if member.state.active and not state.active else member for member in members
        )

    def model(self) -> Model | Ensemble:
        """What was trained, ready to score; raises :class:`RunError` where there is none, or it cannot be read."""
        path = self.file(MODEL)
        if path is None:
            raise RunError(f"{self.folder}: the run has no trained model (it is {self.record.state.value}).")
        try:
            return load_model(path)
        except (ModelError, ConfigError, DataError) as error:
            raise RunError(str(error)) from None  # which names the file

    @property
    def prepared(self) -> bool:
        """Whether its model, if there is one, takes the rows of a raw table that it prepares itself."""
        path = self.file(MODEL)
        return path is not None and is_prepared(path)

    def result(self) -> JobResult | None:
        """What a job has when it ends, made from the files; None for a run that has not ended, or failed.

        Logits follow from the model and the table, in double precision, and are rounded. Raises :class:`RunError`
        where a file is damaged or the table is gone.
        """
        state = self.record.state
        if state.active or state == JobState.FAILED or self.file(MODEL) is None:
            return None
        model = self.model()
        if not isinstance(model, Model):
            return None
        try:
            X = model.scaled(self.dataset().X)
            logits = {at: _logits(model, X, at) for at in model.discriminators}
            if model.snapshots:  # of seeds that chose the stop: they are its result
                logits["end"] = _logits(model, X, "snapshots")
        except (DataError, ConfigError) as error:
            raise RunError(f"{self.folder}: the model does not fit the table: {error}") from None
        if "end" not in logits:
            raise RunError(f"{self.folder / MODEL}: the model must have D at the end, and has not.")
        frames = self.frames()
        return JobResult(
            logits_end=logits["end"],
            logits_stop=logits.get("stop"),
            frame_stop=next((frame for frame in frames if frame.step == self.record.stop_step), None),
            frames=frames,
            summary=MappingProxyType({name: self.record.summary.get(name) for name in NUMBERS}),
            complete=state == JobState.COMPLETED,
            voters_end=model.snapshots or model.voters("end"),
            voters_stop=model.voters("stop") if "stop" in logits else (),
        )

    def rankings(self, at: At) -> SeedRankings | None:
        """What other seeds rank by D "at" the stop or the end; None where nobody asked them.

        Raises :class:`RunError` where the file is damaged.
        """
        path = self.file(TRUST[at])
        return None if path is None else read_rankings(path, self.record.dataset.n)

    def scores_csv(self) -> bytes:
        """The scores as they were written, or made now from model and table; errors as of :meth:`result`."""
        path = self.file(SCORES)
        if path is not None:
            try:
                return path.read_bytes()
            except OSError as error:
                raise RunError(f"{path}: the scores cannot be read ({error.strerror or error}).") from None
        dataset, model = self.dataset(), self.model()
        try:
            logits = model.score_samples(dataset.X)
        except (DataError, ConfigError) as error:
            raise RunError(f"{self.folder}: the model does not fit the table: {error}") from None
        return scores_csv(scores_table(dataset.ids, dataset.y, logits))


def saved_choice(record: RunRecord) -> Choice | None:
    """How the seeds of a run chose its stop, as far as the record says; None where they did not."""
    return choice_of(record.summary)


def _named(dataset: Dataset, name: str, title: str) -> Dataset:
    return dataset if (dataset.name, dataset.title) == (name, title) else replace(dataset, name=name, title=title)


def _logits(model: Model, X: npt.NDArray[np.float32], at: ScoreAt) -> npt.NDArray[np.float32]:
    logits = model.score_scaled(X, at).astype(np.float32)
    logits.flags.writeable = False
    return logits
