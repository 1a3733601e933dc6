"""Named sets of values: the post's, the paper's, and the one for tables without labels."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sogaal.config.training import AUTO, TrainConfig
from sogaal.errors import ConfigError
from sogaal.spelling import near_name, number_word, same_name


@dataclass(frozen=True)
class Preset:
    """A named set of values. ``values`` holds every field that the preset fixes; the others keep their defaults."""

    name: str
    title: str
    description: str
    values: Mapping[str, Any]


_PAPER_START: dict[str, Any] = {
    "discriminator_init": "variance_scaling",
    "discriminator_bias": 0.0,
    "generator_bias": 0.0,
    "shuffle": "once",
    "decay": 1e-6,
    "dampening": 0.0,
    "score_at": "end",
}
_POST_START: dict[str, Any] = {
    "discriminator_init": "xavier_uniform",
    "discriminator_bias": 0.01,
    "generator_bias": 1e-5,
    "shuffle": "each_epoch",
    "decay": 0.0,
    "dampening": 1e-6,
    "score_at": "end",
}

# Those that play in the preset auto.
AUTO_SEEDS = 8

# The estimators' own start; with it the automatic stop was measured (docs/labelfree.md).
_AUTO_START: dict[str, Any] = _POST_START | {"algorithm": "so-gaal", "decay": 1e-6, "dampening": 0.0}

# The authors' stop_epochs for SO-GAAL and MO-GAAL, from the README of their code.
AUTHORS_STOP_EPOCHS: Mapping[str, tuple[int, int]] = {
    "onecluster": (1000, 1500),
    "annthyroid": (22, 22),
    "arrhythmia": (70, 70),
    "ionosphere": (100, 300),
    "pageblocks": (28, 40),
    "pendigits": (6, 9),
    "pima": (200, 250),
    "shuttle": (90, 120),
    "spambase": (40, 40),
    "stamps": (200, 200),
    "waveform": (10, 30),
    "wdbc": (200, 200),
}


def _presets() -> dict[str, Preset]:
    found = [
        Preset("post", "Post", "The post's PyTorch set-up, its Figure 5: generator bias 1e-5. It learns.",
               _POST_START | {"stop_epochs": 1000}),
        Preset("post_bias_one", "Bias 1", "The post's failure, its Figure 4: the same with generator bias 1.",
               _POST_START | {"stop_epochs": 1000, "generator_bias": 1.0}),
        Preset("paper", "Paper", "The authors' Keras code: its start, one order of the rows, decay.",
               _PAPER_START | {"stop_epochs": 1000}),
        Preset("auto", "Auto", "For a table without labels, nothing to tune: "
               f"{number_word(AUTO_SEEDS)} seeds choose the stop together and score together.",
               _AUTO_START | {"stop_epochs": AUTO, "auto_seeds": AUTO_SEEDS}),
    ]  # fmt: skip
    for table, (so, mo) in AUTHORS_STOP_EPOCHS.items():
        for algorithm, stop_epochs in (("so-gaal", so), ("mo-gaal", mo)):
            short = algorithm[:2]
            found.append(
                Preset(
                    f"paper_{table}_{short}",
                    f"Paper, {table}, {algorithm.upper()}",
                    f"The authors' setting for {algorithm.upper()} on {table}: stop_epochs {stop_epochs}.",
                    _PAPER_START | {"algorithm": algorithm, "stop_epochs": stop_epochs},
                )
            )
    return {preset.name: preset for preset in found}


PRESETS: Mapping[str, Preset] = _presets()
# Those that show one game, whatever the table, and with the one for tables of one's own before them, all main ones.
GAME_PRESETS = ("post", "post_bias_one", "paper")
MAIN_PRESETS = ("auto", *GAME_PRESETS)


def make_config(preset: str | None = None, **values: Any) -> TrainConfig:
    """The configuration of a preset (or the defaults) with ``values`` on top.

    ``preset``: a name of :data:`PRESETS`, in any case. Raises :class:`ConfigError` whose ``field`` is the parameter at
    fault (``"preset"`` for an unknown preset).
    """
    if preset is None:
        return TrainConfig.checked(values)
    known = same_name(preset, PRESETS)
    if known is None:
        near = near_name(preset, PRESETS)
        meant = f"; did you mean {near!r}?" if near else "."
        raise ConfigError(f"preset must be one of {', '.join(PRESETS)}, got {preset!r}{meant}", field="preset")
    return TrainConfig.checked(dict(PRESETS[known].values) | values)
