"""Sweep: a search for good hyperparameters, seen as it goes, whose best trials become runs."""

from datetime import datetime

import streamlit as st

from pages import (
    _history,
    _lab_open,
    _links,
    _saved,
    _sweep_address,
    _sweep_charts,
    _sweep_server,
    _sweep_setup,
    _sweep_take,
)
from pages._clicks import new_draw, once
from pages._entry import enter
from pages._faults import Fault
from pages._live import _duration
from pages._running import STATE_LOOK
from pages._sweep_server import Shown
from pages._words import plain
from sogaal.config import FIELDS
from sogaal.errors import SogaalError
from sogaal.jobs import JobState
from sogaal.labelfree.choosing import against_auto_words
from sogaal.race import Setup
from sogaal.runs.names import token_of
from sogaal.sweep import Budget, Objective, Spec, Trial, TrialState, Untuned, untuned_words

REFRESH_SECONDS = 1.0
# How many trials more a sweep that is complete is offered.
MORE_TRIALS = 16
# Sweeps that can be opened here; the others are on the page of all runs.
MOST_LISTED = 12
_STYLE = """<style>
.st-key-sweep_charts [data-testid=stColumn] { min-width: min(100%, 22rem); }
.st-key-sweep_bar kbd { display: none; }
/* Plotly draws these black, and a white shade about the numbers, whatever the ground. */
.live-plotly .parcoords .axis :is(path, line) { stroke: #8a8f9a !important; }
.live-plotly .parcoords :is(.axis text, .axis-title) { text-shadow: none !important; }
</style>"""


# -- commands ----------------------------------------------------------------------------------------------------------


def _begin() -> None:
    if not once("sweep"):
        return
    made = _sweep_setup.spec()
    if isinstance(made, Fault):
        return
    try:
        _put(_sweep_server.begin(_sweep_setup.dataset(), made, _sweep_setup.budget()))
        st.session_state["sweep_problems"] = []
    except SogaalError as error:
        st.session_state["sweep_problem"] = str(error)


def _go_on(token: str, at: str) -> None:
    if not once("sweep"):
        return
    try:
        _sweep_server.go_on(token, Budget(st.session_state[f"sweep_until_{at}"], st.session_state["sweep_seconds"]))
    except SogaalError as error:
        st.session_state["sweep_problem"] = str(error)


def _put(token: str | None) -> None:
    """Put a sweep on the page."""
    st.session_state["sweep_id"] = token
    st.session_state.pop("sweep_trial", None)


def _choose(number: int) -> None:
    st.session_state["sweep_trial"] = number


# -- the page ----------------------------------------------------------------------------------------------------------


def _shown(back: bool) -> Shown | None:
    """The sweep on screen; says so where it cannot be shown."""
    st.session_state.setdefault("sweep_id", None)
    given = st.query_params.get("id")
    came = given is not None and given != st.session_state.get("sweep_written")  # by another address
    if (back or came) and given != st.session_state["sweep_id"]:
        _put(given)
    token = st.session_state["sweep_id"]
    found = None if token is None else _sweep_server.look_up(token)
    if isinstance(found, str):
        st.warning(plain(f"The sweep {token[:40]!r} cannot be shown: {found}"), icon=":material/link_off:")
        _put(None)
        return None
    return found


def _bar(made: Spec | Fault, shown: Shown | None) -> None:
    """Start, go on; and the other sweeps there are."""
    active = shown is not None and shown.state.active
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="sweep_bar"):
        st.button(
            "Start a sweep",
            key=f"sweep_start_{'' if shown is None else shown.id}",  # a click that comes twice starts one
            icon=":material/play_arrow:",
            type="secondary" if active else "primary",
            disabled=isinstance(made, Fault) or active,
            on_click=_begin,
        )
        if shown is not None and not active:
            _continue(shown)
        _others(shown)


def _others(shown: Shown | None) -> None:
    """The newest sweeps, to open one."""
    known = _sweep_server.records()[:MOST_LISTED]
    if not known:
        return
    with st.popover("Sweeps", icon=":material/list:", width="content"):
        for record in known:
            token = token_of(record.id)
            st.button(
                plain(_title(record.name or record.title, record.created)),
                key=f"sweep_show_{token}",
                icon=STATE_LOOK[record.state][0],
                type="primary" if shown is not None and token == shown.id else "tertiary",
                on_click=_put,
                args=(token,),
            )
        st.page_link("pages/runs.py", label="All runs", icon=":material/table_rows:")


