"""`Committee`: several seeds of one set-up that choose the stop together, without labels, and then score together.

This is what ``stop_epochs="auto"`` means. All seeds play the same game, G never held. Every :data:`MOMENT_STEPS` steps
each D judges the rows, and is kept. When D turns (:mod:`sogaal.labelfree.turning`) the run ends, and the mean logit of
all D's that were kept, of all seeds and moments, ranks the rows. A moment at which D told the generated points well
from the table has large logits, and so weighs more than one at which G had reached the data.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from sogaal.captured import engine_for
from sogaal.choice import Choice
from sogaal.config import TrainConfig
from sogaal.engine import Engine
from sogaal.frames import DiscriminatorWeights
from sogaal.labelfree import agreement, likeness, turn
from sogaal.records import Marks
from sogaal.seeding import Stream, member_seeds, stream

FloatArray = npt.NDArray[np.float32]
DoubleArray = npt.NDArray[np.float64]

MOMENT_STEPS = 100
# Rows on which rankings are compared, when the table has more.
COMPARED_ROWS = 5_000


class Committee:
    """The seeds of one automatic run on the scaled table ``X`` (n, d); ``first``: the engine of the first one.

    The others follow it: :meth:`follow` is called after each portion of its steps, which ends at :meth:`next_moment`
    at the latest. A seed whose numbers leave the finite range drops out with all its moments; if it is the first one,
    the run diverges as any other. ``last``: the step at which the run ends if D does not turn.
    """

    def __init__(self, X: FloatArray, config: TrainConfig, first: Engine, last: int) -> None:
        self._seeds = tuple(member_seeds(config.seed, config.auto_seeds))
        self._others = [engine_for(X, [config.replace(seed=seed)]) for seed in self._seeds[1:]]
        self._first = first
        self._last = last
        n = len(X)
        sample = stream(0, Stream.SAMPLE, 4).choice(n, min(n, COMPARED_ROWS), replace=False)
        self._rows = np.sort(sample)
        self._steps: list[int] = []
        self._kept: list[list[FloatArray]] = [[] for _ in self._seeds]  # D's flat parameters, seed by seed
        self._alike: list[float] = []
        self._agreed: list[float] = []
        self._totals: DoubleArray = np.zeros((len(self._seeds), n))  # of all verdicts so far, seed by seed

    def next_moment(self, step: int) -> int:
        """The first step after ``step`` at which D is judged and kept."""
        return min((step // MOMENT_STEPS + 1) * MOMENT_STEPS, max(self._last, step + 1))

    def follow(self, marks: Marks | None) -> None:
        """Bring the other seeds to the step of the first; ``marks``: its D's that were kept on the way."""
        step = self._first.step
        for engine in self._others:
            if engine.diverged[0] is None and engine.step < step:
                engine.advance(step - engine.step)
        if (step % MOMENT_STEPS and step != self._last) or self._first.diverged[0] is not None:
            return
        assert marks is not None
        values = [marks.d_values[-1], *(np.asarray(engine.state_dict()["d_values"]) for engine in self._others)]
        self._add(step, values)

    def _add(self, step: int, values: list[FloatArray]) -> None:
        self._steps.append(step)
        for kept, one in zip(self._kept, values, strict=True):
            kept.append(one.copy())
        there = self._in()
        verdicts = np.stack([self._first.table_logits(self._kept[at][-1][None])[0, 0] for at in there])
        self._totals[there] += verdicts
        compared = verdicts[:, self._rows]
        now, so_far = compared.mean(axis=0, dtype=np.float64), self._totals[there].sum(axis=0)[self._rows]
        self._alike.append(likeness(now, so_far))
        self._agreed.append(agreement(compared) if len(compared) > 1 else float("nan"))

    def _in(self) -> list[int]:
        """The places of the seeds whose numbers are all finite."""
        return [at for at, kept in enumerate(self._kept) if at == 0 or not kept or np.isfinite(kept[-1]).all()]

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
        return Choice(seeds, tuple(self._steps), tuple(self._alike), tuple(self._agreed), turn(self._alike) is not None)

    def logits(self) -> FloatArray:
        """The mean logit of all D's that were kept, (n,) float32 over the table; there must be a moment."""
        there = self._in()
        mean = self._totals[there].sum(axis=0) / (len(there) * len(self._steps))
        return np.asarray(mean, dtype=np.float32)

    def voters(self) -> list[tuple[DiscriminatorWeights, ...]]:
        """All D's that were kept, seed by seed in the order of :attr:`Choice.seeds`, each moment by moment."""
        return [tuple(self._first.discriminator_weights(0, values) for values in self._kept[at]) for at in self._in()]

    # -- state ---------------------------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, npt.NDArray[np.generic]]:
        """Copies of what a committee of the same table and set-up needs to go on bit for bit."""
        state: dict[str, npt.NDArray[np.generic]] = {
            f"seed{place}.{name}": array
            for place, engine in enumerate(self._others, start=1)
            for name, array in engine.state_dict().items()
        }
        if self._steps:
            state["moments"] = np.array(self._steps, dtype=np.int64)
            state["moments.d_values"] = np.array(self._kept)
        return state

    @property
    def needed(self) -> list[str]:
        """The names that a state must have."""
        return [name for name in self.state_dict() if name.startswith("seed")]

    def load_state_dict(self, state: Mapping[str, npt.NDArray[np.generic]], step: int) -> None:
        """Go on from what :meth:`state_dict` gave after ``step`` steps; it must have what is :attr:`needed`."""
        for place, engine in enumerate(self._others, start=1):
            mine = {name: np.asarray(state[f"seed{place}.{name}"], np.float32) for name in engine.state_dict()}
            engine.load_state_dict(mine, step)
        self._steps, self._alike, self._agreed = [], [], []
        self._totals[:] = 0
        self._kept = [[] for _ in self._seeds]
        kept = np.asarray(state.get("moments.d_values", np.empty((len(self._seeds), 0))), dtype=np.float32)
        for place, moment in enumerate(state.get("moments", np.empty(0, np.int64))):
            self._add(int(moment), list(kept[:, place]))
