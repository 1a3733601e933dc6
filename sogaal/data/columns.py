"""The columns of a table and what each is for: features, labels, ids; the rules that all formats share."""

import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sogaal.data.ids import ID_NAMES, LONGEST_ID, names_rows, sounds_like_ids
from sogaal.data.labels import label_candidates
from sogaal.data.numbers import is_text, missing_mask, plain, trimmed
from sogaal.errors import DataError


@dataclass(frozen=True)
class RawTable:
    """A table as its format gave it, before anything is known of its columns.

    names, columns: one for each column, in the file's order; a column is an Arrow array of any type.
    place: turns a 0-based row into words that a person can look up, "line 7" or "row 7".
    semicolons: a text file with semicolons between its fields, which settles what a comma means.
    read: what columns were found to hold, by the identity of the column, so that each is looked at once.
    fixed_labels: the format itself says which column has the labels ("label" and "id" of GAAL files, y of arrays).
    """

    filename: str
    names: tuple[str, ...]
    columns: "Sequence[pa.ChunkedArray[Any]]"
    place: Callable[[int], str]
    notes: tuple[str, ...] = ()
    semicolons: bool = False
    fixed_labels: bool = False
    read: dict[int, Any] = field(default_factory=dict)

    @property
    def n(self) -> int:
        """Number of rows."""
        return len(self.columns[0]) if self.columns else 0

    def without(self, ignored: Sequence[str]) -> "RawTable":
        """The table less some of its columns, named as of :func:`find`; raises DataError for one that is not there."""
        if not ignored:
            return self
        gone = {find(self, name, "ignored") for name in ignored}
        kept = [i for i in range(len(self.names)) if i not in gone]
        # A column without a name keeps the one that messages have for it; what trailing separators make has none.
        names = tuple(column_name(self, i) if i and not is_empty(self.columns[i]) else self.names[i] for i in kept)
        return replace(self, names=names, columns=[self.columns[i] for i in kept])


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
        asked = find(table, label_column, "label")
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
        return find(table, asked, "id"), []
    lower = [name.lower() for name in table.names]
    usual = next((lower.index(name) for name in ID_NAMES if name in lower and lower.index(name) != label), None)
    if usual is not None:
        return usual, []
    if table.names and table.names[0] == "" and label != 0 and not is_empty(table.columns[0]):
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


def find(table: RawTable, asked: str, what: str) -> int | None:
    """The position of the column that the caller named; None for "". ``what``: it is wanted for, for the message."""
    if asked == "":
        return None
    lower = [name.lower() for name in table.names]
    if asked not in table.names and asked in (named := [column_name(table, i) for i in range(len(lower))]):
        return named.index(asked)  # what messages call a column without a name
    if asked in table.names:
        return table.names.index(asked)
    if lower.count(asked.lower()) == 1:
        return lower.index(asked.lower())
    near = difflib.get_close_matches(asked, table.names, n=3, cutoff=0.5)
    hint = f"did you mean {listed(near)}?" if near else f"the columns are {listed(table.names)}."
    raise DataError(f"{table.filename}: there is no {what} column {asked!r}; {hint}")


def listed(names: Sequence[str], most: int = 8) -> str:
    """Names for a message, the first of many."""
    return ", ".join(repr(name) for name in names[:most]) + (", ..." if len(names) > most else "")


def is_empty(column: "pa.ChunkedArray[Any]") -> bool:
    """Whether a column has no value at all."""
    column = plain(column)
    if is_text(column):
        return bool(missing_mask(trimmed(column)).all())
    return bool(column.null_count == len(column))


def column_name(table: RawTable, i: int) -> str:
    """What to call column i (0-based): its name, or "column 3" for the third if it has none."""
    return table.names[i] or f"column {i + 1}"


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
