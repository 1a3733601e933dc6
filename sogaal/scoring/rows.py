"""`score_rows`: the rows of a table, piece by piece, with a rank and a flag that need all of them.

Ids, labels and the numbers behind the reasons wait in a temporary file until the ranks are known.
"""

import tempfile
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Literal, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from sogaal.data import Chunk
from sogaal.drift import Drift, drift_of
from sogaal.ensemble import Ensemble
from sogaal.errors import ConfigError, DataError
from sogaal.explain import Explanation, Reasons
from sogaal.exports import DEFAULT_SHARE, scores_csv, scores_rows, with_reasons
from sogaal.metrics import flagged_count
from sogaal.model import Model, ScoreAt
from sogaal.preparation import Deviations
from sogaal.reference import Counts
from sogaal.scoring.ranks import Ranks
from sogaal.scoring.tops import Tops

ShareOf = Literal["file", "training"]
FORMATS = ("csv", "parquet")


@dataclass(frozen=True)
class Flagging:
    """Which rows are flagged: the ``share`` (0 < share <= 1) most abnormal ones of the ``file``, or those as abnormal
    as the ``share`` most abnormal rows of the ``training`` table: then one month may have more of them than another."""

    share: float = DEFAULT_SHARE
    of: ShareOf = "file"

    def limit(self, model: Model | Ensemble, at: ScoreAt | None) -> float | None:
        """The logit up to which rows are flagged; None: it depends on the file. Raises :class:`ConfigError` where the
        model does not know its training scores."""
        if not 0 < self.share <= 1:
            raise ConfigError(f"share must be over 0 and at most 1, got {self.share!r}.", field="share")
        if self.of == "file":
            return None
        scores = None if model.reference is None else model.reference.scores.get(at or model.at)
        if scores is None:
            raise ConfigError(
                "share_of must be 'file' for this model, which was saved without its training scores, got 'training'.",
                field="share_of",
            )
        return scores.value_at(self.share)


