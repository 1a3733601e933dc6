"""All runs in a folder: made, found, annotated.

    store = RunStore()
    with store.create(dataset, config, scaler, title="...", total_steps=trainer.total_steps) as writer:
        ...                                      # files in writer.folder
        writer.update(state=JobState.COMPLETED, summary=run_summary(...))
    store.entries()                              # newest first
    store.get("last").history()

One folder a run; what is in it, and who else may be at work there, is told in the modules beside this one. A folder
that is damaged, or nobody's, is listed with the reason, and harms nothing else.
"""

import os
import platform
import shutil
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

import sogaal
from sogaal.config import TrainConfig
from sogaal.data import Dataset
from sogaal.errors import DataError, RunError
from sogaal.runs.annotations import checked_name, checked_note, checked_tags
from sogaal.runs.folder import Root, as_it_is, read_record, write_record
from sogaal.runs.locks import Lock, held, short_lock
from sogaal.runs.names import LAST, checked_id, checked_token, default_root, is_id, new_token, run_id, token_of
from sogaal.runs.record import DatasetRef, RunRecord
from sogaal.runs.saved import SavedRun
from sogaal.runs.shelf import Shelf, is_shipped
from sogaal.runs.summary import run_summary
from sogaal.runs.writer import RunWriter, lock_run
from sogaal.scaling import Scaler
from sogaal.snapshots import JobState


@dataclass(frozen=True)
class Unreadable:
    """Something in the folder of runs that is no run that can be read, and why."""

    id: str
    folder: Path
    reason: str


Entry = RunRecord | Unreadable


