"""A sweep's charts and its table of trials."""

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from pages import _sweep_server
from pages._live_plotly import live_plotly
from pages._sweep_server import Shown
from pages._theme import dark
from sogaal import figures
from sogaal.config import FIELDS
from sogaal.figures import SweptAxis, TrialPoint
from sogaal.race import shown_value
from sogaal.sweep import FEWEST, Dimension, Spec, Trial, TrialState

VIEWS = ("Overview", "Slices", "Contour", "Trials")
COURSE_HEIGHT, PARALLEL_HEIGHT, CONTOUR_HEIGHT = 290, 300, 470
Choose = Callable[[int], None]


def axis_of(one: Dimension) -> SweptAxis:
    """What varies, as the figures want it."""
    if one.values:
        return SweptAxis(one.title, 0, len(one.values) - 1, names=tuple(shown_value(value) for value in one.values))
    low, high = one.ends()
    return SweptAxis(one.title, low, high, one.log)


def points_of(spec: Spec, trials: Sequence[Trial]) -> list[TrialPoint]:
    """The trials that have a value."""
    return [
        TrialPoint(one.number, one.value, _places(spec, one), one.state == TrialState.PRUNED)
        for one in trials
        if one.value is not None
    ]


def _places(spec: Spec, trial: Trial) -> tuple[float, ...]:
    given = [(one, trial.params[one.field]) for one in spec.space]
    return tuple(float(one.values.index(value) if one.values else value) for one, value in given)


def draw(shown: Shown, view: str, choose: Choose) -> None:
    """Draw one view; ``choose`` is called with the number of a trial that is clicked on."""
    points, axes = points_of(shown.spec, shown.trials), [axis_of(one) for one in shown.spec.space]
    if not points and view != "Trials":
        st.info("The first trials are being trained.", icon=":material/hourglass_empty:")
    elif view == "Overview":
        _overview(shown, points, axes, choose)
    elif view == "Slices":
        _slices(shown, points, axes, choose)
    elif view == "Contour":
        _contour(shown, points, axes, choose)
    else:
        _table(shown, choose)


def _overview(shown: Shown, points: list[TrialPoint], axes: list[SweptAxis], choose: Choose) -> None:
    objective = shown.spec.objective
    with st.container(key="sweep_charts"):
        left, right = st.columns([1.6, 1], gap="medium")
    with left:
        info = figures.sweep_course_info(points, objective.title, maximise=objective.maximise)
        live_plotly(
            figures.sweep_course_spec(info, dark=dark(), revision=shown.id),
            key="sweep_course",
            height=COURSE_HEIGHT,
            alt=f"{objective.title} of each trial, and the best so far",
            on_click=choose,
        )
        st.caption(f"{figures.sweep_course_caption(info)} A click on one shows it below.")
    with right:
        _importances(shown)
    whole = [one for one in points if not one.pruned]
    if whole:
        parallel = figures.sweep_parallel_info(whole, axes, objective.title, maximise=objective.maximise)
        live_plotly(
            figures.sweep_parallel_spec(parallel, dark=dark(), revision=shown.id),
            key="sweep_parallel",
            height=PARALLEL_HEIGHT,
            alt="Parallel coordinates: the values of each trial and what came out",
        )
        st.caption(figures.sweep_parallel_caption())


def _importances(shown: Shown) -> None:
    st.markdown("**What mattered**")
    found = _sweep_server.shares(shown)
    if not found:
        done = shown.count(TrialState.COMPLETED)
        st.caption(f"From {FEWEST} completed trials on ({done} so far).")
        return
    info = figures.sweep_importances_info({FIELDS[name].title: share for name, share in found.items()})
    live_plotly(
        figures.sweep_importances_spec(info, dark=dark(), revision=shown.id),
        key="sweep_importances",
        height=24 + figures.BAR_HEIGHT * len(found),
        alt="Importance of each hyperparameter",
        still=True,
    )
    st.caption(figures.sweep_importances_caption())


def _slices(shown: Shown, points: list[TrialPoint], axes: list[SweptAxis], choose: Choose) -> None:
    objective = shown.spec.objective
    info = figures.sweep_slices_info(points, axes, objective.title)
    live_plotly(
        figures.sweep_slices_spec(info, dark=dark(), revision=shown.id),
        key="sweep_slices",
        height=60 + figures.SLICES_HEIGHT * info.rows,
        alt=f"{objective.title} against each hyperparameter",
        on_click=choose,
    )
    st.caption(figures.sweep_slices_caption())


