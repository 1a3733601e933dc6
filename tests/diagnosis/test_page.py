"""The findings under a run on the Playground, and the click that applies what they suggest."""

from pages import _diagnosis
from pages._shown import of_job
from sogaal.diagnosis import Finding
from sogaal.jobs import Job
from tests.pages.conftest import server  # noqa: F401
from tests.pages.session import Session


def findings_of(job: Job) -> tuple[Finding, ...]:
    return _diagnosis._look(of_job(job))


def test_a_run_that_ended_shows_its_findings_and_one_click_applies_the_remedy() -> None:
    session = Session(preset="post_bias_one")
    job = session.start()
    session.finish()
    found = findings_of(job)
    assert found[0].kind == "over_trained"
    assert session.says(found[0].title)  # before any tab is opened
    session.tab("Diagnosis")
    assert session.says(found[0].title)
    assert session.says(found[0].evidence)
    assert session.says(found[0].explanation)
    assert session.field("generator_bias") == 1.0
    session.at.button("apply_over_trained").click()
    session.look()
    assert session.field("generator_bias") == 1e-5
    assert session.field("score_at") == "stop"
    assert session.job is job  # the run on screen stays
    session.press("Train")
    session.finish()
    assert session.job is not job
    assert session.says("Healthy")


def test_scaling_is_applied_too() -> None:
    session = Session(data="breast_cancer", scaling="none", preset="paper_wdbc_so")
    session.press("Train")
    session.finish()
    session.tab("Diagnosis")
    session.at.button("apply_unscaled").click()
    session.look()
    assert session.field("scaling") == "minmax"


def test_the_same_change_is_offered_once() -> None:
    session = Session(preset="post", generator_bias="-1", stop_epochs="200")
    job = session.start()
    session.finish()
    changes = [finding.changes for finding in findings_of(job) if finding.changes]
    session.tab("Diagnosis")
    offered = [button for button in session.at.button if str(button.key).startswith("apply_")]
    assert len(changes) > len(offered) >= 1


def test_a_run_under_way_has_no_findings_yet() -> None:
    session = Session()
    session.start(pace="1 step/s")
    session.tab("Diagnosis")
    assert session.says("The diagnosis comes when the run has ended.")
    assert not session.says("-badge[failure]")
    session.press("Stop")
    session.finish()
    job = session.job
    assert all(finding.severity != "good" for finding in findings_of(job))


def test_a_run_that_diverged_says_so() -> None:
    session = Session()
    rows = [f"{(i * 37 % 23 - 11) * 1e17:g},{(i * 17 % 29 - 14) * 1e17:g}" for i in range(60)]
    session.upload("wild.csv", ("a,b\n" + "\n".join(rows)).encode())
    session.choose("set_scaling", "none")
    job = session.start(lr_d=1.0, stop_epochs=50)
    session.finish()
    assert session.state == "failed"
    assert findings_of(job)[0].kind == "divergence"
    assert session.says("The training diverged")
