"""Real runs for the tests of the files that a run leaves."""

import numpy as np

from sogaal import Trainer, load_dataset
from sogaal.config import make_config
from sogaal.scaling import Scaler


def trainer(algorithm: str = "so-gaal", labels: bool = True, **values: object) -> Trainer:
    data = load_dataset("onecluster")
    X = Scaler.fit(data.X).transform(data.X)
    config = make_config("post", **({"stop_epochs": 10, "algorithm": algorithm, "k": 3} | values))
    return Trainer(X, config, data.y if labels else None)


def same(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> bool:
    return one.keys() == other.keys() and all(
        np.asarray(one[name]).tobytes() == np.asarray(other[name]).tobytes() for name in one
    )
