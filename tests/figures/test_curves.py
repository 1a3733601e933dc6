from itertools import pairwise

import numpy as np
import pytest

from sogaal import figures
from sogaal.figures.losses import LN2, loss_ticks
from sogaal.figures.stack import End, spread_out
from sogaal.history import History
from tests.figures.runs import history


def test_losses_start_at_step_one_and_end_at_the_last():
    view = history(1000)
    info = figures.losses_info(view, total_steps=3000, stop_step=600)
    assert info.d.steps[0] == 1
    assert info.d.steps[-1] == 1000
    assert info.d.last == pytest.approx(float(view.d_loss[-1]))
    assert len(info.d.steps) <= 402
    assert (info.last_step, info.total_steps, info.stop_step) == (1000, 3000, 600)


def test_a_spike_in_the_loss_is_drawn_and_fits():
    view = history(5000)
    losses = view.g_loss.copy()
    losses[4321] = 6.5
    record = History(1)
    record.add_steps(
        {"d_loss": view.d_loss, "g_loss": losses, "sub_g_loss": losses[:, None], "d_real": losses, "d_fake": losses}
    )
    info = figures.losses_info(record.view(), total_steps=5000)
    at = int(info.g.values.argmax())
    assert (info.g.steps[at], info.g.values[at]) == (4322, np.float32(6.5))
    assert info.top == 7.5


def test_one_generator_has_no_faint_lines_and_ten_have_theirs_in_one_trace():
    assert len(figures.losses_info(history(), total_steps=1000).sub.values) == 0
    info = figures.losses_info(history(k=10), total_steps=1000)
    assert set(info.sub_owner.tolist()) == set(range(10))
    assert np.isnan(info.sub.values).sum() == 10
    counts = {len(figures.losses_spec(figures.losses_info(history(k=k), total_steps=9))["data"]) for k in (1, 10)}
    assert counts == {3}


def test_the_auc_is_marked_where_G_stopped_and_where_it_was_best():
    view = history(1000, every=10)
    info = figures.auc_info(view, total_steps=1000, stop_step=605)
    assert info.at_stop.step == 610
    assert info.at_stop.value == view.auc[60]
    assert info.best.value == view.auc.max()
    assert info.best.step == view.eval_step[view.auc.argmax()]
    assert figures.auc_info(view, total_steps=2000, stop_step=1500).at_stop is None
    assert figures.auc_info(view, total_steps=2000).at_stop is None


def test_the_auc_axis_falls_only_when_the_auc_does():
    assert figures.auc_info(history(), total_steps=1000).low == 0.5
    view = history()
    record = History(1)
    low = view.auc.copy()
    low[3] = 0.234
    columns = {"average_precision": low, "precision_at_n": low, "spread": low}
    record.add_evaluations({"eval_step": view.eval_step, "auc": low, **columns})
    assert figures.auc_info(record.view(), total_steps=1000).low == pytest.approx(0.2)


def test_labels_choose_the_lower_panels():
    with_labels = figures.curves_info(history(), total_steps=1000)
    without = figures.curves_info(history(labels=False), total_steps=1000)
    assert with_labels.auc is not None
    assert with_labels.signals is None
    assert without.auc is None
    assert without.signals is not None
    assert figures.curves_info(History(1).view(), total_steps=10, labels=True).auc is not None


@pytest.mark.parametrize("labels", [True, False])
def test_all_panels_share_one_x_axis(labels):
    spec = figures.curves_spec(
        figures.curves_info(history(labels=labels), total_steps=4000, stop_step=400), revision="r"
    )
    layout = spec["layout"]
    assert {trace["xaxis"] for trace in spec["data"]} == {"x"}
    assert [key for key in layout if key.startswith("xaxis")] == ["xaxis"]
    panels = 2 if labels else 3
    assert {trace["yaxis"] for trace in spec["data"]} == {"y", "y2", "y3"} if panels == 3 else {"y", "y2"}
    domains = [layout[key]["domain"] for key in layout if key.startswith("yaxis")]
    assert len(domains) == panels
    assert all(upper[0] > lower[1] for upper, lower in pairwise(domains))
    assert layout["xaxis"]["range"] == [0, 4000]
    assert layout["uirevision"] == "r"


def test_there_is_a_line_at_ln_2_and_a_mark_where_G_stops():
    spec = figures.curves_spec(figures.curves_info(history(), total_steps=4000, stop_step=400))
    shapes, texts = spec["layout"]["shapes"], [a["text"] for a in spec["layout"]["annotations"]]
    assert any(shape["y0"] == shape["y1"] == LN2 for shape in shapes)
    marks = [[shape["y0"], shape["y1"]] for shape in shapes if shape["x0"] == shape["x1"] == 400]
    assert marks == [spec["layout"][axis]["domain"] for axis in ("yaxis", "yaxis2")]
    assert "G stops" in texts
    assert "ln 2" in spec["layout"]["yaxis"]["ticktext"]
    unstopped = figures.curves_spec(figures.curves_info(history(), total_steps=4000))
    assert "G stops" not in [a["text"] for a in unstopped["layout"]["annotations"]]


