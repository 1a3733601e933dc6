"""Compare in a real browser: from the Playground's runs to lines over one another that can be hidden and sent."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.test_dashboard import PATIENCE, SLOW, Visit
from tests.conftest import Dashboard

pytestmark = pytest.mark.browser

CHARTS = "document.querySelectorAll('.live-plotly[data-paints]').length"
CURVES = '.live-plotly[aria-label*="several runs"]'
WIDER = """[document.scrollingElement, document.querySelector("[data-testid=stMain]")]
  .filter((part) => part.scrollWidth > part.clientWidth + 1).length"""


def compared(visit: Visit, *addresses: str) -> Page:
    """Train these set-ups one after another, and compare what is in memory."""
    for address in addresses:
        visit.open(address)
        visit.pace(+1)
        visit.button("Train").click()
        visit.badge("completed")
    visit.page.get_by_test_id("stSidebar").get_by_text("Runs", exact=True).click()
    visit.page.get_by_role("button", name="Compare the newest").click()
    visit.page.wait_for_url(re.compile("/compare"), timeout=SLOW)
    visit.page.wait_for_function(f"{CHARTS} === 3", timeout=SLOW)
    return visit.page


def test_runs_are_compared_hidden_smoothed_and_sent(browser: Browser, dashboard: Dashboard) -> None:
    visit = Visit(browser, dashboard)
    page = compared(visit, "data=onecluster&stop_epochs=60", "data=onecluster&stop_epochs=60&lr_d=0.05")
    legend = page.locator(f"{CURVES} .legendtext")
    names = legend.all_inner_texts()
    assert len(names) >= 2
    # A click hides a run in every panel.
    page.locator(f"{CURVES} .legendtoggle").first.click()
    hidden = f"document.querySelector({CURVES!r}).data.filter((t) => t.visible === 'legendonly').length"
    page.wait_for_function(f"{hidden} >= 3", timeout=PATIENCE * 1000)
    page.get_by_role("slider", name="Smooth over (steps)").press("ArrowRight")
    expect(page.get_by_text("Smoothed over 3 steps")).to_be_visible(timeout=PATIENCE * 1000)
    page.wait_for_url(re.compile("smooth=3"), timeout=PATIENCE * 1000)
    visit.check_unharmed()
    # Whoever gets the address sees the same.
    other = Visit(browser, dashboard, 1024, "dark")
    other.page.goto(page.url)
    other.page.wait_for_function(f"{CHARTS} === 3", timeout=SLOW)
    expect(other.page.get_by_text("Smoothed over 3 steps")).to_be_visible(timeout=PATIENCE * 1000)
    assert other.page.locator(f"{CURVES} .legendtext").all_inner_texts() == names
    dark = "[...document.querySelectorAll('.live-plotly')].every((chart) => chart.layout?.meta.dark === true)"
    other.page.wait_for_function(dark, timeout=PATIENCE * 1000)
    assert other.page.evaluate(WIDER) == 0
    boxes = [entry.bounding_box() for entry in other.page.locator(f"{CURVES} .legendtext").all()]
    for i, one in enumerate(boxes):
        for another in boxes[i + 1 :]:
            apart = abs(one["y"] - another["y"]) > 8 or one["x"] + one["width"] <= another["x"]
            assert apart, "two names of the legend lie over each other"
    for trouble in ("stException", "stAlertContentError"):
        assert other.page.get_by_test_id(trouble).count() == 0
    for each in (visit, other):
        each.context.close()
