"""The measures that need no labels, against closed forms, small cases counted by hand, and brute force."""

from itertools import combinations

import numpy as np
import pytest
from scipy.stats import spearmanr

from sogaal.labelfree import (
    agreement,
    entropy_stop,
    excess_mass,
    in_top,
    loss_entropy,
    mass_volume,
    mean_rank,
    neighbour_ratio,
    pair_agreements,
    top_agreement,
    uniform_rows,
)

RNG = np.random.default_rng(5)


# -- agreement -----------------------------------------------------------------------------------------------------


def test_agreement_is_the_mean_of_all_pairs() -> None:
    logits = RNG.normal(size=(4, 30)).round(1)  # rounded: with ties
    pairs = [spearmanr(logits[a], logits[b]).statistic for a, b in combinations(range(4), 2)]
    assert pair_agreements(logits) == pytest.approx(pairs)
    assert agreement(logits) == pytest.approx(np.mean(pairs))


def test_agreement_of_one_order_its_reverse_and_none() -> None:
    row = np.arange(10.0)
    assert agreement(np.stack([row, row**3])) == pytest.approx(1)
    assert agreement(np.stack([row, -row])) == pytest.approx(-1)
    assert agreement(np.stack([row, np.zeros(10)])) == 0


def test_tops_are_counted_by_hand() -> None:
    logits = np.array([[0, 1, 2, 3], [1, 0, 2, 3], [3, 2, 1, 0], [0, 0, 0, 3]])
    assert in_top(logits, 2).tolist() == [[True, True, False, False]] * 2 + [[False, False, True, True], [False] * 4]
    assert top_agreement(logits, 2) == pytest.approx((1 + 0 + 0 + 0 + 0 + 0) / 6)
    assert top_agreement(logits[:2], 1) == 0
    assert mean_rank(logits[:3]).tolist() == pytest.approx([7 / 3, 2, 8 / 3, 3])


@pytest.mark.parametrize("logits", [np.zeros(5), np.zeros((1, 5)), np.zeros((3, 0))])
def test_agreement_needs_two_rankings(logits: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"logits must have shape \(s, n\)"):
        agreement(logits)


def test_a_top_lies_within_the_table() -> None:
    with pytest.raises(ValueError, match="top must be from 1 to the 4 rows, got 5"):
        top_agreement(np.zeros((2, 4)), 5)


# -- excess mass and mass volume -----------------------------------------------------------------------------------


def brute_force(logits: np.ndarray, uniform: np.ndarray) -> tuple[float, float]:
    """(area under EM, mean of MV) from their definitions, on fine grids."""
    regions = [((logits >= u).mean(), (uniform >= u).mean()) for u in np.unique(logits)]
    t = np.linspace(0, len(uniform) / 10, 2_000_001)
    curve = np.max([mass - t * volume for mass, volume in regions], axis=0)
    below = int(np.argmax(curve <= 0.9)) if (curve <= 0.9).any() else len(t) - 1
    shares = np.linspace(0.9, 1, 20_001)[1:]
    volumes = [min(volume for mass, volume in regions if mass >= share - 1e-9) for share in shares]
    return float(np.trapezoid(curve[: below + 1], t[: below + 1])), float(np.mean(volumes))


@pytest.mark.parametrize("shift", [0.0, 0.7, 3.0])
def test_the_areas_are_those_of_the_definitions(shift: float) -> None:
    logits, uniform = RNG.normal(shift, 1, 50).round(1), RNG.normal(0, 1, 80).round(1)
    area, volume = brute_force(logits, uniform)
    assert excess_mass(logits, uniform) == pytest.approx(area, abs=2e-5)
    assert mass_volume(logits, uniform) == pytest.approx(volume, abs=1e-4)


def test_a_score_that_knows_nothing_has_the_areas_of_chance() -> None:
    same = np.linspace(0, 1, 20_000)
    assert excess_mass(same, same) == pytest.approx(0.095, abs=1e-4)  # EM(t) = 1 - t, down to .9
    assert mass_volume(same, same) == pytest.approx(0.95, abs=1e-4)


