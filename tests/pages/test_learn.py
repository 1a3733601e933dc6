"""The course: every chapter opens, its experiment runs, and what it says are its run's numbers."""

import re

import pytest
from streamlit.testing.v1 import AppTest

from pages import _server
from tests.conftest import ROOT
from tests.pages.session import PATIENCE, read


class Course:
    """A visitor of the course at an address."""

    def __init__(self, **address: str) -> None:
        self.at = AppTest.from_file(ROOT / "app.py", default_timeout=PATIENCE)
        self.at.switch_page("pages/learn.py")
        for name, value in address.items():
            self.at.query_params[name] = value
        self.look()

    def look(self) -> None:
        self.at.run()
        assert not self.at.exception

    def press(self, key: str) -> None:
        self.at.button(key).click()
        self.look()

    def run(self, key: str) -> None:
        self.press(key)
        for job in _server.registry().jobs():
            assert job.wait(PATIENCE)
        self.look()

    def answer(self, name: str, choice: str) -> None:
        self.at.radio(f"predict_{name}").set_value(choice)
        self.look()

    @property
    def texts(self) -> str:
        kinds = (self.at.markdown, self.at.caption, self.at.success, self.at.warning, self.at.info, self.at.latex)
        return "\n".join(read(element.value) for kind in kinds for element in kind)

    @property
    def ticks(self) -> tuple[int, int]:
        """(done, open) entries of the checklist."""
        return self.texts.count(":material/check_box:"), self.texts.count(":material/check_box_outline_blank:")


def test_labels() -> None:
    course = Course()
    assert course.ticks == (0, 4)
    course.at.toggle("labels_toggle").set_value(True)
    course.answer("labels", "most")
    course.press("run_labels")
    said = re.search(r"(\d+\.\d)% of new rows are judged rightly, and (\d+)% of the outliers", course.texts)
    assert said is not None
    assert float(said[1]) > 96
    assert int(said[2]) < 20
    assert course.at.warning[0].value.startswith("You said")
    course.at.select_slider("labels_count").set_value(106)
    course.look()
    assert course.ticks == (4, 0)
    assert "At 106 labelled outliers" in course.texts


def test_network() -> None:
    course = Course(chapter="2")
    assert "D is 2-32-1" in course.texts
    course.answer("network", "down")
    for _ in range(7):
        course.press("network_next")
    said = re.search(r"D\(G\(z\)\) was (\d\.\d+) on average and is (\d\.\d+)", course.texts)
    assert said is not None
    kind = course.at.success if float(said[2]) < float(said[1]) else course.at.warning
    assert said[0] in kind[0].value
    course.at.toggle("network_own").set_value(True)
    course.look()
    assert "D is 10-11-1" in course.texts
    assert course.ticks == (3, 0)
    course.press("network_back")
    assert "part 6 of 7" in course.texts


def test_losses() -> None:
    course = Course(chapter="3")
    course.at.slider("losses_p").set_value(0.25)
    course.look()
    assert "slope is -1.33 for the zero-sum loss (dashed) and -4.00" in course.texts
    course.answer("losses", "trained")
    course.run("run_losses")
    assert course.at.success[0].value.startswith("As you said")
    ratio = re.search(r"pushes a point ([\d.,]+) times as hard", course.texts)
    assert ratio is not None
    assert float(ratio[1].replace(",", "")) > 3
    assert course.ticks == (3, 0)


def test_reading() -> None:
    course = Course(chapter="6")
    course.answer("reading", "most")
    course.run("run_reading")
    said = re.search(r"The AUC of this run is (\d\.\d+). Of the 30 most abnormal rows (\d+)%", course.texts)
    assert said is not None
    assert 0.8 < float(said[1]) < 0.92
    assert int(said[2]) < 67
    course.at.slider("reading_count").set_value(100)
    course.at.select_slider("reading_percent").set_value(0.5)
    course.look()
    assert course.ticks == (4, 0)
    assert "π" not in course.at.title[0].value


def test_step() -> None:
    course = Course(chapter="5")
    course.answer("step", "towards")
    for _ in range(5):
        course.press("step_next")
    tensors = list(course.at.dataframe[0].value["tensor"])
    assert tensors == ["d_weights.w1", "d_weights.b1", "d_weights.w2", "d_weights.b2"]
    assert list(course.at.dataframe[0].value["shape"]) == ["2 × 32", "32", "32", "a number"]
    course.at.segmented_control("step_turn").set_value("g")
    course.look()
    said = re.search(r"At step 101 (\d+)% of the points", course.texts)
    assert said is not None
    kind = course.at.success if int(said[1]) > 60 else course.at.warning
    assert said[0] in kind[0].value
    assert course.at.dataframe[0].value["tensor"][0] == "g_weights.w1"
    course.at.select_slider("step_steps").set_value(600)
    course.look()
    assert "At step 601" in course.texts
    assert course.ticks == (4, 0)


def test_an_address_opens_a_chapter_fixes_hides_and_starts() -> None:
    course = Course(chapter="3", seed="7", hide="predict,checklist,controls", start="1")
    [job] = _server.registry().jobs()
    assert job.config.seed == 7
    assert not [radio for radio in course.at.radio if radio.key and radio.key.startswith("predict_")]
    assert not course.at.slider
    assert course.ticks == (0, 0)
    address = {name: course.at.query_params[name] for name in course.at.query_params}
    assert {name: value if isinstance(value, str) else value[0] for name, value in address.items()} == {
        "chapter": "3", "seed": "7", "hide": "checklist,controls,predict",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ({"chapter": "99"}, "chapter must be one of"),
        ({"lr_g": "fast"}, "lr_g must be"),
        ({"hide": "everything"}, "hide may name"),
    ],
)
def test_a_bad_address_is_named(address: dict[str, str], words: str) -> None:
    course = Course(**address)
    assert words in course.texts
    assert course.at.title[0].value.startswith("1.")


def test_nothing_is_locked_and_answers_last() -> None:
    course = Course(chapter="3")
    course.answer("losses", "same")
    course.press("chapter_6")
    assert course.at.title[0].value.startswith("6.")
    course.press("chapter_3")
    assert course.at.radio("predict_losses").value == "same"
    assert course.ticks == (1, 2)
