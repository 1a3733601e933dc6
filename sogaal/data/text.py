"""Text tables: CSV, TSV and their relatives with a header, and the header-less format of the GAAL datasets.

A file is decoded, its dialect is guessed from its first lines, and Arrow then reads all fields as strings at full
speed. Python's slow `csv` module, which knows line numbers, only runs when there is something to complain about.
"""

import codecs
import contextlib
import csv
import io
import itertools
import re
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.csv as pa_csv

from sogaal.data.columns import RawTable
from sogaal.data.native import native_bytes
from sogaal.data.numbers import MISSING
from sogaal.errors import DataError

_DELIMITERS = (",", ";", "\t", "|")
_SNIFF_ROWS = 50
_SNIFF_CHARACTERS = 1 << 20
BLOCK_BYTES = 1 << 23  # what Arrow parses at a time; a row must fit
_NUMERIC_CELL = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?|[+-]?inf(inity)?", re.IGNORECASE)
BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark begins alike
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


@dataclass(frozen=True)
class Dialect:
    """How a text table is written.

    skip: lines before the table ("sep=;"); names: the columns' names; header: whether the first record holds them;
    gaal: id, nor/out, features, without a header.
    """

    delimiter: str
    names: tuple[str, ...]
    header: bool
    skip: int = 0
    gaal: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class TextSource:
    """A text table that can be opened again and again, as UTF-8 without a byte-order mark."""

    filename: str
    open: Callable[[], BinaryIO]
    notes: tuple[str, ...] = ()
    odd_quotes: bool = False

    def text(self) -> io.TextIOWrapper:
        """The text, line ends untouched, for `csv`."""
        return io.TextIOWrapper(self.open(), encoding="utf-8", errors="replace", newline="")


