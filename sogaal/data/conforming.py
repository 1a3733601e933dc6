"""New rows brought to the columns that a model was fitted on: what deviates is handled, counted and told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sogaal.data.columns import RawTable, column_name, listed
from sogaal.data.dataset import Float32Array
from sogaal.data.dates import ISO, date_format, from_arrow, from_text
from sogaal.data.features import one_decimal_sign, wrong_text
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
from sogaal.data.typed import FLOAT32_MAX, UNCLEAR
from sogaal.errors import DataError
from sogaal.preparation import Deviations, Preparation, PreparedColumn, Words
from sogaal.preparation.deviations import MOST_EXAMPLES

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Conformed:
    """Some rows as a model takes them: X float32 (m, d), how they deviate, and what rare and new levels are called.

    ``dates``: the earliest and the latest value of each date column that has one, by its name, in seconds since 1970.
    """

    X: Float32Array
    deviations: Deviations
    words: Words
    dates: Mapping[str, tuple[float, float]] = field(default_factory=dict)


def conform(table: RawTable, preparation: Preparation) -> Conformed:
    """Apply a fitted preparation to a table's columns, found by their names; others are not looked at.

    A column that is not there, a value that is missing, unreadable or of a new category is handled and counted. Raises
    DataError where none of the columns is there, or where numbers could mean two things.
    """
    return _Conforming(table, preparation).done()


class _Conforming:
    def __init__(self, table: RawTable, preparation: Preparation) -> None:
        self.table, self.preparation = table, preparation
        self.deviations = Deviations()
        self.codes: dict[int, npt.NDArray[np.int32]] = {}
        self.texts: dict[int, Sequence[str]] = {}

    def done(self) -> Conformed:
        names = [column_name(self.table, i) for i in range(len(self.table.names))]
        wanted = self.preparation.columns
        if not any(column.name in names for column in wanted):
            shown = listed([column.name for column in wanted])
            raise DataError(
                f"{self.table.filename}: the table must have the columns that the model was fitted on, but lacks all "
                f"of them: {shown}."
            )
        values: list[Float64Array] = []
        read: list[tuple[int, NumberColumn]] = []
        for position, column in enumerate(wanted):
            if column.name not in names:
                self._note(column, "absent", self.table.n, [], self._filled(column))
                values.append(np.full(self.table.n, np.nan))
                continue
            at = names.index(column.name)
            values.append(self._values(position, column, at, read))
        one_decimal_sign(self.table, read)
        words, dates = Words(self.codes, self.texts), self._ranges(values)
        return Conformed(self.preparation.transform(values), self.deviations, words, dates)

    def _ranges(self, values: Sequence[Float64Array]) -> dict[str, tuple[float, float]]:
        found = {}
        for column, given in zip(self.preparation.columns, values, strict=True):
            if column.kind == "date" and not np.isnan(given).all():
                found[column.name] = (float(np.nanmin(given)), float(np.nanmax(given)))
        return found

    def _values(
        self, position: int, column: PreparedColumn, at: int, read: list[tuple[int, NumberColumn]]
    ) -> Float64Array:
        given = plain(self.table.columns[at])
        if column.kind == "category":
            return self._codes(position, column, given)
        if column.kind == "date":
            values, odd = self._dates(column, given)
        else:
            values, odd = self._numbers(at, given, read)
        values = np.where(odd, np.nan, values) if odd.any() else values
        self._note(column, "unreadable", int(odd.sum()), _examples(given, odd), "counted as missing")
        if not (column.indicator or column.filled):
            missing = int(np.isnan(values).sum()) - int(odd.sum())
            self._note(column, "missing", missing, [], f"{self._filled(column)} there")
        return values

    def _numbers(
        self, at: int, given: "pa.ChunkedArray[Any]", read: list[tuple[int, NumberColumn]]
    ) -> tuple[Float64Array, BoolArray]:
        found = read_numbers(given, semicolons=self.table.semicolons)
        odd = np.zeros(len(given), dtype=np.bool_)
        if found.kind == "mixed":
            found, odd = read_mostly_numbers(given, semicolons=self.table.semicolons)
        if found.kind in UNCLEAR:
            raise DataError(wrong_text(self.table, at, found))
        if found.values is None:  # text, dates or lists: no number among them
            missing = missing_mask(trimmed(given)) if is_text(given) else np.asarray(pc.is_null(given).to_numpy())
            return np.full(len(given), np.nan), ~missing
        read.append((at, found))
        with np.errstate(invalid="ignore"):
            return found.values, odd | (np.abs(found.values) > FLOAT32_MAX)

    def _dates(self, column: PreparedColumn, given: "pa.ChunkedArray[Any]") -> tuple[Float64Array, BoolArray]:
        if pa.types.is_timestamp(given.type) or pa.types.is_date(given.type):
            return from_arrow(given), np.zeros(len(given), dtype=np.bool_)
        if not is_text(given):
            return np.full(len(given), np.nan), ~np.asarray(pc.is_null(given).to_numpy(), dtype=np.bool_)
        return from_text(given, column.date_format or date_format(given) or ISO)

    def _codes(self, position: int, column: PreparedColumn, given: "pa.ChunkedArray[Any]") -> Float64Array:
        """The numbers of the levels, -1 of one that is new, NaN where one is missing."""
        texts = trimmed(given if is_text(given) else as_texts(given))
        gaps = missing_mask(texts)
        levels = pa.array(column.levels, type=texts.type)
        found = pc.index_in(texts, value_set=levels).to_numpy()
        codes = np.where(np.isnan(found), -1, found) if found.dtype.kind == "f" else found.astype(np.float64)
        new = (codes < 0) & ~gaps
        done = "counted as rare" if column.rare else "counted as none of those"
        self._note(column, "unseen", int(new.sum()), _examples(texts, new), done)
        if not (column.indicator or column.filled):
            self._note(column, "missing", int(gaps.sum()), [], f"{self._filled(column)} there")
        self._keep_words(position, column, texts, codes, new)
        codes[gaps] = np.nan
        return codes

    def _keep_words(
        self, position: int, column: PreparedColumn, texts: "pa.ChunkedArray[Any]", codes: Float64Array, new: BoolArray
    ) -> None:
        words: list[str] = list(column.levels)
        kept = codes.astype(np.int32)
        if new.any():
            encoded = texts.filter(pa.array(new)).combine_chunks().dictionary_encode()
            kept[new] = np.asarray(encoded.indices.to_numpy(), dtype=np.int32) + len(words)
            words += [word[:100] for word in encoded.dictionary.to_pylist()]
        if new.any() or column.rare:
            self.codes[position], self.texts[position] = kept, words

    def _filled(self, column: PreparedColumn) -> str:
        if column.kind == "category":
            return f"the most frequent value {column.levels[int(column.fill)]!r} was used"
        if column.kind == "date":
            return "the median date was used"
        word = "median" if column.kind == "number" else "most frequent value"
        return f"the {word} {column.fill:.6g} was used"

    def _note(self, column: PreparedColumn, way: Any, count: int, examples: Sequence[str], done: str) -> None:
        self.deviations.add(column.name, column.kind, way, count, examples, done)


def as_texts(column: "pa.ChunkedArray[Any]") -> "pa.ChunkedArray[Any]":
    """A column of any type as people would read it; whole numbers without a point."""
    if pa.types.is_null(column.type):
        return pa.chunked_array([pa.nulls(len(column), pa.large_string())])
    if pa.types.is_boolean(column.type) or pa.types.is_integer(column.type):
        return column.cast(pa.large_string())
    values = [
        None if value is None else f"{value:.12g}" if isinstance(value, float) else str(value)
        for value in column.to_pylist()
    ]
    return pa.chunked_array([pa.array(values, type=pa.large_string())])


def _examples(column: "pa.ChunkedArray[Any]", where: BoolArray) -> list[str]:
    """Some different values of a column at some places."""
    if not where.any():
        return []
    picked = column.filter(pa.array(where))[:1000].to_pylist()
    return list(dict.fromkeys(str(value).strip()[:100] for value in picked))[:MOST_EXAMPLES]


def conform_frame(frame: Any, preparation: Preparation) -> Conformed:
    """:func:`conform` for a pandas data frame."""
    names = [name for name in frame.columns if isinstance(name, str) and name in preparation.names]
    columns = [pa.chunked_array([_arrow(frame[name])]) for name in names]
    table = RawTable("X", tuple(names), columns, place=lambda row: f"row {row + 1}")
    if not names:
        table = RawTable("X", ("",), [pa.chunked_array([pa.nulls(len(frame))])], place=lambda row: f"row {row + 1}")
    return conform(table, preparation)


def _arrow(column: Any) -> "pa.Array[Any]":
    try:
        made = pa.array(column, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError):  # objects of several types
        texts = [None if value is None or value != value else str(value) for value in column.tolist()]
        return pa.array(texts, type=pa.large_string())
    return made.combine_chunks() if isinstance(made, pa.ChunkedArray) else made
