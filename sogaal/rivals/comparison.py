"""`Comparison`: the detectors at work on a table, one after another, in the background."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from sogaal.background import Background
from sogaal.data import Dataset
from sogaal.errors import ConfigError, failure_message
from sogaal.labelfree import agreement
from sogaal.metrics import ranking_metrics
from sogaal.rivals import work
from sogaal.rivals.kinds import DETECTORS, Kind, checked_names
from sogaal.rivals.report import Found, Report
from sogaal.scaling import Scaler
from sogaal.snapshots import JobState
from sogaal.workers import ProcessExecutor, WorkerDied, WorkerStartError

FloatArray = npt.NDArray[np.float32]

SEEDS = 3
MOST_SEEDS = 50


@dataclass(frozen=True)
class Progress:
    """Where one detector is: ``done`` of ``total`` rankings; ``message``: why it has failed."""

    name: str
    state: JobState
    done: int
    total: int
    message: str = ""


class Comparison(Background):
    """Detectors on the same rows, min-max scaled, in a process of their own. All methods may be called from any thread.

    ``names``: of :data:`DETECTORS`, None = all. ``seeds``: how many rankings each makes that depends on luck, by the
    seeds 0, 1, ...; the others make one. ``points`` (m, d) float32: scaled rows that each is to judge too, for a map.
    A detector that fails, is too slow for the table or is not installed is reported, and harms no other; so does one
    whose process is ended, as the system does where memory is out. Cancelled, it ends at once, whatever it is doing:
    what is there stays. Raises :class:`ConfigError` that names "only" or "seeds".
    """

    def __init__(
        self,
        dataset: Dataset,
        names: Sequence[str] | None = None,
        seeds: int = SEEDS,
        points: FloatArray | None = None,
        kinds: Mapping[str, Kind] = DETECTORS,
    ) -> None:
        if type(seeds) is not int or not 1 <= seeds <= MOST_SEEDS:
            raise ConfigError(f"seeds must be a whole number from 1 to {MOST_SEEDS}, got {seeds!r}.", field="seeds")
        super().__init__("sogaal-rivals")
        self.dataset, self.points = dataset, points
        self._seeds = tuple(range(seeds))
        self._kinds = [kinds[name] for name in checked_names(names)]
        self._progress = {
            kind.name: Progress(kind.name, JobState.QUEUED, 0, seeds if kind.seeded else 1) for kind in self._kinds
        }
        self._found: dict[str, Found] = {}
        self._worker: ProcessExecutor | None = None

    @property
    def progress(self) -> list[Progress]:
        """Where each detector is, in their order."""
        return list(self._progress.values())

    @property
    def without(self) -> dict[str, str]:
        """The detectors that gave no ranking, and why, a sentence each."""
        return {one.name: one.message for one in self.progress if one.state == JobState.FAILED}

    def report(self, share: float = 0.05) -> Report:
        """What is known by now; raises as :class:`Report`."""
        found = dict(self._found)
        return Report(self.dataset, [found[kind.name] for kind in self._kinds if kind.name in found], share)

    def _work(self) -> str:
        X = Scaler.fit(self.dataset.X, "minmax", self.dataset.feature_names).transform(self.dataset.X)
        with self._lock:
            if self._cancelled.is_set():
                return ""
            self._worker = worker = work.borrowed()
        try:
            for kind in self._kinds:
                if not self._cancelled.is_set():
                    self._one(worker, kind, X)
        finally:
            with self._lock:  # from here on a cancel must not end it: it may be another's by then
                self._worker = None
            if self._cancelled.is_set():
                worker.kill()
            else:
                work.give_back(worker)
        return "" if self._found else "No detector has ranked the table."

    def _interrupt(self) -> None:
        if self._worker is not None:
            self._worker.kill()

    def _set(self, name: str, **changes: object) -> None:
        self._progress[name] = replace(self._progress[name], **changes)  # type: ignore[arg-type]

    def _one(self, worker: ProcessExecutor, kind: Kind, X: FloatArray) -> None:
        reason = kind.refusal(len(X)) or kind.missing
        if reason:
            self._set(kind.name, state=JobState.FAILED, message=reason)
            return
        self._set(kind.name, state=JobState.RUNNING)
        try:
            self._found[kind.name] = self._rankings(worker, kind, X)
        except WorkerStartError:  # there is none for the others either
            raise
        except Exception as error:  # whatever it is, it is this detector's; the others go on
            state = JobState.STOPPED if self._cancelled.is_set() else JobState.FAILED
            self._set(kind.name, state=state, message="" if state == JobState.STOPPED else _message(error))
        else:
            self._set(kind.name, state=JobState.COMPLETED)

    def _rankings(self, worker: ProcessExecutor, kind: Kind, X: FloatArray) -> Found:
        rankings: dict[int, work.Ranked] = {}
        failed: list[str] = []
        error: Exception | None = None
        for seed in self._seeds if kind.seeded else (0,):
            # Only the first seed's ranking is drawn as a map.
            points = None if rankings else self.points
            try:
                rankings[seed] = worker.submit(work.ranked, kind, X, seed, points).result()
            except Exception as found:  # this seed's; another may come to its end
                if self._cancelled.is_set() or isinstance(found, WorkerStartError):
                    raise
                error = found
                failed.append(f"seed {seed}: {_message(found)}")
            self._set(kind.name, done=len(rankings) + len(failed))
        if not rankings and error is not None:
            raise error
        return self._of(kind, rankings, failed)

    def _of(self, kind: Kind, rankings: Mapping[int, work.Ranked], failed: Sequence[str]) -> Found:
        y, ranked = self.dataset.y, list(rankings.values())
        measured = [] if y is None else [ranking_metrics(one.scores, y) for one in ranked]
        return Found(
            name=kind.name,
            title=kind.title,
            scores=ranked[0].scores,
            seeds=tuple(rankings) if kind.seeded else (),
            seconds=tuple(one.seconds for one in ranked),
            memory=tuple(one.memory for one in ranked if one.memory is not None),
            aucs=tuple(one[0] for one in measured),
            precisions=tuple(one[1] for one in measured),
            own=agreement(np.stack([one.scores for one in ranked])) if len(ranked) > 1 else None,
            shares=ranked[0].shares,
            failed=tuple(failed),
        )


def _message(error: Exception) -> str:
    if isinstance(error, WorkerDied):
        return f"The process that it ran in has come to its end, as happens where memory is out. {error}"
    return failure_message(error)
