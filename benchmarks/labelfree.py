"""Measures without labels: does any of them follow the AUC, and how good is the automatic stop that came of it?

    python benchmarks/labelfree.py [--tables DIR] [--repeats 5] [--only NAME ...] [--out docs/labelfree.md]

Trains SO-GAAL, G never stopped, on the shipped tables, and with ``--tables`` on the authors' six (a folder with their
files). Every repeat has eight seeds of its own. Labels judge what came out, and are used nowhere else; but the rule of
the automatic stop was found on these very tables. Writes the tables to docs/labelfree.md, and the figures that the
dashboard shows to sogaal/labelfree/measured.json; what is there of tables that are not measured now stays.
"""

import argparse
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from ensembles import TABLES as AUTHORS_TABLES
from parts.courses import Course, course_of
from parts.labelfree_page import page
from parts.spread import shown
from scipy.stats import spearmanr

from sogaal.config import AUTHORS_STOP_EPOCHS, make_config
from sogaal.data import Dataset, list_datasets, load_dataset
from sogaal.labelfree import (
    THETA,
    agreement,
    entropy_stop,
    excess_mass,
    fall,
    likeness,
    loss_entropy,
    mass_volume,
    neighbour_ratio,
    top_agreement,
    turn,
)  # fmt: skip
from sogaal.metrics import ranking_metrics_of_rows, roc_auc
from sogaal.rivals.classic import isolation_forest, knn, lof
from sogaal.scaling import Scaler
from sogaal.seeding import member_seeds
from sogaal.trainer import Trainer

DoubleArray = npt.NDArray[np.float64]
ROOT = Path(__file__).parents[1]
SEEDS = 8
# Of each repeat so many seeds are looked at one by one: the measures of a single run.
SINGLE = 2
TOP_SHARE = 0.05
PATIENCE = 4  # moments, for EntropyStop


def single_measures(course: Course, X: npt.NDArray[np.float32], seed: int) -> dict[str, DoubleArray]:
    """Each measure of one run at all moments (e,), turned so that higher should be better."""
    moments = range(len(course.steps))
    logits, uniform = course.logits[seed], course.uniform[seed]
    mean = np.cumsum(logits, axis=0, dtype=np.float64)
    return {
        "excess mass": np.array([excess_mass(logits[at], uniform[at]) for at in moments]),
        "mass volume": -np.array([mass_volume(logits[at], uniform[at]) for at in moments]),
        "neighbours": np.array([neighbour_ratio(X, course.points[seed, at]) for at in moments]),
        "loss entropy": -np.array([loss_entropy(logits[at]) for at in moments]),
        "likeness": np.array([likeness(logits[at], mean[at]) for at in moments]),
    }


def several_measures(course: Course) -> dict[str, DoubleArray]:
    """Each measure of all seeds together at all moments (e,), higher should be better."""
    moments = range(len(course.steps))
    together = course.logits.mean(axis=0, dtype=np.float64)
    mean, top = np.cumsum(together, axis=0), max(1, round(TOP_SHARE * course.logits.shape[2]))
    return {
        "agreement": np.array([agreement(course.logits[:, at]) for at in moments]),
        "top agreement": np.array([top_agreement(course.logits[:, at], top) for at in moments]),
        "likeness": np.array([likeness(together[at], mean[at]) for at in moments]),
    }


def _first(wanted: npt.NDArray[np.bool_]) -> int:
    return int(wanted.argmax()) if wanted.any() else len(wanted) - 1


def _turned(likenesses: DoubleArray) -> int:
    found = turn(likenesses.tolist())
    return len(likenesses) - 1 if found is None else found


# Where each measure would stop: the place of a moment, from its values (e,).
STOPS: dict[str, Callable[[DoubleArray], int]] = {
    "excess mass": lambda values: int(values.argmax()),
    "mass volume": lambda values: int(values.argmax()),
    "neighbours": lambda values: _first(values > THETA),
    "loss entropy": lambda values: entropy_stop(-values, PATIENCE),
    "flat loss": lambda values: int(values.argmax()),
    "likeness": _turned,
    "agreement": lambda values: int(values.argmax()),
    "top agreement": lambda values: int(values.argmax()),
}


def flat_stop(course: Course, seed: int) -> int:
    """Where G's loss flattens, by the rule in the authors' README; the end if it does not fall."""
    step = fall(course.g_loss[seed]).flat_step
    return len(course.steps) - 1 if step is None else int(np.abs(course.steps - step).argmin())


def followed(values: DoubleArray, aucs: DoubleArray) -> float:
    """Spearman's correlation; 0 where one of them does not vary."""
    if np.ptp(values) == 0 or np.ptp(aucs) == 0:
        return 0.0
    return float(spearmanr(values, aucs).statistic)


