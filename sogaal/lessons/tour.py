"""A tour through the ways in which a GAN fails: for each a set-up that shows it, and what was measured of it.

    failure = TOUR["mode_collapse"]
    trainer = Trainer(X, failure.config(seed=3), y)

The kinds are those of :mod:`sogaal.diagnosis`, which names them from a run's own evidence. How many seeds show a kind,
and what MO-GAAL makes of the same set-up, was measured by ``benchmarks/tour.py`` and stands in ``tour.json``.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from math import isfinite, log
from typing import Any, Literal

import numpy as np

from sogaal.config import TrainConfig, make_config
from sogaal.history import HistoryView

Question = Literal["auc", "losses"]
Change = Literal["cured", "better", "same", "well"]

# What a reader may predict, from the bands of the AUC and from how the losses stand when G stops.
ANSWERS: Mapping[Question, Mapping[str, str]] = {
    "auc": {
        "good": "An AUC of .9 or more: a good detector.",
        "weak": "An AUC between .6 and .9.",
        "guessing": "An AUC between .4 and .6: no better than guessing.",
        "reversed": "An AUC under .4: upside down.",
    },
    "losses": {
        "wins": "D's loss goes to 0.",
        "draw": "Both losses end near ln 2 = 0.693.",
        "runaway": "G's loss runs away, or the numbers leave the finite range.",
        "neither": "None of these: D stays ahead, but does not win.",
    },
}
# Losses are judged by their medians over this share of the steps before G stops, as the diagnosis does.
WINDOW = 1 / 40
D_WINS, DRAW_D, DRAW_G = 0.1, 0.03, 0.06
# Most seeds are so many; a mean AUC that is so much higher is better.
MOST, RISE = 2 / 3, 0.1


@dataclass(frozen=True)
class Failure:
    """A way to fail, or, for comparison, to succeed.

    ``kind``: of the diagnosis. ``setup``: what is different in it, in words. ``why``: sentences for a student.
    ``question`` in full, asked before the run; ``asks``: which of :data:`ANSWERS` belong to it. ``seed``: the first
    that shows it plainly.
    """

    kind: str
    title: str
    setup: str
    why: str
    asks: Question
    question: str
    preset: str = "post"
    dataset: str = "onecluster"
    changes: Mapping[str, Any] = field(default_factory=dict)
    scaling: str = "minmax"
    seed: int = 0

    def config(self, **values: Any) -> TrainConfig:
        """The set-up with ``values`` (the seed) on top."""
        return make_config(self.preset, **(dict(self.changes) | values))


_FAILURES = (
    Failure(
        "discriminator_wins",
        "The discriminator wins",
        "D's learning rate is .1 instead of .01.",
        "D tells the generated points from the data without fail. Then its answer is the same, *generated*, wherever "
        "G moves, and G gets no hint which way to go. And D needs to look at nothing but the gap between the two.",
        "auc",
        "D wins its game against G. How good a detector of outliers is it then?",
        changes={"lr_d": 0.1},
        seed=1,  # as robust; with others D may win only once G is frozen
    ),
    Failure(
        "dead_generator",
        "A dead generator",
        "G starts with a bias of -1 instead of 1e-5.",
        "G's layers cut at zero (ReLU). Where a unit's sum is negative for every noise, it gives 0 and passes no "
        "gradient: it never comes back. G then makes one and the same point in that feature, whatever the noise.",
        "losses",
        "G makes the same point for ever. How do the losses stand when it is stopped?",
        changes={"generator_bias": -1.0},
    ),
    Failure(
        "never_reaches",
        "The generator never reaches the data",
        "G's learning rate is 1e-6 instead of 1e-4.",
        "Potential outliers teach D where the data end when they lie about them. Here G hardly moves: they stay where "
        "the noise put them, spread evenly and mostly far out.",
        "auc",
        "G's points stay where they are, far from the data. How good a detector does D become?",
        changes={"lr_g": 1e-6},
    ),
    Failure(
        "mode_collapse",
        "Mode collapse",
        "G's learning rate is .002 instead of 1e-4.",
        "All noise leads to almost the same point: the one that D holds to be most real just then. G's points gather "
        "in a spot, or on a line, and D is told nothing about all other places.",
        "auc",
        "G's points gather in one spot. How good a detector is D in the end?",
        changes={"lr_g": 0.002},
    ),
    Failure(
        "over_trained",
        "Over-trained after the stop",
        "G starts with a bias of 1, as in the post's Figure 4. It stops after step 2,002; D goes on to step 6,000.",
        "After G has stopped, D goes on learning against points that no longer move. It fits those ever more closely, "
        "and forgets the rest of the space, where the outliers are.",
        "auc",
        "When G stops, D ranks well in most runs. It trains on alone, twice as long again. And then?",
        preset="post_bias_one",
    ),
    Failure(
        "stopped_too_early",
        "Stopped too early",
        "G stops after 100 epochs instead of 1,000.",
        "G's points are still on their way when G is stopped, and D has hardly learned. It sees only coarse examples "
        "of what is not real.",
        "auc",
        "G stops long before it has reached the data. How good a detector is D at the end?",
        changes={"stop_epochs": 100},
    ),
    Failure(
        "oscillation",
        "Oscillation",
        "G never stops: it trains for all 3,000 epochs.",
        "G's points move to where D calls them real; D learns that they are there, and they move on. The losses go up "
        "and down again and again, and D's map turns with them.",
        "auc",
        "G and D chase each other to the end. How good is the ranking at the last step?",
        changes={"whether_stop": 0},
        seed=2,  # shows it even where each value is shaken by a millionth, as another processor would
    ),
    Failure(
        "divergence",
        "Divergence",
        "The momentum is .99 instead of .9.",
        "Each update carries almost all of the last one with it. The updates add up until the networks are flung past "
        "each other, and the losses with them.",
        "losses",
        "Steps that grow on each other: how do the losses stand when G is stopped?",
        changes={"momentum": 0.99},
    ),
    Failure(
        "inverted_ranking",
        "An inverted ranking",
        "The table is wine, with 13 features and 129 rows; G stops after 400 epochs.",
        "G's points have come to lie among the normal rows, or passed to their other side, and D has learned to reject "
        "that region. What lies elsewhere, outliers too, passes for real.",
        "auc",
        "Few rows, many features, and a G that has had its time. How good is the ranking at the end?",
        dataset="wine",
        changes={"stop_epochs": 400},
    ),
    Failure(
        "unscaled",
        "Unscaled data",
        "The table is breast_cancer, with the authors' setting, but its columns keep their own scales.",
        "G's noise lies between 0 and 1. Columns in the hundreds are out of its reach, and D tells the two apart by "
        "their size alone.",
        "auc",
        "Scaled, the same set-up ranks with .99 when G stops. How good is the ranking of columns as they come?",
        preset="paper_wdbc_so",
        dataset="breast_cancer",
        scaling="none",
    ),
    Failure(
        "healthy",
        "No failure, for comparison",
        "The post's set-up, with D taken as it is when G stops.",
        "G's points have come to the data and neither network has won. In some seeds both losses end near ln 2: the "
        "*equilibrium* of the theory. It says little about the ranking: the run without a stop comes to such losses "
        "too, with a ranking that is lost.",
        "auc",
        "Nothing is out of the ordinary here. How good a detector is D when G stops?",
        changes={"max_epochs": 1001, "score_at": "stop"},
    ),
)
TOUR: Mapping[str, Failure] = {failure.kind: failure for failure in _FAILURES}


# -- what a run came to ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Outcome:
    """What a run came to: medians of the losses when G stops (``step``, from 1), and the AUC, NaN without one."""

    step: int
    d_loss: float
    g_loss: float
    auc: float
    kinds: Collection[str]

    def answer(self, asks: Question) -> str | None:
        """The key of the right answer in ``ANSWERS[asks]``; None where there is no AUC."""
        if asks == "auc":
            return _band(self.auc) if isfinite(self.auc) else None
        if "divergence" in self.kinds:
            return "runaway"
        if self.d_loss < D_WINS:
            return "wins"
        draw = abs(self.d_loss - log(2)) < DRAW_D and abs(self.g_loss - log(2)) < DRAW_G
        return "draw" if draw else "neither"


def _band(auc: float) -> str:
    return "good" if auc >= 0.9 else "weak" if auc >= 0.6 else "guessing" if auc >= 0.4 else "reversed"


def outcome(
    view: HistoryView, stop_step: int | None, kinds: Collection[str], *, diverged: bool = False, at_stop: bool = False
) -> Outcome:
    """What the run with history ``view`` (one step at least) came to.

    ``kinds``: what the diagnosis found. ``at_stop``: D is taken as it was when G stopped.
    """
    step = view.steps if stop_step is None else min(stop_step, view.steps)
    last = slice(max(0, step - max(1, int(WINDOW * step))), step)
    aucs = view.auc[view.eval_step <= step] if at_stop else view.auc
    auc = float(aucs[-1]) if len(aucs) and not diverged else float("nan")
    return Outcome(step, float(np.median(view.d_loss[last])), float(np.median(view.g_loss[last])), auc, tuple(kinds))


# -- what was measured -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Seeds:
    """A set-up over ``count`` seeds from 0: the last AUC of each that did not diverge, how many did, and how many were
    found to show the failure."""

    count: int
    auc: tuple[float, ...]
    diverged: int
    shown: int

    @property
    def good(self) -> float:
        """Share of the seeds that end with an AUC of .9 or more."""
        return sum(auc >= 0.9 for auc in self.auc) / self.count

    @property
    def mean(self) -> float:
        """Mean AUC, NaN where all diverged."""
        return float(np.mean(self.auc)) if self.auc else float("nan")


@dataclass(frozen=True)
class Measured:
    """A failure's set-up with one generator, and the same with MO-GAAL's ten."""

    one: Seeds
    ten: Seeds

    @property
    def change(self) -> Change:
        """What ten generators make of it, by the AUC: "cured" where most runs rank well (:data:`MOST`), "better" where
        the mean rises by :data:`RISE`, "same" where not; "well" where one generator ranked well already."""
        if self.one.good >= MOST:
            return "well"
        if self.ten.good >= MOST:
            return "cured"
        return "better" if self.ten.mean - self.one.mean >= RISE else "same"


def measured() -> Mapping[str, Measured]:
    """What was measured of each failure of the tour, by kind."""
    found = json.loads(files("sogaal.lessons").joinpath("tour.json").read_text(encoding="utf-8"))
    return {
        kind: Measured(**{name: Seeds(**(one | {"auc": tuple(one["auc"])})) for name, one in both.items()})
        for kind, both in found.items()
    }
