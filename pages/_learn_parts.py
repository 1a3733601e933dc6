"""What the chapters of the course share: predictions, checklists, and experiments by the registry.

The reader's answers and ticks live in the session, as does what a teacher's address said: see ``_learn_address``.
The browser keeps them for the next session: see ``_learn_memory``.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

from pages import _server
from pages._clicks import once
from pages._keys import space
from pages._live_plotly import live_plotly
from pages._theme import dark
from pages._words import plain
from sogaal import figures
from sogaal.config import TrainConfig, make_config
from sogaal.data import Dataset
from sogaal.jobs import Job, JobState

REFRESH_SECONDS = 0.4
HEIGHT = 400
KEYS = "**Space**: start the experiment, pause, go on. **← →**: back and next, where a chapter goes step by step."


# -- what the address says -----------------------------------------------------------------------------------------


def fixed() -> Mapping[str, Any]:
    """The hyperparameters that the address fixes for all experiments."""
    return st.session_state["learn_fixed"]


def hidden() -> Sequence[str]:
    """The parts that the address hides."""
    return st.session_state["learn_hidden"]


def setup(preset: str, **values: Any) -> TrainConfig:
    """A preset with an experiment's values, and the address's on top."""
    return make_config(preset, **(values | dict(fixed())))


def slow_setup() -> TrainConfig:
    """The post's set-up for chapters that halt within a step: one generator, which trains for 1,000 epochs."""
    values = {"algorithm": "so-gaal", "stop_epochs": 1000, "max_epochs": None, "whether_stop": 1}
    return setup("post").replace(**values)


# -- what the reader does ----------------------------------------------------------------------------------------


def tick(item: str) -> None:
    """The reader has done this."""
    st.session_state.setdefault("learn_done", set()).add(item)


def done(item: str) -> bool:
    """Whether the reader has done this."""
    return item in st.session_state.get("learn_done", set())


def checklist(items: Mapping[str, str]) -> None:
    """Draw what there is to do in a chapter, ticked where it was done."""
    if "checklist" in hidden():
        return
    st.markdown("#### Checklist")
    lines = [
        f":material/{'check_box' if done(item) else 'check_box_outline_blank'}: {words}"
        f"{' (done)' if done(item) else ''}"
        for item, words in items.items()
    ]
    st.markdown("\n\n".join(lines))


def predict(name: str, question: str, answers: Mapping[str, str], holds: str = "") -> None:
    """Ask what will happen; the answer is kept, and ``<name>_said`` is ticked.

    ``holds``: what is held back until the reader has answered, or skips the question by a button: see :func:`held`.
    """
    if "predict" in hidden():
        return
    said, key = st.session_state.setdefault("learn_said", {}), f"predict_{name}"
    if said.get(name) in answers and st.session_state.get(key) is None:
        st.session_state[key] = said[name]  # from before: another chapter lay between, or a reload
    with st.container(border=True, key=f"ask_{name}"):
        choice = st.radio(
            f":material/psychology: **Predict first.** {question}",
            list(answers),
            index=None,
            format_func=answers.__getitem__,
            key=key,
        )
        if choice is not None:
            said[name] = choice
            tick(f"{name}_said")
        elif holds and held(name):
            with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"hold_{name}"):
                st.caption(f"{holds} when you have answered.", width="content")
                st.button(
                    "Skip the question", key=f"skip_{name}", type="tertiary", on_click=tick, args=(_skipped(name),)
                )


def _skipped(name: str) -> str:
    return f"{name}_skipped"


def held(name: str) -> bool:
    """Whether what would answer the question is to be held back: it is asked, and neither answered nor skipped."""
    return "predict" not in hidden() and not done(f"{name}_said") and not done(_skipped(name))


def verdict(name: str, right: str, answers: Mapping[str, str], numbers: str) -> None:
    """Say what came, by the run's own ``numbers``, and whether that was the reader's answer."""
    said = None if "predict" in hidden() else st.session_state.get("learn_said", {}).get(name)
    if said not in answers:
        st.info(numbers, icon=":material/info:")
    elif said == right:
        st.success(f"As you said: *{answers[right]}* {numbers}", icon=":material/check_circle:")
    else:
        st.warning(f"You said *{answers[said]}* It came out: *{answers[right]}* {numbers}", icon=":material/lightbulb:")


# -- experiments -------------------------------------------------------------------------------------------------


def starts() -> bool:
    """Whether the address asks that this chapter's experiment starts at once; true once."""
    if st.session_state.get("learn_start") != st.session_state["learn_chapter"]:
        return False
    st.session_state["learn_start"] = None
    return True


