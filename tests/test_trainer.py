"""The trainer: counting, evaluation, the stop, resuming bit for bit, and refusing what cannot be trained."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from sogaal.config import make_config
from sogaal.errors import ConfigError, DataError, DivergedError
from sogaal.history import History
from sogaal.trainer import Trainer


def blob(n: int = 200, d: int = 2, outliers: int = 10) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    X = rng.normal(0.5, 0.05, (n, d))
    X[:outliers] = rng.random((outliers, d))
    y = np.zeros(n, dtype=np.int8)
    y[:outliers] = 1
    order = rng.permutation(n)
    return X[order].astype(np.float32), y[order]


def same_history(a: Trainer, b: Trainer) -> None:
    for name, column in a.history.to_arrays().items():
        np.testing.assert_array_equal(column, b.history.to_arrays()[name], err_msg=name)


ALGORITHMS = ["so-gaal", "mo-gaal"]


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_counts_of_steps_epochs_and_evaluations(algorithm: str) -> None:
    X, y = blob()
    trainer = Trainer(X, make_config(algorithm=algorithm, k=3, stop_epochs=4, batch_size=60), y)
    assert (trainer.batches, trainer.total_epochs, trainer.total_steps) == (3, 12, 36)
    assert trainer.generator_steps == (15 if algorithm == "so-gaal" else 13)
    assert trainer.stop_step == 15
    trainer.fit()
    view = trainer.history.view()
    assert view.steps == 36
    assert view.eval_step.tolist() == list(range(3, 37, 3))
    assert view.sub_g_loss.shape == (36, 1 if algorithm == "so-gaal" else 3)
    np.testing.assert_allclose(view.g_loss, view.sub_g_loss.mean(axis=1), rtol=1e-6)
    assert trainer.finished
    assert trainer.advance(5) == 0


def test_first_step_is_recorded_before_its_update() -> None:
    # At the start D is near guessing on both halves, and the record holds the means of its batch.
    X, y = blob()
    trainer = Trainer(X, make_config(discriminator_bias=0.0, lr_d=1e-9, lr_g=1e-9), y)
    logits = trainer.scores(at="now")
    assert trainer.advance(1) == 1
    view = trainer.history.view()
    assert view.d_real[0] == pytest.approx(np.mean(1 / (1 + np.exp(-logits))), abs=1e-5)
    assert view.d_loss[0] == pytest.approx(-(np.log(view.d_real[0]) + np.log(1 - view.d_fake[0])) / 2, abs=0.01)


def test_evaluations_are_those_of_scikit_learn() -> None:
    X, y = blob()
    trainer = Trainer(X, make_config(stop_epochs=10), y)
    trainer.advance(7)
    logits = trainer.scores(at="now")
    view = trainer.history.view()
    assert view.auc[-1] == pytest.approx(roc_auc_score(y, -logits), abs=1e-12)
    assert view.average_precision[-1] == pytest.approx(average_precision_score(y, -logits), abs=1e-12)


def test_spread_compares_generated_points_with_the_data() -> None:
    X, y = blob()
    trainer = Trainer(X, make_config(stop_epochs=2, generator_bias=0.0, lr_g=1e-9), y)
    trainer.advance(1)
    points = trainer.frame().generated
    expected = (points.std(axis=0) / X.std(axis=0, dtype=np.float64)).mean()
    assert trainer.history.view().spread[-1] == pytest.approx(expected, rel=1e-4)
    # G is the identity at the start: the points are the uniform noise, far wider than the data.
    assert points.std() == pytest.approx(12**-0.5, rel=0.1)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_scores_at_the_stop_are_those_of_d_at_that_moment(algorithm: str) -> None:
    X, y = blob()
    config = make_config(algorithm=algorithm, k=3, stop_epochs=5, batch_size=50)
    trainer = Trainer(X, config, y)
    with pytest.raises(ConfigError, match="before G has stopped"):
        trainer.scores(X, at="stop")
    while trainer.step < trainer.stop_step:
        trainer.advance(1)
    then = trainer.scores(X, at="now")
    trainer.fit()
    np.testing.assert_array_equal(trainer.scores(X, at="stop"), then)
    np.testing.assert_array_equal(trainer.scores(X), then)  # score_at is "stop" unless said otherwise
    assert not np.array_equal(trainer.scores(X, at="end"), then)
    summary = trainer.summary()
    assert summary["auc_stop"] == pytest.approx(roc_auc_score(y, -then))
    assert summary["auc_final"] == pytest.approx(roc_auc_score(y, -trainer.scores(X, at="end")))
    assert summary["auc_best"] >= max(summary["auc_stop"], summary["auc_final"])


def test_a_run_that_ends_before_the_stop_has_no_stop() -> None:
    X, y = blob()
    for config in (make_config(stop_epochs=10, max_epochs=5), make_config(whether_stop=0, stop_epochs=2)):
        trainer = Trainer(X, config, y).fit()
        assert trainer.stop_step is None
        assert not trainer.generator_stopped
        assert trainer.summary()["auc_stop"] is None
        np.testing.assert_array_equal(trainer.scores(), trainer.scores(at="end"))


def test_eval_every_keeps_the_stop_and_the_end() -> None:
    X, y = blob()
    trainer = Trainer(X, make_config(stop_epochs=7, eval_every=5, batch_size=100), y).fit()
    assert trainer.history.view().eval_step.tolist() == [10, 16, 20, 30, 40, 42]


def test_without_labels_there_is_no_auc_and_the_same_training() -> None:
    X, y = blob()
    config = make_config(stop_epochs=5)
    with_labels, without = Trainer(X, config, y).fit(), Trainer(X, config).fit()
    view = without.history.view()
    assert np.isnan(view.auc).all()
    assert not view.has_labels
    assert without.summary()["auc_final"] is None
    np.testing.assert_array_equal(view.d_loss, with_labels.history.view().d_loss)
    np.testing.assert_array_equal(view.spread, with_labels.history.view().spread)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("shuffle", ["none", "once", "each_epoch"])
def test_same_seed_same_history_however_it_is_stepped(algorithm: str, shuffle: str) -> None:
    X, y = blob()
    config = make_config(algorithm=algorithm, k=3, stop_epochs=6, batch_size=60, shuffle=shuffle, seed=4)
    whole, steps = Trainer(X, config, y).fit(), Trainer(X, config, y)
    rng = np.random.default_rng(0)
    while steps.advance(int(rng.integers(1, 9))):
        pass
    same_history(whole, steps)
    other = Trainer(X, config.replace(seed=5), y).fit()
    assert not np.array_equal(other.history.view().d_loss, whole.history.view().d_loss)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("at", [1, 17, 25, 40])
def test_resumed_run_equals_an_unbroken_one_bit_for_bit(algorithm: str, at: int) -> None:
    X, y = blob()
    config = make_config(algorithm=algorithm, k=3, stop_epochs=6, batch_size=60, generator_bias=0.5)
    unbroken, broken = Trainer(X, config, y).fit(), Trainer(X, config, y)
    broken.advance(at)
    resumed = Trainer(X, config, y)
    resumed.load_state_dict(broken.state_dict(), broken.history)
    assert resumed.step == at
    resumed.fit()
    same_history(unbroken, resumed)
    for moment in ("stop", "end"):
        np.testing.assert_array_equal(unbroken.scores(at=moment), resumed.scores(at=moment))
    np.testing.assert_array_equal(unbroken.frame().generated, resumed.frame().generated)


def test_history_beyond_the_state_is_left_out() -> None:
    X, y = blob()
    config = make_config(stop_epochs=6, batch_size=60)
    unbroken, broken = Trainer(X, config, y), Trainer(X, config, y)
    broken.advance(20)
    state = broken.state_dict()
    broken.advance(5)
    resumed = Trainer(X, config, y)
    resumed.load_state_dict(state, broken.history)
    assert resumed.history.view().steps == 20
    assert resumed.history.view().eval_step[-1] == 18
    broken.fit()  # the history that was handed over stays its owner's
    assert resumed.history.view().steps == 20
    same_history(resumed.fit(), unbroken.fit())


def test_state_that_does_not_fit_is_refused_and_changes_nothing() -> None:
    X, y = blob()
    config = make_config(hidden_size=5, stop_epochs=6)
    first = Trainer(X, config, y)
    first.advance(3)
    state, history = first.state_dict(), first.history
    with pytest.raises(ConfigError, match=r"d_values must have shape .* got"):
        Trainer(X, make_config(hidden_size=6, stop_epochs=6), y).load_state_dict(state, history)
    trainer = Trainer(X, config, y)
    bad = [
        ({"d_velocity": None}, history, "state must have d_velocity, got d_values"),
        ({"step": np.array(10**9)}, history, "step must lie between 0 and"),
        ({"d_stop_values": np.zeros(3, np.float32)}, history, r"d_stop_values must have shape .* got \(3,\)"),
        ({"g_values": np.zeros(3, np.float32)}, history, r"g_values must have shape .* got \(3,\)"),
        ({}, History(2), "history must have 1 sub-generators, got 2"),
        ({}, History(1), "history must have the 3 steps before the state, got 0"),
    ]
    for changes, given, message in bad:
        changed = {name: array for name, array in (state | changes).items() if array is not None}
        with pytest.raises(ConfigError, match=message):
            trainer.load_state_dict(changed, given)
        assert (trainer.step, trainer.history.view().steps) == (0, 0)
    same_history(trainer.fit(), Trainer(X, config, y).fit())


def test_history_views_do_not_change_while_the_run_goes_on() -> None:
    X, y = blob()
    trainer = Trainer(X, make_config(stop_epochs=200), y)
    trainer.advance(100)
    view = trainer.history.view()
    before = view.d_loss.copy()
    trainer.fit()
    assert view.steps == 100
    np.testing.assert_array_equal(view.d_loss, before)
    with pytest.raises(ValueError, match="read-only"):
        view.d_loss[0] = 1


def test_frames_follow_the_same_noise() -> None:
    X, y = blob()
    trainer = Trainer(X, make_config(algorithm="mo-gaal", k=3, stop_epochs=50), y)
    first = trainer.frame()
    assert first.generated.shape == (300, 2)
    assert np.bincount(first.owner).tolist() == [100, 100, 100]
    trainer.advance(1)
    second = trainer.frame()
    moved = np.abs(second.generated - first.generated).max()
    assert 0 < moved < 0.01
    np.testing.assert_allclose(second.discriminator.logits(X), trainer.scores(at="now"), atol=1e-5)


def test_gradient_of_a_frame_is_the_slope_of_its_logits() -> None:
    X, y = blob()
    trainer = Trainer(X, make_config(stop_epochs=50), y)
    trainer.advance(40)
    D = trainer.frame().discriminator
    points = X[:20].astype(np.float64)
    h = 1e-6
    for j in range(2):
        shift = np.zeros(2)
        shift[j] = h
        slope = (D.logits(points + shift).astype(np.float64) - D.logits(points - shift)) / (2 * h)
        # float32 logits leave few digits in a difference: compare where no unit's line lies between.
        assert np.median(np.abs(slope - D.gradient(X[:20])[:, j])) < 0.1


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_modules_compute_what_the_engine_computes(algorithm: str) -> None:
    import torch

    X, y = blob()
    trainer = Trainer(X, make_config(algorithm=algorithm, k=3, stop_epochs=5), y).fit()
    with torch.no_grad():
        logits = trainer.discriminator("end")(torch.from_numpy(X)).numpy()
    np.testing.assert_allclose(logits, trainer.scores(at="end"), atol=1e-5)
    assert len(trainer.generators()) == (1 if algorithm == "so-gaal" else 3)


def test_divergence_ends_the_run_and_keeps_the_history() -> None:
    X, _ = blob()
    trainer = Trainer(X * np.float32(1e25), make_config(stop_epochs=300, seed=2))
    with pytest.raises(DivergedError, match="loss of . is not finite at step") as caught:
        trainer.fit()
    assert trainer.finished
    assert trainer.diverged is caught.value
    view = trainer.history.view()
    assert view.steps == caught.value.step - 1
    assert np.isfinite(view.d_loss).all()


def test_large_tables_are_evaluated_on_a_sample_until_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sogaal.trainer.EVALUATION_ROWS", 100)
    X, y = blob()
    trainer = Trainer(X, make_config(stop_epochs=3), y)
    assert trainer.samples_evaluation
    rows = trainer._evaluation_rows
    assert len(rows) == 100
    assert y[rows].sum() == 5
    trainer.fit()
    assert trainer.history.view().auc[-1] == pytest.approx(roc_auc_score(y, -trainer.scores(at="end")))


def test_bad_tables_and_labels_are_refused() -> None:
    X, y = blob()
    with pytest.raises(DataError, match="two dimensions"):
        Trainer(X[0], make_config())
    with pytest.raises(DataError, match="at least one row and column"):
        Trainer(X[:0], make_config())
    broken = X.copy()
    broken[3, 1] = np.nan
    with pytest.raises(DataError, match=r"1 bad value\(s\), the first in row 3, column 1"):
        Trainer(broken, make_config())
    with pytest.raises(DataError, match="one label for each of the 200 rows"):
        Trainer(X, make_config(), y[:5])
    with pytest.raises(DataError, match="both 0"):
        Trainer(X, make_config(), np.zeros(200, int))


def test_constant_columns_and_one_batch_tables_train() -> None:
    X, y = blob(n=30)
    X[:, 1] = 0
    trainer = Trainer(X, make_config(stop_epochs=3), y).fit()
    assert np.isfinite(trainer.history.view().spread).all()
