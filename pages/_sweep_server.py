"""Sweeps of this server, and those that others left or are at: all look the same to the page."""

import os
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import streamlit as st

from pages import _saved, _server
from sogaal.data import Dataset
from sogaal.errors import SogaalError
from sogaal.jobs import JobState
from sogaal.pool import shared_pool
from sogaal.runs.names import token_of
from sogaal.runs.record import SWEEP, RunRecord
from sogaal.sweep import (
    Budget,
    Spec,
    Sweep,
    Trial,
    TrialState,
    Untuned,
    best_of,
    comparable,
    counted,
    default_storage,
    importances,
    read_sweep,
)

# Presets auto that the server remembers beside sweeps.
MOST_UNTUNED = 16


@st.cache_resource(show_spinner=False)
def _sweeps() -> dict[str, Sweep]:
    return {}


@st.cache_resource(show_spinner=False)
def _known_untuned() -> "OrderedDict[tuple[str, str, str, int], Untuned]":
    return OrderedDict()


def untuned(shown: "Shown") -> Untuned | None:
    """The preset auto on the table of a sweep that has ended, by the same measure; begun where nobody has yet. None
    where there is nothing to compare."""
    spec = shown.spec
    if shown.state.active or shown.best is None or not comparable(spec):
        return None
    known, key = _known_untuned(), (shown.dataset.fingerprint, spec.scaling, spec.objective_name, spec.base.seed)
    if key not in known:
        known[key] = Untuned(shown.dataset, spec, shared_pool()).start()
        while len(known) > MOST_UNTUNED:
            known.popitem(last=False)[1].cancel()
    return known[key]


def storage() -> str | None:
    """Where Optuna keeps the trials: ``SOGAAL_STORAGE``, None: in the folder of runs."""
    return os.environ.get("SOGAAL_STORAGE", "").strip() or None


@dataclass(frozen=True, eq=False)
class Shown:
    """A sweep on screen. ``id``: its token; ``folder``: the name of its record's folder, empty where there is none.
    ``total``: None where only the clock ends it. ``mine``: whether this server is at it, or was."""

    id: str
    folder: str
    dataset: Dataset
    spec: Spec
    trials: Sequence[Trial]
    state: JobState
    total: int | None
    seconds: float
    seconds_left: float | None
    message: str
    problem: str
    mine: bool

    @property
    def done(self) -> int:
        """Trials that are over."""
        return counted(self.trials)

    @property
    def best(self) -> Trial | None:
        """The best completed trial."""
        return next(iter(best_of(self.trials, self.spec.objective)), None)

    def trial(self, number: int) -> Trial | None:
        """The trial of that number."""
        return next((one for one in self.trials if one.number == number), None)

    def count(self, state: TrialState) -> int:
        """How many trials are in a state."""
        return sum(one.state == state for one in self.trials)


def begin(dataset: Dataset, spec: Spec, budget: Budget) -> str:
    """Start a sweep; returns its token. Raises :class:`SogaalError`."""
    sweep = Sweep.begin(dataset, spec, budget, _server.store(), shared_pool(), storage()).start()
    return _remember(sweep)


def go_on(token: str, budget: Budget) -> None:
    """Go on with a sweep; raises :class:`SogaalError`."""
    _remember(Sweep.resume(_server.store(), token, budget, shared_pool(), storage()).start())


def _remember(sweep: Sweep) -> str:
    _sweeps()[token_of(sweep.id)] = sweep
    _saved.changed()
    return token_of(sweep.id)


def stop(token: str) -> None:
    """Stop a sweep of this server."""
    sweep = _sweeps().get(token)
    if sweep is not None:
        sweep.stop()
        sweep.wait(5.0)
        _saved.changed()


def records() -> list[RunRecord]:
    """The sweeps in the folder of runs, newest first."""
    return [one for one in _saved.records() if one.population is not None and one.population.kind == SWEEP]


def look_up(token: str) -> Shown | str:
    """A sweep by its token, or a sentence that says why it cannot be shown."""
    sweep = _sweeps().get(token)
    if sweep is not None:
        return _of_sweep(token, sweep)
    try:
        saved = _server.store().get(token)
        record = saved.record
        if record.population is None or record.population.kind != SWEEP:
            return "it is a run, and no sweep."
        spec, trials = read_sweep(record.id, storage() or default_storage(_server.store().root))
        dataset = saved.dataset()
    except SogaalError as error:
        return str(error)
    return Shown(
        id=token_of(record.id),
        folder=record.id,
        dataset=dataset,
        spec=spec,
        trials=_settled(trials, record.state),
        state=record.state,
        total=max(record.population.planned // spec.seeds, counted(trials)),
        seconds=0.0,
        seconds_left=None,
        message=record.message,
        problem="",
        mine=False,
    )


def _settled(trials: Sequence[Trial], state: JobState) -> Sequence[Trial]:
    """Trials of a sweep that nobody is at: what was running has been interrupted."""
    if state.active:
        return trials
    lost = TrialState.INTERRUPTED
    return [replace(one, state=lost) if one.state == TrialState.RUNNING else one for one in trials]


def _of_sweep(token: str, sweep: Sweep) -> Shown:
    snapshot = sweep.snapshot()
    return Shown(
        id=token,
        folder=sweep.record,
        dataset=sweep.dataset,
        spec=sweep.spec,
        trials=sweep.trials(),
        state=snapshot.state,
        total=snapshot.total,
        seconds=snapshot.seconds,
        seconds_left=snapshot.seconds_left,
        message=snapshot.message,
        problem=sweep.problem,
        mine=True,
    )


def shares(shown: Shown) -> dict[str, float]:
    """How much each field mattered, anew for every few trials that are over."""
    completed = shown.count(TrialState.COMPLETED)
    step = max(1, completed // 10) if shown.state.active else 1
    return _shares(shown.id, completed // step * step, shown.spec, shown.trials)


@st.cache_resource(show_spinner=False, max_entries=32)
def _shares(token: str, completed: int, _spec: Spec, _trials: Sequence[Trial]) -> dict[str, float]:
    return importances(_spec, _trials)
