"""The engine against the authors' Keras code: 24 steps from known weights and known noise.

``data/keras_parity.npz`` was measured with the original SO-GAAL and MO-GAAL code under Keras 3.15.1, its decay written
as an inverse-time schedule; learning rates and decay are larger than the paper's so that a wrong term shows.
"""

from pathlib import Path

import numpy as np
import pytest
import torch

from sogaal.config import TrainConfig
from sogaal.counting import sub_generator_blocks
from sogaal.engine import Engine
from sogaal.seeding import Stream

REFERENCE = np.load(Path(__file__).parent / "data" / "keras_parity.npz", allow_pickle=False)
TOLERANCE = 1e-5


def reference_engine(algorithm: str, prefix: str) -> Engine:
    ref = REFERENCE
    config = TrainConfig(
        algorithm=algorithm,
        k=int(ref["k"]),
        lr_d=float(ref["lr_d"]),
        lr_g=float(ref["lr_g"]),
        momentum=float(ref["momentum"]),
        decay=float(ref["decay"]),
        batch_size=int(ref["batch"]),
        generator_bias=0.0,
        shuffle="none",
        whether_stop=0,
    )
    engine = Engine(ref["X"].astype(np.float32), [config])
    with torch.inference_mode():
        h = engine.hidden
        engine.D.first[0, :h, :-1] = torch.from_numpy(ref[f"{prefix}_init_W1"].T.copy())
        engine.D.first[0, :h, -1] = torch.from_numpy(ref[f"{prefix}_init_b1"])
        engine.D.second[0, 0, :h] = torch.from_numpy(ref[f"{prefix}_init_W2"][:, 0].copy())
        engine.D.second[0, 0, h] = float(ref[f"{prefix}_init_b2"][0])
    return engine


def give_noise(engine: Engine, monkeypatch: pytest.MonkeyPatch, noise: dict[Stream, np.ndarray]) -> None:
    """Let the engine draw the recorded noise (steps, ..., batch, d) instead of its own."""

    def draw(kind: Stream) -> torch.Tensor:
        columns = np.swapaxes(noise[kind][engine.step], -1, -2).astype(np.float32)
        assert columns.shape == (engine.d, engine.batch)
        drawn = engine._augment(torch.from_numpy(columns[None].copy()))
        return engine._shares.share_out(drawn) if engine.is_mo and kind is Stream.NOISE_D else drawn

    monkeypatch.setattr(engine, "_draw", draw)


def assert_same_weights(engine: Engine, prefix: str) -> None:
    weights = engine.discriminator_weights()
    np.testing.assert_allclose(weights.w1, REFERENCE[f"{prefix}_final_W1"], atol=TOLERANCE)
    np.testing.assert_allclose(weights.b1, REFERENCE[f"{prefix}_final_b1"], atol=TOLERANCE)
    np.testing.assert_allclose(weights.w2, REFERENCE[f"{prefix}_final_W2"][:, 0], atol=TOLERANCE)
    np.testing.assert_allclose(weights.b2, REFERENCE[f"{prefix}_final_b2"][0], atol=TOLERANCE)
    scores = 1 / (1 + np.exp(-engine.logits()[0]))
    np.testing.assert_allclose(scores, REFERENCE[f"{prefix}_final_scores"], atol=TOLERANCE)


def test_so_gaal_follows_the_original(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = reference_engine("so-gaal", "so")
    give_noise(engine, monkeypatch, {Stream.NOISE_D: REFERENCE["so_noise_d"]})
    record = engine.advance(24)
    np.testing.assert_allclose(record.d_loss[:, 0], REFERENCE["so_d_loss"], atol=TOLERANCE)
    np.testing.assert_allclose(record.sub_g_loss[:, 0], REFERENCE["so_g_loss"], atol=TOLERANCE)
    assert_same_weights(engine, "so")


def test_mo_gaal_follows_the_original(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = reference_engine("mo-gaal", "mo")
    noise = {Stream.NOISE_D: REFERENCE["mo_noise_d"], Stream.NOISE_G: REFERENCE["mo_noise_g"]}
    give_noise(engine, monkeypatch, noise)
    record = engine.advance(24)
    np.testing.assert_allclose(record.d_loss[:, 0], REFERENCE["mo_d_loss"], atol=TOLERANCE)
    np.testing.assert_allclose(record.sub_g_loss[:, 0], REFERENCE["mo_g_loss"], atol=TOLERANCE)
    assert_same_weights(engine, "mo")


@pytest.mark.parametrize(("prefix", "algorithm"), [("so", "so-gaal"), ("mo", "mo-gaal")])
def test_generators_end_where_the_original_ends(prefix: str, algorithm: str, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = reference_engine(algorithm, prefix)
    noise = {Stream.NOISE_D: REFERENCE[f"{prefix}_noise_d"]}
    if prefix == "mo":
        noise[Stream.NOISE_G] = REFERENCE["mo_noise_g"]
    give_noise(engine, monkeypatch, noise)
    engine.advance(24)
    for i, (w1, b1, w2, b2) in enumerate(engine.generator_weights()):
        for name, value in (("W1", w1), ("b1", b1), ("W2", w2), ("b2", b2)):
            expected = REFERENCE[f"{prefix}_final_g_{name}"]
            expected = expected[i] if prefix == "mo" or expected.ndim > value.ndim else expected
            np.testing.assert_allclose(value, expected, atol=TOLERANCE)


def test_rows_of_each_sub_generator_as_in_the_original() -> None:
    ref = REFERENCE
    assert sub_generator_blocks(int(ref["batch"]), int(ref["k"])) == [tuple(b) for b in ref["mo_blocks"].tolist()]
