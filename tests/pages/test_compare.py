"""Compare: choosing runs, what differs between them, seeds together, and addresses that can be sent."""

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from pages import _server
from sogaal.config import make_config
from sogaal.data import Dataset, load_dataset
from sogaal.jobs import Job, JobRegistry
from sogaal.runs.store import RunStore
from tests.conftest import ROOT
from tests.pages.session import PATIENCE, Session, hold

COMPARE = str(ROOT / "pages" / "compare.py")


def train(dataset: str = "onecluster", *, paused: bool = False, scaling: str = "minmax", **changes: object) -> Job:
    """A short run in the server's memory."""
    config = make_config("post", **{"stop_epochs": 4, **changes})
    job = _server.registry().submit(load_dataset(dataset), config, scaling=scaling, paused=paused)
    if paused:
        job.step()
        hold(job)
    else:
        assert job.wait(PATIENCE)
    return job


class Comparison(Session):
    """A browser tab on Compare."""

    def __init__(self, *jobs: Job, ids: str | None = None, **address: str) -> None:
        self.at = AppTest.from_file(ROOT / "app.py", default_timeout=PATIENCE)
        self.at.run()
        self.at.switch_page("pages/compare.py")
        if jobs or ids is not None:
            self.at.query_params["ids"] = ",".join(job.id for job in jobs) if ids is None else ids
        for name, value in address.items():
            self.at.query_params[name] = value
        self.look()

    def switch(self, key: str, on: bool) -> None:
        self.at.toggle(key).set_value(on)
        self.look()

    @property
    def legend(self) -> list[str]:
        """The names in the chart's legend."""
        return [trace["name"] for trace in self.chart("compare_curves")["data"] if trace["showlegend"]]

    def table(self, number: int):
        return self.at.dataframe[number].value


def test_without_runs_it_leads_to_the_playground() -> None:
    page = Comparison()
    assert any("no runs to compare yet" in info.value for info in page.at.info)
    page.press("To the Playground")
    assert page.button("Train")


def test_two_runs_stand_over_one_another_with_what_differs() -> None:
    one, other = train(lr_d=0.01), train(lr_d=0.1, stop_epochs=5)
    page = Comparison(one, other)
    assert [name[:9] for name in page.legend] == ["<b>A</b> ", "<b>B</b> "]
    summary = page.table(0)
    assert list(summary["run"]) == ["A", "B"]
    assert list(summary["auc_final"]) == [job.snapshot().result.summary["auc_final"] for job in (one, other)]
    assert list(summary["steps"]) == [24, 30]
    differences = page.table(1).set_index("name")
    assert list(differences.index) == ["stop_epochs", "lr_d"]
    assert list(differences.loc["lr_d", ["A", "B"]]) == ["0.01", "0.1"]
    assert page.has_chart("compare_roc")
    assert page.has_chart("compare_scores")


def claims(*left_out: str) -> Dataset:
    """A table that is always called the same."""
    X = np.random.default_rng(0).normal(size=(60, 4))
    frame = pd.DataFrame(X, columns=["amount", "days", "nights", "people"]).drop(columns=list(left_out))
    return Dataset("claims", frame.to_numpy(), None, np.arange(60), tuple(frame.columns))


def test_tables_of_one_name_are_told_by_their_columns() -> None:
    config = make_config("post", stop_epochs=2)
    whole, less = (_server.registry().submit(table, config) for table in (claims(), claims("days", "people")))
    assert all(job.wait(PATIENCE) for job in (whole, less))
    page = Comparison(whole, less)
    told = page.table(1).set_index("name").loc["table"]
    assert list(told[["A", "B"]]) == ["claims, all 4 columns", "claims, without days, people"]
    # The newest of one table are those of this table, whatever others are called.
    assert page.value("compare_ids") == [whole.id, less.id]
    assert Comparison().value("compare_ids") == [less.id]


