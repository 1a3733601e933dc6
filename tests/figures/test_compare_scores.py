"""Rankings of several runs beside each other."""

import numpy as np
import pytest

from sogaal import figures
from sogaal.metrics import roc_auc
from tests.figures.runs import table


def scored(name: str = "a", *, seed: int = 0, group: str = "", labels: bool = True, n: int = 300):
    _, y = table(n)
    logits = np.random.default_rng(seed).normal(2 - 2.5 * y, 1).astype(np.float32)
    return figures.ScoredRun(name, logits, y if labels else None, group)


def test_each_labelled_run_has_its_curve_and_area():
    runs = [scored("a"), scored("b", seed=1, labels=False), scored("c", seed=2)]
    info = figures.compare_roc_info(runs)
    assert [line.number for line in info.lines] == [0, 2]
    assert [line.auc for line in info.lines] == [roc_auc(runs[i].logits, runs[i].y) for i in (0, 2)]
    assert info.without_labels == ("b",)
    figure = figures.compare_roc_figure(info)
    assert [trace.name[:8] for trace in figure.data] == ["<b>A</b>", "<b>C</b>"]
    assert len({trace.line.dash for trace in figure.data}) == 2
    assert "without labels" in figures.compare_roc_caption(info)


def test_a_run_without_scores_is_not_drawn_and_keeps_its_letter():
    runs = [scored(), figures.ScoredRun("under way", None), scored(seed=2)]
    assert [line.number for line in figures.compare_roc_info(runs).lines] == [0, 2]
    assert [row.number for row in figures.compare_scores_info(runs).rows] == [0, 2]
    assert figures.compare_roc_info(runs).without_labels == ()
    nothing = [figures.ScoredRun("under way", None)]
    assert figures.compare_scores_figure(figures.compare_scores_info(nothing)).data == ()


def test_seeds_have_a_mean_curve_within_their_band():
    runs = [scored(seed=seed, group="g") for seed in range(4)]
    (line,) = figures.compare_roc_info(runs).lines
    assert line.members == 4
    assert line.auc == pytest.approx(np.mean([roc_auc(run.logits, run.y) for run in runs]))
    x, low, high = line.band
    mean = np.interp(x, line.false_positive_rate, line.true_positive_rate)
    assert (low <= mean + 1e-9).all()
    assert (mean <= high + 1e-9).all()
    assert (x[0], x[-1], low[-1]) == (0, 1, 1)


def test_histograms_share_their_bins_and_count_every_row():
    info = figures.compare_scores_info([scored(), scored(seed=1, labels=False)])
    first, second = info.rows
    assert first.inliers.sum() == pytest.approx(1)
    assert first.outliers.sum() == pytest.approx(1)
    assert second.outliers is None
    assert len(info.edges) == len(first.inliers) + 1


def test_the_fullest_bin_of_each_kind_has_full_height():
    figure = figures.compare_scores_figure(figures.compare_scores_info([scored(), scored(seed=3)]))
    assert [trace.y.max() for trace in figure.data] == [1, 1, 1, 1]
    assert [trace.yaxis for trace in figure.data] == ["y", "y", "y2", "y2"]
    tops = [figure.layout[name].domain for name in ("yaxis", "yaxis2")]
    assert tops[0][0] > tops[1][1]


def test_a_group_is_one_row_with_all_its_rows_in_it():
    info = figures.compare_scores_info([scored(seed=0, group="g"), scored(seed=1, group="g"), scored("x", seed=2)])
    assert [(row.number, row.members) for row in info.rows] == [(0, 2), (1, 1)]
    assert "together" in figures.compare_scores_caption(info)


@pytest.mark.parametrize("dark", [True, False])
def test_equal_scores_and_eight_runs_make_figures_that_can_be_sent(dark):
    flat = figures.ScoredRun("flat", np.zeros(50, dtype=np.float32), np.arange(50) % 2)
    runs = [flat, *[scored(seed=seed) for seed in range(7)]]
    figures.pack(figures.compare_roc_spec(figures.compare_roc_info(runs), dark=dark))
    figures.pack(figures.compare_scores_spec(figures.compare_scores_info(runs), dark=dark))
    figures.compare_scores_figure(figures.compare_scores_info([flat]), dark=dark)
    with pytest.raises(ValueError, match="at most 8, got 9"):
        figures.compare_roc_info([*runs, flat])
