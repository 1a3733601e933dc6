"""One description of a training: the source of the estimators' parameters, the flags, the form and the record.

Every value that decides what a training does is a field of :class:`TrainConfig`, with its bounds and the words that
explain it. Whoever needs a form, a flag or a record derives it from :data:`FIELDS`.
"""

from sogaal.config.fields import FieldInfo, Group
from sogaal.config.presets import (
    AUTHORS_STOP_EPOCHS,
    AUTO_SEEDS,
    GAME_PRESETS,
    MAIN_PRESETS,
    PRESETS,
    Preset,
    make_config,
)
from sogaal.config.training import AUTO, AUTO_STEPS, FIELDS, TrainConfig

__all__ = [
    "AUTHORS_STOP_EPOCHS",
    "AUTO",
    "AUTO_SEEDS",
    "AUTO_STEPS",
    "FIELDS",
    "GAME_PRESETS",
    "MAIN_PRESETS",
    "PRESETS",
    "FieldInfo",
    "Group",
    "Preset",
    "TrainConfig",
    "make_config",
]
