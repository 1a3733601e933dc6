"""The course: every chapter opens, its experiment runs, and what it says are its run's numbers."""

import json
import re
from collections.abc import Iterator
from urllib.parse import parse_qsl

import pytest
from streamlit.testing.v1 import AppTest

from pages import _lab_server, _learn_memory, _server
from sogaal.jobs import JobState
from sogaal.populations import Populations
from tests.conftest import ROOT
from tests.pages.session import PATIENCE, hold, read, until


@pytest.fixture(scope="module")
def pool() -> Iterator[Populations]:
    with Populations(workers=2) as populations:
        yield populations


@pytest.fixture
def populations(monkeypatch: pytest.MonkeyPatch, pool: Populations) -> Iterator[Populations]:
    monkeypatch.setattr(_lab_server, "populations", lambda: pool)
    yield pool
    for population in pool:
        pool.cancel(population)
        population.wait(PATIENCE)


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

    def train_seeds(self, key: str) -> None:
        self.press(key)
        for population in _lab_server.populations():
            assert population.wait(PATIENCE)
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
    said = re.search(r"The AUC of this run is (\d\.\d+). Of the 30 most abnormal rows (\d+) are outliers", course.texts)
    assert said is not None
    assert 0.8 < float(said[1]) < 0.92
    assert int(said[2]) < 20
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
    said = re.search(r"At step 601 (\d+)% of the points", course.texts)
    assert said is not None
    kind = course.at.success if int(said[1]) > 60 else course.at.warning
    assert said[0] in kind[0].value
    assert course.at.dataframe[0].value["tensor"][0] == "g_weights.w1"
    course.at.select_slider("step_steps").set_value(100)
    course.look()
    assert "At step 101" in course.texts
    assert course.ticks == (4, 0)


def test_what_answers_the_question_of_a_step_waits_for_the_answer() -> None:
    course = Course(chapter="5")
    course.at.segmented_control("step_turn").set_value("g")
    for _ in range(5):
        course.press("step_next")
    assert "Arrows: the gradient of D" not in course.texts
    assert "At step 601" not in course.texts
    course.press("skip_step")
    assert "Arrows: the gradient of D" in course.texts
    assert "At step 601" in course.texts
    assert "You said" not in course.texts
    assert not [button for button in course.at.button if button.key == "skip_step"]
    course = Course(chapter="5", hide="predict")
    assert "Arrows: the gradient of D" in course.texts


def test_what_a_browser_kept_is_taken_up_and_what_is_no_such_thing_is_not() -> None:
    sent = {
        "said": {"step": "away", "losses": 3, "long": "x" * 200}, "done": ["step_said", 7], "jobs": ["no mapping"],
        "places": {"step_place": 4, "network_place": -1, "learn_chapter": 3}, "more": {"learn_fixed": "x"},
    }  # fmt: skip
    kept = _learn_memory.read(json.dumps(sent))
    assert kept["said"] == {"step": "away"}
    assert kept["done"] == {"step_said"}
    assert kept["jobs"] == {}
    assert kept["places"] == {"step_place": 4}
    assert set(kept) == {"said", "done", "jobs", "populations", "beside", "places"}
    for other in ("", "no json", "[1]", "null", None):
        assert _learn_memory.read(other) == {}


def test_detector() -> None:
    course = Course(chapter="4", max_epochs="61", eval_every="10")
    course.answer("agpo", "turns")
    course.press("run_agpo")
    said = re.search(r"20 features: after 122 steps noise (\d\.\d+) \((\d\.\d+) to (\d\.\d+)\)", course.texts)
    assert said is not None
    assert float(said[2]) <= float(said[1]) <= float(said[3])
    course.at.select_slider("agpo_d").set_value(2)
    course.look()
    assert list(course.at.dataframe[0].value["features"]) == [2, 20]
    assert re.search(r"2 features: how far out .* (\d+\.\d)% of the noise", course.texts)
    assert any("ball in cube" in one.value and "0.785" in one.value for one in course.at.latex)
    course.answer("tables", "noise")
    course.press("run_tables")
    course.at.segmented_control("tables_name").set_value("highdim")
    course.look()
    assert "highdim: mean AUC by step" in course.texts
    assert course.ticks == (6, 4)


