"""Drift against known shifts, against SciPy, and silence where nothing moved."""

import numpy as np
import pytest
from scipy.stats import ks_2samp

from sogaal.drift import CLEAR, NEW, STRONG, DateDrift, Drift, drift_of
from sogaal.errors import DataError, ModelError
from sogaal.preparation import Preparation
from sogaal.preparation.columns import DAY, RARE
from sogaal.preparation.pipeline import RawColumn
from sogaal.reference import Counts, Distribution, Reference


def drift(training: np.ndarray, new: np.ndarray, pieces: int = 1) -> Drift:
    counts = Counts(Distribution.fit(training.astype(np.float32)))
    for part in np.array_split(new.astype(np.float32), pieces):
        counts.add(part)
    return drift_of(counts, [f"x{j}" for j in range(training.shape[1])])


def kinds(rng: np.random.Generator, n: int) -> np.ndarray:
    """Continuous, skewed, few values, almost always the same, constant."""
    return np.c_[
        rng.normal(size=n), rng.exponential(size=n), rng.integers(0, 3, n), rng.random(n) < 0.01, np.full(n, 7.0)
    ]


@pytest.mark.parametrize("m", [20, 300, 5_000])
def test_no_drift_is_no_alarm(m: int) -> None:
    rng = np.random.default_rng(m)
    alarms, distances, ratios = 0, [], []
    for _ in range(60):
        found = drift(kinds(rng, 1_000), kinds(rng, m))
        alarms += any(one.verdict != "none" for one in found.features)
        first = next(one for one in found.features if one.name == "x0")
        distances.append(first.distance / found.by_chance)
        ratios.append(first.psi / first.psi_by_chance)
    assert alarms <= 2  # of 60, at a rate of at most 1 in 100
    assert 0.75 < np.mean(distances) < 1.1
    if m >= 300:
        assert 0.85 < np.mean(ratios) < 1.2


@pytest.mark.parametrize("shift", [0.1, 0.3, 1.0, 5.0])
def test_a_shift_is_measured(shift: float) -> None:
    rng = np.random.default_rng(5)
    training, new = kinds(rng, 20_000), kinds(rng, 20_000)
    new[:, 0] += shift
    first = drift(training, new).features[0]
    assert first.name == "x0"
    exact = ks_2samp(training[:, 0], new[:, 0]).statistic
    assert exact - 0.011 <= first.distance <= exact + 1e-6  # the edges are one in a hundred rows apart
    assert not first.lower
    assert first.verdict == ("slight" if exact < CLEAR else "clear" if exact < STRONG else "strong")
    assert first.psi > 5 * first.psi_by_chance


def test_psi_by_hand() -> None:
    """Two classes, .5 and .5, become .9 and .1: PSI = .4 ln(.9 / .5) - .4 ln(.1 / .5)."""
    training = np.repeat([0.0, 1.0], 5_000)[:, None]
    new = np.repeat([0.0, 1.0], [90_000, 10_000])[:, None]
    one = drift(training, new).features[0]
    assert one.psi == pytest.approx(0.4 * np.log(1.8) - 0.4 * np.log(0.2), abs=1e-3)
    assert one.distance == pytest.approx(0.4)
    assert one.lower
    assert one.at == 0


def test_values_outside_the_range_and_missing_ones() -> None:
    training = np.linspace(0, 1, 1_001)[:, None]
    new = np.concatenate([np.full(100, -3.0), np.full(200, 0.5), np.full(50, 9.0), np.full(50, np.nan)])[:, None]
    one = drift(training, new, pieces=7).features[0]
    assert (one.below, one.above, one.missing) == (100 / 350, 50 / 350, 50 / 400)


@pytest.mark.parametrize("value", [6.0, 8.0])
def test_a_constant_that_changes(value: float) -> None:
    one = drift(np.full((500, 1), 7.0), np.full((500, 1), value)).features[0]
    assert one.distance == 1
    assert one.verdict == "strong"
    assert one.lower == (value < 7)


def test_pieces_make_no_difference() -> None:
    rng = np.random.default_rng(1)
    training, new = kinds(rng, 500), kinds(rng, 1_234)
    assert drift(training, new) == drift(training, new, pieces=11)


def test_a_column_without_any_value() -> None:
    one = drift(np.zeros((5, 1)), np.full((4, 1), np.nan)).features[0]
    assert (one.verdict, one.missing) == ("none", 1.0)


def test_the_remembered_numbers_come_back() -> None:
    rng = np.random.default_rng(2)
    X, logits = kinds(rng, 400).astype(np.float32), rng.normal(size=400)
    reference = Reference.of(X, {"end": logits})
    again = Reference.from_arrays(reference.to_arrays(), 5, ["stop", "end"])
    assert again is not None
    for name, array in reference.to_arrays().items():
        np.testing.assert_array_equal(again.to_arrays()[name], array)
    assert again.scores["end"].value_at(0.05) == np.sort(logits)[19]  # 20 of 400 rows lie at or below
    edges, shares = again.columns.column(0)
    np.testing.assert_array_equal(shares, [(X[:, 0] <= edge).mean() for edge in edges])
    assert Reference.from_arrays({}, 5, ["end"]) is None


