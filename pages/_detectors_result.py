"""What came of a comparison: measures, agreement, maps, and the rows that many or only one put on top."""

from functools import partial
from typing import Any

import streamlit as st

from pages._detectors_server import scene
from pages._live_plotly import live_plotly
from pages._theme import dark
from pages._words import plain
from sogaal import figures
from sogaal.rivals import DETECTORS, Comparison, Report, measures_csv, rivals_csv

MOST_ROWS = 200
NONE = "–"
DEVIATION = "Standard deviation over seeds"
MAP_WIDTH = 188
# What the longest title of a detector needs, with room for a wider font.
NAME_WIDTH = 175


def draw(comparison: Comparison, report: Report) -> None:
    """Draw all of it."""
    dataset = report.dataset
    with st.container(horizontal=True, vertical_alignment="center"):
        labels = "no labels" if dataset.y is None else f"{dataset.n_outliers:,} labelled outliers"
        st.subheader(plain(f"{dataset.name}: {dataset.n:,} rows, {dataset.d:,} features, {labels}"))
        st.space("stretch")
        st.download_button(
            "Scores and ranks (CSV)",
            partial(rivals_csv, report),
            file_name=f"{dataset.name}-detectors.csv",
            mime="text/csv",
            icon=":material/download:",
            on_click="ignore",
        )
    _measures(report)
    for one in report.found:
        for words in one.failed:
            st.caption(f":material/error: {one.title}, {plain(words)}")
    if len(report.found) > 1:
        _alike(report)
    _maps(report)
    if len(report.found) > 1:
        _rows(report)


def _measures(report: Report) -> None:
    found, labelled = report.found, report.dataset.y is not None
    columns: dict[str, list[Any]] = {"detector": [one.title for one in found]}
    if labelled:
        columns |= {"AUC": [_mean(one.auc) for one in found], "AUC ±": [_deviation(one.auc) for one in found]}
        columns |= {"AP": [_mean(one.precision) for one in found], "AP ±": [_deviation(one.precision) for one in found]}
    columns["seeds"] = [str(len(one.seeds)) if one.seeds else "no luck" for one in found]
    columns["seconds"] = [one.time for one in found]
    measured = any(one.peak is not None for one in found)
    if measured:
        columns["MiB"] = [one.peak for one in found]
    columns["seeds alike"] = [NONE if one.own is None else f"{one.own:.2f}" for one in found]
    columns["hyperparameters"] = [DETECTORS[one.name].setting for one in found]
    column = st.column_config
    st.dataframe(
        columns,
        hide_index=True,
        height="content",
        column_config={
            "detector": column.TextColumn(width=NAME_WIDTH),
            "AUC": column.ProgressColumn(min_value=0, max_value=1, format="%.3f", width=94, help="ROC-AUC, mean"),
            "AUC ±": column.TextColumn(width=52, help=DEVIATION),
            "AP": column.ProgressColumn(min_value=0, max_value=1, format="%.3f", width=94, help="Average precision"),
            "AP ±": column.TextColumn(width=52, help=DEVIATION),
            "seeds": column.TextColumn(width=62, help="no luck: it gives one ranking, and has no spread"),
            "seeds alike": column.TextColumn(
                width=85, help="Spearman's correlation of its own rankings by different seeds, mean"
            ),
            "seconds": column.NumberColumn(format="%.3f", width=62, help="To fit and to score the table once, mean"),
            "MiB": column.NumberColumn(
                format="%.1f",
                width=52,
                help="The most memory that fitting and scoring the table adds to the table itself and the libraries, "
                "the largest over seeds. Differences below 1 MiB mean nothing.",
            ),
            "hyperparameters": column.TextColumn(width=330),
        },
        alt="How good and how fast each detector is",
    )
    judged = (
        "Labels judged the finished rankings. " if labelled else "There are no labels: nothing here says how good. "
    )
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.caption(
            f"**No label chose a hyperparameter**; they were fixed beforehand. {judged}All got the same min-max scaled "
            "rows. ± is over seeds; a detector without luck has none."
            + ("" if measured else " Memory is measured on Linux alone."),
            width="stretch",
        )
        st.download_button(
            "Measures (CSV)",
            partial(measures_csv, report),
            file_name=f"{report.dataset.name}-measures.csv",
            mime="text/csv",
            icon=":material/download:",
            type="tertiary",
            on_click="ignore",
        )


def _mean(measured: tuple[float, float | None] | None) -> float | None:
    return None if measured is None else measured[0]


def _deviation(measured: tuple[float, float | None] | None) -> str:
    return NONE if measured is None or measured[1] is None else f"{measured[1]:.3f}"


