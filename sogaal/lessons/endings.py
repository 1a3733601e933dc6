"""How runs of the post's set-ups end: losses and AUC when G stopped and at the end, and which differences matter."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

# The AUC at the end as measured with the semantics of the authors' code on onecluster: mean and standard deviation over
# so many seeds.
PAPER_MEAN, PAPER_DEVIATION, PAPER_SEEDS = 0.714, 0.223, 10

Columns = Mapping[str, npt.NDArray[np.generic]]

# A loss "at" a step is the median over so many steps up to there: single batches jump.
WINDOW = 150
# What the post's Figure 4 shows: D's loss at the end is below this, and G's has risen by so much since it stopped.
LOW_D_LOSS, RISE = 0.5, 0.1


@dataclass(frozen=True)
class Ending:
    """One run: losses and AUCs when G stopped (None if it did not) and at the end, and the AUC at step 1,000 (None if
    the run is shorter). AUCs are None without labels."""

    auc_1000: float | None
    auc_stop: float | None
    auc_end: float | None
    d_loss_stop: float | None
    d_loss_end: float
    g_loss_stop: float | None
    g_loss_end: float

    @property
    def like_figure_4(self) -> bool:
        """Whether it ends as the post's Figure 4 does: guessing or worse, D's loss low, G's risen."""
        if self.auc_end is None or self.g_loss_stop is None:
            return False
        return self.auc_end < 0.5 and self.d_loss_end < LOW_D_LOSS and self.g_loss_end > self.g_loss_stop + RISE


def ending(history: Columns, stop: int | None) -> Ending:
    """Read it off a history's columns, thinned or not, with ``step`` and ``eval_step``; ``stop``: G's last step."""
    end = int(history["step"][-1])
    stopped = None if stop is None or stop > end else stop
    return Ending(
        auc_1000=_auc(history, 1000),
        auc_stop=None if stopped is None else _auc(history, stopped),
        auc_end=_auc(history, end),
        d_loss_stop=None if stopped is None else _loss(history, "d_loss", stopped),
        d_loss_end=_loss(history, "d_loss", end),
        g_loss_stop=None if stopped is None else _loss(history, "g_loss", stopped),
        g_loss_end=_loss(history, "g_loss", end),
    )


def _loss(history: Columns, name: str, at: int) -> float:
    step = history["step"].astype(np.int64)
    window = (step > at - WINDOW) & (step <= at)
    if not window.any():
        window = step == step[np.abs(step - at).argmin()]
    return float(np.median(history[name][window].astype(np.float64)))


def _auc(history: Columns, at: int) -> float | None:
    """At the evaluation nearest to step ``at``, none further than a hundredth of the run."""
    step, auc = history["eval_step"].astype(np.int64), history["auc"].astype(np.float64)
    if not len(step) or not np.isfinite(auc).any():
        return None
    near = int(np.abs(step - at).argmin())
    far = abs(int(step[near]) - at) > max(1, 0.01 * int(history["step"][-1]))
    return None if far else float(auc[near])


@dataclass(frozen=True)
class Effects:
    """What two switches do to a mean, each averaged over the other's positions: ``first`` and ``second``."""

    first: float
    second: float

    @property
    def larger(self) -> str:
        """Which of both moves the mean more: "first" or "second", or "none" where neither moves it by .05."""
        if max(abs(self.first), abs(self.second)) < 0.05:
            return "none"
        return "first" if abs(self.first) >= abs(self.second) else "second"


def effects(values: Sequence[Sequence[Sequence[float]]]) -> Effects:
    """``values[i][j]``: the measurements with the first switch at ``i`` and the second at ``j``, each 0 or 1."""
    mean = np.array([[np.mean(cell) for cell in row] for row in values])
    return Effects(float(np.mean(mean[0] - mean[1])), float(np.mean(mean[:, 0] - mean[:, 1])))
