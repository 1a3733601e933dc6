"""The failure lab: set-ups side by side, over many seeds, and over a map, to see why GANs fail."""

from functools import partial

import streamlit as st

from pages import _keys, _lab_map, _lab_open, _lab_race, _lab_setup, _lab_spread, _links
from pages._clicks import new_draw, once
from pages._entry import enter
from pages._faults import Fault, say
from pages._tables import table_keys, table_size
from pages._words import plain
from sogaal.config import GAME_PRESETS, PRESETS
from sogaal.race import FIELD_NAMES, READY, Setup, field_title

_STYLE = """<style>
.st-key-lab_lanes [data-testid=stColumn] { min-width: min(100%, 17rem); }
/* A race is seen whole: its planes and curves share what is left of the window below the controls and the status. */
.st-key-lab_lanes { --lab-plane: 16rem; --lab-curves: 17rem; }
.st-key-lab_status { margin: -0.4rem 0 -0.8rem; }
@media (min-width: 1151px) {
  .st-key-lab_bar { margin-top: -0.75rem; }
  .st-key-lab_lanes { --lab-half: calc(50vh - 8.3rem); --lab-plane: max(12rem, var(--lab-half));
    --lab-curves: max(13rem, var(--lab-half)); }
}
/* The plane stands at the left of its words, or below them where there is no room beside. */
[class*=st-key-lab_top_] { flex-flow: row-reverse wrap; justify-content: flex-end; gap: 0.3rem; }
[class*=st-key-lab_top_] > :first-child { flex: 1 1 8.5rem; min-width: 8.5rem; }
[class*=st-key-lab_top_] > :last-child { flex: 0 1 min(330px, var(--lab-plane)); }
[class*=st-key-lab_words_] { gap: 0.2rem; }
[class*=st-key-lab_words_] button > div { text-align: left; }
.st-key-lab_spread [data-testid=stColumn] { min-width: min(100%, 24rem); }
.st-key-lab_pairs button { justify-content: flex-start; text-align: left; }
.st-key-lab_pairs button > div { justify-content: flex-start; }
.st-key-lab_pairs { gap: 0.35rem; }
[class*=st-key-lab_column_] { gap: 0.3rem; }
/* The curves begin at one height, however many lines the words above them take. */
[data-testid=stColumn] :has(> [class*=st-key-lab_column_]), [class*=st-key-lab_column_] { flex-grow: 1; }
[class*=st-key-lab_column_] > :has(> [class*=st-key-lab_top_]) { flex-grow: 1; }
@media (max-width: 1150px) {
  .st-key-lab_bar > .st-key-lab_view { flex-basis: 100%; }
}
</style>"""


def _start(name: str) -> None:
    """A ready pair in one click: over seeds where the spread is shown, else as a race."""
    if not once("pair"):
        return
    _lab_setup.choose(READY[name])
    if st.session_state["lab_view"] == "map":
        st.session_state["lab_view"] = "race"
    _begin()


def _begin() -> None:
    """Start what the view shows, with the set-up in the controls."""
    dataset, setups = _lab_setup.dataset(), _lab_setup.setups()
    if isinstance(setups, Fault):
        return
    view = st.session_state["lab_view"]
    if view == "race":
        _lab_race.start(dataset, setups)
    elif view == "spread":
        _lab_spread.start(dataset, setups)
    else:
        _lab_map.start(dataset, _lab_map.plan(dataset))


# -- the sidebar -------------------------------------------------------------------------------------------------------


def _sidebar(setups: list[Setup] | Fault) -> None:
    known = _lab_setup.pair()
    st.markdown("**Ready pairs**", help="A click starts it.")
    with st.container(key="lab_pairs"):
        for name, pair in READY.items():
            st.button(
                pair.title,
                key=f"lab_pair_{name}",
                icon=":material/play_arrow:",
                type="primary" if pair is known else "secondary",
                width="stretch",
                on_click=_start,
                args=(name,),
            )
    fault = setups if isinstance(setups, Fault) else None
    st.number_input("Seed", step=1, format="%d", key="lab_seed", help="The same for all: same noise, same start of D.")
    say(fault, "seed")
    with st.expander("My own comparison", icon=":material/tune:", expanded=known is None or fault is not None):
        _own(fault)


