"""The history of a run as a table: a data frame, CSV, Parquet, each with every number to the very bit."""

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pa_parquet

from sogaal.history import EVALUATION_COLUMNS, HistoryView

Times = tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]


def column_names(n_generators: int, times: bool = False) -> list[str]:
    """The columns of :func:`history_table` in their order; with ``times`` the last one is ``seconds``."""
    subs = [f"sub_g_loss_{i}" for i in range(1, n_generators + 1)] if n_generators > 1 else []
    return ["step", "d_loss", "g_loss", *subs, "d_real", "d_fake", *EVALUATION_COLUMNS[1:], *["seconds"] * times]


def history_table(view: HistoryView, times: Times | None = None) -> pd.DataFrame:
    """A row for each step: ``step`` int64 from 1, ``d_loss``, ``g_loss``, ``sub_g_loss_1`` ... ``sub_g_loss_k`` (only
    where there are several sub-generators), ``d_real``, ``d_fake`` float32; ``auc``, ``average_precision``,
    ``precision_at_n`` and ``spread`` float64, NaN where no evaluation was made or no labels are.

    ``times``: steps (m,) and training seconds (m,) by then; they make a column ``seconds``, NaN between them.
    """
    k = view.sub_g_loss.shape[1]
    columns: dict[str, npt.NDArray[np.generic]] = {
        "step": np.arange(1, view.steps + 1, dtype=np.int64),
        "d_loss": view.d_loss,
        "g_loss": view.g_loss,
        "d_real": view.d_real,
        "d_fake": view.d_fake,
    }
    if k > 1:
        columns |= {f"sub_g_loss_{i + 1}": view.sub_g_loss[:, i] for i in range(k)}
    # A run that diverged may have been evaluated a step beyond those that were recorded.
    kept = view.eval_step <= view.steps
    for name in EVALUATION_COLUMNS[1:]:
        columns[name] = _spread_out(view.eval_step[kept], getattr(view, name)[kept], view.steps)
    if times is not None:
        kept = times[0] <= view.steps
        columns["seconds"] = _spread_out(times[0][kept], times[1][kept], view.steps)
    return pd.DataFrame({name: columns[name] for name in column_names(k, times is not None)})


def _spread_out(steps: npt.NDArray[np.int64], values: npt.NDArray[np.float64], length: int) -> npt.NDArray[np.float64]:
    column = np.full(length, np.nan)
    column[steps - 1] = values
    return column


def history_csv(view: HistoryView, times: Times | None = None) -> bytes:
    """:func:`history_table` as UTF-8 CSV, each number as short as it can be and still be read back exactly.

    NaN is an empty field. (pandas before 3 reads all digits with ``float_precision="round_trip"``.)
    """
    table = _arrow(view, times)
    sink = pa.BufferOutputStream()
    pa_csv.write_csv(table, sink, pa_csv.WriteOptions(include_header=False, quoting_style="none"))
    return (",".join(table.column_names) + "\n").encode() + bytes(sink.getvalue())


def history_parquet(view: HistoryView, times: Times | None = None) -> bytes:
    """:func:`history_table` as a Parquet file with the same types; NaN is null."""
    sink = pa.BufferOutputStream()
    pa_parquet.write_table(_arrow(view, times), sink, compression="zstd")
    return bytes(sink.getvalue())


def _arrow(view: HistoryView, times: Times | None) -> pa.Table:
    return pa.Table.from_pandas(history_table(view, times), preserve_index=False)
