"""What came of scoring: the most abnormal rows, the drift of the features, and the files."""

import io
from functools import partial

import pandas as pd
import streamlit as st

from pages._live_plotly import live_plotly
from pages._score_source import Source
from pages._theme import dark
from pages._words import plain
from sogaal import figures
from sogaal.drift import CLEAR, Drift, FeatureDrift
from sogaal.exports import drift_csv
from sogaal.scoring import Scored

TOP_ROWS = 100
TABLE_HEIGHT = 423  # eleven rows: what has moved stays in sight
MOST_COLUMNS = 12
REASON_WIDTH = 400
CLASSES_HEIGHT = 270
KINDS = {"csv": ("CSV", "text/csv"), "parquet": ("Parquet", "application/octet-stream")}


def draw(source: Source, scored: Scored) -> None:
    """Draw all of it."""
    drift = scored.drift
    if scored.lack:
        st.error(plain(scored.lack), icon=":material/warning:")
    with st.container(horizontal=True, gap="large", vertical_alignment="bottom", key="score_head"):
        st.metric("Rows", f"{scored.rows:,}", width="content")
        st.metric("Flagged", f"{scored.flagged:,}", width="content", help=_flagged(source))
        if drift is not None:
            moved = len(drift.with_verdict("clear", "strong"))
            st.metric("Features that moved", f"{moved} of {len(drift.lasting)}", width="content", help=_moved())
            if drift.absent:
                st.metric("Missing columns", len(drift.absent), width="content", help=_absent(drift))
        st.space("stretch")
        _files(source, scored)
    if scored.deviations:
        st.warning(plain(" ".join(scored.deviations.sentences)), icon=":material/info:")
    _rows(source, scored)
    st.markdown("**Like the training?**")
    if drift is None:
        st.info(
            "This model was saved before models remembered how their training table was distributed: it scores, "
            "but drift cannot be told. Train it again to have it.",
            icon=":material/info:",
        )
    else:
        _moved_or_not(drift)
        with st.container(key="score_parts"):
            left, right = st.columns(2, gap="large")
        with left:
            _bars(drift)
        with right:
            _feature(drift.features[_chosen(drift)])


def _flagged(source: Source) -> str:
    share = f"{100 * source.flagging.share:g} %"
    if source.flagging.of == "file":
        return f"The {share} most abnormal rows of this file."
    return f"Rows as abnormal as the {share} most abnormal ones of the training table."


def _moved() -> str:
    return (
        f"Features in which at least {CLEAR:.0%} of the rows lie elsewhere than in training, beyond chance. Days and "
        "month of a date, which go on by themselves, do not count."
    )


def _absent(drift: Drift) -> str:
    named = ", ".join(plain(name) for name in drift.absent[:MOST_COLUMNS])
    more = ", …" if len(drift.absent) > MOST_COLUMNS else ""
    return f"The file does not have {named}{more}. Every row got the usual value there, so nothing tells their drift."


def _rows(source: Source, scored: Scored) -> None:
    top = scored.top(TOP_ROWS)
    st.markdown(f"**The {len(top)} most abnormal rows** of {plain(source.file.name)}, by {plain(source.model_name)}")
    column = st.column_config
    values = _values(source, scored)
    for name in values.columns[:MOST_COLUMNS]:
        # A column may be called rank, as ours is.
        top = top.assign(**{f"{name} (table)" if name in top else name: values[name]})
    st.dataframe(
        top,
        hide_index=True,
        height=TABLE_HEIGHT if len(top) > 10 else "content",
        placeholder="missing",
        column_config={
            "outlier_score": column.ProgressColumn(
                "outlier score", min_value=0, max_value=1, format="%.4f", help="1 - D(x)", width=125
            ),
            "rank": column.NumberColumn(width=50),
            "flag": column.NumberColumn(width=45),
            "reason": column.TextColumn(
                width=REASON_WIDTH, help="What speaks most for the suspicion, in log-odds of the outlier score"
            ),
        },
        alt="The most abnormal rows",
    )
    if scored.numbering:
        st.caption(plain(f"{scored.numbering} A column called id would name them, and `sogaal score --id` takes any."))
    if len(values.columns) > MOST_COLUMNS:
        st.caption(f"Shown are the first {MOST_COLUMNS} of {len(values.columns)} columns.")


def _values(source: Source, scored: Scored) -> pd.DataFrame:
    """What the rows have in the file: numbers as numbers, so that a click on the head sorts them, and texts."""
    preparation, found = source.model.preparation, scored.values
    numbers = set(found) if preparation is None else {one.name for one in preparation.columns if one.kind == "number"}
    converted = {name: pd.to_numeric(found[name], errors="coerce") for name in found if name in numbers}
    readable = {name: values for name, values in converted.items() if (values.notna() == found[name].notna()).all()}
    return found.assign(**readable)