def test_when_to_stop_g() -> None:
    course = Course(chapter="4")
    course.answer("stop", "falls")
    course.run("run_stop")
    said = re.search(
        r"was (\d\.\d+) at best, at step [\d,]+; it is (\d\.\d+) when G stops \(step 4,002\)", course.texts
    )
    assert said is not None
    assert float(said[1]) - float(said[2]) > 0.05
    assert course.at.success[0].value.startswith("As you said")
    course.at.select_slider("stop_epochs").set_value(300)
    course.look()
    course.run("run_stop")
    tried = course.at.dataframe[0].value
    assert list(tried["stop_epochs"]) == [300, 2000]
    assert tried["AUC at stop"][0] > 0.95
    assert course.ticks == (3, 7)


def test_figures(populations: Populations) -> None:
    course = Course(chapter="7", stop_epochs="30", seed="3")
    course.answer("figures", "near")
    for number in (4, 5, 6):
        course.train_seeds(f"run_figure_{number}")
    assert [population.plan.seeds for population in list(populations)[-3:]] == [tuple(range(3, 11))] * 3
    ended = re.findall(r"Where all 8 seeds end, (\d\.\d+) to (\d\.\d+)", course.texts)
    assert len(ended) == 3
    low, high = ended[0]
    assert f"8 seeds end between {low} and {high}" in course.texts
    course.at.select_slider("figure_4_seed").set_value(10)
    course.look()
    assert "Seed 10, drawn as in the post" in course.texts
    course.answer("causes", "start")
    course.train_seeds("run_causes")
    moved = re.search(
        r"mean AUC at the end by ([+-]\d\.\d+); a new order each epoch instead of one moves it", course.texts
    )
    assert moved is not None
    assert course.ticks == (7, 4)


def test_the_rule(populations: Populations) -> None:
    course = Course(chapter="7", lr_g="0.001")
    course.run("run_rule_onecluster")
    assert "Move it to where" in course.texts
    course.at.slider("rule_mark_onecluster").set_value(200)
    course.look()
    assert re.search(
        r"95 % of its fall to \d\.\d+ is done near [\d,]+: your mark stands [\d,]+ (before|after)", course.texts
    )
    assert "= 100" in course.at.latex[1].value
    course.answer("try", "lower")
    course.train_seeds("run_try_onecluster")
    assert list(course.at.dataframe[0].value["stop_epochs"]) == [100]
    assert course.ticks == (4, 7)
    course.at.segmented_control("rule_table").set_value("breast_cancer")
    course.look()
    course.run("run_rule_breast_cancer")
    assert "\\lceil 367 / 500 \\rceil" in course.at.latex[1].value
    last = list(populations)[-1]
    assert [setup.config.lr_g for setup in last.plan.setups] == [0.001]


def test_what_the_server_has_forgotten_is_said(populations: Populations, monkeypatch: pytest.MonkeyPatch) -> None:
    course = Course(chapter="7", stop_epochs="5")
    course.train_seeds("run_figure_5")
    assert "Where all 8 seeds end" in course.texts
    assert list(populations)
    with Populations(workers=1) as others:
        monkeypatch.setattr(_lab_server, "populations", lambda: others)
        course.look()
        assert "The server has forgotten these runs" in course.texts


@pytest.mark.parametrize("chapter", ["4", "7"])
def test_a_class_sees_no_controls_where_they_are_hidden(chapter: str, populations: Populations) -> None:
    course = Course(chapter=chapter, hide="controls,predict,checklist", start="1", max_epochs="21", stop_epochs="10")
    for population in populations:
        assert population.wait(PATIENCE)
    course.look()
    kinds = (course.at.select_slider, course.at.slider, course.at.segmented_control)
    assert not [widget for kind in kinds for widget in kind]
    started = "20 features: mean AUC" if chapter == "4" else "Where all 8 seeds end"
    assert started in course.texts
    assert course.ticks == (0, 0)


