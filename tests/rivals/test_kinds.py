"""Each adapter: which way its scores point, what the estimators would have given, and where it is refused."""

import numpy as np
import pytest

from sogaal import MOGAAL, SOGAAL
from sogaal.errors import ConfigError
from sogaal.rivals import DETECTORS, checked_names

RNG = np.random.default_rng(0)
# A cloud in the lower left, and one row far off.
OBVIOUS = np.vstack([RNG.uniform(0, 0.2, size=(200, 2)), [[1, 1]]]).astype(np.float32)
GAAL = [name for name, kind in DETECTORS.items() if kind.part == "gaal"]
OTHERS = [name for name in DETECTORS if name not in GAAL]


@pytest.mark.parametrize("name", DETECTORS)
def test_the_obvious_outlier_has_the_lowest_score_of_all_rows_and_points(name: str) -> None:
    DETECTORS[name].load()
    scores, score = DETECTORS[name].fit(OBVIOUS, 0)
    assert np.argmin(scores) == 200
    inside, outside = score(np.array([[0.1, 0.1], [0.95, 0.97]], dtype=np.float32))
    assert outside < np.median(scores)
    assert outside < inside


@pytest.mark.parametrize("name", ["iforest", "lof", "knn", "ocsvm", "ecod", "copod"])
def test_a_points_score_does_not_depend_on_those_beside_it(name: str) -> None:
    _, score = DETECTORS[name].fit(OBVIOUS, 0)
    points = RNG.uniform(size=(7, 2)).astype(np.float32)
    np.testing.assert_allclose(score(points)[2:3], score(points[2:3]), rtol=1e-6)


def test_the_distance_is_that_to_the_fifth_other_row() -> None:
    X = np.arange(20, dtype=np.float32)[:, None] ** 2
    scores, score = DETECTORS["knn"].fit(X, 0)
    assert scores[0] == -25
    assert scores[19] == -(19**2 - 14**2)
    assert score(np.array([[-1]], dtype=np.float32))[0] == -17


@pytest.mark.parametrize(
    ("name", "estimator"),
    [
        ("so-gaal", SOGAAL(random_state=3)),
        ("mo-gaal", MOGAAL(random_state=3)),
        ("auto", SOGAAL(stop_epochs="auto", n_estimators=8, random_state=3)),
        ("mo-gaal-8", MOGAAL(n_estimators=8, random_state=3)),
    ],
)
def test_scores_are_those_of_the_estimator_at_its_defaults(name: str, estimator: SOGAAL | MOGAAL) -> None:
    X = OBVIOUS / OBVIOUS.max(axis=0)
    X = ((X - X.min(axis=0)) / (X.max(axis=0) - X.min(axis=0))).astype(np.float32)
    scores, score = DETECTORS[name].fit(X, 3)
    estimator.set_params(scaling="none").fit(X)
    np.testing.assert_array_equal(scores, estimator.score_samples(X))
    np.testing.assert_array_equal(score(X[:5]), estimator.score_samples(X[:5]))


def test_slow_ones_are_refused_above_their_limit() -> None:
    assert DETECTORS["ocsvm"].refusal(20_000) == ""
    assert "not used above 20,000 rows, and the table has 20,001" in DETECTORS["ocsvm"].refusal(20_001)
    for name in ("lof", "knn"):
        assert DETECTORS[name].refusal(200_000) == ""
        assert "200,000" in DETECTORS[name].refusal(200_001)
    assert all(not DETECTORS[name].refusal(10**7) for name in ("so-gaal", "iforest", "ecod"))


def test_without_pyod_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sogaal.rivals.kinds.find_spec", lambda _: None)
    assert 'pip install "sogaal[rivals]"' in DETECTORS["ecod"].missing
    assert DETECTORS["lof"].missing == ""


def test_names_are_checked_and_put_in_order() -> None:
    assert checked_names(["knn", "so-gaal", "knn"]) == ["so-gaal", "knn"]
    assert checked_names(None) == list(DETECTORS)
    for names, words in ((["abod"], "got 'abod'"), ([], "got none")):
        with pytest.raises(ConfigError, match=words) as caught:
            checked_names(names)
        assert caught.value.field == "only"
