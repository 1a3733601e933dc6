"""The list of runs that every page shows: a run whose tab was closed is found again here."""

import streamlit as st

from pages import _server, _shown
from pages._shown import Shown
from pages._words import plain
from sogaal.figures import MAX_RUNS
from sogaal.jobs import Job, JobState, Snapshot

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


def shown_run() -> Shown | None:
    """The run that the Playground shows, if it is still there."""
    run = st.session_state.get("run")
    job = None if run is None else _server.registry().get(run)
    return None if job is None else _shown.of_job(job)


def running_list() -> None:
    """Draw the runs in memory in the sidebar, newest first."""
    jobs = sorted(_server.registry().jobs(), key=lambda job: job.created, reverse=True)
    if not jobs:
        return
    active = {job.id for job in _server.registry().active()}
    title = f"Runs in memory ({len(active)} active)" if active else f"Runs in memory ({len(jobs)})"
    with st.expander(title, icon=":material/list:", expanded=False):
        if len(active) > 1:
            st.button("Stop all", key="stop_all", icon=":material/stop:", width="stretch", on_click=_stop_all)
        if len(jobs) > 1 and st.button(
            "Compare the newest", key="compare_newest", icon=":material/stacked_line_chart:", width="stretch"
        ):
            newest = [job.id for job in jobs if job.snapshot().history.steps][:MAX_RUNS]
            st.session_state.pop("compare_kept", None)
            st.switch_page("pages/compare.py", query_params={"ids": ",".join(newest)})
        for job in jobs:
            snapshot = job.snapshot()
            icon, _ = STATE_LOOK[snapshot.state]
            st.button(
                plain(_line(job, snapshot)),
                key=f"show_{job.id}",
                icon=icon,
                width="stretch",
                type="primary" if job.id == st.session_state.get("run") else "secondary",
                help=f"{snapshot.state.value}, step {snapshot.step:,} of {snapshot.total_steps:,}",
                on_click=_open,
                args=(job.id,),
            )


def _line(job: Job, snapshot: Snapshot) -> str:
    summary = {} if snapshot.result is None else snapshot.result.summary
    auc = summary.get("auc_final")
    started = job.created.astimezone().strftime("%H:%M:%S")
    return f"{started} · {job.title}" + ("" if auc is None else f" · AUC {auc:.3f}")


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
