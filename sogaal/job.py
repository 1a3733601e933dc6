"""A job: one training in a background thread, with commands going in and immutable snapshots coming out."""

import logging
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import numpy as np
import torch

from sogaal.config import TrainConfig
from sogaal.data import Dataset
from sogaal.errors import DivergedError, SogaalError, failure_message
from sogaal.frames import DiscriminatorWeights, Frame
from sogaal.history import History
from sogaal.metrics import roc_auc
from sogaal.orders import Ordered, Orders
from sogaal.pacing import Pace, SpeedMeter, Turns, TurnSize
from sogaal.records import diverged
from sogaal.runs.camera import Camera, drawable
from sogaal.runs.names import new_token
from sogaal.runs.recorder import Recorder
from sogaal.runs.resuming import Reopened
from sogaal.runs.store import RunStore
from sogaal.runs.titles import run_title
from sogaal.scaling import Scaler
from sogaal.snapshots import FloatArray, JobResult, JobState, Snapshot
from sogaal.trainer import Trainer

PUBLISH_SECONDS = 0.1
# Large networks make large frames: publishing may take this share of a thread's time, then it gets rarer.
PUBLISH_SHARE = 0.05
PUBLISH_SECONDS_AT_MOST = 2.0

_logger = logging.getLogger(__name__)


class Job(Ordered):
    """One training of ``config`` on ``dataset``. Made by :meth:`sogaal.jobs.JobRegistry.submit`.

    ``id``: short, fit for an address, and the token of the run's folder where it is recorded: in ``store``, unless that
    is None. ``saved``: the run that this job goes on with. ``parent``: the id of the population that the run was a
    member of, or None. ``title``: short, for people. ``created``: UTC.
    ``scaling``: the method; ``scaler``: the fitted one, None until the thread has got that far. ``traceback``: of a
    failure, None otherwise. ``diverged``: the message, where that failure was a divergence, else empty.
    """

    def __init__(
        self,
        dataset: Dataset,
        config: TrainConfig,
        scaling: str,
        speed: float | None,
        paused: bool,
        turns: Turns,
        on_order: Callable[["Job"], None],
        on_end: Callable[["Job"], None],
        store: RunStore | None = None,
        saved: Reopened | None = None,
        parent: str | None = None,
    ) -> None:
        self.id = new_token() if saved is None else saved.token
        super().__init__(f"sogaal-job-{self.id}", speed, paused)
        self.dataset = dataset
        self.config = config
        self.scaling = scaling
        self.created = datetime.now(UTC) if saved is None else saved.record.created
        self.title = run_title(dataset, config) if saved is None else saved.record.title
        self.parent = parent if saved is None else saved.record.parent
        self.scaler: Scaler | None = None
        self.traceback: str | None = None
        self.diverged = ""
        self._store = store
        self._saved = saved
        self._turns = turns
        self._on_order = on_order
        self._on_end = on_end
        self._snapshot = Snapshot(
            job_id=self.id,
            version=1,
            state=JobState.QUEUED,
            step=0,
            total_steps=config.total_steps(dataset.n),
            epoch=0,
            total_epochs=config.epochs_of(config.batches(dataset.n)),
            steps_per_second=0.0,
            seconds_left=None,
            place_in_queue=None,
            message="",
            generator_stopped=False,
            stop_step=None,
            history=History(config.n_generators).view(),
            frame=None,
            result=None,
        )

    def __repr__(self) -> str:
        return f"Job({self.id!r}, {self.title!r}, {self._snapshot.state.value})"

    def snapshot(self) -> Snapshot:
        """The newest snapshot; takes no lock and no time."""
        return self._snapshot

    def _order(self, changes: Callable[[Orders], dict[str, Any]]) -> None:
        super()._order(changes)
        self._on_order(self)

    # -- for the registry ------------------------------------------------------------------------------------------

    def start(self) -> bool:
        """Start the thread; returns whether there is one now. If not, the job has failed."""
        self.publish(state=_state_of(self._orders), place_in_queue=None, message="Preparing the table.")
        try:
            self._thread.start()
        except RuntimeError as error:  # the system has no thread left, or the interpreter is about to exit
            self._fail(error)
            self._ended.set()
            return False
        return True

    def end_unstarted(self, state: JobState) -> None:
        """End a job that has no thread; it leaves no folder, or its own as it was."""
        if self._saved is not None:
            self._saved.give_back()
        self.publish(state=state, place_in_queue=None, message="Ended before it started.")
        self._ended.set()

    def publish(self, **changes: Any) -> None:
        """Make the next snapshot: the last one with ``changes``."""
        with self._lock:
            self._snapshot = replace(self._snapshot, version=self._snapshot.version + 1, **changes)

    # -- the thread ------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            self._work()  # when it returns, the trainer's memory is free for the next job
        finally:
            self._on_end(self)
            self._ended.set()

    def _work(self) -> None:
        training: _Training | None = None
        try:
            torch.set_num_threads(1)  # more make steps of small networks many times slower on a busy machine
            training = _Training(self, *self._prepare(), self._turns)
            training.finish(training.run())
        except Exception as error:
            self._fail(error, training)

    def _prepare(self) -> tuple[Trainer, Camera, Recorder | None]:
        state = _state_of(self._orders)
        if self._saved is not None:
            resumed = self._saved.go_on(state)
            self.scaler = resumed.scaler
            return resumed.trainer, resumed.camera, self._heard(resumed.recorder)
        self.scaler = Scaler.fit(self.dataset.X, self.scaling, self.dataset.feature_names)
        trainer = Trainer(self.scaler.transform(self.dataset.X), self.config, self.dataset.y)
        if self._store is None:
            return trainer, Camera(trainer), None
        recorder = Recorder.begin(
            self._store, self.dataset, self.config, self.scaler, trainer,
            title=self.title, token=self.id, created=self.created, parent=self.parent, state=state,
        )  # fmt: skip
        return trainer, Camera(trainer), self._heard(recorder)

    def _heard(self, recorder: Recorder) -> Recorder:
        recorder.listen(lambda problem: self.publish(saving_problem=problem))
        return recorder

    def _fail(self, error: Exception, training: "_Training | None" = None) -> None:
        self.traceback = "".join(traceback.format_exception(error))
        message = failure_message(error)
        self.diverged = message if isinstance(error, DivergedError) else ""
        if isinstance(error, SogaalError):
            _logger.info("Job %s failed: %s", self.id, message)
        else:
            _logger.error("Job %s failed: %s\n%s", self.id, message, self.traceback)
        known = {} if training is None else training.progress()
        end = {"state": JobState.FAILED, "message": message, "place_in_queue": None}
        self.publish(**(known | end | {"steps_per_second": 0.0, "seconds_left": None}))
        if training is not None:
            training.record_end(JobState.FAILED, message, diverged=self.diverged)
        elif self._saved is not None:
            self._saved.give_back()


