"""The two networks as torch modules, and the weights they start from.

Source: Liu et al. 2019, the authors' Keras code and the post; DESIGN: G is d-d-d and D is d-h-1, with
h = ceil(sqrt(n)). The training itself works on flat arrays (:mod:`sogaal.engine`); these modules are what people get.
"""

import math

import numpy as np
import numpy.typing as npt
import torch
from scipy.special import ndtr, ndtri
from torch import Tensor, nn

from sogaal.config import TrainConfig
from sogaal.frames import DiscriminatorWeights

FloatArray = npt.NDArray[np.float32]


def hidden_units(config: TrainConfig, n: int) -> int:
    """Units in D's hidden layer for a table of ``n`` rows: ``hidden_size``, or ceil(sqrt(n)) as in the original."""
    return config.hidden_size if config.hidden_size is not None else math.isqrt(n - 1) + 1


class Discriminator(nn.Module):
    """D: d -> h ReLU -> 1. Input (m, d) float32 in the scaled space; output (m,) logits, lower = more abnormal."""

    def __init__(self, weights: DiscriminatorWeights) -> None:
        super().__init__()
        d, h = weights.w1.shape
        self.hidden = nn.Linear(d, h)
        self.output = nn.Linear(h, 1)
        with torch.no_grad():
            self.hidden.weight.copy_(torch.from_numpy(weights.w1.T.copy()))
            self.hidden.bias.copy_(torch.from_numpy(weights.b1.copy()))
            self.output.weight.copy_(torch.from_numpy(weights.w2[None].copy()))
            self.output.bias.fill_(weights.b2)

    def forward(self, x: Tensor) -> Tensor:
        """Rows (m, d) -> logits (m,)."""
        logits: Tensor = self.output(torch.relu(self.hidden(x)))
        return logits.squeeze(-1)


class Generator(nn.Module):
    """G: d -> d ReLU -> d ReLU. Input noise (m, d) float32 in [0, 1); output potential outliers (m, d)."""

    def __init__(self, w1: FloatArray, b1: FloatArray, w2: FloatArray, b2: FloatArray) -> None:
        super().__init__()
        d = len(b1)
        self.first = nn.Linear(d, d)
        self.second = nn.Linear(d, d)
        with torch.no_grad():
            for layer, weight, bias in ((self.first, w1, b1), (self.second, w2, b2)):
                layer.weight.copy_(torch.from_numpy(weight.T.copy()))
                layer.bias.copy_(torch.from_numpy(bias.copy()))

    def forward(self, z: Tensor) -> Tensor:
        """Noise (m, d) -> potential outliers (m, d)."""
        return torch.relu(self.second(torch.relu(self.first(z))))


def _xavier_uniform(fan_in: int, fan_out: int, rng: np.random.Generator) -> FloatArray:
    """U(-a, a) with a = sqrt(6 / (fan_in + fan_out)); Glorot and Bengio 2010, equation 16."""
    bound = math.sqrt(6 / (fan_in + fan_out))
    return rng.uniform(-bound, bound, (fan_in, fan_out)).astype(np.float32)


def _variance_scaling(fan_in: int, fan_out: int, rng: np.random.Generator) -> FloatArray:
    """Keras' VarianceScaling(1, fan_in): a normal cut at two standard deviations, variance 1 / fan_in after the cut."""
    stddev = math.sqrt(1 / fan_in) / 0.87962566103423978
    low, high = ndtr(-2.0), ndtr(2.0)
    return np.asarray(stddev * ndtri(rng.uniform(low, high, (fan_in, fan_out))), dtype=np.float32)


def initial_discriminator(config: TrainConfig, d: int, h: int, rng: np.random.Generator) -> DiscriminatorWeights:
    """D before training: weights by ``discriminator_init``, both biases the constant ``discriminator_bias``."""
    draw = _xavier_uniform if config.discriminator_init == "xavier_uniform" else _variance_scaling
    w1, w2 = draw(d, h, rng), draw(h, 1, rng)
    bias = np.float32(config.discriminator_bias)
    return DiscriminatorWeights(w1, np.full(h, bias), w2[:, 0], float(bias))
