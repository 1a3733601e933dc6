"""Labels as people write them, turned into 1 = outlier and 0 = inlier.

The rule, in this order:
1. 0 and 1: 1 is an outlier. -1 and 1: -1 is an outlier, as in scikit-learn.
2. Words for one side or the other (`OUTLIER_WORDS`, `INLIER_WORDS`), without regard to case.
3. Any other two values: the rarer one is the outlier, and a note says so; two equally frequent ones are refused.

Where nobody names the label column, one of `LABEL_NAMES` is taken, else the first that sounds like a flag for outliers
("is_fraud") and holds two values.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sogaal.data.dataset import Int8Array
from sogaal.data.numbers import FILL_MISSING, MISSING, is_text, plain, trimmed
from sogaal.errors import DataError

LABEL_NAMES = ("label", "y", "class", "outlier", "target")
# Written with any blanks, hyphens and underscores. Some tables have a share or a score under such a name, so that a
# column with more or fewer than two values is an ordinary feature.
_FLAG_NAMES = frozenset(("fraud", "isfraud", "anomaly", "isanomaly", "isoutlier"))

OUTLIER_WORDS = frozenset(
    "out outlier outliers o anomaly anomalous abnormal attack fraud yes y true t positive pos malignant".split()
)
INLIER_WORDS = frozenset("nor normal in inlier inliers n i regular legitimate benign no false f negative neg".split())
# A column merely found by its name with more values than this, all numbers, is a feature (a "y" coordinate, say).
MOST_LABEL_VALUES = 10


def is_flag_name(name: str) -> bool:
    """Whether a column's name sounds like a flag for outliers: "fraud", "is_fraud", "Is Outlier", "isAnomaly"."""
    return re.sub(r"[\s_-]+", "", name).lower() in _FLAG_NAMES


def label_candidates(names: Sequence[str]) -> tuple[int, ...]:
    """Positions of the columns that may hold the labels by their names, the likeliest first."""
    lower = [name.lower() for name in names]
    usual = [lower.index(name) for name in LABEL_NAMES if name in lower][:1]
    return (*usual, *(i for i, name in enumerate(names) if is_flag_name(name)))


