import numpy as np
import pytest

from sogaal import figures
from sogaal.config import TrainConfig
from sogaal.errors import DivergedError
from sogaal.figures.plane import MAX_ARROWS, MAX_GENERATED
from sogaal.figures.spec import pack
from sogaal.frames import DiscriminatorWeights, Frame
from sogaal.planes import feature_plane, pca_plane
from sogaal.runs.camera import drawable
from sogaal.trainer import Trainer
from tests.figures.runs import frame, table

ORDER = ["heatmap", "contour", "scatter", "scatter", "scatter", "scatter", "scatter"]


def scene(d=2, labels=True, **options):
    X, y = table(d=d)
    plane = feature_plane(X, 0, 1, ("width", "height")) if d == 2 else pca_plane(X)
    return figures.make_scene(X, y if labels else None, plane, **options)


def trace(spec, name):
    return next(t for t in spec["data"] if t["name"].startswith(name))


def test_the_scene_draws_all_outliers_and_the_same_few_inliers():
    few, again = scene(max_inliers=50), scene(max_inliers=50)
    assert few.outliers.shape == (12, 2)
    assert few.inliers.shape == (50, 2)
    assert few.n_inliers == 288
    assert (few.inliers == again.inliers).all()
    X, _ = table()
    assert (X[few.inlier_rows] == few.inliers).all()


def test_without_labels_there_are_points_but_no_outliers():
    plain = scene(labels=False)
    assert len(plain.inliers) == 300
    assert len(plain.outliers) == 0
    assert "outliers" not in figures.layers_for(plain)
    spec = figures.plane_spec(figures.plane_info(plain, frame()), layers=figures.LAYERS)
    assert trace(spec, "real outliers")["visible"] is False
    assert trace(spec, "real points")["visible"] is True


def test_hidden_units_are_offered_on_exact_planes_only():
    assert "units" in figures.layers_for(scene())
    assert "units" not in figures.layers_for(scene(d=5))
    assert len(figures.plane_info(scene(d=5), frame(d=5)).units) == 0


def test_the_heat_map_is_D_on_the_grid():
    info = figures.plane_info(scene(), frame(), cells=8)
    assert info.heat.shape == (8, 8)
    assert info.heat.dtype == np.float32
    logit = frame().discriminator.logits(np.array([[info.x[5], info.y[2]]], dtype=np.float32))[0]
    assert info.heat[2, 5] == pytest.approx(1 / (1 + np.exp(-logit)), abs=1e-6)
    # The cells fill the view to its edges.
    half = (info.x[1] - info.x[0]) / 2
    assert info.x[0] - half == pytest.approx(info.view.x0, abs=1e-5)
    assert info.x[-1] + half == pytest.approx(info.view.x1, abs=1e-5)


def test_arrows_go_up_the_logit_and_are_longer_where_it_is_steep():
    generated = np.array([[0.2, 0.2], [0.8, 0.2]], dtype=np.float32)
    # One unit that is on for x > 0.5: flat to the left, rising with x to the right.
    d = DiscriminatorWeights(
        np.array([[4.0], [0.0]], dtype=np.float32),
        np.array([-2.0], dtype=np.float32),
        np.ones(1, dtype=np.float32),
        0.0,
    )
    info = figures.plane_info(scene(), Frame(1, 1, generated, np.zeros(2, dtype=np.int16), d))
    flat, steep = info.arrows[:, 1] - info.arrows[:, 0]
    assert np.abs(flat).max() == 0
    assert steep[0] > 0.02 * info.view.side
    assert abs(steep[1]) < 1e-6
    assert np.linalg.norm(steep) <= 0.075 * info.view.side + 1e-6


def test_hidden_unit_lines_lie_where_units_switch_and_end_at_the_view():
    moment = frame()
    info = figures.plane_info(scene(), moment)
    assert 0 < len(info.units) <= 16
    on_line = np.abs(info.units.reshape(-1, 2) @ moment.discriminator.w1 + moment.discriminator.b1).min(axis=1)
    assert on_line.max() < 1e-4
    edges = np.stack([info.units - info.view.low, info.view.high - info.units])
    assert np.abs(edges).min(axis=(0, 3)).max() < 1e-4
    assert edges.min() > -1e-4


