"""What plots that lay several runs over one another share: smoothing, the runs' looks, names and letters.

A run has one colour, one dash and one letter in all plots; the letter alone would do, so no plot relies on colour.
"""

from html import escape
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.floating]
DoubleArray = npt.NDArray[np.float64]
Smoothing = Literal["exponential", "moving"]

MAX_RUNS = 8
LETTERS = "ABCDEFGH"
# Okabe and Ito's colours without their yellow, which is hardly seen on white, and two that keep apart from them.
_LIGHT = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#8A5A00", "#56B4E9", "#6A4FA3", "#5F5F5F")
_DARK = ("#3FA7E0", "#F0803C", "#2CC295", "#E39BC4", "#F0B94A", "#A6DDFB", "#B39AD6", "#BDBDBD")
_DASHES = (
    "solid",
    "7px,3px",
    "2px,2px",
    "9px,3px,2px,3px",
    "14px,4px",
    "4px,2px",
    "9px,2px,2px,2px,2px,2px",
    "5px,6px",
)
_NAME_WIDTH = 60


def colour_of(number: int, dark: bool = False) -> str:
    """The colour of the run of that number, from 0; they repeat after eight."""
    return (_DARK if dark else _LIGHT)[number % MAX_RUNS]


def dash_of(number: int) -> str:
    """The dash of the run of that number, as plotly takes it."""
    return _DASHES[number % MAX_RUNS]


def faded(colour: str, opacity: float) -> str:
    """A colour ``#rrggbb`` as ``rgba(...)``."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity:g})"


def lettered(number: int, name: str) -> str:
    """Letter and name as a legend shows them; a name from outside brings no markup, and is cut to one line."""
    words = " ".join(name.split())
    short = words if len(words) <= _NAME_WIDTH else words[: _NAME_WIDTH - 1] + "…"
    return f"<b>{LETTERS[number % MAX_RUNS]}</b>  {escape(short, quote=False)}"


def legend(lines: int, names: int) -> tuple[dict[str, Any], int]:
    """A legend above the plot of so many lines, in columns of one width, and the pixels that it needs there."""
    per_line = max(1, -(-names // max(lines, 1)))
    look = {
        "orientation": "h",
        "x": 0,
        "xanchor": "left",
        "y": 1,
        "yref": "container",
        "yanchor": "top",
        "entrywidth": 0.98 / per_line,
        "entrywidthmode": "fraction",
        "itemwidth": 40,
        "tracegroupgap": 0,
        "font": {"size": 12},
        "bgcolor": "rgba(0,0,0,0)",
    }
    return look, 20 * lines + 6


# -- smoothing -----------------------------------------------------------------------------------------------------


def smooth(values: FloatArray, span: float, method: Smoothing = "exponential") -> DoubleArray:
    """``values`` (n,) smoothed over about ``span`` rows -> (n,) float64; a span of 1 or less leaves them as they are.

    "exponential": the weight of the row i rows ago is (1 - 2 / (span + 1)) ** i, over the sum of the weights so far,
    so that the line does not start at 0. "moving": the mean of ``span`` rows with the row in their middle, of fewer at
    the ends. Rows that are not finite do not count and stay NaN.
    """
    y = np.asarray(values, dtype=np.float64)
    finite = np.isfinite(y)
    if span <= 1 or len(y) < 2:
        return np.where(finite, y, np.nan)
    total, weight = np.where(finite, y, 0.0), finite.astype(np.float64)
    if method == "exponential":
        keep = 1 - 2 / (span + 1)
        total, weight = _decayed_sum(total, keep), _decayed_sum(weight, keep)
    else:
        half = max(1, round((span - 1) / 2))
        total, weight = _window_sum(total, half), _window_sum(weight, half)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(finite, total / weight, np.nan)


def _decayed_sum(values: DoubleArray, keep: float) -> DoubleArray:
    """s[t] = values[t] + keep * s[t - 1], in blocks short enough that keep ** length is no underflow."""
    if keep <= 0:
        return values
    length = int(np.clip(200 / -np.log(keep), 1, 4096))
    powers = keep ** np.arange(length)
    sums = np.empty_like(values)
    carry = 0.0
    for start in range(0, len(values), length):
        block = values[start : start + length]
        falling = powers[: len(block)]
        sums[start : start + length] = falling * (np.cumsum(block / falling) + carry * keep)
        carry = float(sums[min(start + length, len(values)) - 1])
    return sums


def _window_sum(values: DoubleArray, half: int) -> DoubleArray:
    sums = np.concatenate([np.zeros(1), np.cumsum(values)])
    rows = np.arange(len(values))
    return np.asarray(sums[np.minimum(rows + half + 1, len(values))] - sums[np.maximum(rows - half, 0)])
