"""Saved runs in a real browser: found, named, opened, deleted and brought back, gone on with after a killed server."""

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from sogaal.runs.store import RunStore
from tests.browser.test_compare import CHARTS, WIDER
from tests.browser.test_dashboard import AGAIN, PATIENCE, SLOW, Visit, until
from tests.conftest import Dashboard, start_dashboard

pytestmark = pytest.mark.browser

MS = PATIENCE * 1000
HEAD = 35  # the height of a row of the table


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("kept")


@pytest.fixture(scope="module")
def server(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    """A dashboard with a folder of runs of this module's own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOGAAL_RUNS", str(root))
        with start_dashboard(tmp_path_factory.mktemp("runs_dashboard") / "log.txt") as running:
            yield running


def train(visit: Visit, address: str) -> str:
    """Train a set-up to its end; returns the run's token."""
    visit.open(address)
    visit.pace(+1)
    visit.button("Train").click()
    visit.badge("completed")
    visit.page.wait_for_url(re.compile("run="), timeout=MS)
    return re.search(r"run=(\w+)", visit.page.url)[1]


def to_runs(page: Page) -> None:
    page.get_by_role("link", name="Runs", exact=True).click()
    page.get_by_test_id("stDataFrame").wait_for(timeout=SLOW)
    page.locator(".st-key-actions").wait_for(timeout=SLOW)
    page.wait_for_timeout(800)  # the table's canvas is drawn after its box


def tick(page: Page, row: int) -> None:
    """Tick a row of the table, counted from 0."""
    box = page.get_by_test_id("stDataFrame").bounding_box()
    page.mouse.click(box["x"] + 16, box["y"] + HEAD * (row + 1.5))


def action(page: Page, name: str):
    return page.locator(".st-key-actions").get_by_role("button", name=name, exact=True)


def fits(page: Page) -> None:
    assert page.evaluate(WIDER) == 0


def test_runs_are_selected_renamed_tagged_deleted_and_brought_back(
    browser: Browser, server: Dashboard, root: Path
) -> None:
    visit = Visit(browser, server)
    page, store = visit.page, RunStore(root)
    first = train(visit, "data=onecluster&stop_epochs=30&seed=1")
    second = train(visit, "data=onecluster&stop_epochs=30&seed=2")
    to_runs(page)
    fits(page)
    expect(action(page, "Open")).to_be_disabled()
    tick(page, 0)
    expect(action(page, "Open")).to_be_enabled(timeout=MS)
    action(page, "Name, tags, note").click()
    page.get_by_role("textbox", name="Name").fill("The second")
    tags = page.get_by_test_id("stPopoverBody").get_by_role("combobox")
    tags.fill("demo")
    tags.press("Enter")
    page.get_by_role("textbox", name="Note").fill("Two seeds agree.")
    page.get_by_role("button", name="Save").click()
    until(lambda: store.get(second).record.name == "The second", "the name on disk")
    record = store.get(second).record
    assert (record.tags, record.note) == (("demo",), "Two seeds agree.")
    expect(page.get_by_text("Two seeds agree.").first).to_be_visible(timeout=MS)
    page.keyboard.press("Escape")
    action(page, "Delete").click()
    expect(page.get_by_text("1 run deleted")).to_be_visible(timeout=MS)
    assert [entry.id[-12:] for entry in store.entries()] == [first]
    action(page, "Undo").click()
    expect(page.get_by_text("1 run deleted")).to_have_count(0, timeout=MS)
    assert [entry.id[-12:] for entry in store.entries()] == [second, first]
    visit.check_unharmed()
    visit.context.close()


def test_a_file_is_made_when_it_is_asked_for(browser: Browser, server: Dashboard, tmp_path: Path) -> None:
    visit = Visit(browser, server)
    page = visit.page
    token = train(visit, "data=onecluster&stop_epochs=30&seed=3")
    to_runs(page)
    tick(page, 0)
    action(page, "Download").click()
    for kind in ("Whole run (zip)", "History (Parquet)", "Model (ONNX)"):
        page.wait_for_timeout(1500)  # what is drawn again between press and release takes no click
        with page.expect_download(timeout=MS) as download:
            page.get_by_test_id("stPopoverBody").get_by_role("button", name=kind).click()
        assert token in download.value.suggested_filename
        download.value.save_as(tmp_path / "file")
        assert (tmp_path / "file").stat().st_size > 100
    visit.check_unharmed()
    visit.context.close()


def test_a_file_that_cannot_be_made_says_why_and_runs_come_back_from_a_zip(
    browser: Browser, server: Dashboard, root: Path, tmp_path: Path
) -> None:
    visit = Visit(browser, server)
    page, store = visit.page, RunStore(root)
    tokens = [train(visit, f"data=onecluster&stop_epochs=30&seed={seed}") for seed in (20, 21, 22)]
    to_runs(page)
    for row in (0, 1):
        tick(page, row)
    expect(page.get_by_text(re.compile(r"^2 of \d+ runs selected"))).to_be_visible(timeout=MS)
    action(page, "Download").click()
    with page.expect_download(timeout=MS) as download:
        page.get_by_test_id("stPopoverBody").get_by_role("button", name="2 runs (zip)").click()
    download.value.save_as(tmp_path / "two.zip")
    page.keyboard.press("Escape")
    action(page, "Delete").click()
    expect(page.get_by_text("2 runs deleted")).to_be_visible(timeout=MS)
    action(page, "Import").click()
    (tmp_path / "torn.zip").write_bytes((tmp_path / "two.zip").read_bytes()[:2000])
    page.get_by_test_id("stPopoverBody").locator("input[type=file]").set_input_files(tmp_path / "torn.zip")
    torn = page.get_by_text("torn.zip: the file must be a zip archive")
    expect(torn).to_have_count(2, timeout=MS)  # in the popover, and where it is seen once that is closed
    page.get_by_test_id("stPopoverBody").locator("input[type=file]").set_input_files(tmp_path / "two.zip")
    expect(page.get_by_text("under a new id")).to_have_count(2, timeout=MS)
    fits(page)
    page.keyboard.press("Escape")
    back = [entry.id for entry in store.entries() if entry.config.seed in (21, 22)]
    assert len(back) == 2
    assert not {one[-12:] for one in back} & set(tokens)
    for one in back:
        (store.root / one / "model.safetensors").write_bytes(b"nonsense")
    tick(page, 0)
    action(page, "Download").click()
    page.get_by_test_id("stPopoverBody").get_by_role("button", name="Model (ONNX)").click()
    expect(page.get_by_text("Model (ONNX) could not be made: ")).to_be_visible(timeout=MS)
    expect(page.get_by_text("the file must be a model in safetensors format")).to_be_visible(timeout=MS)
    visit.context.close()


@pytest.mark.parametrize(("width", "scheme"), [(1024, "dark"), pytest.param(1440, "light", marks=AGAIN)])
def test_saved_runs_are_compared(browser: Browser, server: Dashboard, width: int, scheme: str) -> None:
    visit = Visit(browser, server, width, scheme)
    page = visit.page
    for seed in (4, 5):
        train(visit, f"data=moons&stop_epochs=30&seed={seed}")
    to_runs(page)
    fits(page)
    tick(page, 0)
    tick(page, 1)
    expect(action(page, "Compare")).to_be_enabled(timeout=MS)
    action(page, "Compare").click()
    page.wait_for_url(re.compile("/compare"), timeout=SLOW)
    page.wait_for_function(f"{CHARTS} === 3", timeout=SLOW)
    page.get_by_text("Time", exact=True).click()
    axis = "[...document.querySelectorAll('.live-plotly .xtitle, .live-plotly .x5title')].map((t) => t.textContent)"
    page.wait_for_function(f"{axis}.some((title) => title.includes('seconds of training'))", timeout=MS)
    fits(page)
    summary = page.get_by_test_id("stDataFrame").first.locator(".dvn-scroller").first
    assert summary.evaluate("(e) => [e.scrollWidth <= e.clientWidth + 1, e.scrollWidth, e.clientWidth]")[0]
    visit.check_unharmed()
    visit.context.close()


def test_an_opened_run_is_whole_at_every_width(browser: Browser, server: Dashboard) -> None:
    visit = Visit(browser, server, 1024, "dark")
    train(visit, "data=onecluster&stop_epochs=30&seed=6")
    to_runs(visit.page)
    tick(visit.page, 0)
    action(visit.page, "Open").click()
    visit.badge("completed")
    fits(visit.page)
    tools, tabs = visit.page.locator(".st-key-run_tools"), visit.page.get_by_role("tab")
    for name in ("Name", "Files"):
        button = tools.get_by_role("button", name=name).bounding_box()
        for tab in tabs.all():
            box = tab.bounding_box()
            assert box["x"] + box["width"] <= button["x"] or box["y"] + box["height"] <= button["y"]
    visit.tab("Result")
    expect(visit.page.get_by_test_id("stDataFrame").first).to_be_visible(timeout=MS)
    visit.tab("Replay")
    expect(visit.page.locator(".sogaal-replay canvas").first).to_be_visible(timeout=MS)
    visit.page.wait_for_url(re.compile("view=Replay"), timeout=MS)
    visit.check_unharmed()
    visit.context.close()


def test_a_run_outlives_a_killed_server_and_goes_on(browser: Browser, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOGAAL_RUNS", str(tmp_path / "runs"))
        with start_dashboard(tmp_path / "one.txt") as first:
            visit = Visit(browser, first)
            done = train(visit, "data=onecluster&stop_epochs=30")
            visit.open("data=onecluster&stop_epochs=1000&seed=9")
            visit.button("Train").click()
            visit.badge("running")
            store = RunStore(tmp_path / "runs")
            broken = until(lambda: [e.id for e in store.entries() if e.id[-12:] != done], "the second run")[0]
            until((store.root / broken / "checkpoint.safetensors").is_file, "a checkpoint")
            visit.context.close()
            kill_all(first)
        with start_dashboard(tmp_path / "two.txt") as second:
            visit = Visit(browser, second)
            visit.page.goto(f"{second.url}/?run={done}")
            visit.badge("completed")
            expect(visit.page.locator(".st-key-verdict")).to_be_in_viewport(timeout=MS)
            visit.page.goto(f"{second.url}/?run={broken[-12:]}")
            visit.badge("interrupted")
            before = visit.page.locator(".st-key-run_head").inner_text()
            step = int(re.sub(r"\s", "", re.search(r"step ([\d\s]+) of", before)[1]))
            assert step > 0
            visit.button("Resume").click()
            visit.badge("running")
            until(lambda: visit.step() > step, "further steps")
            visit.button("Stop").click()
            visit.badge("stopped")
            visit.check_unharmed()
            visit.context.close()


def kill_all(dashboard: Dashboard) -> None:
    """Kill the server itself, too, at once and without a word."""
    children = Path(f"/proc/{dashboard.process.pid}/task/{dashboard.process.pid}/children")
    ids = [int(number) for number in children.read_text().split()]
    for number in [*ids, dashboard.process.pid]:
        os.kill(number, signal.SIGKILL)
    dashboard.process.wait()
