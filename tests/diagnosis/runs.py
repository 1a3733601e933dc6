"""Real runs, each trained once for all tests, as evidence for a diagnosis."""

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

from sogaal.config import make_config
from sogaal.data import load_dataset
from sogaal.diagnosis import Evidence, Finding, diagnose
from sogaal.errors import DivergedError
from sogaal.scaling import Scaler
from sogaal.trainer import Trainer

FRAMES = 40


@cache
def evidence(
    preset: str = "post",
    dataset: str = "onecluster",
    scaling: str = "minmax",
    upto: int | None = None,
    factor: float = 1.0,
    **changes: Any,
) -> Evidence:
    """The evidence of a run, up to a step or to its end."""
    table = load_dataset(dataset)
    X = Scaler.fit(table.X * factor, scaling).transform(table.X * factor)
    config = make_config(preset, **changes)
    trainer = Trainer(X, config, table.y)
    frames, trouble = [trainer.frame()], ""
    stride = max(1, trainer.total_steps // FRAMES)
    end = trainer.total_steps if upto is None else upto
    try:
        while trainer.step < end and not trainer.finished:
            ahead = [(trainer.step // stride + 1) * stride, trainer.stop_step or 0, end]
            trainer.advance(min(step for step in ahead if step > trainer.step) - trainer.step)
            frames.append(trainer.frame())
    except DivergedError as error:
        trouble = str(error)
    return Evidence(
        config=config,
        view=trainer.history.view(),
        frames=tuple(frames),
        batches=trainer.batches,
        stop_step=trainer.stop_step,
        complete=trainer.step >= trainer.total_steps and not trouble,
        X=X,
        scaling=scaling,
        diverged=trouble,
    )


def without_labels(given: Evidence) -> Evidence:
    """The same run of a table that has no labels."""
    nothing = np.full(len(given.view.auc), np.nan)
    return replace(given, view=replace(given.view, auc=nothing, average_precision=nothing, precision_at_n=nothing))


def by_kind(given: Evidence) -> dict[str, Finding]:
    """The findings by their kind; no kind comes twice."""
    found = diagnose(given)
    kinds = {finding.kind: finding for finding in found}
    assert len(kinds) == len(found)
    return kinds


def severities(given: Evidence) -> set[str]:
    return {finding.severity for finding in diagnose(given)}
