"""Chapter 4's second experiment: uniform noise against a generator on tables that were not made for the question."""

from collections.abc import Sequence

import numpy as np
import streamlit as st

from pages import _learn_agpo, _server
from pages import _learn_parts as _learn
from sogaal.lessons.agpo import Duel

# How many epochs take some 600 to 2,000 steps on each.
TABLES = {"highdim": 1001, "breast_cancer": 601, "digits": 201}
ON_DIGITS = {
    "gaal": "The one with G.",
    "noise": "The one with uniform noise.",
    "level": "Neither is clearly ahead.",
}


def tables() -> None:
    """Draw the same experiment on shipped tables."""
    st.markdown(
        """
#### On other tables

That cluster was made for the question. `highdim` is another of its kind, `breast_cancer` has 30 measurements of cells,
`digits` 64 pixels of handwriting.
"""
    )
    _learn.predict("tables", "And on `digits`, after 600 steps?", ON_DIGITS)
    digits, config = _server.table("digits"), _learn_agpo.set_up(TABLES["digits"])
    key = _learn.space_until("tables_ran")
    if st.button("Train both on digits", key="run_tables", icon=":material/play_arrow:", type="primary", shortcut=key):
        _learn_agpo.again(digits, config)
        _learn.tick("tables_ran")
    if not _learn.done("tables_ran"):
        return
    found = _learn_agpo.trained(digits, config)
    if found is None:
        return
    step = int(found.step[-1])
    _learn.verdict(
        "tables",
        _learn_agpo.ahead(found.gain(step)),
        ON_DIGITS,
        f"Mean AUC on digits: {_learn_agpo.told(found, step)}.",
    )
    name = "digits"
    if "controls" not in _learn.hidden():
        name = st.segmented_control("Table", list(TABLES), default="digits", key="tables_name", required=True)
        if name != "digits":
            _learn.tick("tables_moved")
    shown = _learn_agpo.trained(_server.table(name), _learn_agpo.set_up(TABLES[name]))
    if shown is not None:
        _learn_agpo.curves(shown, "tables_curves", name)
        st.markdown(_lesson(name, shown))


def _lesson(name: str, found: Duel) -> str:
    """What a table teaches, where its own numbers bear it out."""
    best: Sequence[float] = found.gaal.mean(axis=0).tolist()
    at, end = int(np.argmax(best)), best[-1]
    fall = (
        f"SO-GAAL is at its best after {found.step[at]:,} steps ({best[at]:.2f}, as the labels show) and stands at "
        f"{end:.2f} in the end: who lets G go on loses what it has taught."
        if best[at] - end > 0.05
        else f"SO-GAAL ends at {end:.2f}, near its best ({best[at]:.2f})."
    )
    if name == "digits" and found.gain(int(found.step[-1])) < 0:
        fall += (
            " So here it is the other way round, against the paper's claim. A likely reason, which this experiment "
            "does not prove: the rows are nine different shapes, and one G's points go to one place at a time."
        )
    return fall
