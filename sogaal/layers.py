"""The parameters of many networks as flat arrays, and the update that moves them."""

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

FloatArray = npt.NDArray[np.float32]


class Layers:
    """Parameters of M networks of two layers, with velocity, gradient and learning rate, each one flat array.

    One array makes the update three operations, whatever the layers are. The first layers of all runs come first, then
    the second layers, so that both are contiguous for any M.
    """

    def __init__(
        self, first: Tensor, second: Tensor, rate: Tensor, fixed: tuple[Tensor, Tensor], turned: bool = False
    ) -> None:
        """``first``, ``second`` (M, ...); ``rate`` (M,); ``fixed``: 1 where a layer stays. ``turned``: see below."""
        # A turned first layer lies in memory transposed; everybody sees it as it was given.
        self._turned = turned
        stored = first.transpose(-1, -2) if turned else first
        self.shapes = (stored.shape, second.shape)
        self.values = torch.cat([stored.reshape(-1), second.reshape(-1)])
        self.velocity = torch.zeros_like(self.values)
        self.slope = torch.zeros_like(self.values)
        stays = (fixed[0].transpose(-1, -2) if turned else fixed[0], fixed[1])
        self.rate = torch.cat([(rate[:, None] * (1 - part.reshape(1, -1))).reshape(-1) for part in stays])
        # Views made once: making one costs as much as a small operation.
        self.first, self.second = (part[0] for part in self.split(self.values[None]))
        self.second_t = self.second.transpose(-1, -2)
        self.first_slope, self.second_slope = (part[0] for part in self.split(self.slope[None]))
        self._stored_slope = self.first_slope.transpose(-1, -2) if turned else self.first_slope
        self._seen = self.values.numpy() if self.values.device.type == "cpu" else None

    def split(self, flat: Tensor) -> tuple[Tensor, Tensor]:
        """The first and the second layers (e, M, ...) of flat arrays (e, size), as views."""
        size = self.shapes[0].numel()
        first = flat[:, :size].view(-1, *self.shapes[0])
        return first.transpose(-1, -2) if self._turned else first, flat[:, size:].view(-1, *self.shapes[1])

    def copy(self) -> FloatArray:
        """The values now as float32 in numpy."""
        values = np.empty(self.values.numel(), np.float32)
        self.copy_into(values)
        return values

    def copy_into(self, place: FloatArray) -> None:
        """The values now into ``place`` (size,) float32."""
        place[:] = self.values.cpu().numpy() if self._seen is None else self._seen

    def slope_of_first(self, error: Tensor, error_t: Tensor, x: Tensor, x_t: Tensor) -> None:
        """The first layer's slope error x' (both given with their transposes, (M, rows, m)) into its place."""
        if self._turned:
            torch.bmm(x, error_t, out=self._stored_slope)
        else:
            torch.bmm(error, x_t, out=self._stored_slope)

    def each(self, per_run: Tensor) -> Tensor:
        """A number for each run (M,) repeated for each of its parameters, flat."""
        runs = len(per_run)
        parts = [per_run[:, None].expand(runs, shape.numel() // runs).reshape(-1) for shape in self.shapes]
        return torch.cat(parts)

    def freeze(self, run: int) -> None:
        """Without rate and velocity the updates of the other runs leave this one where it is."""
        for flat in (self.rate, self.velocity):
            for part in self.split(flat[None]):
                part[0, run] = 0

    def update(self, momentum: Tensor | float, factor: Tensor | float) -> None:
        """v = momentum v - factor rate slope; p += v. Numbers when all runs share them: a scalar is cheaper."""
        self.velocity.mul_(momentum)
        if isinstance(factor, Tensor):
            self.velocity.sub_(self.rate * self.slope * factor)
        else:
            self.velocity.addcmul_(self.rate, self.slope, value=-factor)
        self.values.add_(self.velocity)
