"""Detectors: SO-GAAL and MO-GAAL beside others on the same table; how good, how alike, and on which rows they agree."""

import streamlit as st

from pages import _detectors_result, _detectors_setup
from pages._detectors_server import begin, find
from pages._entry import enter
from pages._words import plain
from sogaal.errors import SogaalError
from sogaal.rivals import DETECTORS, Comparison
from sogaal.snapshots import JobState

REFRESH_SECONDS = 0.5
SIGNS = {
    JobState.QUEUED: ":material/schedule:",
    JobState.RUNNING: ":material/sync:",
    JobState.COMPLETED: ":material/check:",
    JobState.STOPPED: ":material/stop:",
    JobState.FAILED: ":material/error:",
}


def main() -> None:
    """Draw the page."""
    with st.sidebar:
        asked = _detectors_setup.choose()
        comparison = find(asked)
        busy = comparison is not None and comparison.state.active
        pressed = st.button(
            "Compare", type="primary", icon=":material/play_arrow:", disabled=busy or not asked.names, width="stretch"
        )
    if pressed:
        try:
            comparison = begin(asked)
        except SogaalError as error:
            st.error(plain(str(error)), icon=":material/error:")
        else:
            st.rerun()
    if comparison is None:
        _intro()
    elif comparison.state.active:
        st.fragment(run_every=REFRESH_SECONDS)(_progress)(comparison)
    else:
        _ended(comparison)


def _intro() -> None:
    st.subheader("Is the game worth it on this table?")
    st.markdown(
        "SO-GAAL and MO-GAAL rank the rows of a table beside simpler detectors, all on the same rows scaled to [0, 1]. "
        "Where they agree a suspicion is worth more; where a simple one is as good, take the simple one.\n\n"
        "**No label chooses a hyperparameter.** They are fixed, and stand here. Labels, where there are any, judge the "
        "finished rankings."
    )
    column = st.column_config
    st.dataframe(
        {
            "detector": [kind.title for kind in DETECTORS.values()],
            "hyperparameters": [kind.setting for kind in DETECTORS.values()],
            "luck": ["by seed" if kind.seeded else "none" for kind in DETECTORS.values()],
            "rows ≤": [f"{kind.most_rows:,}" if kind.most_rows else "" for kind in DETECTORS.values()],
            "of": ["sogaal" if kind.part == "gaal" else kind.part for kind in DETECTORS.values()],
        },
        hide_index=True,
        height="content",
        column_config={  # so that no cell is cut beside the sidebar of a narrow window
            "detector": column.TextColumn(width=154),
            "luck": column.TextColumn(width=60),
            "rows ≤": column.TextColumn(
                width=62, help="Of a table with more rows it is left out: it would take too long."
            ),
            "of": column.TextColumn(width=84, help="The library it comes from"),
        },
        alt="The detectors and their hyperparameters",
    )


def _progress(comparison: Comparison) -> None:
    if not comparison.state.active:
        st.rerun(scope="app")  # the timer ends
    progress = comparison.progress
    done, total = sum(one.done for one in progress), sum(one.total for one in progress)
    over = sum(one.total for one in progress if one.state == JobState.FAILED)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.progress(min(1.0, (done + over) / total), text=f"{done} of {total} rankings of {_about(comparison)}")
        st.button("Cancel", key="rivals_cancel", icon=":material/stop:", type="tertiary", on_click=comparison.cancel)
    lines = []
    for one in progress:
        words = f"{SIGNS[one.state]} {DETECTORS[one.name].title}"
        if one.message:
            words += f": {plain(one.message)}"
        elif one.total > 1:
            words += f": {one.done} of {one.total} seeds"
        lines.append(f"**{words}**" if one.state == JobState.RUNNING else words)
    st.markdown("  \n".join(lines))


def _about(comparison: Comparison) -> str:
    return plain(f"{comparison.dataset.name}, {comparison.dataset.n:,} rows")


def _ended(comparison: Comparison) -> None:
    for name, why in comparison.without.items():
        st.warning(f"**{DETECTORS[name].title}** is left out. {plain(why)}", icon=":material/block:")
    if comparison.state == JobState.FAILED:
        st.error(plain(comparison.message), icon=":material/error:")
        return
    if comparison.state == JobState.STOPPED:
        st.info("Cancelled: here is what was ranked before. **Compare** starts anew.", icon=":material/stop:")
        if not any(one.state == JobState.COMPLETED for one in comparison.progress):
            return
    _detectors_result.draw(comparison, comparison.report(st.session_state["rivals_share"] / 100))


enter(main)
