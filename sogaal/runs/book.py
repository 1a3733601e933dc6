"""The files of one run as they are written while it goes on; all of it happens in the scribe's thread.

    history.csv             every round
    frames.npz, checkpoint.safetensors, run.json, the event file        with every checkpoint
    model.safetensors, scores.csv, the pictures, the diagnosis          at the end

A checkpoint is written after the history and the frames up to its step, and the record that says "completed" after all
else: whenever the process dies, what is there fits together.
"""

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import numpy as np

from sogaal.choice import choice_of
from sogaal.config import TrainConfig
from sogaal.data import Dataset
from sogaal.diagnosis import Evidence, diagnose
from sogaal.exports import save_model, scores_csv, scores_table
from sogaal.files import write_atomic
from sogaal.history import HistoryView
from sogaal.runs.checkpoint_file import write_checkpoint
from sogaal.runs.events import EventFile
from sogaal.runs.folder import CHECKPOINT, FRAMES, HISTORY, MODEL, SCORES, TRUST
from sogaal.runs.frames_file import write_frames
from sogaal.runs.history_file import HistoryFile
from sogaal.runs.names import token_of
from sogaal.runs.packages import Checkpoint, End, Package
from sogaal.runs.record import MOST_CURVE
from sogaal.runs.scribe import scribe
from sogaal.runs.summary import run_summary
from sogaal.runs.writer import RunWriter
from sogaal.scaling import Scaler
from sogaal.snapshots import JobState

_logger = logging.getLogger(__name__)


