"""Chapter 7, its last part: the authors' rule for stop_epochs, read off G's loss by the reader and tried at once."""

import numpy as np
import streamlit as st

from pages import _learn_parts as _learn
from pages import _learn_population, _server
from pages._form import dark
from sogaal.config import AUTHORS_STOP_EPOCHS
from sogaal.data import Dataset
from sogaal.figures.learn_lines import LearnLine, LearnLinesInfo, learn_lines_spec
from sogaal.jobs import Job
from sogaal.lessons.stop_rule import BATCH, Fall, fall, stop_epochs_by_rule
from sogaal.race import Setup
from sogaal.sweep import Population, Spread, spread_of, spread_plan

TABLE, EPOCHS, SEEDS = "onecluster", 1500, 4
# Where the reader's mark stands at first, and how far it goes: well into the curve, and before its turn.
FIRST, STEP = 600, 20
ANSWERS = {
    "same": "About as high as at the stop: the rule picks the place to freeze G.",
    "lower": "Lower than at the stop.",
    "higher": "Higher still: D has twice as long again to learn.",
}
CHECKS = {
    "rule_ran": "I trained G without a stop.",
    "rule_marked": "I moved the mark to where G's falling loss flattens.",
    "try_said": "I said what freezing G there does to the AUC.",
    "try_ran": "I trained with the stop_epochs that I found.",
}


def rule() -> None:
    """Draw this part of the chapter."""
    st.markdown(
        f"""
### When to stop: the authors' rule

The paper's authors give `stop_epochs` for each of their tables, {AUTHORS_STOP_EPOCHS[TABLE][0]:,} for `{TABLE}`, and in
their code's README a rule for others. Train once and look at G's loss: let $I$ be the iteration at which it has fallen
and flattens. With $n$ rows and their batches of {BATCH},
"""
    )
    st.latex(r"\text{stop\_epochs} = \left\lceil \frac{I}{\lceil n / 500 \rceil} \right\rceil")
    dataset = _server.table(TABLE)
    config = _learn.setup("post", whether_stop=0, max_epochs=EPOCHS)
    st.markdown("It needs no labels. Train once without a stop, and find $I$ on the curve:")
    job = _learn.experiment("rule", f"Train {config.total_steps(dataset.n):,} steps", dataset, config, live=False)
    if job is not None:
        _mark(job)


def _mark(job: Job) -> None:
    loss = job.snapshot().history.g_loss
    if len(loss) < 2 * STEP:
        return
    found, last, at = fall(loss), len(loss) // STEP * STEP, min(FIRST, len(loss) // STEP * STEP)
    if "controls" not in _learn.hidden():
        at = st.slider("I: the iteration where G's falling loss flattens", STEP, last, at, STEP, key="rule_mark")
        if at != FIRST:
            _learn.tick("rule_marked")
    step = np.arange(1, len(loss) + 1, dtype=np.float64)
    thin = slice(0, None, max(1, len(loss) // 600))
    info = LearnLinesInfo(
        lines=[
            LearnLine("G's loss", step[thin], loss[thin].astype(np.float64), "muted", width=0.8),
            LearnLine("smoothed", step[thin], found.smooth[thin], "generated", width=3),
        ],
        x_title="iterations (steps)", y_title="G's loss", x_range=(0, float(len(loss))),
        y_range=(0, 1.08 * float(np.quantile(loss, 0.999))), rules=[(float(at), f"I = {at:,}")],
    )  # fmt: skip
    words = f"G's loss of a run in which G never stops; I is set to {at:,}. {_turn(found, at)}"
    _learn.chart(learn_lines_spec(info, dark=dark()), "rule_curve", words, 340)
    _try(job.dataset, at)


def _turn(found: Fall, at: int) -> str:
    """Where the curve turns, once the reader has moved the mark."""
    if not _learn.done("rule_marked"):
        return "Move it."
    if found.flat_step is None:
        return "This curve has no fall to speak of: the rule has nothing to say."
    side = "before" if at < found.flat_step else "after"
    return (
        f"By count the smoothed loss peaks at {found.peak:.2f} near {found.peak_step:,}, and 95 % of its fall to "
        f"{found.floor:.2f} is done near {found.flat_step:,}: your mark stands {abs(at - found.flat_step):,} {side} it."
    )


def _try(dataset: Dataset, at: int) -> None:
    batches = -(-dataset.n // BATCH)
    epochs = stop_epochs_by_rule(at, dataset.n)
    st.latex(
        rf"\text{{stop\_epochs}} = \left\lceil \frac{{{at}}}{{\lceil {dataset.n} / {BATCH} \rceil}} \right\rceil = "
        rf"\left\lceil \frac{{{at}}}{{{batches}}} \right\rceil = {epochs}"
    )
    st.markdown(f"Does it hold what it promises? Train {SEEDS} seeds with it, three times as long, as the authors do.")
    _learn.predict("try", "Compared with the stop, how high is the AUC at the end?", ANSWERS)
    setup = Setup(f"I = {at:,}", _learn.setup("post", stop_epochs=epochs))
    plan = spread_plan(dataset, [setup], "stop_epochs", SEEDS, setup.config.seed)
    shown = _learn_population.experiment("try", f"Train with stop_epochs {setup.config.stop_epochs:,}", plan)
    if shown is not None:
        _tried(shown)


def _tried(shown: Population) -> None:
    stop, end = (spread_of(shown.members(), 0, at) for at in ("stop", "end"))
    if stop is None or end is None:
        return
    config = shown.plan.setups[0].config
    fell = stop.median - end.median
    answer = "lower" if fell > 0.02 else "higher" if fell < -0.02 else "same"
    _learn.verdict(
        "try", answer, ANSWERS,
        f"With `stop_epochs` {config.stop_epochs:,} {end.count} seeds have a median AUC of {stop.median:.3f} when G is "
        f"frozen and {end.median:.3f} at the end.",
    )  # fmt: skip
    tries: dict[int, dict[str, str | int]] = st.session_state.setdefault("learn_tries", {})
    tries[config.stop_epochs] = {
        "stop_epochs": config.stop_epochs,
        "AUC at stop": _range(stop),
        "AUC at end": _range(end),
    }
    st.dataframe(
        [tries[epochs] for epochs in sorted(tries)], hide_index=True, height="content",
        alt="AUC at the stop and at the end for each stop_epochs tried, median and range",
    )  # fmt: skip
    st.caption(f"Median, and lowest to highest of {SEEDS} seeds, for every `stop_epochs` that you have tried.")


def _range(spread: Spread) -> str:
    return f"{spread.median:.3f} ({spread.low:.3f} to {spread.high:.3f})"
