"""Frames of a run for its replay: which are kept while it goes on, and ``frames.npz``."""

import io
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from sogaal.errors import RunError
from sogaal.files import write_atomic
from sogaal.frames import DiscriminatorWeights, Frame

MOST_FRAMES = 120
# What the arrays of all kept frames may take: in the plane, where a replay shows all there is, and with more features.
PLANE_BYTES = 950_000
SPACE_BYTES = 16 * 2**20
FEWEST_FRAMES = 8


class FrameKeeper:
    """Keeps at most ``most`` frames of a run whose length nobody knows: every ``stride`` steps one.

    When there is no room for the next, every other one goes and the stride doubles. The first frame, the one at
    ``stop_step`` and the last one stay. Large frames are fewer: at least eight, else at most :data:`PLANE_BYTES` with
    two features and :data:`SPACE_BYTES` with more. ``total_steps``: of the whole run, where it is known. ``frames``:
    those of the run so far, for one that is resumed.
    """

    def __init__(
        self,
        most: int = MOST_FRAMES,
        stop_step: int | None = None,
        total_steps: int = 0,
        frames: Iterable[Frame] = (),
    ) -> None:
        if most < FEWEST_FRAMES:
            raise ValueError(f"most must be at least {FEWEST_FRAMES}, got {most}.")
        self.most = most
        self.stop_step = stop_step
        self.total_steps = total_steps
        self.stride = 1
        self._frames = {frame.step: frame for frame in frames}
        if self._frames:
            self._limit(next(iter(self._frames.values())))
            last = max(self._frames)
            while last // self.stride >= self.most - 2:
                self.stride *= 2

    def next_step(self, step: int) -> int:
        """The first step, at or after ``step``, of which a frame is wanted."""
        regular = -(-step // self.stride) * self.stride
        while regular in self._frames:
            regular += self.stride
        stop = self.stop_step
        if stop is not None and step <= stop < regular and stop not in self._frames:
            return stop
        return regular

    def add(self, frame: Frame) -> None:
        """Keep a frame, as the last one for now; one of any step will do. Those of the same step or later go."""
        frames = {step: kept for step, kept in self._frames.items() if step < frame.step}
        last = max(frames, default=None)
        if last is not None and not self._stays(last, min(frames)):
            del frames[last]  # it was there as the last one only
        if not frames:
            self._limit(frame)
        self._frames = frames | {frame.step: frame}
        while len(self._frames) > self.most:
            self._thin()

    def widen(self) -> None:
        """Double the stride already, if a whole run comes to that anyway: where making frames would slow it.

        What a whole run keeps in the end is the same with or without.
        """
        if self.total_steps // self.stride >= self.most:
            self._thin()

    def frames(self) -> tuple[Frame, ...]:
        """The kept frames in the order of their steps."""
        return tuple(self._frames.values())

    def at(self, step: int | None) -> Frame | None:
        """The frame of that step, None if it is not kept."""
        return None if step is None else self._frames.get(step)

    def _limit(self, frame: Frame) -> None:
        room = PLANE_BYTES if frame.generated.shape[1] <= 2 else SPACE_BYTES
        self.most = min(self.most, max(FEWEST_FRAMES, room // frame_bytes(frame)))

    def _stays(self, step: int, first: int) -> bool:
        return step % self.stride == 0 or step in (first, self.stop_step)

    def _thin(self) -> None:
        self.stride *= 2
        first, last = min(self._frames), max(self._frames)
        self._frames = {s: f for s, f in self._frames.items() if s == last or self._stays(s, first)}


def frame_bytes(frame: Frame) -> int:
    """What the arrays of a frame take, in bytes."""
    weights = frame.discriminator
    return sum(part.nbytes for part in (frame.generated, weights.w1, weights.b1, weights.w2)) + 8


def write_frames(path: str | Path, frames: Sequence[Frame]) -> None:
    """Write frames of one run, in the order of their steps, to ``frames.npz``; there must be one at least.

    Arrays, with m frames of p points, d features and h hidden units: ``step`` and ``epoch`` int64 (m,), ``generated``
    (m, p, d), ``owner`` int16 (p,), D's weights ``w1`` (m, d, h), ``b1`` (m, h), ``w2`` (m, h) float32 and ``b2``
    float64 (m,). Raises :class:`DataError` where the file cannot be written; what was there before then stays.
    """
    weights = [frame.discriminator for frame in frames]
    content = io.BytesIO()
    np.savez(
        content,
        step=np.array([frame.step for frame in frames], dtype=np.int64),
        epoch=np.array([frame.epoch for frame in frames], dtype=np.int64),
        generated=np.stack([frame.generated for frame in frames]).astype(np.float32, copy=False),
        owner=frames[0].owner.astype(np.int16, copy=False),
        w1=np.stack([one.w1 for one in weights]),
        b1=np.stack([one.b1 for one in weights]),
        w2=np.stack([one.w2 for one in weights]),
        b2=np.array([one.b2 for one in weights], dtype=np.float64),
    )
    write_atomic(path, content.getvalue())


def read_frames(path: str | Path) -> tuple[Frame, ...]:
    """The frames in ``frames.npz`` in the order of their steps; raises :class:`RunError` for a file that has none."""
    try:
        # Opened here, because numpy leaves the file open when it is no archive.
        with Path(path).open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            step, epoch, generated, owner = (arrays[name] for name in ("step", "epoch", "generated", "owner"))
            w1, b1, w2, b2 = (arrays[name] for name in ("w1", "b1", "w2", "b2"))
    except OSError as error:
        raise RunError(f"{path}: the frames cannot be read ({error.strerror or error}).") from None
    except (ValueError, KeyError, TypeError, EOFError, MemoryError, NotImplementedError, zipfile.BadZipFile) as error:
        raise RunError(f"{path}: the frames are damaged ({str(error)[:200]}).") from None
    m, p, d, h = len(step) if step.ndim else 0, *(*generated.shape[1:3], w1.shape[-1] if w1.ndim else 0, 0, 0)[:3]
    expected = {"step": (m,), "epoch": (m,), "generated": (m, p, d), "owner": (p,)}
    expected |= {"w1": (m, d, h), "b1": (m, h), "w2": (m, h), "b2": (m,)}
    found = dict(zip(expected, (step, epoch, generated, owner, w1, b1, w2, b2), strict=True))
    wrong = [name for name, shape in expected.items() if found[name].shape != shape]
    if wrong or not m or (np.diff(step) <= 0).any():
        what = f"{wrong[0]} has the shape {found[wrong[0]].shape}" if wrong else "there must be frames in order"
        raise RunError(f"{path}: the frames are damaged ({what}).")
    return tuple(
        Frame(int(step[i]), int(epoch[i]), generated[i], owner, DiscriminatorWeights(w1[i], b1[i], w2[i], float(b2[i])))
        for i in range(m)
    )
