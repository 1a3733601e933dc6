"""What a population shows so far: each set-up's AUCs over its seeds, and what its diagnosis says most often."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sogaal.populations.population import Member


@dataclass(frozen=True)
class Cell:
    """A set-up of a population over the seeds that have ended.

    ``value``: the median of the AUCs, the lower one of the middle two, so that it is some seed's very AUC: that of
    ``seed``. ``low`` and ``high``: over the seeds. None without an AUC (diverged, or no labels). ``kind``, ``title``
    and ``severity``: the main finding that most seeds have, of which ``kind_seed`` is the first; ``agree``: how many.
    """

    number: int
    seeds: int
    value: float | None
    seed: int | None
    low: float | None
    high: float | None
    kind: str | None
    title: str
    severity: str
    kind_seed: int | None
    agree: int


def cells(members: Sequence[Member], count: int, at: str = "end") -> list[Cell | None]:
    """A cell for each of ``count`` set-ups, None where no seed has ended; ``at``: AUC at the "end" or at the "stop"."""
    found: list[list[Member]] = [[] for _ in range(count)]
    for member in members:
        found[member.cell].append(member)
    return [_cell(number, some, at) if some else None for number, some in enumerate(found)]


def _cell(number: int, members: list[Member], at: str) -> Cell:
    ranked = sorted((auc, member.seed) for member in members if (auc := member.auc(at)) is not None)
    value, seed = ranked[(len(ranked) - 1) // 2] if ranked else (None, None)
    by_seed = sorted(members, key=lambda member: member.seed)
    kinds = Counter(member.finding.kind for member in by_seed if member.finding is not None)
    kind, agree = kinds.most_common(1)[0] if kinds else (None, 0)
    first = next((m for m in by_seed if m.finding is not None and m.finding.kind == kind), None)
    return Cell(
        number=number,
        seeds=len(members),
        value=value,
        seed=seed,
        low=ranked[0][0] if ranked else None,
        high=ranked[-1][0] if ranked else None,
        kind=kind,
        title="" if first is None or first.finding is None else first.finding.title,
        severity="note" if first is None or first.finding is None else first.finding.severity,
        kind_seed=None if first is None else first.seed,
        agree=agree,
    )


@dataclass(frozen=True)
class Spread:
    """The AUCs of a set-up over its seeds: how many, and their quantiles."""

    count: int
    low: float
    quartile: float
    median: float
    upper: float
    high: float


def spread_of(members: Sequence[Member], cell: int, at: str = "end") -> Spread | None:
    """The spread of one set-up so far; None before the first AUC."""
    values = [auc for member in members if member.cell == cell and (auc := member.auc(at)) is not None]
    if not values:
        return None
    return Spread(len(values), *(float(q) for q in np.quantile(values, [0, 0.25, 0.5, 0.75, 1])))
