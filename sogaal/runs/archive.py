"""A run as one zip file: taken along, and taken back.

    export_zip(store.get("last"), "run.zip")
    import_zip(other_store, "run.zip").record

The archive is one folder with the name of the run: ``run.json`` and the other files of the run as they are, and
``table.npz`` where the run learned from a table that the project does not ship. An archive may come from anybody: what
is no file of a run, lies elsewhere, or is larger than it says is refused, and then nothing is taken.
"""

import re
import shutil
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from sogaal.data import Dataset
from sogaal.data.limits import megabytes
from sogaal.errors import ConfigError, DataError, ModelError, RunError
from sogaal.exports import load_model
from sogaal.exports.events import read_records
from sogaal.files import atomic_path
from sogaal.runs.checkpoint_file import read_checkpoint, write_checkpoint
from sogaal.runs.folder import CHECKPOINT, FRAMES, HISTORY, MEMBERS, MODEL, MOST_BYTES, RECORD, SCORES, read_record
from sogaal.runs.frames_file import read_frames
from sogaal.runs.history_file import read_history
from sogaal.runs.names import is_id, new_token, run_id, token_of
from sogaal.runs.populations import read_members
from sogaal.runs.record import RunRecord
from sogaal.runs.saved import SavedRun
from sogaal.runs.shelf import FOLDER, TABLE, Shelf
from sogaal.runs.store import RunStore

# What an archive may hold when it is unpacked: its files together, and how many.
MOST_UNPACKED = 4 * 2**30
MOST_FILES = 40
_EVENTS = re.compile(r"events\.out\.tfevents\.\d{1,20}\.sogaal")
# The record first and the history last: what is written meanwhile is then only more than what was read before.
_NAMES = (RECORD, CHECKPOINT, FRAMES, HISTORY, MODEL, SCORES, MEMBERS)
_PIECE = 2**20
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, RuntimeError, OverflowError)


def export_zip(run: SavedRun, path: str | Path) -> None:
    """Write a run to a zip file, whole or not at all; one that is being trained as it is now.

    Raises :class:`RunError` where something of the run cannot be read, :class:`DataError` where the file cannot be
    written.
    """
    with atomic_path(path) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, source in _sources(run):
            # Written from what was read, not from the path: the file may grow meanwhile.
            archive.writestr(_entry(run, name), _content(source), compresslevel=6)


def _sources(run: SavedRun) -> Iterator[tuple[str, Path]]:
    there = run.files
    names = [name for name in _NAMES if name in there]
    for name in [*names, *(name for name in there if _EVENTS.fullmatch(name))]:
        yield name, run.folder / name
    key = run.record.dataset.key
    if key is not None:
        run.shelf.get(key)  # a damaged table is said now, not where it is taken back
        yield TABLE, run.shelf.folder / key / TABLE


