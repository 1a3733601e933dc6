"""``sogaal runs list``."""

import argparse
import json
from collections.abc import Callable, Sequence
from typing import Any

from sogaal.cli.parsing import UsageError
from sogaal.cli.tables import Column, room, shortened, table
from sogaal.runs.listing import Entry, Unreadable
from sogaal.runs.names import token_of
from sogaal.runs.plain import finite
from sogaal.runs.printable import printable
from sogaal.runs.record import RunRecord
from sogaal.runs.store import RunStore
from sogaal.runs.summary import NUMBERS
from sogaal.snapshots import JobState
from sogaal.spelling import same_name

# What runs may be sorted by, and whether the largest comes first.
SORTS: dict[str, tuple[Callable[[RunRecord], Any], bool]] = {
    "created": (lambda record: record.created.timestamp(), True),
    "state": (lambda record: record.state.value, False),
    "dataset": (lambda record: record.dataset.name.casefold(), False),
    "algorithm": (lambda record: record.config.algorithm, False),
    "name": (lambda record: record.name.casefold() or None, False),
    "auc_stop": (lambda record: record.summary.get("auc_stop"), True),
    "auc_final": (lambda record: record.summary.get("auc_final"), True),
    "auc_best": (lambda record: record.summary.get("auc_best"), True),
    "d_loss": (lambda record: record.summary.get("d_loss"), False),
    "g_loss": (lambda record: record.summary.get("g_loss"), False),
    "seconds": (lambda record: record.summary.get("seconds"), True),
}


def add_list(parser: argparse.ArgumentParser) -> None:
    """Describe the flags."""
    states = ", ".join(JobState)
    parser.add_argument("--state", action="append", default=[], metavar="STATE", help=f"only runs that are {states}")
    parser.add_argument("--dataset", metavar="NAME", help="only runs on this table")
    parser.add_argument(
        "--tag", action="append", default=[], metavar="TAG", help="only runs with this tag, or all these"
    )
    parser.add_argument("--sort", default="created", metavar="WHAT", help=f"by {', '.join(SORTS)} (default created)")
    parser.add_argument("--reverse", action="store_true", help="the other way round")
    parser.add_argument("--limit", type=_limit, metavar="N", help="at most so many runs")


def _limit(text: str) -> int:
    if text.isascii() and text.isdigit() and int(text) > 0:
        return int(text)
    raise argparse.ArgumentTypeError(f"the limit must be a whole number of at least 1, got {text!r}")


def list(arguments: argparse.Namespace) -> int:  # the name of the action
    """Print the list; returns the exit status."""
    states = _states(arguments.state)
    arguments.sort = same_name(arguments.sort, SORTS) or arguments.sort
    if arguments.sort not in SORTS:
        raise UsageError(f"--sort must be one of {', '.join(SORTS)}, got {arguments.sort!r}.")
    store = RunStore(arguments.runs)
    entries = store.entries()
    records = [entry for entry in entries if isinstance(entry, RunRecord)]
    wanted = [record for record in records if _wanted(record, states, arguments.dataset, arguments.tag)]
    ordered = _ordered(wanted, arguments.sort, arguments.reverse)[: arguments.limit]
    filtered = bool(states or arguments.dataset or arguments.tag)
    unreadable = [] if filtered else [entry for entry in entries if isinstance(entry, Unreadable)]
    if arguments.json:
        print(json.dumps([*map(entry_dict, ordered), *map(entry_dict, unreadable)], allow_nan=False))
        return 0
    if ordered:
        print("\n".join(_table(ordered)))
    for entry in unreadable:
        line = f"unreadable: {printable(entry.id)}: {printable(' '.join(entry.reason.split()))}"
        print(shortened(line, 10**6 if (most := room()) is None else max(most, 40)))
    if not ordered and not unreadable:
        print(_nothing(store, len(records)))
    return 0


def _nothing(store: RunStore, there: int) -> str:
    if there:
        return f"None of the {there:,} runs in {store.root} is like that."
    return f"There are no runs in {store.root} yet; `sogaal train` and the dashboard leave some."


