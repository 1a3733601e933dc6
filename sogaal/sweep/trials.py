"""Trials as they are shown: plain values, whether they come from a sweep under way or from Optuna's storage."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sogaal.config import TrainConfig
from sogaal.outcomes import RunOutcome
from sogaal.runs.plain import finite
from sogaal.runs.summary import NUMBERS
from sogaal.sweep.objectives import Objective
from sogaal.sweep.spec import Spec

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial

# What a trial's attributes in the storage are called.
RUNS, MESSAGE = "runs", "message"


class TrialState(StrEnum):
    """Where a trial is. INTERRUPTED: it had not come to its end when the sweep did; it is done again, as another."""

    RUNNING = "running"
    COMPLETED = "completed"
    PRUNED = "pruned"
    FAILED = "failed"
    INTERRUPTED = "interrupted"

    @property
    def counts(self) -> bool:
        """Whether the trial is one of those that were asked for: it is over, and not to be done again."""
        return self in (TrialState.COMPLETED, TrialState.PRUNED, TrialState.FAILED)


@dataclass(frozen=True)
class TrialRun:
    """One seed of a trial: ``numbers`` as of :meth:`sogaal.trainer.Trainer.summary`, ``message``: why it failed."""

    seed: int
    numbers: Mapping[str, Any]
    message: str = ""

    @property
    def ok(self) -> bool:
        """Whether the run went to its end."""
        return not self.message


@dataclass(frozen=True)
class Trial:
    """``value``: what the objective says, None unless completed or pruned. ``runs``: those that were trained, in the
    order of the seeds. ``message``: why it failed, or when it was pruned."""

    number: int
    state: TrialState
    params: Mapping[str, Any]
    value: float | None = None
    runs: tuple[TrialRun, ...] = ()
    message: str = ""

    def mean(self, name: str) -> float | None:
        """Mean over the seeds of one of the runs' numbers; None where none has it."""
        found = [one.numbers[name] for one in self.runs if one.ok and one.numbers.get(name) is not None]
        return float(sum(found) / len(found)) if found else None

    @property
    def seconds(self) -> float:
        """What its runs took, one after another."""
        return float(sum(one.numbers.get("seconds") or 0.0 for one in self.runs))


@dataclass(frozen=True)
class TrialMember:
    """A run of a trial as the record of a population wants it; see :class:`sogaal.runs.populations.Outcome`."""

    index: int
    config: TrainConfig
    summary: Mapping[str, Any] | None
    diverged: str | None
    failed: str | None


def trial_run(outcome: RunOutcome) -> TrialRun:
    """What is kept of a run."""
    numbers = finite({name: (outcome.summary or {}).get(name) for name in NUMBERS})
    return TrialRun(outcome.config.seed, numbers, outcome.diverged or outcome.failed or "")


def plain_runs(runs: Iterable[TrialRun]) -> list[dict[str, Any]]:
    """As JSON values."""
    return [{"seed": one.seed, "message": one.message, **one.numbers} for one in runs]


def trial_of(found: "FrozenTrial") -> Trial:
    """A trial as it stands in the storage."""
    attributes = found.user_attrs
    state = _STATES[found.state.name]
    if state == TrialState.FAILED and MESSAGE not in attributes:  # a sweep that goes on says so of what it finds
        state = TrialState.INTERRUPTED
    runs = [
        TrialRun(int(one["seed"]), {name: one.get(name) for name in NUMBERS}, str(one.get("message", "")))
        for one in attributes.get(RUNS, ())
    ]
    value = found.value if state in (TrialState.COMPLETED, TrialState.PRUNED) else None
    return Trial(found.number, state, dict(found.params), value, tuple(runs), str(attributes.get(MESSAGE, "")))


_STATES = {
    "RUNNING": TrialState.RUNNING,
    "COMPLETE": TrialState.COMPLETED,
    "PRUNED": TrialState.PRUNED,
    "FAIL": TrialState.FAILED,
}


def best_of(trials: Iterable[Trial], objective: Objective, count: int = 1) -> list[Trial]:
    """The best ``count`` completed trials, the best first; of equals the earlier one."""
    done = [one for one in trials if one.state == TrialState.COMPLETED and one.value is not None]
    sign = -1 if objective.maximise else 1
    return sorted(done, key=lambda one: (sign * (one.value or 0.0), one.number))[:count]


def members_of(trial: Trial, spec: Spec) -> list[TrialMember]:
    """The runs of a trial that is over, as members of the population that the sweep is."""
    place = {seed: number for number, seed in enumerate(spec.seed_numbers())}
    return [
        TrialMember(
            trial.number * spec.seeds + place[run.seed],
            spec.config(trial.params, run.seed),
            run.numbers,
            diverged=None,
            failed=run.message or None,
        )
        for run in trial.runs
        if run.seed in place
    ]


def counted(trials: Sequence[Trial]) -> int:
    """How many of those that were asked for there are."""
    return sum(one.state.counts for one in trials)
