"""Compare: two to eight runs over one another, what differs between them, and how each ranks the rows."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from pages import _compare_data as data
from pages import _history, _links
from pages._entry import enter
from pages._live_plotly import live_plotly
from pages._theme import dark
from pages._words import plain
from sogaal import figures

SPANS = [1, 3, 10, 30, 100, 300, 1000, 3000]
AXES = {"step": "Steps", "epoch": "Epochs", "time": "Time"}
KINDS = {"exponential": "Exponential", "moving": "Moving mean"}
AT = {"stop": "when G stopped", "end": "at the end"}
ON = {"0": False, "1": True}
# What the switches may say, as the address writes it; the first is what they say unless told otherwise.
CHOICES: dict[str, dict[str, Any]] = {
    "axis": {axis: axis for axis in AXES},
    "smooth": {str(span): span for span in SPANS},
    "kind": {kind: kind for kind in KINDS},
    "log": ON,
    "seeds": dict(reversed(ON.items())),
    "at": {at: at for at in AT},
}
HEIGHT = 620
SCORES_HEIGHT = 440
REFRESH_SECONDS = 1.0


# -- the address ---------------------------------------------------------------------------------------------------


def _back() -> bool:
    """Whether Back or Forward led here."""
    return _history.went("ids", *CHOICES)


def _read_address() -> None:
    """Set the switches of a new visit from the address, else as they were left; of Back and Forward from it alone."""
    back = _back()
    kept = {} if back else st.session_state.get("compare_switches", {})
    problems = []
    if back or "compare_ids" not in st.session_state:
        st.session_state.pop("compare_switch_problem", None)  # of another visit
    for name, choices in CHOICES.items():
        if name in st.session_state and not back:
            continue
        first = next(iter(choices))
        given = st.query_params.get(name, kept.get(name, first))
        if given not in choices:
            problems.append(
                f"From the address: {name} must be one of {', '.join(choices)}, got {given[:40]!r}. "
                f"It is set to {first!r}."
            )
        st.session_state[name] = choices.get(given, choices[first])
    if problems:
        st.session_state["compare_switch_problem"] = " ".join(problems)


def _write_address(ids: Sequence[str]) -> None:
    """Make the address say what the page shows."""
    # A switch that is not drawn now (no scores yet) is forgotten by Streamlit, not by the address.
    kept = st.session_state.get("compare_switches", {})
    said = {name: _said(name) if name in st.session_state else kept.get(name) for name in CHOICES}
    st.session_state["compare_switches"] = {name: text for name, text in said.items() if text is not None}
    address = {"ids": ",".join(ids)} if ids else {}
    address |= {name: text for name, text in said.items() if text not in (None, next(iter(CHOICES[name])))}
    _links.put(address)


def _said(name: str) -> str:
    return next(text for text, value in CHOICES[name].items() if value == st.session_state[name])


# -- which runs ----------------------------------------------------------------------------------------------------


def _chosen() -> list[str]:
    """Draw the picker; returns the ids, which stand in the address."""
    state = st.session_state
    asked = [part for part in st.query_params.get("ids", "").split(",") if part]
    back = _back()
    first = back or "compare_ids" not in state
    left = [] if back else state.get("compare_kept", [])
    wanted = list(dict.fromkeys(asked or left)) if first else state["compare_ids"]
    known = data.runs(wanted)
    # What was deleted is no choice any more.
    chosen = [run for run in wanted if run in known]
    if first:
        state["compare_problem"] = _address_problem([run for run in wanted if run not in known], len(chosen))
        state["compare_by_default"] = not wanted and len(known) > 1 and "compare_kept" not in state
        if state["compare_by_default"]:
            chosen = data.newest(list(known.values()))
    state["compare_ids"] = chosen[: figures.MAX_RUNS]
    ids: list[str] = st.multiselect(
        "Runs",
        list(known),
        key="compare_ids",
        format_func=lambda run: data.choice(known[run]),
        max_selections=figures.MAX_RUNS,
        placeholder=f"Choose 2 to {figures.MAX_RUNS} runs",
        on_change=lambda: state.update(compare_by_default=False),
    )
    st.page_link("pages/runs.py", label="Choose in the list of all runs", icon=":material/table_rows:")
    state["compare_kept"] = ids
    return ids


def _address_problem(missing: Sequence[str], known: int) -> str:
    parts = []
    if missing:
        shown = ", ".join(run[:40] for run in missing[:3])
        parts.append(
            f"The address names runs that are not there, or have no steps: {shown}{' …' * (len(missing) > 3)}."
        )
    if known > figures.MAX_RUNS:
        parts.append(f"Shown are the first {figures.MAX_RUNS} of {known} runs.")
    return " ".join(parts)


# -- how -----------------------------------------------------------------------------------------------------------


def _controls(can_group: bool) -> bool:
    """Draw the switches; returns whether seeds are drawn together."""
    st.segmented_control("Axis", list(AXES), key="axis", required=True, format_func=AXES.__getitem__)
    st.select_slider(
        "Smooth over (steps)",
        SPANS,
        key="smooth",
        format_func=lambda span: "off" if span == 1 else f"{span:,}",
        help="How many steps about are taken together. The raw line stays behind, faint.",
    )
    st.segmented_control("Kind of smoothing", list(KINDS), key="kind", required=True, format_func=KINDS.__getitem__)
    st.toggle("Losses logarithmic", key="log")
    together = st.toggle(
        "Seeds as mean and band",
        key="seeds",
        disabled=not can_group,
        help="Runs that differ by their seed alone become one line, their mean, in a band from the lowest to the "
        "highest.",
    )
    return can_group and bool(together)


# -- what is drawn -------------------------------------------------------------------------------------------------


def _curves(reads: Sequence[data.Read], groups: Sequence[str]) -> None:
    state = st.session_state
    info = figures.compare_curves_info(
        data.curves(reads, groups), axis=state["axis"], span=state["smooth"], method=state["kind"], log=state["log"]
    )
    live_plotly(
        figures.compare_curves_spec(
            info, dark=dark(), revision="-".join([*(one.id for one in reads), state["axis"], str(state["log"])])
        ),
        key="compare_curves",
        height=HEIGHT + 20 * figures.legend_rows(info),
        alt="Losses of D and G, and the ROC-AUC or the spread, of several runs over one another",
    )
    st.caption(f"{figures.compare_curves_caption(info)} A click on a name hides its line.")


def _tables(reads: Sequence[data.Read], groups: Sequence[str]) -> None:
    if len({one.dataset.fingerprint for one in reads}) > 1:
        st.info(
            "These runs are of different tables: their losses and AUCs stand side by side, but tell of different rows.",
            icon=":material/info:",
        )
    column = st.column_config
    three = {
        "auc_stop": ("AUC stop", "ROC-AUC when G stopped"),
        "auc_final": ("AUC end", "ROC-AUC at the end of the run"),
        "auc_best": ("AUC best", "The highest on the way; to choose it is to peek at labels"),
        "d_loss": ("D loss", "D's last loss; ln 2 = 0.693 is guessing"),
        "g_loss": ("G loss", "G's last loss"),
    }
    # All of it has its place beside the sidebar of a small screen.
    numbers = {
        name: column.NumberColumn(title, format="%.3f", width=76, help=help) for name, (title, help) in three.items()
    }
    letter = column.TextColumn("", width=34, help="Its letter in the charts")
    st.dataframe(
        data.summary_rows(reads, groups),
        hide_index=True,
        height="content",
        column_config={
            "run": letter,
            "name": column.TextColumn("Run"),
            **numbers,
            "steps": column.NumberColumn("Steps", format="localized", width=66),
        },
        column_order=["run", "name", *numbers, "steps"],
        alt="Numbers of the runs",
        placeholder="–",
    )
    differences = data.difference_rows(reads, groups)
    st.markdown("**What differs**")
    if differences:
        st.dataframe(
            differences,
            hide_index=True,
            height="content",
            column_config={
                "title": column.TextColumn("Hyperparameter", width="medium"),
                "name": column.TextColumn("Field"),
            },
            alt="Hyperparameters that are not the same in all runs",
        )
    elif len(reads) > 1:
        st.caption("Nothing. The same seed and set-up give the same history, bit for bit.")
    else:
        st.caption("Choose another run to see what differs.")


def _rankings(reads: Sequence[data.Read], groups: Sequence[str]) -> None:
    st.subheader("Rankings", divider="gray")
    at = st.segmented_control(
        "D as it was …",
        list(AT),
        key="at",
        required=True,
        format_func=AT.__getitem__,
        help="A run in which G did not stop has one D: as it was at the end.",
    )
    verdicts = data.verdicts(reads, groups, at)
    absent = [verdict.name for verdict in verdicts if verdict.logits is None]
    if absent:
        st.caption(plain(f"Without scores, because they are under way or failed: {', '.join(absent)}."))
    if len(absent) == len(verdicts):
        return
    roc, scores = figures.compare_roc_info(verdicts), figures.compare_scores_info(verdicts)
    with st.container(key="compare_charts"):
        left, right = st.columns([1, 1.25], gap="medium")
    with left:
        if roc.lines:
            _chart(figures.compare_roc_spec(roc, dark=dark()), "roc", figures.compare_roc_caption(roc))
        else:
            st.caption("None of these tables has labels, so there are no ROC curves.")
    with right:
        _chart(figures.compare_scores_spec(scores, dark=dark()), "scores", figures.compare_scores_caption(scores))


def _chart(spec: figures.Spec, key: str, caption: str) -> None:
    live_plotly(spec, key=f"compare_{key}", height=SCORES_HEIGHT, alt=caption)
    st.caption(caption)


# -- page ----------------------------------------------------------------------------------------------------------


def _read(ids: Sequence[str]) -> tuple[list[data.Read], list[str]]:
    """The runs as they are now, and what could not be read."""
    known = data.runs(ids)
    found = [data.read(run, known[run].name, st.session_state["axis"] == "time") for run in ids if run in known]
    problems = [f"{known[run].name}: {one}" for run, one in zip(ids, found, strict=False) if isinstance(one, str)]
    return [one for one in found if isinstance(one, data.Read)], problems


def _comparison(ids: Sequence[str], together: bool, drawn_active: int) -> None:
    reads, _ = _read(ids)
    if not reads:
        return
    if sum(one.state.active for one in reads) != drawn_active:
        st.rerun(scope="app")  # the timer, and the rankings of runs that ended meanwhile
    groups = [one.group if together else "" for one in reads]
    timeless = [one.title for one in reads if st.session_state["axis"] == "time" and one.times is None]
    if timeless:
        st.caption(plain(f"Left out of the curves, because their training time is not known: {', '.join(timeless)}."))
    _curves(reads, groups)
    _tables(reads, groups)


def _nothing_chosen() -> None:
    known = data.runs()
    if not known:
        st.info("There are no runs to compare yet. Train some in the Playground first.", icon=":material/info:")
        if st.button("To the Playground", icon=":material/play_circle:", type="primary"):
            st.switch_page("pages/playground.py")
        return
    st.info(
        f"Choose 2 to {figures.MAX_RUNS} runs at the left, or select them in the list of all runs and press Compare "
        "there. Runs that differ by their seed alone are drawn as their mean and a band.",
        icon=":material/info:",
    )
    newest = data.newest(list(known.values()))
    st.button(
        f"The newest on {next(iter(known.values())).dataset}",
        icon=":material/stacked_line_chart:",
        type="primary",
        on_click=lambda: st.session_state.update(compare_ids=newest),
    )


def _messages(problems: Sequence[str]) -> None:
    for name in ("compare_problem", "compare_switch_problem"):
        if st.session_state.get(name):
            st.warning(plain(st.session_state[name]), icon=":material/link_off:")
    for problem in problems:
        st.warning(plain(problem), icon=":material/warning:")
    if st.session_state.get("compare_by_default"):
        st.caption("Shown are the newest runs of one table. Choose others at the left.")


def compare() -> None:
    """The whole page."""
    _read_address()
    with st.sidebar:
        ids = _chosen()
        reads, problems = _read(ids)
        groups = [one.group for one in reads]
        together = _controls(len(set(groups)) < len(groups))
    _write_address(ids)
    _messages(problems)
    if not ids:
        _nothing_chosen()
        return
    active = sum(one.state.active for one in reads)
    st.fragment(run_every=REFRESH_SECONDS if active else None)(_comparison)(ids, together, active)
    if reads:
        _rankings(reads, groups if together else [""] * len(reads))


enter(compare)
