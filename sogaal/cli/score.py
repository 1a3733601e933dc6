"""``sogaal score``: the rows of a table scored with a saved model, piece by piece.

A rank needs the scores of all rows, so these stay in memory (about 40 bytes a row); the table itself never does. Ids,
labels and, with ``--explain``, reasons wait in a temporary file beside the output until the ranks are known.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sogaal.cli.parsing import UsageError, add_explain_argument, add_share_argument, add_table_arguments
from sogaal.data import Chunk, scan_table, shipped_datasets
from sogaal.ensemble import Ensemble
from sogaal.errors import DataError
from sogaal.explain import Reasons
from sogaal.exports import load_model, scores_csv, scores_rows, with_reasons
from sogaal.files import atomic_path, check_target
from sogaal.metrics import flag, rank
from sogaal.model import Model

STDOUT = "-"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the flags."""
    parser.description = (
        "Score the rows of a table with a saved model. CSV and Parquet may be larger than memory.\n"
        "Columns are found by the names that the model was fitted on; other columns are ignored."
    )
    parser.add_argument("model", metavar="MODEL", help="file that `sogaal train --save` wrote")
    parser.add_argument("data", metavar="FILE_OR_NAME", help="the table: a file, or a shipped dataset's name")
    parser.add_argument(
        "-o", "--output", metavar="CSV", default=STDOUT, help="file to write (default: standard output)"
    )
    parser.add_argument(
        "--at", choices=("stop", "end", "snapshots"), help="which D scores (default: as the model was trained)"
    )
    add_table_arguments(parser)
    add_share_argument(parser)
    add_explain_argument(parser, "give the scores")
    parser.add_argument("--quiet", action="store_true", help="no progress and no closing line")


def run(arguments: argparse.Namespace) -> int:
    """Score and write; returns the exit status."""
    model = load_model(arguments.model)
    model.voters(arguments.at)
    source = _path(arguments.data)
    to_stdout = arguments.output == STDOUT
    if not to_stdout:
        _check_output(arguments.output, (source, Path(arguments.model)))
    folder = None if to_stdout else check_target(arguments.output).parent
    chunks = scan_table(source, feature_names=model.feature_names, label_column=arguments.label, id_column=arguments.id)
    with ExitStack() as stack:
        spool = stack.enter_context(tempfile.TemporaryFile(dir=folder))
        spooled = _Spool(spool, model, arguments.at, arguments.explain)
        logits = _score(spooled, chunks, str(source), show=_shows(arguments))
        flags = flag(logits, arguments.share)
        stream: IO[bytes] = sys.stdout.buffer
        if not to_stdout:
            path = stack.enter_context(atomic_path(arguments.output))
            stream = stack.enter_context(path.open("wb"))
        _write(stream, spooled, logits, flags)
    if not arguments.quiet:
        where = "" if to_stdout else f", written to {arguments.output}"
        print(f"{len(logits):,} rows scored, {int(flags.sum()):,} flagged{where}", file=sys.stderr)
    return 0


def _path(data: str) -> Path:
    """The file of a shipped dataset, or the path itself."""
    for entry in shipped_datasets().values():
        if data.lower() in (entry.name, *entry.aliases):
            return entry.path
    return Path(data)


def _check_output(output: str, inputs: tuple[Path, ...]) -> None:
    try:
        target = check_target(output)
    except DataError as error:
        raise UsageError(f"--output: {error}") from None
    if target in [path.resolve() for path in inputs]:
        raise UsageError(f"--output must not be a file that is read, got {output!r}.")


def _shows(arguments: argparse.Namespace) -> bool:
    return not arguments.quiet and sys.stderr.isatty()


@dataclass(frozen=True)
class _Spool:
    """Where ids, labels and the numbers behind the reasons wait in ``file`` until the ranks are known."""

    file: IO[bytes]
    model: Model | Ensemble
    at: Any
    explain: bool

    def columns(self, chunk: Chunk) -> dict[str, pa.Array]:
        """What of a chunk is written down."""
        columns = {"id": pa.array(chunk.ids.astype(np.str_), pa.large_string())}
        if chunk.labels is not None:
            columns["label"] = pa.array(chunk.labels, pa.large_string())
        if self.explain:
            reasons = self.model.explain(chunk.X, self.at).reasons()
            for place in range(reasons.features.shape[1]):
                columns[f"feature {place}"] = pa.array(reasons.features[:, place])
                columns[f"high {place}"] = pa.array(reasons.high[:, place])
                columns[f"weight {place}"] = pa.array(reasons.weights[:, place])
        return columns

    def reasons(self, columns: Mapping[str, npt.NDArray[Any]]) -> Reasons:
        """The reasons of some rows from their columns."""
        parts = [
            np.stack([column for name, column in columns.items() if name.startswith(f"{part} ")], axis=1)
            for part in ("feature", "high", "weight")
        ]
        return Reasons(*parts)

    @property
    def names(self) -> Sequence[str]:
        """The features' names."""
        return self.model.feature_names or self.model.scaler.names


def _score(spool: _Spool, chunks: Iterator[Chunk], name: str, show: bool) -> npt.NDArray[np.float64]:
    """The logits of all rows; what else is needed of them goes to the spool."""
    from tqdm import tqdm

    model, parts = spool.model, []
    writer: pa.ipc.RecordBatchStreamWriter | None = None
    with tqdm(unit="row", unit_scale=True, disable=not show, file=sys.stderr, dynamic_ncols=True) as bar:
        for chunk in chunks:
            if len(chunk.feature_names) != model.d:
                raise DataError(_wrong_number(name, chunk.feature_names, model))
            parts.append(model.score_samples(chunk.X, spool.at))
            batch = pa.record_batch(spool.columns(chunk))
            if writer is None:
                writer = pa.ipc.new_stream(spool.file, batch.schema)
            writer.write_batch(batch)
            bar.update(len(chunk.X))
    if writer is not None:
        writer.close()
    return np.concatenate(parts)


def _wrong_number(name: str, found: tuple[str, ...], model: Model | Ensemble) -> str:
    shown = ", ".join(map(repr, found[:8])) + (", ..." if len(found) > 8 else "")
    return (
        f"{name}: the table must have {model.d} columns of numbers besides labels and ids, as the model has no names "
        f"to find them by, got {len(found)}: {shown}."
    )


def _write(stream: IO[bytes], spool: _Spool, logits: npt.NDArray[np.float64], flags: npt.NDArray[np.int8]) -> None:
    ranks = rank(logits)
    spool.file.seek(0)
    start = 0
    with pa.ipc.open_stream(spool.file) as reader:
        for batch in reader:
            rows = slice(start, start + batch.num_rows)
            columns = {name: batch.column(name).to_numpy(zero_copy_only=False) for name in batch.schema.names}
            table = scores_rows(columns["id"], columns.get("label"), logits[rows], ranks[rows], flags[rows])
            if spool.explain:
                table = with_reasons(table, partial(_texts, spool, columns))
            stream.write(scores_csv(table, header=start == 0))
            start += batch.num_rows


def _texts(spool: _Spool, columns: Mapping[str, npt.NDArray[Any]], rows: npt.NDArray[np.int64]) -> list[str]:
    return spool.reasons({name: column[rows] for name, column in columns.items()}).texts(spool.names)
