"""Which of many runs a pool does next, and how many of them make one task."""

from collections import deque
from collections.abc import Iterable, Sequence
from typing import Protocol

from sogaal.config import TrainConfig
from sogaal.outcomes import RunOutcome

# Short runs are put together until a task takes this long: handing one over costs about a millisecond.
TASK_SECONDS = 0.25
# A task holds at most this share of what is left for each worker, so that all end together.
TASK_SHARE = 0.25
# Short runs may go before one that decides when all ends, until they have delayed it by this share of its own length.
HEAD_START = 0.05


class Work(Protocol):
    """What a pool asks for its next task: :class:`Plan`, or :class:`Line`."""

    def note(self, outcome: RunOutcome) -> None: ...  # noqa: D102
    def again(self, indices: Iterable[int]) -> None: ...  # noqa: D102
    def next_task(self) -> list[int]: ...  # noqa: D102


class Line:
    """Runs that are not known beforehand: each is a task of its own, in the order in which they come."""

    def __init__(self) -> None:
        self._waiting: deque[int] = deque()

    def add(self, index: int) -> None:
        """One more run."""
        self._waiting.append(index)

    def note(self, outcome: RunOutcome) -> None:
        """There is nothing to learn from a run that came back."""

    def again(self, indices: Iterable[int]) -> None:
        """These are to be done once more, before the others."""
        self._waiting.extendleft(indices)

    def next_task(self) -> list[int]:
        """The index of a run; empty when none waits."""
        return [self._waiting.popleft()] if self._waiting else []


class Plan:
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
