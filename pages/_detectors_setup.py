"""What is compared: the choices of the Detectors page."""

from typing import Any

import streamlit as st

from pages import _history, _server
from pages._detectors_server import Asked
from pages._tables import table_keys, table_picture, table_title
from pages._upload import columns_used, own_table
from pages._words import plain
from sogaal.data import Dataset
from sogaal.rivals import DETECTORS
from sogaal.rivals.comparison import MOST_SEEDS, SEEDS

FIRST: dict[str, Any] = {"only": list(DETECTORS), "seeds": SEEDS, "share": 5.0}


def choose() -> Asked:
    """Draw the choices."""
    _start()
    dataset = _table()
    st.subheader("Detectors", divider="gray")
    names = st.pills(
        "Detectors",
        list(DETECTORS),
        selection_mode="multi",
        format_func=lambda name: DETECTORS[name].title,
        key="rivals_only",
        label_visibility="collapsed",
    )
    missing = next((kind.missing for kind in DETECTORS.values() if kind.name in names and kind.missing), "")
    if missing:
        st.caption(
            f":material/info: ECOD and COPOD need PyOD: `{missing.rpartition(': ')[2]}`. The others go on without."
        )
    left, right = st.columns(2)
    with left:
        seeds = st.number_input(
            "Seeds", 1, MOST_SEEDS, key="rivals_seeds",
            help="Rankings of each detector that depends on luck, by the seeds 0, 1, …",
        )  # fmt: skip
    with right:
        st.number_input(
            "The top … %", min_value=0.01, max_value=50.0, step=0.5, format="%g", key="rivals_share",
            help="As many rows of each detector count as its top. Changing it needs no new comparison.",
        )  # fmt: skip
    _keep()
    return Asked(dataset, tuple(name for name in DETECTORS if name in names), int(seeds))


def _start() -> None:
    state = st.session_state
    kept = state.get("rivals_kept", FIRST)
    for name, first in FIRST.items():
        # Streamlit forgets the state of widgets that another page does not draw.
        state[f"rivals_{name}"] = state.get(f"rivals_{name}", kept.get(name, first))
    keys = table_keys()
    uploaded = state.pop("chosen_upload", None)
    wanted = [
        uploaded,
        st.query_params.get("data") if _history.went("data") else None,
        state.get("rivals_data"),
        kept.get("data"),
        st.query_params.get("data"),
        state.get("set_dataset"),
    ]
    state["rivals_data"] = next((one for one in wanted if one in keys), "onecluster")


def _keep() -> None:
    state = st.session_state
    state["rivals_kept"] = {name: state[f"rivals_{name}"] for name in (*FIRST, "data")}
    if st.query_params.get("data") != state["rivals_data"]:
        st.query_params["data"] = state["rivals_data"]


def _table() -> Dataset:
    st.selectbox("Table", table_keys(), key="rivals_data", format_func=table_title)
    dataset = _server.table(st.session_state["rivals_data"])
    table_picture(dataset, "rivals_thumbnail", 130)
    if _server.is_upload(st.session_state["rivals_data"]):
        st.caption(columns_used(dataset))
        for note in dataset.notes:
            st.caption(f":material/info: {plain(note)}")
    own_table()
    return dataset
