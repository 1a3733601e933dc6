"""Chapter 4's experiment: uniform noise against a generator as the reference, in few features and in many."""

import numpy as np
import streamlit as st

from pages import _learn_parts as _learn
from pages import _learn_population, _server
from pages._theme import dark
from sogaal.config import TrainConfig
from sogaal.data import Dataset
from sogaal.errors import SogaalError
from sogaal.figures.learn_lines import LearnLine, LearnLinesInfo, learn_lines_spec
from sogaal.lessons.agpo import DIMENSIONS, Duel, Surroundings, ball_share, cluster, duel, outline, surroundings
from sogaal.lessons.slow_step import trained_to
from sogaal.pool import shared_pool
from sogaal.trainer import Trainer

FIRST, EARLY, SEEDS, MAX_DUELS = 20, 600, 3, 64
# When the distances are looked at.
MOMENTS = (1, 200, 600, 1000, 2000)
EPOCHS = 1001
# Means that differ by less are called level.
LEVEL = 0.02
ANSWERS = {
    "gaal": "The one with G, early and late.",
    "noise": "The one with uniform noise, early and late.",
    "turns": "Early the one with G, late the one with uniform noise.",
    "level": "Neither is clearly ahead.",
}


@st.cache_resource(show_spinner=False)
def _duels() -> dict[tuple[str, TrainConfig], Duel]:
    return {}


@st.cache_resource(show_spinner=False, max_entries=16)
def _made(d: int) -> Dataset:
    return cluster(d)


