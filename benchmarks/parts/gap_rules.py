"""Rules that choose between marking gaps and filling them without a label, and what each costs.

What a table with a cut and a detector gave is an `Outcome`; a rule makes an AUC of it, and its regret is how much lower
that is than with the better way, which only labels know.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sogaal.data.gaps import LEAST_RATIO

from .gap_tables import CUTS

WAYS = ("mark", "fill")
BOTH = "mean rank"  # of a row in the rankings of both ways
SHARES = (0.0, 0.05, 0.1, 0.15, 0.25, 0.5, 0.75, 0.9, 1.01)


@dataclass(frozen=True)
class Outcome:
    """auc: by way, a list over seeds. gappy: the share of rows with a gap; top: of the flagged ones, with gaps marked;
    told: whether the library's words on gaps appear then; lists over seeds."""

    table: str
    meaning: bool
    auc: Mapping[str, list[float]]
    gappy: list[float]
    top: list[float]
    told: list[bool]

    @property
    def best(self) -> float:
        """The mean AUC of the better way."""
        return max(float(np.mean(self.auc[way])) for way in WAYS)

    def chosen(self, fills: Sequence[bool]) -> float:
        """The mean AUC where a rule chose to fill with some seeds."""
        return float(np.mean([self.auc["fill" if fill else "mark"][i] for i, fill in enumerate(fills)]))


def outcomes(tables: Mapping[str, Mapping[str, Any]], detector: str) -> Iterator[Outcome]:
    """All of a detector."""
    for name, table in tables.items():
        for cut, one in table["cuts"].items():
            top, told = one["top"][detector]["mark"], one["told"][detector]
            yield Outcome(name, CUTS[cut].meaning, one["auc"][detector], one["gappy"], top, told)


Rule = Callable[[Outcome, Sequence[Outcome]], float]


def _both_sides(one: Outcome, others: Sequence[Outcome]) -> float:  # noqa: ARG001
    pairs = zip(one.told, one.top, one.gappy, strict=True)
    return one.chosen([told or top * LEAST_RATIO <= gappy for told, top, gappy in pairs])


def _fewer(one: Outcome, share: float) -> float:
    return one.chosen([gappy < share for gappy in one.gappy])


def _more(one: Outcome, share: float) -> float:
    return one.chosen([gappy >= share for gappy in one.gappy])


def _by_share(one: Outcome, others: Sequence[Outcome]) -> float:
    """Fill below, or above, the share of rows with a gap that cost least on the other tables."""
    elsewhere = [other for other in others if other.table != one.table] or list(others)
    candidates = [(side, share) for side in (_fewer, _more) for share in SHARES]
    side, share = max(candidates, key=lambda it: balanced([it[0](other, it[1]) for other in elsewhere], elsewhere))
    return side(one, share)


RULES: Mapping[str, tuple[str, Rule]] = {
    "always mark": ("today's default", lambda one, _: one.chosen([False] * len(one.gappy))),
    "always fill": ("no feature says where", lambda one, _: one.chosen([True] * len(one.gappy))),
    "the library's words": (
        "rank with gaps marked; fill where the flagged rows have an empty cell at least twice as often as all rows, "
        "which the result says today",
        lambda one, _: one.chosen(one.told),
    ),
    "words on both sides": ("the same, and where they have one at most half as often", _both_sides),
    "share of rows": (
        "fill where fewer (or more) rows than a share have a gap; side and share are those that cost least on the "
        "other tables, labels known",
        _by_share,
    ),
    BOTH: (
        "rank both ways, and go by the mean of a row's two ranks",
        lambda one, _: float(np.mean(one.auc[BOTH])),
    ),
}  # fmt: skip


def balanced(values: Sequence[float], them: Sequence[Outcome]) -> float:
    """The mean of the mean where gaps mean something and the mean where they mean nothing."""
    groups = [[v for v, one in zip(values, them, strict=True) if one.meaning is meaning] for meaning in (True, False)]
    return float(np.mean([np.mean(group) for group in groups if group]))


def regrets(them: Sequence[Outcome], rule: str) -> list[float]:
    """How much less than the better way a rule reached, of each outcome; below 0 where it did better than both."""
    return [one.best - RULES[rule][1](one, them) for one in them]
