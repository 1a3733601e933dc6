"""The report of a population: what it says of all and of each, and that its commands do what they say."""

import json
import re
import shlex
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from sogaal import load_dataset
from sogaal.cli import main
from sogaal.config import make_config
from sogaal.errors import RunError
from sogaal.outcomes import RunOutcome, checked_wanted, do_runs
from sogaal.report import report_of
from sogaal.runs.groups import Group
from sogaal.runs.names import new_token
from sogaal.runs.store import RunStore
from sogaal.scaling import Scaler
from sogaal.tables import TravellingTable
from tests.report.test_report import HOSTILE, hostile, text_of
from tests.runs.saved import save_population

DATA = load_dataset("onecluster")
BASE = make_config("post", stop_epochs=5)
CONFIGS = [BASE.replace(lr_g=lr, seed=seed) for lr in (1e-4, 1e-2) for seed in (0, 1, 2)]


@pytest.fixture(scope="module")
def found() -> list[RunOutcome]:
    ticket = TravellingTable(Scaler.fit(DATA.X).transform(DATA.X), DATA.y).ticket_with_table
    return do_runs(ticket, list(enumerate(CONFIGS)), checked_wanted(["summary"], None, 1, CONFIGS))


@pytest.fixture
def store(tmp_path: Path, found: list[RunOutcome]) -> RunStore:
    store = RunStore(tmp_path)
    save_population(store, DATA, BASE, Scaler.fit(DATA.X), found, kind="spread", title="two rates", name="Mine",
                          tags=["first"], note="a note")  # fmt: skip
    return store


def test_it_tells_the_spread_and_each_member(store: RunStore, found: list[RunOutcome]) -> None:
    text = text_of(report_of(store.get("last")))
    ends = [outcome.summary["auc_final"] for outcome in found]
    spread = (
        f"AUC at end 6 {np.mean(ends):.4f} {np.std(ends):.4f} {np.median(ends):.4f} {min(ends):.4f} {max(ends):.4f}"
    )
    assert spread in text
    for words in ("Mine", "two rates", "first", "a note", "Labels were used to evaluate only", DATA.fingerprint):
        assert words in text
    for outcome in found:
        cells = f"{outcome.index} {outcome.config.lr_g:g} {outcome.config.seed} completed"
        assert f"{cells} {outcome.summary['auc_stop']:.4f} {outcome.summary['auc_final']:.4f}" in text
    for rate in (1e-4, 1e-2):
        mine = [one.summary["auc_final"] for one in found if one.config.lr_g == rate]
        assert f"{np.median(mine):.4f} {min(mine):.4f} to {max(mine):.4f}" in text
    shared = text.partition("What all runs share")[2].partition("Data and versions")[0]
    assert "--stop_epochs" in shared
    assert "--lr_g" not in shared
    assert "--seed" not in shared


def test_each_command_trains_its_member(
    store: RunStore, found: list[RunOutcome], capsys: pytest.CaptureFixture[str]
) -> None:
    lines = re.findall(r"sogaal train [^<]*", report_of(store.get("last")).decode())
    commands = [line for block in lines for line in block.splitlines()]
    assert len(commands) == 6
    for place in (0, 4):
        assert main([*shlex.split(commands[place])[1:], "--json", "--quiet", "--no-save"]) == 0
        told = json.loads(capsys.readouterr().out)
        assert told["auc_final"] == found[place].summary["auc_final"]


def test_members_that_became_runs_are_named(store: RunStore) -> None:
    many = store.get("last")
    setup = store.member_to_run(many.id, 4)
    with store.create(DATA, setup.config, setup.scaler, title="a run", parent=setup.parent) as writer:
        run = writer.id
    text = text_of(report_of(store.get(many.id)))
    assert re.search(rf" 4 0.01 1 completed [\d. -]+ {run[-12:]} ", text)
    assert text.count(run[-12:]) == 1
    assert f"the same set-up and seed as a member of the spread Mine , {many.id} " in text_of(report_of(store.get(run)))
    store.trash([many.id])
    assert f"of a population that is not there, or no more: {many.id} " in text_of(report_of(store.get(run)))


