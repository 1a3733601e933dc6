"""A page with nothing but the replay of a short run, and a button that reruns it."""

import os
import sys
from pathlib import Path

import streamlit as st

# The test runs a copy of this file from a folder of its own.
sys.path.insert(0, os.environ.get("SOGAAL_ROOT", str(Path(__file__).resolve().parents[3])))

from pages._replay import replay
from tests.replay.runs import Recorded, record

st.set_page_config(layout="wide")


@st.cache_resource
def run() -> Recorded:
    return record()


st.button("Rerun")
replay(
    run().frames,
    run().trainer.history.view(),
    X=run().trainer.X,
    y=run().trainer.y,
    plane=run().plane,
    stop_step=run().trainer.stop_step,
    total_steps=run().trainer.total_steps,
    title="a cluster",
    key="replay",
)
