"""What a diagnosis looks at, and what it says: plain values, no torch."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Self, get_args

import numpy as np
import numpy.typing as npt

from sogaal.choice import Choice
from sogaal.config import TrainConfig
from sogaal.frames import DiscriminatorWeights, Frame
from sogaal.history import HistoryView

FloatArray = npt.NDArray[np.float32]
Severity = Literal["failure", "warning", "note", "good"]

SEVERITIES: tuple[Severity, ...] = get_args(Severity)


@dataclass(frozen=True, eq=False)
class Evidence:
    """All that is known of a run, finished or under way.

    ``view``: its history. ``frames``: pictures of it in the order of their steps; few, at any distance, or none.
    ``batches``: steps in an epoch. ``stop_step``: the step after which "at stop" is evaluated, None if G does not stop
    within the run. ``complete``: whether all steps were done. ``X`` (n, d) float32: the table as the networks saw it,
    or None where it is gone. ``scaling``: the method that made it. ``diverged``: the message of a run whose numbers
    left the finite range, else empty: such a run is not complete, and neither is one that is merely under way.
    ``choice``: how the seeds of an automatic run chose its stop; None for any other, or where that is not known.
    ``voters``: the D's whose mean logit ranks the rows of an automatic run; none for any other, or where they are gone.
    """

    config: TrainConfig
    view: HistoryView
    frames: Sequence[Frame]
    batches: int
    stop_step: int | None
    complete: bool
    X: FloatArray | None
    scaling: str
    diverged: str = ""
    choice: Choice | None = None
    voters: Sequence[DiscriminatorWeights] = ()


@dataclass(frozen=True)
class Finding:
    """One thing that a run shows.

    ``kind``: one of :data:`sogaal.diagnosis.KINDS`. ``severity``: "failure" (the ranking is or will be bad),
    "warning" (likely to be), "note" (worth knowing, no fault) or "good". ``evidence``: what was measured, with numbers
    and steps. ``explanation`` and ``suggestion``: sentences for a student. ``changes``: what the suggestion means for
    the set-up, fields of :class:`TrainConfig` and "scaling"; empty where no value would help. ``steps``: from where to
    where it was seen, counted from 1. ``numbers``: the measured values by name, finite.
    """

    kind: str
    title: str
    severity: Severity
    evidence: str
    explanation: str
    suggestion: str = ""
    changes: Mapping[str, Any] = field(default_factory=dict)
    steps: tuple[int, int] | None = None
    numbers: Mapping[str, float] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; numbers that are not finite are left out."""
        return {
            "kind": self.kind,
            "title": self.title,
            "severity": self.severity,
            "evidence": self.evidence,
            "explanation": self.explanation,
            "suggestion": self.suggestion,
            "changes": dict(self.changes),
            "steps": None if self.steps is None else [int(step) for step in self.steps],
            "numbers": {name: float(value) for name, value in self.numbers.items() if math.isfinite(value)},
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The finding that :meth:`to_dict` described; what a later version may add is ignored.

        Raises :class:`ValueError` where a part is missing or makes no sense.
        """
        texts = ("kind", "title", "severity", "evidence", "explanation", "suggestion")
        for name in texts:
            if not isinstance(values.get(name), str):
                raise ValueError(f"finding: {name} must be a text, got {values.get(name)!r}.")
        if values["severity"] not in SEVERITIES:
            raise ValueError(f"finding: severity must be one of {', '.join(SEVERITIES)}, got {values['severity']!r}.")
        changes, numbers, steps = values.get("changes", {}), values.get("numbers", {}), values.get("steps")
        if not isinstance(changes, Mapping) or not isinstance(numbers, Mapping):
            raise ValueError("finding: changes and numbers must be objects.")
        if steps is not None and not (isinstance(steps, list | tuple) and len(steps) == 2):
            raise ValueError(f"finding: steps must be two step numbers or null, got {steps!r}.")
        return cls(
            **{name: values[name] for name in texts},
            changes=dict(changes),
            steps=None if steps is None else (int(steps[0]), int(steps[1])),
            numbers={str(name): float(value) for name, value in numbers.items()},
        )