def _alike(report: Report) -> None:
    names = [DETECTORS[one.name].short for one in report.found]
    height = 110 + 31 * len(names)
    with st.container(key="rivals_alike"):
        left, right = st.columns(2, gap="large")
    with left:
        st.markdown("**All rows: rank correlation**")
        live_plotly(
            figures.alike_spec(figures.alike_info(names, report.correlations, signed=True), dark=dark()),
            key="rivals_correlations",
            height=height,
            alt="Spearman's rank correlation of each two detectors",
        )
        st.caption("Spearman's, of the first seeds' rankings: 1 the same order, 0 nothing in common, below 0 reversed.")
    with right:
        st.markdown(f"**The top {report.top:,}: rows in common**")
        live_plotly(
            figures.alike_spec(figures.alike_info(names, report.overlaps, signed=False), dark=dark()),
            key="rivals_overlaps",
            height=height,
            alt="Share of one detector's top rows in another's",
        )
        chance = report.top / report.dataset.n
        st.caption(f"Share of one's top rows that are in the other's top too; by chance it would be {chance:.2f}.")


def _maps(report: Report) -> None:
    drawn = scene(report.dataset)
    with_maps = [one for one in report.found if one.shares is not None]
    if drawn is None or not with_maps:
        return
    st.markdown("**Where each draws the line**")
    with st.container(horizontal=True, key="rivals_maps"):
        for one in with_maps:
            with st.container(width=MAP_WIDTH, gap="xsmall"):
                st.caption(f"**{one.title}**")
                live_plotly(
                    figures.decision_spec(figures.decision_info(drawn, one.shares, report.share), dark=dark()),
                    key=f"rivals_map_{one.name}",
                    height=MAP_WIDTH,
                    still=True,
                    alt=f"Where {one.title} finds rows abnormal",
                )
    st.caption(
        f"On orange ground a row would be among the top {100 * report.share:g} % of the table, on the dashed line just "
        "so; the bluer, the more ordinary. One scale for all: ranks, not scores. First seeds."
    )


def _rows(report: Report) -> None:
    with st.container(key="rivals_rows"):
        left, right = st.columns(2, gap="large")
    with left:
        _consensus(report)
    with right:
        _lone(report)


def _known(report: Report, rows: list[int]) -> dict[str, list[Any]]:
    """The columns that say which rows these are."""
    ids, y = report.dataset.ids.tolist(), report.dataset.y
    return {"id": [ids[row] for row in rows]} | ({} if y is None else {"label": [int(y[row]) for row in rows]})


def _consensus(report: Report) -> None:
    rows = report.consensus.tolist()
    k = len(report.found)
    st.markdown(f"**Most agree: {len(rows):,} rows**")
    names = [DETECTORS[one.name].short for one in report.found]
    shown = rows[:MOST_ROWS]
    st.dataframe(
        _known(report, shown)
        | {
            "detectors": [int(report.counts[row]) for row in shown],
            "mean rank": [float(report.mean_ranks[row]) for row in shown],
            "not in the top of": [
                ", ".join(name for name, inside in zip(names, report.tops[:, row], strict=True) if not inside)
                for row in shown
            ],
        },
        hide_index=True,
        height=320 if len(shown) > 8 else "content",
        column_config={
            "detectors": st.column_config.ProgressColumn(min_value=0, max_value=k, format="%d", width=110),
            "mean rank": st.column_config.NumberColumn(format="%.1f"),
        },
        alt="Rows that most detectors have in their top",
    )
    st.caption(
        f"In the top {report.top:,} of more than half of the {k} detectors. Detectors of one family vote alike: "
        f"{sum(DETECTORS[one.name].part == 'gaal' for one in report.found)} of these are GAAL."
    )


def _lone(report: Report) -> None:
    lone = report.lone
    st.markdown(f"**One alone: {len(lone):,} rows**")
    shown = lone[:MOST_ROWS]
    st.dataframe(
        _known(report, [one.row for one in shown])
        | {
            "detector": [DETECTORS[one.name].title for one in shown],
            "rank there": [one.rank for one in shown],
            "mean rank": [float(report.mean_ranks[one.row]) for one in shown],
        },
        hide_index=True,
        height=320 if len(shown) > 8 else "content",
        column_config={
            "detector": st.column_config.TextColumn(width=NAME_WIDTH),
            "mean rank": st.column_config.NumberColumn(format="%.1f"),
        },
        alt="Rows that one detector alone has in its top",
    )
    st.caption("In the top of a single detector: its discovery, or its mistake. The CSV has every row.")
