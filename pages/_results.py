"""What a run leaves: curves of the ranking, scores, the most abnormal rows, and the file to take away."""

from typing import Literal

import numpy as np
import numpy.typing as npt
import streamlit as st

from pages import _server
from pages._form import dark
from pages._live_plotly import live_plotly
from pages._replay import replay
from pages._shown import Shown
from sogaal import figures
from sogaal.exports import scores_csv, scores_table
from sogaal.jobs import JobResult
from sogaal.metrics import flag, rank

AT = {"stop": "when G stopped", "end": "at the end"}
WHY = (
    "After G has stopped, D goes on learning against points that no longer move. It fits those points ever more "
    "closely, and elsewhere its verdict drifts: the two rankings differ."
)
HEIGHT = 340
TOP_ROWS = 20


def results(run: Shown, result: JobResult) -> None:
    """Draw the results of a run that has ended."""
    at, share = _choices(run, result)
    logits = result.logits_stop if at == "stop" and result.logits_stop is not None else result.logits_end
    y = run.dataset.y
    info = figures.score_histogram_info(logits, y, share=share)
    if y is None:
        _chart(figures.score_histogram_spec(info, dark=dark()), "histogram", figures.score_histogram_caption(info))
    else:
        roc, precision_recall = figures.roc_info(logits, y), figures.precision_recall_info(logits, y)
        with st.container(key="result_charts"):
            columns = st.columns(3, gap="medium")
        with columns[0]:
            _chart(figures.roc_spec(roc, dark=dark()), "roc", figures.roc_caption(roc))
        with columns[1]:
            _chart(
                figures.precision_recall_spec(precision_recall, dark=dark()),
                "precision_recall",
                figures.precision_recall_caption(precision_recall),
            )
        with columns[2]:
            _chart(figures.score_histogram_spec(info, dark=dark()), "histogram", figures.score_histogram_caption(info))
    _warn_of_ties(logits, share)
    _rows(run, logits, share, at)


def _choices(run: Shown, result: JobResult) -> tuple[str, float]:
    with st.container(key="result_choices"):
        at_column, share_column, why_column = st.columns([1.1, 0.7, 2], vertical_alignment="bottom", gap="medium")
    with at_column:
        if result.logits_stop is None:
            at, why = "end", "G did not stop within this run, so there is one D: as it was at the end."
            st.segmented_control("D as it was …", ["end"], default="end", format_func=AT.__getitem__, required=True)
        else:
            why = WHY + _difference(run, result)
            at = moment_choice("visible")
    with share_column:
        percent = st.number_input(
            "Flag the top … %",
            min_value=0.1,
            max_value=100.0,
            step=0.5,
            format="%g",
            key="share",
            help="Share of the rows that the file marks as outliers. The threshold D = 0.5 would flag far too many.",
        )
    with why_column:
        st.caption(why)
    return at, percent / 100


def moment_choice(label: Literal["visible", "collapsed"]) -> str:
    """The switch between D when G stopped and D at the end; the tabs of a run have it in common."""
    return st.segmented_control(
        "D as it was …",
        list(AT),
        key="scored_at",
        format_func=AT.__getitem__,
        required=True,
        label_visibility=label,
    )


def _difference(run: Shown, result: JobResult) -> str:
    if run.dataset.y is None:
        both = np.corrcoef(rank(result.logits_stop), rank(result.logits_end))[0, 1]
        return f" Here the two agree to {both:.2f} (rank correlation; 1 = the same order)."
    at_stop, at_end = result.summary["auc_stop"], result.summary["auc_final"]
    return f" Here the AUC was {at_stop:.3f} when G stopped and is {at_end:.3f} at the end; one seed proves little."


def _chart(spec: figures.Spec, key: str, caption: str) -> None:
    live_plotly(spec, key=f"result_{key}", height=HEIGHT, transition_ms=0, alt=caption)
    st.caption(caption)


def replay_of(run: Shown) -> None:
    """Draw the replay of a run that has ended."""
    snapshot, dataset = run.snapshot(), run.dataset
    plane = (0, 1) if dataset.d == 2 else None
    scene = _server.scene(dataset.fingerprint, run.scaling, plane, dataset)
    replay(
        run.frames,
        snapshot.history,
        X=_server.scaled(dataset.fingerprint, run.scaling, dataset),
        y=dataset.y,
        plane=scene.plane,
        stop_step=snapshot.stop_step,
        total_steps=snapshot.total_steps,
        title=run.title,
        key=f"replay_{run.id}",
        total_epochs=snapshot.total_epochs,
        file_name=f"replay-{dataset.name}-{run.id}.html",
    )
    st.caption(
        f"{len(run.frames)} moments of the run, gliding from one to the next. While the player has the focus, space "
        "plays and pauses, and the arrow keys go from moment to moment."
    )


def _warn_of_ties(logits: npt.NDArray[np.float32], share: float) -> None:
    flagged = int(flag(logits, share).sum())
    tied = int(np.count_nonzero(logits == np.sort(logits)[flagged - 1]))
    if tied > max(10, flagged // 2):
        st.warning(
            f"{tied:,} of {len(logits):,} rows share the score at which the flagged rows end: D gives them all the "
            "same verdict, and their order means nothing. This D has collapsed, or has not learned.",
            icon=":material/warning:",
        )


def _rows(run: Shown, logits: npt.NDArray[np.float32], share: float, at: str) -> None:
    dataset = run.dataset
    scores = scores_table(dataset.ids, dataset.y, logits, share=share)
    top = scores.nsmallest(TOP_ROWS, "rank")
    shown = top.copy()
    for number, name in enumerate(dataset.feature_names[:12]):
        # A column may be called rank, as ours is.
        shown[f"{name} (table)" if name in scores else name] = dataset.X[top.index, number]
    with st.container(horizontal=True, vertical_alignment="center", key="rows_head"):
        st.markdown(f"**The {len(top)} most abnormal rows**, by D {AT[at]}", width="stretch")
        st.download_button(
            "All scores (CSV)",
            scores_csv(scores),
            file_name=f"{dataset.name}-{run.config.algorithm}-seed{run.config.seed}-{at}.csv",
            mime="text/csv",
            icon=":material/download:",
            on_click="ignore",
        )
    st.dataframe(
        shown,
        hide_index=True,
        height="content",
        column_config={
            "outlier_score": st.column_config.ProgressColumn(
                "outlier score", min_value=0, max_value=1, format="%.4f", help="1 - D(x)"
            )
        },
    )
    if len(dataset.feature_names) > 12:
        st.caption(f"Shown are the first 12 of {dataset.d} features.")
