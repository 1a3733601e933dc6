"""Ensembles: AUC of a single run, of eight seeds, and of eight seeds with eight snapshots each, with spread.

    python benchmarks/ensembles.py [--tables DIR] [--repeats 5] [--only NAME ...] [--json ensembles.json]

With ``--tables`` (a folder with the authors' files onecluster, WDBC, Stamps, Pima, Ionosphere, Annthyroid) each is
trained for as long as its authors did, from the paper's start and from the estimators' own; without, the shipped tables
with the estimators' start. Every repeat has seeds of its own, eight as SOGAAL and MOGAAL derive them; the single run is
the first of the eight. The spread is the standard deviation over repeats. Labels are used here, to evaluate, and
nowhere else: neither the training nor the combination sees them.

The second table compares ways to combine: the mean logit (what the library does), the mean D(x), the mean rank, and the
mean of logits that were standardised over the table.
"""

import argparse
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from parts.spread import shown
from scipy.special import expit
from scipy.stats import rankdata

from sogaal.config import AUTHORS_STOP_EPOCHS, TrainConfig, make_config
from sogaal.data import Dataset, list_datasets, load_dataset
from sogaal.members import as_long_as_needed
from sogaal.metrics import roc_auc
from sogaal.outcomes import snapshot_epochs
from sogaal.scaling import Scaler
from sogaal.seeding import member_seeds
from sogaal.trainer import Trainer
from sogaal.voting import combined

DoubleArray = npt.NDArray[np.float64]
# The one that takes longest comes last.
TABLES = ("WDBC", "Stamps", "Pima", "Ionosphere", "Annthyroid", "onecluster")
MEMBERS, SNAPSHOTS = 8, 8
SHIPPED_STOP_EPOCHS = 200
# Where D is taken: at the stop, at the end of 3 x stop_epochs, over that whole run, and over twice the stop.
MOMENTS = ("stop", "end", "run", "around stop")


def _ranks(votes: DoubleArray) -> DoubleArray:
    return np.asarray(rankdata(votes, axis=1).mean(axis=0))


def _standardised(votes: DoubleArray) -> DoubleArray:
    deviation = votes.std(axis=1, keepdims=True)
    deviation[deviation == 0] = 1
    return np.asarray(((votes - votes.mean(axis=1, keepdims=True)) / deviation).mean(axis=0))


# Votes (voters, n) -> score (n,), lower = more abnormal.
RULES: dict[str, Callable[[DoubleArray], DoubleArray]] = {
    "logit": lambda votes: np.asarray(votes.mean(axis=0)),
    "D(x)": lambda votes: np.asarray(expit(votes).mean(axis=0)),
    "rank": _ranks,
    "standardised": _standardised,
}


def moments(config: TrainConfig) -> dict[str, list[int]]:
    """The epochs after which D is taken, as the library chooses them; all lie within one run to the end."""
    around = as_long_as_needed(config.replace(score_at="stop"), SNAPSHOTS)
    return {
        "stop": [config.stop_epochs + 1],
        "end": [config.epochs],
        "run": snapshot_epochs(config, SNAPSHOTS),
        "around stop": snapshot_epochs(around, SNAPSHOTS),
    }


def votes_of(X: npt.NDArray[np.float32], config: TrainConfig) -> dict[int, DoubleArray]:
    """D's logits (n,) over the table after each epoch that any of the moments needs."""
    trainer = Trainer(X, config)
    votes = {}
    for epoch in sorted({epoch for epochs in moments(config).values() for epoch in epochs}):
        trainer.advance(epoch * trainer.batches - trainer.step)
        votes[epoch] = combined((trainer.discriminator_weights("now"),), X)
    return votes


