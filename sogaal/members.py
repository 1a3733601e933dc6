"""Training the members of an ensemble: their seeds, how long they run, and the runs themselves.

:func:`train_members` is the one place where many runs are trained for a detector, in this process or, where that is
faster, by the worker processes of :func:`sogaal.pool.shared_pool`.
"""

import time
import warnings
from collections import abc
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
import numpy.typing as npt
from joblib import cpu_count, effective_n_jobs

from sogaal.choice import Choice
from sogaal.config import TrainConfig
from sogaal.devices import one_thread
from sogaal.errors import ConfigError, DivergedError, SogaalError, failure_message
from sogaal.frames import DiscriminatorWeights
from sogaal.history import EVALUATION_COLUMNS, STEP_COLUMNS, HistoryView
from sogaal.model import At, discriminators_of
from sogaal.networks import Generator
from sogaal.outcomes import Part, RunOutcome, Wanted, do_runs, to_the_end
from sogaal.pool import shared_pool
from sogaal.tables import TravellingTable
from sogaal.trainer import Trainer
from sogaal.workers import in_worker

FloatArray = npt.NDArray[np.float32]

# Measured on two cores: new workers, which import PyTorch first, were ready after 2.2 to 4.1 seconds, and a task of
# two short runs came back from warm ones after .02 seconds.
START_SECONDS = 3.0
WARM_SECONDS = 0.1
# How long the first member is tried here to know what all of them take.
PROBE_SECONDS = 0.03


@dataclass(frozen=True, eq=False)
class Trained:
    """What is left of a finished run; it can be pickled.

    ``discriminators``: D at the "stop" (where G stopped within the run) and at the "end". ``snapshots``: D at the
    moments that were asked for, in order. ``generators``: as they are at the end. ``choice``: how the stop was chosen,
    where ``stop_epochs`` is "auto".
    """

    config: TrainConfig
    discriminators: Mapping[At, DiscriminatorWeights]
    snapshots: tuple[DiscriminatorWeights, ...]
    history: HistoryView
    generators: list[Generator]
    choice: Choice | None = None


def as_long_as_needed(config: TrainConfig, snapshots: int = 1) -> TrainConfig:
    """``config`` with the length of run that its score needs, where ``max_epochs`` leaves that open.

    What D learns after the stop is of no use to a score at the stop. Snapshots for such a score surround it: the run
    goes on to twice the stop, so that as many moments lie after it as before.
    """
    if config.max_epochs is not None or config.score_at == "end" or not config.whether_stop:
        return config
    if config.stop_epochs == "auto":
        return config
    return config.replace(max_epochs=(config.stop_epochs + 1) * (1 if snapshots == 1 else 2))


def checked_n_jobs(n_jobs: Any) -> int | None:
    """``n_jobs`` as it is; raises :class:`ConfigError` unless it is None or a whole number other than 0."""
    if n_jobs is None:
        return None
    if not isinstance(n_jobs, bool) and isinstance(n_jobs, Integral) and int(n_jobs) != 0:
        return int(n_jobs)
    raise ConfigError(
        f"n_jobs must be None or a whole number other than 0 (-1: all cores), got {n_jobs!r}.", field="n_jobs"
    )


def train_member(X: FloatArray, config: TrainConfig, snapshots: int = 1) -> Trained:
    """One run of ``config`` on the scaled table ``X`` (n, d) to its end, D kept at so many moments (1: at none).

    Looking at D on the way changes nothing: the run is bit for bit that of :class:`Trainer`, whose errors are raised.
    """
    trainer = Trainer(X, config)
    kept = to_the_end(trainer, snapshots)
    return Trained(config, discriminators_of(trainer), kept or (), trainer.history.view(), trainer.generators())


def train_committee(X: FloatArray, config: TrainConfig) -> list[Trained]:
    """One automatic run of ``config`` on the scaled table ``X`` (n, d): a :class:`Trained` for each of its seeds.

    Their snapshots score together. History and generators are the first seed's: the others leave their D's alone.
    Raises what :class:`Trainer` raises.
    """
    with one_thread():
        trainer = Trainer(X, config).fit()
    choice, history, generators = trainer.choice, trainer.history.view(), trainer.generators()
    assert choice is not None
    return [
        Trained(config.replace(seed=seed), {"end": kept[-1]}, kept, history, generators, choice)
        for seed, kept in zip(choice.seeds, trainer.voters(), strict=True)
    ]


