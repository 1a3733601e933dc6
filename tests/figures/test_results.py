import numpy as np
import pytest
from sklearn.metrics import auc as area
from sklearn.metrics import average_precision_score, roc_auc_score

from sogaal import figures
from sogaal.figures.rates import corners
from tests.figures.runs import table


def scored(n=400, n_outliers=20, seed=0):
    rng = np.random.default_rng(seed)
    y = (np.arange(n) >= n - n_outliers).astype(np.int8)
    return (rng.normal(1, 1, n) - 1.5 * y).astype(np.float32), y


@pytest.mark.parametrize("seed", range(3))
def test_the_drawn_roc_curve_has_the_area_it_names(seed):
    logits, y = scored(seed=seed)
    info = figures.roc_info(logits, y)
    assert info.auc == pytest.approx(roc_auc_score(y, -logits))
    assert area(info.false_positive_rate, info.true_positive_rate) == pytest.approx(info.auc)
    assert (info.false_positive_rate[0], info.true_positive_rate[0]) == (0, 0)
    assert (info.false_positive_rate[-1], info.true_positive_rate[-1]) == (1, 1)
    assert f"{info.auc:.3f}" in figures.roc_spec(info)["layout"]["annotations"][0]["text"]


@pytest.mark.parametrize("seed", range(3))
def test_the_drawn_precision_recall_steps_have_the_area_they_name(seed):
    logits, y = scored(seed=seed)
    info = figures.precision_recall_info(logits, y)
    assert info.average_precision == pytest.approx(average_precision_score(y, -logits))
    assert np.sum(np.diff(info.recall) * info.precision[1:]) == pytest.approx(info.average_precision)
    assert info.share == 0.05
    assert "5.0%" in figures.precision_recall_caption(info)


def test_a_long_curve_is_thinned():
    logits, y = scored(50_000, 20_000)
    assert len(figures.roc_info(logits, y).false_positive_rate) <= 500


def test_corners_drop_what_lies_on_a_straight_line():
    x, y = np.array([0, 0, 0, 0.5, 1.0]), np.array([0, 0.5, 1.0, 1.0, 1.0])
    assert corners(x, y).tolist() == [0, 2, 4]


def test_the_histogram_counts_every_row_once_by_class():
    logits, y = scored()
    info = figures.score_histogram_info(logits, y, share=0.1)
    assert info.inliers.sum() == 380
    assert info.outliers.sum() == 20
    assert info.n_flagged == 40
    scores = 1 / (1 + np.exp(logits.astype(float)))
    assert (scores >= info.threshold).sum() == 40
    assert "40 of 400 flagged" in figures.score_histogram_spec(info)["layout"]["annotations"][1]["text"]


def test_the_histogram_without_labels_has_one_kind():
    info = figures.score_histogram_info(scored()[0])
    assert info.outliers is None
    assert info.inliers.sum() == 400
    assert len(figures.score_histogram_figure(info).data) == 1


@pytest.mark.parametrize("value", [0.0, 60.0, -60.0])
def test_scores_that_are_all_alike_have_a_histogram(value):
    info = figures.score_histogram_info(np.full(20, value, dtype=np.float32))
    assert info.inliers.sum() == 20
    assert (np.diff(info.edges) > 0).all()


@pytest.mark.parametrize("d", [1, 2, 6])
def test_a_thumbnail_is_true_to_scale(d):
    X, y = table(2000, 30, d=d)
    info = figures.thumbnail_info(X, y)
    assert len(info.inliers) == 800
    assert len(info.outliers) == 30
    assert info.projected is (d > 2)
    spec = figures.thumbnail_spec(info)
    assert spec["layout"]["yaxis"]["scaleanchor"] == "x"
    figures.pack(spec)


@pytest.mark.parametrize("dark", [False, True])
def test_result_figures_are_real_figures_in_both_themes(dark):
    logits, y = scored()
    made = [
        figures.roc_figure(figures.roc_info(logits, y), dark=dark),
        figures.precision_recall_figure(figures.precision_recall_info(logits, y), dark=dark),
        figures.score_histogram_figure(figures.score_histogram_info(logits, y), dark=dark),
        figures.thumbnail_figure(figures.thumbnail_info(*table()), dark=dark),
    ]
    for figure in made:
        assert figure.layout.meta == {"dark": dark}
        assert figure.layout.plot_bgcolor == "rgba(0,0,0,0)"


def test_the_histogram_takes_flags_that_were_chosen_otherwise():
    logits, y = scored()
    info = figures.score_histogram_info(logits, y, flags=(np.arange(400) < 3).astype(np.int8))
    assert info.n_flagged == 3
    info = figures.score_histogram_info(logits, y, flags=np.zeros(400, dtype=np.int8), threshold=1.0)
    assert (info.n_flagged, info.threshold) == (0, 1.0)
    assert "Nothing is flagged" in figures.score_histogram_caption(info)
    spec = figures.score_histogram_spec(info)
    assert spec["layout"]["shapes"][0]["x0"] <= spec["layout"]["xaxis"]["range"][1]


def test_bars_of_an_attribution_sum_to_the_whole_way():
    attributions = np.array([0.5, -2.0, 1.0, -0.25])
    info = figures.attribution_info(("a", "b", "c", "d"), attributions, logit=-1.0, median_logit=-0.25)
    assert info.names == ("b", "c", "a", "d")
    assert info.weights.tolist() == [2.0, -1.0, -0.5, 0.25]
    assert info.others == 0
    odds = np.log(np.array([info.start, info.end]) / (1 - np.array([info.start, info.end])))
    assert info.weights.sum() == pytest.approx(odds[1] - odds[0])
    assert f"{info.start:.3f}" in figures.attribution_caption(info)


def test_many_features_share_the_last_bar():
    attributions = np.random.default_rng(0).normal(size=40)
    info = figures.attribution_info([f"f{i}" for i in range(40)], attributions, logit=0, median_logit=0)
    assert len(info.names) == 10
    assert info.names[-1] == "31 others"
    assert info.weights.sum() == pytest.approx(-attributions.sum())
    assert np.abs(info.weights[:9]).min() >= np.sort(np.abs(attributions))[30]


@pytest.mark.parametrize("dark", [False, True])
def test_the_bars_tell_the_two_ways_apart_without_colour_and_show_names_as_they_are(dark):
    info = figures.attribution_info(("<b>x</b>", "n" * 60), np.array([-1.0, 0.5]), logit=0, median_logit=0)
    figure = figures.attribution_figure(info, dark=dark)
    assert list(figure.data[0].marker.color) == [figures.theme(dark).outlier, figures.theme(dark).inlier]
    assert list(figure.data[0].marker.pattern.shape) == ["", "/"]
    assert list(figure.data[0].text) == ["+1.00", "-0.50"]
    assert list(figure.layout.yaxis.ticktext) == ["&lt;b&gt;x&lt;/b&gt;", "n" * 23 + "…"]
    figures.pack(figures.attribution_spec(info, dark=dark))


def test_a_row_of_medians_has_bars_of_no_length():
    info = figures.attribution_info(("a",), np.zeros(1), logit=0, median_logit=0)
    low, high = figures.attribution_spec(info)["layout"]["xaxis"]["range"]
    assert low < 0 < high
