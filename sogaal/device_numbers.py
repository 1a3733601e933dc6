"""Random numbers and batches made where the training is: on a GPU the host could not keep up with thousands of runs.

What is drawn follows from the seeds of the group, what it is for, and the step or epoch; never from what was drawn
before. Runs of equal seed share their numbers. On one kind of device a group repeats bit for bit, but a run's numbers
depend on which seeds are in its group, and differ from those of a CPU.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from sogaal.seeding import Stream


class DeviceNumbers:
    """Uniform numbers in [0, 1) for M runs with ``seeds``, of ``dtype`` on ``device``."""

    def __init__(self, seeds: Sequence[int], device: torch.device, dtype: torch.dtype) -> None:
        distinct, self._of_run = np.unique(np.asarray(seeds, dtype=np.uint64), return_inverse=True)
        self._key = int(np.random.SeedSequence([int(seed) for seed in distinct]).generate_state(1, np.uint64)[0])
        self._generator = torch.Generator(device)
        self._distinct = len(distinct)
        self._index = torch.from_numpy(self._of_run).to(device)
        self._device, self._dtype = device, dtype

    def uniform(self, kind: Stream, index: int, *shape: int) -> Tensor:
        """(M, *shape) for a purpose and a step or epoch."""
        seed = np.random.SeedSequence([self._key, int(kind), index]).generate_state(1, np.uint64)[0]
        self._generator.manual_seed(int(seed >> np.uint64(1)))
        drawn = torch.rand(self._distinct, *shape, generator=self._generator, device=self._device, dtype=self._dtype)
        return drawn if self._distinct == len(self._index) == 1 else drawn.index_select(0, self._index)


class DeviceBatches:
    """What :class:`sogaal.batches.Batches` gives, with orders drawn on the device."""

    def __init__(self, table: Tensor, numbers: DeviceNumbers, runs: int, batch: int, shuffle: str) -> None:
        self._table, self._numbers, self._runs = table, numbers, runs
        self._batch, self._shuffle = batch, shuffle
        self._an_epoch = len(table) // batch
        self._known: tuple[int, Tensor] | None = None

    def at(self, step: int) -> Tensor:
        """The real batches of a step, (M, d+1, batch)."""
        epoch, number = divmod(step, self._an_epoch)
        start = number * self._batch
        if self._shuffle == "none":
            return self._table[start : start + self._batch].t().expand(self._runs, -1, -1)
        rows = self._order(epoch if self._shuffle == "each_epoch" else 0)[:, start : start + self._batch]
        return self._table[rows].transpose(1, 2)

    def _order(self, epoch: int) -> Tensor:
        """The order of the rows for each run, (M, n) int64."""
        if self._known is None or self._known[0] != epoch:
            drawn = self._numbers.uniform(Stream.ORDER, epoch, len(self._table))
            self._known = (epoch, drawn.argsort(dim=1, stable=True))
        return self._known[1]
