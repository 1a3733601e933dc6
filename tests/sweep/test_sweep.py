"""Sweeps as a whole: what they train, keep, stop, go on with, and leave behind."""

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest

from sogaal.config import make_config
from sogaal.errors import ConfigError, RunError
from sogaal.pool import RunPool
from sogaal.runs.store import RunStore
from sogaal.snapshots import JobState
from sogaal.sweep import (
    Budget,
    Objective,
    Spec,
    Sweep,
    Trial,
    TrialState,
    default_storage,
    dimension_of,
    make_spec,
    read_sweep,
)
from sogaal.sweep.objectives import OBJECTIVES, Judged
from sogaal.sweep.storage import reason_of, without_password
from sogaal.trainer import Trainer
from tests.sweep.tables import DATA, Y

PATIENCE = 60.0
BASE = make_config(stop_epochs=4, batch_size=50, seed=3)
SPACE = ("lr_g=1e-5..1e-2", "momentum=0.5..0.95")
GRID = ("k=1,2,3", "lr_g=1e-4..1e-2/4")


@pytest.fixture(scope="module")
def pool() -> Iterator[RunPool]:
    with RunPool(1) as pool:
        yield pool


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    return RunStore(tmp_path / "runs")


def spec_of(*vary: str, objective: str = "auc_stop", base: Any = BASE, **options: Any) -> Spec:
    return make_spec(DATA, base, [dimension_of(text) for text in vary or SPACE], objective, **options)


def swept(store: RunStore, pool: RunPool, spec: Spec, budget: Budget) -> Sweep:
    return finished(Sweep.begin(DATA, spec, budget, store, pool).start())


def finished(sweep: Sweep) -> Sweep:
    assert sweep.wait(PATIENCE)
    return sweep


def told(trials: list[Trial]) -> list[tuple[Any, ...]]:
    """All of trials but what their runs took."""
    runs = [[(run.seed, {**run.numbers, "seconds": 0}, run.message) for run in one.runs] for one in trials]
    return [
        (one.number, one.state, one.params, one.value, some, one.message)
        for one, some in zip(trials, runs, strict=True)
    ]


