"""Sweeps: a search for good hyperparameters by many trials, each of some runs; Optuna proposes, the pool trains."""

from sogaal.sweep.importances import FEWEST, importances
from sogaal.sweep.objectives import CHOSEN_WITH_LABELS, OBJECTIVES, Objective, default_objective, objective_of
from sogaal.sweep.search import read_sweep
from sogaal.sweep.space import VARIED, Dimension, dimension_of, range_of, suggested
from sogaal.sweep.spec import MOST_SEEDS, MOST_TRIALS, Spec, checked_budget, make_spec
from sogaal.sweep.storage import default_storage
from sogaal.sweep.sweep import Budget, Sweep, SweepSnapshot
from sogaal.sweep.trials import Trial, TrialRun, TrialState, best_of, counted
from sogaal.sweep.untuned import Untuned, comparable, untuned_words

__all__ = [
    "CHOSEN_WITH_LABELS",
    "FEWEST",
    "MOST_SEEDS",
    "MOST_TRIALS",
    "OBJECTIVES",
    "VARIED",
    "Budget",
    "Dimension",
    "Objective",
    "Spec",
    "Sweep",
    "SweepSnapshot",
    "Trial",
    "TrialRun",
    "TrialState",
    "Untuned",
    "best_of",
    "checked_budget",
    "comparable",
    "counted",
    "default_objective",
    "default_storage",
    "dimension_of",
    "importances",
    "make_spec",
    "objective_of",
    "range_of",
    "read_sweep",
    "suggested",
    "untuned_words",
]