def _own(fault: Fault | None) -> None:
    st.selectbox("Table", table_keys(), key="lab_data", format_func=table_size)
    st.segmented_control(
        "Preset", GAME_PRESETS, key="lab_preset", required=True, format_func=lambda name: PRESETS[name].title
    )
    changes = st.session_state["lab_changes"]
    if changes:
        told = ", ".join(f"{field_title(name)} {'auto' if value is None else value}" for name, value in changes.items())
        st.caption(plain(f"With {told}."))
    say(fault, "base")
    left, right = st.columns(2)
    with left:
        st.button(
            "As in the Playground",
            key="lab_take",
            on_click=_lab_setup.take_playground,
            disabled=not st.session_state.get("setup"),
            width="stretch",
            help="Takes the Playground's set-up as what all have in common.",
        )
    with right:
        st.button(
            "Plain preset",
            key="lab_plain",
            on_click=lambda: st.session_state.update(lab_changes={}),
            disabled=not changes,
            width="stretch",
        )
    st.selectbox("What differs", FIELD_NAMES, key="lab_differs", format_func=field_title)
    st.text_input("Its values", key="lab_values", placeholder="2 to 4, as in: 1e-5, 1", help="Separated by commas.")
    say(fault, "values")


def _link() -> None:
    with st.expander("A link for a class", icon=":material/link:"):
        start = st.toggle("Start at once", key="lab_link_start", value=True)
        hide = st.toggle("Hide the settings", key="lab_link_hide")
        parts = {name: value for name, value in _lab_setup.address().items() if name != "id"}
        parts |= {"hide": "setup"} if hide else {}
        _links.show("lab", parts | ({"start": "1"} if start else {}))
        st.caption("It opens what is set here, with the same seed.")


# -- the page ----------------------------------------------------------------------------------------------------------


def _heading() -> None:
    view = st.session_state["lab_view"]
    known = _lab_setup.pair()
    if view == "map":
        st.caption("**From which start does it learn, and where does it fail?** All else is as set at the left.")
    elif known is not None:
        st.caption(f"**{known.title}.** {known.watch}")
    else:
        title = field_title(st.session_state["lab_differs"])
        st.caption(f"**{plain(title)}: {plain(st.session_state['lab_values'])}.** All else is the same.")


def lab() -> None:
    """The whole page."""
    st.html(_STYLE)
    _lab_setup.start()
    _lab_open.go_if_asked()
    if st.session_state.pop("lab_start", False):
        _begin()
    new_draw()
    dataset, setups = _lab_setup.dataset(), _lab_setup.setups()
    with st.sidebar:
        if not st.session_state["lab_hidden"]:
            _sidebar(setups)
            _link()
        _keys.keys()
    for problem in st.session_state["lab_problems"]:
        st.warning(plain(problem), icon=":material/link_off:")
    bar = st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="lab_bar")
    with bar:
        st.segmented_control(
            "View", list(_lab_setup.VIEWS), key="lab_view", required=True, format_func=_lab_setup.VIEWS.__getitem__,
            label_visibility="collapsed",
        )  # fmt: skip
    view = st.session_state["lab_view"]
    if view == "race":
        draw = partial(_lab_race.view, dataset, setups, _lab_race.controls(bar, dataset, setups))
    elif view == "spread":
        _lab_spread.controls(bar, dataset, setups)
        draw = partial(_lab_spread.view)
    else:
        draw = partial(_lab_map.view, _lab_map.controls(bar, dataset))
    _lab_setup.write_address()
    _heading()
    draw()
    _lab_setup.keep()
    _lab_setup.write_address()  # the view may have found that what the address named is gone


enter(lab)
