"""The history as CSV and Parquet, read back by pandas and pyarrow."""

import io

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pa_parquet
import pytest

from sogaal.exports import history_csv, history_parquet, history_table
from sogaal.history import History, HistoryView
from tests.exports_layer.trained import trained

TIMES = (np.array([3, 9], dtype=np.int64), np.array([0.1, 1 / 3]))


def bits(frame: pd.DataFrame) -> dict[str, bytes]:
    return {name: frame[name].to_numpy().tobytes() for name in frame.columns}


def test_the_table_has_a_row_for_each_step() -> None:
    view = trained("onecluster").history.view()
    table = history_table(view, TIMES)
    assert list(table) == ["step", "d_loss", "g_loss", "d_real", "d_fake", "auc", "average_precision",
                           "precision_at_n", "spread", "seconds"]  # fmt: skip
    assert list(table["step"]) == list(range(1, view.steps + 1))
    np.testing.assert_array_equal(table["d_loss"], view.d_loss)
    evaluated = table.dropna(subset="spread")
    np.testing.assert_array_equal(evaluated["step"], view.eval_step)
    np.testing.assert_array_equal(evaluated["auc"], view.auc)
    assert table.dropna(subset="seconds")[["step", "seconds"]].to_numpy().tolist() == [[3, 0.1], [9, 1 / 3]]


def test_sub_generators_have_columns() -> None:
    view = trained("wine", "mo-gaal").history.view()
    table = history_table(view)
    names = [f"sub_g_loss_{i}" for i in (1, 2, 3, 4)]
    np.testing.assert_array_equal(table[names].to_numpy(), view.sub_g_loss)


def awkward() -> HistoryView:
    """Numbers whose digits are easily lost."""
    rng = np.random.default_rng(0)
    history = History(3)
    values = rng.integers(0, 2**31, (500, 7), dtype=np.uint32).view(np.float32)
    values = np.where(np.isfinite(values), values, np.float32(1e-45))
    history.add_steps({"d_loss": values[:, 0], "g_loss": values[:, 1], "sub_g_loss": values[:, 2:5],
                       "d_real": values[:, 5], "d_fake": values[:, 6]})  # fmt: skip
    doubles = np.append(rng.random(98) ** 40, [5e-324, 1.7976931348623157e308])
    history.add_evaluations({"eval_step": np.arange(5, 501, 5)[-100:], "auc": np.full(100, np.nan),
                             "average_precision": doubles, "precision_at_n": doubles[::-1],
                             "spread": np.sqrt(doubles)})  # fmt: skip
    return history.view()


@pytest.mark.parametrize("view", [awkward(), trained("wine", "mo-gaal").history.view()], ids=["awkward", "run"])
def test_csv_and_parquet_come_back_to_the_bit(view: HistoryView) -> None:
    table = history_table(view, TIMES)
    types = {name: str(kind) for name, kind in table.dtypes.items()}
    assert types["d_loss"] == "float32"
    assert types["spread"] == "float64"
    csv, parquet = history_csv(view, TIMES), history_parquet(view, TIMES)
    assert b"\r" not in csv
    exact = {} if int(pd.__version__.split(".")[0]) >= 3 else {"float_precision": "round_trip"}
    by_pandas = pd.read_csv(io.BytesIO(csv), dtype=types, **exact)
    assert bits(by_pandas) == bits(table)
    assert bits(pd.read_parquet(io.BytesIO(parquet))) == bits(table)
    arrow = pa_parquet.read_table(io.BytesIO(parquet))
    assert bits(arrow.to_pandas()) == bits(table)
    assert arrow["auc"].null_count == int(table["auc"].isna().sum())
    kinds = {name: pa.type_for_alias(kind) for name, kind in types.items()}
    by_arrow = pa_csv.read_csv(io.BytesIO(csv), convert_options=pa_csv.ConvertOptions(column_types=kinds))
    assert bits(by_arrow.to_pandas()) == bits(table)


def test_a_run_before_its_first_step() -> None:
    view = History(1).view()
    assert history_csv(view).count(b"\n") == 1
    assert len(pd.read_parquet(io.BytesIO(history_parquet(view)))) == 0
