"""ROC-AUC by step, with marks where G stopped and where it was best."""

from dataclasses import dataclass
from math import floor

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from sogaal.figures.spec import Spec, smallest_int, to_figure
from sogaal.figures.stack import End, Line, Panel, line_trace, stack
from sogaal.figures.theme import Theme, theme
from sogaal.figures.thin import thin
from sogaal.history import HistoryView


@dataclass(frozen=True)
class Mark:
    """An evaluation worth naming: its step and its value."""

    step: int
    value: float


@dataclass(frozen=True, eq=False)
class AucInfo:
    """The thinned line and its marks; ``low``: the lower end of the y-axis, which only falls while a run goes on."""

    line: Line
    at_stop: Mark | None
    best: Mark | None
    low: float
    last_step: int
    total_steps: int
    stop_step: int | None


def evaluation_line(history: HistoryView, values: npt.NDArray[np.float64], points: int = 400) -> Line:
    """A column by evaluation as a thinned line over steps."""
    rows = thin(values, points)
    last = float(values[rows[-1]]) if len(rows) else None
    return Line(smallest_int(history.eval_step[rows]), values[rows].astype(np.float32), last)


def auc_info(history: HistoryView, *, total_steps: int, stop_step: int | None = None) -> AucInfo:
    """What is drawn of the ROC-AUC; "at stop" is the first evaluation at or after ``stop_step``."""
    finite = np.flatnonzero(np.isfinite(history.auc))
    at_stop = best = None
    low = 0.5
    if len(finite):
        steps, values = history.eval_step[finite], history.auc[finite]
        peak = int(values.argmax())
        best = Mark(int(steps[peak]), float(values[peak]))
        low = min(0.5, floor(float(values.min()) * 10) / 10)
        stopped = int(np.searchsorted(steps, stop_step)) if stop_step is not None else len(steps)
        if stopped < len(steps):
            at_stop = Mark(int(steps[stopped]), float(values[stopped]))
    return AucInfo(evaluation_line(history, history.auc), at_stop, best, low, history.steps, total_steps, stop_step)


def _mark_trace(mark: Mark | None, name: str, symbol: str, colours: Theme) -> dict[str, object]:
    at = np.array([mark.step] if mark else [], dtype=np.int32)
    height = np.array([mark.value] if mark else [], dtype=np.float32)
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": at,
        "y": height,
        "marker": {"symbol": symbol, "size": 10, "color": colours.auc, "line": {"width": 1.5, "color": colours.ink}},
        "cliponaxis": False,
        "hoverinfo": "skip",
    }


def auc_panel(info: AucInfo, colours: Theme, weight: float = 1.0) -> Panel:
    """The ROC-AUC as a panel of a stack; its heading gives the marks' values beside their symbols."""
    words = [f"<b><span style='color:{colours.auc}'>ROC-AUC</span></b>"]
    if info.best:
        words.append(f"◆ best {info.best.value:.3f} (step {info.best.step:,})")
    if info.at_stop:
        words.append(f"● at stop {info.at_stop.value:.3f}")
    low = info.low
    last = info.line.last
    return Panel(
        title="  ".join(words),
        traces=[
            line_trace(info.line, "ROC-AUC", colours.auc, cliponaxis=False),
            _mark_trace(info.at_stop, "at stop", "circle", colours),
            _mark_trace(info.best, "best", "diamond", colours),
        ],
        low=low,
        # A little air, or half of a line at 1 is cut off.
        high=1 + 0.025 * (1 - low),
        ticks=[low + (1 - low) * i / 2 for i in range(3)] if low in (0.0, 0.5) else [low, 0.5, 0.75, 1.0],
        references=[(0.5, "0.5")] if low < 0.5 else [],
        ends=[End(f"<b>{last:.3f}</b>", last, colours.auc)] if last is not None else [],
        weight=weight,
    )


def auc_spec(info: AucInfo, *, dark: bool = False, revision: str = "") -> Spec:
    """The ROC-AUC alone."""
    return stack(
        [auc_panel(info, theme(dark))],
        last_step=info.last_step,
        total_steps=info.total_steps,
        stop_step=info.stop_step,
        dark=dark,
        revision=revision,
    )


def auc_figure(info: AucInfo, *, dark: bool = False) -> go.Figure:
    """:func:`auc_spec` as a plotly figure."""
    return to_figure(auc_spec(info, dark=dark))


def auc_caption(info: AucInfo) -> str:
    """How to read the ROC-AUC, in one line."""
    text = "ROC-AUC: how often a real outlier scores above an inlier; 0.5 is guessing. Training never sees it."
    return text + (" ◆ best, ● at stop: when G stopped." if info.at_stop else "")
