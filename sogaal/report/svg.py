"""Charts as SVG: axes, lines, dots and bars whose colours are classes, which the page's style sheet fills in."""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from PIL import Image

from sogaal.figures.theme import Theme
from sogaal.report.html import Child, Html, join, tag

Floats = npt.NDArray[np.floating]


def number(value: float) -> str:
    """A coordinate, short."""
    return f"{value:.1f}".removesuffix(".0")


@dataclass(frozen=True)
class Scale:
    """Values from ``low`` to ``high`` on the pixels from ``start`` to ``end``."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, values: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Where values stand, in pixels."""
        share = (np.asarray(values, dtype=np.float64) - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)


def path(x: Floats, y: Floats) -> str:
    """A line through the points (p,), broken where one is not finite."""
    words, pen = [], "M"
    for across, up in zip(x.tolist(), y.tolist(), strict=True):
        if np.isfinite(across) and np.isfinite(up):
            words.append(f"{pen}{number(across)} {number(up)}")
            pen = "L"
        else:
            pen = "M"
    return "".join(words)


def stairs(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """The points with corners between them: each height holds for the way to it."""
    return np.repeat(x, 2)[:-1], np.repeat(y, 2)[1:]


def dots(x: Floats, y: Floats) -> str:
    """Points as lines without length: with round ends they are dots, and take eleven bytes each."""
    return "".join(f"M{number(a)} {number(b)}h0" for a, b in zip(x.tolist(), y.tolist(), strict=True))


def crosses(x: Floats, y: Floats, reach: float) -> str:
    """Crosses of twice ``reach``."""
    full = number(2 * reach)
    return "".join(
        f"M{number(a - reach)} {number(b - reach)}l{full} {full}m-{full} 0l{full} -{full}"
        for a, b in zip(x.tolist(), y.tolist(), strict=True)
    )


def nice_ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Round values between ``low`` and ``high``, at most about ``most``."""
    if not high > low:
        return [low]
    raw = (high - low) / most
    power = 10 ** np.floor(np.log10(raw))
    step = next(float(unit * power) for unit in (1, 2, 2.5, 5, 10) if unit * power >= raw * (1 - 1e-9))
    first, last = int(np.ceil(low / step - 1e-9)), int(np.floor(high / step + 1e-9))
    return [round(step * i, 12) for i in range(first, last + 1)]


@dataclass
class Drawing:
    """Parts of one chart, back to front; ``alt``: what it shows, for whoever does not see it."""

    width: float
    height: float
    alt: str
    parts: list[Html] = field(default_factory=list)

    def add(self, *parts: Html) -> None:
        """Draw over what is there."""
        self.parts.extend(parts)

    def line(self, x: Floats, y: Floats, class_: str) -> None:
        """A line in the colour of ``class_``."""
        self.add(tag("path", d=path(x, y), class_=f"line {class_}"))

    def rule(self, x0: float, y0: float, x1: float, y1: float, class_: str) -> None:
        """A straight line."""
        self.add(tag("path", d=f"M{number(x0)} {number(y0)}L{number(x1)} {number(y1)}", class_=class_))

    def text(self, x: float, y: float, *words: Child, anchor: str = "start", class_: str = "label") -> None:
        """Words that start, end or have their middle at x, on the line y."""
        self.add(tag("text", *words, x=number(x), y=number(y), text_anchor=anchor, class_=class_))

    def upright(self, x: float, y: float, words: str) -> None:
        """The name of an axis that goes up, its middle at (x, y)."""
        self.add(
            tag(
                "text",
                words,
                text_anchor="middle",
                class_="label",
                transform=f"translate({number(x)} {number(y)}) rotate(-90)",
            )
        )

    def svg(self) -> Html:
        """The chart."""
        box = f"0 0 {number(self.width)} {number(self.height)}"
        class_ = "large" if self.width > 600 else None
        return tag("svg", *self.parts, viewBox=box, role="img", aria_label=self.alt, class_=class_)


def x_axis(drawing: Drawing, scale: Scale, y: float, ticks: Sequence[float], title: str, form: str = "{:,g}") -> None:
    """Numbers below the line ``y``, and what they are."""
    for tick in ticks:
        drawing.text(float(scale(tick)), y + 16, form.format(tick), anchor="middle")
    drawing.text((scale.start + scale.end) / 2, y + 33, title, anchor="middle")


def y_axis(
    drawing: Drawing, scale: Scale, left: float, right: float, ticks: Sequence[tuple[float, str]], title: str = ""
) -> None:
    """Numbers at the left with lines across, and what they are."""
    for tick, words in ticks:
        y = float(scale(tick))
        drawing.rule(left, y, right, y, "grid")
        drawing.text(left - 6, y + 4, words, anchor="end")
    if title:
        drawing.upright(11, (scale.start + scale.end) / 2, title)


def key(*signs: tuple[str, str, str]) -> Html:
    """What the signs mean, as words in colour beside a sign: (class, sign, words)."""
    return tag("p", join([_sign(*one) for one in signs]), class_="key")


def _sign(class_: str, sign: str, words: str) -> Html:
    return tag("span", tag("b", sign, class_=class_, aria_hidden="true"), " ", words)


# -- the map of D --------------------------------------------------------------------------------------------------


def heat_image(heat: npt.NDArray[np.float32], theme: Theme) -> str:
    """D's map (rows from the bottom up) in a theme's colours, as a data address of a small PNG."""
    places, colours = [place for place, _ in theme.heat], np.array([_rgb(colour) for _, colour in theme.heat])
    channels = [np.interp(heat[::-1], places, channel) for channel in colours.T]
    target = io.BytesIO()
    Image.fromarray(np.rint(np.stack(channels, axis=-1)).astype(np.uint8)).save(target, "PNG")
    return f"data:image/png;base64,{base64.b64encode(target.getvalue()).decode('ascii')}"


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


Edge = tuple[int, int, int]


def contour(values: npt.NDArray[np.floating], level: float) -> list[list[tuple[float, float]]]:
    """Lines along which a grid (rows, columns) has ``level``, as (column, row); marching squares."""
    above = values > level
    joined: dict[Edge, list[Edge]] = {}
    mixed = above[:-1, :-1].astype(int) + above[1:, :-1] + above[:-1, 1:] + above[1:, 1:]
    for row, column in np.argwhere((mixed > 0) & (mixed < 4)).tolist():
        for one, other in _within(above, row, column):
            joined.setdefault(one, []).append(other)
            joined.setdefault(other, []).append(one)
    # Lines with ends first; what is left then is closed.
    starts = [*(edge for edge, others in joined.items() if len(others) == 1), *joined]
    followed = (_followed(joined, start) for start in starts)
    return [[_crossing(values, level, edge) for edge in line] for line in followed if len(line) > 1]


def _within(above: npt.NDArray[np.bool_], row: int, column: int) -> list[tuple[Edge, Edge]]:
    """The edges of a cell that the line goes through, in pairs; an edge: its lower end, and 0 across or 1 up."""
    bottom, top, left, right = (row, column, 0), (row + 1, column, 0), (row, column, 1), (row, column + 1, 1)
    a, b = bool(above[row, column]), bool(above[row, column + 1])
    c, d = bool(above[row + 1, column]), bool(above[row + 1, column + 1])
    crossed = [edge for edge, yes in ((bottom, a != b), (left, a != c), (right, b != d), (top, c != d)) if yes]
    if len(crossed) == 4:  # a saddle: either way is right
        return [(bottom, left), (right, top)]
    return [(crossed[0], crossed[1])]


def _followed(joined: dict[Edge, list[Edge]], start: Edge) -> list[Edge]:
    line = [start]
    while joined[line[-1]]:
        there = joined[line[-1]].pop()
        joined[there].remove(line[-1])
        line.append(there)
    return line


def _crossing(values: npt.NDArray[np.floating], level: float, edge: Edge) -> tuple[float, float]:
    row, column, up = edge
    one, other = float(values[row, column]), float(values[row + up, column + 1 - up])
    share = (level - one) / (other - one) if other != one else 0.5
    return column + (0 if up else share), row + (share if up else 0)
