"""The Sweep page: its controls, a sweep from start to its best as a run, stopping, going on, and other ways in."""

from collections.abc import Iterator

import pytest
from streamlit.testing.v1 import AppTest

from pages import _saved, _server, _sweep_server
from sogaal.config import FIELDS, TrainConfig
from sogaal.jobs import JobState
from sogaal.labelfree.choosing import against_auto_words, short_words, words
from sogaal.pool import RunPool
from sogaal.sweep import OBJECTIVES, Budget, Sweep, TrialState, untuned_words
from tests.conftest import ROOT
from tests.pages.session import PATIENCE, Session, until


@pytest.fixture(scope="module")
def pool() -> Iterator[RunPool]:
    with RunPool(1) as pool:
        yield pool


@pytest.fixture(autouse=True)
def sweeps(monkeypatch: pytest.MonkeyPatch, pool: RunPool) -> Iterator[dict[str, Sweep]]:
    known: dict[str, Sweep] = {}
    monkeypatch.setattr(_sweep_server, "_sweeps", lambda: known)
    monkeypatch.setattr(_sweep_server, "shared_pool", lambda: pool)
    yield known
    for sweep in known.values():
        sweep.stop()
        sweep.wait(PATIENCE)


class Visit(Session):
    """A browser tab on the Sweep page."""

    def __init__(self, **address: str) -> None:
        self.at = AppTest.from_file(ROOT / "app.py", default_timeout=PATIENCE)
        self.at.run()
        self.at.switch_page("pages/sweep.py")
        self.at.query_params.clear()  # what the first page had put there
        for name, value in address.items():
            self.at.query_params[name] = value
        self.look()

    def write(self, field: str, text: str) -> "Visit":
        self.at.text_input(f"sweep_range_{field}").set_value(text)
        self.look()
        return self

    def number(self, name: str, value: float | None) -> "Visit":
        self.at.number_input(f"sweep_{name}").set_value(value)
        self.look()
        return self

    def vary(self, *fields: str) -> "Visit":
        self.at.multiselect("sweep_fields").set_value(list(fields))
        self.look()
        return self

    @property
    def sweep(self) -> Sweep:
        return _sweep_server._sweeps()[self.value("sweep_id")]

    def finish_sweep(self) -> Sweep:
        assert self.sweep.wait(PATIENCE)
        self.look()
        return self.sweep

    def small(self, trials: int = 3, seeds: int = 1) -> "Visit":
        return self.vary("lr_g", "momentum").number("stop", 3).number("trials", trials).number("seeds", seeds)


def test_from_the_controls_to_the_best_as_a_run() -> None:
    page = Visit()
    assert page.says("Set: lr_g=")
    page.small(trials=4, seeds=2)
    page.press("Start a sweep")
    sweep = page.finish_sweep()
    assert sweep.spec.fields == ("lr_g", "momentum")
    assert page.address["id"] == page.value("sweep_id")
    best = sweep.best()[0]
    assert page.says(f"Best AUC at stop **{best.value:.4f}** · trial {best.number} · ")
    assert page.says("chosen with labels")
    assert page.says("**4** of 4 trials")
    assert page.has_chart("sweep_course")
    assert page.has_chart("sweep_parallel")
    page.press("Open the best as a run")
    job = page.finish()
    assert job.parent == sweep.id
    summary = job.snapshot().result.summary
    assert {**summary, "seconds": 0} == {**summary, **best.runs[0].numbers, "seconds": 0}
    playground = Session(run=job.id)
    assert playground.button("From a sweep, chosen with labels")


