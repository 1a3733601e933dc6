"""Learning from labels when one class is rare: what accuracy hides.

The table is the Wisconsin breast cancer data that comes with scikit-learn (569 rows, 30 features, 212 of them
malignant): the malignant ones are the outliers, and so many of them are given to the classifier as one likes.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.datasets import load_breast_cancer
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from sogaal.metrics import roc_auc
from sogaal.scaling import Scaler

# Half of each class trains, the other half tests.
TRAIN_OUTLIERS, TRAIN_INLIERS = 106, 178


@dataclass(frozen=True, eq=False)
class Imbalance:
    """A classifier trained with so many labelled outliers, over several draws of the rows.

    ``labelled`` (s,) outliers among :data:`TRAIN_INLIERS` inliers, their ``share`` (s,). On rows kept back, in which
    outliers have the same share: ``accuracy`` (s, r) of r draws, ``found`` (s, r): the share of the outliers that it
    calls so, and ``auc`` (s, r): how well its scores rank. ``idle`` (s,): the accuracy of calling every row an inlier.
    """

    labelled: npt.NDArray[np.int64]
    share: npt.NDArray[np.float64]
    accuracy: npt.NDArray[np.float64]
    found: npt.NDArray[np.float64]
    auc: npt.NDArray[np.float64]

    @property
    def idle(self) -> npt.NDArray[np.float64]:
        """The accuracy of who calls every row an inlier."""
        return np.asarray(1 - self.share)


def imbalance(labelled: Sequence[int], *, draws: int = 10, seed: int = 0) -> Imbalance:
    """Train a logistic regression with each number of ``labelled`` outliers (1 to 106), in ``draws`` draws."""
    table = load_breast_cancer()
    X = Scaler.fit(table.data, "minmax").transform(table.data)
    outlier = table.target == 0
    rng = np.random.default_rng(seed)
    found = np.empty((3, len(labelled), draws))
    for draw in range(draws):
        outliers, inliers = rng.permutation(np.flatnonzero(outlier)), rng.permutation(np.flatnonzero(~outlier))
        for place, count in enumerate(labelled):
            train = np.concatenate([outliers[:count], inliers[:TRAIN_INLIERS]])
            found[:, place, draw] = _trained(
                X, outlier, train, outliers[TRAIN_OUTLIERS:], inliers[TRAIN_INLIERS:], count
            )
    counts = np.asarray(labelled, dtype=np.int64)
    return Imbalance(counts, counts / (counts + TRAIN_INLIERS), *found)


def _trained(
    X: npt.NDArray[np.float32],
    outlier: npt.NDArray[np.bool_],
    train: npt.NDArray[np.int64],
    outliers: npt.NDArray[np.int64],
    inliers: npt.NDArray[np.int64],
    count: int,
) -> tuple[float, float, float]:
    """(accuracy at the share of the training rows, share of outliers found, AUC) on the rows kept back."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        classifier = LogisticRegression(solver="newton-cholesky", max_iter=100).fit(X[train], outlier[train])
    share = count / len(train)
    hits = float(classifier.predict(X[outliers]).mean())
    passed = float(1 - classifier.predict(X[inliers]).mean())
    rows = np.concatenate([outliers, inliers])
    auc = roc_auc(-classifier.decision_function(X[rows]), outlier[rows].astype(np.int8))
    return share * hits + (1 - share) * passed, hits, auc
