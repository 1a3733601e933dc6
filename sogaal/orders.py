"""Orders: what a training in a background thread is told from outside, and how its thread takes them up."""

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from sogaal.pacing import checked_speed
from sogaal.snapshots import JobState


@dataclass(frozen=True)
class Orders:
    """What a thread has been told to do; replaced as a whole, so that it reads them without a lock."""

    paused: bool
    single_steps: int
    speed: float | None
    end: JobState | None


class Ordered(ABC):
    """Something that trains in a thread of its own and takes orders.

    All commands may be given from any thread, at any time and as often as one likes: one that makes no sense in the
    state it is in does nothing.
    """

    def __init__(self, thread_name: str, speed: float | None, paused: bool) -> None:
        self._lock = threading.Lock()  # for writers: of orders, and of snapshots
        self._orders = Orders(paused=paused, single_steps=0, speed=speed, end=None)
        self._wake = threading.Event()  # there may be something to do for the thread: an order, or its turn
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name=thread_name, daemon=True)

    @abstractmethod
    def _run(self) -> None:
        """What the thread does."""

    @property
    def orders(self) -> Orders:
        """What it has been told to do."""
        return self._orders

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it has ended, at most ``timeout`` seconds; returns whether it has."""
        return self._ended.wait(timeout)

    def join(self, timeout: float) -> bool:
        """Wait for the end of the thread; returns whether it has ended."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    # -- commands ------------------------------------------------------------------------------------------------------

    def pause(self) -> None:
        """Hold on after the steps under way (a few milliseconds of work). What has not started will start paused."""
        self._order(lambda _: {"paused": True})

    def resume(self) -> None:
        """Go on at its pace."""
        self._order(lambda _: {"paused": False, "single_steps": 0})

    def step(self) -> None:
        """Do exactly one more step (one batch) and pause after it; each call counts."""
        self._order(lambda orders: {"paused": True, "single_steps": orders.single_steps + 1})

    def stop(self) -> None:
        """End it. What it has learned so far becomes its result."""
        self.end(JobState.STOPPED)

    def set_speed(self, steps_per_second: float | None) -> None:
        """Change the pace to ``steps_per_second`` (finite, above 0), or to as fast as it can (None).

        Raises :class:`ConfigError` for another value.
        """
        speed = checked_speed(steps_per_second)
        self._order(lambda _: {"speed": speed})

    def end(self, state: JobState) -> None:
        """Have it end in ``state``; the first such order counts."""
        self._order(lambda orders: {"end": orders.end or state})

    def _order(self, changes: Callable[[Orders], dict[str, Any]]) -> None:
        with self._lock:
            self._orders = replace(self._orders, **changes(self._orders))
        self._wake.set()

    # -- for the thread ------------------------------------------------------------------------------------------------

    def take_orders(self) -> Orders:
        """What to do now; :meth:`rest` ends when it changes."""
        self._wake.clear()
        return self._orders

    def rest(self, seconds: float | None) -> None:
        """Wait for an order or the thread's turn, at most ``seconds``."""
        self._wake.wait(seconds)

    def wake(self) -> None:
        """Have the thread look again; called when its turn has come."""
        self._wake.set()

    def take_single_step(self) -> int | None:
        """Take one of the single steps that were ordered; returns those left, None if there was none any more."""
        with self._lock:
            if not self._orders.single_steps:
                return None
            self._orders = replace(self._orders, single_steps=self._orders.single_steps - 1)
            return self._orders.single_steps
