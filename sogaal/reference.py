"""How the columns of a table are distributed, in about a hundred numbers each: what new rows are held against.

A model keeps this of its training table, so that next month's rows can be compared without it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from sogaal.errors import DataError, ModelError

DoubleArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

# A column is kept as its smallest value and what lies at each of so many equal steps of its ordered rows.
STEPS = 100


@dataclass(frozen=True, eq=False)
class Distribution:
    """The distribution functions of d columns, each at some of its values.

    ``rows``: n of the table. ``edges`` (e,) float64: values of the first column, ascending, then of the second and so
    on; each column's first is its smallest, its last its largest. ``shares`` (e,) float64: of the rows at or below
    that value, exactly. ``starts`` (d + 1,) int64: column j has the edges from ``starts[j]`` to ``starts[j + 1]``.
    """

    rows: int
    edges: DoubleArray
    shares: DoubleArray
    starts: IntArray

    @classmethod
    def fit(cls, X: npt.ArrayLike) -> Self:
        """That of a table (n >= 1, d >= 1) of finite numbers; raises :class:`DataError` for another."""
        table = np.asarray(X)
        if table.ndim != 2 or 0 in table.shape:
            raise DataError(f"X must have two dimensions and at least one row and column, got shape {table.shape}.")
        n = len(table)
        places = np.append(0, np.ceil(np.arange(1, STEPS + 1) * (n / STEPS)).astype(np.int64) - 1).clip(0, n - 1)
        edges, shares = [], []
        for column in table.T:  # one at a time, so that no copy is large
            ordered = np.sort(column)
            if not np.isfinite(ordered[[0, -1]]).all():
                raise DataError("X must be finite, and is not.")
            found = np.unique(ordered[places])
            edges.append(found.astype(np.float64))
            shares.append(ordered.searchsorted(found, side="right") / n)
        starts = np.cumsum([0, *map(len, edges)], dtype=np.int64)
        return cls(n, np.concatenate(edges), np.concatenate(shares), starts)

    @property
    def d(self) -> int:
        """Number of columns."""
        return len(self.starts) - 1

    def column(self, j: int) -> tuple[DoubleArray, DoubleArray]:
        """Edges and shares of column j."""
        part = slice(self.starts[j], self.starts[j + 1])
        return self.edges[part], self.shares[part]

    def value_at(self, share: float, j: int = 0) -> float:
        """The smallest edge of column j with at least this share (0 to 1) of the rows at or below it."""
        edges, shares = self.column(j)
        return float(edges[min(int(shares.searchsorted(share - 1e-12)), len(edges) - 1)])

    def to_arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Plain arrays by name."""
        rows = np.array([self.rows], dtype=np.int64)
        return {"rows": rows, "edges": self.edges, "shares": self.shares, "starts": self.starts}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]], d: int) -> Self:
        """What :meth:`to_arrays` gave, of d columns; raises :class:`ModelError` for what makes no sense."""
        kinds = {"rows": np.int64, "edges": np.float64, "shares": np.float64, "starts": np.int64}
        for name, kind in kinds.items():
            if name not in arrays or arrays[name].ndim != 1 or arrays[name].dtype != kind:
                raise ModelError(f"the saved distribution must have {name} as one row of {np.dtype(kind)}.")
        rows, edges, shares, starts = (arrays[name] for name in kinds)
        lengths = np.diff(starts)
        counted = len(starts) == d + 1 and starts[0] == 0 and (lengths >= 1).all() and starts[-1] == len(edges)
        if not counted or len(shares) != len(edges):
            raise ModelError(f"the saved distribution must have edges of {d} columns.")
        inner = np.ones(len(edges), dtype=np.bool_)
        inner[starts[:-1]] = False
        rises = [np.diff(values, prepend=np.nan)[inner] > 0 for values in (edges, shares)]
        sound = len(rows) == 1 and rows[0] >= 1 and np.isfinite(edges).all()
        if not sound or not all(rise.all() for rise in rises) or not ((shares > 0) & (shares <= 1)).all():
            raise ModelError("the saved distribution's edges and shares must rise within each column.")
        return cls(int(rows[0]), edges, shares, starts)


class Counts:
    """How rows, piece by piece, fall between the edges of a :class:`Distribution`; memory does not grow with them.

    ``bins``: an (e_j + 1,) int64 for each column: up to its first edge, up to the second, ..., above the last.
    ``below`` (d,): values under the smallest of the training; ``missing`` (d,): values that are not finite.
    """

    def __init__(self, distribution: Distribution) -> None:
        self.distribution = distribution
        self.rows = 0
        self.bins = [np.zeros(len(distribution.column(j)[0]) + 1, dtype=np.int64) for j in range(distribution.d)]
        self.below = np.zeros(distribution.d, dtype=np.int64)
        self.missing = np.zeros(distribution.d, dtype=np.int64)

    def add(self, X: npt.NDArray[np.floating[Any]]) -> None:
        """Count rows ``X`` (m, d); raises :class:`DataError` for another number of columns."""
        if X.ndim != 2 or X.shape[1] != self.distribution.d:
            raise DataError(f"rows must have {self.distribution.d} columns, got shape {X.shape}.")
        self.rows += len(X)
        for j in range(X.shape[1]):
            column = np.ascontiguousarray(X[:, j], dtype=np.float64)
            there = np.isfinite(column)
            if not there.all():
                self.missing[j] += len(column) - int(there.sum())
                column = column[there]
            edges = self.distribution.column(j)[0]
            self.bins[j] += np.bincount(edges.searchsorted(column), minlength=len(edges) + 1)
            self.below[j] += int((column < edges[0]).sum())


@dataclass(frozen=True, eq=False)
class Reference:
    """What a model remembers of its training table: ``columns`` of the features, and of D's logits ``scores``, one
    :class:`Distribution` of one column for each moment ("stop", "end", "snapshots") whose D was asked."""

    columns: Distribution
    scores: Mapping[str, Distribution] = field(default_factory=dict)

    @classmethod
    def of(cls, X: npt.ArrayLike, logits: Mapping[str, npt.NDArray[np.floating[Any]]]) -> Self:
        """That of features ``X`` (n, d), raw, and their ``logits`` (n,) by moment."""
        scores = {at: Distribution.fit(values[:, None]) for at, values in logits.items()}
        return cls(Distribution.fit(X), scores)

    def to_arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Plain arrays by name, "columns.edges" and so on."""
        parts = {"columns": self.columns, **{f"scores.{at}": found for at, found in self.scores.items()}}
        return {f"{part}.{name}": array for part, found in parts.items() for name, array in found.to_arrays().items()}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]], d: int, moments: Sequence[str]) -> Self | None:
        """What :meth:`to_arrays` gave, None where there is nothing of it; raises :class:`ModelError` as above."""

        def part(name: str, columns: int) -> Distribution | None:
            found = {key.removeprefix(f"{name}."): array for key, array in arrays.items() if key.startswith(f"{name}.")}
            return Distribution.from_arrays(found, columns) if found else None

        columns = part("columns", d)
        scores = {at: found for at in moments if (found := part(f"scores.{at}", 1)) is not None}
        return None if columns is None else cls(columns, scores)
