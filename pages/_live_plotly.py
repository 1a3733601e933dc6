"""A plotly chart that is redrawn in place: same node, zoom kept, dots that glide.

``st.plotly_chart`` mounts a new chart at every rerun of a fragment. This component keeps its node and hands each new
figure to ``Plotly.react``. Arrays that the browser has already (the real points, say) are not sent again.
"""

import json
from collections.abc import Callable
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from sogaal.figures import CONFIG, Spec, pack
from sogaal.launch import plotly_asset

# Dots of a chart that can glide: with more of them a browser that draws without a graphics card is deaf meanwhile.
MOST_GLIDING = 2500

_CSS = """
.live-plotly { width: 100%; overflow: hidden; position: relative; }
/* Plotly.react leaves a contour's new piece without a style now and then, and a path's own fill is black. */
.live-plotly .contourlevel path { fill: none; stroke: #8a8f9a; stroke-width: 1.4px; stroke-dasharray: 9px 9px; }
.live-plotly.clicks .nsewdrag { cursor: pointer; }
.live-plotly > p { margin: 0; padding: 1rem; font-size: 0.9rem; opacity: 0.75; }
"""

# The message is bytes: a line of options, then the figure. A node keeps its arrays by name for the next message.
_JS = """
const decoder = new TextDecoder();
const kinds = { f4: Float32Array, f8: Float64Array, i1: Int8Array, i2: Int16Array, i4: Int32Array,
                u1: Uint8Array, u2: Uint16Array, u4: Uint32Array };
const memory = (globalThis.sogaalArrays ??= new Map());
// Milliseconds of drawing after which a chart rests for as long as that took.
const SLOW = 250;

function library(url) {
  return (globalThis.sogaalPlotly ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = url;
    script.onload = () => resolve(globalThis.Plotly);
    script.onerror = () => { globalThis.sogaalPlotly = undefined; script.remove(); reject(new Error(url)); };
    document.head.append(script);
  }));
}

function decode(spec) {
  const bytes = Uint8Array.from(atob(spec.bdata), (c) => c.charCodeAt(0));
  const flat = new kinds[spec.dtype](bytes.buffer);
  if (!spec.shape) return flat;
  const [rows, columns] = spec.shape.split(",").map(Number);
  return Array.from({ length: rows }, (_, i) => flat.subarray(i * columns, (i + 1) * columns));
}

// The same array object for the same contents, by which Plotly sees that nothing changed.
function unpack(value, old, kept) {
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map((item) => unpack(item, old, kept));
  const name = value.ref ?? value.name;
  if (value.bdata !== undefined || (value.ref && Object.keys(value).length === 1)) {
    if (!name) return decode(value);
    const array = kept.get(name) ?? old.get(name) ?? (value.bdata === undefined ? undefined : decode(value));
    if (array === undefined) throw new Error("missing array");
    kept.set(name, array);
    return array;
  }
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, unpack(item, old, kept)]));
}

function pageIsDark(node) {
  const probe = getComputedStyle(node).getPropertyValue("--st-background-color").trim();
  const hex = probe.match(/^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})/i)?.slice(1).map((part) => parseInt(part, 16));
  return hex ? 0.299 * hex[0] + 0.587 * hex[1] + 0.114 * hex[2] < 128 : undefined;
}

export default function ({ parentElement, data, setTriggerValue }) {
  const node = parentElement.querySelector(".live-plotly");
  if (!node || !data) return;
  const text = decoder.decode(data);
  const cut = text.indexOf("\\n");
  const options = JSON.parse(text.slice(0, cut)), body = text.slice(cut + 1);
  const tall = options.fit ? `min(${options.height}px, ${options.fit})` : `${options.height}px`;
  node.style.maxHeight = node.style.height = tall;
  if (options.aspect) {
    Object.assign(node.style, { height: "auto", aspectRatio: options.aspect,
                                maxWidth: `calc(${options.aspect} * ${tall})` });
  }
  node.setAttribute("role", "img");
  node.setAttribute("aria-label", options.alt);
  const ask = (why) => { if (node.asked !== why) { node.asked = why; setTriggerValue("refresh", why); } };

  let figure;
  const kept = new Map();
  try {
    figure = unpack(JSON.parse(body), memory.get(options.key) ?? new Map(), kept);
  } catch (error) {
    ask(`arrays ${options.number}`);
    return;
  }
  memory.set(options.key, kept);
  const dark = pageIsDark(node);
  if (dark !== undefined && figure.layout.meta && figure.layout.meta.dark !== dark) ask(`theme ${dark}`);

  const draw = (Plotly) => {
    if (node.newest !== options.number || !node.isConnected) return;
    node.click = options.clicks ? (value) => setTriggerValue("click", value) : () => {};
    node.classList.toggle("clicks", Boolean(options.clicks));
    // A message may come twice, and a run that is paused or has ended sends the same again and again.
    if (node.painted && node.drawn === body) return;
    node.drawn = body;
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches || document.hidden;
    if (options.transition && node.painted && !still) {
      figure.layout.transition = { duration: options.transition, easing: "linear", ordering: "traces first" };
    }
    if (!node.painted) node.replaceChildren();
    figure.layout.autosize = true;
    const started = performance.now();
    Plotly.react(node, figure.data, figure.layout, options.config);
    node.painted = true;
    requestAnimationFrame(() => {
      node.dataset.paints = Number(node.dataset.paints ?? 0) + 1;
      setTimeout(() => {  // once the browser has painted
        const now = performance.now();
        node.free = now - started > SLOW ? now + (now - started) : now;
      });
    });
    if (!node.clickable) {
      node.clickable = true;
      node.on("plotly_click", (event) => {
        const value = event.points.map((point) => point.customdata).find((one) => one !== undefined);
        if (value !== undefined) node.click(Number(value));
      });
    }
    if (!node.watcher) {
      node.watcher = new ResizeObserver(() => {
        const [width, height] = [node.clientWidth, node.clientHeight];
        const drawn = node._fullLayout;
        if (drawn && width && (drawn.width !== width || drawn.height !== height)) Plotly.Plots.resize(node);
      });
      node.watcher.observe(node);
    }
  };
  node.newest = options.number;
  library(options.library).then((Plotly) => {
    // Between two drawings the page must come to hear clicks; what was overtaken meanwhile is not drawn.
    clearTimeout(node.later);
    const wait = (node.free ?? 0) - performance.now();
    if (wait > 0) node.later = setTimeout(() => draw(Plotly), wait);
    else draw(Plotly);
  }, () => {
    if (node.painted) return;
    const message = document.createElement("p");
    message.textContent = "The chart cannot be drawn: plotly.min.js was not found on the server.";
    node.replaceChildren(message);
  });
  // Also called for a message that was overtaken by the next one: only a node that has left the page is cleared.
  return () => setTimeout(() => {
    if (node.isConnected || !node.painted) return;
    clearTimeout(node.later);
    const clear = () => {
      if (node.isConnected || !node.painted) return;
      node.watcher?.disconnect();
      globalThis.Plotly.purge(node);
      node.painted = node.watcher = node.clickable = undefined;
    };
    // What glides goes on frame by frame, whatever becomes of its node, and must have come to its end.
    setTimeout(() => requestAnimationFrame(() => requestAnimationFrame(clear)), options.transition + 100);
  });
}
"""

