"""The datasets that the project ships, and `load_dataset` for those and for people's own files."""

import difflib
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from sogaal.data.dataset import Dataset
from sogaal.data.limits import MAX_BYTES
from sogaal.data.openml import PREFIX, openml_number, openml_table
from sogaal.data.profile import Profile
from sogaal.data.reading import profile_source, read_table
from sogaal.errors import DataError
from sogaal.preparation import Gaps

_METADATA = "datasets.toml"
_PACKAGE = Path(__file__).resolve().parents[1]
# In a checkout the folder lies beside the package; a wheel carries it inside. Another project's "datasets" folder
# beside an installed package has no such metadata file.
_FOLDERS = (_PACKAGE.parent / "datasets", _PACKAGE / "_app" / "datasets")


@dataclass(frozen=True)
class ShippedDataset:
    """What `datasets/datasets.toml` says about one dataset, and where its file lies."""

    name: str
    path: Path
    title: str
    description: str
    source: str
    licence: str
    recipe: str
    aliases: tuple[str, ...] = ()


@cache
def datasets_folder() -> Path:
    """The folder of the shipped datasets; raises DataError if the installation lacks it."""
    for folder in _FOLDERS:
        if (folder / _METADATA).is_file():
            return folder
    raise DataError(f"the shipped datasets are missing: looked for {_METADATA} in {', '.join(map(str, _FOLDERS))}.")


@cache
def shipped_datasets() -> dict[str, ShippedDataset]:
    """All shipped datasets by name, in the order in which they are shown."""
    folder = datasets_folder()
    with (folder / _METADATA).open("rb") as stream:
        entries = tomllib.load(stream)["dataset"]
    return {
        entry["name"]: ShippedDataset(
            name=entry["name"],
            path=folder / f"{entry['name']}.csv",
            title=entry["title"],
            description=entry["description"],
            source=entry["source"],
            licence=entry["licence"],
            recipe=entry["recipe"],
            aliases=tuple(entry.get("aliases", ())),
        )
        for entry in entries
    }


def list_datasets() -> list[str]:
    """Names of the shipped datasets, `onecluster` first."""
    return list(shipped_datasets())


def load_dataset(
    name_or_path: str | Path,
    *,
    label_column: str | None = None,
    id_column: str | None = None,
    name: str | None = None,
    ignore: Sequence[str] = (),
    gaps: Gaps = "mark",
    sheet: str | None = None,
    max_bytes: int = MAX_BYTES,
) -> Dataset:
    """Load a shipped dataset by its name, or any table by its path.

    A string that is the name of a shipped dataset (without regard to case) means that dataset; to load a file of the
    same name, write "./name" or give a `Path`. "openml:40996" is that table of OpenML,
    downloaded once. All else is as in `read_table`. Raises DataError.
    """
    shipped = shipped_dataset(name_or_path) if isinstance(name_or_path, str) else None
    if shipped is not None:
        stamp = shipped.path.stat() if shipped.path.is_file() else None
        if label_column is None and id_column is None and not ignore and gaps == "mark" and stamp is not None:
            dataset = _load_shipped(shipped.name, stamp.st_mtime_ns, stamp.st_size)
        else:
            dataset = _read_shipped(shipped, label_column, id_column, ignore, gaps)
        return replace(dataset, name=name) if name else dataset
    number = openml_number(name_or_path) if isinstance(name_or_path, str) else None
    if number is not None:
        return _load_openml(number, label_column=label_column, id_column=id_column, name=name, ignore=ignore,
                            gaps=gaps, max_bytes=max_bytes)  # fmt: skip
    _refuse_unknown(name_or_path)
    return read_table(
        Path(name_or_path),
        filename=str(name_or_path),
        label_column=label_column,
        id_column=id_column,
        name=name,
        ignore=ignore,
        gaps=gaps,
        sheet=sheet,
        max_bytes=max_bytes,
    )


