"""Worker processes behind the interface of :class:`concurrent.futures.Executor`: one that dies costs one task.

Python's own ``ProcessPoolExecutor`` does not do here: one killed process breaks the whole pool, processes outlive a
parent that was killed, the exit of the interpreter waits for all that was submitted, and each process first runs the
parent's main script once more, which in a Streamlit server is the dashboard. These workers are fresh interpreters that
run nothing but this module, so scripts need no ``if __name__ == "__main__"`` guard; in return functions have to be
importable ones.

A worker gets pickled calls through its standard input and answers through its standard output. The end of its input
is the end of the worker, whatever it is doing: so none outlives its parent, however that one ends.
"""

import atexit
import os
import pickle
import signal
import struct
import subprocess
import sys
import threading
import traceback
import weakref
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from contextlib import suppress
from importlib import import_module
from multiprocessing import parent_process
from multiprocessing.spawn import get_executable
from queue import SimpleQueue
from typing import IO, Any, NoReturn, ParamSpec, TypeVar

from sogaal.errors import ConfigError, SogaalError

P = ParamSpec("P")
T = TypeVar("T")

# How often a worker may die while it starts before that is taken for a lasting fault.
START_ATTEMPTS = 3
# Killed processes end at once, and their threads with them; this is for a system that is very busy.
END_SECONDS = 5.0

_BOOT = (
    "import pickle, sys; sys.path[:], modules = pickle.load(sys.stdin.buffer); "
    "from sogaal.workers import serve; serve(modules)"
)
_LENGTH = struct.Struct("<Q")


class WorkerDied(SogaalError, RuntimeError):
    """The process that was doing a task has ended, by a signal or a crash; the task can be done again."""


class WorkerStartError(SogaalError, RuntimeError):
    """Worker processes cannot be started here."""


