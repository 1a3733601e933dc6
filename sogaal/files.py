"""Files written whole or not at all."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sogaal.errors import DataError


def check_target(path: str | Path) -> Path:
    """Return the file that writing to ``path`` makes (links followed).

    Raises :class:`DataError` where that cannot work, so that nobody trains for an hour first.
    """
    target = Path(path)
    try:
        target = target.resolve()
        if target.exists() and not target.is_file():
            raise DataError(f"{path}: the file to write must be an ordinary file, got a folder or a device.")
        if not target.parent.is_dir():
            raise DataError(f"{path}: the folder {str(target.parent)!r} must exist, and does not.")
    except (OSError, ValueError, RuntimeError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{path}: the file cannot be written ({error}).") from None
    if not os.access(target.parent, os.W_OK):
        raise DataError(f"{path}: the folder {str(target.parent)!r} must be writable, and is not.")
    return target


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """A path in the same folder to write to, which takes the place of ``path`` at the end, or vanishes on an error."""
    target = check_target(path)
    temporary = target.with_name(f".{target.name[:100]}.{secrets.token_hex(4)}.tmp")
    try:
        yield temporary
        _to_disk(temporary)
        temporary.replace(target)
    except OSError as error:
        raise DataError(f"{path}: the file cannot be written ({error.strerror or error}).") from error
    finally:
        temporary.unlink(missing_ok=True)


def write_atomic(path: str | Path, content: bytes) -> None:
    """Write a whole file, or leave what was there; raises :class:`DataError` where it cannot be written."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)


def _to_disk(path: Path) -> None:
    """Have the system write it out: else a power cut after the renaming may leave an empty file of the final name."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())
