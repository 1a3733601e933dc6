"""A population on the Playground: its members in a table, each of which can become a run of its own."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from pages import _control, _running, _server
from pages._shown import Shown
from pages._words import plain
from sogaal.config import FIELDS
from sogaal.errors import SogaalError
from sogaal.runs.populations import Member

NUMBERS = {
    "auc_stop": "AUC stop",
    "auc_final": "AUC end",
    "auc_best": "AUC best",
    "d_loss": "D loss",
    "g_loss": "G loss",
}


def population(run: Shown, members: Sequence[Member]) -> None:
    """Draw the members; one that is selected can be trained again, as it was."""
    varied = [FIELDS[name].title for name in members[0].values]
    st.caption(f"{len(members):,} runs on {plain(run.dataset.name)} that differ in: {', '.join(varied)}. Select one.")
    problem = st.session_state.pop("member_problem", "")
    if problem:
        st.error(plain(problem), icon=":material/error:")
    bar = st.container()
    found = st.dataframe(
        pd.DataFrame([_row(member) for member in members]),
        key=f"members_{run.id}",
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        column_config={
            name: st.column_config.NumberColumn(title, format="%.3f") for name, title in NUMBERS.items()
        } | {name: FIELDS[name].title for name in members[0].values},
        alt="Members, one in each row",
    )  # fmt: skip
    rows = [row for row in found["selection"]["rows"] if row < len(members)]
    with bar:
        st.button(
            "Train it as a run",
            icon=":material/play_arrow:",
            disabled=not rows,
            on_click=_train,
            args=(run.id, members[rows[0]].index if rows else -1),
            help="The same set-up and seed: it ends as it did here, and can be watched.",
        )


def _row(member: Member) -> dict[str, Any]:
    numbers = {name: member.numbers.get(name) for name in NUMBERS}
    return {**member.values, "state": member.state.value, **numbers, "message": member.message}


def _train(population: str, index: int) -> None:
    try:
        setup = _server.store().member_to_run(population, index)
        pace = _control.speed(st.session_state["set_pace"], setup.config.total_steps(setup.dataset.n))
        job = _server.registry().submit(setup.dataset, setup.config, setup.scaling, speed=pace)
    except (SogaalError, OSError) as error:
        st.session_state["member_problem"] = str(error)
        return
    _running.show(job.id)
