"""History: what a run has seen, columns by step and columns by evaluation.

Columns only ever grow at the end, so a view of the rows so far stays true while the run goes on: it can be handed to
other threads without a copy and without a lock.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]
DoubleArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class HistoryView:
    """The history so far; arrays are read-only.

    By step, length S (row s is step s + 1), float32: ``d_loss``, ``g_loss`` (mean of the sub-generators'),
    ``sub_g_loss`` (S, k), ``d_real`` and ``d_fake`` (means of D(x) and D(G(z)) over the batch). All are taken before
    the update of the step, as the original prints them; G's loss sees D's update of the same step.

    By evaluation, length E: ``eval_step`` int64 (steps done by then), float64 ``auc``, ``average_precision``,
    ``precision_at_n`` (NaN without labels) and ``spread``: the standard deviation of the generated points over that of
    the data, mean over the features that vary.
    """

    d_loss: FloatArray
    g_loss: FloatArray
    sub_g_loss: FloatArray
    d_real: FloatArray
    d_fake: FloatArray
    eval_step: IntArray
    auc: DoubleArray
    average_precision: DoubleArray
    precision_at_n: DoubleArray
    spread: DoubleArray

    @property
    def steps(self) -> int:
        """Number of steps recorded."""
        return len(self.d_loss)

    @property
    def has_labels(self) -> bool:
        """Whether evaluations could use labels."""
        return bool(len(self.auc)) and bool(np.isfinite(self.auc).any())


STEP_COLUMNS = ("d_loss", "g_loss", "sub_g_loss", "d_real", "d_fake")
EVALUATION_COLUMNS = ("eval_step", "auc", "average_precision", "precision_at_n", "spread")


class _Column:
    """An array that grows at its end; rows once written are never changed."""

    def __init__(self, dtype: npt.DTypeLike, width: tuple[int, ...] = ()) -> None:
        self._data = np.empty((256, *width), dtype=dtype)
        self._length = 0

    def extend(self, rows: npt.NDArray[np.generic]) -> None:
        end = self._length + len(rows)
        if end > len(self._data):
            # A new buffer: views of the old one, already handed out, keep their rows.
            grown = np.empty((max(end, 2 * len(self._data)), *self._data.shape[1:]), dtype=self._data.dtype)
            grown[: self._length] = self._data[: self._length]
            self._data = grown
        self._data[self._length : end] = rows
        self._length = end

    def view(self) -> npt.NDArray[np.generic]:
        rows = self._data[: self._length]
        rows.flags.writeable = False
        return rows


class History:
    """Append-only record of a run with ``n_generators`` sub-generators."""

    def __init__(self, n_generators: int = 1) -> None:
        self.n_generators = n_generators
        widths = {"sub_g_loss": (n_generators,)}
        self._columns = {
            **{name: _Column(np.float32, widths.get(name, ())) for name in STEP_COLUMNS},
            **{name: _Column(np.int64 if name == "eval_step" else np.float64) for name in EVALUATION_COLUMNS},
        }

    def add_steps(self, rows: Mapping[str, npt.NDArray[np.generic]]) -> None:
        """Append the columns of :data:`STEP_COLUMNS` for one or more steps (equal lengths)."""
        self._extend(STEP_COLUMNS, rows)

    def add_evaluations(self, rows: Mapping[str, npt.NDArray[np.generic]]) -> None:
        """Append the columns of :data:`EVALUATION_COLUMNS` for one or more evaluations (equal lengths)."""
        self._extend(EVALUATION_COLUMNS, rows)

    def _extend(self, names: tuple[str, ...], rows: Mapping[str, npt.NDArray[np.generic]]) -> None:
        lengths = {len(rows[name]) for name in names}
        if len(lengths) != 1:
            raise ValueError(f"columns must have one length, got {sorted(lengths)}.")
        for name in names:
            self._columns[name].extend(rows[name])

    def view(self) -> HistoryView:
        """The rows so far, immutable and without a copy."""
        columns = {name: column.view() for name, column in self._columns.items()}
        return HistoryView(**columns)  # type: ignore[arg-type]

    def to_arrays(self) -> dict[str, npt.NDArray[np.generic]]:
        """Copies of all columns by name."""
        return {name: column.view().copy() for name, column in self._columns.items()}

    def until(self, step: int) -> "History":
        """A copy of the first ``step`` steps (or all, where there are fewer) and the evaluations up to there."""
        history, view = History(self.n_generators), self.view()
        evaluations = int(np.searchsorted(view.eval_step, step, side="right"))
        history.add_steps({name: getattr(view, name)[:step] for name in STEP_COLUMNS})
        history.add_evaluations({name: getattr(view, name)[:evaluations] for name in EVALUATION_COLUMNS})
        return history


assert tuple(f.name for f in fields(HistoryView)) == STEP_COLUMNS + EVALUATION_COLUMNS