class TestTrials:
    @pytest.mark.parametrize("method", ["tpe", "random", "grid"])
    def test_with_one_worker_the_same_sweep_comes_out_the_same(
        self, store: RunStore, pool: RunPool, method: str
    ) -> None:
        spec = spec_of(*GRID if method == "grid" else SPACE, method=method, seeds=2)
        one, other = (swept(store, pool, spec, Budget(trials=12)) for _ in range(2))
        assert one.snapshot().done == 12
        assert told(one.trials()) == told(other.trials())
        # And as it is in the storage.
        found, trials = read_sweep(one.id, default_storage(store.root))
        assert found == spec
        assert told(trials) == told(one.trials())

    def test_another_seed_of_the_search_tries_other_values(self, store: RunStore, pool: RunPool) -> None:
        found = [
            [one.params for one in swept(store, pool, spec_of(sampler_seed=seed), Budget(trials=3)).trials()]
            for seed in (0, 1)
        ]
        assert found[0] != found[1]

    def test_a_run_of_a_trial_ends_alone_as_it_ended_there(self, store: RunStore, pool: RunPool) -> None:
        sweep = swept(store, pool, spec_of(seeds=3), Budget(trials=4))
        members = store.get(sweep.id).members()
        assert [member.index for member in members] == list(range(12))
        best = sweep.best()[0]
        assert best.value == max(one.value or 0 for one in sweep.trials())
        for place, run in enumerate(best.runs):
            setup = store.member_to_run(sweep.id, best.number * 3 + place)
            assert setup.parent == sweep.id
            trainer = Trainer(setup.scaler.transform(setup.dataset.X), setup.config, setup.dataset.y).fit()
            assert {**trainer.summary(), "seconds": 0} == {**run.numbers, "seconds": 0}

    def test_pruned_trials_have_fewer_seeds_and_are_not_the_best(self, store: RunStore, pool: RunPool) -> None:
        sweep = swept(store, pool, spec_of(seeds=4, prune=True), Budget(trials=40))
        pruned = [one for one in sweep.trials() if one.state == TrialState.PRUNED]
        assert pruned
        assert sweep.snapshot().pruned == len(pruned)
        for one in pruned:
            assert len(one.runs) < 4
            assert one.message == f"Given up after {len(one.runs)} of 4 seeds."
        assert sweep.best()[0] not in pruned
        population = store.get(sweep.id).record.population
        assert population is not None
        assert population.count == population.planned == sum(len(one.runs) for one in sweep.trials())

    def test_a_trial_that_diverges_fails_with_its_reason_and_harms_no_other(
        self, store: RunStore, pool: RunPool
    ) -> None:
        wild = replace(DATA, X=DATA.X * np.float32(1e25))
        base = make_config(stop_epochs=4, max_epochs=100, batch_size=50, lr_d=1e-9, lr_g=1e-9)
        space = [dimension_of("lr_d=1e-9,0.01"), dimension_of("momentum=0.5,0.9")]
        spec = make_spec(wild, base, space, "auc_end", scaling="none", method="grid")
        sweep = finished(Sweep.begin(wild, spec, Budget(), store, pool).start())
        for one in sweep.trials():
            bad = one.params["lr_d"] > 1e-9
            assert one.state == (TrialState.FAILED if bad else TrialState.COMPLETED)
            assert one.message.startswith("seed 0: Training diverged: ") == bad
        snapshot = sweep.snapshot()
        assert (snapshot.state, snapshot.done, snapshot.failed) == (JobState.COMPLETED, 4, 2)
        record = store.get(sweep.id).record
        assert (record.state, record.message) == (JobState.COMPLETED, "2 of 4 members failed.")

    def test_a_set_up_that_does_not_fit_the_table_is_a_failed_trial(self, store: RunStore, pool: RunPool) -> None:
        spec = spec_of("k=3,100", method="grid", base=BASE.replace(algorithm="mo-gaal"))
        good, bad = swept(store, pool, spec, Budget()).trials()
        assert (good.state, bad.state) == (TrialState.COMPLETED, TrialState.FAILED)
        assert bad.message.startswith("k must be")

    def test_without_the_stop_there_is_no_auc_at_stop(self, store: RunStore, pool: RunPool) -> None:
        sweep = swept(store, pool, spec_of("whether_stop=0,1", method="grid"), Budget())
        states = {one.params["whether_stop"]: (one.state, one.message) for one in sweep.trials()}
        assert states[1] == (TrialState.COMPLETED, "")
        missing = "seed 3: there is no AUC at stop, for G does not stop within the run."
        assert states[0] == (TrialState.FAILED, missing)

    def test_an_objective_without_labels_is_given_none(
        self, store: RunStore, pool: RunPool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        seen = []

        def measure(judged: Judged) -> float:
            seen.append(judged.y)
            return float(len(judged.outcomes))

        def objective(labels: bool) -> Objective:
            return Objective("probe", "Probe", "For tests.", labels, 1, False, None, ("summary",), measure)

        for labels in (False, True):
            monkeypatch.setitem(OBJECTIVES, "probe", objective(labels))  # type: ignore[attr-defined]
            sweep = swept(store, pool, spec_of(objective="probe"), Budget(trials=2))
            words = store.get(sweep.id).record.title
            assert words.endswith("chosen with labels" if labels else "chosen without labels")
        assert seen[:2] == [None, None]
        assert all((y == Y).all() for y in seen[2:])


class TestGoingOn:
    def stopped(self, store: RunStore, pool: RunPool, spec: Spec, trials: int | None, after: int) -> Sweep:
        sweep = Sweep.begin(DATA, spec, Budget(trials), store, pool).start()
        deadline = time.monotonic() + PATIENCE
        while sweep.done < after:
            assert time.monotonic() < deadline
            time.sleep(0.001)
        sweep.stop()
        return finished(sweep)

    @pytest.mark.parametrize("method", ["tpe", "random", "grid"])
    def test_stopped_and_resumed_it_ends_as_asked(self, store: RunStore, pool: RunPool, method: str) -> None:
        long = BASE.replace(stop_epochs=100)
        spec = spec_of(*(GRID if method == "grid" else SPACE), method=method, seeds=2, base=long)
        sweep = self.stopped(store, pool, spec, 10, 3)
        assert sweep.snapshot().state == JobState.STOPPED
        record = store.get(sweep.id).record
        assert (record.state, record.message) == (JobState.STOPPED, f"Stopped after {sweep.done} trials.")
        before = [one for one in sweep.trials() if one.state.counts]
        under_way = [one for one in sweep.trials() if one.state == TrialState.INTERRUPTED]
        assert 3 <= len(before) < 10
        assert under_way
        again = finished(Sweep.resume(store, sweep.id, Budget(), pool).start())
        assert told([one for one in again.trials() if one.number < len(sweep.trials()) and one.state.counts]) == told(
            before
        )
        done = [one for one in again.trials() if one.state.counts]
        assert len(done) == again.snapshot().done == 10
        # What was under way is done again, each once.
        for one in under_way:
            assert sum(other.params == one.params for other in done) == 1
        members = store.get(sweep.id).members()
        assert len(members) == 20
        assert store.get(sweep.id).record.state == JobState.COMPLETED

    def test_a_grid_neither_repeats_nor_forgets_a_point(self, store: RunStore, pool: RunPool) -> None:
        spec = spec_of(*GRID, method="grid", base=BASE.replace(stop_epochs=60))
        sweep = self.stopped(store, pool, spec, None, 2)
        # As if it had been killed between proposing a point and beginning it.
        study = optuna.load_study(study_name=sweep.id, storage=default_storage(store.root))
        study.enqueue_trial({"k": 3, "lr_g": 1e-2})
        sweep = Sweep.resume(store, sweep.id, Budget(trials=7), pool).start()
        assert finished(sweep).done == 7
        sweep = finished(Sweep.resume(store, sweep.id, Budget(), pool).start())
        assert sweep.done == 7  # as many as were planned
        sweep = finished(Sweep.resume(store, sweep.id, Budget(trials=100), pool).start())
        done = Counter(tuple(one.params.items()) for one in sweep.trials() if one.state.counts)
        assert len(done) == 12
        assert set(done.values()) == {1}

    def test_a_sweep_that_is_complete_can_be_extended(self, store: RunStore, pool: RunPool) -> None:
        sweep = swept(store, pool, spec_of(), Budget(trials=3))
        more = finished(Sweep.resume(store, sweep.id, Budget(trials=5), pool).start())
        assert told(more.trials()[:3]) == told(sweep.trials())
        assert more.done == 5
        assert len({tuple(one.params.values()) for one in more.trials()}) == 5

    def test_the_clock_ends_it_too(self, store: RunStore, pool: RunPool) -> None:
        sweep = swept(store, pool, spec_of(), Budget(seconds=0.3))
        assert sweep.snapshot().state == JobState.COMPLETED
        assert sweep.done >= 1
        assert all(one.state == TrialState.COMPLETED for one in sweep.trials())

    def test_nobody_else_goes_on_with_one_that_is_under_way(self, store: RunStore, pool: RunPool) -> None:
        sweep = Sweep.begin(DATA, spec_of(base=BASE.replace(stop_epochs=5000)), Budget(50), store, pool).start()
        deadline = time.monotonic() + PATIENCE
        while not sweep.record:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        with pytest.raises(RunError, match="is being written by another process, or by another part of this one"):
            Sweep.resume(store, sweep.id, Budget(60), pool)
        sweep.stop()
        finished(sweep)

    def test_stopped_before_any_trial_has_ended_it_leaves_nothing(self, store: RunStore, pool: RunPool) -> None:
        sweep = Sweep.begin(DATA, spec_of(base=BASE.replace(stop_epochs=90_000)), Budget(5), store, pool).start()
        sweep.stop()
        finished(sweep)
        assert store.entries() == []
        assert optuna.get_all_study_names(default_storage(store.root)) == []

    def test_what_is_no_sweep_cannot_be_resumed(self, store: RunStore, pool: RunPool) -> None:
        from sogaal.scaling import Scaler

        with store.create(DATA, BASE, Scaler.fit(DATA.X), title="a run") as writer:
            pass
        with pytest.raises(RunError, match="is no sweep"):
            Sweep.resume(store, writer.id, Budget(3), pool)
        sweep = swept(store, pool, spec_of(), Budget(trials=1))
        with pytest.raises(RunError, match="there is no sweep .* in this storage"):
            Sweep.resume(store, sweep.id, Budget(3), pool, f"sqlite:///{store.root / 'other.db'}")
        assert finished(Sweep.resume(store, sweep.id, Budget(2), pool).start()).done == 2  # and it was let go of


class TestStorage:
    def test_any_address_will_do(self, store: RunStore, pool: RunPool, tmp_path: Path) -> None:
        elsewhere = f"sqlite:///{tmp_path / 'deep' / 'er' / 'mine.db'}"
        sweep = finished(Sweep.begin(DATA, spec_of(), Budget(3), store, pool, elsewhere).start())
        assert not (store.root / "sweeps.db").exists()
        assert len(read_sweep(sweep.id, elsewhere)[1]) == 3
        # Optuna's own tools read it.
        study = optuna.load_study(study_name=sweep.id, storage=elsewhere)
        assert study.best_value == sweep.best()[0].value

    @pytest.mark.parametrize(
        ("address", "said"),
        [
            ("nonsense", "storage must be the address of a database that can be opened, .* got 'nonsense'"),
            ("postgresql://me:secret@127.0.0.1:1/x", r"got 'postgresql://me:\*\*\*@127.0.0.1:1/x'"),
            ("sqlite:////dev/null/x.db", "storage must lie in a folder that can be made"),
        ],
    )
    def test_an_address_that_is_none_is_named(self, store: RunStore, pool: RunPool, address: str, said: str) -> None:
        with pytest.raises(ConfigError, match=said) as caught:
            Sweep.begin(DATA, spec_of(), Budget(3), store, pool, address)
        assert caught.value.field == "storage"
        assert "secret" not in str(caught.value)
        assert store.entries() == []

    @pytest.mark.parametrize(
        "password", ["hush", "hush%40hush", "hush@hush", "hush/hush", "hush:hush?hush#hush", "h/hush@hush@", "%"]
    )
    @pytest.mark.parametrize(
        "form", ["postgresql://bob:{}@host:1/db", "mysql+none://bob:{}@host/db?password={}", "bob:{}@host"]
    )
    def test_no_message_shows_a_password(self, store: RunStore, pool: RunPool, form: str, password: str) -> None:
        address = form.format(password, password) if "?" not in password else form.format(password, "hush")
        with pytest.raises(ConfigError, match="storage must be the address of a database that can be opened") as caught:
            Sweep.begin(DATA, spec_of(), Budget(trials=1), store, pool, address)
        assert "hush" not in str(caught.value)
        assert "***@" in str(caught.value)

    def test_nor_do_the_words_of_a_database(self) -> None:
        address = "postgresql://bob:pa/x@ss@host/db"
        said = reason_of(ValueError('could not translate host name "ss@host" to address'), address)
        assert said.startswith("ValueError, whose words would show some of the password. In a password @ : / ? # and %")
        good = "postgresql://bob:h%40st@host/db"
        assert reason_of(OSError("no such user: h@st"), good) == "OSError, whose words would show some of the password."
        assert reason_of(OSError("no answer from host"), good) == "no answer from host"

    def test_paths_and_addresses_without_a_password_are_shown_as_they_are(self) -> None:
        for address in ("sqlite:////tmp/a:b@c/d%40e.db", "sqlite:///sweeps.db", "postgresql://bob@host:5432/db"):
            assert without_password(address) == address

    def test_a_file_that_is_no_database_is_named(self, store: RunStore, pool: RunPool, tmp_path: Path) -> None:
        (tmp_path / "x.db").write_text("This is no database. " * 100)
        with pytest.raises(ConfigError, match="file is not a database"):
            Sweep.begin(DATA, spec_of(), Budget(3), store, pool, f"sqlite:///{tmp_path / 'x.db'}")
