"""``sogaal runs annotate``, ``delete``, ``restore`` and ``trash``."""

import argparse
import json
import sys
from collections.abc import Sequence

from sogaal.cli.parsing import UsageError
from sogaal.cli.runs_list import entry_dict
from sogaal.errors import RunError
from sogaal.runs.names import LAST, token_of
from sogaal.runs.printable import printable
from sogaal.runs.store import RunStore


def add_annotate(parser: argparse.ArgumentParser) -> None:
    """Describe the flags."""
    parser.add_argument("run", metavar="RUN", help="the run; it may be training at the moment")
    parser.add_argument("--name", metavar="NAME", help="call it so; '' takes the name away")
    parser.add_argument("--tag", action="append", default=[], metavar="TAG", help="add a tag")
    parser.add_argument("--untag", action="append", default=[], metavar="TAG", help="take a tag away")
    parser.add_argument("--note", metavar="TEXT", help="write this note in place of the present one")


def annotate(arguments: argparse.Namespace) -> int:
    """Write on the run; returns the exit status."""
    if arguments.name is None and arguments.note is None and not (arguments.tag or arguments.untag):
        raise UsageError("--name, --tag, --untag or --note must say what to change, got none of them.")
    store = RunStore(arguments.runs)
    record = store.get(arguments.run).record
    gone = {tag.strip().casefold() for tag in arguments.untag}
    missing = gone - {tag.casefold() for tag in record.tags}
    if missing:
        raise UsageError(f"--untag must name a tag of {record.id}, got {sorted(missing)[0]!r}.")
    tags = [*(tag for tag in record.tags if tag.casefold() not in gone), *arguments.tag]
    changed = arguments.tag or arguments.untag
    record = store.annotate(record.id, name=arguments.name, tags=tags if changed else None, note=arguments.note)
    if arguments.json:
        print(json.dumps(entry_dict(record), allow_nan=False))
    else:
        print(printable(f"{record.id}: {record.name or 'no name'}; tags: {', '.join(record.tags) or 'none'}"))
    return 0


# -- deleting ----------------------------------------------------------------------------------------------------------


def add_delete(parser: argparse.ArgumentParser) -> None:
    """Describe the flags."""
    parser.add_argument("run", nargs="+", metavar="RUN", help="the runs; `sogaal runs restore` brings them back")
    parser.add_argument("--yes", action="store_true", help="do not ask")


def delete(arguments: argparse.Namespace) -> int:
    """Move them to the trash, all or none; returns the exit status."""
    store = RunStore(arguments.runs)
    records = {(record := store.get(run).record).id: record for run in arguments.run}
    if not arguments.yes and sys.stdin.isatty():
        for record in records.values():
            print(printable(f"{record.id}  {record.state.value}  {record.name or record.title}"), file=sys.stderr)
        count = "this run" if len(records) == 1 else f"these {len(records)} runs"
        if not _agreed(f"Delete {count}? They can be restored. [y/N] "):
            print("nothing was deleted", file=sys.stderr)
            return 1
    ids = store.trash(records)
    if arguments.json:
        print(json.dumps(ids))
        return 0
    for run in ids:
        print(f"deleted: {run}; back with: sogaal runs restore {token_of(run)}")
    return 0


def _agreed(question: str) -> bool:
    print(question, end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def add_restore(parser: argparse.ArgumentParser) -> None:
    """Describe the flags."""
    parser.add_argument(
        "run",
        nargs="+",
        metavar="RUN",
        help="runs in the trash, by id, token or the beginning of either; `last`: what was deleted last",
    )


def restore(arguments: argparse.Namespace) -> int:
    """Take them out of the trash; returns the exit status."""
    store = RunStore(arguments.runs)
    there = store.trashed()
    ids = store.restore([one for run in arguments.run for one in _in_trash(run, there, store)])
    print(json.dumps(ids) if arguments.json else "\n".join(f"restored: {run}" for run in ids))
    return 0


def _in_trash(run: str, there: Sequence[str], store: RunStore) -> list[str]:
    wanted = run.strip().lower()
    found = [one for one in there if wanted and (one.startswith(wanted) or token_of(one).startswith(wanted))]
    if wanted in there:
        return [wanted]
    if len(found) == 1:
        return found
    if wanted == LAST:
        last = store.last_trashed()
        if not last:
            which = "it is empty" if not there else "it does not know; say which one (sogaal runs trash)"
            raise RunError(f"there must be runs in the trash that were deleted last, but {which}.")
        return last
    if not found:
        raise RunError(f"there must be such a run in the trash, and there is none for {run[:100]!r} (of {len(there)}).")
    raise RunError(f"{run!r} must be the beginning of one run in the trash, and is that of {len(found)}.")


def add_trash(parser: argparse.ArgumentParser) -> None:
    """Describe the flags."""
    parser.add_argument("--empty", action="store_true", help="delete for good, with the tables that no run needs")
    parser.add_argument("--yes", action="store_true", help="do not ask")


def trash(arguments: argparse.Namespace) -> int:
    """List or empty the trash; returns the exit status."""
    store = RunStore(arguments.runs)
    ids = store.trashed()
    if arguments.empty and ids:
        if not arguments.yes and sys.stdin.isatty() and not _agreed(f"Delete {len(ids)} runs for good? [y/N] "):
            print("nothing was deleted", file=sys.stderr)
            return 1
        store.empty_trash(ids)
    if arguments.json:
        print(json.dumps(ids))
        return 0
    word = "deleted for good: " if arguments.empty else ""
    print("\n".join(f"{word}{run}" for run in ids) or "The trash is empty.")
    return 0
