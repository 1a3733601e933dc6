"""How good the measures and the automatic stop were found to be: the figures of docs/labelfree.md, and what to say.

``benchmarks/labelfree.py`` writes them to measured.json; nobody types them anywhere else.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

MEASURED = Path(__file__).with_name("measured.json")
AUTO, ROBUST = "automatic stop", "automatic stop, robust scaling"
# What the automatic stop is held against: one seed where labels say it is best, and the most usual rival.
PEEKS, RIVAL = "one seed at its best moment (peeks)", "kNN (5)"


@dataclass(frozen=True)
class Found:
    """AUC, mean over ``tables`` of the means over repeats: of the automatic stop, of the same with robust scaling, of
    one seed at its best moment, which needs labels, and of a rival. ``worst``: the table on which the automatic stop
    was worst, and its AUC there."""

    tables: int
    auto: float
    robust: float
    peeks: float
    rival: float
    worst: tuple[str, float]


@cache
def _tables() -> dict[str, Any]:
    tables: dict[str, Any] = json.loads(MEASURED.read_text(encoding="utf-8"))["tables"]
    return tables


@cache
def found() -> Found:
    """What was measured on all tables; raises OSError or ValueError where the file is gone or damaged."""
    tables = _tables()
    means = {
        name: {kind: sum(values) / len(values) for kind, values in one["rankings"].items()}
        for name, one in tables.items()
    }
    auto = {name: one[AUTO] for name, one in means.items()}
    worst = min(auto, key=auto.__getitem__)

    def mean(kind: str) -> float:
        return float(sum(one[kind] for one in means.values())) / len(means)

    return Found(len(tables), mean(AUTO), mean(ROBUST), mean(PEEKS), mean(RIVAL), (worst, auto[worst]))


def rankings(table: str) -> dict[str, list[float]]:
    """Of each ranking of one table the AUC of each repeat; raises KeyError for a table that was not measured."""
    found: dict[str, list[float]] = _tables()[table]["rankings"]
    return found


def auto_words(scaling: str = "minmax") -> str:
    """How good the automatic stop is on a table of that scaling, in a sentence or two for people."""
    one = found()
    if scaling == "robust":
        return f"{scaling_words()} Its figure with min-max does not hold here."
    if scaling != "minmax":
        return (
            f"It was measured on {one.tables} tables with known outliers scaled by min-max (AUC {one.auto:.2f} on "
            f"average), and not with this scaling."
        )
    name, auc = one.worst
    return (
        f"Measured on {one.tables} tables with known outliers (min-max scaled, eight seeds of SO-GAAL), it reached an "
        f"AUC of {one.auto:.2f} on average without seeing a label ({name} was worst, {auc:.2f}); one seed stopped "
        f"where labels say it is best reaches {one.peeks:.2f}, kNN {one.rival:.2f}."
    )


def scaling_words() -> str:
    """What the scaling does to the automatic stop, in one sentence for people."""
    one = found()
    guessing = ", which is worse than guessing" if one.robust < 0.5 else ""
    return (
        f"On {one.tables} tables with known outliers the automatic stop reached an AUC of {one.auto:.2f} on average "
        f"with min-max scaling, and of {one.robust:.2f} with robust scaling{guessing}."
    )


def follows(measure: str) -> float:
    """How far a measure follows the AUC along a run: Spearman's correlation over its moments, mean over all tables."""
    values = [float(one["measures"][measure]["moments"]) for one in _tables().values()]
    return sum(values) / len(values)


def volume_words() -> str:
    """How good the mass volume of a single D is, in one sentence for people."""
    return (
        f"Along a run it falls as the AUC rises, by a rank correlation of {follows('mass volume'):.2f}, the mean over "
        f"{len(_tables())} tables with known outliers: a hint, not an AUC."
    )
