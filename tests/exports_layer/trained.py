"""Small real trainings that the tests of exports share."""

from functools import cache

from sogaal.config import make_config
from sogaal.data import Dataset, load_dataset
from sogaal.ensemble import Ensemble
from sogaal.model import Model
from sogaal.scaling import Scaler
from sogaal.trainer import Trainer


@cache
def trained(name: str = "onecluster", algorithm: str = "so-gaal", scaling: str = "minmax", seed: int = 0) -> Trainer:
    """A short training to its end."""
    data = load_dataset(name)
    config = make_config("post", algorithm=algorithm, stop_epochs=8, k=4, seed=seed)
    return Trainer(Scaler.fit(data.X, scaling).transform(data.X), config, data.y).fit()


def model(name: str = "onecluster", scaling: str = "minmax", seed: int = 0) -> Model:
    """Its model, which scores at the stop."""
    data = load_dataset(name)
    return model_of(data, trained(name, scaling=scaling, seed=seed), scaling)


def model_of(data: Dataset, trainer: Trainer, scaling: str) -> Model:
    """The model of a trainer on a dataset."""
    return Model.from_trainer(trainer, Scaler.fit(data.X, scaling, data.feature_names), data)


def ensemble(scaling: str = "minmax") -> Ensemble:
    """Three seeds."""
    return Ensemble(tuple(model(scaling=scaling, seed=seed) for seed in (0, 1, 2)))
