"""Parquet files."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from sogaal.data.columns import RawTable
from sogaal.data.limits import check_size
from sogaal.data.native import native_bytes
from sogaal.errors import DataError


def open_parquet(source: Path | bytes, filename: str) -> pq.ParquetFile:
    """The file, its directory read; raises DataError where it is damaged."""
    try:
        return pq.ParquetFile(native_bytes(source) if isinstance(source, bytes) else source)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise DataError(f"{filename}: the file cannot be read as Parquet ({error}).") from None


def read_parquet(source: Path | bytes, filename: str, max_bytes: int) -> RawTable:
    """All columns, as they are typed; raises DataError where the file is damaged or grows too large unpacked."""
    with open_parquet(source, filename) as file:
        meta = file.metadata
        groups = sum(meta.row_group(i).total_byte_size for i in range(meta.num_row_groups))
        # A constant column of any length packs into nothing, so the cells are counted as well as the bytes.
        check_size(max(groups, 4 * meta.num_rows * meta.num_columns), max_bytes, filename, "the table (unpacked)")
        try:
            table = file.read()
        except (pa.ArrowException, OSError, ValueError) as error:
            raise DataError(f"{filename}: the file cannot be read as Parquet ({error}).") from None
    return parquet_table(table, filename)


def parquet_table(table: pa.Table, filename: str, first_row: int = 0) -> RawTable:
    """An Arrow table as a `RawTable`; first_row: how many rows come before it in the file."""
    if table.num_columns == 0:
        raise DataError(f"{filename}: there must be at least one column of numbers, got no column.")
    names = tuple(str(name).strip() for name in table.column_names)
    return RawTable(filename, names, table.columns, place=lambda row: f"row {first_row + row + 1}")
