"""How far the diagnosis of an automatic run can be trusted: what it says beside the AUC of all seeds together.

    python benchmarks/diagnosis_auto.py [--seeds 2] [--only wine ...]

Runs `stop_epochs="auto"` (eight seeds each) on six shipped tables, with the usual values and with some that break the
game, and diagnoses each run as if its table had no labels. Prints the Markdown tables of docs/diagnosis.md.
"""

import argparse
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from parts.judged import judged as trained

from sogaal.config import make_config
from sogaal.data import load_dataset
from sogaal.diagnosis import OF_ALL_SEEDS, diagnose
from sogaal.metrics import roc_auc
from sogaal.scaling import Scaler

TABLES = ("wine", "breast_cancer", "onecluster", "two_clusters", "highdim", "ring")
SETUPS: dict[str, dict[str, Any]] = {
    "auto": {},
    "lr_d .3": {"lr_d": 0.3},
    "lr_g .01": {"lr_g": 0.01},
    "lr_g .1": {"lr_g": 0.1},
    "lr_g 1e-6": {"lr_g": 1e-6},
    "bias -1": {"generator_bias": -1.0},
    "bias 10": {"generator_bias": 10.0},
    "unscaled": {"scaling": "none"},
    "robust scaling": {"scaling": "robust"},
}
HEALTHY, BAD = 0.9, 0.6
WORDS = ("failure", "warning", "note")


@dataclass
class Judged:
    """A run: the set-up's name, the AUC of all seeds (nan: diverged), and the severity of each finding by its kind."""

    setup: str
    auc: float
    found: dict[str, str]

    @property
    def worst(self) -> str:
        """The gravest severity."""
        return next((word for word in WORDS if word in self.found.values()), "note")


def judged(setup: str, table: str, seed: int) -> Judged:
    """One run, trained and diagnosed."""
    values = dict(SETUPS[setup])
    scaling = values.pop("scaling", "minmax")
    data = load_dataset(table)
    X = Scaler.fit(data.X, scaling).transform(data.X)
    config = make_config("auto", seed=seed, eval_every=10_000, **values)
    trainer, evidence = trained(X, None, config, scaling)
    found = {finding.kind: finding.severity for finding in diagnose(evidence)}
    assert data.y is not None
    return Judged(setup, float("nan") if trainer.diverged else roc_auc(trainer.scores(), data.y), found)


def tables(runs: list[Judged]) -> Iterator[str]:
    """The two tables of Markdown."""
    yield "| AUC of all seeds together | runs | failure | warning | only notes |\n|---|--:|--:|--:|--:|"
    groups = (
        (f"{HEALTHY:g} or more", HEALTHY, 2.0),
        (f"{BAD:g} to {HEALTHY:g}", BAD, HEALTHY),
        (f"under {BAD:g}", -1.0, BAD),
    )
    for name, low, high in groups:
        some = [run.worst for run in runs if low <= run.auc < high]
        yield f"| {name} | {len(some)} | {' | '.join(str(some.count(word)) for word in WORDS)} |"
    kinds = [rule.__name__ for rule in OF_ALL_SEEDS if rule.__name__ != "no_labels"]
    yield f"\n| set-up | AUC | {' | '.join(kinds)} |\n|---|---|{'--:|' * len(kinds)}"
    by_setup = defaultdict(list)
    for run in runs:
        by_setup[run.setup].append(run)
    for name, some in by_setup.items():
        aucs = [run.auc for run in some]
        counts = [sum(kind in run.found for run in some) for kind in kinds]
        told = " | ".join(str(count or "") for count in counts)
        yield f"| {name} | {np.nanmean(aucs):.2f} [{np.nanmin(aucs):.2f}–{np.nanmax(aucs):.2f}] | {told} |"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--only", nargs="*", default=TABLES, metavar="TABLE")
    options = parser.parse_args()
    runs = [judged(setup, table, seed) for setup in SETUPS for table in options.only for seed in range(options.seeds)]
    print("\n".join(tables(runs)))


if __name__ == "__main__":
    main()
