"""All jobs of a process: which run, which queue, which are remembered, and their end with the program.

    registry = JobRegistry(RunStore())       # or without a store: then nothing is saved
    job = registry.submit(load_dataset("onecluster"), make_config("post"), speed=300)
    job.snapshot().step               # at any time, from any thread
    job.pause(); job.step(); job.resume(); job.set_speed(None); job.stop()
    registry.resume(job.id)           # goes on from the saved run's last checkpoint, perhaps years later

What happens in a job's thread is :mod:`sogaal.job`.
"""

import atexit
import logging
import threading
import time
import weakref
from collections import deque
from types import TracebackType
from typing import Self

from sogaal.config import TrainConfig
from sogaal.data import Dataset
from sogaal.errors import ConfigError, RunError
from sogaal.job import Job
from sogaal.pacing import Turns, checked_speed
from sogaal.runs.resuming import Reopened
from sogaal.runs.store import RunStore
from sogaal.scaling import METHODS
from sogaal.snapshots import JobResult, JobState, Snapshot

__all__ = ["Job", "JobRegistry", "JobResult", "JobState", "Snapshot"]

MAX_RUNNING = 20
MAX_FINISHED = 20
# A thread ends within one step; this is for steps, or tables to prepare, that take very long.
SHUTDOWN_SECONDS = 10.0

_logger = logging.getLogger(__name__)


