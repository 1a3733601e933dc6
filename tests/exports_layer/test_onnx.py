"""ONNX graphs, run by ONNX Runtime beside the models they were made of."""

import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

from sogaal import SOGAAL, load_dataset
from sogaal.config import make_config
from sogaal.ensemble import Ensemble
from sogaal.errors import ConfigError, DataError
from sogaal.exports.onnx import INPUT, OUTPUTS, onnx_bytes, save_onnx
from sogaal.frames import DiscriminatorWeights
from sogaal.metrics import outlier_score
from sogaal.model import Model
from sogaal.scaling import METHODS, Scaler
from tests.exports_layer.trained import ensemble, model

DATA = load_dataset("onecluster")


def run(content: bytes, rows: np.ndarray) -> dict[str, np.ndarray]:
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    assert [(one.name, one.type) for one in session.get_inputs()] == [(INPUT, "tensor(float)")]
    return dict(zip(OUTPUTS, session.run(list(OUTPUTS), {INPUT: rows}), strict=True))


def assert_equal(content: bytes, scoring: Model | Ensemble, rows: np.ndarray, at: str | None = None) -> None:
    found = run(content, rows)
    logits = scoring.score_samples(rows, at)
    assert found["logit"].shape == (len(rows),)
    assert found["logit"].dtype == np.float64
    np.testing.assert_allclose(found["logit"], logits, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(found["outlier_score"], outlier_score(logits), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(found["probability_real"], 1 - outlier_score(logits), rtol=0, atol=1e-9)


@pytest.mark.parametrize("scaling", METHODS)
@pytest.mark.parametrize("at", ["stop", "end"])
def test_a_model_in_another_runtime_gives_the_same_scores(scaling: str, at: str) -> None:
    one = model(scaling=scaling)
    assert not np.allclose(one.score_samples(DATA.X, "stop"), one.score_samples(DATA.X, "end")), "at must matter"
    assert_equal(onnx_bytes(one, at), one, DATA.X, at)


@pytest.mark.parametrize("scaling", METHODS)
def test_an_ensemble_gives_its_mean_logit(scaling: str) -> None:
    assert_equal(onnx_bytes(ensemble(scaling)), ensemble(scaling), DATA.X)


def test_snapshots_score_together() -> None:
    detector = SOGAAL(stop_epochs=6, n_estimators=2, snapshots=3, random_state=0).fit(DATA.X)
    assert_equal(onnx_bytes(detector), detector.to_model(), DATA.X)


def wild(rows: int, d: int, seed: int = 0) -> np.ndarray:
    """Columns of very different sizes, far from 0, and one that is constant."""
    rng = np.random.default_rng(seed)
    table = rng.normal(size=(rows, d)) * 10.0 ** np.arange(-3, d - 3) + 10.0 ** np.arange(d)
    table[:, 2] = 7.25
    return table.astype(np.float32)


@pytest.mark.parametrize("scaling", METHODS)
@pytest.mark.parametrize("d", [3, 6, 40])
def test_constant_columns_large_values_and_new_rows(scaling: str, d: int) -> None:
    rng = np.random.default_rng(d)
    with np.errstate(over="ignore"):
        X = np.nan_to_num(wild(200, d), posinf=3e38)
    weights = DiscriminatorWeights(
        (rng.normal(size=(d, 9)) / np.maximum(np.abs(X).max(axis=0), 1)[:, None]).astype(np.float32),
        rng.normal(size=9).astype(np.float32),
        rng.normal(size=9).astype(np.float32),
        0.25,
    )
    one = Model(make_config("post"), Scaler.fit(X, scaling), {"end": weights}, "end")
    new = X[:50] * np.float32(1.5) if d < 40 else X[:50]
    new[:, 2] = 1e6  # the model has never seen this column vary
    assert_equal(onnx_bytes(one), one, new)
    assert len(np.unique(one.score_samples(new))) > 10


def test_one_row_and_none() -> None:
    content = onnx_bytes(model())
    assert_equal(content, model(), DATA.X[:1])
    assert run(content, DATA.X[:0])["logit"].shape == (0,)


def test_the_file_says_what_it_is(tmp_path: Path) -> None:
    save_onnx(tmp_path / "model.onnx", ensemble())
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx", providers=["CPUExecutionProvider"])
    found = session.get_modelmeta().custom_metadata_map
    assert json.loads(found["feature_names"]) == list(DATA.feature_names)
    assert (found["dataset"], found["fingerprint"]) == ("onecluster", DATA.fingerprint)
    assert (found["scaling"], found["at"], json.loads(found["seeds"])) == ("minmax", ensemble().at, [0, 1, 2])
    assert json.loads(found["config"]) == ensemble().config.model_dump()
    assert session.get_modelmeta().producer_name == "sogaal"
    assert (tmp_path / "model.onnx").read_bytes() == onnx_bytes(ensemble()), "same model, same bytes"
    onnx.checker.check_model(onnx.load(tmp_path / "model.onnx"), full_check=True)


def test_bad_requests(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="at must be 'stop' or 'end'"):
        onnx_bytes(model(), "snapshots")
    with pytest.raises(DataError, match="the folder .*nowhere.* must exist"):
        save_onnx(tmp_path / "nowhere" / "model.onnx", model())