def _entry(run: SavedRun, name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(f"{run.id}/{name}", run.record.created.timetuple()[:6])
    entry.external_attr = (stat.S_IFREG | 0o644) << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise RunError(f"{path}: the file cannot be read ({error.strerror or error}).") from None


# -- back --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Imported:
    """What became of an archive. ``record``: of the run as it is in the store.

    ``already``: it was there, the same in all its files, and nothing was done. ``renamed``: the id that it had in the
    archive, where another run has that one here; else None.
    """

    record: RunRecord
    already: bool = False
    renamed: str | None = None


def import_zip(store: RunStore, path: str | Path, most_bytes: int = MOST_UNPACKED) -> Imported:
    """Take a run back that :func:`export_zip` wrote, with its table; all of it, or nothing.

    ``most_bytes``: what the archive may hold unpacked. Raises :class:`RunError` that names the archive, what is wrong
    with it and where; :class:`RunError` or :class:`DataError` where the store cannot be written.
    """
    with tempfile.TemporaryDirectory(prefix="sogaal-import-") as place:
        folder, table = _unpacked(Path(path), Path(place), most_bytes)
        try:
            record = _checked(folder)
            dataset = None if table is None else _table(table, record, Path(place), most_bytes)
        except RunError as error:
            raise RunError(f"{path}: {_without(str(error), folder)}") from None
        found = _there(store, record.id)
        if found is not None and _same(found, record, folder):
            return Imported(found.record, already=True)
        taken = record if found is None and record.id not in store.trashed() else _renamed(record, folder)
        files = {one.name: one for one in sorted(folder.iterdir()) if one.name != RECORD}
        saved = store.take_in(taken, files, dataset)
        return Imported(saved, renamed=None if taken.id == record.id else record.id)


def _there(store: RunStore, run: str) -> SavedRun | None:
    try:
        return store.get(run)
    except RunError:
        return None


def _same(found: SavedRun, record: RunRecord, folder: Path) -> bool:
    """Whether the run that is there is the very one of the archive, in its record and in all its files."""
    try:
        there = read_record(found.folder)
    except RunError:
        return False
    if replace(there, dataset=replace(there.dataset, key=record.dataset.key)) != record:
        return False
    here = {path.name for path in folder.iterdir()}
    if {name for name in found.files if name in _NAMES or _EVENTS.fullmatch(name)} != here:
        return False
    return all((found.folder / name).read_bytes() == (folder / name).read_bytes() for name in here - {RECORD})


def _renamed(record: RunRecord, folder: Path) -> RunRecord:
    """The record under an id of its own; the checkpoint, which knows its run, is written anew."""
    token = new_token()
    identity = run_id(record.created, record.dataset.name, record.config.algorithm, token)
    if (folder / CHECKPOINT).exists():
        write_checkpoint(folder / CHECKPOINT, read_checkpoint(folder / CHECKPOINT, token_of(record.id)), token)
    summary = {**record.summary, "run": identity} if record.summary.get("run") == record.id else record.summary
    return replace(record, id=identity, summary=summary)


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


def _unpacked(path: Path, place: Path, most_bytes: int) -> tuple[Path, Path | None]:
    """The folder of the run, unpacked, and its table, which lies beside it; None where none came along."""
    with _opened(path) as archive:
        entries = archive.infolist()
        if len(entries) > MOST_FILES:
            raise RunError(f"{path}: a run must have at most {MOST_FILES} files, and this archive has {len(entries)}.")
        names = _names(path, entries)
        declared = sum(entry.file_size for entry in names.values())
        if declared > most_bytes:
            raise RunError(
                f"{path}: the archive must hold at most {megabytes(most_bytes)}, and holds {megabytes(declared)}."
            )
        folder = place / entries[0].filename.partition("/")[0]
        folder.mkdir()
        left = most_bytes
        for name, entry in names.items():
            target = (place if name == TABLE else folder) / name
            left -= _extract(path, archive, entry, target, min(left, MOST_BYTES if name == RECORD else left))
    return folder, place / TABLE if TABLE in names else None


def _names(path: Path, entries: list[zipfile.ZipInfo]) -> dict[str, zipfile.ZipInfo]:
    """The entries by the names of their files; raises :class:`RunError` for what is not, or not where, it must be."""
    found: dict[str, zipfile.ZipInfo] = {}
    folders = set()
    for entry in entries:
        shown = f"{path}: {entry.orig_filename[:100]!r}"
        kind = stat.S_IFMT(entry.external_attr >> 16)
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise RunError(f"{shown} must be an ordinary file, and is a link or something else.")
        parts = entry.orig_filename.split("/")
        if len(parts) != 2 or any(part in (".", "..") for part in parts) or re.search(r"[\\:\0]", entry.orig_filename):
            raise RunError(f"{shown} must lie in the archive's one folder, and leads elsewhere.")
        if not is_id(parts[0]):
            raise RunError(f"{shown} must lie in a folder with the id of a run; this archive is not one of a run.")
        folders.add(parts[0])
        if len(folders) > 1:
            raise RunError(f"{shown} must be of the same run as the others; an archive is of one run.")
        if not parts[1]:
            continue  # the folder itself, as other programs write it
        if parts[1] in found:
            raise RunError(f"{shown} must be there once, and is there several times.")
        if not (parts[1] in (*_NAMES, TABLE) or _EVENTS.fullmatch(parts[1])):
            raise RunError(f"{shown} is no file of a run.")
        if entry.flag_bits & 1:
            raise RunError(f"{shown} must not be encrypted.")
        found[parts[1]] = entry
    if RECORD not in found:
        raise RunError(f"{path}: there must be a {RECORD}, and there is none: it is not the archive of a run.")
    return found


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
