"""Planes: the two-dimensional view of a d-dimensional table in which points and D are drawn."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sogaal.precision import in_floats

FloatArray = npt.NDArray[np.float32]
AnyFloats = npt.NDArray[np.floating]

# Of a table with more rows than this, blocks of rows are looked at one after another, so that it is not copied.
ROWS_AT_ONCE, BLOCK_ROWS = 50_000, 8_192


@dataclass(frozen=True, eq=False)
class Plane:
    """The plane ``origin + u * basis[0] + v * basis[1]``.

    ``origin`` (d,) and ``basis`` (2, d) float32 with orthonormal rows; ``labels`` names the two axes; ``exact`` tells
    whether the plane is the whole space (d = 2), so that nothing is left out by drawing in it.
    """

    origin: FloatArray
    basis: FloatArray
    labels: tuple[str, str]
    exact: bool

    def project(self, X: FloatArray) -> FloatArray:
        """Rows (m, d) -> their coordinates in the plane (m, 2) float32."""
        if len(X) <= ROWS_AT_ONCE:
            return in_floats(_project, X, self.origin, self.basis)
        uv = np.empty((len(X), 2), dtype=np.float32)
        for start in range(0, len(X), BLOCK_ROWS):  # no second table beside a large one
            uv[start : start + BLOCK_ROWS] = in_floats(_project, X[start : start + BLOCK_ROWS], self.origin, self.basis)
        return uv

    def lift(self, uv: FloatArray) -> FloatArray:
        """Coordinates in the plane (m, 2) -> the points of the plane (m, d) float32."""
        return np.asarray(self.origin + uv @ self.basis, dtype=np.float32)


def _project(X: AnyFloats, origin: AnyFloats, basis: AnyFloats) -> AnyFloats:
    return np.asarray((X - origin) @ basis.T)


def feature_plane(
    X: FloatArray, i: int, j: int, names: Sequence[str], middle: npt.NDArray[np.floating] | None = None
) -> Plane:
    """The plane of the features ``i`` and ``j`` (different); the other features stay at the median of ``X`` (n, d).

    ``middle`` (d,): the medians, where somebody knows them already.
    """
    d = X.shape[1]
    origin = np.array(np.median(X, axis=0) if middle is None else middle, dtype=np.float32)
    origin[[i, j]] = 0
    basis = np.zeros((2, d), dtype=np.float32)
    basis[0, i] = basis[1, j] = 1
    return Plane(origin, basis, (names[i], names[j]), exact=d == 2)


def pca_plane(X: FloatArray) -> Plane:
    """The plane through the mean of ``X`` (n, d) along its first two principal axes.

    The sign of an axis is fixed (its largest entry is positive), so the same table gives the same plane. A table of
    one feature is drawn against a constant second axis.
    """
    mean = X.mean(axis=0, dtype=np.float64)
    # The covariance is d x d: cheap for any number of rows, where an SVD of X is not.
    values, vectors = np.linalg.eigh(_covariance(X, mean).reshape(X.shape[1], -1))
    order = np.argsort(values)[::-1][:2]
    basis = vectors[:, order].T
    if len(basis) < 2:
        basis = np.vstack([basis, np.zeros_like(basis)])
    peak = np.abs(basis).argmax(axis=1)
    signs = np.where(basis[np.arange(2), peak] < 0, -1.0, 1.0)
    total = max(float(values.sum()), np.finfo(float).tiny)
    shares = [100 * max(float(values[o]), 0.0) / total for o in order] + [0.0]
    labels = (f"PCA 1 ({shares[0]:.0f} % of variance)", f"PCA 2 ({shares[1]:.0f} % of variance)")
    return Plane(mean.astype(np.float32), (basis * signs[:, None]).astype(np.float32), labels, exact=X.shape[1] == 2)


def _covariance(X: FloatArray, mean: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The covariance of the columns, (d, d), counted in double precision."""
    if len(X) <= ROWS_AT_ONCE:
        return np.asarray(np.cov(X, rowvar=False, dtype=np.float64))
    total = np.zeros((X.shape[1], X.shape[1]))
    for start in range(0, len(X), BLOCK_ROWS):
        off = X[start : start + BLOCK_ROWS] - mean
        total += off.T @ off
    return total / (len(X) - 1)
