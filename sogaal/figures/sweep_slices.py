"""Slices: for each hyperparameter what came out against the value it had, whatever the others were."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sogaal.figures.spec import Spec
from sogaal.figures.swept import FloatArray, SweptAxis, TrialPoint, numbers_of, places_of, value_range, values_of
from sogaal.figures.theme import axis, base_layout, theme

COLUMNS = 3
SLICES_HEIGHT = 250
_GAP = 0.06
_EARLY_LATE_LIGHT = [[0, "#C4DCEC"], [1, "#004E7C"]]
_EARLY_LATE_DARK = [[0, "#24455C"], [1, "#9AD3F5"]]


@dataclass(frozen=True, eq=False)
class SweepSlicesInfo:
    """For each of the ``axes`` the trials' places (t,); ``values`` and ``numbers`` (t,)."""

    axes: tuple[SweptAxis, ...]
    places: tuple[FloatArray, ...]
    values: FloatArray
    numbers: npt.NDArray[np.int32]
    objective: str

    @property
    def rows(self) -> int:
        """Rows of small plots."""
        return math.ceil(len(self.axes) / COLUMNS)


def sweep_slices_info(trials: Sequence[TrialPoint], axes: Sequence[SweptAxis], objective: str) -> SweepSlicesInfo:
    """What is drawn of the trials that were not pruned."""
    whole = [one for one in trials if not one.pruned]
    places = tuple(places_of(whole, number) for number in range(len(axes)))
    return SweepSlicesInfo(tuple(axes), places, values_of(whole), numbers_of(whole), objective)


def sweep_slices_spec(info: SweepSlicesInfo, *, dark: bool = False, revision: str = "") -> Spec:
    """Small plots in rows of three over one scale of values."""
    colours, layout = theme(dark), base_layout(dark, revision)
    layout |= {"margin": {"l": 62, "r": 12, "t": 10, "b": 48}, "hovermode": "closest"}
    columns = min(COLUMNS, len(info.axes))
    hover = f"trial %{{customdata}}<br>%{{x}}<br>{info.objective} <b>%{{y:.4f}}</b><extra></extra>"
    scale = _EARLY_LATE_DARK if dark else _EARLY_LATE_LIGHT
    data = []
    for number, (one, places) in enumerate(zip(info.axes, info.places, strict=True)):
        row, column = divmod(number, columns)
        end = "" if number == 0 else str(number + 1)
        left, bottom = column / columns, 1 - (row + 1) / info.rows
        wide, high = 1 / columns, 1 / info.rows
        across = [left + (0 if column == 0 else _GAP / 2), left + wide - (0 if column == columns - 1 else _GAP / 2)]
        # Room for the titles beneath each row but the lowest, which has the margin.
        up = [bottom + (0 if row == info.rows - 1 else 0.24 * high), bottom + high]
        layout[f"xaxis{end}"] = one.plotly(colours, domain=across, anchor=f"y{end}")
        first = {"title": info.objective} if column == 0 else {"showticklabels": False}
        layout[f"yaxis{end}"] = axis(
            colours, domain=up, anchor=f"x{end}", range=value_range(info.values), fixedrange=True, **first
        )
        data.append(
            {
                "type": "scatter",
                "mode": "markers",
                "x": places,
                "y": info.values,
                "xaxis": f"x{end}",
                "yaxis": f"y{end}",
                "customdata": info.numbers,
                "marker": {
                    "size": 6,
                    "color": info.numbers,
                    "colorscale": scale,
                    "line": {"width": 0.5, "color": colours.edge},
                },
                "hovertemplate": hover,
            }
        )
    return {"data": data, "layout": layout}


def sweep_slices_caption() -> str:
    """How to read it, in one line."""
    return "A dot is a trial; later ones have the stronger colour. Where dots crowd, the search looked for better ones."
