"""Training the members of an ensemble: their seeds, the moments at which D is kept, and the runs themselves.

:func:`train_members` is the one place where many runs are trained for a detector; whoever has more processes at hand
may do the same work there, as each member depends on its table, its configuration and the moments alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sogaal.config import TrainConfig
from sogaal.devices import one_thread
from sogaal.errors import ConfigError, DivergedError
from sogaal.frames import DiscriminatorWeights
from sogaal.history import HistoryView
from sogaal.model import At, discriminators_of
from sogaal.networks import Generator
from sogaal.trainer import Trainer

FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Trained:
    """What is left of a finished run; it can be pickled.

    ``discriminators``: D at the "stop" (where G stopped within the run) and at the "end". ``snapshots``: D at the
    moments that were asked for, in order. ``generators``: as they are at the end.
    """

    config: TrainConfig
    discriminators: Mapping[At, DiscriminatorWeights]
    snapshots: tuple[DiscriminatorWeights, ...]
    history: HistoryView
    generators: list[Generator]


def member_seeds(seed: int, count: int) -> list[int]:
    """``count`` different seeds: ``seed`` itself, then numbers that depend on it and on their place alone.

    So the first member is the single run of that seed, a larger ensemble begins with the smaller one, and ensembles of
    neighbouring seeds share no members (with seed, seed + 1, ... they would share nearly all).
    """
    found = [seed]
    place = 0
    while len(found) < count:
        place += 1
        derived = int(np.random.SeedSequence((seed, place)).generate_state(1)[0])
        if derived not in found:
            found.append(derived)
    return found


def snapshot_epochs(config: TrainConfig, count: int) -> list[int]:
    """The epochs after which D is kept: ``count`` of them, evenly spaced over the run, its last one included.

    Raises :class:`ConfigError` when there are more moments than epochs, or none.
    """
    if not 1 <= count <= config.epochs:
        raise ConfigError(
            f"snapshots must be a whole number from 1 to {config.epochs}, the epochs of the run, got {count!r}.",
            field="snapshots",
        )
    return [config.epochs * place // count for place in range(1, count + 1)]


def as_long_as_needed(config: TrainConfig, snapshots: int = 1) -> TrainConfig:
    """``config`` with the length of run that its score needs, where ``max_epochs`` leaves that open.

    What D learns after the stop is of no use to a score at the stop. Snapshots for such a score surround it: the run
    goes on to twice the stop, so that as many moments lie after it as before.
    """
    if config.max_epochs is not None or config.score_at == "end" or not config.whether_stop:
        return config
    return config.replace(max_epochs=(config.stop_epochs + 1) * (1 if snapshots == 1 else 2))


def train_member(X: FloatArray, config: TrainConfig, snapshots: int = 1) -> Trained:
    """One run of ``config`` on the scaled table ``X`` (n, d) to its end, D kept at so many moments (1: at none).

    Looking at D on the way changes nothing: the run is bit for bit that of :class:`Trainer`, whose errors are raised.
    """
    trainer = Trainer(X, config)
    kept = []
    for epoch in snapshot_epochs(config, snapshots) if snapshots > 1 else []:
        trainer.advance(epoch * trainer.batches - trainer.step)
        kept.append(trainer.discriminator_weights("now"))
    trainer.fit()
    return Trained(config, discriminators_of(trainer), tuple(kept), trainer.history.view(), trainer.generators())


def train_members(X: FloatArray, configs: Sequence[TrainConfig], snapshots: int = 1) -> list[Trained]:
    """:func:`train_member` for each configuration, in their order, one after another in this process.

    Raises what :class:`Trainer` raises; a :class:`DivergedError` says which member it was when there are several.
    """
    trained = []
    # The matrices are small, and the history must not depend on the number of cores.
    with one_thread():
        for number, config in enumerate(configs, start=1):
            try:
                trained.append(train_member(X, config, snapshots))
            except DivergedError as error:
                if len(configs) == 1:
                    raise
                message = f"Member {number} of {len(configs)} (seed {config.seed}): {error}"
                raise DivergedError(message, error.step, error.quantity) from None
    return trained
