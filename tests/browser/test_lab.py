"""The failure lab in a real browser: the ready pair's race to its end, and from a cell of the map to its run."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.test_dashboard import AGAIN, PATIENCE, SLOW, Visit
from tests.conftest import Dashboard

pytestmark = pytest.mark.browser

LONG = 4 * SLOW
MAP = '.live-plotly[aria-label^="Map of"]'
PAINTED = """(letter) => [...document.querySelectorAll('.live-plotly[data-paints]')]
  .filter((chart) => chart.getAttribute('aria-label').startsWith(letter + ':')).length === 2"""
WIDER = """[document.scrollingElement, document.querySelector("[data-testid=stMain]")]
  .filter((part) => part.scrollWidth > part.clientWidth + 1).length"""
# Where on the screen a cell of the map is.
CELL = """([column, row]) => {
  const chart = document.querySelector('.live-plotly[aria-label^="Map of"]');
  const box = chart.getBoundingClientRect(), { xaxis, yaxis } = chart._fullLayout;
  return [box.left + xaxis._offset + xaxis.l2p(column), box.top + yaxis._offset + yaxis.l2p(row)];
}"""


def unharmed(page: Page) -> None:
    for trouble in ("stException", "stAlertContentError", "stConnectionStatus"):
        assert page.get_by_test_id(trouble).count() == 0, trouble


@pytest.mark.parametrize(("width", "scheme"), [pytest.param(1440, "light", marks=AGAIN), (1024, "dark")])
def test_the_ready_pair_races_to_its_end(browser: Browser, dashboard: Dashboard, width: int, scheme: str) -> None:
    visit = Visit(browser, dashboard, width, scheme)
    visit.open("data=onecluster")
    visit.page.get_by_role("link", name="Failure lab").click()
    visit.button("Start").wait_for(timeout=SLOW)
    visit.button("Start").click()
    visit.page.locator(".st-key-lab_status", has_text="running").wait_for(timeout=PATIENCE * 1000)
    visit.page.get_by_role("slider", name="Pace").press("ArrowRight")
    for letter in "AB":
        visit.page.wait_for_function(PAINTED, arg=letter, timeout=PATIENCE * 1000)
    visit.page.get_by_text("What this race shows").wait_for(timeout=LONG)
    expect(visit.page.get_by_text("Where the post's explanation does not hold").first).to_be_visible(timeout=SLOW)
    assert visit.page.get_by_role("button", name="Open in the Playground").count() == 2
    expect(visit.page.get_by_role("link", name="Saved: all its runs")).to_be_visible()
    assert visit.page.evaluate(WIDER) == 0
    visit.check_unharmed()
    visit.context.close()


def test_a_race_is_seen_whole_in_a_low_window(browser: Browser, dashboard: Dashboard) -> None:
    visit = Visit(browser, dashboard)
    visit.page.set_viewport_size({"width": 1280, "height": 720})
    visit.open("data=onecluster")
    visit.page.goto(f"{dashboard.url}/lab?pair=bias&start=1")
    for letter in "AB":
        visit.page.wait_for_function(PAINTED, arg=letter, timeout=PATIENCE * 1000)
    boxes = [chart.bounding_box() for chart in visit.page.locator(".live-plotly").all()]
    assert len(boxes) == 4
    assert all(box and 0 < box["y"] and box["y"] + box["height"] <= 720 for box in boxes), boxes
    assert min(box["height"] for box in boxes if box) > 200
    assert visit.page.evaluate(WIDER) == 0
    visit.button("Stop").click()
    visit.context.close()


def test_a_link_starts_and_a_cell_opens_its_run(browser: Browser, dashboard: Dashboard) -> None:
    visit = Visit(browser, dashboard)
    visit.open("data=onecluster")
    page = visit.page
    page.goto(f"{dashboard.url}/lab?pair=bias&view=map&stop=3&seeds=1&start=1")
    page.locator(".st-key-lab_status", has_text="completed").wait_for(timeout=LONG)
    page.wait_for_function(f"document.querySelector({MAP!r})?.data?.[0].text[0][0] !== ''", timeout=SLOW)
    assert "id=" in page.url
    assert "start" not in page.url
    unharmed(page)
    hover = page.evaluate(f"document.querySelector({MAP!r}).data[0].hovertext[3][13]")
    said = re.search(r"AUC <b>([\d.]+)</b>", hover)
    assert said is not None, hover
    visit.complaints.clear()  # on a deep link Streamlit first looks for itself beneath it, in vain
    page.mouse.click(*page.evaluate(CELL, [13, 3]))
    visit.button("Train").wait_for(timeout=SLOW)
    visit.badge("completed")
    assert "generator_bias=1&" in page.url + "&"
    assert "lr_g=0.0003" in page.url
    shown = page.locator(".tiles > div", has_text="AUC now").locator(".value")
    expect(shown).to_have_text(f"{float(said[1]):.3f}", timeout=PATIENCE * 1000)
    page.get_by_role("button", name="From a map").click()
    expect(page.get_by_text("128 runs on onecluster that differ in")).to_be_visible(timeout=SLOW)
    assert page.evaluate(WIDER) == 0
    visit.check_unharmed()
    visit.context.close()
