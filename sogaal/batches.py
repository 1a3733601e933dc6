"""The batches of each run, gathered from the table for many steps at once.

One gather for a block of steps costs little more than one for a step, and what it gathers is warm when it is used.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from sogaal.config import TrainConfig
from sogaal.seeding import Permutations


class Batches:
    """Batches of ``configs``' runs on ``table`` (n, d+1): floor(n / batch) an epoch, what is left over is dropped.

    ``shuffle``: "none" the rows as they come, "once" one order for the run, "each_epoch" a new one every epoch.
    ``floats`` bounds the memory of a block; which batch a step gets does not depend on it.
    """

    def __init__(self, table: Tensor, configs: Sequence[TrainConfig], batch: int, floats: int) -> None:
        self._table, self._batch = table, batch
        self._shuffle = configs[0].shuffle
        self._permutations = [Permutations(config.seed, len(table)) for config in configs]
        self._an_epoch = len(table) // batch
        self._steps = max(1, min(64, floats // (len(configs) * batch * table.shape[1])))
        self._first = -1
        self._gathered: Tensor | None = None

    def at(self, step: int) -> Tensor:
        """The real batches of a step, (M, d+1, batch)."""
        first = step // self._steps * self._steps
        if self._gathered is None or first != self._first:
            self._gathered, self._first = self._gather(first), first
        return self._gathered[step - first]

    def _gather(self, first: int) -> Tensor:
        rows = [self._rows(run, first) for run in range(len(self._permutations))]
        index = torch.from_numpy(np.stack(rows, axis=1).reshape(-1)).to(self._table.device)
        shape = (self._steps, len(rows), self._batch, -1)
        return self._table.index_select(0, index).view(shape).transpose(2, 3).contiguous()

    def _rows(self, run: int, first: int) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
        """Numbers of the rows of a block of steps, (steps, batch)."""
        used = self._an_epoch * self._batch
        epochs = range(first // self._an_epoch, (first + self._steps - 1) // self._an_epoch + 1)
        if self._shuffle == "each_epoch":
            orders = [self._permutations[run](epoch)[:used] for epoch in epochs]
        elif self._shuffle == "once":
            orders = [self._permutations[run](0)[:used]] * len(epochs)
        else:
            orders = [np.arange(used)] * len(epochs)
        start = (first - epochs[0] * self._an_epoch) * self._batch
        rows = np.concatenate(orders)[start : start + self._steps * self._batch]
        return rows.reshape(self._steps, self._batch)
