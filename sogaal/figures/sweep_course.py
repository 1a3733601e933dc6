"""A sweep's course: the value of each trial in the order in which they were begun, and the best so far."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sogaal.figures.spec import Spec
from sogaal.figures.swept import FloatArray, TrialPoint, numbers_of, value_range, values_of
from sogaal.figures.theme import axis, base_layout, theme


@dataclass(frozen=True, eq=False)
class SweepCourseInfo:
    """Trials by number (t,) int32 with their ``values`` (t,) and whether they were ``pruned`` (t,); ``best`` so far at
    the numbers ``best_at``. ``objective``: what the values are."""

    numbers: npt.NDArray[np.int32]
    values: FloatArray
    pruned: npt.NDArray[np.bool_]
    best_at: npt.NDArray[np.int32]
    best: FloatArray
    objective: str
    maximise: bool


def sweep_course_info(trials: Sequence[TrialPoint], objective: str, *, maximise: bool = True) -> SweepCourseInfo:
    """What is drawn of ``trials``; a pruned one is never the best."""
    ordered = sorted(trials, key=lambda one: one.number)
    whole = [one for one in ordered if not one.pruned]
    values = values_of(whole)
    best = (np.maximum if maximise else np.minimum).accumulate(values) if len(values) else values
    return SweepCourseInfo(
        numbers_of(ordered),
        values_of(ordered),
        np.array([one.pruned for one in ordered], dtype=np.bool_),
        numbers_of(whole),
        np.asarray(best, dtype=np.float32),
        objective,
        maximise,
    )


def sweep_course_spec(info: SweepCourseInfo, *, dark: bool = False, revision: str = "") -> Spec:
    """Dots, hollow where a trial was pruned, and a stepped line."""
    colours, layout = theme(dark), base_layout(dark, revision)
    last = int(info.numbers.max(initial=1))
    layout |= {
        "margin": {"l": 62, "r": 14, "t": 10, "b": 44},
        "hovermode": "closest",
        "xaxis": axis(
            colours,
            title="Trial",
            range=[-0.03 * last - 0.5, last * 1.03 + 0.5],
            fixedrange=True,
            tickformat=",d",
            **({"dtick": 1} if last < 8 else {}),
        ),
        "yaxis": axis(colours, title=info.objective, range=value_range(info.values), fixedrange=True),
    }
    hover = f"trial %{{x}}<br>{info.objective} <b>%{{y:.4f}}</b><extra></extra>"
    data = []
    for pruned in (False, True):
        mine = info.pruned == pruned
        marker = {"size": 7, "color": colours.inlier, "opacity": 0.75}
        if pruned:
            marker = {"size": 7, "symbol": "circle-open", "color": colours.muted}
        data.append({"type": "scatter", "mode": "markers", "x": info.numbers[mine], "y": info.values[mine],
                     "marker": marker, "customdata": info.numbers[mine],
                     "hovertemplate": hover.replace("<extra>", "<br>pruned<extra>") if pruned else hover})  # fmt: skip
    line = {"shape": "hv", "width": 2.5, "color": colours.auc}
    data.append(
        {"type": "scatter", "mode": "lines", "x": info.best_at, "y": info.best, "line": line, "hoverinfo": "skip"}
    )
    return {"data": data, "layout": layout}


def sweep_course_caption(info: SweepCourseInfo) -> str:
    """How to read it, in one line."""
    pruned = " Hollow ones were given up early." if info.pruned.any() else ""
    return f"Each dot is a trial; the line is the best so far.{pruned}"
