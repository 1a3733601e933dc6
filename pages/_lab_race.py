"""The race: two to four set-ups side by side, live, under one set of controls."""

from functools import partial

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages import _control, _lab_open, _lab_picture, _lab_server, _lab_story, _server
from pages._clicks import once
from pages._diagnosis import LOOK
from pages._faults import Fault
from pages._keys import space
from pages._live import _duration, _number
from pages._live_plotly import live_plotly
from pages._running import STATE_LOOK
from pages._theme import dark
from pages._words import plain
from sogaal import figures
from sogaal.data import Dataset
from sogaal.errors import SogaalError
from sogaal.jobs import JobState
from sogaal.race import LaneView, Race, RaceSnapshot, Setup

REFRESH_SECONDS = 0.5
REFRESH_SECONDS_MANY = 1.0
# At most; in a low window as much as lets planes and curves be seen together: lab.py's style says how much that is.
PLANE_HEIGHT, CURVES_HEIGHT = 330, 350
PLANE_FIT, CURVES_FIT = "var(--lab-plane)", "var(--lab-curves)"
# About the lowest that the curves come to, by which their texts are kept apart.
CURVES_LOW = 235
PLANE_ASPECT = 1.03


def start(dataset: Dataset, setups: list[Setup], paused: bool = False) -> None:
    """Start a race and show it; the one that was shown is stopped."""
    if not once("race"):
        return
    shown = race()
    if shown is not None:
        shown.stop()
    pace = _control.speed(st.session_state["lab_pace"], max(one.config.total_steps(dataset.n) for one in setups))
    try:
        begun = _lab_server.races().submit(dataset, setups, speed=pace, paused=paused)
    except SogaalError as error:
        st.session_state["lab_problems"] = [str(error)]
        return
    if paused:
        begun.step()
    st.session_state["lab_ids"]["race"] = begun.id


def race() -> Race | None:
    """The race on screen, if the server still has it."""
    shown = st.session_state["lab_ids"].get("race")
    return None if shown is None else _lab_server.races().get(shown)


def view(dataset: Dataset, setups: list[Setup] | Fault, drawn: JobState | None) -> None:
    """Draw the race and, at its end, what it shows; ``drawn``: the state that the controls were drawn for."""
    shown = race()
    if shown is None:
        if st.session_state["lab_ids"].pop("race", None) is not None:
            st.info(
                "That race is no longer in memory. Start runs it again: it will go as it went.", icon=":material/info:"
            )
        if not isinstance(setups, Fault):
            _before(dataset, setups)
        return
    if not isinstance(setups, Fault) and (dataset.fingerprint, tuple(setups)) != (
        shown.dataset.fingerprint,
        shown.setups,
    ):
        st.caption("The controls differ from the race on screen, which goes on undisturbed; Start begins another.")
    active = shown.snapshot().state.active
    every = REFRESH_SECONDS if len(shown.setups) < 3 else REFRESH_SECONDS_MANY
    st.fragment(run_every=every if active else None)(_live)(shown, drawn)
    if not active:
        _lab_picture.offer(shown, partial(_planes, shown), partial(_curves, shown))
        _lab_story.story(shown)


# -- controls ----------------------------------------------------------------------------------------------------------


def controls(bar: DeltaGenerator, dataset: Dataset, setups: list[Setup] | Fault) -> JobState | None:
    """Draw the one set of controls for all set-ups into the page's bar; returns the state they were drawn for."""
    shown = race()
    state = None if shown is None else shown.snapshot().state
    active = state is not None and state.active
    faulty = isinstance(setups, Fault)
    with bar:
        # Space presses one of these: what plays, or halts what plays.
        st.button(
            "Start",
            icon=":material/play_arrow:",
            type="secondary" if active else "primary",
            disabled=faulty,
            on_click=start,
            args=(dataset, setups),
            # Not over one that has ended: Space, pressed a moment late to halt it, would clear it away.
            shortcut=space() if shown is None else None,
            help="Train all set-ups from the beginning, step by step together.",
        )
        if state == JobState.PAUSED:
            st.button("Resume", icon=":material/play_circle:", type="primary", on_click=shown.resume, shortcut=space())
        else:
            running = state == JobState.RUNNING
            st.button(
                "Pause", icon=":material/pause:", disabled=not running, on_click=shown.pause if shown else None,
                shortcut=space() if active else None,
            )  # fmt: skip
        st.button(
            "Step",
            icon=":material/skip_next:",
            disabled=not active and faulty,
            on_click=_step if active else start,
            args=(shown,) if active else (dataset, setups, True),
            shortcut="Right",
            help="One batch for each set-up: D learns, then G.",
        )
        st.button("Stop", icon=":material/stop:", disabled=not active, on_click=shown.stop if shown else None)
        st.select_slider(
            "Pace",
            list(_control.PACES),
            key="lab_pace",
            on_change=_set_pace,
            args=(shown,),
            width=150,
            help=f"watch: the whole race in about {_control.WATCH_SECONDS} s. full: as fast as this machine can.",
        )
    return state


