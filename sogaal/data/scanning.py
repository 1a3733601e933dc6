"""`scan_table`: the rows of a table piece by piece, for tables that are larger than memory."""

import codecs
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from sogaal.data.columns import RawTable, Roles, check_names, column_name, find_roles, read_ids
from sogaal.data.conforming import Conformed, as_texts, conform
from sogaal.data.dataset import Float32Array
from sogaal.data.features import read_features
from sogaal.data.labels import is_flag_name
from sogaal.data.limits import MAX_BYTES, megabytes
from sogaal.data.numbers import is_text, missing_mask, plain, trimmed
from sogaal.data.parquet import open_parquet, parquet_table
from sogaal.data.reading import HEAD_BYTES, check_file, read_columns, refuse_binary
from sogaal.data.text import TextSource, complaint, csv_options, is_binary, raw_table, sniff
from sogaal.errors import DataError
from sogaal.preparation import Preparation

# Up to this size a file is read whole, which is quick and copes with more kinds of text.
WHOLE_BYTES = 8 * 2**20
# Text that is parsed at a time where it is not: Arrow reads some of them ahead.
PIECE_BYTES = 2 * 2**20
LONGEST_TEXT = 100


@dataclass(frozen=True)
class Chunk:
    """Some consecutive rows of a table.

    X: float32 (m, d), columns in the order asked for. ids: (m,), row numbers from 1 where the table has none.
    labels: (m,) strings as the file has them, not interpreted; None without a label column.
    conformed: with a preparation, how the rows deviate from those that it was fitted on.
    columns: those that X was made of, by name, as the file has them.
    id_name: the column that the ids came from, None where there is none. others: columns that nothing was taken from.
    """

    X: Float32Array
    ids: npt.NDArray[Any]
    feature_names: tuple[str, ...]
    labels: npt.NDArray[np.str_] | None
    conformed: Conformed | None = None
    columns: "Mapping[str, pa.ChunkedArray[Any]]" = field(default_factory=dict)
    id_name: str | None = None
    others: tuple[str, ...] = ()

    def texts(self, rows: npt.NDArray[np.int64]) -> dict[str, list[str | None]]:
        """What some rows, by their places, have in each of ``columns``, as people would read it; None where a value is
        missing, and long text is cut."""
        found = {}
        for name, column in self.columns.items():
            some = plain(column).take(pa.array(rows))
            some = trimmed(some if is_text(some) else as_texts(some))
            cut = pc.utf8_slice_codeunits(some, 0, LONGEST_TEXT).to_pylist()
            found[name] = [None if gone else text for text, gone in zip(cut, missing_mask(some).tolist(), strict=True)]
        return found


def scan_table(
    path: str | Path,
    *,
    feature_names: Sequence[str] | None = None,
    preparation: Preparation | None = None,
    label_column: str | None = None,
    id_column: str | None = None,
    usual_id: str = "",
    sheet: str | None = None,
    rows: int = 65_536,
    max_bytes: int = MAX_BYTES,
    filename: str | None = None,
) -> Iterator[Chunk]:
    """The rows of a file in pieces of at most `rows`; CSV and Parquet are never held in memory whole.

    feature_names: the columns to read, by name and in this order (those that a model was fitted on); others are not
        looked at. None takes those columns of the first piece that hold numbers.
    preparation: instead of names, what a model was fitted on: X then are its features, and what deviates in the table
        is handled and told with each piece rather than refused.
    label_column, id_column, sheet: as in `read_table`. No rule about the number of rows or about label values applies.
    usual_id: the column of the ids where the table has it and `id_column` is None.
    max_bytes: the limit for formats that must be held in memory whole (.npz, .mat, text that is not UTF-8).
    filename: what messages call the file; its path if not given.
    Raises DataError as `read_table` does, when it comes to the row that is wrong.
    """
    path = Path(path)
    first_row = 0
    wanted = None if feature_names is None else tuple(feature_names)
    fitted = wanted if preparation is None else preparation.names
    roles: Roles | None = None  # decided by the first piece: a label or an id that is rare further down changes nothing
    filename = filename or str(path)
    for table in _pieces(path, filename, rows, max_bytes, sheet):
        if first_row == 0:
            check_names(table)
        if table.n == 0:
            continue
        if id_column is None and usual_id in table.names and usual_id not in (label_column, *(fitted or ())):
            id_column = usual_id
        roles = roles or _roles(table, fitted, label_column, id_column)
        chunk = _chunk(table, preparation or fitted, roles, first_row)
        fitted = fitted or chunk.feature_names
        first_row += table.n
        yield chunk
    if first_row == 0:
        raise DataError(f"{filename}: there must be rows of data, got none.")


