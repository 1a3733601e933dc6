"""`read_table`: any table that people bring, told apart by its content."""

import stat
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from sogaal.data.arrays import read_npy, read_npz
from sogaal.data.columns import RawTable
from sogaal.data.dataset import Dataset
from sogaal.data.excel import OLD_EXCEL, is_workbook, read_workbook
from sogaal.data.limits import MAX_BYTES, check_size
from sogaal.data.making import make_dataset
from sogaal.data.matlab import is_mat5, is_mat73, read_mat
from sogaal.data.parquet import read_parquet
from sogaal.data.profile import Profile, profile_table
from sogaal.data.text import is_binary, read_text, source_from_bytes
from sogaal.errors import DataError
from sogaal.preparation import Gaps

HEAD_BYTES = 4096
_KNOWN_BINARIES = (
    (b"\x1f\x8b", "a gzip archive; unpack it first"),
    (b"BZh", "a bzip2 archive; unpack it first"),
    (b"\xfd7zXZ\x00", "an xz archive; unpack it first"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive; unpack it first"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive; unpack it first"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", OLD_EXCEL),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"%PDF", "a PDF document"),
    (b"SQLite format 3\x00", "an SQLite database; export the table as CSV"),
    (b"ARROW1\x00\x00", "an Arrow file; save the table as Parquet"),
    (b"\x7fELF", "a program"),
    (b"MZ\x90", "a program"),
)


def read_table(
    source: str | Path | bytes | BinaryIO,
    *,
    filename: str,
    label_column: str | None = None,
    id_column: str | None = None,
    name: str | None = None,
    ignore: Sequence[str] = (),
    gaps: Gaps = "mark",
    sheet: str | None = None,
    max_bytes: int = MAX_BYTES,
) -> Dataset:
    """Read a table from a path, from bytes, or from an open binary file such as an upload.

    The format is told from the content: CSV, TSV and relatives with a header, the GAAL format (no header; id,
    nor/out, features), Parquet, Excel `.xlsx`, `.npz` and `.mat` with X and y, `.npy` with X alone.

    filename: what messages call the file, and where the dataset's name comes from unless `name` is given.
    label_column, id_column: a column's name; "" says that there is no such column. None looks, without regard to case,
        for label, y, class, outlier or target, then for fraud, is_fraud, anomaly and the like with two values; and for
        id or index, then for a name such as transaction_id, row or uuid over values that all differ.
    ignore: names of columns to leave out. sheet: of an Excel workbook, None = its first.
    gaps: whether a missing value itself counts. "mark": it is filled, and a feature named "... missing" says where, of
        the same weight as any other; "fill": it is filled and that is all. In new rows a model then does the same.
        The first ranks better where gaps are a sign of something, the second where they are none (docs/gaps.md).
    max_bytes: most that the file may hold, packed and unpacked.

    Numbers without gaps become X as they are. Otherwise a :class:`sogaal.preparation.Preparation` is fitted, which
    fills what is missing and makes numbers of categories and dates; columns that tell nothing (free text, one value
    only, the same as another) are left out and noted. Label values are understood as `sogaal.data.labels` says.
    Raises DataError, whose message names the file, the column or row, the rule and the value.
    """
    table = _raw_table(source, filename, max_bytes, sheet)
    return make_dataset(table, name or Path(filename).stem or filename, label_column, id_column, ignore, gaps)


def _raw_table(source: str | Path | bytes | BinaryIO, filename: str, max_bytes: int, sheet: str | None) -> RawTable:
    """The columns of a path, of bytes or of an open binary file."""
    if isinstance(source, (str, Path)):
        path = Path(source)
        check_file(path, filename)
        check_size(path.stat().st_size, max_bytes, filename)
        if _read_all(path, filename, 4) == b"PAR1":  # Arrow reads it from the disk: no copies of the packed bytes
            return read_parquet(path, filename, max_bytes)
        source = _read_all(path, filename, max_bytes + 1)
    data = source if isinstance(source, bytes) else source.read(max_bytes + 1)
    check_size(len(data), max_bytes, filename)
    return read_columns(data, filename, max_bytes, sheet)


def _read_all(path: Path, filename: str, most: int) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(most)
    except OSError as error:
        raise DataError(f"{filename}: the file cannot be read ({error.strerror}).") from None


def check_file(path: Path, filename: str) -> None:
    """Raise DataError unless `path` is an ordinary file."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        raise DataError(f"{filename}: there is no such file.") from None
    except (OSError, ValueError) as error:
        raise DataError(f"{filename}: the file cannot be read ({error}).") from None
    if stat.S_ISDIR(mode):
        raise DataError(f"{filename}: the path must be a file, got a folder.")
    if not stat.S_ISREG(mode):
        raise DataError(f"{filename}: the path must be an ordinary file, got a device, socket or pipe.")


def profile_source(
    source: str | Path | bytes | BinaryIO,
    *,
    filename: str,
    label_column: str | None = None,
    id_column: str | None = None,
    ignore: Sequence[str] = (),
    gaps: Gaps = "mark",
    sheet: str | None = None,
    max_bytes: int = MAX_BYTES,
) -> Profile:
    """What is in a table, column by column; parameters as of `read_table`. Raises DataError for no table at all."""
    return profile_table(_raw_table(source, filename, max_bytes, sheet), label_column, id_column, ignore, gaps)


def profile_and_read(
    source: str | Path | bytes | BinaryIO,
    *,
    filename: str,
    label_column: str | None = None,
    id_column: str | None = None,
    ignore: Sequence[str] = (),
    gaps: Gaps = "mark",
    sheet: str | None = None,
    max_bytes: int = MAX_BYTES,
) -> tuple[Profile, Dataset | DataError]:
    """:func:`profile_source` and :func:`read_table`, or why that cannot be, with the file read once."""
    table = _raw_table(source, filename, max_bytes, sheet)
    profile = profile_table(table, label_column, id_column, ignore, gaps)
    try:
        return profile, make_dataset(table, Path(filename).stem or filename, label_column, id_column, ignore, gaps)
    except DataError as error:
        return profile, error


def read_columns(data: bytes, filename: str, max_bytes: int, sheet: str | None = None) -> RawTable:
    """Choose the reader by the first bytes; the ending of the name only counts where they say nothing."""
    head = data[:HEAD_BYTES]
    if not data:
        raise DataError(f"{filename}: there must be a header and rows of data, but the file is empty.")
    if head.startswith(b"PAR1"):
        return read_parquet(data, filename, max_bytes)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        if is_workbook(data):
            return read_workbook(data, filename, max_bytes, sheet)
        return read_npz(data, filename, max_bytes)
    if head.startswith(b"\x93NUMPY"):
        return read_npy(data, filename, max_bytes)
    if is_mat73(head):
        raise DataError(
            f"{filename}: a .mat file must be of version 7 or older, got version 7.3 (HDF5); in MATLAB, save it with "
            f"the option -v7."
        )
    if is_mat5(head):
        return read_mat(data, filename, max_bytes)
    refuse_binary(head, filename)
    if is_binary(head):
        if filename.lower().endswith(".mat"):  # version 4 has no mark of its own
            return read_mat(data, filename, max_bytes)
        raise DataError(
            f"{filename}: the file must be a table (text, Parquet, .xlsx, .npz or .mat), got unknown binary data."
        )
    return read_text(source_from_bytes(data, filename))


def refuse_binary(head: bytes, filename: str) -> None:
    """Raise DataError for the kinds of binary file that can be named, pickles first of all."""
    if len(head) > 1 and head[0] == 0x80 and 2 <= head[1] <= 5:
        raise DataError(f"{filename}: the file is a pickle, which is never opened: unpickling can run any program.")
    for magic, what in _KNOWN_BINARIES:
        if head.startswith(magic):
            raise DataError(f"{filename}: the file must be a table (text, Parquet, .xlsx, .npz or .mat), got {what}.")
