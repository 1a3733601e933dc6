"""What a sweep is: all that decides which trials there are and how they are judged, apart from the table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self, get_args

from sogaal.config import AUTO, TrainConfig
from sogaal.data import Dataset
from sogaal.errors import ConfigError, RunError
from sogaal.members import as_long_as_needed
from sogaal.scaling import METHODS
from sogaal.seeding import member_seeds
from sogaal.spelling import same_name
from sogaal.sweep.objectives import Objective, objective_of
from sogaal.sweep.space import Dimension, checked_space, dimension_from, grid_of, plain_dimension

Method = Literal["tpe", "random", "grid"]
METHOD_NAMES: tuple[Method, ...] = get_args(Method)
MOST_SEEDS = 100
MOST_TRIALS = 100_000
FORMAT = 1


@dataclass(frozen=True)
class Spec:
    """``base``: what all trials have in common, with the first seed of each; ``seeds``: how many of them a trial trains
    (they follow from the first as an ensemble's do, so that all trials have the same ones). ``sampler_seed``: of the
    method's own random numbers. ``prune``: give up a trial after some of its seeds, where the mean of these is worse
    than the median of the trials before it was after as many. Made by :func:`make_spec`, which checks."""

    base: TrainConfig
    scaling: str
    space: tuple[Dimension, ...]
    objective_name: str
    method: Method = "tpe"
    seeds: int = 1
    sampler_seed: int = 0
    prune: bool = False

    @property
    def objective(self) -> Objective:
        """How trials are judged."""
        return objective_of(self.objective_name)

    @property
    def fields(self) -> tuple[str, ...]:
        """What varies, in the order in which it was given."""
        return tuple(one.field for one in self.space)

    @property
    def varied(self) -> tuple[str, ...]:
        """In what the members of the population differ, besides the seed."""
        follows = self.base.max_epochs is None and _length_varies(self.fields) and "max_epochs" not in self.fields
        return (*self.fields, *(("max_epochs",) if follows else ()))

    def seed_numbers(self) -> list[int]:
        """The seeds that each trial trains."""
        return member_seeds(self.base.seed, self.seeds)

    def config(self, params: Mapping[str, Any], seed: int) -> TrainConfig:
        """What a trial trains with one of its seeds; no longer than its score needs, where ``max_epochs`` is open."""
        return as_long_as_needed(self.base.replace(**params, seed=seed))

    def to_dict(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "format": FORMAT,
            "base": self.base.model_dump(),
            "scaling": self.scaling,
            "space": [plain_dimension(one) for one in self.space],
            "objective": self.objective_name,
            "method": self.method,
            "seeds": self.seeds,
            "sampler_seed": self.sampler_seed,
            "prune": self.prune,
        }

    @classmethod
    def from_dict(cls, found: Any) -> Self:
        """What :meth:`to_dict` made; raises :class:`RunError` for what is none."""
        try:
            if found["format"] != FORMAT:
                raise RunError(f"the sweep was saved in format {found['format']!r}; this sogaal knows {FORMAT}.")
            return cls(
                base=TrainConfig.checked(found["base"]),
                scaling=str(found["scaling"]),
                space=tuple(dimension_from(one) for one in found["space"]),
                objective_name=objective_of(found["objective"]).name,
                method=found["method"],
                seeds=int(found["seeds"]),
                sampler_seed=int(found["sampler_seed"]),
                prune=bool(found["prune"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            if isinstance(error, RunError):
                raise
            raise RunError(f"what is saved of the sweep is damaged ({str(error)[:200]}).") from None


def make_spec(
    dataset: Dataset,
    base: TrainConfig,
    space: Sequence[Dimension],
    objective: str,
    *,
    scaling: str = "minmax",
    method: str = "tpe",
    seeds: int = 1,
    sampler_seed: int = 0,
    prune: bool = False,
) -> Spec:
    """A checked sweep; raises :class:`ConfigError` whose ``field`` is the parameter at fault."""
    wanted = objective_of(objective)
    if wanted.labels and dataset.y is None:
        raise ConfigError(
            f"objective must be one that needs no labels, for {dataset.name} has none, got {objective!r}.",
            field="objective",
        )
    method = same_name(method, METHOD_NAMES) or method
    if method not in METHOD_NAMES:
        raise ConfigError(f"method must be one of {', '.join(METHOD_NAMES)}, got {method!r}.", field="method")
    if scaling not in METHODS:
        raise ConfigError(f"scaling must be one of {', '.join(METHODS)}, got {scaling!r}.", field="scaling")
    if not wanted.least_seeds <= seeds <= MOST_SEEDS:
        raise ConfigError(
            f"seeds must be {wanted.least_seeds} to {MOST_SEEDS} for {wanted.title}, got {seeds}.", field="seeds"
        )
    if not 0 <= sampler_seed < 2**32:
        raise ConfigError(f"sampler_seed must be from 0 to {2**32 - 1}, got {sampler_seed}.", field="sampler_seed")
    if prune and seeds <= wanted.least_seeds:
        raise ConfigError(
            f"prune gives up a trial between two of its seeds: for {wanted.title} it needs seeds of at least "
            f"{wanted.least_seeds + 1}, got {seeds}.",
            field="prune",
        )
    base = base.replace(device="cpu")
    if wanted.at is not None:
        if any(one.field == "score_at" for one in space):
            raise ConfigError(f"score_at cannot be varied: {wanted.title} is about one moment.", field="score_at")
        base = base.replace(score_at=wanted.at)
    checked = checked_space(space, base)
    _check_stop(base, checked)
    if not _length_varies([one.field for one in checked]):
        base = as_long_as_needed(base)
    spec = Spec(base, scaling, checked, wanted.name, method, seeds, sampler_seed, prune)
    if method == "grid":
        grid_of(checked)  # says if there are too many points
    return spec


def _check_stop(base: TrainConfig, space: Sequence[Dimension]) -> None:
    """An automatic run has D's of several seeds, and a trial's seeds are its own."""
    varied = [one for one in space if one.field == "stop_epochs"]
    if (base.automatic and not varied) or any(AUTO in one.values for one in varied):
        raise ConfigError(f"stop_epochs must be a number in a sweep, got {AUTO!r}.", field="stop_epochs")


def _length_varies(fields: Sequence[str]) -> bool:
    """Whether trials may differ in how long a run its score needs."""
    return not set(fields).isdisjoint(("stop_epochs", "max_epochs", "whether_stop", "score_at"))


def checked_budget(method: str, trials: int | None, seconds: float | None) -> None:
    """Raises :class:`ConfigError` that names "trials" or "seconds" for bad ones, or where the sweep would not end."""
    if trials is None and seconds is None and method != "grid":
        raise ConfigError(f"trials or seconds must say when a sweep by {method} ends, got neither.", field="trials")
    if trials is not None and not 1 <= trials <= MOST_TRIALS:
        raise ConfigError(f"trials must be 1 to {MOST_TRIALS:,}, got {trials}.", field="trials")
    if seconds is not None and not 0 < seconds < float("inf"):
        raise ConfigError(f"seconds must be over 0, got {seconds:g}.", field="seconds")
