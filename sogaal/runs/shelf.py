"""The shelf: tables that runs learned from, each kept once, however many runs use it.

``<root>/.data/<key>/table.npz`` is the table, ``<root>/.data/<key>/users/<id>`` an empty file for each run that needs
it: so whether a table may go does not depend on whether all records can be read. The key follows from all that makes
the table what it is for people: values, labels, names, and also the ids, which the fingerprint leaves out.
"""

import hashlib
import io
import json
import shutil
import zipfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sogaal.data import Dataset, load_dataset, shipped_datasets
from sogaal.errors import DataError, RunError
from sogaal.files import write_atomic
from sogaal.preparation import Preparation

FOLDER = ".data"
TABLE = "table.npz"
USERS = "users"
_TEXTS = ("name", "title", "description", "source", "licence")
_DAMAGED = (ValueError, KeyError, TypeError, EOFError, MemoryError, NotImplementedError, AttributeError,
            RecursionError, zipfile.BadZipFile, zlib.error)  # fmt: skip


def table_key(dataset: Dataset) -> str:
    """32 hexadecimal digits: of the fingerprint, the ids, and the names of the columns of labels and ids."""
    digest = hashlib.sha256(f"sogaal table {dataset.fingerprint}\n".encode())
    for name in (dataset.label_name, dataset.id_name):
        encoded = b"" if name is None else name.encode("utf-8", "surrogatepass")
        digest.update(f"{name is None} {len(encoded)}\n".encode() + encoded)
    if dataset.preparation is not None:
        digest.update(json.dumps(dataset.preparation.to_dict()).encode("utf-8", "surrogatepass"))
    for name, array in {**_ids_arrays(dataset.ids), **_column_arrays(dataset)}.items():
        digest.update(f"{name} {len(array)}\n".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()[:32]


def is_shipped(dataset: Dataset) -> bool:
    """Whether the project ships this very table under this name."""
    with suppress(DataError):
        if dataset.name in shipped_datasets():
            return table_key(load_dataset(dataset.name)) == table_key(dataset)
    return False


class Shelf:
    """The tables under ``root``. Whoever calls :meth:`put`, :meth:`drop` or :meth:`sweep` holds the shelf's lock."""

    def __init__(self, root: Path) -> None:
        self.folder = root / FOLDER

    def put(self, dataset: Dataset, run_id: str) -> str:
        """Keep ``dataset`` for a run; returns its key. A damaged copy that is there is replaced.

        Raises :class:`RunError` or :class:`DataError` where it cannot be written.
        """
        key = table_key(dataset)
        folder = self.folder / key
        try:
            (folder / USERS).mkdir(parents=True, exist_ok=True)
            (folder / USERS / run_id).touch()
        except OSError as error:
            raise RunError(f"{folder}: the table cannot be kept ({error.strerror or error}).") from None
        try:
            self.get(key)
        except RunError:
            write_atomic(folder / TABLE, _packed(dataset))
        return key

    def get(self, key: str) -> Dataset:
        """The table; raises :class:`RunError` for one that is missing or damaged."""
        path = self.folder / key / TABLE
        try:
            dataset = _unpacked(path)
        except FileNotFoundError:
            raise RunError(f"{path}: the table is missing.") from None
        except OSError as error:
            raise RunError(f"{path}: the table cannot be read ({error.strerror or error}).") from None
        except _DAMAGED as error:
            raise RunError(f"{path}: the table is damaged ({str(error)[:200]}).") from None
        if table_key(dataset) != key:
            raise RunError(f"{path}: the table is damaged (it is another one than was kept there).")
        return dataset

    def drop(self, run_id: str) -> None:
        """A run that needs no table any more: those that only it needed go."""
        for folder in self._folders():
            with suppress(FileNotFoundError):
                (folder / USERS / run_id).unlink()
                self._drop_unused(folder)

    def sweep(self, exists: Callable[[str], bool]) -> None:
        """Forget users that are no runs (``exists`` tells by the id), and tables that nobody needs."""
        for folder in self._folders():
            for user in self._users(folder):
                if not exists(user.name):
                    user.unlink(missing_ok=True)
            self._drop_unused(folder)

    def _folders(self) -> list[Path]:
        try:
            return [path for path in self.folder.iterdir() if path.is_dir() and not path.is_symlink()]
        except OSError:
            return []

    def _users(self, folder: Path) -> list[Path]:
        try:
            return list((folder / USERS).iterdir())
        except FileNotFoundError:
            return []

    def _drop_unused(self, folder: Path) -> None:
        if not self._users(folder):
            shutil.rmtree(folder, ignore_errors=True)


# -- the file ------------------------------------------------------------------------------------------------------


def _packed(dataset: Dataset) -> bytes:
    about = {name: getattr(dataset, name) for name in (*_TEXTS, "label_name", "id_name")}
    about |= {"feature_names": list(dataset.feature_names), "notes": list(dataset.notes)}
    if dataset.preparation is not None:
        about["preparation"] = dataset.preparation.to_dict()
    arrays: dict[str, npt.NDArray[Any]] = {"X": dataset.X, "about": _bytes(json.dumps(about))}
    if dataset.y is not None:
        arrays["y"] = dataset.y
    content = io.BytesIO()
    np.savez(content, allow_pickle=False, **arrays, **_ids_arrays(dataset.ids), **_column_arrays(dataset))
    return content.getvalue()


def _unpacked(path: Path) -> Dataset:
    # Opened here, because numpy leaves the file open when it is no archive.
    with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        found = {name: arrays[name] for name in arrays.files}
    about = json.loads(found["about"].tobytes())
    preparation = Preparation.from_dict(about["preparation"]) if "preparation" in about else None
    return Dataset(
        X=found["X"],
        y=found.get("y"),
        ids=_ids(found),
        feature_names=tuple(about["feature_names"]),
        notes=tuple(about["notes"]),
        preparation=preparation,
        levels=_levels(found, preparation),
        filled=_filled(found, preparation),
        **{name: about[name] for name in (*_TEXTS, "label_name", "id_name")},
    )


def _ids_arrays(ids: npt.NDArray[Any]) -> dict[str, npt.NDArray[Any]]:
    """Whole numbers as they are; texts as their UTF-8 in a row and where each ends, so that nothing is unpickled."""
    if ids.dtype.kind in "iu" and ids.dtype != np.uint64:
        return {"ids": ids.astype("<i8")}
    if ids.dtype.kind == "u":
        return {"ids": ids.astype("<u8")}
    texts = [str(one).encode("utf-8", "surrogatepass") for one in ids]
    ends = np.cumsum([len(one) for one in texts], dtype=np.int64)
    return {"ids_text": _bytes(b"".join(texts)), "ids_ends": ends.astype("<i8")}


def _column_arrays(dataset: Dataset) -> dict[str, npt.NDArray[Any]]:
    """Rare levels and filled gaps, by the position of the column in the preparation: names may be anything."""
    made: dict[str, npt.NDArray[Any]] = {}
    for position, column in enumerate(() if dataset.preparation is None else dataset.preparation.columns):
        if column.name in dataset.levels:
            made[f"levels_{position}"] = dataset.levels[column.name].astype("<i4")
        if column.name in dataset.filled:
            made[f"filled_{position}"] = np.packbits(dataset.filled[column.name])
    return made


def _levels(found: dict[str, npt.NDArray[Any]], preparation: Preparation | None) -> dict[str, npt.NDArray[np.int32]]:
    levels = {}
    for position, column in enumerate(() if preparation is None else preparation.columns):
        codes = found.get(f"levels_{position}")
        if codes is not None:
            if codes.shape != found["X"].shape[:1] or not (codes < len(column.levels)).all():
                raise ValueError(f"the levels of {column.name!r} are not those of its column")
            levels[column.name] = codes.astype(np.int32)
    return levels


def _filled(found: dict[str, npt.NDArray[Any]], preparation: Preparation | None) -> dict[str, npt.NDArray[np.bool_]]:
    n = len(found["X"])
    return {
        column.name: np.unpackbits(found[f"filled_{position}"], count=n).astype(np.bool_)
        for position, column in enumerate(() if preparation is None else preparation.columns)
        if f"filled_{position}" in found
    }


def _ids(found: dict[str, npt.NDArray[Any]]) -> npt.NDArray[Any]:
    if "ids" in found:
        return found["ids"]
    text, ends = found["ids_text"].tobytes(), found["ids_ends"].tolist()
    starts = [0, *ends[:-1]]
    ids = [text[a:b].decode("utf-8", "surrogatepass") for a, b in zip(starts, ends, strict=True)]
    # An array of texts drops NULs at their ends.
    return np.array(ids, dtype=object if any(one.endswith("\0") for one in ids) else None)


def _bytes(content: str | bytes) -> npt.NDArray[np.uint8]:
    return np.frombuffer(content.encode() if isinstance(content, str) else content, dtype=np.uint8)
