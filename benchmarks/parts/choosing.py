"""What choosing a trial by an objective is worth, by the AUC of seeds that it has not seen."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import spearmanr

from parts.set_ups import Trials

DoubleArray = npt.NDArray[np.float64]
RESAMPLES = 400


def choices(trials: Trials, seed: int = 0) -> dict[str, Any]:
    """Of each way to choose, on one table: what it gives, and by resampling the trials how far luck moves it.

    "auc": of the chosen trial, by fresh seeds; "gain": that less the mean over all trials, which is what choosing at
    random gives; "regret": the AUC of the trial that labels choose, less it; "rank": Spearman's correlation of
    objective and AUC over the trials; ``_std``: standard deviation over resamples.
    """
    fresh = trials.fresh
    drawn = np.random.default_rng(seed).integers(len(fresh), size=(RESAMPLES, len(fresh)))
    every = np.vstack([np.arange(len(fresh)), drawn])
    mean, by_labels = fresh[every].mean(axis=1), _chosen(trials.auc, fresh, every)

    def told(auc: DoubleArray, rank: float | None = None) -> dict[str, Any]:
        values = {"auc": auc, "gain": auc - mean, "regret": by_labels - auc}
        found: dict[str, Any] = {name: float(one[0]) for name, one in values.items()}
        return found | {f"{name}_std": float(one[1:].std()) for name, one in values.items()} | {"rank": rank}

    found = {}
    for name, values in (trials.values | {f"{name} (labels)": one for name, one in trials.labelled.items()}).items():
        found[name] = told(_chosen(values, fresh, every), _followed(values, fresh))
    found["at random"] = told(mean)
    found["the median trial"] = told(np.median(fresh[every], axis=1))
    return found


def _chosen(values: DoubleArray, fresh: DoubleArray, every: npt.NDArray[np.int64]) -> DoubleArray:
    """The fresh AUC of the best of each row of trial numbers; of equals the mean, for nobody could tell them apart."""
    drawn = values[every]
    best = drawn >= drawn.max(axis=1, keepdims=True)
    return np.asarray((fresh[every] * best).sum(axis=1) / best.sum(axis=1))


def _followed(values: DoubleArray, aucs: DoubleArray) -> float:
    return float(spearmanr(values, aucs).statistic) if np.ptp(values) and np.ptp(aucs) else 0.0


def over_tables(tables: Mapping[str, Mapping[str, Any]], moment: str, name: str, kind: str) -> tuple[float, float]:
    """(mean over the tables, its standard deviation over resamples) of a kind of figure."""
    found = [one["choices"][moment][name] for one in tables.values()]
    spread = [one.get(f"{kind}_std", 0.0) for one in found]
    return float(np.mean([one[kind] for one in found])), float(np.sqrt(np.square(spread).sum()) / len(found))
