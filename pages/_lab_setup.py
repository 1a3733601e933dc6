"""What the lab compares: a ready pair or one's own, kept in the session and in the address."""

from typing import Any

import streamlit as st

from pages import _address, _history, _links, _server, _taken
from pages._faults import Fault
from pages._tables import table_keys
from sogaal.config import GAME_PRESETS, TrainConfig, make_config
from sogaal.data import Dataset
from sogaal.errors import ConfigError
from sogaal.race import FIELD_NAMES, READY, SCALING, ReadyPair, Setup, parse_values, varied

VIEWS = {"race": "Race", "spread": "Spread over seeds", "map": "Phase map"}
DEFAULT_PAIR = "bias"
# The highest number that is taken from the address; what a control allows is said beside it.
MOST = 2**32 - 1
# The session's entries of widgets, each with what it says at first; "lab_" stands before each.
FIRST: dict[str, Any] = {
    "view": "race",
    "data": "onecluster",
    "preset": "post",
    "differs": "generator_bias",
    "values": "1e-5, 1",
    "seed": 0,
    "pace": "watch",
    "seeds": 16,
    "up": "lr_g",
    "up_values": "",
    "map_seeds": 4,
    "map_stop": 333,
    "show": "end",
}


def start() -> None:
    """Fill a new session from the address, or keep what it had across pages."""
    kept = st.session_state.get("lab_kept")
    fresh = kept is None
    kept = dict(FIRST) if kept is None else kept
    for name, first in FIRST.items():
        key = f"lab_{name}"
        # Assigned even where it is there: what a view does not draw would be forgotten.
        st.session_state[key] = st.session_state.get(key, kept.get(name, first))
    st.session_state.setdefault("lab_changes", {})
    st.session_state.setdefault("lab_ids", {})
    st.session_state.setdefault("lab_hidden", False)
    if fresh:
        st.session_state["lab_problems"] = _read_address()
    elif _history.went("pair", "differs", "view", "seed", "id"):
        st.session_state.update(lab_view=FIRST["view"], lab_seed=FIRST["seed"])
        st.session_state["lab_problems"] = _read_address()
        st.session_state["lab_start"] = False
    keep()


def keep() -> None:
    """Remember the widgets' values for when they are not drawn."""
    st.session_state["lab_kept"] = {name: st.session_state[f"lab_{name}"] for name in FIRST}


# -- the set-up --------------------------------------------------------------------------------------------------------


def choose(pair: ReadyPair) -> None:
    """Put a ready pair into the controls; the seed stays."""
    put = {"data": pair.dataset, "preset": pair.preset, "differs": pair.differs, "values": ", ".join(pair.texts)}
    st.session_state.update({f"lab_{name}": value for name, value in put.items()})
    st.session_state["lab_changes"] = dict(pair.changes)
    st.session_state["lab_problems"] = []


def take_playground() -> None:
    """Take the Playground's set-up as what all have in common."""
    taken = _taken.playground()
    if taken is None:
        return
    state = st.session_state
    state["lab_data"], state["lab_preset"], state["lab_seed"] = taken.data, taken.preset, taken.seed
    plain_stop = make_config(taken.preset).stop_epochs
    stop = {} if taken.stop_epochs == plain_stop else {"stop_epochs": taken.stop_epochs}
    state["lab_changes"] = taken.changes | stop


def pair() -> ReadyPair | None:
    """The ready pair that the controls say, None if they say something else."""
    state = st.session_state
    said = (state["lab_data"], state["lab_preset"], state["lab_differs"], state["lab_changes"])
    texts = tuple(part.strip() for part in state["lab_values"].split(","))
    for one in READY.values():
        if said == (one.dataset, one.preset, one.differs, dict(one.changes)) and texts == one.texts:
            return one
    return None


def dataset() -> Dataset:
    """The chosen table."""
    return _server.table(st.session_state["lab_data"])


