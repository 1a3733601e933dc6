import numpy as np
import pytest

from sogaal.figures.thin import nice_ceiling, sparkline, thin, thin_many


def test_a_short_line_keeps_every_finite_row():
    y = np.array([1, np.nan, 3, np.inf, 5], dtype=np.float32)
    assert thin(y, 400).tolist() == [0, 2, 4]


@pytest.mark.parametrize("n", [401, 1000, 6000, 99_999])
def test_a_long_line_keeps_its_extremes_and_ends(n):
    y = np.random.default_rng(n).normal(size=n).astype(np.float32)
    y[n // 3], y[2 * n // 3] = 50, -50
    rows = thin(y, 400)
    assert len(rows) <= 402
    assert {0, n // 3, 2 * n // 3, n - 1} <= set(rows.tolist())
    assert (np.diff(rows) > 0).all()


def test_rows_stay_chosen_while_a_line_grows_within_a_doubling():
    y = np.random.default_rng(0).normal(size=6000).astype(np.float32)
    before, after = thin(y[:5120], 400), thin(y[:5632], 400)
    # All but the end that was still growing.
    assert set(before[before < 5088].tolist()) <= set(after.tolist())


def test_values_that_are_not_finite_are_never_chosen():
    y = np.random.default_rng(0).normal(size=5000).astype(np.float32)
    y[100:900], y[2000], y[3000] = np.nan, np.inf, -np.inf
    rows = thin(y, 100)
    assert np.isfinite(y[rows]).all()
    assert not ((rows >= 100) & (rows < 900)).any()
    assert thin(np.full(1000, np.nan, dtype=np.float32), 100).tolist() == []


def test_many_lines_share_rows_and_keep_each_extreme():
    lines = np.random.default_rng(0).normal(size=(3000, 4)).astype(np.float32)
    lines[1234, 2], lines[77, 3] = 40, -40
    rows, values = thin_many(lines, 100)
    assert len(rows) <= 100
    assert values.shape == (len(rows), 4)
    assert values[:, 2].max() == 40
    assert values[:, 3].min() == -40
    assert abs(rows[values[:, 2].argmax()] - 1234) <= 64


def test_many_lines_have_gaps_where_nothing_is_finite():
    lines = np.ones((2000, 2), dtype=np.float32)
    lines[:, 1] = np.nan
    _, values = thin_many(lines, 50)
    assert np.isnan(values[:, 1]).all()
    assert (values[:, 0] == 1).all()


def test_sparkline_is_short_plain_and_ends_at_the_last_value():
    y = np.linspace(0, 1, 10_000)
    y[5] = np.nan
    line = sparkline(y, 60)
    assert len(line) == 60
    assert all(type(value) is float for value in line)
    assert line[-1] == 1.0
    assert line == sorted(line)
    assert sparkline(np.array([np.nan])) == []


@pytest.mark.parametrize(("values", "top"), [([0.7], 1.0), ([0.99], 1.5), ([1.2], 1.5), ([8.0], 10.0), ([21.0], 30.0)])
def test_a_nice_ceiling_leaves_a_little_air(values, top):
    assert nice_ceiling(values) == top


def test_a_nice_ceiling_ignores_what_is_not_finite():
    assert nice_ceiling([np.nan, np.inf, 0.3]) == 1.0
    assert nice_ceiling([]) == 1.0
