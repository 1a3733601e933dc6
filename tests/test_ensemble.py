"""Ensembles of seeds and snapshots: who the members are, how they score together, and their files."""

import json
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from safetensors import safe_open
from safetensors.numpy import load, save
from sklearn.base import clone
from sklearn.utils.estimator_checks import parametrize_with_checks

from sogaal import MOGAAL, SOGAAL, load_dataset, load_model, save_model
from sogaal.cli import main
from sogaal.config import TrainConfig, make_config
from sogaal.ensemble import Ensemble
from sogaal.errors import ConfigError, DivergedError, ModelError
from sogaal.history import EVALUATION_COLUMNS, STEP_COLUMNS
from sogaal.members import as_long_as_needed, pays, train_members
from sogaal.metrics import outlier_score, roc_auc
from sogaal.model import Model
from sogaal.outcomes import snapshot_epochs
from sogaal.pool import RunPool, shared_pool
from sogaal.scaling import Scaler
from sogaal.seeding import member_seeds
from sogaal.trainer import Trainer
from tests.conftest import ROOT

BOTH = pytest.mark.parametrize("kind", [SOGAAL, MOGAAL])
SHAPES = pytest.mark.parametrize(("n_estimators", "snapshots"), [(3, 1), (1, 4), (3, 4)])
DATA = load_dataset("wine")


def table(n: int = 60, d: int = 3) -> np.ndarray:
    return np.random.default_rng(5).normal([10, -4, 0][:d], [1, 20, 0.1][:d], (n, d))


def same_weights(first: Any, second: Any) -> None:
    for part in ("w1", "b1", "w2", "b2"):
        np.testing.assert_array_equal(getattr(first, part), getattr(second, part))


@parametrize_with_checks([SOGAAL(n_estimators=2), MOGAAL(n_estimators=2, k=4), SOGAAL(n_estimators=2, snapshots=3)])
def test_scikit_learn(estimator: Any, check: Any) -> None:
    check(estimator)


# -- members -----------------------------------------------------------------------------------------------------------


def test_seeds_differ_and_depend_on_nothing_but_the_first_and_their_place() -> None:
    assert member_seeds(7, 1) == [7]
    assert member_seeds(7, 20)[:8] == member_seeds(7, 8)
    every = [seed for first in range(50) for seed in member_seeds(first, 8)]
    assert len(set(every)) == len(every), "neighbouring ensembles share no members"
    assert all(0 <= seed < 2**32 for seed in every)


@BOTH
def test_the_first_member_is_the_single_run(kind: type) -> None:
    X = table()
    single = kind(random_state=7, stop_epochs=5).fit(X)
    several = kind(random_state=7, stop_epochs=5, n_estimators=3).fit(X)
    assert [type(member) for member in several.estimators_] == [Model] * 3
    assert [member.config.seed for member in several.estimators_] == member_seeds(7, 3)
    np.testing.assert_array_equal(several.estimators_[0].score_samples(X), single.score_samples(X))
    np.testing.assert_array_equal(several.history_.d_loss, single.history_.d_loss)
    assert several.config_ == single.config_
    assert len(single.estimators_) == 1
    assert single.to_model() is single.estimators_[0]
    assert not np.allclose(several.estimators_[1].score_samples(X), single.score_samples(X))


@BOTH
def test_every_member_is_the_single_run_of_its_seed(kind: type) -> None:
    X = table()
    for member in kind(random_state=1, stop_epochs=4, n_estimators=3).fit(X).estimators_:
        alone = kind(random_state=member.config.seed, stop_epochs=4).fit(X)
        np.testing.assert_array_equal(alone.score_samples(X), member.score_samples(X))


def test_more_members_begin_with_the_fewer() -> None:
    X = table()
    fewer, more = (SOGAAL(random_state=3, stop_epochs=3, n_estimators=n).fit(X).estimators_ for n in (2, 4))
    for one, other in zip(fewer, more, strict=False):
        np.testing.assert_array_equal(one.score_samples(X), other.score_samples(X))


