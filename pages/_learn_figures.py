"""Chapter 7: the post's Figures 4, 5 and 6 again, each beside its spread over seeds, and why 5 and 6 differ."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st

from pages import _lab_population, _learn_causes, _learn_population, _learn_stop, _server
from pages import _learn_parts as _learn
from pages._live_plotly import live_plotly
from pages._theme import dark
from sogaal import figures
from sogaal.figures.learn_lines import LearnLine, LearnLinesInfo, learn_lines_spec
from sogaal.lessons.endings import PAPER_DEVIATION, PAPER_MEAN, PAPER_SEEDS, Ending, ending
from sogaal.populations import MEASURED_SEEDS, POST_FIGURE_4_AUC, Member, Population, measured, spread_plan
from sogaal.race import Setup

SEEDS = 8
TABLE = "onecluster"
# Figure 4's three kinds of answer: all within this of the post's value, all above that, or neither.
NEAR, GOOD = 0.1, 0.7


@dataclass(frozen=True)
class Figure:
    """One of the post's figures: its preset here, what differs, and what the post shows in it and says of it."""

    number: int
    preset: str
    name: str
    says: str


FIGURES = (
    Figure(
        4,
        "post_bias_one",
        "Figure 4: generator bias 1",
        "The post reads this as over-fitting: the AUC (.28) and D's loss are low at the end. That G's loss rises it "
        "puts down to G making points which D spots with ease.",
    ),
    Figure(
        5,
        "post",
        "Figure 5: generator bias 1e-5",
        "The post's good run: D's loss falls while G plays badly, both losses turn after some 1,000 iterations, and "
        "from 2,000 on they stay where they are. The AUC is high.",
    ),
    Figure(
        6,
        "paper",
        "Figure 6: the authors' own code",
        "One run of the authors' Keras code. To the post its curves are close to Figure 5, and what differs may come "
        "from Keras and PyTorch, mainly from how weights are first drawn, and from the seeds.",
    ),
)
ENDS = {
    "near": "All near .28: that is what this bias does.",
    "wide": "Far apart: bias 1 has several endings.",
    "good": "All above .7: the post had bad luck.",
}
CHECKS = {
    "figures_said": "I said where other seeds of Figure 4 end.",
    "figure_4_ran": "I reproduced Figure 4 and saw its spread.",
    "figure_5_ran": "I reproduced Figure 5.",
    "figure_6_ran": "I reproduced Figure 6.",
    "figures_seed": "I looked at another seed of a figure.",
    **_learn_causes.CHECKS,
    **_learn_stop.CHECKS,
}


# -- a figure and its spread -------------------------------------------------------------------------------------


def _figure(figure: Figure) -> None:
    st.markdown(f"#### {figure.name}\n\n{figure.says}")
    name = f"figure_{figure.number}"
    setup = Setup(figure.name, _learn.setup(figure.preset))
    plan = spread_plan(_server.table(TABLE), [setup], "seed", SEEDS, setup.config.seed)
    shown = _learn_population.experiment(name, f"Reproduce Figure {figure.number}", plan)
    if shown is None:
        return
    members = _learn_population.ended(shown)
    stop = _lab_population.stop_step(shown.plan.setups[0], shown.plan.dataset)
    endings = [ending(member.outcome.history or {}, stop) for member in members]
    if figure.number == 4:
        _verdict_of_4(members, endings)
    chosen = _choose(name, figure, members)
    left, right = _learn_population.columns(name)
    with left:
        _curves(name, members[chosen], stop)
    with right:
        _strip(name, shown, members)
    _words(figure, endings)


def _choose(name: str, figure: Figure, members: Sequence[Member]) -> int:
    """Which of the runs is drawn: the reader's, else the one nearest to Figure 4's end, or in the middle."""
    aucs = np.array([member.auc() or 0.0 for member in members])
    wanted = POST_FIGURE_4_AUC if figure.number == 4 else float(np.quantile(aucs, 0.5, method="lower"))
    usual = members[int(np.abs(aucs - wanted).argmin())].seed
    seeds = [member.seed for member in members]
    seed = usual
    if "controls" not in _learn.hidden() and len(seeds) > 1:
        key = f"{name}_seed"
        if st.session_state.get(key, usual) not in seeds:
            del st.session_state[key]
        st.session_state.setdefault(key, usual)
        why = "ends nearest to the post's .28" if figure.number == 4 else "ends in the middle"
        seed = st.select_slider(f"Seed (at first the one that {why})", seeds, key=key)
    if seed != usual:
        _learn.tick("figures_seed")
    return seeds.index(seed)


def _curves(name: str, member: Member, stop: int | None) -> None:
    history = member.outcome.history or {}
    step = history["step"].astype(np.float64)
    d_loss, g_loss = (history[column].astype(np.float64) for column in ("d_loss", "g_loss"))
    auc, end = history["auc"].astype(np.float64), member.auc() or 0.0
    x_range = (0.0, float(step[-1]))
    info = LearnLinesInfo(
        lines=[
            LearnLine("D's loss", step, d_loss, "inlier", width=1.6),
            LearnLine("G's loss", step, g_loss, "generated", "dash", width=1.6),
            LearnLine("ROC-AUC", history["eval_step"].astype(np.float64), auc, "auc", width=3),
            LearnLine(f"AUC = {end:.3f}", np.array(x_range), np.array([end, end]), "muted", "dot"),
        ],
        x_title="iterations (steps)", y_title="loss, AUC", x_range=x_range,
        y_range=(0, 1.04 * max(1.0, float(d_loss.max()), float(g_loss.max()))),
        rules=[] if stop is None else [(float(stop), "G frozen")],
    )  # fmt: skip
    words = f"Seed {member.seed}, drawn as in the post: both losses and the AUC, which ends at {end:.3f}."
    _learn.chart(learn_lines_spec(info, dark=dark()), f"{name}_curves", words, 360)


