"""Explanations: integrated gradients in closed form, percentiles and nearest inliers."""

import numpy as np
import pytest

from sogaal import SOGAAL, load_dataset, load_model, save_model
from sogaal.config import make_config
from sogaal.ensemble import Ensemble
from sogaal.errors import ConfigError, DataError, ModelError
from sogaal.explain import Explanation, Reason, attributions, explain, nearest_inliers, percentiles
from sogaal.frames import DiscriminatorWeights
from sogaal.model import Model
from sogaal.scaling import Scaler
from sogaal.trainer import Trainer

DATA = load_dataset("wine")


def discriminator(seed: int, d: int = 5, h: int = 40, bias: float = 1.0) -> DiscriminatorWeights:
    rng = np.random.default_rng(seed)
    parts = rng.normal(size=(d, h)), bias * rng.normal(size=h), rng.normal(size=h)
    w1, b1, w2 = (part.astype(np.float32) for part in parts)
    return DiscriminatorWeights(w1, b1, w2, float(rng.normal()))


def logit(weights: DiscriminatorWeights, X: np.ndarray) -> np.ndarray:
    return np.maximum(X @ weights.w1.astype(float) + weights.b1, 0) @ weights.w2.astype(float) + weights.b2


def along_the_path(weights: DiscriminatorWeights, x: np.ndarray, start: np.ndarray, steps: int) -> np.ndarray:
    """The integral as the paper approximates it: a sum over midpoints of the path."""
    t = (np.arange(steps) + 0.5) / steps
    points = start.astype(float) + t[:, None] * (x.astype(float) - start)
    on = points @ weights.w1.astype(float) + weights.b1 > 0
    return (x.astype(float) - start) * ((on * weights.w2) @ weights.w1.astype(float).T).mean(axis=0)


@pytest.fixture(scope="module")
def model() -> Model:
    scaler = Scaler.fit(DATA.X, "minmax", DATA.feature_names)
    trainer = Trainer(scaler.transform(DATA.X), make_config("post", stop_epochs=150)).fit()
    return Model.from_trainer(trainer, scaler, DATA)


@pytest.mark.parametrize("seed", range(3))
def test_attributions_are_the_integral_and_sum_to_the_difference(seed: int) -> None:
    weights, rng = discriminator(seed), np.random.default_rng(seed)
    X, start = rng.normal(size=(30, 5)).astype(np.float32), rng.normal(size=5).astype(np.float32)
    found = attributions([weights], X, start)
    difference = logit(weights, X.astype(float)) - logit(weights, start[None].astype(float))
    np.testing.assert_allclose(found.sum(axis=1), difference, rtol=0, atol=1e-9)
    for row in range(2):
        np.testing.assert_allclose(found[row], along_the_path(weights, X[row], start, 20_000), atol=1e-3)


def test_units_that_rest_at_the_kink_add_nothing() -> None:
    # Without bias all units are at 0 at the origin; the first feature moves none of them.
    weights = discriminator(0, d=2, bias=0.0)
    weights.w1[0] = 0
    start = np.zeros(2, np.float32)
    found = attributions([weights], np.array([[3, 0], [3, 2]], np.float32), start)
    np.testing.assert_array_equal(found[0], [0, 0])
    assert found[1, 0] == 0
    assert found[1, 1] == pytest.approx(logit(weights, np.array([[3.0, 2.0]]))[0] - weights.b2)


def test_a_row_on_the_baseline_has_no_attribution() -> None:
    weights, start = discriminator(1), np.full(5, 0.3, np.float32)
    np.testing.assert_array_equal(attributions([weights], start[None], start), np.zeros((1, 5)))


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    weights, X = discriminator(2), np.random.default_rng(0).random((57, 5), dtype=np.float32)
    whole = attributions([weights], X, X[0])
    monkeypatch.setattr("sogaal.explain.BLOCK_FLOATS", 10 * 40)
    np.testing.assert_allclose(attributions([weights], X, X[0]), whole, rtol=0, atol=1e-12)


@pytest.mark.parametrize("at", ["stop", "end"])
def test_a_models_explanation_is_complete_in_raw_columns(model: Model, at: str) -> None:
    found = model.explain(DATA.X, at)  # type: ignore[arg-type]
    np.testing.assert_array_equal(found.median, np.median(DATA.X, axis=0))
    np.testing.assert_allclose(found.logits, model.score_samples(DATA.X, at))  # type: ignore[arg-type]
    assert found.median_logit == pytest.approx(model.score_samples(found.median[None], at)[0])  # type: ignore[arg-type]
    np.testing.assert_allclose(found.attributions.sum(axis=1), found.logits - found.median_logit, rtol=0, atol=1e-9)
    assert found.names == DATA.feature_names


