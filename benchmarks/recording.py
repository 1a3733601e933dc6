"""What it costs a training at full pace to be recorded: the same job with a folder of runs and without, in turns.

    python benchmarks/recording.py [--rounds 5] [--epochs 12000]

Prints a Markdown table: throughput until the last step, recorded against not, as the median of the rounds' ratios, by
the clock and by the process's processor time, and what comes after the last step (scores, pictures, diagnosis).
Processor time tells more than the clock where other programs run; it counts the scribe's work on the other core too.
"""

import argparse
import statistics
import tempfile
import time
from dataclasses import dataclass

from sogaal.config import TrainConfig, make_config
from sogaal.data import load_dataset
from sogaal.jobs import JobRegistry
from sogaal.runs.store import RunStore

DATA = load_dataset("onecluster")


@dataclass
class Timing:
    """Seconds by the clock and of the processor until the last step, and by the clock from there to the end."""

    wall: float
    processor: float
    after: float


def measured(config: TrainConfig, store: RunStore | None) -> Timing:
    """One job at full pace."""
    with JobRegistry(store) as registry:
        wall, processor = time.perf_counter(), time.process_time()
        job = registry.submit(DATA, config)
        while job.snapshot().state.active:
            time.sleep(0.002)
        trained = time.perf_counter()
        timing = Timing(trained - wall, time.process_time() - processor, 0.0)
        job.wait()
        timing.after = time.perf_counter() - trained
    return timing


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=12_000, help="epochs of a run, two steps each (default 12000)")
    arguments = parser.parse_args()
    config = make_config("post", max_epochs=arguments.epochs)
    with tempfile.TemporaryDirectory() as folder:
        measured(config.replace(max_epochs=500), RunStore(folder))  # loads what is loaded late
        pairs = []
        for number in range(arguments.rounds):
            found = {}
            for recorded in (True, False) if number % 2 else (False, True):
                found[recorded] = measured(config, RunStore(folder) if recorded else None)
            pairs.append((found[True], found[False]))
    steps = config.total_steps(DATA.n)
    print("| what | not recorded | recorded | throughput, recorded against not |\n|---|---|---|---|")
    for name, kind in (("µs a step", "wall"), ("processor µs a step", "processor")):
        with_, without = ([getattr(pair[i], kind) for pair in pairs] for i in (0, 1))
        ratio = statistics.median(b / a for a, b in zip(with_, without, strict=True))
        cells = [f"{statistics.median(values) / steps * 1e6:.1f}" for values in (without, with_)]
        print(f"| {name} | {' | '.join(cells)} | {ratio:.1%} |")
    after = [statistics.median(pair[i].after for pair in pairs) for i in (1, 0)]
    print(f"| ms after the last step | {after[0] * 1e3:.0f} | {after[1] * 1e3:.0f} | |")


if __name__ == "__main__":
    main()
