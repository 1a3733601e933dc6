"""Frames: a small picture of a run at one moment, in plain numpy so that drawing needs no torch."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sogaal.precision import in_floats

FloatArray = npt.NDArray[np.float32]
AnyFloats = npt.NDArray[np.floating]


@dataclass(frozen=True, eq=False)
class DiscriminatorWeights:
    """D's weights: ``w1`` (d, h), ``b1`` (h,), ``w2`` (h,), ``b2`` a number; float32, d features, h hidden units."""

    w1: FloatArray
    b1: FloatArray
    w2: FloatArray
    b2: float

    def logits(self, X: FloatArray) -> FloatArray:
        """D's logit for each row of ``X`` (m, d) float32 in the scaled space -> (m,) float32; lower = more abnormal."""
        b2 = np.array(self.b2, dtype=np.float32)
        return in_floats(_logits, X, self.w1, self.b1, self.w2, b2)

    def gradient(self, X: FloatArray) -> FloatArray:
        """d logit / d x at each row of ``X`` (m, d) -> (m, d) float32: the way that makes a point look more real."""
        return in_floats(_gradient, X, self.w1, self.b1, self.w2)


def _logits(X: AnyFloats, w1: AnyFloats, b1: AnyFloats, w2: AnyFloats, b2: AnyFloats) -> AnyFloats:
    return np.asarray(np.maximum(X @ w1 + b1, 0) @ w2 + b2)


def _gradient(X: AnyFloats, w1: AnyFloats, b1: AnyFloats, w2: AnyFloats) -> AnyFloats:
    active = (X @ w1 + b1) > 0
    return np.asarray((active * w2) @ w1.T)


@dataclass(frozen=True, eq=False)
class Frame:
    """A run at one moment.

    ``generated`` (m, d) float32: fixed noise through G, so row i is the same z in every frame of a run.
    ``owner`` (m,) int16: which sub-generator made the row (0 for SO-GAAL). ``discriminator``: D's weights, from which D
    on any grid, its gradient and the lines of its hidden units follow.
    """

    step: int
    epoch: int
    generated: FloatArray
    owner: npt.NDArray[np.int16]
    discriminator: DiscriminatorWeights
