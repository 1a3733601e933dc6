"""Uniform noise as the reference (AGPO) against a generator that learns (SO-GAAL), as a table gets more features.

AGPO, artificially generated potential outliers, is the older idea that Liu et al. (2019, arXiv 1809.10816) start
from: draw points uniformly over the data's range and train a classifier to tell them from the rows. Here the same
engine trains it: G starts as the identity and never moves, so that G(z) is the noise itself.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import exp, lgamma, log, pi

import numpy as np
import numpy.typing as npt

from sogaal.config import TrainConfig
from sogaal.data import Dataset
from sogaal.errors import SogaalError
from sogaal.pool import RunPool
from sogaal.trainer import Trainer

FloatArray = npt.NDArray[np.float64]

# Features of the made tables, and in how many of them (at most) an outlier differs: as in the shipped table highdim.
DIMENSIONS = (2, 5, 10, 20, 30, 50)
TELLING = 5
ROWS, OUTLIERS = 1000, 30
# A learning rate of G so small that no float32 weight of 1, and no point, notices it; 0 itself is no learning rate.
UNTRAINED = 1e-12


def cluster(d: int, seed: int = 0) -> Dataset:
    """A round cluster of :data:`ROWS` rows with ``d`` features (2 or more). In up to :data:`TELLING` of them the
    outliers lie in some direction at 4.5 to 6 of the cluster's standard deviations; in the others they are like it."""
    random = np.random.default_rng([seed, d])
    X = random.normal(0.5, 0.1, size=(ROWS, d))
    direction = random.normal(size=(OUTLIERS, min(d, TELLING)))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    X[:OUTLIERS, :TELLING] = 0.5 + 0.1 * random.uniform(4.5, 6, size=(OUTLIERS, 1)) * direction
    y = np.zeros(ROWS, dtype=np.int8)
    y[:OUTLIERS] = 1
    order = random.permutation(ROWS)
    names = tuple(f"x{number}" for number in range(1, d + 1))
    return Dataset(f"cluster-{d}", X[order].astype(np.float32), y[order], np.arange(1, ROWS + 1), names)


def agpo(config: TrainConfig) -> TrainConfig:
    """``config`` (SO-GAAL) with a G that gives the noise back as it is, at every step."""
    return config.replace(lr_g=UNTRAINED, generator_bias=0.0)


@dataclass(frozen=True, eq=False)
class Duel:
    """ROC-AUC of D by ``step`` (p,): against uniform ``noise`` (s, p), and against G, ``gaal`` (s, p), for s seeds.

    Runs that diverged are left out; ``problem``: the message of one of them, else empty.
    """

    step: npt.NDArray[np.int64]
    noise: FloatArray
    gaal: FloatArray
    problem: str = ""

    def place(self, step: int) -> int:
        """The evaluation nearest to ``step``."""
        return int(np.abs(self.step - step).argmin())

    def gain(self, step: int) -> float:
        """By how much SO-GAAL is ahead near ``step``, in the mean over the seeds; negative where noise is."""
        place = self.place(step)
        return float(self.gaal[:, place].mean() - self.noise[:, place].mean())


def duel(
    X: npt.NDArray[np.float32],
    y: npt.NDArray[np.integer],
    config: TrainConfig,
    seeds: Sequence[int],
    pool: RunPool,
    progress: Callable[[int, int], None] | None = None,
) -> Duel:
    """Train D on ``X`` (n, d), scaled, once against noise and once against G, for each of the ``seeds``.

    ``progress`` is told how many runs of how many are done; what it raises ends the work. Raises
    :class:`SogaalError` where no run of one side reached its end.
    """
    sides = [setup.replace(seed=seed) for seed in seeds for setup in (agpo(config), config)]
    aucs: tuple[dict[int, FloatArray], dict[int, FloatArray]] = ({}, {})
    step, problem = np.zeros(0, dtype=np.int64), ""
    with pool.run(X, sides, y, keep=("history",)) as runs:
        for outcome in runs:
            if progress is not None:
                progress(runs.done, runs.total)
            if not outcome.ok or outcome.history is None:
                problem = outcome.diverged or outcome.failed or ""
                continue
            step = outcome.history["eval_step"].astype(np.int64)
            seed, side = divmod(outcome.index, 2)
            aucs[side][seed] = outcome.history["auc"].astype(np.float64)
    if not all(aucs):
        raise SogaalError(f"no run of one side reached its end: {problem}")
    noise, gaal = (np.stack([side[seed] for seed in sorted(side)]) for side in aucs)
    return Duel(step, noise, gaal, problem)


@dataclass(frozen=True, eq=False)
class Surroundings:
    """How far from the rows' middle everything lies: root mean square over the features, so that tables with few and
    with many features compare. ``inliers``, ``outliers``, ``noise`` and ``generated``, each 1-D; ``share``: of the
    noise that is no further out than 95 % of the rows."""

    inliers: FloatArray
    outliers: FloatArray
    noise: FloatArray
    generated: FloatArray
    share: float


def surroundings(trainer: Trainer, points: int = 4000) -> Surroundings:
    """Measure the rows of a run with labels, ``points`` of uniform noise, and what G makes at this moment."""
    if trainer.y is None:
        raise ValueError("surroundings needs a table with labels.")
    rows = trainer.X.astype(np.float64)
    noise = np.random.default_rng(trainer.config.seed).random((points, rows.shape[1]))
    middle, outlier = rows.mean(axis=0), np.asarray(trainer.y) == 1
    of_rows, of_noise = _radius(rows, middle), _radius(noise, middle)
    of_generated = _radius(trainer.frame().generated.astype(np.float64), middle)
    share = float((of_noise <= np.quantile(of_rows, 0.95)).mean())
    return Surroundings(of_rows[~outlier], of_rows[outlier], of_noise, of_generated, share)


def _radius(points: FloatArray, middle: FloatArray) -> FloatArray:
    return np.asarray(np.sqrt(((points - middle) ** 2).mean(axis=1)))


def ball_share(d: int) -> float:
    """Which part of the cube [0, 1]^d the ball fills that touches its sides: pi^(d/2) / (2^d Gamma(d/2 + 1))."""
    return exp(d / 2 * log(pi) - d * log(2) - lgamma(d / 2 + 1))


def outline(values: FloatArray, low: float, high: float, bins: int = 60) -> tuple[FloatArray, FloatArray]:
    """A histogram of ``values`` from ``low`` to ``high`` as a line, x and y (bins,), as high as 1."""
    counts, edges = np.histogram(values, bins=bins, range=(low, high))
    # Softened over neighbours: such a line is read by its place and width, not by its teeth.
    soft = np.convolve(counts, [0.25, 0.5, 0.25], mode="same")
    return (edges[1:] + edges[:-1]) / 2, np.asarray(soft / max(float(soft.max()), 1e-12))
