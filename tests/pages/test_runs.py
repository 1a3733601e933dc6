"""Runs: what is saved and under way as a table; found, named, opened, resumed, compared, deleted and brought back."""

import io
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages import _downloads, _run_rows, _saved, _server
from sogaal.config import make_config
from sogaal.data import Dataset, load_dataset
from sogaal.errors import RunError
from sogaal.jobs import Job, JobRegistry, JobState
from sogaal.outcomes import RunOutcome
from sogaal.runs import population_recorder
from sogaal.runs.groups import Group
from sogaal.runs.names import new_token
from sogaal.runs.population_recorder import PopulationRecorder
from sogaal.runs.store import RunStore
from tests.conftest import ROOT
from tests.pages.session import PATIENCE, Session, hold, read, until
from tests.runs.saved import save_population


def train(dataset: str = "onecluster", *, state: str = "completed", **changes: object) -> Job:
    """A short run of this server, which is saved."""
    config = make_config("post", **{"stop_epochs": 4, **changes})
    if state == "completed":
        job = _server.registry().submit(load_dataset(dataset), config)
    else:
        job = _server.registry().submit(load_dataset(dataset), config.replace(stop_epochs=100_000))
        until(lambda: job.snapshot().step > 5)
        if state == "stopped":
            job.stop()
    if state in ("completed", "stopped"):
        assert job.wait(PATIENCE)
    until(lambda: _saved.find(job.id) is not None)
    _saved.changed()
    return job


def short(job: Job) -> str:
    """What the table calls a run that nobody has named: what tells it from others stands first."""
    _, _, setup, seed = job.title.split(" · ")
    return f"{seed} · {setup}"


