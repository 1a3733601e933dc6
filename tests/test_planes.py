"""Planes: projecting and lifting, and that the same table always gives the same plane."""

import numpy as np
import pytest

from sogaal import planes
from sogaal.planes import feature_plane, pca_plane


def test_plane_of_two_features_keeps_the_others_at_the_median() -> None:
    X = np.random.default_rng(0).random((50, 4)).astype(np.float32)
    plane = feature_plane(X, 2, 0, list("abcd"))
    np.testing.assert_allclose(plane.project(X), X[:, [2, 0]], atol=1e-6)
    lifted = plane.lift(plane.project(X))
    np.testing.assert_allclose(lifted[:, [2, 0]], X[:, [2, 0]], atol=1e-6)
    np.testing.assert_allclose(lifted[:, [1, 3]], np.tile(np.median(X[:, [1, 3]], axis=0), (50, 1)), atol=1e-6)
    assert plane.labels == ("c", "a")
    assert not plane.exact


def test_two_features_are_the_whole_space() -> None:
    X = np.random.default_rng(0).random((50, 2)).astype(np.float32)
    plane = feature_plane(X, 0, 1, ["x", "y"])
    assert plane.exact
    np.testing.assert_allclose(plane.lift(plane.project(X)), X, atol=1e-6)


def test_pca_plane_holds_most_of_the_variance_and_is_reproducible() -> None:
    rng = np.random.default_rng(0)
    X = (rng.normal(size=(300, 5)) * [3, 2, 0.1, 0.1, 0.1] + 7).astype(np.float32)
    plane = pca_plane(X)
    np.testing.assert_allclose(plane.basis @ plane.basis.T, np.eye(2), atol=1e-5)
    assert plane.project(X).var(axis=0).sum() / X.var(axis=0).sum() > 0.99
    again = pca_plane(X[::-1].copy())
    np.testing.assert_allclose(again.basis, plane.basis, atol=1e-4)
    assert plane.labels[0].startswith("PCA 1 (")


def test_pca_plane_of_one_feature() -> None:
    X = np.arange(20, dtype=np.float32)[:, None]
    plane = pca_plane(X)
    points = plane.project(X)
    assert points.shape == (20, 2)
    assert (points[:, 1] == 0).all()


def test_a_long_table_is_looked_at_in_blocks_and_gives_the_same_plane(monkeypatch: pytest.MonkeyPatch) -> None:
    X = (np.random.default_rng(0).normal(size=(5_000, 4)) * [1, 2, 3, 4]).astype(np.float32)
    whole, uv = pca_plane(X), pca_plane(X).project(X)
    monkeypatch.setattr(planes, "ROWS_AT_ONCE", 1_000)
    monkeypatch.setattr(planes, "BLOCK_ROWS", 300)
    parts = pca_plane(X)
    assert np.allclose(parts.basis, whole.basis, atol=1e-5)
    assert parts.labels == whole.labels
    assert np.allclose(whole.project(X), uv, atol=1e-5)
