"""What all sessions of one server share in the lab: races, and populations in their queue for the pool."""

import streamlit as st

from pages import _server
from sogaal.race import Races
from sogaal.sweep import Populations


@st.cache_resource(show_spinner=False)
def races() -> Races:
    """The races of this server; they take turns with its jobs."""
    return Races(_server.registry().turns)


@st.cache_resource(show_spinner=False)
def populations() -> Populations:
    """The spreads and maps of this server, one at a time on one pool of processes."""
    # Where the jobs of this server are saved, its populations are too.
    return Populations(store=getattr(_server.registry(), "store", None))
