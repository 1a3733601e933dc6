import base64
import json

import numpy as np
import plotly.graph_objects as go
import pytest

from sogaal import figures
from sogaal.figures.spec import smallest_int
from sogaal.planes import feature_plane
from tests.figures.runs import frame, history, table


def live(view=None, seed=0, layers=figures.DEFAULT_LAYERS, known=(frozenset(), frozenset()), steps=6000):
    """One update of the two live figures: their messages, and the names that the browser knows afterwards."""
    X, y = table(1000, 20)
    scene = figures.make_scene(X, y, feature_plane(X, 0, 1, ("a", "b")))
    info = figures.plane_info(scene, frame(m=300, seed=seed), view=view)
    curves = figures.curves_info(history(steps, seed=seed), total_steps=steps, stop_step=2002)
    plane, plane_names = figures.pack(figures.plane_spec(info, layers=layers), known[0])
    lines, line_names = figures.pack(figures.curves_spec(curves), known[1])
    return plane, lines, (plane_names, line_names)


def arrays(value):
    """All array entries of an unpacked message."""
    if isinstance(value, dict):
        if "bdata" in value or "ref" in value:
            yield value
        else:
            for item in value.values():
                yield from arrays(item)
    elif isinstance(value, list):
        for item in value:
            yield from arrays(item)


@pytest.mark.parametrize("dtype", ["f4", "f8", "i1", "i2", "i4", "u1", "u2", "u4"])
def test_arrays_travel_as_plotly_reads_them(dtype):
    values = np.arange(200).astype(dtype).reshape(20, 10)
    text, names = figures.pack({"data": [{"z": values}], "layout": {}})
    packed = json.loads(text)["data"][0]["z"]
    assert packed["dtype"] == dtype
    assert packed["shape"] == "20, 10"
    assert (np.frombuffer(base64.b64decode(packed["bdata"]), dtype=dtype).reshape(20, 10) == values).all()
    assert names == ({packed["name"]} if "name" in packed else frozenset())


def test_an_array_the_browser_has_is_sent_by_name():
    spec = {"data": [{"x": np.arange(500, dtype=np.float32), "y": np.arange(3, dtype=np.float32)}], "layout": {}}
    first, known = figures.pack(spec)
    second, names = figures.pack(spec, known)
    assert names == known
    assert json.loads(second)["data"][0]["x"] == {"ref": next(iter(known))}
    assert "bdata" in json.loads(second)["data"][0]["y"]
    assert len(second) < 0.1 * len(first)


def test_an_array_that_stands_twice_is_sent_once():
    x = np.arange(500, dtype=np.float32)
    text, names = figures.pack({"data": [{"x": x}, {"x": x.copy()}], "layout": {}})
    kinds = ["ref" in entry for entry in arrays(json.loads(text))]
    assert kinds == [False, True]
    assert len(names) == 1


def test_names_tell_type_and_shape_apart():
    zeros = np.zeros(400, dtype=np.float32)
    spec = {"data": [{"a": zeros, "b": zeros.view(np.int32), "c": zeros.reshape(20, 20)}], "layout": {}}
    _, names = figures.pack(spec)
    assert len(names) == 3


def test_a_plotly_figure_is_packed_like_its_spec():
    figure = go.Figure(go.Scatter(x=np.arange(500, dtype=np.float32), y=[1, 2])).update_layout(template="none")
    text, names = figures.pack(figure)
    assert len(names) == 1
    assert json.loads(text)["data"][0]["y"] == [1, 2]
    assert len(figures.pack(figure, names)[0]) < len(text) / 2


@pytest.mark.parametrize("bad", [np.array(["a"]), np.arange(3), np.array([1, 2], dtype=object)])
def test_arrays_that_browsers_cannot_read_are_refused(bad):
    with pytest.raises(TypeError, match="an array in a figure must be"):
        figures.pack({"data": [{"x": bad}], "layout": {}})


@pytest.mark.parametrize(("top", "dtype"), [(255, np.uint8), (256, np.uint16), (65536, np.int32)])
def test_whole_numbers_are_as_narrow_as_they_can_be(top, dtype):
    assert smallest_int(np.array([0, top])).dtype == dtype


@pytest.mark.parametrize("layers", [figures.DEFAULT_LAYERS, tuple(figures.LAYERS)])
def test_a_live_update_of_both_figures_is_under_60_kB(layers):
    plane, lines, known = live(layers=layers)
    assert len(plane) + len(lines) < 70_000
    plane, lines, _ = live(seed=1, layers=layers, known=known)
    assert len(plane) + len(lines) < 60_000


def test_real_points_are_sent_once():
    plane, _, known = live()
    again, _, _ = live(seed=1, known=known)
    real = [t for t in json.loads(again)["data"] if t["name"].startswith("real")]
    assert [set(t[axis]) for t in real if t["name"] == "real inliers" for axis in ("x", "y", "customdata")] == [
        {"ref"}
    ] * 3
    assert "ref" in next(t for t in json.loads(again)["data"] if t["name"].startswith("potential"))["ids"]
    assert len(again) < len(plane)


def test_no_list_in_a_live_figure_is_longer_than_a_handful():
    def longest(value):
        if isinstance(value, dict):
            return max([0, *(longest(item) for item in value.values())])
        if isinstance(value, list):
            return max([len(value), *(longest(item) for item in value)])
        return 0

    plane, lines, _ = live(layers=tuple(figures.LAYERS))
    assert max(longest(json.loads(text)) for text in (plane, lines)) <= 12


def test_no_chart_offers_to_send_its_data_away():
    assert figures.CONFIG["showSendToCloud"] is False
    assert figures.CONFIG["plotlyServerURL"] == ""
    page = figures.curves_figure(figures.curves_info(history(), total_steps=9)).to_html(
        include_plotlyjs=False, config=figures.CONFIG
    )
    assert '"showSendToCloud": false' in page
