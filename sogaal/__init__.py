"""SO-GAAL and MO-GAAL: a generator that makes potential outliers teaches a discriminator to find the real ones.

The names below are loaded when they are first used, so that ``import sogaal`` is quick and does not load torch.
"""

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sogaal.config import PRESETS, TrainConfig
    from sogaal.data import Dataset, list_datasets, load_dataset
    from sogaal.detector import MOGAAL, SOGAAL
    from sogaal.exports import load_model, save_model
    from sogaal.history import History
    from sogaal.jobs import JobRegistry
    from sogaal.trainer import Trainer

__all__ = [
    "MOGAAL",
    "PRESETS",
    "SOGAAL",
    "Dataset",
    "History",
    "JobRegistry",
    "TrainConfig",
    "Trainer",
    "__version__",
    "list_datasets",
    "load_dataset",
    "load_model",
    "save_model",
]

_HOMES = {
    "Dataset": "sogaal.data",
    "History": "sogaal.history",
    "JobRegistry": "sogaal.jobs",
    "MOGAAL": "sogaal.detector",
    "PRESETS": "sogaal.config",
    "SOGAAL": "sogaal.detector",
    "TrainConfig": "sogaal.config",
    "Trainer": "sogaal.trainer",
    "list_datasets": "sogaal.data",
    "load_dataset": "sogaal.data",
    "load_model": "sogaal.exports",
    "save_model": "sogaal.exports",
}

try:
    __version__ = version("sogaal")
except PackageNotFoundError:  # a checkout that was never installed
    __version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Load a public name from the module it lives in (PEP 562)."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'sogaal' has no attribute {name!r}")
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names, loaded or not."""
    return sorted(set(globals()) | set(__all__))
