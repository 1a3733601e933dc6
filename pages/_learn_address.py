"""The address of the course, read and written, and the page that builds one for a class.

It opens a chapter (``chapter=3``), sets hyperparameters for every experiment (``lr_g=0.01``), hides parts
(``hide=predict,checklist``), opens a failure of the tour (``failure=mode_collapse``) and starts the chapter's
experiment at once (``start=1``).
"""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from pages import _history, _links
from pages import _learn_parts as _learn
from sogaal.config import FIELDS, make_config
from sogaal.errors import ConfigError
from sogaal.lessons.tour import TOUR

PARTS = {"predict": "the questions", "checklist": "the checklist", "controls": "sliders and switches"}
TOUR_CHAPTER = 8


def read(chapters: Sequence[int]) -> None:
    """Take chapter, fixed hyperparameters and hidden parts of a new visit, or of Back and Forward, from the address."""
    back = _history.went("chapter")
    if "learn_fixed" in st.session_state and not back:
        return
    state, problems = st.session_state, []
    asked = st.query_params.get("chapter", str(chapters[0]))
    state["learn_chapter"] = next((number for number in chapters if str(number) == asked), chapters[0])
    if str(state["learn_chapter"]) != asked:
        problems.append(f"chapter must be one of {', '.join(map(str, chapters))}, got {asked[:40]!r}.")
    fixed: dict[str, Any] = {}
    for name in FIELDS:
        if name in st.query_params and name != "device":
            try:
                value = FIELDS[name].parse(st.query_params[name])
                fixed[name] = getattr(make_config(**{name: value}), name)
            except ConfigError as error:
                problems.append(str(error))
    hide = {part for part in st.query_params.get("hide", "").split(",") if part}
    problems += [f"hide may name {', '.join(PARTS)}, got {part[:40]!r}." for part in sorted(hide - set(PARTS))]
    failure = st.query_params.get("failure")
    state.pop("tour_failure", None)
    if failure in TOUR:
        state["tour_failure"] = failure
    elif failure is not None:
        problems.append(f"failure must be one of {', '.join(TOUR)}, got {failure[:40]!r}.")
    state["learn_fixed"], state["learn_hidden"] = fixed, sorted(hide & set(PARTS))
    # Of this chapter alone: another one does not start when it is opened.
    starts = st.query_params.get("start") == "1" and not back
    state["learn_start"] = state["learn_chapter"] if starts else None
    state["learn_problems"] = problems


def _parts(chapter: int) -> dict[str, str]:
    # Said from the first draw on: the chapter as it opens and its first failure are one place.
    failure = st.session_state.get("tour_failure", next(iter(TOUR)))
    return {"chapter": str(chapter)} | ({"failure": failure} if chapter == TOUR_CHAPTER else {})


def write(chapter: int) -> None:
    """Make the address open this chapter as it is now."""
    address = _parts(chapter) | {name: _links.text_of(value) for name, value in _learn.fixed().items()}
    if _learn.hidden():
        address["hide"] = ",".join(_learn.hidden())
    _links.put(address)


def for_a_class(chapter: int) -> None:
    """Build an address."""
    with st.expander("A link for a class", icon=":material/link:"):
        hidden = list(_learn.hidden())
        hide = st.multiselect("Hide", list(PARTS), hidden, format_func=PARTS.__getitem__, key="link_hide")
        fixed = _links.hyperparameters("link", _learn.fixed())
        start = st.toggle("Start the experiment at once", key="link_start")
        parts = _parts(chapter) | fixed
        parts |= {"hide": ",".join(hide)} if hide else {}
        parts |= {"start": "1"} if start else {}
        _links.show("learn", parts)
        st.caption("It opens this chapter. What it fixes holds for every experiment of the course.")
