"""Populations in the background: many runs on one table by the pool of processes, seen as they come.

    populations = Populations()
    population = populations.submit(map_plan(...))
    population.snapshot().done, population.members()      # at any time, from any thread
    population.cancel()

One population after the other has the pool, and beside it one that has less to do; the others wait in a queue. Each
run owns its seed and its noise, so what trains beside it changes none. Nothing here needs somebody who watches.
"""

import atexit
import logging
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

from sogaal.diagnosis import Evidence, Finding, diagnose
from sogaal.errors import failure_message
from sogaal.history import EVALUATION_COLUMNS, STEP_COLUMNS, HistoryView
from sogaal.outcomes import RunOutcome, history_arrays
from sogaal.pool import RunPool, Runs
from sogaal.populations.plan import Plan
from sogaal.race import Setup
from sogaal.runs.groups import Group
from sogaal.runs.names import run_id
from sogaal.runs.population_recorder import PopulationRecorder, Recorded
from sogaal.runs.store import RunStore
from sogaal.scaling import Scaler
from sogaal.snapshots import JobState
from sogaal.trainer import FloatArray

# Rows of each column that are kept of a history to draw bands with.
HISTORY_ROWS = 200
MAX_ENDED = 8
# The time left is guessed from so many of the last outcomes.
RECENT = 64

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Member:
    """A run of a population that has ended: its ``number`` in the plan, which ``cell`` (set-up) with which ``seed``.

    ``outcome``: summary, and for a spread the thinned history. ``finding``: the main one of its diagnosis, made from
    the history without frames; None where there is nothing to judge.
    """

    number: int
    cell: int
    seed: int
    outcome: RunOutcome
    finding: Finding | None

    def auc(self, at: str = "end") -> float | None:
        """ROC-AUC at the "end" or when G stopped ("stop"); None for a run that diverged, and without labels."""
        summary = self.outcome.summary if self.outcome.ok else None
        return None if summary is None else summary["auc_stop" if at == "stop" else "auc_final"]


@dataclass(frozen=True, eq=False)
class PopulationSnapshot:
    """A population at one moment: ``done`` of ``total`` runs. ``seconds_left``: None where unknown.
    ``place_in_queue``: from 1, None unless queued. ``seconds``: since it got the pool. ``message``: one line, why it
    failed."""

    state: JobState
    done: int
    total: int
    seconds: float
    seconds_left: float | None
    place_in_queue: int | None
    message: str


