"""Chapter 5: one step in slow motion, from the networks' making to the last epoch."""

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from pages import _learn_parts as _learn
from pages import _server
from pages._clicks import once
from pages._live_plotly import live_plotly
from pages._theme import dark
from sogaal import figures
from sogaal.config import TrainConfig
from sogaal.data import Dataset
from sogaal.errors import DivergedError
from sogaal.frames import Frame
from sogaal.lessons.slow_step import SlowStep, slow_step, trained_to
from sogaal.trainer import Trainer

# Steps done before, at first: by then D's map is steep enough for its arrows to be seen.
FIRST_STEPS = 600
ANSWERS = {
    "towards": "Towards the data: D holds that place to be more real.",
    "away": "Away from the data: there D is less sure.",
    "nowhere": "Nowhere in particular.",
}
CHECKS = {
    "step_said": "I said which way D pushes the generated points.",
    "step_d": "I did a step of D and saw the weights that it leaves.",
    "step_g": "I did a step of G and saw where the arrows point.",
    "step_on": "I went to an earlier or a later step.",
}
# The loop: title, what happens, and the tensors in hand then.
STEPS = (
    ("Make", "D and G with their first weights, an optimiser (gradient descent with momentum) for each, and the loss: "
     "cross-entropy. Once a run.", ()),
    ("Batch", "Take the next rows of the table and as much noise, and let G turn the noise into potential outliers.",
     ("real", "z", "generated")),
    ("Predict", "D gives every real and every generated row the probability of being real.", ("d_real", "d_fake")),
    ("Loss", "Cross-entropy says how wrong D was; for G, how far D is from taking its points for real.",
     ("d_loss", "g_loss")),
    ("Gradient", "The loss's slope by every weight, from the output back to the input.", ("d_slopes", "g_slopes")),
    ("Update", "Every weight goes a little down its slope, and a share of its last move is added.",
     ("d_weights", "g_weights")),
    ("Epoch", "Batch to update again until every batch of the table was seen once.", ()),
    ("Run", "Epoch after epoch. After stop_epochs of them G stays as it is, and D goes on alone.", ()),
)  # fmt: skip


@st.cache_resource(show_spinner="Training up to this step …", max_entries=32)
def _seen(fingerprint: str, config: TrainConfig, steps: int, _dataset: Dataset) -> tuple[SlowStep, Frame]:
    """A step of a real run, and the run before it."""
    trainer = trained_to(Trainer(_server.scaled(fingerprint, "minmax", _dataset), config, _dataset.y), steps)
    return slow_step(trainer), trainer.frame()


def _few(values: Any) -> str:
    flat = np.asarray(values).reshape(-1)
    return ", ".join(f"{value:.4f}" for value in flat[:4]) + (" …" if len(flat) > 4 else "")


def _tensors(seen: SlowStep, names: tuple[str, ...], turn: str) -> pd.DataFrame:
    rows = []
    for name in names:
        if name[:2] in ("d_", "g_") and name not in ("d_real", "d_fake") and name[0] != turn:
            continue
        value = getattr(seen, name)
        if name == "d_real" and turn == "g":
            continue
        if name == "d_fake" and turn == "g":
            name, value = "d_fake_after", seen.d_fake_after
        parts = value.items() if isinstance(value, dict) else [("", value)]
        for part, array in parts:
            shape = " × ".join(map(str, np.shape(array))) or "a number"
            rows.append((f"{name}{'.' * bool(part)}{part}", shape, _few(array)))
    return pd.DataFrame(rows, columns=["tensor", "shape", "first values"])


def _inwards(seen: SlowStep) -> float:
    """Share of the generated points that are pushed closer to the middle of the batch, of those that are pushed."""
    along = ((seen.real.mean(axis=0) - seen.generated) * seen.push).sum(axis=1)
    pushed = np.abs(seen.push).sum(axis=1) > 0
    return float((along[pushed] > 0).mean())