class RunStore:
    """The runs under ``root`` (None: as :func:`default_root` says). Making a store touches no disk.

    May be used by several threads, and beside other processes.
    """

    def __init__(self, root: str | Path | None = None) -> None:
        self.root = (default_root() if root is None else Path(root)).expanduser().absolute()
        self._root = Root(self.root)
        self._shelf = Shelf(self.root)

    def __repr__(self) -> str:
        return f"RunStore({str(self.root)!r})"

    # -- writing -------------------------------------------------------------------------------------------------------

    def create(
        self,
        dataset: Dataset,
        config: TrainConfig,
        scaler: Scaler,
        *,
        title: str,
        name: str = "",
        tags: Iterable[str] = (),
        note: str = "",
        device: str | None = None,
        total_steps: int = 0,
        stop_step: int | None = None,
        token: str | None = None,
        parent: str | None = None,
        created: datetime | None = None,
    ) -> RunWriter:
        """Make the folder of a new run and hold its lock; the table is kept as well, unless the project ships it.

        ``token``: as of :func:`new_token`, for a run that has one already. ``device``: where it is trained, None: as
        ``config`` says. ``created``: None = now. Raises :class:`RunError` or :class:`DataError` that names the path
        where that cannot be written.
        """
        created = datetime.now(UTC) if created is None else created.astimezone(UTC)
        token = new_token() if token is None else checked_token(token)
        record = RunRecord(
            id=run_id(created, dataset.name, config.algorithm, token),
            title=title,
            state=JobState.QUEUED,
            created=created,
            config=config,
            dataset=DatasetRef.of(dataset, None),
            scaling=scaler.to_dict(),
            device=device or config.device,
            versions=versions(),
            summary=run_summary(dataset, config, scaler),
            name=checked_name(name),
            tags=checked_tags(tags),
            note=checked_note(note),
            total_steps=total_steps,
            stop_step=stop_step,
            parent=None if parent is None else checked_id(parent),
        )
        return self._place(record, dataset)

    def writer(self, run: str) -> RunWriter:
        """Take over the writing of a run that is there.

        Raises :class:`RunError` while another process, or another part of this one, writes it, or where it cannot be
        read.
        """
        found = self._find(run)
        lock = lock_run(self._root, found)
        try:
            folder = self._root.run(found)
            record = self._read(folder)
            with short_lock(self._root.records_lock):  # so what is half written is what a dead process left
                for left in folder.glob(".*.tmp"):
                    left.unlink(missing_ok=True)
        except OSError as error:
            lock.release()
            raise RunError(f"{self._root.run(found)}: the run cannot be written ({error.strerror or error}).") from None
        except BaseException:
            lock.release()
            raise
        return RunWriter(self._root, record, lock)

    def annotate(
        self, run: str, *, name: str | None = None, tags: Iterable[str] | None = None, note: str | None = None
    ) -> RunRecord:
        """Write on a run, also while it is trained; None leaves what is there. Returns the record as it then is.

        Raises :class:`RunError` for what is too long, and :class:`RunError` or :class:`DataError` where it cannot be
        written.
        """
        changes: dict[str, object] = {}
        if name is not None:
            changes["name"] = checked_name(name)
        if tags is not None:
            changes["tags"] = checked_tags(tags)
        if note is not None:
            changes["note"] = checked_note(note)
        folder = self._root.run(self._find(run))
        with short_lock(self._root.records_lock):
            record = self._read(folder)
            changed = replace(record, **changes)  # type: ignore[arg-type]
            if changed != record:
                write_record(folder, changed)
        return as_it_is(changed, self._root)

    # -- reading -------------------------------------------------------------------------------------------------------

    def entries(self) -> list[Entry]:
        """All runs, newest first, then what cannot be read; empty where there is no folder of runs yet.

        Raises :class:`RunError` where the folder itself cannot be read.
        """
        found: list[Entry] = []
        for name in self._names():
            folder = self.root / name
            try:
                if not is_id(name):
                    raise RunError("its name is not that of a run")
                found.append(as_it_is(read_record(folder), self._root))
            except RunError as error:
                found.append(Unreadable(name, folder, str(error)))
        return sorted(found, key=_newest_first)

    def get(self, run: str) -> SavedRun:
        """A run by its id, its token, the beginning of either where no other begins so, or "last".

        Raises :class:`RunError` for what is not there, is not unique, or cannot be read.
        """
        folder = self._root.run(self._find(run))
        return SavedRun(as_it_is(self._read(folder), self._root), folder, self._shelf)

    def is_written(self, run: str) -> bool:
        """Whether somebody writes the run now; errors as of :meth:`get`."""
        return held(self._root.lock(self._find(run)))

    # -- within --------------------------------------------------------------------------------------------------------

    def _place(self, record: RunRecord, dataset: Dataset | None) -> RunWriter:
        """Make the folder of a run out of sight, whole, and rename it; nobody ever sees half of it."""
        lock = lock_run(self._root, record.id)
        new = self._root.new(record.id)
        try:
            with short_lock(self._root.shelf_lock):
                self._sweep_new()
                if self._root.exists(record.id):
                    raise RunError(f"{self._root.run(record.id)}: there is such a run already.")
                if dataset is not None and not is_shipped(dataset):
                    key = self._shelf.put(dataset, record.id)
                    record = replace(record, dataset=replace(record.dataset, key=key))
                new.mkdir()
                write_record(new, record)
                new.rename(self._root.run(record.id))
        except (OSError, RunError, DataError) as error:
            self._undo(record.id, lock)
            if not isinstance(error, OSError):
                raise
            raise RunError(f"{self.root}: the run cannot be saved ({error.strerror or error}).") from None
        except BaseException:
            self._undo(record.id, lock)
            raise
        return RunWriter(self._root, record, lock)

    def _undo(self, run: str, lock: Lock) -> None:
        shutil.rmtree(self._root.new(run), ignore_errors=True)
        if not self._root.exists(run):
            self._shelf.drop(run)
        lock.release()

    def _sweep_new(self) -> None:
        """Remove what processes that died left half made."""
        for folder in self.root.glob(".new-*"):
            name = folder.name.removeprefix(".new-")
            if is_id(name) and not held(self._root.lock(name)):
                shutil.rmtree(folder, ignore_errors=True)

    def _read(self, folder: Path) -> RunRecord:
        try:
            return read_record(folder)
        except RunError as error:
            raise RunError(f"{folder}: the run cannot be read: {error}.") from None

    def _names(self) -> list[str]:
        """What lies in the folder of runs and may be meant as a run."""
        try:
            with os.scandir(self.root) as found:
                return [
                    entry.name
                    for entry in found
                    if not entry.name.startswith(".")
                    and (is_id(entry.name) or entry.is_symlink() or not entry.is_file(follow_symlinks=False))
                ]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise RunError(f"{self.root}: the runs cannot be read ({error.strerror or error}).") from None

    def _find(self, run: str) -> str:
        """The id that is meant; see :meth:`get`."""
        wanted = run.strip().lower()
        names = sorted(name for name in self._names() if is_id(name))
        if wanted == LAST:
            return self._last(names)
        if wanted in names:
            return wanted
        found = [name for name in names if wanted and (name.startswith(wanted) or token_of(name).startswith(wanted))]
        if len(found) == 1:
            return found[0]
        if not found:
            raise RunError(
                f"{self.root}: the run must be an id, its last twelve digits, the beginning of either, or {LAST!r}; "
                f"there is none for {run[:100]!r}."
            )
        shown = ", ".join(found[:5]) + (", ..." if len(found) > 5 else "")
        raise RunError(f"{self.root}: {run!r} must be the beginning of one run, and is that of {len(found)}: {shown}.")

    def _last(self, names: list[str]) -> str:
        """The newest run that can be read; an id tells the second of its making, the record the rest."""
        newest: RunRecord | None = None
        for name in reversed(names):
            if newest is not None and name[:15] < newest.id[:15]:
                break
            with suppress(RunError):
                record = read_record(self.root / name)
                newest = record if newest is None or record.created > newest.created else newest
        if newest is None:
            raise RunError(f"{self.root}: there are no runs yet.")
        return newest.id


def _newest_first(entry: Entry) -> tuple[int, float, str]:
    if isinstance(entry, Unreadable):
        return 1, 0.0, entry.id
    return 0, -entry.created.timestamp(), entry.id


def versions() -> dict[str, str]:
    """What a run was trained with: sogaal, torch (which is not loaded for that), numpy and python."""
    try:
        torch = version("torch")
    except PackageNotFoundError:
        torch = ""
    return {"sogaal": sogaal.__version__, "torch": torch, "numpy": np.__version__, "python": platform.python_version()}
