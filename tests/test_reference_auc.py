"""AUC on the authors' tables lies inside the spread that their code has over seeds."""

import json
from pathlib import Path

import numpy as np
import pytest

from sogaal.config import make_config
from sogaal.data import load_dataset
from sogaal.scaling import Scaler
from sogaal.trainer import Trainer

TABLES = Path(__file__).parents[2] / "shared" / "gaal"
REFERENCE = json.loads((Path(__file__).parent / "data" / "reference_auc.json").read_text())
SEEDS = 10


@pytest.mark.slow
@pytest.mark.skipif(not TABLES.is_dir(), reason="the authors' tables are not beside this checkout")
@pytest.mark.parametrize("algorithm", ["so", "mo"])
@pytest.mark.parametrize("name", [name for name in REFERENCE if name != "about"])
def test_auc_lies_inside_the_spread_of_the_original(name: str, algorithm: str) -> None:
    dataset = load_dataset(TABLES / name)
    X = Scaler.fit(dataset.X, "none").transform(dataset.X)
    config = make_config(f"paper_{name.lower()}_{algorithm}")
    runs = [Trainer(X, config.replace(seed=seed), dataset.y).fit().summary() for seed in range(SEEDS)]
    reference = REFERENCE[name][algorithm]
    mean, deviation, seeds = reference["final"]
    final = np.array([run["auc_final"] for run in runs])
    # Three standard errors of the difference of two means, and the half digit that the reference is rounded to.
    error = np.sqrt(deviation**2 / seeds + final.var(ddof=1) / SEEDS)
    assert abs(final.mean() - mean) <= 3 * error + 0.001
    stop = np.array([run["auc_stop"] for run in runs])
    # The reference's spread at the stop is not known: as much as ours, over as many seeds.
    error = np.sqrt(stop.var(ddof=1) * (1 / seeds + 1 / SEEDS))
    assert abs(stop.mean() - reference["stop"]) <= 3 * error + 0.005
