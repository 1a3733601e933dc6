"""One training of the command line and what is told of it."""

import html
import json
from dataclasses import dataclass
from typing import Any, Self

import torch

from sogaal.config import TrainConfig
from sogaal.data import Dataset, load_dataset
from sogaal.exports import save_model, scores_csv, scores_table
from sogaal.figures import curves_caption, curves_figure, curves_info
from sogaal.files import write_atomic
from sogaal.model import Model
from sogaal.runs.summary import run_summary
from sogaal.scaling import Scaler
from sogaal.trainer import Trainer

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
    """A table, its scaling and the trainer that learns from it."""

    dataset: Dataset
    scaler: Scaler
    trainer: Trainer

    @classmethod
    def prepare(
        cls, source: str, config: TrainConfig, scaling: str, label: str | None, ids: str | None, max_bytes: int
    ) -> Self:
        """Load the table and make the trainer; raises :class:`SogaalError` for what cannot be used."""
        # One thread: the matrices are small, and a history must not depend on the number of cores.
        torch.set_num_threads(1)
        dataset = load_dataset(source, label_column=label, id_column=ids, max_bytes=max_bytes)
        scaler = Scaler.fit(dataset.X, scaling, dataset.feature_names)
        return cls(dataset, scaler, Trainer(scaler.transform(dataset.X), config, dataset.y))

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

    # -- files ---------------------------------------------------------------------------------------------------------

    def write(self, model: str | None, scores: str | None, share: float, plot: str | None) -> list[str]:
        """Write the files that were asked for; returns their paths."""
        trained = Model.from_trainer(self.trainer, self.scaler, self.dataset)
        if model:
            save_model(model, trained)
        if scores:
            logits = trained.score_samples(self.dataset.X)
            table = scores_table(self.dataset.ids, self.dataset.y, logits, share)
            write_atomic(scores, scores_csv(table))
        if plot:
            self.write_plot(plot)
        return [path for path in (model, scores, plot) if path]

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

    def json(self) -> str:
        """All that is known at the end as one JSON object; null where there is no value."""
        trainer = self.trainer
        summary = run_summary(self.dataset, trainer.config, self.scaler, trainer.epoch, trainer.summary())
        return json.dumps(summary, allow_nan=False)

    def table(self, written: list[str]) -> str:
        """All that people want to know at the end, a line each."""
        data, trainer, summary = self.dataset, self.trainer, self.trainer.summary()
        labels = "no labels" if data.y is None else f"{data.n_outliers:,} outliers ({data.outlier_share:.1%})"
        stop = trainer.stop_step
        stopped = "G did not stop" if stop is None else f"G stopped after epoch {stop // trainer.batches:,}"
        rows = {
            "table": f"{data.name}: {data.n:,} rows, {data.d:,} features, {labels}",
            "setting": ", ".join(f"{name} {value}" for name, value in self._setting().items()),
            "training": f"{trainer.step:,} steps, {trainer.epoch:,} epochs, {summary['seconds']:.1f} s; {stopped}",
            "D loss, G loss": f"{_number(summary['d_loss'])}, {_number(summary['g_loss'])}",
        }
        if data.y is not None:
            rows["AUC at stop"] = _number(summary["auc_stop"])
            rows["AUC at end"] = _number(summary["auc_final"])
            rows["AUC best"] = _number(summary["auc_best"])
        if written:
            rows["written"] = ", ".join(written)
        return "\n".join(f"{name:<16}{value}" for name, value in rows.items())


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"