def _pieces(path: Path, filename: str, rows: int, max_bytes: int, sheet: str | None) -> Iterator[RawTable]:
    check_file(path, filename)
    try:
        with path.open("rb") as stream:
            head = stream.read(HEAD_BYTES)
    except OSError as error:
        raise DataError(f"{filename}: the file cannot be read ({error.strerror}).") from None
    if head.startswith(b"PAR1"):
        yield from _parquet_pieces(path, filename, rows)
    elif path.stat().st_size <= max_bytes and not _streams(path, filename, head):
        yield from _slices(read_columns(path.read_bytes(), filename, max_bytes, sheet), rows)
    else:
        refuse_binary(head, filename)
        if is_binary(head) or head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, b"PK\x03\x04")):
            raise DataError(
                f"{filename}: a file over {megabytes(max_bytes)} must be Parquet or UTF-8 text to be read in pieces."
            )
        yield from _text_pieces(path, filename, rows)


def _streams(path: Path, filename: str, head: bytes) -> bool:
    """Whether a file that would fit in memory is read in pieces all the same: a large one of UTF-8 text, whose quotes
    are in pairs and whose columns are not separated by blanks; all else needs a look at the whole file first."""
    if path.stat().st_size <= WHOLE_BYTES or is_binary(head) or not any(mark in head for mark in b",;\t|"):
        return False
    decoder, quotes = codecs.getincrementaldecoder("utf-8")(), 0
    try:
        with path.open("rb") as stream:
            while block := stream.read(WHOLE_BYTES):
                decoder.decode(block)
                quotes += block.count(b'"')
                if b"\0" in block:
                    return False
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    except OSError as error:
        raise DataError(f"{filename}: the file cannot be read ({error.strerror}).") from None
    return quotes % 2 == 0


def _slices(table: RawTable, rows: int) -> Iterator[RawTable]:
    for start in range(0, table.n, rows):
        yield _slice(table, start, rows)


def _slice(table: RawTable, start: int, rows: int) -> RawTable:
    columns = [column.slice(start, rows) for column in table.columns]
    return replace(table, columns=columns, place=lambda row: table.place(start + row))


def _parquet_pieces(path: Path, filename: str, rows: int) -> Iterator[RawTable]:
    first_row = 0
    with open_parquet(path, filename) as file:
        try:
            # One row group after another: asked for all, Arrow reads ahead until it has the whole file.
            for group in range(file.num_row_groups):
                for batch in file.iter_batches(batch_size=rows, row_groups=[group]):
                    yield parquet_table(pa.Table.from_batches([batch]), filename, first_row)
                    first_row += batch.num_rows
        except (pa.ArrowException, OSError) as error:
            raise DataError(f"{filename}: the file cannot be read as Parquet ({error}).") from None


def _text_pieces(path: Path, filename: str, rows: int) -> Iterator[RawTable]:
    source = TextSource(filename, lambda: _skip_bom(path.open("rb")))
    dialect = sniff(source)
    first_row, header = 0, dialect.header
    try:
        # Arrow opens the file itself: see sogaal.data.native.
        with (
            _skip_bom(pa.OSFile(str(path))) as stream,
            pa_csv.open_csv(stream, *csv_options(dialect, PIECE_BYTES)) as reader,
        ):
            for batch in reader:
                table = pa.Table.from_batches([batch])
                if header:
                    table, header = table.slice(1), False
                yield from _slices(raw_table(source, dialect, table.columns, first_row), rows)
                first_row += table.num_rows
    except pa.ArrowInvalid as error:
        raise complaint(source, dialect, error) from None


