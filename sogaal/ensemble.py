"""`Ensemble`: several trained models of one table that score together.

One GAN is a gamble: its discriminator depends on the seed and on the moment at which it is taken. Members that differ
in their seed alone, each at one moment or at several, vote, and the mean of their logits is steadier and better than a
single one. Plain numpy, as :class:`sogaal.model.Model`; :mod:`sogaal.members` trains the members.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

from sogaal.config import TrainConfig
from sogaal.errors import ConfigError
from sogaal.explain import Explanation, explain
from sogaal.frames import DiscriminatorWeights
from sogaal.metrics import outlier_score
from sogaal.model import Model, ScoreAt, reference_of
from sogaal.preparation import Preparation, Words
from sogaal.reference import Reference
from sogaal.scaling import Scaler
from sogaal.voting import combined

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

FloatArray = npt.NDArray[np.float32]
DoubleArray = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class Ensemble:
    """Models of one table and one set-up that differ in their seed; ``members`` are in the order of training.

    ``reference``: how the training table and the mean logits were distributed, None where unknown.
    What belongs to all of them (scaling, names, table, version, ``at``) is the first one's. Raises
    :class:`ConfigError` for no members, or for members that do not belong together.
    """

    members: tuple[Model, ...]
    reference: Reference | None = None

    def __post_init__(self) -> None:
        if not self.members:
            raise ConfigError("members must hold at least one model, got none.", field="members")
        first = self.members[0]
        for number, member in enumerate(self.members[1:], start=2):
            parts = [name for name in member.config.changed_from(first.config) if name != "seed"]
            parts += [name for name in ("at", "feature_names", "d") if getattr(member, name) != getattr(first, name)]
            if member.discriminators.keys() != first.discriminators.keys():
                parts.append("discriminators")
            if len(member.snapshots) != len(first.snapshots):
                parts.append("snapshots")
            if member.scaler is not first.scaler and member.scaler.to_dict() != first.scaler.to_dict():
                parts.append("scaler")
            if member.preparation is not first.preparation and _plain(member) != _plain(first):
                parts.append("preparation")
            if parts:
                raise ConfigError(
                    f"members must differ in their seed alone, got another {', '.join(parts)} in number {number}.",
                    field="members",
                )

    def with_reference(self, X: npt.ArrayLike) -> Self:
        """The same that remembers how the raw training rows ``X`` (n, d) and their scores are distributed."""
        return replace(self, reference=reference_of(self, X))

    @property
    def moments(self) -> tuple[ScoreAt, ...]:
        """The moments whose D's can be asked."""
        return self.members[0].moments

    def __repr__(self) -> str:
        return f"Ensemble({len(self.members)} of {self.members[0]!r})"

    @property
    def config(self) -> TrainConfig:
        """The first member's; the others' differ in their seed."""
        return self.members[0].config

    @property
    def seeds(self) -> tuple[int, ...]:
        """The members' seeds."""
        return tuple(member.config.seed for member in self.members)

    @property
    def scaler(self) -> Scaler:
        """The scaling that belongs before all members."""
        return self.members[0].scaler

    @property
    def at(self) -> ScoreAt:
        """Which D of each member scores."""
        return self.members[0].at

    @property
    def feature_names(self) -> tuple[str, ...] | None:
        """The d columns' names, None where the training data had none."""
        return self.members[0].feature_names

    @property
    def preparation(self) -> Preparation | None:
        """What made the features of a raw table's columns; None where those were plain numbers without gaps."""
        return self.members[0].preparation

    @property
    def conforming(self) -> Preparation | None:
        """What brings new rows to the features, as of :attr:`Model.conforming`."""
        return self.members[0].conforming

    @property
    def raw_names(self) -> tuple[str, ...] | None:
        """The names of the columns of a raw table that the members need; None where there were none."""
        return self.members[0].raw_names

    @property
    def dataset(self) -> str:
        """Name of the training table, empty where unknown."""
        return self.members[0].dataset

    @property
    def id_name(self) -> str:
        """The column that named the training rows, empty where none did."""
        return self.members[0].id_name

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the training table, empty where unknown."""
        return self.members[0].fingerprint

    @property
    def version(self) -> str:
        """The library that trained the members."""
        return self.members[0].version

    @property
    def d(self) -> int:
        """Number of features."""
        return self.members[0].d

    def voters(self, at: ScoreAt | None = None) -> tuple[DiscriminatorWeights, ...]:
        """All D's whose verdicts make the score, member by member; ``at`` and errors as in :meth:`Model.voters`."""
        return tuple(weights for member in self.members for weights in member.voters(at))

    def score_samples(self, X: Any, at: ScoreAt | None = None) -> DoubleArray:
        """The members' mean logit, (m,) float64, for raw rows ``X`` (m, d): **lower = more abnormal**.

        ``X``, ``at`` and errors as in :meth:`Model.score_samples`.
        """
        return self.score_scaled(self.scaled(X), at)

    def explain(
        self,
        X: Any,
        at: ScoreAt | None = None,
        median: npt.ArrayLike | None = None,
        words: Words | None = None,
    ) -> Explanation:
        """:meth:`Model.explain` of the mean logit, which is the mean over all members."""
        values, found = self.members[0].conformed(X)
        return explain(
            self.voters(at), self.scaler, values, self.feature_names, median, self.preparation, words or found
        )

    def columns(self, X: Any) -> Any:
        """The features of raw rows, as of :meth:`Model.columns`."""
        return self.members[0].columns(X)

    def scaled(self, X: Any) -> FloatArray:
        """Raw rows (m, d) as all D's see them, float32; ``X`` and errors as in :meth:`Model.score_samples`."""
        return self.members[0].scaled(X)

    def score_scaled(self, X: FloatArray, at: ScoreAt | None = None) -> DoubleArray:
        """:meth:`score_samples` of rows that are scaled already, (m, d) float32."""
        return combined(self.voters(at), X)

    def outlier_score(self, X: Any, at: ScoreAt | None = None) -> DoubleArray:
        """1 minus the sigmoid of the mean logit, (m,) float64 in [0, 1], higher = more abnormal."""
        return outlier_score(self.score_samples(X, at))

    def to_pipeline(self, at: ScoreAt | None = None, offset: float = 0.0) -> "Pipeline":
        """A trained scikit-learn pipeline for raw rows; parameters and errors as in :meth:`Model.to_pipeline`."""
        from sogaal.pipeline import make_pipeline  # here: scoring must not wait for scikit-learn

        self.voters(at)
        return make_pipeline(self, at, offset)


def _plain(model: Model) -> Any:
    return None if model.preparation is None else model.preparation.to_dict()