def test_seeds_of_one_set_up_are_a_mean_and_a_band_or_lines() -> None:
    jobs = [train(seed=seed) for seed in (0, 1)] + [train(lr_g=0.001)]
    page = Comparison(*jobs)
    assert len(page.legend) == 2
    assert page.legend[0].endswith("(mean of 2 seeds)")
    assert list(page.table(0)["run"]) == ["A", "A", "B"]
    assert list(page.table(1).set_index("name").loc["seed", ["A", "B"]]) == ["0, 1", "0"]
    page.switch("seeds", False)
    assert len(page.legend) == 3
    assert list(page.table(0)["run"]) == ["A", "B", "C"]
    assert page.address["seeds"] == "0"


def test_one_seed_that_was_run_again_is_no_other_seed() -> None:
    jobs = [train(seed=0), train(seed=0), train(lr_g=0.001)]
    page = Comparison(*jobs)
    assert page.legend[0] == "<b>A</b>  Post, stop_epochs 4 (2 runs of seed 0)"
    page = Comparison(*jobs, train(seed=1))
    assert page.legend[0] == "<b>A</b>  Post, stop_epochs 4 (mean of 2 seeds, 3 runs)"


def test_the_legend_names_what_tells_the_runs_apart() -> None:
    jobs = [train(seed=seed) for seed in (0, 1)] + [train(lr_g=0.001)]
    page = Comparison(*jobs)
    assert page.legend == [
        "<b>A</b>  Post, stop_epochs 4 (mean of 2 seeds)",
        "<b>B</b>  Post, stop_epochs 4, lr_g 0.001 · seed 0",
    ]
    page.switch("seeds", False)
    assert page.legend[0] == "<b>A</b>  Post, stop_epochs 4 · seed 0"


def test_k_counts_for_mo_gaal_alone() -> None:
    page = Comparison(train(), train(k=3), train(algorithm="mo-gaal", k=3))
    assert list(page.table(1).set_index("name").loc["k", ["A", "B", "C"]]) == ["–", "–", "3"]


def test_seeds_cannot_be_put_together_where_there_are_none() -> None:
    page = Comparison(train(), train(lr_d=0.1))
    assert page.at.toggle("seeds").disabled


def test_the_same_set_up_twice_differs_in_nothing() -> None:
    page = Comparison(train(), train())
    assert page.says("Nothing. The same seed and set-up give the same history")
    assert len(page.at.dataframe) == 1


@pytest.mark.parametrize(("axis", "end"), [("step", 24), ("epoch", 12)])
def test_the_axis_counts_steps_or_epochs(axis: str, end: float) -> None:
    page = Comparison(train(), train(lr_d=0.1), axis=axis)
    assert page.chart("compare_curves")["layout"]["xaxis"]["range"] == [0, end]


def test_smoothing_and_logarithmic_losses_come_from_the_address() -> None:
    jobs = train(), train(lr_d=0.1)
    page = Comparison(*jobs, smooth="10", log="1", kind="moving")
    chart = page.chart("compare_curves")
    assert [trace["name"] for trace in chart["data"]].count("raw") == 6
    assert chart["layout"]["yaxis"]["type"] == "log"
    assert page.says("Smoothed over 10 steps")
    assert page.value("kind") == "moving"
    page.switch("log", False)
    assert "type" not in page.chart("compare_curves")["layout"]["yaxis"]


def test_runs_of_different_tables_say_so() -> None:
    page = Comparison(train(), train("wine"))
    assert any("different tables" in info.value for info in page.at.info)
    assert page.table(1).set_index("name").loc["table", "B"] == "wine"


def test_scores_are_of_d_at_the_stop_or_at_the_end() -> None:
    page = Comparison(train(stop_epochs=40), train(stop_epochs=40, lr_d=0.1))
    before = page.chart("compare_roc")["data"][0]["name"]
    page.choose("at", "end")
    assert page.chart("compare_roc")["data"][0]["name"] != before
    assert page.address["at"] == "end"


def test_a_run_under_way_is_drawn_but_not_ranked() -> None:
    done, under_way = train(), train(paused=True, stop_epochs=500)
    page = Comparison(done, under_way)
    assert len(page.legend) == 2
    assert page.says("Without scores, because they are under way or failed")
    assert len(page.chart("compare_roc")["data"]) == 1
    assert list(page.table(0)["state"]) == ["completed", "paused"]
    under_way.stop()
    assert under_way.wait(PATIENCE)
    page.look()
    assert len(page.chart("compare_roc")["data"]) == 2


