"""A large table: how long people wait for it in the dashboard and on the command line, and how much memory it takes.

    python benchmarks/large.py [--rows 1000000] [--columns 50] [--epochs 1] [--json FILE]

Makes a Parquet file of float32 columns and a label in a temporary folder. Then `sogaal app --data FOLDER` serves it as
its own process, and a real browser (Chromium by Playwright; without one this part is skipped, and says so) chooses the
table, trains an epoch (of a small table take more, for time to click), clicks on the way, and waits for the result.
Times are those of the browser: from the click to the picture, when the page has nothing left to do. Memory is
the resident set of the server and all its children together, read four times a second (as Linux tells it); pages that
they share count for each. Then `sogaal train` does the same. Prints Markdown tables.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

ROOT = Path(__file__).resolve().parent.parent
NAME = "large.parquet"
PATIENCE = 240_000
CHROMIUM_FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]
OUTLIERS = 0.01

# Nothing of the page waits for the server any more.
IDLE = """() => document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning'
  || document.querySelector('[data-testid=stApp]')?.getAttribute('data-test-script-state') === 'notRunning'"""
PLANE = "Number(document.querySelector('.live-plotly[aria-label^=Real]')?.dataset.paints ?? 0)"
CURVES = "Number(document.querySelector('.live-plotly[aria-label^=Losses]')?.dataset.paints ?? 0)"


def make_table(path: Path, rows: int, columns: int) -> None:
    """Four clouds of inliers, and outliers spread over the box; labelled, float32."""
    rng = np.random.default_rng(0)
    outlier = rng.random(rows) < OUTLIERS
    centre, which = rng.normal(size=(4, columns)), rng.integers(4, size=rows)
    made = {}
    for column in range(columns):
        values = centre[which, column] + 0.3 * rng.normal(size=rows)
        made[f"f{column}"] = np.where(outlier, rng.uniform(-4, 4, rows), values).astype(np.float32)
    pq.write_table(pa.table(made | {"outlier": outlier.astype(np.int8)}), path)


# -- memory ------------------------------------------------------------------------------------------------------------


def family(parent: int) -> list[int]:
    """A process and all that come from it; those that have ended meanwhile are left out."""
    found, waiting = [], [parent]
    while waiting:
        process = waiting.pop()
        found.append(process)
        with suppress(OSError):
            waiting += map(int, Path(f"/proc/{process}/task/{process}/children").read_text().split())
    return found


def resident(process: int) -> int:
    """Bytes of a process that lie in memory; 0 if it has ended."""
    try:
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return 0


class Watch(threading.Thread):
    """Looks how much memory a process and its children take, until it is told to end; ``peak`` in bytes."""

    def __init__(self, process: int) -> None:
        super().__init__(daemon=True)
        self.peak = 0
        self._process = process
        self._end = threading.Event()
        self.start()

    def run(self) -> None:
        """Look four times a second."""
        while not self._end.wait(0.25):
            self.peak = max(self.peak, sum(map(resident, family(self._process))))

    def gib(self) -> str:
        """The peak so far, for people."""
        return f"{self.peak / 2**30:.2f} GiB"

    def end(self) -> None:
        """Look no more."""
        self._end.set()
        self.join()


# -- the dashboard -----------------------------------------------------------------------------------------------------


@contextmanager
def dashboard(folder: Path) -> Iterator[tuple[str, Watch]]:
    """The dashboard on a free port: its address, and the watch over its memory."""
    command = [sys.executable, "-m", "sogaal", "app", "--port", "0", "--no-browser", "--data", str(folder)]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", "SOGAAL_RUNS": str(folder / "runs")}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    watch = Watch(process.pid)
    try:
        address = next(found[1] for line in process.stdout if (found := re.search(r"running at (http://\S+)", line)))
        yield address, watch
    finally:
        watch.end()
        process.terminate()
        process.wait(timeout=60)


class Visit:
    """A browser tab on the Playground; what is measured goes into ``found``, words and values."""

    def __init__(self, page: "Page", watch: Watch, found: dict[str, str]) -> None:
        self.page, self._watch, self._found = page, watch, found
        self._main = page.get_by_test_id("stMain")

    def note(self, what: str, do: Callable[[], None], *conditions: str) -> None:
        """Do something, and note the seconds until all conditions hold in the page."""
        started = time.monotonic()
        do()
        for condition in conditions:
            self.page.wait_for_function(condition, timeout=PATIENCE, polling=50)
        self._found[what] = f"{time.monotonic() - started:.1f} s"

    @staticmethod
    def press(button: "Locator") -> None:
        """Click as the page sees it: Playwright's own click first waits until nothing has moved for two frames."""
        button.evaluate("node => node.click()")

    def choose(self) -> None:
        """Open the uploads, and choose the file of the server's folder."""
        self.page.get_by_role("button", name="Use my own table").click()
        box = self.page.get_by_role("combobox", name="Or a file of the server's folder")
        box.click()
        option = self.page.get_by_role("option", name=NAME)
        option.wait_for()
        says = f"() => document.body.innerText.includes('Columns of {NAME}')"
        self.note("table chosen, its columns shown", option.click, says)
        # The small table from before is drawn whole, so its caption does not say this.
        drawn = f"() => {PLANE} > 0 && document.body.innerText.includes('Drawn: 3,000 of')"
        self.note("then its picture painted, the page at rest", lambda: None, drawn, IDLE)
        self._found["memory up to there"] = self._watch.gib()

    def train(self) -> None:
        """Train, click on the way, and wait for the end."""
        button = self._main.get_by_role("button", name="Train", exact=True)
        step = "() => /step [1-9]/.test(document.querySelector('.st-key-status')?.innerText ?? '')"
        self.note("Train pressed, until its first step is shown", lambda: self.press(button), step)
        started = time.monotonic()
        self.note("until its first curves are painted", lambda: None, f"{CURVES} > 0")
        resume, pause = (self._main.get_by_role("button", name=name, exact=True) for name in ("Resume", "Pause"))
        self.page.wait_for_timeout(3000)

        def rest() -> None:
            self.press(pause)
            resume.wait_for(timeout=PATIENCE)

        self.note("a click on Pause, until it rests", rest)
        self.press(resume)
        pause.wait_for(timeout=PATIENCE)
        plane = self._main.get_by_text("Two features", exact=True)
        two = "() => document.querySelectorAll('.st-key-plane_choice [data-testid=stSelectbox]').length === 2"
        self.note("a click on Two features, until they can be chosen", lambda: self.press(plane), two)
        ended = "() => document.body.innerText.includes('completed')"
        self.page.wait_for_function(ended, timeout=PATIENCE, polling=50)
        self._found["the training, with these clicks"] = f"{time.monotonic() - started:.0f} s"
        result = self._main.get_by_text("Result", exact=True)
        rows = "() => !!document.querySelector('[data-testid=stDataFrame]')"
        self.note("a click on Result, until its rows are shown", lambda: self.press(result), rows, IDLE)
        self._found["memory in all"] = self._watch.gib()