@BOTH
def test_same_random_state_same_scores(kind: type) -> None:
    X = table()

    def scores(state: object) -> np.ndarray:
        detector = kind(random_state=state, n_estimators=2, snapshots=2, stop_epochs=3)
        return np.asarray(detector.fit(X).score_samples(X))

    np.testing.assert_array_equal(scores(4), scores(4))
    np.testing.assert_array_equal(scores(np.random.RandomState(4)), scores(np.random.RandomState(4)))
    assert not np.allclose(scores(4), scores(5))
    assert not np.allclose(scores(None), scores(None))


# -- scores ------------------------------------------------------------------------------------------------------------


@BOTH
@SHAPES
def test_the_score_is_the_mean_logit(kind: type, n_estimators: int, snapshots: int) -> None:
    X = table()
    detector = kind(random_state=2, stop_epochs=6, n_estimators=n_estimators, snapshots=snapshots).fit(X)
    scaled = detector.scaler_.transform(X)
    found = []
    for member in detector.estimators_:
        own = detector.config_.score_at
        weights = member.snapshots if snapshots > 1 else [member.discriminators[own]]
        assert len(weights) == snapshots
        found += [one.logits(scaled) for one in weights]
    scores = detector.score_samples(X)
    assert scores.dtype == np.float64
    np.testing.assert_allclose(scores, np.mean(found, axis=0), rtol=1e-4, atol=1e-6)
    alone = [member.score_samples(X) for member in detector.estimators_]
    np.testing.assert_allclose(scores, np.mean(alone, axis=0), rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(detector.to_model().outlier_score(X), outlier_score(scores))


@BOTH
def test_ladder_of_an_ensemble(kind: type) -> None:
    X = table()
    detector = kind(contamination=0.1, random_state=1, n_estimators=3, snapshots=2, stop_epochs=5).fit(X)
    scores = detector.score_samples(X)
    assert detector.offset_ == np.quantile(scores, 0.1)
    np.testing.assert_array_equal(detector.decision_function(X), scores - detector.offset_)
    assert (detector.predict(X) == -1).sum() == 6
    assert kind(random_state=1, n_estimators=2, stop_epochs=1).fit(X).offset_ == 0.0


@pytest.mark.parametrize(("name", "stop_epochs"), [("onecluster", 200), ("breast_cancer", 60)])
def test_together_they_are_better_than_one(name: str, stop_epochs: int) -> None:
    data = load_dataset(name)
    detector = SOGAAL(random_state=0, stop_epochs=stop_epochs, n_estimators=4, snapshots=4).fit(data.X)
    alone = [roc_auc(member.score_samples(data.X, "stop"), data.y) for member in detector.estimators_]
    together = roc_auc(detector.score_samples(data.X), data.y)
    assert together > np.mean(alone)
    assert together > 0.9


def test_labels_do_not_train() -> None:
    X = table()
    detector = SOGAAL(random_state=0, n_estimators=2, snapshots=2, stop_epochs=2)
    with_labels = detector.fit(X, np.arange(len(X)) % 2).score_samples(X)
    np.testing.assert_array_equal(with_labels, detector.fit(X).score_samples(X))


# -- snapshots ---------------------------------------------------------------------------------------------------------


def test_moments_are_evenly_spaced_and_end_with_the_run() -> None:
    config = make_config(max_epochs=12)
    assert snapshot_epochs(config, 4) == [3, 6, 9, 12]
    assert snapshot_epochs(config, 5) == [2, 4, 7, 9, 12]
    assert snapshot_epochs(config, 12) == list(range(1, 13))
    assert snapshot_epochs(config, 1) == [12]


@pytest.mark.parametrize(
    ("values", "snapshots", "epochs"),
    [
        ({}, 1, 5),
        ({}, 4, 10),
        ({"max_epochs": 7}, 4, 7),
        ({"score_at": "end"}, 4, 12),
        ({"whether_stop": 0}, 4, 12),
    ],
)
def test_how_long_a_run_is(values: dict[str, Any], snapshots: int, epochs: int) -> None:
    assert as_long_as_needed(make_config(stop_epochs=4, **values), snapshots).epochs == epochs
    detector = SOGAAL(stop_epochs=4, batch_size=20, snapshots=snapshots, **values).fit(table())
    assert detector.history_.steps == epochs * 3


@pytest.mark.parametrize("algorithm", ["so-gaal", "mo-gaal"])
def test_snapshots_are_the_runs_own_and_leave_it_as_it_is(algorithm: str) -> None:
    X = Scaler.fit(table()).transform(table())
    config = make_config(algorithm=algorithm, stop_epochs=3, batch_size=20, seed=4)
    kept, plain = (train_members(X, [config], snapshots)[0] for snapshots in (3, 1))
    assert plain.snapshots == ()
    trainer = Trainer(X, config)
    for weights in kept.snapshots:
        trainer.advance(9)
        same_weights(weights, trainer.discriminator_weights())
    assert trainer.finished
    np.testing.assert_array_equal(kept.history.d_loss, plain.history.d_loss)
    for at in ("stop", "end"):
        same_weights(kept.discriminators[at], plain.discriminators[at])
    same_weights(kept.snapshots[-1], kept.discriminators["end"])


def test_with_an_even_number_one_snapshot_is_the_stop() -> None:
    member = SOGAAL(random_state=0, stop_epochs=9, snapshots=4).fit(table()).estimators_[0]
    same_weights(member.snapshots[1], member.discriminators["stop"])


# -- parameters and errors ---------------------------------------------------------------------------------------------


@BOTH
@pytest.mark.parametrize("name", ["n_estimators", "snapshots"])
@pytest.mark.parametrize("value", [0, -1, 1.5, True, "2", None])
def test_bad_number_is_named(kind: type, name: str, value: object) -> None:
    with pytest.raises(ConfigError, match=f"^{name} must be a whole number of at least 1, got {value!r}") as caught:
        kind(**{name: value}).fit(table())
    assert caught.value.field == name


@pytest.mark.parametrize(("kind", "epochs"), [(SOGAAL, 8), (MOGAAL, 9)])
def test_more_snapshots_than_epochs(kind: type, epochs: int) -> None:
    kind(stop_epochs=3, snapshots=epochs).fit(table())
    message = f"^snapshots must be a whole number from 1 to {epochs}, the epochs of the run, got {epochs + 1}"
    with pytest.raises(ConfigError, match=message):
        kind(stop_epochs=3, snapshots=epochs + 1).fit(table())


def test_numbers_of_numpy_will_do() -> None:
    X = table()
    detector = SOGAAL(n_estimators=np.int64(2), snapshots=np.int32(2), stop_epochs=2, random_state=0).fit(X)
    plain = SOGAAL(n_estimators=2, snapshots=2, stop_epochs=2, random_state=0).fit(X)
    np.testing.assert_array_equal(detector.score_samples(X), plain.score_samples(X))


def test_a_member_that_diverges_is_named() -> None:
    X = (table() * 1e25).astype(np.float32)
    tame = TrainConfig(stop_epochs=1)
    wild = tame.replace(lr_d=10, lr_g=10, seed=5, max_epochs=50)
    calm = np.random.default_rng(0).random((60, 3), dtype=np.float32)
    assert len(train_members(calm, [tame, tame.replace(seed=5)])) == 2
    with pytest.raises(DivergedError, match=r"^Member 1 of 2 \(seed 5\): Training diverged: .* at step \d+") as caught:
        train_members(X, [wild, wild.replace(seed=6)])
    assert caught.value.step > 0
    with pytest.raises(DivergedError, match="^Training diverged"):
        train_members(X, [wild])


def test_members_must_belong_together() -> None:
    X = table()
    first = SOGAAL(stop_epochs=2, random_state=0).fit(X).to_model()
    with pytest.raises(ConfigError, match="got none"):
        Ensemble(())
    others = {
        "lr_d": SOGAAL(stop_epochs=2, lr_d=0.1).fit(X),
        "scaler": SOGAAL(stop_epochs=2, scaling="robust").fit(X),
        "d, scaler": SOGAAL(stop_epochs=2).fit(X[:, :2]),
        "feature_names, scaler": SOGAAL(stop_epochs=2).fit(pd.DataFrame(X, columns=["a", "b", "c"])),
        "max_epochs, at, snapshots": SOGAAL(stop_epochs=2, snapshots=2).fit(X),
    }
    for part, other in others.items():
        with pytest.raises(ConfigError, match=f"differ in their seed alone, got another {part} in number 2"):
            Ensemble((first, other.to_model()))


def test_clone_and_pickle() -> None:
    X = table()
    detector = MOGAAL(k=3, stop_epochs=3, random_state=2, n_estimators=2, snapshots=3).fit(X)
    assert clone(detector).get_params() == detector.get_params()
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(detector)).score_samples(X), detector.score_samples(X))


