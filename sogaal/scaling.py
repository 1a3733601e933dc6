"""Scaling the columns of a table, fitted once and kept with the model so that new rows are scaled alike."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sogaal.errors import ConfigError, DataError, ModelError

Float32Array = npt.NDArray[np.float32]
Float64Array = npt.NDArray[np.float64]

METHODS = ("minmax", "robust", "none")
# Robust scaling maps these quantiles to 0 and 1.
ROBUST_QUANTILES = (0.05, 0.95)
# Rows that are scaled, and columns whose medians are found, at once.
BLOCK_ROWS = 4096
BLOCK_COLUMNS = 16


@dataclass(frozen=True, eq=False)
class Scaler:
    """A fitted transformation of columns: (x - center) / scale, in float64, given back as float32.

    method: "minmax" maps the smallest value to 0 and the largest to 1, as the generator's noise has that range.
        "robust" maps the 5 % quantile to 0 and the 95 % quantile to 1 and clips nothing, so a few extreme values
        lie outside [0, 1] instead of squeezing all others together; where these quantiles coincide (a column that
        is almost always the same) the column is scaled by its smallest and largest value instead.
        "none" leaves values as they are.
    names: the columns' names, d of them.
    center, scale: float64 (d,), read-only.
    constant: bool (d,), columns that had one value only. They become 0, in new rows too: a model that never saw
        such a column vary knows nothing about it. ("none" changes nothing, but still marks them.)
    fallback: bool (d,), columns that "robust" had to scale like "minmax".
    median: float64 (d,), of the raw columns, from which a model's verdicts are explained (:mod:`sogaal.explain`); None
        where the scaling was saved before medians were.
    """

    method: str
    names: tuple[str, ...]
    center: Float64Array
    scale: Float64Array
    constant: npt.NDArray[np.bool_]
    fallback: npt.NDArray[np.bool_]
    median: Float64Array | None = None

    def __post_init__(self) -> None:
        for array in (self.center, self.scale, self.constant, self.fallback, self.median):
            if array is not None:
                array.flags.writeable = False

    @classmethod
    def fit(cls, X: npt.ArrayLike, method: str = "minmax", names: Sequence[str] | None = None) -> "Scaler":
        """Learn the transformation from X (n >= 1, d >= 1), finite numbers.

        names: of the columns, for messages and notes; x1, x2, ... if not given.
        Raises ConfigError for an unknown method, DataError for a table that cannot be scaled.
        """
        if method not in METHODS:
            raise ConfigError(f"scaling must be one of {', '.join(METHODS)}, got {method!r}.", field="scaling")
        table = _single_or_double(X)
        n, d = table.shape
        if n == 0 or d == 0:
            raise DataError(f"scaling needs at least one row and one column, got the shape {table.shape}.")
        columns = tuple(f"x{j + 1}" for j in range(d)) if names is None else tuple(map(str, names))
        if len(columns) != d:
            raise DataError(f"scaling needs one name for each of the {d} columns, got {len(columns)} names.")
        _check_finite(table, columns)
        low, high = (part.astype(np.float64) for part in (table.min(axis=0), table.max(axis=0)))
        constant, fallback = low == high, np.zeros(d, dtype=np.bool_)
        median = medians(table)
        if method == "none":
            return cls(method, columns, np.zeros(d), np.ones(d), constant, fallback, median)
        if method == "robust":
            inner_low, inner_high = np.quantile(table.astype(np.float64, copy=False), ROBUST_QUANTILES, axis=0)
            fallback = (inner_low == inner_high) & ~constant
            low, high = np.where(fallback, low, inner_low), np.where(fallback, high, inner_high)
        return cls(method, columns, low, np.where(constant, 1.0, high - low), constant, fallback, median)

    @property
    def d(self) -> int:
        """Number of columns."""
        return len(self.names)

    @property
    def notes(self) -> list[str]:
        """Sentences about columns that were not scaled as the method says; empty if there are none."""
        notes = []
        if self.method != "none" and self.constant.any():
            named = _listed([name for name, it in zip(self.names, self.constant, strict=True) if it])
            notes.append(f"Every row has the same value in {named}; such a column becomes 0 and tells nothing.")
        if self.fallback.any():
            named = _listed([name for name, it in zip(self.names, self.fallback, strict=True) if it])
            notes.append(
                f"The 5 % and 95 % quantiles are equal in {named}, scaled by smallest and largest value instead."
            )
        return notes

    def transform(self, X: npt.ArrayLike) -> Float32Array:
        """Scale rows: X (m, d) to float32 (m, d), a new array; m may be 0.

        Raises DataError for another number of columns, or for values that are not finite before or after.
        """
        table = _single_or_double(X)
        if table.shape[1] != self.d:
            raise DataError(
                f"the scaling was fitted on {self.d} columns ({_listed(self.names)}), got {table.shape[1]} columns."
            )
        _check_finite(table, self.names)
        scaled = np.empty(table.shape, dtype=np.float32)
        with np.errstate(over="ignore"):  # what gets too large is found and named below
            for start in range(0, len(table), BLOCK_ROWS):  # rows that stay in the cache, whatever there are
                rows = slice(start, start + BLOCK_ROWS)
                scaled[rows] = table[rows] if self.method == "none" else (table[rows] - self.center) / self.scale
        if self.method != "none":
            scaled[:, self.constant] = 0.0
        _check_finite(scaled, self.names, "after scaling, values must fit single precision")
        return scaled

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; Python's JSON writes floats so that they are read back exactly."""
        values = {
            "method": self.method,
            "names": list(self.names),
            "center": self.center.tolist(),
            "scale": self.scale.tolist(),
            "constant": self.constant.tolist(),
            "fallback": self.fallback.tolist(),
        }
        return values if self.median is None else {**values, "median": self.median.tolist()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Scaler":
        """The scaler that `to_dict` described; raises ModelError if a part is missing or makes no sense."""
        method, names = values.get("method"), values.get("names")
        if method not in METHODS:
            raise ModelError(f"saved scaling: method must be one of {', '.join(METHODS)}, got {method!r}.")
        if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
            raise ModelError(f"saved scaling: names must be a list of strings, got {names!r}.")
        d = len(names)
        scale = _saved_floats(values, "scale", d)
        if not (scale > 0).all():
            raise ModelError("saved scaling: every scale must be above 0.")
        return cls(
            method,
            tuple(names),
            _saved_floats(values, "center", d),
            scale,
            _saved_flags(values, "constant", d),
            _saved_flags(values, "fallback", d),
            _saved_floats(values, "median", d) if "median" in values else None,
        )


def medians(table: npt.NDArray[np.floating[Any]]) -> Float64Array:
    """The median of each column of ``table`` (n, d), (d,) float64; some columns at a time, so that no copy is large."""
    found = []
    for start in range(0, table.shape[1], BLOCK_COLUMNS):
        columns = np.array(table[:, start : start + BLOCK_COLUMNS].T, order="C")  # a copy, to be put in order
        half, odd = divmod(columns.shape[1], 2)
        middle = slice(half if odd else half - 1, half + 1)
        columns.partition(range(columns.shape[1])[middle], axis=1)
        found.append(columns[:, middle].mean(axis=1, dtype=np.float64))  # of single precision too, in double
    return np.concatenate(found)


def _single_or_double(X: npt.ArrayLike) -> npt.NDArray[np.floating[Any]]:
    """X (m, d) in float32 where it is that already, else in float64."""
    single = isinstance(X, np.ndarray) and X.dtype == np.float32
    table: npt.NDArray[np.floating[Any]]
    try:
        table = np.asarray(X, dtype=np.float32 if single else np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"scaling needs a table of numbers ({error}).") from None
    if table.ndim != 2:
        raise DataError(f"scaling needs a table with rows and columns, got the shape {table.shape}.")
    return table


def _check_finite(
    table: npt.NDArray[np.floating[Any]], names: Sequence[str], rule: str = "values must be finite"
) -> None:
    bad = ~np.isfinite(table)
    if bad.any():
        row, column = (int(i) for i in np.argwhere(bad)[0])
        count = int(bad.sum())
        raise DataError(
            f"{rule}, but {count:,} {'is' if count == 1 else 'are'} not, the first in row {row + 1}, "
            f"column {names[column]!r}: {table[row, column]}."
        )


def _listed(names: Sequence[str], most: int = 8) -> str:
    word = "column" if len(names) == 1 else "columns"
    return f"{word} {', '.join(names[:most])}" + (f" and {len(names) - most} more" if len(names) > most else "")


def _saved(values: Mapping[str, Any], key: str, d: int) -> list[Any]:
    found = values.get(key)
    if not isinstance(found, list) or len(found) != d:
        raise ModelError(f"saved scaling: {key} must be a list of {d} values, one for each name, got {found!r}.")
    return found


def _saved_floats(values: Mapping[str, Any], key: str, d: int) -> Float64Array:
    found = _saved(values, key, d)
    if not all(isinstance(x, (int, float)) and not isinstance(x, bool) and math.isfinite(x) for x in found):
        raise ModelError(f"saved scaling: {key} must hold finite numbers, got {found!r}.")
    return np.array(found, dtype=np.float64)


def _saved_flags(values: Mapping[str, Any], key: str, d: int) -> npt.NDArray[np.bool_]:
    found = _saved(values, key, d)
    if not all(isinstance(x, bool) for x in found):
        raise ModelError(f"saved scaling: {key} must hold truth values, got {found!r}.")
    return np.array(found, dtype=np.bool_)
