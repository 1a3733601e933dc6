"""What it costs to watch: training throughput with the page open beside closed, and bytes and time per update.

    python benchmarks/live.py [--pairs 3] [--seconds 5] [--json FILE]

Needs the packages of requirements-dev.txt and a Chromium. The dashboard runs as its own process, as `sogaal app` starts
it; a real browser shows a training of `onecluster` at full pace, drawn twice a second. Throughput is read from the step
counter on the page at two moments; for "closed" the page is left after the first and opened again for the second. Both
kinds alternate on the same run; given is the median of the pairs' ratios. By the clock the browser counts too, and
whatever else the machine does: on two cores, both have to be free. By the server's processor time it is what the page
costs the server alone. Bytes are those of the frames of the web
socket, before compression. Prints Markdown tables.
"""

import argparse
import json
import math
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, WebSocket, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
# The longest run there is: 600,000 steps, about a minute. The measurement has to fit into it.
SET_UP = "data=onecluster&preset=post&stop_epochs=100000&max_epochs=300000"
GOALS = {"throughput": 0.85, "bytes": 60_000, "milliseconds": 15.0}
PATIENCE = 60_000
CHROMIUM_FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]

# Waits for the counter, and says what it shows and when, without a detour over this process.
READ = r"""() => {
  const found = document.querySelector(".st-key-status")?.innerText.match(/step ([\d\s]+) of/);
  const step = found && Number(found[1].replace(/\s/g, ""));
  return step ? { step, at: (performance.timeOrigin + performance.now()) / 1000 } : null;
}"""
PAINTS = "Number(document.querySelector('.live-plotly[aria-label^=Losses]')?.dataset.paints ?? 0)"


@dataclass
class Span:
    """What the run did in a while: steps, seconds, and seconds of processor time of the server (nan: not known)."""

    steps: float
    seconds: float
    processor: float

    @property
    def rate(self) -> float:
        """Steps a second."""
        return self.steps / self.seconds

    @property
    def processor_rate(self) -> float:
        """Steps a second of the server's processor time."""
        return self.steps / self.processor


@dataclass
class Measured:
    """What was seen, pair by pair."""

    opened: list[Span] = field(default_factory=list)
    closed: list[Span] = field(default_factory=list)
    painted_per_second: list[float] = field(default_factory=list)
    bytes_per_update: list[float] = field(default_factory=list)
    server_ms: dict[str, float] = field(default_factory=dict)

    @property
    def ratio(self) -> float:
        """Throughput with the page open, as a share of that without: the median over the pairs."""
        return statistics.median(a.rate / b.rate for a, b in zip(self.opened, self.closed, strict=True))

    @property
    def processor_ratio(self) -> float:
        """The same by the server's processor time."""
        pairs = zip(self.opened, self.closed, strict=True)
        return statistics.median(a.processor_rate / b.processor_rate for a, b in pairs)


