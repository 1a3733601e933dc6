"""Which folders are runs, and which of them is meant."""

import os
from contextlib import suppress

from sogaal.errors import RunError
from sogaal.runs.folder import Root, read_record
from sogaal.runs.names import LAST, is_id, token_of
from sogaal.runs.record import RunRecord


def names_in(root: Root) -> dict[str, bool]:
    """What lies in the folder of runs and may be meant as a run, and whether it is a folder, and no link."""
    try:
        with os.scandir(root.path) as entries:
            return {
                entry.name: entry.is_dir(follow_symlinks=False)
                for entry in entries
                if not entry.name.startswith(".")
                and (is_id(entry.name) or entry.is_symlink() or entry.is_dir(follow_symlinks=False))
            }
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise RunError(f"{root.path}: the runs cannot be read ({error.strerror or error}).") from None


def find(root: Root, run: str) -> str:
    """The id that is meant; see :meth:`RunStore.get`, as are the errors."""
    wanted = run.strip().lower()
    names = sorted(name for name in names_in(root) if is_id(name))
    if wanted == LAST:
        return _last(root, names)
    if wanted in names:
        return wanted
    found = [name for name in names if wanted and (name.startswith(wanted) or token_of(name).startswith(wanted))]
    if len(found) == 1:
        return found[0]
    if not found:
        raise RunError(
            f"{root.path}: the run must be an id, its last twelve digits, the beginning of either, or {LAST!r}; "
            f"there is none for {run[:100]!r}."
        )
    shown = ", ".join(found[:5]) + (", ..." if len(found) > 5 else "")
    raise RunError(f"{root.path}: {run!r} must be the beginning of one run, and is that of {len(found)}: {shown}.")


def _last(root: Root, names: list[str]) -> str:
    """The newest run that can be read; an id tells the second of its making, the record the rest."""
    newest: RunRecord | None = None
    for name in reversed(names):
        if newest is not None and name[:15] < newest.id[:15]:
            break
        with suppress(RunError):
            record = read_record(root.path / name)
            newest = record if newest is None or record.created > newest.created else newest
    if newest is None:
        raise RunError(f"{root.path}: there are no runs yet.")
    return newest.id
