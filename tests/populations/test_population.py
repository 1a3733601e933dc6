"""Populations: members as they come, each as it would end alone, cancelled, queued, and gone with the program."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from sogaal.config import make_config
from sogaal.data import load_dataset
from sogaal.errors import ConfigError
from sogaal.jobs import JobRegistry, JobState
from sogaal.populations import Axis, Member, Plan, Population, Populations, cells, map_plan, spread_of, spread_plan
from sogaal.race import varied
from sogaal.runs.store import RunStore

PATIENCE = 60.0
TABLE = load_dataset("onecluster")
BASE = make_config("post", stop_epochs=20)


@pytest.fixture(scope="module")
def populations() -> Iterator[Populations]:
    with Populations(workers=2) as populations:
        yield populations


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.002)


def ended(population: Population) -> tuple[Member, ...]:
    assert population.wait(PATIENCE)
    assert population.snapshot().state == JobState.COMPLETED, population.snapshot().message
    return population.members()


def small_map(**changes: object) -> Plan:
    base = BASE.replace(**changes)
    return map_plan(TABLE, base, Axis("generator_bias", (0.0, 1e-5, 1.0)), Axis("lr_g", (1e-4, 1e-2)), seeds=2)


def endless() -> Plan:
    return spread_plan(TABLE, varied(BASE.replace(stop_epochs=50_000), "lr_g", [1e-4, 1e-3]), "lr_g", 4)


class TestPlan:
    def test_a_map_goes_seed_after_seed_row_after_row(self) -> None:
        plan = small_map()
        assert len(plan) == 12
        assert [plan.place(number) for number in (0, 5, 6, 11)] == [(0, 0), (5, 0), (0, 1), (5, 1)]
        assert plan.across is not None
        config = plan.member(1 * 3 + 2 + 6).config
        assert (config.generator_bias, config.lr_g, config.seed) == (1.0, 1e-2, 1)
        assert plan.varies == ("generator_bias", "lr_g")

    def test_seeds_count_from_the_first(self) -> None:
        plan = spread_plan(TABLE, varied(BASE, "momentum", [0.5, 0.9]), "momentum", 3, first_seed=7)
        assert {plan.place(number)[1] for number in range(len(plan))} == {7, 8, 9}

    def test_bad_plans_are_named(self) -> None:
        with pytest.raises(ConfigError, match="must differ, got lr_g twice"):
            map_plan(TABLE, BASE, Axis("lr_g", (1e-4,)), Axis("lr_g", (1e-3,)), 1)
        with pytest.raises(ConfigError, match="momentum must be"):
            map_plan(TABLE, BASE, Axis("generator_bias", (0.0,)), Axis("momentum", (1.0,)), 1)
        with pytest.raises(ConfigError, match="seeds must be 1 to 100, got 0"):
            map_plan(TABLE, BASE, Axis("generator_bias", (0.0,)), Axis("momentum", (0.5,)), 0)


class TestMap:
    def test_every_cell_ends_as_the_registry_ends_it(self, populations: Populations) -> None:
        """What a click on a cell opens ends exactly as the cell says."""
        plan = small_map()
        members = ended(populations.submit(plan))
        assert {member.number for member in members} == set(range(12))
        shown = {at: cells(members, 6, at) for at in ("end", "stop")}
        with JobRegistry() as registry:
            for number in range(6):
                for at, name in (("end", "auc_final"), ("stop", "auc_stop")):
                    cell = shown[at][number]
                    assert cell is not None
                    assert cell.seed is not None
                    setup = plan.setups[number].with_seed(cell.seed)
                    job = registry.submit(plan.dataset, setup.config, setup.scaling)
                    assert job.wait(PATIENCE)
                    result = job.snapshot().result
                    assert result is not None
                    assert result.summary[name] == cell.value
                    assert cell.low is not None
                    assert cell.low <= result.summary[name] <= cell.high

    def test_a_cell_is_a_seed_that_is_there(self, populations: Populations) -> None:
        members = ended(populations.submit(small_map()))
        for cell in cells(members, 6):
            assert cell is not None
            mine = {member.seed: member.auc() for member in members if member.cell == cell.number}
            assert cell.seeds == len(mine) == 2
            assert cell.value == mine[cell.seed] == min(mine.values())  # the lower of two is the lower median
            assert cell.kind in {m.finding.kind for m in members if m.cell == cell.number and m.finding}
        assert cells(members[:1], 6).count(None) == 5

    def test_histories_are_not_kept(self, populations: Populations) -> None:
        population = populations.submit(small_map())
        assert all(member.outcome.history is None for member in ended(population))
        outcomes = population.outcomes()
        assert [outcome.index for outcome in outcomes] == list(range(12))
        assert [o.config for o in outcomes] == [population.plan.member(n).config for n in range(12)]


class TestSpread:
    def test_set_ups_with_different_scalings(self, populations: Populations) -> None:
        setups = varied(make_config("post", stop_epochs=20), "scaling", ["minmax", "none"])
        plan = spread_plan(load_dataset("wine"), setups, "scaling", 3)
        members = ended(populations.submit(plan))
        assert {plan.place(member.number) for member in members} == {(c, s) for c in (0, 1) for s in range(3)}
        for number in (0, 1):
            spread = spread_of(members, number)
            values = [member.auc() for member in members if member.cell == number]
            assert spread is not None
            assert (spread.count, spread.low, spread.high) == (3, min(values), max(values))
            assert spread.median == np.median(values)
        assert spread_of(members, 7) is None

    def test_histories_are_thinned(self, populations: Populations) -> None:
        plan = spread_plan(TABLE, varied(BASE.replace(stop_epochs=200), "lr_g", [1e-4, 1e-3]), "lr_g", 1)
        for member in ended(populations.submit(plan)):
            history = member.outcome.history
            assert history is not None
            assert len(history["step"]) <= 200
            assert history["step"][-1] == 1200
            assert history["auc"][-1] == member.auc()


class TestKept:
    def test_it_leaves_one_record_whatever_differs(self, tmp_path: Path) -> None:
        store = RunStore(tmp_path)
        setups = varied(BASE.replace(max_epochs=2), "scaling", ["minmax", "none"])
        with Populations(workers=1, store=store) as populations:
            population = populations.submit(spread_plan(TABLE, setups, "scaling", 3))
            members = ended(population)
            assert [entry.id for entry in store.entries()] == [population.record]
            record = store.get(population.record).record
            assert record.population is not None
            assert (record.population.kind, record.population.count) == ("spread", 6)
            assert record.population.varied == ("seed", "scaling")
            assert (record.created, record.state) == (population.created, JobState.COMPLETED)
            for number in range(6):
                again, plan = store.member_to_run(population.record, number), population.plan
                assert (again.config, again.scaling) == (plan.member(number).config, plan.member(number).scaling)
        assert {member.number for member in members} == set(range(6))

    def test_means_are_told_of_seeds_alone_and_not_of_set_ups(self, tmp_path: Path) -> None:
        store = RunStore(tmp_path)
        setups = varied(BASE.replace(max_epochs=4), "lr_g", [1e-4, 1e-3])
        with Populations(workers=1, store=store) as populations:
            for chosen, mixed in ((setups, True), (setups[:1], False)):
                population = populations.submit(spread_plan(TABLE, chosen, "lr_g", 2))
                members = ended(population)
                record = store.get(population.record).record
                assert record.population is not None
                assert record.population.mixed is mixed
                mean = np.mean([member.auc() for member in members])
                assert record.summary["auc_final"] == (None if mixed else pytest.approx(mean))
                assert (record.summary["d_loss"] is None) is mixed
                assert record.summary["auc_best"] >= mean
                assert record.summary["steps"] == sum(m.outcome.summary["steps"] for m in members if m.outcome.summary)

    def test_one_that_was_cancelled_leaves_what_had_come(self, tmp_path: Path) -> None:
        store = RunStore(tmp_path)
        with Populations(workers=1, store=store) as populations:
            quick = varied(BASE.replace(max_epochs=1), "lr_g", [1e-4, 1e-3])
            population = populations.submit(Plan("spread", TABLE, (*quick, endless().setups[0]), (0, 1), ("lr_g",)))
            until(lambda: len(population.members()) >= 2)
            populations.cancel(population)
            assert population.wait(PATIENCE)
            run = store.get(population.record)
            assert run.record.state == JobState.STOPPED
            assert run.record.message == f"Cancelled after {len(run.members())} of 6 runs."
            assert [member.index for member in run.members()] == [one.index for one in population.outcomes()]

    def test_what_cannot_be_kept_is_told_and_costs_no_result(self, tmp_path: Path) -> None:
        (tmp_path / "runs").write_text("a file where the folder should be")
        with Populations(workers=1, store=RunStore(tmp_path / "runs")) as populations:
            population = populations.submit(small_map(max_epochs=1))
            assert len(ended(population)) == 12
        assert population.record == ""
        assert population.problem


class TestOrders:
    def test_one_at_a_time_the_others_queue(self, populations: Populations) -> None:
        first, second, third = (populations.submit(endless()) for _ in range(3))
        until(lambda: first.snapshot().state == JobState.RUNNING)
        assert [one.snapshot().place_in_queue for one in (first, second, third)] == [None, 1, 2]
        populations.cancel(second)
        assert second.snapshot().state == JobState.STOPPED
        assert third.snapshot().place_in_queue == 1
        populations.cancel(first)
        until(lambda: third.snapshot().state == JobState.RUNNING)
        populations.cancel(third)
        assert third.wait(PATIENCE)
        assert third.snapshot().state == JobState.STOPPED
        ended(populations.submit(small_map()))  # and the pool is as good as before

    def test_a_small_one_does_not_wait_for_a_large_one_and_ends_as_it_does_alone(
        self, populations: Populations
    ) -> None:
        alone = ended(populations.submit(small_map()))
        sides = Axis("generator_bias", (0.0, 1e-5, 1.0)), Axis("lr_g", (1e-4, 1e-2))
        large = populations.submit(map_plan(TABLE, BASE.replace(stop_epochs=200), *sides, seeds=5))
        until(lambda: large.snapshot().state == JobState.RUNNING)
        as_large = populations.submit(large.plan)
        small = populations.submit(small_map())
        beside = ended(small)
        assert large.snapshot().state == JobState.RUNNING
        assert as_large.snapshot().place_in_queue == 1
        for members in (alone, beside):
            for member in members:
                assert member.outcome.summary is not None
                member.outcome.summary.pop("seconds")
        outcomes = [{member.number: member.outcome.summary for member in members} for members in (alone, beside)]
        assert outcomes[0] == outcomes[1]
        populations.cancel(as_large)
        found = {member.number: member.auc() for member in ended(large)}
        with JobRegistry() as registry:
            job = registry.submit(TABLE, large.plan.member(3).config)
            assert job.wait(PATIENCE)
            result = job.snapshot().result
            assert result is not None
            assert result.summary["auc_final"] == found[3]

    def test_what_has_come_stays(self, populations: Populations) -> None:
        setups = [*varied(BASE.replace(max_epochs=1), "lr_g", [1e-4, 1e-3])]
        plan = Plan("spread", TABLE, (*setups, endless().setups[0]), (0, 1), ("lr_g",))
        population = populations.submit(plan)
        until(lambda: len(population.members()) >= 2)
        populations.cancel(population)
        assert population.wait(PATIENCE)
        snapshot = population.snapshot()
        assert snapshot.state == JobState.STOPPED
        assert 2 <= snapshot.done == len(population.members()) < snapshot.total

    def test_they_are_found_by_their_ids_and_forgotten_in_the_end(self, populations: Populations) -> None:
        first = populations.submit(small_map(max_epochs=1))
        assert populations.get(first.id) is first
        for _ in range(9):
            ended(populations.submit(small_map(max_epochs=1)))
        assert populations.get(first.id) is None

    def test_all_end_with_the_program(self) -> None:
        before = set(threading.enumerate())
        populations = Populations(workers=1)
        running, waiting = populations.submit(endless()), populations.submit(endless())
        until(lambda: running.snapshot().state == JobState.RUNNING)
        assert populations.shutdown()
        assert running.snapshot().state == JobState.STOPPED
        assert waiting.snapshot().state == JobState.INTERRUPTED
        until(lambda: set(threading.enumerate()) <= before)
        with pytest.raises(RuntimeError, match="shut down"):
            populations.submit(endless())
