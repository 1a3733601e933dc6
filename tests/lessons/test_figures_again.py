"""Chapter 7's calculations: the rule for stop_epochs, where a loss flattens, and how runs end."""

import numpy as np
import pytest

from sogaal.config import AUTHORS_STOP_EPOCHS, make_config
from sogaal.data import load_dataset
from sogaal.labelfree.flat_loss import fall, stop_epochs_by_rule
from sogaal.lessons.endings import effects, ending
from sogaal.outcomes import history_arrays
from sogaal.scaling import Scaler
from sogaal.trainer import Trainer


def trained(dataset: str, preset: str = "post", **changes: object) -> Trainer:
    table = load_dataset(dataset)
    X = Scaler.fit(table.X, "minmax").transform(table.X)
    return Trainer(X, make_config(preset, **changes), table.y).fit()


@pytest.mark.parametrize(
    ("iteration", "n", "epochs"),
    [(2000, 1000, 1000), (2001, 1000, 1001), (200, 367, 200), (330, 7129, 22), (1, 9000, 1)],
)
def test_the_rule(iteration: int, n: int, epochs: int) -> None:
    assert stop_epochs_by_rule(iteration, n) == epochs


@pytest.mark.parametrize(("iteration", "n", "words"), [(0, 10, "iteration must be"), (5, 0, "n must be")])
def test_the_rule_names_what_is_wrong(iteration: int, n: int, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        stop_epochs_by_rule(iteration, n)


def test_a_fall_is_found() -> None:
    step = np.arange(1, 2001)
    loss = np.interp(step, [1, 500, 1500, 2000], [0.7, 1.2, 0.6, 0.6])
    noisy = loss + np.random.default_rng(0).normal(0, 0.02, len(step))
    found = fall(noisy)
    assert found.peak_step == pytest.approx(500, abs=40)
    assert found.peak == pytest.approx(1.2, abs=0.05)
    assert found.floor == pytest.approx(0.6, abs=0.02)
    assert found.flat_step == pytest.approx(1450, abs=60)
    assert len(found.smooth) == len(step)


def test_no_fall_is_said() -> None:
    assert fall(np.linspace(0.5, 1, 100)).flat_step is None
    assert fall(np.full(10, 0.7)).flat_step is None
    late = np.concatenate([np.full(800, 0.5), np.linspace(0.5, 2, 200)])  # its peak is its end
    assert fall(late).flat_step is None
    with pytest.raises(ValueError, match="at least 2"):
        fall(np.ones(1))


@pytest.mark.parametrize(
    ("dataset", "table", "epochs"), [("onecluster", "onecluster", 1500), ("breast_cancer", "wdbc", 400)]
)
def test_the_rule_finds_what_the_authors_set(dataset: str, table: str, epochs: int) -> None:
    by_rule = []
    for seed in range(5):  # which of them fall and which do not depends on the processor
        run = trained(dataset, whether_stop=0, max_epochs=epochs, eval_every=epochs, seed=seed)
        found = fall(run.history.view().g_loss)
        if found.flat_step is not None:
            by_rule.append(stop_epochs_by_rule(found.flat_step, run.n))
    assert len(by_rule) >= 3
    assert np.median(by_rule) == pytest.approx(AUTHORS_STOP_EPOCHS[table][0], rel=0.25)


def test_an_ending_is_read_off_whole_and_thinned_histories() -> None:
    run = trained("onecluster", "post_bias_one", stop_epochs=500, max_epochs=800)
    view, stop = run.history.view(), run.stop_step
    assert stop == 1002
    whole, thin = (ending(history_arrays(view, rows), stop) for rows in (None, 200))
    assert whole.auc_end == run.summary()["auc_final"]
    assert whole.auc_stop == run.summary()["auc_stop"]
    assert whole.auc_1000 == pytest.approx(whole.auc_stop, abs=0.01)
    assert whole.d_loss_end == np.median(view.d_loss[-150:])
    assert thin.g_loss_stop == pytest.approx(whole.g_loss_stop, abs=0.1)
    never = ending(history_arrays(view), None)
    assert never.auc_stop is None
    assert never.g_loss_stop is None
    assert not never.like_figure_4


def test_the_end_of_figure_4_is_known() -> None:
    columns = {
        "step": np.arange(1, 1001), "eval_step": np.array([500, 1000]), "auc": np.array([0.9, 0.3]),
        "d_loss": np.repeat([0.6, 0.3], 500), "g_loss": np.repeat([0.8, 2.0], 500),
    }  # fmt: skip
    assert ending(columns, 500).like_figure_4
    assert not ending({**columns, "auc": np.array([0.9, 0.7])}, 500).like_figure_4
    assert not ending({**columns, "g_loss": np.repeat([2.0, 0.8], 500)}, 500).like_figure_4
    assert ending({**columns, "auc": np.full(2, np.nan)}, 500).auc_end is None


def test_effects_are_of_one_switch_at_a_time() -> None:
    found = effects([[[0.9, 1.0], [0.9]], [[0.5], [0.4, 0.6]]])
    assert found.first == pytest.approx(0.425)
    assert found.second == pytest.approx(0.025)
    assert found.larger == "first"
    assert effects([[[0.5], [0.9]], [[0.5], [0.9]]]).larger == "second"
    assert effects([[[0.5], [0.52]], [[0.5], [0.5]]]).larger == "none"
