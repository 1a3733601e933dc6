"""The controls of a run: train, pause, resume, step, stop, reset, pace."""

import streamlit as st

from pages import _running, _saved, _server, _setup
from pages._clicks import once
from pages._keys import space
from pages._shown import Shown
from pages._words import plain
from sogaal.config import FIELDS, TrainConfig
from sogaal.data import Dataset
from sogaal.errors import SogaalError
from sogaal.jobs import Job, JobState

# Steps a second; "watch" is the whole run in WATCH_SECONDS.
PACES: dict[str, float | None] = {"1 step/s": 1, "5 steps/s": 5, "25 steps/s": 25, "watch": 0, "full": None}
WATCH_SECONDS = 20


def speed(pace: str, total_steps: int) -> float | None:
    """Steps a second for a pace; None is full speed."""
    return max(1.0, total_steps / WATCH_SECONDS) if pace == "watch" else PACES[pace]


def control_bar(run: Shown | None, dataset: Dataset, config: TrainConfig | None) -> None:
    """Draw the buttons and the pace in one row."""
    job = None if run is None else run.job
    state = None if run is None else run.snapshot().state
    # Another process may train it: its page can look, and no more.
    active = job is not None and state is not None and state.active
    resumable = run is not None and state is not None and not state.active and not _saved.not_resumable(run.id)
    # Where the game is not on screen, somebody reads: there Space and arrows move the page, as they do elsewhere.
    playing = st.session_state.get("view", _setup.VIEWS[0]) == _setup.VIEWS[0]
    key = space() if playing else None
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="controls"):
        st.button(
            "Train",
            icon=":material/play_arrow:",
            type="secondary" if active else "primary",
            disabled=config is None,
            on_click=train,
            args=(dataset, config),
            shortcut=None if active or resumable else key,
            help="Start a run with the set-up on the left. A run that is under way goes on beside it.",
        )
        if run is not None and resumable:
            _resume_saved(run, key)
        else:
            _pause_or_resume(job if active else None, state, key)
        st.button(
            "Step",
            icon=":material/skip_next:",
            disabled=not active and config is None,
            on_click=_command if active else train,
            args=(job, "step") if active else (dataset, config, True),
            shortcut="Right" if playing else None,
            help="One batch: D learns, then G. Without a run that is under way it starts one and waits after one step.",
        )
        st.button("Stop", icon=":material/stop:", disabled=not active, on_click=_command, args=(job, "stop"))
        st.button(
            "Reset",
            icon=":material/restart_alt:",
            disabled=run is None,
            on_click=_reset,
            args=(job,),
            help="Clear the page for the next run. A run under way is stopped; it stays in the list of runs.",
        )
        st.select_slider(
            "Pace",
            list(PACES),
            key="set_pace",
            on_change=_set_pace,
            args=(job,),
            width=150,
            help=f"watch: the whole run in about {WATCH_SECONDS} s. full: as fast as this machine can.",
        )
    problem = st.session_state.pop("train_problem", None)
    if problem:
        st.error(plain(problem), icon=":material/error:")


def _resume_saved(run: Shown, key: str | None) -> None:
    st.button(
        "Resume",
        icon=":material/resume:",
        on_click=_go_on,
        args=(run.id,),
        shortcut=key,
        help="Go on from the last checkpoint; it ends as it would have ended without a break.",
    )


def _pause_or_resume(job: Job | None, state: JobState | None, key: str | None) -> None:
    """The button for a run that is under way; without one it is Pause, and cannot be pressed."""
    if job is not None and state == JobState.PAUSED:
        st.button(
            "Resume", icon=":material/play_circle:", type="primary", on_click=_command, args=(job, "resume"),
            shortcut=key,
        )  # fmt: skip
        return
    st.button(
        "Pause", icon=":material/pause:", disabled=job is None, on_click=_command, args=(job, "pause"),
        shortcut=None if job is None else key,
    )  # fmt: skip


def difference(run: Shown, dataset: Dataset, config: TrainConfig | None) -> None:
    """Say where the form differs from the run on screen, which it does not disturb."""
    if config is None:
        return
    names = [] if dataset.fingerprint == run.dataset.fingerprint else ["table"]
    names += [] if st.session_state["set_scaling"] == run.scaling else ["scaling"]
    names += [FIELDS[name].title for name in config.changed_from(run.config.replace(device=config.device))]
    if not names:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="difference"):
        shown = ", ".join(names[:6]) + (" …" if len(names) > 6 else "")
        st.caption(f"The form differs from this run in {shown}. Train starts a run of its own.", width="content")
        st.button(
            "Take this run's set-up",
            key="take_setup",
            icon=":material/undo:",
            on_click=lambda: _setup.apply_setup(_server.key_of_table(run.dataset), run.config, run.scaling),
        )


def train(dataset: Dataset, config: TrainConfig, one_step: bool = False) -> None:
    """Start a run and show it; with ``one_step`` it waits after that. The callback of the buttons."""
    if not once("train"):
        return
    scaling = st.session_state["set_scaling"]
    mine = st.session_state.setdefault("started", set())
    same = [
        job
        for job in _server.registry().active()
        if _is(job, dataset, config, scaling) and job.id in (*mine, st.session_state.get("run"))
    ]
    if same:
        # A second click, or the same set-up again: it would end exactly alike. Somebody else's is not taken: a class
        # that opens one link would share one run and its Pause.
        _running.show(same[-1].id)
        st.toast("This very set-up is under way already: shown is that run.", icon=":material/info:")
        return
    try:
        job = _server.registry().submit(
            dataset,
            config,
            scaling=scaling,
            speed=speed(st.session_state["set_pace"], config.total_steps(dataset.n)),
            paused=one_step,
        )
    except SogaalError as error:
        st.session_state["train_problem"] = str(error)
        return
    mine.add(job.id)
    if one_step:
        job.step()
    _running.show(job.id)
    st.session_state.pop("address_problems", None)


def _is(job: Job, dataset: Dataset, config: TrainConfig, scaling: str) -> bool:
    return (job.config, job.scaling, job.dataset.fingerprint) == (config, scaling, dataset.fingerprint)


def _go_on(run: str) -> None:
    if not once("go on"):
        return
    try:
        job = _server.registry().resume(run)
    except (SogaalError, OSError) as error:
        st.session_state["train_problem"] = str(error)
        return
    job.set_speed(speed(st.session_state["set_pace"], job.snapshot().total_steps))
    _saved.changed()
    _running.show(job.id)


def _command(job: Job, name: str) -> None:
    if once(name):
        getattr(job, name)()


def _reset(job: Job | None) -> None:
    if job is not None:
        job.stop()
    _running.show(None)


def _set_pace(job: Job | None) -> None:
    if job is not None:
        job.set_speed(speed(st.session_state["set_pace"], job.snapshot().total_steps))