class ProcessExecutor(Executor):
    """Up to ``workers`` processes, started as there is work for them, in parallel, and kept until shutdown.

    ``preload``: modules that each worker imports before its first task. ``idle_seconds``: a worker that has had nothing
    to do for so long ends, until there is more work (None: it stays). A future whose worker died raises
    :class:`WorkerDied`, and the next task gets a new process; :class:`WorkerStartError` when none can be started.
    Safe to use from several threads. An executor that is forgotten, or still there at the exit of the interpreter,
    ends its processes. Raises :class:`ConfigError` for a bad number of workers.
    """

    def __init__(self, workers: int, preload: Sequence[str] = (), idle_seconds: float | None = None) -> None:
        if type(workers) is not int or workers < 1:
            raise ConfigError(f"workers must be a whole number of at least 1, got {workers!r}.", field="workers")
        self.workers = workers
        self._crew = _Crew(workers, tuple(preload), idle_seconds)
        self._finalizer = weakref.finalize(self, self._crew.kill)

    @property
    def pids(self) -> list[int]:
        """The process ids of the workers that are ready for tasks, or at one."""
        return self._crew.pids()

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> "Future[T]":
        """Have ``fn(*args, **kwargs)`` done by a worker; all of it must be picklable, ``fn`` by its module's name."""
        future: Future[T] = Future()
        self._crew.add(future, pickle.dumps((fn, args, kwargs), protocol=pickle.HIGHEST_PROTOCOL))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more tasks and end the workers after those there are, or (``cancel_futures``) those under way."""
        self._crew.close(cancel_futures)
        if wait:
            self._crew.join(None)

    def kill(self) -> None:
        """End the workers now: what is under way raises :class:`WorkerDied`, what waits is cancelled."""
        self._finalizer()
        self._crew.join(END_SECONDS)


class _Crew:
    """Threads that each drive one process. Apart from the executor, so that it can be forgotten while they wait."""

    def __init__(self, workers: int, preload: tuple[str, ...], idle_seconds: float | None) -> None:
        self._workers = workers
        self._preload = preload
        self._idle_seconds = idle_seconds
        self._changed = threading.Condition()  # re-entrant: a collection of garbage may end the crew at any point
        self._waiting: deque[tuple[Future[Any], bytes]] = deque()
        self._idle = 0
        self._threads: list[threading.Thread] = []
        self._processes: set[_Process] = set()
        self._closed = self._killed = False
        _crews.add(self)

    def pids(self) -> list[int]:
        with self._changed:
            return sorted(process.pid for process in self._processes if process.ready)

    def forked(self) -> None:
        self._changed = threading.Condition()
        self._closed = self._killed = True
        self._inherited = self._processes  # kept: to close their pipes could wait for ever for a thread that is no more
        self._waiting, self._threads, self._processes = deque(), [], set()

    def add(self, future: "Future[Any]", call: bytes) -> None:
        with self._changed:
            if self._closed:
                raise RuntimeError("the workers were shut down and take no more tasks.")
            self._waiting.append((future, call))
            if self._idle < len(self._waiting) and len(self._threads) < self._workers:
                thread = threading.Thread(target=self._drive, name="sogaal-worker", daemon=True)
                thread.start()
                self._threads.append(thread)
            self._changed.notify()

    def close(self, cancel: bool) -> None:
        with self._changed:
            self._closed = True
            dropped = list(self._waiting) if cancel else []
            if cancel:
                self._waiting.clear()
            self._changed.notify_all()
        for future, _ in dropped:
            future.cancel()
            future.set_running_or_notify_cancel()  # tells those who wait for it

    def kill(self) -> None:
        self.close(cancel=True)
        with self._changed:
            self._killed = True
            for process in self._processes:
                process.kill()

    def join(self, timeout: float | None) -> None:
        for thread in list(self._threads):
            if thread is not threading.current_thread():
                thread.join(timeout)

    # -- a thread --------------------------------------------------------------------------------------------------

    def _drive(self) -> None:
        process: _Process | None = None
        try:
            while (item := self._next()) is not None:
                future, call = item
                if not future.set_running_or_notify_cancel():
                    continue
                try:
                    process = process or self._start()
                    future.set_result(process.ask(call))
                except WorkerDied as error:
                    self._end(process)
                    process = None
                    future.set_exception(error)
                except BaseException as error:
                    future.set_exception(error)
                del item, future, call  # the result is its owner's from here on
        finally:
            self._end(process)

    def _next(self) -> "tuple[Future[Any], bytes] | None":
        with self._changed:
            self._idle += 1
            self._changed.wait_for(lambda: self._waiting or self._closed, self._idle_seconds)
            self._idle -= 1
            if self._waiting:
                return self._waiting.popleft()
            if not self._closed:  # nobody has had work for long; who has some starts another thread
                self._threads.remove(threading.current_thread())
            return None

    def _start(self) -> "_Process":
        for attempt in range(1, START_ATTEMPTS + 1):
            process = _Process()
            with self._changed:
                self._processes.add(process)
                killed = self._killed
            if killed:
                process.kill()
            try:
                process.prepare(self._preload)
            except WorkerDied as error:
                self._end(process)
                if killed or self._killed:
                    raise
                if attempt == START_ATTEMPTS:
                    raise WorkerStartError(f"Worker processes end while they start: {error}") from error
            except BaseException as error:
                self._end(process)
                raise WorkerStartError(f"A worker process could not start: {error}") from error
            else:
                return process
        raise WorkerDied("The workers were ended.")

    def _end(self, process: "_Process | None") -> None:
        if process is not None:
            process.end()
            with self._changed:
                self._processes.discard(process)


_crews: "weakref.WeakSet[_Crew]" = weakref.WeakSet()


def _leave_to_the_parent() -> None:
    """In a forked process: its copies have no threads, their locks may be held for ever, and the workers go on."""
    for crew in list(_crews):
        crew.forked()
    _crews.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_to_the_parent)


@atexit.register
def _end_all() -> None:
    # The interpreter must not go away while one of its threads is inside a read.
    crews = list(_crews)
    for crew in crews:
        crew.kill()
    for crew in crews:
        crew.join(END_SECONDS)


class _Process:
    """A worker as its parent sees it."""

    def __init__(self) -> None:
        # Ctrl-C in a terminal reaches the whole group of processes: workers are ended by their parent instead.
        apart: dict[str, Any] = {"process_group": 0}
        if sys.platform == "win32":
            apart = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
        command = [os.fsdecode(get_executable()), "-P", "-c", _BOOT]
        try:
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, **apart)
        except OSError as error:
            raise WorkerStartError(f"A worker process could not be started: {error}") from error
        self.pid = self._process.pid
        self.ready = False

    def prepare(self, preload: tuple[str, ...]) -> None:
        """Wait until it is ready for tasks."""
        self._exchange(pickle.dumps((sys.path, preload)), framed=False)
        self.ready = True

    def ask(self, call: bytes) -> Any:
        """What the call returns; raises what it raises, or :class:`WorkerDied`."""
        return self._exchange(call)

    def _exchange(self, message: bytes, framed: bool = True) -> Any:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None and stdout is not None  # noqa: PT018
        try:
            _send(stdin, message, framed)
            answer = _receive(stdout)
        except OSError:
            answer = None
        if answer is None:
            raise WorkerDied(f"Worker process {self.pid} {self._how_it_ended()}.")
        done, value = pickle.loads(answer)  # noqa: S301 - from a process of our own
        if not done:
            raise value
        return value

    def _how_it_ended(self) -> str:
        self._process.kill()  # it does not answer any more, whether it has ended or not
        status = self._process.wait()
        if status >= 0:
            return f"ended with status {status}"
        try:
            return f"was ended by {signal.Signals(-status).name}"
        except ValueError:
            return f"was ended by signal {-status}"

    def kill(self) -> None:
        self._process.kill()

    def end(self) -> None:
        """End it and give its pipes back; an idle worker has nothing to lose."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()


