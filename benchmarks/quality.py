"""Detection quality: AUC when G stops, at the end and at best, with spread over seeds.

    python benchmarks/quality.py [--tables DIR] [--seeds 10] [--json quality.json]

With ``--tables`` (a folder with the authors' files onecluster, WDBC, Stamps, Pima, Ionosphere, Annthyroid) the paper's
presets are held against figures measured with the authors' Keras code. Without, the shipped tables are used with the
post's preset. "best" peeks at the labels and is no result that anybody gets without them.
"""

import argparse
import json
from pathlib import Path

from parts.spread import shown

from sogaal.config import TrainConfig, make_config
from sogaal.data import Dataset, list_datasets, load_dataset
from sogaal.scaling import Scaler
from sogaal.trainer import Trainer

REFERENCE = Path(__file__).parents[1] / "tests" / "data" / "reference_auc.json"
MEASURES = ("auc_stop", "auc_final", "auc_best")


def measure(dataset: Dataset, config: TrainConfig, seeds: int, scaling: str = "minmax") -> dict[str, list[float]]:
    """The three AUCs of ``seeds`` runs that differ in their seed alone."""
    X = Scaler.fit(dataset.X, scaling).transform(dataset.X)
    runs = [Trainer(X, config.replace(seed=seed), dataset.y).fit().summary() for seed in range(seeds)]
    return {name: [run[name] for run in runs] for name in MEASURES}


def against_reference(folder: Path, seeds: int) -> list[dict[str, object]]:
    """Rows for the authors' tables, ours beside the reference."""
    rows = []
    for name, expected in json.loads(REFERENCE.read_text()).items():
        if name == "about":
            continue
        dataset = load_dataset(folder / name)
        for algorithm in ("so", "mo"):
            found = measure(dataset, make_config(f"paper_{name.lower()}_{algorithm}"), seeds, "none")
            reference = expected[algorithm]
            rows.append({"table": name, "algorithm": algorithm, "found": found, "reference": reference})
            mean, deviation, _ = reference["final"]
            print(
                f"| {name} | {algorithm.upper()} | {shown(found['auc_stop'])} | {reference['stop']:.3f} "
                f"| {shown(found['auc_final'])} | {mean:.3f} ± {deviation:.3f} "
                f"| {shown(found['auc_best'])} | {reference['best']:.3f} |",
                flush=True,
            )
    return rows


def shipped(seeds: int) -> list[dict[str, object]]:
    """Rows for the tables that the project ships."""
    rows = []
    for name in list_datasets():
        for algorithm in ("so-gaal", "mo-gaal"):
            found = measure(load_dataset(name), make_config("post", algorithm=algorithm, stop_epochs=200), seeds)
            rows.append({"table": name, "algorithm": algorithm, "found": found})
            cells = " | ".join(shown(found[measure_name]) for measure_name in MEASURES)
            print(f"| {name} | {algorithm.upper()} | {cells} |", flush=True)
    return rows


def main() -> None:
    """Measure, print a Markdown table, and write JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tables", type=Path)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    if options.tables:
        print("| table | | stop | reference | end | reference | best | reference |\n|---|---|---|---|---|---|---|---|")
        rows = against_reference(options.tables, options.seeds)
    else:
        print("| table | | stop | end | best |\n|---|---|---|---|---|")
        rows = shipped(options.seeds)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
