"""The set-up of a sweep in the page's address, so that it can be sent or reloaded.

A field that varies stands in ``vary``, and with its range under its own name: ``vary=lr_g&lr_g=1e-5..1e-2``. What all
trials have in common stands there, where it differs from the preset, with its value: ``lr_d=0.02``.
"""

import math
from collections.abc import Mapping
from typing import Any

import streamlit as st

from pages import _address
from pages._links import text_of
from pages._sweep_charts import VIEWS
from pages._sweep_setup import FIRST, METHODS, range_key, suit_table, table_in_use
from pages._tables import table_keys
from sogaal.config import FIELDS, GAME_PRESETS
from sogaal.sweep import MOST_SEEDS, MOST_TRIALS, OBJECTIVES, VARIED

MOST_SECONDS = 1e9
MOST_SEED = 2**32 - 1
# What only stands in the address where it is not as at first.
_SAID_IF_CHANGED = ("seconds", "seed", "search_seed", "view")


def read() -> list[str]:
    """Set the controls of a new session from the address; returns a sentence for each value that could not be taken."""
    given, state = st.query_params.to_dict(), st.session_state
    problems: list[str] = []
    known = {"data": table_keys(), "preset": GAME_PRESETS, "objective": list(OBJECTIVES), "method": list(METHODS),
             "view": VIEWS}  # fmt: skip
    first = FIRST | {"data": table_in_use()}
    for name, values in known.items():
        state[f"sweep_{name}"] = _address.one_of(given, name, values, first[name], problems)
    if "objective" not in given:
        suit_table()
    fields = _fields(given, problems)
    state["sweep_fields"] = fields
    for field in fields:
        if field in given:
            state[range_key(field)] = given[field]
    state["sweep_changes"] = _address.changes(given, problems, other=("stop_epochs", *fields))
    highest = FIELDS["stop_epochs"].high
    assert highest is not None
    if "stop_epochs" not in fields:
        state["sweep_stop"] = _address.whole(given, "stop_epochs", 1, int(highest), FIRST["stop"], problems)
    for name, low, high in (("seeds", 1, MOST_SEEDS), ("seed", 0, MOST_SEED), ("search_seed", 0, MOST_SEED)):
        state[f"sweep_{name}"] = _address.whole(given, name, low, high, FIRST[name], problems)
    state["sweep_trials"] = None
    if given.get("trials") != "none":
        state["sweep_trials"] = _address.whole(given, "trials", 1, MOST_TRIALS, FIRST["trials"], problems)
    state["sweep_seconds"] = _seconds(given, problems)
    state["sweep_prune"] = _address.one_of(given, "prune", ("0", "1"), "1", problems) == "1"
    return problems


def _fields(given: Mapping[str, str], problems: list[str]) -> list[str]:
    if "vary" not in given:
        return list(FIRST["fields"])
    found = []
    for name in dict.fromkeys(part.strip() for part in given["vary"].split(",") if part.strip()):
        if name in VARIED:
            found.append(name)
        else:
            problems.append(f"From the address: vary may name {', '.join(VARIED)}, got {name[:40]!r}. It is left out.")
    return found


def _seconds(given: Mapping[str, str], problems: list[str]) -> float | None:
    text = given.get("seconds", "none")
    if text == "none":
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if 0 < value <= MOST_SECONDS:
        return value
    problems.append(f"From the address: seconds must be a number over 0, got {text[:40]!r}. It is left empty.")
    return None


def said() -> dict[str, str]:
    """What the address says of the controls."""
    state = st.session_state
    fields = state["sweep_fields"]
    names = ("data", "objective", "method", "seeds", "trials", "preset")
    found: dict[str, Any] = {name: state[f"sweep_{name}"] for name in names}
    found["vary"] = ",".join(fields)
    found |= {field: state[range_key(field)] for field in fields}
    common = {"stop_epochs": state["sweep_stop"]} | state["sweep_changes"]
    found |= {name: value for name, value in common.items() if name not in fields}
    changed = [name for name in _SAID_IF_CHANGED if state[f"sweep_{name}"] != FIRST[name]]
    found |= {name: state[f"sweep_{name}"] for name in changed}
    found |= {} if state["sweep_prune"] else {"prune": 0}
    return {name: text_of(value) for name, value in found.items()}
