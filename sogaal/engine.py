r"""The training step at the machine's speed: gradients in closed form, buffers reused, a leading axis of runs.

Both networks have two layers, so their gradients are written out instead of recorded. All arrays are *feature-major*
(one column a row of the table) and *augmented*: a last row of ones carries the biases, and each layer's weights end in
a fixed row that passes the one on, so ReLU(1) = 1 serves the next layer. With x the augmented columns of a batch,

    a = relu(A z),  g = relu(B a)            potential outliers g = G(z); A, B are (d+1, d+1)
    h = relu(W x),  l = w h,  D(x) = s(l)    W is (h+1, d+1), w is (1, h+1), s the sigmoid

and for a mean binary cross-entropy with targets t over m columns, dL/dl = (s(l) - t) / m =: e / m. Hence

    dL/dw = e h' / m,   dL/dW = ((w' e) * [h > 0]) x' / m                                             (D's step)
    dg = (W' ((w' e) * [h > 0])) * [g > 0],  dL/dB = dg a' / m
    da = (B' dg) * [a > 0],                  dL/dA = da z' / m                                        (G's step)

D: t = 1 for real, 0 for generated columns (m = 2 * batch). G: t = 1 for SO-GAAL; for sub-generator i of MO-GAAL
t = the i/k quantile of D over the table (Liu et al. 2019), with fresh noise. The update is Keras' SGD:
v = momentum v - lr_t gradient, p += v, lr_t = lr / (1 + decay t). The factor 1 / m is folded into the learning rates,
and a learning rate of zero holds the fixed rows in place.
"""

import math
from collections.abc import Collection, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from sogaal.batches import Batches
from sogaal.config import TrainConfig
from sogaal.counting import generator_steps
from sogaal.devices import check_device, one_thread
from sogaal.errors import ConfigError, DivergedError
from sogaal.frames import DiscriminatorWeights
from sogaal.layers import Layers
from sogaal.memory import Sizes, check_memory, out_of_memory_told
from sogaal.networks import hidden_units, initial_discriminator
from sogaal.records import MarksKeeper, StepRecord, diverged
from sogaal.seeding import Stream, noise_block, stream
from sogaal.subgenerators import Quantiles, Shares

FloatArray = npt.NDArray[np.float32]

# Steps whose noise is drawn at once: part of what a seed means. And steps whose logits are kept until the losses are
# taken from them, which changes no number. Both are cheaper than step by step.
NOISE_STEPS, KEPT_STEPS = 64, 128
# Floats in a block of logits or noise, so that wide tables do not buy speed with memory.
BLOCK_FLOATS = 2**19
# Moments of D whose logits on a table are computed by one product: more leave the caches.
MOMENTS_TOGETHER = 8
# Generated points in a frame, over all sub-generators.
FRAME_POINTS = 300

_relu_backward = torch.ops.aten.threshold_backward.grad_input
_softplus = torch.ops.aten.softplus.out


