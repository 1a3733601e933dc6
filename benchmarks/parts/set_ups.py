"""Random set-ups as somebody at the Sweep page would search them, and their runs, which serve all objectives."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

from parts.judging import MEASURES, Finished
from sogaal.config import TrainConfig, make_config
from sogaal.data import Dataset
from sogaal.members import as_long_as_needed
from sogaal.metrics import average_precision, roc_auc
from sogaal.outcomes import RunOutcome
from sogaal.pool import RunPool
from sogaal.scaling import Scaler
from sogaal.seeding import member_seeds

DoubleArray = npt.NDArray[np.float64]
# Seeds that the objectives see, as many as the Sweep page begins with, and others that tell what the choice is worth.
SEEDS, FRESH = 3, 2
MOMENTS = ("stop", "end")
# Evaluations of a run on its way, and moments at which D is kept.
EVALUATIONS, SNAPSHOTS = 48, 6
# Steps after which G stops, whatever the size of the table.
STEPS = (40, 600)
# Parts of a run at which its AUC on the way is looked at.
ON_THE_WAY = (0.25, 0.5)


@dataclass(frozen=True, eq=False)
class Trials:
    """t trials at one moment. ``values``: of each objective (t,), higher is better; ``labelled``: the same of those
    that need labels. ``auc`` (t,): mean over the seeds that the objectives saw, ``fresh`` (t,): over the others.
    ``courses`` (t, s, 3): each seed's AUC at a quarter, half and the end of the run that this moment needs; ``seconds``
    (t, s): what that run takes. ``together``: AUC of the mean rank over all trials and seeds."""

    values: Mapping[str, DoubleArray]
    labelled: Mapping[str, DoubleArray]
    auc: DoubleArray
    fresh: DoubleArray
    courses: DoubleArray
    seconds: DoubleArray
    together: float


def drawn(count: int, batches: int, seed: int) -> list[TrainConfig]:
    """``count`` random set-ups around the preset "post", the same for every table but for what an epoch holds."""
    random = np.random.default_rng(seed)

    def ratio(low: float, high: float) -> float:
        return float(np.exp(random.uniform(np.log(low), np.log(high))))

    found = []
    for _ in range(count):
        steps = ratio(*STEPS)
        values: dict[str, Any] = {
            "lr_g": ratio(3e-6, 3e-3),
            "lr_d": ratio(3e-4, 0.3),
            "stop_epochs": max(2, round(steps / batches)),
            "hidden_size": int(random.integers(6, 161)),
            "momentum": float(random.uniform(0.5, 0.95)),
            "decay": ratio(1e-6, 1e-2),
            "generator_bias": ratio(1e-6, 1),
            "k": int(random.choice([3, 5, 10])),
            "algorithm": "mo-gaal" if random.random() < 0.25 else "so-gaal",
        }
        config = make_config("post", **values)
        found.append(config.replace(eval_every=max(1, config.epochs // EVALUATIONS)))
    return found


def trained(dataset: Dataset, count: int, seed: int, pool: RunPool) -> dict[str, Trials]:
    """Train ``count`` set-ups on a table; trials at each moment. A trial with a run that diverged is left out."""
    assert dataset.y is not None
    X = Scaler.fit(dataset.X, "minmax").transform(dataset.X)
    seeds = member_seeds(seed, SEEDS + FRESH)
    set_ups = drawn(count, max(1, dataset.n // min(500, dataset.n)), seed)
    configs = [config.replace(seed=one) for config in set_ups for one in seeds]
    keep = ("summary", "history", "logits", "weights", "generators")
    judge = Judge(X, dataset.y)
    open_trials: dict[int, list[RunOutcome]] = {}
    with pool.run(X, configs, dataset.y, keep=keep, snapshots=SNAPSHOTS) as runs:
        for outcome in runs:
            trial = open_trials.setdefault(outcome.index // len(seeds), [])
            trial.append(outcome)
            if len(trial) == len(seeds):
                judge.add(open_trials.pop(outcome.index // len(seeds)))
    return {moment: judge.trials(moment) for moment in MOMENTS}


class Judge:
    """What is kept of the trials of one table; ``left_out``: how many diverged."""

    def __init__(self, X: npt.NDArray[np.float32], y: npt.NDArray[np.int8]) -> None:
        self.left_out = 0
        self._X, self._y = X, y
        self._known: dict[str, Any] = {}
        self._found: dict[str, list[dict[str, Any]]] = {moment: [] for moment in MOMENTS}

    def add(self, outcomes: Sequence[RunOutcome]) -> None:
        """All runs of a trial, those of the fresh seeds included."""
        runs = sorted(outcomes, key=lambda one: one.index)
        if not all(one.ok and one.logits_stop is not None for one in runs):
            self.left_out += 1
            return
        for moment in MOMENTS:
            self._found[moment].append(self._measured(moment, runs))

    def _measured(self, moment: str, runs: Sequence[RunOutcome]) -> dict[str, Any]:
        aucs = [roc_auc(_logits(one, moment), self._y) for one in runs]
        seen = runs[:SEEDS]
        finished = Finished(seen, moment, self._X, self._known)
        return {
            "values": {name: measure(finished) for name, measure in MEASURES.items()},
            "precision": float(np.mean([average_precision(one, self._y) for one in finished.logits])),
            "auc": float(np.mean(aucs[:SEEDS])),
            "fresh": float(np.mean(aucs[SEEDS:])),
            "courses": [[*_course(one, moment), auc] for one, auc in zip(seen, aucs, strict=False)],
            "seconds": [one.seconds * _steps(one, moment) / _steps(one, "end") for one in seen],
            "ranks": rankdata(np.stack(finished.logits), axis=1).mean(axis=0),
        }

    def trials(self, moment: str) -> Trials:
        """All of them so far."""
        found = self._found[moment]

        def column(of: Callable[[dict[str, Any]], Any]) -> DoubleArray:
            return np.array([of(one) for one in found], dtype=np.float64)

        values = {name: column(lambda one, name=name: one["values"][name]) for name in MEASURES}
        ranks = np.stack([one["ranks"] for one in found])
        values |= _of_all_trials(values, ranks)
        auc = column(lambda one: one["auc"])
        return Trials(
            values, {"AUC": auc, "average precision": column(lambda one: one["precision"])},
            auc, column(lambda one: one["fresh"]), column(lambda one: one["courses"]),
            column(lambda one: one["seconds"]), roc_auc(ranks.mean(axis=0), self._y),
        )  # fmt: skip


def _of_all_trials(values: Mapping[str, DoubleArray], ranks: DoubleArray) -> dict[str, DoubleArray]:
    """What can be said of a trial only beside the others: mean ranks of two measures, and how central it is."""
    placed = {name: rankdata(one) for name, one in values.items()}
    agreement = placed["seed_agreement"]
    centred = rankdata(ranks, axis=1)
    alike = np.corrcoef(centred)
    return {
        "agreement and excess mass": agreement + placed["excess_mass"],
        "agreement and mass volume": agreement + placed["mass volume"],
        "likeness to all trials": (alike.sum(axis=1) - 1) / (len(alike) - 1),
    }


def _logits(outcome: RunOutcome, moment: str) -> npt.NDArray[np.float32]:
    found = outcome.logits_stop if moment == "stop" else outcome.logits_end
    assert found is not None
    return found


def _steps(outcome: RunOutcome, moment: str) -> int:
    assert outcome.history is not None
    last = int(outcome.history["step"][-1])
    # The end of a run lies at 3 x stop_epochs epochs, D's stop after one epoch more than stop_epochs at the latest.
    return last if moment == "end" else round(last * (outcome.config.stop_epochs + 1) / outcome.config.epochs)


def _course(outcome: RunOutcome, moment: str) -> list[float]:
    """The AUC at parts of the run, by the last evaluation up to there."""
    assert outcome.history is not None
    steps, auc = outcome.history["eval_step"], outcome.history["auc"]
    whole = _steps(outcome, moment)
    places = [max(0, int(np.searchsorted(steps, part * whole, side="right")) - 1) for part in ON_THE_WAY]
    return [float(auc[place]) for place in places]


def usual(dataset: Dataset, pool: RunPool, seed: int = 0) -> dict[str, float]:
    """AUC, mean over all five seeds, of set-ups that nobody searched for."""
    X = Scaler.fit(dataset.X, "minmax").transform(dataset.X)
    seeds = member_seeds(seed, SEEDS + FRESH)
    found: dict[str, list[float]] = {}
    set_ups = {"SOGAAL as it comes": make_config(), "post, stop_epochs=100": make_config("post", stop_epochs=100)}
    configs = [
        as_long_as_needed(config.replace(seed=one, eval_every=10_000)) for config in set_ups.values() for one in seeds
    ]
    assert dataset.y is not None
    with pool.run(X, configs, keep=("logits",)) as runs:
        for outcome in runs:
            name = list(set_ups)[outcome.index // len(seeds)]
            found.setdefault(name, []).append(roc_auc(_logits(outcome, outcome.config.score_at), dataset.y))
    return {name: float(np.mean(found[name])) for name in set_ups}


def plain_trials(trials: Trials) -> dict[str, Any]:
    """As JSON values."""
    return _plain(asdict(trials))


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    return value.tolist() if isinstance(value, np.ndarray) else value


def trials_from(found: Mapping[str, Any]) -> Trials:
    """What :func:`plain_trials` made."""
    return Trials(
        **{name: {of: np.array(one) for of, one in found[name].items()} for name in ("values", "labelled")},
        **{name: np.array(found[name]) for name in ("auc", "fresh", "courses", "seconds")},
        together=found["together"],
    )