class Population(Recorded):
    """Made by :meth:`Populations.submit`. All methods may be called from any thread.

    ``parent``: the id that the record has or will have, for runs that are made of members; None where nothing is kept.
    """

    def __init__(self, plan: Plan) -> None:
        self.id = uuid4().hex[:12]
        self.plan = plan
        self.created = datetime.now(UTC)
        self.place_in_queue: int | None = None
        self.parent: str | None = None
        self._members: list[Member] = []  # only ever grows at its end
        self._state = JobState.QUEUED
        self._message = ""
        self._cancelled = threading.Event()
        self._ended = threading.Event()
        self._started = self._last = 0.0
        self._marks: deque[tuple[float, int]] = deque(maxlen=RECENT)
        self._runs: Runs | None = None
        self._lock = threading.Lock()
        self._steps = [setup.config.total_steps(plan.dataset.n) for setup in plan.setups]

    def members(self) -> tuple[Member, ...]:
        """The runs that have ended, in the order in which they did."""
        return tuple(self._members)

    def outcomes(self) -> list[RunOutcome]:
        """The same as they came from the pool, ``index`` being their number in the plan; in the plan's order."""
        return sorted((member.outcome for member in self.members()), key=lambda outcome: outcome.index)

    def snapshot(self) -> PopulationSnapshot:
        """How far it is."""
        running = self._state == JobState.RUNNING
        now = time.monotonic() if running else self._last
        return PopulationSnapshot(
            state=self._state,
            done=len(self._members),
            total=len(self.plan),
            seconds=now - self._started if self._started else 0.0,
            seconds_left=self._seconds_left(now) if running else None,
            place_in_queue=self.place_in_queue,
            message=self._message,
        )

    def _seconds_left(self, now: float) -> float | None:
        marks = list(self._marks)
        if len(marks) < 3 or marks[-1][0] <= marks[0][0]:
            return None
        rate = (marks[-1][1] - marks[0][1]) / (marks[-1][0] - marks[0][0])
        return max(0.0, (len(self.plan) - marks[-1][1]) / rate - (now - marks[-1][0]))

    def steps_left(self) -> int:
        """Training steps of the runs that have not ended yet."""
        done = sum(self._steps[member.cell] for member in self.members())
        return sum(self._steps) * len(self.plan.seeds) - done

    def cancel(self) -> None:
        """End it within about a tenth of a second; what has come stays. Does nothing after its end."""
        with self._lock:
            self._cancelled.set()
            if self._runs is not None:
                self._runs.cancel()

    @property
    def cancelled(self) -> bool:
        """Whether it was cancelled."""
        return self._cancelled.is_set()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it has ended, at most ``timeout`` seconds; returns whether it has."""
        return self._ended.wait(timeout)

    # -- for the thread ------------------------------------------------------------------------------------------------

    def work(self, pool: RunPool, store: RunStore | None = None) -> None:
        """Train all members, and record them in ``store`` as they end; returns at the end, whatever that is."""
        self._started = self._last = time.monotonic()
        self._state = JobState.RUNNING
        try:
            if store is not None:
                self._recorder = recorded(store, self)
            for scaling in dict.fromkeys(setup.scaling for setup in self.plan.setups):
                self._train(pool, scaling)
            state, message = JobState.COMPLETED, ""
        except Exception as error:
            _logger.info("Population %s failed", self.id, exc_info=True)
            state, message = JobState.FAILED, failure_message(error)
        if self.cancelled:
            state = JobState.STOPPED
        self._end_record(state, message)
        self.finish(state, message)

    def _end_record(self, state: JobState, message: str) -> None:
        """Have the record end; what fails there costs no result."""
        if self._recorder is None:
            return
        if state == JobState.STOPPED:
            message = f"Cancelled after {len(self._members):,} of {len(self.plan):,} runs."
        self._recorder.finish(None if state == JobState.COMPLETED else state, message)
        if not self.record:
            self.parent = None

    def finish(self, state: JobState, message: str = "") -> None:
        """End in ``state``."""
        self._last = time.monotonic()
        self._message = "" if state == JobState.STOPPED else message
        self.place_in_queue = None
        self._state = state
        self._ended.set()

    def _train(self, pool: RunPool, scaling: str) -> None:
        """Train the members whose columns are scaled so."""
        plan, dataset = self.plan, self.plan.dataset
        numbers = [n for n in range(len(plan)) if plan.setups[n % len(plan.setups)].scaling == scaling]
        X = Scaler.fit(dataset.X, scaling, dataset.feature_names).transform(dataset.X)
        configs = [plan.member(number).config for number in numbers]
        with self._lock:
            if self.cancelled:
                return
            self._runs = runs = pool.run(X, configs, dataset.y, keep=("history",))
        with runs:
            for outcome in runs:
                self._take(numbers[outcome.index], outcome, X, scaling)

    def _take(self, number: int, outcome: RunOutcome, X: FloatArray, scaling: str) -> None:
        setup, (cell, seed) = self.plan.member(number), self.plan.place(number)
        view = None if outcome.history is None else _view(outcome.history)
        finding = None if view is None else _main_finding(setup, view, outcome, X, scaling)
        kept = None if view is None or self.plan.kind == "map" else history_arrays(view, HISTORY_ROWS)
        outcome = replace(outcome, index=number, history=kept)
        self._members.append(Member(number, cell, seed, outcome, finding))
        if self._recorder is not None:
            self._recorder.put(outcome)
        self._last = time.monotonic()
        self._marks.append((self._last, len(self._members)))


def recorded(store: RunStore, population: Population) -> PopulationRecorder:
    """Record ``population`` in ``store`` from now on."""
    plan = population.plan
    members, first = [plan.member(number) for number in range(len(plan))], plan.setups[0]
    seeds = "1 seed" if len(plan.seeds) == 1 else f"{len(plan.seeds)} seeds"
    group = Group(
        plan.dataset,
        first.config,
        Scaler.fit(plan.dataset.X, first.scaling, plan.dataset.feature_names),
        [member.config for member in members],
        plan.kind,
        f"{plan.dataset.name} · {plan.kind} over {', '.join(plan.varies)} · {seeds}",
        {number: member.scaling for number, member in enumerate(members)},
    )
    return PopulationRecorder(store, group, population.created, population.id)


def _view(history: dict[str, Any]) -> HistoryView:
    return HistoryView(**{name: history[name] for name in (*STEP_COLUMNS, *EVALUATION_COLUMNS)})


def _main_finding(setup: Setup, view: HistoryView, outcome: RunOutcome, X: FloatArray, scaling: str) -> Finding | None:
    config = setup.config
    batches = config.batches(len(X))
    stop = config.stop_step(batches)
    stops = stop is not None and stop <= config.total_steps(len(X))
    found = diagnose(
        Evidence(
            config=config,
            view=view,
            frames=(),
            batches=batches,
            stop_step=stop if stops else None,
            complete=outcome.ok,
            X=X,
            scaling=scaling,
            diverged=outcome.diverged or "",
        )
    )
    return found[0] if found else None


class Populations:
    """The populations of a process on one pool, which is made when it is first needed and stays warm.

    One after the other they have the pool, in the order in which they came. Beside that one trains the first of those
    that wait and have less to do than what is left of it: a small one does not wait for a large one, and the large one
    ends later by no more than the small one's work. The last few that ended are remembered.

    ``workers``: processes of the pool, None = one for each usable CPU. ``store``: where each population leaves its
    record, None = nowhere.
    """

    def __init__(self, workers: int | None = None, store: RunStore | None = None) -> None:
        self._workers = workers
        self._store = store
        self._pool: RunPool | None = None
        self._changed = threading.Condition()
        self._queue: deque[Population] = deque()
        self._all: dict[str, Population] = {}
        # Whose turn it is, and what trains beside it.
        self._current: Population | None = None
        self._beside: Population | None = None
        self._threads: list[threading.Thread] = []
        self._closed = False
        _all.add(self)

    def submit(self, plan: Plan) -> Population:
        """Train a population, or queue it; returns at once."""
        population = Population(plan)
        if self._store is not None:
            algorithm = plan.setups[0].config.algorithm
            population.parent = run_id(population.created, plan.dataset.name, algorithm, population.id)
        with self._changed:
            if self._closed:
                raise RuntimeError("the populations were shut down and take no more.")
            self._forget()
            self._all[population.id] = population
            self._queue.append(population)
            self._number()
            if not self._threads:
                turns = (self._in_turn, self._small)
                self._threads = [
                    threading.Thread(target=self._work, args=(turn,), name="sogaal-populations", daemon=True)
                    for turn in turns
                ]
                for thread in self._threads:
                    thread.start()
            self._changed.notify_all()
        return population

    def get(self, population_id: str) -> Population | None:
        """The population of that id; None if there is none, or it was forgotten."""
        return self._all.get(population_id)

    def cancel(self, population: Population) -> None:
        """Cancel a population, also one that waits."""
        population.cancel()
        with self._changed:
            if population in self._queue:
                self._queue.remove(population)
                population.finish(JobState.STOPPED)
                self._number()

    def shutdown(self, timeout: float = 10.0) -> bool:
        """End all and the pool's processes; returns whether that was done within ``timeout`` s."""
        with self._changed:
            self._closed = True
            waiting, working, threads = list(self._queue), (self._current, self._beside), self._threads
            self._queue.clear()
            self._changed.notify_all()
        for population in waiting:
            population.cancel()
            population.finish(JobState.INTERRUPTED)
        for population in filter(None, working):
            population.cancel()
        deadline = time.monotonic() + timeout
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        if self._pool is not None:
            self._pool.close()
        return not any(thread.is_alive() for thread in threads)

    def _work(self, turn: Callable[[], Population | None]) -> None:
        """Train what ``turn`` says is due, one after the other."""
        while (next_one := self._next(turn)) is not None:
            population, pool = next_one
            population.work(pool, self._store)
            with self._changed:
                if self._current is population:
                    self._current = None
                else:
                    self._beside = None
                self._changed.notify_all()

    def _next(self, turn: Callable[[], Population | None]) -> tuple[Population, RunPool] | None:
        """Wait for one that is due; None at the end."""
        with self._changed:
            while (due := turn()) is None and not self._closed:
                self._changed.wait()
            if due is None or self._closed:
                return None
            self._queue.remove(due)
            if turn == self._in_turn:
                self._current = due
            else:
                self._beside = due
            due.place_in_queue = None
            self._number()
            if self._pool is None:
                self._pool = RunPool(self._workers)
            self._changed.notify_all()  # the other thread has somebody to compare with now
            return due, self._pool

    def _in_turn(self) -> Population | None:
        return self._queue[0] if self._queue else None

    def _small(self) -> Population | None:
        """The first that waits and has less to do than what is left of the one whose turn it is."""
        if self._current is None:
            return None
        left = self._current.steps_left()
        return next((one for one in self._queue if one.steps_left() < left), None)

    def _number(self) -> None:
        for place, population in enumerate(self._queue, start=1):
            population.place_in_queue = place

    def _forget(self) -> None:
        ended = [one.id for one in self._all.values() if not one.snapshot().state.active]
        for forgotten in ended[: max(0, len(ended) - MAX_ENDED + 1)]:
            del self._all[forgotten]

    def __enter__(self) -> Self:
        """The populations; they are shut down at the end of the block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Shut down."""
        self.shutdown()

    def __iter__(self) -> Iterator[Population]:
        """Those in memory, oldest first."""
        return iter(list(self._all.values()))


_all: "weakref.WeakSet[Populations]" = weakref.WeakSet()


@atexit.register
def _shutdown_all() -> None:
    for populations in list(_all):
        populations.shutdown()
