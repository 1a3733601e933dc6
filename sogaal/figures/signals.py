"""What tells how a run goes where there are no labels: D(x), D(G(z)) and the spread of the generated points."""

from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from sogaal.figures.auc import evaluation_line
from sogaal.figures.losses import loss_ticks, step_line
from sogaal.figures.spec import Spec, to_figure
from sogaal.figures.stack import End, Line, Panel, line_trace, stack
from sogaal.figures.theme import Theme, theme
from sogaal.figures.thin import nice_ceiling
from sogaal.history import HistoryView


@dataclass(frozen=True, eq=False)
class SignalsInfo:
    """Thinned lines of D(x) on real rows, D(G(z)) and the spread; ``top``: the end of the spread's axis."""

    d_real: Line
    d_fake: Line
    spread: Line
    top: float
    last_step: int
    total_steps: int
    stop_step: int | None


def signals_info(history: HistoryView, *, total_steps: int, stop_step: int | None = None) -> SignalsInfo:
    """What is drawn of the signals in ``history``."""
    spread = evaluation_line(history, history.spread)
    top = nice_ceiling(np.asarray(spread.values, dtype=np.float64), floor=1.5)
    return SignalsInfo(
        step_line(history.d_real), step_line(history.d_fake), spread, top, history.steps, total_steps, stop_step
    )


def signals_panels(info: SignalsInfo, colours: Theme) -> list[Panel]:
    """Two panels of a stack: D's answers, and the spread."""
    answers = [("D(x)", info.d_real, colours.inlier), ("D(G(z))", info.d_fake, colours.generated)]
    last = info.spread.last
    return [
        Panel(
            title=f"<b>D's answers</b> to real <span style='color:{colours.inlier}'>D(x)</span>"
            f" and generated <span style='color:{colours.generated}'>D(G(z))</span>",
            traces=[line_trace(line, name, c) for name, line, c in reversed(answers)],
            low=-0.02,
            high=1.02,
            ticks=[0, 1],
            references=[(0.5, "0.5")],
            ends=[End(f"{line.last:.3f}", line.last, c) for _, line, c in answers if line.last is not None],
        ),
        Panel(
            title="<b>Spread</b> of the potential outliers, 1 = as wide as the data",
            traces=[line_trace(info.spread, "spread", colours.ink)],
            low=0.0,
            high=info.top,
            ticks=loss_ticks(info.top),
            references=[(1.0, "1")],
            ends=[End(f"{last:.2f}", last, colours.ink)] if last is not None else [],
        ),
    ]


def signals_spec(info: SignalsInfo, *, dark: bool = False, revision: str = "") -> Spec:
    """The two panels alone."""
    return stack(
        signals_panels(info, theme(dark)),
        last_step=info.last_step,
        total_steps=info.total_steps,
        stop_step=info.stop_step,
        dark=dark,
        revision=revision,
    )


def signals_figure(info: SignalsInfo, *, dark: bool = False) -> go.Figure:
    """:func:`signals_spec` as a plotly figure."""
    return to_figure(signals_spec(info, dark=dark))


def signals_caption(info: SignalsInfo) -> str:
    """How to read the signals, in one line."""
    text = "Healthy: D(x) stays above D(G(z)) without reaching 1, and the spread keeps off 0"
    return (
        f"{text} (mode collapse)."
        if info.spread.last is None
        else f"{text} (mode collapse); now {info.spread.last:.2f}."
    )