def test_a_unit_without_weights_has_no_line():
    moment = frame()
    moment.discriminator.w1[:, 0] = 0
    assert len(figures.plane_info(scene(), moment).units) <= 15


def test_many_generated_points_are_thinned_to_the_same_rows_in_every_frame():
    first = np.random.default_rng(0).uniform(0, 1, (5000, 2)).astype(np.float32)
    one, two = (figures.plane_info(scene(), frame(points)) for points in (first, first * 0.5))
    assert one.generated.shape == (MAX_GENERATED, 2)
    assert len(one.arrows) == MAX_ARROWS
    assert np.allclose(two.generated, one.generated * 0.5)


def test_points_two_units_off_are_inside_the_view():
    z = np.random.default_rng(0).uniform(0, 1, (300, 2)).astype(np.float32)
    info = figures.plane_info(scene(), frame(z + 2))
    assert info.n_outside == 0
    assert info.view.x1 > 3


def test_points_far_off_are_counted_on_the_figure_and_in_the_caption():
    z = np.random.default_rng(0).uniform(0, 1, (300, 2)).astype(np.float32)
    z[:20] += 1000
    info = figures.plane_info(scene(), frame(z))
    assert info.n_outside == 20
    assert "20 of 300" in figures.plane_caption(info)
    notes = [a["text"] for a in figures.plane_spec(info)["layout"]["annotations"] if a.get("visible", True)]
    assert any("20 of 300" in note for note in notes)


@pytest.mark.parametrize("d", [2, 5])
def test_every_step_of_a_run_that_diverges_can_be_drawn(d):
    """Without a warning too, which a test takes for an error: the last weights are so large that products overflow."""
    X = (np.random.default_rng(3).normal(0, 1, (60, d)) * 1e17).astype(np.float32)
    plane = feature_plane(X, 0, 1, ("width", "height")) if d == 2 else pca_plane(X)
    scene = figures.make_scene(X, None, plane)
    overflowed = 0
    for moment in until_it_diverges(Trainer(X, TrainConfig(lr_d=1.0, stop_epochs=50))):
        info = figures.plane_info(scene, moment)
        assert ((info.heat >= 0) & (info.heat <= 1)).all()
        assert np.isfinite(info.arrows).all()
        assert np.isfinite(info.units).all()
        pack(figures.plane_spec(info, layers=figures.LAYERS))
        overflowed += not np.isfinite(in_single_precision(moment.discriminator, 3 * X)).all()
    assert overflowed, "no step was near enough to the edge to try anything"


def until_it_diverges(trainer):
    """The frame after each step that can be drawn."""
    while True:
        try:
            assert trainer.advance(), "it did not diverge"
        except DivergedError:
            return
        if drawable(trainer.frame()):
            yield trainer.frame()


def in_single_precision(weights, X):
    with np.errstate(over="ignore", invalid="ignore"):
        return np.maximum(X @ weights.w1 + weights.b1, 0) @ weights.w2 + weights.b2


def test_before_training_only_the_data_is_shown():
    info = figures.plane_info(scene(), None)
    spec = figures.plane_spec(info, layers=figures.LAYERS)
    assert info.heat is None
    assert [t["type"] for t in spec["data"]] == ORDER
    assert trace(spec, "D(x)")["visible"] is False
    assert len(trace(spec, "potential")["x"]) == 0
    figures.to_figure(spec)


@pytest.mark.parametrize(
    "layers", [(), figures.DEFAULT_LAYERS, tuple(figures.LAYERS), ("units",), ("generated", "arrows")]
)
def test_the_traces_are_the_same_in_number_and_order_whatever_is_on(layers):
    spec = figures.plane_spec(figures.plane_info(scene(), frame()), layers=layers)
    assert [t["type"] for t in spec["data"]] == ORDER
    on = {name for name in figures.LAYERS if name in layers}
    shown = {
        "heatmap": "D(x)",
        "inliers": "real inliers",
        "outliers": "real outliers",
        "generated": "potential",
        "arrows": "D's grad",
        "units": "hidden",
    }
    assert {name for name, title in shown.items() if trace(spec, title)["visible"]} == on