def test_every_view_draws_and_a_trial_opens() -> None:
    page = Visit().small(trials=5)
    page.press("Start a sweep")
    sweep = page.finish_sweep()
    for view, chart in (("Slices", "sweep_slices"), ("Contour", "sweep_contour")):
        page.choose("sweep_view", view)
        assert page.has_chart(chart)
    page.choose("sweep_up", "lr_g")
    assert any("Choose two different" in info.value for info in page.at.info)
    page.choose("sweep_view", "Trials")
    rows = page.at.dataframe[0].value
    assert list(rows["trial"]) == [one.number for one in sweep.best(5)]
    assert page.says("The best first, chosen with labels.")
    page.at.session_state["sweep_trial"] = 1
    page.look()
    page.at.button("sweep_open_1_0").click()
    page.look()
    assert page.finish().config == sweep.spec.config(sweep.trials()[1].params, 0)


def test_back_and_forward_go_from_sweep_to_sweep() -> None:
    page = Visit()
    addresses = [page.address]
    for trials in (2, 1):
        page.small(trials=trials).press("Start a sweep")
        page.finish_sweep()
        addresses.append(page.address)
    page.number("trials", 7)
    for at, trials in ((1, 2), (2, 1), (0, 48), (2, 1)):
        page.back(addresses[at])
        assert page.address == addresses[at]
        assert page.value("sweep_id") == addresses[at].get("id")
        assert page.value("sweep_trials") == trials
    assert len(_sweep_server._sweeps()) == 2


def test_stopped_and_continued_from_another_server() -> None:
    page = Visit().small(trials=60).number("stop", 60)
    page.press("Start a sweep")
    sweep = page.sweep
    until(lambda: sweep.done >= 2)
    page.look().press("Stop")
    assert sweep.snapshot().state == JobState.STOPPED
    done = sweep.done
    token = page.value("sweep_id")
    _sweep_server._sweeps().clear()  # as after a restart
    _saved.changed()
    page = Visit(id=token)
    assert page.state == "stopped"
    assert page.says(f"**{done}** of 60 trials")
    page.number(f"until_{token}_{done}", done + 2)
    page.press("Continue")
    again = page.finish_sweep()
    assert (again.id, again.done) == (sweep.id, done + 2)
    assert page.state == "completed"
    assert [one for one in again.trials() if one.number < done and one.state == TrialState.COMPLETED]
    # And it is in the list, by which another tab opens it.
    other = Visit()
    other.at.button(f"sweep_show_{token}").click()
    other.look()
    assert other.address["id"] == token


def test_the_list_of_runs_leads_to_it() -> None:
    page = Visit().small()
    page.press("Start a sweep")
    page.finish_sweep()
    playground = Session(run=page.value("sweep_id"))
    links = [link.proto for link in playground.at.get("page_link") if link.proto.label.startswith("Open the sweep")]
    assert [link.query_string for link in links] == [f"id={page.value('sweep_id')}"]
    assert playground.says("3 runs on onecluster that differ in")


@pytest.mark.parametrize(
    ("field", "text", "said"),
    [
        ("lr_g", "0..1", "lr_g must be a finite number over 0 and at most 10, got 0.0."),
        ("momentum", "0.9..0.5", "momentum must have a lower end below its upper end, got 0.9..0.5."),
        ("momentum", "", "vary must be FIELD=LOW..HIGH or FIELD=VALUE,VALUE,..., got 'momentum='."),
    ],
)
def test_a_bad_range_is_said_beside_it_and_starts_nothing(field: str, text: str, said: str) -> None:
    page = Visit().small().write(field, text)
    assert page.errors == [said]
    assert page.button("Start a sweep").disabled


def test_bad_numbers_are_said_too() -> None:
    page = Visit().small()
    page.number("seeds", 0)
    assert page.errors == ["seeds must be 1 to 100 for AUC at stop, got 0."]
    page.number("seeds", 1).vary()
    assert page.errors == ["vary must name at least one parameter and its range, got none."]
    assert page.button("Start a sweep").disabled
    assert _server.store().entries() == []


