"""What trials are judged by: the numbers themselves, and what has labels and what has none."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import spearmanr

from sogaal.config import make_config
from sogaal.errors import ConfigError, RunError
from sogaal.labelfree import choosing, excess_mass, uniform_rows
from sogaal.metrics import average_precision, roc_auc
from sogaal.outcomes import Wanted, do_runs
from sogaal.rivals.classic import isolation_forest, knn
from sogaal.sweep import OBJECTIVES, default_objective, dimension_of, make_spec, objective_of
from sogaal.sweep.objectives import Judged, Unmeasured
from sogaal.sweep.spec import Spec, checked_budget
from sogaal.tables import TravellingTable
from sogaal.trust import trust_of
from sogaal.voting import combined
from tests.sweep.tables import DATA, UNLABELLED, X, Y

CONFIGS = [make_config(stop_epochs=4, batch_size=50, seed=seed) for seed in (0, 1, 2)]
SPACE = [dimension_of("lr_g=1e-5..1e-2")]


@pytest.fixture(scope="module")
def outcomes() -> list:
    ticket = TravellingTable(X, Y).ticket_with_table
    return do_runs(ticket, list(enumerate(CONFIGS)), Wanted(frozenset(("summary", "logits", "weights"))))


def test_each_measures_what_it_says(outcomes: list) -> None:
    stop, end = [one.logits_stop for one in outcomes], [one.logits_end for one in outcomes]
    judged = Judged(outcomes, X, Y)
    assert objective_of("auc_stop").measure(judged) == np.mean([roc_auc(one, Y) for one in stop])
    assert objective_of("auc_end").measure(judged) == np.mean([roc_auc(one, Y) for one in end])
    assert objective_of("average_precision").measure(judged) == np.mean([average_precision(one, Y) for one in stop])
    agreement = objective_of("seed_agreement").measure(Judged(outcomes, X, None))
    assert agreement == trust_of(stop, [0, 1, 2], 5).correlation
    uniform = uniform_rows(X)
    by_hand = [excess_mass(one.logits_stop, combined([one.weights_stop], uniform)) for one in outcomes]
    assert objective_of("excess_mass").measure(Judged(outcomes, X, None)) == np.mean(by_hand)


def test_likeness_is_that_to_knn_and_isolation_forest(outcomes: list, monkeypatch: pytest.MonkeyPatch) -> None:
    logits = [one.logits_stop for one in outcomes]
    rivals = [knn(X, 0)[0], isolation_forest(X, 0)[0]]
    by_hand = np.mean([spearmanr(one, scores).statistic for one in logits for scores in rivals])
    judged = Judged(outcomes, X, None)
    assert objective_of("rival_likeness").measure(judged) == pytest.approx(by_hand)
    # The next trial takes what was made of the table; of a large one it is a sample.
    later = replace(judged, outcomes=outcomes[:1])
    assert later.rivals is judged.rivals
    monkeypatch.setattr("sogaal.sweep.objectives.RIVAL_ROWS", 50)
    rows, scores = Judged(outcomes, X, None).rivals
    assert (len(set(rows.tolist())), {len(one) for one in scores}) == (50, {50})
    assert np.isfinite(objective_of("rival_likeness").measure(Judged(outcomes, X, None)))


def test_the_default_suits_the_table() -> None:
    assert default_objective(Y).name == "auc_stop"
    assert default_objective(None).name == choosing._measured()["without_labels"][0]  # which measured best
    assert not default_objective(None).labels


def test_what_needs_no_labels_gets_along_without() -> None:
    table = TravellingTable(X, None).ticket_with_table
    bare = do_runs(table, list(enumerate(CONFIGS)), Wanted(frozenset(("summary", "logits", "weights"))))
    for objective in OBJECTIVES.values():
        if not objective.labels:
            assert np.isfinite(objective.measure(Judged(bare, X, None)))


def test_what_is_not_there_is_said() -> None:
    config = make_config(stop_epochs=9, max_epochs=3, batch_size=50)
    outcomes = do_runs(TravellingTable(X, Y).ticket_with_table, [(0, config)], Wanted(frozenset(("summary", "logits"))))
    for name in ("auc_stop", "average_precision"):
        with pytest.raises(Unmeasured, match="seed 0: .*G does not stop within the run"):
            objective_of(name).measure(Judged(outcomes, X, Y))


def test_every_choice_says_whether_labels_made_it() -> None:
    assert {one.name: one.chosen for one in OBJECTIVES.values()} == {
        "auc_stop": "chosen with labels",
        "auc_end": "chosen with labels",
        "average_precision": "chosen with labels",
        "seed_agreement": "chosen without labels",
        "excess_mass": "chosen without labels",
        "rival_likeness": "chosen without labels",
    }
    for objective in OBJECTIVES.values():
        assert objective.labels == ("Needs labels" in objective.says)


class TestSpec:
    def test_it_comes_back_as_it_was_saved(self) -> None:
        spec = make_spec(DATA, CONFIGS[0], [*SPACE, dimension_of("k=2,3")],
                         "auc_end", method="random", seeds=4, sampler_seed=7, prune=True)  # fmt: skip
        assert Spec.from_dict(spec.to_dict()) == spec
        assert spec.base.score_at == "end"
        with pytest.raises(RunError, match="damaged"):
            Spec.from_dict({"format": 1})

    def test_runs_are_no_longer_than_their_score_needs(self) -> None:
        spec = make_spec(DATA, CONFIGS[0], [dimension_of("stop_epochs=3,6")], "auc_stop")
        assert spec.config({"stop_epochs": 6}, 0).max_epochs == 7
        assert spec.varied == ("stop_epochs", "max_epochs")
        assert make_spec(DATA, CONFIGS[0], SPACE, "auc_end").config({}, 0).max_epochs is None

    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            ({"objective": "auc"}, "objective must be one of auc_stop, auc_end, average_precision, seed_agreement"),
            ({"objective": "seed_agreement"}, "seeds must be 2 to 100 for Agreement of seeds, got 1."),
            ({"seeds": 0}, "seeds must be 1 to 100 for AUC at stop, got 0."),
            ({"method": "bayes"}, "method must be one of tpe, random, grid, got 'bayes'."),
            ({"prune": True}, "prune gives up a trial between two of its seeds: for AUC at stop it needs seeds of at"),
            ({"scaling": "log"}, "scaling must be one of minmax, robust, none, got 'log'."),
            ({"sampler_seed": -1}, "sampler_seed must be from 0 to 4294967295, got -1."),
        ],
    )
    def test_bad_settings_are_named(self, changes: dict, said: str) -> None:
        with pytest.raises(ConfigError) as caught:
            make_spec(DATA, CONFIGS[0], SPACE, **{"objective": "auc_stop"} | changes)
        assert str(caught.value).startswith(said)
        assert caught.value.field in {*changes, "seeds"}

    def test_without_labels_only_some_will_do(self) -> None:
        with pytest.raises(ConfigError, match="objective must be one that needs no labels, for .* has none"):
            make_spec(UNLABELLED, CONFIGS[0], SPACE, "auc_stop")
        assert make_spec(UNLABELLED, CONFIGS[0], SPACE, "seed_agreement", seeds=2)

    def test_the_moment_of_an_objective_does_not_vary(self) -> None:
        with pytest.raises(ConfigError, match="score_at cannot be varied"):
            make_spec(DATA, CONFIGS[0], [dimension_of("score_at=stop,end")], "auc_stop")

    @pytest.mark.parametrize(
        ("method", "trials", "seconds", "said"),
        [
            ("tpe", None, None, "trials or seconds must say when a sweep by tpe ends, got neither."),
            ("tpe", 0, None, "trials must be 1 to 100,000, got 0."),
            ("grid", None, 0.0, "seconds must be over 0, got 0."),
            ("grid", None, float("nan"), "seconds must be over 0, got nan."),
        ],
    )
    def test_a_budget_is_one(self, method: str, trials: int | None, seconds: float | None, said: str) -> None:
        with pytest.raises(ConfigError, match=said):
            checked_budget(method, trials, seconds)
