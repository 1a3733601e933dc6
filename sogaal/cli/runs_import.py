"""``sogaal runs import``: what came of each run of an archive, also in the words of the page of runs."""

import argparse
import json

from sogaal.runs.archive import Imported, import_zips
from sogaal.runs.store import RunStore


def add_import(parser: argparse.ArgumentParser) -> None:
    """Describe the flags."""
    parser.add_argument("archive", nargs="+", metavar="ZIP", help="what `sogaal runs export --format zip` wrote")


def import_(arguments: argparse.Namespace) -> int:
    """Take them in, one after the other; returns the exit status."""
    store = RunStore(arguments.runs)
    found = []
    for archive in arguments.archive:
        for imported in import_zips(store, archive):
            found.append({"archive": archive, "id": imported.record.id, "already": imported.already,
                          "renamed": imported.renamed})  # fmt: skip
            if not arguments.json:
                print(_words(imported), flush=True)
    if arguments.json:
        print(json.dumps(found))
    return 0


def _words(imported: Imported) -> str:
    identity = imported.record.id
    if imported.already:
        return f"already there, and the same: {identity}"
    if imported.renamed:
        return f"imported: {identity} (there is, or was, another run with its own id, {imported.renamed})"
    return f"imported: {identity}"
