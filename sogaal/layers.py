"""The parameters of many networks as flat arrays, and the update that moves them."""

import torch
from torch import Tensor


class Layers:
    """Parameters of M networks of two layers, with velocity, gradient and learning rate, each one flat array.

    One array makes the update three operations, whatever the layers are. The first layers of all runs come first, then
    the second layers, so that both are contiguous for any M.
    """

    def __init__(self, first: Tensor, second: Tensor, rate: Tensor, fixed: tuple[Tensor, Tensor]) -> None:
        self.shapes = (first.shape, second.shape)
        self.values = torch.cat([first.reshape(-1), second.reshape(-1)])
        self.velocity = torch.zeros_like(self.values)
        self.slope = torch.zeros_like(self.values)
        self.rate = torch.cat([(rate[:, None] * (1 - part.reshape(1, -1))).reshape(-1) for part in fixed])
        # Views made once: making one costs as much as a small operation.
        self.first, self.second = self.split(self.values)
        self.second_t = self.second.transpose(-1, -2)
        self.first_slope, self.second_slope = self.split(self.slope)

    def split(self, flat: Tensor) -> tuple[Tensor, Tensor]:
        """The first and the second layers (M, ...) as views of a flat array."""
        size = self.shapes[0].numel()
        return flat[:size].view(self.shapes[0]), flat[size:].view(self.shapes[1])

    def each(self, per_run: Tensor) -> Tensor:
        """A number for each run (M,) repeated for each of its parameters, flat."""
        runs = len(per_run)
        parts = [per_run[:, None].expand(runs, shape.numel() // runs).reshape(-1) for shape in self.shapes]
        return torch.cat(parts)

    def freeze(self, run: int) -> None:
        """Without rate and velocity the updates of the other runs leave this one where it is."""
        for flat in (self.rate, self.velocity):
            for part in self.split(flat):
                part[run] = 0

    def update(self, momentum: Tensor | float, factor: Tensor | float) -> None:
        """v = momentum v - factor rate slope; p += v. Numbers when all runs share them: a scalar is cheaper."""
        self.velocity.mul_(momentum)
        if isinstance(factor, Tensor):
            self.velocity.sub_(self.rate * self.slope * factor)
        else:
            self.velocity.addcmul_(self.rate, self.slope, value=-factor)
        self.values.add_(self.velocity)
