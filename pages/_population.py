"""A population on the Playground: its members in a table, each of which can become a run of its own, or is one."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from pages import _control, _run_rows, _running, _saved, _server
from pages._shown import Shown
from pages._words import plain
from sogaal.errors import ConfigError, SogaalError
from sogaal.jobs import JobState
from sogaal.race import field_title
from sogaal.runs.names import token_of
from sogaal.runs.populations import Member, runs_of
from sogaal.runs.record import SWEEP, Population, RunRecord
from sogaal.runs.saved import SavedRun

REFRESH_SECONDS = 2.0
NUMBERS = {
    "auc_stop": "AUC stop",
    "auc_final": "AUC end",
    "auc_best": "AUC best",
    "d_loss": "D loss",
    "g_loss": "G loss",
}


def population(run: Shown, about: Population, members: Sequence[Member]) -> None:
    """Draw the members; one that is selected can be trained again, as it was, or opened where it has been."""
    if run.active:
        st.fragment(run_every=REFRESH_SECONDS)(_watch)(run.id, _saved.find(run.id))
    if not members:
        st.info(_none(run, about), icon=":material/hourglass_empty:")
        return
    titles = {name: field_title(name) for name in members[0].values}
    differing = ", ".join(titles.values())
    st.caption(f"{_counted(about, members)} on {plain(run.dataset.name)} that differ in: {differing}. Select one.")
    if about.kind == SWEEP:
        link_to_sweep(run.id)
    _together(run)
    became = _became(run, members)
    problem = st.session_state.pop("member_problem", "")
    if problem:
        st.error(plain(problem), icon=":material/error:")
    bar = st.container()
    found = st.dataframe(
        pd.DataFrame([_row(member, became) for member in members]),
        key=f"members_{run.id}_{len(members)}",  # a selection by place would be of another member when more have come
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        selection_default={"selection": {"rows": _places(run.id, members)}},
        column_config=_columns(titles),
        alt="Members, one in each row",
        placeholder="–",
    )
    rows = [row for row in found["selection"]["rows"] if row < len(members)]
    index = members[rows[0]].index if rows else -1
    st.session_state["member_selected"] = (run.id, index)
    with bar:
        _buttons(run, index, became)


def link_to_sweep(token: str) -> None:
    """Draw the way to a sweep, which is more than the table of its members."""
    st.page_link(
        "pages/sweep.py",
        label="Open the sweep: its charts, its best trials, and the way on with it",
        icon=":material/query_stats:",
        query_params={"id": token},
    )


def _places(run: str, members: Sequence[Member]) -> list[int]:
    """The row of the member that was selected before more of them came."""
    selected = st.session_state.get("member_selected")
    return [place for place, member in enumerate(members) if (run, member.index) == selected]


def _counted(about: Population, members: Sequence[Member]) -> str:
    """How many runs there are, of those that were to be."""
    some = f"{len(members):,} of " if len(members) < about.planned else ""
    return f"{some}{about.planned:,} runs"


def _none(run: Shown, about: Population) -> str:
    """What to say where no member has come."""
    if run.active:
        return f"None of its {about.planned:,} runs has ended yet; they come here as they do."
    return f"None of its {about.planned:,} runs had ended when the program did."


def _watch(run: str, drawn: SavedRun | None) -> None:
    """Have the page drawn again when more of a population that goes on is on disk, or when it has ended."""
    found = _saved.find(run)
    if None in (found, drawn) or found.record != drawn.record:
        st.rerun(scope="app")


def _together(run: Shown) -> None:
    """What the members of an ensemble say together."""
    saved = _saved.find(run.id)
    record = None if saved is None else saved.record
    if record is None or record.population is None or record.population.kind != "ensemble":
        return
    if record.state != JobState.COMPLETED:  # then the AUCs in the record are means over the members that had come
        return
    aucs = (("at stop", "auc_stop"), ("at end", "auc_final"))
    told = [f"AUC {at} **{auc:.3f}**" for at, name in aucs if (auc := record.summary.get(name)) is not None]
    st.markdown(" · ".join(["Their mean logit ranks", *told]))


def _columns(titles: Mapping[str, str]) -> dict[str, Any]:
    column = st.column_config
    numbers = {name: column.NumberColumn(title, format="%.3f") for name, title in NUMBERS.items()}
    became = column.TextColumn("Run", help="Those that became runs of their own.")
    return {**titles, **numbers, "state": "State", "message": "Message", "run": became}


def _buttons(run: Shown, index: int, became: Mapping[int, RunRecord]) -> None:
    if index in became:
        st.button(
            "Open its run",
            icon=":material/open_in_full:",
            on_click=_running.show,
            args=(token_of(became[index].id),),
            help="This member was trained again as a run of its own.",
        )
        return
    st.button(
        "Train it as a run",
        icon=":material/play_arrow:",
        disabled=index < 0,
        on_click=_train,
        args=(run.id, index),
        help="The same set-up and seed: it ends as it did here, and can be watched.",
    )


def _became(run: Shown, members: Sequence[Member]) -> dict[int, RunRecord]:
    """Members that became runs, by index."""
    saved = _saved.find(run.id)
    try:
        return {} if saved is None else runs_of(saved.record, members, _saved.records())
    except ConfigError:  # of a member that somebody damaged; whoever selects it is told
        return {}


def _row(member: Member, became: Mapping[int, RunRecord]) -> dict[str, Any]:
    numbers = {name: member.numbers.get(name) for name in NUMBERS}
    record = became.get(member.index)
    as_run = "" if record is None else _run_rows.of_record(record).state.value
    aucs = {name: numbers.pop(name) for name in ("auc_stop", "auc_final", "auc_best")}
    state = member.state.value
    return {**member.values, "state": state, **aucs, "run": as_run, **numbers, "message": member.message}


def _train(population: str, index: int) -> None:
    try:
        setup = _server.store().member_to_run(population, index)
        pace = _control.speed(st.session_state["set_pace"], setup.config.total_steps(setup.dataset.n))
        job = _server.registry().submit(setup.dataset, setup.config, setup.scaling, speed=pace, parent=setup.parent)
    except (SogaalError, OSError) as error:
        st.session_state["member_problem"] = str(error)
        return
    _running.show(job.id)
