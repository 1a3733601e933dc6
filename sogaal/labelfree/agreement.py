"""Do several seeds rank the rows alike? Agreement over all rows, and over the tops.

A ranking that depends on the seed is the seed's, not the table's. The reverse does not hold: seeds may agree and all
be wrong, as they do when G's have collapsed to the same place.
"""

from typing import Any, Literal

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.floating[Any]]
DoubleArray = npt.NDArray[np.float64]


def agreement(logits: FloatArray) -> float:
    """Spearman's rank correlation of the rankings ``logits`` (s, n), s >= 2, mean over all pairs: -1 to 1.

    Ties share their mean rank. A ranking without any order, all rows alike, counts as 0 with every other.
    """
    return float(pair_agreements(logits).mean())


def pair_agreements(logits: FloatArray) -> DoubleArray:
    """The correlations whose mean is :func:`agreement`, (s (s - 1) / 2,): (0, 1), (0, 2), ..., (1, 2), ..."""
    units = _unit_ranks(_several(logits))
    first, second = np.triu_indices(len(units), 1)
    return np.asarray((units @ units.T)[first, second], dtype=np.float64)


def top_agreement(logits: FloatArray, top: int) -> float:
    """The share of one ranking's ``top`` most abnormal rows that is in another's, mean over all pairs: 0 to 1.

    ``logits``: (s, n), s >= 2; ``top``: 1 to n. By chance it is ``top`` / n.
    """
    inside = in_top(_several(logits), top).astype(np.float64)
    first, second = np.triu_indices(len(inside), 1)
    return float((inside @ inside.T)[first, second].mean() / top)


def in_top(logits: FloatArray, top: int) -> npt.NDArray[np.bool_]:
    """Which rows are in the top of each of the rankings ``logits`` (s, n): bool (s, n); ``top``: 1 to n.

    A row is in it if at most ``top`` rows are as abnormal as it or more so: a D that gives many rows the same verdict
    has no top.
    """
    rankings = np.atleast_2d(logits)
    if not 1 <= top <= rankings.shape[1]:
        raise ValueError(f"top must be from 1 to the {rankings.shape[1]:,} rows, got {top!r}.")
    return np.asarray(_ranks(rankings, "max") <= top)


def mean_rank(logits: FloatArray) -> DoubleArray:
    """The mean over the rankings ``logits`` (s, n), s >= 1, of each row's rank, (n,) from 1 to n, low = abnormal."""
    return np.asarray(_ranks(np.atleast_2d(logits), "average").mean(axis=0))


def _several(logits: FloatArray) -> FloatArray:
    rankings = np.asarray(logits)
    if rankings.ndim != 2 or len(rankings) < 2 or not rankings.shape[1]:
        raise ValueError(f"logits must have shape (s, n) with at least 2 rankings, got {rankings.shape}.")
    return rankings


def _ranks(rankings: FloatArray, ties: Literal["average", "max"]) -> DoubleArray:
    from scipy.stats import rankdata  # here: it takes long to load, and the dashboard starts without it

    return np.asarray(rankdata(rankings, method=ties, axis=1), dtype=np.float64)


def _unit_ranks(rankings: FloatArray) -> DoubleArray:
    """Ranks (s, n), centred and of length 1, so that products are correlations; zeros where there is no order."""
    centred = _ranks(rankings, "average") - (rankings.shape[1] + 1) / 2
    length = np.linalg.norm(centred, axis=1, keepdims=True)
    return np.asarray(centred / np.where(length > 0, length, 1))
