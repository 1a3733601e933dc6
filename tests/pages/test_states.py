"""The Playground from the first look to the end of a run: what is shown, and which buttons can be pressed."""

import pytest
from streamlit.testing.v1 import AppTest

from pages import _clicks, _control, _server
from pages._words import plain
from sogaal.config import make_config
from sogaal.data import load_dataset
from sogaal.jobs import JobRegistry, JobState
from tests.pages.session import PATIENCE, Session, hold, until

IDLE = {"Train", "Step"}
ACTIVE = {"Train", "Step", "Stop", "Reset"}
ENDED = {"Train", "Step", "Reset"}


def test_the_first_look_is_one_click_from_training() -> None:
    session = Session()
    assert session.field("dataset") == "onecluster"
    assert session.enabled() == IDLE
    assert session.state == ""
    assert session.says("Press **Train**")
    assert session.has_chart("plane")
    assert session.has_chart("thumbnail")
    assert not session.has_chart("curves")
    assert (session.errors, session.warnings) == ([], [])
    assert session.address == {"data": "onecluster", "preset": "post", "seed": "0"}


def test_train_runs_and_leaves_a_result() -> None:
    session = Session()
    job = session.start(stop_epochs=10, seed=3)
    assert (job.config.stop_epochs, job.config.seed, job.dataset.name) == (10, 3, "onecluster")
    session.finish()
    assert job.snapshot().state == JobState.COMPLETED
    assert session.state == "completed"
    assert session.enabled() == ENDED
    assert session.has_chart("plane")
    assert session.has_chart("curves")
    assert session.says("**step 60** of 60 · epoch 30 of 30 · G has stopped")
    auc = job.snapshot().history.auc
    shown = session.tiles()
    assert shown["AUC now"] == f"{auc[-1]:.3f}"
    assert shown["AUC best"] == f"{auc.max():.3f}"
    assert shown["AUC at stop"] == f"{auc[10]:.3f}"
    session.tab("Result")
    for chart in ("result_roc", "result_precision_recall", "result_histogram"):
        assert session.has_chart(chart), chart
    assert not session.has_chart("plane")
    session.tab("Replay")
    assert session.has_chart(f"replay_{job.id}")
    assert session.errors == []


def test_a_run_under_way_can_be_paused_and_stopped() -> None:
    session = Session()
    job = session.start(stop_epochs=100_000)
    until(lambda: job.snapshot().step > 0)
    session.look()
    assert session.state == "running"
    assert session.enabled() == ACTIVE | {"Pause"}
    assert session.says("steps/s")
    for view in ("Result", "Diagnosis", "Replay"):
        session.tab(view)
        assert session.says("comes when the run has ended")
        assert session.says("steps/s")


def test_pause_holds_step_adds_one_and_resume_goes_on() -> None:
    session = Session()
    job = session.start(stop_epochs=100_000)
    until(lambda: job.snapshot().step > 10)
    session.press("Pause")
    hold(job)
    session.look()
    assert session.state == "paused"
    assert session.enabled() == ACTIVE | {"Resume"}
    held = job.snapshot().step
    session.press("Step")
    until(lambda: job.snapshot().step == held + 1)
    session.look()
    assert job.snapshot().step == held + 1
    assert session.state == "paused"
    session.press("Resume")
    until(lambda: job.snapshot().step > held + 10)
    session.look()
    assert session.state == "running"
    assert session.enabled() == ACTIVE | {"Pause"}


def _page_during_which_a_run_goes_on() -> None:
    import time

    import streamlit as st

    from pages import _live, _server, _shown
    from sogaal.jobs import JobState

    job = _server.registry().get(st.query_params["run"])
    assert job is not None
    run = _shown.of_job(job)
    st.text(job.snapshot().state.value)
    job.resume()
    while job.snapshot().state != JobState.RUNNING:
        time.sleep(0.002)
    _live.watch(run)


