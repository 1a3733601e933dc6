"""What a run leaves: scores at the stop and at the end, and the file to take away."""

import io

import numpy as np
import pandas as pd
import pytest
from streamlit.runtime.memory_media_file_storage import MemoryMediaFileStorage

from pages import _server, _trust
from sogaal.explain import explain
from sogaal.jobs import Job
from sogaal.metrics import outlier_score
from sogaal.scaling import Scaler
from sogaal.seed_check import SeedCheck
from tests.pages.session import Session, until
from tests.pages.test_runs import restart


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, bytes]]:
    """The files that pages offer for download, as the server would hand them out, with their names."""
    offered = []
    take = MemoryMediaFileStorage.load_and_get_id

    def watch(storage: MemoryMediaFileStorage, data: bytes, kind: str, *rest: object, **named: object) -> str:
        number = take(storage, data, kind, *rest, **named)
        offered.append((storage.get_file(f"{number}.csv").filename, storage.get_file(f"{number}.csv").content))
        return number

    monkeypatch.setattr(MemoryMediaFileStorage, "load_and_get_id", watch)
    return offered


def newest(files: list[tuple[str, bytes]]) -> pd.DataFrame:
    return pd.read_csv(io.BytesIO(files[-1][1]))


def test_the_file_has_all_rows_in_the_tables_order(files: list[tuple[str, bytes]]) -> None:
    session = Session()
    job = session.start(stop_epochs=100)
    session.finish()
    session.tab("Result")
    result = job.snapshot().result
    assert result is not None
    assert files[-1][0] == "onecluster-so-gaal-seed0-end.csv"
    scores = newest(files)
    assert list(scores.columns) == ["id", "label", "outlier_score", "rank", "flag"]
    np.testing.assert_array_equal(scores["id"], job.dataset.ids)
    np.testing.assert_array_equal(scores["label"], job.dataset.y)
    np.testing.assert_allclose(scores["outlier_score"], outlier_score(result.logits_end), atol=1e-8)
    assert sorted(scores["rank"]) == list(range(1, 1001))
    assert scores["outlier_score"].idxmax() == scores["rank"].idxmin()
    by_rank = scores.sort_values("rank")["outlier_score"]
    assert by_rank.is_monotonic_decreasing
    assert scores["flag"].sum() == 50
    assert scores.loc[scores["flag"] == 1, "rank"].max() == 50


def test_a_table_without_labels_has_a_file_without_labels(files: list[tuple[str, bytes]]) -> None:
    session = Session()
    rows = np.random.default_rng(0).random((30, 2))
    session.upload("own.csv", b"a,b\n" + b"\n".join(b"%f,%f" % tuple(row) for row in rows))
    session.start(stop_epochs=3)
    session.finish()
    session.tab("Result")
    assert list(newest(files).columns) == ["id", "outlier_score", "rank", "flag"]
    assert newest(files)["flag"].sum() == 2


def test_the_share_decides_how_many_are_flagged(files: list[tuple[str, bytes]]) -> None:
    session = Session()
    session.start(stop_epochs=3)
    session.finish()
    session.tab("Result")
    session.at.number_input("share").set_value(12.5)
    session.look()
    assert newest(files)["flag"].sum() == 125
    session.at.number_input("share").set_value(0.1)
    session.look()
    assert newest(files)["flag"].sum() == 1
    session.at.number_input("share").set_value(100.0)
    session.look()
    assert newest(files)["flag"].sum() == 1000


def test_a_switch_shows_all_of_it_at_the_stop_or_at_the_end(files: list[tuple[str, bytes]]) -> None:
    session = Session()
    job = session.start(stop_epochs=60)
    session.finish()
    session.tab("Result")
    result = job.snapshot().result
    assert result is not None
    assert session.value("scored_at") == "end"
    table_end = session.at.dataframe[0].value
    assert session.says("by D at the end")
    assert session.says("D goes on learning against points that no longer move")
    summary = result.summary
    assert session.says(f"AUC was {summary['auc_stop']:.3f} when G stopped and is {summary['auc_final']:.3f}")
    session.choose("scored_at", "stop")
    assert session.says("by D when G stopped")
    assert files[-1][0] == "onecluster-so-gaal-seed0-stop.csv"
    np.testing.assert_allclose(newest(files)["outlier_score"], outlier_score(result.logits_stop), atol=1e-8)
    assert not session.at.dataframe[0].value.equals(table_end)
    plane_stop = session.tab("Game").chart("plane")
    session.choose("scored_at", "end")
    assert session.chart("plane")["data"][0]["z"] != plane_stop["data"][0]["z"]


