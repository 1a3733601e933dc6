"""A sweep in the background: trials that are asked for, trained by a pool, told, and recorded as they end.

    with RunPool(2) as pool:
        sweep = Sweep.begin(dataset, spec, Budget(trials=64), store, pool).start()
        sweep.snapshot().best, sweep.trials()       # at any time, from any thread
        sweep.stop()                                # what has ended stays
    Sweep.resume(store, sweep.id, Budget(trials=128), pool).start()

The record in the folder of runs is a population; the study of the same name in Optuna's storage has the trials.
"""

import atexit
import logging
import math
import threading
import time
import weakref
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Self

import numpy as np

from sogaal.data import Dataset
from sogaal.errors import ConfigError, RunError, failure_message
from sogaal.outcomes import RunOutcome
from sogaal.pool import Feed, RunPool
from sogaal.runs.groups import Group, Planned
from sogaal.runs.names import new_token, run_id, token_of
from sogaal.runs.population_recorder import PopulationRecorder, Recorded
from sogaal.runs.record import SWEEP
from sogaal.runs.store import RunStore
from sogaal.runs.summary import NUMBERS
from sogaal.scaling import Scaler
from sogaal.snapshots import JobState
from sogaal.sweep.objectives import Judged, Unmeasured
from sogaal.sweep.search import Asked, Search
from sogaal.sweep.spec import Spec, checked_budget
from sogaal.sweep.storage import default_storage
from sogaal.sweep.trials import Trial, TrialRun, TrialState, best_of, counted, members_of, trial_run

# Runs that are asked for ahead, for each worker: with one at work and one that waits, none is idle while Optuna thinks.
AHEAD = 2
# What a sweep may take to end when the program does.
END_SECONDS = 10.0

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Budget:
    """When a sweep ends: with so many ``trials`` in all, those before included, or after ``seconds`` of this sitting,
    when no more are begun; None: no bound. Without either only a grid comes to an end by itself."""

    trials: int | None = None
    seconds: float | None = None


@dataclass(frozen=True)
class SweepSnapshot:
    """A sweep at one moment: trials by what became of them, of ``total`` (None: not known). ``best``: the best
    completed one. ``seconds``: of this sitting; ``seconds_left``: a guess, None where unknown."""

    state: JobState
    done: int
    total: int | None
    running: int
    pruned: int
    failed: int
    best: Trial | None
    seconds: float
    seconds_left: float | None
    message: str


@dataclass(eq=False)
class _Open:
    """A trial under way: the outcomes of its seeds so far, by place; ``waiting``: for how many runs."""

    asked: Asked
    outcomes: dict[int, RunOutcome] = field(default_factory=dict)
    waiting: int = 0
    next_seed: int = 0
    pruned: str = ""
    refused: str = ""


