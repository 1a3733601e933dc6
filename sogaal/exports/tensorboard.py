"""A run as an event file that TensorBoard opens: scalars by step, the set-up with its results, and a few pictures.

    events = RunEvents(folder, config, "onecluster", "minmax")
    events.add(trainer.history.view(), trainer.batches)     # now and then
    events.add_image(trainer.step, trainer.frame(), scene)  # at a few steps
    events.finish(trainer.summary())

The folder's name is the run's name in TensorBoard.
"""

import itertools
import math
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
from google.protobuf.message import DecodeError
from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.plugins.hparams import api_pb2, plugin_data_pb2

from sogaal import figures
from sogaal.config import FIELDS, TrainConfig
from sogaal.exports.events import read_records, record, scalar_records
from sogaal.exports.picture import plane_png
from sogaal.figures import Scene
from sogaal.frames import Frame
from sogaal.history import HistoryView

IntArray = npt.NDArray[np.int64]

# As many points of a line as TensorBoard shows of it unless it is told otherwise.
MOST_ROWS = 1000
# The losses of single sub-generators: of so many steps, and of at most so many of them.
SUB_ROWS, SUB_LINES = 200, 20

_STEP_TAGS = {
    "d_loss": "loss/discriminator",
    "g_loss": "loss/generator",
    "d_real": "D/D(x), mean",
    "d_fake": "D/D(G(z)), mean",
}
_EVALUATION_TAGS = {
    "auc": "evaluation/AUC",
    "average_precision": "evaluation/average precision",
    "spread": "evaluation/spread",
}
_FINAL_TAGS = {
    "auc_stop": "final/AUC at stop",
    "auc_final": "final/AUC at end",
    "auc_best": "final/AUC best",
    "d_loss": "final/D loss",
    "g_loss": "final/G loss",
}
_PLANE = "plane"
_FILE = re.compile(r"events\.out\.tfevents\.(\d+)\.sogaal")


@dataclass(frozen=True)
class _Grid:
    """Which steps are recorded: the multiples of ``stride`` and of ``evaluations``, and the ``marks``."""

    stride: int
    evaluations: int
    marks: tuple[int, ...]

    @classmethod
    def of(cls, config: TrainConfig, batches: int) -> "_Grid":
        """For a run of ``config`` with so many batches an epoch."""
        total, period = config.epochs_of(batches) * batches, config.eval_every * batches
        evaluations = period * math.ceil(total / period / MOST_ROWS)
        stride = math.ceil(total / MOST_ROWS)
        if 1 < stride and evaluations <= 2 * stride:  # the other scalars go along with the evaluations: fewer events
            stride = math.ceil(stride / evaluations) * evaluations
        marks = [step for step in (1, config.stop_step(batches), total) if step is not None]
        return cls(stride, evaluations, tuple(marks))


