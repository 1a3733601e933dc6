"""Frames taken of a training while it goes on: at the steps that its keeper wants, where that costs little."""

import time

import numpy as np

from sogaal.frames import Frame
from sogaal.runs.frames_file import FrameKeeper
from sogaal.trainer import Trainer

# Frames for the replay are made no more often, where that costs a whole run none of those that it keeps.
FRAME_SECONDS = 0.01


class Camera:
    """Takes the frames of one training, in its thread. ``keeper``: of an earlier sitting, None = a new one."""

    def __init__(self, trainer: Trainer, keeper: FrameKeeper | None = None) -> None:
        self._trainer = trainer
        self.keeper = keeper or FrameKeeper(stop_step=trainer.stop_step, total_steps=trainer.total_steps)
        self._taken_at = time.monotonic()
        self.take()

    def portion(self, most: int) -> int:
        """Steps to do next, about ``most``: they end where a frame is wanted, if that is not far beyond."""
        step = self._trainer.step
        wanted = self.keeper.next_step(step + 1) - step
        return wanted if wanted <= 1.5 * most else most

    def look(self, before: int) -> None:
        """Take a frame if the steps since ``before`` ended where one is wanted."""
        if self._trainer.step != self.keeper.next_step(before + 1):
            return
        self.take()
        now = time.monotonic()
        if now - self._taken_at < FRAME_SECONDS:
            self.keeper.widen()
        self._taken_at = now

    @np.errstate(over="ignore", invalid="ignore")  # of a run that is diverging, which has its own message
    def take(self) -> None:
        """Take a frame now, as the last one for the time being."""
        frame = self._trainer.frame()
        if drawable(frame):
            self.keeper.add(frame)


def drawable(frame: Frame) -> bool:
    """Whether a frame can be drawn: all numbers are finite."""
    weights = frame.discriminator
    return all(np.isfinite(part).all() for part in (frame.generated, weights.w1, weights.b1, weights.w2, weights.b2))
