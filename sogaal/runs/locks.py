"""Locks between processes and threads: the operating system holds them, so a process that dies keeps none.

A lock is a file that stays where it is; that it exists says nothing. Links between machines (network file systems) may
not support them.
"""

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from sogaal.errors import RunError

if sys.platform != "win32":
    import fcntl

# Whoever only looks whether a lock is held may hold it for a moment.
RUN_SECONDS = 0.5
# Records are written in milliseconds, tables in seconds; a machine may be very busy.
SHORT_SECONDS = 60.0


class Lock:
    """A lock file that is held; it may be released by another thread than the one that took it."""

    def __init__(self, path: Path, seconds: float, busy: str) -> None:
        """Take it; raises :class:`RunError`, with the message ``busy`` if somebody else holds it for so long."""
        self.path = path
        self._lock = FileLock(path, thread_local=False)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._lock.acquire(timeout=seconds, poll_interval=0.01)
        except Timeout:
            raise RunError(busy) from None
        except OSError as error:
            raise RunError(f"{path}: the lock cannot be taken ({error.strerror or error}).") from None

    def release(self) -> None:
        """Give it back; doing so twice does no harm."""
        self._lock.release()


@contextmanager
def short_lock(path: Path) -> Iterator[None]:
    """Hold a lock that nobody holds for long; raises :class:`RunError` where it cannot be had."""
    lock = Lock(path, SHORT_SECONDS, f"{path}: another process has held the lock for {SHORT_SECONDS:g} s.")
    try:
        yield
    finally:
        lock.release()


def held(path: Path) -> bool:
    """Whether anybody, this process included, holds the lock; makes no file."""
    if sys.platform == "win32":
        if not path.exists():
            return False
        try:
            Lock(path, 0, "held").release()
        except RunError:
            return True
        return False
    try:
        file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        # Shared, so that several who look at once do not take each other for the holder.
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno in (errno.EWOULDBLOCK, errno.EACCES)
    finally:
        os.close(file)
    return False