@dataclass(frozen=True)
class Labels:
    """y: int8 (n,), or None if the column is an ordinary feature after all; notes: what people should know."""

    y: Int8Array | None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class LabelColumn:
    """A column of labels before it is understood: where it stands and how it was chosen.

    asked: the caller named it (or the format fixes it); otherwise only its name suggested it.
    place: turns a 0-based row into words, such as "line 7".
    """

    filename: str
    name: str
    values: "pa.ChunkedArray[Any]"
    place: Callable[[int], str]
    asked: bool

    def read(self) -> Labels:
        """Apply the rule at the top of this file; raises DataError where it cannot be applied."""
        column = plain(self.values)
        column = trimmed(column if is_text(column) else _as_text(column))
        encoded = pc.utf8_lower(column).combine_chunks().dictionary_encode()
        words, codes = _merge_spellings(encoded.dictionary.to_pylist(), encoded.indices.to_numpy())
        present = [word for word in words if word not in MISSING]
        flag = not self.asked and is_flag_name(self.name)
        if flag and len(present) != 2:
            return Labels(None, (self._feature_note(len(present), "values"),))
        if not self.asked and len(present) > MOST_LABEL_VALUES and all(_number(word) is not None for word in present):
            return Labels(None, (self._feature_note(len(present), "numbers"),))
        self._refuse_missing(words, codes)
        counts = np.bincount(codes, minlength=len(words))
        if len(words) != 2:
            raise DataError(self._not_two(words, counts))
        outlier, notes = self._outlier_word(words, counts)
        y = (codes == words.index(outlier)).astype(np.int8)
        found = (f"Column {self.name!r} was taken for the labels because of its name; it is not trained on.",)
        return Labels(y, (*(found if flag else ()), *notes, *self._majority_note(y, outlier)))

    @property
    def _where(self) -> str:
        return f"{self.filename}: label column {self.name!r}"

    def _feature_note(self, count: int, of: str) -> str:
        got = f"{count:,} different {of}" if count != 1 else "one value only"
        return (
            f"Column {self.name!r} has the name of a label column but {got}, so it was read as "
            f"a feature. Name it as the label column if it holds labels."
        )

    def _refuse_missing(self, words: list[str], codes: npt.NDArray[np.int64]) -> None:
        bad = np.isin(codes, [i for i, word in enumerate(words) if word in MISSING])
        if bad.any():
            raise DataError(
                f"{self._where} must have a value in every row, but {_values(int(bad.sum()))} missing, "
                f"the first in {self.place(int(np.argmax(bad)))}. {FILL_MISSING}"
            )

    def _not_two(self, words: list[str], counts: npt.NDArray[np.int64]) -> str:
        order = np.argsort(-counts, kind="stable")
        shown = ", ".join(f"{words[i]} ({counts[i]:,} rows)" for i in order[:5]) + (", ..." if len(words) > 5 else "")
        text = f"{self._where} must have exactly two values, one for outliers, got {len(words):,}: {shown}."
        if not self.asked:
            text += " It was taken for the labels because of its name; name another one, or '' if there are none."
        return text

    def _outlier_word(self, words: list[str], counts: npt.NDArray[np.int64]) -> tuple[str, tuple[str, ...]]:
        """The value that marks outliers, and notes."""
        pair = set(words)
        if pair == {"0", "1"}:
            return "1", ()
        if pair == {"-1", "1"}:
            return "-1", (f"Labels of column {self.name!r}: -1 marks outliers and 1 inliers, as in scikit-learn.",)
        out, normal = pair & OUTLIER_WORDS, pair & INLIER_WORDS
        if len(out) == 1 and len(normal) <= 1:
            return out.pop(), ()
        if len(normal) == 1 and not out:
            return (pair - normal).pop(), ()
        if counts[0] == counts[1]:
            raise DataError(
                f"{self._where} has the values {words[0]!r} and {words[1]!r}, each in {counts[0]:,} rows, so the rarer "
                f"one cannot mark the outliers; write 1 for outliers and 0 for inliers."
            )
        rarer = int(np.argmin(counts))
        note = (
            f"Labels of column {self.name!r}: {words[rarer]!r} ({counts[rarer]:,} rows) was taken to mark outliers, "
            f"because it is rarer than {words[1 - rarer]!r} ({counts[1 - rarer]:,} rows)."
        )
        return words[rarer], (note,)

    def _majority_note(self, y: Int8Array, outlier: str) -> tuple[str, ...]:
        share = float(y.mean())
        if share <= 0.5:
            return ()
        return (
            f"Labels of column {self.name!r} call {share:.0%} of the rows outliers ({outlier!r}). "
            f"Check that they are not the wrong way round.",
        )


def _values(count: int) -> str:
    return "1 value is" if count == 1 else f"{count:,} values are"


def _as_text(column: "pa.ChunkedArray[Any]") -> "pa.ChunkedArray[Any]":
    """Numbers and truth values as strings; other types (dates, lists) by their printed form."""
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.int8())
    try:
        return column.cast(pa.large_string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        values = [None if value is None else str(value) for value in column.to_pylist()]
        return pa.chunked_array([pa.array(values, type=pa.large_string())])


def _number(word: str) -> float | None:
    try:
        return float(word)
    except ValueError:
        return None


def _merge_spellings(words: list[str], codes: npt.NDArray[np.integer[Any]]) -> tuple[list[str], npt.NDArray[np.int64]]:
    """Different spellings of a number ("1", "1.0", "+1") become one value, and missing ones become ''."""
    merged: dict[str, int] = {}
    new_code = np.empty(len(words), dtype=np.int64)
    for i, word in enumerate(words):
        number = _number(word)
        shown = "" if word in MISSING else word if number is None else f"{number:.12g}"
        new_code[i] = merged.setdefault(shown, len(merged))
    return list(merged), new_code[codes]
