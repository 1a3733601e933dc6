"""One set-up of a race: its trainer, and what it shows of itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from sogaal.data import Dataset
from sogaal.diagnosis import Evidence, Finding, diagnose
from sogaal.errors import ConfigError, DivergedError, SogaalError
from sogaal.frames import Frame
from sogaal.history import HistoryView
from sogaal.race.setups import Setup
from sogaal.runs.frames_file import FrameKeeper
from sogaal.scaling import Scaler
from sogaal.trainer import Trainer

FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class LaneView:
    """One set-up of a race at one moment; arrays in it are never written to again.

    ``step`` of ``total_steps``: its own, for a set-up may be shorter than the others. ``message``: of a run that
    diverged, else empty. ``frames``, ``summary`` (as of :meth:`Trainer.summary`) and ``findings`` are empty until the
    race has ended.
    """

    setup: Setup
    step: int
    total_steps: int
    stop_step: int | None
    batches: int
    generator_stopped: bool
    history: HistoryView
    frame: Frame | None
    message: str = ""
    frames: tuple[Frame, ...] = ()
    summary: Mapping[str, Any] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()

    def auc_at(self, step: int) -> float | None:
        """The AUC as it was last evaluated up to ``step``; None if it was not, or there are no labels."""
        number = int(np.searchsorted(self.history.eval_step, step, side="right")) - 1
        if number < 0 or step > self.step or not np.isfinite(self.history.auc[number]):
            return None
        return float(self.history.auc[number])


class Lane:
    """A set-up being trained; belongs to the race's thread.

    Raises :class:`ConfigError` or :class:`DataError` for a set-up that does not fit the table; the message names it.
    """

    def __init__(self, dataset: Dataset, setup: Setup) -> None:
        self.setup = setup
        try:
            scaler = Scaler.fit(dataset.X, setup.scaling, dataset.feature_names)
            self.trainer = Trainer(scaler.transform(dataset.X), setup.config, dataset.y)
        except SogaalError as error:
            raise ConfigError(f"{setup.name}: {error}", field=getattr(error, "field", None)) from error
        self.message = ""
        self._keeper = FrameKeeper(stop_step=self.trainer.stop_step, total_steps=self.trainer.total_steps)
        self._frame: Frame | None = None
        self._keep()

    @property
    def finished(self) -> bool:
        """Whether this set-up has nothing left to do."""
        return self.trainer.finished

    def wanted(self, step: int) -> int:
        """The first step after ``step`` of which a frame is to be kept."""
        return self._keeper.next_step(step + 1)

    def advance_to(self, step: int) -> bool:
        """Train up to ``step``, or to its own end; returns whether a frame was kept there."""
        if self.finished:
            return False
        wanted = self.wanted(self.trainer.step)
        try:
            self.trainer.advance(step - self.trainer.step)
        except DivergedError as error:
            self.message = str(error)
        if self.trainer.step != wanted:
            return False
        self._keep()
        return True

    def widen(self) -> None:
        """Keep frames more rarely."""
        self._keeper.widen()

    def _keep(self) -> None:
        frame = self._now()
        if frame is not None:
            self._keeper.add(frame)

    @np.errstate(over="ignore", invalid="ignore")  # of a run that is diverging, which has its own message
    def _now(self) -> Frame | None:
        """A frame of now; the last one where there is nothing finite to draw."""
        frame = self.trainer.frame()
        weights = frame.discriminator
        if all(np.isfinite(part).all() for part in (frame.generated, weights.w1, weights.b1, weights.w2)):
            self._frame = frame
            return frame
        return None

    def view(self, ended: bool = False, complete: bool = False) -> LaneView:
        """What is seen now. ``ended``: with all that is known at the end of a race; ``complete``: all steps done."""
        history = self.trainer.history.view()
        self._now()
        end: dict[str, Any] = {}
        if ended:
            self._keep()
            frames = self._keeper.frames()
            findings = self._findings(history, frames, complete and not self.message)
            summary = MappingProxyType(self.trainer.summary())
            end = {"frames": frames, "summary": summary, "findings": findings}
        return LaneView(
            setup=self.setup,
            step=history.steps,
            total_steps=self.trainer.total_steps,
            stop_step=self.trainer.stop_step,
            batches=self.trainer.batches,
            generator_stopped=self.trainer.generator_stopped,
            history=history,
            frame=self._frame,
            message=self.message,
            **end,
        )

    def _findings(self, history: HistoryView, frames: tuple[Frame, ...], complete: bool) -> tuple[Finding, ...]:
        return diagnose(
            Evidence(
                config=self.setup.config,
                view=history,
                frames=frames,
                batches=self.trainer.batches,
                stop_step=self.trainer.stop_step,
                complete=complete,
                X=self.trainer.X,
                scaling=self.setup.scaling,
                diverged=self.message,
                choice=self.trainer.choice,
                voters=[weights for seed in self.trainer.voters() for weights in seed],
            )
        )
