"""`SOGAAL` and `MOGAAL`: the detectors as scikit-learn estimators.

    detector = SOGAAL(stop_epochs=100, contamination=0.05, random_state=0).fit(X)
    detector.predict(X)               # +1 inlier, -1 outlier

The ladder is scikit-learn's: ``predict`` is the sign of ``decision_function``, which is ``score_samples`` minus
``offset_``. ``score_samples`` is D's logit, **lower = more abnormal**. Source: Liu et al. 2019 (arXiv 1809.10816).
"""

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from numbers import Integral, Real
from typing import Any, ClassVar, Literal, Self

import numpy as np
import numpy.typing as npt
import torch
from sklearn.base import BaseEstimator, OutlierMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from sogaal.config import FIELDS, TrainConfig
from sogaal.errors import ConfigError
from sogaal.history import HistoryView
from sogaal.model import Model
from sogaal.networks import Discriminator, Generator
from sogaal.scaling import Scaler
from sogaal.trainer import Trainer

DoubleArray = npt.NDArray[np.float64]


class _Gaal(OutlierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """What both detectors share: everything but the parameters, which scikit-learn wants written out."""

    _algorithm: ClassVar[Literal["so-gaal", "mo-gaal"]]

    contamination: Any
    random_state: Any
    scaling: Any
    config_: TrainConfig
    scaler_: Scaler
    history_: HistoryView
    discriminator_: Discriminator
    generators_: list[Generator]
    offset_: float
    n_features_in_: int
    _model: Model

    def fit(self, X: Any, y: Any = None) -> Self:  # noqa: ARG002  # scikit-learn's signature
        """Train on ``X`` (n, d), n >= 2, raw and finite; ``y`` is ignored, as for all outlier detectors.

        Raises :class:`ConfigError` for a parameter, ``ValueError`` for a table that cannot be used, and
        :class:`DivergedError` when the training's numbers leave the finite range.
        """
        table = validate_data(self, X, dtype=[np.float64, np.float32], ensure_min_samples=2)
        self._check_contamination()
        config = self._make_config()
        names = getattr(self, "feature_names_in_", None)
        columns = None if names is None else tuple(map(str, names))
        scaler = Scaler.fit(table, self.scaling, columns)
        with _one_thread():
            trainer = Trainer(scaler.transform(table), config).fit()
        self.config_, self.scaler_ = config, scaler
        self.history_ = trainer.history.view()
        self._model = Model.from_trainer(trainer, scaler, feature_names=columns)
        self.discriminator_ = Discriminator(self._model.discriminator())
        self.generators_ = trainer.generators()
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

    def _make_config(self) -> TrainConfig:
        values: dict[str, Any] = {"algorithm": self._algorithm, "seed": self._seed()}
        values |= {name: getattr(self, name) for name in FIELDS if name in inspect.signature(type(self)).parameters}
        config = TrainConfig.checked(values)
        if config.max_epochs is None and config.score_at == "stop" and config.whether_stop:
            # What D learns after the stop would be thrown away.
            config = config.replace(max_epochs=config.stop_epochs + 1)
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

    def to_model(self) -> Model:
        """The fitted detector as a :class:`Model`, which :func:`sogaal.save_model` writes to a file."""
        check_is_fitted(self)
        return self._model


class SOGAAL(_Gaal):
    """Single-Objective Generative Adversarial Active Learning: one generator makes potential outliers.

    Parameters are those of :class:`sogaal.TrainConfig`, explained in :data:`sogaal.config.FIELDS`, and

    contamination: "auto" (D = 0.5 is the border, which flags a large part of most tables) or the share of outliers in
        the training data, over 0 and at most 0.5, which sets ``offset_`` to that quantile of the training scores.
    random_state: a whole number (the seed itself), a RandomState, or None for a different training every time.
    scaling: "minmax", "robust" or "none"; fitted on the training data and applied to whatever is scored.

    With ``score_at="stop"``, the default, training ends where G stops, after ``stop_epochs + 1`` epochs, unless
    ``max_epochs`` is given: on the paper's twelve tables D scores best there.

    After ``fit``: ``discriminator_`` and ``generator_`` (torch modules, in the scaled space), ``history_``,
    ``offset_``, ``scaler_``, ``config_``, ``n_features_in_`` and, for data frames, ``feature_names_in_``.
    """

    _algorithm = "so-gaal"

    def __init__(
        self,
        *,
        stop_epochs: int = 20,
        whether_stop: int = 1,
        max_epochs: int | None = None,
        score_at: str = "stop",
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
    """

    _algorithm = "mo-gaal"

    def __init__(
        self,
        *,
        k: int = 10,
        stop_epochs: int = 20,
        whether_stop: int = 1,
        max_epochs: int | None = None,
        score_at: str = "end",
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


@contextmanager
def _one_thread() -> Iterator[None]:
    """Train with one thread: the matrices are small, and the history must not depend on the number of cores."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