class Scored:
    """All rows of a table with their scores, to be read as often as wanted; to be closed.

    :meth:`top` and :meth:`write` may be called from any thread, one of them at a time reads the files.

    ``rows``; ``flagged``: how many; ``drift``: against the training, None where the model does not know it;
    ``deviations``: what could not be taken as it is, and was handled. ``values``: what the most abnormal rows have in
    the columns that the model uses, as the file has it, a row for each, the most abnormal first.
    ``lack``: a sentence where the table lacks more than half of the model's columns, else empty. ``numbering``: one
    where the rows are numbered though a column may name them, else empty.
    """

    def __init__(self, spool: "_Spool", ranks: Ranks, limit: float | None, share: float, stack: ExitStack) -> None:
        self._spool, self._ranks = spool, ranks
        self._lock = threading.Lock()
        self._top: dict[int, pd.DataFrame] = {}
        # A page that is left forgets it without a word.
        self._finalizer = weakref.finalize(self, stack.close)
        self._limit, self._most = limit, flagged_count(ranks.rows, share)
        self.rows = ranks.rows
        self.drift: Drift | None = spool.drift()
        self.deviations: Deviations = spool.deviations
        self.values = spool.tops.values
        self.numbering = spool.numbering
        self.lack = "" if spool.raw_names is None else spool.deviations.lack(len(spool.raw_names))
        self.flagged = self._most if limit is None else spool.under

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Give the temporary files back."""
        self._finalizer()

    def tables(self) -> Iterator[pd.DataFrame]:
        """The rows in their order, piece by piece, as :func:`sogaal.exports.scores_table` has them."""
        self._ranks.rewind()
        for columns in self._spool.pieces():
            logits, ranks = self._ranks.read(len(columns["id"]))
            flags = ranks <= self._most if self._limit is None else logits <= self._limit
            table = scores_rows(columns["id"], columns.get("label"), logits, ranks, flags.astype(np.int8))
            if self._spool.explain:
                table = with_reasons(table, partial(self._spool.texts, columns))
            yield table

    def top(self, count: int) -> pd.DataFrame:
        """The ``count`` most abnormal rows, the most abnormal first."""
        with self._lock:
            if count not in self._top:
                found = [table[table["rank"] <= count] for table in self.tables()]
                self._top[count] = pd.concat(found).sort_values("rank", ignore_index=True)
            return self._top[count]

    def write(self, stream: IO[bytes], kind: str = "csv") -> None:
        """Write all rows to ``stream``, as "csv" or "parquet"."""
        with self._lock:
            self._write(stream, kind)

    def _write(self, stream: IO[bytes], kind: str) -> None:
        if kind == "csv":
            for number, table in enumerate(self.tables()):
                stream.write(scores_csv(table, header=number == 0))
            return
        writer: pq.ParquetWriter | None = None
        for table in self.tables():
            content = pa.Table.from_pandas(table, preserve_index=False)
            writer = writer or pq.ParquetWriter(stream, content.schema)
            writer.write_table(content)
        assert writer is not None  # a table has rows
        writer.close()


def score_rows(
    model: Model | Ensemble,
    chunks: Iterable[Chunk],
    name: str,
    *,
    at: ScoreAt | None = None,
    flagging: Flagging | None = None,
    explain: bool = False,
    values: int = 0,
    folder: Path | None = None,
    progress: Callable[[int], object] | None = None,
) -> Scored:
    """Score all ``chunks`` of the table ``name`` (for messages), of raw features in the model's order.

    ``at``: which D scores, as in :meth:`Model.score_samples`. ``explain``: with reasons. ``values``: of how many of
    the most abnormal rows the values are kept. ``folder``: for temporary files, 8 bytes a row and what ids and reasons
    take. ``progress`` is called with the rows of each piece.
    Raises :class:`DataError` for another number of columns, :class:`ConfigError` for what the model does not have.
    """
    model.voters(at)
    flagging = flagging or Flagging()
    limit = flagging.limit(model, at)
    with ExitStack() as stack:
        file = stack.enter_context(tempfile.TemporaryFile(dir=folder))
        spool = _Spool(file, model, at, explain, limit, Tops(values))
        ranks = stack.enter_context(Ranks(folder))
        for chunk in chunks:
            if len(chunk.feature_names) != model.d:
                raise DataError(_wrong_number(name, chunk.feature_names, model))
            ranks.add(spool.add(chunk))
            if progress is not None:
                progress(len(chunk.X))
        spool.end()
        ranks.settle()
        return Scored(spool, ranks, limit, flagging.share, stack.pop_all())


def _wrong_number(name: str, found: tuple[str, ...], model: Model | Ensemble) -> str:
    shown = ", ".join(map(repr, found[:8])) + (", ..." if len(found) > 8 else "")
    return (
        f"{name}: the table must have {model.d} columns of numbers besides labels and ids, as the model has no names "
        f"to find them by, got {len(found)}: {shown}."
    )


def _numbering(chunk: Chunk, usual: str) -> str:
    if chunk.id_name is not None or not (usual or chunk.others):
        return ""
    if usual:
        return f"The rows are numbered from 1: the file has no column {usual!r}, which named them in training."
    shown = ", ".join(map(repr, chunk.others[:3])) + (", ..." if len(chunk.others) > 3 else "")
    return f"The rows are numbered from 1, as it is not known whether a column names them; not used: {shown}."


class _Spool:
    """Where ids, labels and the numbers behind the reasons wait in ``file``, and what is counted on the way."""

    def __init__(
        self,
        file: IO[bytes],
        model: Model | Ensemble,
        at: ScoreAt | None,
        explain: bool,
        limit: float | None,
        tops: Tops,
    ) -> None:
        self.explain, self.tops = explain, tops
        self.counts = None if model.reference is None else Counts(model.reference.columns)
        self.names: Sequence[str] = model.feature_names or model.scaler.names
        self.raw_names = model.raw_names
        self.numbering = ""
        self.under = 0
        self.deviations = Deviations()
        self._dates: dict[str, tuple[float, float]] = {}
        self._file, self._model, self._at, self._limit = file, model, at, limit
        self._writer: pa.ipc.RecordBatchStreamWriter | None = None

    def add(self, chunk: Chunk) -> npt.NDArray[np.float64]:
        """Keep what is needed of a piece; returns its logits (m,)."""
        logits = self._model.score_samples(chunk.X, self._at)
        if self._limit is not None:
            self.under += int((logits <= self._limit).sum())
        self.tops.add(logits, chunk)
        if self.counts is not None:
            self.counts.add(chunk.X)
        if chunk.conformed is not None:
            self.deviations.merge(chunk.conformed.deviations)
            for name, (first, last) in chunk.conformed.dates.items():
                known = self._dates.get(name, (first, last))
                self._dates[name] = (min(first, known[0]), max(last, known[1]))
        batch = pa.record_batch(self._columns(chunk))
        if self._writer is None:
            self.numbering = _numbering(chunk, self._model.id_name)
            self._writer = pa.ipc.new_stream(self._file, batch.schema)
        self._writer.write_batch(batch)
        return logits

    def end(self) -> None:
        """No piece comes any more."""
        if self._writer is not None:
            self._writer.close()

    def drift(self) -> Drift | None:
        """Against the training, where the model knows it."""
        if self.counts is None:
            return None
        return drift_of(self.counts, self.names, self._model.preparation, self._dates, self.deviations.absent)

    def pieces(self) -> Iterator[dict[str, npt.NDArray[Any]]]:
        """What was kept, piece by piece, as columns."""
        self._file.seek(0)
        with pa.ipc.open_stream(self._file) as reader:
            for batch in reader:
                yield {name: batch.column(name).to_numpy(zero_copy_only=False) for name in batch.schema.names}

    def texts(self, columns: Mapping[str, npt.NDArray[Any]], rows: npt.NDArray[np.int64]) -> list[str]:
        """The reasons of some rows of a piece."""

        def part(what: str) -> npt.NDArray[Any]:
            return np.stack([column[rows] for name, column in columns.items() if name.startswith(f"{what} ")], axis=1)

        found = Reasons(part("feature"), part("high"), part("weight"))
        if self._model.preparation is not None:
            found = replace(found, values=part("value"), words=part("word"), preparation=self._model.preparation)
        return found.texts(self.names)

    def _explained(self, chunk: Chunk) -> Explanation:
        words = None if chunk.conformed is None or self._model.preparation is None else chunk.conformed.words
        return self._model.explain(chunk.X, self._at, words=words)

    def _columns(self, chunk: Chunk) -> dict[str, pa.Array]:
        columns = {"id": pa.array(chunk.ids.astype(np.str_), pa.large_string())}
        if chunk.labels is not None:
            columns["label"] = pa.array(chunk.labels, pa.large_string())
        if self.explain:
            reasons = self._explained(chunk).reasons()
            for place in range(reasons.features.shape[1]):
                columns[f"feature {place}"] = pa.array(reasons.features[:, place])
                columns[f"high {place}"] = pa.array(reasons.high[:, place])
                columns[f"weight {place}"] = pa.array(reasons.weights[:, place])
                if reasons.values is not None and reasons.words is not None:
                    columns[f"value {place}"] = pa.array(reasons.values[:, place])
                    columns[f"word {place}"] = pa.array(reasons.words[:, place], pa.large_string())
        return columns
