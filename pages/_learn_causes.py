"""Chapter 7: why the post's Figures 5 and 6 differ, by swapping the start and the order of the rows."""

from dataclasses import replace

import numpy as np
import streamlit as st

from pages import _learn_parts as _learn
from pages import _learn_population, _server
from pages._theme import dark
from sogaal import figures
from sogaal.lessons.endings import effects
from sogaal.populations import spread_plan
from sogaal.race import Setup

TABLE, SEEDS = "onecluster", 4
CAUSES = {
    "framework": "The framework: Keras and PyTorch calculate differently.",
    "order": "The order of the rows: one for the whole run, or a new one every epoch.",
    "start": "The start: how D's first weights are drawn.",
    "none": "Nothing does: both end alike.",
}
CHECKS = {
    "causes_said": "I said what makes Figures 5 and 6 differ.",
    "causes_ran": "I swapped the start and the order of the rows.",
}


def _four() -> list[Setup]:
    """Both starts with both orders of the rows; the first is Figure 5's set-up, the last Figure 6's."""
    post, paper = _learn.setup("post", eval_every=10), _learn.setup("paper", eval_every=10)
    return [
        Setup("post's start, new order each epoch", post),
        Setup("post's start, one order", post.replace(shuffle=paper.shuffle)),
        Setup("paper's start, new order each epoch", paper.replace(shuffle=post.shuffle)),
        Setup("paper's start, one order", paper),
    ]


def causes() -> None:
    """Draw this part of the chapter."""
    st.markdown(
        """
### Why Figures 5 and 6 differ

Both are trained here by the same library, so the framework cannot be what tells them apart. Nor is it elsewhere: from
the same weights and noise this engine and the authors' Keras code stay within a hundred-thousandth of each other over
24 steps (a test of this project). What does differ between the set-ups is **the start**, D's weights Xavier-uniform
with biases of .01 (post) or from a cut normal distribution with biases of 0 (paper), and **the order of the rows**,
new each epoch or drawn once. Swap them one by one:
"""
    )
    _learn.predict("causes", "What decides where such a run ends?", CAUSES)
    setups = _four()
    plan = spread_plan(_server.table(TABLE), setups, "discriminator_init", SEEDS, setups[0].config.seed)
    plan = replace(plan, varies=("discriminator_init", "discriminator_bias", "generator_bias", "shuffle"))
    shown = _learn_population.experiment("causes", "Train all four", plan)
    if shown is None:
        return
    cells = [[member.auc() or 0.0 for member in _learn_population.ended(shown, cell)] for cell in range(4)]
    if not all(cells):
        return
    found = effects([cells[:2], cells[2:]])
    answer = {"first": "start", "second": "order", "none": "none"}[found.larger]
    _learn.verdict(
        "causes", answer, CAUSES,
        f"The post's start instead of the paper's moves the mean AUC at the end by {found.first:+.3f}; a new order "
        f"each epoch instead of one moves it by {found.second:+.3f}.",
    )  # fmt: skip
    rows = [
        figures.StripRow(setup.name, values, list(shown.plan.seeds[: len(values)]), list(range(len(values))))
        for setup, values in zip(shown.plan.setups, cells, strict=True)
    ]
    named = "; ".join(f"{figures.LETTERS[n]}: {row.name}, {np.mean(row.values):.3f}" for n, row in enumerate(rows))
    words = f"AUC at the end, a dot for each of {SEEDS} seeds. {named} on average."
    spec = figures.strip_spec(figures.strip_info(rows), dark=dark(), revision=shown.id, click="")
    _learn.chart(spec, "causes_strip", words, 340)