def test_an_ensembles_is_the_mean_over_its_members() -> None:
    detector = SOGAAL(stop_epochs=20, n_estimators=3, random_state=0).fit(DATA.X)
    ensemble = detector.to_model()
    assert isinstance(ensemble, Ensemble)
    found = detector.explain(DATA.X)
    mean = np.mean([member.explain(DATA.X).attributions for member in ensemble.members], axis=0)
    np.testing.assert_allclose(found.attributions, mean, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.attributions.sum(axis=1), found.logits - found.median_logit, rtol=0, atol=1e-9)


def test_the_median_goes_with_a_saved_model(model: Model, tmp_path) -> None:
    save_model(tmp_path / "m", model)
    found = load_model(tmp_path / "m").explain(DATA.X[:9])
    np.testing.assert_array_equal(found.attributions, model.explain(DATA.X[:9]).attributions)


def test_a_scaling_from_before_there_were_medians(model: Model) -> None:
    old = model.scaler.to_dict()
    del old["median"]
    scaler = Scaler.from_dict(old)
    with pytest.raises(ModelError, match="without the median of its training data"):
        explain(model.voters(), scaler, DATA.X)
    given = explain(model.voters(), scaler, DATA.X, median=np.median(DATA.X, axis=0))
    np.testing.assert_array_equal(given.attributions, model.explain(DATA.X).attributions)
    with pytest.raises(ConfigError, match="median must have 13 values"):
        explain(model.voters(), scaler, DATA.X, median=[0.0])
    with pytest.raises(DataError, match="fitted on 13 columns"):
        model.explain(DATA.X[:, :3])


def test_a_column_that_never_varied_explains_nothing() -> None:
    X = np.column_stack([DATA.X, np.full(DATA.n, 7.0)])
    detector = SOGAAL(stop_epochs=5, random_state=0).fit(X)
    X[:, -1] = np.arange(DATA.n)
    np.testing.assert_array_equal(detector.explain(X).attributions[:, -1], np.zeros(DATA.n))


def test_reasons_are_what_speaks_for_suspicion_the_strongest_first() -> None:
    found = Explanation(
        names=("a", "b", "c", "d"),
        values=np.array([[9.0, 0.0, 5.0, 5.0], [5.0, 5.0, 5.0, 5.0]]),
        median=np.array([5.0, 5.0, 5.0, 5.0]),
        attributions=np.array([[-1.0, -2.5, 4.0, -0.2], [0.0, 0.0, 0.0, 0.0]]),
        logits=np.zeros(2),
        median_logit=0.0,
    )
    reasons = found.reasons()
    assert reasons.of_row(0) == [Reason(1, False, 2.5), Reason(0, True, 1.0)]
    assert reasons.of_row(1) == []
    assert reasons.texts(found.names) == ["b low +2.50; a high +1.00", ""]
    assert found.reasons(1).texts(found.names) == ["b low +2.50", ""]


def test_a_value_far_out_in_one_feature_is_the_reason() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(500, 4))
    X[7] = [0, 0, 6, 0]
    detector = SOGAAL(stop_epochs=60, random_state=0).fit(X)
    first = detector.explain(X[7:8]).reasons().of_row(0)[0]
    assert first.feature == 2
    assert first.high


def test_percentiles_count_equal_values_half() -> None:
    table = np.array([[1.0, 3.0], [2.0, 3.0], [2.0, 3.0], [4.0, 3.0]])
    np.testing.assert_array_equal(percentiles(table, table[:2]), [[12.5, 50], [50, 50]])
    np.testing.assert_array_equal(percentiles(table, np.array([[0.0, 9.0], [5.0, 3.0]])), [[0, 100], [100, 50]])


def test_nearest_inliers_are_the_least_abnormal_half_by_distance() -> None:
    rng = np.random.default_rng(3)
    X, logits = rng.random((60, 3), dtype=np.float32), rng.normal(size=60)
    rows = [int(np.argmin(logits)), int(np.argmax(logits))]
    numbers, distances = nearest_inliers(X, logits, rows)
    for row, found, far in zip(rows, numbers, distances, strict=True):
        among = [i for i in np.argsort(-logits)[:30] if i != row]
        every = {i: float(np.linalg.norm(X[i].astype(float) - X[row])) for i in among}
        assert found.tolist() == sorted(among, key=lambda i: every[i])[:5]
        np.testing.assert_allclose(far, sorted(every.values())[:5])
    assert nearest_inliers(X[:4], logits[:4], [0])[0].shape == (1, 1)
