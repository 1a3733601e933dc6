"""The course's tour of failures: how many seeds show each, and what MO-GAAL makes of the same set-up.

    python benchmarks/tour.py [--seeds 20] [--workers 2] [--out sogaal/lessons/tour.json]

Trains every set-up of :data:`sogaal.lessons.tour.TOUR` with one generator and with MO-GAAL's ten, diagnoses each run
with its labels, and writes what came to the file that the course reads.
"""

import argparse
import json
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from pathlib import Path

from parts.judged import judged

from sogaal.data import load_dataset
from sogaal.diagnosis import diagnose
from sogaal.lessons.tour import TOUR, Seeds
from sogaal.scaling import Scaler
from sogaal.trainer import checked_labels

OUT = Path(__file__).parents[1] / "sogaal" / "lessons" / "tour.json"
ALGORITHMS = {"one": {"algorithm": "so-gaal"}, "ten": {"algorithm": "mo-gaal", "k": 10}}


def run(job: tuple[str, str, int]) -> tuple[float | None, bool]:
    """Train one set-up with one seed: the last AUC (None: it diverged), and whether it showed the failure."""
    kind, algorithm, seed = job
    failure = TOUR[kind]
    dataset = load_dataset(failure.dataset)
    X = Scaler.fit(dataset.X, failure.scaling).transform(dataset.X)
    config = failure.config(seed=seed, **ALGORITHMS[algorithm])
    trainer, evidence = judged(X, checked_labels(dataset.y, dataset.n), config, failure.scaling)
    shown = kind in {finding.kind for finding in diagnose(evidence)}
    return None if evidence.diverged else float(trainer.history.view().auc[-1]), shown


def main() -> None:
    """Measure, and write the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    started = time.perf_counter()
    jobs = [(kind, name, seed) for kind in TOUR for name in ALGORITHMS for seed in range(options.seeds)]
    with ProcessPoolExecutor(options.workers) as pool:
        runs = dict(zip(jobs, pool.map(run, jobs), strict=True))
    found = {}
    for kind in TOUR:
        found[kind] = {}
        for name in ALGORITHMS:
            mine = [runs[kind, name, seed] for seed in range(options.seeds)]
            aucs = tuple(round(auc, 4) for auc, _ in mine if auc is not None)
            seeds = Seeds(options.seeds, aucs, options.seeds - len(aucs), sum(shown for _, shown in mine))
            found[kind][name] = asdict(seeds)
            low, high = (min(aucs), max(aucs)) if aucs else (float("nan"),) * 2
            print(
                f"{kind:20} {name}: AUC {seeds.mean:.2f} [{low:.2f}-{high:.2f}], {seeds.diverged} diverged, "
                f"shown in {seeds.shown} of {seeds.count}"
            )
    lines = ",\n".join(
        f'  "{kind}": {{\n    ' + ",\n    ".join(f'"{name}": {json.dumps(one)}' for name, one in both.items()) + "\n  }"
        for kind, both in found.items()
    )
    options.out.write_text(f"{{\n{lines}\n}}\n", encoding="utf-8", newline="\n")
    print(f"{options.out}: {len(jobs):,} runs in {time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
