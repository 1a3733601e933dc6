"""Learn: a guided course, one chapter at a time, each with an experiment that trains here and now."""

import streamlit as st

from pages import (
    _clicks,
    _keys,
    _learn_address,
    _learn_detector,
    _learn_figures,
    _learn_labels,
    _learn_losses,
    _learn_memory,
    _learn_network,
    _learn_reading,
    _learn_step,
    _learn_tour,
)
from pages import _learn_parts as _learn
from pages._entry import enter

# The numbers are those of the addresses that teachers hand out.
CHAPTERS = {
    1: ("What an outlier is, and why labels fail", _learn_labels),
    2: ("Two networks and a game", _learn_network),
    3: ("The losses", _learn_losses),
    4: ("From GAN to detector", _learn_detector),
    5: ("One step in slow motion", _learn_step),
    6: ("Reading the result", _learn_reading),
    7: ("The post's figures, and when to stop", _learn_figures),
    8: ("How GANs fail", _learn_tour),
}


def _open(chapter: int) -> None:
    st.session_state["learn_chapter"] = chapter
    st.session_state["learn_problems"] = []  # of the address that led here, and were read


def _contents(chapter: int) -> None:
    # Buttons and no radio: a radio that was clicked keeps the arrow keys to itself.
    checked = "checklist" not in _learn.hidden()
    st.markdown("**Chapters**")
    for number, (title, part) in CHAPTERS.items():
        st.button(
            f"{number}. {title}",
            key=f"chapter_{number}",
            # As of the last run of the page: the chapter that is open is drawn after its name.
            icon=":material/check:" if checked and all(map(_learn.done, part.CHECKS)) else None,
            type="primary" if number == chapter else "tertiary",
            width="stretch",
            on_click=_open,
            args=(number,),
        )


def _ways(chapter: int) -> None:
    numbers = list(CHAPTERS)
    place = numbers.index(chapter)
    with st.container(horizontal=True, horizontal_alignment="distribute", key="learn_ways"):
        for other, icon in ((place - 1, ":material/arrow_back:"), (place + 1, ":material/arrow_forward:")):
            if 0 <= other < len(numbers):
                number = numbers[other]
                st.button(
                    f"{number}. {CHAPTERS[number][0]}", key=f"go_{number}", icon=icon, on_click=_open, args=(number,)
                )


def learn() -> None:
    """The whole page."""
    _clicks.new_draw()
    _learn_address.read(list(CHAPTERS))
    chapter = st.session_state["learn_chapter"]
    with st.sidebar:
        _contents(chapter)
        _learn_address.for_a_class(chapter)
        _keys.keys(_learn.KEYS)
    _learn_address.write(chapter)
    for problem in st.session_state["learn_problems"]:
        st.warning(_learn.plain(f"From the address: {problem}"), icon=":material/link_off:")
    # As wide as text can be read, on a page that is as wide as charts need it elsewhere.
    with st.container(width=940, key="learn_page"):
        st.title(f"{chapter}. {CHAPTERS[chapter][0]}")
        CHAPTERS[chapter][1].chapter()
        _ways(chapter)
    with st.sidebar:
        _learn_memory.memory()


enter(learn)
