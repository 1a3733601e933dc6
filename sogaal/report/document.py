"""The frame of a report's page: one file with its style, which runs nothing and asks the network for nothing."""

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from sogaal.figures.theme import DARK, LIGHT, Theme
from sogaal.report.html import Child, Html, join, tag


def document(title: str, sections: Sequence[Html]) -> bytes:
    """The whole page, UTF-8; same content, same bytes."""
    style = _style()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode("ascii")
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"
    head = join(
        Html('<meta charset="utf-8">'),
        Html(f'<meta http-equiv="Content-Security-Policy" content="{policy}">'),
        Html('<meta name="viewport" content="width=device-width, initial-scale=1">'),
        Html('<meta name="color-scheme" content="light dark"><meta name="generator" content="sogaal">'),
        tag("title", f"{title} - report"),
        Html('<link rel="icon" href="data:,">'),
        Html(f"<style>{style}</style>"),
    )
    body = tag("main", sections)
    return f'<!doctype html>\n<html lang="en">\n<head>{head}</head>\n<body>\n{body}\n</body>\n</html>\n'.encode()


@cache
def _style() -> str:
    light, dark = _variables(LIGHT), _variables(DARK)
    sheet = (Path(__file__).parent / "report.css").read_text(encoding="utf-8")
    # Paper is light whatever the reader's screen looks like.
    return f":root{{{light}}}\n@media screen and (prefers-color-scheme: dark){{:root{{{dark}}}}}\n{sheet}"


def _variables(theme: Theme) -> str:
    names = ("inlier", "outlier", "generated", "auc", "auc_fill", "ink", "muted", "grid", "frame", "surface", "edge")
    return ";".join(f"--{name.replace('_', '-')}:{getattr(theme, name)}" for name in names)


def section(heading: str, *children: Child) -> Html:
    """A part of the page under a heading."""
    return tag("section", tag("h2", heading), *children)
