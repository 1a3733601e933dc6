"""Where D turns: how far its verdict now resembles its mean verdict so far, and how far the seeds agree, by step."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor

import numpy as np
import plotly.graph_objects as go

from sogaal.figures.spec import Spec, smallest_int, to_figure
from sogaal.figures.stack import End, Line, Panel, line_trace, stack
from sogaal.figures.theme import Theme, theme


@dataclass(frozen=True, eq=False)
class TurningInfo:
    """The two lines over the moments that were judged; ``agreement`` None for one seed. ``threshold``: under it D has
    turned; ``turned_step``: the moment at which that was seen, None while it was not. ``low``: end of the axis."""

    likeness: Line
    agreement: Line | None
    threshold: float
    turned_step: int | None
    low: float
    last_step: int
    total_steps: int


def turning_info(
    steps: Sequence[int],
    likeness: Sequence[float],
    agreement: Sequence[float],
    *,
    threshold: float,
    turned: bool,
    total_steps: int,
) -> TurningInfo:
    """What is drawn of the moments ``steps`` (e,) and the two correlations (e,) at each; NaN: none."""
    alike = _line(steps, likeness)
    agreed = _line(steps, agreement)
    values = [*alike.values.tolist(), *agreed.values.tolist(), 0.0]
    return TurningInfo(
        alike,
        agreed if len(agreed.values) else None,
        threshold,
        steps[-1] if turned and steps else None,
        floor(min(values) * 2) / 2,
        steps[-1] if steps else 0,
        total_steps,
    )


def _line(steps: Sequence[int], values: Sequence[float]) -> Line:
    at, heights = np.asarray(steps, dtype=np.int64), np.asarray(values, dtype=np.float32)
    there = np.isfinite(heights)
    heights = heights[there]
    return Line(smallest_int(at[there]), heights, float(heights[-1]) if len(heights) else None)


def turning_panel(info: TurningInfo, colours: Theme) -> Panel:
    """The lines as a panel of a stack, with a mark at the moment that was chosen."""
    lines = [("D now against its mean so far", info.likeness, colours.ink, 2.0)]
    words = "<b>D now</b> against its mean so far"
    if info.agreement is not None:
        lines.append(("agreement of the seeds", info.agreement, colours.generated, 1.6))
        words += f", <span style='color:{colours.generated}'><b>the seeds</b> with one another</span>"
    chosen = info.turned_step
    mark = {
        "type": "scatter", "mode": "markers", "name": "chosen", "hoverinfo": "skip", "cliponaxis": False,
        "x": np.array([chosen] if chosen is not None else [], dtype=np.int32),
        "y": info.likeness.values[-1:] if chosen is not None else np.empty(0, np.float32),
        "marker": {"symbol": "diamond", "size": 10, "color": colours.ink},
    }  # fmt: skip
    return Panel(
        title=words + ("  ◆ chosen" if chosen is not None else ""),
        traces=[
            *(line_trace(line, name, colour, width=width, mode="lines+markers", marker={"size": 4, "color": colour})
              for name, line, colour, width in reversed(lines)),
            mark,
        ],
        low=info.low,
        high=1 + 0.025 * (1 - info.low),
        ticks=[info.low, 0, 1] if info.low < 0 else [0, 0.5, 1],
        references=[(info.threshold, f"{info.threshold:g}")],
        ends=[End(f"{line.last:.2f}", line.last, colour) for _, line, colour, _ in lines if line.last is not None],
    )  # fmt: skip


def turning_spec(info: TurningInfo, *, dark: bool = False, revision: str = "") -> Spec:
    """The lines alone."""
    return stack(
        [turning_panel(info, theme(dark))],
        last_step=info.last_step,
        total_steps=info.total_steps,
        stop_step=None,
        dark=dark,
        revision=revision,
    )


def turning_figure(info: TurningInfo, *, dark: bool = False) -> go.Figure:
    """:func:`turning_spec` as a plotly figure."""
    return to_figure(turning_spec(info, dark=dark))


def turning_caption(info: TurningInfo) -> str:
    """How to read the lines, in one line."""
    return (
        f"Rank correlations, 1 = the same order. Once D's ranking is less than {info.threshold:g} like its own mean so "
        "far and begins to come back, D has turned: the run ends there, ◆."
    )
