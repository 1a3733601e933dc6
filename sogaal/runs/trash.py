"""The trash: runs that were deleted and can still be restored.

They lie in ``<root>/.trash/<id>``, each with a file ``.deleted``: which deletion it was, counted from 1. TensorBoard
looks into folders of any name, but only at files whose names say that they hold events, so in the trash these have
other names.
"""

import os
import shutil
from collections.abc import Iterable, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

from sogaal.errors import RunError
from sogaal.runs.folder import Root
from sogaal.runs.locks import held, short_lock
from sogaal.runs.names import is_id
from sogaal.runs.shelf import Shelf
from sogaal.runs.writer import lock_run

_EVENTS, _HIDDEN = "tfevents", "trashed-ev"
_GONE = ".gone-"
_DELETED = ".deleted"


def trashed(root: Root) -> list[str]:
    """The ids of the runs in the trash, sorted."""
    try:
        return sorted(path.name for path in root.trash.iterdir() if is_id(path.name))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise RunError(f"{root.trash}: the trash cannot be read ({error.strerror or error}).") from None


def put_in_trash(root: Root, ids: Sequence[str]) -> None:
    """Move runs to the trash, all of them, or none where one is being written or is no folder (:class:`RunError`)."""
    for run in ids:
        folder = root.run(run)
        if folder.is_symlink() or not folder.is_dir():
            raise RunError(f"{folder}: what is to be deleted must be the folder of a run, and is not.")
    with ExitStack() as locks:
        for run in ids:
            locks.callback(lock_run(root, run).release)
        with short_lock(root.records_lock):
            moved: list[str] = []
            try:
                for run in ids:
                    _move(root.run(run), root.trashed(run))
                    moved.append(run)
                _number(root, moved)
                for run in trashed(root):  # those of a process that died as well
                    _rename_events(root.trashed(run), _EVENTS, _HIDDEN)
            except RunError:
                for run in moved:
                    _take_out(root, run)
                raise


def _number(root: Root, runs: Sequence[str]) -> None:
    """Note with which deletion runs came into the trash."""
    number = 1 + max((_number_of(root, run) for run in trashed(root)), default=0)
    for run in runs:
        with suppress(OSError):  # then nobody knows whether it was the last; it is deleted all the same
            (root.trashed(run) / _DELETED).write_text(f"{number}\n")


def _number_of(root: Root, run: str) -> int:
    """With which deletion a run came into the trash; 0 where that is not known."""
    with suppress(OSError, ValueError):
        return int((root.trashed(run) / _DELETED).read_bytes()[:20])
    return 0


def last_trashed(root: Root) -> list[str]:
    """The ids of the runs that were deleted last, together; none where that is not known."""
    numbers = {run: _number_of(root, run) for run in trashed(root)}
    last = max(numbers.values(), default=0)
    return [run for run, number in numbers.items() if number == last] if last else []


def restore(root: Root, ids: Sequence[str]) -> None:
    """Take runs out of the trash; raises :class:`RunError` for what is not there, before any is moved."""
    for run in ids:
        if not root.trashed(run).is_dir():
            raise RunError(f"{root.trashed(run)}: there is no such run in the trash.")
        if os.path.lexists(root.run(run)):
            raise RunError(f"{root.run(run)}: there is a run of that name again.")
    with short_lock(root.records_lock):
        for run in ids:
            _take_out(root, run)


def _take_out(root: Root, run: str) -> None:
    _rename_events(root.trashed(run), _HIDDEN, _EVENTS)
    with suppress(OSError):
        (root.trashed(run) / _DELETED).unlink()
    _move(root.trashed(run), root.run(run))


def empty(root: Root, shelf: Shelf, ids: Iterable[str] | None) -> None:
    """Delete runs in the trash for good (None: all), and the tables that none needs any more."""
    if not root.path.is_dir():
        return
    with short_lock(root.shelf_lock):
        for run in trashed(root) if ids is None else ids:
            folder = root.trashed(run)
            if os.path.lexists(folder):
                # Under another name first: nobody may restore half of a run.
                _move(folder, root.trash / f"{_GONE}{run}")
            if not root.exists(run):
                root.lock(run).unlink(missing_ok=True)
        for folder in root.trash.glob(f"{_GONE}*"):
            _delete(folder)
        sweep_new(root)
        shelf.sweep(root.exists)


def sweep_new(root: Root) -> None:
    """Remove what processes that died left half made."""
    for folder in root.path.glob(".new-*"):
        name = folder.name.removeprefix(".new-")
        if is_id(name) and not held(root.lock(name)):
            shutil.rmtree(folder, ignore_errors=True)


def _move(source: Path, target: Path) -> None:
    try:
        target.parent.mkdir(exist_ok=True)
        if target.is_dir():  # what a process that died left
            shutil.rmtree(target)
        source.rename(target)
    except OSError as error:
        raise RunError(f"{source}: the run cannot be moved to {target} ({error.strerror or error}).") from None


def _delete(folder: Path) -> None:
    try:
        if folder.is_symlink() or not folder.is_dir():
            folder.unlink()
        else:
            shutil.rmtree(folder)
    except OSError as error:
        raise RunError(f"{folder}: the run cannot be deleted ({error.strerror or error}).") from None


def _rename_events(folder: Path, old: str, new: str) -> None:
    try:
        for path in list(folder.iterdir()):
            if old in path.name:
                path.rename(path.with_name(path.name.replace(old, new)))
    except FileNotFoundError:  # somebody has just deleted that run for good
        return
    except OSError as error:
        raise RunError(f"{folder}: its files cannot be renamed ({error.strerror or error}).") from None