class _Training:
    """What the thread of a job does between set-up and end; its attributes belong to that thread alone."""

    def __init__(self, job: Job, trainer: Trainer, camera: Camera, recorder: Recorder | None, turns: Turns) -> None:
        now = time.monotonic()
        self._job = job
        self._trainer = trainer
        self._camera = camera
        self._recorder = recorder
        self._turn = turns.join(job.wake)
        self._size = TurnSize()
        self._pace = Pace(job.take_orders().speed, now)
        self._meter = SpeedMeter()
        self._meter.restart(now, trainer.step)
        self._publish_at = now
        self._unpublished = False

    def run(self) -> JobState:
        """Train, as ordered, to the end; returns the state in which that leaves the job."""
        job, trainer, turn = self._job, self._trainer, self._turn
        self._publish(message="", stop_step=trainer.stop_step)
        try:
            while not trainer.finished:
                orders = job.take_orders()
                if orders.end is not None:
                    return orders.end
                self._take_up(orders)
                steps = self._steps_due(orders)
                if not steps:
                    turn.leave()
                    self._rest(orders)
                elif turn.request():
                    self._advance(steps, orders)
                    turn.pass_on()
                else:
                    job.rest(None)
            return JobState.COMPLETED
        finally:
            turn.leave()

    def _take_up(self, orders: Orders) -> None:
        now = time.monotonic()
        if orders.speed != self._pace.speed:
            self._pace.change(orders.speed)
            self._meter.restart(now, self._trainer.step)
        state = _state_of(orders)
        if state == self._job.snapshot().state or orders.single_steps:
            return  # a job that does a single step keeps its state until the step is done
        if state == JobState.RUNNING:
            self._pace.restart(now)
            self._meter.restart(now, self._trainer.step)
        self._publish(state=state)
        self._record(state, now=True)

    def _steps_due(self, orders: Orders) -> int:
        if orders.paused:
            return min(1, orders.single_steps)
        # A turn ends where a frame is wanted; one that would end shortly before goes on until there.
        return self._pace.steps_due(time.monotonic(), self._camera.portion(self._size.steps))

    def _rest(self, orders: Orders) -> None:
        if orders.paused:
            self._job.rest(None)
            return
        now = time.monotonic()
        if self._unpublished and now >= self._publish_at:
            self._publish()
        until = self._pace.due_at()
        if self._unpublished:
            until = min(until, self._publish_at)
        if self._recorder is not None:
            self._record(JobState.RUNNING)
            until = min(until, self._recorder.due_at(self._trainer))
        self._job.rest(max(0.0, until - now))

    def _advance(self, steps: int, orders: Orders) -> None:
        trainer = self._trainer
        singles_left = self._job.take_single_step() if orders.paused else None
        if orders.paused and singles_left is None:
            return  # resumed meanwhile
        before, started = trainer.step, time.monotonic()
        done = trainer.advance(steps)
        now = time.monotonic()
        self._size.note(done, now - started)
        self._unpublished = True
        self._camera.look(before)
        if orders.paused:
            self._publish(**({} if singles_left else {"state": JobState.PAUSED}))
            self._record(self._job.snapshot().state, now=not singles_left)
            return
        self._record(JobState.RUNNING)
        self._pace.note(done, now)
        self._meter.note(now, trainer.step)
        if now >= self._publish_at:
            self._publish()

    def _record(self, state: JobState, now: bool = False) -> None:
        if self._recorder is not None:
            self._recorder.offer(self._trainer, self._camera.keeper, state, now)

    def record_end(
        self, state: JobState, message: str, numbers: Mapping[str, Any] | None = None, diverged: str = ""
    ) -> None:
        """Wait until the end is on record, as far as it can be; :meth:`Recorder.finish` has the rest."""
        if self._recorder is not None:
            self._recorder.finish(
                state, self._trainer, self._camera.keeper, numbers=numbers, message=message, diverged=diverged
            )

    # -- what is seen ----------------------------------------------------------------------------------------------

    def progress(self) -> dict[str, Any]:
        """The part of a snapshot that says how far the run is."""
        history = self._trainer.history.view()
        # Not the trainer's step: after a divergence that one is beyond what was recorded.
        return {
            "step": history.steps,
            "epoch": history.steps // self._trainer.batches,
            "generator_stopped": self._trainer.generator_stopped,
            "history": history,
            "choice": self._trainer.choice,
        }

    def _publish(self, **changes: Any) -> None:
        started = time.monotonic()
        running = changes.get("state", self._job.snapshot().state) == JobState.RUNNING
        speed = self._meter.steps_per_second if running else 0.0
        left = (self._trainer.total_steps - self._trainer.step) / speed if speed else None
        pace = {"steps_per_second": speed, "seconds_left": left, "frame": self._frame()}
        self._job.publish(**(self.progress() | pace | changes))
        taken = time.monotonic() - started
        self._publish_at = started + min(max(PUBLISH_SECONDS, taken / PUBLISH_SHARE), PUBLISH_SECONDS_AT_MOST)
        self._unpublished = False

    def _frame(self) -> Frame | None:
        """A frame of now, or the last one if the run is diverging: it can be drawn."""
        frame = self._trainer.frame()
        return frame if drawable(frame) else self._job.snapshot().frame

    def finish(self, state: JobState) -> None:
        """Publish the end, with the result where there is one. Raises :class:`DivergedError` if D has no scores."""
        # Somebody who ends the program does not wait for scores.
        wanted = state != JobState.INTERRUPTED and self._trainer.step > 0
        result = self._result(complete=state == JobState.COMPLETED) if wanted else None
        message = "Ended with the program." if state == JobState.INTERRUPTED else ""
        if result is None:
            self._camera.take()  # else it has the last frame already
        ended = {"total_steps": self._trainer.step, "total_epochs": self._trainer.epoch} if self._chose(state) else {}
        self._publish(state=state, result=result, message=message, **ended)
        self.record_end(state, message, None if result is None else result.summary)

    def _chose(self, state: JobState) -> bool:
        """Whether the run is as long as it is because its seeds chose so."""
        return state == JobState.COMPLETED and self._trainer.choice is not None

    def _result(self, complete: bool) -> JobResult:
        trainer = self._trainer
        self._camera.take()  # the last one
        keeper = self._camera.keeper
        stopped = trainer.stop_step is not None and trainer.step >= trainer.stop_step
        logits_end = self._scores("end")
        summary = trainer.summary()
        if trainer.y is not None and not complete:
            # The last evaluation may be some steps ago, and of a sample of the rows.
            final = float(roc_auc(logits_end, trainer.y))
            summary |= {"auc_final": final, "auc_best": max(final, summary["auc_best"] or 0.0)}
        return JobResult(
            logits_end=logits_end,
            logits_stop=self._scores("stop") if stopped else None,
            frame_stop=keeper.at(trainer.stop_step),
            frames=keeper.frames(),
            summary=MappingProxyType(summary),
            complete=complete,
            voters_end=self._voters(),
            voters_stop=(trainer.discriminator_weights("stop"),) if stopped else (),
        )

    def _voters(self) -> tuple[DiscriminatorWeights, ...]:
        """The D's whose mean logit is that at the end: one, or all that score together."""
        trainer = self._trainer
        together = tuple(weights for seed in trainer.voters() for weights in seed)
        return together or (trainer.discriminator_weights("now"),)

    def _scores(self, at: Any) -> FloatArray:
        logits = self._trainer.scores(at=at)
        if not np.isfinite(logits).all():
            raise diverged("D on the table", self._trainer.step)
        logits.flags.writeable = False
        return logits


def _state_of(orders: Orders) -> JobState:
    return JobState.PAUSED if orders.paused else JobState.RUNNING
