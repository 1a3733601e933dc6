"""The Playground's set-up, taken as what all runs of another page have in common."""

from dataclasses import dataclass
from typing import Any

import streamlit as st

from sogaal.config import AUTO, FIELDS, GAME_PRESETS, make_config
from sogaal.race import SCALING


@dataclass(frozen=True)
class Taken:
    """The table's key, a preset that shows one game, the seed and ``stop_epochs``; ``changes``: what else differs from
    the preset, by field, the scaling included."""

    data: str
    preset: str
    seed: int
    stop_epochs: int
    changes: dict[str, Any]


def playground() -> Taken | None:
    """The set-up that the Playground has; None where nobody has been there."""
    form = st.session_state.get("setup") or {}
    if not form:
        return None
    values = {name: form[f"set_{name}"] for name in FIELDS if f"set_{name}" in form}
    preset = form["set_preset"] if form["set_preset"] in GAME_PRESETS else "post"
    common = make_config(preset).model_dump() | {SCALING: "minmax"}
    stop = values.pop("stop_epochs")
    seed = values.pop("seed")
    values[SCALING] = form["set_scaling"]
    changes = {name: value for name, value in values.items() if value != common[name]}
    # What is raced, mapped and swept is one game: a stop that the seeds choose stays in the Playground.
    return Taken(form["set_dataset"], preset, seed, common["stop_epochs"] if stop == AUTO else stop, changes)
