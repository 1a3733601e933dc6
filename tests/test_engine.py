"""The closed-form step against autograd in float64, and what the engine promises about groups and noise."""

import numpy as np
import pytest
import torch

from sogaal.config import TrainConfig, make_config
from sogaal.counting import generator_steps, sub_generator_blocks
from sogaal.engine import Engine
from sogaal.errors import ConfigError
from tests.reference import Reference

CASES = {
    "so": {"algorithm": "so-gaal"},
    "so, paper's start": {"algorithm": "so-gaal", "discriminator_init": "variance_scaling", "shuffle": "once"},
    "so, bias 1, dampening": {"algorithm": "so-gaal", "generator_bias": 1.0, "dampening": 0.3},
    "so, rows as they come": {"algorithm": "so-gaal", "shuffle": "none", "decay": 0.01},
    "mo, k=3": {"algorithm": "mo-gaal", "k": 3},
    "mo, k=1": {"algorithm": "mo-gaal", "k": 1},
    "mo, more sub-generators than the original shares out": {"algorithm": "mo-gaal", "k": 12},
}


def small_table(n: int = 120, d: int = 3, dtype: type = np.float64) -> np.ndarray:
    return np.random.default_rng(5).random((n, d)).astype(dtype)


def quick(**changes: object) -> TrainConfig:
    values = {"lr_d": 0.05, "lr_g": 0.02, "batch_size": 50, "stop_epochs": 4, "seed": 3}
    return make_config(**(values | changes))


@pytest.mark.parametrize("case", CASES)
def test_closed_form_equals_autograd(case: str) -> None:
    X = small_table()
    engine = Engine(X, [quick(**CASES[case])])
    reference = Reference(X, engine)
    steps = 24  # past the stop of G at 10 steps, over several epochs of 2 batches
    expected = [reference.step() for _ in range(steps)]
    record = engine.advance(steps)
    np.testing.assert_allclose(record.d_loss[:, 0], [d for d, _ in expected], atol=1e-6)
    np.testing.assert_allclose(record.sub_g_loss[:, 0], [g for _, g in expected], atol=1e-6)
    h, d = engine.hidden, engine.d
    parts = [engine.D.first[0, :h, :d], engine.D.first[0, :h, d], engine.D.second[0, 0, :h], engine.D.second[0, 0, h]]
    for mine, theirs in zip(parts, reference.D, strict=True):
        np.testing.assert_allclose(mine.numpy(), theirs.detach().numpy(), atol=1e-9)
    for A, B, theirs in zip(engine.G.first[0], engine.G.second[0], reference.G, strict=True):
        for mine, value in zip([A[:d, :d], A[:d, d], B[:d, :d], B[:d, d]], theirs, strict=True):
            np.testing.assert_allclose(mine.numpy(), value.detach().numpy(), atol=1e-9)


@pytest.mark.parametrize("algorithm", ["so-gaal", "mo-gaal"])
def test_history_does_not_depend_on_how_the_steps_are_asked_for(algorithm: str) -> None:
    X = small_table(dtype=np.float32)
    whole = Engine(X, [quick(algorithm=algorithm)])
    parts = Engine(X, [quick(algorithm=algorithm)])
    record = whole.advance(90)
    pieces = [parts.advance(steps) for steps in (1, 1, 7, 64, 17)]
    np.testing.assert_array_equal(np.concatenate([p.d_loss for p in pieces]), record.d_loss)
    np.testing.assert_array_equal(np.concatenate([p.sub_g_loss for p in pieces]), record.sub_g_loss)
    np.testing.assert_array_equal(parts.logits(), whole.logits())


@pytest.mark.parametrize("algorithm", ["so-gaal", "mo-gaal"])
def test_group_of_different_runs_does_what_each_does_alone(algorithm: str) -> None:
    X = small_table()
    configs = [
        quick(algorithm=algorithm, k=3, seed=1, lr_d=0.01),
        quick(algorithm=algorithm, k=3, seed=2, lr_g=0.001, momentum=0.5, stop_epochs=2),
        quick(algorithm=algorithm, k=3, seed=3, generator_bias=0.5, decay=0.1, dampening=0.2, whether_stop=0),
    ]
    group = Engine(X, configs)
    together = group.advance(20)
    for run, config in enumerate(configs):
        alone = Engine(X, [config])
        record = alone.advance(20)
        np.testing.assert_allclose(together.d_loss[:, run], record.d_loss[:, 0], atol=1e-6)
        np.testing.assert_allclose(together.sub_g_loss[:, run], record.sub_g_loss[:, 0], atol=1e-6)
        np.testing.assert_allclose(group.logits()[run], alone.logits()[0], atol=1e-5)


