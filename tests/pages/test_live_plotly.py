import numpy as np

from pages._live_plotly import MOST_GLIDING, _glides
from sogaal import figures
from sogaal.planes import feature_plane


def plane(inliers: int, outliers: int) -> figures.Spec:
    X = np.random.default_rng(0).random((inliers + outliers, 2)).astype(np.float32)
    y = np.repeat([0, 1], [inliers, outliers])
    scene = figures.make_scene(X, y, feature_plane(X, 0, 1, ("a", "b")))
    return figures.plane_spec(figures.plane_info(scene, None), layers={"inliers", "outliers"})


def test_dots_glide_unless_there_are_very_many() -> None:
    small, large = plane(980, 20), plane(50_000, 5_000)
    assert _glides(small)
    assert not _glides(large)
    assert not _glides(figures.to_figure(large))
    assert 3_000 > MOST_GLIDING  # the inliers that are drawn of a large table
