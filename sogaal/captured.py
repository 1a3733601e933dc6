"""The engine away from the CPU: one step that the device does alone, captured as a graph on CUDA and replayed.

A graph repeats the very operations it was captured from, with the same Python numbers and the same memory. So all that
changes from step to step lies in tensors that stay where they are: the real batch and the noise (put there before each
step, from the device's own generator), the count of steps, and what is kept of a step, collected in a log until the
host asks. A run's G that stops is frozen in place; when the last one has stopped, a second graph leaves G's half out.

Neither CUDA nor mps has run this yet: the tests hold this step on the CPU against the ordinary one, and check that its
operations and numbers are the same at every step; capture and replay themselves are tested where CUDA is
(tests/test_gpu.py).
"""

from collections.abc import Collection, Sequence

import numpy as np
import torch
from torch import Tensor

from sogaal.config import TrainConfig
from sogaal.device_numbers import DeviceBatches, DeviceNumbers
from sogaal.devices import one_thread
from sogaal.engine import Engine, FloatArray
from sogaal.layers import Layers
from sogaal.memory import out_of_memory_told
from sogaal.records import MarksKeeper, StepRecord
from sogaal.seeding import Stream

# Steps done one by one before a graph is captured: libraries set themselves up in the first ones.
WARM_UP = 3
# Steps whose records stay on the device, at most; numbers that they may hold.
LOGGED_STEPS, LOGGED_FLOATS = 256, 2**24


def engine_for(X: FloatArray, configs: Sequence[TrainConfig], table: Tensor | None = None) -> Engine:
    """The engine for the device that ``configs`` name: :class:`Engine` on a CPU, :class:`DeviceEngine` elsewhere.

    ``table``: as of :class:`Engine`. Raises what :class:`Engine` raises.
    """
    on_cpu = not configs or configs[0].device == "cpu"
    return Engine(X, configs, table) if on_cpu else DeviceEngine(X, configs, table=table)


class DeviceEngine(Engine):
    """An :class:`Engine` whose step needs nothing from the host.

    ``host_numbers``: batches and noise of the ordinary engine instead of the device's own, to compare the two.
    ``capture``: replay a graph; it takes CUDA, elsewhere the same step is done operation by operation.
    """

    @torch.inference_mode()
    def __init__(
        self,
        X: FloatArray,
        configs: Sequence[TrainConfig],
        host_numbers: bool = False,
        capture: bool = True,
        table: Tensor | None = None,
    ) -> None:
        super().__init__(X, configs, table)
        self._host_numbers = host_numbers
        self._captures = capture and self.device.type == "cuda"
        self._graphs: dict[bool, torch.cuda.CUDAGraph] = {}
        self._steps_by_hand = 0
        with out_of_memory_told(self.bytes_needed, self.device):
            self._make_inputs()

    def _make_inputs(self) -> None:
        M, d, batch = self.runs, self.d, self.batch

        def zeros(*shape: int) -> Tensor:
            return torch.zeros(shape, dtype=self.dtype, device=self.device)

        kinds = (Stream.NOISE_D, Stream.NOISE_G) if self.is_mo else (Stream.NOISE_D,)
        self._inputs = {kind: zeros(M, d + 1, batch).fill_(1) for kind in kinds}
        self._columns = self.k + 3
        steps = max(1, min(LOGGED_STEPS, LOGGED_FLOATS // (M * self._columns)))
        self._seen = zeros(steps, M, self._columns)
        self._place = torch.zeros(1, dtype=torch.long, device=self.device)
        self._t = zeros(1)
        self._flat_momentum = {layers: layers.each(self._momentum) for layers in (self.D, self.G)}
        numbers = DeviceNumbers([config.seed for config in self.configs], self.device, self.dtype)
        self._numbers = numbers
        if not self._host_numbers:
            self._real_batches = DeviceBatches(self.table, numbers, M, batch, self.configs[0].shuffle)

    # -- what a step takes from outside ----------------------------------------------------------------------------

    def _fill(self) -> None:
        """Put the real batch and the noise of this step where the step looks for them."""
        real = self._batches.at(self.step) if self._host_numbers else self._real_batches.at(self.step)
        self._real.copy_(real)
        for kind, place in self._inputs.items():
            if self._host_numbers:
                place.copy_(self._host_noise(kind))
            else:
                place[:, : self.d].copy_(self._numbers.uniform(kind, self.step, self.d, self.batch))

    def _host_noise(self, kind: Stream) -> Tensor:
        noise = super()._draw(kind)
        if not (self.is_mo and kind is Stream.NOISE_D):
            return noise
        rows = noise.movedim(-2, -1).flatten(1, 2)  # shared out already: put the columns back in their order
        return self._shares.collect(rows).transpose(1, 2)

    def _draw(self, kind: Stream) -> Tensor:
        noise = self._inputs[kind]
        return self._shares.share_out(noise) if self.is_mo and kind is Stream.NOISE_D else noise

    def _find_quantiles(self, logits: Tensor) -> Tensor:
        return self._quantiles.on_device(logits)

    def _pace(self, layers: Layers) -> tuple[Tensor, Tensor]:
        damped = torch.where(self._t > 0, 1 - self._dampening, torch.ones_like(self._dampening))
        return self._flat_momentum[layers], layers.each(damped / (1 + self._decay * self._t))

    # -- the step --------------------------------------------------------------------------------------------------

    def _alone(self) -> None:
        """The whole step on what lies ready: what a graph is captured from."""
        self._play(0)
        d_loss, g_loss, d_real, d_fake = self._summaries(1)
        row = torch.cat([d_loss[..., None], d_real[..., None], d_fake[..., None], g_loss], dim=2)
        self._seen.index_copy_(0, self._place, row)
        self._place.add_(1)
        self._t.add_(1)

    def _next_step(self) -> None:
        self._stop_generators()
        self._fill()
        ended = all(self._stopped)
        if not self._captures or self._steps_by_hand < WARM_UP:
            self._alone()
            self._steps_by_hand += 1
        else:
            if ended not in self._graphs:
                self._graphs[ended] = graph = torch.cuda.CUDAGraph()
                with torch.cuda.graph(graph):  # this only captures; the replay below does the step
                    self._alone()
            self._graphs[ended].replay()
        self.step += 1

    @torch.inference_mode()
    def advance(self, steps: int, marks: Collection[int] = ()) -> StepRecord:
        """As :meth:`Engine.advance`."""
        records, kept = [], MarksKeeper(marks, self.D, self.G)
        with one_thread(), out_of_memory_told(self.bytes_needed, self.device):
            while steps > 0:
                block = min(steps, len(self._seen))
                self._place.zero_()
                self._t.fill_(self.step)
                for _ in range(block):
                    self._next_step()
                    if self.step in marks:
                        kept.keep(self.step)
                records.append(self._fetch(block))
                steps -= block
        names = ("d_loss", "sub_g_loss", "d_real", "d_fake")
        columns = [np.concatenate([getattr(record, name) for record in records]) for name in names]
        return StepRecord(columns[0], columns[1], columns[2], columns[3], kept.marks())

    def _fetch(self, block: int) -> StepRecord:
        seen = np.array(self._seen[:block].cpu().numpy(), dtype=np.float32)
        record = StepRecord(seen[..., 0], seen[..., 3:], seen[..., 1], seen[..., 2])
        self._note_divergence(record, block)
        return record
