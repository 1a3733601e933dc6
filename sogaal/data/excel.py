"""Excel workbooks (.xlsx): one sheet as a table, the cells as they are typed there."""

import datetime as dt
import io
import zipfile
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from sogaal.data.columns import RawTable
from sogaal.data.limits import check_size
from sogaal.errors import DataError

OLD_EXCEL = "an Excel workbook of before 2007 (.xls) or another old office document; save it as .xlsx or CSV"
# A packed sheet of repeated cells grows to this many times its size at most; more is a trap.
_MOST_UNPACKED = 8


def is_workbook(data: bytes) -> bool:
    """Whether a zip archive is an Excel workbook."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return "xl/workbook.xml" in archive.namelist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError):
        return False


def sheet_names(data: bytes, filename: str) -> list[str]:
    """The names of a workbook's sheets, in its order; empty for any other file."""
    if not data.startswith(b"PK") or not is_workbook(data):
        return []
    book = _opened(data, filename)
    try:
        return list(book.sheetnames)
    finally:
        book.close()


def read_workbook(data: bytes, filename: str, max_bytes: int, sheet: str | None = None) -> RawTable:
    """A sheet (None = the first) as a table, its first row the header; formulas have the value they were saved with.

    Raises DataError for a damaged file, one that grows too large, or a sheet that is not there or is empty.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        unpacked = sum(info.file_size for info in archive.infolist())
    check_size(unpacked, _MOST_UNPACKED * max_bytes, filename, "the workbook (unpacked)")
    book = _opened(data, filename)
    try:
        names = list(book.sheetnames)
        if sheet is not None and sheet not in names:
            raise DataError(f"{filename}: there is no sheet {sheet!r}; the sheets are {', '.join(map(repr, names))}.")
        chosen = names[0] if sheet is None else sheet
        rows = [row for row in book[chosen].iter_rows(values_only=True) if any(cell is not None for cell in row)]
    except (KeyError, ValueError, TypeError, AttributeError, SyntaxError, zipfile.BadZipFile) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{filename}: the workbook cannot be read ({str(error)[:200]}).") from None
    finally:
        book.close()
    if len(rows) < 2:
        raise DataError(f"{filename}: sheet {chosen!r} must have a header and rows of data, got {len(rows)} rows.")
    notes: tuple[str, ...] = ()
    if sheet is None and len(names) > 1:
        others = ", ".join(map(repr, names[1:6])) + (", ..." if len(names) > 6 else "")
        notes = (f"Sheet {chosen!r} was read; the workbook also has {others}.",)
    return _table(filename, rows, chosen, notes)


def _opened(data: bytes, filename: str) -> Any:
    import openpyxl  # here: few files are workbooks

    try:
        return openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
    except Exception as error:  # openpyxl has no error of its own for what is damaged
        raise DataError(f"{filename}: the workbook cannot be read ({str(error)[:200]}).") from None


def _table(filename: str, rows: Sequence[tuple[Any, ...]], sheet: str, notes: tuple[str, ...]) -> RawTable:
    width = max(len(row) for row in rows)
    header = ["" if cell is None else str(cell).strip() for cell in rows[0]] + [""] * (width - len(rows[0]))
    cells: list[list[Any]] = [[row[j] if j < len(row) else None for row in rows[1:]] for j in range(width)]
    kept = [j for j in range(width) if header[j] or any(cell is not None for cell in cells[j])]
    columns = [pa.chunked_array([_column(cells[j])]) for j in kept]
    names = tuple(header[j] for j in kept)
    return RawTable(filename, names, columns, lambda row: f"data row {row + 1} of sheet {sheet!r}", notes)


def _column(cells: list[Any]) -> "pa.Array[Any]":
    given = [cell for cell in cells if cell is not None]
    if all(isinstance(cell, bool) for cell in given) and given:
        return pa.array(cells, pa.bool_())
    if all(isinstance(cell, int | float) and not isinstance(cell, bool) for cell in given):
        if given and all(isinstance(cell, int) and abs(cell) < 2**53 for cell in given):
            return pa.array(cells, pa.int64())
        return pa.array([None if cell is None else float(cell) for cell in cells], pa.float64())
    if all(isinstance(cell, dt.datetime | dt.date) for cell in given):
        made = [dt.datetime(c.year, c.month, c.day) if type(c) is dt.date else c for c in cells]  # noqa: DTZ001
        return pa.array(made, pa.timestamp("us"))
    return pa.array([None if cell is None else _text(cell) for cell in cells], pa.large_string())


def _text(cell: Any) -> str:
    if isinstance(cell, bool):
        return str(cell).lower()
    return f"{cell:.15g}" if isinstance(cell, float) else str(cell)
