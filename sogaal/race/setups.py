"""Set-ups that are compared: what differs, as people type it, and pairs that are ready."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sogaal.config import FIELDS, TrainConfig, make_config
from sogaal.errors import ConfigError
from sogaal.runs.populations import SCALING
from sogaal.scaling import METHODS

FEWEST, MOST = 2, 4
# Noise and start must be the same for all, and so must the kind of machine.
SAME_FOR_ALL = ("seed", "device", "eval_every")
FIELD_NAMES: tuple[str, ...] = (*(name for name in FIELDS if name not in SAME_FOR_ALL), SCALING)


@dataclass(frozen=True)
class Setup:
    """One of the set-ups that are compared. ``name``: what tells it from the others; ``scaling``: of the columns."""

    name: str
    config: TrainConfig
    scaling: str = "minmax"

    def with_seed(self, seed: int) -> "Setup":
        """The same with another seed."""
        return Setup(self.name, self.config.replace(seed=seed), self.scaling)


def field_title(name: str) -> str:
    """A field that may differ, as people call it."""
    return "Scaling of the columns" if name == SCALING else FIELDS[name].title


def shown_value(value: Any) -> str:
    """A value as short as it can be typed: 1e-5, not 1e-05."""
    if value is None:
        return "none"
    if not isinstance(value, float):
        return str(value)
    text = f"{value:.12g}"
    if 0 < abs(value) < 1e-3:
        mantissa, exponent = f"{value:.11e}".split("e")
        text = f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"
    return text.replace("e+0", "e")


def parse_values(name: str, text: str) -> list[Any]:
    """The values in ``text``, separated by commas, of the field ``name``; not yet checked against its bounds.

    Raises :class:`ConfigError` that names the field.
    """
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not FEWEST <= len(parts) <= MOST:
        raise ConfigError(
            f"{name} must have {FEWEST} to {MOST} values, separated by commas, got {len(parts)}.", field=name
        )
    if name == SCALING:
        return parts
    if name not in FIELDS:
        raise ConfigError(f"{name} is not a parameter; known are {', '.join(FIELD_NAMES)}.", field=name)
    return [FIELDS[name].parse(part) for part in parts]


def varied(base: TrainConfig, name: str, values: Sequence[Any], scaling: str = "minmax") -> list[Setup]:
    """``base`` with the field ``name`` at each of the ``values``; all else, the seed too, is the same.

    Raises :class:`ConfigError` that names the field for a value out of its bounds, and for two that are the same.
    """
    if name in SAME_FOR_ALL or name not in FIELD_NAMES:
        raise ConfigError(f"what differs must be one of {', '.join(FIELD_NAMES)}, got {name!r}.", field=name)
    setups = []
    for value in values:
        if name == SCALING:
            if value not in METHODS:
                raise ConfigError(f"scaling must be one of {', '.join(METHODS)}, got {value!r}.", field=name)
            setups.append(Setup(f"scaling {value}", base, value))
        else:
            config = base.replace(**{name: value})
            setups.append(Setup(_name(name, getattr(config, name)), config, scaling))
    if len({(setup.config, setup.scaling) for setup in setups}) < len(setups):
        raise ConfigError(f"{name} must have different values, got the same one twice.", field=name)
    return setups


def _name(name: str, value: Any) -> str:
    if name == "algorithm":
        return str(value).upper()
    return f"{FIELDS[name].title} {shown_value(value)}"


@dataclass(frozen=True)
class ReadyPair:
    """Two set-ups whose difference teaches something.

    ``texts``: the values of the field ``differs`` as they are typed. ``changes``: what all of them change in
    the ``preset``. ``watch``: what to look at. What is said there was seen on each of the seeds 0 to 7.
    """

    name: str
    title: str
    watch: str
    dataset: str
    preset: str
    differs: str
    texts: tuple[str, ...]
    changes: Mapping[str, Any] = field(default_factory=dict)

    def setups(self, seed: int = 0) -> list[Setup]:
        """The set-ups with that seed."""
        base = make_config(self.preset, **(dict(self.changes) | {"seed": seed}))
        return varied(base, self.differs, parse_values(self.differs, ", ".join(self.texts)))


_PAIRS = (
    ReadyPair(
        "bias",
        "Generator bias: 1e-5 or 1",
        "Same noise, same start of D. With bias 1 the green dots start two units away, and D wins at once: G's loss "
        "jumps. G still arrives, and at step 1,000 the AUC is high. The ranking falls only after G has stopped.",
        "onecluster",
        "post",
        "generator_bias",
        ("1e-5", "1"),
    ),
    ReadyPair(
        "late",
        "Stop G at the right time, or too late",
        "Both learn the same until the first G stops. The other trains on: its dots crowd together and wander past the "
        "data, D turns after them, and the AUC falls while both losses swing about ln 2.",
        "onecluster",
        "post",
        "stop_epochs",
        ("300", "2000"),
        {"max_epochs": 3000},
    ),
    ReadyPair(
        "lr_d",
        "D learns too fast",
        "With a learning rate ten times larger D runs ahead and drags G across the data and past it: the AUC is "
        "lost before G stops.",
        "onecluster",
        "post",
        "lr_d",
        ("0.01", "0.1"),
    ),
    ReadyPair(
        "lr_g",
        "G learns too fast",
        "With a learning rate a hundred times larger the dots leap onto a spot or a line and overshoot: D sees no "
        "ring of potential outliers around the data any more.",
        "onecluster",
        "post",
        "lr_g",
        ("0.0001", "0.01"),
    ),
    ReadyPair(
        "collapse",
        "Mode collapse: one generator or ten",
        "G's learning rate is .002. SO-GAAL's dots gather in one spot or on a line, and D learns nothing of all other "
        "places. MO-GAAL's ten sub-generators aim at graded levels of D and stay apart: D ranks better, in some seeds "
        "not well.",
        "onecluster",
        "post",
        "algorithm",
        ("so-gaal", "mo-gaal"),
        {"lr_g": 0.002},  # the course's tour has measured it; with 1e-4 nothing collapses
    ),
    ReadyPair(
        "scaling",
        "Scaled or unscaled columns",
        "G's noise fills the cube from 0 to 1. Columns in the thousands lie far outside it, and G never gets there.",
        "wine",
        "paper",
        SCALING,
        ("minmax", "none"),
        {"stop_epochs": 200, "max_epochs": 300},
    ),
)
READY: Mapping[str, ReadyPair] = {pair.name: pair for pair in _PAIRS}
