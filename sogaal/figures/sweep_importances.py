"""How much each hyperparameter mattered in a sweep: a bar each, the longest on top."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from sogaal.figures.spec import Spec
from sogaal.figures.swept import FloatArray
from sogaal.figures.theme import axis, base_layout, theme

BAR_HEIGHT = 34


@dataclass(frozen=True, eq=False)
class SweepImportancesInfo:
    """``titles`` and ``shares`` (p,), which sum to 1, the smallest first, as bars are drawn from below."""

    titles: tuple[str, ...]
    shares: FloatArray


def sweep_importances_info(importances: Mapping[str, float]) -> SweepImportancesInfo:
    """What is drawn of shares by title."""
    ordered = sorted(importances.items(), key=lambda one: one[1])
    shares = np.array([share for _, share in ordered], dtype=np.float32)
    return SweepImportancesInfo(tuple(title for title, _ in ordered), shares)


def sweep_importances_spec(info: SweepImportancesInfo, *, dark: bool = False, revision: str = "") -> Spec:
    """Bars from the left, their share beside them."""
    colours, layout = theme(dark), base_layout(dark, revision)
    layout |= {
        "margin": {"l": 10, "r": 46, "t": 6, "b": 10},
        "hovermode": False,
        "bargap": 0.35,
        "xaxis": axis(colours, range=[0, 1.0], visible=False, fixedrange=True),
        "yaxis": axis(
            colours,
            tickvals=list(range(len(info.titles))),
            ticktext=list(info.titles),
            automargin=True,
            fixedrange=True,
            showgrid=False,
        ),
    }
    bars = {
        "type": "bar",
        "orientation": "h",
        "x": info.shares,
        "y": np.arange(len(info.shares), dtype=np.uint8),
        "marker": {"color": colours.auc},
        "text": [f"{share:.0%}" for share in info.shares.tolist()],
        "textposition": "outside",
        "cliponaxis": False,
        "textfont": {"size": 12, "color": colours.ink},
    }
    return {"data": [bars], "layout": layout}


def sweep_importances_caption() -> str:
    """How to read it, in one line."""
    return "Share of each in what tells the best tenth of the trials from the others (Optuna's PED-ANOVA)."