# -- over processes ----------------------------------------------------------------------------------------------------


@pytest.fixture
def pool(monkeypatch: pytest.MonkeyPatch) -> RunPool:
    """The shared pool, which these short runs go to even though that does not pay."""
    monkeypatch.setattr("sogaal.members.pays", lambda *_: True)
    monkeypatch.setattr("sogaal.members.cpu_count", lambda: 2)
    return shared_pool()


def same_training(first: Any, second: Any) -> None:
    """Everything that a fit leaves behind, bit for bit."""
    X = table()
    np.testing.assert_array_equal(first.score_samples(X), second.score_samples(X))
    for name in STEP_COLUMNS + EVALUATION_COLUMNS:
        np.testing.assert_array_equal(getattr(first.history_, name), getattr(second.history_, name), err_msg=name)
    assert len(first.generators_) == len(second.generators_)
    for mine, theirs in zip(first.generators_, second.generators_, strict=True):
        for name, value in mine.state_dict().items():
            np.testing.assert_array_equal(value, theirs.state_dict()[name])
    for one, other in zip(first.estimators_, second.estimators_, strict=True):
        assert one.config == other.config
        assert one.discriminators.keys() == other.discriminators.keys()
        assert len(one.snapshots) == len(other.snapshots)
        for at in one.discriminators:
            same_weights(one.discriminators[at], other.discriminators[at])
        for mine, theirs in zip(one.snapshots, other.snapshots, strict=True):
            same_weights(mine, theirs)


