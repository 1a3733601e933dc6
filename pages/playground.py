"""The Playground: choose a table and a set-up, train, and watch the generator chase the data."""

import streamlit as st

from pages import (
    _auto,
    _clicks,
    _control,
    _form,
    _history,
    _keys,
    _links,
    _live,
    _preview,
    _run,
    _running,
    _setup,
    _upload,
)
from pages._entry import enter
from pages._shown import Shown
from pages._words import plain
from sogaal.data import Dataset


def _before_a_run(dataset: Dataset) -> None:
    left, right = _live.charts()
    with left:
        _live.plane_view(dataset, st.session_state["set_scaling"], None, f"table-{dataset.fingerprint[:12]}")
    with right:
        labels = (
            "The AUC says how well D ranks the rows; it looks at the labels, the training never does."
            if dataset.y is not None
            else "This table has no labels, so there will be no AUC. How D's ranking changes says when to stop."
            if st.session_state["set_stop_epochs"] == "auto"
            else "This table has no labels, so there will be no AUC; the spread of the points and D's means stand in."
        )
        stop = st.session_state["set_stop_epochs"]
        goes = (
            "several seeds play, and where D turns the run ends: all their D's together are the detector."
            if stop == "auto"
            else f"{stop or 0:,} epochs later G stops, and D is the detector."
        )
        st.markdown(
            f"""
### Watch a GAN learn to find outliers

Two networks play. The **generator G** turns noise into *potential outliers*; the **discriminator D** learns to
tell them from the rows of **{plain(dataset.name)}**. Nobody tells them which rows are outliers.

1. Press **Train**: {goes}
2. Green dots are G's points. Watch them chase the data, and D's map close in around it.
3. {labels}

{_auto.promise()}**Step** plays one move at a time. To see a run fail, choose the preset
**Bias 1**, the post's Figure 4.
"""
        )


def _shown_run() -> Shown | None:
    """The run on the page, if it is still there; else the page says why not."""
    wanted = st.session_state.get("run")
    if wanted is None:
        return None
    found = _running.look_up(wanted)
    if isinstance(found, Shown):
        return found
    st.warning(plain(f"That run cannot be shown: {found}"), icon=":material/info:")
    _running.show(None)
    return None


def _link() -> None:
    with st.expander("A link for a class", icon=":material/link:"):
        start = st.toggle("Start at once", key="link_start_run", value=True)
        hide = st.toggle("Hide the settings", key="link_hide_form")
        parts = _setup.address() | ({"hide": "setup"} if hide else {}) | ({"start": "1"} if start else {})
        _links.show("", parts)
        st.caption("It opens the set-up of the form, with its seed.")


def playground() -> None:
    """The whole page."""
    _upload.take_upload()
    _setup.start(back=_history.went("data", "preset", "run"))
    st.session_state.setdefault("set_pace", "watch")
    with st.sidebar:
        dataset, config = _form.chosen() if _setup.hidden() else _form.setup_form()
        _running.running_list()
        if not _setup.hidden():
            _link()
        _keys.keys()
    if st.session_state.pop("start_wanted", False) and config is not None:
        _control.train(dataset, config)
    _clicks.new_draw()
    problems = st.session_state.get("address_problems")
    if problems:
        st.warning("\n".join(f"- {plain(problem)}" for problem in problems), icon=":material/link_off:")
    run = _shown_run()
    _setup.write_address(None if run is None else run.id, st.session_state.get("view"))
    _control.control_bar(run, dataset, config)
    seen = run is not None and run.dataset.fingerprint == dataset.fingerprint
    tried = st.session_state.get("upload_tried", ("", ""))
    _preview.preview(st.session_state["set_dataset"], folded=seen and not tried[1])
    if run is None:
        _running.notice()
        _before_a_run(dataset)
    else:
        _control.difference(run, dataset, config)
        _run.run_view(run)


enter(playground)
