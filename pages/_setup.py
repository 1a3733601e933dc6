"""The set-up in the form: dataset, preset, hyperparameters, seed, scaling; kept in the session and in the address.

The session holds one entry for each widget. The address holds what is needed to make the same set-up again: the
dataset, the preset, what differs from it, and the run on screen. Every value from the address is checked as if it had
been typed; a bad one is named and replaced.
"""

from typing import Any

import streamlit as st

from pages import _links, _running, _server
from sogaal.config import FIELDS, PRESETS, TrainConfig, make_config
from sogaal.data import list_datasets
from sogaal.errors import ConfigError, DataError

SCALINGS = {"minmax": "min-max to [0, 1]", "robust": "robust (quantiles)", "none": "none"}
# The tabs of a run.
VIEWS = ("Game", "Result", "Diagnosis", "Replay")
DEFAULT_DATASET = "onecluster"
DEFAULT_PRESET = "post"
# The device is this machine's business and does not travel in an address.
FORM_FIELDS = tuple(name for name in FIELDS if name != "device")


def key_of(name: str) -> str:
    """The session's key for a field of TrainConfig."""
    return f"set_{name}"


def preset_config(preset: str) -> TrainConfig:
    """The configuration that a preset stands for."""
    return make_config(preset)


def apply_preset(preset: str) -> None:
    """Put a preset's values into the form; the seed stays as it is."""
    st.session_state["set_preset"] = preset
    values = preset_config(preset).model_dump()
    for name in FORM_FIELDS:
        if name != "seed" or key_of(name) not in st.session_state:
            _put(name, values[name])


def _put(name: str, value: Any) -> None:
    # A number widget keeps to one type: a float field must get a float.
    st.session_state[key_of(name)] = float(value) if FIELDS[name].kind == "float" else value


def apply_setup(dataset: str, config: TrainConfig, scaling: str) -> None:
    """Put a run's set-up into the form."""
    st.session_state["set_dataset"] = dataset
    st.session_state["set_scaling"] = scaling
    for name, value in config.model_dump(include=set(FORM_FIELDS)).items():
        _put(name, value)


def take_setup(dataset: str, config: TrainConfig, scaling: str) -> None:
    """Put a set-up into the form of the Playground, from another page."""
    if "set_preset" not in st.session_state and not _restore():
        apply_preset(DEFAULT_PRESET)
    apply_setup(dataset, config, scaling)


def current_config() -> TrainConfig:
    """The form's configuration; raises :class:`ConfigError` naming the field at fault."""
    return TrainConfig.checked({name: st.session_state[key_of(name)] for name in FORM_FIELDS})


def start(back: bool = False) -> None:
    """Fill a new session from the address, or keep the set-up alive across pages.

    ``back``: Back or Forward led here, so the address is read anew.
    """
    if back:
        _clear()
        st.session_state["address_problems"] = _read_address()
        st.session_state["start_wanted"] = False
    elif "set_dataset" not in st.session_state:
        st.session_state["address_problems"] = _take_run() if _restore() else _read_address()
    table = st.session_state.get("chosen_table")
    if table is not None and not _known(st.session_state["set_dataset"]):
        _server.remember_upload(table)  # pushed out by other people's uploads
    for name in list(st.session_state):
        # Streamlit forgets the state of widgets that a page does not draw; assigning it makes it the session's own.
        if str(name).startswith("set_"):
            st.session_state[name] = st.session_state[name]
    st.session_state["setup"] = {k: v for k, v in st.session_state.items() if str(k).startswith("set_")}


def _restore() -> bool:
    kept = st.session_state.get("setup")
    if kept:
        for name, value in kept.items():
            st.session_state[name] = value
    return bool(kept)


def _clear() -> None:
    """Forget what the address says where it says anything."""
    st.session_state["run"] = None
    for name in ("view", key_of("seed")):
        st.session_state.pop(name, None)