def _strip(name: str, shown: Population, members: Sequence[Member]) -> None:
    setup = shown.plan.setups[0]
    before = measured(shown.plan.dataset, setup)
    reference = None if before is None else (before.low, before.auc[6000], before.high)
    aucs, seeds = [member.auc() or 0.0 for member in members], [member.seed for member in members]
    row = figures.StripRow(setup.name, aucs, seeds, [member.number for member in members], reference)
    info = figures.strip_info([row], mark=(POST_FIGURE_4_AUC, "the post's .28") if name == "figure_4" else None)
    words = f"Where all {len(aucs)} seeds end, {min(aucs):.3f} to {max(aucs):.3f}. Each dot is a seed; "
    words += "the box holds the middle half."
    if reference is not None:
        words += f" Bracket: measured before, {MEASURED_SEEDS} seeds, {reference[0]:.3g} to {reference[2]:.3g}."
    by_number = {member.number: member.seed for member in members}
    live_plotly(
        figures.strip_spec(info, dark=dark(), revision=shown.id, click="click to draw it"),
        key=f"learn_{name}_strip", height=220, alt=words,
        on_click=lambda number: st.session_state.update({f"{name}_seed": by_number[number]}),
    )  # fmt: skip
    st.caption(words)


# -- what came ---------------------------------------------------------------------------------------------------


def _verdict_of_4(members: Sequence[Member], endings: Sequence[Ending]) -> None:
    aucs = np.array([member.auc() or 0.0 for member in members])
    answer = "near" if (np.abs(aucs - POST_FIGURE_4_AUC) <= NEAR).all() else "good" if aucs.min() >= GOOD else "wide"
    like = sum(one.like_figure_4 for one in endings)
    _learn.verdict(
        "figures", answer, ENDS,
        f"{len(aucs)} seeds end between {aucs.min():.3f} and {aucs.max():.3f}. {like} of them end as the post's Figure "
        f"4 does: AUC below .5, D's loss low, and G's risen since it was frozen.",
    )  # fmt: skip


def _mean(values: Sequence[float | None]) -> str:
    known = [value for value in values if value is not None]
    return f"{np.mean(known):.3f}" if known else "–"


def _told_of_4(endings: Sequence[Ending]) -> str:
    """Where the post's explanation does not hold, as far as these runs show it."""
    told = ""
    if all(one.auc_1000 is not None and one.auc_1000 > 0.9 for one in endings):
        told += " Half-way through the game all of them rank well: the bias alone has not decided anything yet."
    stopped = [one for one in endings if one.g_loss_stop is not None]
    rising = sum(one.g_loss_end > (one.g_loss_stop or 0) for one in stopped)
    if rising:
        told += (
            f" G's loss rises after the freeze in {rising} of {len(stopped)} seeds. G makes no new points then, better "
            "or worse: it is D that changes, trained on against points that stand still."
        )
    return told


def _words(figure: Figure, endings: Sequence[Ending]) -> None:
    early, stop, end = ([getattr(one, f"auc_{at}") for one in endings] for at in ("1000", "stop", "end"))
    told = f"Mean AUC of these seeds: **{_mean(early)}** at iteration 1,000, **{_mean(stop)}** when G is frozen, "
    told += f"**{_mean(end)}** at the end."
    if figure.number == 4:
        told += _told_of_4(endings)
    if figure.number == 5:
        told += (
            " The post's axis says epochs and counts iterations: two batches an epoch, so `stop_epochs` 1000 freezes "
            "G after 2,002 of them. The losses do not settle into a balance there: the game ends."
        )
    if figure.number == 6:
        told += " The post shows one run of this; look where the others end."
        if set(_learn.fixed()) <= {"seed"}:
            told += (
                f" Measured before, {PAPER_SEEDS} seeds: {PAPER_MEAN:.3f} on average, with a standard deviation of "
                f"{PAPER_DEVIATION:.3f}."
            )
    st.markdown(told)


def chapter() -> None:
    """Draw the chapter."""
    st.markdown(
        f"""
The post trains on `{TABLE}` with `stop_epochs` 1000 and shows three pairs of learning curves. Each is *one* run. Here
every button trains {SEEDS} seeds of that set-up, draws one of them as the post does, and beside it where all of them
end.
"""
    )
    _learn.predict(
        "figures", f"The post's Figure 4 ends at AUC .28. Where do {SEEDS} seeds of that very set-up end?", ENDS
    )
    for figure in FIGURES:
        _figure(figure)
    _learn_causes.causes()
    _learn_stop.rule()
    st.caption(
        "Sources: the post *Generative Adversarial Networks For Outlier Detection*, qarchli.github.io, and its code, "
        "github.com/qarchli/pytorch-gan-for-outlier-detection; the authors' code and its README, "
        "github.com/leibinghe/GAAL-based-outlier-detection; Liu et al., TKDE 2019, arXiv 1809.10816."
    )
    _learn.checklist(CHECKS)