@contextmanager
def dashboard() -> Iterator[tuple[str, int]]:
    """The dashboard on a free port: its address, and the id of the process that serves and trains."""
    command = [sys.executable, "-m", "sogaal", "app", "--port", "0", "--no-browser"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        address = next(found[1] for line in process.stdout if (found := re.search(r"running at (http://\S+)", line)))
        yield address, served_by(process.pid)
    finally:
        process.terminate()
        process.wait(timeout=30)


def served_by(parent: int) -> int:
    """The child of ``sogaal app``; 0 where the system does not say (it is asked as Linux wants it)."""
    try:
        return int(Path(f"/proc/{parent}/task/{parent}/children").read_text().split()[0])
    except (OSError, IndexError):
        return 0


def processor_seconds(process: int) -> float:
    """Processor time that a process has used up to now; nan if it is not known which process that is."""
    if not process:
        return math.nan
    times = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[11:13]
    return sum(map(int, times)) / os.sysconf("SC_CLK_TCK")


# -- in the browser ----------------------------------------------------------------------------------------------------


class Tab:
    """The page in a browser, and the bytes that reach it."""

    def __init__(self, page: Page, address: str, process: int) -> None:
        self.page = page
        self._process = process
        self.received = 0
        self.updates = 0
        page.on("websocket", self._listen)
        page.goto(f"{address}/?{SET_UP}")
        button = page.get_by_test_id("stMain").get_by_role("button", name="Train", exact=True)
        button.wait_for(timeout=PATIENCE)
        slider = page.get_by_role("slider", name="Pace")
        slider.press("ArrowRight")  # from "watch" to "full"
        button.click()
        page.wait_for_url("**run=*", timeout=PATIENCE)
        self.url = page.url

    def _listen(self, socket: WebSocket) -> None:
        def count(frame: str | bytes) -> None:
            self.received += len(frame)
            # Under load the browser leaves out what the next update has overtaken, but it was sent all the same.
            self.updates += isinstance(frame, bytes) and b"Losses of D and G" in frame

        socket.on("framereceived", count)

    def read(self) -> Span:
        """The step counter, the time, and the server's processor time."""
        seen = self.page.wait_for_function(READ, timeout=PATIENCE, polling="raf").json_value()
        return Span(seen["step"], seen["at"], processor_seconds(self._process))

    def span(self, seconds: float, opened: bool) -> Span:
        """What happens while the page is open, or closed."""
        start = self.read()
        if opened:
            self.page.wait_for_timeout(1000 * seconds)
        else:
            self.page.goto("about:blank")
            self.page.wait_for_timeout(1000 * seconds)
            self.page.goto(self.url)
        end = self.read()
        if not opened:
            self.page.wait_for_function(f"{PAINTS} > 3", timeout=PATIENCE)  # let the page settle
        return Span(end.steps - start.steps, end.seconds - start.seconds, end.processor - start.processor)

    def press(self, name: str) -> None:
        """Press a button of the control bar."""
        self.page.get_by_test_id("stMain").get_by_role("button", name=name, exact=True).click()


def watch(tab: Tab, pairs: int, seconds: float, measured: Measured) -> None:
    """Measure pairs of spans, open and closed, in turns."""
    tab.page.wait_for_function(f"{PAINTS} > 3", timeout=PATIENCE)
    for number in range(pairs):
        for opened in (True, False) if number % 2 == 0 else (False, True):
            received, updates = tab.received, tab.updates
            paints, started = tab.page.evaluate(PAINTS), time.monotonic()
            span = tab.span(seconds, opened)
            if not opened:
                measured.closed.append(span)
                continue
            painted = tab.page.evaluate(PAINTS) - paints
            measured.opened.append(span)
            measured.painted_per_second.append(painted / (time.monotonic() - started))
            measured.bytes_per_update.append((tab.received - received) / max(tab.updates - updates, 1))


def processor_ms_per_update(tab: Tab, process: int, seconds: float) -> float:
    """Processor time of the whole server for an update, in ms: that of a paused run, which is drawn all the same."""
    tab.press("Pause")
    tab.page.get_by_test_id("stMain").get_by_role("button", name="Resume", exact=True).wait_for(timeout=PATIENCE)
    tab.page.wait_for_timeout(2000)
    paints, used = tab.page.evaluate(PAINTS), processor_seconds(process)
    tab.page.wait_for_timeout(1000 * seconds)
    painted, used = tab.page.evaluate(PAINTS) - paints, processor_seconds(process) - used
    return 1000 * used / max(painted, 1)


# -- in this process ---------------------------------------------------------------------------------------------------


def page_ms(updates: int = 40) -> dict[str, float]:
    """Milliseconds that the live part of the page takes: its own code on the real page, without a browser."""
    from streamlit.testing.v1 import AppTest

    from pages import _live, _server

    draw, wall, processor = _live._live, [], []

    def timed(*arguments: Any) -> None:
        started, used = time.perf_counter(), time.thread_time()
        draw(*arguments)
        wall.append(time.perf_counter() - started)
        processor.append(time.thread_time() - used)

    _live._live = timed
    page = AppTest.from_file(ROOT / "app.py", default_timeout=60)
    for part in SET_UP.split("&"):
        name, value = part.split("=")
        page.query_params[name] = value
    page.run()
    page.select_slider("set_pace").set_value("full")
    page.run()
    next(button for button in page.button if button.label == "Train").click()
    page.run()
    job = _server.registry().jobs()[0]
    found = {}
    for kind in ("training at full pace", "paused"):
        if kind == "paused":
            job.pause()
            page.run()
        wall.clear()
        processor.clear()
        for _ in range(updates):
            time.sleep(0.1)
            page.run()
        found[f"{kind}, by the clock"] = 1000 * statistics.median(wall)
        found[f"{kind}, processor"] = 1000 * statistics.median(processor)
    _live._live = draw
    _server.registry().shutdown()
    return found


# -- report ------------------------------------------------------------------------------------------------------------


def report(measured: Measured) -> None:
    """Print the tables."""
    opened, closed = (statistics.median(s.rate for s in spans) for spans in (measured.opened, measured.closed))
    size = statistics.median(measured.bytes_per_update)
    update = measured.server_ms["paused, processor"]
    print("| what | measured | goal |\n|---|---|---|")
    print(f"| steps/s, page closed | {closed:,.0f} | |")
    print(f"| steps/s, page open | {opened:,.0f} | |")
    print(f"| throughput open against closed | {measured.ratio:.1%} | at least {GOALS['throughput']:.0%} |")
    print(f"| the same by the server's processor time | {measured.processor_ratio:.1%} | |")
    print(f"| painted updates/s at full pace | {statistics.median(measured.painted_per_second):.2f} | 2 |")
    print(f"| kB an update | {size / 1000:.1f} | under {GOALS['bytes'] / 1000:.0f} |")
    print(f"| server ms an update | {update:.1f} | under {GOALS['milliseconds']:.0f} |")
    print("\n| server ms an update | |\n|---|---|")
    for kind, milliseconds in measured.server_ms.items():
        print(f"| {kind} | {milliseconds:.1f} |")


def main() -> None:
    """Measure, print, and write JSON if wanted."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=3, help="pairs of spans, one open and one closed (default 3)")
    parser.add_argument("--seconds", type=float, default=5, help="length of a span (default 5)")
    parser.add_argument("--json", type=Path, help="file to write the figures to")
    arguments = parser.parse_args()
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        sys.exit("benchmarks/live.py: Chromium is missing; on Debian: apt install chromium")
    measured = Measured()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        os.environ["SOGAAL_RUNS"] = folder  # runs are saved as for everybody, but not in the checkout
        measure(arguments.pairs, arguments.seconds, chromium, measured)
    report(measured)
    if arguments.json:
        ratios = {"throughput_ratio": measured.ratio, "processor_ratio": measured.processor_ratio}
        found = asdict(measured) | ratios | {"goals": GOALS}
        found = json.loads(json.dumps(found), parse_constant=lambda _: None)  # JSON knows no nan
        arguments.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


def measure(pairs: int, seconds: float, chromium: str, measured: Measured) -> None:
    """Measure in a real browser, and then in this process."""
    with dashboard() as (address, process), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_FLAGS)
        tab = Tab(browser.new_context(viewport={"width": 1440, "height": 900}).new_page(), address, process)
        watch(tab, pairs, seconds, measured)
        if process:
            whole = processor_ms_per_update(tab, process, seconds)
            measured.server_ms["paused, the whole server, processor"] = whole
        browser.close()
    measured.server_ms |= page_ms()


if __name__ == "__main__":
    main()