def test_a_button_leads_from_the_game_to_the_ranked_rows() -> None:
    session = Session(data="wine")
    job = session.start(pace="1 step/s", stop_epochs=5)
    assert "to_result" not in {button.key for button in session.at.button}
    assert job.snapshot().state.active
    session.choose("set_pace", "full")
    session.finish()
    session.press("The ranked rows are under Result")
    assert session.value("view") == "Result"
    assert session.says("most abnormal rows**")
    assert "to_result" not in {button.key for button in session.at.button}


def test_nothing_is_offered_to_choose_where_there_is_one_d() -> None:
    session = Session(data="wine", whether_stop="0", max_epochs="5")
    session.press("Train")
    session.finish()
    session.tab("Result")
    assert session.says("so there is one D")
    assert session.says("by D at the end")
    assert not [one for one in session.at.segmented_control if one.label.startswith("D ")]


def test_the_first_choice_is_the_set_ups(files: list[tuple[str, bytes]]) -> None:
    session = Session(score_at="stop", stop_epochs="5")
    session.press("Train")
    session.finish()
    session.tab("Result")
    assert session.value("scored_at") == "stop"
    assert files[-1][0].endswith("-stop.csv")


def test_a_run_whose_g_never_stopped_has_one_d() -> None:
    session = Session(whether_stop="0", stop_epochs="5")
    session.press("Train")
    session.finish()
    session.tab("Result")
    assert session.says("G did not stop within this run")
    assert session.says("by D at the end")
    assert session.tab("Game").tiles()["AUC at stop"] == "–"


def test_the_twenty_most_abnormal_rows_come_with_their_values() -> None:
    session = Session(data="highdim")
    job = session.start(stop_epochs=10)
    session.finish()
    session.tab("Result")
    shown = session.at.dataframe[0].value
    assert len(shown) == 20
    assert list(shown["rank"]) == list(range(1, 21))
    first = int(np.flatnonzero(job.dataset.ids == shown["id"].iloc[0])[0])
    value = shown[job.dataset.feature_names[2]].iloc[0]
    assert np.float32(value) == job.dataset.X[first, 2]
    assert repr(float(value)) == str(job.dataset.X[first, 2]), "with no more digits than single precision has"
    assert session.says("Shown are the first 12 of 20 columns.")


def test_mo_gaal_has_a_result_too() -> None:
    session = Session(algorithm="mo-gaal", k="3", stop_epochs="4", data="wine")
    session.press("Train")
    session.finish()
    session.tab("Result")
    assert session.at.dataframe[0].value["rank"].iloc[0] == 1


def test_rows_are_flagged_by_count_or_by_score_too(files: list[tuple[str, bytes]]) -> None:
    session = Session()
    session.start(stop_epochs=3)
    session.finish()
    session.tab("Result")
    assert session.says("Flags 50 rows of 1,000 (5.00%)")
    session.choose("flag_by", "count")
    assert session.value("flag_count") == 50  # the same rows to begin with
    session.at.number_input("flag_count").set_value(7)
    session.look()
    assert newest(files)["flag"].sum() == 7
    assert session.says("Flags 7 rows of 1,000 (0.70%)")
    lowest = newest(files).query("flag == 1")["outlier_score"].min()
    session.choose("flag_by", "score")
    assert session.value("flag_score") == pytest.approx(lowest, abs=1e-4)
    session.at.number_input("flag_score").set_value(1.0)
    session.look()
    assert newest(files)["flag"].sum() == 0
    assert session.says("Flags none of 1,000 rows")
    assert session.says("Nothing is flagged")
    session.choose("flag_by", "share")
    assert session.value("share") == 0.1


