"""Sweeps: a search for good hyperparameters by many trials, each of some runs; Optuna proposes, the pool trains."""

from sogaal.sweep.objectives import OBJECTIVES, Objective, objective_of
from sogaal.sweep.search import read_sweep
from sogaal.sweep.space import VARIED, Dimension, dimension_of, range_of
from sogaal.sweep.spec import METHOD_NAMES, Spec, make_spec
from sogaal.sweep.storage import default_storage
from sogaal.sweep.sweep import KIND, Budget, Sweep, SweepSnapshot
from sogaal.sweep.trials import Trial, TrialRun, TrialState, best_of

__all__ = [
    "KIND",
    "METHOD_NAMES",
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
    "best_of",
    "default_storage",
    "dimension_of",
    "make_spec",
    "objective_of",
    "range_of",
    "read_sweep",
]
