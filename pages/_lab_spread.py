"""The spread: the same set-ups over many seeds, for one seed proves nothing."""

from collections.abc import Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages import _lab_open, _lab_population
from pages._faults import Fault
from pages._live_plotly import live_plotly
from pages._theme import dark
from pages._words import plain
from sogaal import figures
from sogaal.data import Dataset
from sogaal.errors import SogaalError
from sogaal.populations import (
    MEASURED_SEEDS,
    POST_FIGURE_4_AUC,
    Member,
    Population,
    measured,
    spread_of,
    spread_plan,
)
from sogaal.race import Setup

REFRESH_SECONDS = 1.0
BANDS_HEIGHT = 520
SEEDS = (5, 8, 16, 32, 64)


def start(dataset: Dataset, setups: Sequence[Setup]) -> None:
    """Train the set-ups over the chosen number of seeds, and show that."""
    state = st.session_state
    first = setups[0].config.seed
    try:
        plan = spread_plan(dataset, setups, state["lab_differs"], state["lab_seeds"], first)
    except SogaalError as error:
        state["lab_problems"] = [str(error)]
        return
    _lab_population.begin("spread", plan)


def controls(bar: DeltaGenerator, dataset: Dataset, setups: list[Setup] | Fault) -> None:
    """Draw the controls into the page's bar."""
    with bar:
        st.button(
            "Train all seeds",
            icon=":material/play_arrow:",
            type="primary",
            disabled=isinstance(setups, Fault),
            on_click=start,
            args=(dataset, setups),
        )
        st.segmented_control(
            "Seeds",
            SEEDS,
            key="lab_seeds",
            required=True,
            help="From the seed at the left on. Each trains every set-up.",
        )


def view() -> None:
    """Draw the spread."""
    shown = _lab_population.shown("spread")
    if shown is None:
        st.info(
            "**One seed proves nothing.** Here the set-ups at the left are trained over many seeds, each on the same "
            "table with other noise and another start of D: bands of the losses and the AUC, and a dot for where each "
            "seed ended.",
            icon=":material/casino:",
        )
        return
    _lab_population.live(shown, _draw, REFRESH_SECONDS)


def _draw(shown: Population) -> None:
    members = shown.members()
    if not members:
        return
    left, right = _lab_population.columns("lab_spread", [1.15, 1])
    with left:
        _bands(shown, members)
    with right:
        _strip(shown, members)
        _words(shown, members)


def _bands(shown: Population, members: Sequence[Member]) -> None:
    plan = shown.plan
    groups = [
        (setup.name, [m.outcome.history for m in members if m.cell == number and m.outcome.history is not None])
        for number, setup in enumerate(plan.setups)
    ]
    end = max(setup.config.total_steps(plan.dataset.n) for setup in plan.setups)
    stops = {_lab_population.stop_step(setup, plan.dataset) for setup in plan.setups}
    info = figures.bands_info(groups, end=end, stop=stops.pop() if len(stops) == 1 else None)
    live_plotly(
        figures.bands_spec(info, dark=dark(), revision=shown.id),
        key="lab_bands",
        height=BANDS_HEIGHT,
        alt="Losses and ROC-AUC over the steps: medians and bands over the seeds of each set-up",
    )
    st.caption(figures.bands_caption(info))


def _strip(shown: Population, members: Sequence[Member]) -> None:
    plan = shown.plan
    rows = []
    known = False
    for number, setup in enumerate(plan.setups):
        mine = [m for m in members if m.cell == number and m.auc() is not None]
        before = measured(plan.dataset, setup)
        known = known or (before is not None and setup.config.generator_bias == 1)
        reference = None if before is None else (before.low, before.auc[6000], before.high)
        values = [auc for m in mine if (auc := m.auc()) is not None]
        rows.append(figures.StripRow(setup.name, values, [m.seed for m in mine], [m.number for m in mine], reference))
    st.markdown("**Where the seeds end**")
    if not any(row.values for row in rows):
        st.caption("No AUC: the table has no labels, or every run diverged.")
        return
    info = figures.strip_info(rows, mark=(POST_FIGURE_4_AUC, "the post's Figure 4") if known else None)
    live_plotly(
        figures.strip_spec(info, dark=dark(), revision=shown.id),
        key="lab_strip",
        height=70 + figures.ROW_HEIGHT * len(rows),
        alt="Final ROC-AUC of each seed, a row of dots for each set-up",
        on_click=lambda number: _lab_open.ask(plan.dataset, plan.member(number), shown.parent),
    )
    st.caption(figures.strip_caption(info))
    _picker(shown, members)


def _picker(shown: Population, members: Sequence[Member]) -> None:
    """The same without a pointer: choose a seed and open it."""
    ranked = sorted(members, key=lambda m: (m.cell, m.auc() if m.auc() is not None else 2.0))
    titles = {
        m.number: f"{figures.LETTERS[m.cell]} · seed {m.seed} · "
        + ("no AUC" if (auc := m.auc()) is None else f"AUC {auc:.3f}")
        for m in ranked
    }
    _lab_population.picker(shown, titles, "A seed")


def _words(shown: Population, members: Sequence[Member]) -> None:
    """One seed proves nothing, with this spread's own numbers and those measured before."""
    plan = shown.plan
    lines = []
    for number, setup in enumerate(plan.setups):
        spread = spread_of(members, number)
        if spread is None:
            continue
        many = f"{spread.count} seeds end" if spread.count > 1 else "1 seed ends"
        line = (
            f"**{figures.LETTERS[number]}**  {plain(setup.name)}: {many} between **{spread.low:.3f}** and "
            f"**{spread.high:.3f}**, median {spread.median:.3f}."
        )
        before = measured(plan.dataset, setup)
        if before is not None:
            line += f" Measured before, {MEASURED_SEEDS} seeds: {before.low:.3g} to {before.high:.3g}."
        lines.append(line)
        if before is not None and setup.config.generator_bias == 1:
            lines.append(_one_of_several(members, number))
    st.markdown("\n".join(f"- {line}" for line in lines))
    failed = [m.outcome for m in members if not m.outcome.ok]
    if failed:
        first = failed[0].diverged or failed[0].failed
        st.caption(plain(f"{len(failed)} of {len(members)} runs diverged or failed, the first with: {first}"))


def _one_of_several(members: Sequence[Member], number: int) -> str:
    values = [auc for m in members if m.cell == number and (auc := m.auc()) is not None]
    low = sum(value <= POST_FIGURE_4_AUC for value in values)
    return (
        f"The post's Figure 4 ends at {POST_FIGURE_4_AUC:.2f}: one of several endings. Of these {len(values)} seeds "
        f"{low} end so low or lower, {sum(value > 0.5 for value in values)} above guessing."
    )
