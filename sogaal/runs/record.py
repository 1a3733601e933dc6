"""``run.json``: the record of a run, what is known of it apart from the arrays; people can read it too."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any, Self

from sogaal.config import TrainConfig
from sogaal.data import Dataset
from sogaal.errors import ConfigError, ModelError, RunError
from sogaal.runs.names import checked_id
from sogaal.runs.plain import readable_json
from sogaal.scaling import Scaler
from sogaal.snapshots import JobState

FORMAT = 1
# From the format of the key to the next one: takes what stands in the file and returns what the next format has.
UPGRADES: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {}
# Values of the AUC that a record keeps for its sparkline.
MOST_CURVE = 40
# The kind of the populations that can be gone on with.
SWEEP = "sweep"


@dataclass(frozen=True)
class DatasetRef:
    """Which table a run learned from.

    ``n``, ``d``: rows, features. ``outliers``: rows labelled 1, None without labels. ``fingerprint``: SHA-256 as of
    :attr:`Dataset.fingerprint`. ``key``: where the shelf keeps the table, None for a shipped one, which is kept anyway.
    """

    name: str
    title: str
    n: int
    d: int
    outliers: int | None
    fingerprint: str
    feature_names: tuple[str, ...]
    key: str | None = None

    @classmethod
    def of(cls, dataset: Dataset, key: str | None) -> Self:
        """What to remember of ``dataset``."""
        return cls(dataset.name, dataset.title, dataset.n, dataset.d, dataset.n_outliers, dataset.fingerprint,
                   dataset.feature_names, key)  # fmt: skip


@dataclass(frozen=True)
class Population:
    """Many runs on one table that belong together.

    ``kind``: what made them: "race", "spread", "map", "ensemble" or "sweep". ``count`` of the ``planned`` members are
    in members.csv. ``varied``: the fields of :class:`TrainConfig` in which they differ, and "scaling" where they differ
    in that.
    """

    kind: str
    count: int
    varied: tuple[str, ...]
    planned: int

    @property
    def mixed(self) -> bool:
        """Whether its members differ in more than the seed, so that a mean over them says nothing."""
        return bool(set(self.varied) - {"seed"})

    @property
    def counted(self) -> str:
        """How many members there are, for people: "512", or "40 of 512" where not all have come."""
        return f"{self.count:,}" if self.count == self.planned else f"{self.count:,} of {self.planned:,}"


@dataclass(frozen=True)
class RunRecord:
    """What is known of a run; plain values, nothing in it is to be changed.

    ``title``: short, for people; ``name``, ``tags``, ``note``: what people wrote on it. ``state``: as it was written;
    :class:`RunStore` says INTERRUPTED of a run that is active by its record but that nobody writes. ``message``: why a
    run failed or ended early. ``created``, ``started``, ``ended``: UTC, the latter two None where not yet. ``step`` of
    ``total_steps`` done; ``stop_step``: after which "at stop" is evaluated, None if G does not stop within the run.
    ``scaling``: as of :meth:`Scaler.to_dict`. ``versions``: of sogaal, torch, numpy and python. ``summary``: what
    ``sogaal train --json`` prints, as far as known. ``diagnosis``: findings as of :meth:`Finding.to_dict`.
    ``auc_curve``: at most :data:`MOST_CURVE` values. ``population``: None for a single run. ``parent``: the id of the
    population that the run was a member of, else None.
    """

    id: str
    title: str
    state: JobState
    created: datetime
    config: TrainConfig
    dataset: DatasetRef
    scaling: Mapping[str, Any]
    device: str
    versions: Mapping[str, str]
    summary: Mapping[str, Any]
    name: str = ""
    tags: tuple[str, ...] = ()
    note: str = ""
    message: str = ""
    started: datetime | None = None
    ended: datetime | None = None
    step: int = 0
    total_steps: int = 0
    stop_step: int | None = None
    diagnosis: tuple[Mapping[str, Any], ...] = ()
    auc_curve: tuple[float, ...] = ()
    population: Population | None = None
    parent: str | None = None

    @property
    def scaling_method(self) -> str:
        """How the columns were scaled: "minmax", "robust" or "none"."""
        return str(self.scaling["method"])

    @property
    def scaler(self) -> Scaler:
        """The fitted scaling; raises :class:`RunError` where what is recorded is none."""
        try:
            return Scaler.from_dict(self.scaling)
        except ModelError as error:
            raise RunError(f"{self.id}: {error}") from None

    def to_json(self) -> bytes:
        """The content of ``run.json``."""
        return readable_json(self.to_dict())

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values by name, in the order of the file."""
        found: dict[str, Any] = {"format": FORMAT, "id": self.id}
        for name in _ORDER:
            found[name] = _PLAIN.get(name, _as_it_is)(getattr(self, name))
        return found

    @classmethod
    def from_json(cls, content: bytes) -> Self:
        """What :meth:`to_json` wrote, of this format or an older one.

        Raises :class:`RunError` with the reason, without the path.
        """
        try:
            found = json.loads(content)
        except (ValueError, RecursionError) as error:
            raise RunError(f"the record is damaged ({str(error)[:100]}).") from None
        return cls.from_dict(found)

    @classmethod
    def from_dict(cls, found: Any) -> Self:
        """What :meth:`to_dict` returned, of this format or an older one; :class:`RunError` for all else."""
        try:
            found = upgraded(found)
            return cls(**{name: read(found[name], name) for name, read in _READ.items()})
        except KeyError as error:
            raise RunError(f"the record is damaged ({error.args[0]!r} is missing).") from None
        except (ConfigError, ModelError, TypeError, ValueError, OverflowError, RecursionError) as error:
            if isinstance(error, RunError):
                raise
            raise RunError(f"the record is damaged ({str(error)[:200]}).") from None


