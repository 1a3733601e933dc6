"""A run on the Playground: its head, and the game, the result, the diagnosis and the replay in tabs."""

import streamlit as st

from pages import _annotate, _diagnosis, _downloads, _live, _population, _results, _running, _saved, _threshold
from pages._setup import VIEWS
from pages._shown import Shown
from pages._words import plain
from sogaal.runs.names import token_of
from sogaal.sweep import CHOSEN_WITH_LABELS

# What the tabs set, and keep while another tab is open: Streamlit forgets widgets that a page does not draw.
KEPT = ("scored_at", *_threshold.KEPT, "scores_reasons", "plane_kind")


def run_view(run: Shown) -> None:
    """Draw a run, live or ended."""
    _keep(run)
    _head(run)
    if run.population is not None:
        _population.population(run, run.population, run.members)
        return
    found = () if run.active else _diagnosis.findings_of(run)
    if st.session_state.get("view") not in VIEWS:
        st.session_state["view"] = VIEWS[0]
    game, result, diagnosis, replay = st.tabs(list(VIEWS), key="view", on_change="rerun")
    if game.open:
        with game:
            _way_to_result(run)
            _live.live_view(run, found)
    else:
        _live.watch(run)
    if result.open:
        with result:
            _result(run)
    if diagnosis.open:
        with diagnosis:
            if found:
                _diagnosis.draw(found, run)
            else:
                _not_yet(run, "The diagnosis")
    if replay.open:
        with replay:
            _replay(run)


def _way_to_result(run: Shown) -> None:
    """Where the ranked rows are, which is what a run is for: whoever watched the game is on another tab."""
    if run.active or run.snapshot().result is None:
        return
    st.button(
        "The ranked rows are under Result", key="to_result", icon=":material/format_list_numbered:", on_click=_open
    )


def _open() -> None:
    st.session_state["view"] = "Result"


def _keep(run: Shown) -> None:
    st.session_state.setdefault("scored_at", run.config.score_at)
    st.session_state.setdefault("share", 5.0)
    for name in KEPT:
        if name in st.session_state:
            st.session_state[name] = st.session_state[name]


def _head(run: Shown) -> None:
    snapshot, saved = run.snapshot(), _saved.find(run.id)
    record = None if saved is None else saved.record
    st.session_state["drawn_unsaved"] = None if saved is not None else run.id
    icon, color = _running.STATE_LOOK[snapshot.state]
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="run_head"):
        st.badge(snapshot.state.value, icon=icon, color=color)
        name = run.title if record is None or not record.name else record.name
        tags = "" if record is None else "".join(f" :gray-badge[{plain(tag)}]" for tag in record.tags)
        st.markdown(f"**{plain(name)}**{tags}", width="stretch")
        if run.parent is not None:
            _origin(run.parent)
        if not snapshot.state.active and run.population is None:
            st.caption(_live.progress_text(snapshot), width="content")
    if record is not None and record.name:
        st.caption(plain(run.title))
    if record is not None and record.note:
        st.caption(f":material/sticky_note_2: {plain(record.note)}")
    for problem in () if snapshot.state.active else run.problems:  # that of a run under way is said as it comes
        st.warning(plain(problem), icon=":material/warning:")
    # At the right of the tabs, see the style in app.py.
    place = "run_tools" if run.population is None else "population_tools"
    with st.container(horizontal=True, horizontal_alignment="right", gap="small", key=place):
        with st.popover("Name", icon=":material/edit:", disabled=record is None, type="tertiary", width="content"):
            if record is not None:
                _annotate.edit(record, "run")
        with st.popover("Files", icon=":material/download:", disabled=saved is None, type="tertiary", width="content"):
            if saved is not None:
                _downloads.downloads(saved, "run")


def _origin(parent: str) -> None:
    """Where a run came from that was a member of a population: the way back, if that is still there."""
    found = _saved.find(parent)
    if found is None:
        st.caption(":material/account_tree: of a population that is not there, or no more", width="content")
        return
    record = found.record
    kind = "population" if record.population is None else record.population.kind
    if record.title.endswith(CHOSEN_WITH_LABELS):  # whoever opens the best of a sweep is to know how it was found
        kind += f", {CHOSEN_WITH_LABELS}"
    st.button(
        plain(f"From a {kind}"),
        key="to_population",
        icon=":material/account_tree:",
        type="tertiary",
        on_click=_running.show,
        args=(token_of(record.id),),
        help=plain(f"This run is one of many: {record.name or record.title}"),
    )


def _result(run: Shown) -> None:
    result = run.snapshot().result
    if result is None:
        _not_yet(run, "The result")
    else:
        _results.results(run, result)


def _replay(run: Shown) -> None:
    if run.active or len(run.frames) < 2:
        _not_yet(run, "The replay")
    else:
        _results.replay_of(run)


def _not_yet(run: Shown, what: str) -> None:
    if run.active:
        st.caption(f"{what} comes when the run has ended.")
        _live.progress(run)
    else:
        st.caption(f"This run left none: it is {run.snapshot().state.value}, and had no step that could be used.")
