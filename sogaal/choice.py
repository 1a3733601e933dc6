"""`Choice`: how the seeds of an automatic run chose the stop, in plain values."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np

from sogaal.labelfree.turning import TURNED


@dataclass(frozen=True)
class Choice:
    """How the stop was chosen, or is being chosen; nothing in it changes.

    ``steps`` (e,): of the moments so far. ``likeness`` (e,): the seeds' mean verdict at each against its mean up to
    there, Spearman's rank correlation. ``agreement`` (e,): of the seeds with one another at each, mean over all pairs,
    NaN for a single seed. ``turned``: whether D has turned, at the last of them. ``seeds``: those that play.
    ``dropped``: the places, from 1, and the steps of those that diverged; they have no part in the ranking.
    """

    seeds: tuple[int, ...]
    steps: tuple[int, ...]
    likeness: tuple[float, ...]
    agreement: tuple[float, ...]
    turned: bool
    dropped: tuple[tuple[int, int], ...] = ()

    @property
    def voters(self) -> str:
        """Whose D's rank the rows, in words."""
        moments = "one moment" if len(self.steps) == 1 else f"{len(self.steps)} moments"
        return f"{moments} of {'one seed' if len(self.seeds) == 1 else f'{len(self.seeds)} seeds'}"

    @property
    def losses(self) -> str:
        """Which seeds were left out, and whose game is shown since, in words; empty where none was."""
        of = len(self.seeds) + len(self.dropped)
        if not self.dropped:
            return ""
        lost = dict(self.dropped)
        lead = next((place for place in range(1, of + 1) if place not in lost), of)
        shown = max((step for place, step in lost.items() if place < lead), default=0)
        after = f" From step {shown:,} on the curves and the picture are those of seed {lead}." if shown else ""
        return f"{left_out(self.dropped, of)}: left out.{after}"

    @property
    def why(self) -> str:
        """Why the run ended where it did, in a sentence, and which seeds were left out on the way."""
        return f"{self._ending} {self.losses}".strip()

    @property
    def _ending(self) -> str:
        if not self.steps:
            return "No moment was judged yet."
        kept = f"the mean of {self.voters} ranks the rows"
        if not self.turned:
            return f"D did not turn by step {self.steps[-1]:,}: {kept}."
        low = self.likeness[-2]
        return (
            f"D turned: at step {self.steps[-2]:,} its ranking was like its own mean so far by {low:.2f} only (under "
            f"{TURNED}), and by step {self.steps[-1]:,} it began to come back; {kept}."
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values by name."""
        alike = [None if np.isnan(value) else value for value in self.agreement]
        return {
            "seeds": list(self.seeds), "steps": list(self.steps), "likeness": list(self.likeness), "agreement": alike,
            "turned": self.turned, "dropped": [list(one) for one in self.dropped], "why": self.why,
        }  # fmt: skip

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Choice":
        """What :meth:`to_dict` gave; KeyError, TypeError or ValueError for anything else."""
        alike = tuple(float("nan") if value is None else float(value) for value in values["agreement"])
        return cls(
            tuple(map(int, values["seeds"])), tuple(map(int, values["steps"])), tuple(map(float, values["likeness"])),
            alike, bool(values["turned"]), tuple((int(place), int(step)) for place, step in values.get("dropped", ())),
        )  # fmt: skip


def left_out(dropped: Sequence[tuple[int, int]], of: int) -> str:
    """What happened to the ``dropped`` (place, step) of so many seeds, the beginning of a sentence."""
    told = [
        f"seed {place} of {of}{'' if at else ' diverged'} at step {step:,}" for at, (place, step) in enumerate(dropped)
    ]
    return f"S{', '.join(told)[1:]}"


def choice_of(summary: Mapping[str, Any]) -> Choice | None:
    """The choice in what :meth:`sogaal.trainer.Trainer.summary` gave; None where there is none, or it is damaged."""
    told = summary.get("auto")
    with suppress(KeyError, TypeError, ValueError):
        return Choice.from_dict(told) if isinstance(told, Mapping) else None
    return None
