"""Whether the page is light or dark."""

import streamlit as st


def dark() -> bool:
    """Whether the page is shown on a dark ground."""
    return st.context.theme.type == "dark"
