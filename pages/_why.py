"""Why one row is suspicious: what each feature adds, where its value lies, and the inliers that are nearest."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
import streamlit as st

from pages import _server
from pages._live_plotly import live_plotly
from pages._shown import Shown
from pages._theme import dark
from sogaal import figures
from sogaal.explain import Explanation, explain, nearest_inliers, percentiles
from sogaal.frames import DiscriminatorWeights
from sogaal.metrics import outlier_score, rank

MOST_FEATURES = 8
# Columns of the table of neighbours that are not the table's own.
TAKEN = ("", "distance", "rank", "outlier score")


def explanation(run: Shown, voters: Sequence[DiscriminatorWeights], places: npt.NDArray[np.int64]) -> Explanation:
    """What each feature adds to D's verdict of some rows of the run's table."""
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
    order = np.argsort(-np.abs(found.attributions[0]), kind="stable")
    info = figures.attribution_info(
        found.names, found.attributions[0], logit=float(found.logits[0]), median_logit=found.median_logit
    )
    with st.container(key="why_parts"):
        left, right = st.columns([1.1, 1], gap="medium")
    with left:
        live_plotly(
            figures.attribution_spec(info, dark=dark(), revision=f"{run.id}-{row}"),
            key="why_bars",
            height=max(info.height, 230),
            alt="What each feature adds to the suspicion of the row, a bar for each",
        )
        st.caption(figures.attribution_caption(info))
    with right:
        _values(run, found, order)
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


def _values(run: Shown, found: Explanation, order: npt.NDArray[np.int64]) -> None:
    """The row's values among all others', the features that matter most first."""
    places = percentiles(run.dataset.X, found.values)[0]
    table = pd.DataFrame(
        {
            "feature": [found.names[i] for i in order],
            "value": found.values[0, order],
            "percentile": places[order],
            "median": found.median[order],
        }
    )
    st.dataframe(
        table,
        hide_index=True,
        height=min(35 * (len(table) + 1) + 3, 352),
        column_config={
            "value": st.column_config.NumberColumn(format="%.6g"),
            "median": st.column_config.NumberColumn(format="%.6g"),
            "percentile": st.column_config.ProgressColumn(
                min_value=0, max_value=100, format="%.1f", help="The share of the column that is lower, in per cent."
            ),
        },
        alt="The row's value of each feature with its percentile",
    )
    st.caption(
        "A percentile near 0 or 100 is a rare value; D may also mind what comes together, each value being usual."
    )


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
    for feature in order[:MOST_FEATURES]:
        name = dataset.feature_names[feature]
        table[f"{name} (table)" if name in table else name] = dataset.X[rows, feature]
    st.markdown("**Its nearest inliers**")
    st.dataframe(
        table,
        hide_index=True,
        height="content",
        column_config={
            "distance": st.column_config.NumberColumn(format="%.3f"),
            "outlier score": st.column_config.NumberColumn(format="%.4f"),
        },
        alt="The row and the inliers that are nearest to it",
    )
    more = f", with the {MOST_FEATURES} features that matter most" if dataset.d > MOST_FEATURES else ""
    st.caption(f"Nearest in the scaled space among the half of the rows that D ranks least abnormal{more}.")
