"""Back and Forward in a real browser: from place to place, one press each, and nothing is lost on the way."""

import re

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.test_dashboard import PATIENCE, SLOW, Visit
from tests.conftest import Dashboard

pytestmark = pytest.mark.browser


def at(visit: Visit, words: str) -> None:
    """Wait for an address."""
    expect(visit.page).to_have_url(re.compile(words), timeout=PATIENCE * 1000)


def seed(visit: Visit, value: int) -> None:
    """Type a seed, and wait for the address to say it."""
    field = visit.page.locator(".st-key-set_seed input")
    field.fill(str(value))
    field.press("Enter")
    at(visit, f"seed={value}(&|$)")


def shows(visit: Visit, run: str, said: str) -> None:
    """Wait for a run's head and for its address."""
    expect(visit.page.locator(".st-key-run_head")).to_contain_text(said, timeout=PATIENCE * 1000)
    at(visit, f"run={run}")


def test_back_and_forward_go_from_place_to_place(browser: Browser, dashboard: Dashboard) -> None:
    visit = Visit(browser, dashboard)
    page = visit.page
    visit.open("data=wine&seed=5")
    page.get_by_role("link", name="Learn").click()
    chapter = page.locator("h1")
    expect(chapter).to_have_text(re.compile("^1"), timeout=SLOW)
    for number in "43":
        page.locator(f".st-key-chapter_{number} button").click()
        expect(chapter).to_have_text(re.compile(f"^{number}"), timeout=PATIENCE * 1000)
        at(visit, f"chapter={number}$")
    for number, go in (("4", page.go_back), ("1", page.go_back)):
        go(wait_until="commit")
        expect(chapter).to_have_text(re.compile(f"^{number}"), timeout=PATIENCE * 1000)
        at(visit, f"chapter={number}$")
    page.go_back(wait_until="commit")
    visit.button("Train").wait_for(timeout=PATIENCE * 1000)
    at(visit, r"/\?data=wine&preset=post&seed=5$")
    for number, go in (("1", page.go_forward), ("4", page.go_forward)):
        go(wait_until="commit")
        expect(chapter).to_have_text(re.compile(f"^{number}"), timeout=PATIENCE * 1000)
        at(visit, f"chapter={number}$")

    page.get_by_role("link", name="Playground").click()
    visit.button("Train").wait_for(timeout=PATIENCE * 1000)
    runs = []
    for number in (7, 8):
        seed(visit, 99)  # a set-up that is tried on the way is no place
        seed(visit, number)
        visit.pace(-1)
        visit.train()
        shows(visit, "", f"seed {number}")
        runs.append(re.search("run=([^&]+)", page.url)[1])
    visit.tab("Diagnosis")
    at(visit, "view=Diagnosis")
    page.go_back(wait_until="commit")
    shows(visit, runs[1], "seed 8")
    page.go_back(wait_until="commit")
    shows(visit, runs[0], "seed 7")
    visit.badge("running")
    before = visit.step()
    page.go_back(wait_until="commit")
    expect(page.locator(".st-key-run_head")).to_have_count(0, timeout=PATIENCE * 1000)
    expect(page.locator(".st-key-running_notice")).to_be_visible()
    page.go_back(wait_until="commit")
    expect(chapter).to_have_text(re.compile("^4"), timeout=PATIENCE * 1000)
    page.go_forward(wait_until="commit")
    visit.button("Train").wait_for(timeout=PATIENCE * 1000)
    page.go_forward(wait_until="commit")
    shows(visit, runs[0], "seed 7")
    visit.badge("running")
    assert visit.step() > before
    for run in (7, 8):
        shows(visit, runs[run - 7], f"seed {run}")
        visit.button("Stop").click()
        visit.badge("stopped")
        if run == 7:
            page.go_forward(wait_until="commit")
    visit.check_unharmed()
    visit.context.close()
