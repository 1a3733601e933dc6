"""What is sent to the browser is the run."""

from dataclasses import replace

import numpy as np
import pytest

from sogaal.errors import DataError
from sogaal.figures.theme import DARK, LIGHT
from sogaal.metrics import outlier_score
from sogaal.replay import payload as module
from tests.replay.runs import Recorded, array, content, record


@pytest.fixture(scope="module")
def run() -> Recorded:
    return record()


@pytest.mark.parametrize("d", [2, 5])
def test_points_come_back_to_a_thousandth_of_the_view(d: int) -> None:
    run = record(d)
    sent = content(run.payload())
    x0, x1, y0, y1 = sent["view"]
    sides = np.array([x1 - x0, y1 - y0])
    whole = array(sent["points"]).reshape(len(run.frames), -1, 2)
    found = [x0, y0] - sides + 3 * sides * whole / module.TOP
    expected = np.stack([run.plane.project(frame.generated) for frame in run.frames])
    assert np.abs(found - expected).max() < 1e-4 * sides.max()


@pytest.mark.parametrize("d", [2, 5])
def test_d_in_the_plane_is_d(d: int) -> None:
    run = record(d)
    sent = content(run.payload())
    hidden = array(sent["hidden"]).reshape(len(run.frames), -1, 4)
    output = array(sent["output"])
    uv = np.random.default_rng(1).uniform(-1, 2, (50, 2)).astype(np.float32)
    for number, frame in enumerate(run.frames):
        a, b, c, w = hidden[number].T.astype(np.float64)
        logits = np.maximum(uv[:, :1] * a + uv[:, 1:] * b + c, 0) @ w + output[number]
        expected = outlier_score(frame.discriminator.logits(run.plane.lift(uv)))
        assert np.abs(outlier_score(logits) - expected).max() < 1e-5


def test_numbers_at_a_frame_are_those_of_its_step_and_of_its_last_evaluation(run: Recorded) -> None:
    view = run.trainer.history.view()
    losses, answers, auc = content(run.payload())["panels"]
    d_loss = {line["name"]: array(line["atFrames"]) for line in losses["lines"]}["D"]
    assert np.isnan(d_loss[0])
    assert d_loss[1] == view.d_loss[run.frames[1].step - 1]
    assert d_loss[-1] == view.d_loss[-1]
    assert [line["name"] for line in answers["lines"]] == ["D(G(z))", "D(x)"]
    found = array(auc["lines"][0]["atFrames"])
    for number, frame in enumerate(run.frames):
        done = view.auc[view.eval_step <= frame.step]
        assert np.float32(done[-1]) == found[number] if len(done) else np.isnan(found[number])


def test_colours_are_those_of_the_theme(run: Recorded) -> None:
    themes = content(run.payload())["themes"]
    assert (themes["light"]["inlier"], themes["dark"]["outlier"]) == (LIGHT.inlier, DARK.outlier)


def test_without_labels_the_spread_takes_the_place_of_the_auc() -> None:
    sent = content(record(labels=False).payload())
    assert [panel["name"] for panel in sent["panels"]] == ["Loss", "D's answers", "Spread of G(z)"]
    assert not sent["labelled"]
    assert len(array(sent["outliers"])) == 0


def test_sub_generators_are_told_apart() -> None:
    run = record(algorithm="mo-gaal", k=3)
    sent = content(run.payload())
    assert sent["owners"] == 3
    assert (array(sent["owner"]) == run.frames[0].owner).all()
    assert [line["name"] for line in sent["panels"][0]["lines"]] == ["", "G", "D"]


def test_a_large_table_is_thinned_and_the_caption_says_so(run: Recorded) -> None:
    rng = np.random.default_rng(3)
    X = rng.uniform(0, 1, (9000, 2)).astype(np.float32)
    y = (np.arange(9000) < 3000).astype(np.int8)
    sent = content(run.payload(X=X, y=y))
    assert len(array(sent["inliers"])) // 2 == len(array(sent["outliers"])) // 2 == 1000
    assert "Drawn: 1,000 of 6,000 inliers, 1,000 of 3,000 outliers." in sent["caption"]
    assert run.payload(X=X, y=y) == run.payload(X=X, y=y)


def test_all_outliers_are_kept_where_there_are_few(run: Recorded) -> None:
    X = np.random.default_rng(3).uniform(0, 1, (5000, 2)).astype(np.float32)
    y = (np.arange(5000) < 40).astype(np.int8)
    sent = content(run.payload(X=X, y=y))
    assert len(array(sent["outliers"])) // 2 == 40
    assert len(array(sent["inliers"])) // 2 == 1960


def test_points_without_a_place_are_sent_as_missing(run: Recorded) -> None:
    generated = run.frames[-1].generated.copy()
    generated[3, 1] = np.nan
    last = replace(run.frames[-1], generated=generated)
    whole = array(content(run.payload(frames=(*run.frames[:-1], last)))["points"]).reshape(len(run.frames), -1, 2)
    assert (whole[-1, 3] == module.MISSING).all()
    assert (whole[0] != module.MISSING).all()


def test_a_run_that_ended_before_the_stop_has_no_mark(run: Recorded) -> None:
    assert content(run.payload())["stopStep"] == run.trainer.stop_step
    assert content(run.payload(frames=run.frames[:3]))["stopStep"] is None


def test_a_run_of_one_frame_and_no_history_can_be_sent() -> None:
    run = record()
    fresh = run.trainer.__class__(run.trainer.X, run.trainer.config, run.trainer.y)
    sent = content(run.payload(frames=[fresh.frame()], view=fresh.history.view()))
    assert array(sent["steps"]).tolist() == [0]
    assert np.isnan(array(sent["panels"][0]["lines"][0]["atFrames"])).all()


def test_frames_that_do_not_fit_are_refused(run: Recorded) -> None:
    with pytest.raises(DataError, match="frames must hold at least one frame, got none."):
        run.payload(frames=[])
    with pytest.raises(DataError, match="frames must be of one run"):
        run.payload(frames=[*run.frames, replace(run.frames[0], generated=run.frames[0].generated[:5])])
    with pytest.raises(DataError, match="plane must have the 2 features of the frames, got 5."):
        run.payload(plane=record(5).plane)
