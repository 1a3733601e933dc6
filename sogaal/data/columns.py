"""From the columns of a table to features, labels and ids: the rules that all formats share."""

import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sogaal.data.dataset import MIN_ROWS, Dataset, Float32Array, Int8Array, check_enough_rows
from sogaal.data.ids import ID_NAMES, LONGEST_ID, names_rows, sounds_like_ids
from sogaal.data.labels import LABEL_NAMES, LabelColumn, is_flag_name, label_candidates
from sogaal.data.numbers import (
    FILL_MISSING,
    Float64Array,
    NumberColumn,
    is_text,
    missing_mask,
    plain,
    read_numbers,
    trimmed,
)
from sogaal.errors import DataError

# In fewer rows a measurement may well climb by one from row to row.
_RUNNING_ROWS = 20
_RARE_ONES = 0.2  # a column of 0 and 1 with a smaller share of ones than this may be the labels
_FLOAT32_MAX = float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class RawTable:
    """A table as its format gave it, before anything is known of its columns.

    names, columns: one for each column, in the file's order; a column is an Arrow array of any type.
    place: turns a 0-based row into words that a person can look up, "line 7" or "row 7".
    semicolons: a text file with semicolons between its fields, which settles what a comma means.
    fixed_labels: the format itself says which column has the labels ("label" and "id" of GAAL files, y of arrays).
    """

    filename: str
    names: tuple[str, ...]
    columns: "Sequence[pa.ChunkedArray[Any]]"
    place: Callable[[int], str]
    notes: tuple[str, ...] = ()
    semicolons: bool = False
    fixed_labels: bool = False

    @property
    def n(self) -> int:
        """Number of rows."""
        return len(self.columns[0]) if self.columns else 0


@dataclass(frozen=True)
class Roles:
    """Which column does what, by position; label and id may be None.

    asked: the caller named the label column. candidates: all columns that may hold the labels, `label` first.
    """

    label: int | None
    id: int | None
    features: tuple[int, ...]
    asked: bool
    notes: tuple[str, ...] = ()
    candidates: tuple[int, ...] = ()

    def with_label(self, label: int | None) -> "Roles":
        """The same with another column (or none) for the labels; the former one becomes a feature."""
        features = {*self.features, *([] if self.label is None else [self.label])} - {label}
        return replace(self, label=label, features=tuple(sorted(features)))


@dataclass(frozen=True)
class Features:
    """X: float32 (n, d); names: of its columns; kept: their positions in the table."""

    X: Float32Array
    names: tuple[str, ...]
    kept: tuple[int, ...]
    notes: tuple[str, ...]


def make_dataset(table: RawTable, name: str, label_column: str | None, id_column: str | None) -> Dataset:
    """Turn a table into a `Dataset`; raises DataError that names file, column and row, the rule and the value.

    label_column, id_column: a column's name; None looks for a usual name; "" says that there is none.
    """
    check_names(table)
    if table.n == 0:
        raise DataError(f"{table.filename}: there must be at least {MIN_ROWS} rows of data, got none.")
    roles = find_roles(table, label_column, id_column)
    y, roles, notes = _labels(table, roles)
    features = read_features(table, roles.features)
    if table.n < MIN_ROWS:
        raise DataError(f"{table.filename}: there must be at least {MIN_ROWS} rows of data, got {table.n}.")
    check_enough_rows(features.X, table.filename)  # here rather than in Dataset, so that the message names the file
    features.X.flags.writeable = False
    questions = (*_hidden_labels(features), *_questions(table, features, label_column if y is None else "", id_column))
    return Dataset(
        name=name,
        X=features.X,
        y=y,
        ids=read_ids(table, roles.id),
        feature_names=features.names,
        title=name,
        source=table.filename,
        notes=(*table.notes, *roles.notes, *notes, *features.notes, *questions),
        label_name=None if roles.label is None else column_name(table, roles.label),
        id_name=None if roles.id is None else column_name(table, roles.id),
    )


