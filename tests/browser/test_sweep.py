"""The Sweep page in a real browser: choose, start, see the best appear, stop, go on, and open the best as a run."""

import re

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.test_dashboard import AGAIN, PATIENCE, SLOW, Visit
from tests.browser.test_lab import LONG, WIDER
from tests.conftest import Dashboard

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), pytest.param(1024, "dark", marks=AGAIN)])
def test_from_choosing_to_the_best_as_a_run(browser: Browser, dashboard: Dashboard, width: int, scheme: str) -> None:
    visit = Visit(browser, dashboard, width, scheme)
    page = visit.page
    page.goto(f"{dashboard.url}/sweep")
    start = page.get_by_role("button", name="Start a sweep")
    start.wait_for(timeout=SLOW)
    page.get_by_role("textbox", name="Learning rate of G").fill("1e-4..1e-2")
    page.get_by_role("textbox", name="Learning rate of G").press("Enter")
    expect(page.get_by_text("Set: lr_g=0.0001..0.01")).to_be_visible(timeout=SLOW)
    for label, value in (("Trials", "9999"), ("Seeds a trial", "2")):
        page.get_by_role("spinbutton", name=label).fill(value)
        page.get_by_role("spinbutton", name=label).press("Enter")
    expect(page.get_by_text("2 seeds a trial")).to_be_visible(timeout=SLOW)
    start.click()
    status, best = page.locator(".st-key-sweep_status"), page.locator(".st-key-sweep_best")
    expect(status).to_contain_text("running", timeout=PATIENCE * 1000)
    expect(best).to_contain_text("chosen with labels", timeout=LONG)
    page.wait_for_function(
        """() => document.querySelectorAll('.live-plotly[data-paints]').length >= 2""", timeout=PATIENCE * 1000
    )
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(status).to_contain_text("stopped", timeout=PATIENCE * 1000)
    done = int(re.search(r"([\d]+) of 9,999 trials", status.inner_text())[1])
    until = page.get_by_role("spinbutton", name="Up to (trials)")
    until.fill(str(done + 2))
    until.press("Enter")
    page.get_by_role("button", name="Continue").click()
    expect(status).to_contain_text(f"{done + 2} of {done + 2} trials", timeout=LONG)
    expect(status).to_contain_text("completed", timeout=PATIENCE * 1000)
    assert page.evaluate(WIDER) == 0
    said = re.search(r"Best AUC at stop ([\d.]+)", best.inner_text())
    assert said is not None
    visit.complaints.clear()  # on a deep link Streamlit first looks for itself beneath it, in vain
    page.get_by_role("button", name="Open the best as a run").click()
    visit.button("Train").wait_for(timeout=SLOW)
    visit.badge("completed")
    expect(page.get_by_role("button", name="From a sweep, chosen with labels")).to_be_visible(timeout=SLOW)
    assert "score_at=stop" in page.url
    visit.check_unharmed()
    visit.context.close()


def test_a_reload_keeps_the_set_up(browser: Browser, dashboard: Dashboard) -> None:
    visit = Visit(browser, dashboard, 1440, "light")
    page = visit.page
    page.goto(f"{dashboard.url}/sweep?vary=lr_g,k&k=2,3&trials=7&seeds=2")
    page.get_by_role("button", name="Start a sweep").wait_for(timeout=SLOW)
    rate = page.get_by_role("textbox", name="Learning rate of G")
    rate.fill("1e-4..1e-2")
    rate.press("Enter")
    expect(page.get_by_text("Set: lr_g=0.0001..0.01, k=2,3; 2 seeds a trial.")).to_be_visible(timeout=SLOW)
    page.wait_for_function("() => location.search.includes('1e-4..1e-2')", timeout=PATIENCE * 1000)
    address = page.url
    page.reload()
    expect(page.get_by_text("Set: lr_g=0.0001..0.01, k=2,3; 2 seeds a trial.")).to_be_visible(timeout=SLOW)
    expect(page.get_by_role("spinbutton", name="Trials")).to_have_value("7")
    assert page.url == address
    trials = page.get_by_role("spinbutton", name="Trials")
    trials.fill("")
    trials.press("Enter")
    said = page.get_by_text("trials or seconds must say when a sweep by tpe ends, got neither.")
    expect(said).to_be_visible(timeout=SLOW)
    distance = said.bounding_box()["y"] - trials.bounding_box()["y"]
    assert 0 < distance < 120  # right under the control, before the next ones
    visit.context.close()