def _title(title: str, created: datetime) -> str:
    return f"{created.astimezone():%m-%d %H:%M} · {title}"


def _continue(shown: Shown) -> None:
    """The way on with a sweep that has ended, and how far."""
    # Keys of this very state: a click, or what was typed, that comes late means nothing for the next one.
    at = f"{shown.id}_{shown.done}"
    total = shown.total or shown.done
    first = total if total > shown.done else shown.done + MORE_TRIALS
    st.button(
        "Continue", key=f"sweep_go_on_{at}", icon=":material/resume:", on_click=_go_on, args=(shown.id, at),
        disabled=not shown.folder,
        help="Trials that had not ended are done again; none that has is lost or repeated.",
    )  # fmt: skip
    st.number_input("Up to (trials)", min_value=1, value=first, step=16, key=f"sweep_until_{at}", width=130)


def _welcome(made: Spec | Fault) -> None:
    st.info(
        "**Which hyperparameters suit this table?** A sweep trains many set-ups, each over some seeds, and looks for "
        "the best by the objective at the left. With an objective that needs labels the winner was chosen with them: "
        "its number is then no estimate of what it does on other data.",
        icon=":material/query_stats:",
    )
    if isinstance(made, Spec):
        told = ", ".join(one.text() for one in made.space)
        st.caption(plain(f"Set: {told}; {made.seeds} seeds a trial."))


def _live(shown: Shown) -> None:
    """Everything that moves; drawn again while the sweep goes on, or what it is compared with."""
    untuned = _sweep_server.untuned(shown)
    moves = shown.state.active or (untuned is not None and untuned.state.active)
    st.fragment(run_every=REFRESH_SECONDS if moves else None)(_fragment)(shown.id, shown.state.active, moves)


def _fragment(token: str, drawn_active: bool, moves: bool) -> None:
    shown = _sweep_server.look_up(token)
    if isinstance(shown, str) or shown.state.active != drawn_active:
        _saved.changed()
        st.rerun(scope="app")
    untuned = _sweep_server.untuned(shown)
    if moves and not drawn_active and (untuned is None or not untuned.state.active):
        st.rerun(scope="app")  # the timer ends
    _lab_open.go_if_asked()
    _status(shown)
    _reading(shown, untuned)
    _sweep_charts.draw(shown, st.session_state["sweep_view"], _choose)
    _trial(shown)


def _status(shown: Shown) -> None:
    objective, best = shown.spec.objective, shown.best
    icon, color = STATE_LOOK[shown.state]
    of = "" if shown.total is None else f" of {shown.total:,}"
    parts = [f"**{shown.done:,}**{of} trials"]
    parts += [f"{count} pruned" for count in [shown.count(TrialState.PRUNED)] if count]
    parts += [f"{count} failed" for count in [shown.count(TrialState.FAILED)] if count]
    if shown.seconds and not shown.state.active:
        parts.append(f"in {_duration(shown.seconds)}")
    if shown.seconds_left is not None and shown.state.active:
        parts.append(f"{_duration(shown.seconds_left)} left")
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="sweep_status"):
        st.badge(shown.state.value, icon=icon, color=color)
        st.markdown(" · ".join(parts), width="stretch")
        if shown.state.active:
            st.button(
                "Stop", key="sweep_stop_it", icon=":material/stop:", type="tertiary", disabled=not shown.mine,
                on_click=_sweep_server.stop, args=(shown.id,),
                help="What has ended stays; go on with it at any time." if shown.mine else "Another process is at it.",
            )  # fmt: skip
        _lab_open.record(shown.folder, shown.state.active)
    if shown.total:
        st.progress(min(1.0, shown.done / shown.total))
    if shown.message and shown.state == JobState.FAILED:
        st.error(plain(shown.message), icon=":material/error:")
    if shown.problem:
        st.warning(f"Not saved: {plain(shown.problem)}", icon=":material/save:")
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="sweep_best"):
        if best is None:
            st.markdown("No trial has come to its end yet.")
            return
        st.markdown(
            f"Best {plain(objective.title)} **{best.value:.4f}** · trial {best.number} · {_params(best)}",
            width="content",
        )
        _chosen(objective)
        st.button(
            "Open the best as a run", key="sweep_open_best", icon=":material/open_in_new:", on_click=_open,
            args=(shown, best, 0), help="Trains its first seed alone, in the Playground: it ends exactly as here.",
        )  # fmt: skip


