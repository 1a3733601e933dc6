"""The plots of a sweep: what is drawn of its trials, in both themes, and that a browser can read it."""

import json
from itertools import pairwise

import numpy as np
import pytest

from sogaal import figures
from sogaal.figures import SweptAxis, TrialPoint, pack, to_figure

AXES = [
    SweptAxis("Learning rate of G", 1e-5, 1e-2, log=True),
    SweptAxis("Momentum", 0.5, 0.95),
    SweptAxis("Shuffle the rows", 0, 2, names=("none", "once", "each_epoch")),
]
RNG = np.random.default_rng(0)
TRIALS = [
    TrialPoint(
        number, 0.5 + 0.04 * number, (10 ** RNG.uniform(-5, -2), RNG.uniform(0.5, 0.95), number % 3), number == 4
    )
    for number in range(9)
]


def specs(dark: bool, trials: list[TrialPoint] = TRIALS) -> dict[str, dict]:
    return {
        "course": figures.sweep_course_spec(figures.sweep_course_info(trials, "AUC"), dark=dark),
        "parallel": figures.sweep_parallel_spec(figures.sweep_parallel_info(trials, AXES, "AUC"), dark=dark),
        "slices": figures.sweep_slices_spec(figures.sweep_slices_info(trials, AXES, "AUC"), dark=dark),
        "contour": figures.sweep_contour_spec(figures.sweep_contour_info(trials, AXES, 0, 1, "AUC"), dark=dark),
        "importances": figures.sweep_importances_spec(figures.sweep_importances_info({"a": 0.7, "b": 0.3}), dark=dark),
    }


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("count", [0, 1, 9])
def test_every_plot_is_one_that_plotly_knows_and_a_browser_can_read(dark: bool, count: int) -> None:
    for name, spec in specs(dark, TRIALS[:count]).items():
        figure = to_figure(spec)
        assert figure.layout.meta["dark"] == dark, name
        assert json.loads(pack(spec)[0])["data"], name


def test_the_best_so_far_never_gets_worse_and_a_pruned_trial_is_none() -> None:
    values = [0.6, 0.9, 0.7, 0.95, 0.8]
    trials = [TrialPoint(n, value, (1e-3, 0.5, 0), pruned=n == 3) for n, value in enumerate(values)]
    info = figures.sweep_course_info(trials[::-1], "AUC")
    assert info.numbers.tolist() == [0, 1, 2, 3, 4]
    assert info.best_at.tolist() == [0, 1, 2, 4]
    assert info.best.tolist() == pytest.approx([0.6, 0.9, 0.9, 0.9])
    lowest = figures.sweep_course_info(trials, "Loss", maximise=False)
    assert lowest.best.tolist() == pytest.approx([0.6, 0.6, 0.6, 0.6])
    assert "given up early" in figures.sweep_course_caption(info)
    assert "given up" not in figures.sweep_course_caption(figures.sweep_course_info(trials[:2], "AUC"))


def test_in_parallel_the_best_lies_on_top_and_logarithms_stand_on_powers() -> None:
    info = figures.sweep_parallel_info(TRIALS, AXES, "AUC")
    assert len(info.values) == 8  # not the pruned one
    assert info.values[-1] == max(info.values)
    dimensions = figures.sweep_parallel_spec(info)["data"][0]["dimensions"]
    assert [one["label"] for one in dimensions] == [one.title for one in AXES] + ["AUC"]
    assert dimensions[0]["range"] == [-5, -2]
    assert dimensions[0]["ticktext"] == ["1e-5", "0.0001", "0.001", "0.01"]
    assert (dimensions[0]["values"] >= -5).all()
    assert dimensions[2]["ticktext"] == ["none", "once", "each_epoch"]
    least = figures.sweep_parallel_info(TRIALS, AXES, "Loss", maximise=False)
    assert least.values[-1] == min(least.values)


def test_slices_have_a_plot_for_each_side() -> None:
    twice = [TrialPoint(one.number, one.value, one.places * 2) for one in TRIALS]
    info = figures.sweep_slices_info(twice, AXES * 2, "AUC")
    assert info.rows == 2
    layout = figures.sweep_slices_spec(info)["layout"]
    for row in (0, 1):
        domains = [layout[f"xaxis{number or ''}"]["domain"] for number in ((0, 2, 3) if row == 0 else (4, 5, 6))]
        assert all(one[1] <= other[0] for one, other in pairwise(domains))
    assert layout["yaxis4"]["domain"][1] <= layout["yaxis"]["domain"][0]


def test_the_ground_of_the_contour_is_near_the_trials_what_they_are() -> None:
    trials = [
        TrialPoint(0, 0.2, (1e-4, 0.6, 0)),
        TrialPoint(1, 0.9, (1e-3, 0.9, 0)),
        TrialPoint(2, 0.5, (1e-5, 0.9, 0)),
    ]
    info = figures.sweep_contour_info(trials, AXES, 0, 1, "AUC")
    for one in trials:
        column = np.abs(np.log10(info.grid_x) - np.log10(one.places[0])).argmin()
        row = np.abs(info.grid_y - one.places[1]).argmin()
        assert info.z[row, column] == pytest.approx(one.value, abs=0.02)
    assert (info.z.min() >= 0.2 - 1e-6, info.z.max() <= 0.9 + 1e-6) == (True, True)
    named = figures.sweep_contour_info(TRIALS, AXES, 0, 2, "AUC")
    assert named.z.size == 0  # there is nothing between names
    assert "ground" not in figures.sweep_contour_caption(named)


def test_bars_stand_in_order() -> None:
    info = figures.sweep_importances_info({"a": 0.2, "b": 0.7, "c": 0.1})
    assert info.titles == ("c", "a", "b")
    assert figures.sweep_importances_spec(info)["data"][0]["text"] == ["10%", "20%", "70%"]
