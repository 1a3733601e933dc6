"""What many tests share: a Chromium to look with, and the real dashboard to look at."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
CHROMIUM_FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
]
START = "import sys; from sogaal.launch import launch; raise SystemExit(launch(int(sys.argv[1]), open_browser=False))"


@dataclass(frozen=True)
class Dashboard:
    """A running dashboard: where it answers, the process that `sogaal app` would be, and what both have written."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def text(self) -> str:
        """Everything written to the terminal so far."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and return the exit status."""
        self.process.send_signal(number)
        return self.process.wait(timeout=30)


@contextmanager
def start_dashboard(
    log: Path, *, port: int = 0, python: str = sys.executable, cwd: Path = ROOT, command: list[str] | None = None
) -> Iterator[Dashboard]:
    """Start a dashboard and wait for the address, which is said once the server answers its health check."""
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    command = command or ["-c", START, str(port)]
    with log.open("wb") as output:
        process = subprocess.Popen([python, *command], cwd=cwd, env=environment, stdout=output, stderr=output)
    try:
        deadline = time.monotonic() + 90
        while (said := re.search(r"running at (http://\S+)", log.read_text(errors="replace"))) is None:
            assert process.poll() is None, f"the dashboard ended with {process.returncode}:\n{log.read_text()}"
            assert time.monotonic() < deadline, f"the dashboard did not answer:\n{log.read_text()}"
            time.sleep(0.1)
        yield Dashboard(said[1], process, log)
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Spread the files that open a browser among the others: processes that share the tests then seldom do so at once.

    They are the longest, so none of them stands at the end. Where one fails it is tried once more, and the summary says
    so: on a busy machine a page may be drawn anew between the two halves of a click.
    """
    for item in items:
        if item.get_closest_marker("browser") is not None:
            item.add_marker(pytest.mark.flaky(reruns=1))
    files = {item.path: item.get_closest_marker("browser") is not None for item in items}
    place = {}
    for browser, last in ((True, 0.8), (False, 1.0)):
        kind = [path for path, opens in files.items() if opens == browser]
        place |= {path: last * (number + 0.5) / len(kind) for number, path in enumerate(kind)}
    items.sort(key=lambda item: place[item.path])


@pytest.fixture(scope="session", autouse=True)
def runs_elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test, and no program that one starts, saves its runs in the checkout."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOGAAL_RUNS", str(tmp_path_factory.mktemp("runs")))
        yield


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """The path of an installed Chromium or Chrome; skips where there is none."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        path = shutil.which(name)
        if path is not None:
            return path
    pytest.skip("Chromium is missing; on Debian: apt install chromium")


@pytest.fixture(scope="module")
def browser(chromium_path: str) -> Iterator[Browser]:
    """A headless Chromium of the test module's own; Playwright's event loop does not outlive the module."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=chromium_path, args=CHROMIUM_FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def dashboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    """The real dashboard on a free port, for the whole test session."""
    with start_dashboard(tmp_path_factory.mktemp("dashboard") / "log.txt") as running:
        yield running