def _moved_or_not(drift: Drift) -> None:
    moved, slight = drift.with_verdict("clear", "strong"), drift.with_verdict("slight")
    if moved:
        named = ", ".join(plain(one.name) for one in moved[:3]) + (", …" if len(moved) > 3 else "")
        st.warning(
            f"{named} {'has' if len(moved) == 1 else 'have'} moved. Trained anew, the model would judge by these rows.",
            icon=":material/moving:",
        )
    elif slight:
        st.info(
            f"{len(slight)} of {len(drift.lasting)} features {'has' if len(slight) == 1 else 'have'} moved a "
            "little, beyond chance."
        )
    else:
        which = "No feature of the columns that are there" if drift.absent else "No feature"
        st.success(f"{which} has moved beyond chance.", icon=":material/check:")
    if drift.dates:
        st.info(plain(" ".join(one.sentence for one in drift.dates)), icon=":material/event:")


def _chosen(drift: Drift) -> int:
    chosen: int = min(st.session_state.get("score_feature", 0), len(drift.features) - 1)
    return chosen


def _bars(drift: Drift) -> None:
    features = drift.features
    info = figures.drift_bars_info([(one.name, one.distance, one.limit, one.passing) for one in features])

    def choose(number: int) -> None:
        st.session_state["score_feature"] = number

    live_plotly(
        figures.drift_bars_spec(info, chosen=_chosen(drift), dark=dark()),
        key="score_drift",
        height=54 + figures.DRIFT_BAR_HEIGHT * len(info.names),
        alt="How many rows have moved in each feature",
        on_click=choose,
    )
    more = f" Left out: {info.left_out} more." if info.left_out else ""
    passing = " Days and month of a date go on by themselves." if len(drift.lasting) < len(features) else ""
    st.caption(
        f"At least so many of the rows would need another value to be as in training ({drift.training_rows:,} rows); "
        f"up to the tick it may be chance. A click shows a feature.{passing}{more}"
    )


def _feature(one: FeatureDrift) -> None:
    chance = "; it may be chance" if one.verdict == "none" else ""
    st.markdown(f"**{plain(one.name)}**: {one.distance:.1%} of the rows have moved{chance}", help=_index(one))
    info = figures.drift_classes_info(
        [(c.level if c.upto is None else c.upto, c.training, c.new) for c in one.classes], one.origin
    )
    live_plotly(
        figures.drift_classes_spec(info, dark=dark()),
        key="score_classes",
        height=CLASSES_HEIGHT,
        alt=f"Values of {one.name} in training and among the new rows",
    )
    if one.level:
        more = (
            f", the {figures.DRIFT_MOST_LEVELS} that changed most"
            if len(one.classes) > figures.DRIFT_MOST_LEVELS
            else ""
        )
        st.caption(f"Share of the rows with each value{more}; rare ones share a bar.")
        return
    told = [f"{share:.1%} lie {side}" for share, side in ((one.below, "below"), (one.above, "above")) if share]
    outside = f"{' and '.join(told)} all of the training. " if told else ""
    missing = f"{one.missing:.1%} are missing. " if one.missing else ""
    st.caption(f"Share of the rows in ten classes, as large as each other in training. {outside}{missing}")


def _index(one: FeatureDrift) -> str:
    return (
        f"The population stability index (PSI) is {one.psi:.3f}; without drift it would be about "
        f"{one.psi_by_chance:.3f}. It adds up, over the classes below, how much the two shares differ times the "
        "logarithm of their ratio: 0 where they are the same, without an upper end."
    )


def _files(source: Source, scored: Scored) -> None:
    stem = source.file.name.rsplit(".", 1)[0]
    with st.popover("Download", icon=":material/download:"):
        for kind, (title, mime) in KINDS.items():
            st.download_button(
                f"Scores of all rows ({title})",
                partial(_content, scored, kind),
                file_name=f"{stem}-scores.{kind}",
                mime=mime,
                on_click="ignore",
                width="stretch",
            )
        if scored.drift is not None:
            st.download_button(
                "Drift of all features (CSV)",
                drift_csv(scored.drift),
                file_name=f"{stem}-drift.csv",
                mime="text/csv",
                on_click="ignore",
                width="stretch",
            )


def _content(scored: Scored, kind: str) -> bytes:
    stream = io.BytesIO()
    scored.write(stream, kind)
    return stream.getvalue()