def base() -> TrainConfig:
    """What all set-ups have in common; raises :class:`ConfigError`."""
    changes = {name: value for name, value in st.session_state["lab_changes"].items() if name != SCALING}
    return make_config(st.session_state["lab_preset"], **(changes | {"seed": st.session_state["lab_seed"]}))


def scaling() -> str:
    """Of the columns, where that is not what differs."""
    return str(st.session_state["lab_changes"].get(SCALING, "minmax"))


def setups() -> list[Setup] | Fault:
    """The set-ups that the controls describe, or what is wrong with them."""
    try:
        common = base()
    except ConfigError as error:
        return Fault(str(error), "seed" if error.field == "seed" else "base")
    differs = st.session_state["lab_differs"]
    try:
        return varied(common, differs, parse_values(differs, st.session_state["lab_values"]), scaling())
    except ConfigError as error:
        return Fault(str(error), "values")


# -- the address -------------------------------------------------------------------------------------------------------


def write_address() -> None:
    """Make the address say what the page shows, so that it can be sent or reloaded."""
    said = address() | ({"hide": "setup"} if st.session_state["lab_hidden"] else {})
    _links.put(said)


def address() -> dict[str, str]:
    """What the address says of the page."""
    state = st.session_state
    known = pair()
    said: dict[str, str] = {} if state["lab_view"] == "race" else {"view": state["lab_view"]}
    if known is not None:
        said["pair"] = known.name
    else:
        said |= {"data": state["lab_data"], "preset": state["lab_preset"], "differs": state["lab_differs"]}
        said["values"] = state["lab_values"]
        said |= {name: _links.text_of(value) for name, value in state["lab_changes"].items()}
    said["seed"] = _links.text_of(state["lab_seed"])
    shown = state["lab_ids"].get(state["lab_view"])
    if shown is not None:
        said["id"] = shown
    if state["lab_view"] == "map":
        said["up"] = state["lab_up"]
        said |= {"stop": _links.text_of(state["lab_map_stop"]), "seeds": _links.text_of(state["lab_map_seeds"])}
    return said


def _read_address() -> list[str]:
    """Set the controls from the address; returns a sentence for each value that could not be taken."""
    given = st.query_params.to_dict()
    problems: list[str] = []
    name = given.get("pair", "" if "differs" in given else DEFAULT_PAIR)
    if name and name not in READY:
        problems.append(_address.problem("pair", name, list(READY), DEFAULT_PAIR))
        name = DEFAULT_PAIR
    if name:
        choose(READY[name])
    else:
        _read_own(given, problems)
    for key, known in (("view", list(VIEWS)), ("up", None)):
        if key in given and (known is None or given[key] in known):
            st.session_state[f"lab_{key}"] = given[key]
        elif key in given:
            problems.append(_address.problem(key, given[key], list(known or ()), st.session_state[f"lab_{key}"]))
    for key, entry in (("seed", "seed"), ("stop", "map_stop"), ("seeds", "map_seeds")):
        if key in given:
            first = st.session_state[f"lab_{entry}"]
            st.session_state[f"lab_{entry}"] = _address.whole(given, key, 0, MOST, first, problems)
    view = st.session_state["lab_view"]
    st.session_state["lab_ids"].pop(view, None)
    if "id" in given:
        st.session_state["lab_ids"][view] = given["id"]
    st.session_state["lab_hidden"] = given.get("hide") == "setup"
    if given.get("hide", "setup") != "setup":
        problems.append(f"From the address: hide may be setup, got {given['hide'][:40]!r}. Nothing is hidden.")
    st.session_state["lab_start"] = given.get("start") in ("1", "true", "yes")
    return problems


def _read_own(given: dict[str, str], problems: list[str]) -> None:
    state = st.session_state
    tables = table_keys()
    for key, known in (("data", tables), ("preset", list(GAME_PRESETS)), ("differs", list(FIELD_NAMES))):
        state[f"lab_{key}"] = _address.one_of(given, key, known, FIRST[key], problems)
    state["lab_values"] = given.get("values", "")
    state["lab_changes"] = _address.changes(given, problems)
