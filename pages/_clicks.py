"""Clicks that count once, on every page.

When a fragment's timer is due at the moment of a click, the browser's message for the fragment has the click as well:
the callback is called for the fragment and again for the page, with no draw of the page between the two.
"""

import streamlit as st


def new_draw() -> None:
    """Called at the top of a page's own run, not of its fragments."""
    st.session_state["draw"] = st.session_state.get("draw", 0) + 1


def once(name: str) -> bool:
    """Whether a command is meant: true once between two draws of the page.

    For callbacks that do more when they are called twice: start, step, next.
    """
    acted: dict[str, int] = st.session_state.setdefault("acted", {})
    draw = st.session_state.get("draw", 0)
    if acted.get(name) == draw:
        return False
    acted[name] = draw
    return True