def check_names(table: RawTable) -> None:
    """Raise DataError if two columns have the same name; columns are counted from 1 in the message."""
    seen: dict[str, int] = {}
    for i, name in enumerate(table.names):
        if name and name in seen:
            raise DataError(
                f"{table.filename}: column names must differ, {name!r} is the name of columns {seen[name] + 1} "
                f"and {i + 1}."
            )
        seen[name] = i


def find_roles(table: RawTable, label_column: str | None, id_column: str | None, features: Sequence[str] = ()) -> Roles:
    """Which column holds the labels, which the ids; all others are features.

    features: names of columns that are known to be features, so that their values cannot make one the ids.
    """
    if label_column is None:
        candidates = label_candidates(table.names)
    else:
        asked = _find(table, label_column, "label")
        candidates = () if asked is None else (asked,)
    label = candidates[0] if candidates else None
    ids, notes = _find_ids(table, id_column, label, features)
    if label is not None and label == ids:
        raise DataError(f"{table.filename}: column {table.names[label]!r} cannot be both the labels and the ids.")
    others = [i for i in range(len(table.names)) if i not in (label, ids)]
    if id_column is None and ids is not None:
        for i in [i for i in others if table.names[i].lower() in ID_NAMES]:
            others.remove(i)
            notes.append(f"Column {table.names[i]!r} was left out: it numbers the rows, as the ids already do.")
    candidates = tuple(i for i in candidates if i != ids)
    asked_for = label_column is not None or table.fixed_labels
    return Roles(label, ids, tuple(others), asked_for, tuple(notes), candidates)


def _find_ids(
    table: RawTable, asked: str | None, label: int | None, features: Sequence[str]
) -> tuple[int | None, list[str]]:
    """The column of ids, and notes."""
    if asked is not None:
        return _find(table, asked, "id"), []
    lower = [name.lower() for name in table.names]
    usual = next((lower.index(name) for name in ID_NAMES if name in lower and lower.index(name) != label), None)
    if usual is not None:
        return usual, []
    if table.names and table.names[0] == "" and label != 0 and not _is_empty(table.columns[0]):
        return 0, []  # a data frame's index, saved as a first column without a name
    for i, name in enumerate(table.names):
        if i == label or name in features or table.fixed_labels or not sounds_like_ids(name):
            continue
        if names_rows(table.columns[i], semicolons=table.semicolons):
            note = (
                f"Column {name!r} names the rows (all its values differ) and is not trained on; say that there is no "
                f"id column if it is a feature."
            )
            return i, [note]
    return None, []


def _find(table: RawTable, asked: str, what: str) -> int | None:
    """The position of the column that the caller named; None for ""."""
    if asked == "":
        return None
    lower = [name.lower() for name in table.names]
    if asked in table.names:
        return table.names.index(asked)
    if lower.count(asked.lower()) == 1:
        return lower.index(asked.lower())
    near = difflib.get_close_matches(asked, table.names, n=3, cutoff=0.5)
    hint = f"did you mean {_listed(near)}?" if near else f"the columns are {_listed(table.names)}."
    raise DataError(f"{table.filename}: there is no {what} column {asked!r}; {hint}")


def _listed(names: Sequence[str], most: int = 8) -> str:
    return ", ".join(repr(name) for name in names[:most]) + (", ..." if len(names) > most else "")


def _labels(table: RawTable, roles: Roles) -> tuple[Int8Array | None, Roles, tuple[str, ...]]:
    """The labels, and the roles anew: a column that only looked like labels becomes a feature."""
    notes: list[str] = []
    for at in roles.candidates:
        labels = LabelColumn(table.filename, table.names[at], table.columns[at], table.place, roles.asked).read()
        notes.extend(labels.notes)
        if labels.y is not None:
            return labels.y, roles.with_label(at), tuple(notes)
    return None, roles.with_label(None), tuple(notes)


def _hidden_labels(features: Features) -> tuple[str, ...]:
    """A note for each feature that looks like a second label column: training on labels would be a leak."""
    notes = []
    for name, values in zip(features.names, features.X.T, strict=True):
        if _is_hidden_label(name, values):
            notes.append(f"Column {name!r} was read as a feature although it has the name of a label column.")
    return tuple(notes)


