"""The preset auto, which a sweep without labels is held against."""

from collections.abc import Iterator

import numpy as np
import pytest

from sogaal.config import make_config
from sogaal.labelfree import likeness
from sogaal.pool import RunPool
from sogaal.rivals.classic import isolation_forest, knn
from sogaal.snapshots import JobState
from sogaal.sweep import OBJECTIVES, Spec, Untuned, comparable, dimension_of, make_spec, untuned_words
from sogaal.trainer import Trainer
from tests.sweep.tables import DATA, UNLABELLED, X

PATIENCE = 60.0


@pytest.fixture(scope="module")
def pool() -> Iterator[RunPool]:
    with RunPool(1) as pool:
        yield pool


def spec_of(objective: str) -> Spec:
    base = make_config(stop_epochs=4, seed=3)
    return make_spec(DATA, base, [dimension_of("lr_g=1e-4,1e-2")], objective, seeds=2)


def test_it_has_the_value_of_all_seeds_together(pool: RunPool) -> None:
    untuned = Untuned(UNLABELLED, spec_of("rival_likeness"), pool).start()
    assert untuned.wait(PATIENCE)
    assert (untuned.state, untuned.message) == (JobState.COMPLETED, "")
    scores = Trainer(X, make_config("auto", seed=3)).fit().scores()
    by_hand = np.mean([likeness(scores, fit(X, 0)[0]) for fit in (knn, isolation_forest)])
    assert untuned.value == pytest.approx(by_hand, abs=1e-5)


def test_it_can_be_cancelled(pool: RunPool) -> None:
    untuned = Untuned(UNLABELLED, spec_of("rival_likeness"), pool).start()
    untuned.cancel()
    assert untuned.wait(PATIENCE)
    assert (untuned.state, untuned.value) == (JobState.STOPPED, None)


def test_only_what_is_about_one_ranking_and_takes_no_labels_is_compared() -> None:
    assert [name for name in OBJECTIVES if comparable(spec_of(name))] == ["rival_likeness"]
    assert all(bool(one.reads) != one.labels for one in OBJECTIVES.values())


def test_a_search_that_found_nothing_better_is_told_so() -> None:
    spec = spec_of("rival_likeness")
    assert untuned_words(spec, 0.24, 0.53).endswith("found nothing better.")
    assert "0.5300" in untuned_words(spec, 0.24, 0.53)
    assert untuned_words(spec, 0.6, 0.53).endswith("the best trial is above it.")
