"""Many runs on one table, over worker processes that stay warm from one call to the next.

    with RunPool() as pool:
        configs = [make_config("post", seed=seed) for seed in range(64)]
        for outcome in pool.run(X, configs, y, keep=("summary", "logits")):
            ...                       # as they come: outcome.index says which, outcome.summary how it went

A run has the same history, bit for bit, in a worker as in this process. Each is a single run on a single thread: on a
CPU stacking runs does not pay, and a second core is used by a process, not by a thread (the interpreter's lock). On
CUDA it is the other way round: there a group of runs belongs in one :class:`sogaal.engine.Engine`.

A first worker is ready after the seconds that importing PyTorch takes; all start at once, with the first runs or with
:meth:`RunPool.warm_up`. They are fresh interpreters that import only `sogaal`, never the caller's main script, so a
script needs no ``if __name__ == "__main__"`` guard, and Streamlit, notebooks and pytest need nothing special.
"""

import threading
import time
import weakref
from collections import deque
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
from sogaal.tables import SharedTable, TableMissing, TravellingTable
from sogaal.trainer import checked_labels, checked_table
from sogaal.workers import ProcessExecutor, WorkerStartError

__all__ = ["RunOutcome", "RunPool", "Runs"]

# Short runs are put together until a task takes this long: handing one over costs about a millisecond.
TASK_SECONDS = 0.25
# A task holds at most this share of what is left for each worker, so that all end together.
TASK_SHARE = 0.25
# Short runs may go before one that decides when all ends, until they have delayed it by this share of its own length.
HEAD_START = 0.05
# Tasks handed to the executor for each worker, so that none waits for the next.
TASKS_PER_WORKER = 2
# Workers that a run may lose before it is given up.
ATTEMPTS = 3


class RunPool:
    """``workers`` processes (None: one for each usable CPU) that train runs, kept until the pool is closed.

    ``executor``: another :class:`concurrent.futures.Executor` to do the work, on this machine or others; the table
    then goes there pickled, about once for each of its ``workers``. It stays its owner's to shut down, and of what it
    has already begun, :meth:`cancel` cannot make it stop.

    Use it as a context manager, or close it; forgotten, or at the exit of the interpreter, it closes itself. All
    methods may be called from any thread. Raises :class:`ConfigError` for a bad number of workers.
    """

    def __init__(self, workers: int | None = None, *, executor: Executor | None = None) -> None:
        self.workers: int = cpu_count() if workers is None else workers
        own = ProcessExecutor(self.workers, preload=("sogaal.outcomes",))  # checks the number; starts nothing yet
        self._own = own if executor is None else None
        self._executor: Executor = own if executor is None else executor
        self._lock = threading.Lock()
        self._batches: weakref.WeakSet[_Batch] = weakref.WeakSet()
        self._closed = False

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
    ) -> "Runs":
        """Start training ``configs`` on ``X`` (n, d) float32, scaled; labels ``y`` (n,) only ever evaluate.

        Returns at once; the iterator gives a :class:`RunOutcome` for each run as it ends, in no certain order.
        ``keep``: what outcomes hold besides the summary: "history", "logits", "weights"; ``history_rows`` thins each
        column of the history to so many rows. Configurations may differ in everything but the device.

        Raises, before any training: :class:`DataError` for a table or labels that cannot be used or do not fit into
        shared memory; :class:`ConfigError` naming "configs", "device", "k", "keep" or "history_rows".
        """
        table = checked_table(_numbers(X))
        labels = checked_labels(y, len(table))
        checked = _checked_configs(configs, len(table))
        wanted = checked_wanted(keep, history_rows)
        own = self._own is not None and not self._closed
        lent = SharedTable(table, labels) if own else TravellingTable(table, labels)
        with self._lock:
            if self._closed:
                raise RuntimeError("the pool was closed and takes no more runs.")
            batch = _Batch(self._executor, self.workers, lent, checked, len(table), wanted)
            self._batches.add(batch)
            return Runs(batch, len(checked))

    def cancel(self) -> None:
        """End all runs under way within about a tenth of a second; the pool can be used again."""
        with self._lock:
            batches = list(self._batches)
        for batch in batches:
            batch.cancel()

    def close(self) -> None:
        """Cancel what is under way and end the workers. The pool takes no more runs."""
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


