"""Objectives of a sweep: does the trial that one chooses rank the rows better than another, and does pruning pay?

    python benchmarks/objectives.py [--tables DIR] [--trials 24] [--only NAME ...]

Trains random set-ups on the shipped tables, and with ``--tables`` on the authors' six (a folder with their files), each
set-up with three seeds that all objectives see and two that tell what the choice is worth. Labels judge what was chosen
without them. What was measured is kept in benchmarks/parts/objectives.json (what is there of tables that are not
measured now stays); from it docs/objectives.md is written, and sogaal/labelfree/choosing.json, of which the page Sweep,
the command and docs/sweep.md speak. ``--page`` writes these anew without any training.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from labelfree import rounded, subjects
from parts.choosing import choices
from parts.objectives_page import page, summary
from parts.pruning import foretold, of_one_seed, replayed
from parts.set_ups import MOMENTS, Trials, plain_trials, trained, trials_from, usual

from sogaal.data import Dataset
from sogaal.pool import RunPool

ROOT = Path(__file__).parents[1]
KEPT = Path(__file__).parent / "parts" / "objectives.json"


def measure(dataset: Dataset, authors: bool, trials: int, pool: RunPool) -> dict[str, Any]:
    """All that is kept of a table, plain values."""
    found = trained(dataset, trials, 0, pool)
    return {
        "n": dataset.n, "d": dataset.d, "authors": authors, "usual": usual(dataset, pool),
        "left_out": trials - len(found["stop"].auc),
        "moments": {moment: plain_trials(one) for moment, one in found.items()},
    }  # fmt: skip


def judged(kept: dict[str, Any]) -> dict[str, Any]:
    """What the page is made of, by table."""
    found = {}
    for name, one in kept.items():
        trials: dict[str, Trials] = {moment: trials_from(one["moments"][moment]) for moment in MOMENTS}
        found[name] = {key: one[key] for key in ("n", "d", "authors", "usual")} | {
            "trials": len(trials["stop"].auc) + one["left_out"],
            "left_out": one["left_out"],
            "together": {moment: trials[moment].together for moment in MOMENTS},
            "choices": {moment: choices(trials[moment]) for moment in MOMENTS},
            "pruning": {moment: replayed(trials[moment]) for moment in MOMENTS},
            "pruning of one seed": {moment: replayed(of_one_seed(trials[moment])) for moment in MOMENTS},
            "foretold": {moment: foretold(trials[moment]) for moment in MOMENTS},
        }
    return found


def main() -> None:
    """Measure, and write the page and the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tables", type=Path)
    parser.add_argument("--trials", type=int, default=24)
    parser.add_argument("--only", nargs="*", default=[], metavar="NAME")
    parser.add_argument("--page", action="store_true", help="write the page and the figures from what is kept")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "objectives.md")
    parser.add_argument("--json", type=Path, default=ROOT / "sogaal" / "labelfree" / "choosing.json")
    options = parser.parse_args()
    kept: dict[str, Any] = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    if not options.page:
        with RunPool() as pool:
            for dataset, authors in subjects(options.tables, options.only):
                key = f"{dataset.name} (authors')" if authors else dataset.name
                kept[key] = rounded(measure(dataset, authors, options.trials, pool))
                print(key, flush=True)
                KEPT.write_text(json.dumps(kept) + "\n")
    found = judged(kept)
    options.json.write_text(json.dumps(rounded(summary(found)), indent=1) + "\n")
    options.out.write_text(page(found))


if __name__ == "__main__":
    main()
