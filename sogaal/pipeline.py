"""A trained model as a scikit-learn pipeline: a step that scales and a step that detects.

Where the model's table was prepared (categories, dates, gaps), a step before them prepares raw rows.

    pipeline = sogaal.load_model("model.safetensors").to_pipeline()
    pipeline.predict(X)  # +1 inlier, -1 outlier

Both steps are trained already: ``fit`` checks the table's columns and changes nothing.
"""

from typing import Any, Protocol, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, OutlierMixin, TransformerMixin
from sklearn.pipeline import Pipeline

from sogaal.errors import DataError
from sogaal.scaling import Scaler

FloatArray = npt.NDArray[np.float32]
DoubleArray = npt.NDArray[np.float64]


class Scoring(Protocol):
    """What the steps need of a :class:`sogaal.model.Model` or :class:`sogaal.ensemble.Ensemble`."""

    @property
    def scaler(self) -> Scaler:
        """The scaling that belongs before D."""

    @property
    def feature_names(self) -> tuple[str, ...] | None:
        """The d columns' names, None where the training data had none."""

    @property
    def raw_names(self) -> tuple[str, ...] | None:
        """The names of the columns of a raw table."""

    def columns(self, X: Any) -> Any:
        """The features (m, d) of a data frame of raw rows."""

    def scaled(self, X: Any) -> FloatArray:
        """Raw rows (m, d) as D sees them."""

    def score_scaled(self, X: FloatArray, at: Any = None) -> DoubleArray:
        """The logit (m,) of scaled rows (m, d)."""


class _Trained(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """A step around a model, which is its parameter: so a clone of it is trained as well."""

    model: Scoring

    def fit(self, X: Any, y: Any = None) -> Self:  # noqa: ARG002  # scikit-learn's signature
        """Check that ``X`` (m, d) has the model's columns; the training is done."""
        self._checked(X)
        return self

    def _checked(self, X: Any) -> FloatArray:
        raise NotImplementedError

    def __sklearn_is_fitted__(self) -> bool:
        return True

    @property
    def n_features_in_(self) -> int:
        """Number of columns that the model was trained on."""
        return self.model.scaler.d

    def __getattr__(self, name: str) -> Any:
        # scikit-learn asks whether the attribute is there: it may only be where the columns had names.
        if name == "feature_names_in_" and "model" in self.__dict__ and self.model.feature_names is not None:
            return np.asarray(self.model.feature_names, dtype=object)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")


class ModelPreparation(TransformerMixin, _Trained):  # type: ignore[misc]
    """The preparation of a trained ``model``: from a data frame with the raw table's columns to features (m, d).

    What deviates from the training data is handled, and a ``DeviationWarning`` says so.
    """

    def __init__(self, model: Scoring) -> None:
        self.model = model

    def transform(self, X: Any) -> Any:
        """A data frame's features, (m, d) float32; DataError as the model's own."""
        return self._checked(X)

    def _checked(self, X: Any) -> FloatArray:
        return np.asarray(self.model.columns(X), dtype=np.float32)

    @property
    def n_features_in_(self) -> int:
        """Number of columns of the raw table that are used."""
        return len(self.model.raw_names or ())

    def __getattr__(self, name: str) -> Any:
        if name == "feature_names_in_" and "model" in self.__dict__:
            return np.asarray(self.model.raw_names, dtype=object)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")


class ModelScaler(OneToOneFeatureMixin, TransformerMixin, _Trained):  # type: ignore[misc]
    """The scaling of a trained ``model``, as a transformer from raw rows (m, d) to scaled ones, float32."""

    def __init__(self, model: Scoring) -> None:
        self.model = model

    def transform(self, X: Any) -> Any:
        """Raw rows (m, d), an array or a data frame with the model's columns, scaled; DataError as the model's own."""
        return self._checked(X)

    def _checked(self, X: Any) -> FloatArray:
        return self.model.scaled(X)


class ModelDetector(OutlierMixin, _Trained):  # type: ignore[misc]
    """The discriminators of a trained ``model`` as an outlier detector of **scaled** rows.

    ``at``: which D scores, None = the model's choice. ``offset``: the logit below which a row is an outlier; 0 is
    D(x) = 0.5, which flags a large part of most tables.
    """

    def __init__(self, model: Scoring, at: str | None = None, offset: float = 0.0) -> None:
        self.model = model
        self.at = at
        self.offset = offset

    @property
    def offset_(self) -> float:
        """The ``offset``, under the name that scikit-learn's detectors have for it."""
        return self.offset

    def score_samples(self, X: Any) -> DoubleArray:
        """D's logit (m,) float64 of scaled rows ``X`` (m, d): **lower = more abnormal**."""
        return self.model.score_scaled(self._checked(X), self.at)

    def decision_function(self, X: Any) -> DoubleArray:
        """``score_samples(X) - offset`` (m,) float64: negative = outlier."""
        return self.score_samples(X) - self.offset

    def predict(self, X: Any) -> npt.NDArray[np.int_]:
        """+1 for inliers and -1 for outliers, (m,) int."""
        return np.where(self.decision_function(X) < 0, -1, 1)

    def _checked(self, X: Any) -> FloatArray:
        table = np.asarray(X, dtype=np.float32)
        if table.ndim != 2 or table.shape[1] != self.n_features_in_:
            raise DataError(f"X must have {self.n_features_in_} scaled columns, got the shape {table.shape}.")
        return table


def make_pipeline(model: Scoring, at: str | None = None, offset: float = 0.0) -> Pipeline:
    """The pipeline of "scaling" and "detector"; of a model with a preparation, "preparation" before them."""
    first = [] if model.feature_names == model.raw_names else [("preparation", ModelPreparation(model))]
    return Pipeline([*first, ("scaling", ModelScaler(model)), ("detector", ModelDetector(model, at, offset))])
