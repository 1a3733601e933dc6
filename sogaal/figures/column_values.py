"""How the values of one column are distributed, and where one row's lies: bars of levels, or a histogram."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
import numpy.typing as npt

from sogaal.figures.spec import Spec
from sogaal.figures.theme import Theme, axis, base_layout, label, theme

BINS = 40
MOST_LEVELS = 8
_NAME_WIDTH = 22
_LETTER = 7.2


@dataclass(frozen=True, eq=False)
class LevelsInfo:
    """Bars from the top: ``names`` of levels with their ``shares`` (b,) of the rows, 0 to 1. ``own``: the bar of the
    row's own level, None where no other row has it."""

    title: str
    names: tuple[str, ...]
    shares: npt.NDArray[np.float64]
    own: int | None


@dataclass(frozen=True, eq=False)
class NumbersInfo:
    """``counts`` (b,) of rows in equal bins between ``edges`` (b + 1,), and the row's ``value``, None where it is
    missing; of ``dates`` in seconds since 1970."""

    title: str
    edges: npt.NDArray[np.float64]
    counts: npt.NDArray[np.int64]
    value: float | None
    dates: bool


def levels_info(
    title: str, names: Sequence[str], counts: Sequence[int], n: int, own: str, most: int = MOST_LEVELS
) -> LevelsInfo:
    """What is drawn of a category: ``counts`` of ``names`` among ``n`` rows, the most frequent first.

    The ``most`` frequent levels have a bar of their own, the row's ``own`` too wherever it is; the others share one.
    """
    single = list(range(min(most, len(names)) if len(names) <= most else most - 1))
    place = names.index(own) if own in names else None
    if place is not None and place not in single:
        single = [*single[:-1], place]
    others = [i for i in range(len(names)) if i not in single]
    shown, shares = [names[i] for i in single], [counts[i] / n for i in single]
    if others:
        shown.append(f"{len(others)} others")
        shares.append(sum(counts[i] for i in others) / n)
    return LevelsInfo(title, tuple(shown), np.array(shares), None if place is None else single.index(place))


def numbers_info(
    title: str, numbers: npt.NDArray[np.floating], value: float | None, dates: bool = False
) -> NumbersInfo:
    """What is drawn of a column of ``numbers`` (n,), or of dates; ``value``: the row's."""
    low, high = float(numbers.min()), float(numbers.max())
    if not high > low:
        low, high = low - 0.5, high + 0.5
    different = len(np.unique(numbers)) if len(numbers) <= 100_000 else BINS
    edges = np.linspace(low, high, min(BINS, max(different, 2)) + 1)
    return NumbersInfo(title, edges, np.histogram(numbers, edges)[0].astype(np.int64), value, dates)


def column_values_spec(info: LevelsInfo | NumbersInfo, *, dark: bool = False, revision: str = "") -> Spec:
    """Bars, the row's own in the colour of outliers; over a histogram a rule at its value."""
    colours = theme(dark)
    made = _levels(info, colours) if isinstance(info, LevelsInfo) else _numbers(info, colours)
    title = escape(_short(info.title, 40), quote=False)
    layout = base_layout(dark, revision) | made["layout"]
    layout["annotations"] = [
        label(f"<b>{title}</b> in all rows", 0, 1, colours.muted, yanchor="bottom", yshift=8,
              xshift=8 - layout["margin"]["l"]),
        *layout.get("annotations", []),
    ]  # fmt: skip
    return {"data": made["data"], "layout": layout}


def _levels(info: LevelsInfo, colours: Theme) -> Spec:
    own = [place == info.own for place in range(len(info.names))]
    shares = 100 * info.shares
    names = [_short(name, _NAME_WIDTH) for name in info.names]
    bars: dict[str, Any] = {
        "type": "bar",
        "orientation": "h",
        "x": shares.astype(np.float32),
        "y": np.arange(len(names), dtype=np.float32),
        "width": 0.7,
        "marker": {
            "color": [colours.outlier if is_own else colours.inlier for is_own in own],
            "pattern": {"shape": ["/" if is_own else "" for is_own in own], "size": 5, "solidity": 0.3,
                        "fgcolor": colours.edge, "fillmode": "overlay"},
        },
        "text": [
            f"{share:.1f} %" + (", this row" if mine else "") for share, mine in zip(shares, own, strict=True)
        ],
        "textposition": "outside",
        "textfont": {"size": 12, "color": colours.ink},
        "cliponaxis": False,
        "customdata": [escape(" ".join(name.split()), quote=False) for name in info.names],
        "hovertemplate": "%{customdata}: %{x:.2f} % of the rows<extra></extra>",
    }  # fmt: skip
    left = 14 + int(_LETTER * max(map(len, names), default=0))
    layout = {
        "margin": {"l": left, "r": 16, "t": 34, "b": 44},
        "hovermode": "closest",
        "xaxis": axis(
            colours, title="% of the rows", range=[0, 1.45 * max(float(shares.max(initial=0)), 1e-6)], nticks=5
        ),
        "yaxis": axis(
            colours, range=[len(names) - 0.45, -0.55], tickvals=list(range(len(names))),
            ticktext=[escape(name, quote=False) for name in names], showgrid=False, fixedrange=True,
        ),
    }  # fmt: skip
    return {"data": [bars], "layout": layout}


def _numbers(info: NumbersInfo, colours: Theme) -> Spec:
    # A browser counts dates in milliseconds.
    scale = 1000.0 if info.dates else 1.0
    edges = info.edges * scale
    middles = (edges[:-1] + edges[1:]) / 2
    where = "%{x|%Y-%m-%d}" if info.dates else "%{x:.4g}"
    bars: dict[str, Any] = {
        "type": "bar",
        "x": middles,
        "y": info.counts.astype(np.float32),
        "width": float(edges[1] - edges[0]) * 0.94,
        "marker": {"color": colours.inlier},
        "hovertemplate": f"%{{y:.0f}} rows at {where}<extra></extra>",
    }
    layout: dict[str, Any] = {
        "margin": {"l": 52, "r": 16, "t": 34, "b": 44},
        "hovermode": "closest",
        "xaxis": axis(colours, title=escape(_short(info.title, 40), quote=False), nticks=6),
        "yaxis": axis(colours, title="rows", nticks=5, range=[0, 1.2 * max(int(info.counts.max()), 1)]),
    }
    if info.dates:
        layout["xaxis"]["type"] = "date"
    if info.value is not None:
        at = info.value * scale
        layout["shapes"] = [
            {"type": "line", "xref": "x", "yref": "paper", "x0": at, "x1": at, "y0": 0, "y1": 1,
             "line": {"width": 2, "color": colours.outlier}}
        ]  # fmt: skip
        on_the_left = info.value > (info.edges[0] + info.edges[-1]) / 2
        layout["annotations"] = [
            {"x": at, "y": 1, "xref": "x", "yref": "paper", "text": "this row", "showarrow": False,
             "xanchor": "right" if on_the_left else "left", "yanchor": "top", "xshift": -5 if on_the_left else 5,
             "font": {"size": 12, "color": colours.outlier}}
        ]  # fmt: skip
    return {"data": [bars], "layout": layout}


def _short(name: str, width: int) -> str:
    words = " ".join(name.split())
    return words if len(words) <= width else words[: width - 1] + "…"
