"""SO-GAAL and MO-GAAL as they are compared: what the estimators do at their defaults, but they can be cancelled.

Each gives bit for bit the scores of the estimator that :data:`sogaal.rivals.DETECTORS` names for it.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from sogaal.seeding import member_seeds

if TYPE_CHECKING:
    from sogaal.config import TrainConfig
    from sogaal.frames import DiscriminatorWeights

FloatArray = npt.NDArray[np.float32]
DoubleArray = npt.NDArray[np.float64]
Fitted = tuple[DoubleArray, Callable[[FloatArray], DoubleArray]]

# Of the ensemble, and of those that choose the stop.
SEEDS = 8


class Cancelled(Exception):  # no error: somebody asked for it
    """The training was cancelled on its way."""


def load() -> None:
    """Import what training needs."""
    import sogaal.detector
    import sogaal.trainer  # noqa: F401


def config_of(algorithm: str, seed: int, **changes: Any) -> "TrainConfig":
    """The configuration of the estimator's defaults, with ``changes``."""
    import inspect

    from sogaal.config import FIELDS, TrainConfig
    from sogaal.detector import MOGAAL, SOGAAL
    from sogaal.members import as_long_as_needed

    parameters = inspect.signature(SOGAAL if algorithm == "so-gaal" else MOGAAL).parameters
    values = {name: one.default for name, one in parameters.items() if name in FIELDS}
    return as_long_as_needed(TrainConfig.checked({**values, "algorithm": algorithm, "seed": seed, **changes}))


def so_gaal(X: FloatArray, seed: int, cancelled: Callable[[], bool]) -> Fitted:
    """``SOGAAL(random_state=seed)``."""
    return _together(X, [config_of("so-gaal", seed)], cancelled)


def mo_gaal(X: FloatArray, seed: int, cancelled: Callable[[], bool]) -> Fitted:
    """``MOGAAL(random_state=seed)``."""
    return _together(X, [config_of("mo-gaal", seed)], cancelled)


def automatic(X: FloatArray, seed: int, cancelled: Callable[[], bool]) -> Fitted:
    """``SOGAAL(stop_epochs="auto", n_estimators=8, random_state=seed)``."""
    return _together(X, [config_of("so-gaal", seed, stop_epochs="auto", auto_seeds=SEEDS)], cancelled)


def ensemble(X: FloatArray, seed: int, cancelled: Callable[[], bool]) -> Fitted:
    """``MOGAAL(n_estimators=8, random_state=seed)``."""
    return _together(X, [config_of("mo-gaal", one) for one in member_seeds(seed, SEEDS)], cancelled)


def _together(X: FloatArray, configs: "list[TrainConfig]", cancelled: Callable[[], bool]) -> Fitted:
    from sogaal.voting import combined

    voters = [weights for config in configs for weights in _train(X, config, cancelled)]

    def score(rows: FloatArray) -> DoubleArray:
        return combined(voters, rows)

    return score(X), score


def _train(X: FloatArray, config: "TrainConfig", cancelled: Callable[[], bool]) -> "list[DiscriminatorWeights]":
    from sogaal.devices import one_thread
    from sogaal.outcomes import to_the_end
    from sogaal.trainer import Trainer

    with one_thread():
        trainer = Trainer(X, config)
        if to_the_end(trainer, cancelled=cancelled) is None:
            raise Cancelled
    automatically = [weights for seed in trainer.voters() for weights in seed]
    return automatically or [trainer.discriminator_weights(None)]