def contour_choice(spec: Spec) -> None:
    """Draw the controls of the contour; outside what refreshes itself, or they would forget."""
    fields = list(spec.fields)
    for key, first in (("sweep_across", fields[0]), ("sweep_up", fields[min(1, len(fields) - 1)])):
        if st.session_state.get(key) not in fields:
            st.session_state[key] = first
    with st.container(horizontal=True, gap="small"):
        st.selectbox("Across", fields, key="sweep_across", format_func=lambda name: FIELDS[name].title, width=240)
        st.selectbox("Upwards", fields, key="sweep_up", format_func=lambda name: FIELDS[name].title, width=240)


def _contour(shown: Shown, points: list[TrialPoint], axes: list[SweptAxis], choose: Choose) -> None:
    fields, objective = list(shown.spec.fields), shown.spec.objective
    across, up = (st.session_state.get(key) for key in ("sweep_across", "sweep_up"))
    if across not in fields or up not in fields or across == up:
        st.info("Choose two different hyperparameters.", icon=":material/info:")
        return
    info = figures.sweep_contour_info(
        points, axes, fields.index(across), fields.index(up), objective.title, maximise=objective.maximise
    )
    live_plotly(
        figures.sweep_contour_spec(info, dark=dark(), revision=f"{shown.id}-{across}-{up}"),
        key="sweep_contour",
        height=CONTOUR_HEIGHT,
        alt=f"{objective.title} over {FIELDS[across].title} and {FIELDS[up].title}",
        on_click=choose,
    )
    st.caption(figures.sweep_contour_caption(info))


def _table(shown: Shown, choose: Choose) -> None:
    column, objective = st.column_config, shown.spec.objective
    number = column.NumberColumn
    look: dict[str, Any] = {
        "trial": number("Trial"),
        "state": "State",
        "value": number(objective.title, format="%.4f", help=f"{objective.says} The best is {objective.chosen}."),
        **{field: FIELDS[field].title for field in shown.spec.fields},
        "auc_stop": number("AUC stop", format="%.3f", help="Mean over the seeds; shown, not searched for."),
        "auc_final": number("AUC end", format="%.3f", help="Mean over the seeds."),
        "seeds": number("Seeds"),
        "seconds": number("Seconds", format="%.1f"),
        "message": "Message",
    }
    if not shown.trials:
        st.info("The first trials are being trained.", icon=":material/hourglass_empty:")
        return
    sign = -1 if objective.maximise else 1
    ranked = sorted(shown.trials, key=lambda one: (one.value is None, one.state != TrialState.COMPLETED,
                                                   sign * (one.value or 0.0), one.number))  # fmt: skip
    rows = pd.DataFrame([_row(shown.spec, one) for one in ranked])
    said = "Trials, one in each row, the best first"
    if shown.state.active:  # a selection by place would be of another trial a second later
        st.dataframe(rows, hide_index=True, column_config=look, alt=said)
    else:
        found = st.dataframe(
            rows, hide_index=True, column_config=look, alt=said, key=f"sweep_table_{shown.id}_{len(ranked)}",
            on_select="rerun", selection_mode="single-row",
        )  # fmt: skip
        for place in found["selection"]["rows"][:1]:
            choose(ranked[place].number)
    more = "" if shown.state.active else " Select one to see its seeds and to open them as runs."
    st.caption(f"The best first, {objective.chosen}.{more}")


def _row(spec: Spec, one: Trial) -> dict[str, Any]:
    params = {field: one.params.get(field) for field in spec.fields}
    return {
        "trial": one.number,
        "state": one.state.value,
        "value": one.value,
        **{field: told(value) for field, value in params.items()},
        "auc_stop": one.mean("auc_stop"),
        "auc_final": one.mean("auc_final"),
        "seeds": len(one.runs),
        "seconds": one.seconds,
        "message": one.message,
    }


def told(value: Any) -> str:
    """A hyperparameter's value, a number to four digits."""
    return shown_value(float(f"{value:.4g}") if isinstance(value, float) else value)