def set_up(epochs: int) -> TrainConfig:
    """The post's set-up; G trains to the run's end, and the AUC is measured about every 50 steps."""
    values = {"stop_epochs": epochs - 1, "max_epochs": epochs, "eval_every": max(1, epochs // 40)}
    return _learn.setup("post", **values).replace(algorithm="so-gaal", device="cpu")


def again(dataset: Dataset, config: TrainConfig) -> None:
    """Whoever presses the button sees it trained, though it comes out the same."""
    _duels().pop((dataset.fingerprint, config), None)


def trained(dataset: Dataset, config: TrainConfig) -> Duel | None:
    """Both sides on a table, trained here and now unless they were before; None with a message if they cannot be."""
    known, key = _duels(), (dataset.fingerprint, config)
    if key not in known and dataset.y is not None:
        bar = st.progress(0.0, text=f"Training on {dataset.name} …")
        seeds = range(config.seed, config.seed + SEEDS)
        X = _server.scaled(dataset.fingerprint, "minmax", dataset)

        def tell(done: int, total: int) -> None:
            bar.progress(done / total, text=f"{done} of {total} runs on {dataset.name}")

        try:
            known[key] = duel(X, dataset.y, config, seeds, shared_pool(), tell)
        except SogaalError as error:
            st.error(_learn.plain(str(error)), icon=":material/error:")
        bar.empty()
        while len(known) > MAX_DUELS:
            known.pop(next(iter(known)), None)
    return known.get(key)


@st.cache_resource(show_spinner="Looking where G's points are …", max_entries=32)
def _surroundings(fingerprint: str, config: TrainConfig, steps: int, _dataset: Dataset) -> Surroundings:
    trainer = Trainer(_server.scaled(fingerprint, "minmax", _dataset), config, _dataset.y)
    return surroundings(trained_to(trainer, min(steps, trainer.total_steps)))


def ahead(gain: float) -> str:
    return "level" if abs(gain) < LEVEL else "gaal" if gain > 0 else "noise"


def told(found: Duel, step: int) -> str:
    place = found.place(step)
    parts = [
        f"{name} {values[:, place].mean():.2f} ({values[:, place].min():.2f} to {values[:, place].max():.2f})"
        for name, values in (("noise", found.noise), ("SO-GAAL", found.gaal))
    ]
    return f"after {found.step[place]:,} steps {' and '.join(parts)}"


# -- features ----------------------------------------------------------------------------------------------------


def dimensions() -> None:
    """Draw the experiment with tables of more and more features."""
    st.markdown(
        f"""
The experiment: a round cluster of 1,000 rows, 30 of them outliers, with as many features as you like. Outliers differ
from the cluster in five of them (in two, if there are but two). One D learns to tell the rows from uniform noise, and
one from what G makes (SO-GAAL). All else is the same, and each is trained with {SEEDS} seeds.
"""
    )
    _learn.predict(
        "agpo", f"{FIRST} features. Which D ranks the rows better, after {EARLY} steps and after 2,000?", ANSWERS
    )
    config = set_up(EPOCHS)
    key = _learn.space_until("agpo_ran")
    if st.button("Train both", key="run_agpo", icon=":material/play_arrow:", type="primary", shortcut=key):
        again(_made(FIRST), config)
        _learn.tick("agpo_ran")
    if _learn.starts():
        _learn.tick("agpo_ran")
    if not _learn.done("agpo_ran"):
        return
    first = trained(_made(FIRST), config)
    if first is None:
        return
    early, late = ahead(first.gain(EARLY)), ahead(first.gain(int(first.step[-1])))
    answer = early if early == late else "turns" if (early, late) == ("gaal", "noise") else "level"
    _learn.verdict(
        "agpo", answer, ANSWERS,
        f"Mean AUC with {FIRST} features: {told(first, EARLY)}, {told(first, int(first.step[-1]))}.",
    )  # fmt: skip
    d, steps = FIRST, EARLY
    if "controls" not in _learn.hidden():
        left, right = st.columns(2, gap="medium")
        d = left.select_slider("Features d (a new one is trained at once)", DIMENSIONS, FIRST, key="agpo_d")
        steps = right.select_slider("Look where G's points are after (steps)", MOMENTS, EARLY, key="agpo_steps")
        if d != FIRST:
            _learn.tick("agpo_moved")
        if steps != EARLY:
            _learn.tick("agpo_looked")
    found = trained(_made(d), config)
    if found is not None:
        left, right = _learn_population.columns("agpo")
        with left:
            curves(found, "agpo_curves", f"{d} features")
        with right:
            _where(d, steps, config)
        _overview(config)


def curves(found: Duel, name: str, of: str) -> None:
    x = found.step.astype(np.float64)
    sides = (("uniform noise", found.noise, "muted", "dash"), ("SO-GAAL", found.gaal, "generated", "solid"))
    info = LearnLinesInfo(
        lines=[
            LearnLine(side, x, v.mean(axis=0), role, dash, low=v.min(axis=0), high=v.max(axis=0))
            for side, v, role, dash in sides
        ],
        x_title="steps", y_title="ROC-AUC", x_range=(0, float(x[-1])), y_range=(0, 1.03),
    )  # fmt: skip
    words = f"{of}: mean AUC by step, and lowest to highest of {len(found.noise)} seeds: "
    moments = (EARLY, int(x[-1])) if x[-1] > 1.1 * EARLY else (int(x[-1]),)
    words += "; ".join(told(found, step) for step in moments)
    if found.problem:
        words += f". Left out, as it did not end: {_learn.plain(found.problem.rstrip('.'))}"
    _learn.chart(learn_lines_spec(info, dark=dark()), name, f"{words}.", 330)


def _where(d: int, steps: int, config: TrainConfig) -> None:
    dataset = _made(d)
    try:
        seen = _surroundings(dataset.fingerprint, config, steps, dataset)
    except SogaalError as error:
        st.error(_learn.plain(str(error)), icon=":material/error:")
        return
    high = 1.05 * float(max(seen.noise.max(), seen.inliers.max(), np.quantile(seen.generated, 0.99)))
    kinds = (
        ("inliers", seen.inliers, "inlier", "solid"), ("outliers", seen.outliers, "outlier", "dot"),
        ("uniform noise", seen.noise, "muted", "dash"), ("G(z)", seen.generated, "generated", "solid"),
    )  # fmt: skip
    info = LearnLinesInfo(
        lines=[LearnLine(name, *outline(values, 0, high), role, dash) for name, values, role, dash in kinds],
        x_title="distance from the middle, per feature", y_title="how many", x_range=(0, high), y_range=(0, 1.05),
    )  # fmt: skip
    words = (
        f"{d} features: how far out rows, noise, and G's points after {steps:,} steps lie (seed {config.seed}). "
        f"{seen.share:.1%} of the noise is no further out than 95 % of the rows."
    )
    _learn.chart(learn_lines_spec(info, dark=dark()), "agpo_where", words, 330)
    st.latex(rf"\text{{ball in cube:}}\quad \frac{{\pi^{{d/2}}}}{{2^d\,\Gamma(d/2+1)}} = {_power(ball_share(d))}")


def _power(share: float) -> str:
    if share > 0.01:
        return f"{share:.3f}"
    mantissa, exponent = f"{share:.1e}".split("e")
    return rf"{mantissa}\cdot 10^{{{int(exponent)}}}"


def _overview(config: TrainConfig) -> None:
    """All dimensions that have been trained so far, early and late."""
    known = [(d, _duels().get((_made(d).fingerprint, config))) for d in DIMENSIONS]
    rows = [
        {"features": d, f"noise, {EARLY} steps": _cell(found.noise, found.place(EARLY)),
         f"SO-GAAL, {EARLY} steps": _cell(found.gaal, found.place(EARLY)),
         "noise, end": _cell(found.noise, -1), "SO-GAAL, end": _cell(found.gaal, -1)}
        for d, found in known if found is not None
    ]  # fmt: skip
    st.dataframe(rows, hide_index=True, height="content", alt="AUC of both by number of features, early and at the end")
    st.caption(f"Mean AUC, and lowest to highest of {SEEDS} seeds, for every number of features trained so far.")


def _cell(values: np.ndarray, place: int) -> str:
    at = values[:, place]
    return f"{at.mean():.2f} ({at.min():.2f}–{at.max():.2f})"
