"""From a table as its format gave it to a `Dataset`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from sogaal.data.columns import RawTable, Roles, check_names, column_name, find_roles, is_empty, listed, read_ids
from sogaal.data.dataset import MIN_ROWS, Dataset, Float32Array, Int8Array, check_enough_rows
from sogaal.data.features import (
    cell,
    left_out_notes,
    nothing_usable,
    number_notes,
    one_decimal_sign,
    plain_features,
    precision_notes,
    wrong_text,
)
from sogaal.data.labels import LabelColumn
from sogaal.data.questions import hidden_labels, questions
from sogaal.data.typed import TypedColumn, read_typed
from sogaal.errors import DataError
from sogaal.preparation import GAPS, Filled, Gaps, Levels, Preparation

Typed = tuple[int, TypedColumn]


def make_dataset(
    table: RawTable,
    name: str,
    label_column: str | None,
    id_column: str | None,
    ignore: Sequence[str] = (),
    gaps: Gaps = "mark",
) -> Dataset:
    """Turn a table into a `Dataset`; raises DataError that names file, column and row, the rule and the value.

    label_column, id_column: a column's name; None looks for a usual name; "" says that there is none.
    ignore: names of columns that are not looked at. gaps: as of `sogaal.data.read_table`.
    """
    check_gaps(gaps, table.filename)
    check_names(table)
    if table.n == 0:
        raise DataError(f"{table.filename}: there must be at least {MIN_ROWS} rows of data, got none.")
    table = table.without(ignore)
    roles = find_roles(table, label_column, id_column)
    y, roles, notes = read_labels(table, roles)
    made = _features(table, typed_columns(table, roles), gaps)
    if table.n < MIN_ROWS:
        raise DataError(f"{table.filename}: there must be at least {MIN_ROWS} rows of data, got {table.n}.")
    check_enough_rows(made.X, table.filename)  # here rather than in Dataset, so that the message names the file
    made.X.flags.writeable = False
    asked = (
        *hidden_labels(made.numbers),
        *questions(table, made.numbers, label_column if y is None else "", id_column),
    )
    return Dataset(
        name=name,
        X=made.X,
        y=y,
        ids=read_ids(table, roles.id),
        feature_names=made.names,
        title=name,
        source=table.filename,
        notes=(*table.notes, *roles.notes, *notes, *made.notes, *asked),
        label_name=None if roles.label is None else column_name(table, roles.label),
        id_name=None if roles.id is None else column_name(table, roles.id),
        preparation=made.preparation,
        levels=made.levels,
        filled=made.filled,
    )


def check_gaps(gaps: str, filename: str) -> None:
    """Raise DataError for no way to treat gaps."""
    if gaps not in GAPS:
        raise DataError(f"{filename}: gaps must be one of {', '.join(map(repr, GAPS))}, got {gaps!r:.40}.")


def read_labels(table: RawTable, roles: Roles) -> tuple[Int8Array | None, Roles, tuple[str, ...]]:
    """The labels, and the roles anew: a column that only looked like labels becomes a feature; and notes."""
    notes: list[str] = []
    for at in roles.candidates:
        labels = LabelColumn(table.filename, table.names[at], table.columns[at], table.place, roles.asked).read()
        notes.extend(labels.notes)
        if labels.y is not None:
            return labels.y, roles.with_label(at), tuple(notes)
    return None, roles.with_label(None), tuple(notes)


def typed_columns(table: RawTable, roles: Roles) -> list[Typed]:
    """The columns of features by position, and what they hold."""
    # Separators at the ends of all lines make a column of nothing.
    named = [i for i in roles.features if table.names[i] or not is_empty(table.columns[i])]
    return [(i, typed_column(table, i)) for i in named]


def typed_column(table: RawTable, i: int) -> TypedColumn:
    """What a column holds, found out when it is first asked for."""
    column = table.columns[i]
    if id(column) not in table.read:
        table.read[id(column)] = read_typed(column, semicolons=table.semicolons)
    found: TypedColumn = table.read[id(column)]
    return found


@dataclass(frozen=True, eq=False)
class _Made:
    """X (n, d) with names; numbers: those columns of it that are plain ones, by name."""

    X: Float32Array
    names: tuple[str, ...]
    numbers: Mapping[str, npt.NDArray[np.floating[Any]]]
    notes: tuple[str, ...]
    preparation: Preparation | None = None
    levels: Levels = field(default_factory=dict)
    filled: Filled = field(default_factory=dict)


def _features(table: RawTable, columns: list[Typed], gaps: Gaps) -> _Made:
    unclear = next(((i, column) for i, column in columns if column.unclear), None)
    if unclear is not None:
        raise DataError(f"{wrong_text(table, unclear[0], unclear[1].read)} Write them one way, or ignore the column.")
    usable = [(i, column) for i, column in columns if column.is_usable]
    left_out = [(column_name(table, i), column.words) for i, column in columns if not column.is_usable]
    if not usable:
        raise DataError(nothing_usable(table, left_out, "numbers, dates or categories"))
    telling = plain_numbers(usable)
    if telling is None:
        return _prepared(table, usable, left_out, gaps)
    kept = {i for i, _ in telling}
    left_out += [(column_name(table, i), "one value only") for i, _ in usable if i not in kept]
    plain = plain_features(table, [(i, column.read) for i, column in telling], left_out)
    numbers = dict(zip(plain.names, plain.X.T, strict=True))
    notes = (*plain.notes, *_kept_notes(table, telling))
    return _Made(plain.X, plain.names, numbers, notes)


def plain_numbers(usable: list[Typed]) -> list[Typed] | None:
    """The columns of a table that is one of plain numbers alone, else None.

    All of them stay, those that tell nothing too: how many there are decides the noise that G gets, so without them a
    run with the same seed would be another one, on shipped tables as well.
    """
    telling = [(i, column) for i, column in usable if column.is_plain or not column.is_constant]
    return telling if telling and all(column.is_plain for _, column in telling) else None


def _kept_notes(table: RawTable, kept: Sequence[Typed]) -> list[str]:
    named = [column_name(table, i) for i, column in kept if column.is_constant]
    if not named:
        return []
    stay = "stays a feature though it has" if len(named) == 1 else "stay features though they have"
    return [
        f"Column{'s' * (len(named) > 1)} {listed(named)} {stay} one value only: in a table of plain numbers nothing is "
        "left out unasked."
    ]


def _prepared(table: RawTable, usable: list[Typed], left_out: list[tuple[str, str]], gaps: Gaps) -> _Made:
    """Fit a preparation on what tells something, and apply it."""
    gone = uninformative(table, usable, gaps)
    kept = [(i, column) for i, column in usable if i not in gone]
    if not kept:
        raise DataError(f"{table.filename}: at least two rows must differ, but all {table.n:,} rows are the same.")
    read = [(i, column.read) for i, column in kept if column.kind == "number"]
    one_decimal_sign(table, read)
    preparation = Preparation.fit([column.raw(column_name(table, i)) for i, column in kept], gaps=gaps)
    values = [column.values for _, column in kept if column.values is not None]
    plain = {column_name(table, i): column.values for i, column in kept if column.is_plain}
    numbers = {name: column for name, column in plain.items() if column is not None}
    notes = [
        *left_out_notes(left_out),
        *(f"Column {column_name(table, i)!r} was left out: {why}." for i, why in gone.items()),
        *number_notes(table, read),
        *precision_notes({column_name(table, i): column.values for i, column in kept if column.kind == "number"}),
        *_gap_notes(table, kept, gaps),
        *_date_notes(table, kept),
    ]
    levels = {
        column.name: np.nan_to_num(values[j], nan=-1).astype(np.int32)
        for j, column in enumerate(preparation.columns)
        if column.rare
    }
    filled = {column.name: np.isnan(values[j]) for j, column in enumerate(preparation.columns) if column.filled}
    return _Made(
        preparation.transform(values), preparation.feature_names, numbers, tuple(notes), preparation, levels, filled
    )


def uninformative(table: RawTable, usable: Sequence[Typed], gaps: Gaps = "mark") -> dict[int, str]:
    """The columns, by position, that tell nothing, and why: one value only, or the same as a column before.

    gaps: where they are filled and that is all, one value and gaps are one value only.
    """
    found: dict[int, str] = {}
    seen: dict[Any, list[tuple[int, TypedColumn]]] = {}
    for i, column in usable:
        if column.is_constant:
            found[i] = "it has one value only"
            continue
        if gaps == "fill" and column.has_one_value:
            found[i] = "it has one value only, and gaps that are filled with it"
            continue
        alike = seen.setdefault((column.kind, column.levels, column.sketch), [])
        same = next((at for at, one in alike if column.equals(one)), None)
        if same is None:
            alike.append((i, column))
        else:
            found[i] = f"it is the same as {column_name(table, same)!r}"
    return found


def _gap_notes(table: RawTable, kept: Sequence[Typed], gaps: Gaps) -> list[str]:
    notes = []
    gappy = [column_name(table, i) for i, column in kept if column.missing]
    if gappy:
        count = sum(column.missing for _, column in kept)
        values = "1 value is" if count == 1 else f"{count:,} values are"
        where = "and features named '... missing' say where" if gaps == "mark" else "and no feature says where"
        notes.append(
            f"{values} missing in {listed(gappy)}: filled with the median or the most frequent value, {where}."
        )
    for i, column in kept:
        if column.odd:
            what = "date" if column.kind == "date" else "number that can be used"
            values = "1 value is" if column.odd == 1 else f"{column.odd:,} values are"
            notes.append(
                f"Column {column_name(table, i)!r}: {values} no {what} (the first is "
                f"{cell(table, i, column.odd_at)} in {table.place(column.odd_at)}) and count as missing."
            )
    return notes


def _date_notes(table: RawTable, kept: Sequence[Typed]) -> list[str]:
    return [
        f"Dates in {column_name(table, i)!r} were read as {_shown(column.date_format)}."
        for i, column in kept
        if column.date_format not in ("", "ISO8601")
    ]


def _shown(form: str) -> str:
    for mark, word in (
        ("%d", "day"),
        ("%m", "month"),
        ("%Y", "year"),
        ("%y", "year"),
        ("%H", "hour"),
        ("%M", "minute"),
    ):
        form = form.replace(mark, word)
    return form.replace(":%S", ":second")
