"""The losses of D and G by step, each sub-generator's faint behind them, against ln 2."""

from dataclasses import dataclass
from math import log

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from sogaal.figures.spec import Spec, smallest_int, to_figure
from sogaal.figures.stack import End, Line, Panel, line_trace, stack
from sogaal.figures.theme import Theme, theme
from sogaal.figures.thin import nice_ceiling, thin, thin_many
from sogaal.history import HistoryView

LN2 = log(2)


@dataclass(frozen=True, eq=False)
class LossesInfo:
    """Thinned losses: ``d`` and ``g``, and the sub-generators' as one broken line ``sub`` with ``sub_owner`` (p,) for
    each of its points (empty for one generator). ``top``: the end of the y-axis.
    """

    d: Line
    g: Line
    sub: Line
    sub_owner: npt.NDArray[np.uint8]
    top: float
    last_step: int
    total_steps: int
    stop_step: int | None


def step_line(values: npt.NDArray[np.float32], points: int = 400) -> Line:
    """A column by step as a thinned line; row s is step s + 1."""
    rows = thin(values, points)
    return Line(smallest_int(rows + 1), values[rows].astype(np.float32), float(values[rows[-1]]) if len(rows) else None)


def _sub_line(sub: npt.NDArray[np.float32], points: int) -> tuple[Line, npt.NDArray[np.uint8]]:
    if sub.shape[1] < 2:
        return Line(np.zeros(0, dtype=np.uint8), np.zeros(0, dtype=np.float32), None), np.zeros(0, dtype=np.uint8)
    rows, values = thin_many(sub, points)
    # One trace for all, broken between them: the number of traces does not depend on k.
    x = np.tile(np.append(rows + 1, 0), sub.shape[1])
    y = np.vstack([values, np.full((1, sub.shape[1]), np.nan, dtype=np.float32)]).T.reshape(-1)
    owner = np.repeat(np.arange(sub.shape[1]), len(rows) + 1).astype(np.uint8)
    return Line(smallest_int(x), np.ascontiguousarray(y), None), owner


def _top(values: npt.NDArray[np.float32]) -> float:
    """The largest value, or twice the usual ones where a short burst would flatten all the rest."""
    finite = values[np.isfinite(values)]
    usual = max(1.0, float(np.quantile(finite, 0.9)))
    largest = float(finite.max())
    return 2 * usual if largest > 10 * usual else largest


def losses_info(history: HistoryView, *, total_steps: int, stop_step: int | None = None) -> LossesInfo:
    """What is drawn of the losses in ``history``; ``stop_step``: G's last step (None: it never stops)."""
    d, g = step_line(history.d_loss), step_line(history.g_loss)
    k = history.sub_g_loss.shape[1]
    sub, owner = _sub_line(history.sub_g_loss, max(24, min(100, 1000 // max(k, 1))))
    tops = [_top(line.values) for line in (d, g, sub) if np.isfinite(line.values).any()]
    return LossesInfo(d, g, sub, owner, nice_ceiling(tops), history.steps, total_steps, stop_step)


def loss_ticks(top: float) -> list[float]:
    """Round heights from 0 to ``top`` for an axis that ends at a :func:`~sogaal.figures.thin.nice_ceiling`."""
    unit = top / 10 ** np.floor(np.log10(top))
    parts = {1.0: 4, 1.5: 3, 2.0: 4, 3.0: 3, 5.0: 5, 7.5: 3}[float(round(unit, 6))]
    return [top * i / parts for i in range(parts + 1)]


def losses_panel(info: LossesInfo, colours: Theme, weight: float = 1.5) -> Panel:
    """The losses as a panel of a stack."""
    ends = [("D", info.d, colours.inlier), ("G", info.g, colours.generated)]
    traces = [
        # Passed over by the pointer: at one step it stands k times.
        line_trace(info.sub, "each sub-generator", colours.generated, width=0.8, opacity=0.4, hoverinfo="skip"),
        line_trace(info.g, "G's loss", colours.generated),
        line_trace(info.d, "D's loss", colours.inlier),
    ]
    return Panel(
        title=f"<b>Loss</b> of <span style='color:{colours.inlier}'>D</span>"
        f" and <span style='color:{colours.generated}'>G</span>",
        traces=traces,
        low=0.0,
        high=info.top,
        ticks=loss_ticks(info.top),
        references=[(LN2, "ln 2")],
        ends=[End(f"<b>{name}</b> {line.last:.3f}", line.last, c) for name, line, c in ends if line.last is not None],
        weight=weight,
    )


def losses_spec(info: LossesInfo, *, dark: bool = False, revision: str = "") -> Spec:
    """The losses alone."""
    panel = losses_panel(info, theme(dark))
    return stack(
        [panel],
        last_step=info.last_step,
        total_steps=info.total_steps,
        stop_step=info.stop_step,
        dark=dark,
        revision=revision,
    )


def losses_figure(info: LossesInfo, *, dark: bool = False) -> go.Figure:
    """:func:`losses_spec` as a plotly figure."""
    return to_figure(losses_spec(info, dark=dark))


def losses_caption(info: LossesInfo) -> str:
    """How to read the losses, in one line."""
    text = "At ln 2 = 0.693 D cannot tell real from generated; D's loss below it: D is ahead."
    return text + (" Faint: each sub-generator." if len(info.sub_owner) else "")
