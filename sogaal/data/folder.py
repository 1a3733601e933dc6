"""The tables in a folder that the dashboard was started with: nothing outside it can be reached by a name."""

from pathlib import Path

from sogaal.errors import DataError

ENDINGS = (".csv", ".tsv", ".txt", ".dat", ".parquet", ".xlsx", ".npz", ".npy", ".mat")


def list_tables(folder: str | Path) -> list[str]:
    """The names of the files in ``folder`` that may be tables, sorted; no links, no hidden files, no subfolders."""
    try:
        found = [path.name for path in Path(folder).iterdir() if _is_table(path)]
    except OSError as error:
        raise DataError(f"{folder}: the folder cannot be read ({error.strerror}).") from None
    return sorted(found, key=str.lower)


def table_path(folder: str | Path, name: str) -> Path:
    """The path of one of :func:`list_tables`; raises DataError for any other name, whatever it leads to."""
    path = Path(folder) / name
    if Path(name).name != name or name.startswith(".") or "\0" in name or not _is_table(path):
        raise DataError(f"{name[:100]!r} is no table in the folder of this server.")
    return path


def _is_table(path: Path) -> bool:
    ending = path.suffix.lower() in ENDINGS and not path.name.startswith(".")
    return ending and not path.is_symlink() and path.is_file()
