"""Specs: plotly figures as plain dictionaries, and how they travel to a browser.

Building ``graph_objects`` validates every property, which costs more than drawing at several updates a second. So
each plot is first a :data:`Spec`, ``{"data": [traces], "layout": {...}}`` with numpy arrays inside, and becomes a real
figure only where one is needed.
"""

import base64
import json
from collections.abc import Collection
from hashlib import blake2b
from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

Spec = dict[str, Any]
Array = npt.NDArray[np.generic]

# What every chart's tool bar offers. Nothing that sends a table's rows to somebody else's server: plotly's own default
# has a button for that. For exports too: figure.write_html(path, config=CONFIG).
CONFIG: dict[str, Any] = {
    "displaylogo": False,
    "showSendToCloud": False,
    "plotlyServerURL": "",
    "displayModeBar": "hover",
    "doubleClick": "reset",
    "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d", "zoomIn2d", "zoomOut2d"],
}
# Arrays below this many bytes cost less to send than to look up.
SHARED_FROM = 256
_DTYPES = {"f4", "f8", "i1", "i2", "i4", "u1", "u2", "u4"}


def to_figure(spec: Spec) -> go.Figure:
    """The spec as a validated plotly figure, for exports and wherever plotly wants one."""
    # Without plotly's own template, which would look different from the live chart.
    return go.Figure(spec).update_layout(template="none")


def smallest_int(values: npt.NDArray[np.integer]) -> Array:
    """Non-negative whole numbers in the narrowest type that a browser can read: uint8, uint16 or int32."""
    top = int(values.max(initial=0))
    return values.astype(np.uint8 if top < 2**8 else np.uint16 if top < 2**16 else np.int32)


def _array_spec(array: Array) -> dict[str, str]:
    code = array.dtype.str[1:]
    if code not in _DTYPES:
        raise TypeError(f"an array in a figure must be one of {sorted(_DTYPES)}, got {array.dtype}.")
    native = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    packed = {"dtype": code, "bdata": base64.b64encode(native.tobytes()).decode("ascii")}
    if array.ndim > 1:
        packed["shape"] = ", ".join(map(str, array.shape))
    return packed


def pack(figure: Spec | go.Figure, known: Collection[str] = ()) -> tuple[bytes, frozenset[str]]:
    """The figure as JSON for the browser, without the arrays that the browser has already.

    Arrays become plotly's base64 form ``{"dtype", "bdata", "shape"}`` with a ``"name"`` made from their contents; an
    array whose name is in ``known``, or that stands in the same figure twice, is sent as ``{"ref": name}`` alone.
    Returns the JSON and the names of all arrays of this figure: hand them back as ``known`` next time. TypeError for an
    array type that browsers cannot read (int64, strings).
    """
    names: set[str] = set()

    def shared(packed: dict[str, str]) -> dict[str, str]:
        data = packed["bdata"]
        if len(data) < SHARED_FROM:
            return packed
        digest = blake2b(data.encode("ascii"), digest_size=9, person=packed["dtype"].encode("ascii"))
        digest.update(packed.get("shape", "").encode("ascii"))
        name = base64.b64encode(digest.digest()).decode("ascii")
        if name in names or name in known:
            names.add(name)
            return {"ref": name}
        names.add(name)
        return {**packed, "name": name}

    def walk(value: Any) -> Any:
        if isinstance(value, np.ndarray):
            return shared(_array_spec(value))
        if isinstance(value, np.generic):
            return value.item()
        if isinstance(value, dict):
            return shared(value) if "bdata" in value else {k: walk(v) for k, v in value.items()}
        if isinstance(value, (list, tuple)):
            return [walk(item) for item in value]
        return value

    # plotly's own figures carry arrays that are encoded already.
    plain = figure.to_plotly_json() if isinstance(figure, go.Figure) else figure
    text = json.dumps(walk(plain), separators=(",", ":"), allow_nan=False)
    return text.encode("utf-8"), frozenset(names)
