"""The pictures of drift: what is drawn, in which order, and that names cannot be markup."""

import numpy as np

from sogaal import figures


def test_the_most_distant_come_first_and_the_rest_is_counted() -> None:
    features = [(f"x{i}", 0.5 - i / 100, 0.42, i == 2) for i in range(20)]
    info = figures.drift_bars_info(features)
    assert info.names == tuple(f"x{i}" for i in range(12))
    assert info.left_out == 8
    np.testing.assert_array_equal(info.moved, [i < 8 and i != 2 for i in range(12)])  # the third moves by itself
    spec = figures.drift_bars_spec(info, chosen=1)
    assert spec["layout"]["yaxis"]["ticktext"][:2] == ["x0", "<b>x1</b>"]
    assert list(spec["data"][0]["customdata"]) == list(range(12))


def test_a_name_is_no_markup() -> None:
    spec = figures.drift_bars_spec(figures.drift_bars_info([("<a href='x'>&</a>", 0.1, 0.2, False)]))
    assert spec["layout"]["yaxis"]["ticktext"] == ["&lt;a href='x'>&amp;&lt;/a>"]


def test_classes_are_labelled_by_their_ends() -> None:
    info = figures.drift_classes_info([(1.0, 0.5, 0.25), (2.5, 0.3, 0.25), (9.0, 0.2, 0.5)])
    assert info.labels == ("≤ 1", "– 2.5", "> 2.5")
    np.testing.assert_allclose(info.new, [0.25, 0.25, 0.5])
    assert figures.drift_classes_info([(7.0, 1.0, 1.0)]).labels == ("≤ 7",)
    assert figures.drift_classes_info([]).labels == ()
    spec = figures.drift_classes_spec(info)
    assert [bars["name"] for bars in spec["data"]] == ["training", "new rows"]


def test_levels_are_labelled_by_their_names_and_the_rest_left_out() -> None:
    classes = [(f"<{i}>", 0.05, 0.05 + i / 1000) for i in range(20)]
    info = figures.drift_classes_info(classes)
    assert info.labels == tuple(f"&lt;{i}>" for i in range(10, 20))
    np.testing.assert_allclose(info.new, [0.05 + i / 1000 for i in range(10, 20)])


def test_days_are_labelled_as_dates() -> None:
    origin = 20_000 * 86_400.0  # 2024-10-04
    info = figures.drift_classes_info([(-1.0, 0.5, 0.0), (3.5, 0.3, 0.0), (90.0, 0.2, 1.0)], origin)
    assert info.labels == ("≤ 2024-10-03", "– 2024-10-07", "> 2024-10-07")
