"""The server that all sessions of a test share, empty at the start of each."""

from collections.abc import Iterator

import pytest

from pages import _server
from sogaal.jobs import JobRegistry


@pytest.fixture(autouse=True)
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A registry of the test's own, whose threads end with it, and no uploads from before.

    The server's own differs in one thing: it first collects and freezes all that is in memory, which takes its time.
    """
    with JobRegistry() as registry:
        monkeypatch.setattr(_server, "registry", lambda: registry)
        yield
    _server._uploads.clear()
