"""The real dashboard in a real browser: from Train to the result, with all that only a browser can show."""

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.conftest import Dashboard

pytestmark = pytest.mark.browser
# The same again in another look or with another table.
AGAIN = pytest.mark.slow
PATIENCE = 45.0
SLOW = 5 * PATIENCE * 1000  # of the browser, in milliseconds, for a page that has to start a server's first session

PLANE = '.live-plotly[aria-label^="Real rows"]'
CURVES = '.live-plotly[aria-label^="Losses"]'
PAINTS = f"[{PLANE!r}, {CURVES!r}].map((chart) => Number(document.querySelector(chart)?.dataset.paints ?? 0))"


def until(condition: Callable[[], object], what: str) -> Any:
    """Wait for something that is true in the end, and return it."""
    deadline = time.monotonic() + PATIENCE
    while not (found := condition()):
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.1)
    return found


class Visit:
    """A tab on the dashboard, and what it complained about.

    Dots do not glide unless it is asked for: without a graphics card that takes half of the time for drawing.
    """

    def __init__(
        self,
        browser: Browser,
        dashboard: Dashboard,
        width: int = 1440,
        scheme: str = "light",
        motion: str = "reduce",
    ) -> None:
        size = {"width": width, "height": 900 if width > 1100 else 768}
        self.context = browser.new_context(viewport=size, color_scheme=scheme, reduced_motion=motion)
        self.page: Page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", lambda m: self.complaints.append(m.text) if m.type == "error" else None)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self._url = dashboard.url

    def open(self, address: str) -> None:
        self.page.goto(f"{self._url}/?{address}")
        self.button("Train").wait_for(timeout=SLOW)
        self.page.wait_for_function(f"{PAINTS}[0] > 0", timeout=SLOW)

    def button(self, name: str) -> Locator:
        return self.page.get_by_test_id("stMain").get_by_role("button", name=name, exact=True)

    def train(self) -> None:
        self.button("Train").click()
        self.badge("running")

    def pace(self, faster: int) -> None:
        """Move the pace by so many notches to the faster."""
        slider = self.page.get_by_role("slider", name="Pace")
        for _ in range(abs(faster)):
            slider.press("ArrowRight" if faster > 0 else "ArrowLeft")

    def badge(self, state: str) -> None:
        """Wait for a state."""
        expect(self.page.locator(".st-key-run_head")).to_contain_text(state, timeout=PATIENCE * 1000)

    def tab(self, name: str) -> None:
        """Open a tab of the run on screen."""
        self.page.get_by_role("tab", name=name).click()

    def step(self) -> int:
        """The step counter."""
        status = self.page.locator(".st-key-status", has_text=re.compile(r"step [\d\s]+ of"))
        text = status.inner_text(timeout=PATIENCE * 1000)
        found = re.search(r"step ([\d\s]+) of", text)
        assert found is not None, text
        return int(re.sub(r"\s", "", found[1]))

    def settled_step(self) -> int:
        """The step counter once it stands still: on a busy machine the page lags behind the run."""
        before, now = -1, self.step()
        while now != before:
            self.page.wait_for_timeout(1500)
            before, now = now, self.step()
        return now

    def paints(self) -> list[int]:
        """How often the plane and the curves were painted."""
        return self.page.evaluate(PAINTS)

    def repainted(self, times: int = 3) -> None:
        """Wait until both charts have been painted anew so often; how fast is benchmarks/live.py's to say."""
        before = self.paints()
        self.page.wait_for_function(f"{PAINTS}.every((n, i) => n >= {before}[i] + {times})", timeout=PATIENCE * 1000)

    def check_unharmed(self) -> None:
        """Assert that neither the page nor the console shows an error."""
        for trouble in ("stException", "stAlertContentError", "stConnectionStatus"):
            assert self.page.get_by_test_id(trouble).count() == 0, trouble
        assert self.complaints == []


@pytest.fixture
def visit(browser: Browser, dashboard: Dashboard) -> Iterator[Visit]:
    visit = Visit(browser, dashboard)
    yield visit
    if visit.button("Stop").count() and visit.button("Stop").is_enabled():
        visit.button("Stop").click()
        ended = visit.page.locator(".st-key-run_head", has_text=re.compile("stopped|completed"))
        ended.wait_for(timeout=PATIENCE * 1000)
    visit.context.close()


def slow_run(visit: Visit) -> None:
    """A run that outlasts the test: 6,000 steps at 25 a second."""
    visit.open("data=onecluster&stop_epochs=1000")
    visit.pace(-1)
    visit.train()


