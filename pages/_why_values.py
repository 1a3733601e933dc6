"""Where one row's values lie among all others', and how the values of one column are distributed."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import streamlit as st

from pages._live_plotly import live_plotly
from pages._theme import dark
from pages._words import plain
from sogaal import figures
from sogaal.data import Dataset
from sogaal.explain import Explanation, percentiles
from sogaal.preparation import Distribution, usual_text

HEIGHT = 250
MOST_HEIGHT = 352
NUMBER = st.column_config.NumberColumn(format="%.6g")
RARE_VALUES = "A percentile near 0 or 100 is a rare value; D may also mind what comes together, each value being usual."


def values(dataset: Dataset, found: Explanation, order: npt.NDArray[np.int64]) -> None:
    """The values of the row that ``found`` explains, the columns that matter most first."""
    table = _plain(dataset, found, order) if found.preparation is None else _prepared(dataset, found, order)
    st.dataframe(
        table,
        hide_index=True,
        height=min(35 * (len(table) + 1) + 3, MOST_HEIGHT),
        column_config={
            "value": st.column_config.TextColumn() if found.preparation else NUMBER,
            "median": NUMBER,
            "percentile": st.column_config.ProgressColumn(
                min_value=0,
                max_value=100,
                format="%.1f",
                width=120,
                help="The share of the column that is lower, in per cent.",
            ),
            "% of rows": st.column_config.NumberColumn(
                format="%.1f", width=85, help="In how many rows of the table the column has this value."
            ),
        },
        placeholder="–",
        alt="The row's value of each column with its percentile or how often it comes",
    )
    st.caption(RARE_VALUES)


def _plain(dataset: Dataset, found: Explanation, order: npt.NDArray[np.int64]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "feature": [found.names[i] for i in order],
            "value": found.values[0, order],
            "percentile": percentiles(dataset.X, found.values)[0][order],
            "median": found.median[order],
        }
    )


def _prepared(dataset: Dataset, found: Explanation, order: npt.NDArray[np.int64]) -> pd.DataFrame:
    assert found.preparation is not None
    lines: list[dict[str, Any]] = []
    for place in order.tolist():
        known, text = dataset.distribution(place), _text(found, place)
        number, share = _number(found, known, place), known.share(text)
        lines.append(
            {
                "column": known.name,
                "value": text,
                "percentile": None if number is None else known.percentile(number),
                "% of rows": None if share is None else 100 * share,
                "usually": usual_text(found.preparation.columns[place]),
            }
        )
    return pd.DataFrame(lines).astype({"percentile": float, "% of rows": float})


def _text(found: Explanation, place: int) -> str:
    return found.texts(0)[place]


def _number(found: Explanation, known: Distribution, place: int) -> float | None:
    """The row's number, or date in seconds; None where it has none."""
    if known.numbers is None:
        return None
    if found.preparation is None:
        return float(found.values[0, place])
    return found.preparation.number(place, found.values[0])


def distribution(dataset: Dataset, found: Explanation, order: npt.NDArray[np.int64], key: str) -> None:
    """A column to choose, at first the one that matters most, and its values in all rows."""
    names = found.column_names
    st.markdown("**How usual is that?**")
    place: int = st.selectbox(
        "A column",
        order.tolist(),
        key=f"why_column_{key}",
        format_func=names.__getitem__,
        label_visibility="collapsed",
    )
    known = dataset.distribution(place)
    number = _number(found, known, place)
    text = _text(found, place)
    if known.numbers is None:
        levels = dict(zip(known.levels, known.counts, strict=True))
        if known.missing:
            levels = dict(sorted({**levels, "missing": known.missing}.items(), key=lambda one: -one[1]))
        info: Any = figures.levels_info(known.name, tuple(levels), tuple(levels.values()), known.n, text)
    else:
        info = figures.numbers_info(known.name, known.numbers, number, known.kind == "date")
    live_plotly(
        figures.column_values_spec(info, dark=dark(), revision=f"{key}-{place}"),
        key="why_distribution",
        height=HEIGHT,
        alt=f"How the values of {known.name} are distributed, and where the row's lies",
    )
    st.caption(plain(_said(known, number, text)))


def _said(known: Distribution, number: float | None, text: str) -> str:
    """In one line how usual it is."""
    if number is not None:
        return f"{text} in this row; {known.percentile(number):.1f} % of the column is lower."
    share = known.share(text)
    if share is None:
        return f"{text} in this row, and in no other."
    return f"{text} in this row, seen in {100 * share:.1f} % of rows ({round(share * known.n):,} of {known.n:,})."
