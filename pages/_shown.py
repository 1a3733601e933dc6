"""A run as the pages show it: a job of this server, or one read from its folder. Both look the same."""

from dataclasses import dataclass

from sogaal.config import TrainConfig
from sogaal.data import Dataset
from sogaal.jobs import Job, Snapshot


@dataclass(frozen=True, eq=False)
class Shown:
    """``id``: as in the address. ``job``: None for a run that is only on disk, whose ``snapshot`` is then ``read``.

    ``diverged``: the message of a run whose numbers left the finite range, else empty.
    """

    id: str
    title: str
    dataset: Dataset
    config: TrainConfig
    scaling: str
    diverged: str = ""
    job: Job | None = None
    read: Snapshot | None = None

    def snapshot(self) -> Snapshot:
        """The run now; one from disk does not change."""
        found = self.read if self.job is None else self.job.snapshot()
        assert found is not None
        return found

    @property
    def active(self) -> bool:
        """Whether the run still has something to do."""
        return self.snapshot().state.active


def of_job(job: Job) -> Shown:
    """A job of this server."""
    return Shown(job.id, job.title, job.dataset, job.config, job.scaling, job.diverged, job=job)
