"""The training of several seeds, never stopped, as the label-free measures see it: verdicts, points and losses."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sogaal.committee import MOMENT_STEPS
from sogaal.config import AUTO_STEPS, TrainConfig
from sogaal.devices import one_thread
from sogaal.engine import Engine
from sogaal.labelfree import uniform_rows

FloatArray = npt.NDArray[np.float32]
UNIFORM = 4_000


@dataclass(frozen=True, eq=False)
class Course:
    """s seeds at e moments: ``logits`` (s, e, n) of the table, ``uniform`` (s, e, m) of uniform rows, ``points``
    (s, e, p, d) generated, ``g_loss`` (s, steps); ``steps`` (e,) of the moments."""

    steps: npt.NDArray[np.int64]
    logits: FloatArray
    uniform: FloatArray
    points: FloatArray
    g_loss: FloatArray


def course_of(X: FloatArray, config: TrainConfig, seeds: Sequence[int]) -> Course:
    """Train ``config`` on the scaled table ``X`` (n, d) with each of the seeds for :data:`AUTO_STEPS` steps."""
    others = uniform_rows(X, UNIFORM)
    moments = list(range(MOMENT_STEPS, AUTO_STEPS + 1, MOMENT_STEPS))
    found: list[tuple[FloatArray, ...]] = []
    with one_thread():
        for seed in seeds:
            engine = Engine(X, [config.replace(seed=seed)])
            record = engine.advance(AUTO_STEPS, moments)
            assert record.marks is not None
            values, generators = record.marks.d_values, record.marks.g_values
            uniform = np.stack([engine.logits(others, one)[0] for one in values])
            points = np.moveaxis(engine.generated_at(generators)[:, 0], 3, 2).reshape(len(moments), -1, engine.d)
            losses = record.sub_g_loss[:, 0].mean(axis=1)
            found.append((engine.table_logits(values)[:, 0], uniform, points, losses))
    return Course(np.array(moments), *(np.stack(parts) for parts in zip(*found, strict=True)))
