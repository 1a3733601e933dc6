"""Single precision: the same numbers as ever within its range, the largest one beyond, and never a warning."""

import numpy as np

from sogaal.frames import DiscriminatorWeights
from sogaal.planes import Plane
from sogaal.precision import MOST, in_floats


def test_within_the_range_the_numbers_are_those_of_the_formula() -> None:
    a, b = np.random.default_rng(0).normal(size=(2, 20, 20)).astype(np.float32)
    np.testing.assert_array_equal(in_floats(np.matmul, a, b), a @ b)
    assert in_floats(np.matmul, a, b).dtype == np.float32


def test_beyond_it_they_are_the_largest_and_NaN_stays() -> None:
    big = np.array([1e30, -1e30, 2.0, np.nan], dtype=np.float32)
    np.testing.assert_array_equal(in_floats(np.multiply, big, abs(big)), np.float32([MOST, -MOST, 4, np.nan]))


def test_what_overflows_on_the_way_only_is_exact() -> None:
    big = np.float32([1e30])
    assert in_floats(lambda x: x * x / x, big) == big


def test_D_on_the_verge_of_divergence_has_logits_and_a_gradient() -> None:
    w1, b1 = np.full((2, 2), 1e25, dtype=np.float32), np.zeros(2, dtype=np.float32)
    # Two units that cancel out in truth, and are inf - inf in single precision.
    even = DiscriminatorWeights(w1, b1, np.float32([1e25, -1e25]), 0.25)
    X = np.float32([[1, 1], [-1, -1]])
    np.testing.assert_allclose(even.logits(X), [0.25, 0.25])
    uneven = DiscriminatorWeights(w1, b1, np.float32([-1e25, -1e25]), 0.0)
    np.testing.assert_array_equal(uneven.logits(X), np.float32([-MOST, 0]))
    np.testing.assert_array_equal(uneven.gradient(X), np.float32([[-MOST, -MOST], [0, 0]]))


def test_points_at_the_edge_of_the_range_have_a_place_in_the_plane() -> None:
    corner = np.float32([[MOST, MOST]])
    slanted = Plane(-corner[0], np.float32([[0.6, 0.8], [0.8, -0.6]]), ("u", "v"), exact=True)
    # 2 * MOST in both: 1.4 times that along the first axis, .2 times along the second.
    np.testing.assert_allclose(slanted.project(corner), np.float32([[MOST, 0.4 * MOST]]), rtol=1e-6)
