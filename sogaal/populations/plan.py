"""What a population trains: set-ups times seeds, or the cells of a map times seeds."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sogaal.config import TrainConfig
from sogaal.data import Dataset
from sogaal.errors import ConfigError
from sogaal.race import Setup, varied

Kind = Literal["spread", "map"]

MOST_SEEDS = 100
MOST_MEMBERS = 20_000
# Half decades with 0, which G's exact identity is, in front.
BIASES = (0.0, 1e-6, 3e-6, 1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3, 1.0, 3.0, 10.0)
# What the second axis of a map may be, with values around the usual ones.
AXES: dict[str, tuple[Any, ...]] = {
    "lr_g": (1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2),
    "lr_d": (3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3, 1.0),
    "momentum": (0.0, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.99),
    "stop_epochs": (50, 100, 200, 333, 500, 667, 833, 1000),
}


@dataclass(frozen=True)
class Axis:
    """A hyperparameter and the values that it takes along one side of a map."""

    field: str
    values: tuple[Any, ...]


@dataclass(frozen=True)
class Plan:
    """A population to be trained: each of the ``setups`` with each of the ``seeds``, seed after seed.

    In this order a map is whole, if coarse, after the first seed. ``varies``: the fields in which the set-ups differ,
    besides the seed. ``across`` and ``up``: the sides of a map, whose cell (i, j) is set-up ``j * len(across) + i``.
    """

    kind: Kind
    dataset: Dataset
    setups: tuple[Setup, ...]
    seeds: tuple[int, ...]
    varies: tuple[str, ...]
    across: Axis | None = None
    up: Axis | None = None

    def __len__(self) -> int:
        """Runs in all."""
        return len(self.setups) * len(self.seeds)

    def member(self, number: int) -> Setup:
        """The set-up of a run, with its seed."""
        return self.setups[number % len(self.setups)].with_seed(self.seeds[number // len(self.setups)])

    def place(self, number: int) -> tuple[int, int]:
        """Which set-up, and which seed."""
        return number % len(self.setups), self.seeds[number // len(self.setups)]


def spread_plan(dataset: Dataset, setups: Sequence[Setup], field: str, seeds: int, first_seed: int = 0) -> Plan:
    """``setups``, which differ in ``field``, over ``seeds`` seeds from ``first_seed`` on."""
    return _checked(Plan("spread", dataset, tuple(setups), _seeds(seeds, first_seed), (field,)))


def map_plan(
    dataset: Dataset,
    base: TrainConfig,
    across: Axis,
    up: Axis,
    seeds: int,
    scaling: str = "minmax",
    first_seed: int = 0,
) -> Plan:
    """The grid of ``across`` by ``up`` around ``base``; raises :class:`ConfigError` for a value out of bounds."""
    if across.field == up.field:
        raise ConfigError(f"the two sides of a map must differ, got {up.field} twice.", field=up.field)
    setups = [
        Setup(f"{cell.name}, {row.name}", cell.config, scaling)
        for row in varied(base, up.field, up.values, scaling)
        for cell in varied(row.config, across.field, across.values, scaling)
    ]
    seen = (across.field, up.field)
    return _checked(Plan("map", dataset, tuple(setups), _seeds(seeds, first_seed), seen, across, up))


def _seeds(count: int, first: int) -> tuple[int, ...]:
    if not 1 <= count <= MOST_SEEDS:
        raise ConfigError(f"seeds must be 1 to {MOST_SEEDS}, got {count}.", field="seeds")
    return tuple(range(first, first + count))


def _checked(plan: Plan) -> Plan:
    if not 1 <= len(plan) <= MOST_MEMBERS:
        raise ConfigError(f"a population must have 1 to {MOST_MEMBERS:,} runs, got {len(plan):,}.", field="seeds")
    return plan