@pytest.mark.parametrize(
    ("trials", "seconds", "said"),
    [
        (None, None, "trials or seconds must say when a sweep by tpe ends, got neither."),
        (0, None, "trials must be 1 to 100,000, got 0."),
        (3, -5.0, "seconds must be over 0, got -5."),
    ],
)
def test_a_bad_budget_is_said_beside_its_controls(trials: int | None, seconds: float | None, said: str) -> None:
    page = Visit().small().number("trials", trials).number("seconds", seconds)
    assert page.errors == [said]
    shown = [element for element in page.at.sidebar if element.type in ("number_input", "error")]
    place = next(at for at, element in enumerate(shown) if element.type == "error")
    assert [element.key for element in shown[place - 2 : place]] == ["sweep_trials", "sweep_seconds"]
    assert page.button("Start a sweep").disabled
    page.number("trials", 3).number("seconds", None)
    assert page.errors == []
    page.number("trials", None).choose("sweep_method", "grid")  # which comes to an end by itself
    assert page.errors == []
    assert not page.button("Start a sweep").disabled


def test_a_password_of_the_storage_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOGAAL_STORAGE", "postgresql+none://bob:hush/hu@sh@127.0.0.1:1/db")
    page = Visit().small()
    page.press("Start a sweep")
    assert len(page.errors) == 1
    said = page.errors[0].replace("\u2060", "")
    assert "bob:***@127.0.0.1:1/db" in said
    assert "hush" not in said
    assert "sh@" not in said


def test_an_address_that_is_none_is_named() -> None:
    page = Visit(id="000000000000")
    assert any("The sweep '000000000000' cannot be shown: " in text for text in page.warnings)
    assert "id" not in page.address


SET_UP = {
    "data": "moons",
    "objective": "seed_agreement",
    "method": "random",
    "seeds": "4",
    "trials": "none",
    "seconds": "90.5",
    "preset": "paper",
    "vary": "stop_epochs,k,lr_g",
    "stop_epochs": "10..50/3",
    "k": "2,3",
    "lr_g": "1e-5..1e-3:linear",
    "algorithm": "mo-gaal",
    "lr_d": "0.02",
    "hidden_size": "9",
    "scaling": "robust",
    "seed": "7",
    "search_seed": "9",
    "prune": "0",
    "view": "Trials",
}


def test_an_address_is_the_whole_set_up() -> None:
    page = Visit(**SET_UP)
    assert (page.errors, page.warnings) == ([], [])
    assert page.address == SET_UP
    page.vary("k", "lr_g").number("stop", 30).number("trials", 5).number("seconds", None)
    again = Visit(**page.address)
    assert again.address == page.address
    assert (again.address["stop_epochs"], again.address["trials"]) == ("30", "5")
    again.press("Start a sweep")
    spec = again.sweep.spec
    assert [one.text() for one in spec.space] == ["k=2,3", "lr_g=1e-05..0.001:linear"]
    assert (spec.method, spec.seeds, spec.prune, spec.scaling) == ("random", 4, False, "robust")
    assert (spec.base.algorithm, spec.base.lr_d, spec.base.seed, spec.sampler_seed) == ("mo-gaal", 0.02, 7, 9)
    assert (again.sweep.dataset.name, again.sweep.budget) == ("moons", Budget(5, None))


def test_a_set_up_of_the_page_comes_back_from_its_address() -> None:
    page = Visit().vary("lr_g", "shuffle").write("lr_g", "0.1..1").number("seeds", 2)
    page.at.toggle("sweep_prune").set_value(False)
    again = Visit(**page.look().address)
    names = ("fields", "seeds", "prune", "range_lr_g", "range_shuffle", "trials", "seconds", "objective")
    assert [again.value(f"sweep_{name}") for name in names] == [page.value(f"sweep_{name}") for name in names]