def measured(course: Course, X: npt.NDArray[np.float32], y: npt.NDArray[np.integer]) -> dict[str, dict[str, float]]:
    """Of each measure: its correlation with the AUC over the "moments" of a run, and what stopping by it loses.

    "regret": the best AUC of the run less that of D at the stop; "mean": less that of D's mean verdict up to there.
    """
    runs = [(course.logits[seed], single_measures(course, X, seed)) for seed in range(SINGLE)]
    for seed, (_, values) in enumerate(runs):
        values["flat loss"] = 1.0 * (np.arange(len(course.steps)) == flat_stop(course, seed))
    together = [(course.logits.mean(axis=0, dtype=np.float64), several_measures(course))]
    return _judged(runs, y) | {f"{name}, 8 seeds": one for name, one in _judged(together, y).items()}


def _judged(
    runs: list[tuple[npt.NDArray[np.floating[Any]], dict[str, DoubleArray]]], y: npt.NDArray[np.integer]
) -> dict[str, dict[str, float]]:
    """The same of verdicts (e, n) with their measures, mean over the runs; and of all moments, and the last."""
    every: list[dict[str, dict[str, float]]] = []
    for logits, measures in runs:
        count = np.arange(1, len(logits) + 1)[:, None]
        now, mean = (ranking_metrics_of_rows(one, y)[:, 0] for one in (logits, np.cumsum(logits, axis=0) / count))
        found = {name: _regrets(now, mean, STOPS[name](values)) for name, values in measures.items()}
        for name, values in measures.items():
            found[name]["moments"] = followed(values, now)
        found["any moment"] = {"regret": float((now.max() - now).mean()), "mean": float((now.max() - mean).mean())}
        every.append(found | {"the end": _regrets(now, mean, -1)})
    return {
        name: {kind: float(np.mean([one[name][kind] for one in every])) for kind in kinds}
        for name, kinds in every[0].items()
    }


def _regrets(now: DoubleArray, mean: DoubleArray, stop: int) -> dict[str, float]:
    return {"regret": float(now.max() - now[stop]), "mean": float(now.max() - mean[stop])}


def over_seeds(courses: list[tuple[Course, DoubleArray]], X: npt.NDArray[np.float32]) -> dict[str, float]:
    """Of each measure of a single run: its correlation with the AUC over seeds at one moment, mean over moments."""
    every = [(single_measures(course, X, s), aucs[s]) for course, aucs in courses for s in range(SINGLE)]
    found = {}
    for name in every[0][0]:
        values, aucs = np.stack([one[name] for one, _ in every]), np.stack([auc for _, auc in every])
        found[name] = float(np.mean([followed(values[:, at], aucs[:, at]) for at in range(values.shape[1])]))
    return found


def rankings(course: Course, y: npt.NDArray[np.integer]) -> dict[str, float]:
    """AUC of what could be made of these runs."""
    aucs = np.stack([ranking_metrics_of_rows(logits, y)[:, 0] for logits in course.logits])
    together = course.logits.mean(axis=0, dtype=np.float64)
    means = np.cumsum(together, axis=0) / np.arange(1, len(together) + 1)[:, None]
    agreed = several_measures(course)["agreement"].argmax()
    alone = np.cumsum(course.logits[0], axis=0, dtype=np.float64) / np.arange(1, len(together) + 1)[:, None]
    return {
        "one seed at its best moment (peeks)": float(aucs.max(axis=1).mean()),
        "one seed at the end": float(aucs[:, -1].mean()),
        "eight seeds at the end": roc_auc(together[-1], y),
        "eight seeds where they agree most": roc_auc(together[agreed], y),
        "eight seeds, all moments up to step 600": roc_auc(means[5], y),
        "eight seeds, all moments to the end": roc_auc(means[-1], y),
        "one seed, automatic stop": roc_auc(alone[_turned(single_likeness(course))], y),
    }


def single_likeness(course: Course) -> DoubleArray:
    """The likeness of the first seed at all moments (e,)."""
    mean = np.cumsum(course.logits[0], axis=0, dtype=np.float64)
    return np.array([likeness(now, so_far) for now, so_far in zip(course.logits[0], mean, strict=True)])


def automatic(X: npt.NDArray[np.float32], y: npt.NDArray[np.integer], seed: int, algorithm: str) -> tuple[float, int]:
    """AUC and last step of the automatic stop itself, as the library does it."""
    config = make_config("auto", algorithm=algorithm, seed=seed, eval_every=10_000)
    trainer = Trainer(X, config).fit()
    return roc_auc(trainer.scores(), y), trainer.step


