"""Fewer points, same picture: what a line of a million steps needs to look right on 600 pixels."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.floating]
IntArray = npt.NDArray[np.integer]


def _width(length: int, buckets: int) -> int:
    # A power of two, so that buckets stay where they are while a history grows and the line does not shimmer.
    width = 1
    while width * buckets < length:
        width *= 2
    return width


def _folded(y: FloatArray, width: int) -> FloatArray:
    """Rows of ``width`` values; the last one is filled up with the last value, which no first extreme lies on."""
    missing = -len(y) % width
    whole = np.concatenate([y, np.repeat(y[-1:], missing)]) if missing else y
    return np.ascontiguousarray(whole).reshape(-1, width)


def _extremes(y: FloatArray, width: int) -> tuple[IntArray, IntArray]:
    """Row numbers of each bucket's smallest and largest finite value; of one that is not finite where there is none."""
    finite = np.isfinite(y)
    lows = highs = _folded(y, width)
    if not finite.all():
        lows, highs = _folded(np.where(finite, y, np.inf), width), _folded(np.where(finite, y, -np.inf), width)
    starts = np.arange(len(lows)) * width
    return starts + lows.argmin(axis=1), starts + highs.argmax(axis=1)


def thin(y: FloatArray, points: int = 400) -> IntArray:
    """Row numbers (ascending, at most ``points`` + 2, int64) that keep the shape of the line ``y`` (n,).

    Each bucket of equal width keeps its smallest and its largest finite value, and the first and the last such
    row are kept always; rows that are not finite are dropped. A line of at most ``points`` values keeps all of them.
    """
    n = len(y)
    if n <= points:
        return np.flatnonzero(np.isfinite(y))
    low, high = _extremes(y, _width(n, points // 2))
    finite = np.isfinite(y)
    ends = [finite.argmax(), n - 1 - finite[::-1].argmax()]
    rows = np.unique(np.concatenate([ends, low, high]))
    kept: IntArray = rows[finite[rows]]
    return kept


def thin_many(lines: FloatArray, points: int = 100) -> tuple[IntArray, npt.NDArray[np.float32]]:
    """Several lines (n, k) on shared rows: (rows (p,), values (p, k) float32), p at most ``points``.

    Each bucket stands at its two ends with each line's smallest and largest value there, in their order in time; so
    extremes are kept and their place is true to half a bucket. NaN where a line has no finite value.
    """
    n, k = lines.shape
    if n <= points:
        return np.arange(n), np.where(np.isfinite(lines), lines, np.nan).astype(np.float32)
    width = _width(n, points // 2)
    starts = np.arange(0, n, width)
    ends = np.minimum(starts + width, n) - 1
    values = np.empty((len(starts), 2, k), dtype=np.float32)
    for column in range(k):
        y = lines[:, column]
        values[:, :, column] = y[np.sort(np.stack(_extremes(y, width), axis=1), axis=1)]
    values[~np.isfinite(values)] = np.nan
    return np.stack([starts, ends], axis=1).reshape(-1), values.reshape(-1, k)


def sparkline(values: FloatArray, points: int = 60) -> list[float]:
    """A few numbers that show the course of ``values`` (n,), for a tile: means of equal stretches.

    Empty where nothing is finite. A list of plain floats, as ``st.metric(chart_data=...)`` takes it.
    """
    finite = np.asarray(values, dtype=np.float64)
    finite = finite[np.isfinite(finite)]
    if len(finite) <= points:
        return [float(value) for value in finite]
    edges = np.linspace(0, len(finite), points + 1).astype(np.int64)
    means = np.add.reduceat(finite, edges[:-1]) / np.diff(edges)
    means[-1] = finite[-1]
    return [float(value) for value in means]


def nice_ceiling(values: Iterable[float], floor: float = 1.0) -> float:
    """The smallest of 1, 1.5, 2, 3, 5, 7.5 times a power of ten that covers all finite ``values`` and ``floor``.

    Coarse on purpose: an axis that ends there moves seldom while its values grow.
    """
    # Values get a little air above them; the floor needs none.
    top = max([floor, *(1.03 * value for value in values if np.isfinite(value))])
    power = 10.0 ** np.floor(np.log10(top))
    for factor in (1.0, 1.5, 2.0, 3.0, 5.0, 7.5):
        if factor * power >= top:
            return float(factor * power)
    return float(10 * power)
