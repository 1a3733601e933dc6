"""`Committee`: several seeds of one set-up that choose the stop together, without labels, and then score together.

This is what ``stop_epochs="auto"`` means. All seeds play the same game, G never held. Every :data:`MOMENT_STEPS` steps
each D judges the rows, and is kept. When D turns (:mod:`sogaal.labelfree.turning`) the run ends, and the mean logit of
all D's that were kept, of all seeds and moments, ranks the rows. A moment at which D told the generated points well
from the table has large logits, and so weighs more than one at which G had reached the data.
"""

from collections.abc import Collection, Mapping

import numpy as np
import numpy.typing as npt

from sogaal.captured import engine_for
from sogaal.choice import Choice, left_out
from sogaal.config import TrainConfig
from sogaal.engine import Engine
from sogaal.errors import ConfigError, DivergedError
from sogaal.frames import DiscriminatorWeights
from sogaal.labelfree import agreement, likeness, turn
from sogaal.records import DIVERGED, StepRecord, diverged
from sogaal.seeding import Stream, member_seeds, stream

FloatArray = npt.NDArray[np.float32]
DoubleArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

MOMENT_STEPS = 100
# Rows on which rankings are compared, when the table has more.
COMPARED_ROWS = 5_000


class Committee:
    """The seeds of one automatic run on the scaled table ``X`` (n, d); ``first``: the engine of the first one.

    The first one that is still in leads: its game is the one that is shown and recorded. A seed whose numbers leave the
    finite range is left out, with all its moments, and the others go on; if it led, the next one does from that step
    on. ``last``: the step at which the run ends if D does not turn. ``failed``: the error of a run of which fewer than
    two seeds are left (of a single seed: that one's own).
    """

    def __init__(self, X: FloatArray, config: TrainConfig, first: Engine, last: int) -> None:
        self._seeds = tuple(member_seeds(config.seed, config.auto_seeds))
        self._engines = {0: first}  # by place; of those that are in
        for place, seed in enumerate(self._seeds[1:], start=1):
            self._engines[place] = engine_for(X, [config.replace(seed=seed)], first.table)
        self._dropped = np.zeros(len(self._seeds), dtype=np.int64)  # at which step; 0: it is in
        self._last = last
        self.failed: DivergedError | None = None
        n = len(X)
        sample = stream(0, Stream.SAMPLE, 4).choice(n, min(n, COMPARED_ROWS), replace=False)
        self._rows = np.sort(sample)
        self._steps: list[int] = []
        self._kept: list[list[FloatArray]] = [[] for _ in self._seeds]  # D's flat parameters, seed by seed
        self._alike: list[float] = []
        self._agreed: list[float] = []
        self._totals: DoubleArray = np.zeros((len(self._seeds), n))  # of all verdicts so far, seed by seed

    @property
    def lead(self) -> Engine:
        """The engine of the seed whose game is shown."""
        return self._engines[min(self._engines)]

    def next_moment(self, step: int) -> int:
        """The first step after ``step`` at which D is judged and kept."""
        return min((step // MOMENT_STEPS + 1) * MOMENT_STEPS, max(self._last, step + 1))

    def advance(self, steps: int, marks: Collection[int]) -> list[tuple[Engine, StepRecord]]:
        """Do ``steps`` steps of all seeds, at most to :meth:`next_moment`, and tell what the leading one did.

        ``marks``: after which steps to keep its networks. More than one record, each with its engine, where the lead
        changed; fewer steps than asked for where the run has :attr:`failed`.
        """
        before = told = self.lead.step
        end = before + steps
        shown: list[tuple[Engine, StepRecord]] = []
        lost: dict[int, DivergedError] = {}
        for place, engine in self._engines.items():
            record = engine.advance(steps, marks if told < end else ())
            error = engine.diverged[0]
            upto = end if error is None else error.step - 1
            if upto > told:
                shown.append((engine, record.between(before, told, upto)))
                told = upto
            if error is not None:
                lost[place] = error
        self._drop(lost)
        if self.failed is not None:
            upto = self.failed.step - 1
            shown = [(engine, record.between(start, start, upto)) for start, engine, record in _placed(before, shown)]
        elif end % MOMENT_STEPS == 0 or end == self._last:
            self._judge(end)
        return shown

    def _drop(self, lost: Mapping[int, DivergedError]) -> None:
        """Leave these seeds out; where too few remain, that is the end of the run."""
        for place, error in sorted(lost.items(), key=lambda one: (one[1].step, one[0])):
            self._dropped[place] = error.step
            left = len(self._engines) - 1
            if left < min(2, len(self._seeds)):
                self.failed = self.failed or self._too_few(error)
            if left:  # the last one stays: something must be shown
                del self._engines[place]

    def _too_few(self, last: DivergedError) -> DivergedError:
        if len(self._seeds) == 1:
            return last
        lost = left_out(self.choice.dropped, len(self._seeds))
        message = f"{DIVERGED}: fewer than two seeds are left at step {last.step:,}. {lost}."
        return DivergedError(message, last.step, last.quantity)

    def _judge(self, step: int) -> None:
        values = {place: engine.D.copy() for place, engine in self._engines.items()}
        lost = {place for place, of in values.items() if not np.isfinite(of).all()}
        lost |= {place for place, of in values.items() if not np.isfinite(self._verdict(of)).all()}
        self._drop({place: diverged("D on the table", step) for place in lost})
        if self.failed is None:
            self._add(step, values)

    def _verdict(self, values: FloatArray) -> FloatArray:
        found: FloatArray = self.lead.table_logits(values[None])[0, 0]
        return found

    def _add(self, step: int, values: Mapping[int, FloatArray]) -> None:
        there = self._in(step)
        self._steps.append(step)
        for place, kept in enumerate(self._kept):
            kept.append(values[place] if place in there else np.zeros_like(next(iter(values.values()))))
        verdicts = np.stack([self._verdict(values[place]) for place in there])
        self._totals[there] += verdicts
        compared = verdicts[:, self._rows]
        now, so_far = compared.mean(axis=0, dtype=np.float64), self._totals[there].sum(axis=0)[self._rows]
        self._alike.append(likeness(now, so_far))
        self._agreed.append(agreement(compared) if len(compared) > 1 else float("nan"))

    def _in(self, step: int | None = None) -> list[int]:
        """The places of the seeds that are in, or were at a step."""
        return [place for place, at in enumerate(self._dropped) if not at or (step is not None and at > step)]

    @property
    def moments(self) -> int:
        """How many moments were judged."""
        return len(self._steps)

    @property
    def ended(self) -> bool:
        """Whether the stop is chosen."""
        return turn(self._alike) is not None or (bool(self._steps) and self._steps[-1] >= self._last)

    @property
    def choice(self) -> Choice:
        """How the stop was chosen, or what there is to choose from so far."""
        seeds = tuple(self._seeds[at] for at in self._in())
        dropped = tuple((place + 1, int(step)) for place, step in enumerate(self._dropped) if step)
        turned = turn(self._alike) is not None
        return Choice(seeds, tuple(self._steps), tuple(self._alike), tuple(self._agreed), turned, dropped)

    def logits(self) -> FloatArray:
        """The mean logit of all D's that were kept, (n,) float32 over the table; there must be a moment."""
        there = self._in()
        mean = self._totals[there].sum(axis=0) / (len(there) * len(self._steps))
        return np.asarray(mean, dtype=np.float32)

    def voters(self) -> list[tuple[DiscriminatorWeights, ...]]:
        """All D's that were kept, seed by seed in the order of :attr:`Choice.seeds`, each moment by moment."""
        return [tuple(self.lead.discriminator_weights(0, values) for values in self._kept[at]) for at in self._in()]

    # -- state ---------------------------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, npt.NDArray[np.generic]]:
        """Copies of what a committee of the same table and set-up needs to go on bit for bit, but for the lead's."""
        state: dict[str, npt.NDArray[np.generic]] = {
            f"seed{place}.{name}": array
            for place, engine in self._engines.items()
            if engine is not self.lead
            for name, array in engine.state_dict().items()
        }
        if self._steps:
            state["moments"] = np.array(self._steps, dtype=np.int64)
            state["moments.d_values"] = np.array(self._kept)
        if self._dropped.any():
            state["dropped"] = self._dropped.copy()
        return state

    def needed(self, state: Mapping[str, npt.NDArray[np.generic]]) -> list[str]:
        """The names that a ``state`` must have."""
        dropped = self._dropped_in(state)
        there = [place for place in range(len(self._seeds)) if not dropped[place]]
        return [f"seed{place}.{name}" for place in there[1:] for name in self.lead.state_dict()]

    def _dropped_in(self, state: Mapping[str, npt.NDArray[np.generic]]) -> IntArray:
        found = np.asarray(state.get("dropped", np.zeros(len(self._seeds))), dtype=np.int64)
        if found.shape != self._dropped.shape or found.all():
            raise ConfigError(f"dropped must have a step for each of {len(self._seeds)} seeds, one of them 0.")
        return found

    def load_state_dict(self, state: Mapping[str, npt.NDArray[np.generic]], step: int) -> None:
        """Go on from what :meth:`state_dict` gave after ``step`` steps; it must have what is :meth:`needed`.

        For a committee that has not begun. The state of the one that leads then is loaded by whoever gave it.
        """
        self._dropped = self._dropped_in(state)
        self._engines = {place: engine for place, engine in self._engines.items() if not self._dropped[place]}
        for place, engine in self._engines.items():
            if engine is not self.lead:
                mine = {name: np.asarray(state[f"seed{place}.{name}"], np.float32) for name in engine.state_dict()}
                engine.load_state_dict(mine, step)
        kept = np.asarray(state.get("moments.d_values", np.empty((len(self._seeds), 0))), dtype=np.float32)
        for at, moment in enumerate(state.get("moments", np.empty(0, np.int64))):
            self._add(int(moment), {place: values[at].copy() for place, values in enumerate(kept)})


def _placed(before: int, shown: list[tuple[Engine, StepRecord]]) -> list[tuple[int, Engine, StepRecord]]:
    """The same with the step before each record."""
    starts = before + np.cumsum([0, *(len(record.d_loss) for _, record in shown)])
    return [(int(start), engine, record) for start, (engine, record) in zip(starts, shown, strict=False)]
