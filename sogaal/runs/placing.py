"""The folder of a run: how it comes to be, whole or not at all, and how it goes again where nothing came of it."""

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from sogaal.data import Dataset
from sogaal.errors import DataError, RunError
from sogaal.files import write_atomic
from sogaal.runs.folder import Root, write_record
from sogaal.runs.locks import Lock, short_lock
from sogaal.runs.record import RunRecord
from sogaal.runs.shelf import Shelf, is_shipped
from sogaal.runs.trash import sweep_new
from sogaal.runs.writer import RunWriter, lock_run


def place(
    root: Root,
    shelf: Shelf,
    record: RunRecord,
    dataset: Dataset | None,
    files: Mapping[str, bytes | Path] | None = None,
) -> RunWriter:
    """Make the folder of a run out of sight, whole, and rename it; nobody ever sees half of it.

    ``dataset``: its table, kept unless the project ships it. ``files``: contents, or paths to copy, by name. Raises
    :class:`RunError` where there is such a run, and :class:`RunError` or :class:`DataError` where it cannot be written.
    """
    lock = lock_run(root, record.id)
    new = root.new(record.id)
    try:
        with short_lock(root.shelf_lock):
            sweep_new(root)
            if root.exists(record.id):
                raise RunError(f"{root.run(record.id)}: there is such a run already.")
            if dataset is not None and not is_shipped(dataset):
                key = shelf.put(dataset, record.id)
                record = replace(record, dataset=replace(record.dataset, key=key))
            new.mkdir()
            for name, content in (files or {}).items():
                write_atomic(new / name, content if isinstance(content, bytes) else content.read_bytes())
            write_record(new, record)
            new.rename(root.run(record.id))
    except (OSError, RunError, DataError) as error:
        _undo(root, shelf, record.id, lock)
        if not isinstance(error, OSError):
            raise
        raise RunError(f"{root.path}: the run cannot be saved ({error.strerror or error}).") from None
    except BaseException:
        _undo(root, shelf, record.id, lock)
        raise
    return RunWriter(root, record, lock)


def withdraw(root: Root, shelf: Shelf, writer: RunWriter) -> None:
    """Leave nothing of a run that is being written, and close its writer; :class:`RunError` where that fails."""
    try:
        with short_lock(root.shelf_lock):
            if writer.folder.is_dir():
                writer.folder.rename(root.new(writer.id))  # nobody sees half of it go
            shutil.rmtree(root.new(writer.id), ignore_errors=True)  # or the next run that is made sweeps it
            shelf.drop(writer.id)
    except OSError as error:
        raise RunError(f"{writer.folder}: the run cannot be removed ({error.strerror or error}).") from None
    writer.close()
    root.lock(writer.id).unlink(missing_ok=True)


def _undo(root: Root, shelf: Shelf, run: str, lock: Lock) -> None:
    shutil.rmtree(root.new(run), ignore_errors=True)
    if not root.exists(run):
        shelf.drop(run)
    lock.release()
