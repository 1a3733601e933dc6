"""`sogaal train --n_estimators N`: what it ranks by, what it prints, and the record that it leaves."""

import json
import os
import re
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sogaal import SOGAAL, load_dataset, load_model
from sogaal.cli import main
from sogaal.config import make_config
from sogaal.metrics import roc_auc
from sogaal.runs.store import RunStore
from sogaal.seeding import member_seeds
from sogaal.snapshots import JobState
from tests.conftest import ROOT

DATA = load_dataset("onecluster")
SETUP = ["onecluster", "--preset", "post", "--stop_epochs", "15", "--seed", "7"]
PATIENCE = 120.0


def trained(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> dict[str, object]:
    capsys.readouterr()
    assert main(["train", *map(str, arguments), "--json", "--quiet"]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.fixture(scope="module")
def ensemble(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, object]]:
    """Three members, trained by the program itself."""
    root = tmp_path_factory.mktemp("ensemble")
    command = [sys.executable, "-m", "sogaal", "train", *SETUP, "--n_estimators", "3", "--json"]
    command += ["--runs", "runs", "--save", "m.safetensors", "--scores", "s.csv"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, timeout=180, check=True)
    assert done.stderr == ""
    return root, json.loads(done.stdout)


def test_members_are_single_trainings_and_the_first_has_the_seed_given(
    ensemble: tuple[Path, dict[str, object]], capsys: pytest.CaptureFixture[str]
) -> None:
    _, told = ensemble
    assert [member["seed"] for member in told["members"]] == member_seeds(7, 3)
    single = trained(capsys, *SETUP, "--no-save")
    for name in ("steps", "auc_stop", "auc_final", "auc_best", "d_loss", "g_loss"):
        assert told["members"][0][name] == single[name]
    assert told.keys() - single.keys() == {"n_estimators", "members"}
    assert told["steps"] == 3 * single["steps"]


def test_what_ranks_is_the_mean_logit(ensemble: tuple[Path, dict[str, object]]) -> None:
    root, told = ensemble
    model = load_model(root / "m.safetensors")
    for at, name in (("stop", "auc_stop"), ("end", "auc_final")):
        assert told[name] == roc_auc(model.score_samples(DATA.X, at), DATA.y)
        assert told[name] not in [member[name] for member in told["members"]]
    assert told["auc_best"] is None
    config = make_config("post", stop_epochs=15, max_epochs=45, score_at="end")
    not_its = ("seed", "algorithm", "k", "auto_seeds")
    same = {name: value for name, value in config.model_dump().items() if name not in not_its}
    library = SOGAAL(**same, n_estimators=3, random_state=7).fit(DATA.X)
    np.testing.assert_array_equal(library.score_samples(DATA.X), model.score_samples(DATA.X, "end"))
    scores = pd.read_csv(root / "s.csv")
    np.testing.assert_allclose(scores["outlier_score"], model.outlier_score(DATA.X), atol=1e-9)


def test_it_leaves_one_record_that_scores(ensemble: tuple[Path, dict[str, object]], tmp_path: Path) -> None:
    root, told = ensemble
    store = RunStore(root / "runs")
    (record,) = store.entries()
    assert (record.id, record.state, record.message) == (told["run"], JobState.COMPLETED, "")
    assert (record.population.kind, record.population.count, record.population.varied) == ("ensemble", 3, ("seed",))
    assert record.title == "onecluster · ensemble of 3 · SO-GAAL · Post, stop_epochs 15 · seed 7"
    assert record.summary == {name: told[name] for name in record.summary}
    run = store.get("last")
    assert run.files == ("members.csv", "model.safetensors", "run.json", "scores.csv")
    assert [{**one.values, **one.numbers} for one in run.members()] == told["members"]
    assert (run.folder / "scores.csv").read_bytes() == (root / "s.csv").read_bytes()
    assert main(["runs", "export", "last", "-o", str(tmp_path / "e.zip"), "--runs", str(root / "runs")]) == 0
    assert main(["runs", "import", str(tmp_path / "e.zip"), "--runs", str(tmp_path / "other")]) == 0
    there = RunStore(tmp_path / "other").get("last").model()
    np.testing.assert_array_equal(there.score_samples(DATA.X), run.model().score_samples(DATA.X))
    again = store.member_to_run(record.id, 2)
    assert (again.config.seed, again.parent) == (member_seeds(7, 3)[2], record.id)


def test_reasons_are_those_of_the_mean_logit(tmp_path: Path) -> None:
    train = ["train", "wine", "--n_estimators", "2", "--stop_epochs", "5", "--no-save", "--json", "--share", "0.1"]
    files = ["--scores", str(tmp_path / "s.csv"), "--save", str(tmp_path / "m")]
    assert main([*train, *files, "--explain"]) == 0
    assert main(["score", str(tmp_path / "m"), "wine", "--explain", "--share", "0.1", "-o", str(tmp_path / "t")]) == 0
    assert (tmp_path / "s.csv").read_bytes() == (tmp_path / "t").read_bytes()
    table = pd.read_csv(tmp_path / "s.csv", keep_default_na=False)
    assert (table["reason"][table["flag"] == 1] != "").any()
    assert (table["reason"][table["flag"] == 0] == "").all()


def test_over_processes_it_is_the_same(
    ensemble: tuple[Path, dict[str, object]], capsys: pytest.CaptureFixture[str]
) -> None:
    _, told = ensemble
    here = trained(capsys, *SETUP, "--n_estimators", "3", "--n_jobs", "2", "--no-save")
    for name in ("auc_stop", "auc_final", "steps", "d_loss"):
        assert here[name] == told[name]
    assert [one["auc_final"] for one in here["members"]] == [one["auc_final"] for one in told["members"]]


def test_people_are_told_the_spread(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", *SETUP, "--n-estimators", "2", "--runs", str(tmp_path / "runs")]) == 0
    text = capsys.readouterr().out
    members = RunStore(tmp_path / "runs").get("last").members()
    low, high = sorted(member.numbers["auc_final"] for member in members)
    assert re.search(rf"^AUC at end +0\.\d+ \(members {low:.4f} to {high:.4f}, 0\.\d+ ± 0\.\d+\)$", text, re.MULTILINE)
    assert re.search(r"^run +\d{8}-\d{6}-onecluster-so-gaal-", text, re.MULTILINE)


def test_without_labels_there_is_no_auc(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pd.DataFrame(np.random.default_rng(0).normal(size=(40, 2)), columns=["a", "b"]).to_csv(tmp_path / "t.csv")
    told = trained(capsys, tmp_path / "t.csv", "--stop_epochs", "3", "--n_estimators", "2", "--runs", tmp_path / "runs")
    assert (told["auc_stop"], told["auc_final"]) == (None, None)
    assert RunStore(tmp_path / "runs").get("last").dataset().n == 40


def test_the_library_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SOGAAL_RUNS", str(tmp_path / "runs"))
    SOGAAL(stop_epochs=2, n_estimators=2, random_state=0).fit(DATA.X)
    assert list(tmp_path.iterdir()) == []


def test_a_member_that_diverges_ends_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pd.DataFrame(DATA.X * 1e25, columns=["a", "b"]).to_csv(tmp_path / "wild.csv", index=False)
    arguments = ["train", str(tmp_path / "wild.csv"), "--scaling", "none", "--n_estimators", "2", "--id", ""]
    assert main([*arguments, "--runs", str(tmp_path / "runs"), "--quiet"]) == 1
    assert "Member 1 of 2 (seed 0): " in capsys.readouterr().err
    run = RunStore(tmp_path / "runs").get("last")
    assert (run.record.state, run.files) == (JobState.FAILED, ("members.csv", "run.json"))
    assert run.record.message.startswith("Member 1 of 2 (seed 0): ")


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_what_had_ended_stays_after_ctrl_c(tmp_path: Path) -> None:
    import fcntl
    import struct
    import termios

    command = [sys.executable, "-m", "sogaal", "train", *SETUP, "--max_epochs", "1000", "--n_estimators", "200"]
    ours, its = os.openpty()  # for the progress bar, which tells when there are members that ended
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
    process = subprocess.Popen([*command, "--runs", str(tmp_path / "runs")], cwd=ROOT, stdout=its, stderr=its)
    os.close(its)
    seen = ""
    try:
        while not re.search(r" [1-9]\d*/200 ", seen):
            seen += os.read(ours, 65536).decode()
        process.send_signal(signal.SIGINT)
        with suppress(OSError):  # the other side is closed
            while piece := os.read(ours, 65536):
                seen += piece.decode()
        assert process.wait(timeout=PATIENCE) == 130
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    assert "Traceback" not in seen
    run = RunStore(tmp_path / "runs").get("last")
    assert run.record.state == JobState.INTERRUPTED
    count = len(run.members())
    assert 0 < count < 200
    assert run.record.message == f"Ended by Ctrl-C after {count} of 200 members."


def test_what_cannot_be_saved_is_told_and_costs_no_result(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "runs").write_text("a file where the folder should be")
    assert main(["train", *SETUP, "--n_estimators", "2", "--runs", str(tmp_path / "runs")]) == 0
    printed = capsys.readouterr()
    assert "note: The ensemble is not saved: " in printed.err
    assert "AUC at end" in printed.out


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--n_estimators", "0"], "--n_estimators: must be a whole number from 1 to 10,000, got '0'"),
        (["--n_estimators", "many"], "--n_estimators: must be a whole number from 1 to 10,000, got 'many'"),
        (["--n_estimators", "2", "--n_jobs", "0"], "--n_jobs: must be a whole number other than 0"),
        (["--n_jobs", "2"], "--n_jobs is how many processes train an ensemble"),
        (["--n_estimators", "2", "--plot", "p.html"], "--plot shows the course of one training"),
        (["--n_estimators", "2", "--trust"], "--trust asks other seeds about the ranking of one: it does not go with"),
        (["--n_estimators", "2", "--algorithm", "mo-gaal", "--batch_size", "3"], "k must be"),
    ],
)
def test_bad_input_is_named(flags: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", *SETUP, *flags, "--runs", str(tmp_path / "runs")]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "runs").exists()