class Runs(Iterator[RunOutcome]):
    """The outcomes of :meth:`RunPool.run` as they come. Work goes on whether or not somebody asks for the next.

    Cancelled, or forgotten before its end, it cancels what is left; outcomes that were there already still come.
    ``total``: how many there will be. ``done``: how many this iterator has given.
    """

    def __init__(self, batch: "_Batch", total: int) -> None:
        self.total = total
        self.done = 0
        self._batch = batch
        self._started = time.monotonic()
        self._last = self._started
        self._abandon = weakref.finalize(self, batch.cancel)
        batch.start()

    @property
    def runs_per_second(self) -> float:
        """From the start to the last outcome; 0 before the first."""
        return self.done / max(self._last - self._started, 1e-9) if self.done else 0.0

    @property
    def seconds_left(self) -> float | None:
        """An estimate; None before the first outcome."""
        return (self.total - self.done) / self.runs_per_second if self.done else None

    @property
    def cancelled(self) -> bool:
        """Whether the runs that were left have been cancelled."""
        return self._batch.cancelled

    def cancel(self) -> None:
        """End the runs that are left, within about a tenth of a second; does nothing after the end."""
        self._batch.cancel()

    close = cancel

    def __iter__(self) -> Self:
        """Itself."""
        return self

    def __next__(self) -> RunOutcome:
        """The next outcome; waits for it. Raises :class:`WorkerStartError` where no process can be started."""
        while True:
            try:
                found = self._batch.results.get(timeout=1.0)  # waits that end let Ctrl-C through on every system
                break
            except Empty:
                continue
        if isinstance(found, RunOutcome):
            self.done += 1
            self._last = time.monotonic()
            return found
        self._batch.results.put(None)  # whoever asks again, or in another thread, gets to know too
        if found is not None:
            raise found
        raise StopIteration

    def __enter__(self) -> Self:
        """The iterator; what is left at the end of the block is cancelled."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Cancel what is left."""
        self.cancel()


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


class _Plan:
    """Which runs are done next, and how many in one task.

    In the order given, but a run so long that the others would end before it goes first, almost: a few short ones
    may go before, because people wait for the first results. Costs are known up to a factor, which is learned from
    what comes back.
    """

    def __init__(self, configs: Sequence[TrainConfig], n: int, workers: int) -> None:
        # Measured: a sub-generator more costs a step of MO-GAAL about a quarter of a step of SO-GAAL.
        self._costs = [config.total_steps(n) * (3 + config.n_generators) / 4 for config in configs]
        self._in_order = deque(range(len(configs)))
        self._by_cost = deque(sorted(self._in_order, key=lambda index: -self._costs[index]))
        self._again: deque[int] = deque()
        self._taken = bytearray(len(configs))
        self._left = sum(self._costs)
        self._ahead = 0.0
        self._workers = workers
        self._seconds_per_cost: float | None = None

    def note(self, outcome: RunOutcome) -> None:
        """Learn from a run that came back."""
        if outcome.ok:
            found = outcome.seconds / self._costs[outcome.index]
            known = self._seconds_per_cost
            self._seconds_per_cost = found if known is None else 0.8 * known + 0.2 * found

    def again(self, indices: Iterable[int]) -> None:
        """These are to be done once more, each in a task of its own: one of them may be deadly."""
        self._again.extend(indices)

    def next_task(self) -> list[int]:
        """Indices of runs; empty when there are none left."""
        if self._again:
            return [self._again.popleft()]
        first = self._first()
        if first is None:
            return []
        task = [first]
        if self._seconds_per_cost is not None:
            share = TASK_SHARE * self._left / self._workers
            budget = min(TASK_SECONDS / self._seconds_per_cost, share) - self._costs[first]
            while (index := self._head(self._in_order)) is not None and self._costs[index] <= budget:
                budget -= self._costs[index]
                task.append(self._take(index))
        return task

    def _first(self) -> int | None:
        index, longest = self._head(self._in_order), self._head(self._by_cost)
        if index is None or longest is None:
            return None
        cost = self._costs[longest]
        if cost > self._costs[index] and cost * self._workers >= self._left:
            if self._ahead + self._costs[index] > HEAD_START * cost:
                return self._take(longest)
            self._ahead += self._costs[index]
        return self._take(index)

    def _head(self, line: deque[int]) -> int | None:
        while line and self._taken[line[0]]:
            line.popleft()
        return line[0] if line else None

    def _take(self, index: int) -> int:
        self._taken[index] = 1
        self._left -= self._costs[index]
        return index


class _Batch:
    """One call of :meth:`RunPool.run` under way. All but :meth:`cancel` belongs to its thread."""

    def __init__(
        self,
        executor: Executor,
        workers: int,
        table: SharedTable | TravellingTable,
        configs: list[TrainConfig],
        n: int,
        wanted: Wanted,
    ) -> None:
        self.results: SimpleQueue[RunOutcome | BaseException | None] = SimpleQueue()
        self.cancelled = False
        self._ended = False
        self._executor = executor
        self._slots = TASKS_PER_WORKER * workers
        self._table = table
        self._configs = configs
        self._wanted = wanted
        self._plan = _Plan(configs, n, workers)
        self._lost = [0] * len(configs)  # workers that were lost with each run
        self._events: SimpleQueue[Future[list[RunOutcome]] | None] = SimpleQueue()
        self._under_way: dict[Future[list[RunOutcome]], list[int]] = {}
        self._sent_with_table = 0

    def start(self) -> None:
        threading.Thread(target=self._work, name="sogaal-pool", daemon=True).start()

    def cancel(self) -> None:
        if self._ended:
            return
        self.cancelled = True
        if isinstance(self._table, SharedTable):
            self._table.cancel()
        self._events.put(None)

    def _work(self) -> None:
        end: BaseException | None = None
        try:
            self._fill()
            while self._under_way and not self.cancelled:
                future = self._events.get()
                if future is not None and not self.cancelled:
                    self._take(future, self._under_way.pop(future))
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
