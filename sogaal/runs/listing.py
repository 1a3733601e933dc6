"""All runs in a folder, and what lies there and is none."""

import os
from dataclasses import dataclass
from pathlib import Path

from sogaal.errors import RunError
from sogaal.runs.finding import names_in
from sogaal.runs.folder import Root, as_it_is, read_record
from sogaal.runs.index import Index
from sogaal.runs.names import is_id
from sogaal.runs.record import RunRecord


@dataclass(frozen=True)
class Unreadable:
    """Something in the folder of runs that is no run that can be read, and why."""

    id: str
    folder: Path
    reason: str


Entry = RunRecord | Unreadable


def entries_of(root: Root, index: Index) -> list[Entry]:
    """All runs, newest first, then what cannot be read; :class:`RunError` where the folder itself cannot be."""
    names = names_in(root)
    records = index.read(name for name, folder in names.items() if folder and is_id(name))
    found: list[Entry] = []
    for name in names:
        record = records.get(name)
        if isinstance(record, RunRecord):
            found.append(as_it_is(record, root))
        elif os.path.lexists(root.path / name):  # else somebody deleted it meanwhile
            reason = _reason(root, name) if record is None else str(record)
            found.append(Unreadable(name, root.path / name, reason))
    return sorted(found, key=_newest_first)


def read_whole(folder: Path) -> RunRecord:
    """The record in a run's folder, as it was written; :class:`RunError` that names the folder."""
    try:
        return read_record(folder)
    except RunError as error:
        raise RunError(f"{folder}: the run cannot be read: {error}.") from error


def _reason(root: Root, name: str) -> str:
    """Why what has this name is no run."""
    if not is_id(name):
        return "its name is not that of a run"
    try:
        read_record(root.path / name)
    except RunError as error:
        return str(error)
    return "it changed while it was read"


def _newest_first(entry: Entry) -> tuple[int, float, str]:
    if isinstance(entry, Unreadable):
        return 1, 0.0, entry.id
    return 0, -entry.created.timestamp(), entry.id
