"""How long a sweep takes: 512 trials of 2,000 steps each on onecluster by TPE with SQLite, the whole command.

    python benchmarks/sweep.py [trials]

Prints a Markdown table: with one worker and with two, started afresh each time, imports included. Processor seconds,
of the command and its workers, tell more than the clock where other programs run.
"""

import json
import os
import subprocess
import sys
import tempfile
import time

TRIALS = 512
# 1,000 epochs of two batches; G stops after a third of them, as in the original.
SETTING = ["onecluster", "--preset", "post", "--stop_epochs", "333", "--max_epochs", "1000", "--objective", "auc_end"]
VARIED = ["lr_g=1e-5..1e-2", "lr_d=1e-3..1e-1", "generator_bias=1e-6..1"]


def main(trials: int = TRIALS) -> None:
    """Measure and print."""
    print("| what | seconds | processor seconds | throughput |")
    print("|---|---|---|---|")
    alone = 0.0
    for workers in (1, 2):
        seconds, processor = measure(trials, workers)
        alone = alone or seconds
        name = f"{trials} trials of 2,000 steps, TPE, SQLite, {workers} worker{'s' if workers > 1 else ''}"
        print(f"| {name} | {seconds:.1f} | {processor:.1f} | {alone / seconds:.2f} |")


def measure(trials: int, workers: int) -> tuple[float, float]:
    """Wall-clock and processor seconds of one command."""
    vary = [word for one in VARIED for word in ("--vary", one)]
    before, started = os.times(), time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "sogaal", "sweep", *SETTING, *vary, "--trials", str(trials), "--quiet"]
        command += ["--workers", str(workers), "--runs", folder, "--json"]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        seconds = time.perf_counter() - started
    after = os.times()
    found = json.loads(done.stdout)["trials"]
    completed = sum(one["state"] == "completed" for one in found)
    if completed != trials:
        raise RuntimeError(f"{completed} of {trials} trials were completed.")
    return seconds, sum(after[2:4]) - sum(before[2:4])


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:2]))
