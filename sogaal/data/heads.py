"""`column_names`: what the columns of a file are called, without reading its rows."""

import codecs
import io
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from sogaal.data.excel import is_workbook, read_workbook
from sogaal.data.limits import MAX_BYTES
from sogaal.data.matlab import is_mat5, is_mat73
from sogaal.data.native import native_bytes
from sogaal.data.reading import HEAD_BYTES, check_file, refuse_binary
from sogaal.data.text import BOMS, is_binary, sniff, source_from_bytes
from sogaal.errors import DataError

# As many characters as the separator is guessed from, should each take four bytes: the same guess as `read_table`'s.
_TEXT_BYTES = 4 << 20


def column_names(source: str | Path | bytes | BinaryIO, *, filename: str) -> list[str]:
    """The names that `read_table` knows the columns of this file by, in the file's order, without those that are empty.

    Text without a header has the names that are made up for it, x1, x2, ...; formats whose columns have fixed meanings
    (`.npz`, `.npy`, `.mat`, GAAL) give []. An open file is left where it stood. Only the first bytes are read (of
    Parquet the last ones), so a file may be refused later on. Raises DataError as `read_table` does.
    """
    if isinstance(source, bytes):
        return _names(io.BytesIO(source), filename)
    if not isinstance(source, (str, Path)):
        stood = source.tell()
        try:
            return _names(source, filename)
        finally:
            source.seek(stood)
    check_file(Path(source), filename)
    try:
        with Path(source).open("rb") as stream:
            return _names(stream, filename)
    except OSError as error:
        raise DataError(f"{filename}: the file cannot be read ({error.strerror}).") from None


def _names(stream: BinaryIO, filename: str) -> list[str]:
    data = stream.read(_TEXT_BYTES)
    head = data[:HEAD_BYTES]
    if head.startswith(b"PAR1"):
        return _kept(_parquet_names(stream, filename))
    if head.startswith(b"PK\x03\x04"):
        data += stream.read()
        if is_workbook(data):
            return _kept(list(read_workbook(data, filename, MAX_BYTES).names))
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06", b"\x93NUMPY")) or is_mat5(head) or is_mat73(head):
        return []
    refuse_binary(head, filename)
    if is_binary(head):
        return []  # a .mat file of version 4, or nothing that could be read at all
    dialect = sniff(source_from_bytes(_whole_characters(data), filename))
    return [] if dialect.gaal else _kept(list(dialect.names))


def _kept(names: list[str]) -> list[str]:
    return [name for name in names if name]


def _whole_characters(data: bytes) -> bytes:
    """The first bytes of a text as UTF-8, less a character that is cut in two at their end."""
    if len(data) < _TEXT_BYTES:
        return data
    bom, encoding = next(((bom, name) for bom, name in BOMS if data.startswith(bom)), (b"", "utf-8"))
    try:
        return codecs.getincrementaldecoder(encoding)().decode(data[len(bom) :]).encode()
    except UnicodeDecodeError:
        return data  # Windows' code page, in which every byte is a character


def _parquet_names(stream: BinaryIO, filename: str) -> list[str]:
    """From the directory at the end of the file: its length stands in the eight bytes behind it."""
    size = stream.seek(0, io.SEEK_END)
    stream.seek(max(size - 8, 0))
    length = int.from_bytes(stream.read(4), "little")
    stream.seek(max(size - 8 - length, 0))
    try:
        schema = pq.read_schema(native_bytes(stream.read()))
    except (pa.ArrowException, OSError, ValueError) as error:
        raise DataError(f"{filename}: the file cannot be read as Parquet ({error}).") from None
    return [str(name).strip() for name in schema.names]
