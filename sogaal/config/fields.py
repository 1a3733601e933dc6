"""What one field of a configuration says of itself: its kind, its bounds, and the words that explain it."""

from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field
from pydantic.config import JsonDict

from sogaal.errors import ConfigError
from sogaal.spelling import same_name

Group = Literal["game", "learning", "networks", "batches", "run"]


def field(
    default: Any,
    title: str,
    help: str,
    group: Group,
    *,
    step: float | None = None,
    log: bool = False,
    too_low: str = "",
    too_high: str = "",
    **bounds: Any,
) -> Any:
    """A field of a pydantic model with its title, its words and what a form needs; ``bounds`` as pydantic has them."""
    extra: JsonDict = {"group": group, "step": step, "log": log, "too_low": too_low, "too_high": too_high}
    return Field(default, title=title, description=help, json_schema_extra=extra, **bounds)


@dataclass(frozen=True)
class FieldInfo:
    """What a form, a flag or a message needs to know about one field of :class:`TrainConfig`.

    ``low``/``high`` are the bounds (``*_open``: the bound itself is not allowed), ``step`` a form's increment, ``log``
    whether sizes rather than differences matter, ``too_low``/``too_high`` what happens at either end, ``words`` what a
    number may be instead.
    """

    name: str
    title: str
    help: str
    group: Group
    kind: Literal["int", "float", "choice"]
    default: Any
    low: float | None
    high: float | None
    low_open: bool
    high_open: bool
    step: float | None
    log: bool
    choices: tuple[Any, ...]
    optional: bool
    too_low: str
    too_high: str
    words: tuple[str, ...] = ()

    @property
    def rule(self) -> str:
        """What a value must be, as words that follow "must be"."""
        if self.choices:
            return "one of " + ", ".join(repr(c) for c in self.choices)
        noun = "a whole number" if self.kind == "int" else "a finite number"
        low = f"{'over' if self.low_open else 'at least'} {self.low:g}" if self.low is not None else ""
        high = f"{'under' if self.high_open else 'at most'} {self.high:.15g}" if self.high is not None else ""
        bounds = " and ".join(part for part in (low, high) if part)
        words = "".join(f", or {word!r}" for word in self.words)
        return f"{noun} {bounds}".strip() + words + (" (or empty)" if self.optional else "")

    def parse(self, text: str) -> Any:
        """The value that ``text`` (a flag, an address) stands for; raises :class:`ConfigError` that names the field.

        Bounds are checked by :class:`TrainConfig`; here only the kind is. Empty text or "none" is None where allowed.
        """
        if self.optional and text.strip().lower() in ("", "none"):
            return None
        if text.strip().lower() in self.words:
            return text.strip().lower()
        if self.choices:
            by_name = {str(choice): choice for choice in self.choices}
            known = same_name(text, by_name)
            if known is not None:
                return by_name[known]
        else:
            try:
                return int(text) if self.kind == "int" else float(text)
            except ValueError:
                pass
        raise ConfigError(f"{self.name} must be {self.rule}, got {shown(text)}.", field=self.name)


def field_info(name: str, schema: dict[str, Any], description: Any) -> FieldInfo:
    """Of a field that :func:`field` made, from its part of the model's JSON schema and from its description."""
    variants = schema.get("anyOf", [schema])
    optional = any(s["type"] == "null" for s in variants)
    words = tuple(s["const"] for s in variants if "const" in s)
    typed = next(s for s in variants if s["type"] != "null" and "const" not in s)
    choices = tuple(typed.get("enum", ()))
    kinds: dict[str, Literal["int", "float"]] = {"integer": "int", "number": "float"}
    low, high = typed.get("minimum"), typed.get("maximum")
    return FieldInfo(
        name=name,
        title=description.title,
        help=description.description,
        kind="choice" if choices else kinds[typed["type"]],
        default=description.default,
        low=typed.get("exclusiveMinimum", low),
        high=typed.get("exclusiveMaximum", high),
        low_open="exclusiveMinimum" in typed,
        high_open="exclusiveMaximum" in typed,
        choices=choices,
        optional=optional,
        words=words,
        **description.json_schema_extra,
    )


def shown(value: Any) -> str:
    """A value in a message, cut where it is long."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