_chart = st.components.v2.component(
    "sogaal_live_plotly",
    html='<div class="live-plotly"></div>',
    css=_CSS,
    js=_JS,
    isolate_styles=False,
)


def _library() -> str:
    base = str(st.get_option("server.baseUrlPath") or "").strip("/")
    return f"{'/' + base if base else ''}/app/static/{plotly_asset()}"


def _sent() -> dict[str, dict[str, Any]]:
    return st.session_state.setdefault("_live_plotly", {})


def _glides(figure: Spec | go.Figure) -> bool:
    """Whether gliding leaves the browser time for clicks: it draws every dot in every frame."""
    dots = [one["x"] for one in figure["data"] if "mode" in one and "markers" in (one["mode"] or "")]
    return sum(len(x) for x in dots if x is not None) <= MOST_GLIDING


def live_plotly(
    figure: Spec | go.Figure,
    *,
    key: str,
    height: int,
    alt: str,
    transition_ms: int = 0,
    aspect: float | None = None,
    fit: str = "",
    still: bool = False,
    on_click: Callable[[int], None] | None = None,
) -> None:
    """Draw the figure in the node of ``key``, which stays the same from rerun to rerun.

    ``height`` in pixels; with ``aspect`` (width / height) the chart keeps its shape and is lower in a narrow column.
    ``fit``: a CSS length, of the window's height say, that it is no higher than.
    ``alt`` says in words what the chart shows. ``transition_ms``: how long dots with ids glide to their next places, 0
    for not at all, as anyway where there are more than :data:`MOST_GLIDING`; keep it under the time between two
    updates. ``still``: no pointer, no zoom. ``on_click``: called before the next rerun with the ``customdata`` (a whole
    number) of what was clicked on.
    """
    memory = _sent().setdefault(key, {"known": frozenset(), "number": 0})
    body, names = pack(figure, memory["known"])
    memory["known"], memory["number"] = names, memory["number"] + 1
    transition = transition_ms if transition_ms and _glides(figure) else 0
    options = {"key": key, "number": memory["number"], "height": height, "alt": alt, "transition": transition}
    options |= {"aspect": aspect, "fit": fit, "library": _library(), "config": {**CONFIG, "staticPlot": still}}
    options |= {"clicks": on_click is not None}

    def forget() -> None:
        # The browser lacks arrays (a new node, a lost message) or shows another theme: this rerun sends all again.
        memory["known"] = frozenset()

    message = json.dumps(options).encode("utf-8") + b"\n" + body
    if on_click is None:
        _chart(key=key, data=message, height="content", on_refresh_change=forget)
        return

    def clicked() -> None:
        value = st.session_state[key].get("click")
        if value is not None:
            on_click(int(value))

    _chart(key=key, data=message, height="content", on_refresh_change=forget, on_click_change=clicked)
