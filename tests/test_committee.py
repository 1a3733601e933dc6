"""Seeds that choose the stop together: the rule, the run, its state, and what scores afterwards."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import spearmanr

from sogaal import MOGAAL, SOGAAL, Trainer, load_dataset, load_model, save_model
from sogaal.choice import Choice
from sogaal.committee import COMPARED_ROWS, MOMENT_STEPS
from sogaal.config import TrainConfig, make_config
from sogaal.diagnosis import Evidence, Finding, diagnose
from sogaal.diagnosis.rules_seeds import softened
from sogaal.engine import Engine
from sogaal.errors import ConfigError, DivergedError
from sogaal.labelfree import agreement, likeness, turn
from sogaal.metrics import roc_auc
from sogaal.model import Model
from sogaal.pool import RunPool
from sogaal.scaling import Scaler
from sogaal.seeding import member_seeds

DATA = load_dataset("wine")
X = Scaler.fit(DATA.X).transform(DATA.X)
AT_MOST = 1600


def auto(**values: Any) -> TrainConfig:
    return make_config(stop_epochs="auto", auto_seeds=3, **values)


# -- the rule ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("likenesses", "place"),
    [
        ([], None),
        ([1.0], None),
        ([1.0, 0.9, 0.95], None),  # came back before it had turned
        ([1.0, 0.7], None),  # turned, and nobody knows yet how far it goes
        ([1.0, 0.7, 0.2, -0.4], None),
        ([1.0, 0.7, 0.2, -0.4, -0.3], 4),
        ([1.0, 0.79, 0.8, 0.1, 0.5], 2),  # the first time counts
    ],
)
def test_d_has_turned_when_it_begins_to_come_back(likenesses: list[float], place: int | None) -> None:
    assert turn(likenesses) == place


def test_likeness_is_spearmans() -> None:
    a, b = np.random.default_rng(0).normal(size=(2, 40))
    assert likeness(a, b) == pytest.approx(spearmanr(a, b).statistic)


# -- the run -------------------------------------------------------------------------------------------------------


def test_the_run_is_that_of_its_seeds_alone() -> None:
    trainer = Trainer(X, auto(seed=4), DATA.y).fit()
    alone = [
        Trainer(X, make_config(stop_epochs=5000, max_epochs=AT_MOST, seed=seed), DATA.y) for seed in member_seeds(4, 3)
    ]
    moments: list[np.ndarray] = []
    alike: list[float] = []
    while turn(alike) is None and len(moments) < AT_MOST // MOMENT_STEPS:
        for one in alone:
            one.advance(MOMENT_STEPS)
        verdicts = np.stack([one.scores(at="now") for one in alone]).astype(float)
        moments.append(verdicts)
        alike.append(likeness(verdicts.mean(axis=0), np.mean(moments, axis=(0, 1))))
    choice = trainer.choice
    assert choice is not None
    assert choice.turned
    assert len(moments) > 2
    assert choice.seeds == tuple(member_seeds(4, 3))
    assert choice.steps == tuple(MOMENT_STEPS * place for place in range(1, len(moments) + 1))
    assert choice.likeness == pytest.approx(alike)
    assert choice.agreement == pytest.approx([agreement(verdicts) for verdicts in moments])
    assert trainer.step == choice.steps[-1]
    assert trainer.finished
    assert np.allclose(trainer.scores(), np.mean(moments, axis=(0, 1)), atol=1e-5)
    assert trainer.summary()["auc_final"] == roc_auc(trainer.scores(), DATA.y)
    # Its history is the first seed's, bit for bit.
    mine, first = trainer.history.view(), alone[0].history.view()
    assert np.array_equal(mine.g_loss, first.g_loss)
    assert np.array_equal(mine.auc, first.auc)


def test_portions_and_pool_change_nothing() -> None:
    whole = Trainer(X, auto()).fit()
    parts = Trainer(X, auto())
    while parts.advance(37):
        pass
    assert whole.choice == parts.choice
    assert whole.choice is not None
    assert np.array_equal(whole.scores(), parts.scores())
    assert np.array_equal(whole.history.view().d_loss, parts.history.view().d_loss)
    with RunPool(1) as pool:
        (outcome,) = pool.run(X, [auto()], DATA.y, keep=("logits",))
    assert outcome.logits_stop is None
    assert np.array_equal(outcome.logits_end, whole.scores())
    assert outcome.summary is not None
    assert Choice.from_dict(outcome.summary["auto"]) == whole.choice


@pytest.mark.parametrize("step", [40, 100, 250])
def test_it_goes_on_from_its_state(step: int) -> None:
    whole, begun = Trainer(X, auto(seed=1)).fit(), Trainer(X, auto(seed=1))
    begun.advance(step)
    again = Trainer(X, auto(seed=1))
    again.load_state_dict(begun.state_dict(), begun.history)
    assert again.choice == begun.choice
    again.fit()
    assert again.choice == whole.choice
    assert np.array_equal(again.scores(), whole.scores())


def test_a_state_of_fewer_seeds_is_refused() -> None:
    begun, more = Trainer(X, auto()), Trainer(X, auto().replace(auto_seeds=4))
    begun.advance(10)
    with pytest.raises(ConfigError, match=r"state must have seed3\.d_values"):
        more.load_state_dict(begun.state_dict(), begun.history)


def test_a_run_that_does_not_turn_ends_at_its_last_step() -> None:
    trainer = Trainer(X, auto(max_epochs=250)).fit()
    choice = trainer.choice
    assert choice is not None
    assert (trainer.step, choice.steps, choice.turned) == (250, (100, 200, 250), False)
    assert choice.why == "D did not turn by step 250: the mean of 3 moments of 3 seeds ranks the rows."


def test_before_its_first_moment_d_now_scores() -> None:
    trainer = Trainer(X, auto())
    trainer.advance(20)
    assert np.array_equal(trainer.scores(), trainer.scores(at="now"))
    assert not trainer.voters()


def test_one_seed_may_choose_alone_and_mo_gaal_too() -> None:
    trainer = Trainer(X, auto(algorithm="mo-gaal", k=3, max_epochs=300).replace(auto_seeds=1)).fit()
    choice = trainer.choice
    assert choice is not None
    assert choice.seeds == (0,)
    assert np.isnan(choice.agreement).all()
    assert Choice.from_dict(choice.to_dict()).likeness == choice.likeness


# Far outside of [0, 1], with a large learning rate: some seeds leave the finite range, at these steps.
FAR = (DATA.X * 1e11).astype(np.float32)
TWO_LEFT = make_config(
    "auto", auto_seeds=6, lr_d=1.0, seed=6, max_epochs=300
)  # 3, never, 100 (D's verdict), 5, never, 6
ONE_LEFT = TWO_LEFT.replace(seed=8, auto_seeds=4)  # 5, 3, 27, never


def test_seeds_that_diverge_are_left_out_and_the_others_go_on() -> None:
    trainer = Trainer(FAR, TWO_LEFT, DATA.y).fit()
    choice, seeds = trainer.choice, member_seeds(6, 6)
    assert choice is not None
    assert (choice.seeds, choice.dropped) == ((seeds[1], seeds[4]), ((1, 3), (3, 100), (4, 5), (6, 6)))
    assert choice.steps == (100, 200, 300)
    assert choice.losses == (
        "Seed 1 of 6 diverged at step 3, seed 3 of 6 at step 100, seed 4 of 6 at step 5, seed 6 of 6 at step 6: left "
        "out. From step 3 on the curves and the picture are those of seed 2."
    )
    assert choice.why == f"D did not turn by step 300: the mean of 3 moments of 2 seeds ranks the rows. {choice.losses}"
    assert Choice.from_dict(choice.to_dict()) == choice
    # The history is the first seed's as long as it was there, and then the second one's.
    alone = [Engine(FAR, [TWO_LEFT.replace(seed=seed)]).advance(100) for seed in seeds[:2]]
    view = trainer.history.view()
    assert np.array_equal(view.d_loss[:2], alone[0].d_loss[:2, 0])
    assert np.array_equal(view.d_loss[2:100], alone[1].d_loss[2:, 0])
    assert len(view.d_loss) == trainer.step == choice.steps[-1]
    assert np.isfinite(trainer.scores()).all()
    assert [len(kept) for kept in trainer.voters()] == 2 * [len(choice.steps)]
    model = Model.from_trainer(trainer, Scaler.fit(FAR, "none"), None)
    assert np.allclose(model.score_samples(FAR), trainer.scores(), rtol=1e-4)


@pytest.mark.parametrize("portion", [1, 4, 90])
def test_portions_change_nothing_where_seeds_diverge(portion: int) -> None:
    whole, parts = Trainer(FAR, TWO_LEFT, DATA.y).fit(), Trainer(FAR, TWO_LEFT, DATA.y)
    while parts.advance(portion):
        pass
    assert parts.choice == whole.choice
    assert np.array_equal(parts.scores(), whole.scores())
    for name in ("d_loss", "sub_g_loss", "spread", "auc", "eval_step"):
        np.testing.assert_array_equal(getattr(parts.history.view(), name), getattr(whole.history.view(), name))


@pytest.mark.parametrize("step", [2, 4, 50, 100, 130])
def test_a_run_that_lost_seeds_goes_on_from_its_state(step: int) -> None:
    whole, begun, again = (Trainer(FAR, TWO_LEFT, DATA.y) for _ in range(3))
    begun.advance(step)
    state = begun.state_dict()
    assert all(np.isfinite(array).all() for array in state.values())
    again.load_state_dict(state, begun.history)
    assert again.choice == begun.choice
    whole.fit()
    again.fit()
    assert again.choice == whole.choice
    assert np.array_equal(again.scores(), whole.scores())
    assert np.array_equal(again.history.view().d_loss, whole.history.view().d_loss)
    ends = whole.state_dict(), again.state_dict()
    assert all(np.array_equal(ends[0][name], ends[1][name]) for name in ends[0] if name != "seconds")


@pytest.mark.parametrize("portion", [1, 1000])
def test_with_fewer_than_two_seeds_left_it_fails_in_words(portion: int) -> None:
    trainer = Trainer(FAR, ONE_LEFT, DATA.y)
    while trainer.step + portion < 27:
        trainer.advance(portion)
    told = (
        r"Training diverged: fewer than two seeds are left at step 27\. Seed 1 of 4 diverged at step 5, "
        r"seed 2 of 4 at step 3, seed 3 of 4 at step 27\."
    )
    with pytest.raises(DivergedError, match=told):
        trainer.advance(portion)
    assert trainer.finished
    assert trainer.history.view().steps == 26


def test_of_a_single_seed_its_own_divergence_is_told() -> None:
    config = TWO_LEFT.replace(auto_seeds=1)
    with pytest.raises(DivergedError, match=r"^Training diverged: the loss of . is not finite at step 3\.$"):
        Trainer(FAR, config).fit()


def test_rankings_of_a_long_table_are_compared_on_a_sample() -> None:
    rows = np.random.default_rng(0).random((COMPARED_ROWS + 100, 2)).astype(np.float32)
    trainer = Trainer(rows, auto(max_epochs=20)).fit()
    committee = trainer._committee
    assert committee is not None
    assert len(np.unique(committee._rows)) == COMPARED_ROWS
    assert trainer.scores().shape == (COMPARED_ROWS + 100,)


# -- what scores afterwards ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [SOGAAL, MOGAAL])
def test_the_estimators_score_as_the_run_does(kind: type, tmp_path: Path) -> None:
    values: dict[str, Any] = {"max_epochs": 300} if kind is SOGAAL else {"max_epochs": 200, "k": 3}
    detector = kind(stop_epochs="auto", n_estimators=3, random_state=2, **values).fit(DATA.X)
    algorithm = "so-gaal" if kind is SOGAAL else "mo-gaal"
    trainer = Trainer(X, auto(algorithm=algorithm, seed=2, score_at=detector.score_at, **values)).fit()
    assert detector.choice_ == trainer.choice
    assert np.allclose(detector.score_samples(DATA.X), trainer.scores(), atol=1e-5)
    assert [one.config.seed for one in detector.estimators_] == member_seeds(2, 3)
    assert all(len(one.snapshots) == len(detector.choice_.steps) for one in detector.estimators_)
    save_model(tmp_path / "model.safetensors", detector)
    loaded = load_model(tmp_path / "model.safetensors")
    assert np.array_equal(loaded.score_samples(DATA.X), detector.score_samples(DATA.X))
    found = loaded.explain(DATA.X[:3])
    assert found.attributions.sum(axis=1) == pytest.approx(found.logits - found.median_logit)
    again = kind(stop_epochs="auto", n_estimators=3, random_state=2, **values).fit(DATA.X)
    assert np.array_equal(again.score_samples(DATA.X), detector.score_samples(DATA.X))


def test_a_model_of_the_run_scores_with_all_seeds(tmp_path: Path) -> None:
    trainer = Trainer(X, auto()).fit()
    model = Model.from_trainer(trainer, Scaler.fit(DATA.X), DATA)
    choice = trainer.choice
    assert choice is not None
    assert (model.at, len(model.snapshots)) == ("snapshots", 3 * len(choice.steps))
    assert np.allclose(model.score_samples(DATA.X), trainer.scores(), atol=1e-5)
    save_model(tmp_path / "model.safetensors", model)
    assert np.array_equal(load_model(tmp_path / "model.safetensors").score_samples(DATA.X), model.score_samples(DATA.X))


def test_snapshots_do_not_go_with_it() -> None:
    with pytest.raises(ConfigError, match="snapshots must be 1 with stop_epochs 'auto'"):
        SOGAAL(stop_epochs="auto", snapshots=4).fit(DATA.X)


def diagnosed(config: TrainConfig, table: Any = X, scaling: str = "minmax") -> dict[str, Finding]:
    trainer = Trainer(table, config)
    frames = []
    while trainer.advance(50):
        frames.append(trainer.frame())
    evidence = Evidence(
        config, trainer.history.view(), frames, trainer.batches, trainer.stop_step,
        complete=True, X=table, scaling=scaling, choice=trainer.choice,
        voters=[weights for seed in trainer.voters() for weights in seed],
    )  # fmt: skip
    return {finding.kind: finding for finding in diagnose(evidence)}


def findings(config: TrainConfig, table: Any = X, scaling: str = "minmax") -> dict[str, str]:
    return {kind: finding.severity for kind, finding in diagnosed(config, table, scaling).items()}


def test_the_diagnosis_of_a_healthy_run_finds_no_fault() -> None:
    assert set(findings(auto()).values()) == {"note"}
    # It turns over on the way: the last D ranks upside down, and is not what scores.
    assert "inverted_ranking" not in findings(auto())


def test_robust_scaling_is_a_warning_with_a_remedy_and_the_stand_in_is_that_of_all_ds_together() -> None:
    table = load_dataset("onecluster")
    robust = Scaler.fit(table.X, "robust").transform(table.X)
    found = diagnosed(make_config("auto"), robust, "robust")
    assert (found["robust_scaling"].severity, found["robust_scaling"].changes) == ("warning", {"scaling": "minmax"})
    assert found["inverted_together"].severity == "warning"  # the AUC is .00
    assert found["inverted_together"].numbers["probe"] < 0.2
    table = load_dataset("breast_cancer")
    good = diagnosed(make_config("auto"), Scaler.fit(table.X, "minmax").transform(table.X))
    assert not {"robust_scaling", "inverted_together"} & set(good)
    # The one game's D has turned, .06; what ranks has not.
    assert good["no_labels"].numbers["probe"] > 0.9


def test_a_generator_that_is_dead_all_the_way_is_a_failure() -> None:
    found = findings(auto(generator_bias=-1.0, max_epochs=400))
    assert (found["dead_generator"], found["discriminator_wins"]) == ("failure", "failure")
    assert found["stop_at_the_edge"] == "note"


def test_seeds_that_diverged_are_a_warning() -> None:
    assert findings(TWO_LEFT, FAR, "none")["seeds_lost"] == "warning"


def test_where_d_turned_one_game_is_no_failure_and_low_agreement_is_a_note() -> None:
    choice = Choice((0, 1), (100, 200, 300), (1.0, 0.5, 0.6), (0.4, 0.3, 0.1), turned=True)
    dead = Finding("dead_generator", "", "failure", "", "")
    assert softened(dead, choice).severity == "warning"
    assert softened(dead, replace(choice, turned=False)).severity == "failure"
    view = Trainer(X, auto(max_epochs=5)).fit().history.view()
    evidence = Evidence(auto(), view, [], 1, None, complete=True, X=None, scaling="minmax", choice=choice)
    assert {"seeds_disagree", "stop_at_the_edge"} <= {finding.kind for finding in diagnose(evidence)}
    calm = replace(choice, steps=(100, 200, 300, 400), agreement=(0.4, 0.3, 0.3, 0.3), likeness=(1, 1, 0.5, 0.6))
    evidence = Evidence(auto(), view, [], 1, None, complete=True, X=None, scaling="minmax", choice=calm)
    assert not {"seeds_disagree", "stop_at_the_edge"} & {finding.kind for finding in diagnose(evidence)}
