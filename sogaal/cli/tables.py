"""Tables for terminals: columns that line up whatever the letters, and give way where there is no room."""

import shutil
import sys
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from sogaal.runs.printable import printable

# Between two columns; the least that a column which is cut keeps.
GAP, LEAST = 2, 8


@dataclass(frozen=True)
class Column:
    """``title``; ``cells`` as they are shown; ``right``: numbers. ``give``: the higher, the earlier it is left out
    where there is no room, 0 never; ``cut``: it may be shortened first."""

    title: str
    cells: Sequence[str]
    right: bool = False
    give: int = 0
    cut: bool = False


def room() -> int | None:
    """Characters in a line of the terminal; None where the output goes elsewhere, and nothing is shortened."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def width(text: str) -> int:
    """How many columns of a terminal a text takes: wide letters have two, marks on letters none."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def shortened(text: str, most: int) -> str:
    """``text``, or its beginning and a sign that something is missing."""
    if width(text) <= most:
        return text
    kept = ""
    for c in text:
        if width(kept + c) > most - 1:
            break
        kept += c
    return f"{kept}…"


def table(columns: Sequence[Column], most: int | None = None) -> list[str]:
    """The lines of a table, heads first; ``most``: characters in a line, None = as many as it takes."""
    shown = [replaced(column) for column in columns]
    widths = [max(map(width, (column.title, *column.cells))) for column in shown]
    while most is not None and _total(widths) > most:
        over = _total(widths) - most
        cut = [i for i, column in enumerate(shown) if column.cut and widths[i] > LEAST]
        droppable = [i for i, column in enumerate(shown) if column.give]
        if cut and sum(widths[i] - LEAST for i in cut) >= over:
            widest = max(cut, key=lambda i: widths[i])
            widths[widest] = max(LEAST, widths[widest] - over)
        elif droppable:
            gone = max(droppable, key=lambda i: shown[i].give)
            del shown[gone], widths[gone]
        else:
            break
    rows = zip(*((column.title, *column.cells) for column in shown), strict=True)
    return [
        (" " * GAP).join(_cell(cell, w, column) for cell, w, column in zip(row, widths, shown, strict=True)).rstrip()
        for row in rows
    ]


def replaced(column: Column) -> Column:
    """The column with what must not reach a terminal shown as escapes."""
    return Column(column.title, [printable(cell) for cell in column.cells], column.right, column.give, column.cut)


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + GAP * (len(widths) - 1)


def _cell(text: str, wide: int, column: Column) -> str:
    text = shortened(text, wide)
    padding = " " * (wide - width(text))
    return padding + text if column.right else text + padding
