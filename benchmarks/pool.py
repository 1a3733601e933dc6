"""What a pool of worker processes gains: many runs over two workers, its start included, against one after another.

    python benchmarks/pool.py [workers]

Prints a Markdown table. The two ways alternate, and what is shown is the median of the rounds; the phase map's load is
measured once. Processor seconds tell more than the clock where other programs run: with cores of their own, workers
need their processor seconds divided by their number.
"""

import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator

import torch

from sogaal.config import TrainConfig, make_config
from sogaal.data import load_dataset
from sogaal.pool import RunOutcome, RunPool
from sogaal.scaling import Scaler
from sogaal.tables import FloatArray, LabelArray
from sogaal.trainer import Trainer

WORKERS = 2
RUNS = 64
STEPS = 6000
MAP_RUNS = 512
MAP_STEPS = 2000
ROUNDS = 3


def main(workers: int = WORKERS) -> None:
    """Measure and print."""
    torch.set_num_threads(1)
    dataset = load_dataset("onecluster")
    X = Scaler.fit(dataset.X).transform(dataset.X)
    base = make_config("post")
    epochs = base.batches(dataset.n)
    configs = [base.replace(max_epochs=STEPS // epochs, seed=seed) for seed in range(RUNS)]
    apart, together = [], []
    for _ in range(ROUNDS):
        apart.append(measure(lambda: one_by_one(X, dataset.y, configs)))
        together.append(measure(lambda: pooled(X, dataset.y, configs, workers)))
    cells = [
        base.replace(max_epochs=MAP_STEPS // epochs, generator_bias=10 ** (-6 + 6 * bias / 31), seed=seed)
        for bias in range(32)
        for seed in range(MAP_RUNS // 32)
    ]
    whole_map = measure(lambda: pooled(X, dataset.y, cells, workers))
    print("| what | seconds | processor seconds | first outcome after | throughput, each round |")
    print("|---|---|---|---|---|")
    many, over = f"{RUNS} runs of {STEPS:,} steps", f"over {workers} workers, pool start included"
    for name, times in (
        (f"{many}, one after another", apart),
        (f"{many} {over}", together),
        (f"phase map: {MAP_RUNS} runs of {MAP_STEPS:,} steps {over}", [whole_map]),
    ):
        wall, processor, first = (statistics.median(column) for column in zip(*times, strict=True))
        pairs = [] if times == [whole_map] else zip(apart, times, strict=True)
        ratios = ", ".join(f"{one[0] / other[0]:.2f}" for one, other in pairs)
        print(f"| {name} | {wall:.1f} | {processor:.1f} | {first:.1f} s | {ratios} |")


def measure(work: Callable[[], Iterator[object]]) -> tuple[float, float, float]:
    """Wall-clock and processor seconds of all processes, and seconds until the first outcome."""
    before, started = os.times(), time.perf_counter()
    outcomes = work()
    next(outcomes)
    first = time.perf_counter() - started
    for _ in outcomes:
        pass
    return time.perf_counter() - started, sum(os.times()[:4]) - sum(before[:4]), first


def one_by_one(X: FloatArray, y: LabelArray | None, configs: list[TrainConfig]) -> Iterator[Trainer]:
    """A plain loop in this process."""
    for config in configs:
        yield Trainer(X, config, y).fit()


def pooled(X: FloatArray, y: LabelArray | None, configs: list[TrainConfig], workers: int) -> Iterator[RunOutcome]:
    """Over a new pool, which is closed at the end."""
    with RunPool(workers) as pool:
        for outcome in pool.run(X, configs, y):
            if not outcome.ok:
                raise RuntimeError(f"run {outcome.index}: {outcome.diverged or outcome.failed}")
            yield outcome


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:2]))
