"""What one run of many leaves behind, and the work that makes it: what a worker process does for a pool."""

import math
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from sogaal.config import TrainConfig
from sogaal.devices import one_thread
from sogaal.errors import ConfigError, DivergedError, failure_message
from sogaal.frames import DiscriminatorWeights
from sogaal.history import EVALUATION_COLUMNS, STEP_COLUMNS, HistoryView
from sogaal.records import diverged
from sogaal.tables import OpenTable
from sogaal.trainer import Trainer

FloatArray = npt.NDArray[np.float32]
GeneratorWeights = tuple[FloatArray, FloatArray, FloatArray, FloatArray]
Part = Literal["summary", "history", "logits", "weights", "generators"]

PARTS: tuple[Part, ...] = ("summary", "history", "logits", "weights", "generators")
# How often a run looks whether it is still wanted.
PORTION_SECONDS = 0.1


@dataclass(frozen=True, eq=False)
class RunOutcome:
    """One run of many, as it ended.

    ``index``: its place among the configurations. ``seconds``: what it took where it was done. ``summary``: as
    :meth:`Trainer.summary`; None if it failed. ``diverged``: the message of a run whose numbers left the finite range
    (history and summary tell of the time before). ``failed``: why there is no result, None otherwise.

    If asked for: ``history``: the columns of :class:`HistoryView` by name, with ``step`` int64, the steps (from 1)
    that the columns by step tell of. ``logits_stop`` (None if G did not stop in this run), ``logits_end`` (n,)
    float32, lower = more abnormal; ``weights_stop``, ``weights_end``: D's; ``snapshots``: D's at moments on the way;
    ``generators``: (w1 (d, d), b1 (d,), w2 (d, d), b2 (d,)) of each sub-generator at the end, input x output. Nothing
    of these for a run that diverged.
    """

    index: int
    config: TrainConfig
    seconds: float = 0.0
    summary: dict[str, Any] | None = None
    diverged: str | None = None
    failed: str | None = None
    history: dict[str, npt.NDArray[np.generic]] | None = None
    logits_stop: FloatArray | None = None
    logits_end: FloatArray | None = None
    weights_stop: DiscriminatorWeights | None = None
    weights_end: DiscriminatorWeights | None = None
    snapshots: tuple[DiscriminatorWeights, ...] = ()
    generators: tuple[GeneratorWeights, ...] | None = None

    @property
    def ok(self) -> bool:
        """Whether the run went to its end."""
        return self.diverged is None and self.failed is None


@dataclass(frozen=True)
class Wanted:
    """What outcomes are to hold; ``history_rows``: at most about so many rows of each column, None = all.

    ``snapshots``: at how many moments of the run D is kept, see :func:`snapshot_epochs`; with 1 at none.
    """

    parts: frozenset[Part]
    history_rows: int | None = None
    snapshots: int = 1


def checked_wanted(
    keep: Sequence[str], history_rows: int | None, snapshots: int, configs: Sequence[TrainConfig]
) -> Wanted:
    """Raises :class:`ConfigError` that names "keep", "history_rows" or "snapshots"."""
    names = (keep,) if isinstance(keep, str) else tuple(keep)
    unknown = [name for name in names if name not in PARTS]
    if unknown:
        raise ConfigError(f"keep may hold {', '.join(map(repr, PARTS))}, got {unknown[0]!r}.", field="keep")
    whole = isinstance(history_rows, int) and not isinstance(history_rows, bool)
    if history_rows is not None and not (whole and history_rows >= 2):
        raise ConfigError(
            f"history_rows must be a whole number of at least 2, or None, got {history_rows!r}.", field="history_rows"
        )
    for config in configs if snapshots != 1 else ():
        snapshot_epochs(config, snapshots)
    return Wanted(frozenset(part for part in PARTS if part in names), history_rows, snapshots)


