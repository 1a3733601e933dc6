"""The estimators: scikit-learn's own checks, parameters, orientation, and what a fit leaves behind."""

import inspect
import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from sogaal import MOGAAL, SOGAAL, load_dataset
from sogaal.config import FIELDS
from sogaal.errors import ConfigError, DataError, DivergedError
from sogaal.metrics import outlier_score, roc_auc
from sogaal.scaling import Scaler
from sogaal.trainer import Trainer

BOTH = pytest.mark.parametrize("kind", [SOGAAL, MOGAAL])


def table(n: int = 60, d: int = 3) -> np.ndarray:
    return np.random.default_rng(5).normal([10, -4, 0][:d], [1, 20, 0.1][:d], (n, d))


@parametrize_with_checks([SOGAAL(), MOGAAL(), SOGAAL(stop_epochs="auto", n_estimators=2, max_epochs=20)])
def test_scikit_learn(estimator: Any, check: Any) -> None:
    check(estimator)


# -- parameters --------------------------------------------------------------------------------------------------------


@BOTH
def test_parameters_are_those_of_the_configuration(kind: type) -> None:
    parameters = inspect.signature(kind).parameters
    own = {"n_estimators": 1, "snapshots": 1, "n_jobs": None, "contamination": "auto"}
    own |= {"random_state": None, "scaling": "minmax"}
    fixed = {"algorithm", "seed", "auto_seeds"} | ({"k"} if kind is SOGAAL else set())
    assert set(parameters) == set(FIELDS) - fixed | set(own)
    documented = {"score_at": "end"} if kind is MOGAAL else {}
    for name, parameter in parameters.items():
        assert parameter.kind is inspect.Parameter.KEYWORD_ONLY
        expected = own[name] if name in own else documented.get(name, FIELDS[name].default)
        assert parameter.default == expected, name


@BOTH
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("lr_d", 0.0),
        ("stop_epochs", 1.5),
        ("whether_stop", True),
        ("score_at", "later"),
        ("contamination", 0.0),
        ("contamination", 0.51),
        ("contamination", "some"),
        ("contamination", True),
        ("random_state", -1),
        ("random_state", 2**32),
        ("random_state", "seven"),
        ("scaling", "log"),
        ("n_jobs", 0),
        ("n_jobs", 1.5),
        ("n_jobs", True),
        ("n_jobs", "all"),
    ],
)
def test_bad_parameter_is_named(kind: type, name: str, value: object) -> None:
    with pytest.raises(ConfigError, match=f"^{name} must be ") as caught:
        kind(**{name: value}).fit(table())
    assert caught.value.field == name
    assert isinstance(caught.value, ValueError)


def test_batch_must_hold_all_sub_generators() -> None:
    with pytest.raises(ConfigError, match="k must be at most the batch size"):
        MOGAAL(k=8).fit(table(7))


def test_more_rows_than_one() -> None:
    with pytest.raises(ValueError, match="1 sample"):
        SOGAAL().fit(table(1))


# -- the ladder --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["onecluster", "breast_cancer"])
@pytest.mark.parametrize(("kind", "stop_epochs"), [(SOGAAL, 200), (MOGAAL, 100)])
def test_outliers_score_lower_when_g_stops(name: str, kind: type, stop_epochs: int) -> None:
    data = load_dataset(name)
    aucs = []
    for seed in range(5):
        detector = kind(stop_epochs=stop_epochs, max_epochs=stop_epochs + 1, score_at="stop", random_state=seed)
        scores = detector.fit(data.X).score_samples(data.X)
        aucs.append(roc_auc(scores, data.y))
        assert scores[data.y == 1].mean() < scores[data.y == 0].mean()
    assert min(aucs) > 0.7
    assert np.mean(aucs) > 0.85


@BOTH
def test_each_step_of_the_ladder_follows_from_the_one_below(kind: type) -> None:
    X = table()
    detector = kind(contamination=0.1, random_state=1).fit(X)
    scores = detector.score_samples(X)
    assert scores.dtype == np.float64
    assert detector.offset_ == np.quantile(scores, 0.1)
    np.testing.assert_array_equal(detector.decision_function(X), scores - detector.offset_)
    np.testing.assert_array_equal(detector.predict(X) == -1, scores < detector.offset_)
    assert (detector.predict(X) == -1).sum() == 6
    np.testing.assert_array_equal(detector.fit_predict(X), detector.predict(X))


@BOTH
def test_auto_puts_the_border_where_d_is_one_half(kind: type) -> None:
    X = table()
    detector = kind(random_state=1).fit(X)
    assert detector.offset_ == 0.0
    np.testing.assert_array_equal(detector.predict(X) == -1, outlier_score(detector.score_samples(X)) > 0.5)


