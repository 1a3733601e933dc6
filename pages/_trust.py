"""Can I trust this ranking? Eight seeds are asked, and the table says in the top of how many each row is."""

from collections import OrderedDict

import numpy as np
import numpy.typing as npt
import streamlit as st

from pages._shown import Shown
from pages._words import plain
from sogaal.jobs import JobState
from sogaal.model import At
from sogaal.trust import SEEDS, SeedCheck, Trust

COLUMN = "seeds"
REFRESH_SECONDS = 0.5
# Checks that the server remembers; each holds a number for each row and seed.
MOST_CHECKS = 16
MOST_NAMED = 8


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
            st.fragment(run_every=REFRESH_SECONDS)(_progress)(check)
            return None
        if check.state == JobState.FAILED:
            st.error(plain(check.message), icon=":material/error:")
            _question(run, logits, key)
            return None
        found = check.trust(top)
        _answer(run, check, found)
        return found


def _question(run: Shown, logits: npt.NDArray[np.float32], key: tuple[str, At]) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.button(
            "Ask eight seeds",
            icon=":material/casino:",
            on_click=_ask,
            args=(run, logits, key),
            help=f"Trains this set-up with {SEEDS - 1} more seeds{_each(run)}, by processes beside this one. "
            "No label is used.",
        )
        st.caption(
            "**Can I trust this?** One seed is a gamble. Others show how much of this ranking is steady, and which "
            "rows owe their place to this seed alone.",
            width="stretch",
        )


def _each(run: Shown) -> str:
    """What a seed stands for where several play in one run."""
    count = run.config.auto_seeds
    return f", each with {count - 1} of its own beside it" if run.config.automatic and count > 1 else ""


def _ask(run: Shown, logits: npt.NDArray[np.float32], key: tuple[str, At]) -> None:
    checks = _checks()
    checks[key] = SeedCheck(run.dataset, run.config, run.scaling, logits, key[1]).start()
    checks.move_to_end(key)
    while len(checks) > MOST_CHECKS:
        checks.popitem(last=False)[1].cancel()


def _progress(check: SeedCheck) -> None:
    if not check.state.active:
        st.rerun(scope="app")  # the timer ends
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.progress(check.done / check.count, text=f"{check.done} of {check.count} seeds have ranked the rows")
        st.button("Cancel", key="trust_cancel", icon=":material/stop:", type="tertiary", on_click=check.cancel)


def _answer(run: Shown, check: SeedCheck, found: Trust) -> None:
    seeds = len(found.seeds)
    top = f"top {found.top:,}"
    lines = [
        f"**{found.verdict}**: two of {seeds} seeds have on average **{found.overlap:.0%}** of their {top} in common "
        f"(by chance {found.chance:.0%}); over all rows their rankings agree to {found.correlation:.2f} (Spearman, "
        "1 = the same order)."
    ]
    alone = found.one_seed
    if len(alone):
        lines.append(
            f"{_rows(run, alone)} of this {top} owe{'s' if len(alone) == 1 else ''} the place to this seed alone."
        )
    else:
        lines.append(f"No row of this {top} owes its place to this seed alone.")
    if len(found.missed):
        lines.append(f"Missing here, though in the {top} of most seeds: {_rows(run, found.missed, 'row')}.")
    st.markdown(" ".join(lines))
    failed = f" Without a ranking: {plain('; '.join(check.failed))}" if check.failed else ""
    st.caption(
        f"The table says of each row in the {top} of how many of the seeds it is. No label was used; "
        f"seeds may agree and still be wrong.{failed}"
    )


def _rows(run: Shown, rows: npt.NDArray[np.int64], word: str = "Row") -> str:
    """So many rows by their ids, the first few of them."""
    named = ", ".join(plain(str(run.dataset.ids[row])) for row in rows[:MOST_NAMED])
    more = f" and {len(rows) - MOST_NAMED:,} more" if len(rows) > MOST_NAMED else ""
    return f"{word if len(rows) == 1 else word + 's'} {named}{more}"


def counts(found: Trust, places: npt.NDArray[np.int64]) -> list[int | None]:
    """In the top of how many seeds the rows at ``places`` are; None for those beyond the top."""
    known = dict(zip(found.rows.tolist(), found.counts.tolist(), strict=True))
    return [known.get(place) for place in places.tolist()]


def column_of(found: Trust) -> object:
    """How the column looks."""
    seeds = len(found.seeds)
    return st.column_config.ProgressColumn(
        f"in the top {found.top:,} of {seeds} seeds",
        min_value=0,
        max_value=seeds,
        width=195,
        format=f"%d of {seeds}",
        help="How many of the seeds rank the row so high; 1: this seed alone.",
    )
