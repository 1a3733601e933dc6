"""Words from outside, for terminals and pages: what is no sign to be seen is written as an escape."""


def printable(text: str, keep: str = "") -> str:
    """``text`` with escapes (``\\x1b``, ``\\u202e``) for control, direction and other invisible characters.

    Those in ``keep`` stay. A terminal takes nothing in it for a command, and it can be written as UTF-8.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in keep else c.encode("unicode_escape").decode() for c in text)
