"""The course in a real browser: every chapter, each experiment to its end, and no complaint from the page."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.test_dashboard import PATIENCE, SLOW, Visit
from tests.conftest import Dashboard

pytestmark = pytest.mark.browser

# A chapter's number, how its experiment is run, and what its text says of the run.
EXPERIMENTS = {
    "1": ("run_labels", r"(\d+)% of the outliers are found", lambda found: found < 20),
    "3": ("run_losses", r"pushes a point (\d+)\.\d times as hard", lambda times: times > 3),
    "6": ("run_reading", r"Of the 30 most abnormal rows (\d+)% are outliers", lambda share: share < 67),
}


def to_chapter(visit: Visit, number: str) -> Page:
    visit.page.locator(f".st-key-chapter_{number} button").click()
    expect(visit.page.locator("h1")).to_have_text(re.compile(rf"^{number}\. "), timeout=SLOW)
    return visit.page


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (1024, "dark")])
def test_every_chapter_runs_and_shows_what_it_says(
    browser: Browser, dashboard: Dashboard, width: int, scheme: str
) -> None:
    visit = Visit(browser, dashboard, width, scheme)
    visit.open("")
    visit.page.get_by_role("link", name="Learn").click()
    expect(visit.page.locator("h1")).to_have_text(re.compile("^1"), timeout=SLOW)
    for number, (button, words, holds) in EXPERIMENTS.items():
        page = to_chapter(visit, number)
        page.locator(f".st-key-{button} button").click()
        said = page.get_by_text(re.compile(words)).first
        expect(said).to_be_visible(timeout=SLOW)
        found = re.search(words, said.inner_text())
        assert found is not None
        assert holds(int(found[1])), said.inner_text()
        page.wait_for_function("document.querySelectorAll('.live-plotly[data-paints]').length >= 2", timeout=SLOW)
        visit.check_unharmed()
    visit.context.close()


def test_a_halted_step_shows_its_tensors(browser: Browser, dashboard: Dashboard) -> None:
    visit = Visit(browser, dashboard)
    visit.open("")
    visit.page.get_by_role("link", name="Learn").click()
    page = to_chapter(visit, "5")
    page.get_by_text("Step G").click()
    for _ in range(5):
        page.locator(".st-key-step_next button").click()
        page.wait_for_timeout(500)
    said = page.get_by_text(re.compile(r"At step 101 \d+% of the points"))
    expect(said).to_be_visible(timeout=SLOW)
    page.wait_for_function("document.querySelectorAll('.live-plotly[data-paints]').length >= 1", timeout=SLOW)
    visit.check_unharmed()
    visit.context.close()


def test_a_step_is_followed_by_the_keyboard(browser: Browser, dashboard: Dashboard) -> None:
    visit = Visit(browser, dashboard)
    visit.open("")
    visit.page.get_by_role("link", name="Learn").click()
    page = to_chapter(visit, "2")
    for part in range(1, 8):
        page.keyboard.press("ArrowRight")
        expect(page.get_by_text(f"part {part} of 7")).to_be_visible(timeout=PATIENCE * 1000)
    drawing = page.get_by_role("img", name=re.compile("D is 2-32-1.*At work: G learns"))
    expect(drawing).to_be_visible()
    expect(page.get_by_text(re.compile(r"D\(G\(z\)\) was 0\.\d+ on average"))).to_be_visible()
    visit.check_unharmed()
    visit.context.close()
