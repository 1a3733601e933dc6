"""What a run shows: the findings of its diagnosis, each with its evidence and a change that one click applies."""

from collections.abc import Iterable, Mapping
from typing import Any

import streamlit as st

from pages import _server, _setup
from pages._words import plain
from sogaal.config import FIELDS
from sogaal.diagnosis import Evidence, Finding, diagnose
from sogaal.jobs import Job, JobState

# Word, icon and colour of each severity: told apart without colour too.
LOOK = {
    "failure": ("failure", ":material/error:", "red"),
    "warning": ("warning", ":material/warning:", "orange"),
    "good": ("good", ":material/check_circle:", "green"),
    "note": ("note", ":material/info:", "gray"),
}


def diagnosis(job: Job) -> None:
    """Draw what a run that has ended shows; nothing for one that has not, or that has no steps."""
    if job.snapshot().state.active:
        return
    found = findings_of(job)
    if not found:
        return
    st.subheader("What this run shows", divider="gray")
    draw(found, job)


def findings_of(job: Job) -> tuple[Finding, ...]:
    """The findings for a run in memory, now."""
    snapshot = job.snapshot()
    result = snapshot.result
    last = () if snapshot.frame is None else (snapshot.frame,)
    evidence = Evidence(
        config=job.config,
        view=snapshot.history,
        frames=last if result is None else result.frames,
        batches=job.config.batches(job.dataset.n),
        stop_step=snapshot.stop_step,
        complete=snapshot.state == JobState.COMPLETED,
        X=_server.scaled(job.dataset.fingerprint, job.scaling, job.dataset) if snapshot.history.steps else None,
        scaling=job.scaling,
        diverged=job.diverged,
    )
    return diagnose(evidence)


def draw(found: Iterable[Finding], job: Job) -> None:
    """Draw findings, most important first; notes stand folded below the others."""
    findings = list(found)
    offered: list[Mapping[str, Any]] = []
    main = [finding for finding in findings if finding.severity != "note"]
    notes = [finding for finding in findings if finding.severity == "note"]
    for number, finding in enumerate(main):
        with st.container(border=True, key=f"finding_{number}"):
            _finding(finding, job, offered)
    if notes:
        title = f"{len(notes)} {'note' if len(notes) == 1 else 'notes'}: {', '.join(note.title for note in notes)}"
        with st.expander(plain(title), icon=LOOK["note"][1], expanded=not main):
            for finding in notes:
                _finding(finding, job, offered)


def _finding(finding: Finding, job: Job, offered: list[Mapping[str, Any]]) -> None:
    word, icon, color = LOOK[finding.severity]
    text, action = st.columns([2.4, 1], gap="medium", vertical_alignment="top")
    with text:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.badge(word, icon=icon, color=color)
            st.markdown(f"**{plain(finding.title)}**", width="stretch")
        st.markdown(plain(finding.evidence))
        st.caption(plain(finding.explanation))
    with action:
        if finding.suggestion:
            st.markdown(f":material/lightbulb: {plain(finding.suggestion)}")
        if finding.changes and finding.changes not in offered:
            st.button(
                "Try it",
                key=f"apply_{finding.kind}",
                icon=":material/tune:",
                on_click=_apply,
                args=(job, dict(finding.changes)),
                help=f"Puts this run's set-up into the form with {plain(in_words(finding.changes))}. Then press Train.",
            )
            offered.append(finding.changes)


def in_words(changes: Mapping[str, Any]) -> str:
    """The changes as the form names them."""
    return ", ".join(
        f"{FIELDS[name].title if name in FIELDS else name}: {'empty' if value is None else value}"
        for name, value in changes.items()
    )


def _apply(job: Job, changes: dict[str, Any]) -> None:
    """Called before the page is drawn again, so that widgets take the values as theirs."""
    scaling = str(changes.pop("scaling", job.scaling))
    _setup.apply_setup(_server.key_of_table(job.dataset), job.config.replace(**changes), scaling)
    words = changes | ({"scaling": scaling} if scaling != job.scaling else {})
    st.toast(f"In the form now: {plain(in_words(words))}. Press Train to see.", icon=":material/tune:")
