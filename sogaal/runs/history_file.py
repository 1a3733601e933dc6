"""``history.csv``: the history of a run as a table that grows while the run goes on, a line for each step.

The file is read by people and by other programs, so it is plain CSV; and by Resume, so every number in it reads back to
the very bit. Lines are only ever added at the end. A process that is killed may leave half a line there, which readers
ignore.
"""

import io
import os
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from sogaal.errors import RunError
from sogaal.exports.history import Times, column_names
from sogaal.history import EVALUATION_COLUMNS, History, HistoryView

_METRICS = EVALUATION_COLUMNS[1:]
# Lines are looked through in pieces of this size.
_PIECE = 2**20


class HistoryFile:
    """Appends to ``history.csv``.

    ``rows``: steps that the file has (what :func:`cut` left); 0 starts a new file with the first portion. The file is
    open only while it is written to.
    """

    def __init__(self, path: str | Path, n_generators: int, rows: int = 0) -> None:
        self.path = Path(path)
        self.n_generators = n_generators
        self.rows = rows
        self._bytes = self.path.stat().st_size if rows else 0

    def intact(self) -> bool:
        """Whether the file has all that was written to it; it may have more, as after a write that failed half-way."""
        try:
            return self.path.stat().st_size >= self._bytes
        except OSError:
            return False

    def append(self, view: HistoryView, seconds: float, durable: bool = False) -> int:
        """Write the steps that ``view`` has beyond :attr:`rows`; returns how many.

        ``seconds``: training time by now, written beside the last of them. ``durable``: wait until the system has
        written them out. Raises OSError; the file then ends where it ended before, as far as the system lets it.
        """
        done = view.steps - self.rows
        if done > 0:
            content = self._lines(view, seconds)
            if not self._bytes:
                content = (",".join(column_names(self.n_generators, times=True)) + "\n").encode() + content
        elif self._bytes or not durable:
            content = b""
        else:
            content = (",".join(column_names(self.n_generators, times=True)) + "\n").encode()
        if not content and not durable:
            return 0
        self._write(content, durable)
        self._bytes += len(content)
        self.rows = max(self.rows, view.steps)
        return max(done, 0)

    def _write(self, content: bytes, durable: bool) -> None:
        with self.path.open("r+b" if self._bytes else "wb") as file:
            try:
                # Not the end of the file: a write that failed may have left half a line there.
                file.seek(self._bytes)
                file.write(content)
                file.truncate()
                file.flush()
                if durable:
                    os.fsync(file.fileno())
            except OSError:
                os.ftruncate(file.fileno(), self._bytes)
                raise

    def _lines(self, view: HistoryView, seconds: float) -> bytes:
        new = slice(self.rows, view.steps)
        count = view.steps - self.rows
        columns: dict[str, Any] = {
            "step": np.arange(self.rows + 1, view.steps + 1),
            "d_loss": view.d_loss[new],
            "g_loss": view.g_loss[new],
            "d_real": view.d_real[new],
            "d_fake": view.d_fake[new],
        }
        for i, sub in enumerate(view.sub_g_loss[new].T if self.n_generators > 1 else (), start=1):
            columns[f"sub_g_loss_{i}"] = np.ascontiguousarray(sub)
        first, last = np.searchsorted(view.eval_step, [self.rows, view.steps], side="right")
        at = view.eval_step[first:last] - self.rows - 1
        for name in _METRICS:
            # No labels, no AUC: empty. The spread is always told, which marks a line as that of an evaluation.
            columns[name] = _sparse(at, getattr(view, name)[first:last], count, empty=name != "spread")
        columns["seconds"] = _sparse(np.array([count - 1]), np.array([seconds]), count, empty=False)
        table = pa.table({name: columns[name] for name in column_names(self.n_generators, times=True)})
        sink = pa.BufferOutputStream()
        # Arrow: as short as can be and yet exact, quick, and other threads go on meanwhile.
        pa_csv.write_csv(table, sink, pa_csv.WriteOptions(include_header=False, quoting_style="none"))
        return bytes(sink.getvalue())