class Engine:
    """M trainings on one table, advanced together.

    ``X`` (n, d) float32, scaled (float64 makes the whole engine count in float64: for checking). ``configs``: M
    descriptions that share algorithm, k, batch_size, hidden_size, shuffle and device, and may differ in the rest.
    ``table``: that of another engine on the same ``X``, to hold it once for both. Raises :class:`ConfigError` naming
    what does not fit, :class:`NotEnoughMemoryError` saying what would be needed.
    """

    @torch.inference_mode()
    def __init__(self, X: FloatArray, configs: Sequence[TrainConfig], table: Tensor | None = None) -> None:
        self._check(configs)
        first = configs[0]
        self.configs = tuple(configs)
        self.device = torch.device(first.device)
        self.dtype = torch.float64 if X.dtype == np.float64 else torch.float32
        self.n, self.d = X.shape
        self.runs, self.k = len(configs), first.n_generators
        self.batch = min(first.batch_size, self.n)
        self.batches = first.batches(self.n)
        self.hidden = hidden_units(first, self.n)
        self.is_mo = first.algorithm == "mo-gaal"
        sizes = Sizes(self.n, self.d, self.hidden, self.batch, self.runs, self.k, self.is_mo)
        self.bytes_needed = sizes.floats * (8 if self.dtype == torch.float64 else 4)
        check_memory(self.bytes_needed, self.device)
        with out_of_memory_told(self.bytes_needed, self.device):
            self._make(X, table)

    def _make(self, X: FloatArray, table: Tensor | None) -> None:
        self.step = 0
        self.diverged: list[DivergedError | None] = [None] * self.runs
        if table is None:
            ones = np.ones((self.n, 1), dtype=X.dtype)
            # A row of the table is a row here: batches are gathered from it, and rows are gathered fastest.
            table = torch.from_numpy(np.concatenate([X, ones], axis=1)).to(self.device, self.dtype)
        self.table = table
        self._start_networks()
        self._make_schedule()
        self._make_buffers()
        self._batches = Batches(self.table, self.configs, self.batch, BLOCK_FLOATS)
        self._noise: dict[Stream, tuple[int, Tensor]] = {}

    @staticmethod
    def _check(configs: Sequence[TrainConfig]) -> None:
        if not configs:
            raise ConfigError("configs must hold at least one run, got none.", field="configs")
        for name in ("algorithm", "k", "batch_size", "hidden_size", "shuffle", "device"):
            found = {getattr(config, name) for config in configs}
            if len(found) > 1:
                got = ", ".join(sorted(map(str, found)))
                raise ConfigError(f"{name} must be the same for all runs of a group, got {got}.", field=name)
        check_device(configs[0].device)

    def _augment(self, columns: Tensor) -> Tensor:
        """(..., d, m) -> (..., d+1, m) with a last row of ones, on the device."""
        ones = torch.ones(*columns.shape[:-2], 1, columns.shape[-1])
        return torch.cat([columns, ones], dim=-2).to(self.device, self.dtype)

    # -- set-up ----------------------------------------------------------------------------------------------------

    def _start_networks(self) -> None:
        d, h, k = self.d, self.hidden, self.k
        first, second = np.zeros((self.runs, h + 1, d + 1), np.float32), np.zeros((self.runs, 1, h + 1), np.float32)
        generator = np.tile(np.eye(d + 1, dtype=np.float32), (self.runs, k, 1, 1))
        for run, config in enumerate(self.configs):
            weights = initial_discriminator(config, d, h, stream(config.seed, Stream.START))
            first[run, :h, :d], first[run, :h, d], first[run, h, d] = weights.w1.T, weights.b1, 1
            second[run, 0, :h], second[run, 0, h] = weights.w2, weights.b2
            generator[run, :, :d, d] = config.generator_bias
        fixed_d = torch.zeros(h + 1, d + 1)
        fixed_d[h] = 1
        fixed_g = torch.zeros(k, d + 1, d + 1)
        fixed_g[:, d] = 1

        def rate(name: str, rows: int) -> Tensor:
            return torch.tensor([getattr(c, name) / rows for c in self.configs], dtype=torch.float64)

        def here(values: Tensor | FloatArray) -> Tensor:
            return torch.as_tensor(values).to(self.dtype).to(self.device)

        fixed_w, rates = torch.zeros(1, h + 1), (rate("lr_d", 2 * self.batch), rate("lr_g", self.batch))
        both = (here(first), here(second))
        self.D = Layers(*both, here(rates[0]), (here(fixed_d), here(fixed_w)), turned=True)
        A = here(generator)
        self.G = Layers(A, A, here(rates[1]), (here(fixed_g), here(fixed_g)))

    def _make_schedule(self) -> None:
        """When each run's G stops (in steps; None = never), and the numbers of the update."""
        self.generator_steps = [generator_steps(config, self.batches) for config in self.configs]
        self._stopped = [False] * self.runs
        same = len({(c.momentum, c.decay, c.dampening) for c in self.configs}) == 1
        self._shared = self.configs[0] if same else None

        def each(name: str) -> Tensor:
            return torch.tensor([getattr(c, name) for c in self.configs], dtype=self.dtype, device=self.device)

        self._momentum, self._decay, self._dampening = each("momentum"), each("decay"), each("dampening")

    def _make_buffers(self) -> None:
        M, k, d, h, batch = self.runs, self.k, self.d, self.hidden, self.batch

        def empty(*shape: int) -> Tensor:
            return torch.empty(shape, dtype=self.dtype, device=self.device)

        self._x = empty(M, d + 1, 2 * batch)
        self._h, self._dh = empty(M, h + 1, 2 * batch), empty(M, h + 1, 2 * batch)
        self._error_d = empty(M, 1, 2 * batch)
        self._x_t, self._h_t, self._dh_t = (b.transpose(1, 2) for b in (self._x, self._h, self._dh))
        self._real, self._fake = self._x[:, :, :batch], self._x[:, :, batch:]
        self._target_d = torch.cat([torch.ones(batch), torch.zeros(batch)]).to(self.device, self.dtype)
        self._a, self._g, self._dg, self._da = (empty(M * k, d + 1, batch) for _ in range(4))
        self._a_t = self._a.transpose(1, 2)
        # Seen from the noise that they share, the k first layers of a run are one tall layer.
        tall = (M, k * (d + 1), -1)
        self._tall_first, self._tall_slope = self.G.first.view(tall), self.G.first_slope.view(tall)
        self._tall_a, self._tall_da = self._a.view(tall), self._da.view(tall)
        self._second, self._second_t = self.G.second.flatten(0, 1), self.G.second_t.flatten(0, 1)
        self._second_slope = self.G.second_slope.flatten(0, 1)
        self._hg, self._dhg = empty(M * k, h + 1, batch), empty(M * k, h + 1, batch)
        self._see_discriminator_from_g()
        self._error_g = empty(M * k, 1, batch)
        self._target_g = torch.ones(M * k, 1, 1, dtype=self.dtype, device=self.device)
        # This follows from the shape of one run alone: noise must not depend on who else is in the group.
        self._noise_steps = max(1, min(NOISE_STEPS, BLOCK_FLOATS // (d * batch)))
        floats = M * batch * max(2, k)
        self._block = max(1, min(KEPT_STEPS, BLOCK_FLOATS // floats))
        self._logits_d, self._slots_d = self._log(M, 2 * batch)
        self._logits_g, self._slots_g = self._log(M * k, batch)
        self._targets = empty(self._block, M * k, 1)
        self._kept_d, self._kept_g = torch.empty_like(self._logits_d), torch.empty_like(self._logits_g)
        self._signs_d = torch.ones_like(self._logits_d[0])
        self._signs_d[: M * 2 * batch].view(M, 2, batch)[:, 0] = -1
        each = -(-FRAME_POINTS // k)
        fixed = np.stack([noise_block(c.seed, Stream.FRAME, 0, (k, d, each)) for c in self.configs])
        self._frame_noise: FloatArray = np.concatenate([fixed, np.ones_like(fixed[..., :1, :])], axis=-2)
        if self.is_mo:
            self._shares = Shares(batch, k, self.device)
            self._quantiles = Quantiles(self.table, k)
            columns = self._quantiles.columns.expand(M, -1, -1)
            m = columns.shape[2]
            self._judged = (columns, empty(M, h + 1, m), empty(M, 1, m))

    def _see_discriminator_from_g(self) -> None:
        """D's layers once for each sub-generator, (M k, ...): views for one, copies to be refreshed for more."""
        D, M, k = self.D, self.runs, self.k
        self._first_of_g, self._second_of_g = D.first, D.second
        if k > 1:
            self._first_shared = D.first[:, None].expand(-1, k, -1, -1)
            self._second_shared = D.second[:, None].expand(-1, k, -1, -1)
            self._first_each = torch.empty_like(self._first_shared, memory_format=torch.contiguous_format)
            self._second_each = torch.empty_like(self._second_shared, memory_format=torch.contiguous_format)
            self._first_of_g, self._second_of_g = self._first_each.flatten(0, 1), self._second_each.flatten(0, 1)
        self._first_of_g_t = self._first_of_g.transpose(1, 2)
        self._second_wide = self._second_of_g.transpose(1, 2).expand(M * k, -1, self.batch)

    def _log(self, networks: int, columns: int) -> tuple[Tensor, list[Tensor]]:
        """Where the logits of a block of steps are kept: (block, networks * columns), and each step's part of it.

        Rows are padded to whole vector registers: torch computes what is left over at the end of an array with other
        instructions, and then the last digit of a loss would depend on how many steps were asked for at once.
        """
        used = networks * columns
        rows = torch.zeros(self._block, -(-used // 64) * 64, dtype=self.dtype, device=self.device)
        return rows, [row[:used].view(networks, 1, columns) for row in rows]

    # -- one step --------------------------------------------------------------------------------------------------

    @torch.inference_mode()
    def advance(self, steps: int, marks: Collection[int] = ()) -> StepRecord:
        """Do ``steps`` steps of all runs and tell what happened; ``marks``: after which steps to keep the networks.

        A run whose losses are no longer finite is noted in ``diverged`` with the first such step; the record keeps the
        values as they came, and the other runs go on.
        """
        records, kept = [], MarksKeeper(marks, self.D, self.G)
        with one_thread(), out_of_memory_told(self.bytes_needed, self.device):
            while steps > 0:
                block = min(steps, self._block)
                for slot in range(block):
                    self._one_step(slot)
                    if self.step in marks:
                        kept.keep(self.step)
                records.append(self._record(block))
                steps -= block
        d_loss, sub_g_loss, d_real, d_fake = (
            np.concatenate([getattr(record, name) for record in records])
            for name in ("d_loss", "sub_g_loss", "d_real", "d_fake")
        )
        return StepRecord(d_loss, sub_g_loss, d_real, d_fake, kept.marks())

    def _one_step(self, slot: int) -> None:
        self._stop_generators()
        self._real.copy_(self._batches.at(self.step))
        self._play(slot)
        self.step += 1

    def _play(self, slot: int) -> None:
        """The step once the real batch is in place: D's half, G's half, the logits kept in ``slot``."""
        noise = self._draw(Stream.NOISE_D)
        self._fake.copy_(self._potential_outliers(noise))
        logits = self._slots_d[slot]
        self._discriminate(self.D.first, self.D.second, self._x, self._h, logits)
        self._discriminator_step(logits)
        if self.is_mo:
            noise = self._mo_generate()
        self._generator_step(noise, slot)

    def _draw(self, kind: Stream) -> Tensor:
        """Noise of this step with its row of ones, (M, d+1, batch): made a block of steps at a time.

        For D's step of MO-GAAL it comes shared out, (M, k, d+1, width), each part filled up to the widest.
        """
        number, slot = divmod(self.step, self._noise_steps)
        known = self._noise.get(kind)
        if known is None or known[0] != number:
            shape = (self._noise_steps, self.d, self.batch)
            drawn = np.stack([noise_block(c.seed, kind, number, shape) for c in self.configs], axis=1)
            noise = self._augment(torch.from_numpy(drawn))
            if self.is_mo and kind is Stream.NOISE_D:
                noise = self._shares.share_out(noise)
            known = self._noise[kind] = (number, noise)
        return known[1][slot]

    def _generate(self, noise: Tensor) -> Tensor:
        """All sub-generators on the same noise (M, d+1, batch): (M k, d+1, batch) in a reused buffer."""
        torch.bmm(self._tall_first, noise, out=self._tall_a).relu_()
        return torch.bmm(self._second, self._a, out=self._g).relu_()

    def _potential_outliers(self, noise: Tensor) -> Tensor:
        """G(z) for D's batch: (M, d+1, batch); MO-GAAL's sub-generators share the noise out between them."""
        if not self.is_mo:
            return self._generate(noise)
        parts = noise.flatten(0, 1)
        a = torch.bmm(self.G.first.flatten(0, 1), parts).relu_()
        # Transposed, a generated point is a row, and rows are gathered fastest.
        made = torch.bmm(a.transpose(1, 2), self._second_t).relu_()
        return self._shares.collect(made.view(self.runs, -1, self.d + 1)).transpose(1, 2)

    @staticmethod
    def _discriminate(first: Tensor, second: Tensor, x: Tensor, h: Tensor, logits: Tensor) -> None:
        torch.bmm(first, x, out=h).relu_()
        torch.bmm(second, h, out=logits)

    def _discriminator_step(self, logits: Tensor) -> None:
        D, error, h, dh = self.D, self._error_d, self._h, self._dh
        torch.sigmoid(logits, out=error)
        error.sub_(self._target_d)
        torch.bmm(error, self._h_t, out=D.second_slope)
        torch.mul(D.second_t, error, out=dh)
        _relu_backward(dh, h, 0, grad_input=dh)
        D.slope_of_first(dh, self._dh_t, self._x, self._x_t)
        D.update(*self._pace(D))

    def _mo_generate(self) -> Tensor:
        """MO-GAAL's second half of a step begins with D's quantiles over the table and fresh noise for all."""
        self._discriminate(self.D.first, self.D.second, *self._judged)
        self._target_g.copy_(self._find_quantiles(self._judged[2][:, 0]).reshape(-1, 1, 1))
        noise = self._draw(Stream.NOISE_G)
        self._generate(noise)
        return noise

    def _find_quantiles(self, logits: Tensor) -> Tensor:
        return self._quantiles.of(logits)

    def _generator_step(self, noise: Tensor, slot: int) -> None:
        error, target, logits = self._error_g, self._target_g, self._slots_g[slot]
        if self.k > 1:
            self._first_each.copy_(self._first_shared)
            self._second_each.copy_(self._second_shared)
        self._discriminate(self._first_of_g, self._second_of_g, self._g, self._hg, logits)
        if self.is_mo:
            self._targets[slot] = target[:, 0]
        if all(self._stopped):
            return
        torch.sigmoid(logits, out=error)
        error.sub_(target)
        self._generator_slopes(noise)
        self.G.update(*self._pace(self.G))

    def _generator_slopes(self, noise: Tensor) -> None:
        dh, dg, da = self._dhg, self._dg, self._da
        # The errors belong to columns, so they may wait until the columns are short: d+1 rows instead of h+1.
        _relu_backward(self._second_wide, self._hg, 0, grad_input=dh)
        torch.bmm(self._first_of_g_t, dh, out=dg).mul_(self._error_g)
        _relu_backward(dg, self._g, 0, grad_input=dg)
        torch.bmm(dg, self._a_t, out=self._second_slope)
        torch.bmm(self._second_t, dg, out=da)
        _relu_backward(da, self._a, 0, grad_input=da)
        torch.bmm(self._tall_da, noise.transpose(1, 2), out=self._tall_slope)

    def _pace(self, layers: Layers) -> tuple[Tensor | float, Tensor | float]:
        """(momentum, factor of the learning rate) of this step; numbers where all runs share them."""
        t = self.step
        if self._shared is not None:
            c = self._shared
            return c.momentum, (1 - c.dampening if t else 1.0) / (1 + c.decay * t)
        damped = 1 - self._dampening if t else torch.ones_like(self._dampening)
        return layers.each(self._momentum), layers.each(damped / (1 + self._decay * t))

    def _stop_generators(self) -> None:
        for run, last in enumerate(self.generator_steps):
            if last is not None and self.step >= last and not self._stopped[run]:
                self.G.freeze(run)
                self._stopped[run] = True

    # -- what is seen ----------------------------------------------------------------------------------------------

    def _record(self, block: int) -> StepRecord:
        here = [np.asarray(column.cpu().numpy(), dtype=np.float32) for column in self._summaries(block)]
        record = StepRecord(here[0], here[1], here[2], here[3])
        self._note_divergence(record, block)
        return record

    def _summaries(self, block: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """d_loss (block, M), sub_g_loss (block, M, k), d_real and d_fake (block, M) from the logits that were kept."""
        M, k, batch = self.runs, self.k, self.batch

        def by_part(rows: Tensor, *shape: int) -> Tensor:
            return rows[:, : math.prod(shape)].view(block, *shape).mean(-1)

        # -log(1 - D) = softplus(l) and -log D = softplus(-l), each exact where it is small.
        logits, kept = self._logits_d[:block], self._kept_d[:block]
        d_loss = by_part(_softplus(torch.mul(logits, self._signs_d, out=kept), out=kept), M, 2 * batch)
        p = by_part(torch.sigmoid(logits, out=kept), M, 2, batch)
        logits, kept = self._logits_g[:block], self._kept_g[:block]
        g_loss = by_part(_softplus(torch.neg(logits, out=kept), out=kept), M, k, batch)
        if self.is_mo:
            # t softplus(-l) + (1 - t) softplus(l), and softplus(l) = softplus(-l) + l.
            targets = self._targets[:block].view(block, M, k)
            g_loss = (g_loss + (1 - targets) * by_part(logits, M, k, batch)).clamp_min(0)
        return d_loss, g_loss, p[..., 0], p[..., 1]

    def _note_divergence(self, record: StepRecord, block: int) -> None:
        bad: dict[str, npt.NDArray[np.bool_]] = {
            "the loss of D": ~np.isfinite(record.d_loss),
            "the loss of G": ~np.isfinite(record.sub_g_loss.sum(axis=2)),
        }
        for run in range(self.runs):
            found = [(int(np.argmax(rows[:, run])), quantity) for quantity, rows in bad.items() if rows[:, run].any()]
            if found and self.diverged[run] is None:
                slot, quantity = min(found)
                self.diverged[run] = diverged(quantity, self.step - block + slot + 1)

    @torch.inference_mode()
    def logits(self, X: FloatArray | None = None, values: FloatArray | None = None) -> FloatArray:
        """D's logits (M, m) of rows ``X`` (m, d), or of the table, with D now or with flat parameters ``values``."""
        if X is None:
            columns = self.table.t()
        else:
            columns = self._augment(torch.from_numpy(np.ascontiguousarray(X.T)))
        logits: FloatArray = self._logits_at(self._flat(values)[None], columns)[0]
        return logits

    @torch.inference_mode()
    def table_logits(self, moments: FloatArray, rows: npt.NDArray[np.int64] | None = None) -> FloatArray:
        """D's logits on the table, or some of its rows, with the flat parameters ``moments`` (e, size): (e, M, m)."""
        table = self.table if rows is None else self.table[torch.from_numpy(rows).to(self.device)]
        return self._logits_at(torch.from_numpy(moments).to(self.device), table.t())

    def _logits_at(self, moments: Tensor, columns: Tensor) -> FloatArray:
        """D's logits on ``columns`` (d+1, m) with the flat parameters of each of ``moments`` (e, size): (e, M, m)."""
        e, M, m = len(moments), self.runs, columns.shape[1]
        first, second = (part.flatten(0, 1) for part in self.D.split(moments))
        found = torch.empty(e * M, 1, m, dtype=self.dtype, device=self.device)
        # A block of columns depends on one moment's size, so that logits do not depend on who is asked for beside it.
        width = min(m, max(256, BLOCK_FLOATS // (M * (self.hidden + 1))))
        together = M * max(1, min(MOMENTS_TOGETHER, BLOCK_FLOATS // (M * (self.hidden + 1) * width)))
        with one_thread():
            for start in range(0, m, width):
                part = columns[:, start : start + width]
                h = torch.empty(
                    min(together, e * M), self.hidden + 1, part.shape[1], dtype=self.dtype, device=self.device
                )
                for at in range(0, e * M, together):
                    of = slice(at, min(at + together, e * M))
                    here = found[of, :, start : start + width]
                    some = part.expand(len(here), -1, -1)
                    self._discriminate(first[of], second[of], some, h[: len(here)], here)
        return np.asarray(found.view(e, M, m).cpu().numpy(), dtype=np.float32)

    def _flat(self, values: FloatArray | None) -> Tensor:
        return self.D.values if values is None else torch.from_numpy(values).to(self.device)

    def generated(self) -> FloatArray:
        """Potential outliers from noise that never changes: (M, k, m, d) float32, m of each sub-generator."""
        return np.ascontiguousarray(np.swapaxes(self.generated_at(self.G.copy()[None])[0], 2, 3))

    def generated_at(self, flat: FloatArray) -> FloatArray:
        """The same, feature-major, with G's ``flat`` parameters (e, size) at several moments: (e, M, k, d, m)."""
        # In numpy, which multiplies stacked matrices one by one: the points do not depend on how many are stacked.
        first, second = self.G.shapes
        A = flat[:, : first.numel()].reshape(-1, *first)
        B = flat[:, first.numel() :].reshape(-1, *second)
        a = np.maximum(A @ self._frame_noise, 0)
        return np.asarray(np.maximum(B[..., : self.d, :] @ a, 0), dtype=np.float32)

    @torch.inference_mode()
    def discriminator_weights(self, run: int = 0, values: FloatArray | None = None) -> DiscriminatorWeights:
        """A copy of D's weights of one run, now or from the flat parameters ``values``."""
        first, second = (part[0, run].cpu().numpy() for part in self.D.split(self._flat(values)[None]))
        h, d = self.hidden, self.d
        w1, b1 = first[:h, :d].T.copy(), first[:h, d].copy()
        return DiscriminatorWeights(w1, b1, second[0, :h].copy(), float(second[0, h]))

    @torch.inference_mode()
    def generator_weights(self, run: int = 0) -> list[tuple[FloatArray, FloatArray, FloatArray, FloatArray]]:
        """Copies of (w1 (d, d), b1, w2 (d, d), b2) for each sub-generator of a run, input x output."""
        d = self.d
        A, B = self.G.first[run].cpu().numpy(), self.G.second[run].cpu().numpy()
        return [
            (a[:d, :d].T.copy(), a[:d, d].copy(), b[:d, :d].T.copy(), b[:d, d].copy())
            for a, b in zip(A, B, strict=True)
        ]

    # -- state -----------------------------------------------------------------------------------------------------

    @torch.inference_mode()
    def state_dict(self) -> dict[str, FloatArray]:
        """Copies of all that the future depends on besides the set-up and ``step``: noise follows from the step."""
        parts = {"d": self.D, "g": self.G}
        return {
            f"{name}_{part}": np.asarray(getattr(layers, part).cpu().numpy()).copy()
            for name, layers in parts.items()
            for part in ("values", "velocity")
        }

    @torch.inference_mode()
    def load_state_dict(self, state: Mapping[str, FloatArray], step: int) -> None:
        """Go on from what :meth:`state_dict` gave after ``step`` steps."""
        for name, layers in (("d", self.D), ("g", self.G)):
            for part in ("values", "velocity"):
                mine: Tensor = getattr(layers, part)
                given = state[f"{name}_{part}"]
                if given.shape != tuple(mine.shape):
                    raise ConfigError(f"{name}_{part} must have shape {tuple(mine.shape)}, got {given.shape}.")
                mine.copy_(torch.from_numpy(np.array(given)))
        self.step = step
