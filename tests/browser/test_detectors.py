"""Comparing detectors in a real browser: from the button to matrices, maps and the file."""

from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import Browser, expect

from tests.browser.test_compare import WIDER
from tests.browser.test_dashboard import PATIENCE, SLOW, Visit
from tests.conftest import Dashboard

pytestmark = pytest.mark.browser

MS = PATIENCE * 1000
MATRIX = '.live-plotly[aria-label*="rank correlation"][data-paints]'


def test_detectors_are_compared_on_a_table_of_two_features(
    browser: Browser, dashboard: Dashboard, tmp_path: Path
) -> None:
    visit = Visit(browser, dashboard)
    page = visit.page
    visit.open("data=moons")
    page.get_by_role("link", name="Detectors", exact=True).click()
    sidebar = page.get_by_test_id("stSidebar")
    for title in ("SO-GAAL, automatic stop", "MO-GAAL, 8 seeds", "ECOD", "COPOD"):
        sidebar.get_by_role("button", name=title, exact=True).click(timeout=SLOW)
    compare = sidebar.get_by_role("button", name="Compare", exact=True)
    expect(compare).to_be_enabled(timeout=MS)
    compare.click()
    page.wait_for_selector(MATRIX, timeout=SLOW)
    page.wait_for_selector('.live-plotly[aria-label*="Where LOF finds"][data-paints]', timeout=MS)
    expect(page.get_by_text("No label chose a hyperparameter")).to_be_visible(timeout=MS)
    with page.expect_download(timeout=MS) as download:
        page.get_by_role("button", name="Scores and ranks (CSV)").click()
    assert download.value.suggested_filename == "moons-detectors.csv"
    download.value.save_as(tmp_path / "scores.csv")
    assert {"so_gaal_rank", "lof_score", "label"} <= set(pd.read_csv(tmp_path / "scores.csv"))
    assert page.evaluate(WIDER) == 0
    visit.check_unharmed()
    visit.context.close()
