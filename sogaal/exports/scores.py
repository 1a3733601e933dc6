"""Tables of scores, and their CSV."""

import csv
import io
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pa_csv

from sogaal.metrics import flag, outlier_score, rank

# Share of the rows that is flagged unless people choose another.
DEFAULT_SHARE = 0.05
# Rows that are written at a time with all their columns, so that memory holds their text and little more.
PIECE_ROWS = 100_000


def scores_table(
    ids: npt.NDArray[Any],
    y: npt.NDArray[Any] | None,
    logits: npt.NDArray[np.floating[Any]],
    share: float = DEFAULT_SHARE,
    flags: npt.NDArray[np.int8] | None = None,
) -> pd.DataFrame:
    """All rows in the table's order, a column each for id, label (where ``y`` is given), outlier score, rank and flag.

    ``logits`` (n,): lower = more abnormal. rank: 1 = most abnormal. flag: 1 for the ``share`` most abnormal rows
    (0 < share <= 1, rounded up to whole rows), else 0; or as ``flags`` (n,) says. ValueError for another share.
    """
    return scores_rows(ids, y, logits, rank(logits), flag(logits, share) if flags is None else flags)


def scores_rows(
    ids: npt.NDArray[Any],
    y: npt.NDArray[Any] | None,
    logits: npt.NDArray[np.floating[Any]],
    ranks: npt.NDArray[np.int64],
    flags: npt.NDArray[np.int8],
) -> pd.DataFrame:
    """Some rows of :func:`scores_table`, with ranks and flags that were taken over the whole table."""
    columns: dict[str, Any] = {"id": ids}
    if y is not None:
        columns["label"] = y
    columns |= {"outlier_score": outlier_score(logits), "rank": ranks, "flag": flags}
    return pd.DataFrame(columns)


def with_reasons(table: pd.DataFrame, explained: Callable[[npt.NDArray[np.int64]], list[str]]) -> pd.DataFrame:
    """Rows of :func:`scores_table` with one more column, ``reason``: why each flagged row is, empty for the others.

    ``explained``: the texts for the flagged rows, whose places (m,) in the table it gets.
    """
    flagged = np.flatnonzero(table["flag"].to_numpy())
    texts = np.full(len(table), "", dtype=object)
    texts[flagged] = explained(flagged)
    return table.assign(reason=texts)


def scores_csv(table: pd.DataFrame, header: bool = True) -> bytes:
    """Rows of :func:`scores_table` as UTF-8 CSV; scores have nine decimals, the rank tells apart what looks equal."""
    rounded = table.assign(outlier_score=table["outlier_score"].round(9))
    # By this thread: the end of a run may be written while the interpreter goes away, and takes no others any more.
    content = pa.Table.from_pandas(rounded, preserve_index=False, nthreads=1)
    try:
        lines = _csv(content, "none")
    except pa.ArrowInvalid:  # an id or label with a comma, a quote or a line break in it
        lines = _csv(content, "needed")
    return _header(table) + lines if header else lines


def _header(table: pd.DataFrame) -> bytes:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(table.columns)
    return line.getvalue().encode()


def scores_with_columns(table: pd.DataFrame, columns: Callable[[slice], Mapping[str, npt.NDArray[Any]]]) -> bytes:
    """Rows of :func:`scores_table` with the table's own columns behind, as CSV; a missing value is an empty cell.

    ``columns``: the values of rows that follow one another, which it is asked for piece by piece. A column that is
    called as one of the scores has "(table)" behind its name.
    """
    pieces = []
    for start in range(0, len(table), PIECE_ROWS):
        rows = slice(start, start + PIECE_ROWS)
        own = {f"{name} (table)" if name in table else name: values for name, values in columns(rows).items()}
        piece = table.iloc[rows].reset_index(drop=True)
        pieces.append(scores_csv(pd.concat([piece, pd.DataFrame(own)], axis=1), header=start == 0))
    return b"".join(pieces)


def _csv(table: pa.Table, quoting: str) -> bytes:
    # Arrow, because pandas takes ten times as long, and millions of rows are usual.
    sink = pa.BufferOutputStream()
    pa_csv.write_csv(table, sink, pa_csv.WriteOptions(include_header=False, quoting_style=quoting))
    return bytes(sink.getvalue())