@pytest.mark.parametrize("part", ["rows", "edges", "shares", "starts"])
def test_damaged_numbers_are_refused(part: str) -> None:
    arrays = Distribution.fit(np.random.default_rng(0).normal(size=(50, 2))).to_arrays()
    for damaged in (arrays[part][:-1], arrays[part].astype(np.float32), arrays[part] * 0, None):
        if damaged is None:
            del arrays[part]
        else:
            arrays[part] = damaged
        with pytest.raises(ModelError, match="the saved distribution"):
            Distribution.from_arrays(arrays, 2)


def test_another_number_of_columns_is_refused() -> None:
    counts = Counts(Distribution.fit(np.zeros((3, 2))))
    with pytest.raises(DataError, match="rows must have 2 columns, got shape"):
        counts.add(np.zeros((3, 1)))
    with pytest.raises(DataError, match="at least one row and column"):
        Distribution.fit(np.zeros((0, 2)))
    with pytest.raises(DataError, match="finite"):
        Distribution.fit([[np.nan], [1.0]])


# -- categories --------------------------------------------------------------------------------------------------------

LEVELS = tuple("abcdefgh")
SHARES = np.array([0.4, 0.25, 0.15, 0.1, 0.06, 0.03, 0.006, 0.004])  # the last two are rare


def draw(rng: np.random.Generator, n: int, shares: np.ndarray = SHARES, new: float = 0.0) -> np.ndarray:
    """Numbers of levels, -1 for one that was never seen."""
    codes = rng.choice(len(LEVELS), n, p=shares).astype(np.float64)
    codes[rng.random(n) < new] = -1
    return codes


def prepared(rng: np.random.Generator, n: int, shares: np.ndarray = SHARES) -> tuple[Preparation, Distribution]:
    """A number and a category, and what a model remembers of them."""
    levels = LEVELS[: np.count_nonzero(shares)]
    colours = draw(rng, n, shares)
    colours[: len(levels)] = np.arange(len(levels))  # each is there
    columns = [RawColumn("size", "number", rng.normal(size=n)), RawColumn("colour", "category", colours, levels)]
    preparation = Preparation.fit(columns)
    return preparation, Distribution.fit(preparation.transform([one.values for one in columns]))


def found_in(preparation: Preparation, known: Distribution, size: np.ndarray, codes: np.ndarray) -> Drift:
    counts = Counts(known)
    for rows in np.array_split(np.arange(len(size)), 3):
        counts.add(preparation.transform([size[rows], codes[rows]]))
    return drift_of(counts, preparation.feature_names, preparation)


@pytest.mark.parametrize("m", [20, 300, 5_000])
def test_a_category_without_drift_is_no_alarm(m: int) -> None:
    rng = np.random.default_rng(m)
    alarms = 0
    for _ in range(60):
        preparation, known = prepared(rng, 1_000)
        found = found_in(preparation, known, rng.normal(size=m), draw(rng, m))
        assert sorted(one.name for one in found.features) == ["colour", "size"]
        alarms += any(one.verdict != "none" for one in found.features)
    assert alarms <= 2  # of 60, at a rate of at most 1 in 100


def test_a_category_moves_as_a_whole() -> None:
    rng = np.random.default_rng(0)
    preparation, known = prepared(rng, 20_000)
    shares = SHARES.copy()
    shares[[0, 3]] += [-0.2, 0.2]
    found = found_in(preparation, known, rng.normal(size=20_000), draw(rng, 20_000, shares))
    first, second = found.features
    assert (first.name, second.name, second.verdict) == ("colour", "size", "none")
    assert first.distance == pytest.approx(0.2, abs=0.01)
    assert first.verdict == "clear"
    assert first.level in ("a", "d")
    assert first.lower == (first.level == "a")
    assert first.at is None
    assert [one.level for one in first.classes] == ["a", "b", "c", "d", "e", "f", RARE]
    told = {one.level: (one.training, one.new) for one in first.classes}
    assert told["a"] == pytest.approx((0.4, 0.2), abs=0.015)
    assert told[RARE] == pytest.approx((0.01, 0.01), abs=0.004)
    by_hand = sum((new - old) * np.log(new / old) for old, new in told.values())
    assert first.psi == pytest.approx(by_hand, abs=2e-3)


@pytest.mark.parametrize("rare", [True, False])
def test_levels_that_training_did_not_have(rare: bool) -> None:
    """They count as rare where some were, and are new where none was."""
    rng = np.random.default_rng(1)
    shares = SHARES if rare else np.r_[SHARES[:6] / SHARES[:6].sum(), 0, 0]
    preparation, known = prepared(rng, 5_000, shares)
    found = found_in(preparation, known, rng.normal(size=5_000), draw(rng, 5_000, shares, new=0.3))
    first = found.features[0]
    assert (first.name, first.verdict, first.lower) == ("colour", "strong", False)
    assert first.level == (RARE if rare else NEW)
    assert first.distance == pytest.approx(0.3, abs=0.02)
    assert np.isfinite(first.psi)
    assert sum(one.new for one in first.classes) == pytest.approx(1)