@pytest.mark.parametrize(
    "address", ["data=onecluster", pytest.param("data=breast_cancer&preset=paper_wdbc_so", marks=AGAIN)]
)
def test_train_is_seen_live_and_leaves_a_result(visit: Visit, address: str, tmp_path: Path) -> None:
    visit.page.emulate_media(reduced_motion="no-preference")
    visit.open(address)
    visit.pace(-1)
    visit.train()
    first = visit.step()
    visit.repainted()
    assert visit.step() > first
    visit.pace(+2)
    visit.tab("Result")
    visit.badge("completed")
    drawn = "document.querySelectorAll('.st-key-result_charts .live-plotly[data-paints]').length === 3"
    visit.page.wait_for_function(drawn, timeout=PATIENCE * 1000)
    expect(visit.page.get_by_test_id("stDataFrame").first).to_be_visible(timeout=PATIENCE * 1000)
    with visit.page.expect_download() as download:
        visit.page.get_by_role("button", name="All scores (CSV)").click()
    download.value.save_as(tmp_path / "scores.csv")
    lines = (tmp_path / "scores.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "id,label,outlier_score,rank,flag"
    assert len(lines) > 300
    visit.check_unharmed()


def test_a_row_that_is_selected_is_explained_and_other_seeds_are_asked(visit: Visit) -> None:
    visit.open("data=wine&stop_epochs=3")
    visit.pace(+1)
    visit.button("Train").click()
    visit.badge("completed")
    visit.tab("Result")
    bars = visit.page.locator(".st-key-why_bars .live-plotly[data-paints]")
    expect(bars).to_be_visible(timeout=PATIENCE * 1000)
    table = visit.page.get_by_test_id("stDataFrame").first
    table.scroll_into_view_if_needed()
    before = bars.get_attribute("data-paints")
    table.click(position={"x": 18, "y": 35 * 3 + 17})  # the box of the third row: the head is as high as a row
    chosen = visit.page.locator(".st-key-why_row input")
    expect(chosen).to_have_value(re.compile("^rank 3 "), timeout=PATIENCE * 1000)
    expect(bars).not_to_have_attribute("data-paints", before or "", timeout=PATIENCE * 1000)
    visit.page.get_by_role("button", name="Ask eight seeds").click()
    trust = visit.page.locator(".st-key-trust")
    expect(trust).to_contain_text("Two of 8 seeds have on average", timeout=PATIENCE * 1000)
    visit.check_unharmed()


@pytest.mark.slow  # test_live_plotly.py has it of a chart alone
def test_a_zoomed_chart_keeps_its_zoom_and_its_node_over_ten_updates(visit: Visit) -> None:
    slow_run(visit)
    page = visit.page
    until(lambda: visit.step() > 30, "the first steps")
    # The loss chart's x-axis runs over the whole run; drag over its middle.
    box = page.locator(f"{CURVES} .nsewdrag").first.bounding_box()
    assert box is not None
    axis = f"document.querySelector({CURVES!r})._fullLayout.xaxis.range"
    whole = page.evaluate(axis)
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 0.2 * box["width"], y)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.6 * box["width"], y, steps=6)
    page.mouse.up()
    page.wait_for_function(f"{axis}[1] - {axis}[0] < {0.6 * (whole[1] - whole[0])}")
    zoomed = page.evaluate(axis)
    page.evaluate(f"document.querySelector({CURVES!r}).marked = 'mine'")
    before = visit.paints()[1]
    until(lambda: visit.paints()[1] >= before + 10, "ten updates")
    assert page.evaluate(axis) == zoomed
    assert page.evaluate(f"document.querySelector({CURVES!r}).marked") == "mine"
    visit.check_unharmed()


def test_reload_comes_back_to_the_same_run(visit: Visit) -> None:
    slow_run(visit)
    until(lambda: "run=" in visit.page.url, "the run in the address")
    before = visit.step()
    url = visit.page.url
    visit.page.reload()
    visit.badge("running")
    assert visit.page.url == url
    assert visit.step() >= before
    at = visit.step()
    until(lambda: visit.step() > at, "further steps")
    visit.page.wait_for_function(f"Math.min(...{PAINTS}) > 2", timeout=PATIENCE * 1000)
    visit.check_unharmed()


def test_pause_holds_and_step_adds_one(visit: Visit) -> None:
    slow_run(visit)
    until(lambda: visit.step() > 5, "the first steps")
    visit.button("Pause").click()
    visit.badge("paused")
    held = visit.settled_step()
    visit.page.wait_for_timeout(1500)
    assert visit.step() == held
    for added in (1, 2):
        visit.button("Step").click()
        until(lambda: visit.step() == held + added, "one step more")  # noqa: B023  # used up within the loop
    visit.page.wait_for_timeout(1500)
    assert visit.step() == held + 2
    visit.button("Resume").click()
    visit.badge("running")
    until(lambda: visit.step() > held + 5, "further steps")
    visit.check_unharmed()


@pytest.mark.parametrize(
    ("width", "scheme"),
    [(1024, "dark"), pytest.param(1024, "light", marks=AGAIN), pytest.param(1440, "dark", marks=AGAIN)],
)
def test_it_fits_narrow_and_wide_light_and_dark(
    browser: Browser, dashboard: Dashboard, width: int, scheme: str
) -> None:
    visit = Visit(browser, dashboard, width, scheme)
    visit.open("data=onecluster&stop_epochs=100")
    check_fits(visit)
    visit.pace(+1)
    visit.button("Train").click()
    visit.badge("completed")
    expect(visit.page.locator(".st-key-verdict")).to_be_in_viewport(timeout=PATIENCE * 1000)
    visit.page.wait_for_function(f"Math.min(...{PAINTS}) > 0", timeout=PATIENCE * 1000)
    dark = f"[...document.querySelectorAll({PLANE!r} + ',' + {CURVES!r})].every((c) => c.layout.meta.dark === true)"
    visit.page.wait_for_function(f"{dark} === {'true' if scheme == 'dark' else 'false'}", timeout=PATIENCE * 1000)
    check_fits(visit)
    plane, curves = (visit.page.locator(chart).bounding_box() for chart in (PLANE, CURVES))
    assert plane is not None
    assert curves is not None
    beside = plane["x"] + plane["width"] <= curves["x"]
    below = plane["y"] + plane["height"] <= curves["y"]
    assert beside or below
    for box in (plane, curves):
        assert box["width"] > 300
        assert box["x"] + box["width"] <= width
    visit.check_unharmed()
    visit.context.close()


def check_fits(visit: Visit) -> None:
    """Assert that nothing is wider than the window, and that Train is seen without scrolling."""
    wider = """[document.scrollingElement, document.querySelector("[data-testid=stMain]"),
      document.querySelector("[data-testid=stSidebarContent]")]
      .filter((part) => part.scrollWidth > part.clientWidth + 1).length"""
    assert visit.page.evaluate(wider) == 0
    expect(visit.button("Train")).to_be_in_viewport()
