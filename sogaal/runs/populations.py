"""``members.csv``: what became of each of many runs that belong together, a line for each."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from sogaal.config import FIELDS, TrainConfig
from sogaal.errors import ConfigError, RunError
from sogaal.runs.plain import finite
from sogaal.runs.record import RunRecord
from sogaal.runs.summary import NUMBERS
from sogaal.scaling import METHODS
from sogaal.snapshots import JobState

_WHOLE = ("steps",)
# What may differ besides the fields of TrainConfig: how the columns were scaled.
SCALING = "scaling"
# A message may be long, and there are at most some thousands of members.
_MOST_BYTES = 64 * 2**20


class Outcome(Protocol):
    """One run of many as it ended; :class:`sogaal.outcomes.RunOutcome` is one."""

    @property
    def index(self) -> int: ...  # noqa: D102
    @property
    def config(self) -> TrainConfig: ...  # noqa: D102
    @property
    def summary(self) -> Mapping[str, Any] | None: ...  # noqa: D102
    @property
    def diverged(self) -> str | None: ...  # noqa: D102
    @property
    def failed(self) -> str | None: ...  # noqa: D102


@dataclass(frozen=True)
class Member:
    """One member of a population.

    ``values``: the fields in which the members differ, "scaling" among them where they differ in that, and ``seed``.
    ``state``: "running" or "paused" for one that is being trained, "stopped" or "interrupted" for one that had not come
    to its end. ``numbers``: as of :meth:`sogaal.trainer.Trainer.summary`, None where there is no value. ``message``:
    why it failed, else empty.
    """

    index: int
    values: Mapping[str, Any]
    state: JobState
    numbers: Mapping[str, Any]
    message: str = ""

    def config(self, shared: TrainConfig) -> TrainConfig:
        """What was trained, where the population shares ``shared``; raises :class:`ConfigError` for what is none."""
        return shared.replace(**{name: value for name, value in self.values.items() if name != SCALING})

    def scaling(self, shared: str) -> str:
        """The method of scaling, where the population shares ``shared``."""
        return str(self.values.get(SCALING, shared))


def varied_fields(config: TrainConfig, configs: Iterable[TrainConfig]) -> tuple[str, ...]:
    """The fields in which any of ``configs`` differs from ``config``, in the order of the configuration."""
    differing = {name for one in configs for name in one.changed_from(config)}
    return tuple(name for name in FIELDS if name in differing)


def member_of(
    outcome: Outcome,
    varied: Sequence[str],
    scalings: Mapping[int, str] | None = None,
    state: JobState | None = None,
) -> Member:
    """What to remember of an outcome.

    ``scalings``: the methods by index, where the members differ in them. ``state``: of one that had not come to its
    end; it counts unless the outcome failed.
    """

    def value(name: str) -> Any:
        return (scalings or {})[outcome.index] if name == SCALING else getattr(outcome.config, name)

    failed = outcome.diverged is not None or outcome.failed is not None
    return Member(
        index=outcome.index,
        values={name: value(name) for name in dict.fromkeys((*varied, "seed"))},
        state=JobState.FAILED if failed else state or JobState.COMPLETED,
        numbers=finite({name: (outcome.summary or {}).get(name) for name in NUMBERS}),
        message=outcome.diverged or outcome.failed or "",
    )


def in_order(members: Iterable[Member]) -> tuple[Member, ...]:
    """The members in the order of their indices."""
    return tuple(sorted(members, key=lambda member: member.index))


def runs_of(population: RunRecord, members: Sequence[Member], records: Iterable[RunRecord]) -> dict[int, RunRecord]:
    """Which of the ``members`` became runs of their own, by index: those among ``records`` that name the population.

    Of several runs of one member it is the first among ``records``.
    """
    children = [record for record in records if record.parent == population.id]
    found: dict[int, RunRecord] = {}
    for member in members if children else ():
        wanted = (member.config(population.config), member.scaling(population.scaling_method))
        for record in children:
            if (record.config, record.scaling_method) == wanted:
                found[member.index] = record
                break
    return found


def numbers_of(members: Sequence[Member], means: bool = True) -> dict[str, Any]:
    """Numbers of the whole population: steps and seconds in all, the best AUC, and ``means`` of the others, or None."""
    found: dict[str, Any] = {}
    for name in NUMBERS:
        there = [member.numbers[name] for member in members if member.numbers[name] is not None]
        if not (means or name in ("steps", "seconds", "auc_best")):
            there = []
        how = sum if name in ("steps", "seconds") else max if name == "auc_best" else np.mean
        found[name] = (0 if name in ("steps", "seconds") else None) if not there else how(there)
    return found | {name: float(value) for name, value in found.items() if isinstance(value, np.floating)}


def failures(members: Sequence[Member]) -> str:
    """How many members failed, in words; empty if none did."""
    failed = sum(member.state == JobState.FAILED for member in members)
    return f"{failed} of {len(members)} members failed." if failed else ""


def members_csv(varied: Sequence[str], members: Sequence[Member]) -> bytes:
    """The content of ``members.csv``; every number reads back to the very bit."""
    values = tuple(dict.fromkeys((*varied, "seed")))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("index", *values, "state", *NUMBERS, "message"))
    for member in members:
        cells = (*(member.values[name] for name in values), member.state.value, *(member.numbers[n] for n in NUMBERS))
        message = " ".join(member.message.split())
        writer.writerow((member.index, *("" if cell is None else cell for cell in cells), message))
    return text.getvalue().encode("utf-8", "replace")


def read_members(path: Path) -> tuple[Member, ...]:
    """What :func:`members_csv` wrote; raises :class:`RunError` that names the file."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise RunError(f"{path}: the members must have at most {_MOST_BYTES:,} bytes.")
        rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"), newline=""), strict=True))
        return tuple(_member(row) for row in rows)
    except OSError as error:
        raise RunError(f"{path}: the members cannot be read ({error.strerror or error}).") from None
    except (ValueError, KeyError, TypeError, AttributeError, csv.Error, ConfigError) as error:
        if isinstance(error, RunError):
            raise
        raise RunError(f"{path}: the members are damaged ({str(error)[:200]}).") from None


def _member(row: dict[str, str]) -> Member:
    others = ("index", "state", *NUMBERS, "message")
    return Member(
        index=int(row["index"]),
        values={name: _value(name, text) for name, text in row.items() if name not in others},
        state=JobState(row["state"]),
        numbers={name: _number(name, row[name]) for name in NUMBERS},
        message=row["message"] + "",
    )


def _value(name: str, text: str) -> Any:
    if name != SCALING:
        return FIELDS[name].parse(text)
    if text not in METHODS:
        raise ValueError(f"scaling must be one of {', '.join(METHODS)}, got {text!r:.40}")
    return text


def _number(name: str, text: str) -> float | int | None:
    return None if text == "" else int(text) if name in _WHOLE else float(text)
