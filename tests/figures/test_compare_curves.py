"""Several runs over one another: what is drawn of them, and that no two look alike."""

import numpy as np
import pytest

from sogaal import figures
from sogaal.figures.overlay import colour_of, dash_of, lettered, smooth
from sogaal.history import History, HistoryView
from tests.figures.runs import history


def run(name: str = "a run", *, group: str = "", batches: int = 2, times: bool = True, **made: object):
    view = history(**made)
    at = np.arange(10, view.steps + 1, 10)
    return figures.ComparedRun(name, view, batches, (at, at * 0.5) if times else None, group)


def constant(value: float, steps: int = 100) -> HistoryView:
    record = History(1)
    row = np.full(steps, value, dtype=np.float32)
    record.add_steps(dict.fromkeys(("d_loss", "g_loss", "d_real", "d_fake"), row) | {"sub_g_loss": row[:, None]})
    at = np.arange(10, steps + 1, 10)
    measured = {name: np.full(len(at), value) for name in ("auc", "average_precision", "precision_at_n", "spread")}
    record.add_evaluations({"eval_step": at, **measured})
    return record.view()


# -- smoothing -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["exponential", "moving"])
def test_smoothing_leaves_a_constant_alone_and_calms_noise(method):
    assert smooth(np.full(500, 0.7), 30, method) == pytest.approx(0.7)
    noise = np.random.default_rng(0).normal(size=5000)
    assert smooth(noise, 50, method)[200:-200].std() < 0.3 * noise.std()


@pytest.mark.parametrize("span", [1.5, 10, 300, 100_000])
def test_exponential_smoothing_is_the_recursion(span):
    y = np.random.default_rng(1).uniform(0.1, 2, 3000)
    keep, total, weight, expected = 1 - 2 / (span + 1), 0.0, 0.0, []
    for value in y:
        total, weight = value + keep * total, 1 + keep * weight
        expected.append(total / weight)
    np.testing.assert_allclose(smooth(y, span), expected, rtol=1e-9)


def test_a_moving_mean_has_its_row_in_the_middle():
    y = np.arange(20.0) ** 2
    means = smooth(y, 5, "moving")
    assert means[10] == pytest.approx(y[8:13].mean())
    assert means[0] == pytest.approx(y[:3].mean())
    assert means[-1] == pytest.approx(y[-3:].mean())


@pytest.mark.parametrize("method", ["exponential", "moving"])
def test_rows_that_are_not_finite_do_not_count(method):
    y = np.ones(50)
    y[[3, 30]] = np.nan, np.inf
    smoothed = smooth(y, 9, method)
    assert np.flatnonzero(np.isnan(smoothed)).tolist() == [3, 30]
    np.testing.assert_allclose(np.delete(smoothed, [3, 30]), 1)


def test_a_span_of_one_changes_nothing():
    y = np.random.default_rng(0).random(10)
    np.testing.assert_array_equal(smooth(y, 1), y)
    assert len(smooth(np.zeros(0), 10)) == 0


# -- looks ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dark", [True, False])
def test_eight_runs_differ_in_colour_and_in_dash(dark):
    assert len({colour_of(number, dark) for number in range(8)}) == 8
    assert len({dash_of(number) for number in range(8)}) == 8
    ground = np.array([0x12, 0x17, 0x1D] if dark else [255, 255, 255])
    for number in range(8):
        colour = np.array([int(colour_of(number, dark)[i : i + 2], 16) for i in (1, 3, 5)])
        assert contrast(colour, ground) > 2.1


def contrast(one: np.ndarray, other: np.ndarray) -> float:
    """WCAG's contrast of two colours of 0 to 255."""

    def luminance(colour: np.ndarray) -> float:
        part = colour / 255
        linear = np.where(part <= 0.03928, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722])

    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


def test_a_name_from_outside_brings_no_markup_and_stays_on_one_line():
    assert lettered(1, "<b>x</b>\n& y") == "<b>B</b>  &lt;b&gt;x&lt;/b&gt; &amp; y"
    assert len(lettered(0, "n" * 200)) < 80


# -- lines ---------------------------------------------------------------------------------------------------------


def test_each_run_is_a_line_in_each_panel():
    info = figures.compare_curves_info([run("one"), run("two", seed=1)])
    assert list(info.panels) == ["d_loss", "g_loss", "auc"]
    assert [[line.name for line in lines] for lines in info.panels.values()] == [["one", "two"]] * 3
    first = info.panels["d_loss"][0]
    assert (first.x[0], first.x[-1]) == (1, 1000)
    assert first.raw is None
    assert first.band is None
    assert len(first.x) <= 402
    assert info.panels["auc"][1].last == pytest.approx(history(seed=1).auc[-1])


def test_tables_without_labels_bring_the_spread():
    assert list(figures.compare_curves_info([run(labels=False)]).panels) == ["d_loss", "g_loss", "spread"]
    mixed = figures.compare_curves_info([run(), run(labels=False)])
    assert list(mixed.panels) == ["d_loss", "g_loss", "auc", "spread"]
    assert [line.number for line in mixed.panels["auc"]] == [0]


def test_the_axis_is_steps_epochs_or_seconds():
    end = {axis: figures.compare_curves_info([run(batches=4)], axis=axis).end for axis in ("step", "epoch", "time")}
    assert end == {"step": 1000, "epoch": 250, "time": 500}


