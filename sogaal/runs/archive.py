"""Runs as one zip file: taken along, and taken back.

    export_zip(store.get("last"), "run.zip")
    import_zip(other_store, "run.zip").record

In the archive each run is a folder with the name of the run: ``run.json`` and the other files of the run as they are,
and ``table.npz`` where the run learned from a table that the project does not ship. It is taken whole or not at all.
"""

import shutil
import stat
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from sogaal.errors import DataError, RunError
from sogaal.files import atomic_path
from sogaal.runs.checkpoint_file import read_checkpoint, write_checkpoint
from sogaal.runs.folder import CHECKPOINT, RECORD, read_record
from sogaal.runs.names import new_token, run_id, token_of
from sogaal.runs.record import RunRecord
from sogaal.runs.saved import SavedRun
from sogaal.runs.shelf import TABLE
from sogaal.runs.store import RunStore
from sogaal.runs.unpacking import EVENTS, MOST_UNPACKED, NAMES, Unpacked, unpacked


def export_zip(run: SavedRun, path: str | Path) -> None:
    """Write a run to a zip file; as :func:`export_zips`."""
    export_zips([run], path)


def export_zips(runs: Sequence[SavedRun], path: str | Path) -> None:
    """Write runs to a zip file, a folder each, all or none; one that is being trained as it is now.

    Raises :class:`RunError` where something of a run cannot be read, :class:`DataError` where the file cannot be
    written.
    """
    with atomic_path(path) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
        for run in runs:
            for name, source in _sources(run):
                # Written from what was read, not from the path: the file may grow meanwhile.
                archive.writestr(_entry(run, name), _content(source), compresslevel=6)


def _sources(run: SavedRun) -> Iterator[tuple[str, Path]]:
    there = run.files
    names = [name for name in NAMES if name in there]
    for name in [*names, *(name for name in there if EVENTS.fullmatch(name))]:
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
    """What became of a run of an archive. ``record``: of the run as it is in the store.

    ``already``: it was there, the same in all its files, and nothing was done. ``renamed``: the id that it had in the
    archive, where another run has that one here; else None.
    """

    record: RunRecord
    already: bool = False
    renamed: str | None = None


def import_zip(store: RunStore, path: str | Path, most_bytes: int = MOST_UNPACKED) -> Imported:
    """Take the run back of an archive that is of one; as :func:`import_zips`, and :class:`RunError` for several."""
    with tempfile.TemporaryDirectory(prefix="sogaal-import-") as place:
        runs = unpacked(Path(path), Path(place), most_bytes)
        if len(runs) > 1:
            raise RunError(f"{path}: the archive must be of one run, and is of {len(runs)}.")
        return _take_all(store, runs)[0]


def import_zips(store: RunStore, path: str | Path, most_bytes: int = MOST_UNPACKED) -> list[Imported]:
    """Take runs back that :func:`export_zips` wrote, with their tables; all of them, or none.

    ``most_bytes``: what the archive may hold unpacked. Raises :class:`RunError` that names the archive, what is wrong
    with it and where; :class:`RunError` or :class:`DataError` where the store cannot be written.
    """
    with tempfile.TemporaryDirectory(prefix="sogaal-import-") as place:
        return _take_all(store, unpacked(Path(path), Path(place), most_bytes))


def import_upload(store: RunStore, content: BinaryIO, filename: str) -> list[Imported]:
    """:func:`import_zips` of a file that somebody sent; messages call it ``filename``."""
    with tempfile.TemporaryDirectory(prefix="sogaal-upload-") as place:
        path = Path(place) / "runs.zip"
        with path.open("wb") as file:
            shutil.copyfileobj(content, file)
        try:
            return import_zips(store, path)
        except (RunError, DataError) as error:
            raise type(error)(str(error).replace(str(path), filename)) from None


def _take_all(store: RunStore, runs: Sequence[Unpacked]) -> list[Imported]:
    """Take runs in, in their order; where one cannot be, none of them stays."""
    taken: dict[str, Imported] = {}
    # Populations first: a member's run that comes along follows when its population gets another id.
    for run in sorted(runs, key=lambda one: one.record.population is None):
        parent = taken.get(run.record.parent or "")
        try:
            taken[run.record.id] = _take(store, run, None if parent is None else parent.record.id)
        except (RunError, DataError):
            with suppress(RunError, DataError):
                gone = store.trash([one.record.id for one in taken.values() if not one.already])
                store.empty_trash(gone)
            raise
    return [taken[run.record.id] for run in runs]


def _take(store: RunStore, run: Unpacked, parent: str | None) -> Imported:
    record, folder = run.record, run.folder
    found = _there(store, record.id)
    if found is not None and _same(found, record, folder):
        return Imported(found.record, already=True)
    taken = record if found is None and record.id not in store.trashed() else _renamed(record, folder)
    if parent is not None:
        taken = replace(taken, parent=parent)
    files = {one.name: one for one in sorted(folder.iterdir()) if one.name != RECORD}
    saved = store.take_in(taken, files, run.dataset)
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
    if {name for name in found.files if name in NAMES or EVENTS.fullmatch(name)} != here:
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
