"""What a job shows of itself: states, snapshots, results. Plain values that never change once they are made."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from sogaal.choice import Choice
from sogaal.frames import DiscriminatorWeights, Frame
from sogaal.history import HistoryView

FloatArray = npt.NDArray[np.float32]


class JobState(StrEnum):
    """Where a job is in its life: queued -> running <-> paused -> one of the four ends."""

    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    COMPLETED = "completed"
    STOPPED = "stopped"
    FAILED = "failed"
    INTERRUPTED = "interrupted"

    @property
    def active(self) -> bool:
        """Whether the job has not ended yet."""
        return self in (JobState.QUEUED, JobState.RUNNING, JobState.PAUSED)


@dataclass(frozen=True, eq=False)
class JobResult:
    """What is left of a run that completed, or was stopped after at least one step.

    ``logits_end`` (n,) float32: D's logit of every row of the table at the end; **lower = more abnormal**.
    ``logits_stop``, ``frame_stop``: the same, and a frame, as it was when G stopped; None if G did not stop within the
    run. ``frames``: at most about 120 moments of the run for its replay, evenly spaced but for the first, the one when
    G stopped and the last. ``summary``: as of :meth:`sogaal.trainer.Trainer.summary`, read-only. ``complete``: whether
    all steps were done; otherwise "the end" is where the run was stopped. ``voters_end``, ``voters_stop``: the D's
    whose mean logits these are, none where nobody has kept them; several where seeds choose the stop.
    """

    logits_end: FloatArray
    logits_stop: FloatArray | None
    frame_stop: Frame | None
    frames: tuple[Frame, ...]
    summary: Mapping[str, Any]
    complete: bool
    voters_end: tuple[DiscriminatorWeights, ...] = ()
    voters_stop: tuple[DiscriminatorWeights, ...] = ()


@dataclass(frozen=True, eq=False)
class Snapshot:
    """A job at one moment; arrays in it are never written to again.

    ``version`` rises with each publication. ``step`` of ``total_steps``, ``epoch`` of ``total_epochs``: done so far.
    ``steps_per_second``: over about the last second, 0 unless running. ``seconds_left``: None where unknown.
    ``place_in_queue``: from 1, None unless queued. ``message``: one line for people; why, for a job that failed.
    ``stop_step``: the step after which "at stop" is evaluated, None if there is none, or not known yet.
    ``history``: equally long in all its columns, ``step`` rows. ``frame``: None before the first; its own ``step``
    says when it was. ``result``: None until the end, and after a failure. ``saving_problem``: one line on why the run
    is not being saved at present, else empty; the training goes on, and saving is tried again. ``choice``: how seeds
    choose the stop, as far as they got; None where ``stop_epochs`` says it. Then ``total_steps`` is the most it can be,
    until the run has ended.
    """

    job_id: str
    version: int
    state: JobState
    step: int
    total_steps: int
    epoch: int
    total_epochs: int
    steps_per_second: float
    seconds_left: float | None
    place_in_queue: int | None
    message: str
    generator_stopped: bool
    stop_step: int | None
    history: HistoryView
    frame: Frame | None
    result: JobResult | None
    saving_problem: str = ""
    choice: Choice | None = None