@pytest.mark.parametrize("top", [1.0, 1.5, 2.0, 3.0, 5.0, 7.5, 10.0, 15.0, 750.0])
def test_ticks_are_round_and_reach_the_top(top):
    ticks = loss_ticks(top)
    assert ticks[0] == 0
    assert ticks[-1] == top
    assert 4 <= len(ticks) <= 6


def test_the_number_beside_ln_2_gives_way():
    spec = figures.losses_spec(figures.losses_info(history(), total_steps=1000))
    ticks = spec["layout"]["yaxis"]["tickvals"]
    assert min(np.diff(ticks)) > 0.07


@pytest.mark.parametrize("height", [235, 350, 520])
def test_texts_of_a_low_figure_keep_apart(height):
    info = figures.curves_info(history(), total_steps=1000)
    layout = figures.curves_spec(info, height=height)["layout"]
    inside = height - layout["margin"]["t"] - layout["margin"]["b"]
    (low, high), (bottom, top) = layout["yaxis"]["range"], layout["yaxis"]["domain"]
    pixels = (top - bottom) * inside / (high - low)
    assert min(np.diff(layout["yaxis"]["tickvals"])) * pixels >= 12
    ends = [a["y"] for a in layout["annotations"] if a["text"].startswith(("<b>D</b>", "<b>G</b>"))]
    assert abs(ends[0] - ends[1]) * pixels >= 16.9
    assert (bottom - layout["yaxis2"]["domain"][1]) * inside >= 25


def test_labels_at_the_ends_keep_apart_and_inside():
    ends = spread_out([End("a", 0.5, ""), End("b", 0.51, ""), End("c", 0.99, ""), End("d", 2.0, "")], 0, 1, 0.1)
    heights = [end.y for end in ends]
    assert (np.diff(heights) >= 0.1 - 1e-9).all()
    assert heights[-1] <= 1
    assert [end.text for end in ends] == ["a", "b", "c", "d"]


@pytest.mark.parametrize("labels", [True, False])
@pytest.mark.parametrize("dark", [True, False])
def test_an_empty_history_makes_a_figure(labels, dark):
    info = figures.curves_info(History(1).view(), total_steps=100, stop_step=50, labels=labels)
    figure = figures.curves_figure(info, dark=dark)
    assert figure.layout.xaxis.range == (0, 100)
    assert figures.curves_caption(info)


def test_losses_that_are_not_finite_leave_gaps_and_no_error():
    view = history(2000)
    losses = view.d_loss.copy()
    losses[1500:] = np.nan
    record = History(1)
    record.add_steps(
        {"d_loss": losses, "g_loss": losses, "sub_g_loss": losses[:, None], "d_real": losses, "d_fake": losses}
    )
    info = figures.losses_info(record.view(), total_steps=2000)
    assert info.d.steps[-1] == 1500
    figures.pack(figures.curves_spec(figures.curves_info(record.view(), total_steps=2000)))


@pytest.mark.parametrize("name", ["losses", "auc", "signals"])
def test_each_panel_is_a_figure_of_its_own(name):
    info = getattr(figures, f"{name}_info")(history(k=3), total_steps=2000, stop_step=500)
    assert len(getattr(figures, f"{name}_figure")(info).data) == 3
    assert "\n" not in getattr(figures, f"{name}_caption")(info)


def test_where_d_turned_is_drawn_under_the_other_curves():
    steps, alike = [100, 200, 300, 400], [1.0, 0.9, -0.4, -0.3]
    info = figures.turning_info(steps, alike, [0.9, 0.8, 0.5, np.nan], threshold=0.8, turned=True, total_steps=1600)
    assert info.likeness.values.tolist() == pytest.approx(alike)
    assert info.agreement is not None
    assert info.agreement.steps.tolist() == [100, 200, 300]
    assert (info.turned_step, info.low, info.last_step) == (400, -0.5, 400)
    spec = figures.turning_spec(info)
    mark = next(trace for trace in spec["data"] if trace["name"] == "chosen")
    assert (mark["x"].tolist(), mark["y"].tolist()) == ([400], pytest.approx([-0.3]))
    for labels, panels in ((True, 3), (False, 3)):
        curves = figures.curves_info(history(400), total_steps=1600, labels=labels, turning=info)
        assert sum(key.startswith("yaxis") for key in figures.curves_spec(curves)["layout"]) == panels
        assert "turned" in figures.curves_caption(curves)


def test_before_the_first_moment_and_with_one_seed_there_is_less_to_draw():
    info = figures.turning_info([], [], [], threshold=0.8, turned=False, total_steps=1600)
    assert (info.agreement, info.turned_step, info.last_step) == (None, None, 0)
    assert len(figures.turning_figure(info).data) == 2
    alone = figures.turning_info([100], [1.0], [np.nan], threshold=0.8, turned=False, total_steps=1600)
    assert alone.agreement is None
    assert alone.low == 0
