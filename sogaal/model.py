"""`Model`: a trained discriminator with all that scoring new rows needs, and nothing else.

Plain numpy: neither torch nor the training data are needed to score. :mod:`sogaal.exports` writes it to a file. Several
models that score together are an :class:`sogaal.ensemble.Ensemble`.
"""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, Protocol, Self

import numpy as np
import numpy.typing as npt

import sogaal
from sogaal.config import TrainConfig
from sogaal.data import Dataset, conform_frame
from sogaal.errors import ConfigError, DataError, DeviationWarning
from sogaal.explain import Explanation, explain
from sogaal.frames import DiscriminatorWeights
from sogaal.metrics import outlier_score
from sogaal.preparation import Preparation, Words
from sogaal.reference import Reference
from sogaal.scaling import Scaler
from sogaal.voting import combined

if TYPE_CHECKING:  # scoring must not wait for torch
    from sklearn.pipeline import Pipeline

    from sogaal.trainer import Trainer

FloatArray = npt.NDArray[np.float32]
DoubleArray = npt.NDArray[np.float64]
At = Literal["stop", "end"]
ScoreAt = Literal["stop", "end", "snapshots"]

# Training rows whose scores a model remembers the distribution of.
SCORED_ROWS = 20_000


@dataclass(frozen=True, eq=False, repr=False)
class Model:
    """D as it was when G stopped and at the end of the run, with the scaling that belongs before it.

    ``discriminators``: by "stop" (where G stopped within the run) and "end". ``at``: which of them scores, or
    "snapshots". ``feature_names``: the d columns' names, None where the training data had none. ``dataset``,
    ``fingerprint``: name and SHA-256 of the training table, empty where unknown. ``version``: the library that trained
    it. ``snapshots``: D at moments of the run, in order, where such were kept (with ``stop_epochs="auto"`` those of all
    seeds); they score together, see :func:`combined`. ``preparation``: what made the d features of the columns of a raw
    table, None where those were plain numbers without gaps. ``reference``: how the training table and its scores were
    distributed, None where unknown. ``id_name``: the column that named the training rows, empty where none did.
    """

    config: TrainConfig
    scaler: Scaler
    discriminators: Mapping[At, DiscriminatorWeights]
    at: ScoreAt
    feature_names: tuple[str, ...] | None = None
    dataset: str = ""
    fingerprint: str = ""
    version: str = sogaal.__version__
    snapshots: tuple[DiscriminatorWeights, ...] = ()
    preparation: Preparation | None = None
    reference: Reference | None = None
    id_name: str = ""

    @classmethod
    def from_trainer(
        cls,
        trainer: "Trainer",
        scaler: Scaler,
        dataset: Dataset | None = None,
        feature_names: tuple[str, ...] | None = None,
    ) -> Self:
        """What ``trainer`` has learned so far; "end" is D as it is now, ``at`` is the configuration's where possible.

        ``dataset``: what it learned from, whose name, fingerprint and feature names are kept with the model.
        """
        discriminators = discriminators_of(trainer)
        voters = tuple(weights for seed in trainer.voters() for weights in seed)
        at: ScoreAt = "snapshots" if voters else scoring_moment(trainer.config, discriminators)
        if dataset is None:
            return cls(trainer.config, scaler, discriminators, at, feature_names, snapshots=voters)
        names = dataset.feature_names if feature_names is None else feature_names
        model = cls(
            trainer.config, scaler, discriminators, at, names, dataset.name, dataset.fingerprint, snapshots=voters,
            preparation=dataset.preparation if names == dataset.feature_names else None, id_name=dataset.id_name or "",
        )  # fmt: skip
        return model.with_reference(dataset.X)

    def with_reference(self, X: npt.ArrayLike) -> Self:
        """The same that remembers how the raw training rows ``X`` (n, d) and their scores are distributed."""
        return replace(self, reference=reference_of(self, X))

    @property
    def moments(self) -> tuple[ScoreAt, ...]:
        """The moments whose D can be asked."""
        return (*self.discriminators, "snapshots") if self.snapshots else tuple(self.discriminators)

    def __repr__(self) -> str:
        return f"Model({self.dataset!r}, {self.config.algorithm}, {self.d} features, at {self.at!r})"

    @property
    def d(self) -> int:
        """Number of features."""
        return self.scaler.d

    def discriminator(self, at: At | None = None) -> DiscriminatorWeights:
        """D's weights at "stop" or "end"; None: at ``self.at``, or at the end where snapshots score.

        Raises :class:`ConfigError` for what is not there.
        """
        wanted = self.at if at is None else at
        return self.voters("end" if wanted == "snapshots" else wanted)[0]

    def voters(self, at: ScoreAt | None = None) -> tuple[DiscriminatorWeights, ...]:
        """All D's whose verdicts make the score at that moment (None: ``self.at``); :class:`ConfigError` if none."""
        wanted = self.at if at is None else at
        there: dict[str, tuple[DiscriminatorWeights, ...]] = {
            name: (weights,) for name, weights in sorted(self.discriminators.items(), reverse=True)
        }
        if self.snapshots:
            there["snapshots"] = self.snapshots
        if wanted not in there:
            known = " or ".join(map(repr, there))
            raise ConfigError(f"at must be {known} for this model, got {wanted!r}.", field="at")
        return there[wanted]

    def score_samples(self, X: Any, at: ScoreAt | None = None) -> DoubleArray:
        """D's logit (m,) float64 for raw rows ``X`` (m, d), **lower = more abnormal**.

        ``X``: an array of the features, or a data frame, whose columns are found by their names where the model has
        them: those of the raw table. What is missing, unreadable or of a new category in a frame is handled, and a
        :class:`DeviationWarning` says so. A row's value does not depend on the rows beside it beyond the last digits of
        float64.
        Raises :class:`DataError` for a frame with none of the columns, an array with another number of them, or values
        in it that are not finite.
        """
        return self.score_scaled(self.scaled(X), at)

    def score_scaled(self, X: FloatArray, at: ScoreAt | None = None) -> DoubleArray:
        """:meth:`score_samples` of rows that are scaled already, (m, d) float32."""
        return combined(self.voters(at), X)

    def outlier_score(self, X: Any, at: ScoreAt | None = None) -> DoubleArray:
        """1 - D(x) (m,) float64 in [0, 1], higher = more abnormal; ``X`` and ``at`` as in :meth:`score_samples`."""
        return outlier_score(self.score_samples(X, at))

    def explain(
        self,
        X: Any,
        at: ScoreAt | None = None,
        median: npt.ArrayLike | None = None,
        words: Words | None = None,
    ) -> Explanation:
        """What each feature adds to the logits of raw rows ``X`` (m, d): integrated gradients from the median row.

        ``at`` and errors as in :meth:`score_samples`; ``median`` (d,) as of :func:`sogaal.explain.explain`. ``words``:
        what rare categories of the rows are called, where ``X`` is an array; of a data frame that is known.
        """
        values, found = self.conformed(X)
        return explain(
            self.voters(at), self.scaler, values, self.feature_names, median, self.preparation, words or found
        )

    def scaled(self, X: Any) -> FloatArray:
        """Raw rows (m, d) as D sees them, float32; ``X`` and errors as in :meth:`score_samples`."""
        return self.scaler.transform(self.columns(X))

    def to_pipeline(self, at: ScoreAt | None = None, offset: float = 0.0) -> "Pipeline":
        """A trained scikit-learn pipeline of two steps, "scaling" and "detector", for raw rows.

        ``at``: as in :meth:`score_samples`, whose values the pipeline's are. ``offset``: the logit below which
        ``predict`` says -1; 0 is D(x) = 0.5. ``fit`` changes nothing. Raises :class:`ConfigError` for a D that is not
        there.
        """
        from sogaal.pipeline import make_pipeline  # here: scoring must not wait for scikit-learn

        self.voters(at)
        return make_pipeline(self, at, offset)

    @property
    def raw_names(self) -> tuple[str, ...] | None:
        """The names of the columns of a raw table that the model needs; None where its training data had none."""
        return self.feature_names if self.preparation is None else self.preparation.names

    @cached_property
    def conforming(self) -> Preparation | None:
        """What brings new rows to the model's features: its preparation, or for plain numbers one that fills gaps with
        the training medians; None for a model without names or, of an old version, without medians."""
        if self.preparation is not None or self.feature_names is None or self.scaler.median is None:
            return self.preparation
        return Preparation.plain(self.feature_names, self.scaler.median)

    def columns(self, X: Any) -> Any:
        """``X``, or of a data frame the features that the model was fitted on, (m, d); errors as above."""
        return self.conformed(X)[0]

    def conformed(self, X: Any) -> tuple[Any, Words | None]:
        """:meth:`columns` of ``X``, and what rare and new categories in it are called, where there are any."""
        names = getattr(X, "columns", None)
        if names is None or self.feature_names is None:
            return X, None
        wanted = list(self.feature_names)
        if self.preparation is None and all(name in names for name in wanted) and _is_clean(X[wanted]):
            return X[wanted], None
        if self.conforming is None:
            missing = [name for name in wanted if name not in names]
            shown = ", ".join(map(repr, missing[:8])) + (", ..." if len(missing) > 8 else "")
            if missing:
                raise DataError(
                    f"X must have the columns that the model was fitted on, but lacks {shown} ({len(missing)} of "
                    f"{self.d})."
                )
            return X[wanted], None
        found = conform_frame(X, self.conforming)
        if found.deviations:
            warnings.warn(" ".join(found.deviations.sentences), DeviationWarning, stacklevel=3)
        return found.X, found.words


