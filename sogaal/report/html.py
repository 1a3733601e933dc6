"""HTML in which whatever is not said to be HTML is text: names from a table cannot become tags."""

import html
from collections.abc import Iterable

from sogaal.runs.printable import printable


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


Child = str | Iterable["Child"]


def shown(text: object) -> str:
    """A value from outside as escaped text, control characters visible."""
    return html.escape(printable(str(text), keep="\n"))


def join(*children: Child) -> Html:
    """Children side by side; a string that is no :class:`Html` is escaped."""
    parts = []
    for child in children:
        if isinstance(child, Html):
            parts.append(str(child))
        elif isinstance(child, str):
            parts.append(shown(child))
        else:
            parts.append(str(join(*child)))
    return Html("".join(parts))


def tag(name: str, *children: Child, **attributes: str | float | None) -> Html:
    """An element; ``class_`` and ``stroke_width`` stand for "class" and "stroke-width", None leaves one out."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{shown(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    inner = join(*children)
    return Html(f"<{name}{written}>{inner}</{name}>" if inner or name not in _EMPTY else f"<{name}{written}/>")


_EMPTY = {"path", "image", "rect", "line", "circle", "br"}


def table(
    caption: Child,
    heads: Iterable[Child],
    rows: Iterable[Iterable[Child]],
    *,
    numbers: Iterable[int] = (),
    class_: str = "",
) -> Html:
    """A table whose first column names its rows; the columns ``numbers`` are set to the right."""
    right = set(numbers)
    aligned = dict.fromkeys(right, "number")
    head = tag("tr", (tag("th", one, scope="col", class_=aligned.get(i)) for i, one in enumerate(heads)))
    body = [
        tag(
            "tr",
            (
                tag("td" if i else "th", cell, scope=None if i else "row", class_=aligned.get(i))
                for i, cell in enumerate(row)
            ),
        )
        for row in rows
    ]
    inner = tag("table", tag("caption", caption), tag("thead", head), tag("tbody", body), class_=class_ or None)
    # Wide tables scroll within themselves; whoever has only a keyboard must be able to, too.
    return tag("div", inner, class_="wide", tabindex="0", role="region", aria_label=_plain(caption))


def _plain(caption: Child) -> str:
    return caption if isinstance(caption, str) and not isinstance(caption, Html) else "Table"
