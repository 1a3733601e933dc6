"""The authors' rule for stop_epochs, from the README of their code, and where a curve flattens.

Let I be the iteration at which G's falling loss flattens; with n rows and batches of 500,
stop_epochs = ceil(I / ceil(n / 500)).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

# The authors' batch size, which their rule has built in.
BATCH = 500
# The loss is smoothed over this share of the run, and has flattened when so much of its fall is done.
WINDOW_SHARE, DONE = 0.02, 0.95
# The floor is the median of so much of the run, at its end.
FLOOR_SHARE = 0.2


def stop_epochs_by_rule(iteration: int, n: int) -> int:
    """stop_epochs for G's loss that flattens at ``iteration`` (from 1) on a table of ``n`` rows."""
    if iteration < 1:
        raise ValueError(f"iteration must be at least 1, got {iteration!r}.")
    if n < 1:
        raise ValueError(f"n must be at least 1, got {n!r}.")
    return -(-iteration // -(-n // BATCH))


@dataclass(frozen=True, eq=False)
class Fall:
    """How G's loss falls: ``smooth`` (s,), a running mean as long as the loss. Its highest point, ``peak`` at
    ``peak_step``; ``floor``: where it ends; ``flat_step``: the first step by which 95 % of the fall is done, steps
    counted from 1. ``flat_step`` is None where there is no fall to speak of, under a tenth of the floor, or none that
    has come to its end."""

    smooth: FloatArray
    peak_step: int
    peak: float
    floor: float
    flat_step: int | None


def fall(g_loss: npt.NDArray[np.floating]) -> Fall:
    """Find where ``g_loss`` (s,), one value a step and at least 2 of them, has come down from its peak for good."""
    values = np.asarray(g_loss, dtype=np.float64)
    if len(values) < 2:
        raise ValueError(f"g_loss must have at least 2 steps, got {len(values)}.")
    smooth = _running_mean(values, max(1, round(WINDOW_SHARE * len(values))))
    at = int(smooth.argmax())
    peak = float(smooth[at])
    floor = float(np.median(smooth[-max(1, round(FLOOR_SHARE * len(values))) :]))
    depth = peak - floor
    if depth <= 0.1 * floor:
        return Fall(smooth, at + 1, peak, floor, None)
    low = np.flatnonzero(smooth[at:] <= peak - DONE * depth)
    return Fall(smooth, at + 1, peak, floor, at + 1 + int(low[0]) if len(low) else None)


def _running_mean(values: FloatArray, width: int) -> FloatArray:
    """The mean over ``width`` steps around each one, over fewer at either end."""
    sums = np.concatenate([[0.0], np.cumsum(values)])
    place = np.arange(len(values))
    low, high = np.maximum(place - width // 2, 0), np.minimum(place + (width + 1) // 2, len(values))
    return np.asarray((sums[high] - sums[low]) / (high - low))
