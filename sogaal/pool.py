"""Many runs on one table, over worker processes that stay warm from one call to the next.

    with RunPool() as pool:
        configs = [make_config("post", seed=seed) for seed in range(64)]
        for outcome in pool.run(X, configs, y, keep=("summary", "logits")):
            ...                       # as they come: outcome.index says which, outcome.summary how it went

A run has the same history, bit for bit, in a worker as in this process. Each is a single run on a single thread: on a
CPU stacking runs does not pay, and a second core is used by a process, not by a thread (the interpreter's lock). On
CUDA it is the other way round: there a group of runs belongs in one :class:`sogaal.captured.DeviceEngine`.

A first worker is ready after the seconds that importing PyTorch takes; all start at once, with the first runs or with
:meth:`RunPool.warm_up`. They are fresh interpreters that import only `sogaal`, never the caller's main script, so a
script needs no ``if __name__ == "__main__"`` guard, and Streamlit, notebooks and pytest need nothing special.
"""

import os
import threading
import time
import weakref
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import CancelledError, Executor, Future
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from joblib import cpu_count

from sogaal.config import TrainConfig
from sogaal.counting import sub_generator_blocks
from sogaal.errors import ConfigError, DataError
from sogaal.outcomes import Part, RunOutcome, Wanted, checked_wanted, do_runs
from sogaal.planning import Line, Plan, Work
from sogaal.tables import SharedTable, TableMissing, TravellingTable
from sogaal.trainer import checked_labels, checked_table
from sogaal.workers import ProcessExecutor, WorkerStartError

__all__ = ["Feed", "RunOutcome", "RunPool", "Runs", "shared_pool"]

# Tasks handed to the executor for each worker, so that none waits for the next.
TASKS_PER_WORKER = 2
# Workers that a run may lose before it is given up.
ATTEMPTS = 3
# After so many seconds without work a worker of the shared pool gives its memory back (about 200 MB).
IDLE_SECONDS = 300.0


