"""`Dataset`: one table, checked and frozen."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from sogaal.errors import DataError
from sogaal.preparation import (
    Distribution,
    Filled,
    Levels,
    Preparation,
    Words,
    distribution,
    shortest,
    told,
    values_of,
)

Float32Array = npt.NDArray[np.float32]
Int8Array = npt.NDArray[np.int8]

MIN_ROWS = 10


@dataclass(frozen=True, eq=False)
class Dataset:
    """A table of numbers with what is known about it; nothing in it changes after it is made.

    name: short name, fit for a command line.
    X: float32 (n, d), the raw values, read-only; n >= 10 rows of which at least two differ, all of them finite.
    y: int8 (n,), 1 = outlier and 0 = inlier, both present, read-only; None where there are no labels.
    ids: (n,) integers or strings that name the rows, read-only; 1, 2, ..., n where the table has none.
    feature_names: d different names.
    title, description, source, licence: for people to read; may be empty.
    notes: sentences about decisions that were taken while reading ("column 'colour' holds text and was left out").
    label_name, id_name: the columns that y and ids came from; None where there is none or nobody knows. As the ids,
        they are no part of the fingerprint.
    preparation: what made X of the columns of a raw table; None where those were plain numbers without gaps.
    levels: which level each row has in the category columns with rare ones, for which X has one feature together.
    filled: which rows, bool (n,), have only a fill in the columns whose gaps no feature tells, by the columns' names.

    Arrays that can still be written to are copied. Raises DataError if a rule above is broken.
    """

    name: str
    X: Float32Array
    y: Int8Array | None
    ids: npt.NDArray[Any]
    feature_names: tuple[str, ...]
    title: str = ""
    description: str = ""
    source: str = ""
    licence: str = ""
    notes: tuple[str, ...] = ()
    label_name: str | None = None
    id_name: str | None = None
    preparation: Preparation | None = None
    levels: Levels = field(default_factory=dict)
    filled: Filled = field(default_factory=dict)

    def __post_init__(self) -> None:
        X = _frozen(self.X, np.dtype(np.float32), self.name, "X")
        check_features(X, tuple(self.feature_names), self.name)
        object.__setattr__(self, "X", X)
        object.__setattr__(self, "ids", _frozen(self.ids, None, self.name, "ids"))
        object.__setattr__(self, "feature_names", tuple(self.feature_names))
        object.__setattr__(self, "notes", tuple(self.notes))
        if self.ids.shape != (len(X),):
            raise DataError(f"{self.name}: ids must be one for each of the {len(X):,} rows, got {self.ids.shape}.")
        if self.preparation is not None and self.preparation.feature_names != self.feature_names:
            raise DataError(f"{self.name}: the preparation must make the features, {', '.join(self.feature_names)}.")
        if self.y is not None:
            object.__setattr__(self, "y", _checked_labels(self.y, len(X), self.name))

    @property
    def n(self) -> int:
        """Number of rows."""
        return int(self.X.shape[0])

    @property
    def d(self) -> int:
        """Number of features."""
        return int(self.X.shape[1])

    @property
    def n_outliers(self) -> int | None:
        """Number of rows labelled 1; None without labels."""
        return None if self.y is None else int(np.count_nonzero(self.y))

    @property
    def outlier_share(self) -> float | None:
        """Share of rows labelled 1, between 0 and 1; None without labels."""
        return None if self.y is None else int(np.count_nonzero(self.y)) / self.n

    def wording(self, rows: Sequence[int] | npt.NDArray[np.integer]) -> tuple[Preparation | None, Words | None]:
        """For explanations of some rows: the preparation, and what the rows' rare levels are called; None without."""
        if self.preparation is None:
            return None, None
        return self.preparation, Words.of(self.preparation, self.levels, self.filled).take(np.asarray(rows))

    def original(self, rows: Sequence[int] | npt.NDArray[np.integer]) -> dict[str, Sequence[Any]]:
        """Some rows as the table had them, by the columns that were used: texts, and floats of numbers."""
        X = self.X[np.asarray(rows)]
        if self.preparation is None:
            return dict(zip(self.feature_names, map(shortest, X.T), strict=True))
        return told(self.preparation, X, self.wording(rows)[1])

    def values(self, rows: slice) -> dict[str, npt.NDArray[Any]]:
        """Rows that follow one another as the table had them, by the columns that were used, for files: float32 of
        numbers, NaN where missing; texts of others, None where missing."""
        X = self.X[rows]
        if self.preparation is None:
            return dict(zip(self.feature_names, X.T, strict=True))
        levels = {name: codes[rows] for name, codes in self.levels.items()}
        return values_of(self.preparation, X, levels, {name: gaps[rows] for name, gaps in self.filled.items()})

    def distribution(self, column: int) -> Distribution:
        """How the values of a column are distributed, numbered as in :meth:`original`."""
        if self.preparation is None:
            numbers = self.X[:, column].astype(np.float64)
            return Distribution(self.feature_names[column], "number", self.n, 0, numbers=numbers)
        return distribution(self.preparation, self.X, self.levels, self.filled, column)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 (64 hex digits) over X, y and the feature names: same contents, same fingerprint on any machine."""
        digest = hashlib.sha256(f"sogaal dataset {self.n} {self.d} {self.y is not None}\n".encode())
        for name in self.feature_names:
            encoded = name.encode("utf-8", "surrogatepass")
            digest.update(len(encoded).to_bytes(8, "little") + encoded)
        digest.update(np.ascontiguousarray(self.X, dtype="<f4").data)
        if self.y is not None:
            digest.update(self.y.data)
        return digest.hexdigest()

    def __repr__(self) -> str:
        labels = "no labels" if self.y is None else f"{self.n_outliers} outliers"
        return f"Dataset({self.name!r}, {self.n} x {self.d}, {labels})"


def _frozen(array: npt.ArrayLike, dtype: np.dtype[Any] | None, name: str, what: str) -> npt.NDArray[Any]:
    """`array` as a read-only C-ordered array; copied unless nobody can write to it any more."""
    try:
        with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite and is refused by name
            made = np.asarray(array, dtype=dtype, order="C")
    except (TypeError, ValueError) as error:
        raise DataError(f"{name}: {what} must be an array of numbers, got {type(array).__name__} ({error}).") from None
    if made is array or made.base is not None:
        if not made.flags.writeable and (made.base is None or not _writeable(made.base)):
            return made
        made = made.copy()
    made.flags.writeable = False
    return made


def _writeable(base: object) -> bool:
    """Whether memory under a view may still change."""
    while isinstance(base, np.ndarray):
        if base.flags.writeable:
            return True
        base = base.base
    return base is not None


def check_features(X: Float32Array, feature_names: Sequence[str], name: str) -> None:
    """Raise DataError unless X and its names obey the rules of `Dataset`; rows are counted from 1 in the message."""
    if X.ndim != 2 or X.shape[1] < 1:
        raise DataError(f"{name}: X must have the shape (rows, features >= 1), got {X.shape}.")
    if len(feature_names) != X.shape[1]:
        raise DataError(f"{name}: X has {X.shape[1]} columns but there are {len(feature_names)} feature names.")
    if len(set(feature_names)) != len(feature_names):
        twice = next(one for one in feature_names if list(feature_names).count(one) > 1)
        raise DataError(f"{name}: feature names must differ, {twice!r} appears more than once.")
    bad = ~np.isfinite(X)
    if bad.any():
        row, column = (int(i) for i in np.argwhere(bad)[0])
        raise DataError(
            f"{name}: every value must be a finite float32, but {_count(bad)} not, "
            f"the first in row {row + 1}, column {feature_names[column]!r}."
        )
    check_enough_rows(X, name)


def check_enough_rows(X: Float32Array, name: str) -> None:
    """Raise DataError unless there are at least 10 rows and two that differ: there is nothing to learn from fewer."""
    if len(X) < MIN_ROWS:
        raise DataError(f"{name}: a dataset must have at least {MIN_ROWS} rows, got {len(X)}.")
    if (X == X[0]).all():
        raise DataError(f"{name}: at least two rows must differ, but all {len(X):,} rows are the same.")


def _count(bad: npt.NDArray[np.bool_]) -> str:
    count = int(np.count_nonzero(bad))
    return "1 is" if count == 1 else f"{count:,} are"


def _checked_labels(y: npt.ArrayLike, n: int, name: str) -> Int8Array:
    given = np.asarray(y)
    if given.shape != (n,):
        raise DataError(f"{name}: y must hold one label for each of the {n:,} rows, got the shape {given.shape}.")
    values = np.unique(given).tolist()
    if values != [0, 1]:
        shown = ", ".join(map(str, values[:5])) + (", ..." if len(values) > 5 else "")
        raise DataError(f"{name}: y must hold the two values 0 (inlier) and 1 (outlier), got {shown}.")
    frozen: Int8Array = _frozen(given, np.dtype(np.int8), name, "y")
    return frozen
