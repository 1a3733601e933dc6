"""What the background costs: a job at full pace beside a bare trainer, twenty jobs at once, and how fast commands act.

    python benchmarks/jobs.py

Prints a Markdown table. Kinds of runs alternate; ratios are those of the medians. Processor time tells more than the
clock where other programs run.
"""

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch

from sogaal.config import make_config
from sogaal.data import load_dataset
from sogaal.jobs import Job, JobRegistry, JobState
from sogaal.scaling import Scaler
from sogaal.trainer import Trainer

STEPS = 2000
ROUNDS = 9
MANY = 20
COMMANDS = 20


@dataclass
class Timing:
    """What runs of one kind took, a run each: wall-clock and processor seconds."""

    wall: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)

    @contextmanager
    def measure(self) -> Iterator[None]:
        """Time a block."""
        wall, processor = time.perf_counter(), time.process_time()
        yield
        self.wall.append(time.perf_counter() - wall)
        self.processor.append(time.process_time() - processor)


def main() -> None:
    """Measure and print."""
    torch.set_num_threads(1)
    dataset = load_dataset("onecluster")
    X = Scaler.fit(dataset.X).transform(dataset.X)
    config = make_config("post", max_epochs=STEPS // 2)
    short = config.replace(max_epochs=STEPS // 2 // MANY)
    bare, alone, many = Timing(), Timing(), Timing()
    with JobRegistry() as registry:
        for _ in range(ROUNDS):
            with bare.measure():
                Trainer(X, config, dataset.y).fit()
            with alone.measure():
                registry.submit(dataset, config).wait()
            with many.measure():
                for job in [registry.submit(dataset, short.replace(seed=seed)) for seed in range(MANY)]:
                    job.wait()
        delays = command_delays(registry)
    print("| what | µs a step | processor µs a step | throughput against the bare trainer | by processor time |")
    print("|---|---|---|---|---|")
    reference = [statistics.median(values) for values in (bare.wall, bare.processor)]
    for name, timing in (("bare trainer", bare), ("one job", alone), (f"{MANY} jobs at once, together", many)):
        found = [statistics.median(values) for values in (timing.wall, timing.processor)]
        cells = [f"{seconds / STEPS * 1e6:.0f}" for seconds in found]
        cells += [f"{whole / seconds:.0%}" for whole, seconds in zip(reference, found, strict=True)]
        print(f"| {name} | {' | '.join(cells)} |")
    for name, values in delays.items():
        print(f"\n{name}: median {statistics.median(values) * 1e3:.1f} ms, longest {max(values) * 1e3:.1f} ms")


def command_delays(registry: JobRegistry) -> dict[str, list[float]]:
    """Seconds from a pause to the snapshot that shows it: with 1 job at full pace, with 20, and in slow motion."""
    dataset, endless = load_dataset("onecluster"), make_config("post", max_epochs=300_000)
    delays = {}
    for name, count, speed in (("1 at full pace", 1, None), (f"{MANY} at full pace", MANY, None), ("1 step/s", 1, 1.0)):
        jobs = [registry.submit(dataset, endless, speed=speed) for _ in range(count)]
        delays[f"Pause, {name}"] = [delay(jobs[0]) for _ in range(COMMANDS)]
        for job in jobs:
            job.stop()
        for job in jobs:
            job.wait()
    return delays


def delay(job: Job) -> float:
    """Pause and resume once."""
    job.resume()
    time.sleep(0.25)
    started = time.perf_counter()
    job.pause()
    while job.snapshot().state != JobState.PAUSED:
        time.sleep(0.0002)
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
