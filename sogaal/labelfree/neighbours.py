"""The nearest-neighbour ratio: has G reached the data?

Z. Li et al., *Dual-MGAN: An Efficient Approach for Semi-supervised Outlier Detection with Few Identified Anomalies*,
ACM TKDD 2022 (doi 10.1145/3522690), stop a generator when its points are found among the nearest neighbours of enough
real ones. It watches G, not the ranking.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from sogaal.seeding import Stream, stream

FloatArray = npt.NDArray[np.floating[Any]]

SAMPLED, NEIGHBOURS = 20, 20
# The share of generated neighbours from which a real point counts, and of real points from which G would stop.
THETA = 0.2


def neighbour_ratio(
    X: FloatArray, generated: FloatArray, *, sampled: int = SAMPLED, k: int = NEIGHBOURS, seed: int = 0
) -> float:
    """Of ``sampled`` rows, the share with more than :data:`THETA` generated ones among their k nearest: 0 to 1.

    ``X`` (n, d) and ``generated`` (m, d) in one space, distances Euclidean, a row not its own neighbour. The rows are
    drawn without replacement, all of them where the table has fewer; k is at most what there are of others.
    """
    if not len(X) or not len(generated):
        raise ValueError(f"X and generated must have rows, got {len(X)} and {len(generated)}.")
    chosen = stream(seed, Stream.SAMPLE, 3).choice(len(X), min(sampled, len(X)), replace=False)
    points = np.concatenate([X, generated]).astype(np.float64)
    k = min(k, len(points) - 1)
    counted = 0
    for row in chosen:
        distance = ((points - points[row]) ** 2).sum(axis=1)
        distance[row] = np.inf
        # Equally near points count in the order of the table, real ones first: copies of a row are its own kind.
        nearest = np.argsort(distance, kind="stable")[:k]
        counted += bool((nearest >= len(X)).mean() > THETA)
    return counted / len(chosen)
