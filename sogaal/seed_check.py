"""Asking more seeds how far a ranking can be trusted: they are trained in the background, by the shared pool."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from sogaal.background import Background
from sogaal.config import TrainConfig
from sogaal.data import Dataset
from sogaal.errors import ConfigError, DataError, RunError
from sogaal.members import as_long_as_needed
from sogaal.model import At
from sogaal.outcomes import RunOutcome
from sogaal.pool import RunPool, Runs, shared_pool
from sogaal.scaling import Scaler
from sogaal.seeding import member_seeds
from sogaal.trust import SEEDS, SeedRankings, Trust


class SeedCheck(Background):
    """A set-up trained with more seeds. All methods may be called from any thread.

    ``logits`` (n,): of the ranking that is to be judged, by D "at" the stop or the end. The other ``count`` - 1 seeds
    follow from its own as an ensemble's do; each is trained as long as its score needs. ``pool``: None = the shared
    one. ``keep``: is given the rankings at the end, in the thread of this; where it raises :class:`RunError` or
    :class:`DataError`, ``not_kept`` says why. Raises :class:`ConfigError` for a ``count`` under 2.
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
        keep: Callable[[SeedRankings], object] | None = None,
    ) -> None:
        if count < 2:
            raise ConfigError(f"seeds must be at least 2, got {count!r}.", field="seeds")
        super().__init__("sogaal-seeds")
        alone = as_long_as_needed(config.replace(score_at=at, device="cpu"))
        self.at = at
        self.count = count
        self.not_kept = ""
        self._keep = keep
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

    @property
    def found(self) -> SeedRankings:
        """What the seeds that have a ranking so far rank, the judged one first."""
        found = dict(self._found)
        places = sorted(found)
        logits = np.stack([found[place] for place in places]).astype(np.float32, copy=False)
        return SeedRankings(tuple(self._seeds[place] for place in places), logits, tuple(self.failed))

    def trust(self, top: int) -> Trust:
        """What the seeds agree on in their ``top``; raises as :func:`sogaal.trust.trust_of`."""
        return self.found.trust(top)

    def _interrupt(self) -> None:
        if self._runs is not None:
            self._runs.cancel()

    def _work(self) -> str:
        self._train()
        if len(self._found) < 2:
            return f"No other seed came to its end: {'; '.join(self.failed)}"
        if self._keep is not None and not self._cancelled.is_set():
            try:
                self._keep(self.found)
            except (RunError, DataError) as error:
                self.not_kept = str(error)
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
