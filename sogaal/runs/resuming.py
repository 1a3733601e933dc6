"""Going on with a run that was interrupted, or stopped by people: from its last checkpoint, bit for bit."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from sogaal.config import TrainConfig
from sogaal.data import Dataset
from sogaal.errors import ConfigError, DataError, RunError
from sogaal.frames import Frame
from sogaal.records import DIVERGED
from sogaal.runs.book import forget_result
from sogaal.runs.camera import Camera
from sogaal.runs.checkpoint_file import read_checkpoint
from sogaal.runs.folder import CHECKPOINT, FRAMES, HISTORY
from sogaal.runs.frames_file import FrameKeeper, read_frames
from sogaal.runs.history_file import cut, read_history
from sogaal.runs.names import token_of
from sogaal.runs.record import SWEEP, RunRecord
from sogaal.runs.recorder import Recorder
from sogaal.runs.store import RunStore
from sogaal.runs.writer import RunWriter
from sogaal.scaling import Scaler
from sogaal.snapshots import JobState
from sogaal.trainer import Trainer


@dataclass(frozen=True, eq=False)
class Resumed:
    """A training that stands where its last checkpoint was made, with what records it from there on."""

    dataset: Dataset
    scaler: Scaler
    trainer: Trainer
    camera: Camera
    recorder: Recorder


class Reopened:
    """A saved run that nobody else writes until :meth:`go_on` has been called and its training has ended.

    ``record``: as it was. Whoever does not go on calls :meth:`give_back`.
    """

    def __init__(self, store: RunStore, run: str) -> None:
        """Take the run; raises :class:`RunError` where it is being written, or there is nothing to go on with."""
        saved = store.get(run)
        check_resumable(saved.record)
        self._writer: RunWriter = store.writer(saved.id)
        try:
            self.record = saved.record
            self.dataset: Dataset = saved.dataset()
            self.config: TrainConfig = self.record.config
            self.scaler: Scaler = self.record.scaler
        except BaseException:
            self._writer.close()
            raise

    @property
    def token(self) -> str:
        """The token of the run, the id of the job that trains it."""
        return token_of(self.record.id)

    def give_back(self) -> None:
        """Leave the run as it was."""
        self._writer.close()

    def go_on(self, state: JobState = JobState.RUNNING) -> Resumed:
        """Stand where the last checkpoint was made, or at the beginning where there is none.

        Raises :class:`RunError` that names the file where one is damaged; the run is given back then.
        """
        try:
            trainer = Trainer(self.scaler.transform(self.dataset.X), self.config, self.dataset.y)
            frames = self._restore(trainer)
            keeper = FrameKeeper(stop_step=trainer.stop_step, total_steps=trainer.total_steps, frames=frames)
            forget_result(self._writer)
            camera = Camera(trainer, keeper)
            recorder = Recorder.go_on(self._writer, self.dataset, self.scaler, trainer, state)
        except BaseException as error:
            self._writer.close()
            _raise(error, self._writer.folder)
        return Resumed(self.dataset, self.scaler, trainer, camera, recorder)

    def _restore(self, trainer: Trainer) -> list[Frame]:
        """Bring the trainer and the files to the last checkpoint; returns the frames up to there."""
        folder = self._writer.folder
        if not (folder / CHECKPOINT).exists():
            (folder / FRAMES).unlink(missing_ok=True)
            return []
        state = read_checkpoint(folder / CHECKPOINT, self.token)
        history, _ = read_history(folder / HISTORY)
        trainer.load_state_dict(state, history)
        cut(folder / HISTORY, trainer.step)
        frames: list[Frame] = []
        with suppress(RunError):  # without its frames a run can still go on
            frames = [frame for frame in read_frames(folder / FRAMES) if frame.step <= trainer.step]
        return frames


def resumed(store: RunStore, run: str) -> Resumed:
    """What is needed to go on with a run: as of :class:`Reopened`, in one go."""
    return Reopened(store, run).go_on()


def check_resumable(record: RunRecord) -> None:
    """Raises :class:`RunError` for a run that came to its end, or cannot get further."""
    reason = ""
    if record.population is not None and record.population.kind == SWEEP:
        reason = f"go on with a sweep on the Sweep page, or by sogaal sweep --resume {token_of(record.id)}."
    elif record.population is not None:
        reason = "it is a population; open one of its members."
    elif record.state == JobState.COMPLETED:
        reason = "it has completed all its steps."
    elif record.state == JobState.FAILED and record.message.startswith(DIVERGED):
        reason = "it diverged, and would do so again."
    if reason:
        raise RunError(f"run {record.id} cannot be resumed: {reason}")


def _raise(error: BaseException, folder: Path) -> NoReturn:
    if isinstance(error, RunError) or not isinstance(error, ConfigError | DataError | OSError):
        raise error
    raise RunError(f"{folder}: the run cannot be resumed ({error}).") from None
