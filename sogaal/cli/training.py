"""One training of the command line and what is told of it."""

import html
import json
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from types import FrameType
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import torch
from tqdm import tqdm

from sogaal.config import TrainConfig
from sogaal.data import Dataset, load_dataset
from sogaal.errors import DivergedError, failure_message
from sogaal.exports import save_model, scores_csv, scores_table, scores_with_columns, with_reasons
from sogaal.figures import curves_caption, curves_figure, curves_info
from sogaal.files import write_atomic
from sogaal.labelfree.measured import auto_words
from sogaal.model import Model
from sogaal.runs.camera import Camera
from sogaal.runs.recorder import Recorder
from sogaal.runs.resuming import resumed
from sogaal.runs.store import RunStore
from sogaal.runs.summary import run_summary
from sogaal.runs.titles import run_title
from sogaal.scaling import Scaler
from sogaal.snapshots import JobState
from sogaal.trainer import Trainer

# Seconds between two looks at the progress bar, and at whether Ctrl-C was pressed.
BEAT = 0.1

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>{title}</title>
<style>body {{ font-family: system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem }}</style>
</head>
<body>
<h1>{title}</h1>
<p>{subtitle}</p>
{figure}
<p>{caption}</p>
</body>
</html>
"""


@dataclass(frozen=True, eq=False)
class Training:
    """A table, its scaling and the trainer that learns from it; ``recorder``: None where it is not saved."""

    dataset: Dataset
    scaler: Scaler
    trainer: Trainer
    camera: Camera
    recorder: Recorder | None

    @classmethod
    def prepare(
        cls,
        source: str,
        config: TrainConfig,
        scaling: str,
        label: str | None,
        ids: str | None,
        max_bytes: int,
        store: RunStore | None = None,
        **reading: Any,
    ) -> Self:
        """Load the table and make the trainer; raises :class:`SogaalError` for what cannot be used.

        ``store``: where the training is recorded from now on; None = nowhere. ``reading``: for :func:`load_dataset`.
        """
        # One thread: the matrices are small, and a history must not depend on the number of cores.
        torch.set_num_threads(1)
        dataset = load_dataset(source, label_column=label, id_column=ids, max_bytes=max_bytes, **reading)
        scaler = Scaler.fit(dataset.X, scaling, dataset.feature_names)
        trainer = Trainer(scaler.transform(dataset.X), config, dataset.y)
        recorder = None
        if store is not None:
            title = run_title(dataset, config)
            recorder = Recorder.begin(store, dataset, config, scaler, trainer, title=title)
        return cls(dataset, scaler, trainer, Camera(trainer), recorder)

    @classmethod
    def resume(cls, store: RunStore, run: str) -> Self:
        """Go on with a saved run from its last checkpoint; ``run`` and errors as of :class:`Reopened`."""
        torch.set_num_threads(1)
        found = resumed(store, run)
        return cls(found.dataset, found.scaler, found.trainer, found.camera, found.recorder)

    @property
    def run_id(self) -> str | None:
        """The id of the saved run; None where there is none, or what there is lacks what could not be written."""
        return None if self.recorder is None or self.recorder.problem else self.recorder.id

    # -- training ------------------------------------------------------------------------------------------------------

    def train(self, show: bool = False) -> None:
        """Train to the end and have that recorded; ``show``: a progress bar on standard error.

        Raises :class:`DivergedError`, and KeyboardInterrupt after Ctrl-C, which leaves a run that can be resumed.
        """
        state, error = JobState.COMPLETED, None
        try:
            if not self._to_the_end(show):
                state = JobState.INTERRUPTED
        except Exception as found:
            state, error = JobState.FAILED, found
            raise
        finally:
            self._record_end(state, error)
        if state == JobState.INTERRUPTED:
            raise KeyboardInterrupt

    def _to_the_end(self, show: bool) -> bool:
        """Whether it got there: not if Ctrl-C was pressed."""
        trainer, steps = self.trainer, 1
        with (
            asked_to_end() as asked,
            tqdm(
                total=trainer.total_steps, initial=trainer.step, unit="step",
                disable=not show, file=sys.stderr, dynamic_ncols=True,
            ) as bar,
        ):  # fmt: skip
            while not trainer.finished:
                if asked():
                    return False
                before, started = trainer.step, time.perf_counter()
                bar.update(trainer.advance(self.camera.portion(steps)))
                elapsed = max(time.perf_counter() - started, 1e-6)
                steps = max(1, round((trainer.step - before) * min(2.0, BEAT / elapsed)))
                self.camera.look(before)
                if self.recorder is not None:
                    self.recorder.offer(trainer, self.camera.keeper, JobState.RUNNING)
                if show:
                    bar.set_postfix_str(self.progress(), refresh=False)
        return True

    def _record_end(self, state: JobState, error: Exception | None) -> None:
        if self.recorder is None:
            return
        self.camera.take()
        diverged = str(error) if isinstance(error, DivergedError) else ""
        message = "Ended by Ctrl-C." if state == JobState.INTERRUPTED else ""
        message = message if error is None else failure_message(error)
        self.recorder.finish(state, self.trainer, self.camera.keeper, message=message, diverged=diverged)

    @property
    def notes(self) -> list[str]:
        """What people should know about how the table was read and scaled."""
        return [*self.dataset.notes, *self.scaler.notes]

    def progress(self) -> str:
        """Losses and, with labels, AUC, for the progress bar."""
        view = self.trainer.history.view()
        parts = [f"D {view.d_loss[-1]:.3f}", f"G {view.g_loss[-1]:.3f}"] if view.steps else []
        if view.has_labels:
            parts.append(f"AUC {view.auc[-1]:.3f}")
        return ", ".join(parts)

    # -- what came of it -----------------------------------------------------------------------------------------------

    @cached_property
    def model(self) -> Model:
        """What was learned; once the training has ended."""
        return Model.from_trainer(self.trainer, self.scaler, self.dataset)

    @cached_property
    def logits(self) -> npt.NDArray[np.float64]:
        """The model's logit of each row of the table, (n,)."""
        return self.model.score_samples(self.dataset.X)

    # -- files ---------------------------------------------------------------------------------------------------------

    def write(
        self,
        model: str | None,
        scores: str | None,
        share: float,
        plot: str | None,
        explain: bool = False,
        with_columns: bool = False,
    ) -> list[str]:
        """Write the files that were asked for; returns their paths. ``explain``: with the scores' reasons;
        ``with_columns``: with the table's own columns."""
        if model:
            save_model(model, self.model)
        if scores:
            table = scores_table(self.dataset.ids, self.dataset.y, self.logits, share)
            if explain:
                table = with_reasons(table, self._reasons)
            content = scores_with_columns(table, self.dataset.values) if with_columns else scores_csv(table)
            write_atomic(scores, content)
        if plot:
            self.write_plot(plot)
        return [path for path in (model, scores, plot) if path]

    def _reasons(self, rows: npt.NDArray[np.int64]) -> list[str]:
        return self.model.explain(self.dataset.X[rows], words=self.dataset.wording(rows)[1]).reason_texts()

    def write_plot(self, path: str) -> None:
        """Losses and AUC over the steps as one page that needs no network."""
        trainer = self.trainer
        info = curves_info(
            trainer.history.view(),
            total_steps=trainer.total_steps,
            stop_step=trainer.stop_step,
            labels=self.dataset.y is not None,
        )
        page = _PAGE.format(
            title=html.escape(f"{trainer.config.algorithm.upper()} on {self.dataset.title or self.dataset.name}"),
            subtitle=html.escape(", ".join(f"{name} {value}" for name, value in self._setting().items())),
            figure=curves_figure(info).to_html(full_html=False, include_plotlyjs=True),
            caption=html.escape(curves_caption(info)),
        )
        write_atomic(path, page.encode())

    # -- words ---------------------------------------------------------------------------------------------------------

    def _setting(self) -> dict[str, Any]:
        """What differs from the defaults."""
        return {"stop_epochs": self.trainer.config.stop_epochs} | self.trainer.config.changed_from(TrainConfig())

    def json(self, more: Mapping[str, Any] | None = None) -> str:
        """All that is known at the end, and ``more``, as one JSON object; null where there is no value."""
        trainer = self.trainer
        numbers = trainer.summary()
        summary = run_summary(self.dataset, trainer.config, self.scaler, trainer.epoch, numbers, run=self.run_id)
        return json.dumps({**summary, **(more or {})}, allow_nan=False)

    def table(self, written: list[str], more: Mapping[str, str] | None = None) -> str:
        """All that people want to know at the end, and ``more``, a line each."""
        data, trainer, summary = self.dataset, self.trainer, self.trainer.summary()
        labels = "no labels" if data.y is None else f"{data.n_outliers:,} outliers ({data.outlier_share:.1%})"
        stop = trainer.stop_step
        stopped = "G did not stop" if stop is None else f"G stopped after epoch {stop // trainer.batches:,}"
        if trainer.choice is not None:
            stopped = "G never stops"
        rows = {
            "table": f"{data.name}: {data.n:,} rows, {data.d:,} features, {labels}",
            "setting": ", ".join(f"{name} {value}" for name, value in self._setting().items()),
            "training": f"{trainer.step:,} steps, {trainer.epoch:,} epochs, {summary['seconds']:.1f} s; {stopped}",
            **(
                {}
                if trainer.choice is None
                else {"chosen stop": trainer.choice.why, "how good": auto_words(self.scaler.method)}
            ),
            "D loss, G loss": f"{_number(summary['d_loss'])}, {_number(summary['g_loss'])}",
        }
        if data.y is not None:
            aucs = {"AUC at stop": "auc_stop", "AUC at end": "auc_final", "AUC best": "auc_best"}
            shown = aucs if trainer.choice is None else {"AUC, all seeds": "auc_final"}
            rows |= {title: _number(summary[name]) for title, name in shown.items()}
        rows |= more or {}
        if self.run_id is not None:
            rows["run"] = self.run_id
        if written:
            rows["written"] = ", ".join(written)
        return "\n".join(f"{name:<16}{value}" for name, value in rows.items())


@contextmanager
def asked_to_end() -> Iterator[Callable[[], bool]]:
    """Tells whether Ctrl-C was pressed in this block; the second time it interrupts at once, as usual."""
    pressed = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield pressed.is_set
        return
    usual = signal.getsignal(signal.SIGINT)

    def note(_number: int, _frame: FrameType | None) -> None:
        pressed.set()
        signal.signal(signal.SIGINT, usual)

    signal.signal(signal.SIGINT, note)
    try:
        yield pressed.is_set
    finally:
        signal.signal(signal.SIGINT, usual)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"
