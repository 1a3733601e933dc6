"""Scoring in a real browser: from a run in the list to the scores of a new file, its drift, and the file of them."""

import re
from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import Browser, expect

from sogaal.data import load_dataset
from tests.browser.test_compare import WIDER
from tests.browser.test_dashboard import PATIENCE, SLOW, Visit
from tests.browser.test_runs import action, tick, to_runs, train
from tests.conftest import Dashboard

pytestmark = pytest.mark.browser

MS = PATIENCE * 1000
BARS = '.live-plotly[aria-label*="have moved"][data-paints]'


def test_new_rows_are_scored_by_a_run_of_the_list(browser: Browser, dashboard: Dashboard, tmp_path: Path) -> None:
    data = load_dataset("wine")
    frame = pd.DataFrame(data.X, columns=data.feature_names).sample(400, replace=True, random_state=0)
    frame["alcohol"] += 3
    frame.to_csv(tmp_path / "next month.csv", index=False)
    visit = Visit(browser, dashboard)
    page = visit.page
    token = train(visit, "data=wine&stop_epochs=30")
    to_runs(page)
    tick(page, 0)
    expect(action(page, "Score")).to_be_enabled(timeout=SLOW)
    action(page, "Score").click()
    page.wait_for_url(re.compile(f"/score.*run={token}"), timeout=SLOW)
    page.get_by_test_id("stSidebar").locator("input[type=file]").first.set_input_files(tmp_path / "next month.csv")
    button = page.get_by_test_id("stSidebar").get_by_role("button", name="Score", exact=True)
    expect(button).to_be_enabled(timeout=MS)
    button.click()
    page.wait_for_selector(BARS, timeout=SLOW)
    expect(page.get_by_text("alcohol has moved.")).to_be_visible(timeout=MS)
    with page.expect_download(timeout=MS) as download:
        page.locator(".st-key-score_head").get_by_test_id("stPopoverButton").click()
        page.get_by_role("button", name="Scores of all rows (CSV)").click()
    assert download.value.suggested_filename == "next month-scores.csv"
    download.value.save_as(tmp_path / "scores.csv")
    table = pd.read_csv(tmp_path / "scores.csv", keep_default_na=False)
    assert sorted(table["rank"]) == list(range(1, 401))
    assert table["flag"].sum() == 20
    assert (table["reason"] != "").sum() <= 20
    page.keyboard.press("Escape")
    # A click on another bar shows that feature.
    names = "document.querySelector('.live-plotly[aria-label*=\"have moved\"]').layout?.yaxis.ticktext"
    page.wait_for_function(names, timeout=MS)
    second = page.evaluate(names)[1]
    box = page.locator(BARS).locator(".nsewdrag").bounding_box()
    page.mouse.click(box["x"] + 3, box["y"] + box["height"] * 1.5 / 12)
    expect(
        page.locator(f".live-plotly[aria-label='Values of {second} in training and among the new rows']")
    ).to_be_visible(timeout=MS)
    assert page.evaluate(WIDER) == 0
    visit.check_unharmed()
    visit.context.close()
