"""From the lab to the Playground: a set-up with its seed becomes a run of its own, which ends as it did in the lab."""

import streamlit as st

from pages import _running, _server, _setup
from pages._words import plain
from sogaal.data import Dataset
from sogaal.errors import SogaalError
from sogaal.jobs import Job, JobState
from sogaal.race import Setup
from sogaal.runs.names import token_of


def ask(dataset: Dataset, setup: Setup, parent: str | None = None) -> None:
    """Remember what to open; a callback cannot leave the page itself. ``parent``: the id of its population."""
    st.session_state["lab_wanted"] = (dataset, setup, parent)


def record(kept: str, active: bool) -> None:
    """Draw the way to the record of a race or a population, which grows while that goes on; nothing without one."""
    if kept:
        st.page_link(
            "pages/playground.py",
            label="Saved as it goes" if active else "Saved: all its runs",
            icon=":material/save:",
            query_params={"run": token_of(kept)},
            help=f"The table of its members, its report and its files. In the folder of runs: {kept}",
        )


def go_if_asked() -> None:
    """Leave for the Playground if a click asked for it."""
    asked = st.session_state.pop("lab_wanted", None)
    if asked is None:
        return
    dataset, setup, parent = asked
    _setup.start()
    _setup.apply_setup(_server.key_of_table(dataset), setup.config, setup.scaling)
    st.session_state["setup"] = {k: v for k, v in st.session_state.items() if str(k).startswith("set_")}
    try:
        job = _same(dataset, setup, parent)
        job = job or _server.registry().submit(dataset, setup.config, setup.scaling, parent=parent)
    except SogaalError as error:
        st.error(plain(str(error)), icon=":material/error:")
        return
    _running.show(job.id)
    st.session_state.pop("address_problems", None)
    st.switch_page("pages/playground.py")


def _same(dataset: Dataset, setup: Setup, parent: str | None) -> Job | None:
    """A run of this very set-up, opened from the same population, that is under way or complete."""
    wanted = (setup.config, setup.scaling, dataset.fingerprint, parent)
    for job in _server.registry().jobs():
        state = job.snapshot().state
        if (job.config, job.scaling, job.dataset.fingerprint, job.parent) == wanted:
            if state.active or state == JobState.COMPLETED:
                return job
    return None
