"""Measures of a trial that need no labels, all turned so that higher should be better: objectives, and candidates."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from sogaal.frames import DiscriminatorWeights
from sogaal.labelfree import fall, likeness, loss_entropy, mass_volume, neighbour_ratio, top_agreement
from sogaal.outcomes import RunOutcome
from sogaal.sweep import OBJECTIVES
from sogaal.sweep.objectives import Judged
from sogaal.voting import combined

FloatArray = npt.NDArray[np.float32]
DoubleArray = npt.NDArray[np.float64]
TOP_SHARE = 0.05
POINTS = 500


class Finished:
    """The runs of a trial at one ``moment``; ``known``: what was made of the table alone."""

    def __init__(self, outcomes: Sequence[RunOutcome], moment: str, X: FloatArray, known: dict[str, Any]) -> None:
        self.outcomes, self.moment, self.X = outcomes, moment, X
        scored = [_scoring_at(one, moment) for one in outcomes]
        self.judged = Judged(scored, X, None, known)
        self.logits = self.judged.logits()

    @cached_property
    def uniform_logits(self) -> list[FloatArray]:
        """Of each run, of rows drawn evenly from the box around the table."""
        return [np.asarray(combined([D], self.judged.uniform)) for D in self.judged.discriminators()]


def _scoring_at(outcome: RunOutcome, moment: str) -> RunOutcome:
    return replace(outcome, config=outcome.config.replace(score_at=moment))


def _over_seeds(measure: Callable[[Finished, int], float]) -> Callable[[Finished], float]:
    return lambda trial: float(np.mean([measure(trial, place) for place in range(len(trial.outcomes))]))


def _flat(trial: Finished, place: int) -> float:
    """How near to the stop, in ratio, G's loss flattens by the authors' rule; far off where it does not."""
    outcome = trial.outcomes[place]
    assert outcome.history is not None
    stop = max(2, round(len(outcome.history["g_loss"]) / 3))
    step = fall(outcome.history["g_loss"][:stop]).flat_step
    return -float(np.log(stop / step)) if step is not None else -float(np.log(stop))


def _neighbours(trial: Finished, place: int) -> float:
    """The neighbour ratio of G as it is when it stops, and then stays."""
    outcome = trial.outcomes[place]
    assert outcome.generators is not None
    d = trial.X.shape[1]
    noise = np.random.default_rng(0).random((POINTS, d), dtype=np.float32)
    share = np.array_split(noise, len(outcome.generators))
    points = [
        np.maximum(np.maximum(z @ w1 + b1, 0) @ w2 + b2, 0)
        for z, (w1, b1, w2, b2) in zip(share, outcome.generators, strict=True)
    ]
    return neighbour_ratio(trial.X, np.concatenate(points))


def _likeness(trial: Finished, place: int) -> float:
    """Of D's verdict at the moment to the mean of those at the moments up to there."""
    kept = trial.outcomes[place].snapshots
    before = kept[: len(kept) // 3] if trial.moment == "stop" else kept
    return likeness(trial.logits[place], np.mean([_logits(D, trial.X) for D in before], axis=0))


def _logits(D: DiscriminatorWeights, X: FloatArray) -> DoubleArray:
    return np.asarray(combined([D], X), dtype=np.float64)


def _top(trial: Finished) -> float:
    return top_agreement(np.stack(trial.logits), max(1, round(TOP_SHARE * len(trial.X))))


# The objectives of a sweep by their names there; the others in words.
MEASURES: dict[str, Callable[[Finished], float]] = {
    "seed_agreement": lambda trial: OBJECTIVES["seed_agreement"].measure(trial.judged),
    "excess_mass": lambda trial: OBJECTIVES["excess_mass"].measure(trial.judged),
    "rival_likeness": lambda trial: OBJECTIVES["rival_likeness"].measure(trial.judged),
    "mass volume": _over_seeds(lambda trial, at: -mass_volume(trial.logits[at], trial.uniform_logits[at])),
    "agreement on the top 5 %": _top,
    "loss entropy": _over_seeds(lambda trial, at: -loss_entropy(trial.logits[at])),
    "neighbours": _over_seeds(_neighbours),
    "flat loss": _over_seeds(_flat),
    "likeness to its own course": _over_seeds(_likeness),
}
