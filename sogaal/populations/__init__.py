"""Populations: the same set-ups over many seeds, and maps of two hyperparameters, trained by a pool of processes."""

from sogaal.populations.cells import Cell, Spread, cells, spread_of
from sogaal.populations.measured import MEASURED_SEEDS, POST_FIGURE_4_AUC, Measured, measured
from sogaal.populations.plan import AXES, BIASES, Axis, Plan, map_plan, spread_plan
from sogaal.populations.population import Member, Population, Populations, PopulationSnapshot

__all__ = [
    "AXES",
    "BIASES",
    "MEASURED_SEEDS",
    "POST_FIGURE_4_AUC",
    "Axis",
    "Cell",
    "Measured",
    "Member",
    "Plan",
    "Population",
    "PopulationSnapshot",
    "Populations",
    "Spread",
    "cells",
    "map_plan",
    "measured",
    "spread_of",
    "spread_plan",
]
