"""How small numbers and names are spelled: in words for people, and in any case from them."""

import difflib
from collections.abc import Iterable

_WORDS = "zero one two three four five six seven eight nine ten eleven twelve".split()


def number_word(number: int) -> str:
    """A count for a sentence: "eight", and digits beyond twelve."""
    return _WORDS[number] if 0 <= number < len(_WORDS) else f"{number:,}"


def same_name(text: object, names: Iterable[str]) -> str | None:
    """The one of ``names`` that ``text`` is, in any case and with hyphens for underscores, if that is one alone."""
    known = list(names)
    found = [name for name in known if name == text] or [name for name in known if _key(name) == _key(text)]
    return found[0] if len(found) == 1 else None


def near_name(text: object, names: Iterable[str]) -> str | None:
    """The one of ``names`` that was probably meant by a ``text`` that is none of them; None where nothing is near."""
    keys = {_key(name): name for name in names}
    near = difflib.get_close_matches(_key(text), keys, n=1)
    return keys[near[0]] if near else None


def _key(name: object) -> str:
    return str(name).strip().casefold().replace("-", "_").replace(" ", "_")
