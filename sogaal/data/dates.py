"""Dates as people write them, and as files hold them, in seconds since 1970."""

import re
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from sogaal.data.numbers import UNITS, Float64Array, missing_mask, trimmed

ISO = "ISO8601"
# Tried in this order. Where day and month could be either, no value tells, and the first that fits all is taken.
_DAYS = ("%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d", "%Y.%m.%d", "%d.%m.%y")
_TIMES = ("", " %H:%M", " %H:%M:%S")
FORMATS = (ISO, *(day + time for day in _DAYS for time in _TIMES))
_LIKE_A_DATE = re.compile(r"\d{1,4}[-./]\d{1,2}[-./]\d{1,4}([ T].*)?")
# A column is one of dates if at least this share of its different values is.
LEAST_SHARE = 0.9
_LOOKED_AT = 200


def from_arrow(column: "pa.ChunkedArray[Any]") -> Float64Array:
    """A column of Arrow's dates or timestamps, NaN where one is missing; those without a zone count as UTC."""
    kind = column.type
    if pa.types.is_date(kind):
        column = column.cast(pa.timestamp("s") if pa.types.is_date32(kind) else pa.timestamp("ms"))
    parts = UNITS[column.type.unit]
    whole = column.cast(pa.int64()).cast(pa.float64(), safe=False)
    return np.asarray(whole.to_numpy(), dtype=np.float64) / parts


def date_format(texts: "pa.ChunkedArray[Any]") -> str:
    """How a column of strings writes dates, one of `FORMATS`; empty where it holds no dates."""
    different = pc.unique(trimmed(texts))
    different = different.filter(pa.array(~missing_mask(pa.chunked_array([different]))))
    words = different.to_pylist()
    step = max(1, len(words) // _LOOKED_AT)
    seen = words[::step]
    if not seen or sum(_LIKE_A_DATE.fullmatch(word) is not None for word in seen) < LEAST_SHARE * len(seen):
        return ""
    best = max(FORMATS, key=lambda form: _readable(seen, form))
    if _readable(seen, best) < LEAST_SHARE * len(seen):
        return ""
    fitting = [form for form in FORMATS if _readable(seen, form) == _readable(seen, best)]
    if len(fitting) > 1:  # the sample leaves day and month open
        best = max(fitting, key=lambda form: _readable(words, form))
    return best if _readable(words, best) >= LEAST_SHARE * len(words) else ""


def _readable(words: list[str], form: str) -> int:
    return int(pd.notna(_parsed(words, form)).sum())


def _parsed(words: list[str], form: str) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(pd.to_datetime(pd.Index(words, dtype=object), format=form, errors="coerce", utc=True))


def from_text(texts: "pa.ChunkedArray[Any]", form: str) -> tuple[Float64Array, npt.NDArray[np.bool_]]:
    """Strings as dates, NaN where one is missing, and where there is a text that is no date; (n,) each.

    form: one of `FORMATS`; what is not written so may still be ISO 8601.
    """
    encoded = trimmed(texts).combine_chunks().dictionary_encode()
    words = encoded.dictionary.to_pylist()
    seconds = _seconds(_parsed(words, form))
    if form != ISO:
        other = _seconds(_parsed(words, ISO))
        seconds = np.where(np.isnan(seconds), other, seconds)
    codes = np.asarray(encoded.indices.to_numpy(zero_copy_only=False))
    missing = missing_mask(pa.chunked_array([encoded.dictionary])) if words else np.zeros(0, dtype=np.bool_)
    odd = np.isnan(seconds) & ~missing
    return seconds[codes], odd[codes]


def _seconds(dates: pd.DatetimeIndex) -> Float64Array:
    values = dates.as_unit("us").asi8.astype(np.float64) / 1e6
    values[np.asarray(pd.isna(dates))] = np.nan
    return values
