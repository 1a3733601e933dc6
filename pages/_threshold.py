"""Where flagging begins: by share, by count or by score, and what that flags."""

import math

import numpy as np
import numpy.typing as npt
import streamlit as st

from sogaal.metrics import flag, flag_count, flag_score, outlier_score

BY = ("share", "count", "score")
WIDTH = 132  # of the field
# What the choice sets, and keeps while another tab is open.
KEPT = ("flag_by", "share", "flag_count", "flag_score")

Logits = npt.NDArray[np.float32]
Flags = npt.NDArray[np.int8]


def choice(logits: Logits) -> Flags:
    """Draw the choice; 1 for the rows of ``logits`` (n,) that are flagged by it, else 0."""
    state = st.session_state
    state.setdefault("flag_by", "share")
    state["flag_count"] = min(max(int(state.get("flag_count", 1)), 1), len(logits))
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="threshold"):
        st.segmented_control(
            "Flag by",
            BY,
            key="flag_by",
            required=True,
            on_change=_carry_over,
            args=(logits, state["flag_by"]),
            width="content",
            help="Which rows count as outliers in the file and the charts. Flagging at D = 0.5 would be far too many.",
        )
        _value(len(logits))
    return flags_of(logits)


def _value(n: int) -> None:
    by = st.session_state["flag_by"]
    if by == "share":
        st.number_input("the top … %", min_value=0.01, max_value=100.0, step=0.5, format="%g", key="share", width=WIDTH)
    elif by == "count":
        st.number_input("the top … rows", min_value=1, max_value=n, step=1, key="flag_count", width=WIDTH)
    else:
        st.number_input(
            "scores from … up", min_value=0.0, max_value=1.0, step=0.01, format="%.4f", key="flag_score",
            width=WIDTH, help="Outlier scores, 1 - D(x).",
        )  # fmt: skip


def flags_of(logits: Logits, by: str | None = None) -> Flags:
    """The flags as the choice stands, or as it stood while people chose ``by``."""
    state = st.session_state
    by = by or state["flag_by"]
    if by == "share":
        return flag(logits, state["share"] / 100)
    return flag_count(logits, state["flag_count"]) if by == "count" else flag_score(logits, state["flag_score"])


def _carry_over(logits: Logits, before: str) -> None:
    """Another way to choose begins with the rows that are flagged already."""
    state = st.session_state
    flags = flags_of(logits, before)
    count = max(int(flags.sum()), 1)
    # Rounded down: the share is rounded up to whole rows, and the score is the lowest that is flagged.
    state["share"] = max(math.floor(100_000 * count / len(logits)) / 1000, 0.01)
    state["flag_count"] = count
    if flags.any():
        state["flag_score"] = math.floor(1e4 * float(outlier_score(logits[flags == 1]).min())) / 1e4
    else:
        state.setdefault("flag_score", 1.0)


def threshold() -> float | None:
    """The score from which rows are flagged where people chose one."""
    return float(st.session_state["flag_score"]) if st.session_state["flag_by"] == "score" else None


def words(logits: Logits, flags: Flags) -> str:
    """What is flagged, in a sentence."""
    count, n = int(flags.sum()), len(flags)
    if not count:
        return f"Flags none of {n:,} rows: the highest outlier score is {outlier_score(logits).max():.4f}."
    lowest = outlier_score(logits[flags == 1]).min()
    rows = "row" if count == 1 else "rows"
    return f"Flags {count:,} {rows} of {n:,} ({count / n:.2%}): outlier scores from {lowest:.4f} up."
