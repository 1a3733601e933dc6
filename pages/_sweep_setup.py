"""What a sweep searches, in the sidebar: table, set-up, objective, method, ranges and budget."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from pages import _server, _taken
from pages._faults import Fault, say
from pages._tables import table_keys, table_title
from pages._words import plain
from sogaal.config import FIELDS, GAME_PRESETS, PRESETS, TrainConfig, make_config
from sogaal.data import Dataset
from sogaal.errors import ConfigError
from sogaal.labelfree.choosing import short_words, words
from sogaal.race import field_title
from sogaal.runs.populations import SCALING
from sogaal.sweep import (
    OBJECTIVES,
    VARIED,
    Budget,
    Objective,
    Spec,
    checked_budget,
    default_objective,
    dimension_of,
    make_spec,
    suggested,
)

METHODS = {"tpe": "TPE", "random": "Random", "grid": "Grid"}
METHOD_HELP = (
    "**TPE** learns from the trials before where good ones lie. **Random** does not. **Grid** tries every combination "
    "of points: five to a range, or as many as `/7` behind it says."
)
# The session's entries of widgets, each with what it says at first; "sweep_" stands before each.
FIRST: dict[str, Any] = {
    "data": "onecluster",
    "preset": "post",
    "stop": 100,
    "fields": ["lr_g", "lr_d", "generator_bias"],
    "objective": "auc_stop",
    "method": "tpe",
    "seeds": 3,
    "prune": True,
    "trials": 48,
    "seconds": None,
    "seed": 0,
    "search_seed": 0,
    "view": "Overview",
}


def start(read: Callable[[], list[str]], back: bool) -> None:
    """Fill a new session by ``read``, which sets what the address says, or keep what it had across pages.

    ``back``: Back or Forward led here, so the address is read anew.
    """
    in_use = table_in_use()
    if back or "sweep_kept" not in st.session_state:
        st.session_state["sweep_problems"] = read()
        st.session_state["sweep_in_use"] = in_use
    kept = st.session_state.get("sweep_kept", FIRST)
    for name, first in FIRST.items():
        key = f"sweep_{name}"
        st.session_state[key] = st.session_state.get(key, kept.get(name, first))
    if st.session_state["sweep_in_use"] != in_use:  # another one was taken on the Playground in between
        st.session_state["sweep_in_use"] = st.session_state["sweep_data"] = in_use
        suit_table()
    st.session_state.setdefault("sweep_changes", {})
    ranges = st.session_state.setdefault("sweep_ranges", {})
    for field in st.session_state["sweep_fields"]:
        key = range_key(field)
        st.session_state[key] = st.session_state.get(key, ranges.get(field, _suggested(field)))


def table_in_use() -> str:
    """The Playground's table; the first one where nobody has been there, or it is gone."""
    state = st.session_state
    found = state.get("set_dataset") or (state.get("setup") or {}).get("set_dataset")
    return str(found) if found in table_keys() else FIRST["data"]


def keep() -> None:
    """Remember the widgets' values for when they are not drawn."""
    state = st.session_state
    state["sweep_kept"] = {name: state[f"sweep_{name}"] for name in FIRST}
    state["sweep_ranges"] |= {one: state[range_key(one)] for one in state["sweep_fields"] if range_key(one) in state}


def range_key(field: str) -> str:
    """The session's key for the range of a field."""
    return f"sweep_range_{field}"


def _suggested(field: str) -> str:
    try:
        common = base()
    except ConfigError:
        common = TrainConfig()
    return suggested(field, common).text().partition("=")[2]


# -- what the controls say ---------------------------------------------------------------------------------------------


def dataset() -> Dataset:
    """The chosen table."""
    return _server.table(st.session_state["sweep_data"])


def suit_table() -> None:
    """Put an objective that suits the table in place of one that needs labels where there are none."""
    if dataset().y is None and objective().labels:
        st.session_state["sweep_objective"] = default_objective(None).name


def base() -> TrainConfig:
    """What all trials have in common; raises :class:`ConfigError`."""
    state = st.session_state
    changes = {name: value for name, value in state["sweep_changes"].items() if name != SCALING}
    return make_config(
        state["sweep_preset"], **({"stop_epochs": state["sweep_stop"]} | changes | {"seed": state["sweep_seed"]})
    )


def objective() -> Objective:
    """What is searched for."""
    return OBJECTIVES[st.session_state["sweep_objective"]]


def spec() -> Spec | Fault:
    """The sweep that the controls describe, or what is wrong with them."""
    state = st.session_state
    try:
        common = base()
    except ConfigError as error:
        return Fault(str(error), {"seed": "seed", "stop_epochs": "stop"}.get(error.field or "", "base"))
    space = []
    for field in state["sweep_fields"]:
        try:
            space.append(dimension_of(f"{field}={state[range_key(field)]}"))
        except ConfigError as error:
            return Fault(str(error), field)
    try:
        made = make_spec(
            dataset(),
            common,
            space,
            state["sweep_objective"],
            scaling=str(state["sweep_changes"].get(SCALING, "minmax")),
            method=state["sweep_method"],
            seeds=state["sweep_seeds"],
            sampler_seed=state["sweep_search_seed"],
            prune=state["sweep_prune"] and state["sweep_seeds"] > objective().least_seeds,
        )
        until = budget()
        checked_budget(made.method, until.trials, until.seconds)
    except ConfigError as error:
        return Fault(str(error), error.field or "base")
    return made


