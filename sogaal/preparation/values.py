"""The values that a table had, read back from the features that were made of them: whole columns, for files."""

from typing import Any

import numpy as np
import numpy.typing as npt

from sogaal.preparation.columns import DAY, RARE, PreparedColumn
from sogaal.preparation.pipeline import Preparation
from sogaal.preparation.wording import Filled, Levels

Float32Array = npt.NDArray[np.float32]
Values = npt.NDArray[Any]


def shortest(values: npt.NDArray[np.floating[Any]]) -> list[float]:
    """Numbers (m,) for people: of single precision the shortest decimal that stands for it, .3 and not
    .30000001192092896; others as they are."""
    with np.errstate(over="ignore"):
        single = values.astype(np.float32)
    exact = single.astype(np.float64) == values
    return [
        float(str(short)) if same else float(value) for short, same, value in zip(single, exact, values, strict=True)
    ]


def values_of(preparation: Preparation, X: Float32Array, levels: Levels, filled: Filled) -> dict[str, Values]:
    """The columns of rows (m, features): float32 of numbers, NaN where missing, else texts, None where missing.

    ``levels``, ``filled``: of the same rows, as of `Dataset`. Dates as of
    :func:`sogaal.preparation.wording.value_text`, to the minute where they have hours; a rare level whose name is not
    known any more is "(rare)".
    """
    found: dict[str, Values] = {}
    for column, (first, last) in zip(preparation.columns, preparation.spans, strict=True):
        gaps = filled.get(column.name, np.zeros(len(X), dtype=np.bool_))
        if column.indicator:
            gaps = X[:, last - 1] > 0
        made = X[:, first : last - 1 if column.indicator else last]
        if column.kind == "number":
            found[column.name] = np.where(gaps, np.float32(np.nan), made[:, 0])
        elif column.kind == "category":
            found[column.name] = _with_gaps(_levels(column, made, levels.get(column.name)), gaps)
        elif column.kind == "date":
            found[column.name] = _with_gaps(_dates(column, made[:, 0]), gaps)
        else:
            found[column.name] = _with_gaps(np.where(made[:, 0] > 0, "true", "false"), gaps)
    return found


def _with_gaps(texts: Values, gaps: npt.NDArray[np.bool_]) -> Values:
    found = texts.astype(object)
    found[gaps] = None
    return found


def _levels(column: PreparedColumn, made: Float32Array, codes: npt.NDArray[np.int32] | None) -> Values:
    if codes is not None and len(codes) == len(made):
        names = np.array([*column.levels, None], dtype=object)  # the last one for a code of -1
        return np.asarray(names[codes])
    names = np.array([*column.kept, *([RARE] if column.rare else [])], dtype=object)
    return np.asarray(names[made.argmax(axis=1)])


def _dates(column: PreparedColumn, days: Float32Array) -> Values:
    # As :func:`value_text` has them: to the minute, for single precision keeps no more.
    minutes = np.round((column.origin + days.astype(np.float64) * DAY) / 60).astype("datetime64[m]")
    texts = np.datetime_as_string(minutes, unit="m" if "hour" in column.parts else "D")
    return np.asarray(np.strings.replace(texts, "T", " "))
