"""Reading a ranking with a threshold: what is right and wrong among the rows flagged."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sogaal.metrics import rank


@dataclass(frozen=True)
class Flagged:
    """The most abnormal rows, flagged: ``hits`` are outliers, ``alarms`` inliers; ``missed`` outliers are not flagged,
    and neither are ``passed`` inliers."""

    hits: int
    alarms: int
    missed: int
    passed: int

    @property
    def recall(self) -> float:
        """Share of the outliers that is found: up the ROC curve."""
        return self.hits / (self.hits + self.missed)

    @property
    def false_alarm_rate(self) -> float:
        """Share of the inliers that is flagged: along the ROC curve."""
        return self.alarms / (self.alarms + self.passed)

    @property
    def precision(self) -> float:
        """Share of the flagged rows that are outliers."""
        return self.hits / (self.hits + self.alarms)

    @property
    def accuracy(self) -> float:
        """Share of all rows that is judged rightly."""
        return (self.hits + self.passed) / (self.hits + self.alarms + self.missed + self.passed)


def flagged(logits: npt.NDArray[np.floating], y: npt.NDArray[np.integer], count: int) -> Flagged:
    """What flagging the ``count`` (at least 1) most abnormal rows of ``logits`` (n,) gets, ``y`` (n,), 1 = outlier."""
    if not 1 <= count <= len(logits):
        raise ValueError(f"count must be from 1 to {len(logits)}, got {count!r}.")
    chosen, outlier = rank(logits) <= count, np.asarray(y) == 1
    hits = int((chosen & outlier).sum())
    alarms = count - hits
    outliers = int(outlier.sum())
    return Flagged(hits, alarms, outliers - hits, len(outlier) - outliers - alarms)


def precision_at_share(recall: float, false_alarm_rate: float, share: float) -> float:
    """The precision of the same point of a ROC curve where outliers are ``share`` of the rows; NaN if none is flagged.

    Bayes' rule: the curve, and the area under it, do not depend on the share; the precision does.
    """
    right, wrong = share * recall, (1 - share) * false_alarm_rate
    return right / (right + wrong) if right + wrong > 0 else float("nan")
