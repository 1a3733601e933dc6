"""Work in a thread of its own that can be waited for and cancelled."""

import threading
from abc import ABC, abstractmethod
from typing import Self

from sogaal.errors import failure_message
from sogaal.snapshots import JobState


class Background(ABC):
    """Something that works in the background, once. All methods may be called from any thread.

    ``state``: queued, running, then completed, stopped or failed. ``message``: why it failed, else empty.
    """

    def __init__(self, thread_name: str) -> None:
        self.state = JobState.QUEUED
        self.message = ""
        self._thread_name = thread_name
        self._lock = threading.Lock()  # between a cancel and what it is to end
        self._cancelled = threading.Event()
        self._ended = threading.Event()

    def start(self) -> Self:
        """Begin; returns itself."""
        self.state = JobState.RUNNING
        threading.Thread(target=self._run, name=self._thread_name, daemon=True).start()
        return self

    def cancel(self) -> None:
        """End it within about a tenth of a second; does nothing after its end."""
        with self._lock:
            self._cancelled.set()
            self._interrupt()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it has ended, at most ``timeout`` seconds; returns whether it has."""
        return self._ended.wait(timeout)

    @abstractmethod
    def _work(self) -> str:
        """Do it, in its thread; returns why it came to nothing, or an empty text. What it raises counts as that too."""

    @abstractmethod
    def _interrupt(self) -> None:
        """End what is under way elsewhere. It is called under the lock, in the thread of whoever cancels."""

    def _run(self) -> None:
        try:
            message = self._work()
        except Exception as error:
            message = failure_message(error)
        state = JobState.FAILED if message else JobState.COMPLETED
        if self._cancelled.is_set():
            state, message = JobState.STOPPED, ""
        self.message, self.state = message, state  # in this order: who sees the end sees why
        self._ended.set()
