import numpy as np
import pytest

from sogaal.figures.views import REACH, data_view, grown_view


def points(low, high, n=200, seed=0):
    return np.random.default_rng(seed).uniform(low, high, (n, 2)).astype(np.float32)


def test_the_view_of_the_data_is_a_square_around_it():
    view = data_view(np.array([[0, 0], [1, 0.5]], dtype=np.float32))
    assert view.equal
    assert view.x1 - view.x0 == pytest.approx(view.y1 - view.y0)
    assert view.holds(np.array([[0, 0], [1, 0.5]], dtype=np.float32)).all()


def test_features_of_very_different_scale_are_not_drawn_equal():
    view = data_view(np.array([[0, 0], [1, 1000]], dtype=np.float32))
    assert not view.equal
    assert view.x1 - view.x0 < 2


@pytest.mark.parametrize("uv", [[[0.5, 0.5]], [[0, 1], [1, 1]]])
def test_a_constant_axis_has_a_height(uv):
    view = data_view(np.array(uv, dtype=np.float32))
    assert view.x1 > view.x0
    assert view.y1 > view.y0


def test_the_view_stands_still_while_points_move_inside_it():
    data = data_view(points(0, 1))
    view = grown_view(data, points(-1, 1))
    assert grown_view(data, points(-0.9, 0.9, seed=1), view) is view
    assert grown_view(data, points(0.4, 0.6), view) is view


def test_the_view_only_grows():
    data, view = data_view(points(0, 1)), None
    rng = np.random.default_rng(0)
    for _ in range(30):
        middle = rng.uniform(-2, 3)
        grown = grown_view(data, points(middle - 0.3, middle + 0.3), view)
        if view is not None:
            assert grown.x0 <= view.x0
            assert grown.x1 >= view.x1
            assert grown.y0 <= view.y0
            assert grown.y1 >= view.y1
        view = grown


def test_a_drift_outwards_changes_the_view_seldom():
    data = data_view(points(0, 1))
    view, changes = data, 0
    for i in range(200):
        grown = grown_view(data, points(0, 1) + np.float32(i * 0.01), view)
        changes += grown is not view
        view = grown
    assert 1 <= changes < 30


def test_it_reaches_no_further_than_its_limit_and_ignores_what_is_not_finite():
    data = data_view(points(0, 1))
    far = points(0, 1)
    far[:, 0] += 1e9
    far[0] = np.nan
    view = grown_view(data, far)
    assert view.x1 < (REACH + 1) * (data.x1 - data.x0) * 1.5
    assert grown_view(data, np.full((5, 2), np.inf, dtype=np.float32)) is data