def measure(dataset: Dataset, config: TrainConfig, repeats: int, scaling: str) -> dict[str, list[float]]:
    """AUC by "moment, members, rule", one of each repeat."""
    assert dataset.y is not None
    X = Scaler.fit(dataset.X, scaling).transform(dataset.X)
    found: dict[str, list[float]] = {}
    for repeat in range(repeats):
        runs = [config.replace(seed=seed, eval_every=10_000) for seed in member_seeds(repeat, MEMBERS)]
        votes = [votes_of(X, run) for run in runs]
        for moment, epochs in moments(config).items():
            for count in (1, MEMBERS):
                stack = np.stack([vote[epoch] for vote in votes[:count] for epoch in epochs])
                for name, rule in RULES.items():
                    found.setdefault(f"{moment}, {count}, {name}", []).append(roc_auc(rule(stack), dataset.y))
    return found


def known_tables(folder: Path | None) -> tuple[str, ...]:
    """The authors' tables where there is a folder with them, else those that the project ships."""
    return TABLES if folder else tuple(list_datasets())


def cases(folder: Path | None, only: list[str]) -> Iterator[tuple[Dataset, str, str, TrainConfig, str]]:
    """What is measured: (table, algorithm, start, configuration, scaling)."""
    for name in only or known_tables(folder):
        dataset = load_dataset(folder / name if folder else name)
        for place, algorithm in enumerate(("so-gaal", "mo-gaal")):
            if folder is None:
                yield (
                    dataset,
                    algorithm,
                    "own",
                    make_config(algorithm=algorithm, stop_epochs=SHIPPED_STOP_EPOCHS),
                    "minmax",
                )
                continue
            stop_epochs = AUTHORS_STOP_EPOCHS[name.lower()][place]
            yield dataset, algorithm, "paper", make_config(f"paper_{name.lower()}_{algorithm[:2]}"), "none"
            own = make_config(algorithm=algorithm, stop_epochs=stop_epochs, score_at="end")
            yield dataset, algorithm, "own", own, "none"


def cells(found: dict[str, list[float]]) -> str:
    """One row of the first table: the mean logit, single and of eight, at all moments."""
    return " | ".join(shown(found[f"{moment}, {count}, logit"]) for moment in MOMENTS for count in (1, MEMBERS))


def summary(rows: list[dict[str, Any]]) -> Iterator[str]:
    """The means over the tables: of the first table, then of the ways to combine."""
    groups = sorted({(str(row["algorithm"]), str(row["start"])) for row in rows}, reverse=True)
    means = {}
    for group in groups:
        found = [row["found"] for row in rows if (row["algorithm"], row["start"]) == group]
        # Mean over tables, repeat by repeat; so the spread is that of a mean over tables, too.
        means[group] = {key: list(np.mean([one[key] for one in found], axis=0)) for key in found[0]}
        yield f"| all | {group[0].upper()} | {group[1]} | {cells(means[group])} |"
    yield f"\n| mean over tables, {MEMBERS} seeds | | at | {' | '.join(RULES)} |\n|---|---|---|{'---|' * len(RULES)}"
    for group, found in means.items():
        for moment in MOMENTS:
            values = " | ".join(shown(found[f"{moment}, {MEMBERS}, {name}"]) for name in RULES)
            yield f"| {group[0].upper()} | {group[1]} | {moment} | {values} |"


def main() -> None:
    """Measure, print Markdown tables, and write JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tables", type=Path)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--only", nargs="*", default=[], metavar="NAME")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    known = known_tables(options.tables)
    if not set(options.only) <= set(known):
        parser.error(f"--only must name some of {', '.join(known)}, got {' '.join(options.only)}.")
    heads = [f"{moment}, {count}" for moment in MOMENTS for count in ("single", f"{MEMBERS} seeds")]
    print(f"| table | | start | {' | '.join(heads)} |\n|---|---|---|{'---|' * len(heads)}")
    rows: list[dict[str, Any]] = []
    for dataset, algorithm, start, config, scaling in cases(options.tables, options.only):
        found = measure(dataset, config, options.repeats, scaling)
        rows.append({"table": dataset.name, "algorithm": algorithm, "start": start, "found": found})
        print(f"| {dataset.name} | {algorithm.upper()} | {start} | {cells(found)} |", flush=True)
        if options.json:
            options.json.write_text(json.dumps(rows, indent=1))
    for line in summary(rows):
        print(line)


if __name__ == "__main__":
    main()
