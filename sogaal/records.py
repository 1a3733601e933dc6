"""What the engine hands up: steps as they went, networks at marked steps, and the error of a run that diverged."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sogaal.errors import DivergedError

FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Mark:
    """All networks as they were after ``step`` steps: flat parameters of D and of G, float32, copies."""

    step: int
    d_values: FloatArray
    g_values: FloatArray


@dataclass(frozen=True, eq=False)
class StepRecord:
    """What happened in S steps of M runs with k sub-generators; float32, before the updates of the step.

    ``d_loss`` (S, M); ``sub_g_loss`` (S, M, k); ``d_real``, ``d_fake`` (S, M): means of D(x) and D(G(z)) in D's batch.
    ``marks``: the networks after the steps that were asked for.
    """

    d_loss: FloatArray
    sub_g_loss: FloatArray
    d_real: FloatArray
    d_fake: FloatArray
    marks: tuple[Mark, ...] = ()


# What the messages of runs that diverged begin with.
DIVERGED = "Training diverged"


def diverged(quantity: str, step: int) -> DivergedError:
    """The error for a quantity that is not finite at a step (counted from 1)."""
    return DivergedError(f"{DIVERGED}: {quantity} is not finite at step {step}.", step, quantity)
