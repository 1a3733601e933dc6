"""How far a ranking can be trusted: what other seeds make of the same table with the same set-up.

A GAN is a gamble, and a single run does not say how much of its ranking is luck. :class:`SeedCheck` trains the set-up
with more seeds in the background, by the shared pool of processes; :func:`trust_of` compares what they rank highest.
No label is used: the trainings are not even given any.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sogaal.background import Background
from sogaal.config import TrainConfig
from sogaal.data import Dataset
from sogaal.errors import ConfigError
from sogaal.labelfree import agreement, in_top, top_agreement
from sogaal.members import as_long_as_needed
from sogaal.metrics import rank
from sogaal.model import At
from sogaal.outcomes import RunOutcome
from sogaal.pool import RunPool, Runs, shared_pool
from sogaal.scaling import Scaler
from sogaal.seeding import member_seeds

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]

SEEDS = 8
# From these mean overlaps on the top counts as repeatable, and as partly so.
REPEATABLE, PARTLY = 0.8, 0.5
# What goes with a verdict that sounds good: seeds agree on upside-down rankings too.
CAVEAT = "which does not say right"


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


class SeedCheck(Background):
    """A set-up trained with more seeds. All methods may be called from any thread.

    ``logits`` (n,): of the ranking that is to be judged, by D "at" the stop or the end. The other ``count`` - 1 seeds
    follow from its own as an ensemble's do; each is trained as long as its score needs. ``pool``: None = the shared
    one. Raises :class:`ConfigError` for a ``count`` under 2.
    """

    def __init__(
        self,
        dataset: Dataset,
        config: TrainConfig,
        scaling: str,
        logits: npt.NDArray[np.floating[Any]],
        at: At,
        count: int = SEEDS,
        pool: RunPool | None = None,
    ) -> None:
        if count < 2:
            raise ConfigError(f"seeds must be at least 2, got {count!r}.", field="seeds")
        super().__init__("sogaal-seeds")
        alone = as_long_as_needed(config.replace(score_at=at, device="cpu"))
        self.at = at
        self.count = count
        # Those of an automatic stop come after the seeds that play in the run itself: no ranking shares one with it.
        own = config.auto_seeds if config.automatic else 1
        self._seeds = [config.seed, *member_seeds(config.seed, own + count - 1)[own:]]
        self._configs = [alone.replace(seed=seed) for seed in self._seeds[1:]]
        self._dataset, self._scaling, self._pool = dataset, scaling, pool
        self._found: dict[int, npt.NDArray[np.floating[Any]]] = {0: logits}
        self._failed: list[RunOutcome] = []
        self._runs: Runs | None = None

    @property
    def done(self) -> int:
        """How many seeds have come to an end, the first included."""
        return len(self._found) + len(self._failed)

    @property
    def failed(self) -> list[str]:
        """What became of the seeds that have no ranking, a sentence each."""
        return [f"seed {one.config.seed}: {one.diverged or one.failed}" for one in self._failed]

    def trust(self, top: int) -> Trust:
        """What the seeds agree on in their ``top``; raises as :func:`trust_of`."""
        found = dict(self._found)
        places = sorted(found)
        return trust_of([found[place] for place in places], [self._seeds[place] for place in places], top)

    def _interrupt(self) -> None:
        if self._runs is not None:
            self._runs.cancel()

    def _work(self) -> str:
        self._train()
        if len(self._found) < 2:
            return f"No other seed came to its end: {'; '.join(self.failed)}"
        return ""

    def _train(self) -> None:
        data = self._dataset
        X = Scaler.fit(data.X, self._scaling, data.feature_names).transform(data.X)
        with self._lock:
            if self._cancelled.is_set():
                return
            self._runs = runs = (self._pool or shared_pool()).run(X, self._configs, keep=("logits",))
        with runs:
            for outcome in runs:
                logits = outcome.logits_stop if self.at == "stop" else outcome.logits_end
                if outcome.ok and logits is not None:
                    self._found[outcome.index + 1] = logits
                else:
                    self._failed.append(outcome)