class JobRegistry:
    """Runs up to ``max_running`` jobs at once, a thread each; the others wait in a queue, first come, first served.

    A paused job keeps its thread and its memory, so it counts as running. The last ``max_finished`` jobs that ended
    are remembered. With a ``store`` each job is recorded there from the moment it starts; one that never leaves the
    queue leaves nothing. At the exit of the program every job is stopped, because a thread that is inside PyTorch while
    the interpreter goes away would abort the process; a saved run can then be resumed.
    """

    def __init__(
        self, store: RunStore | None = None, *, max_running: int = MAX_RUNNING, max_finished: int = MAX_FINISHED
    ) -> None:
        if max_running < 1 or max_finished < 0:
            raise ConfigError(
                f"max_running must be at least 1 and max_finished at least 0, got {max_running} and {max_finished}."
            )
        self.store = store
        self.max_running = max_running
        self.max_finished = max_finished
        self._turns = Turns()
        # Taken before a job's own lock, never after it. A job may report its end while it is being started.
        self._lock = threading.RLock()
        self._jobs: dict[str, Job] = {}
        self._queue: deque[Job] = deque()
        self._running: list[Job] = []
        self._finished: deque[Job] = deque()
        self._closed = False
        _registries.add(self)

    def submit(
        self,
        dataset: Dataset,
        config: TrainConfig,
        scaling: str = "minmax",
        speed: float | None = None,
        paused: bool = False,
        parent: str | None = None,
    ) -> Job:
        """Start a training of ``config`` on ``dataset``, or queue it; returns at once.

        ``scaling``: a method of :class:`Scaler`. ``speed``: steps a second, None = as fast as it can. ``paused``: wait
        before the first step. ``parent``: the id of the population that the run was a member of, for its record.
        Raises :class:`ConfigError` for a bad scaling or speed; what does not fit the table is found by the thread, and
        the job fails with the message.
        """
        if scaling not in METHODS:
            raise ConfigError(f"scaling must be one of {', '.join(METHODS)}, got {scaling!r}.", field="scaling")
        speed = checked_speed(speed)
        job = Job(dataset, config, scaling, speed, paused, self._turns, self._ordered, self._ended, self.store,
                  parent=parent)  # fmt: skip
        self._enqueue(job)
        return job

    def resume(self, run: str, speed: float | None = None, paused: bool = False) -> Job:
        """Go on with a saved run (see :meth:`RunStore.get`) that was interrupted, stopped or failed by accident.

        The job has the id and the title of the one that began it; it goes on, in the same folder, from the last
        checkpoint, and ends bit for bit where it would have ended without a break. ``speed``, ``paused``: as of
        :meth:`submit`. Raises :class:`RunError` for a run that is being written, has completed or diverged, or cannot
        be read, and without a store.
        """
        speed = checked_speed(speed)
        if self.store is None:
            raise RunError("a run can be resumed only by a registry with a store of runs, and this one has none.")
        saved = Reopened(self.store, run)
        job = Job(
            saved.dataset, saved.config, saved.scaler.method, speed, paused, self._turns, self._ordered, self._ended,
            self.store, saved,
        )  # fmt: skip
        try:
            self._enqueue(job)
        except RuntimeError:
            saved.give_back()
            raise
        return job

    def _enqueue(self, job: Job) -> None:
        with self._lock:
            if self._closed:
                raise RuntimeError("the registry was shut down and takes no more jobs.")
            earlier = self._jobs.pop(job.id, None)  # the one that a resumed job goes on with: it has ended
            if earlier is not None and earlier in self._finished:
                self._finished.remove(earlier)
            self._jobs[job.id] = job
            self._queue.append(job)
            self._fill()

    @property
    def turns(self) -> Turns:
        """The line in which training threads of this process wait, for others than jobs to stand in too."""
        return self._turns

    def get(self, job_id: str) -> Job | None:
        """The job of that id; None if there is none, or it was forgotten."""
        return self._jobs.get(job_id)

    def jobs(self) -> list[Job]:
        """All jobs in memory, in the order in which they were submitted."""
        with self._lock:
            return list(self._jobs.values())

    def active(self) -> list[Job]:
        """Those that have not ended (queued, running, paused), in the order in which they were submitted."""
        return [job for job in self.jobs() if job.snapshot().state.active]

    def shutdown(self, timeout: float = SHUTDOWN_SECONDS) -> bool:
        """End all jobs as interrupted and wait for their threads; returns whether all ended within ``timeout`` s.

        The registry takes no more jobs.
        """
        deadline = time.monotonic() + timeout
        with self._lock:
            self._closed = True
            jobs = [*self._queue, *self._running]
        for job in jobs:
            job.end(JobState.INTERRUPTED)
        with self._lock:
            running = list(self._running)
        late = [job.id for job in running if not job.join(max(0.0, deadline - time.monotonic()))]
        if late:
            _logger.warning("Jobs did not end within %g s: %s", timeout, ", ".join(late))
        return not late

    def __enter__(self) -> Self:
        """The registry; it is shut down at the end of the block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Shut down."""
        self.shutdown()

    # -- the queue -------------------------------------------------------------------------------------------------

    def _fill(self) -> None:
        while self._queue and len(self._running) < self.max_running and not self._closed:
            job = self._queue.popleft()
            if job.start():
                self._running.append(job)
            else:
                self._remember(job)
        for place, job in enumerate(self._queue, start=1):
            message = "It will start paused." if job.orders.paused else ""
            shown = job.snapshot()
            if (shown.place_in_queue, shown.message) != (place, message):
                job.publish(place_in_queue=place, message=message)

    def _ordered(self, job: Job) -> None:
        """A job was told something: one in the queue has no thread that could take it up."""
        with self._lock:
            if job not in self._queue:
                return
            if job.orders.end is not None:
                self._queue.remove(job)
                job.end_unstarted(job.orders.end)
                self._remember(job)
            self._fill()

    def _ended(self, job: Job) -> None:
        """A job's thread is about to end."""
        with self._lock:
            self._running.remove(job)
            self._remember(job)
            self._fill()

    def _remember(self, job: Job) -> None:
        self._finished.append(job)
        while len(self._finished) > self.max_finished:
            del self._jobs[self._finished.popleft().id]


_registries: "weakref.WeakSet[JobRegistry]" = weakref.WeakSet()


@atexit.register
def _shutdown_all() -> None:
    registries = list(_registries)
    for registry in registries:
        registry.shutdown()
