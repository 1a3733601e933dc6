"""What is wrong with a set-up, said beside the control at fault."""

from dataclasses import dataclass

import streamlit as st

from pages._words import plain


@dataclass(frozen=True)
class Fault:
    """Why there is nothing to start: the message, and the control beside which it belongs."""

    message: str
    control: str


def say(fault: Fault | None, control: str) -> None:
    """Draw the message if it belongs beside this control."""
    if fault is not None and fault.control == control:
        st.error(plain(fault.message), icon=":material/error:")