def _picture(dataset: Dataset, frame: Frame, held: bool) -> None:
    """The generated points over D's map; ``held``: without the arrows, which answer the question."""
    scene = _server.scene(dataset.fingerprint, "minmax", (0, 1), dataset)
    info = figures.plane_info(scene, frame)
    push = (
        "Arrows: the gradient of D at generated points, along which G is pushed, longer where D is steeper; tiny in "
        "the first hundred steps, where D is flat."
    )
    words = figures.plane_caption(info) if held else f"{push} {figures.plane_caption(info)}"
    live_plotly(
        figures.plane_spec(info, layers=figures.DEFAULT_LAYERS if held else (*figures.DEFAULT_LAYERS, "arrows"),
                           dark=dark()),
        key="learn_step_plane", height=430, aspect=1.08, alt=words,
    )  # fmt: skip
    st.caption(words)


def _move(by: int) -> None:
    if not once("step"):
        return
    st.session_state["step_place"] = (st.session_state.get("step_place", 0) + by) % len(STEPS)


def _bar() -> tuple[int, str, int]:
    """(place in the loop, "d" or "g", steps done before)."""
    place, steps, turn = st.session_state.get("step_place", 0) % len(STEPS), FIRST_STEPS, "d"
    with st.container(horizontal=True, vertical_alignment="bottom", key="step_bar"):
        st.button("Back", key="step_back", icon=":material/arrow_back:", on_click=_move, args=(-1,), shortcut="Left")
        st.button("Next", key="step_next", icon=":material/arrow_forward:", type="primary", on_click=_move, args=(1,),
                  shortcut="Right")  # fmt: skip
        # Never hidden: without it G's half, which the question is about, cannot be reached.
        turn = st.segmented_control(
            "Whose step", ["d", "g"], format_func={"d": "Step D", "g": "Step G"}.__getitem__, default="d",
            key="step_turn", required=True,
        )  # fmt: skip
        if "controls" not in _learn.hidden():
            steps = st.select_slider(
                "Steps done before", [0, 1, 10, 100, 300, 600, 1000], FIRST_STEPS, key="step_steps"
            )
    if steps != FIRST_STEPS:
        _learn.tick("step_on")
    return place, turn, steps


def chapter() -> None:
    """Draw the chapter."""
    st.markdown(
        "A training is a loop of **eight steps**. Here it is halted in a real run on `onecluster`; go through it, "
        "first with D's half of a step, then with G's: G's uses the same noise and the D that has just learned."
    )
    _learn.predict(
        "step",
        f"After {FIRST_STEPS} steps, which way does G's loss push most of the generated points?",
        ANSWERS,
        holds="The picture shows the arrows, and G's update its numbers,",
    )
    place, turn, steps = _bar()
    dataset = _server.table("onecluster")
    try:
        seen, frame = _seen(dataset.fingerprint, _learn.slow_setup(), steps, dataset)
    except DivergedError as error:
        st.error(_learn.plain(str(error)), icon=":material/error:")
        return
    left, right = _learn.columns()
    with left:
        lines = [
            f"{number}. **:blue-background[{title}]**" if number == place + 1 else f"{number}. {title}"
            for number, (title, _, _) in enumerate(STEPS, start=1)
        ]
        st.markdown("\n".join(lines))
        # The first and the last two are about the whole run.
        when = f" (step {seen.step:,} of the run)" if STEPS[place][2] else ""
        st.markdown(f"**{place + 1}. {STEPS[place][0]}**{when}. {STEPS[place][1]}")
        tensors = _tensors(seen, STEPS[place][2], turn)
        if len(tensors):
            st.dataframe(tensors, hide_index=True, height="content", alt="Tensors in hand, with shapes and values")
    with right:
        _picture(dataset, frame, _learn.held("step"))
    if place == 5:
        _learn.tick(f"step_{turn}")
        if turn == "d":
            st.markdown(f"D's loss before this update: **{seen.d_loss:.4f}**. G has not moved.")
        elif not _learn.held("step"):
            share = _inwards(seen)
            answer = "towards" if share > 0.6 else "away" if share < 0.4 else "nowhere"
            words = f"At step {seen.step:,} {share:.0%} of the points that are pushed go nearer to the data's middle."
            _learn.verdict("step", answer, ANSWERS, f"{words} G's loss was {seen.g_loss:.4f}.")
    _learn.checklist(CHECKS)
