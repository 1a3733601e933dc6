"""What MO-GAAL adds to a step: how its sub-generators share the noise of D's batch, and what each aims at."""

import numpy as np
import torch
from scipy.special import expit
from torch import Tensor

from sogaal.counting import QUANTILE_ROWS, sub_generator_blocks
from sogaal.seeding import Stream, stream


class Shares:
    """Columns of a batch for each of k sub-generators, filled up to equal width so that one product serves all."""

    def __init__(self, batch: int, k: int, device: torch.device) -> None:
        blocks = sub_generator_blocks(batch, k)
        width = max(end - start for start, end in blocks)
        gather = torch.zeros(k, width, dtype=torch.long)
        back = torch.empty(batch, dtype=torch.long)
        for i, (start, end) in enumerate(blocks):
            gather[i, : end - start] = torch.arange(start, end)
            back[start:end] = torch.arange(i * width, i * width + end - start)
        self.k = k
        self._gather, self._back = gather.reshape(-1).to(device), back.to(device)

    def share_out(self, noise: Tensor) -> Tensor:
        """(..., d+1, batch) -> (..., k, d+1, width): to each sub-generator its columns."""
        parts = noise.index_select(noise.dim() - 1, self._gather)
        return parts.view(*noise.shape[:-1], self.k, -1).movedim(-2, -3).contiguous()

    def collect(self, made: Tensor) -> Tensor:
        """(M, k * width, d+1) -> (M, batch, d+1): the rows in the order of the batch, without what filled up."""
        return made.index_select(1, self._back)


class Quantiles:
    """The i/k quantiles of D over the table, i = 0 .. k-1, linear between neighbours (Liu et al. 2019).

    ``table`` (n, d+1). ``columns`` (d+1, m): the rows that D has to judge for it, transposed; a fixed sample of
    :data:`QUANTILE_ROWS` where the table has more.
    """

    def __init__(self, table: Tensor, k: int) -> None:
        if len(table) > QUANTILE_ROWS:
            sample = np.sort(stream(0, Stream.SAMPLE).choice(len(table), QUANTILE_ROWS, replace=False))
            table = table[torch.from_numpy(sample).to(table.device)]
        self.columns = table.t().contiguous()
        place = (len(table) - 1) * np.arange(k) / k
        self._places = np.concatenate([np.floor(place), np.ceil(place)]).astype(np.int64)
        self._part = (place - np.floor(place)).astype(np.float64 if table.dtype == torch.float64 else np.float32)
        self._device_places = torch.from_numpy(self._places).to(table.device)
        self._device_part = torch.from_numpy(self._part).to(table.device)

    def of(self, logits: Tensor) -> Tensor:
        """D's quantiles (M, k) from its logits (M, m): sorting logits sorts D, and the sigmoid of few is cheap."""
        if logits.device.type == "cpu":
            # numpy sorts floats with vector instructions, several times as fast as torch, and few numbers faster too.
            low, high = np.split(expit(np.sort(logits.numpy(), axis=1)[:, self._places]), 2, axis=1)
            return torch.from_numpy(low + (high - low) * self._part)
        return self.on_device(logits)

    def on_device(self, logits: Tensor) -> Tensor:
        """The same by torch alone, without a word from the host: it can be captured."""
        ends = logits.sort(dim=1).values.index_select(1, self._device_places).sigmoid().chunk(2, dim=1)
        return ends[0] + (ends[1] - ends[0]) * self._device_part
