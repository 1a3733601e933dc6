"""All runs as rows: those in memory and those on disk, each once; filtered, searched and sorted."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from pages import _saved, _server
from sogaal.config import FIELDS, TrainConfig
from sogaal.figures import sparkline
from sogaal.jobs import Job, JobState
from sogaal.runs.names import token_of
from sogaal.runs.record import RunRecord

ALGORITHMS = {"so-gaal": "SO-GAAL", "mo-gaal": "MO-GAAL"}


@dataclass(frozen=True)
class Row:
    """A run in a list. ``id``: its token. ``folder``: the name of its folder, empty where it is not saved.

    Of a population whose members differ in more than the seed there are no AUCs and losses but the best AUC.
    ``name``: what people called it, else its title. ``members``: how many a population has, for people ("512", or
    "40 of 512" while the others are still to come), ``kind`` what made it; both empty for a single run.
    ``fingerprint``: of the table, which tells two of one name apart.
    """

    id: str
    folder: str
    state: JobState
    name: str
    dataset: str
    algorithm: str
    config: TrainConfig
    created: datetime
    auc_stop: float | None = None
    auc_final: float | None = None
    auc_best: float | None = None
    curve: tuple[float, ...] = ()
    d_loss: float | None = None
    g_loss: float | None = None
    steps: int = 0
    seconds: float | None = None
    tags: tuple[str, ...] = ()
    note: str = ""
    title: str = ""
    members: str = ""
    kind: str = ""
    fingerprint: str = ""

    @property
    def short(self) -> str:
        """The name beside columns that say table and algorithm; its end may be cut off, so the seed stands first."""
        if self.name != self.title:
            return self.name
        rest = self.title.removeprefix(f"{self.dataset} · ").removeprefix(self.algorithm).lstrip(" ·")
        setup, _, seed = rest.rpartition(" · ")
        return f"{seed} · {setup}" if setup and not self.members else rest

    def text(self) -> str:
        """What a search looks through."""
        setup = " ".join(f"{name}={value}" for name, value in self.config.model_dump().items())
        parts = (self.name, self.title, self.dataset, self.algorithm, self.id, *self.tags, self.note, setup)
        return "\n".join(parts).casefold()


def rows(limit: int | None = None) -> list[Row]:
    """All runs, newest first, or the newest ``limit`` of them."""
    records = _saved.records()
    known = {token_of(record.id) for record in records} | _saved.deleted()
    unsaved = [of_job(job) for job in _server.registry().jobs() if job.id not in known]
    saved = [of_record(record) for record in records[:limit]]
    return sorted([*unsaved, *saved], key=lambda row: row.created, reverse=True)[:limit]


def of_record(record: RunRecord) -> Row:
    """A saved run; of one that this server trains, as it is now."""
    summary: dict[str, Any] = dict(record.summary)
    if record.population is not None and record.population.mixed:  # of older records, which hold means over set-ups
        summary |= dict.fromkeys(("auc_stop", "auc_final", "d_loss", "g_loss"))
    row = Row(
        id=token_of(record.id),
        folder=record.id,
        state=record.state,
        name=record.name or record.title,
        title=record.title,
        dataset=record.dataset.name,
        algorithm=ALGORITHMS[record.config.algorithm],
        config=record.config,
        created=record.created,
        curve=record.auc_curve,
        steps=record.step,
        tags=record.tags,
        note=record.note,
        members="" if record.population is None else record.population.counted,
        kind="" if record.population is None else record.population.kind,
        fingerprint=record.dataset.fingerprint,
        **{name: summary.get(name) for name in ("auc_stop", "auc_final", "auc_best", "d_loss", "g_loss", "seconds")},
    )
    job = _server.registry().get(row.id)
    if job is None or (job.snapshot().state == row.state and not row.state.active):
        return row
    now = of_job(job)
    live = {name: getattr(now, name) for name in ("state", "steps", "d_loss", "g_loss")}
    return replace(row, **live, curve=now.curve or row.curve)


def of_job(job: Job) -> Row:
    """A run in memory that is not saved, or not yet."""
    snapshot = job.snapshot()
    summary = {} if snapshot.result is None else snapshot.result.summary
    history = snapshot.history
    return Row(
        id=job.id,
        folder="",
        state=snapshot.state,
        name=job.title,
        title=job.title,
        dataset=job.dataset.name,
        algorithm=ALGORITHMS[job.config.algorithm],
        config=job.config,
        created=job.created,
        auc_stop=summary.get("auc_stop"),
        auc_final=summary.get("auc_final"),
        auc_best=summary.get("auc_best"),
        curve=tuple(sparkline(history.auc)) if history.has_labels else (),
        d_loss=float(history.d_loss[-1]) if history.steps else None,
        g_loss=float(history.g_loss[-1]) if history.steps else None,
        steps=snapshot.step,
        seconds=summary.get("seconds"),
        fingerprint=job.dataset.fingerprint,
    )


# -- which, and in which order -------------------------------------------------------------------------------------

ORDERS: dict[str, Callable[[Row], Any]] = {
    "newest": lambda row: row.created,
    "AUC at end": lambda row: row.auc_final,
    "AUC at stop": lambda row: row.auc_stop,
    "AUC best": lambda row: row.auc_best,
    "name": lambda row: row.name.casefold(),
    "longest": lambda row: row.seconds,
}


def chosen(
    found: Sequence[Row],
    *,
    states: Collection[JobState] = (),
    datasets: Collection[str] = (),
    algorithms: Collection[str] = (),
    tags: Collection[str] = (),
    words: str = "",
) -> list[Row]:
    """The rows that have one of each (none: any), all ``tags``, and all ``words`` somewhere.

    A word like ``seed=1`` is the number and nothing that only begins with it.
    """
    wanted = words.casefold().split()
    return [
        row
        for row in found
        if (not states or row.state in states)
        and (not datasets or row.dataset in datasets)
        and (not algorithms or row.algorithm in algorithms)
        and set(tags) <= set(row.tags)
        and (not wanted or _has(row, wanted))
    ]


def _has(row: Row, wanted: Sequence[str]) -> bool:
    text = row.text()
    return all(word in text if (same := _same_number(row.config, word)) is None else same for word in wanted)


def _same_number(config: TrainConfig, word: str) -> bool | None:
    """Whether the set-up has this number, as in ``lr_d=0.01``; None where the word does not ask for one."""
    name, _, said = word.partition("=")
    value = getattr(config, name, None) if name in FIELDS else None
    if not isinstance(value, int | float):
        return None
    try:
        return float(said) == value
    except ValueError:
        return None


def ordered(found: Sequence[Row], order: str) -> list[Row]:
    """The rows, highest first but names from A; those without a value last."""
    value = ORDERS[order]
    there = [row for row in found if value(row) is not None]
    without = [row for row in found if value(row) is None]
    return sorted(there, key=value, reverse=order != "name") + without
