"""The one who writes a run: holds its lock for as long."""

import threading
from contextlib import suppress
from dataclasses import replace
from datetime import UTC
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sogaal.errors import RunError
from sogaal.runs.folder import Root, read_record, write_record
from sogaal.runs.locks import RUN_SECONDS, Lock, short_lock
from sogaal.runs.plain import finite
from sogaal.runs.record import RunRecord
from sogaal.snapshots import JobState

# What a training may change of its record; name, tags and note are people's.
MAY_CHANGE = frozenset(
    ("state", "message", "started", "ended", "step", "total_steps", "stop_step", "summary", "diagnosis", "auc_curve",
     "versions", "device", "title", "population")
)  # fmt: skip


def lock_run(root: Root, run_id: str) -> Lock:
    """The lock of a run; :class:`RunError` where another process, or another part of this one, has it."""
    busy = f"{root.run(run_id)}: the run is being written by another process, or by another part of this one."
    return Lock(root.lock(run_id), RUN_SECONDS, busy)


class RunWriter:
    """Writes one run, from any thread; nobody else does until :meth:`close`, or until the process ends.

    ``id``, ``folder``: of the run. ``record``: as it was last written, or read.
    """

    def __init__(self, root: Root, record: RunRecord, lock: Lock) -> None:
        self.id = record.id
        self.folder: Path = root.run(record.id)
        self.record = record
        self._root = root
        self._lock = lock
        self._closed = threading.Event()

    def update(self, **changes: Any) -> RunRecord:
        """Write the record with some fields changed; what people meanwhile wrote on the run stays.

        Raises :class:`RunError` after :meth:`close` or for a field that is not a training's to change, and
        :class:`RunError` or :class:`DataError` where it cannot be written.
        """
        unknown = sorted(changes.keys() - MAY_CHANGE)
        if unknown:
            raise RunError(f"a training may change {', '.join(sorted(MAY_CHANGE))} of its record, got {unknown[0]!r}.")
        if self._closed.is_set():
            raise RunError(f"{self.folder}: the run was closed and is written no more.")
        if "state" in changes:
            changes["state"] = JobState(changes["state"])
        for name in ("started", "ended"):
            if changes.get(name) is not None:
                changes[name] = changes[name].astimezone(UTC)
        for name in ("summary", "diagnosis", "auc_curve"):
            if name in changes:
                changes[name] = finite(changes[name])
        if "diagnosis" in changes:
            changes["diagnosis"] = tuple(changes["diagnosis"])
        if "auc_curve" in changes:  # for a line of a few pixels' height
            changes["auc_curve"] = tuple(round(float(one), 4) for one in changes["auc_curve"] if one is not None)
        with short_lock(self._root.records_lock):
            written = self.record
            with suppress(RunError):  # one that somebody damaged is mended
                found = read_record(self.folder)
                written = replace(written, name=found.name, tags=found.tags, note=found.note)
            written = replace(written, **changes)
            write_record(self.folder, written)
            self.record = written
        return self.record

    def close(self) -> None:
        """Let others write; doing so twice does no harm."""
        self._closed.set()
        self._lock.release()

    def __enter__(self) -> Self:
        """The writer, which is closed at the end of the block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        self.close()