def test_an_address_with_runs_that_are_gone_names_them_and_shows_the_others() -> None:
    job = train()
    page = Comparison(ids=f"{job.id},0123456789ab,[x](http://nowhere)")
    assert len(page.legend) == 1
    assert page.warnings == [
        "The address names runs that are not there, or have no steps: 0123456789ab, [x](http:\u2060//nowhere)."
    ]
    assert page.address["ids"] == job.id


def test_a_bad_switch_in_the_address_is_named_and_replaced() -> None:
    page = Comparison(train(), train(lr_d=0.1), axis="wall", smooth="30")
    assert page.warnings == [
        "From the address: axis must be one of step, epoch, time, got 'wall'. It is set to 'step'."
    ]
    assert page.address["smooth"] == "30"
    assert "axis" not in page.address


def test_more_than_eight_runs_are_cut_to_eight() -> None:
    jobs = [train(lr_d=0.01 * (number + 1), stop_epochs=1) for number in range(9)]
    page = Comparison(*jobs)
    assert len(page.legend) == 8
    assert page.warnings == ["Shown are the first 8 of 9 runs."]


def test_opened_empty_it_shows_the_newest_runs_of_one_table() -> None:
    train("moons")
    jobs = [train(seed=seed) for seed in range(5)]
    page = Comparison()
    assert page.says("Shown are the newest runs of one table.")
    assert page.value("compare_ids") == [job.id for job in reversed(jobs)][:4]
    page.at.multiselect("compare_ids").set_value([])
    page.look()
    assert not page.says("Shown are the newest")
    assert any("Choose 2 to 8 runs" in info.value for info in page.at.info)
    page.press("The newest on onecluster")
    assert len(page.value("compare_ids")) == 4
    assert page.has_chart("compare_curves")


def test_saved_runs_stand_beside_those_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    saved = [train(seed=seed) for seed in (0, 1)]
    before = Comparison(*saved, seeds="0")
    summary, curves = before.table(0), before.chart("compare_curves")
    old = _server.registry()
    old.shutdown()
    with JobRegistry(RunStore(old.store.root)) as after_restart:
        monkeypatch.setattr(_server, "registry", lambda: after_restart)
        same = Comparison(*saved, seeds="0")
        assert same.table(0).equals(summary)
        assert len(same.chart("compare_curves")["data"]) == len(curves["data"])
        both = Comparison(*saved, train(lr_d=0.1), seeds="0")
        assert len(both.legend) == 3
        assert (
            len([trace for trace in both.chart("compare_roc")["data"] if trace.get("name", "").startswith("<b>")]) == 3
        )
        assert both.warnings == []


def test_the_axis_counts_seconds_of_training() -> None:
    jobs = train(), train(lr_d=0.1)
    page = Comparison(*jobs, axis="time")
    chart = page.chart("compare_curves")
    longest = max(job.snapshot().result.summary["seconds"] for job in jobs)
    assert chart["layout"]["xaxis"]["range"] == [0, pytest.approx(longest, rel=1e-3)]
    assert "seconds of training" in chart["layout"]["xaxis"]["title"]["text"]


def test_runs_are_chosen_on_the_page_and_stand_in_the_address() -> None:
    one, other = train(), train(lr_d=0.1)
    page = Comparison(one)
    page.at.multiselect("compare_ids").set_value([one.id, other.id])
    page.look()
    assert page.address["ids"] == f"{one.id},{other.id}"
    assert len(page.legend) == 2


def test_a_table_without_labels_has_histograms_and_no_roc() -> None:
    page = Session()
    page.upload("own.csv", b"a,b\n" + b"\n".join(b"%d,%d" % (i * 7 % 31, i * 11 % 37) for i in range(40)))
    page.start(stop_epochs=3)
    page.finish()
    comparison = Comparison(page.job)
    assert not comparison.has_chart("compare_roc")
    assert comparison.has_chart("compare_scores")
    assert comparison.says("so there are no ROC curves")


def test_the_playground_leads_to_the_newest_runs() -> None:
    jobs = [train(), train(lr_d=0.1)]
    page = Session()
    page.press("Compare the newest")
    assert page.address["ids"] == ",".join(job.id for job in reversed(jobs))
    assert page.has_chart("compare_curves")
