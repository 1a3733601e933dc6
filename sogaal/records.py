"""What the engine hands up: steps as they went, networks at marked steps, and the error of a run that diverged."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sogaal.errors import DivergedError
from sogaal.layers import Layers

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Marks:
    """All networks as they were after some ``steps`` (e,) int64: flat parameters of D and of G, (e, size), copies."""

    steps: IntArray
    d_values: FloatArray
    g_values: FloatArray

    def __len__(self) -> int:
        return len(self.steps)

    def where(self, wanted: npt.NDArray[np.bool_]) -> "Marks":
        """Those that are ``wanted`` (e,)."""
        return Marks(self.steps[wanted], self.d_values[wanted], self.g_values[wanted])


class MarksKeeper:
    """Copies the networks at the moments that are ``wanted`` into arrays made once: a copy each costs more."""

    def __init__(self, wanted: Collection[int], D: Layers, G: Layers) -> None:
        self._layers = (D, G)
        self._steps = np.empty(len(wanted), dtype=np.int64)
        self._values = tuple(np.empty((len(wanted), layers.values.numel()), np.float32) for layers in (D, G))
        self._kept = 0

    def keep(self, step: int) -> None:
        """Copy the networks as they are after ``step`` steps."""
        self._steps[self._kept] = step
        for values, layers in zip(self._values, self._layers, strict=True):
            layers.copy_into(values[self._kept])
        self._kept += 1

    def marks(self) -> Marks:
        """What was kept."""
        return Marks(self._steps[: self._kept], *(values[: self._kept] for values in self._values))


@dataclass(frozen=True, eq=False)
class StepRecord:
    """What happened in S steps of M runs with k sub-generators; float32, before the updates of the step.

    ``d_loss`` (S, M); ``sub_g_loss`` (S, M, k); ``d_real``, ``d_fake`` (S, M): means of D(x) and D(G(z)) in D's batch.
    ``marks``: the networks after the steps that were asked for; None where none were.
    """

    d_loss: FloatArray
    sub_g_loss: FloatArray
    d_real: FloatArray
    d_fake: FloatArray
    marks: Marks | None = None

    def between(self, before: int, after: int, upto: int) -> "StepRecord":
        """Only the steps in (``after``, ``upto``], where the record's own begin after step ``before``."""
        of = slice(max(after - before, 0), max(upto - before, 0))
        marks = self.marks and self.marks.where((self.marks.steps > after) & (self.marks.steps <= upto))
        return StepRecord(self.d_loss[of], self.sub_g_loss[of], self.d_real[of], self.d_fake[of], marks)


# What the messages of runs that diverged begin with.
DIVERGED = "Training diverged"


def diverged(quantity: str, step: int) -> DivergedError:
    """The error for a quantity that is not finite at a step (counted from 1)."""
    return DivergedError(f"{DIVERGED}: {quantity} is not finite at step {step}.", step, quantity)