def _step(shown: Race) -> None:
    if once("race"):
        shown.step()


def _set_pace(shown: Race | None) -> None:
    if shown is not None:
        shown.set_speed(_control.speed(st.session_state["lab_pace"], shown.snapshot().total_steps))


# -- what is drawn -----------------------------------------------------------------------------------------------------


def _live(shown: Race, drawn: JobState | None) -> None:
    snapshot = shown.snapshot()
    if snapshot.state != drawn:
        st.rerun(scope="app")  # the buttons, and what the race shows at its end
    _lab_open.go_if_asked()
    _status(shown, snapshot)
    if not snapshot.lanes:
        return
    infos = _planes(shown, snapshot)
    curves = _curves(shown, snapshot)
    for number, column in enumerate(_columns(len(snapshot.lanes))):
        with column, st.container(key=f"lab_column_{number}"):
            with st.container(horizontal=True, key=f"lab_top_{number}"):
                with st.container(key=f"lab_words_{number}"):
                    _words(shown, snapshot, number)
                    st.html(figures.plane_key(infos[number], dark=dark()))
                with st.container(key=f"lab_seen_{number}"):
                    _plane(shown.id, number, infos[number])
            live_plotly(
                figures.curves_spec(curves[number], dark=dark(), revision=shown.id, height=CURVES_LOW),
                key=f"lab_curves_{number}",
                height=CURVES_HEIGHT,
                fit=CURVES_FIT,
                alt=f"{figures.LETTERS[number]}: losses of D and G, and the ROC-AUC, over the steps",
            )
    st.caption(f"{figures.plane_caption(infos[0])} {figures.curves_caption(curves[0])}")


def _columns(count: int) -> list[DeltaGenerator]:
    with st.container(key="lab_lanes"):
        return st.columns(count, gap="medium")


def _status(shown: Race, snapshot: RaceSnapshot) -> None:
    icon, color = STATE_LOOK[snapshot.state]
    parts = [f"**step {_number(snapshot.step)}** of {_number(snapshot.total_steps)}"]
    if snapshot.state == JobState.RUNNING:
        parts.append(f"{_number(round(snapshot.steps_per_second))} steps/s")
        if snapshot.seconds_left is not None:
            parts.append(f"{_duration(snapshot.seconds_left)} left")
    stopped = [figures.LETTERS[n] for n, lane in enumerate(snapshot.lanes) if lane.generator_stopped]
    if stopped:
        parts.append(f"G has stopped in {', '.join(stopped)}")
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="lab_status"):
        st.badge(snapshot.state.value, icon=icon, color=color)
        st.markdown(" · ".join(parts), width="stretch")
        _lab_open.record(shown.record, snapshot.state.active)
    st.progress(snapshot.step / max(snapshot.total_steps, 1))
    if snapshot.message:
        draw = st.error if snapshot.state == JobState.FAILED else st.info
        draw(plain(snapshot.message), icon=":material/info:")
    if shown.problem:
        st.warning(f"Not saved: {plain(shown.problem)}", icon=":material/save:")


