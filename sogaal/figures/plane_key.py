"""What the signs of the plane mean and D's scale, as HTML: for a plane that is drawn without them."""

from collections.abc import Collection

from sogaal.figures.plane import DEFAULT_LAYERS, PlaneInfo, key_words
from sogaal.figures.theme import theme


def plane_key(info: PlaneInfo, *, layers: Collection[str] = DEFAULT_LAYERS, dark: bool = False) -> str:
    """The key of the plane as :func:`plane_spec` draws it with ``key=False``: HTML, to stand near it.

    Its parts break only between them. D's scale comes with a drawn map alone.
    """
    colours = theme(dark)
    parts = key_words(info, layers, colours)
    if info.heat is not None and "heatmap" in layers:
        shades = ", ".join(f"{colour} {100 * place:g}%" for place, colour in colours.heat)
        bar = f"display:inline-block;width:4em;height:.7em;background:linear-gradient(90deg,{shades})"
        parts.append(f"D(x): 0 <span style='{bar}'></span> 1")
    spans = " ".join(f"<span style='white-space:nowrap'>{part}</span>" for part in parts)
    look = f"display:flex;flex-wrap:wrap;column-gap:.8em;font-size:12px;line-height:1.4;color:{colours.muted}"
    return f"<div style='{look}'>{spans}</div>"