def experiment(
    name: str, label: str, dataset: Dataset, config: TrainConfig, *, speed: float | None = None, live: bool = True
) -> Job | None:
    """A button that trains ``config`` here and now, and the run while it goes on; returns it when it has ended.

    Ticks ``<name>_ran``. None before the first run, while one is under way, or when the server has forgotten it.
    """
    job = run_button(name, label, lambda: _server.registry().submit(dataset, config, speed=speed))
    if job is None or not watched(job, name, live=live):
        return None
    if job.snapshot().state == JobState.FAILED:
        st.error(plain(job.snapshot().message), icon=":material/error:")
        return None
    tick(f"{name}_ran")
    return job


def run_button(
    name: str, label: str, begin: Callable[[], Job], *, auto: bool = True, keys: bool = True, kind: Any = "primary"
) -> Job | None:
    """A button that begins a run, and pauses and resumes it while it goes on; returns the run, if there is one.

    ``keys``: Space presses it, if it is the first of the page. ``auto``: an address with ``start=1`` presses it.
    """
    jobs = st.session_state.setdefault("learn_jobs", {})
    if auto and starts():
        jobs[name] = begin().id
    job = _server.registry().get(jobs.get(name, ""))
    key: dict[str, Any] = {"shortcut": space() if keys else None, "type": kind}
    active = job is not None and job.snapshot().state.active
    st.session_state.setdefault("learn_drawn", {})[name] = active
    if job is None or not active:
        st.button(label, key=f"run_{name}", icon=":material/play_arrow:", on_click=_begin, args=(name, begin), **key)
    elif job.orders.paused:
        st.button("Resume", key=f"resume_{name}", icon=":material/play_circle:", on_click=job.resume, **key)
    else:
        st.button("Pause", key=f"pause_{name}", icon=":material/pause:", on_click=job.pause, **key)
    return job


def goes_on(name: str) -> bool:
    """Whether the run of that name is under way."""
    job = _server.registry().get(st.session_state.get("learn_jobs", {}).get(name, ""))
    return job is not None and job.snapshot().state.active


def space_until(item: str) -> str | None:
    """Space for the button that does ``item``: until that is done, unless it has a run to pause."""
    return None if done(item) or any(map(goes_on, st.session_state.get("learn_jobs", {}))) else space()


def _begin(name: str, begin: Callable[[], Job]) -> None:
    if once(f"run {name}"):
        st.session_state["learn_jobs"][name] = begin().id


def watched(job: Job, name: str, *, live: bool = True, stacked: bool = False) -> bool:
    """Draw a run, and keep drawing while it goes on; returns whether it has ended.

    ``stacked``: the curves below the plane and not beside it.
    """
    active = job.snapshot().state.active
    # What its button was drawn for: the run may have ended since.
    drawn = st.session_state["learn_drawn"][name]
    if live or active or drawn:
        st.fragment(run_every=REFRESH_SECONDS if active else None)(_watch)(job, name, drawn, live, stacked)
    return not active


def _watch(job: Job, name: str, drawn: bool, live: bool, stacked: bool) -> None:
    snapshot = job.snapshot()
    active = snapshot.state.active
    if active != drawn:
        st.rerun(scope="app")
    if active:
        st.progress(snapshot.step / max(snapshot.total_steps, 1), text=f"step {snapshot.step:,}")
    if live:
        plane, curves = (st.container(), st.container()) if stacked else columns()
        with plane:
            draw_plane(job, snapshot.frame, name)
        with curves:
            info = figures.curves_info(
                snapshot.history, total_steps=snapshot.total_steps, stop_step=snapshot.stop_step, labels=True
            )
            words = f"Losses and AUC. {figures.curves_caption(info)}"
            chart(figures.curves_spec(info, dark=dark(), revision=job.id), f"{name}_curves", words)


def columns() -> list[Any]:
    """Two columns that stand below each other where the page is narrow."""
    with st.container(key="charts"):
        return st.columns(2, gap="medium")


def draw_plane(job: Job, frame: Any, name: str) -> None:
    """The run's potential outliers over D's map."""
    plane = (0, 1) if job.dataset.d == 2 else None
    scene = _server.scene(job.dataset.fingerprint, job.scaling, plane, job.dataset)
    info = figures.plane_info(scene, frame)
    layers = (*figures.DEFAULT_LAYERS, "arrows")
    words = f"Real rows and potential outliers. {figures.plane_caption(info)}"
    live_plotly(
        figures.plane_spec(info, layers=layers, dark=dark(), revision=job.id),
        key=f"learn_{name}_plane",
        height=HEIGHT,
        aspect=1.08,
        transition_ms=300,
        alt=words,
    )
    st.caption(words)


def chart(spec: figures.Spec, name: str, words: str, height: int = HEIGHT) -> None:
    """A chart with its caption, which is its alternative text too."""
    live_plotly(spec, key=f"learn_{name}", height=height, alt=words)
    st.caption(words)
