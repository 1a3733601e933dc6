"""Many runs that belong together, as the one record that they share tells of them while they are trained and after."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from sogaal.config import TrainConfig
from sogaal.data import Dataset
from sogaal.errors import ConfigError, RunError
from sogaal.runs.folder import MEMBERS
from sogaal.runs.populations import (
    SCALING,
    Member,
    Outcome,
    failures,
    member_of,
    members_csv,
    numbers_of,
    varied_fields,
)
from sogaal.runs.record import Population
from sogaal.runs.saved import RunSetup, SavedRun
from sogaal.runs.summary import run_summary
from sogaal.scaling import Scaler
from sogaal.snapshots import JobState


@dataclass(frozen=True)
class Planned:
    """Members that are not known beforehand: ``count`` of them are to be trained, which differ in ``varied``."""

    count: int
    varied: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Group:
    """Runs on one table that are to be trained, or were.

    ``config``, ``scaler``: what they share; a member is described by what it has other. ``configs``: of all members.
    ``kind``: "race", "map", ... ``title``: short, for people. ``scalings``: methods by the members' indices, where
    they are not all the scaler's. ``planned``: where the members are not known beforehand, and ``configs`` holds but
    what they share. Raises :class:`ConfigError` for no members.
    """

    dataset: Dataset
    config: TrainConfig
    scaler: Scaler
    configs: Sequence[TrainConfig]
    kind: str
    title: str
    scalings: Mapping[int, str] = field(default_factory=dict)
    planned: "Planned | None" = None

    def __post_init__(self) -> None:
        if not self.configs:
            raise ConfigError("a population must have at least one run, got none.", field="configs")

    @cached_property
    def varied(self) -> tuple[str, ...]:
        """In what the members differ."""
        if self.planned is not None:
            return self.planned.varied
        differing = varied_fields(self.config, self.configs)
        return differing + ((SCALING,) if set(self.scalings.values()) - {self.scaler.method} else ())

    @cached_property
    def total_steps(self) -> int:
        """Steps of all members together."""
        if self.planned is not None:
            return self.planned.count * self.config.total_steps(self.dataset.n)
        return sum(config.total_steps(self.dataset.n) for config in self.configs)

    @property
    def _planned(self) -> int:
        return len(self.configs) if self.planned is None else self.planned.count

    def member(self, outcome: Outcome, state: JobState | None = None) -> Member:
        """What to remember of one; ``state``: where it had not come to its end."""
        return member_of(outcome, self.varied, self.scalings, state)

    def csv(self, members: Sequence[Member]) -> bytes:
        """The content of ``members.csv``."""
        return members_csv(self.varied, members)

    def so_far(
        self, members: Sequence[Member], run: str, numbers: Mapping[str, Any] | None = None, whole: bool = False
    ) -> dict[str, Any]:
        """What the record ``run`` says of the members that there are: steps and seconds of all, the best AUC, and,
        where they differ in the seed alone, means of the others; all that where ``numbers`` says nothing else.
        ``whole``: there will be no more, however many were planned."""
        known = self.planned is not None and (whole or len(members) > self.planned.count)
        population = Population(self.kind, len(members), self.varied, len(members) if known else self._planned)
        found = numbers_of(members, means=not population.mixed) | dict(numbers or {})
        return {
            "step": found["steps"],
            "total_steps": found["steps"] if known else max(self.total_steps, found["steps"]),
            "summary": run_summary(self.dataset, self.config, self.scaler, 0, found, run=run),
            "population": population,
        }


def ended(members: Sequence[Member], state: JobState | None, message: str) -> dict[str, Any]:
    """What the record says of the end; ``state``: None: completed, or failed where no member completed."""
    completed = any(member.state == JobState.COMPLETED for member in members)
    return {
        "state": state or (JobState.COMPLETED if completed else JobState.FAILED),
        "ended": datetime.now(UTC),
        "message": " ".join(part for part in (message, failures(members)) if part),
    }


def member_setup(run: SavedRun, index: int) -> RunSetup:
    """What a member of a population needs to be trained again; it ends as it did, since seeds decide everything.

    Raises :class:`RunError` for a member that is not there, or a table that is gone.
    """
    members = run.members()
    member = next((member for member in members if member.index == index), None)
    if member is None:
        raise RunError(f"{run.id}: index must be that of one of the {len(members)} members, got {index}.")
    try:
        config = member.config(run.config)
    except ConfigError as error:
        raise RunError(f"{run.folder / MEMBERS}: member {index}: {error}") from None
    setup = run.setup()
    scaler, method = setup.scaler, member.scaling(setup.scaling)
    if method != scaler.method:
        scaler = Scaler.fit(setup.dataset.X, method, setup.dataset.feature_names)
    return replace(setup, config=config, scaler=scaler, title=f"{setup.title}, member {index}", parent=run.id)