def _is_clean(X: Any) -> bool:
    """Whether a data frame holds finite numbers only, which are taken as they are."""
    if not all(getattr(kind, "kind", "O") in "biuf" for kind in X.dtypes):
        return False
    return bool(np.isfinite(np.asarray(X, dtype=np.float64)).all())


class Scores(Protocol):
    """What has D's: a :class:`Model`, or an ensemble."""

    @property
    def moments(self) -> tuple[ScoreAt, ...]:
        """The moments whose D can be asked."""

    def scaled(self, X: Any) -> FloatArray:
        """Raw rows as D sees them."""

    def score_scaled(self, X: FloatArray, at: ScoreAt | None = None) -> DoubleArray:
        """D's logits."""


def reference_of(model: Scores, X: npt.ArrayLike) -> Reference:
    """How raw rows ``X`` (n, d), and ``model``'s logits of them at all its moments, are distributed.

    Logits: of at most :data:`SCORED_ROWS` rows, evenly spaced over the table.
    """
    table = np.asarray(X)
    places = np.linspace(0, len(table) - 1, min(len(table), SCORED_ROWS)).astype(np.int64)
    some = model.scaled(table[places])
    return Reference.of(table, {at: model.score_scaled(some, at) for at in model.moments})


def discriminators_of(trainer: "Trainer") -> dict[At, DiscriminatorWeights]:
    """D as it is now ("end") and, where G has stopped, as it was then ("stop")."""
    discriminators: dict[At, DiscriminatorWeights] = {"end": trainer.discriminator_weights("now")}
    if trainer.stop_step is not None and trainer.step >= trainer.stop_step:
        discriminators["stop"] = trainer.discriminator_weights("stop")
    return discriminators


def scoring_moment(config: TrainConfig, discriminators: Mapping[At, DiscriminatorWeights]) -> At:
    """Which D scores: the one that ``score_at`` names, or the last one where the run ended before G stopped."""
    return config.score_at if config.score_at in discriminators else "end"
