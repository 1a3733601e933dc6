"""``sogaal detectors`` as people type it."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sogaal.cli import main
from sogaal.rivals import DETECTORS

FAST = ["--only", "so-gaal,knn,iforest", "--seeds", "2"]


def called(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = main(["detectors", *arguments])
    return status, *capsys.readouterr()


def test_it_tells_how_good_how_alike_and_who_agrees(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output, measures = tmp_path / "scores.csv", tmp_path / "measures.csv"
    status, said, errors = called(capsys, "wine", *FAST, "--output", str(output), "--measures", str(measures))
    assert (status, errors) == (0, "")
    assert "labels chose nothing" in said
    for words in ("AUC", "average precision", "seconds", "rank correlation", "In the top of most", "of one alone"):
        assert words in said
    lines = {line.split()[0]: line for line in said.splitlines()[2:6]}
    assert list(lines) == ["detector", "so-gaal", "iforest", "knn"]
    assert "none" in lines["knn"]
    frame = pd.read_csv(measures)
    assert frame["detector"].tolist() == ["so-gaal", "iforest", "knn"]
    assert frame["seeds"].tolist() == [2, 2, 0]
    assert f"{frame['auc'][2]:.3f}" in lines["knn"]
    assert said.splitlines()[2].split()[-2:] == ["seconds", "MiB"]
    shown = [lines[name].split()[-1] for name in frame["detector"]]
    assert shown == ["-" if np.isnan(value) else f"{value:.1f}" for value in frame["memory_mib"]]
    frame = pd.read_csv(output)
    assert sorted(frame["knn_rank"]) == list(range(1, 130))
    assert {"so_gaal_score", "iforest_rank", "label"} <= set(frame)


def test_json_and_a_table_without_labels(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [f"{i % 7 / 7},{i % 11 / 11},1" for i in range(60)]
    (tmp_path / "mine.csv").write_text("\n".join(["a,b,same", *rows, "5,5,1"]) + "\n")
    status, said, errors = called(capsys, str(tmp_path / "mine.csv"), *FAST, "--share", "0.02", "--json")
    assert errors.startswith("note: Column 'same' stays a feature though it has one value only")
    found = json.loads(said)
    assert (status, found["top"], found["without"]) == (0, 2, {})
    assert list(found["detectors"]) == ["so-gaal", "iforest", "knn"]
    assert found["detectors"]["knn"]["auc"] == []
    assert found["detectors"]["iforest"]["seeds"] == [0, 1]
    assert len(found["detectors"]["iforest"]["memory_bytes"]) in (0, 2)
    assert found["consensus"][0]["id"] == 61


def test_without_pyod_it_goes_on_and_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sogaal.rivals.kinds.find_spec", lambda _: None)
    status, said, _ = called(capsys, "wine", "--only", "knn,ecod")
    assert status == 0
    assert 'ecod: left out. It needs PyOD, which is not installed: pip install "sogaal[rivals]"' in said
    status, _, errors = called(capsys, "wine", "--only", "ecod")
    assert status == 2
    assert "No detector has ranked the table." in errors
    assert "sogaal[rivals]" in errors


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["wine", "--only", "abod"], "--only must name some of so-gaal"),
        (["wine", "--only", ","], "--only must name at least one"),
        (["wine", "--seeds", "0"], "--seeds must be a whole number from 1 to 50, got 0"),
        (["wine", "--share", "2"], "share must be a number over 0"),
        (["nothing.csv"], "nothing.csv"),
        (["wine", "--output", "/nowhere/at/all.csv"], "--output"),
        (["wine", "--measures", "/nowhere/at/all.csv"], "--measures"),
    ],
)
def test_bad_input_is_one_line(flags: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    status, said, errors = called(capsys, *flags)
    assert (status, said) == (2, "")
    assert words in errors
    assert errors.count("\n") == 1


def test_help_names_every_detector(capsys: pytest.CaptureFixture[str]) -> None:
    _, said, _ = called(capsys, "--help")
    assert ", ".join(DETECTORS) in " ".join(said.split())


def test_columns_that_are_left_out_are_not_learned_from(capsys: pytest.CaptureFixture[str]) -> None:
    aucs = []
    for flags in ([], ["--ignore", "proline,alcohol"]):
        status, said, _ = called(capsys, "wine", "--only", "knn", "--json", *flags)
        assert status == 0
        aucs.append(json.loads(said)["detectors"]["knn"]["auc"])
    assert aucs[0] != aucs[1]
