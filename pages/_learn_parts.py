"""What the chapters of the course share: predictions, checklists, experiments by the registry, and the address.

The reader's answers and ticks live in the session. A teacher's address opens a chapter (``chapter=3``), sets
hyperparameters for every experiment (``lr_g=0.01``), hides parts (``hide=predict,checklist``) and starts the chapter's
experiment at once (``start=1``).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from pages import _server
from pages._form import dark
from pages._live_plotly import live_plotly
from pages._words import plain
from sogaal import figures
from sogaal.config import FIELDS, TrainConfig, make_config
from sogaal.data import Dataset
from sogaal.errors import ConfigError
from sogaal.jobs import Job, JobState

REFRESH_SECONDS = 0.4
HEIGHT = 400
PARTS = {"predict": "the questions", "checklist": "the checklist", "controls": "sliders and switches"}


# -- the address -------------------------------------------------------------------------------------------------


def read_address(chapters: Sequence[int]) -> None:
    """Take chapter, fixed hyperparameters and hidden parts of a new visit from the address."""
    if "learn_fixed" in st.session_state:
        return
    state, problems = st.session_state, []
    asked = st.query_params.get("chapter", str(chapters[0]))
    state["learn_chapter"] = next((number for number in chapters if str(number) == asked), chapters[0])
    if str(state["learn_chapter"]) != asked:
        problems.append(f"chapter must be one of {', '.join(map(str, chapters))}, got {asked[:40]!r}.")
    fixed: dict[str, Any] = {}
    for name in FIELDS:
        if name in st.query_params and name != "device":
            try:
                value = FIELDS[name].parse(st.query_params[name])
                make_config(**{name: value})
                fixed[name] = value
            except ConfigError as error:
                problems.append(str(error))
    hide = {part for part in st.query_params.get("hide", "").split(",") if part}
    problems += [f"hide may name {', '.join(PARTS)}, got {part[:40]!r}." for part in sorted(hide - set(PARTS))]
    state["learn_fixed"], state["learn_hidden"] = fixed, sorted(hide & set(PARTS))
    state["learn_start"] = st.query_params.get("start") == "1"
    state["learn_problems"] = problems


def write_address(chapter: int) -> None:
    """Make the address open this chapter as it is now."""
    address = {"chapter": str(chapter), **{name: str(value) for name, value in fixed().items()}}
    if hidden():
        address["hide"] = ",".join(hidden())
    if st.query_params.to_dict() != address:
        st.query_params.from_dict(address)


def teachers_link(chapter: int) -> None:
    """Build the end of an address for a class."""
    with st.expander("A link for a class", icon=":material/link:"):
        hide = st.multiselect("Hide", list(PARTS), list(hidden()), format_func=PARTS.__getitem__, key="link_hide")
        seed = st.number_input("Fix the seed", 0, 2**32 - 1, value=fixed().get("seed"), key="link_seed")
        start = st.toggle("Start the experiment at once", key="link_start")
        parts = [f"chapter={chapter}"]
        parts += [f"seed={seed}"] if seed is not None else []
        parts += [f"hide={','.join(hide)}"] if hide else []
        parts += ["start=1"] if start else []
        st.code(f"/learn?{'&'.join(parts)}", language=None, wrap_lines=True)
        st.caption("Put it behind the address of this server. Any hyperparameter can be added, as `lr_g=0.001`.")


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


def predict(name: str, question: str, answers: Mapping[str, str]) -> None:
    """Ask what will happen; the answer is kept, and ``<name>_said`` is ticked."""
    if "predict" in hidden():
        return
    said = st.session_state.setdefault("learn_said", {})
    options = list(answers)
    with st.container(border=True, key=f"ask_{name}"):
        choice = st.radio(
            f":material/psychology: **Predict first.** {question}",
            options,
            index=options.index(said[name]) if name in said else None,
            format_func=answers.__getitem__,
            key=f"predict_{name}",
        )
    if choice is not None:
        said[name] = choice
        tick(f"{name}_said")


def verdict(name: str, right: str, answers: Mapping[str, str], numbers: str) -> None:
    """Say what came, by the run's own ``numbers``, and whether that was the reader's answer."""
    said = st.session_state.get("learn_said", {}).get(name)
    if said is None:
        st.info(numbers, icon=":material/info:")
    elif said == right:
        st.success(f"As you said: *{answers[right]}* {numbers}", icon=":material/check_circle:")
    else:
        st.warning(f"You said *{answers[said]}* It came out: *{answers[right]}* {numbers}", icon=":material/lightbulb:")


# -- experiments -------------------------------------------------------------------------------------------------


def starts() -> bool:
    """Whether the address asks that the chapter's experiment starts at once; true once."""
    return bool(st.session_state.pop("learn_start", False))


def experiment(
    name: str, label: str, dataset: Dataset, config: TrainConfig, *, speed: float | None = None, live: bool = True
) -> Job | None:
    """A button that trains ``config`` here and now, and the run while it goes on; returns it when it has ended.

    Ticks ``<name>_ran``. None before the first run, while one is under way, or when the server has forgotten it.
    """
    jobs = st.session_state.setdefault("learn_jobs", {})
    pressed = st.button(label, key=f"run_{name}", icon=":material/play_arrow:", type="primary", shortcut="Space")
    if pressed or starts():
        jobs[name] = _server.registry().submit(dataset, config, speed=speed).id
    job = _server.registry().get(jobs.get(name, ""))
    if job is None:
        return None
    active = job.snapshot().state.active
    if live or active:
        st.fragment(run_every=REFRESH_SECONDS if active else None)(_watch)(job, name, active, live)
    if active:
        return None
    if job.snapshot().state == JobState.FAILED:
        st.error(plain(job.snapshot().message), icon=":material/error:")
        return None
    tick(f"{name}_ran")
    return job


def _watch(job: Job, name: str, active: bool, live: bool) -> None:
    snapshot = job.snapshot()
    if snapshot.state.active != active:
        st.rerun(scope="app")
    if active:
        st.progress(snapshot.step / max(snapshot.total_steps, 1), text=f"step {snapshot.step:,}")
    if live:
        plane, curves = columns()
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
