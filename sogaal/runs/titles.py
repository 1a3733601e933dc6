"""Titles of runs: short, for people."""

from sogaal.config import GAME_PRESETS, PRESETS, TrainConfig, make_config
from sogaal.data import Dataset


def run_title(dataset: Dataset, config: TrainConfig) -> str:
    """What tells a run from others, in a line: table, algorithm, preset and what was changed, seed."""
    algorithm = config.algorithm.upper() + (f" k={config.k}" if config.algorithm == "mo-gaal" else "")
    return " · ".join([dataset.name, algorithm, *_nearest_preset(config), f"seed {config.seed}"])


def _nearest_preset(config: TrainConfig) -> list[str]:
    """The main preset from which least was changed, with the changes; nothing if it is far from all of them."""
    said_anyway = {"algorithm", "k", "seed", "device", "score_at"}
    distances = []
    for number, name in enumerate(("auto",) if config.automatic else GAME_PRESETS):
        changed = {f: v for f, v in config.changed_from(make_config(name)).items() if f not in said_anyway}
        distances.append((len(changed), number, name, changed))
    count, _, name, changed = min(distances)
    values = [f"{f} {'auto' if v is None else v}" for f, v in changed.items()]
    return [", ".join([PRESETS[name].title, *values])] if count <= 3 else []