def test_time_is_drawn_only_as_far_as_it_was_measured():
    view = history(1000)
    measured = figures.ComparedRun("a", view, 2, (np.array([400]), np.array([8.0])))
    info = figures.compare_curves_info([measured, run(times=False)], axis="time")
    assert [line.number for line in info.panels["d_loss"]] == [0]
    assert info.end == 8
    assert info.panels["auc"][0].x[-1] == 8


def test_smoothing_keeps_the_raw_line_behind():
    info = figures.compare_curves_info([run()], span=100)
    line = info.panels["d_loss"][0]
    assert line.raw is not None
    assert line.y.std() < 0.4 * line.raw[1].std()
    # An evaluation every two steps: the same span of steps is half as many evaluations.
    auc = figures.compare_curves_info([run()], span=2).panels["auc"][0]
    np.testing.assert_allclose(auc.y, auc.raw[1], atol=1e-6)


def test_seeds_of_a_group_are_a_mean_and_a_band():
    views = [constant(0.5), constant(0.7)]
    runs = [figures.ComparedRun("g", view, 1, None, "group") for view in views]
    info = figures.compare_curves_info([*runs, figures.ComparedRun("alone", constant(0.9), 1)])
    together, alone = info.panels["g_loss"]
    assert (together.members, alone.members) == (2, 1)
    assert (together.number, alone.number) == (0, 1)
    np.testing.assert_allclose(together.y, 0.6, rtol=1e-6)
    x, low, high = together.band
    assert (x[0], x[-1]) == (1, 100)
    np.testing.assert_allclose(low, 0.5)
    np.testing.assert_allclose(high, 0.7)
    assert alone.band is None
    assert "Bands: from the lowest to the highest" in figures.compare_curves_caption(info)


def test_a_band_holds_every_seed_however_many_steps():
    runs = [run("g", group="g", steps=5000, seed=seed) for seed in range(3)]
    line = figures.compare_curves_info(runs).panels["d_loss"][0]
    values = [one.history.d_loss for one in runs]
    assert line.band[1].min() == min(value.min() for value in values)
    assert line.band[2].max() == max(value.max() for value in values)
    assert len(line.band[0]) <= 241


def test_a_group_is_drawn_as_far_as_all_of_it_reach():
    info = figures.compare_curves_info([run("g", group="g"), run("g", group="g", steps=400)])
    assert info.end == 400
    assert info.cut == ("g",)
    assert "as far as" in figures.compare_curves_caption(info)


def test_more_than_eight_runs_are_refused():
    with pytest.raises(ValueError, match="runs must be at most 8, got 9"):
        figures.compare_curves_info([run(steps=10)] * 9)


# -- figures -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dark", [True, False])
@pytest.mark.parametrize("axis", ["step", "epoch", "time"])
def test_the_figure_has_a_legend_entry_a_run_and_one_x_axis(dark, axis):
    info = figures.compare_curves_info([run("one"), run("two", steps=500)], axis=axis, span=20)
    figure = figures.compare_curves_figure(info, dark=dark)
    assert [trace.name for trace in figure.data if trace.showlegend] == ["<b>A</b>  one", "<b>B</b>  two"]
    assert {trace.xaxis for trace in figure.data} == {"x"}
    assert figure.layout.xaxis.range == (0, info.end)
    assert figure.layout.xaxis.title.text.startswith({"step": "step", "epoch": "epoch", "time": "seconds"}[axis])
    # B ends half-way: its letter stands there in each panel.
    letters = [note for note in figure.layout.annotations if note.text == "<b>B</b>"]
    assert [note.x for note in letters] == pytest.approx([info.end / 2] * 3, rel=0.01)
    figures.pack(figures.compare_curves_spec(info, dark=dark))


def test_a_logarithmic_axis_is_for_losses_alone_and_holds_them():
    record = History(1)
    losses = np.geomspace(1e-4, 3, 200).astype(np.float32)
    losses[5] = 0
    record.add_steps(dict.fromkeys(("d_loss", "g_loss", "d_real", "d_fake"), losses) | {"sub_g_loss": losses[:, None]})
    measured = {name: np.ones(1) for name in ("auc", "average_precision", "precision_at_n", "spread")}
    record.add_evaluations({"eval_step": np.array([200]), **measured})
    info = figures.compare_curves_info([figures.ComparedRun("a", record.view(), 1)], log=True)
    layout = figures.compare_curves_figure(info).layout
    assert (layout.yaxis.type, layout.yaxis2.type, layout.yaxis3.type) == ("log", "log", None)
    assert 10 ** layout.yaxis.range[0] <= 1e-4
    assert 10 ** layout.yaxis.range[1] >= 3
    assert all(layout.yaxis.range[0] <= np.log10(tick) <= layout.yaxis.range[1] for tick in layout.yaxis.tickvals)


def test_short_names_share_a_line_of_the_legend_and_long_ones_do_not():
    short = figures.compare_curves_info([run(str(number)) for number in range(5)])
    long = figures.compare_curves_info([run("n" * 50), *[run(str(number)) for number in range(4)]])
    assert (figures.legend_rows(short), figures.legend_rows(long)) == (3, 5)
    widths = [figures.compare_curves_figure(info).layout.legend.entrywidth for info in (short, long)]
    assert widths == [0.49, 0.98]


def test_empty_histories_make_a_figure():
    empty = figures.ComparedRun("a", History(1).view(), 1)
    for runs in ([], [empty], [empty, empty]):
        info = figures.compare_curves_info(runs)
        assert figures.compare_curves_figure(info).layout.xaxis.range == (0, 1)
