"""What a run leaves: curves of the ranking, scores, the most abnormal rows, and the file to take away."""

from typing import Literal

import numpy as np
import numpy.typing as npt
import streamlit as st

from pages import _auto, _rows, _server, _threshold
from pages._live_plotly import live_plotly
from pages._replay import replay
from pages._rows import AT
from pages._shown import Shown
from pages._theme import dark
from pages._upload import GAPS_LABEL
from sogaal import figures
from sogaal.data import gap_words
from sogaal.jobs import JobResult
from sogaal.metrics import rank
from sogaal.model import At

WHY = (
    "After G has stopped, D goes on learning against points that no longer move. It fits those points ever more "
    "closely, and elsewhere its verdict drifts: the two rankings differ."
)
HEIGHT = 340


def results(run: Shown, result: JobResult) -> None:
    """Draw the results of a run that has ended."""
    at, logits, flags = _choices(run, result)
    _auto.stop(run)
    y = run.dataset.y
    info = figures.score_histogram_info(logits, y, flags=flags, threshold=_threshold.threshold())
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
    _warn_of_ties(logits, flags)
    _tell_of_gaps(run, flags)
    _rows.rows(run, logits, flags, at, result.voters_stop if at == "stop" else result.voters_end)


def _choices(run: Shown, result: JobResult) -> tuple[At, npt.NDArray[np.float32], npt.NDArray[np.int8]]:
    """Which D, its logits (n,), and the flags (n,) that people chose."""
    at: At = "end"
    two = result.logits_stop is not None and not run.config.automatic
    with st.container(key="result_choices"):
        *at_column, flag_column, why_column = st.columns(
            [0.9, 1.3, 1.3] if two else [1.3, 2.2], vertical_alignment="bottom", gap="medium"
        )
    if run.config.automatic:
        why = _auto.why(run)
    elif not two:
        why = "G did not stop within this run, so there is one D: as it was at the end."
    else:
        why = WHY + _difference(run, result)
        with at_column[0]:
            at = "stop" if moment_choice("visible") == "stop" else "end"
    logits = result.logits_stop if at == "stop" and result.logits_stop is not None else result.logits_end
    with flag_column:
        flags = _threshold.choice(logits)
    with why_column:
        st.caption(f"**{_threshold.words(logits, flags)}** {why}")
    return at, logits, flags


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


def _tell_of_gaps(run: Shown, flags: npt.NDArray[np.int8]) -> None:
    words = gap_words(run.dataset, flags)
    if words:
        st.info(
            f"{words} If gaps mean nothing here, turn off *{GAPS_LABEL}* where the columns of the table are chosen "
            "(the file's preview on the Playground; on the command line --gaps fill), and train again.",
            icon=":material/info:",
        )


def _warn_of_ties(logits: npt.NDArray[np.float32], flags: npt.NDArray[np.int8]) -> None:
    flagged = int(flags.sum())
    tied = int(np.count_nonzero(logits == np.sort(logits)[flagged - 1])) if flagged else 0
    if tied > max(10, flagged // 2):
        st.warning(
            f"{tied:,} of {len(logits):,} rows share the score at which the flagged rows end: D gives them all the "
            "same verdict, and their order means nothing. This D has collapsed, or has not learned.",
            icon=":material/warning:",
        )
