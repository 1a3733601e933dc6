"""What a run shows: the findings of its diagnosis, each with its evidence and a change that one click applies."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import streamlit as st

from pages import _server, _setup
from pages._shown import Shown
from pages._words import plain
from sogaal.config import FIELDS
from sogaal.diagnosis import Evidence, Finding, diagnose
from sogaal.jobs import JobState

# Word, icon and colour of each severity: told apart without colour too.
LOOK = {
    "failure": ("failure", ":material/error:", "red"),
    "warning": ("warning", ":material/warning:", "orange"),
    "good": ("good", ":material/check_circle:", "green"),
    "note": ("note", ":material/info:", "gray"),
}


def findings_of(run: Shown) -> tuple[Finding, ...]:
    """The findings for a run, now; the page is drawn again for every click, and looks them up."""
    place = (run.id, run.snapshot().version)
    kept: tuple[object, tuple[Finding, ...]] = st.session_state.get("diagnosed", (None, ()))
    if kept[0] != place:
        st.session_state["diagnosed"] = kept = (place, _look(run))
    return kept[1]


def _look(run: Shown) -> tuple[Finding, ...]:
    snapshot = run.snapshot()
    evidence = Evidence(
        config=run.config,
        view=snapshot.history,
        frames=run.frames,
        batches=run.config.batches(run.dataset.n),
        stop_step=snapshot.stop_step,
        complete=snapshot.state == JobState.COMPLETED,
        X=_server.scaled(run.dataset.fingerprint, run.scaling, run.dataset) if snapshot.history.steps else None,
        scaling=run.scaling,
        diverged=run.diverged,
        choice=snapshot.choice,
        voters=snapshot.result.voters_end if run.config.automatic and snapshot.result is not None else (),
    )
    return diagnose(evidence)


def verdict(found: Sequence[Finding]) -> None:
    """The most important finding in one line, and how many more there are."""
    if not found:
        return
    first, others = found[0], len(found) - 1
    word, icon, color = LOOK[first.severity]
    more = f" :gray[and {others} more in the diagnosis]" if others else ""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="verdict"):
        st.badge(word, icon=icon, color=color)
        st.markdown(f"**{plain(first.title)}**{more}", width="stretch")


def draw(found: Iterable[Finding], run: Shown) -> None:
    """Draw findings, most important first; notes stand folded below the others."""
    findings = list(found)
    offered: list[Mapping[str, Any]] = []
    main = [finding for finding in findings if finding.severity != "note"]
    notes = [finding for finding in findings if finding.severity == "note"]
    for number, finding in enumerate(main):
        with st.container(border=True, key=f"finding_{number}"):
            _finding(finding, run, offered)
    if notes:
        title = f"{len(notes)} {'note' if len(notes) == 1 else 'notes'}: {', '.join(note.title for note in notes)}"
        with st.expander(plain(title), icon=LOOK["note"][1], expanded=not main):
            for finding in notes:
                _finding(finding, run, offered)


def _finding(finding: Finding, run: Shown, offered: list[Mapping[str, Any]]) -> None:
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
                args=(run, dict(finding.changes)),
                help=f"Puts this run's set-up into the form with {plain(in_words(finding.changes))}. Then press Train.",
            )
            offered.append(finding.changes)


def in_words(changes: Mapping[str, Any]) -> str:
    """The changes as the form names them."""
    return ", ".join(_in_words(name, value) for name, value in changes.items())


def _in_words(name: str, value: Any) -> str:
    if name == "whether_stop":
        return "G stops" if value else "G does not stop"
    title = FIELDS[name].title if name in FIELDS else name
    return f"{title} left open" if value is None else f"{title}: {value}"


def _apply(run: Shown, changes: dict[str, Any]) -> None:
    """Called before the page is drawn again, so that widgets take the values as theirs."""
    scaling = str(changes.pop("scaling", run.scaling))
    _setup.apply_setup(_server.key_of_table(run.dataset), run.config.replace(**changes), scaling)
    words = changes | ({"scaling": scaling} if scaling != run.scaling else {})
    st.toast(f"In the form now: {plain(in_words(words))}. Press Train to see.", icon=":material/tune:")
