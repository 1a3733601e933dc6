"""Recording a training: what its thread does for it, between steps.

    recorder = Recorder.begin(store, dataset, config, scaler, trainer, title="...")
    while trainer.advance(100):
        recorder.offer(trainer, camera.keeper, JobState.RUNNING)
    recorder.finish(JobState.COMPLETED, trainer, camera.keeper)

The thread hands over views and copies, at most a few times a second; the scribe's thread writes them. Where saving does
not work (no room, the folder is gone), the training goes on, ``problem`` says why, and the scribe tries again.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Self

from sogaal.config import TrainConfig
from sogaal.data import Dataset
from sogaal.errors import SogaalError
from sogaal.model import Model
from sogaal.runs.book import Book
from sogaal.runs.frames_file import FrameKeeper
from sogaal.runs.names import new_token, run_id
from sogaal.runs.packages import Checkpoint, End, Package
from sogaal.runs.scribe import scribe
from sogaal.runs.store import RunStore
from sogaal.runs.writer import RunWriter
from sogaal.scaling import Scaler
from sogaal.snapshots import JobState
from sogaal.trainer import Trainer

# Between two packages of a training; with the scribe's rounds, the file is less than a second behind.
OFFER_SECONDS = 0.2
CHECKPOINT_SECONDS = 3.0
# What checkpoints may take of a training's time, else they get rarer.
CHECKPOINT_SHARE = 0.02
RETRY_SECONDS = 5.0
# How long the end of a training waits until it is written; the scribe goes on all the same.
FINISH_SECONDS = 60.0

_logger = logging.getLogger(__name__)


class Recorder:
    """Records one training. ``offer`` and ``finish`` are called in its thread; the rest may be read from any.

    ``id``: of the run. ``problem``: one line for people on why nothing is saved at present, else empty.
    """

    def __init__(self, run: str, book: Book, scaler: Scaler, dataset: Dataset, package: Package) -> None:
        self.id = run
        self.problem = ""
        self._listener: Callable[[str], None] = lambda _: None
        self._book = book
        self._scaler, self._dataset = scaler, dataset
        self._package = package  # replaced as a whole, so that the scribe reads it without a lock
        self._written: Package | None = None
        self._failed_at: float | None = None
        self._tried = threading.Event()  # the end was written, or could not be
        now = time.monotonic()
        self._offer_at = now + OFFER_SECONDS
        self._checkpoint_at = now + CHECKPOINT_SECONDS
        scribe.add(self)
        scribe.hurry()

    @classmethod
    def begin(
        cls,
        store: RunStore,
        dataset: Dataset,
        config: TrainConfig,
        scaler: Scaler,
        trainer: Trainer,
        *,
        title: str,
        token: str | None = None,
        created: datetime | None = None,
        parent: str | None = None,
        state: JobState = JobState.RUNNING,
    ) -> Self:
        """Record a new run; its folder is made by the scribe, so a failure shows in ``problem``.

        ``token``, ``created`` (UTC): of a run that has them already. ``parent``: the id of the population that it was a
        member of.
        """
        token = token or new_token()
        created = created or datetime.now(UTC)
        total_steps, stop_step = trainer.total_steps, trainer.stop_step  # the trainer itself is not held on to

        def create() -> RunWriter:
            return store.create(
                dataset, config, scaler, title=title, token=token, created=created, parent=parent,
                total_steps=total_steps, stop_step=stop_step,
            )  # fmt: skip

        book = Book(create, dataset, config, scaler, stop_step, rows=0)
        package = Package(state, trainer.history.view(), trainer.seconds, None)
        return cls(run_id(created, dataset.name, config.algorithm, token), book, scaler, dataset, package)

    @classmethod
    def go_on(cls, writer: RunWriter, dataset: Dataset, scaler: Scaler, trainer: Trainer, state: JobState) -> Self:
        """Record on in the folder of ``writer``, where history.csv ends at the trainer's step."""
        book = Book(lambda: writer, dataset, trainer.config, scaler, trainer.stop_step, rows=trainer.step)
        package = Package(state, trainer.history.view(), trainer.seconds, None)
        return cls(writer.id, book, scaler, dataset, package)

    # -- the training's thread -----------------------------------------------------------------------------------------

    def listen(self, listener: Callable[[str], None]) -> None:
        """Have ``listener`` called with :attr:`problem` whenever it changes, mostly in the scribe's thread."""
        self._listener = listener
        if self.problem:
            listener(self.problem)

    def due_at(self, trainer: Trainer) -> float:
        """When there is something to hand over, of :func:`time.monotonic`: a training that rests must do it then."""
        return self._offer_at if self._package.view.steps != trainer.step else float("inf")

    def offer(self, trainer: Trainer, keeper: FrameKeeper, state: JobState, now: bool = False) -> None:
        """Hand over what is new, if it is time; with ``now`` at once and with a checkpoint, as for a pause."""
        moment = time.monotonic()
        if moment < self._offer_at and not now:
            return
        checkpoint = self._package.checkpoint
        if (now or moment >= self._checkpoint_at) and not (checkpoint and checkpoint.step == trainer.step):
            checkpoint = Checkpoint.of(trainer, keeper.frames()) or checkpoint
            taken = time.monotonic() - moment + self._book.cost
            self._checkpoint_at = moment + max(CHECKPOINT_SECONDS, taken / CHECKPOINT_SHARE)
        self._package = Package(state, trainer.history.view(), trainer.seconds, checkpoint)
        self._offer_at = moment + OFFER_SECONDS
        if now:
            scribe.hurry()

    def finish(
        self,
        state: JobState,
        trainer: Trainer,
        keeper: FrameKeeper,
        *,
        numbers: Mapping[str, Any] | None = None,
        message: str = "",
        diverged: str = "",
    ) -> None:
        """Hand over the end, and wait until it is written, or could not be.

        ``numbers``: None = as of :meth:`Trainer.summary`. ``message``: why a run ended early or failed, for people;
        ``diverged``: the same, where its numbers left the finite range.
        """
        frames, checkpoint, model = keeper.frames(), self._package.checkpoint, None
        if state != JobState.FAILED:  # after a failure nobody knows what the networks are in the middle of
            last = Checkpoint.of(trainer, frames)
            checkpoint = last or checkpoint
            if last is not None and trainer.step:
                model = Model.from_trainer(trainer, self._scaler, self._dataset)
        numbers = trainer.summary() if numbers is None else numbers
        view = trainer.history.view()
        end = End(
            datetime.now(UTC), message, diverged, view.steps // trainer.batches, numbers, frames, model, trainer.X
        )
        self._package = Package(state, view, trainer.seconds, checkpoint, end)
        scribe.hurry()
        self._tried.wait(FINISH_SECONDS)

    # -- the scribe's thread -------------------------------------------------------------------------------------------

    def write(self, now: float, last: bool) -> bool:
        """Write what is there; see :class:`sogaal.runs.scribe.Author`."""
        package = self._package
        if package is self._written:
            return False
        ended = package.end is not None
        if self._failed_at is not None and now < self._failed_at + RETRY_SECONDS and not last:
            return False
        try:
            if self._failed_at is not None:
                self._book.recover()
            self._book.write(package)
        except Exception as error:
            self._note_failure(error, now)
            if ended:
                self._tried.set()
            return False
        self._written, self._failed_at = package, None
        self._tell("")
        if ended:
            self._book.close()
            self._tried.set()
        return ended

    def flush(self) -> None:
        """Bring history.csv up to date; see :class:`sogaal.runs.scribe.Author`."""
        if self._failed_at is None:
            with suppress(OSError):  # the next whole writing fails too, and says so
                self._book.flush(self._package)

    def _note_failure(self, error: Exception, now: float) -> None:
        self._failed_at = now
        self._tell(f"The run is not being saved at present: {reason(error, self.id)}")

    def _tell(self, problem: str) -> None:
        if problem == self.problem:
            return
        if problem:
            _logger.warning("Run %s: %s", self.id, problem)
        self.problem = problem
        self._listener(problem)


def reason(error: Exception, run: str) -> str:
    """Why a run cannot be written, in a line for people; what should not happen is logged whole."""
    if not isinstance(error, OSError | SogaalError):
        _logger.error("Run %s cannot be saved.", run, exc_info=error)
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename or run}: {error.strerror}"
    return " ".join(str(error).split()) or type(error).__name__
