"""The address of a page: put into the browser, and sent by a teacher with what it fixes, hides and starts."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

import streamlit as st

from pages._words import plain
from sogaal.config import FIELDS, make_config
from sogaal.errors import ConfigError

# The device is this machine's business and does not travel in an address.
LOOPBACKS = ("localhost", "127.0.0.1", "::1")
LINKED = ("seed", *(name for name in FIELDS if name not in ("seed", "device")))


def whole(path: str, parts: Mapping[str, str]) -> str:
    """The address of the page at ``path`` with ``parts`` behind it, as this visitor's browser reaches the server."""
    here = st.context.url or f"/{path}"  # without a browser there is no server's name
    return f"{here.split('?')[0]}?{urlencode(parts, safe=',')}"


def put(said: Mapping[str, str]) -> None:
    """Make the browser's address say this.

    A page does so before it draws what moves: Streamlit drops what the end of a run sent when a fragment's rerun comes
    just then, and an address lost so would be sent again only by the next whole run.
    """
    if st.query_params.to_dict() != said:
        st.query_params.from_dict(said)


def show(path: str, parts: Mapping[str, str]) -> None:
    """Draw the address, with a button that copies it."""
    address = whole(path, parts)
    st.code(address, language=None, wrap_lines=True)
    if urlsplit(address).hostname in LOOPBACKS:
        st.caption(
            ":material/wifi_off: Only this machine can open it. For a class start `sogaal app --host 0.0.0.0` and open "
            "the dashboard by this machine's name or number in the network: the link will have it. Whoever reaches it "
            "can use it."
        )


def text_of(value: Any) -> str:
    """A value as it stands in an address."""
    return "none" if value is None else f"{value:.12g}" if isinstance(value, float) else str(value)


def hyperparameters(key: str, first: Mapping[str, Any]) -> dict[str, str]:
    """Let the teacher fix any hyperparameter; returns the values that are acceptable, as they stand in an address.

    ``first``: those that are fixed already. What is wrong with a value is said beneath it, and it is left out.
    """
    names = st.multiselect(
        "Fix hyperparameters", LINKED, list(first), format_func=lambda name: FIELDS[name].title, key=f"{key}_fields"
    )
    found = {}
    for name in names:
        info = FIELDS[name]
        value = first.get(name, info.default)
        if info.choices:
            text = str(st.selectbox(info.title, info.choices, info.choices.index(value), key=f"{key}_{name}"))
        else:
            text = st.text_input(info.title, text_of(value), key=f"{key}_{name}", help=f"`{name}`: {info.help}")
        try:
            config = make_config(**{name: info.parse(text)})
        except ConfigError as error:
            st.error(plain(str(error)), icon=":material/error:")
        else:
            found[name] = text_of(getattr(config, name))
    return found
