"""One column of a table as numbers, with an exact account of what is in the way."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Float64Array = npt.NDArray[np.float64]

# What people's files write where there is no value; compared without case and outer blanks.
MISSING = ("", "na", "n/a", "#n/a", "nan", "-nan", "null", "none", "nil", "?")
# What to do about them, at the end of every message that refuses them.
FILL_MISSING = "Missing values: fill them or leave these rows out first."

_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$|^[+-]?([iI][nN][fF](inity)?)$"
_COMMA_NUMBER = r"^[+-]?\d*,\d+([eE][+-]?\d+)?$"
_POINT_NUMBER = r"^[+-]?\d*\.\d+([eE][+-]?\d+)?$"
_THOUSANDS = r"^[+-]?[1-9]\d{0,2}(,\d{3})+$"
# Both signs in one number settle what each means: 1.234,5 or 1,234.5.
_COMMA_GROUPED = r"^[+-]?\d{1,3}(\.\d{3})+,\d+$"
_POINT_GROUPED = r"^[+-]?\d{1,3}(,\d{3})+\.\d+$"
_COMMA_WELL_FORMED = r"^[+-]?(\d{1,3}(\.\d{3})+|\d+)(,\d+)?$|^nan$"
_POINT_WELL_FORMED = r"^[+-]?(\d{1,3}(,\d{3})+|\d+)(\.\d+)?$|^nan$"
# How many of Arrow's units of time make a second.
UNITS = {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9}


@dataclass(frozen=True)
class NumberColumn:
    """What a column turned out to be.

    values: float64 (n,), NaN where a value is missing; None if the column is no column of numbers.
    kind: "number"; "text" (not one number in it) or the type's name, such as "timestamp[us]", where it is left out;
        or what is wrong: "mixed" (numbers and text), "commas and points", "thousands or decimals".
    at: the 0-based row of the first value that is wrong.
    comma: whether its numbers are written with decimal commas.
    grouped: whether they are written with thousands separators.
    """

    values: Float64Array | None
    kind: str = "number"
    at: int = 0
    comma: bool = False
    grouped: bool = False


def is_text(column: "pa.ChunkedArray[Any]") -> bool:
    """Whether an Arrow column holds strings."""
    return bool(pa.types.is_string(column.type) or pa.types.is_large_string(column.type))


def trimmed(column: "pa.ChunkedArray[Any]") -> "pa.ChunkedArray[Any]":
    """A column of strings without outer blanks, nulls as empty strings."""
    return pc.fill_null(pc.utf8_trim_whitespace(column), "")


def plain(column: "pa.ChunkedArray[Any]") -> "pa.ChunkedArray[Any]":
    """A column without dictionary encoding, string views as strings."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_string_view(column.type):
        column = column.cast(pa.large_string())
    return column


def missing_mask(column: "pa.ChunkedArray[Any]") -> npt.NDArray[np.bool_]:
    """True where a trimmed column of strings has one of the spellings of "no value"."""
    found = pc.is_in(pc.utf8_lower(column), value_set=pa.array(MISSING, type=column.type))
    return np.asarray(found.to_numpy(), dtype=np.bool_)


def read_numbers(column: "pa.ChunkedArray[Any]", *, semicolons: bool = False) -> NumberColumn:
    """Read an Arrow column of any type as numbers.

    semicolons: the file separates its fields by semicolons, as spreadsheets do where the comma is the decimal sign;
    "1,234" then is 1.234, and otherwise ambiguous when every comma in the column could separate thousands.
    """
    column = plain(column)
    if is_text(column):
        return _read_text(column, semicolons)
    kind = column.type
    numeric = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    if pa.types.is_duration(kind) or pa.types.is_time(kind):
        return NumberColumn(_to_seconds(column))
    if not (numeric or pa.types.is_boolean(kind) or pa.types.is_null(kind)):
        return NumberColumn(None, str(kind))
    if pa.types.is_boolean(kind):
        column = column.cast(pa.int8())
    return NumberColumn(_to_numpy(column.cast(pa.float64(), safe=False)))


def read_mostly_numbers(
    column: "pa.ChunkedArray[Any]", *, semicolons: bool = False
) -> tuple[NumberColumn, npt.NDArray[np.bool_]]:
    """A "mixed" column of strings with its text left out: the numbers, and where there was text, (n,) each."""
    column = trimmed(plain(column))
    text = ~(_numbers(column) | _matches(column, _COMMA_NUMBER) | missing_mask(column))
    bare = pc.if_else(pa.chunked_array([pa.array(text)]), "", column)
    return read_numbers(bare, semicolons=semicolons), text