def test_a_region_of_half_the_volume_holds_nine_tenths_longer() -> None:
    # The rows fill the upper half of the volume evenly: EM(t) = 1 - t / 2, and MV(a) = a / 2.
    rows, box = np.linspace(0.5, 1, 20_000), np.linspace(0, 1, 40_000)
    assert excess_mass(rows, box) == pytest.approx(0.2 * 0.95, abs=1e-4)
    assert mass_volume(rows, box) == pytest.approx(0.475, abs=1e-4)


def test_where_all_uniform_rows_lie_outside_the_curve_ends() -> None:
    assert excess_mass(np.ones(10), np.zeros(70)) == pytest.approx(7)
    assert mass_volume(np.ones(10), np.zeros(70)) == 0


def test_uniform_rows_fill_the_box_and_follow_their_seed() -> None:
    X = np.array([[0, 5], [2, 7]], np.float32)
    rows = uniform_rows(X, 1000, seed=3)
    assert rows.min(axis=0) == pytest.approx([0, 5], abs=0.02)
    assert rows.max(axis=0) == pytest.approx([2, 7], abs=0.02)
    assert np.array_equal(rows, uniform_rows(X, 1000, seed=3))
    assert not np.array_equal(rows, uniform_rows(X, 1000, seed=4))


# -- neighbours ----------------------------------------------------------------------------------------------------


def test_no_generated_point_near_and_all_of_them_near() -> None:
    X = RNG.random((100, 3))
    assert neighbour_ratio(X, X[:50] + 100) == 0
    assert neighbour_ratio(X, np.repeat(X + 1e-6, 20, axis=0)) == 1


def test_neighbours_are_those_that_brute_force_finds() -> None:
    X, generated = RNG.random((30, 2)), RNG.random((25, 2)) * 0.6
    points = np.concatenate([X, generated])
    counted = 0
    for row in range(30):
        order = sorted((float(np.hypot(*(points[row] - other))), place) for place, other in enumerate(points))
        nearest = [place for _, place in order if place != row][:5]
        counted += sum(place >= 30 for place in nearest) / 5 > 0.2
    assert 0 < counted < 30
    assert neighbour_ratio(X, generated, sampled=30, k=5) == counted / 30


def test_a_table_smaller_than_the_sample_is_used_whole() -> None:
    assert neighbour_ratio(np.zeros((3, 1)), np.ones((2, 1))) == 1  # 2 of the 4 others are generated


# -- loss entropy --------------------------------------------------------------------------------------------------


def test_entropy_of_equal_losses_and_of_one_loss() -> None:
    assert loss_entropy(np.full(8, 1.5)) == pytest.approx(np.log(8))
    assert loss_entropy(np.array([-50.0, 800.0, 800.0])) == 0
    assert loss_entropy(np.full(4, 900.0)) == pytest.approx(np.log(4))  # no loss at all


def test_entropy_of_two_shares() -> None:
    # softplus(-l) = ln 2 and 2 ln 2: shares of a third and two thirds.
    logits = np.array([0.0, -np.log(3)])
    assert loss_entropy(logits) == pytest.approx(np.log(3) - 2 / 3 * np.log(2))


def test_the_stop_takes_falls_that_are_more_than_noise() -> None:
    assert entropy_stop(np.array([3.0, 2.0, 1.0, 2.0, 0.0]), patience=10) == 4
    assert entropy_stop(np.array([3.0, 2.0, 1.0, 2.0, 0.0]), patience=1) == 2
    noisy = np.array([3.0, 2.0, 3.0, 2.0, 3.0, 1.9])
    assert entropy_stop(noisy, patience=10, ratio=0.1) == 1  # .1 lower after a way of 4.1
    assert entropy_stop(noisy, patience=10, ratio=0.01) == 5