@pytest.mark.parametrize("count", [0, 2])
def test_one_that_broke_off_tells_of_the_members_that_had_come(
    tmp_path: Path, found: list[RunOutcome], count: int
) -> None:
    store = RunStore(tmp_path)
    group = Group(DATA, BASE, Scaler.fit(DATA.X), CONFIGS, "map", "two rates")
    with store.begin_population(group, created=datetime.now(UTC), token=new_token()) as writer:
        members = [group.member(outcome) for outcome in found[:count]]
        (writer.folder / "members.csv").write_bytes(group.csv(members))
        writer.update(**group.so_far(members, writer.id))
    text = text_of(report_of(store.get("last")))
    assert f"Map: {count} of 6 runs of SO-GAAL on " in text
    assert "It is interrupted: " in text
    assert "The program ended before all its runs had." in text
    assert ("None of its members has ended." in text) == (count == 0)
    assert len(re.findall(r"sogaal train ", text)) == count


def test_an_ensemble_has_its_ranking_and_its_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["onecluster", "--stop_epochs", "6", "--seed", "3", "--n_estimators", "3"]
    assert main(["train", *arguments, "--runs", str(tmp_path), "--json", "--quiet"]) == 0
    told = json.loads(capsys.readouterr().out)
    run = RunStore(tmp_path).get("last")
    page = report_of(run)
    text = text_of(page)
    assert f"Its ROC-AUC is {told['auc_stop']:.4f} when G stopped and {told['auc_final']:.4f} at the end." in text
    first = np.argmin(run.model().score_samples(DATA.X))
    assert re.search(
        rf"most abnormal rows .* values as they are in the table .*most unusual {DATA.ids[first]} 1 ", text
    )
    (command,) = re.findall(r"sogaal train [^<]* --n_estimators 3", page.decode())
    assert main([*shlex.split(command)[1:], "--json", "--quiet", "--no-save"]) == 0
    again = json.loads(capsys.readouterr().out)
    assert (again["auc_stop"], again["auc_final"]) == (told["auc_stop"], told["auc_final"])


def test_without_labels_and_with_failures_it_says_so(tmp_path: Path, found: list[RunOutcome]) -> None:
    store = RunStore(tmp_path)
    blind = replace(DATA, name="blind", y=None, label_name=None)
    bad = [
        replace(one, summary={**one.summary, "auc_stop": None, "auc_final": None, "auc_best": None}) for one in found
    ]
    bad[1] = replace(bad[1], diverged="The training diverged at step 3.")
    save_population(store, blind, BASE, Scaler.fit(DATA.X), bad, kind="map", title="blind")
    text = text_of(report_of(store.get("last")))
    assert "There are no labels, so there is no AUC" in text
    assert "1 of 6 members failed." in text
    assert "The training diverged at step 3." in text
    assert "--format table -o blind.parquet" in text


def test_names_that_would_harm_are_text(tmp_path: Path, found: list[RunOutcome]) -> None:
    store = RunStore(tmp_path)
    data = hostile()
    bad = [replace(one, failed=HOSTILE) if one.index else one for one in found]
    save_population(store, data, BASE, Scaler.fit(data.X), bad, kind=HOSTILE, title=HOSTILE, note=HOSTILE)
    page = report_of(store.get("last")).decode()
    assert "<script" not in page
    assert "<img" not in page


def test_a_large_one_is_told_in_part(tmp_path: Path, found: list[RunOutcome]) -> None:
    store = RunStore(tmp_path)
    many = [replace(found[0], index=n, config=BASE.replace(seed=n % 3, lr_g=1e-4 * (1 + n // 3))) for n in range(600)]
    save_population(store, DATA, BASE, Scaler.fit(DATA.X), many, kind="map", title="large")
    page = report_of(store.get("last"))
    text = text_of(page)
    assert "The first 200 of 600 members" in text
    assert "By set-up; the first 150 of 200" in text
    assert "And 580 more" in text
    assert "<figure" not in page.decode()
    assert len(page) < 300_000


def test_damaged_members_are_told(store: RunStore) -> None:
    run = store.get("last")
    path = run.folder / "members.csv"
    path.write_text(path.read_text().replace("\n1,0.0001", "\n1,-5", 1))
    with pytest.raises(RunError, match="damaged"):
        report_of(store.get("last"))
