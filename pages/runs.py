"""Runs: all that are saved or under way, to find, name, compare, go on with, take along and delete."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from pages import _annotate, _downloads, _import_runs, _run_rows, _running, _saved, _server
from pages._entry import enter
from pages._run_rows import ORDERS, Row
from pages._words import plain
from sogaal.errors import RunError
from sogaal.figures import MAX_RUNS
from sogaal.jobs import JobState
from sogaal.runs.listing import Unreadable
from sogaal.runs.names import token_of
from sogaal.runs.record import SWEEP

ROW_HEIGHT = 35
MOST_ROWS = 14
REFRESH_SECONDS = 2.0
FILTERS = ("runs_state", "runs_dataset", "runs_algorithm", "runs_tags", "runs_words", "runs_order")
MEANS = (
    "Of several seeds the mean. A race, a map or a sweep has different set-ups, whose mean would say nothing: open it "
    "to see each of them."
)
AUCS = ("auc_stop", "auc_final", "auc_best", "curve")
MARKS = {
    JobState.QUEUED: "⋯", JobState.RUNNING: "▶", JobState.PAUSED: "⏸", JobState.COMPLETED: "✓",
    JobState.STOPPED: "■", JobState.FAILED: "✕", JobState.INTERRUPTED: "↯",
}  # fmt: skip


# -- which ---------------------------------------------------------------------------------------------------------


def _filters(rows: Sequence[Row]) -> list[Row]:
    """Draw search, filters and order; returns the rows that they leave."""
    state = st.session_state
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="filters"):
        words = st.text_input(
            "Search",
            key="runs_words",
            icon=":material/search:",
            placeholder="name, tag, lr_d=0.01 …",
            width=200,
        )
        states = _many("State", "runs_state", [s.value for s in JobState if any(row.state == s for row in rows)], 140)
        datasets = _many("Table", "runs_dataset", sorted({row.dataset for row in rows}), 150)
        algorithms = _many("Algorithm", "runs_algorithm", sorted({row.algorithm for row in rows}), 130)
        tags = _many("Tags", "runs_tags", sorted({tag for row in rows for tag in row.tags}, key=str.casefold), 130)
        order = st.selectbox("Order", list(ORDERS), key="runs_order", width=125)
    state["runs_kept"] = {name: state[name] for name in FILTERS if name in state}
    found = _run_rows.chosen(
        rows,
        states=[JobState(value) for value in states],
        datasets=datasets,
        algorithms=algorithms,
        tags=tags,
        words=words,
    )
    return _run_rows.ordered(found, order)


def _many(label: str, key: str, options: list[str], width: int) -> list[str]:
    # What was chosen and is gone (the last run of a tag, say) is no choice any more.
    st.session_state[key] = [value for value in st.session_state.get(key, []) if value in options]
    return st.multiselect(label, options, key=key, placeholder="all", width=width)


def _table(rows: Sequence[Row], chosen: Sequence[str]) -> list[Row]:
    """Draw the table; returns the rows that are selected."""
    column = st.column_config
    three = {"format": "%.3f", "width": 75}
    # Another list of runs is another table: a selection by place would be one of other runs.
    key = f"runs_{hash(tuple(row.id for row in rows))}"
    found = st.dataframe(
        _frame(rows),
        key=key,
        hide_index=True,
        height="content" if len(rows) <= MOST_ROWS else ROW_HEIGHT * (MOST_ROWS + 1) + 3,
        on_select="rerun",
        selection_mode="multi-row",
        selection_default={"selection": {"rows": [n for n, row in enumerate(rows) if row.id in chosen]}},
        alt="Runs, one in each row",
        placeholder="–",
        column_config={
            "state": column.TextColumn("State", width=100),
            "name": column.TextColumn("Name", width=240),
            "dataset": column.TextColumn("Table", width=100),
            "algorithm": column.TextColumn("Algorithm", width=80),
            "auc_stop": column.NumberColumn("AUC stop", help=f"ROC-AUC when G stopped. {MEANS}", **three),
            "auc_final": column.NumberColumn("AUC end", help=f"ROC-AUC at the end of the run. {MEANS}", **three),
            "auc_best": column.NumberColumn(
                "AUC best", help="The highest on the way; to choose it is to peek at labels", **three
            ),
            "curve": column.LineChartColumn("AUC", width=80, y_min=0, y_max=1, help="ROC-AUC over the run, 0 to 1"),
            "d_loss": column.NumberColumn("D loss", help="D's last loss; ln 2 = 0.693 is guessing", **three),
            "g_loss": column.NumberColumn("G loss", help="G's last loss", **three),
            "seconds": column.NumberColumn("Time", format="%.1f s", width=66, help="Seconds of training"),
            "tags": column.ListColumn("Tags", width=115),
            "created": column.DatetimeColumn("Started", format="YYYY-MM-DD HH:mm", width=125),
        },
    )
    return [rows[place] for place in found["selection"]["rows"] if place < len(rows)]


def _frame(rows: Sequence[Row]) -> pd.DataFrame:
    """The columns in their order; those of the AUC where one of the runs has it, which takes labels."""
    columns: dict[str, list[Any]] = {
        "state": [f"{MARKS[row.state]} {row.state.value}" for row in rows],
        "name": [f"{row.members} runs · {row.short}" if row.members else row.short for row in rows],
        "dataset": [row.dataset for row in rows],
        "created": [row.created.astimezone().replace(tzinfo=None) for row in rows],
        "auc_stop": [row.auc_stop for row in rows],
        "auc_final": [row.auc_final for row in rows],
        "auc_best": [row.auc_best for row in rows],
        "curve": [list(row.curve) for row in rows],
        "tags": [list(row.tags) for row in rows],
        "algorithm": [row.algorithm for row in rows],
        "d_loss": [row.d_loss for row in rows],
        "g_loss": [row.g_loss for row in rows],
        "seconds": [row.seconds for row in rows],
    }
    empty = [name for name in AUCS if all(value in (None, []) for value in columns[name])]
    floats = ("auc_stop", "auc_final", "auc_best", "d_loss", "g_loss", "seconds")
    return pd.DataFrame(columns).astype(dict.fromkeys(floats, "float64")).drop(columns=empty)


# -- what is done with them ----------------------------------------------------------------------------------------


def _actions(selected: Sequence[Row]) -> None:
    """Draw the buttons; each can be pressed where it makes sense for what is selected."""
    one = selected[0] if len(selected) == 1 else None
    saved = [row for row in selected if row.folder]
    ended = bool(saved) and len(saved) == len(selected) and not any(row.state.active for row in selected)
    comparable = [row for row in selected if row.steps and not row.members]
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="actions"):
        if st.button("Open", icon=":material/open_in_full:", type="primary", disabled=one is None, help=ONE):
            _open(one)
        fits = 2 <= len(selected) <= MAX_RUNS and len(comparable) == len(selected)
        if st.button(
            "Compare", icon=":material/stacked_line_chart:", disabled=not fits,
            help=f"Select 2 to {MAX_RUNS} runs that have steps.",
        ):  # fmt: skip
            st.session_state.pop("compare_kept", None)
            st.switch_page("pages/compare.py", query_params={"ids": ",".join(row.id for row in selected)})
        reason = _not_resumable(one)
        if st.button("Resume", icon=":material/resume:", disabled=bool(reason), help=reason or "Go on where it ended."):
            _did(_annotate.resume(one.folder), "pages/playground.py")
        if st.button(
            "Use set-up", icon=":material/content_copy:", disabled=one is None or not one.folder,
            help="Put the run's table and hyperparameters into the Playground's form.",
        ):  # fmt: skip
            _did(_annotate.take_setup(one.folder), "pages/playground.py")
        if st.button(
            "Score", icon=":material/fact_check:", disabled=one is None or not one.folder,
            help="Score new rows with the run's model.",
        ):  # fmt: skip
            st.switch_page("pages/score.py", query_params={"run": one.id})
        with st.popover("Name, tags, note", icon=":material/edit:", disabled=not saved, width="content"):
            _edit(saved)
        whole = bool(saved) and len(saved) == len(selected)
        with st.popover("Download", icon=":material/download:", disabled=not whole, width="content"):
            if whole:
                _download(saved)
        if st.button("Delete", icon=":material/delete:", disabled=not ended, help="It can be undone on this page."):
            _did(_annotate.delete([row.folder for row in selected]), None)
        _import()
        _undo()


ONE = "Select one run."


def _not_resumable(row: Row | None) -> str:
    """Why a run cannot be gone on with, or nothing."""
    if row is None or not row.folder:
        return "Select one run that was interrupted or stopped."
    return "It is under way." if row.state.active else _saved.not_resumable(row.folder)


def _open(row: Row | None) -> None:
    if row is not None and row.kind == SWEEP:
        st.switch_page("pages/sweep.py", query_params={"id": row.id})
    if row is not None:
        _running.show(row.id)
        st.switch_page("pages/playground.py", query_params={"run": row.id})


def _did(problem: str, then: str | None) -> None:
    """Say what went wrong, or go on."""
    st.session_state["runs_problem"] = problem
    if problem or then is None:
        st.rerun()
    st.switch_page(then)


def _edit(saved: Sequence[Row]) -> None:
    if len(saved) > 1:
        _annotate.edit_several([row.folder for row in saved], "runs")
        return
    for row in saved:
        found = _saved.find(row.folder)
        if found is None:
            st.caption("The run cannot be read any more.")
        else:
            _annotate.edit(found.record, "runs")


def _download(saved: Sequence[Row]) -> None:
    if len(saved) > 1:
        _downloads.download_several([row.folder for row in saved], "runs")
        return
    found = _saved.find(saved[0].folder)
    if found is None:
        st.caption("The run cannot be read any more.")
    else:
        _downloads.downloads(found, "runs")


def _import() -> None:
    """Draw what takes runs from a zip."""
    with st.popover("Import", icon=":material/upload:", width="content"):
        _import_runs.take()


def _messages() -> None:
    # What became of an import is said in its popover, which is closed by then, or lies over this.
    problems = (st.session_state.pop("runs_problem", ""), st.session_state.get("import_told", ("",))[0])
    with st.container():  # always: a popover that is moved by a message closes
        for problem in filter(None, problems):
            st.error(plain(problem), icon=":material/error:")


def _undo() -> None:
    """Draw the button that brings back what was deleted last; nothing where there is nothing."""
    if st.session_state.get("deleted"):
        count = len(st.session_state["deleted"][-1])
        what = "the run that was" if count == 1 else f"the {count} runs that were"
        if st.button(
            "Undo", icon=":material/undo:", help=f"Bring back {what} deleted last. Until you leave this page."
        ):
            _did(_annotate.restore(), None)


def _deleted() -> str:
    """What was deleted, in words."""
    count = sum(len(runs) for runs in st.session_state.get("deleted", []))
    return "" if not count else f":material/delete: {count} {'run' if count == 1 else 'runs'} deleted. "


def _about(selected: Sequence[Row], shown: int, whole: int) -> None:
    """One line on what is selected."""
    if len(selected) == 1:
        row = selected[0]
        note = f" · {plain(row.note)}" if row.note else ""
        st.caption(f"{plain(row.title)} · {row.steps:,} steps · `{row.folder or row.id}`{note}")
    elif selected:
        st.caption(f"{len(selected)} of {whole:,} runs selected.")
    else:
        some = f"{shown:,} of {whole:,} runs" if shown != whole else f"{whole:,} {'run' if whole == 1 else 'runs'}"
        st.caption(f"{_deleted()}{some}. Select one or more at the left edge; a click on a column's head sorts by it.")


# -- page ----------------------------------------------------------------------------------------------------------


def _unreadable(found: Sequence[Unreadable]) -> None:
    if not found:
        return
    count = len(found)
    with st.expander(f"{count} {'folder' if count == 1 else 'folders'} cannot be read", icon=":material/report:"):
        st.caption("They are left alone; nothing else depends on them.")
        st.table(
            pd.DataFrame({"Folder": [plain(one.id) for one in found], "Why": [plain(one.reason) for one in found]})
        )


def _empty() -> None:
    st.info(f"{_deleted()}There are no runs. Every training is saved here by itself.", icon=":material/info:")
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        _import()
        _undo()
    if st.button("To the Playground", icon=":material/play_circle:", type="primary"):
        st.switch_page("pages/playground.py")


def _watch(drawn: tuple[object, ...]) -> None:
    """Have the table drawn again while runs are under way."""
    if drawn != _moving():
        _saved.changed()
        st.rerun(scope="app")


def _moving() -> tuple[object, ...]:
    jobs = _server.registry().active()
    mine = {job.id for job in jobs}
    # Races, spreads, maps, and what another process trains, are seen by what they write.
    others = [record for record in _saved.records() if record.state.active and token_of(record.id) not in mine]
    return (
        *((job.id, job.snapshot().state, job.snapshot().step) for job in jobs),
        *((record.id, record.state, record.step) for record in others),
    )


def _restore_filters() -> None:
    kept = st.session_state.get("runs_kept", {})
    for name in FILTERS:
        if name not in st.session_state and name in kept:
            st.session_state[name] = kept[name]


def runs() -> None:
    """The whole page."""
    try:
        with st.spinner("Reading the runs …"):
            entries = _saved.entries()
    except RunError as error:
        st.error(plain(str(error)), icon=":material/error:")
        entries = ()
    moving = _moving()
    rows = _run_rows.rows()
    unreadable = [entry for entry in entries if isinstance(entry, Unreadable)]
    _messages()
    if rows:
        _restore_filters()
        left = _filters(rows)
        bar, about = st.container(), st.container()
        if left:
            selected = _table(left, st.session_state.get("runs_selected", ()))
        else:
            st.info("No run has all of this.", icon=":material/filter_alt_off:")
            selected = []
        st.session_state["runs_selected"] = [row.id for row in selected]
        with bar:
            _actions(selected)
        with about:
            _about(selected, len(left), len(rows))
    else:
        _empty()
    _unreadable(unreadable)
    if moving:
        st.fragment(run_every=REFRESH_SECONDS)(_watch)(moving)


enter(runs)
