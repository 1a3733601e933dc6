"""The two networks as a drawing: layers as columns of units, wires between them, and the parts that are at work lit."""

from collections.abc import Collection
from dataclasses import dataclass
from html import escape

from sogaal.figures.theme import Theme, theme

# The parts that can be lit: columns of units, wires, and the way back of the gradient.
PARTS = ("noise", "g1", "g2", "generated", "real", "d1", "d2", "loss", "back_d", "back_g")
WIDTH, HEIGHT = 960, 330
SHOWN = 5


@dataclass(frozen=True)
class NetworkInfo:
    """Sizes: ``d`` features, ``h`` hidden units of D; ``lit``: of :data:`PARTS`; ``values``: words below a column."""

    d: int
    h: int
    lit: Collection[str] = ()
    values: dict[str, str] | None = None


_COLUMNS = {
    "noise": (70, 110, "z"), "g1": (195, 110, "G: ReLU"), "g2": (320, 110, "G: ReLU"),
    "generated": (450, 110, "G(z)"), "real": (450, 255, "x, real rows"),
    "d1": (630, 165, "D: ReLU"), "d2": (760, 165, "D: sigmoid"), "loss": (890, 165, "loss"),
}  # fmt: skip
_WIRES = [("noise", "g1"), ("g1", "g2"), ("g2", "generated"), ("generated", "d1"), ("real", "d1"), ("d1", "d2")]


def network_caption(info: NetworkInfo) -> str:
    """What the drawing shows, in words."""
    return (
        f"G takes {info.d} random numbers through two layers of {info.d} units (ReLU) to a point of {info.d} features; "
        f"D is {info.d}-{info.h}-1: {info.h} hidden units (ReLU) and one output (sigmoid), the probability of real."
    )


def _units(name: str, info: NetworkInfo) -> int:
    return {"d1": info.h, "d2": 1, "loss": 1}.get(name, info.d)


def _places(name: str, info: NetworkInfo) -> list[tuple[float, float]]:
    x, middle, _ = _COLUMNS[name]
    count = min(_units(name, info), SHOWN if name != "real" else 3)
    return [(x, middle + 24 * (i - (count - 1) / 2)) for i in range(count)]


def network_svg(info: NetworkInfo, *, dark: bool = False) -> str:
    """The drawing as SVG, :data:`WIDTH` by :data:`HEIGHT`; lit wires run, unless the reader wants no motion."""
    colours = theme(dark)
    parts = [_wires(info, start, end, colours) for start, end in _WIRES]
    x0, y0 = _COLUMNS["d2"][0] + 10, _COLUMNS["d2"][1]
    on = "loss" in info.lit
    parts.append(_path(f"M{x0} {y0}H{_COLUMNS['loss'][0] - 26}", colours.outlier if on else colours.frame, on))
    parts += [_column(name, info, colours) for name in _COLUMNS]
    parts.append(_backward(info, colours))
    rule = "@media (prefers-reduced-motion:no-preference){.run{stroke-dasharray:7 5;animation:run .7s linear infinite}}"
    style = f"{rule}@keyframes run{{to{{stroke-dashoffset:-12}}}}text{{font-family:sans-serif}}"
    box = f'viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {box}><style>{style}</style>{"".join(parts)}</svg>'


def _path(shape: str, colour: str, lit: bool, width: float = 1) -> str:
    look = f'stroke="{colour}" stroke-width="{2.4 if lit else width}" fill="none"'
    return f'<path d="{shape}" {look}{" class=" + chr(34) + "run" + chr(34) if lit else ""}/>'


def _wires(info: NetworkInfo, start: str, end: str, colours: Theme) -> str:
    lit = start in info.lit and end in info.lit
    colour = (colours.inlier if start in ("real", "d1") else colours.generated) if lit else colours.frame
    ends = [(one, other) for one in _places(start, info) for other in _places(end, info)]
    if end == "generated":  # what the second layer gives is the point: there is no third
        ends = list(zip(_places(start, info), _places(end, info), strict=True))
    lines = [f"M{x} {y}L{u} {v}" for (x, y), (u, v) in ends]
    return f'<g opacity="{0.8 if lit else 0.5}">{_path("".join(lines), colour, lit, 0.6)}</g>'


def _column(name: str, info: NetworkInfo, colours: Theme) -> str:
    x, middle, title = _COLUMNS[name]
    own = colours.inlier if name in ("real", "d1", "d2") else colours.outlier if name == "loss" else colours.generated
    lit = name in info.lit
    fill = own if lit else colours.surface
    places = _places(name, info)
    look = f'fill="{fill}" stroke="{own}" stroke-width="{3 if lit else 1.5}"'
    if name == "loss":
        drawn = f'<rect x="{x - 26}" y="{middle - 18}" width="52" height="36" rx="8" {look}/>'
    else:
        drawn = "".join(f'<circle cx="{u}" cy="{v}" r="8" {look}/>' for u, v in places)
    units = _units(name, info)
    more = "" if name == "loss" else f" ({units})"
    # Clear of the wires that meet at D's output and leave G's point.
    bottom = places[-1][1] + {"loss": 6, "generated": 34}.get(name, 27)
    words = f'<text x="{x}" y="{places[0][1] - (52 if name == "d2" else 22)}" text-anchor="middle" font-size="15" '
    words += f'font-weight="{700 if lit else 400}" fill="{colours.ink}">{escape(title)}{more}</text>'
    value = (info.values or {}).get(name, "…" if units > len(places) and name != "loss" else "")
    ink = colours.edge if name == "loss" and lit else colours.ink
    below = f'<text x="{x}" y="{bottom}" text-anchor="middle" font-size="15" fill="{ink}">{escape(value)}</text>'
    return drawn + words + below


def _backward(info: NetworkInfo, colours: Theme) -> str:
    """The gradient's way, below: from the loss to D's weights, or on to G's."""
    parts = []
    for name, end, y in (("back_d", 630, 300), ("back_g", 195, 318)):
        if name in info.lit:
            target = _COLUMNS["d1" if name == "back_d" else "g1"]
            rise = target[1] + 82
            parts.append(_path(f"M890 190V{y}H{end}V{rise}", colours.outlier, True))
            parts.append(
                f'<path d="M{end - 6} {rise + 9}L{end} {rise}L{end + 6} {rise + 9}" fill="{colours.outlier}"/>'
            )
            parts.append(
                f'<text x="780" y="{y - 8}" font-size="15" text-anchor="middle" fill="{colours.ink}">gradient</text>'
            )
    return "".join(parts)
