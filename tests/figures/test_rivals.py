"""Matrices and maps of detectors side by side."""

import numpy as np
import pytest

from sogaal import figures
from sogaal.figures import pack
from sogaal.planes import feature_plane

X = np.random.default_rng(0).random((50, 2)).astype(np.float32)
SCENE = figures.make_scene(X, (np.arange(50) < 3).astype(np.int8), feature_plane(X, 0, 1, ("a", "b")))


def test_the_matrix_shows_every_pair_and_no_diagonal() -> None:
    values = np.array([[1, 0.25, -0.5], [0.25, 1, 0], [-0.5, 0, 1]])
    info = figures.alike_info(["a", "b", "c"], values, signed=True)
    spec = figures.alike_spec(info)
    cells = spec["data"][0]
    assert cells["text"] == [["", "0.25", "-0.50"], ["0.25", "", "0.00"], ["-0.50", "0.00", ""]]
    assert [cells["z"][i][i] for i in range(3)] == [None] * 3
    assert (cells["zmin"], cells["zmax"]) == (-1, 1)
    assert figures.alike_spec(figures.alike_info(["a"], np.ones((1, 1)), signed=False))["data"][0]["zmin"] == 0
    pack(spec)


def test_the_top_ends_in_the_middle_of_the_colours() -> None:
    shares = np.full(1600, 0.05, dtype=np.float32)
    shares[:3] = [0, 0.01, 1]
    ground = figures.decision_info(SCENE, shares, 0.05).ground
    assert ground[0, 0] == 0
    assert ground[0, 1] < 0.5
    assert ground[0, 2] == 1
    assert ground[1, 1] == pytest.approx(0.5)


def test_points_and_map_lie_alike() -> None:
    points = figures.map_points(SCENE)
    spec = figures.decision_spec(figures.decision_info(SCENE, points[:, 0].clip(0, 1), 0.05))
    ground = spec["data"][0]
    np.testing.assert_allclose(ground["x"], points[:40, 0], rtol=1e-6)
    np.testing.assert_allclose(ground["y"], points[::40, 1], rtol=1e-6)
    assert (np.diff(ground["z"], axis=1) >= 0).all()  # what grows with x grows along a row
    assert len(spec["data"][3]["x"]) == 3
    pack(spec)
