"""SO-GAAL and MO-GAAL as they are compared: what the estimators do at their defaults, on rows that are scaled already.

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


def so_gaal(X: FloatArray, seed: int) -> Fitted:
    """``SOGAAL(random_state=seed)``."""
    return _together(X, [config_of("so-gaal", seed)])


def mo_gaal(X: FloatArray, seed: int) -> Fitted:
    """``MOGAAL(random_state=seed)``."""
    return _together(X, [config_of("mo-gaal", seed)])


def automatic(X: FloatArray, seed: int) -> Fitted:
    """``SOGAAL(stop_epochs="auto", n_estimators=8, random_state=seed)``."""
    return _together(X, [config_of("so-gaal", seed, stop_epochs="auto", auto_seeds=SEEDS)])


def ensemble(X: FloatArray, seed: int) -> Fitted:
    """``MOGAAL(n_estimators=8, random_state=seed)``."""
    return _together(X, [config_of("mo-gaal", one) for one in member_seeds(seed, SEEDS)])


def _together(X: FloatArray, configs: "list[TrainConfig]") -> Fitted:
    from sogaal.voting import combined

    voters = [weights for config in configs for weights in _train(X, config)]

    def score(rows: FloatArray) -> DoubleArray:
        return combined(voters, rows)

    return score(X), score


def _train(X: FloatArray, config: "TrainConfig") -> "list[DiscriminatorWeights]":
    from sogaal.devices import one_thread
    from sogaal.trainer import Trainer

    with one_thread():
        trainer = Trainer(X, config).fit()
    automatically = [weights for seed in trainer.voters() for weights in seed]
    return automatically or [trainer.discriminator_weights(None)]
