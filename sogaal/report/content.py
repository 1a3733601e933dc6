"""What a report tells of, and what follows from it: the command that does it again, and the rows that stand out."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from sogaal.config import TrainConfig
from sogaal.data import Dataset
from sogaal.diagnosis import Finding
from sogaal.errors import DataError
from sogaal.explain import Explanation, explain
from sogaal.frames import DiscriminatorWeights, Frame
from sogaal.history import HistoryView
from sogaal.model import At
from sogaal.preparation import value_text
from sogaal.runs.shelf import is_shipped
from sogaal.scaling import Scaler, medians
from sogaal.snapshots import JobState
from sogaal.trust import SeedRankings, Trust

# A value is unusual if at most this share of the column's values is as low, or as high.
UNUSUAL = 0.01
AT: dict[At, str] = {"stop": "when G stopped", "end": "at the end"}
TOGETHER = "of all seeds together"


@dataclass(frozen=True)
class Parent:
    """The population that a run was a member of; ``kind`` and ``title`` are empty where it is not there, or no more."""

    id: str
    kind: str = ""
    title: str = ""


@dataclass(frozen=True, eq=False)
class ReportContent:
    """All of a run that its report tells; plain values.

    ``view``: its history; ``frames``: pictures of it in the order of their steps, or none. ``logits`` (n,): of D at
    "stop" and "end", as far as there are any. ``numbers``: as of :meth:`sogaal.trainer.Trainer.summary`. ``step`` of
    ``total_steps``, ``epoch``: done. ``stop_step``: when "at stop" is, or None. ``versions``: of what it was trained
    with. ``run``: the id of the saved run, or empty. ``name``, ``tags``, ``note``: what people wrote on it. ``share``
    of the rows is flagged. ``voters``: the D's of ``logits``, from which reasons follow; there may be none.
    ``parent``: the population that it was a member of, or None. ``rankings``: what other seeds rank beside ``logits``,
    where they were asked.
    """

    title: str
    dataset: Dataset
    config: TrainConfig
    scaler: Scaler
    view: HistoryView
    frames: Sequence[Frame]
    logits: Mapping[At, npt.NDArray[np.floating[Any]]]
    numbers: Mapping[str, Any]
    state: JobState
    epoch: int
    total_steps: int
    stop_step: int | None
    findings: Sequence[Finding] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    device: str = "cpu"
    message: str = ""
    run: str = ""
    name: str = ""
    tags: Sequence[str] = ()
    note: str = ""
    created: datetime | None = None
    share: float = 0.05
    voters: Mapping[At, Sequence[DiscriminatorWeights]] = field(default_factory=dict)
    parent: Parent | None = None
    rankings: Mapping[At, SeedRankings] = field(default_factory=dict)

    @cached_property
    def X(self) -> npt.NDArray[np.float32]:
        """The table as the networks saw it (n, d)."""
        return self.scaler.transform(self.dataset.X)

    @property
    def at(self) -> At | None:
        """Which D scores: the configuration's where there is one, else the other; None without any."""
        if self.config.score_at in self.logits:
            return self.config.score_at
        return next(iter(self.logits), None)

    def words(self, at: At) -> str:
        """Which D that is: "D ..."."""
        return TOGETHER if self.config.automatic and at == "end" else AT[at]

    @property
    def trust(self) -> Trust | None:
        """What other seeds say of the rows that are flagged; None where nobody asked them about the D that scores."""
        found = None if self.at is None else self.rankings.get(self.at)
        return None if found is None else found.flagged(self.share)

    def explained(self, rows: Sequence[int]) -> Explanation | None:
        """Why the D that scores ranks these rows as it does; None where the D is not there."""
        voters = None if self.at is None else self.voters.get(self.at)
        if not voters:
            return None
        X, names = self.dataset.X, self.dataset.feature_names
        return explain(voters, self.scaler, X[list(rows)], names, medians(X), *self.dataset.wording(rows))

    @property
    def complete(self) -> bool:
        """Whether all steps were done."""
        return self.state == JobState.COMPLETED


# -- to do it again ------------------------------------------------------------------------------------------------


def changed_values(config: TrainConfig, scaling: str) -> dict[str, Any]:
    """What differs from the defaults, by flag, "scaling" with it."""
    return config.changed_from(TrainConfig()) | ({} if scaling == "minmax" else {"scaling": scaling})


def train_command(dataset: Dataset, config: TrainConfig, scaling: str) -> str:
    """The line that trains the same again, for a POSIX shell."""
    words = ["sogaal", "train", *(shlex.quote(word) for word in _source(dataset))]
    for name, value in changed_values(config, scaling).items():
        words += [f"--{name}", shlex.quote("none" if value is None else str(value))]
    return " ".join(words)


