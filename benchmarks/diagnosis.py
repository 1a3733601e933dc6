"""How often the diagnosis is right: set-ups against findings, over 20 seeds each, with and without labels.

    python benchmarks/diagnosis.py [--seeds 20] [--workers 2] [--out docs/diagnosis.md]

Trains every set-up with every seed, asks for a diagnosis of each run with its labels and once more as if it had none,
and writes the tables and the rules' own words to docs/diagnosis.md.
"""

import argparse
import inspect
import math
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from parts.judged import judged

from sogaal.config import make_config
from sogaal.data import load_dataset
from sogaal.devices import one_thread
from sogaal.diagnosis import KINDS, RULES, diagnose
from sogaal.scaling import Scaler
from sogaal.trainer import checked_labels

OUT = Path(__file__).parents[1] / "docs" / "diagnosis.md"
# Judged by labels alone, which no rule about the game and no label-free diagnosis sees.
HEALTHY, BAD = 0.95, 0.8
SEVERITIES = ("failure", "warning", "good", "note")
SHORT = {
    "divergence": "divergence",
    "unscaled": "unscaled",
    "dead_generator": "dead G",
    "dead_discriminator": "dead D",
    "discriminator_wins": "D wins",
    "mode_collapse": "collapse",
    "never_reaches": "far",
    "stopped_too_late": "too late",
    "over_trained": "over-trained",
    "stopped_too_early": "too early",
    "inverted_ranking": "inverted",
    "oscillation": "swings",
    "early_spike": "early spike",
    "equilibrium": "draw",
    "unclear": "unclear",
    "healthy": "healthy",
}


@dataclass(frozen=True)
class Setup:
    """A row of the tables. ``factor``: what the table is multiplied with; ``pair``: the ready pair it belongs to."""

    title: str
    dataset: str
    preset: str
    changes: dict[str, Any] = field(default_factory=dict)
    scaling: str = "minmax"
    factor: float = 1.0


SETUPS = (
    Setup("post", "onecluster", "post"),
    Setup("post, scored at the stop", "onecluster", "post", {"score_at": "stop", "max_epochs": 1001}),
    Setup("bias 1", "onecluster", "post_bias_one"),
    Setup("bias 10", "onecluster", "post", {"generator_bias": 10.0}),
    Setup("G dead from the start: bias -1", "onecluster", "post", {"generator_bias": -1.0}),
    Setup("paper", "onecluster", "paper"),
    Setup("paper, MO-GAAL", "onecluster", "paper_onecluster_mo"),
    Setup("paper, breast_cancer", "breast_cancer", "paper_wdbc_so"),
    Setup("paper, breast_cancer, MO-GAAL", "breast_cancer", "paper_wdbc_mo"),
    Setup("the same SO-GAAL, unscaled", "breast_cancer", "paper_wdbc_so", scaling="none"),
    Setup("wine, stop 400", "wine", "post", {"stop_epochs": 400}),
    Setup("wine, unscaled", "wine", "post", {"stop_epochs": 400}, scaling="none"),
    Setup("stop too early: 100", "onecluster", "post", {"stop_epochs": 100}),
    Setup("stop too late: 3,000", "onecluster", "post", {"stop_epochs": 3000, "max_epochs": 4000}),
    Setup("no stop", "onecluster", "post", {"whether_stop": 0}),
    Setup("lr_d .3", "onecluster", "post", {"lr_d": 0.3}),
    Setup("lr_d 1", "onecluster", "post", {"lr_d": 1.0}),
    Setup("lr_g .01", "onecluster", "post", {"lr_g": 0.01}),
    Setup("lr_g .1", "onecluster", "post", {"lr_g": 0.1}),
    Setup("lr_g 1e-6", "onecluster", "post", {"lr_g": 1e-6}),
    Setup("momentum .99", "onecluster", "post", {"momentum": 0.99}),
    Setup("two_clusters", "two_clusters", "post"),
    Setup("ring", "ring", "post"),
    Setup("highdim", "highdim", "post"),
    Setup("onecluster x 1e12, unscaled, lr 10", "onecluster", "post",
          {"lr_d": 10.0, "lr_g": 10.0, "stop_epochs": 100}, "none", 1e12),
)  # fmt: skip


@dataclass(frozen=True)
class Diagnosed:
    """One run: the true AUCs of the D that scores, when G stopped and at the end, and what was found."""

    setup: int
    auc: float
    auc_stop: float
    auc_end: float
    with_labels: tuple[tuple[str, str], ...]
    without: tuple[tuple[str, str], ...]
    milliseconds: float