def snapshot_epochs(config: TrainConfig, count: int) -> list[int]:
    """The epochs after which D is kept: ``count`` of them, evenly spaced over the run, its last one included.

    Raises :class:`ConfigError` when there are more moments than epochs, or none.
    """
    if type(count) is not int or not 1 <= count <= config.epochs:
        raise ConfigError(
            f"snapshots must be a whole number from 1 to {config.epochs}, the epochs of the run, got {count!r}.",
            field="snapshots",
        )
    return [config.epochs * place // count for place in range(1, count + 1)]


class Ticket(Protocol):
    """Something a worker opens to get at the table."""

    def open(self) -> AbstractContextManager[OpenTable]:
        """The table, while the block lasts."""


def do_runs(ticket: Ticket, runs: Sequence[tuple[int, TrainConfig]], wanted: Wanted) -> list[RunOutcome]:
    """Train these runs one after another. Fewer outcomes than runs mean that the work was cancelled meanwhile.

    Raises :class:`sogaal.tables.TableMissing` when the table has to be sent along.
    """
    outcomes: list[RunOutcome] = []
    try:
        with ticket.open() as table:
            for index, config in runs:
                outcome = _do_run(table, index, config, wanted)
                if outcome is None:
                    break
                outcomes.append(outcome)
    except FileNotFoundError:  # the table was given back: nobody waits any more
        return []
    return outcomes


def _do_run(table: OpenTable, index: int, config: TrainConfig, wanted: Wanted) -> RunOutcome | None:
    started = time.perf_counter()
    try:
        with one_thread():  # each: the pool has as many processes as there are cores
            found = _train(table, config, wanted)
    except Exception as error:  # whatever it is, it is this run's; the others go on
        found = {"failed": failure_message(error)}
    return None if found is None else RunOutcome(index, config, time.perf_counter() - started, **found)


def _train(table: OpenTable, config: TrainConfig, wanted: Wanted) -> dict[str, Any] | None:
    trainer = Trainer(table.X, config, table.y)
    trouble: DivergedError | None = None
    try:
        snapshots = to_the_end(trainer, wanted.snapshots, table.cancelled)
        if snapshots is None:
            return None
        weights = trainer.discriminator_weights("now")
        if not all(np.isfinite(part).all() for part in (weights.w1, weights.b1, weights.w2, weights.b2)):
            trouble = diverged("D after the last update", trainer.step)
    except DivergedError as error:
        trouble = error.with_traceback(None)  # which would keep the table open
    found: dict[str, Any] = {"summary": trainer.summary(), "diverged": None if trouble is None else str(trouble)}
    if "history" in wanted.parts:
        found["history"] = history_arrays(trainer.history.view(), wanted.history_rows)
    if trouble is None:
        found["snapshots"] = snapshots
        if "generators" in wanted.parts:
            found["generators"] = tuple(trainer.engine.generator_weights(0))
        for moment in ["end"] if trainer.stop_step is None else ["stop", "end"]:
            if "logits" in wanted.parts:
                found[f"logits_{moment}"] = trainer.scores(at=moment)  # type: ignore[arg-type]
            if "weights" in wanted.parts:
                found[f"weights_{moment}"] = trainer.discriminator_weights(moment)  # type: ignore[arg-type]
    return found


def to_the_end(
    trainer: Trainer, snapshots: int = 1, cancelled: Callable[[], bool] = lambda: False
) -> tuple[DiscriminatorWeights, ...] | None:
    """Train to the end; D at so many moments on the way (1: at none), or None when it was cancelled meanwhile.

    Neither looking at D nor the portions in which the steps are done change the run. Raises as :meth:`Trainer.advance`.
    """
    moments = snapshot_epochs(trainer.config, snapshots) if snapshots > 1 else []
    kept: list[DiscriminatorWeights] = []
    for end in [*(epoch * trainer.batches for epoch in moments), trainer.total_steps]:
        steps = 1
        while trainer.step < end and not trainer.finished:  # seeds that choose the stop may end it before
            if cancelled():
                return None
            started = time.perf_counter()
            done = trainer.advance(min(steps, end - trainer.step))
            seconds = max(time.perf_counter() - started, 1e-6)
            steps = max(1, min(4 * steps, int(PORTION_SECONDS * done / seconds)))
        if len(kept) < len(moments):
            kept.append(trainer.discriminator_weights("now"))
    return tuple(kept)


def history_arrays(view: HistoryView, rows: int | None = None) -> dict[str, npt.NDArray[np.generic]]:
    """Copies of the columns by name and ``step``, thinned evenly to at most ``rows`` rows; the last one stays."""
    by_step, by_evaluation = _thinned(view.steps, rows), _thinned(len(view.eval_step), rows)
    found: dict[str, npt.NDArray[np.generic]] = {"step": by_step + 1}
    found |= {name: getattr(view, name)[by_step] for name in STEP_COLUMNS}
    return found | {name: getattr(view, name)[by_evaluation] for name in EVALUATION_COLUMNS}


def _thinned(length: int, rows: int | None) -> npt.NDArray[np.int64]:
    every = 1 if rows is None else max(1, math.ceil(length / rows))
    # Counted from the end, so that the last row is one of them.
    return np.arange((length - 1) % every, length, every) if length else np.arange(0)
