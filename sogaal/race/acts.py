"""The two acts of a failure by the generator's start, as one run plays them, in numbers.

Act one: G starts far from the data, D wins at once, and G comes back. Act two: G is frozen, and D over-trains against
points that no longer move.
"""

from dataclasses import dataclass

import numpy as np

from sogaal.race.lanes import LaneView

# The spike is looked for in this share of the steps in which G trains.
EARLY = 0.25
# A loss "at" a step is the median of so many steps up to there: single batches jump.
WINDOW = 50


@dataclass(frozen=True)
class Acts:
    """``spike_*``: where G's loss was highest early on, with D's loss at that step. ``start``: mean over all features
    of the generated points before training. ``*_stop``, ``*_end``: losses and AUC when G stopped (None if it did
    not) and at the end. ``moved``: how far the furthest point went after the stop, in scaled units; None if unknown.
    """

    spike_step: int
    spike_g_loss: float
    spike_d_loss: float
    start: float | None
    stop_step: int | None
    auc_stop: float | None
    auc_end: float | None
    g_loss_stop: float | None
    g_loss_end: float
    d_loss_stop: float | None
    d_loss_end: float
    moved: float | None


def acts(lane: LaneView) -> Acts | None:
    """The acts of a run that has ended; None where it has no steps."""
    history = lane.history
    if not history.steps:
        return None
    stop = lane.stop_step if lane.stop_step is not None and lane.stop_step <= history.steps else None
    early = max(1, round(EARLY * (stop or history.steps)))
    spike = int(np.argmax(history.g_loss[:early]))
    first = lane.frames[0] if lane.frames and lane.frames[0].step == 0 else None
    return Acts(
        spike_step=spike + 1,
        spike_g_loss=float(history.g_loss[spike]),
        spike_d_loss=float(history.d_loss[spike]),
        start=None if first is None else float(first.generated.mean()),
        stop_step=stop,
        auc_stop=None if stop is None else lane.auc_at(stop),
        auc_end=lane.auc_at(history.steps),
        g_loss_stop=None if stop is None else _usual(history.g_loss, stop),
        g_loss_end=_usual(history.g_loss, history.steps),
        d_loss_stop=None if stop is None else _usual(history.d_loss, stop),
        d_loss_end=_usual(history.d_loss, history.steps),
        moved=None if stop is None else _moved(lane, stop),
    )


def _usual(values: np.ndarray[tuple[int], np.dtype[np.float32]], step: int) -> float:
    return float(np.median(values[max(0, step - WINDOW) : step]))


def _moved(lane: LaneView, stop: int) -> float | None:
    after = [frame.generated for frame in lane.frames if frame.step >= stop]
    if len(after) < 2:
        return None
    return float(max(np.abs(points - after[0]).max() for points in after[1:]))
