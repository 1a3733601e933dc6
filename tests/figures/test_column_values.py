"""One column's values and one row's among them."""

import numpy as np
import pytest

from sogaal import figures


def test_the_frequent_levels_have_bars_and_the_rows_own_has_one_wherever_it_stands() -> None:
    names, counts = tuple("abcdefghij"), (40, 20, 10, 8, 7, 5, 4, 3, 2, 1)
    info = figures.levels_info("colour", names, counts, 100, "b", most=4)
    assert info.names == ("a", "b", "c", "7 others")
    assert info.own == 1
    assert info.shares.tolist() == pytest.approx([0.4, 0.2, 0.1, 0.3])
    info = figures.levels_info("colour", names, counts, 100, "j", most=4)
    assert info.names == ("a", "b", "j", "7 others")
    assert (info.own, info.shares[2]) == (2, 0.01)
    assert info.shares.sum() == pytest.approx(1)
    info = figures.levels_info("colour", names[:3], counts[:3], 70, "pink", most=4)
    assert (info.names, info.own) == (("a", "b", "c"), None)


def test_the_rows_own_bar_is_told_by_more_than_colour() -> None:
    info = figures.levels_info("<b>", ("red", "</script>"), (99, 1), 100, "</script>")
    spec = figures.column_values_spec(info)
    (bars,) = spec["data"]
    assert bars["text"] == ["99.0 %", "1.0 %, this row"]
    assert bars["marker"]["color"][0] != bars["marker"]["color"][1]
    assert bars["marker"]["pattern"]["shape"] == ["", "/"]
    assert spec["layout"]["yaxis"]["ticktext"] == ["red", "&lt;/script&gt;"]
    assert "&lt;b&gt;" in spec["layout"]["annotations"][0]["text"]


@pytest.mark.parametrize("dark", [False, True])
def test_a_number_lies_in_the_histogram_of_all(dark: bool) -> None:
    numbers = np.random.default_rng(0).normal(size=500)
    info = figures.numbers_info("age", numbers, 1.5)
    assert info.counts.sum() == 500
    spec = figures.column_values_spec(info, dark=dark)
    figures.pack(spec)
    (rule,) = spec["layout"]["shapes"]
    assert rule["x0"] == rule["x1"] == 1.5
    assert figures.numbers_info("same", np.ones(5), None).counts.sum() == 5
    assert "shapes" not in figures.column_values_spec(figures.numbers_info("same", np.ones(5), None))["layout"]


def test_dates_are_drawn_on_an_axis_of_dates() -> None:
    days = np.arange(100) * 86_400.0
    spec = figures.column_values_spec(figures.numbers_info("when", days, days[3], dates=True))
    assert spec["layout"]["xaxis"]["type"] == "date"
    assert spec["layout"]["shapes"][0]["x0"] == 1000 * days[3]
