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


def shared_view(scenes: Sequence[Scene], frames: Sequence[Frame | None], last: View | None = None) -> View:
    """One view for several runs in one plane: it holds what each of them shows, and what ``last`` held."""
    view = last or scenes[0].view
    for scene, frame in zip(scenes, frames, strict=True):
        if frame is not None:
            view = grown_view(scene.view, scene.plane.project(frame.generated), view)
    return view