class RunEvents:
    """The event file of one run, in ``folder`` (there already). Made by one thread.

    Nothing is written before the first call of another method. If ``folder`` has an event file of an earlier sitting
    (the run was interrupted and goes on), the first :meth:`add` writes a new one, with the whole history and those
    pictures whose steps the run has done, and empties the earlier one: an end that was torn, and steps that are done a
    second time after the last checkpoint, then need no care. OSError where the disk does not take it.

    ``begun``: seconds of :func:`time.time` when the run began, where that is earlier than now.
    """

    def __init__(
        self, folder: Path, config: TrainConfig, dataset: str, scaling: str, begun: float | None = None
    ) -> None:
        self._folder = Path(folder)
        self._config = config
        self._setting = {"dataset": dataset, "scaling": scaling} | config.model_dump(exclude={"max_epochs"})
        self._setting["epochs"] = config.epochs
        self._file: BinaryIO | None = None
        self._done = 0  # rows of the history that were looked at
        self._last: tuple[HistoryView, _Grid] | None = None
        self._told = 0  # the last step whose scalars are in the file
        self._time = time.time() if begun is None else begun
        self._images: set[int] = set()
        self._view: figures.View | None = None

    @property
    def image_steps(self) -> frozenset[int]:
        """The steps whose pictures are in the file."""
        return frozenset(self._images)

    def add(self, view: HistoryView, batches: int) -> None:
        """Write what is new in the history; ``batches``: steps in an epoch.

        One event for each recorded step: of all steps about :data:`MOST_ROWS`, the evaluations as many again at most
        (on the same steps where that can be), the step at which G stops, and the last one.
        """
        self._open(view.steps)
        grid = _Grid.of(self._config, batches)
        self._write(view, self._recorded(view, grid), grid)
        self._done, self._last = view.steps, (view, grid)

    def add_image(self, step: int, frame: Frame, scene: Scene) -> None:
        """Write a picture of ``frame``, taken after ``step`` steps, in the ``scene`` of its run; once for a step."""
        self._open(step)
        if step in self._images:
            return
        info = figures.plane_info(scene, frame, view=self._view)
        self._view = info.view
        content, width, height = plane_png(info, f"step {step:,}, epoch {frame.epoch:,}")
        image = Summary.Image(width=width, height=height, colorspace=3, encoded_image_string=content)
        self._put(
            Event(wall_time=time.time(), step=step, summary=Summary(value=[Summary.Value(tag=_PLANE, image=image)]))
        )
        self._images.add(step)
        self._flush()

    def finish(self, summary: Mapping[str, Any], success: bool = True) -> None:
        """Write the last step and the results: numbers of :meth:`sogaal.trainer.Trainer.summary`, None = no value."""
        self._open(self._done)
        if self._last is not None and self._told < self._done:
            self._write(self._last[0], np.array([self._done]), self._last[1])
        results = {tag: summary.get(name) for name, tag in _FINAL_TAGS.items()}
        found = [Summary.Value(tag=tag, simple_value=value) for tag, value in results.items() if value is not None]
        status = api_pb2.STATUS_SUCCESS if success else api_pb2.STATUS_FAILURE
        end = plugin_data_pb2.SessionEndInfo(status=status, end_time_secs=time.time())
        found.append(_hparams_value("session_end_info", session_end_info=end))
        self._put(Event(wall_time=time.time(), step=self._done, summary=Summary(value=found)))
        self._flush()

    def close(self) -> None:
        """Close the file; what was written is in it already."""
        if self._file is not None:
            self._file.close()

    # -- the file ----------------------------------------------------------------------------------------------------

    def _open(self, steps: int) -> None:
        """Start the file, for a run that has done ``steps``."""
        if self._file is not None:
            return
        earlier = {int(match[1]): path for path in self._folder.iterdir() if (match := _FILE.fullmatch(path.name))}
        kept = [event for _, path in sorted(earlier.items()) for event in _image_events(path) if event.step <= steps]
        # TensorBoard reads the files of a folder in the order of their names.
        number = max([int(time.time()), *(number + 1 for number in earlier)])
        self._file = (self._folder / f"events.out.tfevents.{number}.sogaal").open("xb")
        self._put(Event(wall_time=self._time, file_version="brain.Event:2"))
        # A TensorBoard that has the earlier file open forgets what it read there.
        self._put(Event(wall_time=self._time, step=0, session_log=SessionLog(status=SessionLog.START)))
        self._put(Event(wall_time=self._time, summary=self._hparams()))
        for event in kept:
            if event.step not in self._images:
                self._put(event)
                self._images.add(event.step)
        self._flush()
        for path in earlier.values():
            _retire(path)

    def _put(self, event: Event) -> None:
        assert self._file is not None
        self._file.write(record(event.SerializeToString()))

    def _flush(self) -> None:
        assert self._file is not None
        self._file.flush()

    # -- scalars -----------------------------------------------------------------------------------------------------

    def _recorded(self, view: HistoryView, grid: "_Grid") -> IntArray:
        """Which of the new steps are written, in order."""
        steps = np.arange(self._done + 1, view.steps + 1)
        wanted = (steps % grid.stride == 0) | (steps % grid.evaluations == 0) | np.isin(steps, grid.marks)
        return np.asarray(steps[wanted], dtype=np.int64)

    def _write(self, view: HistoryView, steps: IntArray, grid: "_Grid") -> None:
        if not len(steps):
            return
        assert self._file is not None
        now = time.time()
        # Evenly over the time since the last call: when exactly each was done, nobody knows.
        share = (steps - self._told) / (int(steps[-1]) - self._told)
        times = self._time + share * (now - self._time)
        places = np.searchsorted(view.eval_step, steps)
        evaluated = np.isin(steps, view.eval_step)
        sub = (steps % (grid.stride * (MOST_ROWS // SUB_ROWS)) == 0) & (view.sub_g_loss.shape[1] > 1)
        records: dict[int, bytes] = {}
        for has_evaluation, has_sub in itertools.product((False, True), repeat=2):
            some = (evaluated == has_evaluation) & (sub == has_sub)
            columns = self._columns(view, steps[some], places[some] if has_evaluation else None, has_sub)
            rows = scalar_records(list(columns), steps[some], times[some], np.stack(list(columns.values()), axis=1))
            records |= dict(zip(steps[some].tolist(), rows, strict=True))
        self._file.write(b"".join(records[step] for step in sorted(records)))
        self._flush()
        self._time, self._told = now, int(steps[-1])

    def _columns(
        self, view: HistoryView, steps: IntArray, places: IntArray | None, sub: bool
    ) -> dict[str, npt.NDArray[np.floating]]:
        """The scalars of these steps by tag; ``places``: their rows among the evaluations."""
        columns: dict[str, npt.NDArray[np.floating]] = {
            tag: getattr(view, name)[steps - 1] for name, tag in _STEP_TAGS.items()
        }
        if places is not None:
            for name, tag in _EVALUATION_TAGS.items():
                if name == "spread" or view.has_labels:
                    columns[tag] = getattr(view, name)[places]
        if sub:
            k = view.sub_g_loss.shape[1]
            for number in np.unique(np.linspace(0, k - 1, min(k, SUB_LINES)).astype(int)).tolist():
                columns[f"sub-generators/loss {number + 1:02d}"] = view.sub_g_loss[steps - 1, number]
        return columns

    # -- the set-up --------------------------------------------------------------------------------------------------

    def _hparams(self) -> Summary:
        """The set-up, and what TensorBoard is to make of it: the same table of all runs, whichever is read first."""
        start = plugin_data_pb2.SessionStartInfo(start_time_secs=self._time)
        for name, value in self._setting.items():
            if isinstance(value, str):
                start.hparams[name].string_value = value
            elif value is not None:  # what the run finds out for itself stays empty
                start.hparams[name].number_value = value
        infos = [
            api_pb2.HParamInfo(
                name=name, display_name=name, description=FIELDS[name].help if name in FIELDS else "",
                type=api_pb2.DATA_TYPE_STRING if isinstance(value, str) else api_pb2.DATA_TYPE_FLOAT64,
            )
            for name, value in self._setting.items()
        ]  # fmt: skip
        metrics = [
            api_pb2.MetricInfo(name=api_pb2.MetricName(tag=tag), display_name=tag.removeprefix("final/"))
            for tag in _FINAL_TAGS.values()
        ]
        experiment = api_pb2.Experiment(hparam_infos=infos, metric_infos=metrics)
        values = [
            _hparams_value("experiment", experiment=experiment),
            _hparams_value("session_start_info", session_start_info=start),
        ]
        return Summary(value=values)


def _hparams_value(name: str, **content: Any) -> Summary.Value:
    value = Summary.Value(tag=f"_hparams_/{name}")
    value.metadata.plugin_data.plugin_name = "hparams"
    value.metadata.plugin_data.content = plugin_data_pb2.HParamsPluginData(version=0, **content).SerializeToString()
    return value


def _retire(path: Path) -> None:
    """Empty an event file, or remove it if it is empty: a TensorBoard that follows it would be stuck without it."""
    try:
        if path.stat().st_size:
            path.write_bytes(b"")
        else:
            path.unlink()
    except PermissionError:  # Windows: somebody reads it. What it tells is told again, later by name.
        return


def _image_events(path: Path) -> list[Event]:
    """The pictures in an event file; none where it is not one."""
    try:
        events = [Event.FromString(message) for message in read_records(path.read_bytes())]
    except (OSError, DecodeError):
        return []
    return [event for event in events if any(value.tag == _PLANE for value in event.summary.value)]
