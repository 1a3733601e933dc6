"""Runs beside each other on axes of one scale: what differs is the runs and not the rulers."""

from collections.abc import Sequence
from dataclasses import replace

from sogaal.figures.curves import CurvesInfo
from sogaal.figures.plane import Scene
from sogaal.figures.views import View, grown_view
from sogaal.frames import Frame


def aligned_curves(infos: Sequence[CurvesInfo]) -> list[CurvesInfo]:
    """The curves with one end of the step axis, one top for the losses and one lower end for the AUC."""
    if not infos:
        return []
    total = max(info.losses.total_steps for info in infos)
    top = max(info.losses.top for info in infos)
    low = min((info.auc.low for info in infos if info.auc), default=0.5)
    return [
        CurvesInfo(
            losses=replace(info.losses, top=top, total_steps=total),
            auc=replace(info.auc, low=low, total_steps=total) if info.auc else None,
            signals=replace(info.signals, total_steps=total) if info.signals else None,
        )
        for info in infos
    ]


# A view this much wider than what is to be seen gives way to a closer one.
MUCH_WIDER = 1.7


def shared_view(scenes: Sequence[Scene], frames: Sequence[Frame | None], last: View | None = None) -> View:
    """One view for several runs in one plane, which holds what each of them shows.

    It stays at ``last`` where that does, and comes closer only once all points have come much closer: the view of a
    run that starts far off ends on the data.
    """
    seen = [scene.plane.project(frame.generated) for scene, frame in zip(scenes, frames, strict=True) if frame]
    close = kept = scenes[0].view
    kept = last or kept
    for points in seen:
        close, kept = grown_view(scenes[0].view, points, close), grown_view(scenes[0].view, points, kept)
    return close if kept.side > MUCH_WIDER * close.side else kept