@BOTH
@pytest.mark.parametrize("snapshots", [1, 3])
def test_the_same_bits_over_processes_as_here(kind: type, snapshots: int, pool: RunPool) -> None:
    given = {"stop_epochs": 4, "batch_size": 20, "n_estimators": 3, "snapshots": snapshots, "random_state": 3}
    over = kind(n_jobs=2, **given).fit(table())
    assert pool.pids, "the workers were used"
    same_training(over, kind(**given).fit(table()))


def test_the_pool_stays_warm(pool: RunPool) -> None:
    SOGAAL(stop_epochs=2, n_estimators=2, n_jobs=2).fit(table())
    before = set(pool.pids)
    SOGAAL(stop_epochs=2, n_estimators=2, n_jobs=2).fit(table())
    assert shared_pool() is pool
    assert before <= set(pool.pids)


@pytest.mark.usefixtures("pool")
def test_a_member_that_diverges_over_processes_is_the_one_named_here() -> None:
    wild = TrainConfig(stop_epochs=1, lr_d=10, lr_g=10, max_epochs=50)
    X = (table() * 1e25).astype(np.float32)
    said = []
    for n_jobs in (1, 2):
        with pytest.raises(DivergedError) as caught:
            train_members(X, [wild.replace(seed=seed) for seed in (5, 6, 7)], n_jobs=n_jobs)
        said.append((str(caught.value), caught.value.step, caught.value.quantity))
    assert said[0] == said[1]
    assert said[0][0].startswith("Member 1 of 3 (seed 5)")


