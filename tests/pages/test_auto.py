"""A table without labels, and seeds that choose the stop."""

import numpy as np
import pandas as pd
import pytest

from pages import _server
from sogaal.jobs import JobRegistry, JobState
from sogaal.labelfree.measured import auto_words, found, scaling_words
from sogaal.voting import kept_volume
from tests.pages.session import Session, until


def unlabelled(n: int = 60) -> bytes:
    rows = np.random.default_rng(0).normal(size=(n, 3))
    rows[0] = 6
    return pd.DataFrame(rows, columns=["a", "b", "c"]).to_csv(index=False).encode()


def labels(session: Session) -> set[str]:
    return {button.label for button in session.at.button}


def test_a_table_without_labels_proposes_auto_and_it_ranks_the_rows() -> None:
    session = Session()
    assert "Take preset Auto" not in labels(session)
    session.upload("own.csv", unlabelled())
    assert session.says("No labels, so no AUC tells when to stop.")
    session.press("Take preset Auto")
    assert (session.value("set_preset"), session.field("stop_epochs")) == ("auto", "auto")
    assert session.says("several seeds play, and where D turns the run ends")
    assert session.says(auto_words())
    assert "Take preset Auto" not in labels(session)
    job = session.start(auto_seeds=3)
    session.finish()
    assert session.state == "completed"
    choice = job.snapshot().choice
    assert choice is not None
    assert session.says(f"**The stop.** {choice.why}")
    assert session.says(auto_words())
    tiles = session.tiles()
    assert tiles["D like its mean"] == f"{choice.likeness[-1]:.3f}"
    assert tiles["Seeds agree"] == f"{choice.agreement[-1]:.3f}"
    assert "AUC now" not in tiles
    assert "with one another" in str(session.chart("curves")["layout"]["annotations"])
    session.tab("Result")
    assert session.says("by D of all seeds together")
    assert session.says(choice.why)
    assert session.says("moments of 3 seeds rank together; no label was used.")
    assert session.ranked.iloc[0]["id"] == 1
    assert session.has_chart("why_bars")
    for view in ("Diagnosis", "Replay"):
        session.tab(view)
    assert session.errors == []


def test_robust_scaling_is_advised_against_before_and_after_the_run_and_one_click_mends_it() -> None:
    session = Session(preset="auto", scaling="robust")
    assert scaling_words() in str(session.at.selectbox("set_scaling").help)
    promised = f"it reached an AUC of {found().auto:.2f} on average without seeing a label"
    assert not session.says(promised)
    session.start(auto_seeds=2, max_epochs=200)
    session.finish()
    assert session.says("The automatic stop ranks badly with robust scaling")
    session.tab("Result")
    assert session.says(auto_words("robust"))
    assert not session.says(promised)
    session.tab("Diagnosis")
    session.at.button("apply_robust_scaling").click()
    session.look()
    assert session.value("set_scaling") == "minmax"
    assert session.says("The automatic stop ranks badly with robust scaling")  # the run on screen is as it was


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # the picture of numbers as large as these overflows
def test_seeds_that_diverge_are_named_while_the_others_go_on_and_at_the_end() -> None:
    session = Session(scaling="none")
    rows = pd.DataFrame(np.random.default_rng(0).random((150, 3)) * 1e11, columns=["a", "b", "c"])
    session.upload("far.csv", rows.to_csv(index=False).encode())
    session.press("Take preset Auto")
    session.choose("set_scaling", "none")
    job = session.start(pace="1/s", auto_seeds=6, lr_d=0.3, seed=3, max_epochs=200)
    session.press("Pause")
    for _ in range(6):
        job.step()
    until(lambda: job.snapshot().step >= 6)
    session.look()
    assert "Seed 4 of 6 diverged at step 5: left out. The others go on." in session.warnings
    session.choose("set_pace", "full")
    session.press("Resume")
    session.finish()
    assert session.state == "completed"
    assert session.says("Seed 1 of 6 diverged at step 100, seed 3 of 6 at step 100, seed 4 of 6 at step 5: left out.")


def test_of_one_game_without_labels_the_volume_is_shown() -> None:
    session = Session()
    session.upload("own.csv", unlabelled())
    job = session.start(stop_epochs=3)
    session.finish()
    frame = job.snapshot().frame
    assert frame is not None
    X = _server.scaled(job.dataset.fingerprint, job.scaling, job.dataset)
    assert session.tiles()["Volume kept"] == f"{kept_volume(frame.discriminator, X):.1%}"
    assert "Seeds agree" not in session.tiles()


def test_with_labels_the_auc_is_that_of_all_seeds_and_a_saved_run_says_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    session = Session(data="wine", preset="auto", auto_seeds="2", max_epochs="200")
    job = session.start()
    session.finish()
    result, choice = job.snapshot().result, job.snapshot().choice
    assert job.snapshot().state == JobState.COMPLETED
    assert result is not None
    assert choice is not None
    auc = f"{result.summary['auc_final']:.3f}"
    assert session.tiles()["AUC, all seeds"] == auc
    assert "AUC at stop" not in session.tiles()
    with JobRegistry(_server.store()) as restarted:
        monkeypatch.setattr(_server, "registry", lambda: restarted)
        again = Session(run=job.id)
        assert again.tiles() == session.tiles()
        assert again.says(f"**The stop.** {choice.why}")
        again.tab("Result")
        assert again.says("by D of all seeds together")
        assert again.errors == []
