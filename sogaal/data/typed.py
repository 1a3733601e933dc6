"""What a column holds: numbers, truth values, dates, categories, free text or nothing, and its values as float64."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sogaal.data.dates import date_format, from_arrow, from_text
from sogaal.data.numbers import (
    Float64Array,
    NumberColumn,
    is_text,
    missing_mask,
    plain,
    read_mostly_numbers,
    read_numbers,
    trimmed,
)
from sogaal.preparation import RawColumn, rare_below

ColumnKind = Literal["number", "boolean", "date", "category", "text", "empty", "other"]
KIND_WORDS: dict[ColumnKind, str] = {
    "number": "number",
    "boolean": "true/false",
    "date": "date",
    "category": "category",
    "text": "free text",
    "empty": "empty",
    "other": "other",
}
# A column with numbers and text is one of numbers, the text missing, if at least this share of its values is.
MOSTLY = 0.9
# Text with more different values than this, or than half of its rows, names or describes rows; it sorts none of them.
MOST_LEVELS = 10_000
MOST_LEVELS_SHARE = 0.5
LONGEST_LEVEL = 100
# Different values are counted in so many rows: in a million it takes a fifth of a second, for each column.
COUNTED_ROWS = 100_000
SKETCHED_ROWS = 1_000
FLOAT32_MAX = float(np.finfo(np.float32).max)
# Numbers that cannot be told from their column: nothing is guessed.
UNCLEAR = ("commas and points", "thousands or decimals")


@dataclass(frozen=True, eq=False)
class TypedColumn:
    """A column and what it turned out to hold.

    values: float64 (n,), NaN where one is missing or odd: numbers, 0 and 1, seconds since 1970, numbers of levels; None
        of free text, of nothing, and of what cannot be used. levels: of a category, sorted.
    read: what was found when it was read as numbers. date_format: of dates that were text.
    missing: how many values there are not; odd: how many are neither missing nor what the column holds, or not finite;
        odd_at: the first of these. texts: how many different ones free text has. type_name: Arrow's, of "other".
    unclear: the column must not be used, as its numbers could mean two things.
    """

    kind: ColumnKind
    values: Float64Array | None
    read: NumberColumn
    missing: int
    texts: int = 0
    levels: tuple[str, ...] = ()
    date_format: str = ""
    odd: int = 0
    odd_at: int = 0
    type_name: str = ""
    unclear: bool = False

    @property
    def is_plain(self) -> bool:
        """Whether it is numbers without a gap, which need no preparation."""
        return self.kind in ("number", "boolean") and self.missing == 0 and self.odd == 0

    @property
    def is_usable(self) -> bool:
        """Whether features can be made of it."""
        return self.values is not None

    @property
    def is_constant(self) -> bool:
        """Whether all rows have the same value."""
        if self.values is None or self.missing + self.odd:
            return False
        return bool((self.values == self.values[0]).all())

    @property
    def has_one_value(self) -> bool:
        """Whether all rows that have a value have the same one."""
        if self.values is None:
            return False
        given = self.values[~np.isnan(self.values)]
        return bool((given == given[:1]).all())

    @cached_property
    def distinct(self) -> int:
        """How many different values there are, of a long column among its first rows: see `COUNTED_ROWS`."""
        if self.values is None or self.kind == "category":
            return self.texts or len(self.levels)
        first = self.values[:COUNTED_ROWS]
        given = np.sort(first[~np.isnan(first)] if self.missing + self.odd else first)
        return 1 + int(np.count_nonzero(given[1:] != given[:-1])) if len(given) else 0

    @property
    def sketch(self) -> bytes:
        """Some of the values: columns of which it differs are not the same, and few others have to be compared."""
        assert self.values is not None
        return self.values[:: max(1, len(self.values) // SKETCHED_ROWS)].tobytes()

    def equals(self, other: "TypedColumn") -> bool:
        """Whether all values are the same, bit for bit: a gap is the same as a gap."""
        assert self.values is not None
        assert other.values is not None
        mine, others = (np.ascontiguousarray(one).view(np.int64) for one in (self.values, other.values))
        return bool(np.array_equal(mine, others))

    @property
    def words(self) -> str:
        """The kind for people."""
        return self.type_name if self.kind == "other" else KIND_WORDS[self.kind]

    def raw(self, name: str) -> RawColumn:
        """For a preparation to be fitted on; only of a usable column."""
        assert self.values is not None
        kind: Any = self.kind
        return RawColumn(name, kind, self.values, self.levels, self.date_format)


def read_typed(column: "pa.ChunkedArray[Any]", *, semicolons: bool = False) -> TypedColumn:
    """Look what an Arrow column of any type holds."""
    column = plain(column)
    kind = column.type
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        values = from_arrow(column)
        return _counted("date", values, np.zeros(len(values), dtype=np.bool_), NumberColumn(None, str(kind)))
    read = read_numbers(column, semicolons=semicolons)
    if read.values is not None:
        truth = pa.types.is_boolean(kind) or (is_text(column) and _is_truth(column))
        return _numbers("boolean" if truth else "number", read, np.zeros(len(read.values), dtype=np.bool_))
    if read.kind in UNCLEAR:
        return TypedColumn("number", None, read, 0, unclear=True)
    if not is_text(column):
        missing = column.null_count
        return TypedColumn("other", None, read, missing, type_name=str(kind))
    if read.kind == "mixed":
        bare, text = read_mostly_numbers(column, semicolons=semicolons)
        given = len(column) - int(missing_mask(trimmed(column)).sum())
        if bare.values is not None and text.sum() <= (1 - MOSTLY) * given:
            return _numbers("number", bare, text)
    form = date_format(column)
    if form:
        values, odd = from_text(column, form)
        return replace(_counted("date", values, odd, read), date_format=form)
    return _category(column, read)


def _is_truth(column: "pa.ChunkedArray[Any]") -> bool:
    """Whether a text that was read as numbers was so as "true" and "false"."""
    lower = pc.utf8_lower(trimmed(column))
    return bool(pc.any(pc.is_in(lower, value_set=pa.array(["true", "false"], type=lower.type))).as_py())


def _numbers(kind: ColumnKind, read: NumberColumn, text: npt.NDArray[np.bool_]) -> TypedColumn:
    assert read.values is not None
    values = read.values
    if len(values) and not text.any():
        low, high = float(values.min()), float(values.max())  # NaN where there is one
        if -FLOAT32_MAX <= low <= high <= FLOAT32_MAX:  # the way of almost every column, by two looks at it
            return TypedColumn(kind, values, read, 0)
    with np.errstate(invalid="ignore"):
        wild = np.abs(values) > FLOAT32_MAX
    odd = text | wild
    if wild.any():
        values = np.where(wild, np.nan, values)
    return _counted(kind, values, odd, read)


def _counted(kind: ColumnKind, values: Float64Array, odd: npt.NDArray[np.bool_], read: NumberColumn) -> TypedColumn:
    gaps = np.isnan(values)
    missing, count = int(gaps.sum()) - int(odd.sum()), int(odd.sum())
    if gaps.all():
        return TypedColumn("empty", None, read, len(values))
    at = int(np.argmax(odd)) if count else 0
    return TypedColumn(kind, values, read, missing, odd=count, odd_at=at)


def _category(column: "pa.ChunkedArray[Any]", read: NumberColumn) -> TypedColumn:
    column = trimmed(column)
    gaps = missing_mask(column)
    missing = int(gaps.sum())
    given = len(column) - missing
    if given == 0:
        return TypedColumn("empty", None, read, missing)
    encoded = pc.if_else(pa.chunked_array([pa.array(gaps)]), None, column).combine_chunks().dictionary_encode()
    texts = encoded.dictionary.to_pylist()
    free = len(texts) > min(MOST_LEVELS, max(2, MOST_LEVELS_SHARE * given)) or max(map(len, texts)) > LONGEST_LEVEL
    codes = np.asarray(encoded.indices.to_numpy(zero_copy_only=False), dtype=np.float64)  # NaN where one is missing
    # Where no level is frequent, one feature for all the rare ones would say nothing.
    if free or np.bincount(codes[~gaps].astype(np.int64)).max() < rare_below(len(column)):
        return TypedColumn("text", None, read, missing, len(texts))
    order = sorted(range(len(texts)), key=texts.__getitem__)
    places = np.empty(len(texts), dtype=np.float64)
    places[order] = np.arange(len(texts))
    values = np.full(len(codes), np.nan)
    values[~gaps] = places[codes[~gaps].astype(np.int64)]
    return TypedColumn("category", values, read, missing, levels=tuple(texts[i] for i in order))
