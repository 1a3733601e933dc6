"""The list of runs that every page shows: a run whose tab was closed is found again here."""

from datetime import UTC, datetime

import streamlit as st

from pages import _run_rows, _saved, _server, _shown
from pages._run_rows import Row
from pages._shown import Shown
from pages._words import plain
from sogaal.errors import SogaalError
from sogaal.figures import MAX_RUNS
from sogaal.jobs import JobState

# Runs in the sidebar; the others are on the page of all runs.
MOST_LISTED = 10

STATE_LOOK: dict[JobState, tuple[str, str]] = {
    JobState.QUEUED: (":material/hourglass_empty:", "gray"),
    JobState.RUNNING: (":material/autorenew:", "green"),
    JobState.PAUSED: (":material/pause:", "orange"),
    JobState.COMPLETED: (":material/check:", "blue"),
    JobState.STOPPED: (":material/stop:", "gray"),
    JobState.FAILED: (":material/error:", "red"),
    JobState.INTERRUPTED: (":material/bolt:", "red"),
}


def show(run: str | None) -> None:
    """Put a run (or none) on the Playground."""
    if run != st.session_state.get("run"):
        st.session_state.pop("view", None)
    st.session_state["run"] = run


def look_up(run: str) -> Shown | str:
    """A run by its token: in memory, else from its folder; or a sentence that says why it cannot be shown."""
    job = _server.registry().get(run)
    if job is not None:
        return _shown.of_job(job)
    try:
        return _saved.shown(run)
    except SogaalError as error:
        return str(error)
    except OSError as error:
        return f"it cannot be read ({error.strerror or error})."


def running_list() -> None:
    """Draw the runs in memory and the newest saved ones in the sidebar, newest first."""
    rows = _run_rows.rows(limit=MOST_LISTED)
    if not rows:
        return
    active = _server.registry().active()
    with st.expander(f"Runs ({len(active)} active)" if active else "Runs", icon=":material/list:", expanded=False):
        if len(active) > 1:
            st.button("Stop all", key="stop_all", icon=":material/stop:", width="stretch", on_click=_stop_all)
        if len(rows) > 1 and st.button(
            "Compare the newest", key="compare_newest", icon=":material/stacked_line_chart:", width="stretch"
        ):
            newest = [row.id for row in rows if row.steps and not row.members][:MAX_RUNS]
            st.session_state.pop("compare_kept", None)
            st.switch_page("pages/compare.py", query_params={"ids": ",".join(newest)})
        for row in rows:
            st.button(
                plain(_line(row)),
                key=f"show_{row.id}",
                icon=STATE_LOOK[row.state][0],
                width="stretch",
                type="primary" if row.id == st.session_state.get("run") else "secondary",
                help=f"{row.state.value}, {row.steps:,} steps",
                on_click=_open,
                args=(row.id,),
            )
        st.page_link("pages/runs.py", label="All runs", icon=":material/table_rows:")


def _line(row: Row) -> str:
    started = row.created.astimezone()
    today = started.date() == datetime.now(UTC).astimezone().date()
    when = f"{started:%H:%M:%S}" if today else f"{started:%Y-%m-%d}"
    return f"{when} · {row.name}" + ("" if row.auc_final is None else f" · AUC {row.auc_final:.3f}")


def _stop_all() -> None:
    for job in _server.registry().active():
        job.stop()


def notice() -> None:
    """Say that runs are under way while none is shown: a closed tab does not end them."""
    active = _server.registry().active()
    if not active or st.session_state.get("run") is not None:
        return
    with st.container(horizontal=True, vertical_alignment="center", key="running_notice"):
        snapshot = active[0].snapshot()
        icon, _ = STATE_LOOK[snapshot.state]
        others = f" (and {len(active) - 1} more in the list of runs)" if len(active) > 1 else ""
        st.markdown(f"{icon} {snapshot.state.value}: {plain(active[0].title)}{others}", width="content")
        st.button("Show it", key="show_active", type="tertiary", on_click=_open, args=(active[0].id,))


def _open(job_id: str) -> None:
    show(job_id)
