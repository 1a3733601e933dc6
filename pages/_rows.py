"""The most abnormal rows of a run: their table, how far to trust it, why each is there, and the file of all scores."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
import streamlit as st

from pages import _trust, _why
from pages._shown import Shown
from sogaal.exports import scores_csv, scores_table, scores_with_columns, with_reasons
from sogaal.frames import DiscriminatorWeights
from sogaal.model import At

AT = {"stop": "when G stopped", "end": "at the end"}
TOGETHER = "of all seeds together"
TOP_ROWS = 20
MOST_FEATURES = 12
TABLE_HEIGHT = 388  # ten rows: the reasons below stay in sight

Logits = npt.NDArray[np.float32]


def words(run: Shown, at: At) -> str:
    """Which D ranks: "D ..."."""
    return TOGETHER if run.config.automatic and at == "end" else AT[at]


def rows(
    run: Shown, logits: Logits, flags: npt.NDArray[np.int8], at: At, voters: Sequence[DiscriminatorWeights]
) -> None:
    """Draw all of it; ``voters``: the D's whose mean ``logits`` (n,) these are, none where they are gone."""
    dataset = run.dataset
    scores = scores_table(dataset.ids, dataset.y, logits, flags=flags)
    top = scores.nsmallest(TOP_ROWS, "rank")
    places = top.index.to_numpy()
    _head(run, scores, at, voters, len(top))
    trust = _trust.trust(run, logits, max(int(flags.sum()), 1), at)
    shown = top.copy()
    if trust is not None:
        shown.insert(shown.columns.get_loc("rank") + 1, _trust.COLUMN, _trust.counts(trust, places))
    columns = dataset.original(places)
    for name, values in list(columns.items())[:MOST_FEATURES]:
        # A column may be called rank, as ours is.
        shown[f"{name} (table)" if name in shown else name] = values
    _table(shown, None if trust is None else _trust.column_of(run, trust), f"rows_{run.id}_{at}", places)
    if len(columns) > MOST_FEATURES:
        st.caption(f"Shown are the first {MOST_FEATURES} of {len(columns)} columns.")
    if voters:
        _why.why(run, logits, places, voters)


def _head(run: Shown, scores: pd.DataFrame, at: At, voters: Sequence[DiscriminatorWeights], count: int) -> None:
    dataset = run.dataset
    with st.container(horizontal=True, vertical_alignment="center", key="rows_head"):
        st.markdown(f"**The {count} most abnormal rows**, by D {words(run, at)}", width="stretch")
        reasons = bool(voters) and st.toggle(
            "with reasons",
            key="scores_reasons",
            help="One more column, reason: the columns that speak most for the suspicion of a flagged row.",
        )
        table = scores
        if reasons:
            table = with_reasons(scores, lambda places: _why.explanation(run, voters, places).reason_texts())
        name = f"{dataset.name}-{run.config.algorithm}-seed{run.config.seed}-{at}"
        st.download_button(
            "All scores (CSV)",
            scores_csv(table),
            file_name=f"{name}.csv",
            mime="text/csv",
            icon=":material/download:",
            on_click="ignore",
        )
        st.download_button(
            "With columns (CSV)",
            lambda: scores_with_columns(table, dataset.values),  # made when it is asked for: it may be large
            file_name=f"{name}-columns.csv",
            mime="text/csv",
            icon=":material/table:",
            on_click="ignore",
            help="The scores of all rows with the table's own columns, those that were used, as they were. The columns "
            "that were left out are not kept with a run.",
        )


def _table(shown: pd.DataFrame, trust_column: object, key: str, places: npt.NDArray[np.int64]) -> None:
    def picked() -> None:
        chosen = [row for row in st.session_state[key]["selection"]["rows"] if row < len(places)]
        if chosen:
            st.session_state["why_row"] = int(places[chosen[0]])

    columns: dict[str, object] = {
        "outlier_score": st.column_config.ProgressColumn(
            "outlier score", min_value=0, max_value=1, format="%.4f", help="1 - D(x)"
        )
    }
    if trust_column is not None:
        columns[_trust.COLUMN] = trust_column
    st.dataframe(
        shown,
        hide_index=True,
        height=TABLE_HEIGHT if len(shown) > 10 else "content",
        key=key,
        on_select=picked,
        selection_mode="single-row",
        column_config=columns,
        placeholder="missing",
    )
