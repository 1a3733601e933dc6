"""The summary of a run: what ``sogaal train --json`` prints and every record holds, made in one place."""

import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

import sogaal
from sogaal.config import TrainConfig
from sogaal.data import Dataset
from sogaal.runs.plain import finite
from sogaal.scaling import Scaler

# What a trainer says of itself, `Trainer.summary`.
NUMBERS = ("steps", "seconds", "auc_stop", "auc_final", "auc_best", "d_loss", "g_loss")


def run_summary(
    dataset: Dataset,
    config: TrainConfig,
    scaler: Scaler,
    epochs: int = 0,
    numbers: Mapping[str, Any] | None = None,
    run: str | None = None,
) -> dict[str, Any]:
    """All that is known of a run as plain JSON values; None where there is no value, or none yet.

    ``epochs``: whole epochs done. ``numbers``: as of :meth:`sogaal.trainer.Trainer.summary`; None before the first
    step; "auto" is there where ``stop_epochs`` is. ``run``: the id of its record, None where it has none.
    """
    known = {"steps": 0, "seconds": 0.0} if numbers is None else numbers
    summary: dict[str, Any] = finite(
        {
            "version": sogaal.__version__,
            "dataset": dataset.name,
            "fingerprint": dataset.fingerprint,
            "n": dataset.n,
            "d": dataset.d,
            "outliers": dataset.n_outliers,
            "config": config.model_dump(),
            "scaling": scaler.method,
            "epochs": epochs,
            **{name: known.get(name) for name in NUMBERS},
            **({"auto": known["auto"]} if known.get("auto") else {}),
            "run": run,
            "notes": [*dataset.notes, *scaler.notes],
        }
    )
    return summary


def versions() -> dict[str, str]:
    """What a run was trained with: sogaal, torch (which is not loaded for that), numpy and python."""
    try:
        torch = version("torch")
    except PackageNotFoundError:
        torch = ""
    return {"sogaal": sogaal.__version__, "torch": torch, "numpy": np.__version__, "python": platform.python_version()}
