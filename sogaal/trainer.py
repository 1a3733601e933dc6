"""The trainer: one run, step by step under its caller's control, with what it sees on the way.

    trainer = Trainer(X, make_config("post"), y)
    while trainer.advance(100):
        ...                           # trainer.history.view(), trainer.frame()
    logits = trainer.scores(X)

The recipe is that of Liu et al. 2019 as the authors' code runs it; the step itself is :mod:`sogaal.engine`. With
``stop_epochs="auto"`` more seeds play along, end the run and score with it: :mod:`sogaal.committee`.
"""

import time
from collections.abc import Mapping
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt

from sogaal.captured import engine_for
from sogaal.choice import Choice
from sogaal.committee import Committee
from sogaal.config import TrainConfig
from sogaal.errors import ConfigError, DataError, DivergedError
from sogaal.frames import DiscriminatorWeights, Frame
from sogaal.history import EVALUATION_COLUMNS, History
from sogaal.metrics import ranking_metrics_of_rows, roc_auc
from sogaal.networks import Discriminator, Generator
from sogaal.records import Marks, StepRecord
from sogaal.seeding import Stream, stream
from sogaal.voting import combined

FloatArray = npt.NDArray[np.float32]
At = Literal["stop", "end", "now"]

# Rows that the evaluations on the way use, when the table has more; the last evaluation uses all.
EVALUATION_ROWS = 20_000
# Steps after which the evaluations that fell due are made, at the latest: together they cost less. Until then the
# networks are kept, in at most so many floats.
EVALUATED_TOGETHER, KEPT_FLOATS = 512, 2**22


