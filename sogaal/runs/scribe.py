"""The scribe: one thread of a process that does the writing for all trainings that are recorded.

Trainings hand over what there is to write, and go on at once. A daemon thread, because one that is not would keep the
program from ending; it is joined when the program exits. What a training hands over at the exit must be written too, so
this module has to be imported before any that ends trainings with :mod:`atexit`: hooks run last in, first out.
"""

import atexit
import logging
import threading
import time
from typing import Protocol

# Between two rounds of the scribe; with what a training waits before it hands over, this stays under a second.
ROUND_SECONDS = 0.25
# What the last round at the exit may take.
EXIT_SECONDS = 20.0

_logger = logging.getLogger(__name__)


class Author(Protocol):
    """Somebody for whom the scribe writes."""

    def write(self, now: float, last: bool) -> bool:
        """Write what is there, in the scribe's thread; returns whether that was all for good.

        ``now``: of :func:`time.monotonic`. ``last``: the program ends, there will be no other time.
        """

    def flush(self) -> None:
        """Write what must not wait for :meth:`write`, in the scribe's thread; quick, and without an exception."""


class Scribe:
    """Goes round its authors; the thread is there while there are any."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._authors: list[Author] = []
        self._thread: threading.Thread | None = None
        self._wake = threading.Event()
        self._closing = False
        self._flushed_at = 0.0

    def add(self, author: Author) -> None:
        """Write for ``author`` from now on, until it is done. At the exit of the program: once, here and now."""
        with self._lock:
            if not self._closing:
                self._authors.append(author)
                if self._thread is None:
                    self._thread = threading.Thread(target=self._run, name="sogaal-scribe", daemon=True)
                    self._thread.start()
                self._wake.set()
                return
        author.write(time.monotonic(), True)

    def hurry(self) -> None:
        """Have a round made now."""
        self._wake.set()

    def breathe(self) -> None:
        """Called between the parts of what is written for an author, so that no other waits long."""
        now = time.monotonic()
        if now < self._flushed_at + ROUND_SECONDS:
            return
        self._flushed_at = now
        with self._lock:
            authors = list(self._authors)
        for author in authors:
            author.flush()

    def close(self, timeout: float = EXIT_SECONDS) -> bool:
        """Have a last round made and wait for its end; returns whether it ended within ``timeout`` seconds."""
        with self._lock:
            self._closing = True
            thread = self._thread
        self._wake.set()
        if thread is None:
            return True
        thread.join(timeout)
        return not thread.is_alive()

    def _run(self) -> None:
        while True:
            self._wake.wait(ROUND_SECONDS)
            self._wake.clear()
            self.breathe()
            with self._lock:
                authors, last = list(self._authors), self._closing
            done = [author for author in authors if self._write(author, last)]
            with self._lock:
                self._authors = [author for author in self._authors if author not in done]
                if last or not self._authors:
                    self._thread = None
                    return

    @staticmethod
    def _write(author: Author, last: bool) -> bool:
        try:
            return author.write(time.monotonic(), last)
        except Exception:  # of one author: the others, and its own next time, must not suffer
            _logger.exception("A run could not be saved.")
            return False


scribe = Scribe()


@atexit.register
def _close() -> None:
    if not scribe.close():
        _logger.warning("Runs could not be saved to the end within %g s.", EXIT_SECONDS)
