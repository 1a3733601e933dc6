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
import shutil
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sogaal.config import TrainConfig
from sogaal.data import Dataset
from sogaal.errors import ConfigError, DataError, RunError
from sogaal.files import write_atomic
from sogaal.runs.annotations import checked
from sogaal.runs.finding import find, names_in
from sogaal.runs.folder import MEMBERS, RECORD, Root, as_it_is, read_record, write_record
from sogaal.runs.index import Index
from sogaal.runs.locks import Lock, held, short_lock
from sogaal.runs.names import checked_id, checked_token, default_root, is_id, new_token, run_id
from sogaal.runs.populations import SCALING, Outcome, failures, members_csv, members_of, numbers_of, varied_fields
from sogaal.runs.record import DatasetRef, Population, RunRecord
from sogaal.runs.saved import RunSetup, SavedRun
from sogaal.runs.shelf import Shelf, is_shipped
from sogaal.runs.summary import run_summary, versions
from sogaal.runs.trash import empty, last_trashed, put_in_trash, restore, sweep_new, trashed
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
        self._index = Index(self._root)

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
        record = self._record(
            dataset, config, scaler, title, token, created or datetime.now(UTC), name=name, tags=tags, note=note
        )
        record = replace(
            record,
            device=device or config.device,
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
        found = find(self._root, run)
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
        given = {"name": name, "tags": tags, "note": note}
        changes = checked({what: value for what, value in given.items() if value is not None})
        folder = self._root.run(find(self._root, run))
        with short_lock(self._root.records_lock):
            record = self._read(folder)
            changed = replace(record, **changes)
            if changed != record:
                write_record(folder, changed)
        return as_it_is(changed, self._root)

    def take_in(
        self, record: RunRecord, files: Mapping[str, bytes | Path], dataset: Dataset | None = None
    ) -> RunRecord:
        """Make a run of files that came from elsewhere: contents, or paths to copy, by their names in the folder.

        ``dataset``: its table, where it came along; it is kept unless the project ships it. Raises :class:`RunError`
        for a name that is no plain one or for a run that is there already, in the trash or not, and :class:`RunError`
        or :class:`DataError` where something cannot be read or written.
        """
        for name in files:
            if name in ("", RECORD) or name.startswith(".") or any(c in name for c in "/\\:\0"):
                raise RunError(f"{record.id}: a file of a run must have a plain name, got {name[:100]!r}.")
        if dataset is not None and dataset.fingerprint != record.dataset.fingerprint:
            raise RunError(f"{record.id}: the table that came along must be the one the run learned from, and is not.")
        record = replace(record, dataset=replace(record.dataset, key=None))
        with self._place(record, dataset, files) as writer:
            return writer.record

    # -- many runs that belong together --------------------------------------------------------------------------------

    def keep_population(
        self,
        dataset: Dataset,
        config: TrainConfig,
        scaler: Scaler,
        outcomes: Sequence[Outcome],
        *,
        kind: str,
        title: str,
        name: str = "",
        tags: Iterable[str] = (),
        note: str = "",
        scalings: Mapping[int, str] | None = None,
        stopped: Collection[int] = (),
        numbers: Mapping[str, Any] | None = None,
        files: Mapping[str, bytes] | None = None,
        state: JobState | None = None,
        message: str = "",
        created: datetime | None = None,
        token: str | None = None,
    ) -> RunRecord:
        """Leave one record of many runs on one table, with a table of them; ``kind``: "race", "map", ...

        ``config``, ``scaler``: what they share; a member is described by what it has other. ``scalings``: methods by
        the outcomes' indices, where they are not all the scaler's. ``stopped``: indices of those that had not come to
        their end. Numbers in the summary: steps and seconds of all, the best AUC, and means of the others, where
        ``numbers`` says nothing else. ``files``: what else lies in the folder, by name. ``state``: None: completed,
        or failed where no member completed. ``created``: None = now. Raises :class:`ConfigError` for no outcomes,
        else as :meth:`create`.
        """
        if not outcomes:
            raise ConfigError("outcomes must hold at least one run, got none.", field="outcomes")
        varied = varied_fields(config, outcomes)
        varied += (SCALING,) if set((scalings or {}).values()) - {scaler.method} else ()
        members = members_of(outcomes, varied, scalings, stopped)
        now = datetime.now(UTC)
        created = (created or now).astimezone(UTC)
        record = self._record(dataset, config, scaler, title, token, created, name=name, tags=tags, note=note)
        found = numbers_of(members) | dict(numbers or {})
        completed = any(member.state == JobState.COMPLETED for member in members)
        record = replace(
            record,
            state=state or (JobState.COMPLETED if completed else JobState.FAILED),
            started=created,
            ended=now,
            message=" ".join(part for part in (message, failures(members)) if part),
            step=found["steps"],
            total_steps=sum(outcome.config.total_steps(dataset.n) for outcome in outcomes),
            summary=run_summary(dataset, config, scaler, 0, found, run=record.id),
            population=Population(kind, len(members), varied),
        )
        with self._place(record, dataset, {**(files or {}), MEMBERS: members_csv(varied, members)}) as writer:
            return writer.record

    def member_to_run(self, population: str, index: int) -> RunSetup:
        """What a member of a population needs to be trained again; it ends as it did, since seeds decide everything.

        Raises :class:`RunError` for a member that is not there, or a table that is gone.
        """
        run = self.get(population)
        member = next((member for member in run.members() if member.index == index), None)
        if member is None:
            raise RunError(f"{run.id}: index must be that of one of the {len(run.members())} members, got {index}.")
        try:
            config = member.config(run.config)
        except ConfigError as error:
            raise RunError(f"{run.folder / MEMBERS}: member {index}: {error}") from None
        setup = run.setup()
        scaler, method = setup.scaler, member.scaling(setup.scaling)
        if method != scaler.method:
            scaler = Scaler.fit(setup.dataset.X, method, setup.dataset.feature_names)
        return replace(setup, config=config, scaler=scaler, title=f"{setup.title}, member {index}", parent=run.id)

    # -- deleting ------------------------------------------------------------------------------------------------------

    def trash(self, runs: Iterable[str]) -> list[str]:
        """Delete runs so that they can be restored; returns their ids. All of them, or none.

        ``runs``: as of :meth:`get`. Raises :class:`RunError` where one is not there or is being written.
        """
        ids = list(dict.fromkeys(find(self._root, run) for run in runs))
        put_in_trash(self._root, ids)
        return ids

    def restore(self, ids: Iterable[str]) -> list[str]:
        """Undo :meth:`trash`; returns the ids. Raises :class:`RunError` for what is not in the trash."""
        found = list(dict.fromkeys(checked_id(run) for run in ids))
        restore(self._root, found)
        return found

    def trashed(self) -> list[str]:
        """The ids of the runs in the trash."""
        return trashed(self._root)

    def last_trashed(self) -> list[str]:
        """The ids of the runs that were deleted last, by one :meth:`trash`; none where that is not known."""
        return last_trashed(self._root)

    def empty_trash(self, ids: Iterable[str] | None = None) -> None:
        """Delete for good what is in the trash (None: all), with the tables that no other run needs."""
        empty(self._root, self._shelf, ids)

    # -- reading -------------------------------------------------------------------------------------------------------

    def entries(self) -> list[Entry]:
        """All runs, newest first, then what cannot be read; empty where there is no folder of runs yet.

        Raises :class:`RunError` where the folder itself cannot be read.
        """
        names = names_in(self._root)
        records = self._index.read(name for name, folder in names.items() if folder and is_id(name))
        found: list[Entry] = []
        for name in names:
            record = records.get(name)
            if isinstance(record, RunRecord):
                found.append(as_it_is(record, self._root))
            elif os.path.lexists(self.root / name):  # else somebody deleted it meanwhile
                reason = self._reason(name) if record is None else str(record)
                found.append(Unreadable(name, self.root / name, reason))
        return sorted(found, key=_newest_first)

    def get(self, run: str) -> SavedRun:
        """A run by its id, its token, the beginning of either where no other begins so, or "last".

        Raises :class:`RunError` for what is not there, is not unique, or cannot be read.
        """
        folder = self._root.run(find(self._root, run))
        return SavedRun(as_it_is(self._read(folder), self._root), folder, self._shelf)

    def is_written(self, run: str) -> bool:
        """Whether somebody writes the run now; errors as of :meth:`get`."""
        return held(self._root.lock(find(self._root, run)))

    # -- within --------------------------------------------------------------------------------------------------------

    def _record(
        self,
        dataset: Dataset,
        config: TrainConfig,
        scaler: Scaler,
        title: str,
        token: str | None,
        created: datetime,
        **annotations: Any,
    ) -> RunRecord:
        """The record of a run that has not begun."""
        token = new_token() if token is None else checked_token(token)
        identity = run_id(created, dataset.name, config.algorithm, token)
        return RunRecord(
            id=identity,
            title=title,
            state=JobState.QUEUED,
            created=created.astimezone(UTC),
            config=config,
            dataset=DatasetRef.of(dataset, None),
            scaling=scaler.to_dict(),
            device=config.device,
            versions=versions(),
            summary=run_summary(dataset, config, scaler, run=identity),
            **checked(annotations),
        )

    def _place(
        self, record: RunRecord, dataset: Dataset | None, files: Mapping[str, bytes | Path] | None = None
    ) -> RunWriter:
        """Make the folder of a run out of sight, whole, and rename it; nobody ever sees half of it."""
        lock = lock_run(self._root, record.id)
        new = self._root.new(record.id)
        try:
            with short_lock(self._root.shelf_lock):
                sweep_new(self._root)
                if self._root.exists(record.id):
                    raise RunError(f"{self._root.run(record.id)}: there is such a run already.")
                if dataset is not None and not is_shipped(dataset):
                    key = self._shelf.put(dataset, record.id)
                    record = replace(record, dataset=replace(record.dataset, key=key))
                new.mkdir()
                for name, content in (files or {}).items():
                    write_atomic(new / name, content if isinstance(content, bytes) else content.read_bytes())
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

    def _read(self, folder: Path) -> RunRecord:
        try:
            return read_record(folder)
        except RunError as error:
            raise RunError(f"{folder}: the run cannot be read: {error}.") from error

    def _reason(self, name: str) -> str:
        """Why what has this name is no run."""
        if not is_id(name):
            return "its name is not that of a run"
        try:
            self._read(self.root / name)
        except RunError as error:
            return str(error.__cause__)
        return "it changed while it was read"


def _newest_first(entry: Entry) -> tuple[int, float, str]:
    if isinstance(entry, Unreadable):
        return 1, 0.0, entry.id
    return 0, -entry.created.timestamp(), entry.id
