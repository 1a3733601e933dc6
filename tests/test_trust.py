"""What other seeds say of a ranking."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import spearmanr

from sogaal import Trainer, load_dataset
from sogaal.config import make_config
from sogaal.errors import ConfigError
from sogaal.pool import RunPool
from sogaal.scaling import Scaler
from sogaal.seed_check import SeedCheck
from sogaal.seeding import member_seeds
from sogaal.snapshots import JobState
from sogaal.trust import Trust, trust_of

DATA = load_dataset("wine")


def ranking(*order: int) -> np.ndarray:
    """Logits of rows of which these are the most abnormal, in this order."""
    return np.argsort(np.array(order)).astype(np.float32)


def test_rows_are_counted_over_the_tops_of_all_seeds() -> None:
    logits = [ranking(0, 1, 2, 3, 4, 5), ranking(1, 0, 3, 2, 4, 5), ranking(1, 3, 5, 4, 2, 0)]
    found = trust_of(logits, [7, 8, 9], 2)
    assert found.rows.tolist() == [0, 1]
    assert found.counts.tolist() == [2, 3]
    assert found.median_ranks.tolist() == [2, 1]
    assert found.overlap == pytest.approx((2 + 1 + 1) / 3 / 2)
    assert found.chance == pytest.approx(2 / 6)
    assert found.one_seed.tolist() == []
    assert found.missed.tolist() == []
    pairs = [spearmanr(logits[a], logits[b]).statistic for a, b in ((0, 1), (0, 2), (1, 2))]
    assert found.correlation == pytest.approx(np.mean(pairs))


def test_a_row_that_one_seed_alone_ranks_high_owes_its_place_to_it() -> None:
    others = [ranking(1, 2, 3, 0, 4, 5), ranking(2, 1, 4, 3, 0, 5)]
    found = trust_of([ranking(0, 1, 5, 2, 3, 4), *others], [0, 1, 2], 2)
    assert found.one_seed.tolist() == [0]
    assert found.missed.tolist() == [2]


def test_the_same_ranking_is_repeatable_which_is_not_called_right_and_chance_is_neither() -> None:
    rng = np.random.default_rng(0)
    row = rng.normal(size=1000)
    same = trust_of([row] * 8, range(8), 50)
    assert (same.overlap, same.verdict) == (1, "Repeatable, which does not say right")
    assert same.correlation == pytest.approx(1)
    assert same.counts.tolist() == [8] * 50
    other = trust_of([rng.normal(size=1000) for _ in range(8)], range(8), 50)
    assert other.verdict == "Mostly the luck of the seed"
    assert other.overlap == pytest.approx(other.chance, abs=0.03)
    assert other.correlation == pytest.approx(0, abs=0.05)


def test_seeds_that_give_all_rows_one_verdict_agree_on_nothing() -> None:
    found = trust_of([np.zeros(100), np.zeros(100), np.arange(100.0)], range(3), 10)
    assert found.overlap == 0
    assert found.correlation == 0
    assert found.counts.tolist() == [1] * 10


@pytest.mark.parametrize(("seeds", "top", "said"), [(1, 2, "at least 2"), (2, 0, "from 1 to the 6"), (2, 7, "got 7")])
def test_bad_input(seeds: int, top: int, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        trust_of([ranking(0, 1, 2, 3, 4, 5)] * seeds, range(seeds), top)


@pytest.fixture(scope="module")
def pool():
    with RunPool(2) as pool:
        yield pool


def asked(pool: RunPool, at: str = "stop", count: int = 3, **values) -> tuple[SeedCheck, list[np.ndarray]]:
    """A check that has ended, and the logits that its seeds have alone."""
    config = make_config("post", stop_epochs=4, **values)
    X = Scaler.fit(DATA.X).transform(DATA.X)
    alone = [
        Trainer(X, config.replace(seed=seed)).fit().scores(at=at)  # type: ignore[arg-type]
        for seed in member_seeds(config.seed, count)
    ]
    check = SeedCheck(DATA, config, "minmax", alone[0], at, count, pool).start()  # type: ignore[arg-type]
    assert check.wait(60)
    return check, alone


@pytest.mark.parametrize("at", ["stop", "end"])
def test_each_seed_ranks_as_it_does_alone(pool: RunPool, at: str) -> None:
    check, alone = asked(pool, at)
    assert (check.state, check.done, check.failed) == (JobState.COMPLETED, 3, [])
    expected, found = trust_of(alone, member_seeds(0, 3), 9), check.trust(9)
    for name in Trust.__dataclass_fields__:
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))


def test_seeds_that_diverge_are_left_out_and_named(pool: RunPool) -> None:
    wild = replace(DATA, X=DATA.X * 1e25)
    config = make_config("post", stop_epochs=100)
    check = SeedCheck(wild, config, "none", np.arange(DATA.n, dtype=np.float32), "end", 3, pool).start()
    assert check.wait(60)
    assert check.state == JobState.FAILED
    assert "No other seed came to its end" in check.message
    assert len(check.failed) == 2
    assert check.failed[0].startswith("seed ")


def test_it_can_be_cancelled(pool: RunPool) -> None:
    config = make_config("post", stop_epochs=10**5)
    check = SeedCheck(DATA, config, "minmax", np.arange(DATA.n, dtype=np.float32), "end", 8, pool).start()
    assert check.state == JobState.RUNNING
    check.cancel()
    assert check.wait(60)
    assert (check.state, check.message) == (JobState.STOPPED, "")
    check.cancel()


def test_one_seed_is_none_to_ask() -> None:
    with pytest.raises(ConfigError, match="at least 2"):
        SeedCheck(DATA, make_config("post"), "minmax", np.zeros(DATA.n), "end", 1)
