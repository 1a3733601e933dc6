r"""Drift: whether the columns of new rows are distributed as those that a model was trained on.

For each feature the largest difference between the two distribution functions (the Kolmogorov-Smirnov statistic, at the
values that the model remembers), which says how much has moved: at least that share of the rows would have to have
another value for both to be alike. It is held against what chance does: for n training rows and m new ones without
drift the statistic exceeds

    sqrt(-ln(a / 2) / 2) * sqrt(1 / n + 1 / m)

with a probability of about a (Smirnov's limit for continuous columns; rarer for columns with few values), and is about
.87 sqrt(1 / n + 1 / m) in the mean. Beside it the population stability index over B = 10 classes of about equal
training shares p_b, PSI = sum of (q_b - p_b) ln(q_b / p_b), which is about (B - 1) (1 / n + 1 / m) in the mean where
nothing drifts: to second order it is the chi-square statistic. Both are counted while the rows stream by.

A category's levels have no order. Its distance is the total variation, half the sum over its k levels of |q_l - p_l|:
again the share of the rows that would need another value. By Cauchy and Schwarz it is at most half the square root of
the sum of (q_l - p_l)^2 / p_l, which is 1 / n + 1 / m times a chi-square variable of k - 1 degrees of freedom where
nothing drifts, so that chance exceeds

    1 / 2 * sqrt(c * (1 / n + 1 / m))

with a probability of at most about a, where c is that variable's upper quantile of a. Its classes are its levels.

The days and the month of a date go on by themselves: every later file has others. They are measured like all features,
but told apart, by the dates from which to which the rows are.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from sogaal.preparation import Preparation, day_text, shortest
from sogaal.preparation.columns import DAY, RARE
from sogaal.reference import Counts

DoubleArray = npt.NDArray[np.float64]
Verdict = Literal["none", "slight", "clear", "strong"]

# Over all features together chance alone raises an alarm in so many files.
FALSE_ALARMS = 0.01
# From these distances a drift that is no chance is called clear, and strong: our choice.
CLEAR, STRONG = 0.1, 0.25
CLASSES = 10
# Values that the training did not have.
NEW = "(new)"
# The parts of a date that go on with time; its weekday and its hour come again.
PASSING = ("days", "month")
MEAN_OF_KOLMOGOROV = math.sqrt(math.pi / 2) * math.log(2)


@dataclass(frozen=True)
class DriftClass:
    """Values up to ``upto``, from that of the class before on, or a category's ``level``: the share of the training and
    of the new rows."""

    upto: float | None
    training: float
    new: float
    level: str = ""


@dataclass(frozen=True)
class FeatureDrift:
    """How one feature's new values differ from those of the training; shares are of the new rows, 0 to 1. The features
    that a category became are one here, under the column's name.

    ``distance``: the largest difference of the distribution functions. ``limit``: what chance alone hardly exceeds.
    ``at``: the value where the difference is largest; ``lower``: whether new values lie lower there. Of a category
    ``level`` is the one whose share has changed most, ``at`` is None, and ``lower`` says whether it has become rarer.
    ``psi``: the population stability index; ``psi_by_chance``: its mean without drift. ``below``, ``above``: outside
    the range of the training. ``missing``: without a value. ``classes``: those of the index, from the lowest values or
    the most frequent level on. ``passing``: the days or the month of a date, which go on by themselves. ``origin``:
    the moment from which days are counted, in seconds since 1970; None of all else.
    """

    name: str
    distance: float
    limit: float
    at: float | None
    lower: bool
    psi: float
    psi_by_chance: float
    below: float
    above: float
    missing: float
    classes: tuple[DriftClass, ...]
    level: str = ""
    passing: bool = False
    origin: float | None = None

    @property
    def verdict(self) -> Verdict:
        """ "none" where chance explains the distance, else by its size."""
        if self.distance <= self.limit:
            return "none"
        if self.distance < CLEAR:
            return "slight"
        return "clear" if self.distance < STRONG else "strong"


@dataclass(frozen=True)
class DateDrift:
    """A date column whose days have moved beyond chance: its first and last day in ``training`` and among the ``new``
    rows, as "2025-01-31"."""

    name: str
    training: tuple[str, str]
    new: tuple[str, str]

    @property
    def sentence(self) -> str:
        """One sentence for people."""
        ranges = f"({_from_to(self.training)}, now {_from_to(self.new)})"
        (before, until), (first, last) = self.training, self.new
        if (first, last) != (before, until) and first >= before and last >= until:
            return f"{self.name} is later than in training {ranges}, as a later file is."
        if (first, last) != (before, until) and first <= before and last <= until:
            return f"{self.name} is earlier than in training {ranges}."
        return f"{self.name} is spread otherwise than in training {ranges}."


def _from_to(days: tuple[str, str]) -> str:
    return days[0] if days[0] == days[1] else " to ".join(days)


@dataclass(frozen=True)
class Drift:
    """All features of ``rows`` new rows against ``training_rows``, the most distant first; after all others those that
    are passing.

    ``by_chance``: the mean distance of a feature without drift. ``dates``: the date columns that have moved.
    ``absent``: the columns that the new rows do not have; nothing of them is among the features.
    """

    rows: int
    training_rows: int
    by_chance: float
    features: tuple[FeatureDrift, ...]
    dates: tuple[DateDrift, ...] = ()
    absent: tuple[str, ...] = ()

    @property
    def lasting(self) -> tuple[FeatureDrift, ...]:
        """The features that do not move by themselves."""
        return tuple(one for one in self.features if not one.passing)

    def with_verdict(self, *verdicts: Verdict) -> tuple[FeatureDrift, ...]:
        """Those of :attr:`lasting` of which one of these is said."""
        return tuple(one for one in self.lasting if one.verdict in verdicts)


def drift_of(
    counts: Counts,
    names: Sequence[str],
    preparation: Preparation | None = None,
    dates: Mapping[str, tuple[float, float]] | None = None,
    absent: Collection[str] = (),
) -> Drift:
    """What the rows that were counted say; ``names``: of the d features, ``preparation``: what made them of columns,
    among which may be categories and dates. ``dates``: the first and last value among the rows of each date column, by
    its name, in seconds since 1970. ``absent``: columns that the rows do not have: what was filled in there has not
    moved, and is left out. No row at all drifts nowhere."""
    reference = counts.distribution
    found = [] if preparation is None else _categories(preparation)
    levels = {j for _, features in found for j in features}
    there = [j for j, name in enumerate(names) if _column(preparation, j, name) not in absent]
    others = [j for j in there if j not in levels]
    found = [(column, made) for column, made in found if made[0] in there]
    allowed = FALSE_ALARMS / max(len(others) + len(found), 1)
    features = [_feature(counts, j, names[j], allowed) for j in others]
    moved: tuple[DateDrift, ...] = ()
    if preparation is not None:
        features = [_as_part(one, preparation, j) for one, j in zip(features, others, strict=True)]
        moved = _dates(features, counts, preparation, dates or {})
        features += [_category(counts, preparation, column, made, allowed) for column, made in found]
    features.sort(key=lambda one: (one.passing, -one.distance))
    spread = math.sqrt(1 / reference.rows + 1 / counts.rows) if counts.rows else math.inf
    by_chance = min(MEAN_OF_KOLMOGOROV * spread, 1.0)
    return Drift(counts.rows, reference.rows, by_chance, tuple(features), moved, tuple(absent))


def _column(preparation: Preparation | None, j: int, name: str) -> str:
    """The column of the table that feature j was made of."""
    return name if preparation is None else preparation.columns[preparation.features[j].column].name


def _as_part(one: FeatureDrift, preparation: Preparation, j: int) -> FeatureDrift:
    """Feature j, told apart where it is a part of a date that goes on with time."""
    made = preparation.features[j]
    if made.role != "part" or made.detail not in PASSING:
        return one
    return replace(one, passing=True, origin=preparation.columns[made.column].origin if made.detail == "days" else None)


def _dates(
    features: Sequence[FeatureDrift], counts: Counts, preparation: Preparation, dates: Mapping[str, tuple[float, float]]
) -> tuple[DateDrift, ...]:
    moved = {one.name for one in features if one.origin is not None and one.verdict != "none"}
    found = []
    for column, (days, _) in zip(preparation.columns, preparation.spans, strict=True):
        if column.name in dates and preparation.features[days].name in moved:
            edges, _ = counts.distribution.column(days)
            first, last = (day_text(column.origin + float(edge) * DAY) for edge in edges[[0, -1]])
            low, high = map(day_text, dates[column.name])
            found.append(DateDrift(column.name, (first, last), (low, high)))
    return tuple(found)


def _feature(counts: Counts, j: int, name: str, allowed: float) -> FeatureDrift:
    reference = counts.distribution
    edges, shares = reference.column(j)
    bins, total = counts.bins[j], int(counts.bins[j].sum())
    missing = counts.missing[j] / max(counts.rows, 1)
    if not total:
        return FeatureDrift(name, 0.0, 1.0, shortest(edges[:1])[0], False, 0.0, 0.0, 0.0, 0.0, float(missing), ())
    difference = np.cumsum(bins[:-1]) / total - shares
    # Under the smallest value the training has nothing; only the edges are known, so this is told apart.
    below = int(counts.below[j]) / total
    place = int(np.argmax(np.abs(difference)))
    distance, lower = abs(float(difference[place])), bool(difference[place] > 0)
    if below > distance:
        distance, place, lower = below, 0, True
    chance = 1 / reference.rows + 1 / total
    ends, expected, found = _classes(shares, bins)
    classes = zip(shortest(edges[ends]), expected.tolist(), (found / total).tolist(), strict=True)
    return FeatureDrift(
        name=name,
        distance=distance,
        limit=min(math.sqrt(-math.log(allowed / 2) / 2) * math.sqrt(chance), 1.0),
        at=shortest(edges[[place]])[0],
        lower=lower,
        psi=_psi(expected, found),
        psi_by_chance=(len(expected) - 1) * chance,
        below=below,
        above=float(bins[-1]) / total,
        missing=float(missing),
        classes=tuple(DriftClass(*one) for one in classes),
    )


def _classes(
    shares: DoubleArray, bins: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], DoubleArray, npt.NDArray[np.int64]]:
    """At most :data:`CLASSES` classes: the places of their last edges, training shares and new counts.

    What lies above all edges is in the last.
    """
    wanted = np.arange(1, CLASSES + 1) / CLASSES
    ends = np.unique(shares.searchsorted(wanted - 1e-12).clip(0, len(shares) - 1))
    expected = np.diff(shares[ends], prepend=0.0)
    starts = np.append(0, ends[:-1] + 1)
    return ends, expected, np.add.reduceat(bins, starts)


def _categories(preparation: Preparation) -> list[tuple[int, range]]:
    """The position of each category, and those of the features that its levels became."""
    found = []
    for position, (column, (first, last)) in enumerate(zip(preparation.columns, preparation.spans, strict=True)):
        if column.kind == "category":
            found.append((position, range(first, last - 1 if column.indicator else last)))
    return found


def _category(counts: Counts, preparation: Preparation, position: int, features: range, allowed: float) -> FeatureDrift:
    name, n, m = preparation.columns[position].name, counts.distribution.rows, counts.rows
    if not m:
        return FeatureDrift(name, 0.0, 1.0, None, False, 0.0, 0.0, 0.0, 0.0, 0.0, ())
    from scipy.special import chdtri  # most tables have no category

    expected = np.array([_training_ones(counts, j) / n for j in features])
    found = np.array([_new_ones(counts, j) / m for j in features])
    texts = [preparation.features[j].detail or RARE for j in features]
    unknown = 1 - found.sum()  # a level that no feature knows makes all of them 0
    if unknown > 0.5 / m:
        expected, found, texts = np.append(expected, 0.0), np.append(found, unknown), [*texts, NEW]
    distance = 0.5 * float(np.abs(found - expected).sum())
    chance, freedom = 1 / n + 1 / m, max(len(features) - 1, 1)
    most = int(np.argmax(np.abs(found - expected)))
    order = np.argsort(-expected, kind="stable").tolist()
    return FeatureDrift(
        name=name,
        distance=distance,
        limit=min(0.5 * math.sqrt(float(chdtri(freedom, allowed)) * chance), 1.0),
        at=None,
        lower=bool(found[most] < expected[most]),
        psi=_psi(np.maximum(expected, 0.5 / n), np.rint(found * m).astype(np.int64)),
        psi_by_chance=freedom * chance,
        below=0.0,
        above=0.0,
        missing=0.0,
        classes=tuple(DriftClass(None, float(expected[i]), float(found[i]), texts[i]) for i in order),
        level=texts[most],
    )


def _training_ones(counts: Counts, j: int) -> int:
    """In how many training rows a feature of 0 and 1 was 1."""
    edges, shares = counts.distribution.column(j)
    zeros = float(shares[edges < 0.5].max(initial=0.0))
    return round((1 - zeros) * counts.distribution.rows)


def _new_ones(counts: Counts, j: int) -> int:
    """In how many new rows it is."""
    edges, _ = counts.distribution.column(j)
    zeros = int((edges < 0.5).sum())
    # Where the training had no 0, the first bin has both.
    return int(counts.bins[j][zeros:].sum() - (0 if zeros else counts.below[j]))


def _psi(expected: DoubleArray, found: npt.NDArray[np.int64]) -> float:
    if len(expected) < 2:
        return 0.0
    # Half a row more in each class: one without any would make it infinite.
    q = (found + 0.5) / (found.sum() + 0.5 * len(found))
    return float(((q - expected) * np.log(q / expected)).sum())
