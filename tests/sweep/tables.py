"""A small table for sweeps, with and without its labels."""

import numpy as np

from sogaal.data import Dataset
from sogaal.scaling import Scaler


def _table(labelled: bool) -> Dataset:
    rng = np.random.default_rng(1)
    values = rng.normal(0.5, 0.05, (120, 3))
    values[:8] = rng.random((8, 3))
    y = np.zeros(120, dtype=np.int8)
    y[:8] = 1
    names = ("a", "b", "c")
    return Dataset("blob", values.astype(np.float32), y if labelled else None, np.arange(120), names)


DATA, UNLABELLED = _table(True), _table(False)
X = Scaler.fit(DATA.X).transform(DATA.X)
Y = DATA.y
