"""Reading an address: what is good in it is taken, what is bad is named and replaced."""

from collections.abc import Mapping, Sequence
from typing import Any

from pages._setup import SCALINGS
from sogaal.config import FIELDS, make_config
from sogaal.errors import ConfigError
from sogaal.race import SCALING


def problem(name: str, value: str, known: Sequence[str], instead: object) -> str:
    """The sentence for a value that is none of those that are known."""
    return (
        f"From the address: {name} must be one of {', '.join(known[:12])}{' …' if len(known) > 12 else ''}, got "
        f"{value[:40]!r}. It is set to {instead!r}."
    )


def one_of(given: Mapping[str, str], name: str, known: Sequence[str], first: str, problems: list[str]) -> str:
    """What the address says of ``name``, or ``first``; where it is not known, a sentence is added to ``problems``."""
    value = given.get(name, first)
    if value in known:
        return value
    problems.append(problem(name, value, known, first))
    return first


def changes(given: Mapping[str, str], problems: list[str], other: Sequence[str] = ()) -> dict[str, Any]:
    """The hyperparameters and the scaling that the address sets, but the seed and those that mean something ``other``;
    a sentence for each that cannot be is added to ``problems``."""
    found: dict[str, Any] = {}
    for name in FIELDS:
        if name in given and name not in ("seed", "device", *other):
            try:
                found[name] = FIELDS[name].parse(given[name])
                make_config(**found)
            except ConfigError as error:
                found.pop(name, None)
                problems.append(f"From the address: {error} It is left as it is.")
    if SCALING in given and given[SCALING] not in SCALINGS:
        problems.append(problem(SCALING, given[SCALING], list(SCALINGS), "minmax"))
    elif SCALING in given:
        found[SCALING] = given[SCALING]
    return found


def whole(given: Mapping[str, str], name: str, low: int, high: int, first: int, problems: list[str]) -> int:
    """The same of a whole number from ``low`` to ``high``."""
    text = given.get(name, str(first)).strip()
    if text.isascii() and text.isdigit() and len(text) <= 12 and low <= int(text) <= high:
        return int(text)
    problems.append(
        f"From the address: {name} must be a whole number from {low:,} to {high:,}, got {text[:40]!r}. It is set to "
        f"{first}."
    )
    return first
