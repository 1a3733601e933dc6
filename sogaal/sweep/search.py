"""A sweep's side of Optuna: which trial comes next, and what became of it, kept in the storage at once.

Only Optuna's stable ask-and-tell interface is used. Whatever the method, a trial that had not come to its end when the
program did is marked failed and done again, as another trial with the same values.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from sogaal.errors import ConfigError, RunError
from sogaal.sweep.space import grid_of
from sogaal.sweep.spec import Spec
from sogaal.sweep.storage import open_storage, quiet_optuna, reason_of, without_password
from sogaal.sweep.trials import MESSAGE, RUNS, Trial, TrialRun, TrialState, plain_runs, trial_of

if TYPE_CHECKING:
    import optuna
    from optuna.storages import BaseStorage

# The study's attribute that holds the sweep's description.
SPEC = "sogaal"
# Trials before the method begins to learn from them, and before any is pruned.
STARTUP_TRIALS = 10


@dataclass(frozen=True, eq=False)
class Asked:
    """A trial that is to be trained."""

    number: int
    params: dict[str, Any]
    handle: "optuna.trial.Trial"


class Search:
    """The trials of one sweep. One thread uses it. Made by :meth:`begin` or :meth:`resume`.

    ``spec``: the sweep. ``before``: the trials that there were when it was opened.
    """

    def __init__(self, study: "optuna.Study", storage: "BaseStorage", spec: Spec, before: Sequence[Trial]) -> None:
        self.spec = spec
        self.name = study.study_name
        self._storage = storage
        self.before = tuple(before)
        self._study = study
        self._distributions = {one.field: one.distribution() for one in spec.space}
        self._again = deque(_to_do_again(self.before))
        self._points: deque[dict[str, Any]] | None = None
        if spec.method == "grid":  # what is to be done again is among the points
            done = {_key(one.params, spec) for one in self.before if one.state.counts}
            self._points = deque(point for point in grid_of(spec.space) if _key(point, spec) not in done)

    @classmethod
    def begin(cls, name: str, spec: Spec, url: str) -> Self:
        """Make the study ``name``; raises :class:`ConfigError` that names "storage"."""
        optuna = quiet_optuna()
        storage = open_storage(url)
        try:
            study = optuna.create_study(
                study_name=name,
                storage=storage,
                direction=spec.objective.direction,
                sampler=_sampler(spec, 0),
                pruner=_pruner(spec),
            )
            study.set_user_attr(SPEC, spec.to_dict())
        except Exception as error:
            raise _unusable(url, error) from None
        return cls(study, storage, spec, ())

    @classmethod
    def resume(cls, name: str, url: str) -> Self:
        """Go on with the study ``name``: what was running is marked failed and will be done again.

        Raises :class:`RunError` where there is none, and as :meth:`begin`.
        """
        optuna = quiet_optuna()
        study, storage, spec = _load(name, url)
        try:
            found = study.get_trials(deepcopy=False)
            for one in found:
                if one.state == optuna.trial.TrialState.RUNNING:
                    study.tell(one.number, state=optuna.trial.TrialState.FAIL)
            distributions = {one.field: one.distribution() for one in spec.space}
            for one in found:
                if one.state == optuna.trial.TrialState.WAITING:  # proposed, and not yet begun when the program ended
                    study.tell(study.ask(distributions), state=optuna.trial.TrialState.FAIL)
            study.sampler = _sampler(spec, len(found))
            study.pruner = _pruner(spec)
            trials = _trials(study)
        except Exception as error:
            raise _unusable(url, error) from None
        return cls(study, storage, spec, trials)

    # -- trials --------------------------------------------------------------------------------------------------------

    @property
    def left(self) -> int | None:
        """How many points of a grid have not been begun; None where there is no end."""
        return None if self._points is None else len(self._points)

    def ask(self) -> Asked | None:
        """The next trial, which counts as running from now on; None when a grid has no more points."""
        given: Any = None
        if self._points is not None:
            if not self._points:
                return None
            given = self._points.popleft()
        elif self._again:
            given = self._again.popleft()
        if given is not None:
            self._study.enqueue_trial(dict(given))
        handle = self._study.ask(self._distributions)
        return Asked(handle.number, dict(handle.params), handle)

    def report(self, asked: Asked, value: float, seeds: int) -> bool:
        """Note the value after so many seeds; returns whether to give the trial up."""
        asked.handle.report(value, step=seeds)
        return bool(asked.handle.should_prune())

    def tell(
        self,
        asked: Asked,
        state: TrialState,
        value: float | None = None,
        runs: Sequence[TrialRun] = (),
        message: str = "",
    ) -> Trial:
        """Note the end of a trial; returns it as it now is."""
        optuna = quiet_optuna()
        handle = asked.handle
        if runs:
            handle.set_user_attr(RUNS, plain_runs(runs))
        if message:
            handle.set_user_attr(MESSAGE, message)
        if state == TrialState.COMPLETED:
            self._study.tell(handle, value)
        else:
            pruned = state == TrialState.PRUNED
            self._study.tell(handle, state=optuna.trial.TrialState.PRUNED if pruned else optuna.trial.TrialState.FAIL)
        return Trial(asked.number, state, asked.params, value, tuple(runs), message)

    def forget(self) -> None:
        """Leave nothing of the study."""
        optuna = quiet_optuna()
        optuna.delete_study(study_name=self.name, storage=self._storage)


def _key(params: Mapping[str, Any], spec: Spec) -> tuple[Any, ...]:
    return tuple(params.get(field) for field in spec.fields)


def _to_do_again(trials: Sequence[Trial]) -> list[dict[str, Any]]:
    """The values of interrupted trials that no later trial has tried once more."""
    found: list[dict[str, Any]] = []
    later: list[dict[str, Any]] = []
    for one in reversed(trials):
        params = dict(one.params)
        if one.state == TrialState.INTERRUPTED and params and params not in later:
            found.append(params)
        later.append(params)
    return found[::-1]


def _sampler(spec: Spec, trials: int) -> Any:
    """A sitting that goes on draws other numbers than the one before, which would propose the same again."""
    optuna = quiet_optuna()
    seed = int(np.random.SeedSequence((spec.sampler_seed, trials)).generate_state(1)[0])
    if spec.method == "tpe":
        # Trials under way count as bad ones until they are known, so that several at a time do not look alike.
        return optuna.samplers.TPESampler(seed=seed, n_startup_trials=STARTUP_TRIALS, constant_liar=True)
    return optuna.samplers.RandomSampler(seed=seed)


def _pruner(spec: Spec) -> Any:
    pruners = quiet_optuna().pruners
    return pruners.MedianPruner(n_startup_trials=STARTUP_TRIALS) if spec.prune else pruners.NopPruner()


# -- reading ---------------------------------------------------------------------------------------------------------


def read_sweep(name: str, url: str) -> tuple[Spec, list[Trial]]:
    """The description and the trials of a sweep as they are in the storage now; errors as of :meth:`Search.resume`."""
    study, _, spec = _load(name, url)
    try:
        return spec, _trials(study)
    except Exception as error:
        raise _unusable(url, error) from None


def _load(name: str, url: str) -> "tuple[optuna.Study, BaseStorage, Spec]":
    optuna = quiet_optuna()
    storage = open_storage(url)
    try:
        study = optuna.load_study(study_name=name, storage=storage)
        described = study.user_attrs.get(SPEC)
    except KeyError:
        raise RunError(f"{without_password(url)}: there is no sweep {name!r} in this storage.") from None
    except Exception as error:
        raise _unusable(url, error) from None
    return study, storage, Spec.from_dict(described)


def _trials(study: "optuna.Study") -> list[Trial]:
    found = [trial_of(one) for one in study.get_trials(deepcopy=False) if one.state.name != "WAITING"]
    return sorted(found, key=lambda one: one.number)


def _unusable(url: str, error: Exception) -> ConfigError:
    return ConfigError(f"storage cannot be used, {without_password(url)!r}: {reason_of(error, url)}", field="storage")
