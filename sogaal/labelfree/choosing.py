"""How good the trial is that an objective of a sweep chooses without labels: the figures, and what to say of them.

``benchmarks/objectives.py`` writes them to choosing.json and docs/objectives.md; nobody types them anywhere else.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

MEASURED = Path(__file__).with_name("choosing.json")
# A gain of fewer deviations than this, over choosing at random, is luck.
SURE = 2.0


@dataclass(frozen=True)
class Chosen:
    """``auc``: of the trial that an objective chooses, by seeds it has not seen, mean over the tables; ``gain``: that
    less a trial at random, with its standard deviation over resampled trials."""

    auc: float
    gain: float
    gain_std: float

    @property
    def better(self) -> bool:
        """Whether it is better than a trial at random by more than luck."""
        return self.gain > SURE * self.gain_std


@cache
def _measured() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(MEASURED.read_text(encoding="utf-8"))
    return found


def chosen(objective: str) -> Chosen | None:
    """What was measured of an objective, None where nobody did."""
    found = _measured()["objectives"].get(objective)
    return None if found is None else Chosen(**found)


def words(objective: str) -> str:
    """How good the trial is that an objective chooses, in a sentence or two; empty for one that needs labels."""
    one, found = chosen(objective), _measured()
    if one is None:
        return ""
    verdict = "" if one.better else ", no better than luck"
    return (
        f"Measured on {found['tables']} tables with known outliers: of {found['trials']} random set-ups it chose one "
        f"with an AUC of {one.auc:.2f} on average{verdict}. One at random has {found['at_random']:.2f}, the one that "
        f"labels choose {found['by_labels']:.2f}, the preset auto without a search {found['auto']:.2f}, kNN "
        f"{found['knn']:.2f}."
    )


def short_words(objective: str) -> str:
    """The same in as few words as possible."""
    one, found = chosen(objective), _measured()
    if one is None:
        return ""
    return (
        f"On {found['tables']} tables it chose an AUC of {one.auc:.2f} on average; luck has {found['at_random']:.2f}."
    )


def against_auto_words(objective: str) -> str:
    """What a search by an objective gains over none, in one sentence; empty for one that needs labels."""
    one, found = chosen(objective), _measured()
    if one is None:
        return ""
    return (
        f"On {found['tables']} tables with known outliers the set-up it chose had an AUC of {one.auc:.2f} on average, "
        f"the preset auto without a search {found['auto']:.2f}."
    )


def without_labels_words() -> str:
    """The same of all objectives that need no labels, side by side."""
    found = _measured()
    told = ", ".join(f"{name} {found['objectives'][name]['auc']:.2f}" for name in found["without_labels"])
    return (
        f"Measured on {found['tables']} tables with known outliers, the set-up that is chosen of {found['trials']} "
        f"random ones has an AUC of {told} on average, one at random {found['at_random']:.2f}, the one that labels "
        f"choose {found['by_labels']:.2f}, the preset auto without a search {found['auto']:.2f}, kNN "
        f"{found['knn']:.2f}."
    )
