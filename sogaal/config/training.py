"""`TrainConfig`: everything that decides a training, apart from the data."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from sogaal.config.fields import FieldInfo, field, field_info, shown
from sogaal.errors import ConfigError

# The value of stop_epochs that leaves the choice to the seeds, and how long such a run goes on at most.
AUTO: Literal["auto"] = "auto"
AUTO_STEPS = 1600


class TrainConfig(BaseModel):
    """Everything that decides a training, apart from the data; frozen and checked.

    The defaults are those of the post's command line with the post's start; see :data:`PRESETS` for the paper's.
    Sources: Liu et al. 2019 (arXiv 1809.10816), the authors' Keras code, and the post's PyTorch code.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    algorithm: Literal["so-gaal", "mo-gaal"] = field(
        "so-gaal",
        "Algorithm",
        "SO-GAAL has one generator; MO-GAAL has k sub-generators, each aiming at its own level of D.",
        "game",
    )
    k: int = field(
        10,
        "Sub-generators k",
        "How many sub-generators MO-GAAL trains; SO-GAAL has one and ignores this.",
        "game",
        ge=1,
        le=100,
        step=1,
        too_low="The generated points may gather in one spot: mode collapse.",
        too_high="Each sub-generator gets few rows of a batch, and a step takes longer.",
    )
    stop_epochs: Annotated[int, Field(ge=1, le=100_000)] | Literal["auto"] = field(
        20,
        "Stop training G after (epochs)",
        "When G stops, counted as in the original: SO-GAAL's G trains one epoch more, MO-GAAL's one step more. auto: "
        "several seeds play, the run ends where D turns, and all their D's score together; no label is used.",
        "game",
        step=10,
        too_low="G has not reached the data: the potential outliers are far off and teach D little.",
        too_high="G imitates the data so well that D can tell nothing apart, or collapses.",
    )
    auto_seeds: int = field(
        8,
        "Seeds of an automatic stop",
        "How many seeds choose the stop together and score together where stop_epochs is auto; else ignored.",
        "game",
        ge=1,
        le=64,
        step=1,
        too_low="The ranking depends on the luck of the seed.",
        too_high="Takes as many times longer and gains little.",
    )
    whether_stop: Literal[0, 1] = field(
        1, "Does G stop?", "1: G stops after stop_epochs. 0: G trains to the end of the run.", "game"
    )
    max_epochs: int | None = field(
        None,
        "Epochs in all",
        f"Length of the run in epochs; empty means 3 x stop_epochs, as in the original (auto: {AUTO_STEPS:,} steps).",
        "game",
        ge=1,
        le=300_000,
        step=10,
        too_low="The run may end before G stops.",
        too_high="After G has stopped, D over-trains against points that no longer move.",
    )
    score_at: Literal["stop", "end"] = field(
        "stop", "Score with D", "Which D scores the rows: as it was when G stopped, or at the end of the run.", "game"
    )
    lr_d: float = field(
        0.01,
        "Learning rate of D",
        "Step size of the discriminator's gradient descent.",
        "learning",
        gt=0,
        le=10,
        log=True,
        too_low="D learns slowly and G meets no resistance.",
        too_high="D wins at once, or its losses jump about.",
    )
    lr_g: float = field(
        0.0001,
        "Learning rate of G",
        "Step size of the generator's gradient descent.",
        "learning",
        gt=0,
        le=10,
        log=True,
        too_low="The potential outliers hardly move before G stops.",
        too_high="G overshoots the data or collapses to a point.",
    )
    momentum: float = field(
        0.9,
        "Momentum",
        "Share of the last update that is carried into the next one.",
        "learning",
        ge=0,
        lt=1,
        step=0.05,
        too_low="Training is slow.",
        too_high="The two networks swing past each other.",
    )
    decay: float = field(
        1e-6,
        "Learning-rate decay",
        "The learning rate at optimizer step t is lr / (1 + decay t), as in Keras.",
        "learning",
        ge=0,
        le=1,
        log=True,
        too_low="The learning rate stays as it is; harmless here.",
        too_high="Training comes to a halt before G has reached the data.",
    )
    dampening: float = field(
        0.0,
        "Dampening",
        "PyTorch's dampening of the gradient from the second step on; the post passes its decay here.",
        "learning",
        ge=0,
        le=1,
        step=0.05,
        too_low="None, as in the paper.",
        too_high="At 1 only the first gradient counts and nothing is learned.",
    )
    batch_size: int = field(
        500,
        "Batch size",
        "Rows of the table in one step, and as many generated ones; never more than the table has.",
        "batches",
        ge=1,
        le=100_000,
        step=50,
        too_low="Noisy losses, many steps an epoch.",
        too_high="Few steps an epoch: G stops after few steps.",
    )
    shuffle: Literal["none", "once", "each_epoch"] = field(
        "each_epoch",
        "Shuffle the rows",
        "none: as they come; once: one order for the whole run (paper); each_epoch: a new order every epoch (post).",
        "batches",
    )
    hidden_size: int | None = field(
        None,
        "Hidden units of D",
        "Units in D's hidden layer; empty means the square root of the number of rows, rounded up.",
        "networks",
        ge=1,
        le=4096,
        step=1,
        too_low="D's boundary is too simple for the data.",
        too_high="Slower, and D may win too early.",
    )
    generator_bias: float = field(
        1e-5,
        "Generator bias at the start",
        "Constant in both of G's bias vectors before training. The post's failure is 1.",
        "networks",
        ge=-10,
        le=10,
        log=True,
        too_low="At 0 G starts as the identity (paper).",
        too_high="G starts far from the data and D wins at once.",
    )
    discriminator_bias: float = field(
        0.01,
        "Discriminator bias at the start",
        "Constant in both of D's bias vectors before training.",
        "networks",
        ge=-10,
        le=10,
        log=True,
        too_low="At 0 every hidden unit's line starts at the origin (paper).",
        too_high="All hidden units start active and D starts as a linear model.",
    )
    discriminator_init: Literal["xavier_uniform", "variance_scaling"] = field(
        "xavier_uniform",
        "Initial weights of D",
        "xavier_uniform (post), or variance_scaling: fan-in, normal cut at two standard deviations (paper).",
        "networks",
    )
    eval_every: int = field(
        1,
        "Evaluate every (epochs)",
        "Epochs between two evaluations of AUC and spread.",
        "run",
        ge=1,
        le=10_000,
        step=1,
        too_low="Every epoch, as in the original.",
        too_high="Fewer points on the AUC curve.",
    )
    seed: int = field(
        0,
        "Seed",
        "Start of all random numbers: same seed and set-up, same history.",
        "run",
        ge=0,
        le=2**32 - 1,
        step=1,
    )
    device: Literal["cpu", "cuda", "mps"] = field(
        "cpu", "Device", "Where the training runs; histories are equal bit for bit per kind of device.", "run"
    )

    @field_validator("*", mode="before")
    @classmethod
    def _plain_numbers(cls, value: Any) -> Any:
        # numpy's numbers come from grids and searches; True and False are no numbers, though Python counts them so.
        if isinstance(value, bool | np.bool_):
            raise ValueError("a truth value is not a number")
        return value.item() if isinstance(value, np.generic) else value

    @property
    def automatic(self) -> bool:
        """Whether the seeds choose the stop: the run then goes on until D turns, see :mod:`sogaal.committee`."""
        return self.stop_epochs == AUTO

    @property
    def epochs(self) -> int:
        """Length of the run in epochs: ``max_epochs``, or the original's 3 x ``stop_epochs``.

        Of an automatic stop without ``max_epochs`` it depends on the table, see :meth:`epochs_of`; this is the most.
        """
        if self.max_epochs is not None:
            return self.max_epochs
        return AUTO_STEPS if self.stop_epochs == "auto" else 3 * self.stop_epochs

    def epochs_of(self, batches: int) -> int:
        """Length of the run in epochs of so many steps; with an automatic stop it may end before."""
        if self.automatic and self.max_epochs is None:
            return -(-AUTO_STEPS // batches)
        return self.epochs

    def stop_step(self, batches: int) -> int | None:
        """The end of G's last trained epoch, in steps, of so many an epoch; None if G is not stopped.

        That is where "at stop" is evaluated, if the run gets so far.
        """
        if not self.whether_stop or self.stop_epochs == "auto":
            return None
        return (self.stop_epochs + 1) * batches

    @property
    def n_generators(self) -> int:
        """Number of (sub-)generators: k for MO-GAAL, 1 for SO-GAAL."""
        return self.k if self.algorithm == "mo-gaal" else 1

    def batches(self, n: int) -> int:
        """Batches, so steps, in an epoch over ``n`` rows; what is left over is dropped, as in the original."""
        return n // min(self.batch_size, n)

    def total_steps(self, n: int) -> int:
        """Steps of the whole run over ``n`` rows."""
        return self.epochs_of(self.batches(n)) * self.batches(n)

    def replace(self, **changes: Any) -> Self:
        """A checked copy with some values changed; raises :class:`ConfigError` that names the parameter."""
        return type(self).checked(self.model_dump() | changes)

    def changed_from(self, other: Self) -> dict[str, Any]:
        """The fields (name -> value here) in which this differs from ``other``."""
        mine, theirs = self.model_dump(), other.model_dump()
        return {name: value for name, value in mine.items() if value != theirs[name]}

    @classmethod
    def checked(cls, values: Mapping[str, Any]) -> Self:
        """Build from plain values; raises :class:`ConfigError` (parameter, rule, value) instead of pydantic's error."""
        try:
            return cls(**values)
        except ValidationError as error:
            raise _config_error(error) from None


def _config_error(error: ValidationError) -> ConfigError:
    first = error.errors()[0]
    name = str(first["loc"][0]) if first["loc"] else "config"
    if first["type"] == "extra_forbidden":
        known = ", ".join(TrainConfig.model_fields)
        return ConfigError(f"{name} is not a parameter; known are {known}.", field=name)
    return ConfigError(f"{name} must be {FIELDS[name].rule}, got {shown(first.get('input'))}.", field=name)


def _fields() -> dict[str, FieldInfo]:
    schema = TrainConfig.model_json_schema()["properties"]
    return {name: field_info(name, schema[name], info) for name, info in TrainConfig.model_fields.items()}


FIELDS: Mapping[str, FieldInfo] = _fields()