class RunPool:
    """``workers`` processes (None: one for each usable CPU) that train runs, kept until the pool is closed.

    ``executor``: another :class:`concurrent.futures.Executor` to do the work, on this machine or others; the table
    then goes there pickled, about once for each of its ``workers``. It stays its owner's to shut down, and of what it
    has already begun, :meth:`cancel` cannot make it stop. ``idle_seconds``: own workers that have had nothing to do for
    so long end, and start again when there is work.

    Use it as a context manager, or close it; forgotten, or at the exit of the interpreter, it closes itself. All
    methods may be called from any thread. Raises :class:`ConfigError` for a bad number of workers.
    """

    def __init__(
        self, workers: int | None = None, *, executor: Executor | None = None, idle_seconds: float | None = None
    ) -> None:
        self.workers: int = cpu_count() if workers is None else workers
        own = ProcessExecutor(self.workers, ("sogaal.outcomes",), idle_seconds)  # checks the number; starts nothing yet
        self._own = own if executor is None else None
        self._executor: Executor = own if executor is None else executor
        self._home = os.getpid()
        self._lock = threading.Lock()
        self._batches: weakref.WeakSet[_Batch] = weakref.WeakSet()
        self._closed = False

    @property
    def closed(self) -> bool:
        """Whether it takes no more runs, or no more in this process, which was forked from the pool's."""
        return self._closed or os.getpid() != self._home

    @property
    def pids(self) -> list[int]:
        """The process ids of the workers that are ready for runs, or at one; empty with another executor."""
        return [] if self._own is None else self._own.pids

    def warm_up(self) -> None:
        """Start all workers now, without waiting for them, so that the first runs need not."""
        for _ in range(self.workers - len(self.pids) if self._own is not None else 0):
            self._executor.submit(_nothing)

    def run(
        self,
        X: npt.ArrayLike,
        configs: Iterable[TrainConfig],
        y: npt.NDArray[np.integer] | None = None,
        *,
        keep: Sequence[Part] = ("summary",),
        history_rows: int | None = None,
        snapshots: int = 1,
        at_most: int | None = None,
    ) -> "Runs":
        """Start training ``configs`` on ``X`` (n, d) float32, scaled; labels ``y`` (n,) only ever evaluate.

        Returns at once; the iterator gives a :class:`RunOutcome` for each run as it ends, in no certain order.
        ``keep``: what outcomes hold besides the summary: "history", "logits", "weights", "generators";
        ``history_rows`` thins each column of the history to so many rows; ``snapshots``: at how many moments of each
        run D is kept, 1 = at none. Configurations may differ in everything but the device. ``at_most``: so many
        workers are busy with these runs at once; None: all.

        Raises, before any training: :class:`DataError` for a table or labels that cannot be used or do not fit into
        shared memory; :class:`ConfigError` naming "configs", "device", "k", "keep", "history_rows" or "snapshots".
        """
        table, labels = self._checked(X, y)
        checked = _checked_configs(configs, len(table))
        wanted = checked_wanted(keep, history_rows, snapshots, checked)
        busy = self.workers if at_most is None else min(at_most, self.workers)
        batch = self._batch(table, labels, checked, Plan(checked, len(table), busy), wanted, busy)
        return Runs(batch, len(checked))

    def feed(
        self,
        X: npt.ArrayLike,
        y: npt.NDArray[np.integer] | None = None,
        *,
        keep: Sequence[Part] = ("summary",),
        at_most: int | None = None,
    ) -> "Feed":
        """The same for runs that are not known beforehand: they are submitted one by one, while others come back.

        Raises as :meth:`run`, but what is wrong with a configuration is said when it is submitted.
        """
        table, labels = self._checked(X, y)
        wanted = checked_wanted(keep, None, 1, ())
        busy = self.workers if at_most is None else min(at_most, self.workers)
        return Feed(self._batch(table, labels, [], Line(), wanted, busy), len(table))

    def _checked(
        self, X: npt.ArrayLike, y: npt.NDArray[np.integer] | None
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int8] | None]:
        if os.getpid() != self._home:
            raise RuntimeError("the pool belongs to the process that this one was forked from; make another one here.")
        table = checked_table(_numbers(X))
        return table, checked_labels(y, len(table))

    def _batch(
        self,
        table: npt.NDArray[np.float32],
        labels: npt.NDArray[np.int8] | None,
        configs: list[TrainConfig],
        work: Work,
        wanted: Wanted,
        busy: int,
    ) -> "_Batch":
        own = self._own is not None and not self._closed
        lent = SharedTable(table, labels) if own else TravellingTable(table, labels)
        with self._lock:
            if self._closed:
                raise RuntimeError("the pool was closed and takes no more runs.")
            # With fewer than all of them, a task that waits for the next free one would occupy another.
            slots = TASKS_PER_WORKER * busy if busy == self.workers else busy
            batch = _Batch(self._executor, slots, lent, configs, work, wanted)
            self._batches.add(batch)
            return batch

    def cancel(self) -> None:
        """End all runs under way within about a tenth of a second; the pool can be used again."""
        if os.getpid() != self._home:
            return
        with self._lock:
            batches = list(self._batches)
        for batch in batches:
            batch.cancel()

    def close(self) -> None:
        """Cancel what is under way and end the workers. The pool takes no more runs."""
        if os.getpid() != self._home:  # a forked process has a copy of this object, and no say
            return
        with self._lock:
            self._closed = True
        self.cancel()
        if self._own is not None:
            self._own.kill()

    def __enter__(self) -> Self:
        """The pool; it is closed at the end of the block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        self.close()


class _UnderWay:
    """Runs of a pool under way, which are cancelled when this is: closed, left or forgotten."""

    def __init__(self, batch: "_Batch") -> None:
        self._batch = batch
        self._abandon = weakref.finalize(self, batch.cancel)
        batch.start()

    @property
    def cancelled(self) -> bool:
        """Whether the runs that were left have been cancelled."""
        return self._batch.cancelled

    def cancel(self) -> None:
        """End the runs that are left, within about a tenth of a second; nothing after the end. Any thread may."""
        self._batch.cancel()

    def __enter__(self) -> Self:
        """Itself; what is left at the end of the block is cancelled."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Cancel what is left."""
        self.cancel()