def in_the_browser(folder: Path, epochs: int) -> dict[str, str] | None:
    """What is measured in the dashboard, in order; None without Playwright or Chromium."""
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    try:
        from playwright.sync_api import sync_playwright
    except ModuleNotFoundError:
        chromium = None
    if chromium is None:
        return None
    found: dict[str, str] = {}
    with dashboard(folder) as (address, watch), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_FLAGS)
        page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
        page.set_default_timeout(PATIENCE)
        page.goto(f"{address}/?data=onecluster&preset=post&max_epochs={epochs}")
        page.get_by_role("slider", name="Pace").press("ArrowRight")  # from "watch" to "full"
        page.wait_for_function(f"{PLANE} > 0", timeout=PATIENCE)
        page.wait_for_function(IDLE, timeout=PATIENCE)
        visit = Visit(page, watch, found)
        visit.choose()
        visit.train()
        browser.close()
    return found


# -- the command line --------------------------------------------------------------------------------------------------


def by_command(table: Path, runs: Path, epochs: int) -> dict[str, str]:
    """The same by `sogaal train`: seconds in all and of the training, and memory."""
    flags = ["--max_epochs", str(epochs), "--preset", "post", "--json", "--quiet", "--runs", str(runs)]
    command = [sys.executable, "-m", "sogaal", "train", str(table), *flags]
    started = time.monotonic()
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    watch = Watch(process.pid)
    printed, _ = process.communicate()
    watch.end()
    if process.returncode:
        sys.exit(f"benchmarks/large.py: sogaal train ended with status {process.returncode}")
    told = json.loads(printed)
    return {
        "in all": f"{time.monotonic() - started:.0f} s",
        f"of it the training, {told['steps']:,} steps": f"{told['seconds']:.0f} s",
        "memory": watch.gib(),
    }


def table_of(title: str, found: dict[str, str]) -> str:
    """A Markdown table."""
    return "\n".join([f"| {title} | |", "|---|--:|", *(f"| {what} | {value} |" for what, value in found.items()), ""])


def main() -> None:
    """Measure, print, and write JSON if wanted."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--columns", type=int, default=50)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--json", type=Path, help="file to write the figures to")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        make_table(folder / NAME, options.rows, options.columns)
        size = (folder / NAME).stat().st_size / 1e6
        print(f"{options.rows:,} rows, {options.columns} columns, {size:,.0f} MB of Parquet\n", flush=True)
        page = in_the_browser(folder, options.epochs)
        if page is None:
            print("Skipped the dashboard: it needs Playwright (requirements-dev.txt) and Chromium.\n")
        else:
            print(table_of("in the dashboard", page), flush=True)
        command = by_command(folder / NAME, folder / "runs", options.epochs)
        print(table_of(f"by `sogaal train --max_epochs {options.epochs}`", command))
    if options.json:
        options.json.write_text(json.dumps({"dashboard": page, "command": command}, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
