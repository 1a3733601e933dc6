"""The live curves in one figure: the losses over what tells how good the run is, with one x-axis for all."""

from dataclasses import dataclass

import plotly.graph_objects as go

from sogaal.figures.auc import AucInfo, auc_info, auc_panel
from sogaal.figures.losses import LossesInfo, losses_info, losses_panel
from sogaal.figures.signals import SignalsInfo, signals_info, signals_panels
from sogaal.figures.spec import Spec, to_figure
from sogaal.figures.stack import HEIGHT, stack
from sogaal.figures.theme import theme
from sogaal.figures.turning import TurningInfo, turning_caption, turning_panel
from sogaal.history import HistoryView


@dataclass(frozen=True, eq=False)
class CurvesInfo:
    """The losses, and either the AUC (a table with labels) or the signals (one without).

    ``turning``: of a run whose seeds choose the stop, else None.
    """

    losses: LossesInfo
    auc: AucInfo | None
    signals: SignalsInfo | None
    turning: TurningInfo | None = None


def curves_info(
    history: HistoryView,
    *,
    total_steps: int,
    stop_step: int | None = None,
    labels: bool | None = None,
    turning: TurningInfo | None = None,
) -> CurvesInfo:
    """What is drawn of ``history``. ``labels``: whether the table has any (None: whether an AUC was ever measured)."""
    labelled = history.has_labels if labels is None else labels
    losses = losses_info(history, total_steps=total_steps, stop_step=stop_step)
    if labelled:
        return CurvesInfo(losses, auc_info(history, total_steps=total_steps, stop_step=stop_step), None, turning)
    return CurvesInfo(losses, None, signals_info(history, total_steps=total_steps, stop_step=stop_step), turning)


def curves_spec(info: CurvesInfo, *, dark: bool = False, revision: str = "", height: int = HEIGHT) -> Spec:
    """The stacked curves; zoom lasts while ``revision`` stays the same.

    ``height``: pixels of the figure, by which numbers and texts are kept apart.
    """
    colours = theme(dark)
    panels = [losses_panel(info.losses, colours)]
    if info.auc:
        panels.append(auc_panel(info.auc, colours))
    if info.signals:
        signals = signals_panels(info.signals, colours)
        panels += signals if info.turning is None else signals[1:]  # four would be too flat
    if info.turning:
        panels.append(turning_panel(info.turning, colours))
    return stack(
        panels,
        last_step=info.losses.last_step,
        total_steps=info.losses.total_steps,
        stop_step=info.losses.stop_step,
        dark=dark,
        revision=revision,
        height=height,
    )


def curves_figure(info: CurvesInfo, *, dark: bool = False) -> go.Figure:
    """:func:`curves_spec` as a plotly figure."""
    return to_figure(curves_spec(info, dark=dark))


def curves_caption(info: CurvesInfo) -> str:
    """How to read the curves, in one line."""
    second = "An AUC of 0.5 is guessing, 1 is perfect." if info.auc else "A spread near 0 is mode collapse."
    if info.turning:
        second = turning_caption(info.turning)
    faint = " Faint: each sub-generator." if len(info.losses.sub_owner) else ""
    return f"D's loss below ln 2: D is ahead; at ln 2 it cannot tell real from generated. {second}{faint}"
