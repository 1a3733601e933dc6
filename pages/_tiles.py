"""A row of tiles, each a name, a number and a small line; redrawn in place.

``st.metric`` mounts a new Vega chart for each line at each rerun; seven of them twice a second flicker and cost the
browser more than both charts below.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

_CSS = """
.tiles-box { container-type: inline-size; }
.tiles { display: grid; gap: 0.5rem; grid-template-columns: repeat(var(--columns), 1fr); }
.tiles > div { position: relative; overflow: hidden; border: 1px solid var(--st-border-color); padding: 0.45rem 0.65rem;
               border-radius: var(--st-base-radius); height: 4.7rem; box-sizing: border-box; }
.tiles .name { font-size: 0.8rem; line-height: 1.1; opacity: 0.75; white-space: nowrap; }
.tiles .value { font-size: 1.3rem; line-height: 1.35; font-weight: 600; font-variant-numeric: tabular-nums; }
.tiles svg { position: absolute; left: 0; right: 0; bottom: 0.25rem; width: 100%; height: 1.15rem; opacity: 0.7; }
.tiles polyline { fill: none; stroke: currentColor; stroke-width: 1.5; vector-effect: non-scaling-stroke; }
@container (max-width: 820px) {
  .tiles { grid-template-columns: repeat(min(4, var(--columns)), 1fr); gap: 0.35rem; }
  .tiles > div { height: 2.7rem; padding-top: 0.3rem; display: flex; justify-content: space-between; }
  .tiles .value { font-size: 1rem; line-height: 1; }
  .tiles svg { height: 1rem; }
}
"""

_JS = """
const SVG = "http://www.w3.org/2000/svg";

function tile() {
  const box = document.createElement("div");
  for (const part of ["name", "value"]) {
    const line = document.createElement("div");
    line.className = part;
    box.append(line);
  }
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 100 20");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  svg.append(document.createElementNS(SVG, "polyline"));
  box.append(svg);
  return box;
}

function points(values) {
  const low = Math.min(...values), range = Math.max(...values) - low || 1;
  const across = (i) => (100 * i / (values.length - 1)).toFixed(1);
  const up = (v) => (19 - 18 * (v - low) / range).toFixed(1);
  return values.map((v, i) => `${across(i)},${up(v)}`).join(" ");
}

export default function ({ parentElement, data }) {
  const row = parentElement.querySelector(".tiles");
  if (!row || !data) return;
  row.style.setProperty("--columns", data.length);
  while (row.children.length > data.length) row.lastChild.remove();
  while (row.children.length < data.length) row.append(tile());
  data.forEach((item, i) => {
    const box = row.children[i];
    box.title = item.help;
    box.style.color = item.color || "";
    box.querySelector(".name").textContent = item.name;
    box.querySelector(".value").textContent = item.value;
    box.querySelector("polyline").setAttribute("points", item.line.length > 1 ? points(item.line) : "");
  });
}
"""

_HTML = '<div class="tiles-box"><div class="tiles" role="group"></div></div>'
_row = st.components.v2.component("sogaal_tiles", html=_HTML, css=_CSS, js=_JS, isolate_styles=False)


@dataclass(frozen=True)
class Tile:
    """``value`` as it is shown; ``line`` at least two numbers or none; ``help`` for the pointer; ``color`` of CSS."""

    name: str
    value: str
    line: Sequence[float] = ()
    help: str = ""
    color: str = ""


def tiles(items: Sequence[Tile], key: str) -> None:
    """Draw the tiles in the row of ``key``."""
    _row(key=key, data=[vars(item) | {"line": [round(v, 5) for v in item.line]} for item in items], height="content")
