"""What it costs a map of many runs to be recorded while they end: the same map with a folder of runs and without.

    python benchmarks/populations.py [--rounds 4] [--seeds 8] [--epochs 60]

Needs Linux, which tells the processor seconds of the worker processes. Prints a Markdown table, all of it processor
time, because the clock tells what else the machine does: the writing's share of what this process and its workers
spent; and what they spent with saving against without, in turns, as the median of the rounds' ratios with the lowest
and the highest.
"""

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path

from sogaal.config import make_config
from sogaal.data import load_dataset
from sogaal.populations import Axis, Plan, Populations, map_plan
from sogaal.runs.store import RunStore

DATA = load_dataset("onecluster")
BIASES = (0.0, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1.0)
RATES = (1e-5, 1e-4, 1e-3, 3e-3, 1e-2, 3e-2)


def spent(populations: Populations) -> float:
    """Processor seconds of this process and of the pool's so far."""
    found = time.process_time()
    for pid in () if populations._pool is None else populations._pool.pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        found += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return found


def measured(populations: Populations, store: RunStore | None, plan: Plan) -> tuple[float, float]:
    """Processor seconds of one map, and of its writing."""
    populations._store = store  # the pool stays warm
    before = spent(populations)
    population = populations.submit(plan)
    population.wait()
    writing = 0.0 if population._recorder is None else population._recorder.cost
    return spent(populations) - before, writing


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--seeds", type=int, default=8, help="48 times as many members (default 8)")
    parser.add_argument("--epochs", type=int, default=60, help="stop_epochs of each (default 60)")
    arguments = parser.parse_args()
    base = make_config("post", stop_epochs=arguments.epochs)
    plan = map_plan(DATA, base, Axis("generator_bias", BIASES), Axis("lr_g", RATES), arguments.seeds)
    shares, ratios = [], []
    with tempfile.TemporaryDirectory() as folder, Populations() as populations:
        measured(populations, RunStore(folder), plan)  # the pool's processes start
        for number in range(arguments.rounds):
            seconds = {}
            for saved in (True, False) if number % 2 else (False, True):
                seconds[saved], writing = measured(populations, RunStore(folder) if saved else None, plan)
                if saved:
                    shares.append(writing / seconds[saved])
            ratios.append(seconds[True] / seconds[False])
    print(f"| {len(plan)} members | |\n|---|---|")
    print(f"| writing, of all processor seconds | {statistics.median(shares):.2%} |")
    ratio = f"{statistics.median(ratios):.3f} ({min(ratios):.3f} to {max(ratios):.3f})"
    print(f"| processor seconds, saved against not | {ratio} |")


if __name__ == "__main__":
    main()
