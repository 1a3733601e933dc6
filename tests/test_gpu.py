"""Training on CUDA; skipped where there is none."""

import numpy as np
import pytest
import torch

from sogaal.captured import DeviceEngine
from sogaal.config import make_config
from sogaal.errors import NotEnoughMemoryError
from sogaal.trainer import Trainer
from tests.test_captured import CASES, group, same_state, table

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA, which this machine does not have")
NAMES = ("d_loss", "sub_g_loss", "d_real", "d_fake")


def on_cuda(**changes: object) -> list:
    return [config.replace(device="cuda") for config in group(**changes)]


@pytest.mark.parametrize("case", CASES)
def test_cuda_equals_the_cpu_from_the_same_numbers(case: str) -> None:
    here = DeviceEngine(table(), group(**CASES[case]), host_numbers=True)
    there = DeviceEngine(table(), on_cuda(**CASES[case]), host_numbers=True)
    expected, record = here.advance(24), there.advance(24)
    for name in NAMES:
        np.testing.assert_allclose(getattr(record, name), getattr(expected, name), atol=1e-6, err_msg=name)
    same_state(there, here, 1e-9)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("runs", [slice(0, 3), slice(0, 2)])  # one G never stops; all stop, and a second graph comes
def test_captured_equals_uncaptured(case: str, runs: slice) -> None:
    configs = on_cuda(**CASES[case])[runs]
    captured, plain = DeviceEngine(table(), configs), DeviceEngine(table(), configs, capture=False)
    record, expected = captured.advance(24, {20}), plain.advance(24, {20})
    assert len(captured._graphs) == (1 if len(configs) == 3 else 2)
    assert not plain._graphs
    for name in NAMES:
        np.testing.assert_allclose(getattr(record, name), getattr(expected, name), atol=1e-6, err_msg=name)
    same_state(captured, plain, 1e-9)


@pytest.mark.parametrize("algorithm", ["so-gaal", "mo-gaal"])
def test_a_group_repeats_bit_for_bit(algorithm: str) -> None:
    configs = on_cuda(algorithm=algorithm, k=3)
    one, other = (DeviceEngine(table(np.float32), configs) for _ in range(2))
    first, pieces = one.advance(300), [other.advance(steps) for steps in (1, 17, 282)]
    for name in NAMES:
        joined = np.concatenate([getattr(piece, name) for piece in pieces])
        np.testing.assert_array_equal(joined, getattr(first, name), err_msg=name)
    same_state(one, other, 0)


def test_a_stopped_generator_stands_still_while_others_move() -> None:
    engine = DeviceEngine(table(np.float32), on_cuda())
    engine.advance(11)
    before = engine.generated()
    engine.advance(20)
    after = engine.generated()
    for stopped in (0, 1):
        np.testing.assert_array_equal(before[stopped], after[stopped])
    assert not np.array_equal(before[2], after[2])


def test_a_trainer_trains_evaluates_and_resumes() -> None:
    rng = np.random.default_rng(0)
    y = (np.arange(200) < 10).astype(np.int8)
    X = np.where(y[:, None] == 1, rng.random((200, 2)), rng.normal(0.5, 0.05, (200, 2))).astype(np.float32)
    config = make_config(stop_epochs=20, batch_size=60, device="cuda")
    whole, broken, resumed = Trainer(X, config, y).fit(), Trainer(X, config, y), Trainer(X, config, y)
    broken.advance(25)
    resumed.load_state_dict(broken.state_dict(), broken.history)
    resumed.fit()
    for name, column in whole.history.to_arrays().items():
        np.testing.assert_allclose(column, resumed.history.to_arrays()[name], atol=1e-4, err_msg=name)
    assert whole.history.view().auc.shape == (60,)


def test_too_many_runs_are_refused_before_training_starts() -> None:
    config = make_config(batch_size=500, hidden_size=1000, device="cuda")
    with pytest.raises(NotEnoughMemoryError, match=r"needs at least [\d,.]+ GiB of memory on 'cuda'"):
        DeviceEngine(np.zeros((1000, 2), np.float32), [config] * 100_000)
