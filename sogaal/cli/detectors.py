"""``sogaal detectors``: SO-GAAL and MO-GAAL beside other detectors, on a table."""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sogaal.cli.parsing import UsageError, add_reading_arguments, add_share_argument, add_table_arguments, reading
from sogaal.cli.tables import Column, room, table
from sogaal.cli.train import MAX_BYTES
from sogaal.data import Dataset, load_dataset
from sogaal.errors import DataError, SogaalError
from sogaal.files import check_target, write_atomic
from sogaal.runs.printable import printable
from sogaal.snapshots import JobState

if TYPE_CHECKING:
    from sogaal.rivals import Comparison, Report

# Seconds between two looks at the progress.
BEAT = 0.1
MOST_NAMED = 12


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the flags."""
    parser.description = (
        "Compare SO-GAAL and MO-GAAL with other detectors on a table, all on the same min-max scaled rows.\n"
        "No label chooses a hyperparameter; labels, where there are any, judge the finished rankings."
    )
    parser.add_argument("data", metavar="FILE_OR_NAME", help="the table: a file, or a shipped dataset's name")
    parser.add_argument(
        "--only", metavar="NAMES",
        help="detectors with commas between: so-gaal, mo-gaal, auto, mo-gaal-8, iforest, lof, knn, ocsvm, ecod, copod",
    )  # fmt: skip
    parser.add_argument(
        "--seeds", type=int, metavar="N", default=3,
        help="rankings of each detector that depends on luck, by the seeds 0, 1, ... (default 3)",
    )  # fmt: skip
    add_table_arguments(parser)
    add_reading_arguments(parser)
    add_share_argument(parser)
    parser.add_argument("-o", "--output", metavar="FILE", help="file for scores and ranks of all detectors, CSV")
    parser.add_argument("--measures", metavar="FILE", help="file for the measures of each detector, CSV")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    parser.add_argument("--quiet", action="store_true", help="no progress and no notes")


def run(arguments: argparse.Namespace) -> int:
    """Compare and tell; returns the exit status."""
    from sogaal.rivals import Comparison, measures_csv, plain_values, rivals_csv

    for flag in ("output", "measures"):
        if getattr(arguments, flag):
            _check_output(flag, getattr(arguments, flag), arguments.data)
    dataset = load_dataset(
        arguments.data, label_column=arguments.label, id_column=arguments.id, max_bytes=MAX_BYTES, **reading(arguments)
    )
    for note in [] if arguments.quiet else dataset.notes:
        print(f"note: {note}", file=sys.stderr)
    names = None if arguments.only is None else [name.strip() for name in arguments.only.split(",") if name.strip()]
    comparison = Comparison(dataset, names, arguments.seeds)
    _watch(comparison, show=not arguments.quiet and sys.stderr.isatty())
    if comparison.state == JobState.FAILED:
        reasons = "; ".join(f"{name}: {why}" for name, why in comparison.without.items())
        raise SogaalError(f"{comparison.message} {reasons}".strip())
    report = comparison.report(arguments.share)
    if arguments.output:
        write_atomic(arguments.output, rivals_csv(report))
    if arguments.measures:
        write_atomic(arguments.measures, measures_csv(report))
    if arguments.json:
        print(json.dumps(plain_values(report, comparison.without)))
        return 0
    for line in _told(report, comparison.without):
        print(line)
    return 0


def _check_output(flag: str, output: str, data: str) -> None:
    try:
        target = check_target(output)
    except DataError as error:
        raise UsageError(f"--{flag}: {error}") from None
    if target == Path(data).resolve():
        raise UsageError(f"--{flag} must not be a file that is read, got {output!r}.")


def _watch(comparison: "Comparison", show: bool) -> None:
    from tqdm import tqdm

    comparison.start()
    total = sum(one.total for one in comparison.progress)
    try:
        with tqdm(total=total, unit="ranking", disable=not show, file=sys.stderr, dynamic_ncols=True) as bar:
            while not comparison.wait(BEAT):
                at_work = [one.name for one in comparison.progress if one.state == JobState.RUNNING]
                bar.set_description(at_work[0] if at_work else "")
                bar.update(sum(one.done for one in comparison.progress) - bar.n)
    except KeyboardInterrupt:
        comparison.cancel()
        raise


def _told(report: "Report", without: dict[str, str]) -> list[str]:
    lines = [_about(report.dataset), ""]
    lines += table(_measures(report), room())
    lines += ["", _costs(report)]
    lines += [f"{name}: left out. {printable(why)}" for name, why in without.items()]
    lines += [f"{one.name}: {printable(words)}" for one in report.found for words in one.failed]
    if len(report.found) > 1:
        lines += ["", "Spearman's rank correlation of each two (first seeds):", *_matrix(report, "correlations")]
        chance = f"by chance {report.top / report.dataset.n:.2f}"
        lines += ["", f"Share of one's top {report.top:,} in another's ({chance}):", *_matrix(report, "overlaps")]
        lines += ["", *_rows(report)]
    return lines


def _about(dataset: Dataset) -> str:
    labels = "no labels" if dataset.y is None else f"{dataset.n_outliers:,} outliers; labels chose nothing"
    return f"{printable(dataset.name)}: {dataset.n:,} rows, {dataset.d:,} features, {labels}; all rows min-max scaled"


def _measures(report: "Report") -> list[Column]:
    found = report.found
    columns = [Column("detector", [one.name for one in found])]
    if report.dataset.y is not None:
        columns.append(Column("AUC", [_spread(one.auc) for one in found]))
        columns.append(Column("average precision", [_spread(one.precision) for one in found]))
    columns.append(Column("seeds", [str(len(one.seeds)) if one.seeds else "none" for one in found], right=True))
    own = ["-" if one.own is None else f"{one.own:.2f}" for one in found]
    columns.append(Column("seeds alike", own, right=True, give=2))
    columns.append(Column("seconds", [f"{one.time:.3g}" for one in found], right=True, give=1))
    memory = ["-" if one.peak is None else f"{one.peak:,.1f}" for one in found]
    columns.append(Column("MiB", memory, right=True, give=1))
    return columns


def _costs(report: "Report") -> str:
    if all(one.peak is None for one in report.found):
        return "seconds: to fit and to score the table, mean over seeds; memory is measured on Linux alone"
    return (
        "seconds, MiB: to fit and to score the table, mean over seeds; the most memory that it adds to the table and "
        "the libraries, to about 1 MiB"
    )


def _spread(measured: tuple[float, float | None] | None) -> str:
    if measured is None:
        return "-"
    mean, deviation = measured
    return f"{mean:.3f}" + ("" if deviation is None else f" ± {deviation:.3f}")


def _matrix(report: "Report", which: str) -> list[str]:
    values = getattr(report, which)
    names = [one.name for one in report.found]
    columns = [Column("", names)]
    columns += [
        Column(name, [f"{value:.2f}" for value in values[:, place]], right=True) for place, name in enumerate(names)
    ]
    return table(columns)


def _rows(report: "Report") -> list[str]:
    ids, k = report.dataset.ids, len(report.found)
    agreed = [f"{ids[row]} ({report.counts[row]} of {k})" for row in report.consensus]
    lone = [f"{ids[one.row]} ({one.name}, rank {one.rank})" for one in report.lone]
    return [
        f"In the top of most detectors: {_listed(agreed)}",
        f"In the top of one alone: {_listed(lone)}",
    ]


def _listed(words: list[str]) -> str:
    if not words:
        return "no row"
    more = f", and {len(words) - MOST_NAMED:,} more" if len(words) > MOST_NAMED else ""
    return printable(", ".join(words[:MOST_NAMED]) + more)