def _is_hidden_label(name: str, values: Float32Array) -> bool:
    if name.lower() in LABEL_NAMES:
        return len(np.unique(values)) <= 2
    return is_flag_name(name) and len(np.unique(values)) == 2


def _questions(table: RawTable, features: Features, label_column: str | None, id_column: str | None) -> tuple[str, ...]:
    """Notes that ask about features which may be labels or ids; "" for either: that question is answered."""
    if table.fixed_labels:
        return ()
    notes, flags = [], []
    for name, values in zip(features.names, features.X.T, strict=True):
        if id_column != "" and _is_running(values):
            notes.append(
                f"Column {name!r} holds the running numbers {values[0]:.0f} to {values[-1]:,.0f} and is used as a "
                f"feature: if it only numbers the rows, name it as the id column."
            )
        if label_column is None and _is_rare_flag(values) and not _is_hidden_label(name, values):
            flags.append((name, f"({100 * values.mean(dtype=np.float64):.2g} % ones)"))
    if len(flags) == 1:
        name, share = flags[0]
        notes.append(
            f"Column {name!r} holds only 0 and 1 {share} and is used as a feature: if it is the label, name it as the "
            f"label column."
        )
    elif flags:
        shown = ", ".join(f"{name!r} {share}" for name, share in flags[:8])
        more = f" and {len(flags) - 8} more" if len(flags) > 8 else ""
        notes.append(
            f"Columns {shown}{more} hold only 0 and 1 and are used as features: if one of them is the label, name it "
            f"as the label column."
        )
    return tuple(notes)


def _is_running(values: Float32Array) -> bool:
    """Whether a column counts its rows: 0, 1, ..., n - 1 or 1, 2, ..., n."""
    if len(values) < _RUNNING_ROWS or values[0] not in (0, 1) or values[1] != values[0] + 1:
        return False
    return bool((values == np.arange(len(values), dtype=np.float32) + values[0]).all())


def _is_rare_flag(values: Float32Array) -> bool:
    ones = values == 1
    return bool(0 < ones.mean() < _RARE_ONES and (ones | (values == 0)).all())


def _is_empty(column: "pa.ChunkedArray[Any]") -> bool:
    column = plain(column)
    if is_text(column):
        return bool(missing_mask(trimmed(column)).all())
    return bool(column.null_count == len(column))


def read_features(table: RawTable, positions: Sequence[int]) -> Features:
    """The numbers of the given columns as float32 (n, d); columns of text are left out and noted."""
    read: list[tuple[int, NumberColumn]] = []
    left_out, empty = [], []
    for i in positions:
        if table.names[i] == "" and _is_empty(table.columns[i]):
            empty.append(i)  # separators at the ends of all lines make a column of nothing
            continue
        column = read_numbers(table.columns[i], semicolons=table.semicolons)
        if column.kind in ("mixed", "commas and points", "thousands or decimals"):
            raise DataError(_wrong_text(table, i, column))
        if column.values is None:
            left_out.append((column_name(table, i), column.kind))
        else:
            read.append((i, column))
    if not read:
        raise DataError(_no_numbers(table, left_out))
    _one_decimal_sign(table, read)
    return _to_matrix(table, read, _notes(table, read, left_out))


def column_name(table: RawTable, i: int) -> str:
    """What to call column i (0-based): its name, or "column 3" for the third if it has none."""
    return table.names[i] or f"column {i + 1}"


def _cell(table: RawTable, i: int, row: int) -> str:
    """The value as the file has it, shortened."""
    value = str(plain(table.columns[i])[row].as_py())
    return repr(value if len(value) <= 60 else value[:57] + "...")


def _wrong_text(table: RawTable, i: int, column: NumberColumn) -> str:
    where = f"{table.filename}: column {column_name(table, i)!r}"
    got = f"{_cell(table, i, column.at)} in {table.place(column.at)}"
    if column.kind == "commas and points":
        return f"{where} must write decimals one way, but has both commas and points, for instance {got}."
    if column.kind == "thousands or decimals":
        return f"{where} must be unambiguous, but its commas could mark thousands or decimals, for instance {got}."
    return f"{where} must hold numbers only, but has the text {got}."