def test_what_was_drawn_before_a_run_went_on_is_drawn_again() -> None:
    job = _server.registry().submit(load_dataset("moons"), make_config(stop_epochs=100_000), paused=True)
    hold(job)
    page = AppTest.from_function(_page_during_which_a_run_goes_on, default_timeout=PATIENCE)
    page.query_params["run"] = job.id
    page.run()
    assert not page.exception
    assert [text.value for text in page.text] == ["running"]


def test_stop_ends_a_run_with_the_result_so_far() -> None:
    session = Session()
    job = session.start(stop_epochs=100_000)
    until(lambda: job.snapshot().step > 10)
    session.press("Stop")
    session.finish()
    assert session.state == "stopped"
    assert session.enabled() == ENDED | {"Resume"}
    session.tab("Result")
    assert session.says("G did not stop within this run")


def test_stop_before_the_first_step_leaves_no_result() -> None:
    session = Session()
    waiting = _server.registry().submit(load_dataset("moons"), make_config(), paused=True)
    session.look().open(waiting)
    hold(waiting)
    session.look().press("Stop")
    session.finish()
    assert session.job is waiting
    assert session.state == "stopped"
    assert session.has_chart("plane")
    session.tab("Result")
    assert session.says("This run left none: it is stopped")
    assert session.errors == []


def test_a_click_that_the_browser_sends_twice_counts_once(monkeypatch: pytest.MonkeyPatch) -> None:
    job = _server.registry().submit(load_dataset("onecluster"), make_config("post"), paused=True)
    monkeypatch.setattr(_clicks.st, "session_state", {})
    # As when a fragment's timer is due at the moment of a click: two callbacks, and the page is drawn after both.
    for clicks in (1, 2, 3):
        _clicks.new_draw()
        _control._command(job, "step")
        _control._command(job, "step")
        until(lambda: job.snapshot().step >= clicks and not job.orders.single_steps)  # noqa: B023  # used up at once
        assert job.snapshot().step == clicks


def test_step_without_a_run_starts_one_and_waits_after_one_step() -> None:
    session = Session()
    session.choose("set_pace", "full")
    session.press("Step")
    job = session.job
    until(lambda: job.snapshot().step == 1)
    hold(job)
    session.look()
    assert job.snapshot().step == 1
    assert session.state == "paused"
    assert session.enabled() == ACTIVE | {"Resume"}
    assert session.says("**step 1** of")
    assert len(session.tiles()) == 8


def test_step_after_the_end_starts_the_next_run() -> None:
    session = Session()
    first = session.start(stop_epochs=2)
    session.finish()
    session.press("Step")
    hold(session.job)
    assert session.job is not first
    assert session.job.snapshot().step <= 1


def test_reset_ends_the_run_and_clears_the_page() -> None:
    session = Session()
    job = session.start(stop_epochs=100_000)
    until(lambda: job.snapshot().step > 0)
    session.press("Reset")
    assert job.wait(PATIENCE)
    session.look()
    assert job.snapshot().state == JobState.STOPPED
    assert session.state == ""
    assert session.enabled() == IDLE
    assert "run" not in session.address
    assert session.field("stop_epochs") == 100_000
    assert plain(job.title) in session.at.button(f"show_{job.id}").label


def test_train_beside_a_run_leaves_it_alone() -> None:
    session = Session()
    first = session.start(stop_epochs=100_000)
    second = session.start(stop_epochs=100_000, seed=1)
    assert first is not second
    at = first.snapshot().step
    until(lambda: first.snapshot().step > at)
    assert first.snapshot().state == second.snapshot().state == JobState.RUNNING
    assert session.job is second


@pytest.mark.parametrize(("pace", "speed"), [("1 step/s", 1.0), ("25 steps/s", 25.0), ("watch", 300.0), ("full", None)])
def test_the_pace_is_the_run_s(pace: str, speed: float | None) -> None:
    session = Session()
    job = session.start(stop_epochs=1000, pace=pace)
    assert job.orders.speed == speed
    session.choose("set_pace", "5 steps/s")
    assert job.orders.speed == 5


def test_watch_takes_short_runs_at_least_a_step_a_second() -> None:
    session = Session()
    job = session.start(stop_epochs=1, pace="watch")
    assert job.snapshot().total_steps == 6
    assert job.orders.speed == 1


