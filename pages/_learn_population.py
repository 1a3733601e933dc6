"""Experiments of the course that train many seeds at once: a population by the pool, its progress, and its end."""

from collections.abc import Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages import _lab_server
from pages import _learn_parts as _learn
from pages._live import _duration
from sogaal.jobs import JobState
from sogaal.populations import Member, Plan, Population

REFRESH_SECONDS = 0.5


def experiment(name: str, label: str, plan: Plan) -> Population | None:
    """A button that trains ``plan`` here and now, with its progress; returns the population when it has ended.

    Ticks ``<name>_ran``. None before the first one, while one is under way, or when the server has forgotten it.
    """
    ids = st.session_state.setdefault("learn_populations", {})
    known = [_lab_server.populations().get(one) for one in ids.values()]
    busy = any(one.snapshot().state.active for one in known if one is not None)
    key = None if busy else _learn.space_until(f"{name}_ran")
    pressed = st.button(label, key=f"run_{name}", icon=":material/play_arrow:", type="primary", shortcut=key)
    if pressed or _learn.starts():
        before = _lab_server.populations().get(ids.get(name, ""))
        if before is not None:
            _lab_server.populations().cancel(before)
        ids[name] = _lab_server.populations().submit(plan).id
    found = _lab_server.populations().get(ids.get(name, ""))
    if found is None:
        if name in ids:
            st.info(
                "The server has forgotten these runs: it keeps the last few. Trained again they come out the same.",
                icon=":material/info:",
            )
        return None
    state = found.snapshot().state
    if state.active:
        st.fragment(run_every=REFRESH_SECONDS)(_watch)(found)
        return None
    if state == JobState.FAILED:
        st.error(_learn.plain(found.snapshot().message), icon=":material/error:")
    members = found.members()
    bad = [member.outcome for member in members if not member.outcome.ok]
    if bad:
        first = bad[0].diverged or bad[0].failed or ""
        st.warning(_learn.plain(f"{len(bad)} of {len(members)} runs did not end, the first with: {first}"))
    if len(bad) == len(members):
        return None
    _learn.tick(f"{name}_ran")
    return found


def _watch(population: Population) -> None:
    snapshot = population.snapshot()
    if not snapshot.state.active:
        st.rerun(scope="app")
    words = f"{snapshot.done} of {snapshot.total} runs"
    if snapshot.state == JobState.QUEUED:
        words = f"place {snapshot.place_in_queue} in the queue, behind what others have begun"
    elif snapshot.seconds_left is not None:
        words += f", {_duration(snapshot.seconds_left)} left"
    st.progress(snapshot.done / max(snapshot.total, 1), text=words)


def columns(name: str) -> list[DeltaGenerator]:
    """Two columns that stand below each other where the page is narrow (see the style in app.py); as many on a page
    as there are names."""
    with st.container(key=f"learn_charts_{name}"):
        return st.columns(2, gap="medium")


def ended(population: Population, cell: int = 0) -> Sequence[Member]:
    """The runs of one set-up that reached their end and have an AUC, by their seeds."""
    good = [m for m in population.members() if m.cell == cell and m.auc() is not None]
    return sorted(good, key=lambda member: member.seed)
