"""Can I trust this ranking? Eight seeds are asked, and the table says in the top of how many each row is."""

from collections import OrderedDict

import numpy as np
import numpy.typing as npt
import streamlit as st

from pages._shown import Shown
from pages._words import plain
from sogaal.jobs import JobState
from sogaal.model import At
from sogaal.trust import PARTLY, SEEDS, SeedCheck, Trust, unit_of

COLUMN = "seeds"
REFRESH_SECONDS = 0.5
# Checks that the server remembers; each holds a number for each row and seed.
MOST_CHECKS = 16
MOST_NAMED = 8
_MEANING = "It says how far luck made this top, not that its rows are outliers: seeds may agree and all be wrong."


@st.cache_resource(show_spinner=False)
def _checks() -> "OrderedDict[tuple[str, str], SeedCheck]":
    return OrderedDict()


def trust(run: Shown, logits: npt.NDArray[np.float32], top: int, at: At) -> Trust | None:
    """Draw the question, its progress or the answer; what the seeds agree on in their ``top``, once that is known."""
    key = (run.id, at)
    check = _checks().get(key)
    with st.container(border=True, key="trust"):
        if check is None or check.state == JobState.STOPPED:
            _question(run, logits, key)
            return None
        if check.state.active:
            st.fragment(run_every=REFRESH_SECONDS)(_progress)(check, unit_of(run.config))
            return None
        if check.state == JobState.FAILED:
            st.error(plain(check.message), icon=":material/error:")
            _question(run, logits, key)
            return None
        found = check.trust(top)
        _answer(run, check, found)
        return found


def _question(run: Shown, logits: npt.NDArray[np.float32], key: tuple[str, At]) -> None:
    together = run.config.auto_seeds if unit_of(run.config) == "group" else 1
    each = f", each with {together - 1} of its own beside it" if together > 1 else ""
    why = (
        f"{together} seeds rank here together. Other groups of {together} show how much of this ranking is "
        "repeatable, and which rows owe their place to this group alone."
        if together > 1
        else "One seed is a gamble. Others show how much of this ranking is repeatable, and which rows owe their place "
        "to this seed alone."
    )
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.button(
            "Ask eight seeds" if together == 1 else "Ask eight groups of seeds",
            key="trust_ask",
            icon=":material/casino:",
            on_click=_ask,
            args=(run, logits, key),
            help=f"Trains this set-up with {SEEDS - 1} more seeds{each}, by processes beside this one. "
            "No label is used.",
        )
        st.caption(f"**Can I trust this?** {why} What is repeatable may still be wrong.", width="stretch")


def _ask(run: Shown, logits: npt.NDArray[np.float32], key: tuple[str, At]) -> None:
    checks = _checks()
    checks[key] = SeedCheck(run.dataset, run.config, run.scaling, logits, key[1]).start()
    checks.move_to_end(key)
    while len(checks) > MOST_CHECKS:
        checks.popitem(last=False)[1].cancel()


def _progress(check: SeedCheck, unit: str) -> None:
    if not check.state.active:
        st.rerun(scope="app")  # the timer ends
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.progress(check.done / check.count, text=f"{check.done} of {check.count} {unit}s have ranked the rows")
        st.button("Cancel", key="trust_cancel", icon=":material/stop:", type="tertiary", on_click=check.cancel)


def _answer(run: Shown, check: SeedCheck, found: Trust) -> None:
    count, unit = len(found.seeds), unit_of(run.config)
    top = f"top {found.top:,}"
    lines = [
        f"**{found.verdict}**: two of {count} {unit}s have on average **{found.overlap:.0%}** of their {top} in common "
        f"(by chance {found.chance:.0%}); over all rows their rankings agree to {found.correlation:.2f} (Spearman, "
        f"1 = the same order). {_MEANING if found.overlap >= PARTLY else ''}"
    ]
    alone = found.one_seed
    if len(alone):
        owe = "owes its" if len(alone) == 1 else "owe their"
        lines.append(f"{_rows(run, alone)} of this {top} {owe} place to this {unit} alone.")
    else:
        lines.append(f"No row of this {top} owes its place to this {unit} alone.")
    if len(found.missed):
        lines.append(f"Missing here, though in the {top} of most {unit}s: {_rows(run, found.missed, 'row')}.")
    st.markdown(" ".join(lines))
    failed = f" Without a ranking: {plain('; '.join(check.failed))}" if check.failed else ""
    st.caption(f"The table says of each row in the {top} of how many of the {unit}s it is. No label was used.{failed}")


def _rows(run: Shown, rows: npt.NDArray[np.int64], word: str = "Row") -> str:
    """So many rows by their ids, the first few of them."""
    named = ", ".join(plain(str(run.dataset.ids[row])) for row in rows[:MOST_NAMED])
    more = f" and {len(rows) - MOST_NAMED:,} more" if len(rows) > MOST_NAMED else ""
    return f"{word if len(rows) == 1 else word + 's'} {named}{more}"


def counts(found: Trust, places: npt.NDArray[np.int64]) -> list[int | None]:
    """In the top of how many seeds the rows at ``places`` are; None for those beyond the top."""
    known = dict(zip(found.rows.tolist(), found.counts.tolist(), strict=True))
    return [known.get(place) for place in places.tolist()]


def column_of(run: Shown, found: Trust) -> object:
    """How the column looks."""
    seeds, unit = len(found.seeds), unit_of(run.config)
    return st.column_config.ProgressColumn(
        f"in the top {found.top:,} of {seeds} {unit}s",
        min_value=0,
        max_value=seeds,
        width=195,
        format=f"%d of {seeds}",
        help=f"How many of the {unit}s rank the row so high; 1: this {unit} alone.",
    )