def _skip_bom(stream: Any) -> Any:
    """A binary file, Python's or Arrow's, from behind its byte-order mark."""
    if stream.read(3) != codecs.BOM_UTF8:
        stream.seek(0)
    return stream


def _roles(table: RawTable, wanted: tuple[str, ...] | None, label_column: str | None, id_column: str | None) -> Roles:
    """What the columns do. A model's features (`wanted`) are no labels; a flag's name needs no second value here."""
    roles = find_roles(table, label_column, id_column, wanted or ())
    if roles.asked:
        return roles
    for at in roles.candidates:
        name = table.names[at]
        if name not in (wanted or ()) and not (is_flag_name(name) and _more_than_two(table.columns[at])):
            return roles.with_label(at)
    return roles.with_label(None)


def _more_than_two(column: "pa.ChunkedArray[Any]") -> bool:
    return int(pc.count_distinct(plain(column)).as_py()) > 2


def _chunk(table: RawTable, wanted: Preparation | tuple[str, ...] | None, roles: Roles, first_row: int) -> Chunk:
    ids = read_ids(table, roles.id)
    if roles.id is None:
        ids = ids + first_row
    if isinstance(wanted, Preparation):
        conformed = conform(table, wanted)
        there = {column_name(table, i): i for i in range(len(table.names))}
        used = [there[name] for name in wanted.names if name in there]
        labels = _raw_labels(table, roles, used)
        made = Chunk(conformed.X, ids, wanted.feature_names, labels, conformed, _raw(table, used))
        return _with_roles(made, table, roles)
    positions = roles.features if wanted is None else _positions(table, wanted)
    features = read_features(table, positions)
    if wanted is not None and features.names != wanted:
        text = next(name for name in wanted if name not in features.names)
        raise DataError(f"{table.filename}: column {text!r} must hold numbers, but has text from {table.place(0)} on.")
    labels = _raw_labels(table, roles, positions)
    made = Chunk(features.X, ids, features.names, labels, columns=_raw(table, positions))
    return _with_roles(made, table, roles)


def _with_roles(chunk: Chunk, table: RawTable, roles: Roles) -> Chunk:
    names = [column_name(table, i) for i in range(len(table.names))]
    taken = {*chunk.columns, *(names[i] for i in (roles.label, roles.id) if i is not None)}
    id_name = None if roles.id is None else names[roles.id]
    return replace(chunk, id_name=id_name, others=tuple(name for name in names if name not in taken))


def _raw(table: RawTable, positions: Sequence[int]) -> "dict[str, pa.ChunkedArray[Any]]":
    return {column_name(table, i): table.columns[i] for i in positions}


def _positions(table: RawTable, wanted: Sequence[str]) -> tuple[int, ...]:
    names = [column_name(table, i) for i in range(len(table.names))]
    missing = [name for name in wanted if name not in names]
    if missing:
        shown = ", ".join(map(repr, missing[:8])) + (", ..." if len(missing) > 8 else "")
        raise DataError(
            f"{table.filename}: the table must have the columns that the model was fitted on, but lacks {shown} "
            f"({len(missing)} of {len(wanted)})."
        )
    return tuple(names.index(name) for name in wanted)


def _raw_labels(table: RawTable, roles: Roles, features: Sequence[int]) -> npt.NDArray[np.str_] | None:
    if roles.label is None or roles.label in features:
        return None
    column = plain(table.columns[roles.label])
    if is_text(column):
        column = trimmed(column)
    return np.array(["" if value is None else str(value) for value in column.to_pylist()], dtype=np.str_)
