"""`SOGAAL` and `MOGAAL`: the detectors as scikit-learn estimators.

    detector = SOGAAL(stop_epochs=100, contamination=0.05, random_state=0).fit(X)
    detector.predict(X)               # +1 inlier, -1 outlier

The ladder is scikit-learn's: ``predict`` is the sign of ``decision_function``, which is ``score_samples`` minus
``offset_``. ``score_samples`` is D's logit, **lower = more abnormal**. Source: Liu et al. 2019 (arXiv 1809.10816).
"""

import inspect
from numbers import Integral, Real
from typing import Any, ClassVar, Literal, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, OutlierMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from sogaal.choice import Choice
from sogaal.config import AUTO, FIELDS, TrainConfig
from sogaal.ensemble import Ensemble
from sogaal.errors import ConfigError
from sogaal.explain import Explanation
from sogaal.history import HistoryView
from sogaal.members import Trained, as_long_as_needed, checked_n_jobs, train_committee, train_members
from sogaal.model import Model, ScoreAt, scoring_moment
from sogaal.networks import Discriminator, Generator
from sogaal.outcomes import snapshot_epochs
from sogaal.scaling import Scaler
from sogaal.seeding import member_seeds

DoubleArray = npt.NDArray[np.float64]


class _Gaal(OutlierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """What both detectors share: everything but the parameters, which scikit-learn wants written out."""

    _algorithm: ClassVar[Literal["so-gaal", "mo-gaal"]]

    n_estimators: Any
    stop_epochs: Any
    snapshots: Any
    n_jobs: Any
    contamination: Any
    random_state: Any
    scaling: Any
    config_: TrainConfig
    estimators_: list[Model]
    scaler_: Scaler
    choice_: Choice | None
    history_: HistoryView
    discriminator_: Discriminator
    generators_: list[Generator]
    offset_: float
    n_features_in_: int
    _model: Model | Ensemble

    def fit(self, X: Any, y: Any = None) -> Self:  # noqa: ARG002  # scikit-learn's signature
        """Train on ``X`` (n, d), n >= 2, raw and finite; ``y`` is ignored, as for all outlier detectors.

        Raises :class:`ConfigError` for a parameter, ``ValueError`` for a table that cannot be used, and
        :class:`DivergedError` when the training's numbers leave the finite range.
        """
        table = validate_data(self, X, dtype=[np.float64, np.float32], ensure_min_samples=2)
        self._check_contamination()
        count = self._count("n_estimators")
        checked_n_jobs(self.n_jobs)
        config = self._make_config()
        names = getattr(self, "feature_names_in_", None)
        columns = None if names is None else tuple(map(str, names))
        scaler = Scaler.fit(table, self.scaling, columns)
        if config.automatic:
            trained = train_committee(scaler.transform(table), config)
        else:
            configs = [config.replace(seed=seed) for seed in member_seeds(config.seed, count)]
            trained = train_members(scaler.transform(table), configs, int(self.snapshots), self.n_jobs)
        self.config_, self.scaler_, self.choice_ = config, scaler, trained[0].choice
        self.history_, self.generators_ = trained[0].history, trained[0].generators
        members = [_model(member, scaler, columns) for member in trained]
        model = members[0] if len(trained) == 1 else Ensemble(tuple(members))
        self._model = model.with_reference(table)
        self.estimators_ = [self._model] if isinstance(self._model, Model) else members
        self.discriminator_ = Discriminator(self.estimators_[0].discriminator())
        self.offset_ = self._offset(table)
        return self

    def _check_contamination(self) -> None:
        share = self.contamination
        if isinstance(share, str) and share == "auto":
            return
        if not _is_number(share, Real) or not 0 < share <= 0.5:
            raise ConfigError(
                f"contamination must be 'auto' or a share over 0 and at most 0.5, got {share!r}.", field="contamination"
            )

    def _count(self, name: str) -> int:
        value = getattr(self, name)
        if not _is_number(value, Integral) or value < 1:
            raise ConfigError(f"{name} must be a whole number of at least 1, got {value!r}.", field=name)
        return int(value)

    def _make_config(self) -> TrainConfig:
        values: dict[str, Any] = {"algorithm": self._algorithm, "seed": self._seed()}
        values |= {name: getattr(self, name) for name in FIELDS if name in inspect.signature(type(self)).parameters}
        snapshots = self._count("snapshots")
        if isinstance(self.stop_epochs, str) and self.stop_epochs == AUTO:
            if snapshots > 1:
                raise ConfigError(
                    f"snapshots must be 1 with stop_epochs 'auto', which has moments of its own, got {snapshots}.",
                    field="snapshots",
                )
            return TrainConfig.checked(values | {"auto_seeds": self._count("n_estimators")})
        config = as_long_as_needed(TrainConfig.checked(values), snapshots)
        if snapshots > 1:
            snapshot_epochs(config, snapshots)  # what cannot be had is said before the training
        return config

    def _seed(self) -> int:
        """A whole number is the seed itself, so that an estimator, a command line and a run can be compared."""
        given = self.random_state
        if _is_number(given, Integral):
            if not 0 <= given < 2**32:
                raise ConfigError(
                    f"random_state must be a whole number from 0 to {2**32 - 1}, a RandomState or None, got {given!r}.",
                    field="random_state",
                )
            return int(given)
        try:
            return int(check_random_state(given).randint(2**32, dtype=np.uint32))
        except ValueError as error:
            raise ConfigError(
                f"random_state must be a whole number from 0 to {2**32 - 1}, a RandomState or None ({error}).",
                field="random_state",
            ) from None

    def _offset(self, table: npt.NDArray[np.floating]) -> float:
        if isinstance(self.contamination, str):
            return 0.0
        return float(np.quantile(self._model.score_samples(table), self.contamination))

    def score_samples(self, X: Any) -> DoubleArray:
        """D's logit (m,) float64 for raw rows ``X`` (m, d): **lower = more abnormal**; 0 is D(x) = 0.5."""
        check_is_fitted(self)
        table = validate_data(self, X, dtype=[np.float64, np.float32], reset=False)
        return self._model.score_samples(table)

    def decision_function(self, X: Any) -> DoubleArray:
        """``score_samples(X) - offset_`` (m,) float64: negative = outlier."""
        return self.score_samples(X) - self.offset_

    def predict(self, X: Any) -> npt.NDArray[np.int_]:
        """+1 for inliers and -1 for outliers, (m,) int."""
        return np.where(self.decision_function(X) < 0, -1, 1)

    def explain(self, X: Any) -> Explanation:
        """What each feature adds to ``score_samples`` of raw rows ``X`` (m, d), on the way from the median row.

        Integrated gradients in closed form, see :mod:`sogaal.explain`; of an ensemble the mean over its members.
        """
        check_is_fitted(self)
        return self._model.explain(validate_data(self, X, dtype=[np.float64, np.float32], reset=False))

    def to_model(self) -> Model | Ensemble:
        """The fitted detector without its training, which :func:`sogaal.save_model` writes to a file.

        A :class:`Model`, or an :class:`Ensemble` of those in ``estimators_`` where there are several.
        """
        check_is_fitted(self)
        return self._model


class SOGAAL(_Gaal):
    """Single-Objective Generative Adversarial Active Learning: one generator makes potential outliers.

    Parameters are those of :class:`sogaal.TrainConfig`, explained in :data:`sogaal.config.FIELDS`, and

    contamination: "auto" (D = 0.5 is the border, which flags a large part of most tables) or the share of outliers in
        the training data, over 0 and at most 0.5, which sets ``offset_`` to that quantile of the training scores.
    random_state: a whole number (the seed itself), a RandomState, or None for a different training every time.
    scaling: "minmax", "robust" or "none"; fitted on the training data and applied to whatever is scored.
    n_estimators: how many trainings score together by their mean logit. The first has the seed of ``random_state`` and
        is what a single detector would be; the others' seeds follow from it, see :func:`sogaal.seeding.member_seeds`.
    snapshots: at how many moments of each training D is kept, all of which score together: evenly spaced over the
        run, which with ``score_at="stop"`` goes on to twice the stop unless ``max_epochs`` is given. 1: D as
        ``score_at`` says; with more, ``score_at`` decides nothing but the length of the run.
    stop_epochs: "auto" lets ``n_estimators`` seeds (take about eight) choose the stop, without labels, and all their
        D's up to there score together; see :mod:`sogaal.committee`, and docs/labelfree.md for how good that is.
        ``whether_stop``, ``score_at`` and ``n_jobs`` then decide nothing; ``choice_`` says what was chosen and why.
    n_jobs: over how many processes the trainings of an ensemble go, as in scikit-learn: None or 1: all in this one
        (None: unless a ``joblib.parallel_config`` says otherwise); -1: all cores. The result is the same bit for bit.
        They go to a pool that stays warm between fits, and only where it is faster: its first start takes about three
        seconds. Inside a worker (of joblib, multiprocessing) and on a GPU they are trained in this process.

    With ``score_at="stop"``, the default, training ends where G stops, after ``stop_epochs + 1`` epochs, unless
    ``max_epochs`` is given: on the paper's twelve tables D scores best there.

    Ensembles are better and steadier. Mean AUC over the authors' six tables with their ``stop_epochs``, and its
    standard deviation over five repeats: .799 +- .010 for one seed, .808 +- .003 for eight, .813 +- .006 for one seed
    with eight snapshots, .822 +- .005 for eight with eight. With snapshots over ``3 * stop_epochs`` it is .813, with
    the mean rank or the mean standardised logit in place of the mean logit .817 and .820 (benchmarks/ensembles.py;
    labels evaluate only).

    After ``fit``: ``discriminator_`` and ``generator_`` (torch modules, in the scaled space), ``history_``,
    ``offset_``, ``scaler_``, ``config_``, ``n_features_in_`` and, for data frames, ``feature_names_in_``;
    ``choice_``, None unless ``stop_epochs`` is "auto"; and ``estimators_``, the list of trainings as
    :class:`sogaal.model.Model`, each with a ``score_samples`` of its own. Of an ensemble, modules, history and
    configuration are the first training's (D with ``snapshots``: at its end).
    """

    _algorithm = "so-gaal"

    def __init__(
        self,
        *,
        stop_epochs: int | str = 20,
        whether_stop: int = 1,
        max_epochs: int | None = None,
        score_at: str = "stop",
        n_estimators: int = 1,
        snapshots: int = 1,
        n_jobs: int | None = None,
        lr_d: float = 0.01,
        lr_g: float = 0.0001,
        momentum: float = 0.9,
        decay: float = 1e-6,
        dampening: float = 0.0,
        batch_size: int = 500,
        shuffle: str = "each_epoch",
        hidden_size: int | None = None,
        generator_bias: float = 1e-5,
        discriminator_bias: float = 0.01,
        discriminator_init: str = "xavier_uniform",
        eval_every: int = 1,
        device: str = "cpu",
        contamination: float | str = "auto",
        random_state: int | np.random.RandomState | None = None,
        scaling: str = "minmax",
    ) -> None:
        self.stop_epochs = stop_epochs
        self.whether_stop = whether_stop
        self.max_epochs = max_epochs
        self.score_at = score_at
        self.n_estimators = n_estimators
        self.snapshots = snapshots
        self.n_jobs = n_jobs
        self.lr_d = lr_d
        self.lr_g = lr_g
        self.momentum = momentum
        self.decay = decay
        self.dampening = dampening
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.hidden_size = hidden_size
        self.generator_bias = generator_bias
        self.discriminator_bias = discriminator_bias
        self.discriminator_init = discriminator_init
        self.eval_every = eval_every
        self.device = device
        self.contamination = contamination
        self.random_state = random_state
        self.scaling = scaling

    @property
    def generator_(self) -> Generator:
        """G after training, a torch module from noise in [0, 1)^d to the scaled space."""
        return self.generators_[0]


class MOGAAL(_Gaal):
    """Multiple-Objective Generative Adversarial Active Learning: k sub-generators with graded targets.

    All as in :class:`SOGAAL`, but for ``k``, for ``generators_`` (a list of k) in place of ``generator_``, and for
    ``score_at``, which is "end": on the paper's twelve tables D scores better after ``3 * stop_epochs`` epochs.
    A batch must have at least k rows.

    Mean AUC over the authors' six tables, with the standard deviation over five repeats: .844 +- .005 for one seed,
    .868 +- .006 for eight. Snapshots do not help here (.837 for eight seeds with eight each): D goes on improving to
    the end, and the earlier ones hold it back.
    """

    _algorithm = "mo-gaal"

    def __init__(
        self,
        *,
        k: int = 10,
        stop_epochs: int | str = 20,
        whether_stop: int = 1,
        max_epochs: int | None = None,
        score_at: str = "end",
        n_estimators: int = 1,
        snapshots: int = 1,
        n_jobs: int | None = None,
        lr_d: float = 0.01,
        lr_g: float = 0.0001,
        momentum: float = 0.9,
        decay: float = 1e-6,
        dampening: float = 0.0,
        batch_size: int = 500,
        shuffle: str = "each_epoch",
        hidden_size: int | None = None,
        generator_bias: float = 1e-5,
        discriminator_bias: float = 0.01,
        discriminator_init: str = "xavier_uniform",
        eval_every: int = 1,
        device: str = "cpu",
        contamination: float | str = "auto",
        random_state: int | np.random.RandomState | None = None,
        scaling: str = "minmax",
    ) -> None:
        self.k = k
        self.stop_epochs = stop_epochs
        self.whether_stop = whether_stop
        self.max_epochs = max_epochs
        self.score_at = score_at
        self.n_estimators = n_estimators
        self.snapshots = snapshots
        self.n_jobs = n_jobs
        self.lr_d = lr_d
        self.lr_g = lr_g
        self.momentum = momentum
        self.decay = decay
        self.dampening = dampening
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.hidden_size = hidden_size
        self.generator_bias = generator_bias
        self.discriminator_bias = discriminator_bias
        self.discriminator_init = discriminator_init
        self.eval_every = eval_every
        self.device = device
        self.contamination = contamination
        self.random_state = random_state
        self.scaling = scaling


def _is_number(value: Any, kind: type) -> bool:
    """Whether ``value`` is a Real or Integral; True and False are none here, though Python counts them so."""
    return isinstance(value, kind) and not isinstance(value, bool)


def _model(trained: Trained, scaler: Scaler, names: tuple[str, ...] | None) -> Model:
    moment = scoring_moment(trained.config, trained.discriminators)
    at: ScoreAt = "snapshots" if trained.snapshots else moment
    return Model(trained.config, scaler, trained.discriminators, at, names, snapshots=trained.snapshots)