@pytest.mark.parametrize(
    ("name", "value", "entry", "kept"),
    [
        ("data", "../../etc/passwd", "data", "onecluster"),
        ("objective", "auc", "objective", "auc_stop"),
        ("method", "<script>", "method", "tpe"),
        ("preset", "auto", "preset", "post"),
        ("view", "Map", "view", "Overview"),
        ("vary", "lr_g,seed", "fields", ["lr_g"]),
        ("seeds", "0", "seeds", 3),
        ("seeds", "9" * 5000, "seeds", 3),
        ("trials", "-3", "trials", 48),
        ("trials", "many", "trials", 48),
        ("seconds", "nan", "seconds", None),
        ("seconds", "1e400", "seconds", None),
        ("stop_epochs", "auto", "stop", 100),
        ("stop_epochs", "10..50", "stop", 100),
        ("lr_d", "0", "changes", {}),
        ("scaling", "log", "changes", {}),
        ("prune", "yes", "prune", True),
        ("seed", str(2**32), "seed", 0),
        ("search_seed", "", "search_seed", 0),
    ],
)
def test_a_bad_value_in_the_address_is_named_and_replaced(name: str, value: str, entry: str, kept: object) -> None:
    address = {"vary": "momentum"} | {name: value}
    page = Visit(**address)
    assert page.value(f"sweep_{entry}") == kept
    assert len(page.warnings) == 1
    assert name in page.warnings[0]
    assert len(page.warnings[0]) < 600
    assert page.errors == []
    assert not page.button("Start a sweep").disabled


@pytest.mark.parametrize("text", ["0..1", "", "x" * 3000, "1e-5..1e400", "[a](b)..2"])
def test_a_bad_range_in_the_address_is_said_beside_its_control(text: str) -> None:
    page = Visit(vary="lr_g", lr_g=text)
    assert len(page.errors) == 1
    assert page.errors[0].startswith(("lr_g must", "vary must"))
    assert len(page.errors[0]) < 300
    assert page.button("Start a sweep").disabled
    page.write("lr_g", "1e-5..1e-3")
    assert page.errors == []


def test_objectives_say_whether_they_need_labels() -> None:
    page = Visit()
    for name, one in OBJECTIVES.items():
        page.choose("sweep_objective", name)
        assert page.says(one.says)
        assert page.says(short_words(name))
        assert page.at.selectbox("sweep_objective").help == words(name)
    page.choose("sweep_objective", "seed_agreement")
    page.small(seeds=2)
    page.press("Start a sweep")
    page.finish_sweep()
    assert page.says("chosen without labels")
    assert not page.says("chosen with labels")


def test_a_table_without_labels_gets_an_objective_that_needs_none() -> None:
    playground = Session()
    playground.upload("mine.csv", b"a,b\n" + b"".join(b"%d,%d\n" % (i % 7, i % 11) for i in range(60)))
    key = _server.upload_keys()[0]
    page = Visit()
    assert page.value("sweep_objective") == "auc_stop"
    page.choose("sweep_data", key)
    assert page.value("sweep_objective") == "rival_likeness"
    assert page.errors == []
    assert Visit(data=key).value("sweep_objective") == "rival_likeness"
    page.choose("sweep_objective", "excess_mass").choose("sweep_data", "moons")
    assert page.value("sweep_objective") == "excess_mass"  # what was chosen stays
    asked = Visit(data=key, objective="auc_stop")
    assert asked.errors == ["objective must be one that needs no labels, for mine has none, got 'auc_stop'."]


def test_it_starts_from_the_playgrounds_table_and_follows_when_another_is_taken_there() -> None:
    session = Session(data="wine")
    session.at.switch_page("pages/sweep.py")
    session.at.query_params.clear()
    session.look()
    assert session.value("sweep_data") == "wine"
    session.choose("sweep_data", "moons")
    session.at.switch_page("pages/playground.py")
    session.look()
    session.at.switch_page("pages/sweep.py")
    session.look()
    assert session.value("sweep_data") == "moons"  # nothing else was taken in between
    session.at.switch_page("pages/playground.py")
    session.look()
    session.upload("mine.csv", b"a,b\n" + b"".join(b"%d,%d\n" % (i % 7, i % 11) for i in range(60)))
    session.at.switch_page("pages/sweep.py")
    session.look()
    assert session.value("sweep_data") == _server.upload_keys()[-1]
    assert session.value("sweep_objective") == "rival_likeness"  # it has no labels
    assert session.at.number_input("sweep_stop").label == FIELDS["stop_epochs"].title


