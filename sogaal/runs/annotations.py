"""What people write on a run: a name, tags, a note. Brought into a common form, and never without bounds."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sogaal.errors import RunError

MOST_NAME = 120
MOST_TAG = 40
MOST_TAGS = 20
MOST_NOTE = 10_000


def checked_name(name: str) -> str:
    """One line without white space around it, at most :data:`MOST_NAME` characters, else :class:`RunError`."""
    return _line("name", name, MOST_NAME)


def checked_tags(tags: Iterable[str]) -> tuple[str, ...]:
    """Tags in their order, stripped, none empty, none twice (whatever the case).

    Raises :class:`RunError` for more than :data:`MOST_TAGS`, or one longer than :data:`MOST_TAG` characters.
    """
    if isinstance(tags, str):
        raise RunError(f"tags must be a list of texts, got the text {tags[:60]!r}.")
    found: dict[str, str] = {}
    for tag in tags:
        line = _line("tag", tag, MOST_TAG)
        if line:
            found.setdefault(line.casefold(), line)
    if len(found) > MOST_TAGS:
        raise RunError(f"tags must be at most {MOST_TAGS}, got {len(found)}.")
    return tuple(found.values())


def checked_note(note: str) -> str:
    """A text of any number of lines, at most :data:`MOST_NOTE` characters, else :class:`RunError`."""
    if not isinstance(note, str):
        raise RunError(f"note must be a text, got {note!r:.60}.")
    lines = note.replace("\r\n", "\n").replace("\r", "\n").strip()
    return _bounded("note", "".join(c for c in lines if c in "\n\t" or _visible(c)), MOST_NOTE)


def checked(annotations: Mapping[str, Any]) -> dict[str, Any]:
    """Those of ``name``, ``tags`` and ``note`` that are given, each checked by its own rule."""
    checks: dict[str, Callable[[Any], Any]] = {"name": checked_name, "tags": checked_tags, "note": checked_note}
    return {what: checks[what](value) for what, value in annotations.items()}


def _line(what: str, text: str, most: int) -> str:
    if not isinstance(text, str):
        raise RunError(f"{what} must be a text, got {text!r:.60}.")
    return _bounded(what, " ".join("".join(c if _visible(c) else " " for c in text).split()), most)


def _visible(character: str) -> bool:
    """No control characters, which a terminal would obey, and no halves of a pair, which no file can hold."""
    return ord(character) >= 32 and not 0x7F <= ord(character) < 0xA0 and not 0xD800 <= ord(character) < 0xE000


def _bounded(what: str, text: str, most: int) -> str:
    if len(text) > most:
        raise RunError(f"{what} must have at most {most:,} characters, got {len(text):,}.")
    return text