def rivals(X: npt.NDArray[np.float32], y: npt.NDArray[np.integer], seed: int) -> dict[str, float]:
    """scikit-learn's detectors as they come; distance to the fifth neighbour for kNN."""
    kinds = {"kNN (5)": knn, "LOF (20)": lof, "IsolationForest": isolation_forest}
    return {name: roc_auc(fit(X, seed)[0], y) for name, fit in kinds.items()}


def hand_set(X: npt.NDArray[np.float32], y: npt.NDArray[np.int8], name: str, seed: int) -> dict[str, float]:
    """One seed with the authors' stop_epochs for the table, scored as SOGAAL and MOGAAL do."""
    so, mo = AUTHORS_STOP_EPOCHS[name.lower()]
    first = make_config(stop_epochs=so, max_epochs=so + 1, seed=seed, eval_every=10_000)
    second = make_config(algorithm="mo-gaal", stop_epochs=mo, score_at="end", seed=seed, eval_every=10_000)
    return {
        "SO-GAAL, one seed, the authors' stop": roc_auc(Trainer(X, first).fit().scores(), y),
        "MO-GAAL, one seed, the authors' stop": roc_auc(Trainer(X, second).fit().scores(), y),
    }


def measure(dataset: Dataset, repeats: int, authors: bool) -> dict[str, Any]:
    """All that is measured of a table, plain values; lists have one value for each repeat."""
    assert dataset.y is not None
    y = dataset.y
    X, robust = (Scaler.fit(dataset.X, scaling).transform(dataset.X) for scaling in ("minmax", "robust"))
    measures: list[dict[str, dict[str, float]]] = []
    ranked: list[dict[str, float]] = []
    steps: list[int] = []
    courses = []
    for repeat in range(repeats):
        course = course_of(X, make_config("auto"), member_seeds(repeat, SEEDS))
        measures.append(measured(course, X, y))
        found = rankings(course, y) | rivals(X, y, repeat)
        found["automatic stop"], step = automatic(X, y, repeat, "so-gaal")
        steps.append(step)
        found["automatic stop, robust scaling"], _ = automatic(robust, y, repeat, "so-gaal")
        if authors:
            found["automatic stop, MO-GAAL"], _ = automatic(X, y, repeat, "mo-gaal")
            found |= hand_set(X, y, dataset.name, repeat)
        ranked.append(found)
        courses.append((course, np.stack([ranking_metrics_of_rows(one, y)[:, 0] for one in course.logits])))
    kinds = {name: list(measures[0][name]) for name in measures[0]}
    return {
        "n": dataset.n, "d": dataset.d, "authors": authors, "steps": steps,
        "measures": {name: {kind: float(np.mean([one[name][kind] for one in measures])) for kind in of}
                     for name, of in kinds.items()},
        "seeds": over_seeds(courses, X) if repeats > 1 else {},
        "rankings": {name: [one[name] for one in ranked] for name in ranked[0]},
    }  # fmt: skip


def subjects(folder: Path | None, only: list[str]) -> Iterator[tuple[Dataset, bool]]:
    """The tables: the shipped ones, and the authors' where there is a folder with them."""
    for name in list_datasets():
        if not only or name in only:
            yield load_dataset(name), False
    for name in AUTHORS_TABLES if folder else ():
        if not only or name in only:
            yield load_dataset(folder / name), True  # type: ignore[operator]


def main() -> None:
    """Measure, and write the page and the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tables", type=Path)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--only", nargs="*", default=[], metavar="NAME")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "labelfree.md")
    parser.add_argument("--json", type=Path, default=ROOT / "sogaal" / "labelfree" / "measured.json")
    options = parser.parse_args()
    found: dict[str, Any] = {}
    if options.json.exists():
        found = json.loads(options.json.read_text())["tables"]
    for dataset, authors in subjects(options.tables, options.only):
        key = f"{dataset.name} (authors')" if authors else dataset.name
        found[key] = measure(dataset, options.repeats, authors)
        auto = found[key]["rankings"]["automatic stop"]
        print(f"{key}: automatic stop {shown(auto)}", flush=True)
        options.json.write_text(json.dumps({"repeats": options.repeats, "tables": rounded(found)}, indent=1) + "\n")
    options.out.write_text(page(json.loads(options.json.read_text())))


def rounded(value: Any) -> Any:
    """The same with four digits after the point."""
    if isinstance(value, Mapping):
        return {name: rounded(one) for name, one in value.items()}
    if isinstance(value, list):
        return [rounded(one) for one in value]
    return round(value, 4) if isinstance(value, float) else value


if __name__ == "__main__":
    main()
