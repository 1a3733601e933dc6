"""Columns that name the rows rather than measure anything: the usual names, and what their values must be like."""

import re
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sogaal.data.numbers import is_text, missing_mask, plain, read_numbers, trimmed

# A column of one of these names has the ids, whatever it holds.
ID_NAMES = ("id", "index", "__index_level_0__")
LONGEST_ID = 200
# Fewer rows may climb by one for another reason.
LEAST_COUNTED = 10
# A name that ends in one of these words only suggests ids; the values must agree (`names_rows`).
_ID_WORDS = frozenset("id uuid guid key nr no row".split())
_BETWEEN_WORDS = re.compile(r"[\W_]+|(?<=[a-z0-9])(?=[A-Z])")


def sounds_like_ids(name: str) -> bool:
    """Whether the last word of a column's name is one for ids: transaction_id, "Customer ID", PassengerId, row."""
    words = [word for word in _BETWEEN_WORDS.split(name) if word]
    return bool(words) and words[-1].lower() in _ID_WORDS


def names_rows(column: "pa.ChunkedArray[Any]", *, semicolons: bool = False) -> bool:
    """Whether the values of a column can name its rows: text or whole numbers, none missing, all different.

    semicolons: as in `sogaal.data.numbers.read_numbers`.
    """
    column = plain(column)
    if pa.types.is_integer(column.type):
        return column.null_count == 0 and _all_differ(column)
    if not is_text(column):
        return False
    column = trimmed(column)
    if missing_mask(column).any() or not _all_differ(column):
        return False
    if (pc.max(pc.utf8_length(column)).as_py() or 0) > LONGEST_ID:
        return False
    numbers = read_numbers(column, semicolons=semicolons)
    if numbers.values is None:
        return numbers.kind in ("text", "mixed")
    return bool(np.all(np.mod(numbers.values, 1) == 0)) if np.isfinite(numbers.values).all() else False


def almost_names_rows(name: str, repeats: int, missing: int, *, least: bool = False) -> str:
    """Words for a column whose name sounds like ids and whose values cannot be: ``repeats`` of them came before,
    ``missing`` are not there; empty where that is no reason. ``least``: not all rows were looked at."""
    if not sounds_like_ids(name) or not repeats + missing:
        return ""
    found = [f"{'at least ' * least}{repeats:,} {'value repeats' if repeats == 1 else 'values repeat'}"] * (repeats > 0)
    found += [f"{missing:,} {'is' if missing == 1 else 'are'} missing"] * (missing > 0)
    return f"looks like an id, but {' and '.join(found)}"


def counts_rows(values: npt.NDArray[np.float64]) -> bool:
    """Whether numbers (n,) climb by one from each row to the next, which hardly anything does that was measured."""
    return len(values) >= LEAST_COUNTED and bool((np.diff(values) == 1).all())


def _all_differ(column: "pa.ChunkedArray[Any]") -> bool:
    return bool(pc.count_distinct(column).as_py() == len(column))