def train_members(
    X: FloatArray, configs: Sequence[TrainConfig], snapshots: int = 1, n_jobs: int | None = None
) -> list[Trained]:
    """:func:`train_member` for each configuration, in their order; they differ in their seed alone.

    ``n_jobs``: over how many processes of the shared pool, as in scikit-learn (None: one, unless joblib is told
    otherwise; -1: all cores; never more than there are); bit for bit the same as in this process, where they are
    trained if the pool would not be done sooner, if this is a worker itself, and on a GPU. Where the pool cannot be
    used, a ``RuntimeWarning`` says why.

    Raises what :class:`Trainer` raises; a :class:`DivergedError` says which member it was when there are several.
    """
    # The matrices are small, and the history must not depend on the number of cores.
    with one_thread():
        processes = _processes(n_jobs, configs)
        elsewhere = {}
        if processes > 1 and pays(_seconds_here(X, configs), len(configs), processes, len(shared_pool().pids)):
            elsewhere = _in_the_pool(X, configs, snapshots, processes)
        # What did not come back is done here, so that an error is the same wherever it happened.
        return [elsewhere.get(place) or _here(X, configs, place, snapshots) for place in range(len(configs))]


def member_outcomes(
    X: FloatArray, configs: Sequence[TrainConfig], y: npt.NDArray[np.int8] | None = None, n_jobs: int | None = None
) -> abc.Generator[RunOutcome]:
    """Each of the runs as it ends, with its summary, which labels ``y`` (n,) evaluate, and D's weights.

    ``X``, ``configs``, ``n_jobs``: as of :func:`train_members`, but with several processes the pool is always used. A
    run that diverged or failed is one of the outcomes. Closed before its end, it cancels what is left.
    """
    processes = _processes(n_jobs, configs)
    if processes == 1:
        ticket = TravellingTable(X, y).ticket_with_table
        for run in enumerate(configs):
            yield from do_runs(ticket, [run], Wanted(frozenset(("summary", "weights"))))
        return
    with shared_pool().run(X, configs, y, keep=("summary", "weights"), at_most=processes) as runs:
        yield from runs


def _here(X: FloatArray, configs: Sequence[TrainConfig], place: int, snapshots: int) -> Trained:
    try:
        return train_member(X, configs[place], snapshots)
    except DivergedError as error:
        if len(configs) == 1:
            raise
        message = f"Member {place + 1} of {len(configs)} (seed {configs[place].seed}): {error}"
        raise DivergedError(message, error.step, error.quantity) from None


def _processes(n_jobs: int | None, configs: Sequence[TrainConfig]) -> int:
    if len(configs) == 1 or configs[0].device != "cpu" or in_worker():
        return 1
    allowed: int = effective_n_jobs(checked_n_jobs(n_jobs))
    cores: int = cpu_count()
    return min(allowed, cores, len(configs))


def _seconds_here(X: FloatArray, configs: Sequence[TrainConfig]) -> float:
    """What all of them take one after another in this process: extrapolated from a few steps of the first."""
    trainer = Trainer(X, configs[0])
    done, seconds = 0, 0.0
    try:
        trainer.advance(2)  # the first steps of a process take longer
        started = time.perf_counter()
        while seconds < PROBE_SECONDS and (steps := trainer.advance(8)):
            done += steps
            seconds = time.perf_counter() - started
    except DivergedError:
        return 0.0
    return seconds / max(done, 1) * trainer.total_steps * len(configs)


def pays(seconds: float, runs: int, processes: int, warm: int) -> bool:
    """Whether ``runs`` that take ``seconds`` here one after another are done sooner by so many processes.

    ``warm``: how many processes are there already.
    """
    together = seconds * -(-runs // processes) / runs
    return together + (WARM_SECONDS if warm >= processes else START_SECONDS) < seconds


def _in_the_pool(X: FloatArray, configs: Sequence[TrainConfig], snapshots: int, processes: int) -> dict[int, Trained]:
    """Those that came to their end, by place; the lowest one that diverged is not among them, but all before it are."""
    found: dict[int, Trained] = {}
    came: set[int] = set()
    end = len(configs)  # the lowest place that diverged
    keep: tuple[Part, ...] = ("history", "weights", "generators")
    try:
        with shared_pool().run(X, configs, keep=keep, snapshots=snapshots, at_most=processes) as runs:
            for outcome in runs:
                came.add(outcome.index)
                if outcome.ok:
                    found[outcome.index] = _trained(outcome)
                elif outcome.diverged is not None:
                    end = min(end, outcome.index)
                if came.issuperset(range(end)):
                    break
    except (SogaalError, RuntimeError, OSError) as error:
        warnings.warn(
            f"n_jobs: the trainings go on in this process, one after another: {failure_message(error)}",
            RuntimeWarning,
            stacklevel=4,
        )
    return found


def _trained(outcome: RunOutcome) -> Trained:
    assert outcome.history is not None
    assert outcome.weights_end is not None
    discriminators: dict[At, DiscriminatorWeights] = {"end": outcome.weights_end}
    if outcome.weights_stop is not None:
        discriminators["stop"] = outcome.weights_stop
    columns = {name: outcome.history[name] for name in STEP_COLUMNS + EVALUATION_COLUMNS}
    for column in columns.values():
        column.flags.writeable = False
    history = HistoryView(**columns)  # type: ignore[arg-type]
    generators = [Generator(*weights) for weights in outcome.generators or ()]
    return Trained(outcome.config, discriminators, outcome.snapshots, history, generators)
