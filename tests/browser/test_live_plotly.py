"""The live chart in a real browser, on a page of its own that redraws twice a second."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.serving import serve

pytestmark = pytest.mark.browser
APP = "live_plotly_app.py"
SLOW = 90_000  # milliseconds that a busy machine may take

PAINTS = "[...document.querySelectorAll('.live-plotly')].map((node) => Number(node.dataset.paints))"
# Where a generated dot (the last trace but one) stands, frame by frame, while six updates are painted.
WATCH = """async () => {
  const node = document.querySelector(".live-plotly");
  const places = new Set();
  let bare = 0;
  const heights = new Set();
  const paints = () => Number(node.dataset.paints);
  const before = paints();
  while (paints() < before + 6) {
    await new Promise(requestAnimationFrame);
    const traces = node.querySelectorAll(".scatterlayer .trace");
    const dot = traces[traces.length - 2]?.querySelectorAll(".point")[5];
    if (!dot || !node.querySelector(".heatmaplayer image")) bare += 1;
    else places.add(dot.getAttribute("transform"));
    heights.add(node.clientHeight);
  }
  return { bare, updates: paints() - before, places: places.size, heights: heights.size };
}"""


@dataclass
class Seen:
    """A page with what it complained about."""

    page: Page
    complaints: list[str] = field(default_factory=list)

    def wait(self, paints: int = 2) -> None:
        self.page.wait_for_function(f"{PAINTS}.length == 2 && {PAINTS}.every((n) => n >= {paints})", timeout=SLOW)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    yield from serve(tmp_path_factory.mktemp("live"), APP, library=True)


@pytest.fixture
def seen(browser: Browser, app: str) -> Iterator[Seen]:
    yield from look(browser, app)


def look(browser: Browser, url: str, **options: str) -> Iterator[Seen]:
    context = browser.new_context(viewport={"width": 1280, "height": 800}, **options)
    page = context.new_page()
    seen = Seen(page)
    page.on("console", lambda m: seen.complaints.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: seen.complaints.append(str(error)))
    page.goto(url)
    yield seen
    context.close()


def x_range(page: Page) -> list[float]:
    return page.evaluate("document.querySelectorAll('.live-plotly')[1]._fullLayout.xaxis.range")


def test_ten_updates_are_painted_and_keep_the_node(seen: Seen) -> None:
    seen.wait()
    seen.page.evaluate("document.querySelectorAll('.live-plotly').forEach((node, i) => { node.marked = i; })")
    before = seen.page.evaluate(PAINTS)
    seen.page.wait_for_function(f"{PAINTS}.every((n, i) => n >= {before}[i] + 10)", timeout=SLOW)
    marks = seen.page.evaluate("[...document.querySelectorAll('.live-plotly')].map((node) => node.marked)")
    assert marks == [0, 1]
    assert seen.complaints == []


def test_dots_glide_and_nothing_flashes_or_jumps(seen: Seen) -> None:
    seen.wait()
    watched = seen.page.evaluate(WATCH)
    assert watched["bare"] == 0
    assert watched["heights"] == 1
    assert watched["places"] > watched["updates"] + 2  # more than one for each drawing, see below


def test_what_stands_still_is_not_drawn_again(browser: Browser, app: str) -> None:
    for seen in look(browser, f"{app}/?step=100"):
        seen.wait(1)
        seen.page.get_by_text(re.compile(r"tick (9|\d\d)$")).wait_for(timeout=SLOW)
        # With its arrays, and once more by their names.
        assert max(seen.page.evaluate(PAINTS)) <= 2
        assert seen.complaints == []


def test_the_tool_bar_sends_nothing_away(seen: Seen) -> None:
    seen.wait()
    titles = seen.page.evaluate("[...document.querySelectorAll('.modebar-btn')].map((b) => b.dataset.title)")
    assert set(titles) == {"Download plot as a PNG", "Zoom", "Pan", "Reset axes"}


def test_a_zoom_outlasts_ten_updates(seen: Seen) -> None:
    seen.wait()
    box = seen.page.locator(".live-plotly").nth(1).locator(".nsewdrag").first.bounding_box()
    assert box is not None
    y = box["y"] + box["height"] / 2
    seen.page.mouse.move(box["x"] + 0.1 * box["width"], y)
    seen.page.mouse.down()
    seen.page.mouse.move(box["x"] + 0.5 * box["width"], y, steps=5)
    seen.page.mouse.up()
    seen.page.wait_for_function("document.querySelectorAll('.live-plotly')[1]._fullLayout.xaxis.range[0] > 10")
    zoomed, before = x_range(seen.page), seen.page.evaluate(PAINTS)
    assert zoomed[1] - zoomed[0] < 250
    seen.page.wait_for_function(f"{PAINTS}[1] >= {before[1]} + 10", timeout=SLOW)
    assert x_range(seen.page) == zoomed


def test_still_dots_for_those_who_want_less_motion(browser: Browser, app: str) -> None:
    for seen in look(browser, app, reduced_motion="reduce"):
        seen.wait()
        watched = seen.page.evaluate(WATCH)
        assert watched["bare"] == 0
        # The first one, and a drawing at the end that was not counted yet.
        assert watched["places"] <= watched["updates"] + 2


def test_a_dark_page_gets_dark_charts(browser: Browser, app: str) -> None:
    for seen in look(browser, app, color_scheme="dark"):
        seen.wait(4)
        assert seen.page.evaluate("document.querySelector('.live-plotly').layout.meta.dark") is True
        assert seen.complaints == []


def test_a_theme_switched_while_it_runs_is_followed(seen: Seen) -> None:
    seen.wait()
    assert seen.page.evaluate("document.querySelector('.live-plotly').layout.meta.dark") is False
    seen.page.emulate_media(color_scheme="dark")
    seen.page.wait_for_function("[...document.querySelectorAll('.live-plotly')].every((n) => n.layout.meta.dark)")


def test_a_browser_that_lost_its_arrays_gets_them_again(seen: Seen) -> None:
    seen.wait()
    seen.page.evaluate("globalThis.sogaalArrays.clear()")
    before = seen.page.evaluate(PAINTS)
    seen.page.wait_for_function(f"{PAINTS}.every((n, i) => n >= {before}[i] + 3)", timeout=SLOW)
    assert seen.page.evaluate("document.querySelector('.live-plotly').data[3].x.length") == 480
    assert seen.complaints == []


def test_a_reloaded_page_draws_again(seen: Seen) -> None:
    seen.wait()
    seen.page.reload()
    seen.wait()
    assert seen.complaints == []


def test_it_says_in_words_what_it_shows(seen: Seen) -> None:
    seen.wait()
    charts = seen.page.get_by_role("img", name="The losses")
    assert charts.count() == 1


def test_a_narrow_window_makes_the_plane_lower_and_not_wider_than_its_column(seen: Seen) -> None:
    seen.wait()
    size = "(() => { const n = document.querySelector('.live-plotly'); return [n.clientWidth, n.clientHeight]; })()"
    wide = seen.page.evaluate(size)
    seen.page.set_viewport_size({"width": 820, "height": 800})
    drawn = "document.querySelector('.live-plotly')._fullLayout"
    seen.page.wait_for_function(f"{drawn}.width < {wide[0]} && {drawn}.width == {size}[0]")
    narrow = seen.page.evaluate(size)
    assert narrow[1] < wide[1]
    assert narrow[0] / narrow[1] == pytest.approx(1.05, abs=0.02)


def test_a_missing_library_is_said_in_the_chart(browser: Browser, tmp_path: Path) -> None:
    for url in serve(tmp_path, APP):
        for seen in look(browser, url):
            seen.page.get_by_text("plotly.min.js was not found").first.wait_for(timeout=SLOW)
