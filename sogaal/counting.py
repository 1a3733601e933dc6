"""Counted as the authors count: when G stops, and how a batch is shared out between sub-generators."""

import numpy as np

from sogaal.config import TrainConfig
from sogaal.errors import ConfigError

# Rows of the table from which MO-GAAL's quantiles are taken, when it has more.
QUANTILE_ROWS = 20_000


def generator_steps(config: TrainConfig, batches: int) -> int | None:
    """Steps that G trains, None if it is never stopped: the originals test their flag at different places (DESIGN)."""
    if not config.whether_stop or config.stop_epochs == "auto":
        return None
    if config.algorithm == "mo-gaal":
        return config.stop_epochs * batches + 1
    return config.stop_step(batches)


def sub_generator_blocks(batch: int, k: int) -> list[tuple[int, int]]:
    """Columns [start, end) of the D-step noise that each of ``k`` sub-generators gets.

    As the authors' code: with u = batch // (k(k+1)/2), sub-generator i gets (k-i) u columns and the last all that is
    left. Where u would be 0 their code breaks; there each gets one column and the rest is shared in the proportion
    k, k-1, ..., 1 by largest remainder. Raises :class:`ConfigError` for k > batch.
    """
    if k > batch:
        raise ConfigError(f"k must be at most the batch size, {batch} here, got {k}.", field="k")
    weights = np.arange(k, 0, -1)
    unit = batch // int(weights.sum())
    if unit:
        sizes = weights * unit
        sizes[-1] = batch - int(sizes[:-1].sum())
    else:
        quota = (batch - k) * weights / weights.sum()
        sizes = 1 + np.floor(quota).astype(int)
        largest = np.argsort(np.floor(quota) - quota, kind="stable")[: batch - int(sizes.sum())]
        sizes[largest] += 1
    ends = np.cumsum(sizes)
    return [(int(end - size), int(end)) for size, end in zip(sizes, ends, strict=True)]
