"""``sogaal datasets``: the tables that come with sogaal."""

import argparse
import json

from sogaal.data import Dataset, list_datasets, load_dataset


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the flags."""
    parser.description = "List the datasets that come with sogaal; their names work wherever a file does."
    parser.add_argument("--json", action="store_true", help="print one JSON list instead of a table")


def run(arguments: argparse.Namespace) -> int:
    """Print the list; returns the exit status."""
    datasets = [load_dataset(name) for name in list_datasets()]
    if arguments.json:
        print(json.dumps([_entry(dataset) for dataset in datasets]))
        return 0
    print(f"{'name':<16}{'rows':>7}{'features':>10}{'outliers':>10}  title")
    for dataset in datasets:
        outliers = "-" if dataset.n_outliers is None else f"{dataset.n_outliers:,}"
        print(f"{dataset.name:<16}{dataset.n:>7,}{dataset.d:>10,}{outliers:>10}  {dataset.title}")
    return 0


def _entry(dataset: Dataset) -> dict[str, object]:
    return {
        "name": dataset.name,
        "title": dataset.title,
        "n": dataset.n,
        "d": dataset.d,
        "outliers": dataset.n_outliers,
        "description": dataset.description,
        "source": dataset.source,
        "licence": dataset.licence,
    }
