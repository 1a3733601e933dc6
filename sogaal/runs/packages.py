"""What a training hands to the scribe: immutable packages, made between two steps."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from sogaal.frames import Frame
from sogaal.history import HistoryView
from sogaal.model import Model
from sogaal.snapshots import JobState
from sogaal.trainer import Trainer


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A training at one moment. ``state``: as of :meth:`Trainer.state_dict`. ``numbers``: :meth:`Trainer.summary`.

    ``frames``: those kept by then.
    """

    step: int
    epoch: int
    state: Mapping[str, npt.NDArray[np.generic]]
    numbers: Mapping[str, Any]
    frames: tuple[Frame, ...]

    @classmethod
    def of(cls, trainer: Trainer, frames: tuple[Frame, ...]) -> "Checkpoint | None":
        """The training now; None where there is no use in going on from there: numbers are no longer finite."""
        if trainer.diverged is not None:
            return None
        state = trainer.state_dict()
        if not all(np.isfinite(array).all() for array in state.values()):
            return None
        return cls(trainer.step, trainer.epoch, state, trainer.summary(), frames)


@dataclass(frozen=True, eq=False)
class End:
    """How a training ended. ``moment``: UTC. ``model``: None where there is none, or nobody waits for it.

    ``X`` (n, d) float32: the table as the networks saw it. ``numbers``, ``frames`` as in :class:`Checkpoint`.
    """

    moment: datetime
    message: str
    diverged: str
    epoch: int
    numbers: Mapping[str, Any]
    frames: tuple[Frame, ...]
    model: Model | None
    X: npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Package:
    """All that there is to write of a run: a later one holds whatever an earlier one did.

    ``view``: the history, with ``seconds`` of training by its last step; no shorter than ``checkpoint.step``.
    """

    state: JobState
    view: HistoryView
    seconds: float
    checkpoint: Checkpoint | None
    end: End | None = None
