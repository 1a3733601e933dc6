"""Models as scikit-learn pipelines."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from sogaal import SOGAAL, load_dataset, load_model, save_model
from sogaal.errors import ConfigError, DataError, DeviationWarning
from sogaal.scaling import METHODS
from tests.exports_layer.trained import ensemble, model

DATA = load_dataset("onecluster")
FRAME = pd.DataFrame(DATA.X, columns=list(DATA.feature_names), index=np.arange(DATA.n) + 100)


@pytest.mark.parametrize("scaling", METHODS)
def test_a_loaded_model_is_a_pipeline(tmp_path: Path, scaling: str) -> None:
    one = model(scaling=scaling)
    save_model(tmp_path / "model.safetensors", one)
    pipeline = load_model(tmp_path / "model.safetensors").to_pipeline()
    assert isinstance(pipeline, Pipeline)
    assert [name for name, _ in pipeline.steps] == ["scaling", "detector"]
    check_is_fitted(pipeline)
    scores = one.score_samples(DATA.X)
    np.testing.assert_array_equal(pipeline.score_samples(DATA.X), scores)
    np.testing.assert_array_equal(pipeline.decision_function(FRAME), scores)
    np.testing.assert_array_equal(pipeline.predict(DATA.X), np.where(scores < 0, -1, 1))
    assert set(pipeline.predict(DATA.X)) == {-1, 1}


def test_an_ensemble_is_a_pipeline() -> None:
    many = ensemble()
    np.testing.assert_array_equal(many.to_pipeline().score_samples(DATA.X), many.score_samples(DATA.X))
    assert (many.score_samples(DATA.X) != many.members[0].score_samples(DATA.X)).all()


def test_a_pipeline_says_what_its_detector_said() -> None:
    detector = SOGAAL(stop_epochs=6, contamination=0.1, random_state=0).fit(FRAME)
    pipeline = detector.to_model().to_pipeline(offset=detector.offset_)
    np.testing.assert_array_equal(pipeline.predict(FRAME), detector.predict(FRAME))
    np.testing.assert_array_equal(pipeline.decision_function(FRAME), detector.decision_function(FRAME))


def test_at_and_offset() -> None:
    one = model()
    end = one.to_pipeline("end", offset=0.5)
    np.testing.assert_array_equal(end.score_samples(DATA.X), one.score_samples(DATA.X, "end"))
    np.testing.assert_array_equal(end.decision_function(DATA.X), one.score_samples(DATA.X, "end") - 0.5)
    np.testing.assert_array_equal(end.predict(DATA.X), np.where(one.score_samples(DATA.X, "end") < 0.5, -1, 1))
    with pytest.raises(ConfigError, match="at must be 'stop' or 'end'"):
        one.to_pipeline("snapshots")


def test_columns_are_found_by_name() -> None:
    pipeline = model().to_pipeline()
    assert list(pipeline.feature_names_in_) == list(DATA.feature_names)
    assert pipeline.n_features_in_ == DATA.d
    turned = FRAME[FRAME.columns[::-1]].assign(other="text")
    np.testing.assert_array_equal(pipeline.score_samples(turned), pipeline.score_samples(DATA.X))
    with pytest.warns(DeviationWarning, match="Column 'x2' is not in the table"):
        pipeline.score_samples(FRAME[["x1"]])
    with pytest.raises(DataError, match="lacks all of them: 'x1', 'x2'"):
        pipeline.score_samples(FRAME.rename(columns=str.upper))
    with pytest.raises(DataError, match="fitted on 2 columns"):
        pipeline.predict(DATA.X[:, :1])


def test_a_clone_is_independent_and_trained() -> None:
    pipeline = model().to_pipeline()
    copy = clone(pipeline)
    assert copy is not pipeline
    assert copy["detector"] is not pipeline["detector"]
    np.testing.assert_array_equal(copy.score_samples(DATA.X), pipeline.score_samples(DATA.X))
    copy.set_params(detector__offset=100.0)
    assert set(copy.predict(DATA.X)) == {-1}
    assert set(pipeline.predict(DATA.X)) == {-1, 1}


def test_fit_changes_nothing() -> None:
    pipeline = model().to_pipeline()
    before = pipeline.score_samples(DATA.X)
    assert pipeline.fit(DATA.X[:100] * 3) is pipeline
    np.testing.assert_array_equal(pipeline.score_samples(DATA.X), before)
    with pytest.raises(DataError, match="fitted on 2 columns"):
        pipeline.fit(DATA.X[:, :1])


def test_set_output() -> None:
    pipeline = model().to_pipeline().set_output(transform="pandas")
    scaled = pipeline["scaling"].transform(FRAME)
    assert list(scaled.columns) == list(DATA.feature_names) == list(pipeline["scaling"].get_feature_names_out())
    assert list(scaled.index) == list(FRAME.index)
    np.testing.assert_array_equal(scaled.to_numpy(), model().scaled(DATA.X))
    np.testing.assert_array_equal(pipeline.score_samples(FRAME), model().score_samples(DATA.X))


def test_a_pipeline_can_be_shown() -> None:
    pipeline = model().to_pipeline()
    assert "ModelDetector" in repr(pipeline)
    assert len(repr(pipeline)) < 600, "no weights"
    assert "scaling" in pipeline._repr_html_()