class Runs(_UnderWay, Iterator[RunOutcome]):
    """The outcomes of :meth:`RunPool.run` as they come. Work goes on whether or not somebody asks for the next.

    Cancelled, or forgotten before its end, it cancels what is left; outcomes that were there already still come.
    ``total``: how many there will be. ``done``: how many this iterator has given.
    """

    def __init__(self, batch: "_Batch", total: int) -> None:
        self.total = total
        self.done = 0
        self._started = time.monotonic()
        self._last = self._started
        super().__init__(batch)

    @property
    def runs_per_second(self) -> float:
        """From the start to the last outcome; 0 before the first."""
        return self.done / max(self._last - self._started, 1e-9) if self.done else 0.0

    @property
    def seconds_left(self) -> float | None:
        """An estimate; None before the first outcome."""
        return (self.total - self.done) / self.runs_per_second if self.done else None

    close = _UnderWay.cancel

    def __iter__(self) -> Self:
        """Itself."""
        return self

    def __next__(self) -> RunOutcome:
        """The next outcome; waits for it. Raises :class:`WorkerStartError` where no process can be started."""
        found = self._batch.next()
        if found is None:
            raise StopIteration
        self.done += 1
        self._last = time.monotonic()
        return found


class Feed(_UnderWay):
    """Runs that are submitted one by one to a pool, and their outcomes as they come; made by :meth:`RunPool.feed`.

    One thread submits and takes. ``outstanding``: how many outcomes are still to come. Closed, or forgotten, it cancels
    what is left.
    """

    def __init__(self, batch: "_Batch", n: int) -> None:
        self.outstanding = 0
        self._n = n
        self._submitted = 0
        super().__init__(batch)

    def submit(self, config: TrainConfig) -> int:
        """Have one more run trained; returns its index, by which its outcome is known.

        Raises :class:`ConfigError` for a set-up that cannot be trained on this table, or here.
        """
        index = self._submitted
        self._batch.add(index, _checked_configs([config], self._n)[0])
        self._submitted += 1
        self.outstanding += 1
        return index

    def take(self) -> RunOutcome | None:
        """The next outcome; waits for it. None when none is to come, or all were cancelled.

        Raises :class:`WorkerStartError` where no process can be started.
        """
        found = self._batch.next() if self.outstanding else None
        self.outstanding -= 0 if found is None else 1
        return found


def _nothing() -> None:
    """What a worker does that is only to start."""