def test_a_run_that_diverges_harms_no_other() -> None:
    X = small_table(dtype=np.float32) * np.float32(1e15)
    good, bad = quick(seed=1, lr_d=1e-30, lr_g=1e-30), quick(seed=1)
    group = Engine(X, [good, bad])
    record = group.advance(200)
    assert group.diverged[0] is None
    assert np.isfinite(record.d_loss[:, 0]).all()
    error = group.diverged[1]
    assert error is not None
    assert f"step {error.step}" in str(error)
    assert not np.isfinite([record.d_loss[error.step - 1, 1], *record.sub_g_loss[error.step - 1, 1]]).all()
    assert np.isfinite(record.d_loss[: error.step - 1, 1]).all()


def test_generator_stands_still_after_the_stop() -> None:
    X = small_table(dtype=np.float32)
    engine = Engine(X, [quick()])
    engine.advance(engine.generator_steps[0])
    before = engine.generated().copy()
    engine.advance(6)
    np.testing.assert_array_equal(engine.generated(), before)


def test_when_the_generator_stops() -> None:
    # As the originals count: SO-GAAL tests its flag after an epoch, MO-GAAL within one.
    assert generator_steps(make_config(stop_epochs=20), batches=2) == 42
    assert generator_steps(make_config(algorithm="mo-gaal", stop_epochs=20), batches=2) == 41
    assert generator_steps(make_config(whether_stop=0), batches=2) is None


def test_blocks_of_the_original() -> None:
    sizes = [end - start for start, end in sub_generator_blocks(500, 10)]
    assert sizes == [90, 81, 72, 63, 54, 45, 36, 27, 18, 14]


@pytest.mark.parametrize(("batch", "k"), [(30, 10), (54, 10), (10, 10), (11, 10), (500, 100)])
def test_blocks_where_the_original_breaks(batch: int, k: int) -> None:
    blocks = sub_generator_blocks(batch, k)
    sizes = np.array([end - start for start, end in blocks])
    assert sizes.sum() == batch
    assert (sizes >= 1).all()
    assert (np.diff(sizes) <= 0).all()
    quota = 1 + (batch - k) * np.arange(k, 0, -1) / (k * (k + 1) / 2)
    assert np.abs(sizes - quota).max() < 1


def test_more_sub_generators_than_rows_in_a_batch_are_refused() -> None:
    with pytest.raises(ConfigError, match="k must be at most the batch size, 50 here, got 60") as caught:
        Engine(small_table(dtype=np.float32), [quick(algorithm="mo-gaal", k=60)])
    assert caught.value.field == "k"


def test_no_runs_and_mixed_shapes_are_refused() -> None:
    X = small_table(dtype=np.float32)
    with pytest.raises(ConfigError, match="at least one run"):
        Engine(X, [])
    with pytest.raises(ConfigError, match="hidden_size must be the same"):
        Engine(X, [quick(), quick(hidden_size=3)])


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has CUDA")
def test_a_device_that_is_not_there_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"device must be available here \('cpu'.*got 'cuda'"):
        Engine(small_table(dtype=np.float32), [quick(device="cuda")])


def test_quantiles_of_a_large_table_come_from_a_fixed_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sogaal.subgenerators.QUANTILE_ROWS", 40)
    engine = Engine(small_table(dtype=np.float32), [quick(algorithm="mo-gaal", k=3)])
    assert engine._quantiles.columns.shape == (4, 40)
    again = Engine(small_table(dtype=np.float32), [quick(algorithm="mo-gaal", k=3, seed=9)])
    assert torch.equal(engine._quantiles.columns, again._quantiles.columns)
