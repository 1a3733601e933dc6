"""What a sweep looks for: a number for each trial, made of the runs that the trial trained.

An objective either needs labels, and then the best trial was *chosen with labels*, which everybody who shows it has to
say; or it needs none, and then it is given none.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

import numpy as np
import numpy.typing as npt

from sogaal.errors import ConfigError
from sogaal.frames import DiscriminatorWeights
from sogaal.labelfree import excess_mass, likeness, uniform_rows
from sogaal.metrics import average_precision
from sogaal.outcomes import Part, RunOutcome
from sogaal.seeding import Stream, stream
from sogaal.spelling import same_name
from sogaal.trust import trust_of
from sogaal.voting import combined

FloatArray = npt.NDArray[np.float32]
LabelArray = npt.NDArray[np.int8]
IntArray = npt.NDArray[np.int64]
Scores = npt.NDArray[np.floating[Any]]

Found = TypeVar("Found")

CHOSEN_WITH_LABELS = "chosen with labels"
# Rows that kNN and Isolation Forest are fitted on, where the table has more.
RIVAL_ROWS = 20_000


class Unmeasured(Exception):
    """A trial whose runs do not have what the objective measures; the message says what and why."""


@dataclass(frozen=True, eq=False)
class Judged:
    """What an objective may look at: the ``outcomes`` of a trial's runs, one for each seed in their order, all of which
    came to their end; the table ``X`` (n, d) as the networks see it; ``y`` (n,), None unless the objective needs it.
    ``known``: what was made of the table alone; whoever replaces the outcomes hands it on, so that it is made once."""

    outcomes: Sequence[RunOutcome]
    X: FloatArray
    y: LabelArray | None
    known: dict[str, Any] = field(default_factory=dict)

    def logits(self) -> list[FloatArray]:
        """Of each run, (n,), lower = more abnormal, by the D that scores; raises :class:`Unmeasured`."""
        return [_scoring(outcome, outcome.logits_stop, outcome.logits_end) for outcome in self.outcomes]

    def discriminators(self) -> list[DiscriminatorWeights]:
        """Of each run, the D that scores; raises :class:`Unmeasured`."""
        return [_scoring(outcome, outcome.weights_stop, outcome.weights_end) for outcome in self.outcomes]

    @property
    def uniform(self) -> FloatArray:
        """Rows drawn evenly from the box around the table, as of :func:`sogaal.labelfree.uniform_rows`."""
        return self._once("uniform", uniform_rows)

    @property
    def rivals(self) -> tuple[IntArray, list[Scores]]:
        """(numbers of rows (r,), what kNN and Isolation Forest make of them, (r,) each, lower = more abnormal)."""
        return self._once("rivals", _rivals)

    def _once(self, name: str, make: Callable[[FloatArray], Found]) -> Found:
        if name not in self.known:
            self.known[name] = make(self.X)
        found: Found = self.known[name]
        return found


@dataclass(frozen=True)
class Objective:
    """One way to judge trials.

    ``title``: a few words; ``says``: a line of explanation. ``labels``: whether it needs them. ``least_seeds``: how
    many runs it takes at least. ``maximise``: whether more is better. ``at``: which D it is about, "stop" or "end";
    None: whichever scores. ``keep``: what the outcomes must hold. ``measure``: the number; raises
    :class:`Unmeasured`. ``reads``: how to read a value of one that needs no labels. ``of_one_ranking``: whether it is
    about rankings alone, one by one, so that those of several seeds together can be measured too.
    """

    name: str
    title: str
    says: str
    labels: bool
    least_seeds: int
    maximise: bool
    at: Literal["stop", "end"] | None
    keep: tuple[Part, ...]
    measure: Callable[[Judged], float]
    reads: str = ""
    of_one_ranking: bool = False

    @property
    def direction(self) -> Literal["maximize", "minimize"]:
        """As Optuna calls it."""
        return "maximize" if self.maximise else "minimize"

    @property
    def chosen(self) -> str:
        """What has to be said of its choice: that labels made it, or that none did."""
        return CHOSEN_WITH_LABELS if self.labels else "chosen without labels"

    def better(self, one: float, other: float) -> bool:
        """Whether ``one`` is better than ``other``."""
        return one > other if self.maximise else one < other


def _scoring(outcome: RunOutcome, at_stop: Found | None, at_end: Found | None) -> Found:
    """That of the D that scores."""
    stop = outcome.config.score_at == "stop" and outcome.config.stop_step(1) is not None
    found = at_stop if stop else at_end
    if found is None:
        raise Unmeasured(f"seed {outcome.config.seed}: G does not stop within the run.")
    return found


def _rivals(X: FloatArray) -> tuple[IntArray, list[Scores]]:
    from sogaal.rivals.classic import isolation_forest, knn  # here: scikit-learn's detectors take long to load

    rows = np.arange(len(X))
    if len(X) > RIVAL_ROWS:
        rows = np.sort(stream(0, Stream.SAMPLE, 6).choice(len(X), RIVAL_ROWS, replace=False))
    return rows, [fit(X[rows], 0)[0] for fit in (knn, isolation_forest)]


def _mean_of(name: str, missing: str) -> Callable[[Judged], float]:
    def measure(judged: Judged) -> float:
        found = []
        for outcome in judged.outcomes:
            value = (outcome.summary or {}).get(name)
            if value is None:
                raise Unmeasured(f"seed {outcome.config.seed}: {missing}")
            found.append(float(value))
        return float(np.mean(found))

    return measure


def _average_precision(judged: Judged) -> float:
    assert judged.y is not None
    y = judged.y
    return float(np.mean([average_precision(logits, y) for logits in judged.logits()]))


def _agreement(judged: Judged) -> float:
    seeds = [outcome.config.seed for outcome in judged.outcomes]
    return trust_of(judged.logits(), seeds, 1).correlation


def _excess_mass(judged: Judged) -> float:
    pairs = zip(judged.logits(), judged.discriminators(), strict=True)
    return float(np.mean([excess_mass(logits, combined([D], judged.uniform)) for logits, D in pairs]))


def _rival_likeness(judged: Judged) -> float:
    rows, rivals = judged.rivals
    return float(np.mean([likeness(logits[rows], scores) for logits in judged.logits() for scores in rivals]))


_OBJECTIVES = (
    Objective(
        "auc_stop",
        "AUC at stop",
        "ROC-AUC of the D that was kept when G stopped, mean over the seeds. Needs labels.",
        labels=True,
        least_seeds=1,
        maximise=True,
        at="stop",
        keep=("summary",),
        measure=_mean_of("auc_stop", "there is no AUC at stop, for G does not stop within the run."),
    ),
    Objective(
        "auc_end",
        "AUC at end",
        "ROC-AUC of the last D, mean over the seeds. Needs labels.",
        labels=True,
        least_seeds=1,
        maximise=True,
        at="end",
        keep=("summary",),
        measure=_mean_of("auc_final", "there is no AUC."),
    ),
    Objective(
        "average_precision",
        "Average precision",
        "Average precision of the D that scores, mean over the seeds: how pure the top is. Needs labels.",
        labels=True,
        least_seeds=1,
        maximise=True,
        at=None,
        keep=("summary", "logits"),
        measure=_average_precision,
    ),
    Objective(
        "seed_agreement",
        "Agreement of seeds",
        "Mean rank correlation (Spearman) of the seeds' rankings, pair by pair. No label is used; seeds may agree on a "
        "wrong ranking, too.",
        labels=False,
        least_seeds=2,
        maximise=True,
        at=None,
        keep=("summary", "logits"),
        measure=_agreement,
        reads="1 = the seeds rank alike, 0 = they have nothing in common; it does not say whether they are right.",
    ),
    Objective(
        "excess_mass",
        "Excess mass",
        "How small a region D keeps nine tenths of the rows in (Goix 2016), mean over the seeds. No label is used; in "
        "many dimensions it says little.",
        labels=False,
        least_seeds=1,
        maximise=True,
        at=None,
        keep=("summary", "logits", "weights"),
        measure=_excess_mass,
        reads="It compares set-ups on one table; how high is good depends on the table.",
    ),
    Objective(
        "rival_likeness",
        "Likeness to rivals",
        "Mean rank correlation (Spearman) of each seed's ranking with those of kNN and of Isolation Forest. No label "
        "is used; what these two miss, it does not reward.",
        labels=False,
        least_seeds=1,
        maximise=True,
        at=None,
        keep=("summary", "logits"),
        measure=_rival_likeness,
        reads="1 = the rows rank as kNN and Isolation Forest rank them, 0 = in an order that has nothing to do with "
        "theirs, under 0 = rather the other way round.",
        of_one_ranking=True,
    ),
)
# All there are, by name. To add one is to add it to the tuple above.
OBJECTIVES: Mapping[str, Objective] = {one.name: one for one in _OBJECTIVES}
# What trials are judged by where nobody says: with labels, and without; docs/objectives.md has what was measured.
DEFAULT, DEFAULT_WITHOUT_LABELS = "auc_stop", "rival_likeness"


def default_objective(y: LabelArray | None) -> Objective:
    """The one for a table with labels ``y``, or with none."""
    return OBJECTIVES[DEFAULT if y is not None else DEFAULT_WITHOUT_LABELS]


def objective_of(name: str) -> Objective:
    """The objective of that name, in any case; raises :class:`ConfigError` for another."""
    known = same_name(name, OBJECTIVES)
    if known is None:
        raise ConfigError(f"objective must be one of {', '.join(OBJECTIVES)}, got {name!r}.", field="objective")
    return OBJECTIVES[known]
