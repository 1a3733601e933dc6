"""Columns of plain numbers as one matrix, and an exact account of what is in the way."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from sogaal.data.columns import RawTable, column_name, is_empty, listed
from sogaal.data.dataset import Float32Array
from sogaal.data.numbers import FILL_MISSING, Float64Array, NumberColumn, is_text, plain, read_numbers, trimmed
from sogaal.data.typed import FLOAT32_MAX, UNCLEAR
from sogaal.errors import DataError

# Rows that are put into the matrix at once.
BLOCK_ROWS = 4096


@dataclass(frozen=True)
class Features:
    """X: float32 (n, d); names: of its columns; kept: their positions in the table."""

    X: Float32Array
    names: tuple[str, ...]
    kept: tuple[int, ...]
    notes: tuple[str, ...]


def read_features(table: RawTable, positions: Sequence[int]) -> Features:
    """The numbers of the given columns as float32 (n, d); columns of text are left out and noted."""
    read: list[tuple[int, NumberColumn]] = []
    left_out: list[tuple[str, str]] = []
    for i in positions:
        # Separators at the ends of all lines make a column of nothing.
        if table.names[i] == "" and is_empty(table.columns[i]):
            continue
        column = read_numbers(table.columns[i], semicolons=table.semicolons)
        if column.kind in ("mixed", *UNCLEAR):
            raise DataError(wrong_text(table, i, column))
        if column.values is None:
            left_out.append((column_name(table, i), column.kind))
        else:
            read.append((i, column))
    if not read:
        raise DataError(nothing_usable(table, left_out, "numbers"))
    return plain_features(table, read, left_out)


def plain_features(
    table: RawTable, read: Sequence[tuple[int, NumberColumn]], left_out: Sequence[tuple[str, str]]
) -> Features:
    """Columns that were read as numbers, with their positions, as float32 (n, d); left_out: names and kinds of others.

    Raises DataError where a number is missing, or decimals are written in two ways.
    """
    one_decimal_sign(table, read)
    return _to_matrix(table, read, [*left_out_notes(left_out), *number_notes(table, read)])


def cell(table: RawTable, i: int, row: int) -> str:
    """The value as the file has it, shortened."""
    value = str(plain(table.columns[i])[row].as_py())
    return repr(value if len(value) <= 60 else value[:57] + "...")


def wrong_text(table: RawTable, i: int, column: NumberColumn) -> str:
    """The message for a column with text among its numbers, or with numbers that could mean two things."""
    where = f"{table.filename}: column {column_name(table, i)!r}"
    got = f"{cell(table, i, column.at)} in {table.place(column.at)}"
    if column.kind == "commas and points":
        return f"{where} must write decimals one way, but has both commas and points, for instance {got}."
    if column.kind == "thousands or decimals":
        return f"{where} must be unambiguous, but its commas could mark thousands or decimals, for instance {got}."
    return f"{where} must hold numbers only, but has the text {got}."


def nothing_usable(table: RawTable, left_out: Sequence[tuple[str, str]], what: str) -> str:
    """The message for a table without a column of ``what``; left_out: names and kinds of those that there are."""
    text = f"{table.filename}: there must be at least one column of {what} besides labels and ids"
    if not left_out:
        return f"{text}, got no other column."
    shown = ", ".join(f"{name!r} ({kind})" for name, kind in left_out[:8]) + (", ..." if len(left_out) > 8 else "")
    return f"{text}, got {shown}."


def one_decimal_sign(table: RawTable, read: Sequence[tuple[int, NumberColumn]]) -> None:
    """Refuse a file in which one column has decimal commas and another points: 1.234 could then be 1234."""
    comma = next((i for i, column in read if column.comma), None)
    if comma is None:
        return
    for i, column in read:
        if column.comma or not is_text(plain(table.columns[i])):
            continue
        points = np.asarray(pc.match_substring(trimmed(plain(table.columns[i])), ".").to_numpy(), dtype=np.bool_)
        if points.any():
            row = int(np.argmax(points))
            raise DataError(
                f"{table.filename}: decimals must be written one way, but column {column_name(table, comma)!r} has "
                f"commas and column {column_name(table, i)!r} points ({cell(table, i, row)} in {table.place(row)})."
            )


def left_out_notes(left_out: Sequence[tuple[str, str]]) -> list[str]:
    """A note on the columns that cannot be used; ``left_out``: their names and kinds."""
    if not left_out:
        return []
    named = ", ".join(f"{name!r} ({kind})" for name, kind in left_out[:8])
    more = f" and {len(left_out) - 8} more" if len(left_out) > 8 else ""
    word = "Column" if len(left_out) == 1 else "Columns"
    return [f"{word} {named}{more} left out: neither numbers, dates nor categories."]


def number_notes(table: RawTable, read: Sequence[tuple[int, NumberColumn]]) -> list[str]:
    """Notes on how numbers were written."""
    notes = []
    commas = [column_name(table, i) for i, column in read if column.comma]
    if commas:
        notes.append(f"Commas were read as decimal signs in {listed(commas)}.")
    grouped = [column_name(table, i) for i, column in read if column.grouped]
    if grouped:
        notes.append(f"Thousands separators were taken out of the numbers in {listed(grouped)}.")
    return notes


def _to_matrix(table: RawTable, read: Sequence[tuple[int, NumberColumn]], notes: list[str]) -> Features:
    X = np.empty((table.n, len(read)), dtype=np.float32)
    wide = [column.values for _, column in read]
    with np.errstate(over="ignore"):  # found and named below
        for start in range(0, table.n, BLOCK_ROWS):  # rows that stay in the cache while their columns come in
            rows = slice(start, start + BLOCK_ROWS)
            for j, values in enumerate(wide):
                assert values is not None  # left-out columns are not among these
                X[rows, j] = values[rows]
    names = tuple(column_name(table, i) for i, _ in read)
    if not np.isfinite(X).all():
        raise DataError(_not_finite(table, X, [i for i, _ in read], wide))
    notes.extend(precision_notes(dict(zip(names, wide, strict=True))))
    return Features(X, names, tuple(i for i, _ in read), tuple(notes))


def precision_notes(columns: Mapping[str, Float64Array | None]) -> list[str]:
    """A note on the columns, by name, whose differences single precision may lose; NaN where a number is missing."""
    coarse = [name for name, values in columns.items() if values is not None and _too_fine(values)]
    if not coarse:
        return []
    return [
        f"The values of {listed(coarse)} differ little compared with their size; single precision keeps about "
        f"seven digits, so subtract an offset before loading if small differences matter."
    ]


def _too_fine(values: Float64Array) -> bool:
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    return low < high and (high - low) < 1e-4 * max(abs(low), abs(high))


def _not_finite(table: RawTable, X: Float32Array, columns: Sequence[int], wide: Sequence[Float64Array | None]) -> str:
    """Which rule is broken, how often, and where first (the uppermost row, its leftmost column)."""
    missing = np.isnan(X)
    if missing.any():
        return _first_of(
            table, missing, columns, "missing", "there must be a finite number in every cell", FILL_MISSING
        )
    infinite = np.column_stack([np.isinf(values) for values in wide if values is not None])
    if infinite.any():
        return _first_of(table, infinite, columns, "infinite", "there must be a finite number in every cell")
    rule = f"a number must not exceed what single precision holds (+-{FLOAT32_MAX:.1e})"
    return _first_of(table, np.isinf(X), columns, "beyond it", rule)


def _first_of(
    table: RawTable, bad: npt.NDArray[np.bool_], columns: Sequence[int], what: str, rule: str, advice: str = ""
) -> str:
    count, in_columns = int(bad.sum()), int(bad.any(axis=0).sum())
    row, j = (int(i) for i in np.argwhere(bad)[0])
    are = "1 value is" if count == 1 else f"{count:,} values are"
    spread = f" in {in_columns} columns" if in_columns > 1 else ""
    return (
        f"{table.filename}: {rule}, but {are} {what}{spread}, the first in {table.place(row)}, "
        f"column {column_name(table, columns[j])!r} (got {cell(table, columns[j], row)}). {advice}".rstrip()
    )
