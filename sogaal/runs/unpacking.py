"""What lies in an archive of runs, brought out of it and looked at; it may come from anybody.

What is no file of a run, lies elsewhere, or is larger than it says is refused. Every file is read as what it is.
"""

import re
import shutil
import stat
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sogaal.data import Dataset
from sogaal.data.limits import megabytes
from sogaal.errors import ConfigError, DataError, ModelError, RunError
from sogaal.exports import load_model
from sogaal.exports.events import read_records
from sogaal.runs.checkpoint_file import read_checkpoint
from sogaal.runs.folder import (
    CHECKPOINT,
    FRAMES,
    HISTORY,
    MEMBERS,
    MODEL,
    MOST_BYTES,
    RECORD,
    SCORES,
    TRUST,
    read_record,
)
from sogaal.runs.frames_file import read_frames
from sogaal.runs.history_file import read_history
from sogaal.runs.names import is_id, token_of
from sogaal.runs.populations import read_members
from sogaal.runs.record import RunRecord
from sogaal.runs.shelf import FOLDER, TABLE, Shelf
from sogaal.runs.trust_file import read_rankings

# What an archive may hold when it is unpacked: its files together; how many of each run; and how many runs.
MOST_UNPACKED = 4 * 2**30
MOST_FILES = 40
MOST_RUNS = 10_000
EVENTS = re.compile(r"events\.out\.tfevents\.\d{1,20}\.sogaal")
# The record first and the history last: what is written meanwhile is then only more than what was read before.
NAMES = (RECORD, CHECKPOINT, FRAMES, HISTORY, MODEL, SCORES, MEMBERS, *TRUST.values())
_PIECE = 2**20
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, RuntimeError, OverflowError)


@dataclass(frozen=True)
class Unpacked:
    """A run out of an archive: its files in ``folder``, all of them readable, and its table, where that came along."""

    folder: Path
    record: RunRecord
    dataset: Dataset | None


def unpacked(path: Path, place: Path, most_bytes: int) -> list[Unpacked]:
    """All runs of an archive, unpacked in the folder ``place``.

    Raises :class:`RunError` that names the archive, what is wrong with it and where.
    """
    found = []
    for folder, table in _extracted(path, place, most_bytes):
        try:
            record = _checked(folder)
            dataset = None if table is None else _table(table, record, folder.parent, most_bytes)
        except RunError as error:
            raise RunError(f"{path}: {_without(str(error), folder)}") from None
        found.append(Unpacked(folder, record, dataset))
    return found


# -- the archive -------------------------------------------------------------------------------------------------------


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        if not path.is_file():
            raise RunError(f"{path}: there is no such file.")
        with zipfile.ZipFile(path) as archive:
            yield archive
    except OSError as error:
        raise RunError(f"{path}: the archive cannot be read ({error.strerror or error}).") from None
    except _DAMAGED as error:
        if isinstance(error, RunError):
            raise
        raise RunError(
            f"{path}: the file must be a zip archive, and is none or damaged ({str(error)[:200]})."
        ) from None


def _extracted(path: Path, place: Path, most_bytes: int) -> list[tuple[Path, Path | None]]:
    """The folders of the runs, and their tables, each beside its folder; None where none came along."""
    found: list[tuple[Path, Path | None]] = []
    with _opened(path) as archive:
        runs = _names(path, archive.infolist())
        declared = sum(entry.file_size for names in runs.values() for entry in names.values())
        if declared > most_bytes:
            raise RunError(
                f"{path}: the archive must hold at most {megabytes(most_bytes)}, and holds {megabytes(declared)}."
            )
        left = most_bytes
        for number, (run, names) in enumerate(runs.items()):
            beside = place / str(number)
            folder = beside / run
            folder.mkdir(parents=True)
            for name, entry in names.items():
                target = (beside if name == TABLE else folder) / name
                left -= _extract(path, archive, entry, target, min(left, MOST_BYTES if name == RECORD else left))
            found.append((folder, beside / TABLE if TABLE in names else None))
    return found


def _names(path: Path, entries: list[zipfile.ZipInfo]) -> dict[str, dict[str, zipfile.ZipInfo]]:
    """The entries by run and by the names of their files; :class:`RunError` for what may not be in an archive."""
    counts = Counter(entry.orig_filename.partition("/")[0] for entry in entries)
    if len(counts) > MOST_RUNS:
        raise RunError(f"{path}: an archive must be of at most {MOST_RUNS:,} runs, and this one is of {len(counts):,}.")
    most = max(counts.values(), default=0)
    if most > MOST_FILES:
        raise RunError(f"{path}: a run must have at most {MOST_FILES} files, and one in this archive has {most}.")
    found: dict[str, dict[str, zipfile.ZipInfo]] = {}
    for entry in entries:
        shown = f"{path}: {entry.orig_filename[:100]!r}"
        run, name = _checked_path(shown, entry)
        names = found.setdefault(run, {})
        if not name:
            continue  # the folder itself, as other programs write it
        if name in names:
            raise RunError(f"{shown} must be there once, and is there several times.")
        if not (name in (*NAMES, TABLE) or EVENTS.fullmatch(name)):
            raise RunError(f"{shown} is no file of a run.")
        if entry.flag_bits & 1:
            raise RunError(f"{shown} must not be encrypted.")
        names[name] = entry
    for run, names in (found or {"it": {}}).items():
        if RECORD not in names:
            raise RunError(f"{path}: there must be a {RECORD} in {run}, and there is none: it is no archive of runs.")
    return found


