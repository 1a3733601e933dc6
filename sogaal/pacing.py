"""When a training thread may do how many steps: turns between threads, a chosen pace, and the speed that results.

Threads that train small networks at once slow each other through the interpreter's lock, to about half the speed of
one alone. Taking turns of a few milliseconds costs next to nothing and shares a core fairly between them.
"""

import math
from collections import deque
from collections.abc import Callable
from threading import Lock

from sogaal.errors import ConfigError

# A turn is to last this long: short enough for twenty runs to look alive, long enough for the hand-over not to cost.
TURN_SECONDS = 0.007
# A given pace is kept by this many small portions of steps a second, or single steps where there are fewer.
PORTIONS_PER_SECOND = 50
# What a run that was kept waiting may catch up; the rest is forgiven, so that no wait ends in a burst.
CATCH_UP_SECONDS = 0.25
# The speed shown is that of about the last second.
SPEED_WINDOW_SECONDS = 1.0
SPEED_MARKS = 4


class Turns:
    """A line in which threads wait for their turn; first come, first served. The first in the line has the turn."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._line: deque[Turn] = deque()

    def join(self, wake: Callable[[], None]) -> "Turn":
        """A place for one thread; ``wake`` is called, by another thread, when its turn has come."""
        return Turn(self._lock, self._line, wake)


class Turn:
    """One thread's place in the line. Asking does not block, so that its thread can listen to commands meanwhile."""

    def __init__(self, lock: Lock, line: "deque[Turn]", wake: Callable[[], None]) -> None:
        self._lock = lock
        self._line = line
        self._wake = wake

    def request(self) -> bool:
        """Stand in line, if not yet there; returns whether it is this one's turn."""
        with self._lock:
            if self not in self._line:
                self._line.append(self)
            return self._line[0] is self

    def pass_on(self) -> None:
        """End the turn and stand in line again, at its end.

        In one go, so that a thread which the system holds up in between does not lose its place.
        """
        with self._lock:
            if not self._line or self._line[0] is not self:
                return
            self._line.rotate(-1)
            following = self._line[0]
        if following is not self:
            following._wake()

    def leave(self) -> None:
        """End the turn, or give up the place; does nothing if there is none."""
        with self._lock:
            if self not in self._line:
                return
            had_the_turn = self._line[0] is self
            self._line.remove(self)
            following = self._line[0] if had_the_turn and self._line else None
        if following is not None:
            following._wake()


class TurnSize:
    """How many steps fill a turn, learned from how long steps take."""

    def __init__(self) -> None:
        self._seconds_per_step: deque[float] = deque(maxlen=7)

    @property
    def steps(self) -> int:
        """Steps in the next turn, at least one."""
        if not self._seconds_per_step:
            return 1
        # The fastest of the last ones: what an evaluation or the system's other work added says little about the next.
        return max(1, int(TURN_SECONDS / min(self._seconds_per_step)))

    def note(self, steps: int, seconds: float) -> None:
        """Learn from a turn of ``steps`` that took ``seconds``."""
        self._seconds_per_step.append(max(seconds / steps, 1e-7))


class Pace:
    """Keeps a run to ``speed`` steps a second, evenly; None = as fast as it can.

    Times are seconds of any steady clock, given by the caller.
    """

    def __init__(self, speed: float | None, now: float) -> None:
        self.speed = speed
        self.restart(now)

    def restart(self, now: float) -> None:
        """Begin, or go on after a pause: a first portion is due at once, and nothing is caught up."""
        self._last = now if self.speed is None else now - self._portion / self.speed

    def change(self, speed: float | None) -> None:
        """Another speed from now on: the next step is due one of its intervals after the last step."""
        self.speed = speed

    @property
    def _portion(self) -> int:
        return 1 if self.speed is None else max(1, round(self.speed / PORTIONS_PER_SECOND))

    def steps_due(self, now: float, most: int) -> int:
        """Steps to do now, at most ``most``; 0 means wait until :meth:`due_at`."""
        if self.speed is None:
            return most
        self._last = max(self._last, now - CATCH_UP_SECONDS - self._portion / self.speed)
        # Without the small share a portion that is due right now would be lost to rounding.
        due = int((now - self._last) * self.speed + 1e-6)
        return min(due, most) if due >= self._portion else 0

    def due_at(self) -> float:
        """When the next portion of steps is due."""
        return self._last if self.speed is None else self._last + self._portion / self.speed

    def note(self, steps: int, now: float) -> None:
        """``steps`` were done by ``now``."""
        self._last = now if self.speed is None else self._last + steps / self.speed


class SpeedMeter:
    """Steps a second over about the last second."""

    def __init__(self) -> None:
        self._marks: deque[tuple[float, int]] = deque()

    def restart(self, now: float, step: int) -> None:
        """Measure from here on, as after a pause."""
        self._marks.clear()
        self._marks.append((now, step))

    def note(self, now: float, step: int) -> None:
        """``step`` steps were done by ``now``."""
        self._marks.append((now, step))
        while len(self._marks) > SPEED_MARKS and self._marks[1][0] < now - SPEED_WINDOW_SECONDS:
            self._marks.popleft()

    @property
    def steps_per_second(self) -> float:
        """0 until there is something to measure."""
        if len(self._marks) < 2:
            return 0.0
        (start, first), (end, last) = self._marks[0], self._marks[-1]
        return (last - first) / (end - start) if end > start else 0.0


def checked_speed(speed: float | None) -> float | None:
    """``speed`` in steps a second, finite and above 0, or None; raises :class:`ConfigError` for anything else."""
    if speed is None:
        return None
    try:
        value = math.nan if isinstance(speed, bool) else float(speed)
    except (TypeError, ValueError):
        value = math.nan
    if not 0 < value < math.inf:
        raise ConfigError(f"speed must be a finite number above 0 (steps per second) or None, got {speed!r}.", "speed")
    return value