def _reading(shown: Shown, untuned: Untuned | None) -> None:
    """How to read the best value of an objective without labels, and what the preset auto has beside it."""
    objective, best = shown.spec.objective, shown.best
    if objective.labels or best is None or best.value is None:
        return
    st.caption(f"{plain(objective.reads)} {plain(against_auto_words(objective.name))}")
    if untuned is None:
        return
    if untuned.state.active:
        st.caption(":material/hourglass_top: The preset Auto is being trained to compare with.")
    elif untuned.value is not None:
        words = plain(untuned_words(shown.spec, best.value, untuned.value))
        if objective.better(best.value, untuned.value):
            st.caption(f":material/balance: {words}")
        else:
            st.warning(f"{words} Take the preset Auto in the Playground.", icon=":material/balance:")
    elif untuned.message:
        st.caption(f":material/info: There is no Auto to compare with: {plain(untuned.message)}")


def _chosen(objective: Objective) -> None:
    look = (":material/label:", "orange") if objective.labels else (":material/label_off:", "green")
    st.badge(objective.chosen, icon=look[0], color=look[1])


def _params(trial: Trial) -> str:
    said = [f"{FIELDS[name].title} {_sweep_charts.told(value)}" for name, value in trial.params.items()]
    return plain(", ".join(said))


# -- one trial ---------------------------------------------------------------------------------------------------------


def _trial(shown: Shown) -> None:
    """The trial that was clicked on: its seeds, each of which can become a run."""
    trial = shown.trial(st.session_state.get("sweep_trial", -1))
    if trial is None:
        return
    objective = shown.spec.objective
    with st.container(border=True, key="sweep_one"):
        value = "" if trial.value is None else f" · {plain(objective.title)} **{trial.value:.4f}**"
        st.markdown(f"**Trial {trial.number}** · {trial.state.value}{value} · {_params(trial)}")
        if trial.message:
            st.caption(plain(trial.message))
        with st.container(horizontal=True, gap="small"):
            for place, run in enumerate(trial.runs):
                auc = run.numbers.get("auc_stop" if objective.at == "stop" else "auc_final")
                words = "" if auc is None else f" · AUC {auc:.3f}"
                st.button(
                    f"Open seed {run.seed}{words}",
                    key=f"sweep_open_{trial.number}_{place}",
                    icon=":material/open_in_new:",
                    on_click=_open,
                    args=(shown, trial, place),
                )


def _open(shown: Shown, trial: Trial, place: int) -> None:
    """Make a run of one of a trial's seeds."""
    seed = trial.runs[place].seed if trial.runs else shown.spec.base.seed
    setup = Setup(f"trial {trial.number}", shown.spec.config(trial.params, seed), shown.spec.scaling)
    _lab_open.ask(shown.dataset, setup, shown.folder or None)


def sweep() -> None:
    """The whole page."""
    st.html(_STYLE)
    back = _history.went("vary", "id")
    _sweep_setup.start(_sweep_take.read, back)
    _lab_open.go_if_asked()
    new_draw()
    made = _sweep_setup.spec()
    with st.sidebar:
        _sweep_setup.sidebar(made)
    shown = _shown(back)
    _bar(made, shown)
    _sweep_take.offer(made, shown)
    for words in st.session_state.get("sweep_problems", ()):
        st.warning(plain(words), icon=":material/link_off:")
    problem = st.session_state.pop("sweep_problem", "")
    if problem:
        st.error(plain(problem), icon=":material/error:")
    if shown is not None:
        st.segmented_control("View", _sweep_charts.VIEWS, key="sweep_view", required=True, label_visibility="collapsed")
        if st.session_state["sweep_view"] == "Contour":
            _sweep_charts.contour_choice(shown.spec)
    _sweep_setup.keep()
    said = _sweep_address.said() | ({} if shown is None else {"id": shown.id})
    st.session_state["sweep_written"] = said.get("id")
    _links.put(said)
    if shown is None:
        _welcome(made)
    else:
        _live(shown)


enter(sweep)