def _load_openml(number: int, *, label_column: str | None, name: str | None, **options: Any) -> Dataset:
    """A table of OpenML; its target is the label where it has two values, else people say which column is."""
    path, title, target = openml_table(number)
    options = {"filename": f"{PREFIX}{number}", "name": name or title, **options}
    if label_column is None and target is not None:
        label_column, gone = openml_roles(path, target, options["max_bytes"])
        options["ignore"] = tuple(dict.fromkeys((*options["ignore"], *gone)))
    found = read_table(path, label_column=label_column, **options)
    if label_column == "" and target is not None and target in options["ignore"]:
        note = f"The target {target!r} of this table does not have two values and was left out."
        found = replace(found, notes=(*found.notes, note))
    return replace(found, title=title, source=f"https://www.openml.org/d/{number}")


def openml_roles(path: Path, target: str, max_bytes: int) -> tuple[str, tuple[str, ...]]:
    """What the ``target`` of a table of OpenML does: (label column, columns to leave out), as `read_table` takes them.

    It is the label where it has two values and no gap; else there is no label, and it is no feature either.
    """
    profile = profile_source(path, filename=path.name, max_bytes=max_bytes)
    if any(one.name == target and one.distinct == 2 and not one.missing for one in profile.columns):
        return target, ()
    return "", (target,)


def profile_file(name_or_path: str, *, max_bytes: int = MAX_BYTES, **options: Any) -> Profile:
    """What is in a shipped dataset or a file, column by column; ``options`` as of :func:`profile_source`."""
    shipped, number = shipped_dataset(name_or_path), openml_number(name_or_path)
    if number is not None:
        path, _, target = openml_table(number)
        if options.get("label_column") is None and target is not None:
            options["label_column"], gone = openml_roles(path, target, max_bytes)
            options["ignore"] = tuple(dict.fromkeys((*options.get("ignore", ()), *gone)))
        return profile_source(path, filename=name_or_path, max_bytes=max_bytes, **options)
    if shipped is None:
        _refuse_unknown(name_or_path)
    path = Path(name_or_path) if shipped is None else shipped.path
    return profile_source(path, filename=str(name_or_path), max_bytes=max_bytes, **options)


def shipped_dataset(name: str) -> ShippedDataset | None:
    """The shipped dataset of this name or alias, without regard to case; None for another."""
    known = shipped_datasets()
    lower = name.lower()
    return known.get(lower) or next((entry for entry in known.values() if lower in entry.aliases), None)


@cache
def _load_shipped(name: str, _modified: int, _size: int) -> Dataset:
    """Kept, as a `Dataset` never changes; the file's date and size are in the key, as the file may."""
    return _read_shipped(shipped_datasets()[name], None, None)


def _read_shipped(
    entry: ShippedDataset,
    label_column: str | None,
    id_column: str | None,
    ignore: Sequence[str] = (),
    gaps: Gaps = "mark",
) -> Dataset:
    dataset = read_table(
        entry.path,
        filename=entry.path.name,
        label_column=label_column,
        id_column=id_column,
        name=entry.name,
        ignore=ignore,
        gaps=gaps,
    )
    as_shipped = label_column is None and id_column is None and not ignore and gaps == "mark"
    return replace(
        dataset,
        title=entry.title,
        description=entry.description,
        source=entry.source,
        licence=entry.licence,
        notes=() if as_shipped else dataset.notes,  # what there is to know of it stands in its description
    )


def _refuse_unknown(name: str | Path) -> None:
    """Raise DataError, with names that look alike, for a word that is neither a shipped name nor looks like a path."""
    path = Path(name)
    try:
        if path.exists() or path.suffix or len(path.parts) != 1 or isinstance(name, Path):
            return
    except (OSError, ValueError):  # an overlong name, a NUL
        return
    known = [word for entry in shipped_datasets().values() for word in (entry.name, *entry.aliases)]
    near = difflib.get_close_matches(str(name).lower(), known, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else f"the shipped datasets are {', '.join(list_datasets())}."
    raise DataError(f"{str(name)!r} is neither a shipped dataset nor a file: {hint}")