class Trainer:
    """One training of ``config`` on ``X`` (n, d) float32, scaled; ``y`` (n,), 1 = outlier, only ever evaluates.

    Raises :class:`DataError` for a table or labels that cannot be used, :class:`ConfigError` for a set-up that does
    not fit the table.
    """

    def __init__(self, X: FloatArray, config: TrainConfig, y: npt.NDArray[np.integer] | None = None) -> None:
        self.X = checked_table(X)
        self.y = checked_labels(y, len(self.X))
        self.config = config
        self.engine = engine_for(self.X, [config])
        self.n, self.d = self.X.shape
        self.batches = self.engine.batches
        self.total_epochs = config.epochs_of(self.batches)
        self.total_steps = config.total_steps(self.n)
        self.generator_steps = self.engine.generator_steps[0]
        self.stop_step = self._stop_step()
        self.history = History(config.n_generators)
        self.diverged: DivergedError | None = None
        self.seconds = 0.0
        self._stop_values: FloatArray | None = None
        self._committee: Committee | None = None
        if config.automatic:
            self._committee = Committee(self.X, config, self.engine, self.total_steps)
        self._evaluation_rows = self._choose_evaluation_rows()
        self._portion = self._steps_together()
        deviation = self.X.std(axis=0, dtype=np.float64)
        self._varying = deviation > 0
        self._deviation = deviation[self._varying]

    def _stop_step(self) -> int | None:
        """After which step "at stop" is evaluated: the end of G's last trained epoch; None if the run ends first."""
        step = self.config.stop_step(self.batches)
        return step if step is not None and step <= self.total_steps else None

    def _choose_evaluation_rows(self) -> npt.NDArray[np.int64] | None:
        """A fixed sample with the table's share of outliers, or None for all rows."""
        if self.y is None or self.n <= EVALUATION_ROWS:
            return None
        rng = stream(0, Stream.SAMPLE, 1)
        parts = []
        for label in (0, 1):
            rows = np.nonzero(self.y == label)[0]
            size = min(len(rows), max(1, round(EVALUATION_ROWS * len(rows) / self.n)))
            parts.append(rng.choice(rows, size, replace=False))
        return np.sort(np.concatenate(parts))

    def _steps_together(self) -> int:
        size = self.engine.D.values.numel() + self.engine.G.values.numel()
        return min(EVALUATED_TOGETHER, max(1, KEPT_FLOATS // size) * self.batches * self.config.eval_every)

    # -- where the run is ------------------------------------------------------------------------------------------

    @property
    def step(self) -> int:
        """Steps done."""
        return self.engine.step

    @property
    def epoch(self) -> int:
        """Whole epochs done."""
        return self.step // self.batches

    @property
    def finished(self) -> bool:
        """Whether there is nothing left to do: all steps are done, the seeds chose the stop, or the run diverged."""
        chosen = self._committee is not None and self._committee.ended
        return chosen or self.step >= self.total_steps or self.diverged is not None

    @property
    def choice(self) -> Choice | None:
        """How the seeds choose the stop, as far as they got; None where ``stop_epochs`` says it."""
        return None if self._committee is None else self._committee.choice

    @property
    def generator_stopped(self) -> bool:
        """Whether G has taken its last step."""
        return self.generator_steps is not None and self.step >= self.generator_steps

    @property
    def samples_evaluation(self) -> bool:
        """Whether evaluations on the way use a sample of the rows (the last one uses all)."""
        return self._evaluation_rows is not None

    # -- training --------------------------------------------------------------------------------------------------

    # Numbers that leave the finite range end in a DivergedError; numpy's warnings on the way there say nothing more.
    @np.errstate(over="ignore", invalid="ignore")
    def advance(self, max_steps: int = 1) -> int:
        """Do up to ``max_steps`` steps and the evaluations that fall due; returns the steps done, 0 when finished.

        Raises :class:`DivergedError` when a value is no longer finite; the history up to there stays.
        """
        started = time.perf_counter()
        done = 0
        try:
            while done < max_steps and not self.finished:
                steps = min(max_steps - done, self._portion, self.total_steps - self.step)
                if self._committee is not None:
                    steps = min(steps, self._committee.next_moment(self.step) - self.step)
                self._play(steps)
                done += steps
        finally:
            self.seconds += time.perf_counter() - started
        return done

    def fit(self) -> Self:
        """Train to the end."""
        while self.advance(1000):
            pass
        return self

    def _play(self, steps: int) -> None:
        """Do so many steps, with all that is seen of them."""
        after, due = self.step, self._evaluations(self.step, self.step + steps)
        if self._committee is None:
            record, self.diverged = self.engine.advance(steps, due), self.engine.diverged[0]
            upto = self.step if self.diverged is None else self.diverged.step - 1
            played = [(self.engine, record.between(after, after, upto))]
        else:
            played, self.diverged = self._committee.advance(steps, due), self._committee.failed
        for self.engine, record in played:  # that of the seed that leads now
            if record.marks:
                self._evaluate(record.marks)
            self._add(record)
        if self.diverged is not None:
            raise self.diverged
        if self._committee is not None:
            self.engine = self._committee.lead

    def _evaluations(self, after: int, up_to: int) -> set[int]:
        """The steps in (after, up_to] at whose end the run is evaluated."""
        every = self.config.eval_every * self.batches
        due = set(range((after // every + 1) * every, up_to + 1, every))
        if self._committee is not None and up_to == self._committee.next_moment(after):
            due.add(up_to)  # a choice can be made there, and the run end
        return due | {step for step in (self.stop_step, self.total_steps) if step is not None and after < step <= up_to}

    def _add(self, record: StepRecord) -> None:
        sub = record.sub_g_loss[:, 0]
        self.history.add_steps(
            {
                "d_loss": record.d_loss[:, 0],
                "g_loss": sub.mean(axis=1),
                "sub_g_loss": sub,
                "d_real": record.d_real[:, 0],
                "d_fake": record.d_fake[:, 0],
            }
        )

    def _evaluate(self, marks: Marks) -> None:
        """Evaluate the networks at the marked steps, together: one call for many rankings costs less."""
        auc, precision, at_n = self._rankings(marks).T
        values = (marks.steps, auc, precision, at_n, self._spread(marks))
        self.history.add_evaluations(dict(zip(EVALUATION_COLUMNS, values, strict=True)))
        for values_at_stop in marks.d_values[marks.steps == self.stop_step]:
            self._stop_values = values_at_stop.copy()

    def _rankings(self, marks: Marks) -> npt.NDArray[np.float64]:
        """AUC, average precision and precision at n at each mark, (e, 3); NaN without labels."""
        if self.y is None:
            return np.full((len(marks), 3), np.nan)
        if not self.samples_evaluation:
            return self._ranked(marks, None)
        parts = [(marks.steps < self.total_steps, self._evaluation_rows), (marks.steps == self.total_steps, None)]
        return np.concatenate([self._ranked(marks.where(of), rows) for of, rows in parts if of.any()])

    def _ranked(self, marks: Marks, rows: npt.NDArray[np.int64] | None) -> npt.NDArray[np.float64]:
        assert self.y is not None
        logits = self.engine.table_logits(marks.d_values, rows)[:, 0]
        return ranking_metrics_of_rows(logits, self.y if rows is None else self.y[rows])

    def _spread(self, marks: Marks) -> npt.NDArray[np.float64]:
        if not self._varying.any():
            return np.zeros(len(marks))
        points: FloatArray = self.engine.generated_at(marks.g_values)[:, 0]
        by_feature = np.ascontiguousarray(np.swapaxes(points, 1, 2)).reshape(len(marks), self.d, -1)
        # Rows in one piece: else the order of a sum, and its last digit, depends on how many moments come together.
        deviation = np.ascontiguousarray(by_feature.std(axis=2)[:, self._varying])
        return np.asarray((deviation / self._deviation).mean(axis=1), dtype=np.float64)

    # -- what it has learned ---------------------------------------------------------------------------------------

    def _values(self, at: At | None) -> FloatArray | None:
        """D's flat parameters at that moment; None = now."""
        wanted = self.config.score_at if at is None else at
        if wanted == "stop":
            if self._stop_values is not None:
                return self._stop_values
            if at == "stop":
                raise ConfigError("at must be 'now' or 'end' before G has stopped, got 'stop'.", field="at")
        return None

    @np.errstate(over="ignore", invalid="ignore")
    def scores(self, X: FloatArray | None = None, at: At | None = None) -> FloatArray:
        """D's logits (m,) float32 of rows ``X`` (m, d), scaled (None: the table); **lower = more abnormal**.

        ``at``: "stop" (when G stopped), "end" or "now" (as D is now), None: as ``score_at`` says, or now if G has not
        stopped. Of seeds that choose the stop, the mean logit of all D's that were kept so far, unless "now" is asked
        for. Raises :class:`ConfigError` for "stop" before the stop.
        """
        if at in (None, "end") and self._committee is not None and self._committee.moments:
            if X is None:
                return self._committee.logits()
            return combined([weights for seed in self.voters() for weights in seed], X).astype(np.float32)
        logits: FloatArray = self.engine.logits(X, self._values(at))[0]
        return logits

    def discriminator_weights(self, at: At | None = "now") -> DiscriminatorWeights:
        """D's weights in numpy; ``at`` as in :meth:`scores`."""
        return self.engine.discriminator_weights(0, self._values(at))

    def voters(self) -> list[tuple[DiscriminatorWeights, ...]]:
        """With ``stop_epochs="auto"`` the D's that score together so far, seed by seed and moment by moment."""
        return [] if self._committee is None or not self._committee.moments else self._committee.voters()

    def discriminator(self, at: At | None = None) -> Discriminator:
        """D as a torch module; ``at`` as in :meth:`scores`."""
        return Discriminator(self.discriminator_weights(at))

    def generators(self) -> list[Generator]:
        """The (sub-)generators now, as torch modules."""
        return [Generator(*weights) for weights in self.engine.generator_weights(0)]

    @np.errstate(over="ignore", invalid="ignore")
    def frame(self) -> Frame:
        """A small picture of the run now: fixed noise through G, and D's weights."""
        points = self.engine.generated()[0]
        owner = np.repeat(np.arange(len(points), dtype=np.int16), points.shape[1])
        return Frame(self.step, self.epoch, points.reshape(-1, self.d), owner, self.discriminator_weights())

    def summary(self) -> dict[str, Any]:
        """Plain numbers of the run so far: steps, seconds, auc_stop, auc_final, auc_best, d_loss, g_loss; or None.

        With ``stop_epochs="auto"`` the final AUC is that of all seeds together, the best one the first's on its way,
        and "auto" says how the stop was chosen, as of :meth:`sogaal.choice.Choice.to_dict`.
        """
        view = self.history.view()
        auc = view.auc if self.y is not None and len(view.auc) else None
        at_stop = np.nonzero(view.eval_step == (self.stop_step or -1))[0]
        choice = self.choice
        final = float(auc[-1]) if auc is not None else None
        if self.y is not None and choice is not None and choice.steps:
            final = roc_auc(self.scores(), self.y)
        return {
            "steps": self.step,
            "seconds": self.seconds,
            "auc_stop": float(auc[at_stop[0]]) if auc is not None and len(at_stop) else None,
            "auc_final": final,
            "auc_best": float(auc.max()) if auc is not None else None,
            "d_loss": float(view.d_loss[-1]) if view.steps else None,
            "g_loss": float(view.g_loss[-1]) if view.steps else None,
        } | ({} if choice is None else {"auto": choice.to_dict()})

    # -- state -----------------------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, npt.NDArray[np.generic]]:
        """What a trainer of the same table and set-up needs, besides the history, to go on bit for bit.

        Plain arrays by name, copies. Of no use after a divergence.
        """
        state: dict[str, npt.NDArray[np.generic]] = dict(self.engine.state_dict())
        state["step"] = np.array(self.step, dtype=np.int64)
        state["seconds"] = np.array(self.seconds)
        if self._stop_values is not None:
            state["d_stop_values"] = self._stop_values
        if self._committee is not None:
            state |= self._committee.state_dict()
        return state

    def load_state_dict(self, state: Mapping[str, npt.NDArray[np.generic]], history: History) -> None:
        """Go on from where :meth:`state_dict` was taken, with the ``history`` up to there; what it has beyond is left.

        Raises :class:`ConfigError` when the shapes do not fit, something is missing, or the history is too short.
        """
        mine = self.engine.state_dict()
        seeds = [] if self._committee is None else self._committee.needed(state)
        missing = [name for name in (*mine, "step", "seconds", *seeds) if name not in state]
        if missing:
            raise ConfigError(f"state must have {missing[0]}, got {', '.join(state) or 'nothing'}.")
        step, stop = int(state["step"]), state.get("d_stop_values")
        if not 0 <= step <= self.total_steps:
            raise ConfigError(f"step must lie between 0 and the run's {self.total_steps} steps, got {step}.")
        expected = mine | ({} if stop is None else {"d_stop_values": mine["d_values"]})
        for name, array in expected.items():  # all of them first: a trainer must not end up with half a state
            if state[name].shape != array.shape:
                raise ConfigError(f"{name} must have shape {array.shape}, got {state[name].shape}.")
        if history.n_generators != self.config.n_generators:
            raise ConfigError(
                f"history must have {self.config.n_generators} sub-generators, got {history.n_generators}."
            )
        kept = history.until(step)
        if kept.view().steps < step:
            raise ConfigError(f"history must have the {step} steps before the state, got {kept.view().steps}.")
        if self._committee is not None:
            self._committee.load_state_dict(state, step)
            self.engine = self._committee.lead
        self.engine.load_state_dict({name: np.asarray(state[name], dtype=np.float32) for name in mine}, step)
        self.seconds = float(state["seconds"])
        self._stop_values = None if stop is None else np.asarray(stop, dtype=np.float32)
        self.history = kept
        self.diverged = None


def checked_table(X: FloatArray) -> FloatArray:
    """``X`` (n, d) as contiguous float32; raises :class:`DataError` for a table that cannot be trained on."""
    table = np.ascontiguousarray(X, dtype=np.float32)
    if table.ndim != 2 or 0 in table.shape:
        raise DataError(f"X must have two dimensions and at least one row and column, got shape {np.shape(X)}.")
    bad = ~np.isfinite(table)
    if bad.any():
        row, column = (int(i) for i in np.argwhere(bad)[0])
        count = int(bad.sum())
        raise DataError(f"X must be finite, got {count} bad value(s), the first in row {row}, column {column}.")
    return table


def checked_labels(y: npt.NDArray[np.integer] | None, n: int) -> npt.NDArray[np.int8] | None:
    """``y`` (n,) as int8 with both 0 and 1 in it, or None; raises :class:`DataError` for anything else."""
    if y is None:
        return None
    labels = np.asarray(y)
    if labels.shape != (n,):
        raise DataError(f"y must have one label for each of the {n} rows, got shape {labels.shape}.")
    found = set(np.unique(labels).tolist())
    if found != {0, 1}:
        raise DataError(f"y must hold both 0 (inlier) and 1 (outlier) and nothing else, got {sorted(found)[:5]}.")
    return labels.astype(np.int8)