def _send(stream: IO[bytes], message: bytes, framed: bool = True) -> None:
    if framed:
        stream.write(_LENGTH.pack(len(message)))
    stream.write(message)
    stream.flush()


def _receive(stream: IO[bytes]) -> bytes | None:
    """The next message; None when the other side has gone."""
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    message = stream.read(length)
    return message if len(message) == length else None


# -- inside a worker ---------------------------------------------------------------------------------------------------


_serving = False


def in_worker() -> bool:
    """Whether this process is a worker itself: one of these, of multiprocessing, or of joblib."""
    return _serving or parent_process() is not None


def serve(modules: Sequence[str]) -> NoReturn:
    """Do what comes in through standard input, a call at a time, until that ends."""
    global _serving  # noqa: PLW0603 - it is the whole process that serves
    _serving = True
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answers = os.fdopen(os.dup(1), "wb")
    # What a library prints must not end up between the answers.
    try:
        os.dup2(2, 1)
    except OSError:  # the parent has no standard error
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    calls: SimpleQueue[bytes] = SimpleQueue()
    threading.Thread(target=_listen, args=(sys.stdin.buffer, calls), daemon=True).start()
    try:
        _send(answers, _answer(_import_all, (tuple(modules),), {}))
        while True:
            _send(answers, _answer(*_loads(calls.get())))
    except OSError:  # nobody is there to hear
        os._exit(1)


def _listen(stream: IO[bytes], calls: "SimpleQueue[bytes]") -> NoReturn:
    while (message := _receive(stream)) is not None:
        calls.put(message)
    os._exit(0)  # at once, even in the middle of a task


def _import_all(modules: tuple[str, ...]) -> None:
    for module in modules:
        import_module(module)


def _loads(message: bytes) -> tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]:
    try:
        fn, args, kwargs = pickle.loads(message)  # noqa: S301 - from our own parent
    except BaseException as error:
        return _raise, (error,), {}
    return fn, args, kwargs


def _raise(error: BaseException) -> NoReturn:
    raise error


def _answer(fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> bytes:
    """(whether it returned, what it returned or raised), pickled."""
    try:
        return pickle.dumps((True, fn(*args, **kwargs)), protocol=pickle.HIGHEST_PROTOCOL)
    except BaseException as error:
        trace = traceback.format_exc()
        try:
            error.add_note(f"In worker process {os.getpid()}:\n{trace}")
            answer = pickle.dumps((False, error), protocol=pickle.HIGHEST_PROTOCOL)
            pickle.loads(answer)  # noqa: S301 - ours; some errors can be written and not read
        except Exception:
            answer = pickle.dumps((False, RuntimeError(f"{type(error).__name__}: {error}\n{trace}")))
        return answer