def upgraded(found: Any) -> dict[str, Any]:
    """A record of any format up to :data:`FORMAT` as one of :data:`FORMAT`; :class:`RunError` for anything else."""
    number = found.get("format") if isinstance(found, dict) else None
    if not isinstance(number, int) or isinstance(number, bool):
        raise RunError("the record must be an object with the number of its format, as sogaal writes it, and is not.")
    if number > FORMAT:
        raise RunError(f"the run was saved by a newer sogaal (format {number}; this one knows up to {FORMAT}).")
    while number < FORMAT:
        if number not in UPGRADES:
            raise RunError(f"the record's format must be between 1 and {FORMAT}, got {number}.")
        found = UPGRADES[number](dict(found))
        number += 1
    return found  # type: ignore[no-any-return]


# -- plain values and back -----------------------------------------------------------------------------------------

# What people look for first comes first.
_ORDER = (
    "name", "title", "tags", "note", "state", "message", "created", "started", "ended", "step", "total_steps",
    "stop_step", "summary", "auc_curve", "diagnosis", "device", "versions", "config", "dataset", "scaling",
    "population", "parent",
)  # fmt: skip


def _as_it_is(value: Any) -> Any:
    return value


def _plain_fields(value: Any) -> dict[str, Any] | None:
    return None if value is None else {one.name: getattr(value, one.name) for one in fields(value)}


_PLAIN: dict[str, Callable[[Any], Any]] = {
    "state": lambda state: state.value,
    "created": lambda time: time.isoformat(),
    "started": lambda time: None if time is None else time.isoformat(),
    "ended": lambda time: None if time is None else time.isoformat(),
    "config": lambda config: config.model_dump(),
    "dataset": _plain_fields,
    "population": _plain_fields,
}


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise RunError(f"the record is damaged ({name} must be a text, got {value!r:.60}).")
    return value


def _texts(value: Any, name: str) -> tuple[str, ...]:
    return tuple(_text(one, name) for one in _list(value, name))


def _list(value: Any, name: str) -> list[Any]:
    if not isinstance(value, list):
        raise RunError(f"the record is damaged ({name} must be a list, got {value!r:.60}).")
    return value


def _count(value: Any, name: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise RunError(f"the record is damaged ({name} must be a whole number of at least 0, got {value!r:.60}).")
    return value


def _number(value: Any, name: str) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise RunError(f"the record is damaged ({name} must hold numbers, got {value!r:.60}).")
    return float(value)


def _object(value: Any, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise RunError(f"the record is damaged ({name} must be an object, got {value!r:.60}).")
    return value


def _time(value: Any, name: str) -> datetime:
    time = datetime.fromisoformat(_text(value, name))
    if time.tzinfo is None:
        raise RunError(f"the record is damaged ({name} must have a time zone, got {value!r:.60}).")
    return time.astimezone(UTC)


def _or_none(read: Callable[[Any, str], Any]) -> Callable[[Any, str], Any]:
    return lambda value, name: None if value is None else read(value, name)


def _scaling(value: Any, name: str) -> dict[str, Any]:
    scaling = _object(value, name)
    _text(scaling.get("method"), "scaling.method")
    return scaling


def _dataset(value: Any, name: str) -> DatasetRef:
    found = _object(value, name)
    reads: dict[str, Callable[[Any, str], Any]] = {
        "name": _text, "title": _text, "n": _count, "d": _count, "outliers": _or_none(_count), "fingerprint": _text,
        "feature_names": _texts, "key": _or_none(_key),
    }  # fmt: skip
    return DatasetRef(**{part: read(found[part], f"dataset.{part}") for part, read in reads.items()})


def _key(value: Any, name: str) -> str:
    key = _text(value, name)
    if not (16 <= len(key) <= 64 and set(key) <= set("0123456789abcdef")):
        raise RunError(f"the record is damaged ({name} must be hexadecimal digits, got {key!r:.60}).")
    return key


def _population(value: Any, name: str) -> Population:
    found = _object(value, name)
    varied = _texts(found["varied"], "population.varied")
    count = _count(found["count"], "population.count")
    # Records from before populations were written while they go on have all their members.
    planned = _count(found.get("planned", count), "population.planned")
    return Population(_text(found["kind"], "population.kind"), count, varied, planned)


_READ: dict[str, Callable[[Any, str], Any]] = {
    "id": lambda value, name: checked_id(_text(value, name)),
    "name": _text,
    "title": _text,
    "tags": _texts,
    "note": _text,
    "state": lambda value, name: JobState(_text(value, name)),
    "message": _text,
    "created": _time,
    "started": _or_none(_time),
    "ended": _or_none(_time),
    "step": _count,
    "total_steps": _count,
    "stop_step": _or_none(_count),
    "summary": _object,
    "auc_curve": lambda value, name: tuple(_number(one, name) for one in _list(value, name)),
    "diagnosis": lambda value, name: tuple(_object(one, name) for one in _list(value, name)),
    "device": _text,
    "versions": lambda value, name: {key: _text(one, name) for key, one in _object(value, name).items()},
    "config": lambda value, name: TrainConfig.checked(_object(value, name)),
    "dataset": _dataset,
    "scaling": _scaling,
    "population": _or_none(_population),
    "parent": _or_none(lambda value, name: checked_id(_text(value, name))),
}
assert set(_READ) == {one.name for one in fields(RunRecord)} == {*_ORDER, "id"}
