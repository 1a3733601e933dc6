"""The step that a device does alone, on the CPU: equal to the ordinary one, and the same operations at every step."""

from collections.abc import Mapping

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from sogaal.captured import DeviceEngine, engine_for
from sogaal.config import TrainConfig, make_config
from sogaal.device_numbers import DeviceBatches, DeviceNumbers
from sogaal.engine import Engine
from sogaal.seeding import Stream

CPU = torch.device("cpu")
CASES = {
    "so": {"algorithm": "so-gaal"},
    "so, once": {"algorithm": "so-gaal", "shuffle": "once"},
    "mo": {"algorithm": "mo-gaal", "k": 3},
    "mo, k=1": {"algorithm": "mo-gaal", "k": 1},
}


def group(**changes: object) -> list[TrainConfig]:
    """Runs that differ in all that may differ; their G's stop after 6 and 10 steps, and never."""
    values = {"lr_d": 0.05, "lr_g": 0.02, "batch_size": 50, "stop_epochs": 4, "seed": 3}
    first = make_config(**(values | changes))
    return [
        first,
        first.replace(seed=4, lr_g=0.001, momentum=0.5, stop_epochs=2, dampening=0.2),
        first.replace(seed=4, generator_bias=0.5, decay=0.1, whether_stop=0),
    ]


def table(dtype: type = np.float64) -> np.ndarray:
    return np.random.default_rng(5).random((120, 3)).astype(dtype)


def same_state(one: Engine, other: Engine, atol: float) -> None:
    for name, values in one.state_dict().items():
        np.testing.assert_allclose(values, other.state_dict()[name], atol=atol, err_msg=name)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("runs", [slice(0, 1), slice(0, 2), slice(0, 3)])
def test_equals_the_ordinary_step_from_the_same_numbers(case: str, runs: slice) -> None:
    configs = group(**CASES[case])[runs]
    ordinary, alone = Engine(table(), configs), DeviceEngine(table(), configs, host_numbers=True)
    expected, record = ordinary.advance(24, marks={7}), alone.advance(24, marks={7})
    for name in ("d_loss", "sub_g_loss", "d_real", "d_fake"):
        np.testing.assert_allclose(getattr(record, name), getattr(expected, name), atol=1e-6, err_msg=name)
    same_state(alone, ordinary, 1e-9)
    assert record.marks is not None
    assert expected.marks is not None
    np.testing.assert_allclose(record.marks.d_values, expected.marks.d_values, atol=1e-6)
    assert record.marks.steps.tolist() == [7]


