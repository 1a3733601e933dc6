"""The course in a real browser: every chapter, each experiment to its end, and no complaint from the page."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.test_dashboard import AGAIN, PATIENCE, PLANE, SLOW, Visit, slow_run
from tests.conftest import Dashboard

pytestmark = pytest.mark.browser

# A chapter's number, how its experiment is run, and what its text says of the run.
EXPERIMENTS = {
    "1": ("run_labels", r"(\d+)% of the outliers are found", lambda found: found < 20),
    "3": ("run_losses", r"pushes a point (\d+)\.\d times as hard", lambda times: times > 3),
    "6": ("run_reading", r"Of the 30 most abnormal rows (\d+) are outliers", lambda count: count < 20),
    "7": ("run_figure_4", r"(\d) seeds end between 0\.\d+ and 0\.\d+\. \d of them", lambda seeds: seeds == 8),
}


# Those that take a moment: seen on a narrow and dark page too.
QUICK = ("1", "3", "6")
# What is drawn and not said in words: charts, pictures and tables.
UNSAID = """() => [...document.querySelectorAll(".live-plotly, .js-plotly-plot, [data-testid=stImage] img")]
  .filter((node) => !(node.getAttribute("aria-label") ?? node.getAttribute("alt") ?? "").trim())
  .concat([...document.querySelectorAll("[data-testid=stDataFrame]")].filter((node) =>
    ![node, ...node.querySelectorAll("[aria-label]")].some((one) => (one.getAttribute("aria-label") ?? "").trim())))
  .map((node) => node.outerHTML.slice(0, 120))"""

# A click on the dot of seed 6, as plotly tells of it.
DOT = "(chart) => document.querySelector(chart).emit('plotly_click', {points: [{customdata: 6}]})"


def to_chapter(visit: Visit, number: str) -> Page:
    visit.page.locator(f".st-key-chapter_{number} button").click()
    expect(visit.page.locator("h1")).to_have_text(re.compile(rf"^{number}\. "), timeout=SLOW)
    return visit.page


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), pytest.param(1024, "dark", marks=AGAIN)])
def test_every_chapter_runs_and_shows_what_it_says(
    browser: Browser, dashboard: Dashboard, width: int, scheme: str
) -> None:
    visit = Visit(browser, dashboard, width, scheme)
    visit.open("")
    visit.page.get_by_role("link", name="Learn").click()
    expect(visit.page.locator("h1")).to_have_text(re.compile("^1"), timeout=SLOW)
    for number in EXPERIMENTS if width == 1440 else QUICK:
        button, words, holds = EXPERIMENTS[number]
        page = to_chapter(visit, number)
        page.locator(f".st-key-{button} button").click()
        said = page.get_by_text(re.compile(words)).first
        expect(said).to_be_visible(timeout=SLOW)
        found = re.search(words, said.inner_text())
        assert found is not None
        assert holds(int(found[1])), said.inner_text()
        page.wait_for_function("document.querySelectorAll('.live-plotly[data-paints]').length >= 2", timeout=SLOW)
        assert page.evaluate(UNSAID) == [], number
        visit.check_unharmed()
    visit.context.close()


def numbers(page: Page, words: str) -> list[float]:
    """The numbers that a text on the page gives, once it is there."""
    said = page.get_by_text(re.compile(words)).first
    expect(said).to_be_visible(timeout=SLOW)
    found = re.search(words, said.inner_text())
    assert found is not None
    return [float(number.replace(",", "")) for number in found.groups()]


def choose(page: Page, key: str, presses: int) -> None:
    """Move a slider by so many of its places, to the right or to the left."""
    slider = page.locator(f".st-key-{key}").get_by_role("slider")
    for _ in range(abs(presses)):
        slider.press("ArrowRight" if presses > 0 else "ArrowLeft")


def test_noise_and_a_generator_on_other_tables_and_when_to_stop(browser: Browser, dashboard: Dashboard) -> None:
    visit = Visit(browser, dashboard)
    visit.open("")
    visit.page.get_by_role("link", name="Learn").click()
    page = to_chapter(visit, "4")
    page.locator(".st-key-run_agpo button").click()
    noise, gaal = numbers(page, r"after 600 steps noise (\d\.\d+) .*? and SO-GAAL (\d\.\d+) .*, after")
    late_noise, late_gaal = numbers(page, r"after 2,002 steps noise (\d\.\d+) .*? and SO-GAAL (\d\.\d+)")
    assert gaal - noise > 0.02
    assert late_noise - late_gaal > 0.02
    choose(page, "agpo_d", -1)
    noise, gaal = numbers(page, r"10 features: .* after 600 steps noise (\d\.\d+) .*? and SO-GAAL (\d\.\d+)")
    assert gaal - noise > 0.05
    page.locator(".st-key-run_tables button").click()
    noise, gaal = numbers(page, r"AUC on digits: after 603 steps noise (\d\.\d+) .*? and SO-GAAL (\d\.\d+)")
    assert noise - gaal > 0.02
    page.locator(".st-key-run_stop button").click()
    best, at_stop = numbers(page, r"was (\d\.\d+) at best, .*; it is (\d\.\d+) when G stops \(step 4,002\)")
    assert best - at_stop > 0.05
    assert page.evaluate(UNSAID) == []
    visit.check_unharmed()
    visit.context.close()


@pytest.mark.slow  # 60 runs; the page's own tests and the one above have the chapter in short
def test_the_posts_figures_come_again_and_the_rule_finds_the_authors_stop(
    browser: Browser, dashboard: Dashboard
) -> None:
    visit = Visit(browser, dashboard)
    visit.open("")
    visit.page.get_by_role("link", name="Learn").click()
    page = to_chapter(visit, "7")
    page.locator(".st-key-run_figure_5 button").click()
    [low] = numbers(page, r"Where all 8 seeds end, (\d\.\d+) to")
    assert low > 0.75
    page.evaluate(DOT, ".st-key-learn_figure_5_strip .live-plotly")
    seed = page.locator(".st-key-figure_5_seed").get_by_role("slider")
    expect(seed).to_have_attribute("aria-valuetext", "6", timeout=SLOW)
    expect(page.get_by_text("Seed 6, drawn as in the post")).to_be_visible()
    page.locator(".st-key-run_causes button").click()
    start, order = numbers(page, r"moves the mean AUC at the end by ([+-]\d\.\d+); .* moves it by ([+-]\d\.\d+)")
    assert start > 0.1 > abs(order)
    page.locator(".st-key-run_rule_onecluster button").click()
    numbers(page, r"I is set to (600)")
    choose(page, "rule_mark_onecluster", 10)
    flat, theirs = numbers(page, r"I is set to 800.*fall to 0\.\d+ is done near ([\d,]+):.* onecluster: ([\d,]+)\.")
    assert abs(flat / 2 - theirs) < 0.25 * theirs
    page.locator(".st-key-run_try_onecluster button").click()
    at_stop, at_end = numbers(
        page, r"stop_epochs 400 4 seeds have a median AUC of (\d\.\d+) .* and (\d\.\d+) at the end"
    )
    assert at_stop > 0.98
    assert at_end > 0.9
    page.wait_for_function("document.querySelectorAll('.live-plotly[data-paints]').length >= 4", timeout=SLOW)
    assert page.evaluate(UNSAID) == []
    visit.check_unharmed()
    visit.context.close()


def test_a_halted_step_shows_its_tensors(browser: Browser, dashboard: Dashboard) -> None:
    visit = Visit(browser, dashboard)
    visit.open("")
    visit.page.get_by_role("link", name="Learn").click()
    page = to_chapter(visit, "5")
    # Chosen with the pointer, both give the arrow keys back: the next one goes on, and the answer stays.
    page.get_by_text("Away from the data").click()
    page.get_by_text("Step G").click()
    page.wait_for_timeout(2000)  # a key that comes while the page is drawn anew goes nowhere
    for title in ("Batch", "Predict", "Loss", "Gradient", "Update"):
        page.keyboard.press("ArrowRight")
        expect(page.get_by_text(re.compile(rf"^\d\. {title} \(step 601"))).to_be_visible(timeout=SLOW)
    expect(page.get_by_role("radio", name=re.compile("Away from the data"))).to_be_checked()
    said = page.get_by_text(re.compile(r"At step 601 \d+% of the points"))
    expect(said).to_be_visible(timeout=SLOW)
    page.wait_for_function("document.querySelectorAll('.live-plotly[data-paints]').length >= 1", timeout=SLOW)
    assert page.evaluate(UNSAID) == []
    visit.check_unharmed()
    visit.context.close()


def test_answers_ticks_and_runs_outlast_a_reload_until_they_are_forgotten(
    browser: Browser, dashboard: Dashboard
) -> None:
    visit = Visit(browser, dashboard)
    visit.open("")
    visit.page.get_by_role("link", name="Learn").click()
    page = to_chapter(visit, "3")
    answer = page.get_by_role("radio", name=re.compile("the other one"))
    ran, verdict = page.get_by_text("(done)"), page.get_by_text(re.compile("As you said|You said"))
    page.get_by_text("max log D(G(z)): the other").click()
    page.locator(".st-key-run_losses button").click()
    expect(verdict).to_be_visible(timeout=SLOW)
    ticks = ran.count()
    assert ticks == 2
    visit.complaints.clear()
    page.reload()
    expect(verdict).to_be_visible(timeout=SLOW)
    expect(answer).to_be_checked()
    expect(ran).to_have_count(ticks)
    # An answer about another experiment is none about this one, and a link that hides the questions hides the answers.
    page.goto(f"{dashboard.url}/learn?chapter=3&lr_g=0.001")
    expect(page.get_by_role("button", name="Forget my answers")).to_have_count(0)
    expect(answer).not_to_be_checked(timeout=SLOW)
    page.goto(f"{dashboard.url}/learn?chapter=3&hide=predict")
    expect(ran).to_have_count(ticks, timeout=SLOW)
    assert verdict.count() == 0
    page.goto(f"{dashboard.url}/learn?chapter=3")
    expect(answer).to_be_checked(timeout=SLOW)
    page.get_by_role("button", name="Forget my answers").click()
    expect(answer).not_to_be_checked(timeout=SLOW)
    expect(ran).to_have_count(0)
    page.reload()
    expect(answer).to_be_visible(timeout=SLOW)
    page.wait_for_timeout(2000)  # what the browser keeps comes after the page
    expect(answer).not_to_be_checked()
    assert page.evaluate("localStorage.getItem('sogaal.learn')") is None
    visit.context.close()


def test_a_step_is_followed_by_the_keyboard(browser: Browser, dashboard: Dashboard) -> None:
    visit = Visit(browser, dashboard)
    visit.open("")
    visit.page.get_by_role("link", name="Learn").click()
    page = to_chapter(visit, "2")
    expect(page.get_by_role("button", name="Next part")).to_be_visible(timeout=PATIENCE * 1000)
    page.wait_for_timeout(2000)  # the page listens to keys only when it has drawn its buttons
    for part in range(1, 8):
        page.keyboard.press("ArrowRight")
        expect(page.get_by_text(f"part {part} of 7")).to_be_visible(timeout=PATIENCE * 1000)
    drawing = page.get_by_role("img", name=re.compile("D is 2-32-1.*At work: G learns"))
    expect(drawing).to_be_visible()
    expect(page.get_by_text(re.compile(r"D\(G\(z\)\) was 0\.\d+ on average"))).to_be_visible()
    visit.check_unharmed()
    visit.context.close()


@pytest.mark.parametrize("wish", ["reduce", "no-preference"])
def test_nothing_moves_for_those_who_want_less_motion(browser: Browser, dashboard: Dashboard, wish: str) -> None:
    visit = Visit(browser, dashboard, 1024, motion=wish)
    slow_run(visit)
    visit.repainted(2)
    glides = visit.page.evaluate(f"Boolean(document.querySelector({PLANE!r}).layout.transition)")
    visit.button("Stop").click()
    visit.badge("stopped")
    page = visit.page
    page.goto(f"{dashboard.url}/learn?chapter=8")
    page.locator(".st-key-run_tour_discriminator_wins button").wait_for(timeout=SLOW)
    assert page.locator(".live-plotly").count() == 0  # nothing plays unasked
    to_chapter(visit, "2")
    page.locator(".st-key-network_next button").click()
    drawing = page.get_by_role("img", name=re.compile("At work: Noise"))
    expect(drawing).to_be_visible(timeout=SLOW)
    page.locator(".st-key-network_next button").click()
    drawing = page.get_by_role("img", name=re.compile(r"At work: G\."))
    expect(drawing).to_be_visible(timeout=SLOW)
    whole, shown = drawing.locator("svg").bounding_box(), drawing.bounding_box()
    assert whole is not None
    assert shown is not None
    assert whole["width"] == pytest.approx(shown["width"], abs=1)
    page.wait_for_timeout(500)
    seen = {drawing.screenshot() for _ in range(4)}
    assert glides == (len(seen) > 1) == (wish == "no-preference")
    visit.context.close()
