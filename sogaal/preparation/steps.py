"""The pipeline of scikit-learn's transformers, before and after it is fitted.

Every column comes as float64 with NaN where a value is missing: numbers, seconds since 1970, the numbers of levels.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import ColumnTransformer
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import OneHotEncoder

from sogaal.preparation.columns import DAY, PARTS, RARE_ROWS, Kind, PreparedColumn


class DateParts(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Dates (n, 1) in seconds since 1970, without gaps, to the parts of them that vary: see `PARTS`."""

    def fit(self, X: npt.NDArray[np.float64], y: Any = None) -> Self:  # noqa: ARG002  # scikit-learn's signature
        """Learn the median and which parts vary."""
        self.origin_ = float(np.median(X))
        parts = _parts(X[:, 0], self.origin_)
        self.parts_ = ("days", *(name for name in PARTS[1:] if parts[name].min() != parts[name].max()))
        return self

    def transform(self, X: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """(m, 1) to (m, parts)."""
        parts = _parts(X[:, 0], self.origin_)
        return np.column_stack([parts[name] for name in self.parts_])


def _parts(seconds: npt.NDArray[np.float64], origin: float) -> dict[str, npt.NDArray[np.float64]]:
    days = np.floor(seconds / DAY)
    months = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    return {
        "days": (seconds - origin) / DAY,
        "month": (months % 12 + 1).astype(np.float64),
        "weekday": (days + 3) % 7 + 1,  # the first day of 1970 was a Thursday
        "hour": (seconds - days * DAY) / 3600,
    }


def unfitted(kinds: Sequence[Kind], min_rows: int, most: int) -> ColumnTransformer:
    """The pipeline for columns of these kinds; levels in fewer than ``min_rows`` rows are rare, and beyond ``most``."""
    return ColumnTransformer([(str(i), _steps(kind, min_rows, most), [i]) for i, kind in enumerate(kinds)])


def _steps(kind: Kind, min_rows: int, most: int) -> Any:
    if kind == "number":
        return SimpleImputer(strategy="median", add_indicator=True)
    if kind == "boolean":
        return SimpleImputer(strategy="most_frequent", add_indicator=True)
    if kind == "date":
        made = [("fill", SimpleImputer(strategy="median")), ("parts", DateParts())]
    else:
        encoder = OneHotEncoder(
            min_frequency=min_rows, max_categories=most + 1, handle_unknown="infrequent_if_exist",
            sparse_output=False, dtype=np.float32,
        )  # fmt: skip
        made = [("fill", SimpleImputer(strategy=partial(_mode, most=most))), ("levels", encoder)]
    missing = MissingIndicator(error_on_new=False)
    return FeatureUnion([("values", Pipeline(made)), ("missing", missing)])


def _mode(codes: npt.NDArray[np.float64], most: int) -> float:
    """The most frequent level, of equals the first one that keeps its feature: the encoder gives up the first ones."""
    levels, counts = np.unique(codes, return_counts=True)
    kept = np.sort(np.argsort(counts, kind="stable")[-most:])
    return float(levels[kept[np.argmax(counts[kept])]])


def parameters(pipeline: ColumnTransformer, position: int, column: PreparedColumn) -> PreparedColumn:
    """``column`` with what the fitted pipeline has learned of it."""
    fitted = pipeline.named_transformers_[str(position)]
    if column.kind in ("number", "boolean"):
        return replace(column, fill=float(fitted.statistics_[0]), indicator=fitted.indicator_.features_.size > 0)
    values, missing = dict(fitted.transformer_list)["values"], dict(fitted.transformer_list)["missing"]
    found = replace(column, fill=float(values[0].statistics_[0]), indicator=missing.features_.size > 0)
    if column.kind == "date":
        return replace(found, parts=values[1].parts_, origin=values[1].origin_)
    infrequent = values[1].infrequent_categories_[0]
    rare = [] if infrequent is None else [column.levels[int(code)] for code in infrequent]
    return replace(found, rare=tuple(sorted(rare)))


def refitted(columns: Sequence[PreparedColumn]) -> ColumnTransformer:
    """The fitted pipeline that has these parameters.

    It is fitted on a few rows from which they follow: so no private part of scikit-learn is set. A rare level comes
    once there, a frequent one twice, and the fill more often than anything else.
    """
    made = [_leading_to(column) for column in columns]
    length = max(map(len, made))
    filled = [rows + [column.fill] * (length - len(rows)) for rows, column in zip(made, columns, strict=True)]
    frame = pd.DataFrame({i: np.array(rows) for i, rows in enumerate(filled)})
    most = max(1, *(len(column.levels) for column in columns))  # which ones are rare their rows alone decide here
    pipeline = unfitted([column.kind for column in columns], RARE_ROWS, most).fit(frame)
    for i, column in enumerate(columns):
        if column.kind == "date":
            step = dict(pipeline.named_transformers_[str(i)].transformer_list)["values"][1]
            step.origin_, step.parts_ = column.origin, column.parts
    return pipeline


def _leading_to(column: PreparedColumn) -> list[float]:
    rows = [np.nan] if column.indicator else []
    rare = set(column.rare)
    for code, level in enumerate(column.levels):
        rows += [float(code)] * (1 if level in rare else 2)
    return [*rows, column.fill, column.fill]