def test_scores_are_those_of_the_trainer() -> None:
    """The same seed means the same run as in the dashboard and on the command line."""
    X = table()
    detector = SOGAAL(random_state=7, stop_epochs=5).fit(X)
    trainer = Trainer(Scaler.fit(X).transform(X), detector.config_).fit()
    assert detector.config_.seed == 7
    np.testing.assert_allclose(detector.score_samples(X), trainer.scores(at="stop"), rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(detector.history_.d_loss, trainer.history.view().d_loss)


def test_the_module_scores_like_the_detector() -> None:
    X = table()
    detector = SOGAAL(random_state=7).fit(X)
    scaled = torch.from_numpy(detector.scaler_.transform(X))
    with torch.inference_mode():
        logits = detector.discriminator_(scaled).numpy()
    np.testing.assert_allclose(logits, detector.score_samples(X), rtol=1e-5, atol=1e-6)


def test_labels_do_not_train() -> None:
    X = table()
    with_labels = SOGAAL(random_state=0).fit(X, np.arange(len(X)) % 2)
    np.testing.assert_array_equal(with_labels.score_samples(X), SOGAAL(random_state=0).fit(X).score_samples(X))


def test_shift_and_unit_of_a_column_do_not_matter() -> None:
    X = table()
    first = SOGAAL(random_state=0).fit(X)
    second = SOGAAL(random_state=0).fit(X * 8 - 64)
    np.testing.assert_allclose(first.score_samples(X), second.score_samples(X * 8 - 64), rtol=1e-4, atol=1e-5)


def test_scaling_can_be_left_to_a_pipeline() -> None:
    X = table()
    alone = SOGAAL(random_state=0, scaling="none").fit(StandardScaler().fit_transform(X))
    pipe = make_pipeline(StandardScaler(), SOGAAL(random_state=0, scaling="none")).fit(X)
    np.testing.assert_array_equal(pipe.score_samples(X), alone.score_samples(StandardScaler().fit_transform(X)))


# -- how long it trains ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("detector", "epochs"),
    [
        (SOGAAL(stop_epochs=4), 5),
        (SOGAAL(stop_epochs=4, max_epochs=9), 9),
        (SOGAAL(stop_epochs=4, score_at="end"), 12),
        (SOGAAL(stop_epochs=4, whether_stop=0), 12),
        (MOGAAL(stop_epochs=4, k=3), 12),
        (MOGAAL(stop_epochs=4, k=3, score_at="stop"), 5),
    ],
)
def test_no_further_than_what_scores(detector: Any, epochs: int) -> None:
    detector.set_params(batch_size=20).fit(table())
    assert detector.history_.steps == epochs * 3


def test_at_the_stop_and_at_the_end_differ() -> None:
    X = table()
    at = [SOGAAL(random_state=0, max_epochs=60, score_at=at).fit(X).score_samples(X) for at in ("stop", "end")]
    assert not np.allclose(at[0], at[1])


# -- what a fit leaves behind ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "count"), [(SOGAAL, 1), (MOGAAL, 10)])
def test_fitted_attributes(kind: type, count: int) -> None:
    frame = pd.DataFrame(table(), columns=["a", "b", "c"])
    detector = kind(random_state=3).fit(frame)
    assert detector.n_features_in_ == 3
    assert list(detector.feature_names_in_) == ["a", "b", "c"]
    assert detector.scaler_.names == ("a", "b", "c")
    assert detector.config_.algorithm == ("so-gaal" if kind is SOGAAL else "mo-gaal")
    assert len(detector.generators_) == count
    assert detector.generators_[0](torch.rand(4, 3)).shape == (4, 3)
    assert detector.to_model().feature_names == ("a", "b", "c")
    if kind is SOGAAL:
        assert detector.generator_ is detector.generators_[0]


def test_columns_in_another_order_are_refused() -> None:
    frame = pd.DataFrame(table(), columns=["a", "b", "c"])
    detector = SOGAAL().fit(frame)
    with pytest.raises(ValueError, match="feature names"):
        detector.score_samples(frame[["b", "a", "c"]])


@BOTH
def test_nothing_before_fit(kind: type) -> None:
    for method in ("score_samples", "decision_function", "predict"):
        with pytest.raises(NotFittedError):
            getattr(kind(), method)(table())
    with pytest.raises(NotFittedError):
        kind().to_model()


@BOTH
def test_random_state(kind: type) -> None:
    X = table()

    def scores(state: object) -> np.ndarray:
        return np.asarray(kind(random_state=state).fit(X).score_samples(X))

    np.testing.assert_array_equal(scores(4), scores(np.int64(4)))
    assert not np.array_equal(scores(4), scores(5))
    np.testing.assert_array_equal(scores(np.random.RandomState(4)), scores(np.random.RandomState(4)))
    shared = np.random.RandomState(4)
    assert not np.array_equal(scores(shared), scores(shared)), "a RandomState moves on from fit to fit"
    assert not np.array_equal(scores(None), scores(None))


@BOTH
def test_clone_and_pickle(kind: type) -> None:
    X = table()
    detector = kind(stop_epochs=3, random_state=2).fit(X)
    assert clone(detector).get_params() == detector.get_params()
    again = pickle.loads(pickle.dumps(detector))
    np.testing.assert_array_equal(again.score_samples(X), detector.score_samples(X))
    np.testing.assert_array_equal(again.history_.d_loss, detector.history_.d_loss)


def test_one_thread_while_training_and_as_before_afterwards() -> None:
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        SOGAAL(stop_epochs=1).fit(table())
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_divergence_is_told() -> None:
    wild = table() * 1e25
    with pytest.raises(DivergedError, match="not finite at step"):
        SOGAAL(scaling="none", lr_d=10, lr_g=10, random_state=0).fit(wild)


def test_a_column_far_off_the_training_data_is_refused() -> None:
    detector = SOGAAL(stop_epochs=1).fit(table())
    with pytest.raises(DataError, match="single precision"):
        detector.score_samples(np.full((1, 3), 1e300))
