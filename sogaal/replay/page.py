"""The stand-alone page of a replay: one HTML file with everything in it, which asks no network for anything."""

import base64
import hashlib
import html
from functools import cache
from pathlib import Path

from sogaal.figures.theme import DARK, LIGHT

_FOLDER = Path(__file__).parent
_SCRIPTS = ("run.js", "paint.js", "plane.js", "curves.js", "replay.js")
_START = 'mount(document.querySelector(".sogaal-replay"), document.querySelector("#payload").textContent, true);'
_PAGE_STYLE = f"""
:root {{ color-scheme: light dark; --replay-side: max(22rem, calc(100vh - 14rem)); }}
body {{ margin: 0; padding: 1.1rem clamp(0.75rem, 2.2vw, 2rem); background: {LIGHT.edge}; }}
@media (prefers-color-scheme: dark) {{ body {{ background: {DARK.edge}; }} }}
"""


@cache
def script() -> str:
    """The player as one JavaScript module; its default export is the component of the dashboard."""
    return "\n".join((_FOLDER / name).read_text(encoding="utf-8") for name in _SCRIPTS)


@cache
def stylesheet() -> str:
    """The player's CSS."""
    return (_FOLDER / "replay.css").read_text(encoding="utf-8")


def _hashed(content: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode('utf-8')).digest()).decode('ascii')}'"


def replay_page(payload: bytes, title: str) -> str:
    """A page that plays ``payload`` (of :func:`~sogaal.replay.replay_payload`) from a double click, without a server.

    ``title`` is plain text, for the browser's tab. The page's policy lets the browser run this script alone and load
    nothing at all.
    """
    code, style = f"{script()}\n{_START}\n", f"{_PAGE_STYLE}{stylesheet()}"
    policy = f"default-src 'none'; script-src {_hashed(code)}; style-src {_hashed(style)}; img-src data:"
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="sogaal">
<title>{html.escape(title)}</title>
<link rel="icon" href="data:,">
<style>{style}</style>
</head>
<body>
<main class="sogaal-replay"></main>
<noscript>This replay needs JavaScript. It loads nothing from the network.</noscript>
<script type="application/json" id="payload">{payload.decode("ascii")}</script>
<script type="module">{code}</script>
</body>
</html>
"""