def test_dots_keep_their_ids_so_that_they_glide():
    ids = [trace(figures.plane_spec(figures.plane_info(scene(), frame(seed=s))), "potential")["ids"] for s in (0, 1)]
    assert (ids[0] == ids[1]).all()
    assert len(set(ids[0].tolist())) == 200


def test_sub_generators_have_shades_and_one_generator_has_one_colour():
    single = trace(figures.plane_spec(figures.plane_info(scene(), frame())), "potential")["marker"]
    several = trace(figures.plane_spec(figures.plane_info(scene(), frame(k=5))), "potential")["marker"]
    assert single["color"] == figures.theme().generated
    assert several["color"].dtype == np.uint8
    assert several["cmax"] == 4


def test_axes_are_equal_and_zoom_lasts_with_the_revision():
    layout = figures.plane_spec(figures.plane_info(scene(), frame()), revision="run 7")["layout"]
    assert layout["uirevision"] == "run 7"
    assert layout["yaxis"]["scaleanchor"] == "x"
    assert layout["xaxis"]["title"]["text"] == "width"
    x, y = layout["xaxis"]["range"], layout["yaxis"]["range"]
    assert x[1] - x[0] == pytest.approx(y[1] - y[0])


def test_the_heat_scale_is_centred_on_one_half():
    heat = trace(figures.plane_spec(figures.plane_info(scene(), frame())), "D(x)")
    assert (heat["zmin"], heat["zmax"]) == (0, 1)
    assert heat["colorscale"][len(heat["colorscale"]) // 2][0] == 0.5


def test_weights_that_are_not_finite_still_make_a_figure():
    moment = frame(np.full((50, 2), np.nan, dtype=np.float32))
    moment.discriminator.w1[:] = np.nan
    info = figures.plane_info(scene(), moment)
    assert info.n_outside == 50
    figures.pack(figures.plane_spec(info, layers=figures.LAYERS))


@pytest.mark.parametrize("dark", [False, True])
def test_it_is_a_real_figure(dark):
    figure = figures.plane_figure(figures.plane_info(scene(d=5), frame(d=5, k=3)), layers=figures.LAYERS, dark=dark)
    assert len(figure.data) == 7
    assert figure.layout.paper_bgcolor == "rgba(0,0,0,0)"


def test_of_many_outliers_some_are_drawn_and_the_caption_says_so() -> None:
    X = np.random.default_rng(0).random((500, 2)).astype(np.float32)
    y = (np.arange(500) % 2).astype(np.int8)
    found = figures.make_scene(X, y, feature_plane(X, 0, 1, ("a", "b")), max_inliers=100, max_outliers=30)
    assert (len(found.inliers), len(found.outliers), found.n_inliers, found.n_outliers) == (100, 30, 250, 250)
    assert (y[found.outlier_rows] == 1).all()
    said = figures.plane_caption(figures.plane_info(found, None))
    assert said.endswith(" Drawn: 100 of 250 inliers and 30 of 250 outliers.")


@pytest.mark.parametrize("dark", [False, True])
def test_without_a_key_the_signs_and_the_scale_are_told_apart_from_the_figure(dark):
    info = figures.plane_info(scene(), frame())
    bare = figures.plane_spec(info, dark=dark, key=False)
    assert trace(bare, "D(x)")["showscale"] is False
    assert not any("inliers" in a["text"] for a in bare["layout"]["annotations"])
    told = figures.plane_key(info, dark=dark)
    assert all(words in told for words in ("real inliers", "real outliers", "potential outliers", "D = 0.5", "D(x)"))
    assert all(colour in told for _, colour in figures.theme(dark).heat)
    before = figures.plane_key(figures.plane_info(scene(), None), dark=dark)
    assert "real outliers" in before
    assert "potential outliers" not in before
    assert "D(x)" not in before