def _sparse(at: npt.NDArray[np.int64], values: npt.NDArray[np.float64], count: int, empty: bool) -> pa.Array:
    """``values`` in the rows ``at`` of ``count``, nothing in the others; with ``empty`` nothing for NaN as well."""
    filled, missing = np.zeros(count), np.ones(count, dtype=bool)
    filled[at] = values
    missing[at] = np.isnan(values) if empty else False
    return pa.array(filled, mask=missing, from_pandas=False)


def read_history(path: str | Path) -> tuple[History, Times]:
    """The history in ``history.csv``, and its times: steps int64 (m,) and training seconds float64 (m,) by then.

    What stands behind the last line break is ignored. Raises :class:`RunError` that names the file and the reason.
    """
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise RunError(f"{path}: the history cannot be read ({error.strerror or error}).") from None
    content = content[: content.rfind(b"\n") + 1]
    names = content[: content.find(b"\n")].decode("utf-8", "replace").rstrip("\r").split(",")
    n_generators = max(1, sum(name.startswith("sub_g_loss_") for name in names))
    if names != column_names(n_generators, times=True):
        raise RunError(f"{path}: the history must begin with the names of its columns, got {','.join(names)[:80]!r}.")
    table = _parsed(path, content, names)
    if not np.array_equal(table["step"].to_numpy(), np.arange(1, table.num_rows + 1)):
        raise RunError(f"{path}: the history must have a line for each step, counted from 1, and has not.")
    return _history(table, n_generators), _times(table)


def _parsed(path: str | Path, content: bytes, names: list[str]) -> pa.Table:
    doubles = {*_METRICS, "seconds"}
    types = {name: pa.float64() if name in doubles else pa.float32() for name in names} | {"step": pa.int64()}
    if content.count(b"\n") < 2:
        return pa.table({name: pa.array([], types[name]) for name in names})
    # Only an empty field is no value: a loss may be "nan".
    options = pa_csv.ConvertOptions(column_types=types, null_values=[""])
    try:
        table = pa_csv.read_csv(io.BytesIO(content), convert_options=options)
        if any(table[name].null_count for name in names if name not in doubles):
            raise ValueError("a step without its losses")
    except (pa.ArrowException, ValueError) as error:
        raise RunError(f"{path}: the history is damaged ({str(error)[:200]}).") from None
    return table


def _history(table: pa.Table, n_generators: int) -> History:
    subs = [f"sub_g_loss_{i}" for i in range(1, n_generators + 1)] if n_generators > 1 else ["g_loss"]
    history = History(n_generators)
    steps: dict[str, npt.NDArray[np.generic]] = {
        name: table[name].to_numpy() for name in ("d_loss", "g_loss", "d_real", "d_fake")
    }
    history.add_steps(steps | {"sub_g_loss": np.column_stack([table[name].to_numpy() for name in subs])})
    evaluated = table.filter(pc.is_valid(table["spread"]))
    found: dict[str, npt.NDArray[np.generic]] = {
        name: evaluated[name].to_numpy(zero_copy_only=False) for name in _METRICS
    }
    history.add_evaluations(found | {"eval_step": evaluated["step"].to_numpy()})
    return history


def _times(table: pa.Table) -> Times:
    timed = table.filter(pc.is_valid(table["seconds"]))
    return timed["step"].to_numpy(), timed["seconds"].to_numpy()


def cut(path: str | Path, step: int) -> None:
    """Shorten ``history.csv`` to its header and ``step`` steps.

    Raises :class:`RunError` where it has fewer, or cannot be written.
    """
    try:
        with Path(path).open("r+b") as file:
            end = _end_of_line(file, step + 1)
            if end is None:
                raise RunError(f"{path}: the history must have at least {step} steps, and has fewer.")
            file.truncate(end)
            os.fsync(file.fileno())
    except OSError as error:
        raise RunError(f"{path}: the history cannot be shortened ({error.strerror or error}).") from None


def _end_of_line(file: io.BufferedRandom, lines: int) -> int | None:
    """Where the first ``lines`` lines end; None if there are fewer."""
    offset = 0
    while piece := file.read(_PIECE):
        found = np.flatnonzero(np.frombuffer(piece, dtype=np.uint8) == ord("\n"))
        if len(found) >= lines:
            return offset + int(found[lines - 1]) + 1
        lines -= len(found)
        offset += len(piece)
    return None
