import json

import numpy as np
import pytest

from sogaal.errors import ConfigError, DataError, ModelError
from sogaal.scaling import Scaler

rng = np.random.default_rng(5)
TABLE = rng.normal([0, 100, -3], [1, 50, 1e-3], size=(200, 3)).astype(np.float32)


def test_minmax_reaches_zero_and_one_in_every_column() -> None:
    scaled = Scaler.fit(TABLE).transform(TABLE)
    assert scaled.dtype == np.float32
    assert scaled.shape == TABLE.shape
    np.testing.assert_array_equal(scaled.min(axis=0), 0)
    np.testing.assert_array_equal(scaled.max(axis=0), 1)
    wide = TABLE.astype(np.float64)
    expected = (wide - wide.min(axis=0)) / (wide.max(axis=0) - wide.min(axis=0))
    np.testing.assert_array_equal(scaled, expected.astype(np.float32))


def test_new_rows_are_scaled_alike_and_not_clipped() -> None:
    scaler = Scaler.fit([[0.0, 10.0], [4.0, 30.0]])
    np.testing.assert_array_equal(scaler.transform([[8.0, 0.0], [1.0, 20.0]]), [[2.0, -0.5], [0.25, 0.5]])


def test_constant_column_becomes_zero_and_is_named() -> None:
    X = np.column_stack([np.full(20, 7.0), np.arange(20.0)])
    scaler = Scaler.fit(X, names=["batch", "width"])
    np.testing.assert_array_equal(scaler.transform(X)[:, 0], 0)
    np.testing.assert_array_equal(scaler.transform([[9.0, 3.0]])[:, 0], 0)
    assert len(scaler.notes) == 1
    assert "batch" in scaler.notes[0]
    assert "width" not in scaler.notes[0]
    assert Scaler.fit(TABLE).notes == []


def test_robust_maps_quantiles_and_does_not_clip() -> None:
    X = np.arange(101.0)[:, None]
    X[100] = 1e6
    scaled = Scaler.fit(X, "robust").transform(X)
    assert scaled[5, 0] == pytest.approx(0, abs=1e-6)
    assert scaled[95, 0] == pytest.approx(1, abs=1e-6)
    assert scaled[0, 0] < 0
    assert scaled[100, 0] > 1000


def test_robust_falls_back_where_the_quantiles_are_equal() -> None:
    X = np.zeros((100, 2))
    X[3, 0] = 5.0
    scaler = Scaler.fit(X, "robust", names=["rare", "never"])
    scaled = scaler.transform(X)
    assert scaled[3, 0] == 1
    assert scaled[4, 0] == 0
    assert len(scaler.notes) == 2
    assert "never" in scaler.notes[0]
    assert "rare" in scaler.notes[1]


def test_none_leaves_values_alone() -> None:
    scaler = Scaler.fit(TABLE, "none")
    np.testing.assert_array_equal(scaler.transform(TABLE), TABLE)
    constant = np.full((5, 1), 7.0)
    np.testing.assert_array_equal(Scaler.fit(constant, "none").transform(constant), constant)
    assert Scaler.fit(constant, "none").notes == []


@pytest.mark.parametrize("method", ["minmax", "robust", "none"])
def test_json_round_trip_is_exact(method: str) -> None:
    X = np.column_stack([TABLE, np.full(200, 0.1)])
    scaler = Scaler.fit(X, method, names=["a", "b", "ü", "d"])
    twin = Scaler.from_dict(json.loads(json.dumps(scaler.to_dict(), allow_nan=False)))
    assert (twin.method, twin.names, twin.notes) == (scaler.method, scaler.names, scaler.notes)
    np.testing.assert_array_equal(twin.center, scaler.center)
    np.testing.assert_array_equal(twin.scale, scaler.scale)
    np.testing.assert_array_equal(twin.median, np.median(X.astype(float), axis=0))
    np.testing.assert_array_equal(twin.transform(X), scaler.transform(X))


def test_scaling_does_not_touch_its_input_and_is_frozen() -> None:
    X = TABLE.astype(np.float64)
    before = X.copy()
    scaler = Scaler.fit(X)
    scaler.transform(X)[:] = 9
    np.testing.assert_array_equal(X, before)
    with pytest.raises(ValueError, match="read-only"):
        scaler.center[0] = 1


def test_no_rows_give_no_rows() -> None:
    assert Scaler.fit(TABLE).transform(np.empty((0, 3))).shape == (0, 3)


def test_wrong_number_of_columns_names_both_numbers() -> None:
    with pytest.raises(DataError, match=r"fitted on 3 columns \(columns x1, x2, x3\), got 2 columns"):
        Scaler.fit(TABLE).transform(TABLE[:, :2])


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_named(bad: float) -> None:
    X = TABLE.copy()
    X[4, 1] = bad
    with pytest.raises(DataError, match="1 is not, the first in row 5, column 'x2'"):
        Scaler.fit(X)
    with pytest.raises(DataError, match="row 5, column 'x2'"):
        Scaler.fit(TABLE).transform(X)


def test_values_that_leave_single_precision_are_named() -> None:
    scaler = Scaler.fit([[0.0], [1e-30]])
    with pytest.raises(DataError, match=r"after scaling, values must fit single precision.*row 2, column 'x1'"):
        scaler.transform([[0.0], [1e30]])


def test_bad_arguments_of_fit() -> None:
    with pytest.raises(ConfigError, match="minmax, robust, none, got 'standard'") as caught:
        Scaler.fit(TABLE, "standard")
    assert caught.value.field == "scaling"
    with pytest.raises(DataError, match=r"shape \(3,\)"):
        Scaler.fit([1.0, 2.0, 3.0])
    with pytest.raises(DataError, match="at least one row"):
        Scaler.fit(np.empty((0, 3)))
    with pytest.raises(DataError, match="3 columns, got 2 names"):
        Scaler.fit(TABLE, names=["a", "b"])
    with pytest.raises(DataError, match="table of numbers"):
        Scaler.fit([["a", "b"]])


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("method", "log", "method must be one of"),
        ("names", [], "names must be"),
        ("names", [1, 2, 3], "names must be"),
        ("center", [0.0], "center must be a list of 3"),
        ("center", [0.0, None, 1.0], "finite numbers"),
        ("center", [0.0, float("nan"), 1.0], "finite numbers"),
        ("scale", [1.0, 0.0, 1.0], "above 0"),
        ("scale", None, "scale must be a list of 3"),
        ("constant", [0, 1, 0], "truth values"),
        ("fallback", "no", "fallback must be a list"),
        ("median", [0.0, 1.0], "median must be a list of 3"),
    ],
)
def test_damaged_record_is_refused(key: str, value: object, said: str) -> None:
    record = Scaler.fit(TABLE).to_dict()
    record[key] = value
    with pytest.raises(ModelError, match=said):
        Scaler.from_dict(record)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(9, 1), (10, 1), (7, 40), (9_001, 3), (9_002, 3)])
def test_a_table_is_neither_changed_nor_scaled_otherwise_by_blocks(shape: tuple[int, int], dtype: type) -> None:
    table = np.random.default_rng(0).normal(5, 3, shape).astype(dtype)
    before, wide = table.copy(), table.astype(np.float64)
    scaler = Scaler.fit(table)
    scaled = scaler.transform(table)
    assert np.array_equal(table, before)
    low, high = wide.min(axis=0), wide.max(axis=0)
    assert np.array_equal(scaled, ((wide - low) / (high - low)).astype(np.float32))
    assert scaler.median is not None
    assert np.array_equal(scaler.median, np.median(wide, axis=0))