def test_without_a_pool_they_are_trained_here(pool: RunPool, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = RunPool(1)
    broken.close()
    monkeypatch.setattr("sogaal.members.shared_pool", lambda: broken)
    given = {"stop_epochs": 2, "n_estimators": 2, "random_state": 3}
    with pytest.warns(RuntimeWarning, match="n_jobs: the trainings go on in this process.*closed"):
        over = SOGAAL(n_jobs=2, **given).fit(table())
    same_training(over, SOGAAL(**given).fit(table()))
    assert not pool.closed


@pytest.mark.parametrize(
    ("seconds", "runs", "processes", "warm", "worth"),
    [
        (1.0, 8, 2, 0, False),  # half a second saved, three lost
        (1.0, 8, 2, 2, True),
        (1.0, 8, 2, 1, False),
        (10.0, 8, 2, 0, True),
        (0.1, 8, 2, 2, False),
        (100.0, 3, 2, 0, True),
        (8.0, 3, 2, 0, False),
    ],
)
def test_where_processes_pay(seconds: float, runs: int, processes: int, warm: int, worth: bool) -> None:
    assert pays(seconds, runs, processes, warm) is worth


FIT = """
import sys
import numpy as np
import sogaal.members
from sogaal import SOGAAL
sogaal.members.pays = lambda *_: True
sogaal.members.cpu_count = lambda: 2
X = np.random.default_rng(0).random((60, 3))

def fit(n_jobs):
    detector = SOGAAL(stop_epochs=3, n_estimators=2, n_jobs=n_jobs, random_state=0).fit(X)
    return float(detector.score_samples(X).sum()), sogaal.members.shared_pool().pids

"""
PLAIN = FIT + "assert fit(1)[0] == fit(2)[0]\nprint(len(fit(2)[1]) > 0)"
FORKED = (
    FIT
    + """
import multiprocessing
with multiprocessing.get_context("fork").Pool(1) as forked:
    found = forked.map(fit, [-1])
assert found[0][0] == fit(1)[0]
print(found[0][1] == [])
"""
)
JOBLIB = """
import numpy as np
from sklearn.model_selection import GridSearchCV
from sogaal import SOGAAL
X = np.random.default_rng(0).random((60, 3))

class Witness(SOGAAL):
    def fit(self, X, y=None):
        super().fit(X)
        import sogaal.members as members
        self.processes = members._processes(self.n_jobs, [self.config_] * 4)
        return self

search = GridSearchCV(
    Witness(n_estimators=2, n_jobs=-1), {"stop_epochs": [2, 3]}, n_jobs=2, cv=2, refit=False,
    scoring=lambda detector, X, y=None: detector.processes,
)
print(set(search.fit(X).cv_results_["mean_test_score"]) == {1.0})
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not fork")
@pytest.mark.parametrize(
    ("script", "through"),
    [(PLAIN, "-c"), (PLAIN, "stdin"), (PLAIN, "file"), (FORKED, "file"), (JOBLIB, "-c")],
    ids=["plain-c", "plain-stdin", "plain-file", "forked", "joblib"],
)
def test_a_script_without_a_guard(script: str, through: str, tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(script)
    argument = {"-c": ["-c", script], "stdin": ["-"], "file": [str(tmp_path / "script.py")]}[through]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    ran = subprocess.run(
        [sys.executable, *argument], input=script, env=environment, capture_output=True, text=True, timeout=120,
        check=False,
    )  # fmt: skip
    assert (ran.stdout, ran.returncode) == ("True\n", 0), ran.stderr


# -- files -------------------------------------------------------------------------------------------------------------


def fitted(kind: type = SOGAAL, n_estimators: int = 3, snapshots: int = 4) -> Any:
    frame = pd.DataFrame(DATA.X, columns=DATA.feature_names)
    return kind(stop_epochs=3, random_state=11, n_estimators=n_estimators, snapshots=snapshots).fit(frame)


@BOTH
@SHAPES
def test_a_loaded_ensemble_is_the_saved_one(kind: type, n_estimators: int, snapshots: int, tmp_path: Path) -> None:
    detector = fitted(kind, n_estimators, snapshots)
    save_model(tmp_path / "m", detector)
    found, original = load_model(tmp_path / "m"), detector.to_model()
    assert type(found) is type(original) is (Model if n_estimators == 1 else Ensemble)
    for at in (None, "stop", "end", *(["snapshots"] if snapshots > 1 else [])):
        np.testing.assert_array_equal(found.score_samples(DATA.X, at), original.score_samples(DATA.X, at))
    for name in ("config", "at", "feature_names", "dataset", "fingerprint", "version", "d"):
        assert getattr(found, name) == getattr(original, name)
    if n_estimators > 1:
        assert found.seeds == tuple(member_seeds(11, 3))
        for mine, theirs in zip(found.members, original.members, strict=True):
            np.testing.assert_array_equal(mine.score_samples(DATA.X), theirs.score_samples(DATA.X))
    save_model(tmp_path / "again", found)
    assert (tmp_path / "again").read_bytes() == (tmp_path / "m").read_bytes()


@pytest.fixture(scope="module")
def ensemble_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ensemble") / "model"
    save_model(path, fitted())
    return path


def description(path: Path) -> dict[str, Any]:
    with safe_open(path, framework="numpy") as file:
        return dict(json.loads(file.metadata()["sogaal"]))


def test_a_single_run_is_written_as_before(tmp_path: Path) -> None:
    """The layout of the first release, so that it reads what it can."""
    save_model(tmp_path / "m", fitted(n_estimators=1, snapshots=1))
    assert description(tmp_path / "m")["format"] == 1
    assert "seeds" not in description(tmp_path / "m")
    tensors = load((tmp_path / "m").read_bytes())
    assert {name: array.shape for name, array in tensors.items() if name.startswith("stop")} == {
        "stop.w1": (13, 12),
        "stop.b1": (12,),
        "stop.w2": (12,),
        "stop.b2": (1,),
    }


def test_ensembles_have_a_format_of_their_own(ensemble_file: Path) -> None:
    assert description(ensemble_file)["format"] == 2
    tensors = load(ensemble_file.read_bytes())
    assert tensors["stop.w1"].shape == (3, 13, 12)
    assert tensors["snapshots.b2"].shape == (3, 4, 1)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda d, _: d.update(format=4), "format must be at most 3, got 4.*newer than this one"),
        (lambda d, _: d.update(format=1), r"stop.w1 must be float32 \(13, 0\)"),
        (lambda d, _: d.pop("seeds"), "seeds must be a list .* got None"),
        (lambda d, _: d.update(seeds=[]), "seeds must be a list"),
        (lambda d, _: d.update(seeds=[12, 1, 2]), "begins with the configuration's seed 11, got"),
        (lambda d, _: d.update(seeds=[11, 1]), r"stop.w1 must be float32 \(2, 13, 12\) .* got float32 \(3, 13, 12\)"),
        (lambda d, _: d.update(seeds=[11, "one", 2]), "seed must be a whole number"),
        (lambda d, _: d.update(at="later"), "there must be weights of D at 'later'"),
        (lambda _, t: t.pop("stop.b1"), r"stop.b1 must be float32 \(3, 12\).*got nothing"),
        (lambda _, t: t.pop("snapshots.b2"), "at least one snapshot of each member"),
        (lambda _, t: t.pop("snapshots.w2"), r"snapshots.w2 must be float32 \(3, 4, 12\).*got nothing"),
        (lambda _, t: t["snapshots.w1"].__setitem__((2, 3, 0, 0), np.inf), "snapshots.w1 must be finite"),
        (lambda _, t: [t.pop(n) for n in list(t) if n.startswith("snap")], "weights of D at 'snapshots'"),
    ],
)
def test_an_inconsistent_file_is_refused(
    ensemble_file: Path, tmp_path: Path, change: Callable[..., Any], reason: str
) -> None:
    path = tmp_path / "model"
    described = description(ensemble_file)
    tensors = {name: array.copy() for name, array in load(ensemble_file.read_bytes()).items()}
    change(described, tensors)
    path.write_bytes(save(tensors, metadata={"sogaal": json.dumps(described)}))
    with pytest.raises(ModelError, match=f"model: .*{reason}"):
        load_model(path)


@SHAPES
def test_score_on_the_command_line(tmp_path: Path, n_estimators: int, snapshots: int) -> None:
    detector = fitted(n_estimators=n_estimators, snapshots=snapshots)
    save_model(tmp_path / "m", detector)
    for at in (None, "stop", "end", *(["snapshots"] if snapshots > 1 else [])):
        flags = [] if at is None else ["--at", at]
        assert main(["score", str(tmp_path / "m"), "wine", "-o", str(tmp_path / "s.csv"), "--quiet", *flags]) == 0
        expected = outlier_score(load_model(tmp_path / "m").score_samples(DATA.X, at))
        np.testing.assert_allclose(pd.read_csv(tmp_path / "s.csv")["outlier_score"], expected, atol=1e-9)


def test_score_without_snapshots_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save_model(tmp_path / "m", fitted(snapshots=1))
    assert main(["score", str(tmp_path / "m"), "wine", "--at", "snapshots"]) == 2
    assert "--at must be 'stop' or 'end' for this model, got 'snapshots'" in capsys.readouterr().err
