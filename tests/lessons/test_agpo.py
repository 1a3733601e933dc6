"""Noise against a generator: G gives back the noise, the tables are as they are said to be, and what comes out."""

from collections.abc import Iterator

import numpy as np
import pytest

from sogaal.config import make_config
from sogaal.errors import SogaalError
from sogaal.lessons.agpo import OUTLIERS, ROWS, Duel, agpo, ball_share, cluster, duel, outline, surroundings
from sogaal.pool import RunPool
from sogaal.scaling import Scaler
from sogaal.seeding import Stream, noise_block
from sogaal.trainer import Trainer


@pytest.fixture(scope="module")
def pool() -> Iterator[RunPool]:
    with RunPool(2) as pool:
        yield pool


def scaled(d: int) -> tuple[np.ndarray, np.ndarray]:
    table = cluster(d)
    assert table.y is not None
    return Scaler.fit(table.X, "minmax").transform(table.X), table.y


@pytest.mark.parametrize("d", [2, 20])
def test_a_cluster_has_outliers_off_it_in_five_features(d: int) -> None:
    table, again = cluster(d), cluster(d)
    np.testing.assert_array_equal(table.X, again.X)
    assert (table.n, table.d) == (ROWS, d)
    outlier = table.y == 1
    assert outlier.sum() == OUTLIERS
    assert table.X[~outlier].std() == pytest.approx(0.1, abs=0.01)
    off = np.linalg.norm(table.X[outlier, :5] - 0.5, axis=1)
    assert ((off > 0.449) & (off < 0.601)).all()
    if d > 5:
        assert table.X[outlier, 5:].std() == pytest.approx(0.1, abs=0.02)


def test_agpo_is_uniform_noise_from_the_first_step_to_the_last() -> None:
    X, y = scaled(10)
    run = Trainer(X, agpo(make_config("post", stop_epochs=150, max_epochs=151, seed=3)), y)
    before = run.frame().generated
    run.fit()
    w1, b1, w2, b2 = run.engine.generator_weights(0)[0]
    z = noise_block(3, Stream.NOISE_D, 0, (500, 10))
    made = np.maximum(np.maximum(z @ w1 + b1, 0) @ w2 + b2, 0)
    np.testing.assert_allclose(made, z, atol=1e-6)
    np.testing.assert_allclose(run.frame().generated, before, atol=1e-6)
    view = run.history.view()
    assert view.d_loss[-1] < view.d_loss[0] - 0.05  # D has learned meanwhile


def test_g_teaches_sooner_and_noise_catches_up(pool: RunPool) -> None:
    X, y = scaled(10)
    told = []
    config = make_config("post", stop_epochs=749, max_epochs=750, eval_every=25)
    found = duel(X, y, config, [0, 1], pool, lambda done, total: told.append((done, total)))
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert found.noise.shape == found.gaal.shape == (2, len(found.step))
    assert found.step[found.place(600)] == 600
    assert found.gain(600) > 0.05
    assert found.noise[:, -1].min() > found.noise[:, found.place(600)].max()
    alone = Trainer(X, config.replace(seed=1), y).fit()
    np.testing.assert_array_equal(found.gaal[1], alone.history.view().auc)


def test_a_duel_whose_side_diverges_says_so(pool: RunPool) -> None:
    X, y = scaled(2)
    with pytest.raises(SogaalError, match="no run of one side"):
        duel(
            X * np.float32(1e20), y, make_config("post", stop_epochs=50, max_epochs=51, lr_d=10.0, lr_g=10.0), [0], pool
        )


def test_the_work_ends_with_what_progress_raises(pool: RunPool) -> None:
    X, y = scaled(2)

    def halt(done: int, total: int) -> None:
        raise InterruptedError(f"{done} of {total}")

    with pytest.raises(InterruptedError):
        duel(X, y, make_config("post", stop_epochs=20, max_epochs=21), [0, 1], pool, halt)
    assert len(duel(X, y, make_config("post", stop_epochs=20, max_epochs=21), [0], pool).gaal) == 1


def test_gain_is_of_means() -> None:
    found = Duel(np.array([50, 100]), np.array([[0.5, 0.6], [0.7, 0.8]]), np.array([[0.9, 0.5], [0.9, 0.5]]))
    assert found.gain(40) == pytest.approx(0.3)
    assert found.gain(1000) == pytest.approx(-0.2)


def test_in_many_features_no_noise_is_near_the_rows() -> None:
    near = []
    for d in (2, 20):
        X, y = scaled(d)
        run = Trainer(X, make_config("post"), y)
        seen = surroundings(run)
        near.append(seen.share)
        assert len(seen.inliers) + len(seen.outliers) == ROWS
        # Before training G is the identity: its points are as far out as the noise.
        assert np.median(seen.generated) == pytest.approx(np.median(seen.noise), abs=0.02)
    assert near[0] > 0.15
    assert near[1] < 0.005


def test_the_ball_in_the_cube() -> None:
    assert ball_share(2) == pytest.approx(np.pi / 4)
    assert ball_share(3) == pytest.approx(np.pi / 6)
    assert ball_share(100) < 1e-60


def test_an_outline_stands_where_the_values_are() -> None:
    x, height = outline(np.array([0.2] * 9 + [0.8] * 3), 0, 1, bins=10)
    assert x[height.argmax()] == pytest.approx(0.25, abs=0.051)
    assert height.max() == 1
    assert height[5] == 0