def _to_numpy(column: "pa.ChunkedArray[Any]") -> Float64Array:
    return np.asarray(column.to_numpy(), dtype=np.float64)


def _to_seconds(column: "pa.ChunkedArray[Any]") -> Float64Array:
    """Durations and times of day in seconds."""
    parts = UNITS[column.type.unit]
    whole = pa.int32() if pa.types.is_time32(column.type) else pa.int64()
    return _to_numpy(column.cast(whole).cast(pa.float64(), safe=False)) / parts


def _try_cast(column: "pa.ChunkedArray[Any]") -> Float64Array | None:
    try:
        return _to_numpy(column.cast(pa.float64()))
    except pa.ArrowInvalid:
        return None


def _matches(column: "pa.ChunkedArray[Any]", pattern: str) -> npt.NDArray[np.bool_]:
    return np.asarray(pc.match_substring_regex(column, pattern).to_numpy(), dtype=np.bool_)


def _read_text(column: "pa.ChunkedArray[Any]", semicolons: bool) -> NumberColumn:
    values = _try_cast(column)  # the way of almost every column; everything below is for the others
    if values is not None:
        return NumberColumn(values)
    column = trimmed(column)
    missing = missing_mask(column)
    column = pc.if_else(pa.chunked_array([pa.array(missing)]), "nan", column)
    values = _try_cast(column)
    if values is not None:
        return NumberColumn(values)
    truth = _truth_values(column, missing)
    if truth is not None:
        return NumberColumn(truth)
    grouped = _read_grouped(column)
    if grouped is not None:
        return grouped
    commas = _matches(column, _COMMA_NUMBER)
    if commas.any():
        return _read_decimal_commas(column, missing, commas, semicolons)
    return _mixed_or_text(_numbers(column), missing)


def _numbers(column: "pa.ChunkedArray[Any]") -> npt.NDArray[np.bool_]:
    """True where a value would be a number in some convention."""
    return _matches(column, _NUMBER) | _matches(column, _COMMA_GROUPED) | _matches(column, _POINT_GROUPED)


def _truth_values(column: "pa.ChunkedArray[Any]", missing: npt.NDArray[np.bool_]) -> Float64Array | None:
    lower = pc.utf8_lower(column)
    true = np.asarray(pc.equal(lower, "true").to_numpy(), dtype=np.bool_)
    false = np.asarray(pc.equal(lower, "false").to_numpy(), dtype=np.bool_)
    if not (true | false | missing).all():
        return None
    return np.where(missing, np.nan, true.astype(np.float64))


def _read_grouped(column: "pa.ChunkedArray[Any]") -> NumberColumn | None:
    """A column with numbers that have both thousands separators and decimals; None if it is none."""
    for telling, well_formed, comma in (
        (_COMMA_GROUPED, _COMMA_WELL_FORMED, True),
        (_POINT_GROUPED, _POINT_WELL_FORMED, False),
    ):
        if not _matches(column, telling).any():
            continue
        good = _matches(column, well_formed)
        if good.all():
            bare = pc.replace_substring(column, "." if comma else ",", "")
            values = _try_cast(pc.replace_substring(bare, ",", ".") if comma else bare)
            return None if values is None else NumberColumn(values, comma=comma, grouped=True)
        contrary = ~good & (_numbers(column) | _matches(column, _COMMA_NUMBER))
        if contrary.any():
            return NumberColumn(None, "commas and points", int(np.argmax(contrary)))
    return None


def _read_decimal_commas(
    column: "pa.ChunkedArray[Any]",
    missing: npt.NDArray[np.bool_],
    commas: npt.NDArray[np.bool_],
    semicolons: bool,
) -> NumberColumn:
    points = _matches(column, _POINT_NUMBER)
    if points.any():
        rarer = points if points.sum() <= commas.sum() else commas
        return NumberColumn(None, "commas and points", int(np.argmax(rarer)))
    if not semicolons and _matches(column, _THOUSANDS)[commas].all():
        return NumberColumn(None, "thousands or decimals", int(np.argmax(commas)))
    values = _try_cast(pc.replace_substring(column, ",", "."))
    if values is not None:
        return NumberColumn(values, comma=True)
    return _mixed_or_text(_numbers(column) | commas, missing)


def _mixed_or_text(numbers: npt.NDArray[np.bool_], missing: npt.NDArray[np.bool_]) -> NumberColumn:
    if not numbers.any():
        return NumberColumn(None, "text")
    return NumberColumn(None, "mixed", int(np.argmax(~(numbers | missing))))
