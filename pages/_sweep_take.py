"""The set-up of a sweep on screen, put into the controls to go on from."""

from dataclasses import replace
from typing import Any

import streamlit as st

from pages import _server, _sweep_address, _sweep_server
from pages._faults import Fault
from pages._sweep_server import Shown
from pages._sweep_setup import budget, dataset, range_key
from sogaal.config import GAME_PRESETS, TrainConfig, make_config
from sogaal.race import SCALING
from sogaal.sweep import Spec

# What the controls have places of their own for, and what is a machine's business.
_ELSEWHERE = ("seed", "stop_epochs", "device")


def read() -> list[str]:
    """Set the controls of a new session from the address, or from the sweep that it names where it says nothing else;
    returns a sentence for each value that could not be taken."""
    problems = _sweep_address.read()
    if set(st.query_params) == {"id"}:
        found = _sweep_server.look_up(st.query_params["id"])
        if isinstance(found, Shown):
            take(found)
    return problems


def offer(made: Spec | Fault, shown: Shown | None) -> None:
    """Say where the controls and the sweep on screen differ, and offer to have the controls say that one."""
    if shown is None or not isinstance(made, Spec):
        return
    if _alike(made, shown.spec) and dataset().fingerprint == shown.dataset.fingerprint:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="sweep_difference"):
        st.caption("The controls differ from this sweep. Start begins one of its own.", width="content")
        st.button(
            "Take this sweep's set-up", key="sweep_take_shown", icon=":material/undo:", on_click=take, args=(shown,)
        )


def _alike(one: Spec, other: Spec) -> bool:
    """Whether both search the same; what the base says of a field that varies, or of the device, does not count."""
    names = ("device", *other.fields)
    base = one.base.replace(**{name: getattr(other.base, name) for name in names})
    return replace(one, base=base) == other


def take(shown: Shown) -> None:
    """Have the controls say this sweep, with a budget of as many trials; how long it may take stays."""
    state, spec = st.session_state, shown.spec
    preset, changes = _nearest(spec.base, spec.fields)
    if spec.scaling != "minmax":
        changes[SCALING] = spec.scaling
    put = {
        "data": _server.key_of_table(shown.dataset),
        "preset": preset,
        "stop": spec.base.stop_epochs,
        "fields": list(spec.fields),
        "objective": spec.objective_name,
        "method": spec.method,
        "seeds": spec.seeds,
        # Where a trial has too few seeds to be given up, the switch has no say.
        "prune": spec.prune or spec.seeds <= spec.objective.least_seeds,
        "trials": budget().trials if shown.total is None else shown.total,
        "seed": spec.base.seed,
        "search_seed": spec.sampler_seed,
    }
    state.update({f"sweep_{name}": value for name, value in put.items()})
    state.update({range_key(one.field): one.text().partition("=")[2] for one in spec.space})
    state["sweep_changes"] = changes


def _nearest(base: TrainConfig, fields: tuple[str, ...]) -> tuple[str, dict[str, Any]]:
    """The preset that a set-up differs least from, and in what; ``fields`` vary and differ in any case."""
    wanted = {name: value for name, value in base.model_dump().items() if name not in (*_ELSEWHERE, *fields)}
    found = {}
    for preset in GAME_PRESETS:
        common = make_config(preset).model_dump()
        found[preset] = {name: value for name, value in wanted.items() if value != common[name]}
    best = min(found, key=lambda name: len(found[name]))
    return best, found[best]
