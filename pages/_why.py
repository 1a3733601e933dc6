"""Why one row is suspicious: what each feature adds, where its value lies, and the inliers that are nearest."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
import streamlit as st

from pages import _server, _why_values
from pages._live_plotly import live_plotly
from pages._shown import Shown
from pages._theme import dark
from sogaal import figures
from sogaal.explain import Explanation, explain, nearest_inliers
from sogaal.frames import DiscriminatorWeights
from sogaal.metrics import outlier_score, rank

MOST_FEATURES = 8
# Columns of the table of neighbours that are not the table's own.
TAKEN = ("", "distance", "rank", "outlier score")


def explanation(run: Shown, voters: Sequence[DiscriminatorWeights], places: npt.NDArray[np.int64]) -> Explanation:
    """What each column adds to D's verdict of some rows of the run's table."""
    dataset = run.dataset
    scaler = _server.scaler(dataset.fingerprint, run.scaling, dataset)
    wording = dataset.wording(places)
    return explain(voters, scaler, dataset.X[places], dataset.feature_names, None, *wording)


def why(
    run: Shown, logits: npt.NDArray[np.float32], places: npt.NDArray[np.int64], voters: Sequence[DiscriminatorWeights]
) -> None:
    """Draw the explanation of the row that is selected, at first the most abnormal one of ``places``."""
    row = _chosen(run, places)
    found = explanation(run, voters, np.array([row]))
    order = np.argsort(-np.abs(found.by_column[0]), kind="stable")
    info = figures.attribution_info(
        found.labels(0), found.by_column[0], logit=float(found.logits[0]), median_logit=found.median_logit
    )
    with st.container(key="why_parts"):
        left, right = st.columns([1.1, 1], gap="medium")
    with left:
        live_plotly(
            figures.attribution_spec(info, dark=dark(), revision=f"{run.id}-{row}"),
            key="why_bars",
            height=max(info.height, 230),
            alt="What each column adds to the suspicion of the row, a bar for each",
        )
        st.caption(figures.attribution_caption(info))
    with right:
        _why_values.values(run.dataset, found, order)
    with st.container(key="why_others"):
        left, right = st.columns([1, 1.6], gap="medium")
    with left:
        _why_values.distribution(run.dataset, found, order, f"{run.id}_{row}")
    with right:
        _nearest(run, logits, row, order)


def _chosen(run: Shown, places: npt.NDArray[np.int64]) -> int:
    """The number of the row in the table."""
    options = places.tolist()
    if st.session_state.get("why_row") not in options:
        st.session_state["why_row"] = options[0]
    number = {place: rank for rank, place in enumerate(options, start=1)}
    name = run.dataset.id_name or "row"
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="why_head"):
        st.markdown("**Why is this row suspicious?**", width="content")
        row: int = st.selectbox(
            "A row",
            options,
            key="why_row",
            format_func=lambda place: f"rank {number[place]} · {name} {run.dataset.ids[place]}",
            label_visibility="collapsed",
            width=300,
        )
        st.caption("Select another here or in the table above.", width="content")
    return row


def _nearest(run: Shown, logits: npt.NDArray[np.float32], row: int, order: npt.NDArray[np.int64]) -> None:
    """The row above the inliers that are nearest to it."""
    dataset = run.dataset
    X = _server.scaled(dataset.fingerprint, run.scaling, dataset)
    numbers, distances = nearest_inliers(X, logits, [row])
    rows: Sequence[int] = [row, *numbers[0].tolist()]
    name = dataset.id_name or "row"
    table = pd.DataFrame(
        {
            "": ["this row", *(f"inlier {place}" for place in range(1, len(rows)))],
            f"{name} (table)" if name in TAKEN else name: dataset.ids[rows],
            "distance": [0.0, *distances[0]],
            "rank": rank(logits)[rows],
            "outlier score": outlier_score(logits[rows]),
        }
    )
    columns = list(dataset.original(rows).items())
    for place in order[:MOST_FEATURES]:
        name, values = columns[place]
        table[f"{name} (table)" if name in table else name] = values
    st.markdown("**Its nearest inliers**")
    st.dataframe(
        table,
        hide_index=True,
        height="content",
        column_config={
            "distance": st.column_config.NumberColumn(format="%.3f"),
            "outlier score": st.column_config.NumberColumn(format="%.4f"),
        },
        placeholder="missing",
        alt="The row and the inliers that are nearest to it",
    )
    more = f", with the {MOST_FEATURES} columns that matter most" if len(order) > MOST_FEATURES else ""
    st.caption(f"Nearest in the scaled space among the half of the rows that D ranks least abnormal{more}.")
