"""What the comparison reads of each run: set-up, history, verdict; and which runs differ by their seed alone."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pages import _run_rows, _running, _saved
from pages._run_rows import Row
from pages._tables import apart
from sogaal import figures
from sogaal.config import FIELDS, TrainConfig
from sogaal.data import Dataset
from sogaal.exports.history import Times
from sogaal.history import HistoryView
from sogaal.jobs import JobResult, JobState

# So many runs stand in the picker; older ones are chosen on the page of all runs.
MOST_OFFERED = 200
MOST_BY_DEFAULT = 4


@dataclass(frozen=True, eq=False)
class Read:
    """A run as it was read at one moment. ``times``: None where nobody asked, or nobody measured them. ``summary``:
    empty until the run has ended."""

    id: str
    title: str
    state: JobState
    dataset: Dataset
    config: TrainConfig
    scaling: str
    history: HistoryView
    times: Times | None
    summary: Mapping[str, Any]
    result: JobResult | None

    @property
    def group(self) -> str:
        """The same for runs that differ by their seed alone."""
        setup = self.config.model_dump(exclude={"seed", "device"})
        return json.dumps([self.dataset.fingerprint, self.scaling, setup], sort_keys=True)


def runs(chosen: Sequence[str] = ()) -> dict[str, Row]:
    """Runs that can be compared, newest first: the newest ones that have steps, and those that are ``chosen``."""
    found = [row for row in _run_rows.rows() if row.steps and not row.members]
    kept = set(chosen)
    return {row.id: row for place, row in enumerate(found) if place < MOST_OFFERED or row.id in kept}


def newest(rows: Sequence[Row]) -> list[str]:
    """What is worth comparing unless somebody says otherwise: the newest runs of one table."""
    return [row.id for row in rows if row.fingerprint == rows[0].fingerprint][:MOST_BY_DEFAULT]


def choice(row: Row) -> str:
    """A run in the narrow picker: its title from the back, because the ends tell runs apart."""
    name = row.name if row.name != row.title else " · ".join(reversed(row.title.split(" · ")))
    return f"{name} · {row.created.astimezone():%m-%d %H:%M:%S}"


def read(run: str, name: str, with_times: bool) -> Read | str:
    """A run as it is now, or a sentence that says why it cannot be read."""
    found = _running.look_up(run)
    if isinstance(found, str):
        return found
    snapshot = found.snapshot()
    return Read(
        id=found.id,
        title=name,
        state=snapshot.state,
        dataset=found.dataset,
        config=found.config,
        scaling=found.scaling,
        history=snapshot.history,
        times=_saved.times(run) if with_times else None,
        summary={} if snapshot.result is None else snapshot.result.summary,
        result=snapshot.result,
    )


def curves(reads: Sequence[Read], groups: Sequence[str]) -> list[figures.ComparedRun]:
    """The runs as the curves take them."""
    return [
        figures.ComparedRun(name, one.history, one.config.batches(one.dataset.n), one.times, group, one.config.seed)
        for name, one, group in zip(short_titles(reads, groups), reads, groups, strict=True)
    ]


def short_titles(reads: Sequence[Read], groups: Sequence[str]) -> list[str]:
    """The titles without the parts that all runs have, and without the seed where a group says its seeds."""
    parts = [one.title.split(" · ") for one in reads]
    common = set.intersection(*[set(title) for title in parts]) if len(parts) > 1 else set()
    names = []
    for title, group in zip(parts, groups, strict=True):
        several = bool(group) and groups.count(group) > 1
        kept = [part for part in title if part not in common and not (several and part.startswith("seed "))]
        names.append(" · ".join(kept or title[:-1] or title))
    return names


def verdicts(reads: Sequence[Read], groups: Sequence[str], at: str) -> list[figures.ScoredRun]:
    """The runs' scores of their tables by D when G stopped (at the end, if it did not) or at the end."""
    found = []
    for one, group in zip(reads, groups, strict=True):
        result = one.result
        logits = None if result is None else result.logits_end
        if result is not None and at == "stop" and result.logits_stop is not None:
            logits = result.logits_stop
        found.append(figures.ScoredRun(one.title, logits, one.dataset.y, group))
    return found


# -- tables --------------------------------------------------------------------------------------------------------


def letters(groups: Sequence[str]) -> list[str]:
    """The letter of each run in the charts; seeds that are drawn together share one."""
    found = {place: figures.LETTERS[n] for n, group in enumerate(figures.grouped(groups)) for place in group}
    return [found[place] for place in range(len(groups))]


def summary_rows(reads: Sequence[Read], groups: Sequence[str]) -> list[dict[str, Any]]:
    """A row for each run, in the order of the letters."""
    rows = [
        {
            "run": letter,
            "name": name if one.state == JobState.COMPLETED else f"{name} ({one.state.value})",
            "state": one.state.value,
            "seed": one.config.seed,
            **{name: one.summary.get(name) for name in ("auc_stop", "auc_final", "auc_best")},
            "d_loss": float(one.history.d_loss[-1]),
            "g_loss": float(one.history.g_loss[-1]),
            "steps": one.history.steps,
        }
        for letter, name, one in zip(letters(groups), short_titles(reads, [""] * len(reads)), reads, strict=True)
    ]
    return sorted(rows, key=lambda row: row["run"])


def difference_rows(reads: Sequence[Read], groups: Sequence[str]) -> list[dict[str, str]]:
    """A row for each part of the set-up that is not the same in all runs, a column for each letter."""
    tables = list({one.dataset.fingerprint: one.dataset for one in reads}.values())
    parts: list[tuple[str, str, list[str]]] = [
        ("table", "Table", [_table(one.dataset, tables) for one in reads]),
        ("scaling", "Scaling of the columns", [one.scaling for one in reads]),
    ]
    for name, info in FIELDS.items():
        parts.append((name, info.title, [_value(one.config, name) for one in reads]))
    rows = []
    for name, title, values in parts:
        if len(set(values)) == 1:
            continue
        by_letter: dict[str, list[str]] = {letter: [] for letter in sorted(set(letters(groups)))}
        for letter, value in zip(letters(groups), values, strict=True):
            by_letter[letter].append(value)
        cells = {letter: ", ".join(dict.fromkeys(found)) for letter, found in by_letter.items()}
        rows.append({"title": title, **cells, "name": name})
    return rows


def _table(dataset: Dataset, tables: Sequence[Dataset]) -> str:
    alike = [one for one in tables if one.name == dataset.name and one.fingerprint != dataset.fingerprint]
    return f"{dataset.name}, {apart(dataset, alike)}" if alike else dataset.name


def _value(config: TrainConfig, name: str) -> str:
    value = getattr(config, name)
    if name == "k" and config.algorithm != "mo-gaal":
        return "–"  # SO-GAAL ignores it
    return "auto" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