def restart(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a new server knows: nothing but the folder of runs."""
    old = _server.registry()
    old.shutdown()
    new = JobRegistry(RunStore(old.store.root))
    monkeypatch.setattr(_server, "registry", lambda: new)
    _saved.changed()


class Runs(Session):
    """A browser tab on Runs."""

    def __init__(self) -> None:
        self.at = AppTest.from_file(ROOT / "app.py", default_timeout=PATIENCE)
        self.at.run()
        self.at.switch_page("pages/runs.py")
        self.look()

    @property
    def table(self):
        return self.at.dataframe[0].value

    def select(self, *rows: int) -> "Runs":
        """Tick rows of the table."""
        key = self.at.dataframe[0].key
        self.at.session_state[key] = {"selection": {"rows": list(rows), "columns": [], "cells": []}}
        self.look()
        return self

    def can(self, label: str) -> bool:
        return not self.button(label).disabled

    def take_in(self, filename: str, content: bytes) -> None:
        """Import a zip."""
        self.at.file_uploader[-1].upload(filename, content)
        self.look()

    def filter(self, key: str, value: object) -> "Runs":
        kind = self.at.text_input if key == "runs_words" else self.at.multiselect
        kind(key).set_value(value)
        self.look()
        return self


def test_without_runs_it_leads_to_the_playground() -> None:
    page = Runs()
    assert any("There are no runs." in info.value for info in page.at.info)
    page.press("To the Playground")
    assert page.button("Train")


def test_each_run_is_a_row_with_its_numbers() -> None:
    job = train()
    going = train(state="running")
    page = Runs()
    assert [state.split()[1] for state in page.table["state"]] == ["running", "completed"]
    row = page.table.iloc[1]
    summary = job.snapshot().result.summary
    assert row["name"] == short(job)
    assert (row["dataset"], row["algorithm"]) == ("onecluster", "SO-GAAL")
    assert (row["auc_stop"], row["auc_final"], row["d_loss"]) == (
        summary["auc_stop"],
        summary["auc_final"],
        pytest.approx(summary["d_loss"]),
    )
    assert len(row["curve"]) > 3
    going.stop()
    assert going.wait(PATIENCE)


def test_columns_of_the_auc_are_there_where_a_run_has_labels() -> None:
    data = load_dataset("onecluster")
    unlabelled = Dataset("claims", data.X, None, data.ids, data.feature_names)
    job = _server.registry().submit(unlabelled, make_config("post", stop_epochs=2))
    assert job.wait(PATIENCE)
    page = Runs()
    assert list(page.table.columns) == [
        "state", "name", "dataset", "created", "tags", "algorithm", "d_loss", "g_loss", "seconds",
    ]  # fmt: skip
    train()
    page.look()
    assert list(page.table.columns[2:8]) == ["dataset", "created", "auc_stop", "auc_final", "auc_best", "curve"]
    page.filter("runs_dataset", ["claims"])
    assert "auc_final" not in page.table


def test_a_run_that_could_not_be_saved_is_listed_too(monkeypatch: pytest.MonkeyPatch) -> None:
    with JobRegistry(None) as unsaved:
        unsaved.store, kept = None, _server.store()
        monkeypatch.setattr(_server, "registry", lambda: unsaved)
        monkeypatch.setattr(_server, "store", lambda: kept)
        job = unsaved.submit(load_dataset("onecluster"), make_config("post", stop_epochs=2))
        assert job.wait(PATIENCE)
        page = Runs()
        assert list(page.table["name"]) == [short(job)]
        page.select(0)
        assert page.can("Open")
        assert not page.can("Delete")


def test_filters_search_and_order_say_which_rows() -> None:
    one, two, other = train(seed=1), train(seed=2, lr_d=0.05), train("moons")
    _server.store().annotate(one.id, name="Émile", tags=["demo"])
    _saved.changed()
    page = Runs()
    assert len(page.table) == 3
    assert list(page.filter("runs_dataset", ["moons"]).table["name"]) == [short(other)]
    page.filter("runs_dataset", [])
    assert list(page.filter("runs_tags", ["demo"]).table["name"]) == ["Émile"]
    page.filter("runs_tags", [])
    assert list(page.filter("runs_words", "lr_d=0.05").table["name"]) == [short(two)]
    assert list(page.filter("runs_words", "seed=2 so-gaal").table["name"]) == [short(two)]
    assert len(page.filter("runs_words", "stop_epochs=4").table) == 3
    # 0.01 and 0.05 begin so, and are other numbers.
    assert any("No run has all of this" in info.value for info in page.filter("runs_words", "lr_d=0.0").at.info)
    assert list(page.filter("runs_words", "émile").table["name"]) == ["Émile"]
    page.filter("runs_words", "")
    page.at.selectbox("runs_order").set_value("AUC at end")
    page.look()
    found = list(page.table["auc_final"])
    assert found == sorted(found, reverse=True)
    page.filter("runs_words", "nothing has this")
    assert any("No run has all of this" in info.value for info in page.at.info)


def test_a_run_is_named_tagged_and_noted() -> None:
    job = train()
    page = Runs().select(0)
    identity = _saved.find(job.id).id
    page.at.text_input(f"runs_name_{identity}").set_value("The *first*")
    page.at.multiselect(f"runs_tags_{identity}").set_value([])
    page.at.text_area(f"runs_note_{identity}").set_value("Look at\nthe spread.")
    page.press("Save")
    record = _saved.find(job.id).record
    assert (record.name, record.note) == ("The *first*", "Look at\nthe spread.")
    assert list(page.table["name"]) == ["The *first*"]
    playground = Session(run=job.id)
    assert playground.says("The *first*")
    assert playground.says("Look at the spread.")


def test_a_tag_goes_to_several_runs_at_once() -> None:
    jobs = [train(seed=seed) for seed in (0, 1)]
    _server.store().annotate(jobs[0].id, tags=["old"])
    _saved.changed()
    page = Runs().select(0, 1)
    page.at.multiselect[-1].set_value(["old"])
    page.press("Save")
    assert [_saved.find(job.id).record.tags for job in jobs] == [("old",), ("old",)]


def test_what_cannot_be_written_is_said_beside_the_form(monkeypatch: pytest.MonkeyPatch) -> None:
    train()
    page = Runs().select(0)

    def refuse(*_: object, **__: object) -> None:
        raise RunError("the disk is full.")

    monkeypatch.setattr(RunStore, "annotate", refuse)
    page.press("Save")
    assert page.errors == ["Not saved: the disk is full."]


def test_runs_are_deleted_and_brought_back_until_the_page_is_left() -> None:
    jobs = [train(seed=seed) for seed in (0, 1, 2)]
    page = Runs().select(0, 2)
    page.press("Delete")
    assert list(page.table["name"]) == [short(jobs[1])]
    assert page.says("2 runs deleted.")
    page.press("Undo")
    assert len(page.table) == 3
    page.select(0, 1, 2).press("Delete")
    assert any("3 runs deleted. There are no runs." in info.value for info in page.at.info)
    page.press("Undo")
    page.select(0).press("Delete")
    assert len(_server.store().trashed()) == 1
    page.at.switch_page("pages/playground.py")
    page.look()
    assert _server.store().trashed() == []
    assert len(_saved.records()) == 2


def test_a_run_under_way_is_not_deleted() -> None:
    going = train(state="running")
    page = Runs().select(0)
    assert not page.can("Delete")
    assert not page.can("Resume")
    going.stop()
    assert going.wait(PATIENCE)


def test_open_shows_the_run_on_the_playground() -> None:
    job = train(lr_d=0.03)
    page = Runs().select(0)
    page.press("Open")
    assert page.address["run"] == job.id
    assert page.state == "completed"


def test_two_to_eight_runs_are_compared() -> None:
    jobs = [train(seed=seed) for seed in (0, 1)]
    page = Runs().select(0)
    assert not page.can("Compare")
    page.select(0, 1).press("Compare")
    assert set(page.value("compare_ids")) == {job.id for job in jobs}
    assert page.has_chart("compare_curves")


def test_a_set_up_goes_into_the_form() -> None:
    train("moons", lr_d=0.07, seed=5)
    page = Runs().select(0)
    page.press("Use set-up")
    assert (page.field("dataset"), page.field("lr_d"), page.field("seed")) == ("moons", 0.07, 5)
    assert page.button("Train")


def test_a_stopped_run_goes_on_from_the_list() -> None:
    job = train(state="stopped")
    page = Runs().select(0)
    page.press("Resume")
    assert page.state in ("running", "queued")
    again = _server.registry().get(job.id)
    assert again is not job
    until(lambda: again.snapshot().step > job.snapshot().step)
    again.stop()
    assert again.wait(PATIENCE)


def test_what_is_no_run_is_listed_with_the_reason() -> None:
    train()
    (_server.store().root / "holiday pictures").mkdir()
    broken = _server.store().root / "20261101-101010-moons-so-gaal-0123456789ab"
    broken.mkdir()
    (broken / "run.json").write_text("{")
    _saved.changed()
    page = Runs()
    assert len(page.table) == 1
    assert any("2 folders cannot be read" in expander.label for expander in page.at.expander)
    assert "holiday pictures" in list(page.at.table[0].value["Folder"])


@pytest.mark.parametrize("kind", list(_downloads.OFFERS))
def test_every_file_can_be_made(kind: str) -> None:
    saved = _saved.find(train().id)
    offer = _downloads.OFFERS[kind]
    assert any(name.startswith(offer.needs) for name in saved.files)
    content = _downloads.Attempt(offer.title, _downloads._made(saved.id, offer)).content()
    assert len(content) > 100
    if kind == "zip":
        assert f"{saved.id}/run.json" in zipfile.ZipFile(io.BytesIO(content)).namelist()
    if kind == "scores":
        assert content == saved.scores_csv()


def test_no_file_is_made_before_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    train()
    monkeypatch.setattr(_downloads, "_made", lambda *_: lambda: pytest.fail("it was made"))
    page = Runs().select(0)
    assert not page.at.exception


def test_a_file_is_made_once_for_a_click() -> None:
    """The browser fetches it, and the page looks whether it could be made: whichever comes first makes it."""
    made: list[int] = []

    def make() -> bytes:
        made.append(1)
        return b"content"

    attempt = _downloads.Attempt("A file", make)
    assert attempt.problem() == ""
    assert attempt.content() == b"content"
    assert (attempt.problem(), len(made)) == ("", 1)
    assert attempt.content() == b"content"  # a second click on the same button
    assert len(made) == 2


def test_a_download_that_fails_says_why_beside_the_button(monkeypatch: pytest.MonkeyPatch) -> None:
    job = train()
    restart(monkeypatch)
    (_saved.find(job.id).folder / "model.safetensors").write_bytes(b"nonsense")
    page = Runs().select(0)
    next(one for one in page.at.get("download_button") if one.label == "Model (ONNX)").click()
    page.look()
    (error,) = page.errors
    assert error.startswith("Model (ONNX) could not be made: ")
    assert "model.safetensors" in error
    next(one for one in page.at.get("download_button") if one.label == "Scores (CSV)").click()
    assert page.look().errors == []


def test_a_graph_that_cannot_hold_a_preparation_is_not_offered(tmp_path: Path) -> None:
    rows = [f"{i % 13},{('red', 'blue', 'green')[i % 3]}" for i in range(40)]
    (tmp_path / "own.csv").write_text("\n".join(["size,colour", *rows]))
    train(str(tmp_path / "own.csv"))
    train()
    for place, offered in ((1, False), (0, True)):
        page = Runs().select(place)
        buttons = {one.label: one.proto for one in page.at.get("download_button")}
        assert buttons["Model (ONNX)"].disabled != offered
        assert not buttons["Model (safetensors)"].disabled
        assert page.says("Not of a table with categories, dates or gaps.") != offered
        assert ("--format onnx" in buttons["Model (ONNX)"].help) != offered


def test_several_runs_are_downloaded_in_one_zip_and_imported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    jobs = [train(seed=seed) for seed in (0, 1)]
    page = Runs().select(0, 1)
    assert [one.label for one in page.at.get("download_button")] == ["2 runs (zip)"]
    saved = [_saved.find(job.id) for job in jobs]
    content = _downloads._zipped(saved)
    with JobRegistry(RunStore(tmp_path / "elsewhere")) as other:
        monkeypatch.setattr(_server, "registry", lambda: other)
        _saved.changed()
        page = Runs()
        assert any("There are no runs." in info.value for info in page.at.info)
        page.take_in("runs.zip", content)
        assert sorted(page.table["name"]) == sorted(short(job) for job in jobs)
        assert [read(one.value) for one in page.at.success] == [f"Imported: {one.record.title}" for one in saved]
        page.take_in("runs.zip", content)
        assert all(one.value.startswith("Already here, and the same") for one in page.at.success)
        assert len(page.table) == 2
        page.take_in("bad.zip", content[:1000])
        assert [error.partition(": ")[0] for error in page.errors] == ["bad.zip"] * 2  # in the popover and beside it
        assert not page.at.success
        assert len(page.table) == 2


def test_a_run_that_was_deleted_here_and_imported_is_listed() -> None:
    job = train()
    content = _downloads._zip(_saved.find(job.id))
    page = Runs().select(0)
    page.press("Delete")
    page.take_in("run.zip", content)
    assert len(page.table) == 1
    assert ", under a new id" in page.at.success[0].value


# -- a saved run on the Playground ---------------------------------------------------------------------------------


def test_a_bookmark_of_a_run_shows_all_of_it_after_a_restart(monkeypatch: pytest.MonkeyPatch) -> None:
    job = train("wine", stop_epochs=30)
    before = Session(run=job.id)
    tiles, verdict = before.tiles(), [text for text in before.texts if "-badge[" in text]
    scores = before.tab("Result").at.dataframe[0].value
    restart(monkeypatch)
    assert _server.registry().get(job.id) is None
    after = Session(run=job.id)
    assert after.state == "completed"
    assert after.field("dataset") == "wine"  # its set-up is in the form
    assert after.tiles() == tiles
    assert [text for text in after.texts if "-badge[" in text] == verdict
    assert after.has_chart("plane")
    shown = after.tab("Result").at.dataframe[0].value
    assert list(shown["id"]) == list(scores["id"])
    np.testing.assert_allclose(shown["outlier_score"], scores["outlier_score"], atol=1e-6)
    after.tab("Diagnosis")
    assert after.says("-badge[")
    assert after.tab("Replay").has_chart(f"replay_{job.id}")
    assert (after.errors, after.warnings) == ([], [])


def test_an_interrupted_run_is_resumed_to_its_very_end(monkeypatch: pytest.MonkeyPatch) -> None:
    config = make_config("post", stop_epochs=20)
    job = _server.registry().submit(load_dataset("onecluster"), config, paused=True)
    for _ in range(9):
        job.step()
    until(lambda: job.snapshot().step == 9)
    hold(job)
    restart(monkeypatch)
    session = Session(run=job.id)
    assert session.state == "interrupted"
    assert session.enabled() == {"Train", "Step", "Reset", "Resume"}
    session.choose("set_pace", "full")
    session.press("Resume")
    session.finish()
    assert session.state == "completed"
    whole = _server.registry().submit(load_dataset("onecluster"), config)
    assert whole.wait(PATIENCE)
    assert session.job.snapshot().history.d_loss.tobytes() == whole.snapshot().history.d_loss.tobytes()
    _server.registry().shutdown()


def test_a_run_that_is_not_there_is_said() -> None:
    session = Session(run="0123456789ab")
    assert any("cannot be shown" in warning for warning in session.warnings)
    assert session.button("Train")


def test_a_run_whose_model_is_damaged_shows_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    job = train()
    (_saved.find(job.id).folder / "model.safetensors").write_bytes(b"nonsense")
    restart(monkeypatch)
    session = Session(run=job.id)
    assert session.has_chart("curves")
    assert any("model.safetensors" in warning for warning in session.warnings)
    session.tab("Result")
    assert session.says("This run left none")


def test_while_saving_does_not_work_the_page_says_so_and_the_run_goes_on() -> None:
    blocked = _server.store().root
    blocked.write_text("a file where the folder of runs should be")
    session = Session()
    job = session.start(stop_epochs=100_000)
    until(lambda: job.snapshot().saving_problem)
    session.look()
    assert session.state == "running"
    assert any("not being saved" in warning and "goes on" in warning for warning in session.warnings)
    at = job.snapshot().step
    until(lambda: job.snapshot().step > at)
    blocked.unlink()
    until(lambda: not job.snapshot().saving_problem)
    session.look()
    assert session.warnings == []
    session.press("Stop")
    session.finish()
    assert _saved.find(job.id).record.state == JobState.STOPPED


def test_a_population_shows_its_members_and_one_becomes_a_run() -> None:
    job = train()
    dataset, config = job.dataset, job.config
    outcomes = [RunOutcome(n, config.replace(seed=n), summary=job.snapshot().result.summary) for n in range(3)]
    record = save_population(_server.store(), dataset, config, job.scaler, outcomes, kind="race", title="Three seeds")
    _saved.changed()
    page = Runs()
    assert page.table["name"].iloc[0] == "3 runs · Three seeds"
    page.select(0)
    assert not page.can("Resume")
    page.press("Open")
    assert page.says("3 runs on onecluster that differ in: Seed.")
    page = Session(run=record.id[-12:])
    members = page.at.dataframe[0]
    assert list(members.value["seed"]) == [0, 1, 2]
    page.at.session_state[members.key] = {"selection": {"rows": [2], "columns": [], "cells": []}}
    page.look().press("Train it as a run")
    assert page.job.config == config.replace(seed=2)
    assert page.address["run"] != record.id[-12:]
    page.press("Stop")


def begin_population(job: Job) -> PopulationRecorder:
    """Three seeds of a run's set-up that are said to be trained."""
    configs = [job.config.replace(seed=seed) for seed in range(3)]
    group = Group(job.dataset, job.config, job.scaler, configs, "map", "Three seeds")
    recorder = PopulationRecorder(_server.store(), group, datetime.now(UTC), new_token())
    until(lambda: recorder.record)
    _saved.changed()
    return recorder


def test_a_population_that_goes_on_says_how_many_have_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(population_recorder, "WRITE_SECONDS", 0.01)
    job = train()
    recorder = begin_population(job)
    summary = job.snapshot().result.summary
    page = Runs()
    assert (page.table["name"].iloc[0], page.table["state"].iloc[0]) == ("0 of 3 runs · Three seeds", "▶ running")
    shown = Session(run=recorder.id[-12:])
    assert read(shown.at.info[0].value).startswith("None of its 3 runs has ended yet")
    recorder.put(RunOutcome(1, job.config.replace(seed=1), summary=summary))
    until(lambda: _saved.find(recorder.id).members())
    until(lambda: _saved.find(recorder.id).record.population.count == 1)
    _saved.changed()
    page.look()
    assert page.table["name"].iloc[0] == "1 of 3 runs · Three seeds"
    page.select(0)
    assert page.can("Open")
    assert not page.can("Delete")
    assert shown.look().says("1 of 3 runs on onecluster that differ in: Seed.")
    members = shown.at.dataframe[0]
    assert list(members.value["seed"]) == [1]
    shown.at.session_state[members.key] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    shown.look()
    recorder.put(RunOutcome(0, job.config, summary=summary))
    until(lambda: _saved.find(recorder.id).record.population.count == 2)
    assert list(shown.look().at.dataframe[0].value["seed"]) == [0, 1]
    assert shown.value("member_selected") == (recorder.id[-12:], 1)  # the same member, in another row
    recorder.finish(JobState.STOPPED)
    _saved.changed()
    assert page.look().table["state"].iloc[0] == "■ stopped"


def test_a_population_that_broke_off_before_any_member_is_told_and_can_be_deleted() -> None:
    job = train()
    group = Group(job.dataset, job.config, job.scaler, [job.config] * 2, "race", "A race")
    _server.store().begin_population(group, created=datetime.now(UTC), token=new_token()).close()
    _saved.changed()
    page = Runs()
    assert (page.table["name"].iloc[0], page.table["state"].iloc[0]) == ("0 of 2 runs · A race", "↯ interrupted")
    page.select(0)
    page.press("Open")
    assert [read(one.value) for one in page.at.info] == ["None of its 2 runs had ended when the program did."]
    page = Runs()
    page.select(0)
    page.press("Delete")
    assert len(_saved.records()) == 1


def test_an_ensemble_says_how_its_members_rank_together() -> None:
    job = train()
    summary = job.snapshot().result.summary
    outcomes = [RunOutcome(n, job.config.replace(seed=n), summary=summary) for n in range(2)]
    record = save_population(
        _server.store(),
        job.dataset,
        job.config,
        job.scaler,
        outcomes,
        kind="ensemble",
        title="Two",
        numbers={"auc_stop": 0.75},
    )
    page = Session(run=record.id[-12:])
    assert page.says(f"Their mean logit ranks · AUC at stop **0.750** · AUC at end **{summary['auc_final']:.3f}**")


def test_rows_are_ordered_with_the_missing_last() -> None:
    rows = [_run_rows.of_job(train(seed=seed)) for seed in (0, 1)]
    without = _run_rows.replace(rows[0], auc_final=None)
    assert _run_rows.ordered([without, *rows], "AUC at end")[-1] is without