def _numbers(X: npt.ArrayLike) -> npt.NDArray[np.float32]:
    try:
        return np.asarray(X, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise DataError(f"X must be a table of numbers: {error}.") from error


def _checked_configs(configs: Iterable[TrainConfig], n: int) -> list[TrainConfig]:
    checked: list[Any] = list(configs)
    if not checked:
        raise ConfigError("configs must hold at least one run, got none.", field="configs")
    for index, config in enumerate(checked):
        if not isinstance(config, TrainConfig):
            got = type(config).__name__
            raise ConfigError(f"configs must hold TrainConfigs, got {got} at place {index}.", field="configs")
        if config.device != "cpu":
            raise ConfigError(
                f"device must be 'cpu' in a pool of processes, got {config.device!r} at place {index}: on a GPU a "
                "group of runs belongs in one Engine in this process.",
                field="device",
            )
        if config.algorithm == "mo-gaal":
            sub_generator_blocks(min(config.batch_size, n), config.k)
    return checked


class _Batch:
    """One call of :meth:`RunPool.run` or :meth:`RunPool.feed` under way. Others' threads may :meth:`add`,
    :meth:`cancel` and ask for the :meth:`next` outcome; all else belongs to its own thread."""

    def __init__(
        self,
        executor: Executor,
        slots: int,
        table: SharedTable | TravellingTable,
        configs: list[TrainConfig],
        plan: Work,
        wanted: Wanted,
    ) -> None:
        self.results: SimpleQueue[RunOutcome | BaseException | None] = SimpleQueue()
        self.cancelled = False
        self._ended = False
        self._home = os.getpid()
        self._executor = executor
        self._slots = slots
        self._table = table
        self._configs = configs
        self._wanted = wanted
        self._plan = plan
        self._lost: Counter[int] = Counter()  # workers that were lost with each run
        self._events: SimpleQueue[Future[list[RunOutcome]] | tuple[int, TrainConfig] | None] = SimpleQueue()
        self._under_way: dict[Future[list[RunOutcome]], list[int]] = {}
        self._sent_with_table = 0

    def start(self) -> None:
        threading.Thread(target=self._work, name="sogaal-pool", daemon=True).start()

    def add(self, index: int, config: TrainConfig) -> None:
        """One more run, of a batch that is fed."""
        self._events.put((index, config))

    def next(self) -> RunOutcome | None:
        """The next outcome; None when all have come."""
        if os.getpid() != self._home:
            raise RuntimeError("the runs belong to the process that this one was forked from.")
        while True:
            try:
                found = self.results.get(timeout=1.0)  # waits that end let Ctrl-C through on every system
                break
            except Empty:
                continue
        if isinstance(found, RunOutcome):
            return found
        self.results.put(None)  # whoever asks again, or in another thread, gets to know too
        if found is not None:
            raise found
        return None

    def cancel(self) -> None:
        if self._ended or os.getpid() != self._home:
            return
        self.cancelled = True
        if isinstance(self._table, SharedTable):
            self._table.cancel()
        self._events.put(None)

    def _work(self) -> None:
        end: BaseException | None = None
        try:
            self._fill()
            while (self._under_way or isinstance(self._plan, Line)) and not self.cancelled:
                event = self._events.get()
                if event is None or self.cancelled:
                    continue
                if isinstance(event, tuple):
                    self._arrive(*event)
                else:
                    self._take(event, self._under_way.pop(event))
                self._fill()
        except BaseException as error:  # the executor is broken or gone: that is for the caller to know
            end = error
        finally:
            self._ended = True
            for future in self._under_way:
                future.cancel()
            if isinstance(self._table, SharedTable):
                self._table.cancel()
                self._table.release()
            self.results.put(None if self.cancelled else end)

    def _arrive(self, index: int, config: TrainConfig) -> None:
        assert isinstance(self._plan, Line)
        self._configs.append(config)
        self._plan.add(index)

    def _fill(self) -> None:
        while len(self._under_way) < self._slots and not self.cancelled and (task := self._plan.next_task()):
            # To somebody else's workers the table goes with the first tasks; who misses it later asks.
            self._submit(task, with_table=self._sent_with_table < self._slots)

    def _submit(self, task: list[int], with_table: bool) -> None:
        ticket: Any = self._table.ticket
        if isinstance(self._table, TravellingTable) and with_table:
            ticket = self._table.ticket_with_table
            self._sent_with_table += 1
        runs = [(index, self._configs[index]) for index in task]
        future = self._executor.submit(do_runs, ticket, runs, self._wanted)
        self._under_way[future] = task
        future.add_done_callback(self._events.put)

    def _take(self, future: "Future[list[RunOutcome]]", task: list[int]) -> None:
        error: BaseException | None
        try:
            error = future.exception()
        except CancelledError as cancelled:  # by whoever owns the executor
            error = cancelled
        if error is None:
            outcomes = future.result()
            for outcome in outcomes:
                self._plan.note(outcome)
                self.results.put(outcome)
            if len(outcomes) < len(task) and not self.cancelled:
                self._do_again(task[len(outcomes) :], DataError("The table in shared memory is gone."))
        elif isinstance(error, TableMissing):
            self._submit(task, with_table=True)
        elif isinstance(error, WorkerStartError):
            raise error
        else:
            self._do_again(task, error)

    def _do_again(self, task: list[int], error: BaseException) -> None:
        for index in task:
            self._lost[index] += 1
            if self._lost[index] < ATTEMPTS:
                self._plan.again([index])
                continue
            text = " ".join(str(error).split()[:60]) or type(error).__name__
            message = f"Given up after {ATTEMPTS} attempts, the last of which ended with: {text}"
            self.results.put(RunOutcome(index, self._configs[index], failed=message))


def shared_pool() -> RunPool:
    """This process's own warm pool, for all who have runs now and then; whoever closes it gets a new one next time."""
    global _shared  # noqa: PLW0603 - there is one in each process
    with _sharing:
        if _shared is None or _shared.closed:
            _shared = RunPool(idle_seconds=IDLE_SECONDS)
        return _shared


def _forked() -> None:
    global _shared, _sharing
    _shared, _sharing = None, threading.Lock()


_shared: RunPool | None = None
_sharing = threading.Lock()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
