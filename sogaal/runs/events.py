"""The TensorBoard event file of a run that is recorded: kept up while it goes on, with pictures at its end."""

import logging
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sogaal import figures
from sogaal.config import TrainConfig
from sogaal.data import Dataset
from sogaal.frames import Frame
from sogaal.history import HistoryView
from sogaal.planes import feature_plane, pca_plane
from sogaal.runs.packages import Package
from sogaal.runs.scribe import scribe
from sogaal.snapshots import JobState

if TYPE_CHECKING:  # a program that records nothing must not wait for TensorBoard's library
    from sogaal.exports.tensorboard import RunEvents

PICTURES = 3

_logger = logging.getLogger(__name__)


class EventFile:
    """Opens the file when there is something to write; after a failure a new one is begun, with all that there is.

    ``begun``: seconds of :func:`time.time` when the run began, from where on its steps are spread over time.
    """

    def __init__(
        self, config: TrainConfig, dataset: Dataset, scaling: str, batches: int, stop_step: int | None, begun: float
    ) -> None:
        self._config, self._dataset, self._scaling = config, dataset, scaling
        self._batches, self._stop_step = batches, stop_step
        self._begun = begun
        self._events: RunEvents | None = None

    def add(self, folder: Path, view: HistoryView) -> None:
        """Write what is new in the history; OSError where that does not work."""
        self._opened(folder).add(view, self._batches)

    def finish(self, folder: Path, package: Package) -> None:
        """Write the rest: pictures, for whoever waits for them, and results; OSError where that does not work."""
        assert package.end is not None
        events = self._opened(folder)
        events.add(package.view, self._batches)
        if package.state != JobState.INTERRUPTED and package.end.frames:
            try:
                self._add_pictures(events, package.end.frames, package.end.X)
            except OSError:
                raise
            except Exception:  # a picture is worth less than the run
                _logger.exception("A run could not be drawn.")
        events.finish(package.end.numbers, success=package.state != JobState.FAILED)

    def close(self) -> None:
        """Close the file; the next call of another method begins a new one."""
        events, self._events = self._events, None
        if events is not None:
            with suppress(OSError):  # what it could not write before, it cannot write now
                events.close()

    def _opened(self, folder: Path) -> "RunEvents":
        if self._events is None:
            from sogaal.exports.tensorboard import RunEvents

            self._events = RunEvents(folder, self._config, self._dataset.name, self._scaling, self._begun)
        return self._events

    def _add_pictures(self, events: "RunEvents", frames: tuple[Frame, ...], X: npt.NDArray[np.float32]) -> None:
        names = self._dataset.feature_names
        plane = feature_plane(X, 0, 1, names) if X.shape[1] == 2 else pca_plane(X)
        scene = figures.make_scene(X, self._dataset.y, plane)
        chosen = {int(i) for i in np.linspace(0, len(frames) - 1, PICTURES).round()}
        chosen |= {i for i, frame in enumerate(frames) if frame.step == self._stop_step}
        for i in sorted(chosen):
            events.add_image(frames[i].step, frames[i], scene)
            scribe.breathe()