def _states(given: Sequence[str]) -> set[str]:
    wanted = {word.strip().lower() for text in given for word in text.split(",") if word.strip()}
    unknown = sorted(wanted - set(JobState))
    if unknown:
        raise UsageError(f"--state must be one of {', '.join(JobState)}, got {unknown[0]!r}.")
    return wanted


def _wanted(record: RunRecord, states: set[str], dataset: str | None, tags: Sequence[str]) -> bool:
    named = dataset is None or dataset.casefold() in (record.dataset.name.casefold(), record.dataset.title.casefold())
    there = {tag.casefold() for tag in record.tags}
    return named and (not states or record.state in states) and all(tag.casefold() in there for tag in tags)


def _ordered(records: Sequence[RunRecord], sort: str, reverse: bool) -> Sequence[RunRecord]:
    """Sorted; what has no value comes last either way."""
    key, largest_first = SORTS[sort]
    known = [record for record in records if key(record) is not None]
    unknown = [record for record in records if key(record) is None]
    return [*sorted(known, key=key, reverse=largest_first != reverse), *unknown]


def entry_dict(entry: Entry) -> dict[str, Any]:
    """One line of the list as JSON values."""
    if isinstance(entry, Unreadable):
        return {"id": entry.id, "unreadable": entry.reason}
    population = entry.population
    return {
        "id": entry.id,
        "name": entry.name,
        "tags": [*entry.tags],
        "note": entry.note,
        "title": entry.title,
        "state": entry.state.value,
        "message": entry.message,
        "created": entry.created.isoformat(),
        "dataset": entry.dataset.name,
        "fingerprint": entry.dataset.fingerprint,
        "algorithm": entry.config.algorithm,
        "seed": entry.config.seed,
        "step": entry.step,
        "total_steps": entry.total_steps,
        "kind": None if population is None else population.kind,
        "members": None if population is None else population.count,
        "planned": None if population is None else population.planned,
        **finite({name: entry.summary.get(name) for name in NUMBERS}),
    }


# -- the table ---------------------------------------------------------------------------------------------------------


def _table(records: Sequence[RunRecord]) -> Sequence[str]:
    def number(name: str, digits: int = 3) -> Sequence[str]:
        return [decimal(record.summary.get(name), digits) for record in records]

    columns = [
        Column("run", [token_of(record.id) for record in records]),
        Column("state", [record.state.value for record in records], give=2),
        Column("dataset", [record.dataset.name for record in records], cut=True),
        Column("algorithm", [algorithm(record) for record in records], give=5),
        Column("AUC stop", number("auc_stop"), right=True, give=4),
        Column("end", number("auc_final"), right=True, give=1),
        Column("best", number("auc_best"), right=True, give=6),
        Column("D loss", number("d_loss"), right=True, give=8),
        Column("G loss", number("g_loss"), right=True, give=8),
        Column("seconds", number("seconds", 1), right=True, give=9),
        Column("begun (UTC)", [f"{record.created:%Y-%m-%d %H:%M}" for record in records], give=3),
        Column("name, tags", [_labels(record) for record in records], cut=True, give=7),
    ]
    if not any(columns[-1].cells):
        del columns[-1]
    return table(columns, room())


def algorithm(record: RunRecord) -> str:
    """SO-GAAL, MO-GAAL with its sub-generators, or how many of them in a population."""
    name = record.config.algorithm.upper()
    name += f" k={record.config.k}" if record.config.algorithm == "mo-gaal" else ""
    return name if record.population is None else f"{record.population.counted} x {name}"


def decimal(value: Any, digits: int) -> str:
    """A number for people, or a dash."""
    return f"{value:,.{digits}f}" if isinstance(value, int | float) else "-"


def _labels(record: RunRecord) -> str:
    return " ".join([*([record.name] if record.name else []), *(f"#{tag}" for tag in record.tags)])
