"""The server that all sessions of a test share, empty at the start of each."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pages import _server
from sogaal.jobs import JobRegistry
from sogaal.runs.store import RunStore


@pytest.fixture(autouse=True)
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """A registry and a folder of runs of the test's own, whose threads end with it, and no uploads from before.

    The server's own differs in one thing: it first collects and freezes all that is in memory, which takes its time.
    """
    with JobRegistry(RunStore(tmp_path / "runs")) as registry:
        monkeypatch.setattr(_server, "registry", lambda: registry)
        yield
    _server._uploads.clear()
