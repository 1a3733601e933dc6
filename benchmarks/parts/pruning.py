"""Pruning, replayed on trials that were trained to their end: what it saves, and what it loses."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import spearmanr

from parts.set_ups import ON_THE_WAY, Trials

DoubleArray = npt.NDArray[np.float64]
ORDERS = 100
# As in sogaal.sweep.search: trials that end before any is pruned.
STARTUP = 10
# A budget that no way of pruning can spend on all trials: what the same time gives.
BUDGET = 0.5

# What is reported of a trial, in order: (value, share of the trial's time that is spent by then).
Reports = list[tuple[float, float]]


def between(courses: DoubleArray, seconds: DoubleArray) -> Reports:
    """After each seed but the last, the mean so far: what a sweep does."""
    spent = np.cumsum(seconds) / seconds.sum()
    ends = courses[:, -1]
    return [(float(ends[: count + 1].mean()), float(spent[count])) for count in range(len(ends) - 1)]


def within(parts: Sequence[int]) -> Callable[[DoubleArray, DoubleArray], Reports]:
    """At parts of the first seed's run, by their place in :data:`ON_THE_WAY`."""

    def reports(courses: DoubleArray, seconds: DoubleArray) -> Reports:
        first = seconds[0] / seconds.sum()
        return [(float(courses[0, part]), float(ON_THE_WAY[part] * first)) for part in parts]

    return reports


def both(courses: DoubleArray, seconds: DoubleArray) -> Reports:
    """Half-way through the first seed's run, and after each seed."""
    return within([1])(courses, seconds) + between(courses, seconds)


# (what is reported, the share of the trials before it under which a trial has to lie to be pruned)
WAYS: dict[str, tuple[Callable[[DoubleArray, DoubleArray], Reports], float]] = {
    "no pruning": (lambda _courses, _seconds: [], 0.5),
    "between the seeds, median": (between, 0.5),
    "within the first run at 1/4, median": (within([0]), 0.5),
    "within the first run at 1/2, median": (within([1]), 0.5),
    "within the first run at 1/4 and 1/2, median": (within([0, 1]), 0.5),
    "within the first run at 1/2, worst quarter": (within([1]), 0.25),
    "at 1/2 of the first run and between the seeds, median": (both, 0.5),
}


def replayed(trials: Trials, seed: int = 0) -> dict[str, dict[str, float]]:
    """Of each way, mean over orders of the trials: "saved": the share of the time; "best", "top": how often the best
    trial, and a trial of the best three, was pruned; "auc": of the chosen trial by fresh seeds, after all trials;
    "equal": the same within :data:`BUDGET` of the time that all trials take, "equal_judged": by the seeds it was chosen
    by, which is what the sweep shows."""
    random = np.random.default_rng(seed)
    orders = [random.permutation(len(trials.auc)) for _ in range(ORDERS)]
    return {name: _mean([_one(trials, order, *way) for order in orders]) for name, way in WAYS.items()}


def of_one_seed(trials: Trials) -> Trials:
    """The same trials as if each had trained its first seed alone."""
    first = trials.courses[:, :1]
    return replace(trials, courses=first, seconds=trials.seconds[:, :1], auc=first[:, 0, -1])


def _mean(found: list[dict[str, float]]) -> dict[str, float]:
    return {kind: float(np.mean([one[kind] for one in found])) for kind in found[0]}


def _one(
    trials: Trials,
    order: npt.NDArray[np.int64],
    reports: Callable[[DoubleArray, DoubleArray], Reports],
    share: float,
) -> dict[str, float]:
    """Optuna's percentile pruner: the best value reported so far, against those of completed trials at that step."""
    seconds = trials.seconds.sum(axis=1)
    whole, budget = seconds.sum(), BUDGET * seconds.sum()
    known: list[list[float]] = []
    completed: list[int] = []
    in_time: list[int] = []
    spent = 0.0
    for trial in order:
        told = reports(trials.courses[trial], trials.seconds[trial])
        pruned = None
        for step in range(len(told)) if len(completed) >= STARTUP else ():
            best = max(value for value, _ in told[: step + 1])
            if best < np.quantile([one[step] for one in known], share):
                pruned = told[step][1]
                break
        spent += seconds[trial] * (1 if pruned is None else pruned)
        if pruned is None:
            completed.append(trial)
            known.append([value for value, _ in told])
            in_time += [trial] if spent <= budget or not in_time else []
    top = np.argsort(-trials.auc)[:3]
    chosen, early = (max(ones, key=lambda one: trials.auc[one]) for ones in (completed, in_time))
    return {
        "saved": 1 - spent / whole,
        "best": float(top[0] not in completed),
        "top": float(np.mean([one not in completed for one in top])),
        "auc": float(trials.fresh[chosen]),
        "equal": float(trials.fresh[early]),
        "equal_judged": float(trials.auc[early]),
    }


def foretold(trials: Trials) -> dict[str, Any]:
    """Spearman's correlation over the trials of the first seed's AUC on the way, and at its end, with the trial's."""
    names = [*(f"{part:g}" for part in ON_THE_WAY), "1"]
    return {name: float(spearmanr(trials.courses[:, 0, at], trials.auc).statistic) for at, name in enumerate(names)}
