"""JSON that people can read: sensible lines, and numbers that are finite or null."""

import json
import math
import re
from collections.abc import Mapping
from typing import Any

_SURROGATE = re.compile("[\ud800-\udfff]")


def readable_json(value: Any) -> bytes:
    """``value`` as UTF-8 with two spaces of indent; a list of plain values stands on one line.

    What :func:`finite` makes of it is written. Python reads every number back to the very bit.
    """
    text = _lines(finite(value), "") + "\n"
    # Half of a surrogate pair (in the names of a table's columns, say) has no UTF-8, but JSON has an escape for it.
    return _SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", text).encode()


def finite(value: Any) -> Any:
    """Mappings, lists and tuples as dicts and lists; a number that is not finite as None."""
    if isinstance(value, Mapping):
        return {str(name): finite(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [finite(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _lines(value: Any, indent: str) -> str:
    deeper = indent + "  "
    if isinstance(value, dict) and value:
        parts = [f"{_text(name)}: {_lines(one, deeper)}" for name, one in value.items()]
        return "{\n" + ",\n".join(deeper + part for part in parts) + f"\n{indent}}}"
    if isinstance(value, list) and any(isinstance(one, dict | list) for one in value):
        return "[\n" + ",\n".join(deeper + _lines(one, deeper) for one in value) + f"\n{indent}]"
    return _text(value)


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
