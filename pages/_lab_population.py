"""What the spread and the map share: a population on screen, its progress, its end, and the way into a run of it."""

from collections.abc import Callable, Mapping, Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages import _lab_open, _lab_server
from pages._clicks import once
from pages._live import _duration
from pages._running import STATE_LOOK
from pages._words import plain
from sogaal.data import Dataset
from sogaal.jobs import JobState
from sogaal.populations import Plan, Population
from sogaal.race import Setup


def begin(kind: str, plan: Plan) -> None:
    """Submit a population and show it; the one of this kind that was shown is cancelled."""
    if not once(kind):
        return
    before = shown(kind)
    if before is not None:
        _lab_server.populations().cancel(before)
    st.session_state["lab_ids"][kind] = _lab_server.populations().submit(plan).id


def shown(kind: str) -> Population | None:
    """The population on screen; says so if the server no longer has it."""
    wanted = st.session_state["lab_ids"].get(kind)
    found = None if wanted is None else _lab_server.populations().get(wanted)
    if found is not None and found.plan.kind == kind:
        return found
    if wanted is not None:
        st.session_state["lab_ids"].pop(kind)
        st.info(
            "What the address names is no longer in memory. Trained again it comes out the same.",
            icon=":material/info:",
        )
    return None


def live(population: Population, draw: Callable[[Population], None], refresh: float) -> None:
    """Draw a population, and keep drawing while it goes on."""
    state = population.snapshot().state
    st.fragment(run_every=refresh if state.active else None)(_fragment)(population, draw, state)


def _fragment(population: Population, draw: Callable[[Population], None], drawn: JobState) -> None:
    if population.snapshot().state.active != drawn.active:
        st.rerun(scope="app")  # the timer ends
    _lab_open.go_if_asked()
    _status(population)
    draw(population)


def _status(population: Population) -> None:
    snapshot = population.snapshot()
    icon, color = STATE_LOOK[snapshot.state]
    parts = [f"**{snapshot.done:,}** of {snapshot.total:,} runs"]
    if snapshot.state == JobState.QUEUED:
        parts.append(f"place {snapshot.place_in_queue} in the queue, behind what has as much to do or more")
    if snapshot.seconds and not snapshot.state.active:
        parts.append(f"in {_duration(snapshot.seconds)}")
    if snapshot.seconds_left is not None:
        parts.append(f"{_duration(snapshot.seconds_left)} left")
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="lab_status"):
        st.badge(snapshot.state.value, icon=icon, color=color)
        st.markdown(" · ".join(parts), width="stretch")
        if snapshot.state.active:
            st.button(
                "Cancel",
                key="lab_cancel",
                icon=":material/stop:",
                type="tertiary",
                on_click=_lab_server.populations().cancel,
                args=(population,),
                help="What has come stays.",
            )
        _lab_open.record(population.record, snapshot.state.active)
    st.progress(snapshot.done / max(snapshot.total, 1))
    if snapshot.message:
        st.error(plain(snapshot.message), icon=":material/error:")
    if population.problem:
        st.warning(f"Not saved: {plain(population.problem)}", icon=":material/save:")


def columns(key: str, widths: Sequence[float]) -> list[DeltaGenerator]:
    """Columns that stand below each other where the page is narrow."""
    with st.container(key=key):
        return st.columns(list(widths), gap="medium")


def picker(shown: Population, titles: Mapping[int, str], what: str) -> None:
    """Choose a run by its title and open it: what a click in the chart does, for the keyboard."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="lab_picker"):
        number = st.selectbox(what, list(titles), key="lab_pick", format_func=lambda one: titles.get(one, str(one)))
        if number is not None:
            st.button(
                "Open in the Playground",
                key="lab_open",
                icon=":material/open_in_new:",
                on_click=_lab_open.ask,
                args=(shown.plan.dataset, shown.plan.member(number), shown.parent),
                help="Trains this set-up with this seed alone: it ends exactly as here.",
            )


def stop_step(setup: Setup, dataset: Dataset) -> int | None:
    """The step after which "at stop" is evaluated, None if G does not stop within the run."""
    config = setup.config
    step = config.stop_step(config.batches(dataset.n))
    return step if step is not None and step <= config.total_steps(dataset.n) else None
