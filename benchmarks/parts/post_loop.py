"""The post's way of training SO-GAAL, written out straight: PyTorch eager, autograd, scikit-learn's AUC every epoch.

Its eight steps: (1) networks, optimisers and losses, (2) a batch and potential outliers, (3) predictions, (4) losses,
(5) gradients, (6) updates, (7) over the batches of an epoch, (8) over the epochs. D's half takes the potential outliers
detached, and the AUC is stored once an epoch, not in another pass over the batches: both cheaper, so that the
comparison errs in this loop's favour.
"""

import math

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
import torch.nn.functional as F
from sklearn.metrics import auc, roc_curve
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

LR_D, LR_G, MOMENTUM, DAMPENING = 0.01, 1e-4, 0.9, 1e-6
GENERATOR_BIAS, DISCRIMINATOR_BIAS = 1e-5, 0.01
BATCH = 500


def make_generator(d: int) -> nn.Sequential:
    """Two layers of d units that start as the identity."""
    network = nn.Sequential(nn.Linear(d, d), nn.ReLU(), nn.Linear(d, d), nn.ReLU())
    for layer in (network[0], network[2]):
        nn.init.eye_(layer.weight)
        nn.init.constant_(layer.bias, GENERATOR_BIAS)
    return network


def make_discriminator(d: int, n: int) -> nn.Sequential:
    """One hidden layer of ceil(sqrt(n)) units and a sigmoid."""
    hidden = math.ceil(math.sqrt(n))
    network = nn.Sequential(nn.Linear(d, hidden), nn.ReLU(), nn.Linear(hidden, 1), nn.Sigmoid())
    for layer in (network[0], network[2]):
        nn.init.xavier_uniform_(layer.weight)
        nn.init.constant_(layer.bias, DISCRIMINATOR_BIAS)
    return network


class PostLoop:
    """One training; ``fit`` leaves ``steps`` (done) and ``history`` (losses by step, AUC by epoch)."""

    def __init__(self, X: npt.NDArray[np.float32], y: npt.NDArray[np.int8], stop_epochs: int) -> None:
        self.stop_epochs = stop_epochs
        n, d = X.shape
        self.table = torch.tensor(X)
        self.inlier = pd.DataFrame(1 - y)
        self.batch = min(BATCH, n)
        self.loader = DataLoader(
            TensorDataset(self.table, torch.tensor(1 - y)), batch_size=self.batch, shuffle=True, drop_last=True
        )
        self.latent = d
        self.D, self.G = make_discriminator(d, n), make_generator(d)
        sgd = {"momentum": MOMENTUM, "dampening": DAMPENING}
        self.optimiser_d = torch.optim.SGD(self.D.parameters(), lr=LR_D, **sgd)
        self.optimiser_g = torch.optim.SGD(self.G.parameters(), lr=LR_G, **sgd)
        self.history: dict[str, list[float]] = {"d_loss": [], "g_loss": [], "auc": []}

    @property
    def steps(self) -> int:
        """Steps done."""
        return len(self.history["d_loss"])

    def fit(self) -> "PostLoop":
        """Three times ``stop_epochs`` epochs; G trains in the first ``stop_epochs`` + 1."""
        for epoch in range(3 * self.stop_epochs):
            for batch, _ in self.loader:
                self._step(batch, trains_generator=epoch <= self.stop_epochs)
            self.history["auc"].append(self._auc())
        return self

    def _step(self, real: torch.Tensor, trains_generator: bool) -> None:
        noise = torch.tensor(np.random.uniform(0, 1, (self.batch, self.latent)), dtype=torch.float32)  # noqa: NPY002
        made = self.G(noise)
        X = torch.cat((real, made.detach()))
        Y = torch.tensor(np.array([1] * self.batch + [0] * self.batch), dtype=torch.float32).unsqueeze(1)
        self.D.train()
        d_loss = F.binary_cross_entropy(self.D(X), Y)
        self.optimiser_d.zero_grad()
        d_loss.backward()
        self.optimiser_d.step()
        self.history["d_loss"].append(d_loss.item())
        wanted = torch.tensor(np.array([1] * self.batch), dtype=torch.float32).unsqueeze(1)
        self.G.train(trains_generator)
        g_loss = F.binary_cross_entropy(self.D(made), wanted)
        if trains_generator:
            self.optimiser_g.zero_grad()
            g_loss.backward()
            self.optimiser_g.step()
        self.history["g_loss"].append(g_loss.item())

    def _auc(self) -> float:
        self.D.eval()
        found = pd.DataFrame(self.D(self.table).detach().numpy())
        result = pd.DataFrame(np.concatenate([found, self.inlier], axis=1), columns=["p", "y"])
        result = result.sort_values("p", ascending=True)
        fpr, tpr, _ = roc_curve(result["y"].to_numpy(), result["p"].to_numpy())
        return float(auc(fpr, tpr))