def _words(shown: Race, snapshot: RaceSnapshot, number: int) -> None:
    """Letter and name, and the AUCs; at the end the main finding, and the way to the Playground."""
    lane = snapshot.lanes[number]
    st.markdown(f"**{figures.LETTERS[number]}**  {plain(lane.setup.name)}")
    if lane.message:
        st.caption(f":material/error: {plain(lane.message)}")
    st.markdown(_aucs(lane, shown.dataset))
    if lane.findings:
        first = lane.findings[0]
        word, icon, color = LOOK[first.severity]
        # The same may be a trifle in one set-up and the end of another.
        alike = sum(bool(one.findings) and one.findings[0].title == first.title for one in snapshot.lanes) > 1
        title = f"{word}: {first.title}" if alike else first.title
        # No badge: it stays on one line, which is cut beside the plane.
        st.markdown(f":{color}[{icon} {plain(title)}]", help=plain(first.evidence))
    if not snapshot.state.active:
        st.button(
            "Open in the Playground",
            key=f"lab_open_{number}",
            icon=":material/open_in_new:",
            type="tertiary",
            on_click=_lab_open.ask,
            args=(shown.dataset, lane.setup, shown.record or None),
            help="Trains this set-up alone: it ends as it did here, to the last bit.",
        )


def _aucs(lane: LaneView, dataset: Dataset) -> str:
    if dataset.y is None:
        return "no labels, so no AUC"
    if not lane.history.has_labels:
        return "AUC from the first evaluation on"
    now = lane.auc_at(lane.step)
    stop = None if lane.stop_step is None else lane.auc_at(lane.stop_step)
    parts = [] if stop is None else [f"AUC at stop **{stop:.3f}**"]
    parts.append(f"{'at end' if lane.summary else 'AUC now'} **{'–' if now is None else f'{now:.3f}'}**")
    return "\N{EM SPACE}".join(part.replace(" ", "\N{NO-BREAK SPACE}") for part in parts)


def _planes(shown: Race, snapshot: RaceSnapshot) -> list[figures.PlaneInfo]:
    """The planes, drawn at one scale wherever the columns are scaled alike."""
    plane = (0, 1) if shown.dataset.d == 2 else None
    memory = st.session_state.setdefault("lab_views", {})
    scenes = [_server.scene(shown.dataset.fingerprint, s.scaling, plane, shown.dataset) for s in shown.setups]
    views = {}
    for scaling in {setup.scaling for setup in shown.setups}:
        mine = [n for n, setup in enumerate(shown.setups) if setup.scaling == scaling]
        frames = [snapshot.lanes[n].frame for n in mine]
        seen = figures.shared_view([scenes[n] for n in mine], frames, memory.get((shown.id, scaling)))
        views[scaling] = memory[shown.id, scaling] = seen
    return [
        figures.plane_info(scene, lane.frame, view=views[lane.setup.scaling])
        for scene, lane in zip(scenes, snapshot.lanes, strict=True)
    ]


def _curves(shown: Race, snapshot: RaceSnapshot) -> list[figures.CurvesInfo]:
    return figures.aligned_curves(
        [
            figures.curves_info(
                lane.history,
                total_steps=lane.total_steps,
                stop_step=lane.stop_step,
                labels=shown.dataset.y is not None,
            )
            for lane in snapshot.lanes
        ]
    )


def _plane(run: str, number: int, plane: figures.PlaneInfo) -> None:
    seen = "the table before training"
    if plane.heat is not None:
        seen = "real rows and generated potential outliers over a map of D"
    live_plotly(
        figures.plane_spec(plane, dark=dark(), revision=run, key=False),
        key=f"lab_plane_{number}",
        height=PLANE_HEIGHT,
        fit=PLANE_FIT,
        aspect=PLANE_ASPECT,
        transition_ms=round(800 * REFRESH_SECONDS),
        alt=f"{figures.LETTERS[number]}: {seen}",
    )


def _before(dataset: Dataset, setups: list[Setup]) -> None:
    """What will race, before it does."""
    for number, column in enumerate(_columns(len(setups))):
        setup = setups[number]
        plane = (0, 1) if dataset.d == 2 else None
        scene = _server.scene(dataset.fingerprint, setup.scaling, plane, dataset)
        info = figures.plane_info(scene, None)
        with column, st.container(horizontal=True, key=f"lab_top_{number}"):
            with st.container(key=f"lab_words_{number}"):
                st.markdown(f"**{figures.LETTERS[number]}**  {plain(setup.name)}")
                st.html(figures.plane_key(info, dark=dark()))
            with st.container(key=f"lab_seen_{number}"):
                _plane("before", number, info)
    st.caption(
        "**Start** trains them together, from the same seed and the same noise, step by step in turn. What differs in "
        "the pictures comes from what differs in the set-ups, and from nothing else."
    )