class Sweep(Recorded):
    """Made by :meth:`begin` or :meth:`resume`. All methods may be called from any thread.

    ``id``: of its record, and the name of its study. ``storage``: as it was given.
    """

    def __init__(
        self,
        identity: str,
        dataset: Dataset,
        search: Search,
        budget: Budget,
        store: RunStore,
        pool: RunPool,
        storage: str | None = None,
    ) -> None:
        self.id = identity
        self.dataset, self.spec, self.budget = dataset, search.spec, budget
        self.store, self.storage = store, storage
        self._search, self._pool = search, pool
        self._trials: dict[int, Trial] = {trial.number: trial for trial in search.before}
        self._before = self._over = counted(search.before)
        self._judged = Judged((), np.zeros((0, 0), dtype=np.float32), None)
        self._open: dict[int, _Open] = {}
        self._runs: dict[int, tuple[int, int]] = {}  # from a run's index to its trial and the place of its seed
        self._seeds = search.spec.seed_numbers()
        self._state = JobState.QUEUED
        self._message = ""
        self._started = self._last = 0.0
        self._stopping = threading.Event()
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._feed: Feed | None = None

    @classmethod
    def begin(
        cls,
        dataset: Dataset,
        spec: Spec,
        budget: Budget,
        store: RunStore,
        pool: RunPool,
        storage: str | None = None,
    ) -> Self:
        """A new sweep, whose study and record are made now. ``storage``: as of :func:`open_storage`, None: the file
        in the folder of runs. Raises :class:`ConfigError` and :class:`RunError`."""
        checked_budget(spec.method, budget.trials, budget.seconds)
        created, token = datetime.now(UTC), new_token()
        name = run_id(created, dataset.name, spec.base.algorithm, token)
        search = Search.begin(name, spec, storage or default_storage(store.root))
        found = cls(name, dataset, search, budget, store, pool, storage)
        found._recorder = PopulationRecorder(store, found._group(), created, token)
        return found

    @classmethod
    def resume(cls, store: RunStore, run: str, budget: Budget, pool: RunPool, storage: str | None = None) -> Self:
        """Go on with a sweep that was stopped or interrupted, or do more trials of one that is complete.

        ``run``: as of :meth:`RunStore.get`. A ``budget`` without bounds: as many trials as were planned. Raises
        :class:`RunError` where it is none, or somebody else is at it, and :class:`ConfigError`.
        """
        saved = store.get(run)
        if saved.record.population is None or saved.record.population.kind != SWEEP:
            raise RunError(f"{saved.id} is no sweep: sogaal runs list shows what it is.")
        dataset = saved.dataset()
        writer = store.writer(saved.id)  # first, so that nobody else goes on with it
        try:
            search = Search.resume(saved.id, storage or default_storage(store.root))
            if budget == Budget():
                budget = Budget(max(1, saved.record.population.planned // search.spec.seeds))
            checked_budget(search.spec.method, budget.trials, budget.seconds)
            found = cls(saved.id, dataset, search, budget, store, pool, storage)
            writer.update(message="", ended=None, state=JobState.RUNNING)
        except BaseException:
            writer.close()
            raise
        known = [member for trial in search.before for member in members_of(trial, search.spec) if trial.state.counts]
        found._recorder = PopulationRecorder(
            store, found._group(), saved.record.created, token_of(saved.id), again=writer, known=known
        )
        return found

    def _group(self) -> Group:
        spec, data = self.spec, self.dataset
        told = f"{data.name} · sweep of {', '.join(spec.fields)} · {spec.objective.title}, {spec.objective.chosen}"
        planned = Planned((self._total() or self.done) * spec.seeds, spec.varied)
        scaler = Scaler.fit(data.X, spec.scaling, data.feature_names)
        return Group(data, spec.base, scaler, [spec.base], SWEEP, told, planned=planned)

    # -- what anybody may ask ------------------------------------------------------------------------------------------

    def start(self) -> Self:
        """Begin; returns itself."""
        self._state = JobState.RUNNING
        _under_way.add(self)
        threading.Thread(target=self._work, name="sogaal-sweep", daemon=True).start()
        return self

    def stop(self) -> None:
        """End it within about a tenth of a second: what has ended stays, what is under way is done again by
        :meth:`resume`. Does nothing after its end."""
        with self._lock:
            self._stopping.set()
            if self._feed is not None:
                self._feed.cancel()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it has ended, at most ``timeout`` seconds; returns whether it has."""
        return self._ended.wait(timeout)

    def trials(self) -> list[Trial]:
        """All trials so far, in the order in which they were begun."""
        return [self._trials[number] for number in sorted(self._trials.copy())]

    @property
    def done(self) -> int:
        """How many trials are over, of those that were asked for."""
        return self._over

    def best(self, count: int = 1) -> list[Trial]:
        """The best trials, the best first."""
        return best_of(self.trials(), self.spec.objective, count)

    def snapshot(self) -> SweepSnapshot:
        """How far it is."""
        trials = self.trials()
        state = self._state
        now = time.monotonic() if state.active else self._last
        seconds = now - self._started if self._started else 0.0
        done, total = self._over, self._total()
        return SweepSnapshot(
            state=state,
            done=done,
            total=total,
            running=sum(one.state == TrialState.RUNNING for one in trials) if state.active else 0,
            pruned=sum(one.state == TrialState.PRUNED for one in trials),
            failed=sum(one.state == TrialState.FAILED for one in trials),
            best=next(iter(best_of(trials, self.spec.objective)), None),
            seconds=seconds,
            seconds_left=self._seconds_left(done, total, seconds) if state.active else None,
            message=self._message,
        )

    def _total(self) -> int | None:
        """How many trials there will be; None where only the clock ends it."""
        left = self._search.left
        whole = None if left is None else len(self._open) + left + self.done
        known = [one for one in (whole, self.budget.trials) if one is not None]
        return max(min(known), self.done) if known else None

    def _seconds_left(self, done: int, total: int | None, seconds: float) -> float | None:
        clock = None if self.budget.seconds is None else max(0.0, self.budget.seconds - seconds)
        new = done - self._before
        by_trials = None if total is None or new < 2 else (total - done) * seconds / new
        known = [one for one in (clock, by_trials) if one is not None]
        return min(known) if known else None

    # -- its thread ----------------------------------------------------------------------------------------------------

    def _work(self) -> None:
        self._started = self._last = time.monotonic()
        state, message = JobState.COMPLETED, ""
        try:
            self._search_on()
        except Exception as error:
            _logger.info("Sweep %s failed", self.id, exc_info=True)
            state, message = JobState.FAILED, failure_message(error)
        if self._stopping.is_set():
            state = JobState.STOPPED
        self._give_back()
        self._last = time.monotonic()
        self._message = message
        if self._recorder is not None:
            words = f"Stopped after {self.done:,} trials." if state == JobState.STOPPED else message
            self._recorder.finish(None if state == JobState.COMPLETED else state, words)
            if not self._over and not self.record and not self.problem:  # as nothing is left of the record
                with suppress(Exception):
                    self._search.forget()
        self._state = state
        self._ended.set()

    def _search_on(self) -> None:
        data, spec = self.dataset, self.spec
        X = Scaler.fit(data.X, spec.scaling, data.feature_names).transform(data.X)
        self._judged = Judged((), X, data.y if spec.objective.labels else None)
        with self._lock:
            if self._stopping.is_set():
                return
            # Labels go along in any case: the table of trials shows the AUCs; only the objective decides.
            self._feed = feed = self._pool.feed(X, data.y, keep=spec.objective.keep)
        with feed:
            while True:
                while feed.outstanding < AHEAD * self._pool.workers and self._wants_more() and self._ask(feed):
                    pass
                outcome = feed.take()
                if outcome is None:
                    return
                self._take(feed, outcome)

    def _wants_more(self) -> bool:
        if self._stopping.is_set():
            return False
        if self.budget.seconds is not None and time.monotonic() - self._started >= self.budget.seconds:
            return False
        return self.budget.trials is None or self._over + len(self._open) < self.budget.trials

    def _ask(self, feed: Feed) -> bool:
        """Begin one more trial; returns whether there was one."""
        asked = self._search.ask()
        if asked is None:
            return False
        trial = self._open[asked.number] = _Open(asked)
        self._trials[asked.number] = Trial(asked.number, TrialState.RUNNING, asked.params)
        for _ in range(self.spec.objective.least_seeds if self.spec.prune else self.spec.seeds):
            self._submit(feed, trial)
        if not trial.waiting:
            self._end(trial)
        return True

    def _submit(self, feed: Feed, trial: _Open) -> None:
        place = trial.next_seed
        trial.next_seed += 1
        try:
            index = feed.submit(self.spec.config(trial.asked.params, self._seeds[place]))
        except ConfigError as error:  # this set-up does not fit the table
            trial.refused = str(error)
            return
        trial.waiting += 1
        self._runs[index] = trial.asked.number, place

    def _take(self, feed: Feed, outcome: RunOutcome) -> None:
        number, place = self._runs.pop(outcome.index)
        trial = self._open[number]
        trial.outcomes[place] = outcome
        trial.waiting -= 1
        if trial.waiting:
            return
        if self.spec.prune and self._goes_on(trial):
            self._submit(feed, trial)
        if not trial.waiting:
            self._end(trial)

    def _goes_on(self, trial: _Open) -> bool:
        """Whether a trial whose seeds are trained one after another is worth the next one."""
        done = len(trial.outcomes)
        if done == self.spec.seeds or not all(outcome.ok for outcome in trial.outcomes.values()):
            return False
        try:
            value = self._measured(trial)
        except Unmeasured:
            return False
        if self._search.report(trial.asked, value, done):
            trial.pruned = f"Given up after {done} of {self.spec.seeds} seeds."
            return False
        return True

    def _measured(self, trial: _Open) -> float:
        """What the objective says of the seeds so far; raises :class:`Unmeasured`."""
        outcomes = [trial.outcomes[place] for place in sorted(trial.outcomes)]
        value = self.spec.objective.measure(replace(self._judged, outcomes=outcomes))
        if not math.isfinite(value):
            raise Unmeasured(f"{self.spec.objective.title} is not finite.")
        return value

    def _end(self, trial: _Open) -> None:
        asked = trial.asked
        runs = [trial_run(trial.outcomes[place]) for place in sorted(trial.outcomes)]
        if not runs:
            runs = [TrialRun(self._seeds[0], dict.fromkeys(NUMBERS), trial.refused)]
        state, value, message = self._verdict(trial, runs)
        told = self._search.tell(asked, state, value, runs, message)
        self._trials[asked.number] = told
        del self._open[asked.number]
        self._over += 1
        self._last = time.monotonic()
        if self._recorder is not None:
            for member in members_of(told, self.spec):
                self._recorder.put(member)

    def _verdict(self, trial: _Open, runs: list[TrialRun]) -> tuple[TrialState, float | None, str]:
        bad = next((run for run in runs if not run.ok), None)
        if bad is not None or trial.refused:
            words = trial.refused if bad is None or trial.refused else f"seed {bad.seed}: {bad.message}"
            return TrialState.FAILED, None, words
        try:
            value = self._measured(trial)
        except Unmeasured as error:
            return TrialState.FAILED, None, str(error)
        return (TrialState.PRUNED if trial.pruned else TrialState.COMPLETED), value, trial.pruned

    def _give_back(self) -> None:
        """Mark what was under way: it is done again by whoever goes on with the sweep."""
        for number, trial in sorted(self._open.items()):
            with suppress(Exception):  # the storage may be what failed; whoever resumes marks what is left
                self._search.tell(trial.asked, TrialState.INTERRUPTED)
            self._trials[number] = replace(self._trials[number], state=TrialState.INTERRUPTED)
        self._open.clear()


_under_way: "weakref.WeakSet[Sweep]" = weakref.WeakSet()


@atexit.register
def _stop_all() -> None:
    """Sweeps that the program leaves behind are stopped, so that their storage and record say so."""
    for sweep in list(_under_way):
        if not sweep.wait(0):
            sweep.stop()
            sweep.wait(END_SECONDS)
