"""The way into a page."""

import runpy
from collections.abc import Callable
from pathlib import Path

import streamlit as st


def enter(page: Callable[[], None]) -> None:
    """Draw a page, in the frame that app.py gives it.

    Where the first address that a server is asked for is that of a page in this folder, Streamlit runs its file alone,
    and lists all files beside it as pages: until app.py has run, it takes the folder for its own kind of app.
    """
    if st.session_state.pop("navigated", False):
        page()
    else:
        runpy.run_path(str(Path(__file__).resolve().parent.parent / "app.py"))