def test_the_best_without_labels_stands_beside_the_untuned_preset_auto() -> None:
    playground = Session()
    playground.upload("mine.csv", b"a,b\n" + b"".join(b"%d,%d\n" % (i % 7, i % 11) for i in range(60)))
    page = Visit()
    page.choose("sweep_data", _server.upload_keys()[0])
    page.small(trials=2)
    page.press("Start a sweep")
    sweep = page.finish_sweep()
    assert page.says("1 = the rows rank as kNN and Isolation Forest rank them")
    assert page.says(against_auto_words("rival_likeness"))
    shown = _sweep_server.look_up(page.value("sweep_id"))
    assert isinstance(shown, _sweep_server.Shown)
    untuned = _sweep_server.untuned(shown)
    assert untuned is not None
    assert untuned.wait(PATIENCE)
    page.look()
    assert untuned.value is not None
    assert page.says(untuned_words(sweep.spec, sweep.best()[0].value, untuned.value))
    assert page.says("Take the preset Auto") == (untuned.value >= sweep.best()[0].value)
    page.look()
    assert _sweep_server.untuned(shown) is untuned  # trained once


def test_a_stop_that_the_seeds_choose_stays_in_the_playground() -> None:
    page = Visit()
    page.at.switch_page("pages/playground.py")
    page.look()
    page.at.toggle(key="stop_auto").set_value(True)
    page.look()
    page.at.switch_page("pages/sweep.py")
    page.look()
    page.press("As in the Playground")
    assert page.at.session_state["sweep_stop"] == 1000
    assert not page.at.exception


def test_the_set_up_of_the_playground_is_taken_and_kept_over_pages() -> None:
    page = Visit()
    page.at.switch_page("pages/playground.py")
    page.look()
    page.type("lr_d", 0.02)
    page.at.switch_page("pages/sweep.py")
    page.look()
    page.press("As in the Playground")
    assert page.says("With Learning rate of D 0.02.")
    page.vary("k", "lr_g")
    page.write("k", "2,3")
    page.at.switch_page("pages/runs.py")
    page.look()
    page.at.switch_page("pages/sweep.py")
    page.look()
    assert page.value("sweep_range_k") == "2,3"
    assert page.value("sweep_fields") == ["k", "lr_g"]
    assert TrainConfig().lr_d != 0.02


def test_the_controls_take_the_sweep_that_an_address_names() -> None:
    page = Visit().small(trials=2).write("lr_g", "1e-4..1e-2/3").choose("sweep_method", "grid").number("trials", None)
    page.number("seed", 4)
    page.press("Start a sweep")
    sweep = page.finish_sweep()
    assert not page.says("The controls differ from this sweep.")
    other = Visit(id=page.value("sweep_id"))
    assert other.value("sweep_fields") == ["lr_g", "momentum"]
    assert other.value("sweep_range_lr_g") == "0.0001..0.01/3"
    assert (other.value("sweep_method"), other.value("sweep_seed"), other.value("sweep_stop")) == ("grid", 4, 3)
    assert not other.says("The controls differ from this sweep.")
    other.number("stop", 4)
    assert other.says("The controls differ from this sweep.")
    other.press("Take this sweep's set-up")
    assert other.value("sweep_stop") == 3
    assert not other.says("The controls differ from this sweep.")
    other.press("Start a sweep")
    again = other.finish_sweep()
    assert again is not sweep
    assert again.spec == sweep.spec


def test_what_was_set_stays_when_another_sweep_is_opened() -> None:
    page = Visit().small(trials=2)
    page.press("Start a sweep")
    sweep = page.finish_sweep()
    page.number("stop", 7)
    page.at.query_params["id"] = "elsewhere"
    page.look()
    page.at.query_params.clear()
    page.at.query_params["id"] = sweep.id[-12:]
    page.look()
    assert page.value("sweep_stop") == 7
    assert page.says("The controls differ from this sweep.")
