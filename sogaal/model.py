"""`Model`: a trained discriminator with all that scoring new rows needs, and nothing else.

Plain numpy: neither torch nor the training data are needed to score. :mod:`sogaal.exports` writes it to a file.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
import numpy.typing as npt

import sogaal
from sogaal.config import TrainConfig
from sogaal.data import Dataset
from sogaal.errors import ConfigError, DataError
from sogaal.frames import DiscriminatorWeights
from sogaal.metrics import outlier_score
from sogaal.scaling import Scaler

if TYPE_CHECKING:  # scoring must not wait for torch
    from sogaal.trainer import Trainer

FloatArray = npt.NDArray[np.float32]
DoubleArray = npt.NDArray[np.float64]
At = Literal["stop", "end"]

# Hidden activations that are computed at a time, so that memory does not grow with the table.
BLOCK_FLOATS = 2**21


@dataclass(frozen=True, eq=False)
class Model:
    """D as it was when G stopped and at the end of the run, with the scaling that belongs before it.

    ``discriminators``: by "stop" (where G stopped within the run) and "end". ``at``: which of them scores.
    ``feature_names``: the d columns' names, None where the training data had none. ``dataset``, ``fingerprint``: name
    and SHA-256 of the training table, empty where unknown. ``version``: the library that trained it.
    """

    config: TrainConfig
    scaler: Scaler
    discriminators: Mapping[At, DiscriminatorWeights]
    at: At
    feature_names: tuple[str, ...] | None = None
    dataset: str = ""
    fingerprint: str = ""
    version: str = sogaal.__version__

    @classmethod
    def from_trainer(
        cls,
        trainer: "Trainer",
        scaler: Scaler,
        dataset: Dataset | None = None,
        feature_names: tuple[str, ...] | None = None,
    ) -> Self:
        """What ``trainer`` has learned so far; "end" is D as it is now, ``at`` is the configuration's where possible.

        ``dataset``: what it learned from, whose name, fingerprint and feature names are kept with the model.
        """
        discriminators: dict[At, DiscriminatorWeights] = {"end": trainer.discriminator_weights("now")}
        if trainer.stop_step is not None and trainer.step >= trainer.stop_step:
            discriminators["stop"] = trainer.discriminator_weights("stop")
        at = trainer.config.score_at if trainer.config.score_at in discriminators else "end"
        if dataset is None:
            return cls(trainer.config, scaler, discriminators, at, feature_names)
        names = dataset.feature_names if feature_names is None else feature_names
        return cls(trainer.config, scaler, discriminators, at, names, dataset.name, dataset.fingerprint)

    @property
    def d(self) -> int:
        """Number of features."""
        return self.scaler.d

    def discriminator(self, at: At | None = None) -> DiscriminatorWeights:
        """D's weights at "stop" or "end" (None: ``self.at``); raises :class:`ConfigError` for what is not there."""
        wanted = self.at if at is None else at
        if wanted not in self.discriminators:
            there = " or ".join(repr(name) for name in sorted(self.discriminators, reverse=True))
            raise ConfigError(f"at must be {there} for this model, got {wanted!r}.", field="at")
        return self.discriminators[wanted]

    def score_samples(self, X: Any, at: At | None = None) -> DoubleArray:
        """D's logit (m,) float64 for raw rows ``X`` (m, d), **lower = more abnormal**.

        ``X``: an array, or a data frame, whose columns are found by ``feature_names`` where the model has them.
        A row's value does not depend on the rows beside it beyond the last digits of float64.
        Raises :class:`DataError` for missing columns, another number of columns, or values that are not finite.
        """
        weights = self.discriminator(at)
        return _logits(weights, self.scaler.transform(self._columns(X)))

    def outlier_score(self, X: Any, at: At | None = None) -> DoubleArray:
        """1 - D(x) (m,) float64 in [0, 1], higher = more abnormal; ``X`` and ``at`` as in :meth:`score_samples`."""
        return outlier_score(self.score_samples(X, at))

    def _columns(self, X: Any) -> Any:
        names = getattr(X, "columns", None)
        if names is None or self.feature_names is None:
            return X
        missing = [name for name in self.feature_names if name not in names]
        if missing:
            shown = ", ".join(map(repr, missing[:8])) + (", ..." if len(missing) > 8 else "")
            raise DataError(
                f"X must have the columns that the model was fitted on, but lacks {shown} ({len(missing)} of {self.d})."
            )
        return X[list(self.feature_names)]


def _logits(weights: DiscriminatorWeights, X: FloatArray) -> DoubleArray:
    """D in float64: in float32 a row's result would depend on the size of its batch, through the order of sums."""
    w1, w2 = weights.w1.astype(np.float64), weights.w2.astype(np.float64)
    logits = np.empty(len(X))
    rows = max(1, BLOCK_FLOATS // w1.shape[1])
    for start in range(0, len(X), rows):
        hidden = X[start : start + rows].astype(np.float64) @ w1
        hidden += weights.b1
        np.maximum(hidden, 0, out=hidden)
        logits[start : start + rows] = hidden @ w2 + weights.b2
    return logits