class Seen(TorchDispatchMode):
    """Notes every operation with its Python numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.operations: list[str] = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
        def plain(value: object) -> object:
            if isinstance(value, torch.Tensor):
                return tuple(value.shape)
            if isinstance(value, list | tuple):
                return [plain(one) for one in value]
            return {k: plain(v) for k, v in value.items()} if isinstance(value, Mapping) else value

        self.operations.append(f"{func} {plain(args)} {plain(kwargs or {})}")
        return func(*args, **(kwargs or {}))


def operations(engine: DeviceEngine) -> list[str]:
    """What one more step does after its inputs are in place."""
    engine._stop_generators()
    engine._fill()
    with torch.inference_mode(), Seen() as seen:
        engine._alone()
    engine.step += 1
    return seen.operations


@pytest.mark.parametrize("algorithm", ["so-gaal", "mo-gaal"])
def test_every_step_is_the_same_operations_with_the_same_numbers(algorithm: str) -> None:
    engine = DeviceEngine(table(np.float32), group(algorithm=algorithm, k=3))
    with torch.inference_mode():
        steps = [operations(engine) for _ in range(13)]  # two of the three G's stop on the way
    assert len(steps[0]) > 30
    # MO-GAAL's quantiles too: numpy, which takes them on a CPU, would leave no trace here.
    assert any("aten.sort" in operation for operation in steps[0]) == (algorithm == "mo-gaal")
    for later in steps[1:]:
        assert later == steps[0]
    for asks_the_host in ("_local_scalar_dense", "nonzero", "_to_copy", "item"):
        assert not [operation for operation in steps[0] if asks_the_host in operation]


def test_after_the_last_stop_g_has_no_half() -> None:
    engine = DeviceEngine(table(np.float32), group()[:2])
    with torch.inference_mode():
        steps = [operations(engine) for _ in range(14)]
    assert steps[9] == steps[0]
    assert steps[12] == steps[13]
    assert len(steps[12]) < len(steps[0])


@pytest.mark.parametrize("algorithm", ["so-gaal", "mo-gaal"])
def test_a_group_repeats_bit_for_bit_however_it_is_stepped_and_resumed(algorithm: str) -> None:
    configs = group(algorithm=algorithm, k=3)
    X = table(np.float32)
    whole, parts, resumed = DeviceEngine(X, configs), DeviceEngine(X, configs), DeviceEngine(X, configs)
    record = whole.advance(30)
    pieces = [parts.advance(steps) for steps in (1, 12)]
    resumed.load_state_dict(parts.state_dict(), parts.step)
    pieces.append(resumed.advance(17))
    for name in ("d_loss", "sub_g_loss", "d_real", "d_fake"):
        joined = np.concatenate([getattr(piece, name) for piece in pieces])
        np.testing.assert_array_equal(joined, getattr(record, name), err_msg=name)
    same_state(resumed, whole, 0)
    other = DeviceEngine(X, [config.replace(seed=config.seed + 1) for config in configs])
    assert not np.array_equal(other.advance(30).d_loss, record.d_loss)


def test_a_run_that_diverges_harms_no_other() -> None:
    X = table(np.float32) * np.float32(1e15)
    config = make_config(batch_size=50, stop_epochs=400, lr_d=0.05, lr_g=0.02)
    engine = DeviceEngine(X, [config.replace(lr_d=1e-30, lr_g=1e-30), config])
    record = engine.advance(300)
    assert engine.diverged[0] is None
    assert np.isfinite(record.d_loss[:, 0]).all()
    error = engine.diverged[1]
    assert error is not None
    assert np.isfinite(record.d_loss[: error.step - 1, 1]).all()


def test_numbers_are_uniform_and_shared_by_equal_seeds() -> None:
    numbers = DeviceNumbers([7, 8, 7], CPU, torch.float32)
    drawn = numbers.uniform(Stream.NOISE_D, 5, 2, 5000)
    assert drawn.shape == (3, 2, 5000)
    assert torch.equal(drawn[0], drawn[2])
    assert not torch.equal(drawn[0], drawn[1])
    assert 0 <= float(drawn.min()) < 0.01
    assert 0.99 < float(drawn.max()) < 1
    assert abs(float(drawn.mean()) - 0.5) < 0.02
    assert torch.equal(drawn, numbers.uniform(Stream.NOISE_D, 5, 2, 5000))
    for kind, step in ((Stream.NOISE_D, 6), (Stream.NOISE_G, 5)):
        assert not torch.equal(drawn, numbers.uniform(kind, step, 2, 5000))


def test_batches_of_an_epoch_hold_each_row_at_most_once() -> None:
    rows = torch.arange(10.0)[:, None]
    numbers = DeviceNumbers([1, 2], CPU, torch.float32)
    for shuffle in ("each_epoch", "once", "none"):
        batches = DeviceBatches(rows, numbers, 2, 4, shuffle)
        epochs = [torch.cat([batches.at(step) for step in pair], dim=2) for pair in ((0, 1), (2, 3))]
        for epoch in epochs:
            assert epoch.shape == (2, 1, 8)
            assert all(len(set(run[0].tolist())) == 8 for run in epoch)
        assert torch.equal(epochs[0], epochs[1]) == (shuffle != "each_epoch")
        assert torch.equal(epochs[0][0], epochs[0][1]) == (shuffle == "none")


def test_the_cpu_keeps_its_engine() -> None:
    assert type(engine_for(table(np.float32), group())) is Engine
