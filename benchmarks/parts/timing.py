"""Timing in turns: all subjects in one process, A B C A B C ..., so that what slows the machine slows them all."""

import gc
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass

# Does some steps and returns how many.
Work = Callable[[], int]


@dataclass(frozen=True)
class Spread:
    """Median, smallest and largest of the rounds."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: list[float]) -> "Spread":
        """Of at least one value."""
        return cls(statistics.median(values), min(values), max(values))

    def shown(self, form: str) -> str:
        """ "median (low-high)", each in the given format."""
        return f"{self.median:{form}} ({self.low:{form}}–{self.high:{form}})"


@dataclass(frozen=True)
class Timing:
    """One subject: microseconds a step by the clock and by processor time, and both against the first subject's."""

    name: str
    steps: int
    wall: Spread
    processor: Spread
    ratio: Spread
    processor_ratio: Spread

    def to_dict(self) -> dict[str, object]:
        """Plain values for JSON."""
        return asdict(self)


def in_turns(subjects: Mapping[str, Work], rounds: int) -> list[Timing]:
    """Time each subject ``rounds`` times after one round that does not count. The first one is the reference.

    Ratios are taken within a round, between neighbours in time, and then their median: a subject that takes twice the
    reference's time has ratio 2.
    """
    for work in subjects.values():
        work()
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in subjects}
    steps = dict.fromkeys(subjects, 0)
    gc.collect()
    gc.disable()
    try:
        for _ in range(rounds):
            for name, work in subjects.items():
                wall, processor = time.perf_counter(), time.process_time()
                done = work()
                wall, processor = time.perf_counter() - wall, time.process_time() - processor
                found[name].append((wall / done * 1e6, processor / done * 1e6))
                steps[name] += done
            gc.collect()
    finally:
        gc.enable()
    first = next(iter(found.values()))
    timings = []
    for name, values in found.items():
        columns = [[value[i] for value in values] for i in (0, 1)]
        ratios = [[mine[i] / its[i] for mine, its in zip(values, first, strict=True)] for i in (0, 1)]
        timings.append(Timing(name, steps[name], *(Spread.of(column) for column in (*columns, *ratios))))
    return timings
