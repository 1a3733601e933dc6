"""Thousands of runs in one group on a GPU: 4,096 SO-GAAL runs of onecluster, 6,000 steps each.

    python benchmarks/gpu.py [--runs 4096] [--steps 6000] [--json gpu.json] [--device cuda]

One group with different seeds, losses kept, no evaluation on the way; the goal is 30 s. Needs CUDA, and says so where
there is none; `--device cpu --runs 4 --steps 200` shows that it runs.
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from sogaal.captured import DeviceEngine
from sogaal.config import make_config
from sogaal.data import load_dataset
from sogaal.metrics import ranking_metrics_of_rows
from sogaal.scaling import Scaler

GOAL_SECONDS = 30
GOAL_AT = (4096, 6000)


def measure(device: str, runs: int, steps: int) -> dict[str, Any]:
    """Train the group and say how long it took, what it held, and what the runs came to."""
    dataset = load_dataset("onecluster")
    X = Scaler.fit(dataset.X).transform(dataset.X)
    config = make_config("post", stop_epochs=max(1, steps // 6), max_epochs=-(-steps // 2), device=device)
    on_cuda = device == "cuda"
    DeviceEngine(X, [config]).advance(8)  # the device's libraries set themselves up
    if on_cuda:
        torch.cuda.reset_peak_memory_stats()
    started = time.perf_counter()
    engine = DeviceEngine(X, [config.replace(seed=seed) for seed in range(runs)])
    ready = time.perf_counter()
    engine.advance(steps)
    if on_cuda:
        torch.cuda.synchronize()
    ended = time.perf_counter()
    logits = engine.logits()
    whole = logits[np.isfinite(logits).all(axis=1)]
    auc = ranking_metrics_of_rows(whole, dataset.y)[:, 0]
    return {
        "device": torch.cuda.get_device_name() if on_cuda else device,
        "torch": torch.__version__,
        "runs": runs,
        "steps": steps,
        "setup_seconds": ready - started,
        "seconds": ended - ready,
        "microseconds_a_run_step": (ended - ready) / (runs * steps) * 1e6,
        "estimated_gib": engine.bytes_needed / 2**30,
        "peak_gib": torch.cuda.max_memory_allocated() / 2**30 if on_cuda else None,
        "diverged": sum(error is not None for error in engine.diverged),
        "auc_median": float(np.median(auc)) if len(auc) else None,
    }


def main() -> None:
    """Measure, print, and write JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=GOAL_AT[0])
    parser.add_argument("--steps", type=int, default=GOAL_AT[1])
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--json", type=Path, help="file for the figures")
    options = parser.parse_args()
    if options.device == "cuda" and not torch.cuda.is_available():
        print("Skipped: this benchmark needs CUDA, and this machine or this build of PyTorch does not have it.")
        return
    found = measure(options.device, options.runs, options.steps)
    print("| device | runs | steps | seconds | set-up, s | µs a run-step | memory, GiB | AUC, median | goal |")
    print(f"|{'---|' * 9}")
    memory = found["peak_gib"] if found["peak_gib"] is not None else found["estimated_gib"]
    goal = ""
    if options.device == "cuda" and (options.runs, options.steps) == GOAL_AT:
        total = found["setup_seconds"] + found["seconds"]
        goal = f"≤ {GOAL_SECONDS} s: {'met' if total <= GOAL_SECONDS else 'missed'}"
    auc = "-" if found["auc_median"] is None else f"{found['auc_median']:.3f}"
    print(
        f"| {found['device']}, torch {found['torch']} | {found['runs']:,} | {found['steps']:,} "
        f"| {found['seconds']:.1f} | {found['setup_seconds']:.1f} | {found['microseconds_a_run_step']:.2f} "
        f"| {memory:.2f} | {auc} | {goal} |"
    )
    if options.json:
        options.json.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
