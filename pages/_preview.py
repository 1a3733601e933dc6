"""The columns of a table of one's own, before it is trained on: what each holds and what it is used as."""

import pandas as pd
import streamlit as st

from pages._upload import GAPS_LABEL, ROLES, role_choices
from pages._words import plain
from sogaal.data import Profile

# As many columns as are shown without scrolling.
MOST_ROWS = 10


def preview(chosen: str, folded: bool = False) -> None:
    """Draw the profile of the file that was given last, where the ``chosen`` table is that, or it cannot be one yet.

    ``folded``: closed at first, where something else is what the page is about; a browser keeps what is open by its
    key, so this has another.
    """
    profile: Profile | None = st.session_state.get("upload_profile")
    if profile is None or (chosen != st.session_state.get("upload_key") and not st.session_state["upload_tried"][1]):
        return
    left_out = [one for one in profile.columns if one.use == "left out"]
    head = f"Columns of {profile.filename}: {profile.rows:,} rows, {len(profile.columns):,} columns"
    with st.expander(
        plain(head), icon=":material/table:", expanded=not folded, key="preview_folded" if folded else "preview"
    ):
        if profile.problem:
            st.warning(plain(profile.problem), icon=":material/warning:")
        # Asked of all columns, so that the switch stays where the only one with gaps is left out.
        _roles(st.session_state["upload_names"][1], any(one.missing + one.odd for one in profile.columns))
        height = "content" if len(profile.columns) <= MOST_ROWS else 35 * (MOST_ROWS + 1) + 3
        st.dataframe(
            _table(profile),
            hide_index=True,
            height=height,
            column_config={"remark": st.column_config.Column(width=_remark_width(profile))},
            alt="What each column of the table holds and is used as",
        )
        if profile.duplicates:
            st.caption(profile.duplicates_words)
        if left_out:
            names = ", ".join(f"{one.name} ({one.remark or one.kind})" for one in left_out[:6])
            more = f" and {len(left_out) - 6} more" if len(left_out) > 6 else ""
            st.caption(plain(f"Left out: {names}{more}."))
        told = ", and a column says where" if st.session_state["upload_roles"][3] else ", and no column says where"
        st.caption(
            "Categories become a column of 0 and 1 for each frequent value, dates their parts; what is missing is "
            f"filled{told}."
        )


def _roles(names: list[str], gaps: bool) -> None:
    """The choice of labels, ids, what is left out and, where there are gaps, what they count as; the reading is done
    where the file is."""
    if not names:
        return
    for key, value in zip(ROLES, st.session_state["upload_roles"], strict=True):
        st.session_state.setdefault(key, list(value) if key == "upload_ignore" else value)

    def changed() -> None:
        st.session_state["upload_roles"] = tuple(st.session_state[key] for key in ROLES)

    choices = list(role_choices(names))
    label, ids, ignore = st.columns([1, 1, 2])
    label.selectbox(
        "Label column",
        choices,
        key="upload_label",
        on_change=changed,
        help="Labels only ever evaluate; they never train. By name: label, y, class, outlier, target, and fraud, "
        "anomaly, is_outlier and the like where they hold two values.",
    )
    ids.selectbox(
        "Id column",
        choices,
        key="upload_id",
        on_change=changed,
        help="It names the rows and is not trained on. By name: id, index, and transaction_id, row, uuid and the like "
        "where all values differ.",
    )
    ignore.multiselect(
        "Leave out",
        names,
        key="upload_ignore",
        on_change=changed,
        placeholder="no column",
        help="Not looked at. Columns of one value, and those that are the same as another, are left out anyway, but "
        "for a table of plain numbers without gaps: there all stay, as on the command line.",
    )
    if gaps:
        st.toggle(
            GAPS_LABEL,
            key="upload_gaps",
            on_change=changed,
            help="What is missing is filled with the median or the most frequent value. On: a feature also says where, "
            "and weighs as much as any other, so that rows with a rare gap rank high. Off: the filled value is all. "
            "On is better where a gap is a sign of something, off where it is none; where you cannot know, rank both "
            "ways and look first at the rows that are high in both (docs/gaps.md).",
        )


def _remark_width(profile: Profile) -> int:
    """In pixels: none of the remarks is cut, as far as there is room for any other column."""
    longest = max((len(one.remark) for one in profile.columns), default=0)
    return min(max(90, round(6.3 * longest) + 20), 360)


def _table(profile: Profile) -> pd.DataFrame:
    rows = max(profile.rows, 1)
    return pd.DataFrame(
        {
            "column": [one.name for one in profile.columns],
            "type": [one.kind for one in profile.columns],
            "used as": [one.use for one in profile.columns],
            "remark": [one.remark for one in profile.columns],
            "missing": [
                f"{one.missing + one.odd:,} ({(one.missing + one.odd) / rows:.1%})" if one.missing + one.odd else "none"
                for one in profile.columns
            ],
            "distinct": [f"{one.distinct:,}" + "+" * profile.counts_are_least for one in profile.columns],
            "examples": [", ".join(one.examples) for one in profile.columns],
        }
    )
