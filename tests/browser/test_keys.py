"""Keys and narrow windows in a real browser: Space and arrows do what the page says, and nothing is cut at 200 %."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.test_dashboard import AGAIN, PATIENCE, SLOW, Visit
from tests.conftest import Dashboard

pytestmark = pytest.mark.browser

MS = PATIENCE * 1000
# What scrolls sideways as a whole, and texts of which a part is not shown or lies outside the window.
WIDER = """[document.scrollingElement, document.querySelector("[data-testid=stMain]")]
  .filter((part) => part.scrollWidth > part.clientWidth).length"""
CUT = """() => [...document.querySelectorAll("[data-testid=stMain] *")].filter((node) => {
  if (node.closest("svg, pre, .live-plotly, .katex, [data-testid=stDataFrame]")) return false;
  if (![...node.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim())) return false;
  const box = node.getBoundingClientRect(), style = getComputedStyle(node);
  if (box.width < 2 || box.height < 2) return false;
  const hides = style.overflowX !== "visible" && style.display !== "inline";
  return box.right > innerWidth + 1 || (hides && node.scrollWidth > node.clientWidth + 1);
}).map((node) => node.textContent.slice(0, 60))"""
SOMETHING = ", ".join(f"{kind}:visible" for kind in ("h1", "h2", "h3", "button", "p"))
PLACES = {
    "": "Train", "runs": "", "compare": "", "lab": "Start", "learn?chapter=1": "Train the classifiers",
    "learn?chapter=2": "Next part", "learn?chapter=3": "Train 602 steps", "learn?chapter=5": "Next",
    "learn?chapter=6": "Train 602 steps", "learn?chapter=8": "Train it",
}  # fmt: skip


def press(page: Page, key: str) -> None:
    """A key, with the focus on nothing in particular."""
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press(key)


def test_the_playground_steps_plays_and_pauses(browser: Browser, dashboard: Dashboard) -> None:
    visit = Visit(browser, dashboard)
    visit.open("data=onecluster&stop_epochs=50000&seed=811")
    page = visit.page
    press(page, "ArrowRight")
    visit.badge("paused")
    assert visit.settled_step() == 1
    press(page, "ArrowRight")
    expect(page.locator(".st-key-status")).to_contain_text("step 2", timeout=MS)
    press(page, " ")
    visit.badge("running")
    press(page, " ")
    visit.badge("paused")
    page.evaluate("document.activeElement.blur()")
    # A button that was reached with Tab keeps Space: Stop is pressed, and nothing goes on.
    visit.button("Step").focus()
    page.keyboard.press("Tab")
    expect(visit.button("Stop")).to_be_focused()
    page.keyboard.press(" ")
    visit.badge("stopped")
    visit.check_unharmed()
    visit.context.close()


def test_the_race_plays_pauses_and_steps(browser: Browser, dashboard: Dashboard) -> None:
    visit = Visit(browser, dashboard)
    visit.open("data=onecluster")
    page = visit.page
    page.get_by_role("link", name="Failure lab").click()
    visit.button("Start").wait_for(timeout=SLOW)
    press(page, " ")
    status = page.locator(".st-key-lab_status")
    expect(status).to_contain_text("running", timeout=MS)
    expect(visit.button("Pause")).to_be_enabled(timeout=MS)
    press(page, " ")
    expect(status).to_contain_text("paused", timeout=MS)
    before = status.inner_text()
    press(page, "ArrowRight")
    expect(status).not_to_have_text(before, timeout=MS)
    expect(status).to_contain_text("paused")
    visit.button("Stop").click()
    expect(status).to_contain_text("stopped", timeout=MS)
    visit.check_unharmed()
    visit.context.close()


def test_an_experiment_starts_pauses_and_goes_on(browser: Browser, dashboard: Dashboard) -> None:
    visit = Visit(browser, dashboard)
    visit.open("")
    page = visit.page
    page.get_by_role("link", name="Learn").click()
    page.locator(".st-key-chapter_8 button").click()
    start, pause, resume = (
        page.locator(f".st-key-{key}_tour_discriminator_wins button") for key in ("run", "pause", "resume")
    )
    start.wait_for(timeout=SLOW)
    press(page, " ")
    for _ in range(5):
        expect(pause).to_be_visible(timeout=MS)
        press(page, " ")
        expect(resume.or_(start)).to_be_visible(timeout=MS)
        if resume.count():
            break
        start.click()  # it is watched for some seconds, and had ended before the busy page heard the key
    expect(resume).to_be_visible()
    press(page, " ")
    expect(pause.or_(start)).to_be_visible(timeout=MS)
    expect(page.get_by_text("The discriminator wins", exact=True).nth(2)).to_be_visible(timeout=SLOW)
    visit.check_unharmed()
    visit.context.close()


@pytest.mark.parametrize("scheme", [pytest.param("light", marks=AGAIN), "dark"])
def test_nothing_is_cut_at_twice_the_size(browser: Browser, dashboard: Dashboard, scheme: str) -> None:
    """A window of 1440 by 900 at 200 % is one of 720 by 450."""
    context = browser.new_context(viewport={"width": 720, "height": 450}, color_scheme=scheme)
    page = context.new_page()
    places = PLACES if scheme == "light" else dict.fromkeys(["", "lab", "learn?chapter=8"], "")
    for place, button in places.items():
        page.goto(f"{dashboard.url}/{place}")
        words = page.get_by_test_id("stMain").get_by_role("button", name=button) if button else None
        (words or page.get_by_test_id("stMain").locator(SOMETHING)).first.wait_for(timeout=SLOW)
        page.wait_for_function("!document.querySelector('[data-testid=stStatusWidget]')", timeout=SLOW)
        assert page.evaluate(WIDER) == 0, place
        assert page.evaluate(CUT) == [], place
    context.close()