def budget() -> Budget:
    """When the sweep ends."""
    return Budget(st.session_state["sweep_trials"], st.session_state["sweep_seconds"])


def take_playground() -> None:
    """Take the Playground's set-up as what all trials have in common."""
    taken = _taken.playground()
    if taken is None:
        return
    state = st.session_state
    state["sweep_data"], state["sweep_preset"], state["sweep_seed"] = taken.data, taken.preset, taken.seed
    state["sweep_stop"], state["sweep_changes"] = taken.stop_epochs, taken.changes
    suit_table()


# -- drawing -----------------------------------------------------------------------------------------------------------


def sidebar(made: Spec | Fault) -> None:
    """Draw the controls, with what is wrong beside the one at fault."""
    fault = made if isinstance(made, Fault) else None
    st.selectbox("Table", table_keys(), key="sweep_data", format_func=table_title, on_change=suit_table)
    _objective(fault)
    st.multiselect(
        "What varies", VARIED, key="sweep_fields", format_func=lambda name: FIELDS[name].title,
        placeholder="Choose hyperparameters",
    )  # fmt: skip
    say(fault, "vary")
    for field in st.session_state["sweep_fields"]:
        st.text_input(FIELDS[field].title, key=range_key(field), help=_range_help(field))
        say(fault, field)
    st.segmented_control(
        "Method", list(METHODS), key="sweep_method", required=True, format_func=METHODS.__getitem__, help=METHOD_HELP
    )
    say(fault, "method")
    _budget(fault)
    left, right = st.columns(2, vertical_alignment="bottom")
    with left:
        st.number_input("Seeds a trial", step=1, key="sweep_seeds", help="One seed proves little; the mean counts.")
    with right:
        st.number_input(FIELDS["stop_epochs"].title, step=50, key="sweep_stop", help="Unless it is what varies.")
    say(fault, "seeds")
    say(fault, "stop")
    st.toggle(
        "Give up bad trials early",
        key="sweep_prune",
        disabled=st.session_state["sweep_seeds"] <= objective().least_seeds,
        help="After each seed: a trial whose mean so far is worse than the median of those before it gets no more "
        "seeds. It needs more seeds than the objective does.",
    )
    with st.expander("Set-up and seeds", icon=":material/tune:", expanded=fault is not None and fault.control in MORE):
        _more(fault)


def _budget(fault: Fault | None) -> None:
    left, right = st.columns(2)
    with left:
        st.number_input("Trials", step=16, key="sweep_trials", value=None, placeholder="no end", help="In all.")
    with right:
        st.number_input(
            "Seconds", step=60.0, key="sweep_seconds", value=None, format="%g", placeholder="no end",
            help="No trial is begun later.",
        )  # fmt: skip
    say(fault, "trials")
    say(fault, "seconds")


MORE = ("base", "seed", "sampler_seed", "score_at")


def _objective(fault: Fault | None) -> None:
    name = objective().name
    st.selectbox(
        "Objective", list(OBJECTIVES), key="sweep_objective", format_func=_objective_title, help=words(name) or None
    )
    st.caption(plain(f"{objective().says} {short_words(name)}"))
    say(fault, "objective")


def _objective_title(name: str) -> str:
    one = OBJECTIVES[name]
    return f"{one.title} · {'with labels' if one.labels else 'without labels'}"


def _more(fault: Fault | None) -> None:
    st.segmented_control(
        "Preset", GAME_PRESETS, key="sweep_preset", required=True, format_func=lambda name: PRESETS[name].title
    )
    changes = st.session_state["sweep_changes"]
    if changes:
        told = ", ".join(f"{field_title(name)} {'auto' if value is None else value}" for name, value in changes.items())
        st.caption(plain(f"With {told}."))
    say(fault, "base")
    say(fault, "score_at")
    left, right = st.columns(2)
    with left:
        st.button(
            "As in the Playground", key="sweep_take", on_click=take_playground, width="stretch",
            disabled=not st.session_state.get("setup"), help="Takes its table and set-up for all trials.",
        )  # fmt: skip
        st.number_input("First seed", step=1, key="sweep_seed", help="The others of a trial follow from it.")
    with right:
        st.button(
            "Plain preset", key="sweep_plain", width="stretch", disabled=not changes,
            on_click=lambda: st.session_state.update(sweep_changes={}),
        )  # fmt: skip
        st.number_input("Search seed", step=1, key="sweep_search_seed", help="Of the method's own random numbers.")
    say(fault, "seed")
    say(fault, "sampler_seed")


def _range_help(field: str) -> str:
    info = FIELDS[field]
    parts = [info.help, "`LOW..HIGH`, with `:log` or `:linear` behind it, or values with commas between."]
    parts += [f"**Too low:** {info.too_low}"] if info.too_low else []
    parts += [f"**Too high:** {info.too_high}"] if info.too_high else []
    return "\n\n".join([*parts, f"`{field}`"])
