"""A run to its end with the frames that a diagnosis looks at, for the benchmarks of the diagnosis and of the tour."""

from typing import Any

import numpy as np
import numpy.typing as npt

from sogaal.config import TrainConfig
from sogaal.devices import one_thread
from sogaal.diagnosis import Evidence
from sogaal.errors import DivergedError
from sogaal.trainer import Trainer

FRAMES = 60


def judged(
    X: npt.NDArray[np.float32], y: npt.NDArray[np.integer[Any]] | None, config: TrainConfig, scaling: str
) -> tuple[Trainer, Evidence]:
    """Train ``config`` on the scaled table ``X`` (n, d); the evidence has its message if it diverged."""
    trainer = Trainer(X, config, y)
    frames, trouble = [trainer.frame()], ""
    stride = max(1, trainer.total_steps // FRAMES)
    with one_thread():
        try:
            while not trainer.finished:
                ahead = [(trainer.step // stride + 1) * stride, trainer.stop_step or 0]
                trainer.advance(min(step for step in ahead if step > trainer.step) - trainer.step)
                frames.append(trainer.frame())
        except DivergedError as error:
            trouble = str(error)
    evidence = Evidence(
        config, trainer.history.view(), frames, trainer.batches, trainer.stop_step,
        complete=not trouble, X=X, scaling=scaling, diverged=trouble,
        choice=trainer.choice, voters=[weights for seed in trainer.voters() for weights in seed],
    )  # fmt: skip
    return trainer, evidence
