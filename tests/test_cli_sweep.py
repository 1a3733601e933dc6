"""``sogaal sweep`` as people type it: what it tells, and what it says of bad input, in one line."""

import json
from pathlib import Path

import pytest

from sogaal.cli import main
from sogaal.config import TrainConfig, make_config
from sogaal.labelfree.choosing import MEASURED
from sogaal.runs.store import RunStore

SMALL = ["--stop_epochs", "3", "--workers", "1", "--quiet"]


def found_auto() -> float:
    """The AUC of the preset auto, as it was measured."""
    return float(json.loads(MEASURED.read_text())["auto"])


def called(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = main(["sweep", *arguments])
    return status, *capsys.readouterr()


def test_it_tells_the_best_and_how_it_was_chosen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runs = ["--runs", str(tmp_path)]
    vary = ["--vary", "lr_g=1e-4..1e-2", "--vary", "generator_bias=1e-6..1"]
    status, said, errors = called(capsys, "onecluster", *vary, "--trials", "4", "--seeds", "2", *SMALL, *runs)
    assert (status, errors) == (0, "")
    assert "tpe, lr_g=0.0001..0.01, generator_bias=1e-06..1; 2 seeds a trial" in said
    assert "chosen with labels" in said
    record = RunStore(tmp_path).entries()[0]
    assert record.id in said
    assert record.title.endswith("AUC at stop, chosen with labels")

    status, said, _ = called(capsys, "--resume", record.id[-12:], "--trials", "5", "--json", "--quiet", *runs)
    found = json.loads(said)
    assert (status, found["state"], found["run"], found["chosen_with_labels"]) == (0, "completed", record.id, True)
    assert len(found["trials"]) == 5
    # The best one's first run is what its configuration trains.
    best = found["best"]
    config = TrainConfig.checked(best["config"])
    assert config == make_config(stop_epochs=3, max_epochs=4, **best["params"])

    main(["runs", "list", "--runs", str(tmp_path)])
    assert "10 x SO-GAAL" in capsys.readouterr().out


def test_without_labels_it_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = tmp_path / "mine.csv"
    table.write_text("a,b\n" + "".join(f"{i % 7},{i % 11}\n" for i in range(60)))
    status, said, _ = called(
        capsys, str(table), "--vary", "lr_g=1e-4,1e-2", "--method", "grid", "--objective", "seed_agreement", *SMALL,
        "--runs", str(tmp_path / "runs"),
    )  # fmt: skip
    assert status == 0
    assert "chosen without labels" in said
    assert "2 seeds a trial" in said  # as few as agreement needs
    assert "sogaal train FILE" in said


def test_a_table_without_labels_is_judged_without(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = tmp_path / "mine.csv"
    table.write_text("a,b\n" + "".join(f"{i % 7},{i % 11}\n" for i in range(60)))
    status, said, _ = called(
        capsys, str(table), "--vary", "lr_g=1e-4,1e-2", "--method", "grid", *SMALL, "--json", "--runs", str(tmp_path),
    )  # fmt: skip
    found = json.loads(said)
    assert (status, found["objective"], found["chosen_with_labels"]) == (0, "rival_likeness", False)
    assert -1 <= found["best"]["value"] <= 1
    assert -1 <= found["untuned_auto"] <= 1
    again = [str(table), "--vary", "lr_g=1e-4,1e-2", "--method", "grid", *SMALL, "--runs", str(tmp_path)]
    status, said, _ = called(capsys, *again)
    assert status == 0
    assert "how to read it  1 = the rows rank as kNN and Isolation Forest rank them" in said
    assert f"the preset auto without a search {found_auto():.2f}." in said
    assert f"untuned         Untuned Auto has {found['untuned_auto']:.4f}, eight seeds together" in said


def test_labels_need_no_preset_to_be_read_by(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    vary = ["--vary", "lr_g=1e-4,1e-2", "--method", "grid"]
    status, said, _ = called(capsys, "onecluster", *vary, *SMALL, "--json", "--runs", str(tmp_path))
    assert (status, json.loads(said)["untuned_auto"]) == (0, None)


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["onecluster", "--trials", "3"], "--vary must name at least one parameter and its range, got none."),
        (["--vary", "k=1,2"], "--path must name one table, a file or a shipped dataset, got none."),
        (["onecluster", "--vary", "lrg=1..2"], "--vary: lrg is not a parameter; those that can be varied are "),
        (
            ["onecluster", "--vary", "lr_g=0..1:log"],
            "--vary: lr_g must be a finite number over 0 and at most 10, got 0",
        ),
        (["onecluster", "--vary", "generator_bias=0..1:log"], "--vary: generator_bias must have a lower end over 0 on"),
        (["onecluster", "--vary", "k=1,2"], "--trials or seconds must say when a sweep by tpe ends, got neither."),
        (["onecluster", "--vary", "k=1,2", "--trials", "0"], "--trials must be 1 to 100,000, got 0."),
        (["onecluster", "--vary", "k=1,2", "--objective", "x"], "--objective must be one of auc_stop, auc_end, "),
        (["onecluster", "--vary", "k=1,2", "--method", "x"], "--method must be one of tpe, random, grid, got 'x'."),
        (["onecluster", "--vary", "k=1,2", "--seeds", "x"], "argument --seeds: must be a whole number, got 'x'"),
        (["onecluster", "--vary", "k=1,2", "--prune"], "--prune gives up a trial between two of its seeds"),
        (
            ["onecluster", "--vary", "k=1,2", "--trials", "2", "--storage", "x"],
            "--storage must be the address of a database that can be opened, such as sqlite:///sweeps.db, got 'x': ",
        ),
        (["--resume", "last"], "there are no runs yet."),
        (["--resume", "last", "--lr_g", "1"], "--resume goes on with a sweep as it was begun: --lr_g cannot be given"),
        (["onecluster", "--vary", "k=1,2", "--workers", "0"], "--workers must be a whole number of at least 1, got 0."),
        (["onecluster", "--workers", "1", "--dask", "tcp://x:1"], "--workers are processes here, --dask is a cluster"),
    ],
)
def test_bad_input_is_one_line(flags: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, output, errors = called(capsys, *flags, "--runs", str(tmp_path))
    assert (status, output) == (2, "")
    assert errors.startswith("sogaal sweep: ")
    assert said in errors
    assert errors.count("\n") == 1
    assert RunStore(tmp_path).entries() == []


def test_columns_that_are_left_out_are_not_learned_from(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flags = ["--vary", "lr_g=1e-4..1e-2", "--trials", "1", "--ignore", "proline,hue", *SMALL, "--runs", str(tmp_path)]
    assert called(capsys, "wine", *flags)[0] == 0
    assert RunStore(tmp_path).entries()[0].dataset.d == 11


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--preset", "auto"], "stop_epochs must be a number in a sweep, got 'auto'"),
        (["--vary", "stop_epochs=auto..10"], "--vary: stop_epochs must have a number as its lower end, got 'auto'"),
        (["--resume", "last", "--trials", "4", "--scaling", "robust"], "--scaling cannot be given with it"),
    ],
)
def test_what_a_sweep_cannot_do_is_said(
    flags: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if "--resume" not in flags:
        flags = ["onecluster", "--vary", "lr_g=1e-4..1e-2", "--trials", "1", *flags]
    status, _, errors = called(capsys, *flags, "--runs", str(tmp_path))
    assert status == 2
    assert words in errors
