"""Chapter 7, its last part: the authors' rule for stop_epochs, read off G's loss by the reader and tried at once."""

import numpy as np
import streamlit as st

from pages import _learn_parts as _learn
from pages import _learn_population, _server
from pages._theme import dark
from sogaal.config import AUTHORS_STOP_EPOCHS
from sogaal.data import Dataset
from sogaal.figures.learn_lines import LearnLine, LearnLinesInfo, learn_lines_spec
from sogaal.jobs import Job
from sogaal.labelfree.flat_loss import BATCH, Fall, fall, stop_epochs_by_rule
from sogaal.populations import Population, Spread, spread_of, spread_plan
from sogaal.race import Setup

# Tables whose stop_epochs the authors give: their name for it, and epochs enough to see G's loss fall and flatten.
TABLES = {"onecluster": ("onecluster", 1500), "breast_cancer": ("wdbc", 400)}
SEEDS = 4
# G's loss falls for most seeds; that of seed 0 does so on some processors and not on others.
RULE_SEED = 1
# Where the reader's mark stands at first, as a share of the run: before the curve turns.
FIRST, PLACES = 0.2, 150
ANSWERS = {
    "same": "About as high as at the stop.",
    "lower": "Lower than at the stop: D goes on against points that stand still.",
    "higher": "Higher still: D has twice as long again to learn.",
}
CHECKS = {
    "rule_ran": "I trained G without a stop.",
    "rule_marked": "I moved the mark to where G's falling loss flattens.",
    "try_said": "I said how the AUC at the end compares with that at the stop.",
    "try_ran": "I trained with the stop_epochs that I found.",
}


def rule() -> None:
    """Draw this part of the chapter."""
    st.markdown(
        f"""
### When to stop: the authors' rule

The paper's authors give `stop_epochs` for each of their tables, and in their code's README a rule for all others. Train
once and look at G's loss: let $I$ be the iteration at which it has fallen and flattens. With $n$ rows and their batches
of {BATCH},
"""
    )
    st.latex(r"\text{stop\_epochs} = \bigl\lceil\, I \,/\, \lceil n / 500 \rceil \,\bigr\rceil")
    st.markdown("It needs no labels. Train without a stop, and find $I$ on the curve:")
    name = "onecluster"
    if "controls" not in _learn.hidden():
        name = st.segmented_control("Table", list(TABLES), default=name, key="rule_table", required=True)
    dataset = _server.table(name)
    config = _learn.setup("post", whether_stop=0, max_epochs=TABLES[name][1], seed=RULE_SEED)
    steps = config.total_steps(dataset.n)
    job = _learn.experiment(f"rule_{name}", f"Train {steps:,} steps without a stop", dataset, config, live=False)
    if job is not None:
        _learn.tick("rule_ran")
        _mark(job, name)


def _mark(job: Job, name: str) -> None:
    loss = job.snapshot().history.g_loss
    if len(loss) < PLACES:
        st.info(f"With {len(loss)} steps there is no curve to read.", icon=":material/info:")
        return
    found, apart = fall(loss), len(loss) // PLACES
    first = at = round(FIRST * len(loss)) // apart * apart
    if "controls" not in _learn.hidden():
        at = st.slider(
            "I: the iteration where G's falling loss flattens", apart, len(loss), first, apart, key=f"rule_mark_{name}"
        )
    else:
        at = found.flat_step or first
    moved = at != first
    if moved:
        _learn.tick("rule_marked")
    step, thin = np.arange(1, len(loss) + 1, dtype=np.float64), slice(0, None, max(1, len(loss) // 600))
    info = LearnLinesInfo(
        lines=[
            LearnLine("G's loss", step[thin], loss[thin].astype(np.float64), "muted", width=0.8),
            LearnLine("smoothed", step[thin], found.smooth[thin], "generated", width=3),
        ],
        x_title="iterations (steps)", y_title="G's loss", x_range=(0, float(len(loss))),
        y_range=(0, 1.08 * float(np.quantile(loss, 0.999))), rules=[(float(at), f"I = {at:,}")],
    )  # fmt: skip
    words = f"G's loss of a run in which G never stops; I is set to {at:,}. "
    words += _turn(found, at, name) if moved else "Move it to where the falling loss flattens."
    _learn.chart(learn_lines_spec(info, dark=dark()), f"rule_curve_{name}", words, 340)
    _try(job.dataset, at, name)


def _turn(found: Fall, at: int, name: str) -> str:
    """Where the curve turns by count, and what the authors chose."""
    if found.flat_step is None:
        return "This curve has no fall to speak of: the rule has nothing to say."
    away = at - found.flat_step
    mark = f"your mark stands {abs(away):,} {'before' if away < 0 else 'after'} that" if away else "there is your mark"
    theirs = TABLES[name][0]
    return (
        f"By count the smoothed loss is highest near {found.peak_step:,} ({found.peak:.2f}), and 95 % of its fall to "
        f"{found.floor:.2f} is done near {found.flat_step:,}: {mark}. The authors' stop_epochs for their table "
        f"{theirs}: {AUTHORS_STOP_EPOCHS[theirs][0]:,}."
    )


def _try(dataset: Dataset, at: int, name: str) -> None:
    batches = -(-dataset.n // BATCH)
    epochs = stop_epochs_by_rule(at, dataset.n)
    st.latex(
        rf"\text{{stop\_epochs}} = \bigl\lceil\, {at} \,/\, \lceil {dataset.n} / {BATCH} \rceil \,\bigr\rceil = "
        rf"\lceil {at} / {batches} \rceil = {epochs}"
    )
    st.markdown(f"Where does it lead? Train {SEEDS} seeds with it, in all three times as long, as the authors do.")
    _learn.predict("try", "How high will the AUC be at the end?", ANSWERS)
    setup = Setup(f"stop_epochs {epochs:,}", _learn.setup("post", stop_epochs=epochs))
    plan = spread_plan(dataset, [setup], "stop_epochs", SEEDS, setup.config.seed)
    label = f"Train with stop_epochs {setup.config.stop_epochs:,}"
    shown = _learn_population.experiment(f"try_{name}", label, plan)
    if shown is not None:
        _learn.tick("try_ran")
        _tried(shown, name)


def _tried(shown: Population, name: str) -> None:
    stop, end = (spread_of(shown.members(), 0, at) for at in ("stop", "end"))
    if stop is None or end is None:
        return
    epochs = shown.plan.setups[0].config.stop_epochs
    fell = stop.median - end.median
    answer = "lower" if fell > 0.02 else "higher" if fell < -0.02 else "same"
    _learn.verdict(
        "try", answer, ANSWERS,
        f"With `stop_epochs` {epochs:,} {end.count} seeds have a median AUC of {stop.median:.3f} when G is frozen and "
        f"{end.median:.3f} at the end.",
    )  # fmt: skip
    tries: dict[int, dict[str, str | int]] = st.session_state.setdefault(f"learn_tries_{name}", {})
    tries[epochs] = {"stop_epochs": epochs, "AUC at stop": _range(stop), "AUC at end": _range(end)}
    st.dataframe(
        [tries[epochs] for epochs in sorted(tries)], hide_index=True, height="content",
        alt="AUC at the stop and at the end for each stop_epochs tried, median and range",
    )  # fmt: skip
    st.caption(
        f"Median, and lowest to highest of {SEEDS} seeds, for every `stop_epochs` that you have tried on {name}. The "
        "rule says when to freeze G, not when to stop D: whoever keeps D as it was at the stop keeps that column."
    )


def _range(spread: Spread) -> str:
    return f"{spread.median:.3f} ({spread.low:.3f} to {spread.high:.3f})"
