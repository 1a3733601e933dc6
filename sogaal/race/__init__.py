"""Races: set-ups that differ in one thing, trained side by side from the same seed and noise."""

from sogaal.race.acts import Acts, acts
from sogaal.race.lanes import LaneView
from sogaal.race.race import Race, Races, RaceSnapshot
from sogaal.race.setups import (
    FIELD_NAMES,
    READY,
    ReadyPair,
    Setup,
    field_title,
    parse_values,
    shown_value,
    varied,
)
from sogaal.runs.populations import SCALING

__all__ = [
    "FIELD_NAMES",
    "READY",
    "SCALING",
    "Acts",
    "LaneView",
    "Race",
    "RaceSnapshot",
    "Races",
    "ReadyPair",
    "Setup",
    "acts",
    "field_title",
    "parse_values",
    "shown_value",
    "varied",
]