def test_no_row_and_a_level_that_is_gone() -> None:
    rng = np.random.default_rng(2)
    preparation, known = prepared(rng, 2_000)
    none = drift_of(Counts(known), preparation.feature_names, preparation)
    assert {one.verdict for one in none.features} == {"none"}
    first = found_in(preparation, known, rng.normal(size=500), np.full(500, 1.0)).features[0]
    assert (first.level, first.lower) == ("b", False)
    assert first.distance == pytest.approx(0.75, abs=0.03)


def test_values_are_told_without_the_noise_of_single_precision() -> None:
    rng = np.random.default_rng(6)
    training = rng.choice([0.1, 0.2, 0.3], size=(300, 1)).astype(np.float32)
    first = drift(training, np.full((300, 1), 0.3, np.float32)).features[0]
    assert {one.upto for one in first.classes} <= {0.1, 0.2, 0.3}
    assert first.at in {0.1, 0.2, 0.3}


def test_a_column_that_is_not_there_has_not_drifted() -> None:
    rng = np.random.default_rng(5)
    preparation, known = prepared(rng, 2_000)
    counts = Counts(known)
    counts.add(preparation.transform([np.full(500, np.nan), draw(rng, 500)]))
    filled = drift_of(counts, preparation.feature_names, preparation)
    assert filled.features[0].verdict == "strong"
    found = drift_of(counts, preparation.feature_names, preparation, absent=("size",))
    assert ([one.name for one in found.features], found.absent) == (["colour"], ("size",))
    assert found.features[0].verdict == "none"
    category = drift_of(counts, preparation.feature_names, preparation, absent=("colour",))
    assert [one.name for one in category.features] == ["size"]
    plain = Counts(Distribution.fit(rng.normal(size=(100, 2))))
    plain.add(np.zeros((50, 2)))
    assert [one.name for one in drift_of(plain, ["a", "b"], absent=("a",)).features] == ["b"]


# -- dates -------------------------------------------------------------------------------------------------------------

JANUARY = 20_089.0  # 2025-01-01, in days since 1970


def months(rng: np.random.Generator, first: int, days: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Sizes, and moments within so many days from the ``first`` one after January 1, 2025."""
    when = JANUARY + first + rng.uniform(0, days, n)
    when[:2] = JANUARY + first, JANUARY + first + days - 0.5
    return rng.normal(size=n), when * DAY


def dated(new: tuple[np.ndarray, np.ndarray]) -> Drift:
    """Rows against a quarter of training."""
    rng = np.random.default_rng(3)
    size, when = months(rng, 0, 90, 2_000)
    preparation = Preparation.fit([RawColumn("size", "number", size), RawColumn("when", "date", when)])
    counts = Counts(Distribution.fit(preparation.transform([size, when])))
    counts.add(preparation.transform(new))
    dates = {"when": (float(new[1].min()), float(new[1].max()))}
    return drift_of(counts, preparation.feature_names, preparation, dates)


def test_a_later_file_has_not_drifted_by_its_date() -> None:
    rng = np.random.default_rng(4)
    found = dated(months(rng, 90, 30, 600))
    assert found.dates == (DateDrift("when", ("2025-01-01", "2025-03-31"), ("2025-04-01", "2025-04-30")),)
    assert found.dates[0].sentence == (
        "when is later than in training (2025-01-01 to 2025-03-31, now 2025-04-01 to 2025-04-30), as a later file is."
    )
    assert {one.name for one in found.lasting} == {"size", "when: hour", "when: weekday"}
    assert {one.name for one in found.features[3:]} == {"when: days", "when: month"}
    assert all(one.verdict == "strong" for one in found.features[3:])
    assert found.with_verdict("slight", "clear", "strong") == ()
    days = next(one for one in found.features if one.name == "when: days")
    assert days.origin is not None
    assert days.above == 1
    assert [one.origin for one in found.lasting] == [None] * 3


def test_what_else_drifts_comes_first() -> None:
    size, when = months(np.random.default_rng(5), 90, 30, 600)
    found = dated((size + 0.5, when))
    assert found.features[0].name == "size"
    assert [one.name for one in found.with_verdict("clear", "strong")] == ["size"]


@pytest.mark.parametrize(
    ("first", "days", "words"),
    [(-42, 21, "is earlier than"), (42, 14, "is spread otherwise than"), (60, 60, "is later than"), (0, 90, "")],
)
def test_dates_are_told_by_where_they_lie(first: int, days: int, words: str) -> None:
    found = dated(months(np.random.default_rng(6), first, days, 400))
    assert [words in one.sentence for one in found.dates] == ([True] if words else [])
    assert found.with_verdict("slight", "clear", "strong") == ()