def _checked_path(shown: str, entry: zipfile.ZipInfo) -> tuple[str, str]:
    """The run and the name of a file; :class:`RunError` for what is no ordinary file of a run's folder."""
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise RunError(f"{shown} must be an ordinary file, and is a link or something else.")
    parts = entry.orig_filename.split("/")
    if len(parts) != 2 or any(part in (".", "..") for part in parts) or re.search(r"[\\:\0]", entry.orig_filename):
        raise RunError(f"{shown} must lie in the folder of a run, and leads elsewhere.")
    if not is_id(parts[0]):
        raise RunError(f"{shown} must lie in a folder with the id of a run; this archive is not one of runs.")
    return parts[0], parts[1]


def _extract(path: Path, archive: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path, most: int) -> int:
    """Unpack one file of at most ``most`` bytes; returns how many it has, whatever the archive says of it."""
    done = 0
    with archive.open(entry) as source, target.open("wb") as sink:
        while piece := source.read(_PIECE):
            done += len(piece)
            if done > min(most, entry.file_size):
                raise RunError(f"{path}: {entry.filename!r} is larger than it says, or than it may be.")
            sink.write(piece)
    return done


# -- what was unpacked -------------------------------------------------------------------------------------------------


def _checked(folder: Path) -> RunRecord:
    """The record of a run all of whose files can be read; :class:`RunError` for the first that cannot."""
    try:
        record = read_record(folder)
    except RunError as error:
        raise RunError(f"{RECORD}: {error}") from None
    for path in sorted(folder.iterdir()):
        try:
            _CHECKS.get(path.name, _check_events)(path, record)
        except (DataError, ConfigError, ModelError) as error:
            raise RunError(str(error)) from None
    return record


def _check_record(_path: Path, record: RunRecord) -> None:
    scaler = record.scaler  # raises for what is none
    if scaler.d != record.dataset.d:
        raise RunError(f"{RECORD}: the scaling must have {record.dataset.d} columns, and has {scaler.d}.")


def _check_history(path: Path, record: RunRecord) -> None:
    history, _ = read_history(path)
    if history.n_generators != record.config.n_generators:
        raise RunError(f"{path}: the history must have {record.config.n_generators} sub-generators.")


def _check_frames(path: Path, _record: RunRecord) -> None:
    check_npz(path)
    read_frames(path)


def _check_rankings(path: Path, record: RunRecord) -> None:
    check_npz(path)
    read_rankings(path, record.dataset.n)


def _check_scores(path: Path, _record: RunRecord) -> None:
    with path.open("rb") as file:
        if not file.readline(1000).startswith(b"id,"):
            raise RunError(f"{path}: the scores must begin with the names of their columns.")


def _check_events(path: Path, _record: RunRecord) -> None:
    content = path.read_bytes()
    if content and not read_records(content):
        raise RunError(f"{path}: the file must hold TensorBoard's events, and does not.")


_CHECKS: dict[str, Callable[[Path, RunRecord], object]] = {
    RECORD: _check_record,
    HISTORY: _check_history,
    FRAMES: _check_frames,
    CHECKPOINT: lambda path, record: read_checkpoint(path, token_of(record.id)),
    MODEL: lambda path, _record: load_model(path),
    SCORES: _check_scores,
    MEMBERS: lambda path, _record: read_members(path),
    **dict.fromkeys(TRUST.values(), _check_rankings),
}


def _table(path: Path, record: RunRecord, place: Path, most_bytes: int) -> Dataset:
    """The table that came along; read as the shelf reads it, which also checks that it is the one of the key."""
    key = record.dataset.key
    if key is None:
        raise RunError(f"{TABLE}: there must be no table for a run that names none.")
    check_npz(path, most_bytes)
    folder = place / FOLDER / key
    folder.mkdir(parents=True)
    shutil.move(path, folder / TABLE)
    try:
        dataset = Shelf(place).get(key)
    except RunError as error:
        raise RunError(_without(str(error), folder)) from None
    if dataset.fingerprint != record.dataset.fingerprint:
        raise RunError(f"{TABLE}: the table must be the one that the run learned from, and is another.")
    return dataset


def check_npz(path: Path, most_bytes: int = MOST_UNPACKED) -> None:
    """Raise :class:`RunError` unless each array of an npz file is as large as its header says, and all fit.

    numpy believes a header and takes the memory for it before it reads on.
    """
    left = most_bytes
    try:
        with zipfile.ZipFile(path) as archive:
            for entry in archive.infolist():
                left -= entry.file_size
                if left < 0:
                    raise RunError(f"{path}: the arrays must take at most {megabytes(most_bytes)}, and take more.")
                with archive.open(entry) as file:
                    major, _ = np.lib.format.read_magic(file)
                    read = np.lib.format.read_array_header_1_0 if major == 1 else np.lib.format.read_array_header_2_0
                    shape, _, dtype = read(file)
                    if dtype.hasobject or file.tell() + int(np.prod(shape, dtype=object)) * dtype.itemsize != (
                        entry.file_size
                    ):
                        raise RunError(f"{path}: the array {entry.filename[:40]!r} is not as large as it says.")
    except (OSError, TypeError, SyntaxError, *_DAMAGED) as error:
        if isinstance(error, RunError):
            raise
        raise RunError(f"{path}: the arrays are damaged ({str(error)[:200]}).") from None


def _without(message: str, folder: Path) -> str:
    """A message without the place where the archive was unpacked, which nobody knows."""
    return message.replace(f"{folder}/", "").replace(f"{folder.parent}/", "").replace(str(folder), folder.name)
