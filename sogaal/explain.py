"""Why a row is suspicious: what each feature adds to D's verdict, how rare its value is, and which inliers it is near.

Integrated gradients (Sundararajan, Taly and Yan 2017, arXiv 1703.01365, equation 1) from a baseline b to a row x:

    A_i = (x_i - b_i) * integral over t from 0 to 1 of dD/dx_i at b + t (x - b)

D is piecewise linear, D(x) = w2 . relu(W1 x + b1) + b2, so that the integral needs no sum over steps. On the straight
path the input of a hidden unit goes linearly from a_j(b) to a_j(x). The unit is on for the share s_j of the path that
lies above 0, which is p / (p + q) with p and q what both ends together have above and below 0, and

    A_i = (x_i - b_i) * sum over j of W1_ij w2_j s_j.

Summed over the features this is D(x) - D(b) to the last digits (completeness). The baseline is the median of each
column of the training data. Scaling is linear in each column, so an attribution is that of the raw column too. Of
several D's it is the mean, as their score is. No label is used anywhere.

Attributions are additive: what a column of a raw table adds, of which several features were made (the levels of a
category, the parts of a date, where a value is missing), is the sum over these, and the columns sum to D(x) - D(b) too.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from sogaal.errors import ConfigError, ModelError
from sogaal.frames import DiscriminatorWeights
from sogaal.metrics import rank
from sogaal.preparation import Preparation, Words, phrase, value_text
from sogaal.scaling import Scaler
from sogaal.voting import BLOCK_FLOATS, combined

FloatArray = npt.NDArray[np.float32]
DoubleArray = npt.NDArray[np.float64]

# Features that are named as the reasons of a row: this many at most, and none with less than this share of the first.
MOST_REASONS = 3
LEAST_SHARE = 0.1
# Neighbours are looked for among this share of the rows, the least abnormal ones.
INLIER_SHARE = 0.5


@dataclass(frozen=True)
class Reason:
    """A column that speaks for a row's suspicion. ``high``: the value lies above the median, else below.

    ``feature``: its number; where a column became several features, of the one that tells what the row has there
    (:meth:`Preparation.telling`). ``weight`` > 0: by how much the column raises the log-odds of the outlier score,
    which is minus its attribution. ``value``: of the feature, as prepared. ``word``: what a rare or new category is
    called.
    """

    feature: int
    high: bool
    weight: float
    value: float = 0.0
    word: str = ""


@dataclass(frozen=True, eq=False)
class Reasons:
    """The columns that speak most for the suspicion of each of m rows, the strongest first, k at most.

    ``features`` (m, k) int64, ``high`` (m, k) bool and ``weights`` (m, k) float64 as of :class:`Reason`; where a row
    has fewer than k, the weights that are left are 0. ``values`` (m, k) of the features and ``words`` (m, k), str:
    of rare and new categories, where the table was prepared (``preparation``), else None.
    """

    features: npt.NDArray[np.int64]
    high: npt.NDArray[np.bool_]
    weights: DoubleArray
    values: DoubleArray | None = None
    words: npt.NDArray[np.object_] | None = None
    preparation: Preparation | None = None

    def of_row(self, row: int) -> list[Reason]:
        """Those of one row; maybe none."""
        there = np.flatnonzero(self.weights[row]).tolist()
        return [
            Reason(
                int(self.features[row, k]),
                bool(self.high[row, k]),
                float(self.weights[row, k]),
                0.0 if self.values is None else float(self.values[row, k]),
                "" if self.words is None else str(self.words[row, k]),
            )
            for k in there
        ]

    def phrase(self, one: Reason, names: Sequence[str]) -> str:
        """What a reason says without its weight: "alcohol high", or of a prepared table "colour = red"."""
        if self.preparation is None:
            return f"{names[one.feature]} {'high' if one.high else 'low'}"
        return phrase(self.preparation, one.feature, one.value, one.high, one.word)

    def texts(self, names: Sequence[str]) -> list[str]:
        """A text for each row, "alcohol high +1.94; hue low +0.83"; empty where there are none. ``names``: of all d."""
        return [
            "; ".join(f"{self.phrase(one, names)} {one.weight:+.2f}" for one in self.of_row(row))
            for row in range(len(self.weights))
        ]


@dataclass(frozen=True, eq=False)
class Explanation:
    """What each feature adds to D's logit of m rows, on the way from the median row.

    ``names``: of the d features. ``values`` (m, d) and ``median`` (d,): raw, float64. ``attributions`` (m, d) float64,
    in units of the logit: **negative = makes the row more abnormal**, as lower logits are. ``logits`` (m,) and
    ``median_logit``: D's of the rows and of the median row; each row's attributions sum to the difference.
    ``preparation``, ``words``: of a table that was prepared, for reasons in the words of its columns.
    """

    names: tuple[str, ...]
    values: DoubleArray
    median: DoubleArray
    attributions: DoubleArray
    logits: DoubleArray
    median_logit: float
    preparation: Preparation | None = None
    words: Words | None = None

    @property
    def column_names(self) -> tuple[str, ...]:
        """The c columns of the raw table; those of a plain one are its features."""
        return self.names if self.preparation is None else self.preparation.names

    @cached_property
    def by_column(self) -> DoubleArray:
        """What each column adds, (m, c): ``attributions``, summed where a column became several features. Exact."""
        return self.attributions if self.preparation is None else self.preparation.folded(self.attributions)

    @cached_property
    def telling(self) -> npt.NDArray[np.int64]:
        """The feature of each column that tells what the row has there, (m, c), as of :meth:`Preparation.telling`."""
        if self.preparation is None:
            return np.broadcast_to(np.arange(self.values.shape[1]), self.values.shape)
        return self.preparation.telling(self.values)

    def texts(self, row: int) -> list[str]:
        """What a row has in each column, (c,): "43.2", "red", "2024-03-05", "missing", "43 (filled)"."""
        if self.preparation is None:
            return [f"{value:.6g}" for value in self.values[row]]
        words = self._words_of(self.telling)[row]
        filled = [self.words is not None and self.words.is_gap(column, row) for column in range(len(words))]
        return [
            value_text(self.preparation, feature, float(self.values[row, feature]), word) + " (filled)" * gap
            for feature, word, gap in zip(self.telling[row].tolist(), words, filled, strict=True)
        ]

    def labels(self, row: int) -> list[str]:
        """The columns with what a row has in them, (c,): "colour = red"; of a plain table the names alone."""
        if self.preparation is None:
            return list(self.names)
        return [f"{name} = {text}" for name, text in zip(self.column_names, self.texts(row), strict=True)]

    def reasons(self, most: int = MOST_REASONS) -> Reasons:
        """For each row the columns that speak most for its suspicion, ``most`` of them at the most."""
        columns = np.argsort(self.by_column, axis=1, kind="stable")[:, :most]
        weights = -np.take_along_axis(self.by_column, columns, axis=1)
        weights[(weights <= 0) | (weights < LEAST_SHARE * weights[:, :1])] = 0
        features = np.take_along_axis(self.telling, columns, axis=1)
        high = np.take_along_axis(self.values > self.median, features, axis=1)
        if self.preparation is None:
            return Reasons(features, high, weights)
        values = np.take_along_axis(self.values, features, axis=1)
        return Reasons(features, high, weights, values, self._words_of(features), self.preparation)

    def _words_of(self, features: npt.NDArray[np.int64]) -> npt.NDArray[np.object_]:
        """What the categories of some features (m, k) of each row are called, where their names do not tell."""
        found = np.full(features.shape, "", dtype=object)
        if self.words is None or self.preparation is None:
            return found
        columns = np.array([feature.column for feature in self.preparation.features])[features]
        for column in self.words.columns:
            for row, place in np.argwhere(columns == column):
                found[row, place] = self.words.word(column, int(row))
        return found

    def reason_texts(self, most: int = MOST_REASONS) -> list[str]:
        """The same in words, a text for each row, as of :meth:`Reasons.texts`."""
        return self.reasons(most).texts(self.names)


def explain(
    voters: Sequence[DiscriminatorWeights],
    scaler: Scaler,
    X: npt.ArrayLike,
    names: Sequence[str] | None = None,
    median: npt.ArrayLike | None = None,
    preparation: Preparation | None = None,
    words: Words | None = None,
) -> Explanation:
    """Explain the mean logit of ``voters`` for raw rows ``X`` (m, d); O(m d h) for D's with h hidden units.

    ``names``: None = the scaler's. ``preparation``: what made the features of a raw table, ``words``: what the rows'
    categories are called. ``median`` (d,), raw: None = the one that the scaler has kept of its training data.
    Raises :class:`ModelError` where there is none, :class:`ConfigError` for one of another shape, and what
    :meth:`Scaler.transform` raises for rows that cannot be used.
    """
    start = scaler.median if median is None else np.asarray(median, dtype=np.float64)
    if start is None:
        raise ModelError(
            "the model was saved without the median of its training data, from which explanations begin; give it as "
            "median, or train again."
        )
    if start.shape != (scaler.d,):
        raise ConfigError(f"median must have {scaler.d} values, one a feature, got the shape {start.shape}.")
    scaled, baseline = scaler.transform(X), scaler.transform(start[None])
    found = attributions(voters, scaled, baseline[0])
    return Explanation(
        names=tuple(scaler.names if names is None else names),
        values=np.asarray(X, dtype=np.float64),
        median=start,
        attributions=found,
        logits=combined(voters, scaled),
        median_logit=float(combined(voters, baseline)[0]),
        preparation=preparation,
        words=words,
    )


def attributions(voters: Sequence[DiscriminatorWeights], X: FloatArray, baseline: FloatArray) -> DoubleArray:
    """Integrated gradients of the voters' mean logit, (m, d) float64, from ``baseline`` (d,) to scaled rows (m, d)."""
    total = np.zeros(X.shape)
    for weights in voters:
        rows = max(1, BLOCK_FLOATS // weights.w1.shape[1])
        for first in range(0, len(X), rows):
            total[first : first + rows] += _path_gradients(weights, X[first : first + rows], baseline)
    return total / len(voters) * (X.astype(np.float64) - baseline)


def _path_gradients(weights: DiscriminatorWeights, X: FloatArray, baseline: FloatArray) -> DoubleArray:
    """The gradient of D averaged over the straight path from the baseline to each row, (m, d)."""
    w1 = weights.w1.astype(np.float64)
    at_start = baseline.astype(np.float64) @ w1 + weights.b1
    at_rows = X.astype(np.float64) @ w1 + weights.b1
    above = np.maximum(at_start, 0) + np.maximum(at_rows, 0)
    length = np.abs(at_start) + np.abs(at_rows)
    # A unit that is at 0 all the way adds nothing, whatever its share is said to be.
    share = np.divide(above, length, out=np.zeros_like(above), where=length > 0)
    return np.asarray((share * weights.w2) @ w1.T)


def percentiles(table: npt.NDArray[np.floating], values: npt.NDArray[np.floating]) -> DoubleArray:
    """Where ``values`` (m, d) lie in the columns of ``table`` (n, d): (m, d) from 0 to 100.

    The share of the column that is lower, values that are equal counted half: 50 is the median, and in a column of one
    value all are at 50. O(m n d).
    """
    found = np.empty(values.shape)
    for row, value in enumerate(values):
        below, up_to = (table < value).sum(axis=0), (table <= value).sum(axis=0)
        found[row] = 50.0 * (below + up_to) / len(table)
    return found


def nearest_inliers(
    X: FloatArray, logits: npt.NDArray[np.floating], rows: Sequence[int], count: int = 5
) -> tuple[npt.NDArray[np.int64], DoubleArray]:
    """The ``count`` nearest of the least abnormal rows to each of m ``rows`` of the scaled table ``X`` (n, d).

    Looked for among the half of the table that ``logits`` (n,) rank least abnormal, without the row itself, by the
    Euclidean distance in the scaled space. Returns their numbers and distances, (m, k) each, the nearest first; k is
    less than ``count`` in a small table.
    """
    inliers = np.flatnonzero(rank(logits) > len(X) - math.ceil(INLIER_SHARE * len(X)))
    among = X[inliers].astype(np.float64)
    k = max(0, min(count, len(inliers) - 1))
    numbers, distances = np.empty((len(rows), k), dtype=np.int64), np.empty((len(rows), k))
    for place, row in enumerate(rows):
        squares = np.square(among - X[row]).sum(axis=1)
        squares[inliers == row] = np.inf
        nearest = np.argsort(squares, kind="stable")[:k]
        numbers[place], distances[place] = inliers[nearest], np.sqrt(squares[nearest])
    return numbers, distances
