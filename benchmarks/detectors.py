"""SO-GAAL and MO-GAAL beside other detectors, on the shipped tables and the authors' six.

    python benchmarks/detectors.py [--tables DIR] [--seeds 3] [--only TABLE ...] [--out docs/detectors.md]

All detectors as ``sogaal detectors`` compares them, at hyperparameters that were fixed beforehand, on the same min-max
scaled rows; labels judge the finished rankings and choose nothing. With ``--tables``, a folder with the authors' files,
those too. Writes docs/detectors.md from what was measured, which it keeps in a JSON file beside it (``--json``): tables
that are not measured now stay as they were.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from ensembles import TABLES as AUTHORS_TABLES
from parts.detectors_page import page

from sogaal.data import Dataset, list_datasets, load_dataset
from sogaal.rivals import Comparison

ROOT = Path(__file__).parents[1]


def measured(dataset: Dataset, seeds: int) -> dict[str, Any]:
    """What each detector reached on a table, and why those that gave nothing did not."""
    comparison = Comparison(dataset, seeds=seeds).start()
    comparison.wait()
    report = comparison.report()
    found = {
        one.name: {
            "auc": one.aucs,
            "precision": one.precisions,
            "seconds": one.seconds,
            "memory": one.memory,
            "failed": one.failed,
        }
        for one in report.found
    }
    return {"n": dataset.n, "d": dataset.d, "detectors": found, "without": comparison.without, "seeds": seeds}


def authors_name(table: str) -> str:
    """What tells an authors' table from a shipped one of the same name."""
    return f"{table} (authors)"


def main() -> None:
    """Measure, keep, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tables", type=Path)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", nargs="+", metavar="TABLE")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "detectors.md")
    parser.add_argument("--json", type=Path, default=ROOT / "benchmarks" / "parts" / "detectors.json")
    options = parser.parse_args()
    sources: dict[str, tuple[str, str | Path]] = {name: ("shipped", name) for name in list_datasets()}
    if options.tables:
        sources |= {authors_name(name): ("authors", options.tables / name) for name in AUTHORS_TABLES}
    kept = json.loads(options.json.read_text()) if options.json.exists() else {}
    for name, (group, source) in sources.items():
        if options.only and name not in options.only:
            continue
        kept[name] = {"group": group, **measured(load_dataset(source), options.seeds)}
        options.json.write_text(json.dumps(kept, indent=1) + "\n")
        print(name, {key: round(sum(one["auc"]) / len(one["auc"]), 3) for key, one in kept[name]["detectors"].items()})
    options.out.write_text(page(kept, [*list_datasets(), *(authors_name(name) for name in AUTHORS_TABLES)]))


if __name__ == "__main__":
    main()
