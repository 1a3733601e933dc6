"""A run as the pages show it: a job of this server, or one read from its folder. Both look the same."""

from collections.abc import Sequence
from dataclasses import dataclass

from sogaal.config import TrainConfig
from sogaal.data import Dataset
from sogaal.frames import Frame
from sogaal.jobs import Job, JobState, Snapshot
from sogaal.runs.populations import Member
from sogaal.runs.record import Population


@dataclass(frozen=True, eq=False)
class Read:
    """What a run's folder told: ``snapshot`` as a job would show it, the ``frames`` that were kept, what could not be
    read, and ``diverged``: the message of a run whose numbers left the finite range, else empty. ``population``: None
    for a single run; ``members``: those that it has so far."""

    snapshot: Snapshot
    frames: Sequence[Frame]
    problems: Sequence[str] = ()
    diverged: str = ""
    population: Population | None = None
    members: Sequence[Member] = ()


@dataclass(frozen=True, eq=False)
class Shown:
    """``id``: as in the address. ``job`` is None for a run that is only on disk, and ``read`` for one that is not.
    ``parent``: the id of the population that the run was a member of, or None.

    ``state_before``: of a job, when this was made. A page compares with it what the job is now, to see whether any
    part of what it drew in between may be out of date.
    """

    id: str
    title: str
    dataset: Dataset
    config: TrainConfig
    scaling: str
    job: Job | None = None
    read: Read | None = None
    parent: str | None = None
    state_before: JobState | None = None

    def snapshot(self) -> Snapshot:
        """The run now; one from disk does not change."""
        if self.job is not None:
            return self.job.snapshot()
        assert self.read is not None
        return self.read.snapshot

    @property
    def active(self) -> bool:
        """Whether the run still has something to do."""
        return self.snapshot().state.active

    @property
    def diverged(self) -> str:
        """The message of a run whose numbers left the finite range, else empty."""
        return self.job.diverged if self.job is not None else self.read.diverged if self.read is not None else ""

    @property
    def problems(self) -> Sequence[str]:
        """What of the run could not be read, or why it is not being saved."""
        if self.read is not None:
            return self.read.problems
        problem = self.snapshot().saving_problem
        return (problem,) if problem else ()

    @property
    def population(self) -> Population | None:
        """Which kind of population it is; None for a single run."""
        return None if self.read is None else self.read.population

    @property
    def members(self) -> Sequence[Member]:
        """The members of a population; none for a single run."""
        return () if self.read is None else self.read.members

    @property
    def frames(self) -> Sequence[Frame]:
        """Pictures of a run that has ended, in the order of their steps; at least the last one, if there is one."""
        snapshot = self.snapshot()
        if snapshot.result is not None:
            return snapshot.result.frames
        kept = () if self.read is None else self.read.frames
        return kept or (() if snapshot.frame is None else (snapshot.frame,))


def of_job(job: Job) -> Shown:
    """A job of this server."""
    state = job.snapshot().state
    return Shown(
        job.id, job.title, job.dataset, job.config, job.scaling, job=job, parent=job.parent, state_before=state
    )
