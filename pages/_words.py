"""Words from outside, for places where Streamlit reads Markdown.

Names of tables and columns, values in an address and messages that quote them are shown as they are: nothing in them
becomes a link, a formula, an icon, a colour, or a picture that the browser fetches from somewhere.
"""

import re

# Streamlit makes links and icons of these even where they are escaped; a joiner of no width inside keeps them as text.
_JOINER = "\u2060"
_MAGIC = re.compile(r"(?i)(?<=www)(?=\.)|(?<=:)(?=//|material/|streamlit:)|(?=@)")


def plain(text: str) -> str:
    """Markdown that shows ``text``, in one line."""
    return re.sub(r"([\\`*_\[\]<>$~#|]|:(?=\S))", r"\\\1", _MAGIC.sub(_JOINER, " ".join(text.split())))
