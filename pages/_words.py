"""Words from outside, for places where Streamlit reads Markdown.

Names of tables and columns, values in an address and messages that quote them are shown as they are: nothing in them
becomes a link, a formula, or a picture that the browser fetches from somewhere.
"""

import re


def plain(text: str) -> str:
    """Markdown that shows ``text``, in one line."""
    return re.sub(r"([\\`*_\[\]<>$~#|])", r"\\\1", " ".join(text.split()))