def _no_numbers(table: RawTable, left_out: Sequence[tuple[str, str]]) -> str:
    text = f"{table.filename}: there must be at least one column of numbers besides labels and ids"
    if not left_out:
        return f"{text}, got no other column."
    shown = ", ".join(f"{name!r} ({kind})" for name, kind in left_out[:8]) + (", ..." if len(left_out) > 8 else "")
    return f"{text}, got {shown}."


def _one_decimal_sign(table: RawTable, read: Sequence[tuple[int, NumberColumn]]) -> None:
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
                f"commas and column {column_name(table, i)!r} points ({_cell(table, i, row)} in {table.place(row)})."
            )


def _notes(table: RawTable, read: Sequence[tuple[int, NumberColumn]], left_out: Sequence[tuple[str, str]]) -> list[str]:
    notes = []
    if left_out:
        named = ", ".join(f"{name!r} ({kind})" for name, kind in left_out[:8])
        more = f" and {len(left_out) - 8} more" if len(left_out) > 8 else ""
        word = "Column" if len(left_out) == 1 else "Columns"
        notes.append(f"{word} {named}{more} left out: only numbers can be used.")
    commas = [column_name(table, i) for i, column in read if column.comma]
    if commas:
        notes.append(f"Commas were read as decimal signs in {_listed(commas)}.")
    grouped = [column_name(table, i) for i, column in read if column.grouped]
    if grouped:
        notes.append(f"Thousands separators were taken out of the numbers in {_listed(grouped)}.")
    return notes


def _to_matrix(table: RawTable, read: Sequence[tuple[int, NumberColumn]], notes: list[str]) -> Features:
    X = np.empty((table.n, len(read)), dtype=np.float32)
    wide = [column.values for _, column in read]
    for j, values in enumerate(wide):
        assert values is not None  # left-out columns are not among these
        with np.errstate(over="ignore"):  # found and named below
            X[:, j] = values
    names = tuple(column_name(table, i) for i, _ in read)
    if not np.isfinite(X).all():
        raise DataError(_not_finite(table, X, [i for i, _ in read], wide))
    coarse = [names[j] for j, values in enumerate(wide) if values is not None and _too_fine(values)]
    if coarse:
        notes.append(
            f"The values of {_listed(coarse)} differ little compared with their size; single precision keeps about "
            f"seven digits, so subtract an offset before loading if small differences matter."
        )
    return Features(X, names, tuple(i for i, _ in read), tuple(notes))


def _too_fine(values: Float64Array) -> bool:
    low, high = float(values.min()), float(values.max())
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
    rule = f"a number must not exceed what single precision holds (+-{_FLOAT32_MAX:.1e})"
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
        f"column {column_name(table, columns[j])!r} (got {_cell(table, columns[j], row)}). {advice}".rstrip()
    )


def read_ids(table: RawTable, position: int | None) -> npt.NDArray[Any]:
    """(n,) int64 where all ids are whole numbers, otherwise strings; 1, 2, ..., n without an id column."""
    if position is None:
        ids: npt.NDArray[Any] = np.arange(1, table.n + 1, dtype=np.int64)
        return ids
    column = plain(table.columns[position])
    if pa.types.is_integer(column.type) and column.null_count == 0 and not pa.types.is_uint64(column.type):
        return np.asarray(column.to_numpy(), dtype=np.int64)
    if is_text(column):
        column = trimmed(column)
        whole = pc.all(pc.match_substring_regex(column, r"^(0|-?[1-9]\d{0,17})$")).as_py()
        if whole:
            return np.asarray(column.cast(pa.int64()).to_numpy(), dtype=np.int64)
        texts = column.to_pylist()
    else:
        texts = ["" if value is None else str(value) for value in column.to_pylist()]
    longest = max(range(len(texts)), key=lambda i: len(texts[i]))
    if len(texts[longest]) > LONGEST_ID:
        raise DataError(
            f"{table.filename}: an id must have at most {LONGEST_ID} characters, but column "
            f"{column_name(table, position)!r} has one of {len(texts[longest]):,} in {table.place(longest)}."
        )
    return np.array(texts, dtype=np.str_)
