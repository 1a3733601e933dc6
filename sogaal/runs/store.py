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

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sogaal.config import TrainConfig
from sogaal.data import Dataset
from sogaal.errors import RunError
from sogaal.model import At
from sogaal.runs.annotations import checked
from sogaal.runs.finding import find
from sogaal.runs.folder import MEMBERS, RECORD, TRUST, Root, as_it_is, write_record
from sogaal.runs.groups import Group, member_setup
from sogaal.runs.index import Index
from sogaal.runs.listing import Entry, entries_of, read_whole
from sogaal.runs.locks import held, short_lock
from sogaal.runs.names import checked_id, checked_token, default_root, new_token, run_id
from sogaal.runs.placing import place, withdraw
from sogaal.runs.record import DatasetRef, RunRecord
from sogaal.runs.saved import RunSetup, SavedRun
from sogaal.runs.shelf import Shelf
from sogaal.runs.summary import run_summary, versions
from sogaal.runs.trash import empty, last_trashed, put_in_trash, restore, trashed
from sogaal.runs.trust_file import write_rankings
from sogaal.runs.writer import RunWriter, lock_run
from sogaal.scaling import Scaler
from sogaal.snapshots import JobState
from sogaal.trust import SeedRankings


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
            record = read_whole(folder)
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
            record = read_whole(folder)
            changed = replace(record, **changes)
            if changed != record:
                write_record(folder, changed)
        return as_it_is(changed, self._root)

    def keep_rankings(self, run: str, at: At, found: SeedRankings) -> None:
        """Keep what other seeds rank by D "at" the stop or the end, beside a run that has ended.

        Raises :class:`RunError` where it is not there or goes on, and :class:`RunError` or :class:`DataError` where
        that cannot be written.
        """
        folder = self._root.run(find(self._root, run))
        with short_lock(self._root.records_lock):  # a writer that comes now takes what is half written away
            if as_it_is(read_whole(folder), self._root).state.active:
                raise RunError(f"{folder}: the run goes on, and its ranking with it.")
            write_rankings(folder / TRUST[at], found)

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

    def begin_population(
        self, group: Group, *, created: datetime, token: str, state: JobState = JobState.RUNNING
    ) -> RunWriter:
        """Make the folder of many runs that are to be trained, without a member yet, and hold its lock.

        ``created``, ``token``: as of :meth:`create`, whose errors are raised.
        """
        record = self._record(group.dataset, group.config, group.scaler, group.title, token, created)
        record = replace(record, state=state, started=record.created, **group.so_far((), record.id))
        return self._place(record, group.dataset, {MEMBERS: group.csv(())})

    def withdraw(self, writer: RunWriter) -> None:
        """Leave nothing of a run that ``writer`` writes; :class:`RunError` where that cannot be done."""
        withdraw(self._root, self._shelf, writer)

    def member_to_run(self, population: str, index: int) -> RunSetup:
        """What a member of a population needs to be trained again; it ends as it did, since seeds decide everything.

        Raises :class:`RunError` for a member that is not there, or a table that is gone.
        """
        return member_setup(self.get(population), index)

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
        return entries_of(self._root, self._index)

    def get(self, run: str) -> SavedRun:
        """A run by its id, its token, the beginning of either where no other begins so, or "last".

        Raises :class:`RunError` for what is not there, is not unique, or cannot be read.
        """
        folder = self._root.run(find(self._root, run))
        return SavedRun(as_it_is(read_whole(folder), self._root), folder, self._shelf)

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
        return place(self._root, self._shelf, record, dataset, files)