def run(job: tuple[int, int]) -> Diagnosed:
    """Train one set-up with one seed and diagnose it, with labels and without."""
    number, seed = job
    setup = SETUPS[number]
    dataset = load_dataset(setup.dataset)
    X = Scaler.fit(dataset.X * setup.factor, setup.scaling).transform(dataset.X * setup.factor)
    config = make_config(setup.preset, **setup.changes, seed=seed)
    trainer, evidence = judged(X, checked_labels(dataset.y, dataset.n), config, setup.scaling)
    with one_thread():
        started = time.perf_counter()
        found = [(finding.kind, finding.severity) for finding in diagnose(evidence)]
        taken = time.perf_counter() - started
        nothing = np.full(len(evidence.view.auc), np.nan)
        view = replace(evidence.view, auc=nothing, average_precision=nothing, precision_at_n=nothing)
        unlabelled = [(finding.kind, finding.severity) for finding in diagnose(replace(evidence, view=view))]
    summary = trainer.summary()
    stop, end = (math.nan if summary[name] is None else summary[name] for name in ("auc_stop", "auc_final"))
    scored = stop if config.score_at == "stop" else end
    # A diverged run has no D that scores.
    aucs = (math.nan,) * 3 if evidence.diverged else (scored, stop, end)
    return Diagnosed(number, *aucs, tuple(found), tuple(unlabelled), 1000 * taken)


def worst(found: Sequence[tuple[str, str]]) -> str:
    """The severity that decides: findings come most important first."""
    return found[0][1] if found else "note"


def table(runs: Sequence[Diagnosed], labels: bool) -> Iterator[str]:
    """Set-ups against findings: how many runs showed each, and of which severity the first finding was."""
    kinds = [kind for kind in KINDS if kind in SHORT]
    yield f"| set-up | AUC stop | AUC end | {' | '.join(SHORT[kind] for kind in kinds)} | verdict |"
    yield "|---|---|---|" + "--:|" * len(kinds) + "---|"
    for number, setup in enumerate(SETUPS):
        mine = [one for one in runs if one.setup == number]
        found = [one.with_labels if labels else one.without for one in mine]
        cells = []
        for kind in kinds:
            severities = Counter(severity for one in found for name, severity in one if name == kind)
            count = sum(severities.values())
            cells.append(
                f"**{count}**" if severities["failure"] + severities["warning"] > count / 2 else f"{count or ''}"
            )
        firsts = Counter(worst(one) for one in found)
        verdict = ", ".join(f"{firsts[severity]} {severity}" for severity in SEVERITIES if firsts[severity])
        aucs = [spread([getattr(one, name) for one in mine]) for name in ("auc_stop", "auc_end")]
        yield f"| {setup.title} | {' | '.join(aucs)} | {' | '.join(cells)} | {verdict} |"


def spread(values: Sequence[float]) -> str:
    """Mean and range."""
    known = [value for value in values if math.isfinite(value)]
    return f"{np.mean(known):.2f} [{min(known):.2f}–{max(known):.2f}]" if known else "–"


def truth_table(runs: Sequence[Diagnosed]) -> Iterator[str]:
    """True quality against the severity of the first finding."""
    yield "| the D that scores has | diagnosis | runs | failure | warning | good | only notes |"
    yield "|---|---|--:|--:|--:|--:|--:|"
    groups = {
        f"AUC ≥ {HEALTHY:g} (healthy)": lambda auc: auc >= HEALTHY,
        f"AUC {BAD:g} to {HEALTHY:g}": lambda auc: BAD <= auc < HEALTHY,
        f"AUC < {BAD:g} (bad)": lambda auc: auc < BAD,
    }
    for title, holds in groups.items():
        for name, labels in (("with labels", True), ("without", False)):
            found = [worst(one.with_labels if labels else one.without) for one in runs if holds(one.auc)]
            count = Counter(found)
            cells = " | ".join(str(count[severity]) for severity in SEVERITIES)
            yield f"| {title} | {name} | {len(found)} | {cells} |"


def rules() -> Iterator[str]:
    """The rules in their own words: their docstrings."""
    for rule in RULES:
        text = inspect.cleandoc(rule.__doc__ or "")
        first, _, rest = text.partition("\n\n")
        yield f"**`{rule.__name__}`** {' '.join(first.split())} {' '.join(rest.split())}".replace(":meth:", "").replace(
            ":func:", ""
        )
        yield ""


def main() -> None:
    """Measure, and write the document."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    started = time.perf_counter()
    jobs = [(number, seed) for number in range(len(SETUPS)) for seed in range(options.seeds)]
    with ProcessPoolExecutor(options.workers) as pool:
        runs = list(pool.map(run, jobs, chunksize=2))
    text = (Path(__file__).parent / "parts" / "diagnosis.md").read_text(encoding="utf-8")
    called = [worst(one.with_labels) for one in runs if one.auc >= HEALTHY]
    unlabelled = [worst(one.without) for one in runs if one.auc >= HEALTHY]
    filled = {
        "seeds": str(options.seeds),
        "runs": f"{len(runs):,}",
        "truth": "\n".join(truth_table(runs)),
        "labelled": "\n".join(table(runs, labels=True)),
        "unlabelled": "\n".join(table(runs, labels=False)),
        "rules": "\n".join(rules()).rstrip(),
        "false_alarms": f"{called.count('failure')} of {len(called)}",
        "false_alarms_without": f"{unlabelled.count('failure')} of {len(unlabelled)}",
        "milliseconds": f"{np.median([one.milliseconds for one in runs]):.1f}",
    }
    for name, value in filled.items():
        text = text.replace("{" + name + "}", value)
    options.out.write_text(text, encoding="utf-8", newline="\n")
    print(f"{options.out}: {len(runs):,} runs in {time.perf_counter() - started:.0f} s")
    print("\n".join(truth_table(runs)))


if __name__ == "__main__":
    main()
