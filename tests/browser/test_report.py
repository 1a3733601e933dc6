"""The report in a real browser: nothing runs, nothing is asked for, it fits, and it prints."""

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from sogaal import load_dataset
from sogaal.config import make_config
from sogaal.outcomes import checked_wanted, do_runs
from sogaal.report import report_of, report_page
from sogaal.runs.store import RunStore
from sogaal.scaling import Scaler
from sogaal.tables import TravellingTable
from tests.report.test_report import HOSTILE, content, hostile
from tests.runs.saved import save_population

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("report")
    found = {"usual": content(load_dataset("onecluster")), "hostile": content(hostile(), title=HOSTILE, name=HOSTILE,
             note=HOSTILE, tags=[HOSTILE], message=HOSTILE, versions={HOSTILE: HOSTILE})}  # fmt: skip
    written = {name: report_page(one) for name, one in found.items()} | {"population": many(folder)}
    for name, page in written.items():
        (folder / f"{name}.html").write_bytes(page)
    return {name: (folder / f"{name}.html").as_uri() for name in written}


def many(folder: Path) -> bytes:
    """The report of a population with hostile names whose members went their ways."""
    data, base = hostile(), make_config("post", stop_epochs=5)
    configs = [base.replace(lr_g=rate, seed=seed) for rate in (1e-4, 1e-3, 1e-2) for seed in range(3)]
    scaler = Scaler.fit(data.X)
    ticket = TravellingTable(scaler.transform(data.X), data.y).ticket_with_table
    outcomes = do_runs(ticket, list(enumerate(configs)), checked_wanted(["summary"], None, 1, configs))
    outcomes[1] = replace(outcomes[1], failed=HOSTILE)
    store = RunStore(folder / "runs")
    save_population(store, data, base, scaler, outcomes, kind="spread", title=HOSTILE, note=HOSTILE)
    return report_of(store.get("last"))


@pytest.fixture(params=[(1440, "light"), (1024, "dark"), (512, "light")])
def window(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """512 pixels are 1024 at a zoom of 200 %."""
    width, scheme = request.param
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("name", ["usual", "hostile", "population"])
def test_it_asks_for_nothing_runs_nothing_and_fits(pages: dict[str, str], window: Page, name: str) -> None:
    said: list[str] = []
    asked: list[str] = []
    window.on("console", lambda message: said.append(message.text))
    window.on("pageerror", lambda error: said.append(str(error)))
    window.on("dialog", lambda dialog: said.append(dialog.message))
    window.on("request", lambda request: asked.append(request.url))
    window.goto(pages[name])
    assert said == []
    assert [url for url in asked if not url.startswith("data:")] == [pages[name]]
    assert window.title() != "harm"
    assert window.locator("script, img, iframe, object, embed, [onerror]").count() == 0
    assert window.evaluate("document.documentElement.scrollWidth <= innerWidth")
    levels = [int(tag[1]) for tag in window.evaluate("[...document.querySelectorAll('h1,h2,h3')].map(e => e.tagName)")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_a_hostile_name_is_read_as_it_is(pages: dict[str, str], window: Page) -> None:
    window.goto(pages["hostile"])
    assert window.locator("h1").inner_text() == HOSTILE
    assert HOSTILE in window.locator("table.rows").inner_text()
    assert "\\x1b[31mred\\x00" in window.content()


def test_every_chart_is_named_and_every_table_has_heads(pages: dict[str, str], window: Page) -> None:
    window.goto(pages["usual"])
    names = window.evaluate("[...document.querySelectorAll('svg')].map(e => [e.getAttribute('role'), e.ariaLabel])")
    assert len(names) == 7
    assert all(role == "img" and len(words) > 30 for role, words in names)
    assert window.locator("figure > figcaption").count() == 7
    assert window.locator("table > caption").count() == window.locator("table").count() == 5
    assert window.locator("thead th:not([scope=col]), tbody th:not([scope=row])").count() == 0
    boxes = [one.bounding_box() for one in window.locator("svg").all()]
    assert all(box and box["width"] > 180 and box["height"] > 100 for box in boxes)


def test_charts_have_ink_in_the_look_of_the_reader(browser: Browser, pages: dict[str, str]) -> None:
    """Colours come by classes: one that the style sheet lacks would be black, on black."""
    colours = {}
    for scheme in ("light", "dark"):
        context = browser.new_context(color_scheme=scheme)
        page = context.new_page()
        page.goto(pages["usual"])
        colours[scheme] = page.evaluate(
            """[...document.querySelectorAll("svg path, svg text")].map(e => {
                 const look = getComputedStyle(e);
                 return look.stroke === "none" ? look.fill : look.stroke })"""
        )
        assert page.evaluate("getComputedStyle(document.querySelector('.dark-only')).display") == (
            "none" if scheme == "light" else "inline"
        )
        context.close()
    same = [one for one, other in zip(*colours.values(), strict=True) if one == other]
    assert not [colour for colour in same if colour == "rgb(0, 0, 0)"]
    assert len(same) < 0.1 * len(colours["light"])


def test_it_prints_light_on_few_pages_with_all_columns(browser: Browser, pages: dict[str, str]) -> None:
    context = browser.new_context(color_scheme="dark", viewport={"width": 688, "height": 1000})
    page = context.new_page()
    page.goto(pages["usual"])
    paper = page.pdf(format="A4")
    assert 3 <= len(re.findall(rb"/Type\s*/Page\b", paper)) <= 8
    page.goto(pages["hostile"])
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.evaluate("getComputedStyle(document.querySelector('.dark-only')).display") == "none"
    wide = "[...document.querySelectorAll('table')].map(e => e.getBoundingClientRect().right - innerWidth)"
    assert max(page.evaluate(wide)) <= 1
    context.close()


def test_wide_tables_can_be_scrolled_by_the_keyboard(pages: dict[str, str], window: Page) -> None:
    window.goto(pages["hostile"])
    assert window.locator("div.wide[tabindex='0'][role=region][aria-label]").count() == window.locator("table").count()


def test_the_page_is_small(pages: dict[str, str]) -> None:
    for url in pages.values():
        assert Path(url.removeprefix("file://")).stat().st_size < 400_000