def test_a_queued_run_says_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    with JobRegistry(_server.store(), max_running=1) as narrow:
        monkeypatch.setattr(_server, "registry", lambda: narrow)
        session = Session()
        session.start(stop_epochs=100_000)
        session.start(stop_epochs=20, seed=1)
        queued = session.start(stop_epochs=20, seed=2)
        assert queued.snapshot().state == JobState.QUEUED
        assert session.state == "queued"
        assert session.says("Place 2 in the queue")
        assert session.enabled() == ACTIVE | {"Pause"}
        assert session.has_chart("plane")
        session.press("Pause")
        assert [info.value for info in session.at.info] == ["It will start paused."]
        session.press("Stop")
        assert session.state == "stopped"
        assert session.errors == []


def test_a_run_that_diverges_says_so_and_keeps_its_history() -> None:
    session = Session()
    rows = [f"{(i * 37 % 23 - 11) * 1e17:g},{(i * 17 % 29 - 14) * 1e17:g}" for i in range(60)]
    session.upload("huge.csv", ("a,b\n" + "\n".join(rows)).encode())
    session.choose("set_scaling", "none")
    job = session.start(lr_d=1.0, stop_epochs=50)
    session.finish()
    snapshot = job.snapshot()
    assert snapshot.state == JobState.FAILED
    assert session.state == "failed"
    assert session.enabled() == ENDED
    assert len(session.errors) == 1
    assert snapshot.message in session.errors[0]
    assert "history" in session.errors[0]
    assert snapshot.step > 0
    assert session.says(f"**step {snapshot.step}** of")
    assert session.has_chart("curves")
    assert session.says("**The training diverged**")


def test_a_failure_that_nobody_foresaw_is_a_message_too() -> None:
    session = Session(data="moons")
    session.choose("set_algorithm", "mo-gaal")
    job = session.start(k=60, batch_size=50, stop_epochs=2)
    session.finish()
    assert job.snapshot().state == JobState.FAILED
    assert session.state == "failed"
    assert any("k must be" in error for error in session.errors)


def test_two_sessions_see_the_same_runs() -> None:
    mine, other = Session(), Session()
    job = mine.start(stop_epochs=100_000)
    other.look()
    assert other.state == ""
    assert other.says("running:")
    assert other.says(job.title)
    assert plain(job.title) in other.at.button(f"show_{job.id}").label
    other.press("Show it")
    assert other.state == "running"
    assert other.job is mine.job
    other.press("Stop")
    mine.finish()
    assert mine.state == "stopped"


def test_the_same_set_up_is_not_started_twice() -> None:
    session = Session()
    job = session.start(stop_epochs=100_000)
    session.press("Train")
    assert session.job is job
    assert any("under way already" in toast.value for toast in session.at.toast)


def test_all_runs_are_stopped_at_once() -> None:
    session = Session()
    jobs = [session.start(stop_epochs=100_000, seed=seed) for seed in (0, 1)]
    session.look().press("Stop all")
    assert all(job.wait(PATIENCE) for job in jobs)
    assert {job.snapshot().state for job in jobs} == {JobState.STOPPED}


def test_a_run_is_opened_from_the_list() -> None:
    session = Session()
    first = session.start(stop_epochs=2)
    session.finish()
    session.start(stop_epochs=2, seed=1)
    session.finish()
    session.open(first)
    assert session.job is first
    assert session.state == "completed"


def test_somebody_else_s_run_of_the_same_set_up_is_left_alone() -> None:
    teacher, pupil = Session(), Session()
    first = teacher.start(stop_epochs=100_000)
    teacher.press("Pause")
    second = pupil.start(stop_epochs=100_000)
    assert second is not first
    assert (first.config, pupil.state) == (second.config, "running")
    reloaded = Session(run=first.id)
    reloaded.type("stop_epochs", 100_000)
    reloaded.press("Train")
    assert reloaded.job is first  # the one on screen
    for job in (first, second):
        job.stop()
