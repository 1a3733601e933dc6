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


def member_seeds(seed: int, count: int) -> list[int]:
    """``count`` different seeds: ``seed`` itself, then numbers that depend on it and on their place alone.

    So the first member is the single run of that seed, a larger ensemble begins with the smaller one, and ensembles of
    neighbouring seeds share no members (with seed, seed + 1, ... they would share nearly all).
    """
    found = [seed]
    place = 0
    while len(found) < count:
        place += 1
        derived = int(np.random.SeedSequence((seed, place)).generate_state(1)[0])
        if derived not in found:
            found.append(derived)
    return found


class Permutations:
    """The orders of ``n`` rows, one for each epoch: ``stream(seed, Stream.ORDER, epoch).permutation(n)``, faster.

    Making a Philox takes as long as shuffling a thousand rows, so one is kept and its counter set.
    """

    def __init__(self, seed: int, n: int) -> None:
        self._n = n
        self._bits = np.random.Philox(key=np.array([seed, Stream.ORDER], dtype=np.uint64))
        self._generator = np.random.Generator(self._bits)
        self._state = self._bits.state

    def __call__(self, epoch: int) -> npt.NDArray[np.int64]:
        """The order in an epoch, int64 (n,)."""
        state = self._state
        state["state"]["counter"][:] = (0, 0, epoch, 0)
        state["buffer_pos"], state["has_uint32"] = 4, 0  # nothing left over from the draw before
        self._bits.state = state
        return self._generator.permutation(self._n)