def is_binary(head: bytes) -> bool:
    """Whether the first bytes of a file are no text: NUL or other control characters (UTF-16 has its mark)."""
    if any(head.startswith(bom) for bom, _ in BOMS):
        return False
    return bool(re.search(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]", head))


def source_from_bytes(data: bytes, filename: str) -> TextSource:
    """Decode a whole file: by its byte-order mark, else UTF-8, else Windows' western code page."""
    notes: tuple[str, ...] = ()
    bom, encoding = next(((bom, name) for bom, name in BOMS if data.startswith(bom)), (b"", "utf-8"))
    data = data[len(bom) :]
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        if bom:
            raise DataError(
                f"{filename}: the file begins as {encoding.upper()} text but is not (byte {error.start + len(bom)}: "
                f"{error.reason})."
            ) from None
        text = data.decode("cp1252", errors="replace")
        notes = ("The file is not UTF-8; its letters were read as Western European (Windows-1252).",)
        encoding = "cp1252"
    if "\0" in text:
        raise DataError(f"{filename}: the file must be text, but holds NUL characters: it is a binary file.")
    clean = data if encoding == "utf-8" else text.encode()
    return _split_blanks(TextSource(filename, lambda: io.BytesIO(clean), notes, text.count('"') % 2 == 1), text)


def _split_blanks(source: TextSource, text: str) -> TextSource:
    """Where columns are separated by runs of blanks (and by nothing else), put a tab in place of each run."""
    lines = [line for line in text[:_SNIFF_CHARACTERS].splitlines()[:_SNIFF_ROWS] if line.strip()]
    if not lines or any(mark in line.strip() for line in lines for mark in (*_DELIMITERS, '"')):
        return source
    widths = {len(line.split()) for line in lines}
    if len(widths) != 1 or widths == {1}:
        return source
    if not all(_is_numeric(cell) or cell.lower() in MISSING for line in lines[1:] for cell in line.split()[2:]):
        return source  # a sentence, not a table
    tabbed = "\n".join("\t".join(line.split()) for line in re.split(r"\r\n|\r|\n", text)).encode()
    return TextSource(source.filename, lambda: io.BytesIO(tabbed), source.notes)


def read_text(source: TextSource) -> RawTable:
    """The whole table with every field as a string; raises DataError (empty, header only, ragged, broken quotes)."""
    dialect = sniff(source)
    if source.odd_quotes:  # perhaps one that is never closed and would swallow the rest of the file
        for _ in _records(source, dialect, strict=True):
            pass
    try:
        table = pa_csv.read_csv(native_bytes(source.open().read()), *csv_options(dialect))
    except pa.ArrowInvalid as error:
        raise complaint(source, dialect, error) from None
    columns = [column.slice(1) if dialect.header else column for column in table.columns]
    if len(columns[0]) == 0:
        raise DataError(f"{source.filename}: there must be rows of data, but the file has only a header.")
    return raw_table(source, dialect, columns)


def raw_table(
    source: TextSource, dialect: Dialect, columns: "Sequence[pa.ChunkedArray[Any]]", first_row: int = 0
) -> RawTable:
    """Columns of strings as a `RawTable`; first_row: how many rows of data come before them in the file."""
    return RawTable(
        source.filename,
        dialect.names,
        columns,
        place=lambda row: f"line {line_of(source, dialect, first_row + row)}",
        notes=source.notes + dialect.notes,
        semicolons=dialect.delimiter == ";",
        fixed_labels=dialect.gaal,
    )


def csv_options(
    dialect: Dialect, block: int = BLOCK_BYTES
) -> tuple[pa_csv.ReadOptions, pa_csv.ParseOptions, pa_csv.ConvertOptions]:
    """Arrow's settings: every field a string, nothing skipped but the lines before the table and blank ones."""
    names = [f"f{i}" for i in range(len(dialect.names))]
    return (
        pa_csv.ReadOptions(column_names=names, block_size=block, skip_rows=dialect.skip),
        pa_csv.ParseOptions(delimiter=dialect.delimiter, newlines_in_values=True),
        pa_csv.ConvertOptions(column_types={name: pa.string() for name in names}, strings_can_be_null=False),
    )


def _records(
    source: TextSource, dialect: Dialect, strict: bool = False
) -> Generator[tuple[int, list[str]], None, None]:
    """(line on which it begins, fields) of every record that is not a blank line, the header too."""
    with source.text() as lines:
        for _ in range(dialect.skip):
            next(lines, "")
        reader = csv.reader(lines, delimiter=dialect.delimiter, strict=strict)
        start = dialect.skip + 1
        try:
            for fields in reader:
                if fields:
                    yield start, fields
                start = dialect.skip + reader.line_num + 1
        except csv.Error as problem:
            raise DataError(
                f"{source.filename}: quotes must be closed and fields at most {csv.field_size_limit():,} characters "
                f"long, but the row that begins in line {start} is not so ({problem})."
            ) from None


def line_of(source: TextSource, dialect: Dialect, row: int) -> int:
    """The line of the file, counted from 1, on which the 0-based row of data begins."""
    with contextlib.closing(_records(source, dialect)) as records:
        return next(itertools.islice(records, row + dialect.header, None))[0]


def complaint(source: TextSource, dialect: Dialect, error: Exception) -> DataError:
    """What is wrong with a file that Arrow could not read, by line."""
    wanted = len(dialect.names)
    try:
        for line, fields in _records(source, dialect, strict=True):
            if len(fields) != wanted:
                have = "1 value" if len(fields) == 1 else f"{len(fields)} values"
                rest = "the header names" if dialect.header else "the first line has"
                return DataError(
                    f"{source.filename}: every row must have as many values as {rest} ({wanted}), "
                    f"but line {line} has {have}."
                )
    except DataError as problem:
        return problem
    return DataError(f"{source.filename}: the file cannot be read as a table ({error}).")


def sniff(source: TextSource) -> Dialect:
    """Guess separator, header and format from the first lines; raises DataError if there are none."""
    with source.text() as lines:
        head = lines.read(_SNIFF_CHARACTERS) + lines.readline()
    if not head.strip():
        raise DataError(f"{source.filename}: there must be a header and rows of data, but the file is empty.")
    told = re.match(r"sep=(.)\r?\n", head, re.IGNORECASE)  # how Excel marks the separator
    if told:
        head = head[told.end() :]
    delimiter = told[1] if told else max(_DELIMITERS, key=lambda mark: _fitness(head, mark))
    rows = _first_rows(head, delimiter)
    if not rows:
        raise DataError(f"{source.filename}: there must be a header and rows of data, but the file is empty.")
    return _describe(delimiter, [cell.strip() for cell in rows[0]], 1 if told else 0)


def _describe(delimiter: str, first: list[str], skip: int) -> Dialect:
    if len(first) > 2 and first[1].lower() in ("nor", "out") and all(map(_is_numeric_or_missing, first[2:])):
        names = ("id", "label", *(f"x{i}" for i in range(1, len(first) - 1)))
        return Dialect(delimiter, names, header=False, skip=skip, gaal=True)
    if _looks_like_data(first):
        names = tuple(f"x{i}" for i in range(1, len(first) + 1))
        note = "The first line holds numbers, so it was read as data and the columns were named x1, x2, ..."
        return Dialect(delimiter, names, header=False, skip=skip, notes=(note,))
    return Dialect(delimiter, tuple(first), header=True, skip=skip)


def _looks_like_data(first: list[str]) -> bool:
    """Whether a first line is no header: only numbers, or mostly numbers with decimals among them."""
    numeric = [cell for cell in first if _is_numeric(cell)]
    if len(numeric) == len(first):
        return not _counts_up(first)
    return 2 * len(numeric) >= len(first) and any("." in cell or "," in cell for cell in numeric)


def _counts_up(cells: list[str]) -> bool:
    """Whether the cells are 0, 1, 2, ... or 1, 2, 3, ...: the header of a data frame without column names."""
    return len(cells) > 1 and any(cells == [str(i + start) for i in range(len(cells))] for start in (0, 1))


def _is_numeric(cell: str) -> bool:
    return _NUMERIC_CELL.fullmatch(cell.strip()) is not None


def _is_numeric_or_missing(cell: str) -> bool:
    return _is_numeric(cell) or cell.strip().lower() in MISSING


def _first_rows(head: str, delimiter: str) -> list[list[str]]:
    reader = csv.reader(io.StringIO(head, newline=""), delimiter=delimiter)
    rows: list[list[str]] = []
    try:
        for row in reader:
            if row:
                rows.append(row)
            if len(rows) == _SNIFF_ROWS:
                break
    except csv.Error:  # an overlong field; what came before it is enough to go by
        pass
    return rows


def _fitness(head: str, delimiter: str) -> float:
    """How well a separator explains the first rows: alike in length, and numbers once split; 0 if it never occurs."""
    rows = _first_rows(head, delimiter)
    widths = [len(row) for row in rows]
    if not widths:
        return 0.0
    usual = max(set(widths), key=lambda width: (widths.count(width), width))
    if usual < 2:
        return 0.0
    cells = [cell for row in rows for cell in row]
    numeric = sum(map(_is_numeric_or_missing, cells)) / len(cells)
    return widths.count(usual) / len(widths) * (0.05 + numeric)
