"""A table of one's own in a real browser: uploaded, looked at, columns chosen, trained, its scores taken away."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Browser, expect

from tests.browser.test_dashboard import PATIENCE, Visit
from tests.conftest import Dashboard

pytestmark = pytest.mark.browser


def test_from_a_file_to_a_ranked_list(browser: Browser, dashboard: Dashboard, tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    table = pd.DataFrame(
        {
            "customer": [f"c{i}" for i in range(80)],
            "height": np.where(np.arange(80) % 9 == 4, np.nan, rng.normal(size=80)),
            "colour": rng.choice(["red", "blue"], 80),
            "day": "2024-03-0" + pd.Series(rng.integers(1, 9, 80)).astype(str),
            "same": 1,
        }
    )
    table.to_csv(tmp_path / "mixed.csv", index=False)
    visit = Visit(browser, dashboard)
    visit.open("stop_epochs=5")
    page = visit.page
    page.get_by_role("button", name="Use my own table").click()
    page.locator("input[type=file]").set_input_files(tmp_path / "mixed.csv")
    preview = page.locator(".st-key-preview")
    expect(preview).to_contain_text("80 rows, 5 columns", timeout=PATIENCE * 1000)
    expect(preview).to_contain_text("same (it has one value only)")
    expect(page.get_by_text("Uses height, height missing").first).to_be_visible()
    page.get_by_role("combobox", name="Leave out").click()
    page.get_by_role("option", name="day").click()
    expect(preview).to_contain_text("day (ignored)", timeout=PATIENCE * 1000)
    page.keyboard.press("Escape")
    visit.pace(+1)
    visit.button("Train").click()
    visit.badge("completed")
    visit.tab("Result")
    with page.expect_download() as waited:
        page.get_by_role("button", name="All scores (CSV)").click()
    scores = pd.read_csv(waited.value.path())
    assert len(scores) == 80
    assert sorted(scores["rank"]) == list(range(1, 81))
    with page.expect_download() as waited:
        page.get_by_role("button", name="With columns (CSV)").click()
    beside = pd.read_csv(waited.value.path())
    assert list(beside["colour"]) == list(table["colour"])
    np.testing.assert_allclose(beside["height"], table["height"], rtol=1e-6)
    assert "day" not in beside  # it was left out
    visit.check_unharmed()
    visit.context.close()
