"""The same trainings written with autograd and torch modules, slowly and plainly: what the engine is held against."""

import numpy as np
import torch
from torch import Tensor

from sogaal.counting import sub_generator_blocks
from sogaal.engine import Engine
from sogaal.seeding import Stream, noise_block, stream


class Sgd:
    """Keras' SGD: v = momentum v - lr_t (1 - dampening) gradient, lr_t = lr / (1 + decay t); no damping at first."""

    def __init__(self, parameters: list[Tensor], lr: float, config) -> None:  # type: ignore[no-untyped-def]
        self.parameters, self.lr, self.config = parameters, lr, config
        self.velocity = [torch.zeros_like(p) for p in parameters]
        self.t = 0

    def step(self, loss: Tensor) -> None:
        c = self.config
        rate = self.lr / (1 + c.decay * self.t) * (1 - c.dampening if self.t else 1.0)
        for p, v, g in zip(self.parameters, self.velocity, torch.autograd.grad(loss, self.parameters), strict=True):
            v.mul_(c.momentum).sub_(rate * g)
            with torch.no_grad():
                p.add_(v)
        self.t += 1


class Reference:
    """One run in float64, from the same start, batches and noise as an engine with one run."""

    def __init__(self, X: np.ndarray, engine: Engine) -> None:
        self.config = engine.configs[0]
        self.engine = engine
        self.X = torch.from_numpy(X)
        weights = engine.discriminator_weights()
        first, second = engine.D.first[0].clone(), engine.D.second[0].clone()
        h, d = weights.b1.shape[0], X.shape[1]
        self.D = [first[:h, :d], first[:h, d], second[0, :h], second[0, h]]
        self.G = []
        for A, B in zip(engine.G.first[0].clone(), engine.G.second[0].clone(), strict=True):
            self.G.append([A[:d, :d], A[:d, d], B[:d, :d], B[:d, d]])
        for group in [self.D, *self.G]:
            for i, p in enumerate(group):
                group[i] = p.clone().requires_grad_()
        self.d_sgd = Sgd(self.D, self.config.lr_d, self.config)
        self.g_sgd = [Sgd(g, self.config.lr_g, self.config) for g in self.G]
        self.step_number = 0

    def logits(self, x: Tensor) -> Tensor:
        w1, b1, w2, b2 = self.D
        return torch.relu(x @ w1.T + b1) @ w2 + b2

    @staticmethod
    def generate(g: list[Tensor], z: Tensor) -> Tensor:
        return torch.relu(torch.relu(z @ g[0].T + g[1]) @ g[2].T + g[3])

    def noise(self, kind: Stream) -> Tensor:
        e = self.engine
        floats = e.d * e.batch
        block = max(1, min(64, 2**19 // floats))
        number, slot = divmod(self.step_number, block)
        drawn = noise_block(self.config.seed, kind, number, (block, e.d, e.batch))[slot]
        return torch.from_numpy(drawn.T.astype(np.float64))

    def batch(self) -> Tensor:
        e, c = self.engine, self.config
        epoch, number = divmod(self.step_number, e.batches)
        order = stream(c.seed, Stream.ORDER, epoch if c.shuffle == "each_epoch" else 0).permutation(e.n)
        if c.shuffle == "none":
            order = np.arange(e.n)
        return self.X[order[number * e.batch : (number + 1) * e.batch]]

    def step(self) -> tuple[float, list[float]]:
        """(D's loss, each sub-generator's loss), before their updates."""
        bce = torch.nn.functional.binary_cross_entropy_with_logits
        e, z, real = self.engine, self.noise(Stream.NOISE_D), self.batch()
        blocks = sub_generator_blocks(e.batch, e.k) if e.is_mo else [(0, e.batch)]
        made = torch.cat([self.generate(g, z[a:b]) for g, (a, b) in zip(self.G, blocks, strict=True)])
        logits = self.logits(torch.cat([real, made.detach()]))
        d_loss = bce(logits, torch.cat([torch.ones(e.batch), torch.zeros(e.batch)]).double())
        self.d_sgd.step(d_loss)
        targets = [torch.tensor(1.0, dtype=torch.float64)]
        if e.is_mo:
            p = torch.sigmoid(self.logits(self.X)).detach().numpy()
            targets = [torch.tensor(np.quantile(p, i / e.k)) for i in range(e.k)]
            z = self.noise(Stream.NOISE_G)
        losses = []
        stopped = e.generator_steps[0] is not None and self.step_number >= e.generator_steps[0]
        for g, sgd, target in zip(self.G, self.g_sgd, targets, strict=True):
            out = self.logits(self.generate(g, z))
            loss = bce(out, target.expand_as(out))
            losses.append(loss.item())
            if not stopped:
                sgd.step(loss)
        self.step_number += 1
        return d_loss.item(), losses
