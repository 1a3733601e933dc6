"""Where things lie in the folder of runs, and how a record is read and written."""

import os
import stat
from dataclasses import dataclass, replace
from pathlib import Path

from sogaal.errors import RunError
from sogaal.files import write_atomic
from sogaal.runs.locks import held
from sogaal.runs.names import checked_id, is_id
from sogaal.runs.record import RunRecord
from sogaal.snapshots import JobState

RECORD = "run.json"
HISTORY = "history.csv"
FRAMES = "frames.npz"
CHECKPOINT = "checkpoint.safetensors"
MODEL = "model.safetensors"
SCORES = "scores.csv"
MEMBERS = "members.csv"
# What other seeds rank, by which D was asked; there where somebody asked.
TRUST = {"stop": "trust_stop.npz", "end": "trust_end.npz"}
INTERRUPTED = "The program ended before the run did."
INTERRUPTED_MANY = "The program ended before all its runs had."
# A record of a table with a hundred thousand features has about a fifth of this.
MOST_BYTES = 64 * 2**20

Stamp = tuple[int, int, int]


@dataclass(frozen=True)
class Root:
    """The folder of runs and the places in it."""

    path: Path

    def run(self, run_id: str) -> Path:
        """The folder of a run; raises :class:`RunError` for what is no id."""
        return self.path / checked_id(run_id)

    def new(self, run_id: str) -> Path:
        """Where the folder of a run is made before it is renamed."""
        return self.path / f".new-{checked_id(run_id)}"

    def trashed(self, run_id: str) -> Path:
        """The folder of a run in the trash."""
        return self.trash / checked_id(run_id)

    @property
    def trash(self) -> Path:
        """Where runs lie that were deleted and can be restored."""
        return self.path / ".trash"

    def lock(self, run_id: str) -> Path:
        """What the one who writes a run holds."""
        return self.path / ".locks" / f"{checked_id(run_id)}.lock"

    @property
    def records_lock(self) -> Path:
        """What is held while a record is read, changed and written."""
        return self.path / ".locks" / "records.lock"

    @property
    def shelf_lock(self) -> Path:
        """What is held while runs come, or go for good."""
        return self.path / ".locks" / "shelf.lock"

    @property
    def index(self) -> Path:
        """What the records said when they were last listed."""
        return self.path / ".index.json"

    def exists(self, run_id: str) -> bool:
        """Whether there is such a run, in the trash or not."""
        return is_id(run_id) and any(os.path.lexists(p) for p in (self.run(run_id), self.trashed(run_id)))


def stamp_of(folder: Path) -> Stamp:
    """What changes when the record in a run's folder does: time in ns, size, number of the file.

    The folder must be one, and no link. Raises :class:`RunError` with the reason, without the path, for a folder that
    can have no record.
    """
    try:
        found = os.lstat(f"{folder}/{RECORD}")
    except FileNotFoundError:
        raise RunError(f"there is no {RECORD}: it is no run, or what is left of one") from None
    except OSError as error:
        raise RunError(f"it cannot be read ({error.strerror or error})") from None
    if not stat.S_ISREG(found.st_mode):
        raise RunError(f"{RECORD} must be an ordinary file, and is not")
    if found.st_size > MOST_BYTES:
        raise RunError(f"{RECORD} must have at most {MOST_BYTES:,} bytes, and has {found.st_size:,}")
    return found.st_mtime_ns, found.st_size, found.st_ino


def read_record(folder: Path) -> RunRecord:
    """The record in a run's folder, as it was written; :class:`RunError` with the reason, without the path."""
    if folder.is_symlink():
        raise RunError("it must be a folder, and is a link")
    if os.path.lexists(folder) and not folder.is_dir():
        raise RunError("it must be a folder, and is not")
    stamp_of(folder)
    try:
        content = (folder / RECORD).read_bytes()
    except OSError as error:
        raise RunError(f"{RECORD} cannot be read ({error.strerror or error})") from None
    record = RunRecord.from_json(content)
    if record.id != folder.name.removeprefix(".new-"):
        raise RunError(f"the folder must have the name of its run, {record.id}")
    return record


def write_record(folder: Path, record: RunRecord) -> None:
    """Write the record; raises :class:`DataError` that names the file where that cannot be done."""
    write_atomic(folder / RECORD, record.to_json())


def as_it_is(record: RunRecord, root: Root) -> RunRecord:
    """The record with the state that is true now: a run that nobody writes any more was interrupted."""
    if not record.state.active or held(root.lock(record.id)):
        return record
    message = INTERRUPTED if record.population is None else INTERRUPTED_MANY
    return replace(record, state=JobState.INTERRUPTED, message=record.message or message)
