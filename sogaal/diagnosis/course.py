"""The course of a run: the quantities that the rules judge, each computed once and only if it is asked for."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil
from typing import Any

import numpy as np
import numpy.typing as npt

from sogaal.counting import generator_steps
from sogaal.diagnosis.findings import Evidence
from sogaal.frames import Frame
from sogaal.voting import combined

FloatArray = npt.NDArray[np.float32]
DoubleArray = npt.NDArray[np.float64]
Steps = tuple[int, int]

# A loss is judged by its median over this share of the steps before a moment: single batches jump.
WINDOW = 1 / 40
# Means over so many equal stretches show how a loss moves.
STRETCHES = 50
# Rows, points and frames that are looked at, spread evenly: a diagnosis is to take milliseconds.
MOST_ROWS = 2000
MOST_PROBES = 400
MOST_FRAMES = 30
# Features beyond [0, 1] by this, or narrower than THIN, are out of G's reach.
OUTSIDE, THIN = 0.5, 0.02
# D wins where its loss and its mean on generated points are under this; its logits are the same within SAME_LOGIT.
D_WINS = 0.1
SAME_LOGIT = 1e-4
# A D whose mean loss was never under this has not learned yet; ln 2 = .693 is guessing.
UNTAUGHT_D = 0.55
# Median distance of the generated points at which they are far; 1 = where the outer 5 % of the rows begin.
FAR = 1.5
# With fewer frames of the game nobody knows where the points have been in between.
FOLLOWED = 5
# A frame stands for a moment that is at most this share of the run away.
NEAR_IN_TIME = 0.05


@dataclass(frozen=True)
class Window:
    """Medians over the steps ``first`` .. ``last`` (from 1): losses and means of D."""

    first: int
    last: int
    d_loss: float
    g_loss: float
    d_real: float
    d_fake: float

    @property
    def steps(self) -> Steps:
        """Where it lies."""
        return self.first, self.last


@dataclass(frozen=True, eq=False)
class Cloud:
    """The data as a cloud: ``middle`` (d,) its medians, ``deviation`` (d,), and what lies at its ``edge``.

    The distance of a point is the root mean square over the features of its distance from the middle in standard
    deviations; ``edge`` is the distance within which 95 % of the rows lie. ``varying`` (d,): features that vary.
    """

    middle: DoubleArray
    deviation: DoubleArray
    varying: npt.NDArray[np.bool_]
    edge: float

    @classmethod
    def of(cls, X: FloatArray) -> "Cloud":
        """The cloud of the rows ``X`` (m, d)."""
        rows = X.astype(np.float64)  # squares of what nobody scaled may leave the range of single precision
        deviation = rows.std(axis=0)
        varying = deviation > 0
        cloud = cls(np.median(rows, axis=0), np.where(varying, deviation, 1), varying, 1.0)
        edge = float(np.quantile(cloud.distances(X), 0.95))
        return cls(cloud.middle, cloud.deviation, varying, max(edge, 1e-6))

    def distances(self, points: FloatArray) -> DoubleArray:
        """The distance of each point (m, d) from the middle -> (m,)."""
        return np.asarray(np.sqrt((((points - self.middle) / self.deviation) ** 2).mean(axis=1)))


class Course:
    """What is known of a run; see :class:`Evidence`."""

    def __init__(self, evidence: Evidence) -> None:
        self.evidence = evidence
        self.config = evidence.config
        self.view = evidence.view
        self.last_step = self.view.steps
        played = generator_steps(self.config, evidence.batches)
        # The steps in which G was trained, of those recorded.
        self.played = self.last_step if played is None else min(played, self.last_step)
        stop = evidence.stop_step
        self.stopped = stop is not None and self.last_step >= stop
        # The last moment of the game: where G stopped, or now.
        self.game_end = stop if stop is not None and self.stopped else self.last_step
        self.frozen = self.last_step - self.game_end
        self.has_labels = self.view.has_labels
        self.scored_step = self.game_end if self.config.score_at == "stop" else self.last_step

    # -- by step ---------------------------------------------------------------------------------------------------

    def window(self, end: int) -> Window:
        """The medians over the last steps before ``end``."""
        first = end - max(min(5, end), int(end * WINDOW))
        rows = slice(first, end)
        view = self.view
        columns = (view.d_loss, view.g_loss, view.d_real, view.d_fake)
        return Window(first + 1, end, *(float(np.median(column[rows])) for column in columns))

    @cached_property
    def at_stop(self) -> Window:
        """The end of the game."""
        return self.window(self.game_end)

    @cached_property
    def at_end(self) -> Window:
        """The last steps recorded."""
        return self.window(self.last_step)

    @cached_property
    def stretch(self) -> int:
        """Steps in one of the stretches of :meth:`means`."""
        return max(1, self.game_end // STRETCHES)

    def means(self, column: FloatArray) -> DoubleArray:
        """A column's means over equal stretches of the game; what is left over at its start is left out."""
        count = self.game_end // self.stretch
        rows = column[self.game_end - count * self.stretch : self.game_end]
        return np.asarray(rows.reshape(count, self.stretch).mean(axis=1, dtype=np.float64))

    def stretch_end(self, number: int) -> int:
        """The last step of a stretch, counted from 0."""
        count = self.game_end // self.stretch
        return self.game_end - (count - 1 - int(number)) * self.stretch

    @cached_property
    def g_loss_fall(self) -> float:
        """By how much G's loss fell over the last quarter of the game, by a straight line; under 0 if it rose."""
        means = self.means(self.view.g_loss)
        tail = means[-max(2, len(means) // 4) :]
        return -float(np.polyfit(np.linspace(0, 1, len(tail)), tail, 1)[0]) if len(tail) > 1 else 0.0

    @property
    def at_step_one(self) -> bool:
        """Whether nothing has been learned that could be judged."""
        return self.game_end < STRETCHES

    # -- by evaluation ---------------------------------------------------------------------------------------------

    def _evaluated(self, column: DoubleArray, step: int) -> float:
        number = int(np.searchsorted(self.view.eval_step, step, side="right")) - 1
        return float(column[number]) if number >= 0 else float("nan")

    def auc(self, step: int) -> float:
        """The AUC as it was last evaluated up to ``step``; NaN if unknown."""
        return self._evaluated(self.view.auc, step)

    def spread(self, step: int) -> float:
        """The spread of the generated points over that of the data, as last evaluated; NaN if unknown."""
        return self._evaluated(self.view.spread, step)

    @cached_property
    def scored_auc(self) -> float:
        """The AUC of the D that scores; NaN without labels."""
        return self.auc(self.scored_step)

    # -- by frame --------------------------------------------------------------------------------------------------

    @cached_property
    def rows(self) -> FloatArray | None:
        """Rows of the table, evenly spread over it."""
        X = self.evidence.X
        return None if X is None or not len(X) else X[:: ceil(len(X) / MOST_ROWS)]

    @cached_property
    def cloud(self) -> Cloud | None:
        """The data as a cloud."""
        return None if self.rows is None else Cloud.of(self.rows)

    @cached_property
    def frames(self) -> Sequence[Frame]:
        """Frames, evenly spread over the recorded ones; the first and the last are among them."""
        frames = [frame for frame in self.evidence.frames if frame.step <= self.last_step]
        if len(frames) <= MOST_FRAMES:
            return frames
        return [frames[number] for number in np.linspace(0, len(frames) - 1, MOST_FRAMES).round().astype(int)]

    def frame(self, step: int) -> Frame | None:
        """The frame nearest to a step; None if there is none near."""
        nearest = min(self.evidence.frames, key=lambda frame: abs(frame.step - step), default=None)
        if nearest is None or abs(nearest.step - step) > max(1.0, NEAR_IN_TIME * self.last_step):
            return None
        return nearest

    @cached_property
    def final_points(self) -> FloatArray | None:
        """What G makes at the end of the game (m, d): frames after it show the same, for G no longer changes."""
        after = [frame for frame in self.evidence.frames if frame.step >= self.played]
        frame = after[0] if after else self.frame(self.game_end)
        return None if frame is None else frame.generated

    @cached_property
    def distances(self) -> list[tuple[int, float]]:
        """(step, distance) of each frame of the game: the median distance of its points, 1 = the edge of the data."""
        if self.cloud is None:
            return []
        points = [(frame.step, frame.generated) for frame in self.frames if frame.step < self.played]
        if self.final_points is not None:
            points.append((self.game_end, self.final_points))
        return [(step, self._distance(made)) for step, made in points]

    def _distance(self, points: FloatArray) -> float:
        assert self.cloud is not None
        some = points[:: ceil(len(points) / MOST_PROBES)]
        return float(np.median(self.cloud.distances(some))) / self.cloud.edge

    @property
    def final_distance(self) -> float:
        """The distance at the end of the game; NaN if unknown."""
        return self.distances[-1][1] if self.final_points is not None and self.distances else float("nan")

    @cached_property
    def nearest(self) -> tuple[int, float]:
        """Step and distance of the frame in which the points were nearest; (0, NaN) if unknown."""
        return min(self.distances, key=lambda pair: pair[1], default=(0, float("nan")))

    @cached_property
    def arrival(self) -> int | None:
        """The step of the first frame with half of the points within the edge of the data; None if there is none."""
        return next((step for step, distance in self.distances if distance <= 1 and step), None)

    @property
    def was_at_data(self) -> bool:
        """Whether half of the points have been within the edge of the data, or nobody knows."""
        return not (self.followed and self.nearest[1] > 1)

    @property
    def followed(self) -> bool:
        """Whether there are enough frames of the game to say where the points have never been."""
        return len(self.distances) >= FOLLOWED

    def logit_deviation(self, step: int) -> float:
        """The standard deviation of D's logits over the rows; NaN if unknown."""
        frame = self.frame(step)
        if frame is None or self.rows is None:
            return float("nan")
        return float(frame.discriminator.logits(self.rows).std(dtype=np.float64))

    @cached_property
    def _probes(self) -> tuple[FloatArray, FloatArray] | None:
        if self.rows is None:
            return None
        some = self.rows[:: ceil(len(self.rows) / MOST_PROBES)]
        low, high = self.rows.min(axis=0), self.rows.max(axis=0)
        # Always the same points, so that two moments, and two runs on one table, can be compared.
        uniform = np.random.default_rng(0).random((MOST_PROBES, some.shape[1]), dtype=np.float32)
        return some, low + (high - low) * uniform

    def probe(self, step: int) -> float:
        """The chance that D takes a row for more real than a point drawn anywhere in the table's box.

        A label-free stand-in for the AUC: the same measure (Mann-Whitney), with uniform points in the place of the
        outliers. 1 = D sees the data everywhere as more real than empty space, .5 = it cannot tell. NaN if unknown.
        """
        frame = self.frame(step)
        return float("nan") if frame is None else self._probe(frame.discriminator.logits)

    @cached_property
    def probe_together(self) -> float:
        """The same of all D's that rank together in an automatic run; NaN if unknown.

        It is not that of the one game on record, whose D has turned: breast_cancer with the preset auto has .06 there,
        1.00 together, and an AUC of .99.
        """
        voters = self.evidence.voters
        return self._probe(lambda rows: combined(voters, rows)) if voters else float("nan")

    def _probe(self, logits: Callable[[FloatArray], npt.NDArray[np.floating[Any]]]) -> float:
        if self._probes is None:
            return float("nan")
        real, uniform = (logits(part) for part in self._probes)
        if not (np.isfinite(real).all() and np.isfinite(uniform).all()):
            return float("nan")
        uniform = np.sort(uniform)
        under, up_to = uniform.searchsorted(real, side="left"), uniform.searchsorted(real, side="right")
        return float((under + up_to).sum()) / (2 * len(real) * len(uniform))

    @cached_property
    def probes(self) -> list[tuple[int, float]]:
        """(step, :meth:`probe`) of the frames of the game."""
        return [
            (frame.step, self._probe(frame.discriminator.logits))
            for frame in self.frames
            if 0 < frame.step <= self.game_end
        ]

    # -- what several rules ask ------------------------------------------------------------------------------------

    @property
    def config_scaling(self) -> str:
        """How the columns were scaled."""
        return self.evidence.scaling

    @cached_property
    def _quantiles(self) -> tuple[DoubleArray, DoubleArray]:
        assert self.rows is not None
        low, high = np.quantile(self.rows.astype(np.float64), (0.05, 0.95), axis=0)
        return low, high

    @cached_property
    def outside_share(self) -> float:
        """The share of the features that lie outside G's start, [0, 1], or fill hardly any of it; 0 if unknown."""
        if self.cloud is None:
            return 0.0
        low, high = self._quantiles
        strange = (low < -OUTSIDE) | (high > 1 + OUTSIDE) | (high - low < THIN)
        return float((strange & self.cloud.varying).mean())

    @property
    def negative_share(self) -> float:
        """The share of the features with negative values in more than 5 % of the rows."""
        return float((self._quantiles[0] < 0).mean())

    @property
    def box(self) -> tuple[float, float]:
        """The smallest and the largest value of the table (of the rows looked at)."""
        assert self.rows is not None
        return float(self.rows.min()), float(self.rows.max())

    @cached_property
    def dead_d(self) -> bool:
        """Whether D gives every row the same score at the end of the game."""
        deviation = self.logit_deviation(self.game_end)
        if np.isfinite(deviation):
            return deviation < SAME_LOGIT
        return abs(self.at_stop.d_real - self.at_stop.d_fake) < SAME_LOGIT

    @property
    def on_the_way(self) -> bool:
        """Whether G still plays: it may yet reach the data, and a lead of D's may yet be lost."""
        return not self.evidence.complete and not self.evidence.diverged and not self.stopped

    @cached_property
    def untaught_d(self) -> bool:
        """Whether D has hardly learned anything in the whole game."""
        means = self.means(self.view.d_loss)
        return not self.dead_d and bool(len(means)) and float(means.min()) > UNTAUGHT_D

    @property
    def lost_game(self) -> bool:
        """Whether D had won when the game ended, or was dead: then G learned nothing."""
        return self.dead_d or (self.at_stop.d_loss < D_WINS and self.at_stop.d_fake < D_WINS)
