"""The player in a real browser: as a file on the disk, and as a part of a Streamlit page."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page

from sogaal.metrics import outlier_score
from sogaal.replay import replay_page
from tests.browser.serving import serve
from tests.replay.runs import Recorded, record

pytestmark = pytest.mark.browser
HOSTILE = "</script><b class=harm>"

AT_REST = "!sogaalReplay.playing && sogaalReplay.goal === null"
PLANE = """(() => {
  const canvas = document.querySelector(".replay-plane");
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return [...data.filter((_, n) => n % 37 === 0)];
})()"""
# D on the grid that was painted, with the places of the grid's points.
MAP = """(() => {
  const { plane, run } = sogaalReplay;
  const [x0, x1, y0, y1] = run.view;
  const cells = plane.cells;
  const found = [];
  for (let row = 0; row < cells; row += 7) {
    for (let column = 0; column < cells; column += 7) {
      const u = x0 + (column / (cells - 1)) * (x1 - x0), v = y1 - (row / (cells - 1)) * (y1 - y0);
      found.push([u, v, 1 / (1 + Math.exp(-plane.logits[row * cells + column])), sogaalReplay.discriminator(u, v)]);
    }
  }
  return found;
})()"""


@dataclass
class Seen:
    """A page with the replay, what it complained about and what it asked the network for."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    @property
    def step(self) -> float:
        return self.page.evaluate("sogaalReplay.moment.step")

    def until(self, condition: str) -> None:
        """Wait for something in the page. Playwright's own way evaluates text, which the file's policy forbids."""
        deadline = time.monotonic() + 60
        while not self.page.evaluate(condition):
            assert time.monotonic() < deadline, f"waited in vain for {condition}"
            time.sleep(0.02)

    def rest(self) -> None:
        self.until(AT_REST)

    def go(self, step: int) -> None:
        self.page.evaluate(f"sogaalReplay.rest({step})")
        self.rest()

    def button(self, name: str) -> Any:
        return self.page.get_by_role("button", name=name, exact=True)


def look(browser: Browser, url: str, width: int = 1440, **options: Any) -> Iterator[Seen]:
    context = browser.new_context(viewport={"width": width, "height": 900}, **options)
    page = context.new_page()
    seen = Seen(page)
    page.on("console", lambda m: seen.complaints.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: seen.complaints.append(str(error)))
    page.on("request", lambda request: seen.requests.append(request.url))
    page.goto(url)
    seen.until("globalThis.sogaalReplay?.paints > 0")
    yield seen
    context.close()


@pytest.fixture(scope="module")
def run() -> Recorded:
    return record()


