"""What part of a plane is shown: wide enough for data and generated points, and steady from frame to frame."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]

# How far from the middle of the data the view may reach, in sides of the data's own box. A generator bias of 1 puts
# the points two units off data of one unit: they must still be seen.
REACH = 3.0
MARGIN = 0.06
# Axes whose lengths differ more than this (unscaled features) are not drawn at equal scale: one would be a line.
MAX_RATIO = 5.0


@dataclass(frozen=True)
class View:
    """A box in the plane's coordinates; ``equal``: both axes are drawn at one scale (and the box is a square)."""

    x0: float
    x1: float
    y0: float
    y1: float
    equal: bool = True

    @property
    def low(self) -> FloatArray:
        """The lower left corner (2,)."""
        return np.array([self.x0, self.y0], dtype=np.float32)

    @property
    def high(self) -> FloatArray:
        """The upper right corner (2,)."""
        return np.array([self.x1, self.y1], dtype=np.float32)

    @property
    def side(self) -> float:
        """The longer side."""
        return max(self.x1 - self.x0, self.y1 - self.y0)

    def holds(self, uv: FloatArray) -> npt.NDArray[np.bool_]:
        """Which of the points ``uv`` (m, 2) lie inside (not finite: outside) -> (m,) bool."""
        return np.asarray(((uv >= self.low) & (uv <= self.high)).all(axis=1))

    def grid(self, cells: int) -> tuple[FloatArray, FloatArray]:
        """Middles of ``cells`` equal cells along each axis, so that a heat-map fills the box exactly."""
        steps = (np.arange(cells, dtype=np.float32) + 0.5) / cells
        return (
            np.asarray(self.x0 + steps * (self.x1 - self.x0), dtype=np.float32),
            np.asarray(self.y0 + steps * (self.y1 - self.y0), dtype=np.float32),
        )


def _box(low: npt.NDArray[np.float64], high: npt.NDArray[np.float64], equal: bool) -> View:
    middle, sides = (low + high) / 2, (high - low) * (1 + 2 * MARGIN)
    if equal:
        sides = np.full(2, sides.max())
    (x0, y0), (x1, y1) = middle - sides / 2, middle + sides / 2
    return View(float(x0), float(x1), float(y0), float(y1), equal)


def data_view(uv: FloatArray) -> View:
    """The view of the real points ``uv`` (n, 2) alone, with a margin."""
    low, high = uv.min(axis=0).astype(np.float64), uv.max(axis=0).astype(np.float64)
    sides = high - low
    longest = float(sides.max()) or 1.0
    # A plane with a constant axis still needs a height.
    equal = bool(sides.min() <= 0 or longest / float(sides.min()) <= MAX_RATIO)
    flat = sides <= 0
    low, high = np.where(flat, low - longest / 2, low), np.where(flat, high + longest / 2, high)
    return _box(low, high, equal)


def grown_view(data: View, generated: FloatArray, view: View | None = None) -> View:
    """``view`` (the last one of this run; None: the data's own), widened where the generated points need it.

    It never shrinks, and it grows with a margin to spare, so axes stand still for most frames. The outermost percent
    of the points does not count, and the view ends :data:`REACH` sides of the data's box from its middle: what lies
    beyond is counted by the caller and said on the figure.
    """
    current = view or data
    points = generated[np.isfinite(generated).all(axis=1)].astype(np.float64)
    if not len(points):
        return current
    middle, sides = (data.low + data.high) / 2.0, data.high - data.low
    limits = middle - REACH * sides, middle + REACH * sides
    low, high = np.clip(np.percentile(points, [1, 99], axis=0), *limits)
    if current.holds(np.array([low, high], dtype=np.float32)).all():
        return current
    return _box(np.minimum(low, current.low), np.maximum(high, current.high), current.equal)
