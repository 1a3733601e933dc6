"""What a sweep without labels is held against: the preset auto on the same table, by the same measure.

A value such as a likeness of .24 says nothing by itself. The preset auto needs no search, and its seeds together
are trained in less time than most sweeps take, so it is the baseline that a search has to beat.
"""

import math
from dataclasses import replace

from sogaal.background import Background
from sogaal.config import AUTO_SEEDS, make_config
from sogaal.data import Dataset
from sogaal.pool import RunPool, Runs, shared_pool
from sogaal.scaling import Scaler
from sogaal.spelling import number_word
from sogaal.sweep.objectives import Judged, Unmeasured
from sogaal.sweep.spec import Spec

PRESET = "auto"


def comparable(spec: Spec) -> bool:
    """Whether the preset auto can be measured by the sweep's objective: it judges one ranking, and takes no labels."""
    return spec.objective.of_one_ranking and not spec.objective.labels


class Untuned(Background):
    """The preset auto with the first seed of a sweep, in the background. All methods may be called from any thread.

    ``value``: what the sweep's objective says of the ranking of its seeds together, None before the end. The preset is
    trained on the table scaled by min-max, as it comes; the objective sees the table as the sweep's trials do.
    ``pool``: None = the shared one. Only for a :func:`comparable` ``spec``.
    """

    def __init__(self, dataset: Dataset, spec: Spec, pool: RunPool | None = None) -> None:
        super().__init__("sogaal-untuned")
        self.value: float | None = None
        self._dataset, self._spec, self._pool = dataset, spec, pool
        self._runs: Runs | None = None

    def _interrupt(self) -> None:
        if self._runs is not None:
            self._runs.cancel()

    def _work(self) -> str:
        data, spec = self._dataset, self._spec
        X = Scaler.fit(data.X, "minmax", data.feature_names).transform(data.X)
        config = make_config(PRESET, seed=spec.base.seed)
        with self._lock:
            if self._cancelled.is_set():
                return ""
            self._runs = runs = (self._pool or shared_pool()).run(X, [config], keep=("logits",))
        with runs:
            outcome = next(iter(runs), None)
        if outcome is None:
            return ""
        if not outcome.ok:
            return outcome.diverged or outcome.failed or "The preset auto came to no end."
        seen = X if spec.scaling == "minmax" else Scaler.fit(data.X, spec.scaling, data.feature_names).transform(data.X)
        try:
            value = spec.objective.measure(replace(Judged((), seen, None), outcomes=[outcome]))
        except Unmeasured as error:
            return str(error)
        if not math.isfinite(value):
            return f"{spec.objective.title} is not finite."
        self.value = value
        return ""


def untuned_words(spec: Spec, best: float, untuned: float) -> str:
    """The best trial beside the preset auto, in a sentence for people."""
    seeds = f"{number_word(AUTO_SEEDS)} seeds"
    if spec.objective.better(best, untuned):
        return f"Untuned Auto has {untuned:.4f}, {seeds} together: the best trial is above it."
    return (
        f"Untuned Auto has {untuned:.4f}, {seeds} together, and needs no search: by its own measure this one has "
        "found nothing better."
    )