@pytest.fixture(scope="module")
def address(run: Recorded, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("replay") / "replay.html"
    path.write_text(replay_page(run.payload(title=f"a cluster {HOSTILE}"), HOSTILE), encoding="utf-8")
    return path.as_uri()


@pytest.fixture
def seen(browser: Browser, address: str) -> Iterator[Seen]:
    for seen in look(browser, address):
        yield seen
        assert seen.complaints == []


# -- the file ------------------------------------------------------------------------------------------------------


def test_it_plays_by_itself_and_asks_the_network_for_nothing(seen: Seen, address: str) -> None:
    before = seen.step
    seen.until(f"sogaalReplay.moment.step > {before}")
    assert [url for url in seen.requests if not url.startswith("data:")] == [address]


def test_pause_holds_at_a_recorded_frame(seen: Seen, run: Recorded) -> None:
    seen.button("Pause").click()
    seen.rest()
    held = seen.step
    assert held in [frame.step for frame in run.frames]
    paints = seen.page.evaluate("sogaalReplay.paints")
    seen.page.wait_for_timeout(400)
    assert (seen.step, seen.page.evaluate("sogaalReplay.paints")) == (held, paints)
    seen.button("Play").click()
    seen.until(f"sogaalReplay.moment.step > {held}")


def test_the_scrub_bar_changes_the_plane_and_the_words(seen: Seen, run: Recorded) -> None:
    seen.go(0)
    before, box = seen.page.evaluate(PLANE), seen.page.locator(".replay-scrub input").bounding_box()
    seen.page.mouse.click(box["x"] + 0.7 * box["width"], box["y"] + box["height"] / 2)
    seen.rest()
    assert abs(seen.step / run.trainer.total_steps - 0.7) < 0.08
    after = seen.page.evaluate(PLANE)
    changed = np.mean(np.array(before) != np.array(after))
    assert changed > 0.05
    words = f"step {seen.step:.0f} of {run.trainer.total_steps}"
    assert words in seen.page.locator(".replay-counter").inner_text()
    assert words in seen.page.locator(".replay-plane").get_attribute("aria-label")
    assert words in seen.page.get_by_role("status").inner_text()


@pytest.mark.parametrize("number", [0, 5, -1])
def test_the_map_in_the_browser_is_d(seen: Seen, run: Recorded, number: int) -> None:
    frame = run.frames[number]
    seen.go(frame.step)
    found = np.array(seen.page.evaluate(MAP))
    expected = 1 - outlier_score(frame.discriminator.logits(run.plane.lift(found[:, :2].astype(np.float32))))
    assert np.abs(found[:, 2] - expected).max() < 1e-4
    assert np.abs(found[:, 3] - expected).max() < 1e-4
    assert len(found) > 400
    assert number == 0 or np.ptp(expected) > 0.05


def test_dots_stand_where_the_frame_has_them_and_glide_between(seen: Seen, run: Recorded) -> None:
    seen.go(run.frames[4].step)
    dots = "[...sogaalReplay.moment.points]"
    first = np.array(seen.page.evaluate(dots)).reshape(-1, 2)
    assert np.abs(first - run.plane.project(run.frames[4].generated)).max() < 1e-3
    middle = (run.frames[4].step + run.frames[5].step) / 2
    seen.page.evaluate(f"sogaalReplay.drag({middle})")
    seen.until(f"sogaalReplay.moment.step === {middle}")
    between = np.array(seen.page.evaluate(dots)).reshape(-1, 2)
    expected = (run.plane.project(run.frames[4].generated) + run.plane.project(run.frames[5].generated)) / 2
    assert np.abs(between - expected).max() < 1e-3


def test_the_keyboard_plays_and_moves(seen: Seen, run: Recorded) -> None:
    seen.go(0)
    steps = [frame.step for frame in run.frames]
    for key, expected in (("ArrowRight", steps[1]), ("ArrowRight", steps[2]), ("ArrowLeft", steps[1])):
        seen.page.keyboard.press(key)
        seen.rest()
        assert seen.step == expected
    seen.page.keyboard.press("End")
    seen.rest()
    assert seen.step == steps[-1]
    seen.page.keyboard.press("Home")
    seen.rest()
    assert seen.step == steps[0]
    seen.page.keyboard.press("Space")
    seen.until("sogaalReplay.playing && sogaalReplay.moment.step > 0")
    seen.page.keyboard.press("Space")
    seen.rest()
    # The scrub bar has keys of its own; here they mean frames too.
    seen.go(0)
    seen.page.get_by_role("slider", name="Step").press("ArrowRight")
    seen.rest()
    assert seen.step == steps[1]


def test_g_stops_is_a_place_to_go_to_and_a_badge(seen: Seen, run: Recorded) -> None:
    seen.go(0)
    badge = seen.page.get_by_text("G has stopped", exact=True)
    assert not badge.is_visible()
    seen.button("Go to where G stops").click()
    seen.rest()
    assert abs(seen.step - run.trainer.stop_step) < 3
    seen.button("Go to the end").click()
    seen.rest()
    assert badge.is_visible()


def test_it_stops_at_the_end_or_begins_again(seen: Seen, run: Recorded) -> None:
    last = run.frames[-1].step
    seen.page.get_by_label("Speed").select_option("8")
    seen.page.evaluate(f"sogaalReplay.step = {last} - 1; sogaalReplay.play()")
    seen.rest()
    assert seen.step == last
    seen.button("Play again and again").click()
    seen.page.evaluate(f"sogaalReplay.step = {last} - 1; sogaalReplay.play()")
    seen.until(f"sogaalReplay.playing && sogaalReplay.moment.step < {last} / 2")


def test_a_still_is_a_png_of_a_good_size(seen: Seen, tmp_path: Path) -> None:
    seen.go(30)
    with seen.page.expect_download() as waiting:
        seen.button("Save this moment as a PNG").click()
    assert waiting.value.suggested_filename.startswith("a-cluster-script-b-class-harm-step-30")
    waiting.value.save_as(tmp_path / "still.png")
    with Image.open(tmp_path / "still.png") as image:
        assert (image.format, image.size) == ("PNG", (2480, 1520))
        assert len(image.convert("RGB").resize((310, 190)).getcolors(100_000)) > 500


def test_a_hostile_name_is_shown_as_it_is(seen: Seen) -> None:
    assert seen.page.locator("h2").inner_text() == f"a cluster {HOSTILE}"
    assert seen.page.title() == HOSTILE
    assert seen.page.locator(".harm").count() == 0


def test_less_motion_means_no_play_by_itself_and_no_glide(browser: Browser, address: str, run: Recorded) -> None:
    for seen in look(browser, address, reduced_motion="reduce"):
        assert not seen.page.evaluate("sogaalReplay.playing")
        seen.page.evaluate(
            """() => {
              globalThis.places = new Set();
              const { moment } = sogaalReplay, move = moment.move.bind(moment);
              moment.move = (step) => { places.add(step); move(step); };
              sogaalReplay.play();
            }"""
        )
        seen.until("places.size > 8")
        assert set(seen.page.evaluate("[...places]")) <= {frame.step for frame in run.frames}


def test_the_file_follows_the_colours_of_the_system(seen: Seen) -> None:
    seen.go(30)
    light = seen.page.evaluate(PLANE)
    seen.page.emulate_media(color_scheme="dark")
    seen.until("sogaalReplay.theme === sogaalReplay.run.themes.dark")
    assert np.mean(np.array(light) != np.array(seen.page.evaluate(PLANE))) > 0.3
    ground = seen.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == "rgb(18, 23, 29)"


@pytest.mark.parametrize("width", [400, 700, 1024, 1600])
def test_it_fits_its_place_and_does_not_jump(browser: Browser, address: str, width: int) -> None:
    for seen in look(browser, address, width, device_scale_factor=2):
        sizes = """[...document.querySelectorAll(".replay-plane, .replay-curves")].map((c) => {
          const box = c.getBoundingClientRect();
          return [box.left, box.top, box.width, box.height, c.width / box.width, c.height / box.height];
        })"""
        seen.go(0)
        plane, curves = before = seen.page.evaluate(sizes)
        assert seen.page.evaluate("document.documentElement.scrollWidth") <= width
        assert (curves[1] >= plane[1] + plane[3]) is (width < 860)
        assert [*plane[4:], *curves[4:]] == pytest.approx([2, 2, 2, 2], abs=0.02)
        seen.go(1000)
        assert seen.page.evaluate(sizes) == before


# -- in the dashboard ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    yield from serve(tmp_path_factory.mktemp("app"), "replay_app.py")


def test_in_the_dashboard_it_rests_at_the_end_and_outlasts_a_rerun(browser: Browser, app: str, run: Recorded) -> None:
    for seen in look(browser, app):
        assert seen.step == run.frames[-1].step
        assert not seen.page.evaluate("sogaalReplay.playing")
        seen.go(30)
        seen.page.evaluate("document.querySelector('canvas').marked = sogaalReplay.marked = true")
        reruns = len(seen.requests)
        seen.button("Rerun").click()
        seen.page.wait_for_timeout(1500)
        assert seen.page.evaluate("[sogaalReplay.marked, document.querySelector('canvas').marked]") == [True, True]
        assert (seen.step, len(seen.requests)) == (30, reruns)
        assert seen.complaints == []


def test_in_the_dashboard_keys_belong_to_the_player_that_has_the_focus(browser: Browser, app: str) -> None:
    for seen in look(browser, app):
        seen.go(0)
        seen.page.get_by_role("region", name="Replay of a cluster").focus()
        seen.page.keyboard.press("ArrowRight")
        seen.until("sogaalReplay.moment.step > 0")
        seen.rest()
        held = seen.step
        seen.button("Rerun").focus()
        seen.page.keyboard.press("ArrowRight")
        seen.page.wait_for_timeout(300)
        assert seen.step == held


def test_in_the_dashboard_it_follows_the_theme_of_the_page(browser: Browser, app: str) -> None:
    for seen in look(browser, app):
        assert seen.page.evaluate("sogaalReplay.dark") is False
        seen.page.emulate_media(color_scheme="dark")
        seen.until("sogaalReplay.theme === sogaalReplay.run.themes.dark")


def test_the_file_from_the_dashboard_plays(browser: Browser, app: str, tmp_path: Path) -> None:
    for seen in look(browser, app, accept_downloads=True):
        with seen.page.expect_download() as waiting:
            seen.button("Replay as a file (HTML)").click()
        waiting.value.save_as(tmp_path / "replay.html")
    for seen in look(browser, (tmp_path / "replay.html").as_uri()):
        assert seen.page.locator("h2").inner_text() == "a cluster"
        assert seen.complaints == []
