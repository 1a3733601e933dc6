"""Detectors of scikit-learn and PyOD, all turned the same way: **lower = more abnormal**.

Each takes scaled rows (n, d) float32 and gives the scores of these rows (n,) and a function that scores others. A row
of the table is never its own neighbour. PyOD's scores are higher for the abnormal: they change their sign here.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]
Scores = npt.NDArray[np.floating[Any]]
# Scores of the table's own rows (n,), and a function that scores others; lower = more abnormal.
Fitted = tuple[Scores, Callable[[FloatArray], Scores]]

NEIGHBOUR = 5
LOF_NEIGHBOURS = 20


def load_sklearn() -> None:
    """Import scikit-learn's detectors."""
    import sklearn.ensemble
    import sklearn.neighbors
    import sklearn.svm  # noqa: F401


def load_pyod() -> None:
    """Import PyOD's detectors."""
    import pyod.models.copod
    import pyod.models.ecod  # noqa: F401


def isolation_forest(X: FloatArray, seed: int) -> Fitted:
    """Liu et al., Isolation Forest (ICDM 2008), with scikit-learn's defaults."""
    from sklearn.ensemble import IsolationForest

    found = IsolationForest(random_state=seed).fit(X)
    return found.score_samples(X), found.score_samples


def lof(X: FloatArray, seed: int) -> Fitted:  # noqa: ARG001
    """Breunig et al., LOF (SIGMOD 2000), with scikit-learn's defaults; fewer neighbours where there are fewer rows."""
    from sklearn.neighbors import LocalOutlierFactor

    found = LocalOutlierFactor(n_neighbors=min(LOF_NEIGHBOURS, len(X) - 1), novelty=True).fit(X)
    return found.negative_outlier_factor_, found.score_samples


def knn(X: FloatArray, seed: int) -> Fitted:  # noqa: ARG001
    """Ramaswamy et al. (SIGMOD 2000): the distance to the 5th nearest other row, with its sign changed."""
    from sklearn.neighbors import NearestNeighbors

    found = NearestNeighbors(n_neighbors=min(NEIGHBOUR, len(X) - 1)).fit(X)

    def score(rows: FloatArray) -> Scores:
        return np.asarray(-found.kneighbors(rows)[0][:, -1])

    return np.asarray(-found.kneighbors()[0][:, -1]), score


def one_class_svm(X: FloatArray, seed: int) -> Fitted:  # noqa: ARG001
    """Schölkopf et al., one-class SVM (Neural Computation 2001), with scikit-learn's defaults."""
    from sklearn.svm import OneClassSVM

    found = OneClassSVM().fit(X)
    return found.score_samples(X), found.score_samples


def ecod(X: FloatArray, seed: int) -> Fitted:  # noqa: ARG001
    """Li et al., ECOD (TKDE 2022), of PyOD."""
    from pyod.models.ecod import ECOD

    return _of_pyod(ECOD().fit(X))


def copod(X: FloatArray, seed: int) -> Fitted:  # noqa: ARG001
    """Li et al., COPOD (ICDM 2020), of PyOD."""
    from pyod.models.copod import COPOD

    return _of_pyod(COPOD().fit(X))


def _of_pyod(found: Any) -> Fitted:
    def score(rows: FloatArray) -> Scores:
        # One at a time: both count the rows that they score among those that they learned, so that a row's score would
        # depend on those that came with it.
        return np.array([-found.decision_function(rows[place : place + 1])[0] for place in range(len(rows))])

    return np.asarray(-found.decision_scores_), score
