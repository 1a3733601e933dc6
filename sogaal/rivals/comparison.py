"""`Comparison`: the detectors at work on a table, one after another, in the background."""

import atexit
import threading
import time
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from sogaal.data import Dataset
from sogaal.errors import ConfigError, failure_message
from sogaal.labelfree import agreement
from sogaal.metrics import ranking_metrics
from sogaal.rivals.classic import Fitted
from sogaal.rivals.gaal import Cancelled
from sogaal.rivals.kinds import DETECTORS, Kind, checked_names
from sogaal.rivals.report import Found, Report
from sogaal.scaling import Scaler
from sogaal.snapshots import JobState

FloatArray = npt.NDArray[np.float32]
DoubleArray = npt.NDArray[np.float64]

SEEDS = 3
MOST_SEEDS = 50
# A training ends within a portion of its steps; a fit of another library may take longer, and is then left.
SHUTDOWN_SECONDS = 5.0


@dataclass(frozen=True)
class Progress:
    """Where one detector is: ``done`` of ``total`` rankings; ``message``: why it has failed."""

    name: str
    state: JobState
    done: int
    total: int
    message: str = ""


class Comparison:
    """Detectors on the same rows, min-max scaled, in a thread of its own. All methods may be called from any thread.

    ``names``: of :data:`DETECTORS`, None = all. ``seeds``: how many rankings each makes that depends on luck, by the
    seeds 0, 1, ...; the others make one. ``points`` (m, d) float32: scaled rows that each is to judge too, for a map.
    A detector that fails, is too slow for the table or is not installed is reported, and harms no other.
    Raises :class:`ConfigError` that names "only" or "seeds".
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
        self.dataset, self.points = dataset, points
        self.state = JobState.QUEUED
        self.message = ""
        self._seeds = tuple(range(seeds))
        self._kinds = [kinds[name] for name in checked_names(names)]
        self._progress = {
            kind.name: Progress(kind.name, JobState.QUEUED, 0, seeds if kind.seeded else 1) for kind in self._kinds
        }
        self._found: dict[str, Found] = {}
        self._cancelled = threading.Event()
        self._ended = threading.Event()

    def start(self) -> "Comparison":
        """Begin; returns itself."""
        self.state = JobState.RUNNING
        _at_work.add(self)
        threading.Thread(target=self._work, name="sogaal-rivals", daemon=True).start()
        return self

    @property
    def progress(self) -> list[Progress]:
        """Where each detector is, in their order."""
        return list(self._progress.values())

    @property
    def without(self) -> dict[str, str]:
        """The detectors that gave no ranking, and why, a sentence each."""
        return {one.name: one.message for one in self.progress if one.state == JobState.FAILED}

    def cancel(self) -> None:
        """End it; what is there stays. SO-GAAL and MO-GAAL end at once, another one when its fit is over."""
        self._cancelled.set()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it has ended, at most ``timeout`` seconds; returns whether it has."""
        return self._ended.wait(timeout)

    def report(self, share: float = 0.05) -> Report:
        """What is known by now; raises as :class:`Report`."""
        found = dict(self._found)
        return Report(self.dataset, [found[kind.name] for kind in self._kinds if kind.name in found], share)

    def _work(self) -> None:
        state, message = JobState.COMPLETED, ""
        try:
            X = Scaler.fit(self.dataset.X, "minmax", self.dataset.feature_names).transform(self.dataset.X)
            for kind in self._kinds:
                if self._cancelled.is_set():
                    break
                self._one(kind, X)
            if not self._found:
                state, message = JobState.FAILED, "No detector has ranked the table."
        except Exception as error:
            state, message = JobState.FAILED, failure_message(error)
        if self._cancelled.is_set():
            state, message = JobState.STOPPED, ""
        self.message, self.state = message, state
        self._ended.set()

    def _set(self, name: str, **changes: object) -> None:
        self._progress[name] = replace(self._progress[name], **changes)  # type: ignore[arg-type]

    def _one(self, kind: Kind, X: FloatArray) -> None:
        reason = kind.refusal(len(X)) or kind.missing
        if reason:
            self._set(kind.name, state=JobState.FAILED, message=reason)
            return
        self._set(kind.name, state=JobState.RUNNING)
        try:
            kind.load()
            self._found[kind.name] = self._rankings(kind, X)
        except Cancelled:
            self._set(kind.name, state=JobState.STOPPED)
        except Exception as error:  # whatever it is, it is this detector's; the others go on
            self._set(kind.name, state=JobState.FAILED, message=failure_message(error))
        else:
            self._set(kind.name, state=JobState.COMPLETED)

    def _rankings(self, kind: Kind, X: FloatArray) -> Found:
        rankings: list[DoubleArray] = []
        seeds: list[int] = []
        seconds: list[float] = []
        failed: list[str] = []
        shares, error = None, None
        for seed in self._seeds if kind.seeded else (0,):
            started = time.perf_counter()
            try:
                fitted = kind.fit(X, seed, self._cancelled.is_set)
                seconds_now = time.perf_counter() - started
                scores = _checked(fitted, len(X))
            except Cancelled:
                raise
            except Exception as found:  # this seed's; another may come to its end
                error, words = found, failure_message(found)
                failed.append(f"seed {seed}: {words}")
            else:
                if not rankings and self.points is not None:
                    shares = _shares(scores, fitted, self.points)
                rankings.append(scores)
                seeds.append(seed)
                seconds.append(seconds_now)
            if self._cancelled.is_set():
                raise Cancelled
            self._set(kind.name, done=len(rankings) + len(failed))
        if not rankings and error is not None:
            raise error
        return self._of(kind, rankings, seeds, seconds, failed, shares)

    def _of(
        self,
        kind: Kind,
        rankings: list[DoubleArray],
        seeds: list[int],
        seconds: list[float],
        failed: list[str],
        shares: FloatArray | None,
    ) -> Found:
        y = self.dataset.y
        measured = [] if y is None else [ranking_metrics(scores, y) for scores in rankings]
        return Found(
            name=kind.name,
            title=kind.title,
            scores=rankings[0],
            seeds=tuple(seeds) if kind.seeded else (),
            seconds=tuple(seconds),
            aucs=tuple(one[0] for one in measured),
            precisions=tuple(one[1] for one in measured),
            own=agreement(np.stack(rankings)) if len(rankings) > 1 else None,
            shares=shares,
            failed=tuple(failed),
        )


_at_work: "weakref.WeakSet[Comparison]" = weakref.WeakSet()


@atexit.register
def _end_all() -> None:
    """A thread that is inside PyTorch while the interpreter goes away would abort the process."""
    comparisons = [one for one in _at_work if one.state.active]
    for one in comparisons:
        one.cancel()
    for one in comparisons:
        one.wait(SHUTDOWN_SECONDS)


def _checked(fitted: Fitted, n: int) -> DoubleArray:
    scores = np.asarray(fitted[0], dtype=np.float64)
    if scores.shape != (n,) or not np.isfinite(scores).all():
        raise ArithmeticError(f"It must give {n:,} finite scores, one for each row, and gave others.")
    return scores


def _shares(scores: DoubleArray, fitted: Fitted, points: FloatArray) -> FloatArray:
    """The share of the rows that are as abnormal as each point (m,), or more so."""
    of_points = np.asarray(fitted[1](points), dtype=np.float64)
    return (np.sort(scores).searchsorted(of_points, side="right") / len(scores)).astype(np.float32)
