"""The score of several D's, one after another, in blocks of rows."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from sogaal.frames import DiscriminatorWeights
from sogaal.labelfree import mass_volume, uniform_rows
from sogaal.seeding import Stream, stream

FloatArray = npt.NDArray[np.float32]
DoubleArray = npt.NDArray[np.float64]

# Hidden activations that are computed at a time, so that memory does not grow with the table.
BLOCK_FLOATS = 2**21
# Rows that a live page judges without labels.
JUDGED_ROWS = 20_000


def combined(voters: Sequence[DiscriminatorWeights], X: FloatArray) -> DoubleArray:
    """The mean of the voters' logits, (m,) float64, for scaled rows ``X`` (m, d).

    Means of ranks or of standardised logits need the training scores, and measure no better: benchmarks/ensembles.py.
    """
    total = _logits(voters[0], X)
    for weights in voters[1:]:
        total += _logits(weights, X)
    return total / len(voters)


def kept_volume(weights: DiscriminatorWeights, X: FloatArray) -> float:
    """:func:`sogaal.labelfree.mass_volume` of one D on its scaled table ``X`` (n, d): 0 to 1, lower is better.

    Of a table of more than :data:`JUDGED_ROWS` rows a fixed sample of them is judged.
    """
    uniform = uniform_rows(X)
    if len(X) > JUDGED_ROWS:
        X = X[stream(0, Stream.SAMPLE, 5).choice(len(X), JUDGED_ROWS, replace=False)]
    return mass_volume(_logits(weights, X), _logits(weights, uniform))


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
