"""Colours, fonts and the common look of all plots, in light and dark: the one place that knows them.

The colours of the three kinds of points and of the AUC are Okabe and Ito's, which colour-blind eyes tell apart; the
dark theme uses lighter tints of the same hues. No plot relies on colour alone.
"""

from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go

from sogaal.figures.spec import Spec

FONT = '"Source Sans", "Source Sans Pro", "Source Sans 3", system-ui, sans-serif'


@dataclass(frozen=True)
class Theme:
    """Colours by their role. ``heat`` is D's scale from D = 0 over 0.5 to 1, neutral in the middle; ``generators``
    the shades of the sub-generators, first to last."""

    inlier: str
    outlier: str
    generated: str
    auc: str
    auc_fill: str
    ink: str
    muted: str
    grid: str
    frame: str
    surface: str
    edge: str
    unit: str
    arrow: str
    veil: str
    heat: tuple[tuple[float, str], ...]
    generators: tuple[tuple[float, str], ...]


LIGHT = Theme(
    inlier="#0072B2",
    outlier="#D55E00",
    generated="#009E73",
    auc="#CC79A7",
    auc_fill="rgba(204,121,167,0.14)",
    ink="#1F2933",
    muted="#5F6B78",
    grid="rgba(31,41,51,0.10)",
    frame="rgba(31,41,51,0.25)",
    surface="#FFFFFF",
    edge="#FFFFFF",
    unit="rgba(31,41,51,0.42)",
    arrow="rgba(0,110,80,0.85)",
    veil="rgba(255,255,255,0.75)",
    heat=((0.0, "#F4BF99"), (0.25, "#FADFCB"), (0.5, "#FBFBFB"), (0.75, "#D3E5F2"), (1.0, "#9FC8E6")),
    generators=((0.0, "#00573F"), (0.5, "#009E73"), (1.0, "#7CCFB4")),
)
DARK = Theme(
    inlier="#3FA7E0",
    outlier="#F0803C",
    generated="#2CC295",
    auc="#E39BC4",
    auc_fill="rgba(227,155,196,0.14)",
    ink="#E6EAEE",
    muted="#9AA6B2",
    grid="rgba(230,234,238,0.11)",
    frame="rgba(230,234,238,0.28)",
    surface="#1E262F",
    edge="#12171D",
    unit="rgba(230,234,238,0.42)",
    arrow="rgba(120,225,190,0.85)",
    veil="rgba(18,23,29,0.75)",
    heat=((0.0, "#5F3519"), (0.25, "#3F2D24"), (0.5, "#20272F"), (0.75, "#1D3A52"), (1.0, "#1C5480")),
    generators=((0.0, "#12936C"), (0.5, "#2CC295"), (1.0, "#B5F2DF")),
)


def theme(dark: bool = False) -> Theme:
    """The colours for a light or a dark page."""
    return DARK if dark else LIGHT


def axis(colours: Theme, **changes: Any) -> dict[str, Any]:
    """An axis in the common look, with ``changes`` on top."""
    look: dict[str, Any] = {
        "gridcolor": colours.grid,
        "zeroline": False,
        "showline": False,
        "ticks": "",
        "tickfont": {"size": 12, "color": colours.muted},
        "title": {"font": {"size": 12, "color": colours.muted}, "standoff": 6},
        "automargin": False,
    }
    title = changes.pop("title", None)
    if title is not None:
        look["title"] = {**look["title"], "text": title}
    return {**look, **changes}


def base_layout(dark: bool, revision: str = "") -> dict[str, Any]:
    """The layout that all plots start from: transparent paper, so that it lies on either page."""
    colours = theme(dark)
    return {
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": FONT, "size": 13, "color": colours.ink},
        "margin": {"l": 44, "r": 16, "t": 28, "b": 40},
        "hoverlabel": {
            "bgcolor": colours.surface,
            "bordercolor": colours.frame,
            "font": {"family": FONT, "size": 13, "color": colours.ink},
        },
        "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": colours.muted, "activecolor": colours.ink},
        "showlegend": False,
        "uirevision": revision or "constant",
        # Names the look: the browser side compares it with the page it lies on.
        "meta": {"dark": dark},
    }


def style(figure: go.Figure | Spec, dark: bool = False) -> go.Figure | Spec:
    """Puts the common look on a figure made elsewhere (changed in place and returned); traces keep their colours."""
    colours = theme(dark)
    look = base_layout(dark)
    if isinstance(figure, go.Figure):
        figure.update_layout(template="none", **look)
        figure.update_xaxes(**axis(colours))
        figure.update_yaxes(**axis(colours))
        return figure
    layout = figure.setdefault("layout", {})
    layout.update({key: value for key, value in look.items() if key not in layout})
    return figure


def label(
    text: str, x: float, y: float, colour: str, *, xref: str = "paper", yref: str = "paper", **changes: Any
) -> dict[str, Any]:
    """A text without an arrow, for the layout's annotations."""
    look = {"xanchor": "left", "yanchor": "middle", "showarrow": False}
    place = {"text": text, "x": x, "y": y, "xref": xref, "yref": yref}
    return {**look, **place, "font": {"size": 12, "color": colour}, **changes}