def test_the_tour_shows_a_failure_its_diagnosis_and_what_changes_it() -> None:
    course = Course(chapter="8", failure="mode_collapse")
    assert "### Mode collapse" in course.texts
    course.answer("tour_mode_collapse", "good")
    course.run("run_tour_mode_collapse")
    came = re.search(r"AUC (0\.\d+); losses at step 2,002", course.texts)
    assert came is not None
    assert float(came[1]) < 0.9
    assert course.at.warning[0].value.startswith("You said")
    assert "Mode collapse: G makes nearly one point" in course.texts
    course.run("run_tour_mode_collapse_changed")
    assert "**B**: Learning rate of G: 0.0001, seed 0" in course.texts
    course.run("run_tour_mode_collapse_mo")
    aucs = [float(auc) for auc in re.findall(r"AUC ([\d.]+); losses", course.texts)]
    assert max(aucs) > 0.9 > min(aucs)
    assert len(aucs) == 2
    jobs = [(job.config.algorithm, job.config.lr_g) for job in _server.registry().jobs()]
    assert sorted(jobs) == [("mo-gaal", 0.002), ("so-gaal", 0.0001), ("so-gaal", 0.002)]
    assert course.ticks == (4, 1)


def test_a_run_of_the_course_pauses_and_goes_on() -> None:
    course = Course(chapter="8", failure="over_trained", stop_epochs="50000")
    course.press("run_tour_over_trained")
    [job] = _server.registry().jobs()
    course.press("pause_tour_over_trained")
    hold(job)
    course.press("resume_tour_over_trained")
    until(lambda: job.snapshot().state == JobState.RUNNING)
    job.stop()


@pytest.mark.parametrize(("chapter", "first"), [("1", "labels"), ("4", "agpo"), ("6", "reading"), ("7", "figure_4")])
def test_space_starts_the_first_experiment_of_a_chapter(chapter: str, first: str) -> None:
    course = Course(chapter=chapter)
    assert [button.key for button in course.at.button if button.proto.shortcut == "space"] == [f"run_{first}"]


def test_a_click_that_is_sent_twice_moves_one_part() -> None:
    course = Course(chapter="2")
    draw = course.at.session_state["draw"]
    course.press("network_next")
    # A second message with the same click comes before the page was drawn anew: the page has noted the first one.
    assert course.at.session_state["acted"]["network"] == draw
    assert course.at.session_state["draw"] == draw + 1
    assert "part 1 of 7" in course.texts


def test_a_link_for_a_class_does_what_it_says() -> None:
    course = Course(chapter="8")
    course.press("tour_to_unscaled")
    course.at.multiselect("link_fields").set_value(["lr_g", "shuffle"])
    course.look()
    course.at.text_input("link_lr_g").set_value("fast")
    course.look()
    assert [read(error.value) for error in course.at.error] == [
        "lr_g must be a finite number over 0 and at most 10, got 'fast'."
    ]
    course.at.text_input("link_lr_g").set_value("0.02")
    course.at.selectbox("link_shuffle").set_value("once")
    course.at.multiselect("link_hide").set_value(["controls"])
    course.at.toggle("link_start").set_value(True)
    course.look()
    assert not course.at.error
    said = dict(parse_qsl(course.at.code[0].value.partition("?")[2]))
    assert said == {
        "chapter": "8", "failure": "unscaled", "lr_g": "0.02", "shuffle": "once", "hide": "controls", "start": "1",
    }  # fmt: skip
    pupil = Course(**said)
    [job] = _server.registry().jobs()
    assert (job.config.lr_g, job.config.shuffle, job.scaling) == (0.02, "once", "none")
    assert not [one for one in pupil.at.number_input if str(one.key).startswith("tour_seed")]
    job.stop()


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
        ({"failure": "boredom"}, "failure must be one of"),
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
