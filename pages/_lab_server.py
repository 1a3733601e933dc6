"""What all sessions of one server share in the lab: races, and populations in their queue for the pool."""

import streamlit as st

from pages import _server
from sogaal.populations import Populations
from sogaal.race import Races
from sogaal.runs.store import RunStore


@st.cache_resource(show_spinner=False)
def races() -> Races:
    """The races of this server; they take turns with its jobs."""
    return Races(_server.registry().turns, _store())


@st.cache_resource(show_spinner=False)
def populations() -> Populations:
    """The spreads and maps of this server, on one pool of processes."""
    return Populations(store=_store())


def _store() -> RunStore | None:
    """Where the jobs of this server are saved, its races and populations are too."""
    return _server.registry().store