class Book:
    """Writes one run into its folder.

    ``open_run``: makes the folder, or takes it over; called with the first package, and again if that failed. ``rows``:
    steps that history.csv has. ``cost``: processor seconds that the last checkpoint took here.
    """

    def __init__(
        self,
        open_run: Callable[[], RunWriter],
        dataset: Dataset,
        config: TrainConfig,
        scaler: Scaler,
        stop_step: int | None,
        rows: int,
    ) -> None:
        self.cost = 0.0
        self._open_run = open_run
        self._dataset, self._config, self._scaler = dataset, config, scaler
        self._stop_step = stop_step
        self._rows = rows
        self._begun = datetime.now(UTC)
        self._writer: RunWriter | None = None
        self._history: HistoryFile | None = None
        self._checkpoint: Checkpoint | None = None
        self._state: JobState | None = None
        self._events = EventFile(config, dataset, scaler.method, config.batches(dataset.n), stop_step, time.time())

    @np.errstate(all="ignore")  # a run that diverges passes through numbers that overflow, which it says itself
    def write(self, package: Package) -> None:
        """Write what is new; OSError, :class:`DataError` or :class:`RunError` where that does not work."""
        writer, history = self._opened()
        started = time.thread_time()
        new = package.checkpoint is not self._checkpoint
        history.append(package.view, package.seconds, durable=new or package.end is not None)
        changes: dict[str, Any] = {}
        if package.end is None and package.state != self._state:
            changes = {"state": package.state, "started": writer.record.started or self._begun, "ended": None}
        if package.checkpoint is not None and new:
            changes |= self._write_checkpoint(writer, package.checkpoint)
            changes |= {"step": package.view.steps, "auc_curve": auc_curve(package.view)}
            self._events.add(writer.folder, package.view)
            scribe.breathe()
        if package.end is not None:
            if changes:  # the rest takes its time, in which the process may die
                writer.update(**changes)
            changes = self._write_end(writer, package, package.end)
        if changes:
            writer.update(**changes)
            self._state = package.state
        self._checkpoint = package.checkpoint
        if new:
            self.cost = time.thread_time() - started

    def flush(self, package: Package) -> None:
        """Write the history alone, where there is a folder; OSError where that does not work."""
        if self._history is not None:
            self._history.append(package.view, package.seconds)

    def recover(self) -> None:
        """After a failure, before the next try: believe nothing of what was written."""
        self._events.close()
        self._checkpoint, self._state = None, None
        if self._writer is None:
            return
        folder = self._writer.folder
        if not folder.is_dir():
            folder.mkdir()  # but not the folder of all runs: that may be a disk which is not there now
        if self._history is not None and not self._history.intact():
            self._history = None
        if self._history is None and not (folder / HISTORY).is_file():
            self._rows = 0  # the history is in memory from its first step on

    def close(self) -> None:
        """Let others write the run."""
        self._events.close()
        if self._writer is not None:
            self._writer.close()

    # -- the parts -----------------------------------------------------------------------------------------------------

    def _opened(self) -> tuple[RunWriter, HistoryFile]:
        if self._writer is None:
            self._writer = self._open_run()
        if self._history is None:
            path = self._writer.folder / HISTORY
            self._history = HistoryFile(path, self._config.n_generators, self._rows)
        return self._writer, self._history

    def _write_checkpoint(self, writer: RunWriter, checkpoint: Checkpoint) -> dict[str, Any]:
        scribe.breathe()
        write_frames(writer.folder / FRAMES, checkpoint.frames)
        scribe.breathe()
        write_checkpoint(writer.folder / CHECKPOINT, checkpoint.state, token_of(writer.id))
        scribe.breathe()
        return {"summary": self._summary(writer, checkpoint.epoch, checkpoint.numbers)}

    def _write_end(self, writer: RunWriter, package: Package, end: End) -> dict[str, Any]:
        """Everything that is made at the end; returns what the record says then."""
        folder, view = writer.folder, package.view
        if end.frames and (package.checkpoint is None or package.checkpoint.frames is not end.frames):
            write_frames(folder / FRAMES, end.frames)
        if end.model is not None:
            save_model(folder / MODEL, end.model)
            scribe.breathe()
            if package.state != JobState.INTERRUPTED:  # whoever ends the program does not wait for scores
                logits = end.model.score_scaled(end.X)
                table = scores_table(self._dataset.ids, self._dataset.y, logits)
                write_atomic(folder / SCORES, scores_csv(table))
        scribe.breathe()
        self._events.finish(folder, package)
        scribe.breathe()
        chose = self._config.automatic and package.state == JobState.COMPLETED
        return ({"total_steps": view.steps} if chose else {}) | {
            "state": package.state,
            "message": end.message,
            "started": writer.record.started or self._begun,
            "ended": end.moment,
            "step": view.steps,
            "summary": self._summary(writer, end.epoch, end.numbers),
            "auc_curve": auc_curve(view),
            "diagnosis": self._diagnosis(package, end),
        }

    def _summary(self, writer: RunWriter, epoch: int, numbers: Mapping[str, Any]) -> dict[str, Any]:
        return run_summary(self._dataset, self._config, self._scaler, epoch, numbers, run=writer.id)

    def _diagnosis(self, package: Package, end: End) -> tuple[dict[str, Any], ...]:
        evidence = Evidence(
            config=self._config,
            view=package.view,
            frames=end.frames,
            batches=self._config.batches(self._dataset.n),
            stop_step=self._stop_step,
            complete=package.state == JobState.COMPLETED,
            X=end.X,
            scaling=self._scaler.method,
            diverged=end.diverged,
            choice=choice_of(end.numbers),
            voters=() if end.model is None or not self._config.automatic else end.model.snapshots,
        )
        try:
            return tuple(finding.to_dict() for finding in diagnose(evidence))
        except Exception:  # what a run shows is worth less than the run
            _logger.exception("A run could not be diagnosed.")
            return ()


def auc_curve(view: HistoryView) -> tuple[float, ...]:
    """At most :data:`MOST_CURVE` values of the AUC, evenly over the run, with the last one; none without labels."""
    found = view.auc[np.isfinite(view.auc)]
    if len(found) > MOST_CURVE:
        found = found[np.linspace(0, len(found) - 1, MOST_CURVE).round().astype(int)]
    return tuple(float(value) for value in found)


def forget_result(writer: RunWriter, names: Iterable[str] = (MODEL, SCORES, *TRUST.values())) -> None:
    """Remove what a run that goes on had as its result; OSError where that does not work."""
    for name in names:
        (writer.folder / name).unlink(missing_ok=True)
