"""How much a file may hold: one limit for its size on disk and for what it grows to when unpacked."""

from sogaal.errors import DataError

MAX_BYTES = 200 * 2**20


def megabytes(count: int) -> str:
    """A number of bytes for people: "200 MB", "1.5 kB"."""
    for unit, size in (("GB", 2**30), ("MB", 2**20), ("kB", 2**10)):
        if count >= size:
            return f"{count / size:.1f}".removesuffix(".0") + f" {unit}"
    return f"{count} bytes"


def check_size(count: int, max_bytes: int, filename: str, what: str = "the file", at_least: bool = False) -> None:
    """Raise DataError if `count` bytes exceed the limit; `what` says what is so large.

    at_least: counting stopped once the limit was passed, so the message does not pretend to know the size.
    """
    if count > max_bytes:
        got = "more" if at_least or megabytes(count) == megabytes(max_bytes) else megabytes(count)
        raise DataError(f"{filename}: {what} must have at most {megabytes(max_bytes)}, got {got}.")
