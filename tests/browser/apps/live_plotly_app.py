"""A page with nothing but live charts: a run made of random numbers, redrawn twice a second.

With ``step=100`` in its address it stands at that step, as a run does that is paused.
"""

import os
import sys
from pathlib import Path

import numpy as np
import streamlit as st

# The test runs a copy of this file from a folder of its own.
sys.path.insert(0, os.environ.get("SOGAAL_ROOT", str(Path(__file__).resolve().parents[3])))

from pages._live_plotly import live_plotly
from sogaal import figures
from sogaal.frames import DiscriminatorWeights, Frame
from sogaal.history import History
from sogaal.planes import feature_plane

TOTAL, STEPS_A_TICK = 400, 5
st.set_page_config(layout="wide")


@st.cache_resource
def table() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    X = np.vstack([rng.normal(0.5, 0.06, (480, 2)), rng.uniform(0, 1, (20, 2))]).astype(np.float32)
    return X, (np.arange(500) >= 480).astype(np.int8)


@st.cache_resource
def scene() -> figures.Scene:
    X, y = table()
    return figures.make_scene(X, y, feature_plane(X, 0, 1, ("x", "y")))


def frame(step: int) -> Frame:
    rng = np.random.default_rng(1)
    z = rng.uniform(0, 1, (200, 2)).astype(np.float32)
    pull = np.float32(0.6 * min(step / TOTAL, 1))
    w1, w2 = rng.normal(0, 2, (2, 16)).astype(np.float32), rng.normal(0, 1, 16).astype(np.float32)
    weights = DiscriminatorWeights(w1, rng.normal(0, 1, 16).astype(np.float32), w2 * (1 + pull), float(pull))
    return Frame(step, step, z * (1 - pull) + pull / 2, np.zeros(200, dtype=np.int16), weights)


def history(steps: int) -> History:
    rng = np.random.default_rng(2)
    rows = {name: rng.uniform(0.5, 0.8, TOTAL + 50).astype(np.float32)[:steps] for name in ("d_loss", "g_loss")}
    rows |= {"sub_g_loss": rows["g_loss"][:, None], "d_real": rows["d_loss"], "d_fake": rows["g_loss"]}
    at = np.arange(1, steps + 1)
    rows |= {name: rng.uniform(0.6, 1, TOTAL + 50)[:steps] for name in ("auc", "average_precision", "precision_at_n")}
    record = History(1)
    record.add_steps(rows)
    record.add_evaluations({**rows, "eval_step": at, "spread": rows["auc"]})
    return record


@st.fragment(run_every=0.5)
def live() -> None:
    st.session_state["tick"] = st.session_state.get("tick", 0) + 1
    step = min(STEPS_A_TICK * st.session_state["tick"], TOTAL)
    step = int(st.query_params.get("step", step))
    dark = st.context.theme.type == "dark"
    info = figures.plane_info(scene(), frame(step), view=st.session_state.get("view"))
    st.session_state["view"] = info.view
    left, right = st.columns(2)
    with left:
        spec = figures.plane_spec(info, layers=figures.LAYERS, dark=dark, revision="run")
        live_plotly(spec, key="plane", height=520, aspect=1.05, alt="The plane", transition_ms=400)
    with right:
        curves = figures.curves_info(history(step).view(), total_steps=TOTAL, stop_step=200)
        spec = figures.curves_spec(curves, dark=dark, revision="run")
        live_plotly(spec, key="curves", height=520, alt="The losses")
    st.text(f"tick {st.session_state['tick']}")


live()
