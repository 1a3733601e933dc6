"""Random numbers that depend on what they are for, never on what was drawn before.

Each run has its own streams, told apart by (seed, purpose, index): noise of step s is the same whether the run was
paused, resumed, or trained beside others. Philox counts instead of iterating, so any index is reached at once.
"""

from enum import IntEnum

import numpy as np
import numpy.typing as npt


class Stream(IntEnum):
    """What random numbers are for. The values are part of "same seed, same history": never renumber."""

    START = 0
    ORDER = 1
    NOISE_D = 2
    NOISE_G = 3
    FRAME = 4
    SAMPLE = 5


def stream(seed: int, kind: Stream, index: int = 0) -> np.random.Generator:
    """The generator of random numbers for one purpose; ``index`` counts blocks or epochs."""
    bits = np.random.Philox(key=np.array([seed, kind], dtype=np.uint64), counter=np.array([0, 0, index, 0], np.uint64))
    return np.random.Generator(bits)


def noise_block(seed: int, kind: Stream, index: int, shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
    """z ~ U[0, 1) float32 of the given shape."""
    return stream(seed, kind, index).random(shape, dtype=np.float32)


def permutation(seed: int, epoch: int, n: int) -> npt.NDArray[np.int64]:
    """The order of ``n`` rows in an epoch, int64."""
    return stream(seed, Stream.ORDER, epoch).permutation(n)