def _read_address() -> list[str]:
    """Set the form from the address; returns a sentence for each value that could not be taken."""
    given = st.query_params.to_dict()
    problems: list[str] = []
    st.session_state["set_dataset"] = _checked_dataset(given.get("data", _default_dataset(problems)), problems)
    st.session_state["set_scaling"] = _one_of("scaling", given.get("scaling", "minmax"), list(SCALINGS), problems)
    preset = _one_of("preset", given.get("preset", DEFAULT_PRESET), list(PRESETS), problems)
    apply_preset(preset)
    config = preset_config(preset)
    for name in FORM_FIELDS:
        if name in given:
            try:
                config = config.replace(**{name: FIELDS[name].parse(given[name])})
            except ConfigError as error:
                problems.append(f"From the address: {error} It is set to {getattr(config, name)!r}.")
            _put(name, getattr(config, name))
    if "view" in given:
        st.session_state["view"] = _one_of("view", given["view"], list(VIEWS), problems)
    st.session_state["set_up_hidden"] = given.get("hide") == "setup"
    if given.get("hide", "setup") != "setup":
        problems.append(f"From the address: hide may be setup, got {given['hide'][:40]!r}. Nothing is hidden.")
    st.session_state["start_wanted"] = given.get("start") == "1"
    run = given.get("run")
    problem = "" if run is None else _attach(run, "data" in given or "preset" in given)
    if problem:
        problems.append(f"The run {run[:40]!r} cannot be shown: {problem} The form has the set-up of the address.")
    return problems


def _take_run() -> list[str]:
    """Show the run that a link of another page names; the form stays as it is."""
    run = st.query_params.get("run")
    if run is None or run == st.session_state.get("run"):
        return []
    found = _running.look_up(run)
    if isinstance(found, str):
        return [f"The run {run[:40]!r} cannot be shown: {found}"]
    _running.show(found.id)
    return []


def _attach(run: str, has_setup: bool) -> str:
    """Put a run on the page; returns why that cannot be, or nothing."""
    found = _running.look_up(run)
    if isinstance(found, str):
        return found
    st.session_state["run"] = found.id
    if not has_setup:
        apply_setup(_server.key_of_table(found.dataset), found.config, found.scaling)
    return ""


def _default_dataset(problems: list[str]) -> str:
    try:
        return _server.given_table() or DEFAULT_DATASET
    except DataError as error:
        problems.append(f"{error} Shown is {DEFAULT_DATASET}.")
        return DEFAULT_DATASET


def _known(key: str) -> bool:
    return key in list_datasets() or _server.is_upload(key)


def _checked_dataset(key: str, problems: list[str]) -> str:
    if _known(key):
        return key
    if key.startswith("upload-"):
        problems.append(
            f"The address names an uploaded table that this server no longer has; upload the file again. "
            f"Shown is {DEFAULT_DATASET}."
        )
        return DEFAULT_DATASET
    return _one_of("data", key, list_datasets(), problems, DEFAULT_DATASET)


def _one_of(name: str, value: str, allowed: list[str], problems: list[str], default: str = "") -> str:
    if value in allowed:
        return value
    fallback = default or (DEFAULT_PRESET if name == "preset" else allowed[0])
    problems.append(
        f"From the address: {name} must be one of {', '.join(allowed[:12])}{' …' if len(allowed) > 12 else ''}, "
        f"got {value[:40]!r}. It is set to {fallback!r}."
    )
    return fallback


def write_address(run: str | None, view: str | None = None) -> None:
    """Make the address say what the form and the page show, so that it can be sent or reloaded."""
    said = address()
    if run is not None:
        said["run"] = run
        if view not in (None, VIEWS[0]):
            said["view"] = str(view)
    if hidden():
        said["hide"] = "setup"
    _links.put(said)


def hidden() -> bool:
    """Whether the address hides the form."""
    return bool(st.session_state.get("set_up_hidden"))


def address() -> dict[str, str]:
    """What the address says of the form."""
    state = st.session_state
    said = {"data": state["set_dataset"], "preset": state["set_preset"]}
    base = preset_config(state["set_preset"]).model_dump()
    for name in FORM_FIELDS:
        value = state[key_of(name)]
        if value != base[name] or name == "seed":
            said[name] = _links.text_of(value)
    if state["set_scaling"] != "minmax":
        said["scaling"] = state["set_scaling"]
    return said