def test_a_row_is_explained_and_another_can_be_chosen(files: list[tuple[str, bytes]]) -> None:
    session = Session(data="wine")
    job = session.start(stop_epochs=30)
    session.finish()
    session.tab("Result")
    result, data = job.snapshot().result, job.dataset
    assert result is not None
    assert len(result.voters_end) == 1
    order = np.argsort(result.logits_end, kind="stable")
    for place in (0, 4):
        if place:
            session.at.selectbox("why_row").set_value(int(order[place]))
            session.look()
        row = int(order[place])
        found = explain(result.voters_end, Scaler.fit(data.X), data.X[row : row + 1], data.feature_names)
        strongest = int(np.abs(found.attributions[0]).argmax())
        ticks = session.chart("why_bars")["layout"]["yaxis"]["ticktext"]
        assert ticks[0] == data.feature_names[strongest]
        values, nearest = (table.value for table in session.at.dataframe[1:3])
        assert values["feature"].iloc[0] == data.feature_names[strongest]
        assert values["value"].iloc[0] == data.X[row, strongest]
        assert len(values) == data.d
        assert nearest["distance"].is_monotonic_increasing
        assert len(nearest) == 6
        assert (nearest["rank"].iloc[1:] > data.n // 2).all()
    assert session.says("From a row of medians")
    session.at.toggle("scores_reasons").set_value(True)
    session.look()
    table = newest(files)
    assert list(table.columns) == ["id", "label", "outlier_score", "rank", "flag", "reason"]
    assert (table["reason"].notna() <= (table["flag"] == 1)).all()
    assert table["reason"].notna().any()


def asked(session: Session, job: Job) -> SeedCheck:
    """The other seeds of a run, once they have answered and the page shows it."""
    check = _trust._checks()[(job.id, "end", job.snapshot().step)]
    assert check.wait(60)
    session.look()
    return check


def test_eight_seeds_are_asked_how_far_to_trust_the_ranking() -> None:
    session = Session(data="wine")
    job = session.start(stop_epochs=3)
    session.finish()
    session.tab("Result")
    assert session.says("Can I trust this?")
    session.press("Ask eight seeds")
    check = asked(session, job)
    found = check.trust(7)  # the share that is flagged
    assert session.says(f"{found.overlap:.0%} of their top 7 in common")
    assert session.says("No label was used")
    shown = session.at.dataframe[0].value
    assert shown["seeds"].tolist()[:7] == found.counts.tolist()
    assert shown["seeds"].isna().sum() == 13
    session.choose("flag_by", "count")
    session.at.number_input("flag_count").set_value(20)
    session.look()
    assert session.at.dataframe[0].value["seeds"].tolist() == check.trust(20).counts.tolist()


def test_what_seeds_said_is_there_again_after_a_restart(monkeypatch: pytest.MonkeyPatch) -> None:
    session = Session(data="wine")
    job = session.start(stop_epochs=3)
    session.finish()
    session.tab("Result")
    session.press("Ask eight seeds")
    found = asked(session, job).trust(7)
    restart(monkeypatch)
    _trust._checks().clear()
    after = Session(run=job.id)
    after.tab("Result")
    assert after.says(f"{found.overlap:.0%} of their top 7 in common")
    assert not after.says("Can I trust this?")
    assert after.at.dataframe[0].value["seeds"].tolist()[:7] == found.counts.tolist()
    after.choose("flag_by", "count")
    after.at.number_input("flag_count").set_value(20)
    after.look()
    assert after.says("of their top 20 in common")
    (_server.store().get(job.id).folder / "trust_end.npz").write_bytes(b"x")
    _trust._read.clear()
    after.look()
    assert after.says("trust_end.npz")
    assert after.says("Can I trust this?")


def test_what_cannot_be_kept_with_a_run_is_said() -> None:
    session = Session(data="wine")
    job = session.start(stop_epochs=3)
    session.finish()
    session.tab("Result")
    folder = _server.store().get(job.id).folder
    (folder / "trust_end.npz").mkdir()
    session.press("Ask eight seeds")
    asked(session, job)
    assert session.says("of their top 7 in common")
    assert session.says("It is not kept with the run")


def test_the_answer_names_groups_where_several_seeds_play_and_says_that_repeatable_is_not_right() -> None:
    session = Session(data="wine", preset="auto")
    job = session.start(auto_seeds=2, max_epochs=20)
    session.finish()
    session.tab("Result")
    assert session.says("2 seeds rank here together")
    assert not session.says("One seed is a gamble")
    session.at.number_input("share").set_value(50.0)
    session.press("Ask eight groups of seeds")
    asked(session, job)
    session.look()
    assert session.says("epeatable, which does not say right.** Two of 8 groups have on average")
    assert session.says("seeds may agree and all be wrong")


def test_asking_seeds_can_be_cancelled() -> None:
    session = Session(data="wine", stop_epochs="100000", max_epochs="300000")
    job = session.start(stop_epochs=100000)
    until(lambda: job.snapshot().step > 3)
    job.stop()
    session.finish()
    session.tab("Result")
    session.press("Ask eight seeds")
    assert session.says("of 8 seeds have ranked the rows")
    session.press("Cancel")
    asked(session, job)
    session.look()
    assert session.says("Can I trust this?")
