"""How far a ranking can be trusted: what other seeds make of the same table with the same set-up.

A GAN is a gamble, and a single run does not say how much of its ranking is luck. :class:`sogaal.seed_check.SeedCheck`
trains the set-up with more seeds; :func:`trust_of` compares what they rank highest. No label is used: the trainings are
not even given any.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sogaal.config import TrainConfig
from sogaal.errors import ConfigError
from sogaal.labelfree import agreement, in_top, top_agreement
from sogaal.metrics import flag, rank

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]

SEEDS = 8
# From these mean overlaps on the top counts as repeatable, and as partly so.
REPEATABLE, PARTLY = 0.8, 0.5
# What goes with a verdict that sounds good: seeds agree on upside-down rankings too.
CAVEAT = "which does not say right"
MEANING = "It says how far luck made this top, not that its rows are outliers: seeds may agree and all be wrong."
MOST_NAMED = 8


@dataclass(frozen=True, eq=False)
class Trust:
    """What s seeds agree on; the ranking that is judged is the first one's.

    ``rows`` (top,): the numbers of its ``top`` most abnormal rows, the most abnormal first. ``counts`` (top,): in the
    top of how many seeds each is, its own included. ``median_ranks`` (top,): over the seeds, 1 = most abnormal.
    ``overlap``: the share of one seed's top that is in another's, mean over all pairs; ``chance``: what it would be
    for rankings that have nothing to do with each other. ``correlation``: Spearman's, of all rows, mean over all pairs;
    a ranking without any order counts as 0. ``missed``: rows in the top of more than half of the seeds, but not in
    ``rows``. A row counts as in a seed's top if at most ``top`` rows are as abnormal as it or more so: a D that gives
    many rows the same verdict has no top.
    """

    seeds: tuple[int, ...]
    n: int
    top: int
    rows: IntArray
    counts: IntArray
    median_ranks: npt.NDArray[np.float64]
    overlap: float
    chance: float
    correlation: float
    missed: IntArray

    @property
    def one_seed(self) -> IntArray:
        """The rows that owe their place to the first seed alone: no other has them in its top."""
        return self.rows[self.counts <= 1]

    @property
    def verdict(self) -> str:
        """A few words, which are about repetition alone and say so."""
        if self.overlap >= REPEATABLE:
            return f"Repeatable, {CAVEAT}"
        return f"Partly repeatable, {CAVEAT}" if self.overlap >= PARTLY else "Mostly the luck of the seed"


def unit_of(config: TrainConfig) -> str:
    """What is asked several times: a "seed", or a "group" of seeds where several play in one run."""
    return "group" if config.automatic and config.auto_seeds > 1 else "seed"


def trust_of(logits: Sequence[npt.NDArray[np.floating[Any]]], seeds: Sequence[int], top: int) -> Trust:
    """Compare the rankings of s >= 2 seeds, each logits (n,) of the same rows, lower = more abnormal.

    ``top``: from 1 to n. Raises :class:`ConfigError` for another, or for fewer seeds.
    """
    if len(logits) < 2:
        raise ConfigError(f"seeds must be at least 2 that came to their end, got {len(logits)}.", field="seeds")
    n = len(logits[0])
    if not 1 <= top <= n:
        raise ConfigError(f"top must be from 1 to the {n:,} rows of the table, got {top!r}.", field="top")
    rankings = np.stack(logits)
    counts, rows = in_top(rankings, top).sum(axis=0), np.argsort(logits[0], kind="stable")[:top]
    missed = np.flatnonzero(2 * counts > len(logits))
    return Trust(
        seeds=tuple(seeds),
        n=n,
        top=top,
        rows=rows,
        counts=counts[rows],
        median_ranks=np.median([rank(row)[rows] for row in logits], axis=0),
        overlap=top_agreement(rankings, top),
        chance=top / n,
        correlation=agreement(rankings),
        missed=missed[~np.isin(missed, rows)],
    )


@dataclass(frozen=True, eq=False)
class SeedRankings:
    """What several seeds rank, from which the trust in any top follows; nothing in it is to be changed.

    ``seeds`` (s,): those that came to their end, the one whose ranking is judged first. ``logits`` (s, n) float32: of
    the table's rows, lower = more abnormal. ``failed``: what became of the others, a sentence each. ``top``: how large
    the top was when they were asked, None where that is not known.
    """

    seeds: tuple[int, ...]
    logits: FloatArray
    failed: tuple[str, ...] = ()
    top: int | None = None

    def trust(self, top: int) -> Trust:
        """What they agree on in their ``top``; raises as :func:`trust_of`."""
        return trust_of([*self.logits], self.seeds, top)

    def asked(self) -> Trust:
        """What they agree on in the top that they were asked about, else in what is flagged usually."""
        return self.flagged() if self.top is None else self.trust(self.top)

    def flagged(self, share: float = 0.05) -> Trust:
        """What they agree on in what the judged one flags of ``share`` (over 0, at most 1) of the rows."""
        return self.trust(max(int(flag(self.logits[0], share).sum()), 1))


def trust_sentences(found: Trust, unit: str, ids: npt.NDArray[Any]) -> list[str]:
    """What people are told, after the verdict: plain sentences. ``unit``: of :func:`unit_of`; ``ids`` (n,)."""
    top = f"top {found.top:,}"
    told = [
        f"Two of {len(found.seeds)} {unit}s have on average {found.overlap:.0%} of their {top} in common (by chance "
        f"{found.chance:.0%}); over all rows their rankings agree to {found.correlation:.2f} (Spearman, 1 = the same "
        "order)."
    ]
    told += [MEANING] if found.overlap >= PARTLY else []
    alone = found.one_seed
    if len(alone):
        owe = "owes its" if len(alone) == 1 else "owe their"
        told.append(f"{_named('Row', alone, ids)} of this {top} {owe} place to this {unit} alone.")
    else:
        told.append(f"No row of this {top} owes its place to this {unit} alone.")
    if len(found.missed):
        told.append(f"Missing here, though in the {top} of most {unit}s: {_named('row', found.missed, ids)}.")
    return told


def _named(word: str, rows: IntArray, ids: npt.NDArray[Any]) -> str:
    """So many rows by their ids, the first few of them."""
    named = ", ".join(str(ids[row]) for row in rows[:MOST_NAMED])
    more = f" and {len(rows) - MOST_NAMED:,} more" if len(rows) > MOST_NAMED else ""
    return f"{word if len(rows) == 1 else word + 's'} {named}{more}"
