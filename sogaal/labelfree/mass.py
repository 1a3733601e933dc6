"""Excess mass and mass volume: how small a region D needs for most of the rows.

Goix 2016, *How to Evaluate the Quality of Unsupervised Anomaly Detection Algorithms?* (arXiv 1607.01152), sections 2
and 3. A good score keeps the rows in a small region {s >= u}. With P the share of the rows in it and V its volume,

    EM(t) = max over u of P(s >= u) - t V(s >= u),    MV(a) = min of V(s >= u) over the u with P(s >= u) >= a.

The criteria are the area under EM from t = 0 to where it falls to .9 (large is good) and under MV from a = .9 to 1
(small is good). The volume is measured by rows drawn uniformly from the box around the table, whose own volume counts
as 1. In many dimensions such rows lie far from all others and nearly every D tells them apart: the criteria then say
little. (The paper's way around, training on few columns at a time, judges a method, not the D at hand.)
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from sogaal.seeding import Stream, stream

FloatArray = npt.NDArray[np.floating[Any]]
Float32Array = npt.NDArray[np.float32]
DoubleArray = npt.NDArray[np.float64]

# The part of the rows whose region is judged: 1 - MASS are given up as possible outliers.
MASS = 0.9
UNIFORM_ROWS = 10_000


def uniform_rows(X: FloatArray, count: int = UNIFORM_ROWS, seed: int = 0) -> Float32Array:
    """``count`` rows (count, d) float32, uniform in the smallest box that holds the scaled rows ``X`` (n, d)."""
    low, high = X.min(axis=0), X.max(axis=0)
    drawn = stream(seed, Stream.SAMPLE, 2).random((count, X.shape[1]))
    return np.asarray(low + drawn * (high - low), dtype=np.float32)


def excess_mass(logits: FloatArray, uniform: FloatArray) -> float:
    """Area under the excess-mass curve down to .9, exact: **higher is better**; chance is 0.095.

    ``logits`` (n,) of the table's rows, ``uniform`` (m,) of :func:`uniform_rows`. The curve is followed to t = m / 10
    at most, where one uniform row weighs a tenth of the table: where all of them lie outside, the area is m / 10.
    """
    volume, mass = _regions(logits, uniform)
    keep = mass > MASS  # EM(t) >= .9 needs a region with more mass than that
    volume, mass = volume[keep], mass[keep]
    end = (1 - MASS) * len(uniform)
    area, t = 0.0, 0.0
    # EM is the upper envelope of the lines mass - t volume: from the flattest region that is best at t to the next.
    while len(mass):
        values = mass - t * volume
        # Of equal lines the one that falls slowest is the envelope's from here on.
        at = np.flatnonzero(values >= values.max() - 1e-12)
        line = int(at[volume[at].argmin()])
        flatter = volume < volume[line]
        crossings = (mass[line] - mass[flatter]) / (volume[line] - volume[flatter])
        until = float(crossings.min()) if len(crossings) else np.inf
        floor = (mass[line] - MASS) / volume[line] if volume[line] > 0 else np.inf
        stop = min(until, floor, end)
        area += (float(values[line]) + float(mass[line] - stop * volume[line])) / 2 * (stop - t)
        if stop >= min(floor, end):
            break
        t, volume, mass = stop, volume[flatter], mass[flatter]
    return area


def mass_volume(logits: FloatArray, uniform: FloatArray) -> float:
    """Mean volume of the regions that hold .9 to all of the rows, 0 to 1: **lower is better**, 0.95 is chance.

    It is the area under the mass-volume curve over [.9, 1], over its width. Parameters as of :func:`excess_mass`.
    """
    volume, mass = _regions(logits, uniform)
    # The region number i serves the shares from that of the next smaller one up to its own.
    low = np.maximum(np.append(0.0, mass[:-1]), MASS)
    return float((np.maximum(mass - low, 0) * volume).sum() / (1 - MASS))


def _regions(logits: FloatArray, uniform: FloatArray) -> tuple[DoubleArray, DoubleArray]:
    """(volume, mass) of {s >= u} for each distinct logit u of the table, the smallest region first."""
    rows, others = np.sort(np.asarray(logits, np.float64)), np.sort(np.asarray(uniform, np.float64))
    if not len(rows) or not len(others):
        raise ValueError(f"logits and uniform must not be empty, got {len(rows)} and {len(others)}.")
    u = np.unique(rows)[::-1]
    mass = 1 - rows.searchsorted(u) / len(rows)
    return 1 - others.searchsorted(u) / len(others), mass