def python_lines(dataset: Dataset, config: TrainConfig, scaling: str) -> str:
    """The same in Python."""
    values = ", ".join(f"{name}={value!r}" for name, value in config.changed_from(TrainConfig()).items())
    source, *options = _source(dataset)
    given = "".join(
        f", {flag.removeprefix('--')}_column={value!r}" for flag, value in zip(options[::2], options[1::2], strict=True)
    )
    return "\n".join(
        [
            "import torch",
            "from sogaal import Trainer, load_dataset",
            "from sogaal.config import TrainConfig",
            "from sogaal.scaling import Scaler",
            "",
            "torch.set_num_threads(1)",
            f"data = load_dataset({source!r}{given})",
            f"X = Scaler.fit(data.X, {scaling!r}).transform(data.X)",
            f"trainer = Trainer(X, TrainConfig({values}), data.y).fit()",
            "print(trainer.summary())",
        ]
    )


def _source(dataset: Dataset) -> list[str]:
    """The table for a command line; one of people's own has the file that :func:`table_parquet` makes."""
    if is_shipped(dataset):
        return [dataset.name]
    label, ids = _columns(dataset)
    return [table_file(dataset), "--label", label or "", "--id", ids or ""]


def table_file(dataset: Dataset) -> str:
    """What the file with the table is called here."""
    plain = "".join(c if c.isalnum() or c in " ._-" else "-" for c in dataset.name).strip(" .-")
    return f"{plain[:80] or 'table'}.parquet"


def _columns(dataset: Dataset) -> tuple[str | None, str | None]:
    """The names of the columns of labels and ids in :func:`table_parquet`; None where there is none."""
    taken = set(dataset.feature_names)

    def free(wanted: str) -> str:
        while wanted in taken:
            wanted += "_"
        taken.add(wanted)
        return wanted

    label = None if dataset.y is None else free(dataset.label_name or "label")
    counted = dataset.ids.dtype.kind in "iu" and np.array_equal(dataset.ids, np.arange(1, dataset.n + 1))
    return label, None if counted and dataset.id_name is None else free(dataset.id_name or "id")


def table_parquet(dataset: Dataset) -> bytes:
    """The table as Parquet, from which the same dataset is read again: values bit for bit, names, labels and ids.

    Raises :class:`DataError` for names that are no Unicode.
    """
    label, ids = _columns(dataset)
    columns: dict[str, Any] = {} if ids is None else {ids: dataset.ids}
    columns |= {name: dataset.X[:, number] for number, name in enumerate(dataset.feature_names)}
    if label is not None:
        columns[label] = dataset.y
    sink = pa.BufferOutputStream()
    try:
        pq.write_table(pa.table({name: pa.array(values) for name, values in columns.items()}), sink, compression="zstd")
    except (UnicodeEncodeError, pa.ArrowException) as error:
        raise DataError(f"{dataset.name}: the table cannot be written as Parquet ({error}).") from None
    return bytes(sink.getvalue())


# -- the rows that stand out ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Unusual:
    """A value far out in its column: ``share`` of the values is as high (``high``), or as low; None: a category that
    ``share`` of the rows have."""

    column: int
    high: bool | None
    share: float


def unusual_in(dataset: Dataset, rows: Sequence[int]) -> list[list[Unusual]]:
    """For each of ``rows`` its unusual values by column of the table, as of :meth:`Dataset.original`, rarest first."""
    preparation, words = dataset.wording(rows)
    if preparation is None:
        return unusual_values(dataset.X, rows)
    X = dataset.X[list(rows)]
    telling = preparation.telling(X)
    known = [dataset.distribution(column) for column in range(len(preparation.columns))]
    found: list[list[Unusual]] = []
    for place, row in enumerate(X):
        there = []
        for column, one in enumerate(known):
            feature, number = int(telling[place, column]), preparation.number(column, row)
            word = "" if words is None else words.word(column, place)
            share = one.share(value_text(preparation, feature, float(row[feature]), word))
            if one.numbers is not None and number is not None:
                low, high = int((one.numbers <= number).sum()), int((one.numbers >= number).sum())
                there.append(Unusual(column, high < low, min(low, high) / one.n))
            else:
                there.append(Unusual(column, None, 0.0 if share is None else share))
        found.append(sorted((one for one in there if one.share <= UNUSUAL), key=lambda one: one.share))
    return found


def unusual_values(X: npt.NDArray[np.floating[Any]], rows: Sequence[int]) -> list[list[Unusual]]:
    """For each of ``rows`` of ``X`` (n, d): its unusual values, the rarest first."""
    ordered = np.sort(X, axis=0)
    found: list[list[Unusual]] = []
    for row in rows:
        there = []
        for column, value in enumerate(X[row]):
            low = int(np.searchsorted(ordered[:, column], value, side="right"))
            high = len(X) - int(np.searchsorted(ordered[:, column], value, side="left"))
            if min(low, high) <= UNUSUAL * len(X):
                there.append(Unusual(column, high < low, min(low, high) / len(X)))
        found.append(sorted(there, key=lambda one: one.share))
    return found
