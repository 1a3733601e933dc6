"""Can I trust this ranking? Other seeds are asked, and the table says in the top of how many each row is."""

from collections import OrderedDict
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import streamlit as st

from pages import _saved, _server
from pages._shown import Shown
from pages._words import plain
from sogaal.errors import RunError
from sogaal.jobs import JobState
from sogaal.model import At
from sogaal.runs.folder import TRUST
from sogaal.runs.saved import SavedRun
from sogaal.seed_check import SeedCheck
from sogaal.spelling import number_word
from sogaal.trust import SEEDS, SeedRankings, Trust, trust_sentences, unit_of

Key = tuple[str, At, int]

COLUMN = "seeds"
REFRESH_SECONDS = 0.5
# Checks that the server remembers; each holds a number for each row and seed.
MOST_CHECKS = 16


@st.cache_resource(show_spinner=False)
def _checks() -> "OrderedDict[Key, SeedCheck]":
    return OrderedDict()


def trust(run: Shown, logits: npt.NDArray[np.float32], top: int, at: At) -> Trust | None:
    """Draw the question, its progress or the answer; what the seeds agree on in their ``top``, once that is known."""
    key = key_of(run, at)
    check = _checks().get(key)
    with st.container(border=True, key="trust"):
        if check is not None and check.state.active:
            st.fragment(run_every=REFRESH_SECONDS)(_progress)(check, unit_of(run.config))
            return None
        known = check.found if check is not None and check.state == JobState.COMPLETED else _kept(run, at)
        if known is not None:
            found = known.trust(top)
            _answer(run, known, found, "" if check is None else check.not_kept)
            return found
        if check is not None and check.state == JobState.FAILED:
            st.error(plain(check.message), icon=":material/error:")
        _question(run, logits, top, key)
        return None


def key_of(run: Shown, at: At) -> Key:
    """What a check is of: a run by D at a moment, after so many steps, for a run may be gone on with."""
    return run.id, at, run.snapshot().step


def _kept(run: Shown, at: At) -> SeedRankings | None:
    """What other seeds said when they were asked before, as it was saved beside the run."""
    saved = _saved.find(run.id)
    path = None if saved is None else saved.file(TRUST[at])
    if saved is None or path is None:
        return None
    try:
        return _read(str(path), path.stat().st_mtime_ns, at, saved)
    except (RunError, OSError) as error:
        st.caption(f"What other seeds said is lost: {plain(str(error))}")
        return None


@st.cache_resource(show_spinner=False, max_entries=MOST_CHECKS)
def _read(path: str, stamp: int, at: At, _saved: SavedRun) -> SeedRankings | None:
    return _saved.rankings(at)


def _question(run: Shown, logits: npt.NDArray[np.float32], top: int, key: Key) -> None:
    together = run.config.auto_seeds if unit_of(run.config) == "group" else 1
    each = f", each with {together - 1} of its own beside it" if together > 1 else ""
    why = (
        f"{together} seeds rank here together. Other groups of {together} show how much of this ranking is "
        "repeatable, and which rows owe their place to this group alone."
        if together > 1
        else "One seed is a gamble. Others show how much of this ranking is repeatable, and which rows owe their place "
        "to this seed alone."
    )
    asked = number_word(SEEDS)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.button(
            f"Ask {asked} seeds" if together == 1 else f"Ask {asked} groups of seeds",
            key="trust_ask",
            icon=":material/casino:",
            on_click=_ask,
            args=(run, logits, top, key),
            help=f"Trains this set-up with {SEEDS - 1} more seeds{each}, by processes beside this one, and keeps what "
            "they say with the run. No label is used.",
        )
        st.caption(f"**Can I trust this?** {why} What is repeatable may still be wrong.", width="stretch")


def _ask(run: Shown, logits: npt.NDArray[np.float32], top: int, key: Key) -> None:
    checks, store, at = _checks(), _server.store(), key[1]

    def keep(found: SeedRankings) -> None:  # in the thread of the check, where there is no session
        store.keep_rankings(run.id, at, replace(found, top=top))

    checks[key] = SeedCheck(run.dataset, run.config, run.scaling, logits, at, keep=keep).start()
    checks.move_to_end(key)
    while len(checks) > MOST_CHECKS:
        checks.popitem(last=False)[1].cancel()


def _progress(check: SeedCheck, unit: str) -> None:
    if not check.state.active:
        st.rerun(scope="app")  # the timer ends
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.progress(check.done / check.count, text=f"{check.done} of {check.count} {unit}s have ranked the rows")
        st.button("Cancel", key="trust_cancel", icon=":material/stop:", type="tertiary", on_click=check.cancel)


def _answer(run: Shown, known: SeedRankings, found: Trust, not_kept: str) -> None:
    unit = unit_of(run.config)
    told = trust_sentences(found, unit, run.dataset.ids)
    st.markdown(f"**{found.verdict}.** {plain(' '.join(told))}")
    failed = f" Without a ranking: {plain('; '.join(known.failed))}" if known.failed else ""
    lost = f" It is not kept with the run: {plain(not_kept)}" if not_kept else ""
    st.caption(
        f"The table says of each row in the top {found.top:,} of how many of the {unit}s it is. No label was used."
        f"{failed}{lost}"
    )


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
