"""What is timed: our trainer, the bare engine, and PyOD, each as a function that trains and says how many steps."""

import contextlib
import io
from collections.abc import Callable
from itertools import count

import numpy as np
import numpy.typing as npt

from parts.timing import Work
from sogaal.config import TrainConfig
from sogaal.engine import Engine
from sogaal.records import StepRecord
from sogaal.trainer import Trainer

FloatArray = npt.NDArray[np.float32]
LabelArray = npt.NDArray[np.int8]


def ours(X: FloatArray, y: LabelArray | None, config: TrainConfig, times: int) -> Work:
    """``times`` whole runs with different seeds: set-up, training, history, and with labels the evaluations."""
    seeds = count()

    def work() -> int:
        return sum(Trainer(X, config.replace(seed=next(seeds)), y).fit().step for _ in range(times))

    return work


def steps_alone(X: FloatArray, config: TrainConfig, times: int) -> Work:
    """The same steps with nothing kept: no losses, no evaluation, no history."""
    seeds = count()
    total = config.total_steps(len(X))

    def work() -> int:
        for _ in range(times):
            engine = Engine(X, [config.replace(seed=next(seeds))])
            engine._record = _nothing
            engine.advance(total)
        return times * total

    return work


def _nothing(steps: int) -> StepRecord:
    empty = np.empty((steps, 1), np.float32)
    return StepRecord(empty, empty[..., None], empty, empty)


def pyod_runs(X: FloatArray, algorithm: str, stop_epochs: int, k: int = 10) -> tuple[Work | None, str]:
    """(one whole fit, version), or (None, why not)."""
    try:
        import pyod
        from pyod.models.mo_gaal import MO_GAAL
        from pyod.models.so_gaal import SO_GAAL
    except ImportError as error:
        return None, f"PyOD cannot be imported ({error}): pip install 'sogaal[bench]'"
    make: Callable[[], object]
    if algorithm == "so-gaal":
        make = lambda: SO_GAAL(stop_epochs=stop_epochs)  # noqa: E731
    else:
        make = lambda: MO_GAAL(k=k, stop_epochs=stop_epochs)  # noqa: E731

    def work() -> int:
        with contextlib.redirect_stdout(io.StringIO()):
            model = make()
            model.fit(X)
        return len(model.train_history["discriminator_loss"])

    return work, pyod.__version__
