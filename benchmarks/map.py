"""How long a phase map takes: 16 x 8 cells x 4 seeds on onecluster, 2,000 steps each, as the dashboard trains it.

    python benchmarks/map.py [workers]

Prints a Markdown table. Processor seconds tell more than the clock where other programs run: with cores of their own,
workers need theirs divided by their number. ``whole after``: when every cell has its first seed.
"""

import os
import sys
import time

from sogaal.config import make_config
from sogaal.data import load_dataset
from sogaal.populations import AXES, BIASES, Axis, Populations, cells, map_plan

WORKERS = 2
SEEDS = 4
# 1,000 epochs of two batches; G stops after a third of them, as in the original.
STOP_EPOCHS, EPOCHS = 333, 1000


def main(workers: int = WORKERS) -> None:
    """Measure and print."""
    dataset = load_dataset("onecluster")
    base = make_config("post", stop_epochs=STOP_EPOCHS, max_epochs=EPOCHS)
    plan = map_plan(dataset, base, Axis("generator_bias", BIASES), Axis("lr_g", AXES["lr_g"]), SEEDS)
    before, started = os.times(), time.perf_counter()
    first = whole = 0.0
    with Populations(workers) as populations:
        population = populations.submit(plan)
        while not population.wait(0.05):
            now, members = time.perf_counter() - started, population.members()
            first = first or (now if members else 0.0)
            whole = whole or (now if None not in cells(members, len(plan.setups)) else 0.0)
        seconds = time.perf_counter() - started
        bad = [member for member in population.members() if not member.outcome.ok]
        if len(population.members()) < len(plan) or bad:
            raise RuntimeError(f"{len(population.members())} of {len(plan)} runs came, {len(bad)} of them diverged.")
    processor = sum(os.times()[:4]) - sum(before[:4])
    print("| what | seconds | processor seconds | first cell after | whole after |")
    print("|---|---|---|---|---|")
    what = f"map of {len(plan.setups)} cells x {SEEDS} seeds, {base.total_steps(dataset.n):,} steps, {workers} workers"
    print(f"| {what}, their start included | {seconds:.1f} | {processor:.1f} | {first:.1f} | {whole:.1f} |")


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:2]))
