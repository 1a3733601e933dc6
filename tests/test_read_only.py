"""A folder of runs that turned read-only: trainings go on and say so; reading works as before.

Root may write wherever it likes, so a program that root starts here gives up that right first.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from sogaal.runs.store import RunStore
from sogaal.snapshots import JobState
from tests.conftest import ROOT

PATIENCE = 120.0
# Permissions then count for this process and what it becomes, even if it is root's: PR_CAPBSET_DROP, CAP_DAC_OVERRIDE.
WITHOUT_OVERRIDE = """
import ctypes, os, sys
if os.geteuid() == 0 and ctypes.CDLL(None).prctl(24, 1, 0, 0, 0):
    sys.exit(77)
os.execv(sys.executable, [sys.executable, "-m", "sogaal", *sys.argv[1:]])
"""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux' capabilities to bind root as well")


def start(*arguments: str | Path) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", WITHOUT_OVERRIDE, *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def run(*arguments: str | Path) -> tuple[int, str, str]:
    process = start(*arguments)
    out, err = process.communicate(timeout=PATIENCE)
    if process.returncode == 77:
        pytest.skip("this root may not give up its rights")
    return process.returncode, out, err


def freeze(root: Path, frozen: bool = True) -> None:
    """Take the right to write from all that is there, or give it back."""
    for path in [root, *root.rglob("*")]:
        path.chmod((0o555 if path.is_dir() else 0o444) if frozen else (0o755 if path.is_dir() else 0o644))


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


@pytest.fixture(scope="module")
def frozen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one run in it, made read-only."""
    root = tmp_path_factory.mktemp("frozen") / "runs"
    assert run("train", "onecluster", "--stop_epochs", "3", "--runs", root, "--quiet")[0] == 0
    freeze(root)
    return root


@pytest.mark.parametrize("more", [[], ["--n_estimators", "2"]])
def test_a_training_says_so_and_has_its_result(frozen: Path, more: list[str]) -> None:
    before = sorted(frozen.rglob("*"))
    status, out, err = run("train", "onecluster", "--stop_epochs", "20", *more, "--json", "--quiet", "--runs", frozen)
    assert status == 0
    assert 0 <= json.loads(out)["auc_final"] <= 1
    assert "saved" in err
    assert "Permission denied" in err
    assert err.count("\n") <= 2
    assert "Traceback" not in err
    assert sorted(frozen.rglob("*")) == before


def test_what_is_there_is_read_and_not_changed(frozen: Path, tmp_path: Path) -> None:
    (entry,) = RunStore(frozen).entries()
    status, out, _ = run("runs", "list", "--json", "--runs", frozen)
    assert (status, [one["id"] for one in json.loads(out)]) == (0, [entry.id])
    assert run("runs", "show", "last", "--runs", frozen)[0] == 0
    for form in ("zip", "report"):
        assert run("runs", "export", "last", "--format", form, "-o", tmp_path / form, "--runs", frozen)[0] == 0
    for command in (["annotate", "last", "--note", "x"], ["delete", "last"], ["import", tmp_path / "zip"]):
        status, _, err = run("runs", *command, "--runs", frozen)
        if command[0] == "import":
            assert (status, err) == (0, "")  # it is there already, and the same: nothing to write
            continue
        assert status == 2
        assert "Permission denied" in err
        assert err.count("\n") == 1
    assert RunStore(frozen).entries() == [entry]


def test_one_that_turns_read_only_on_the_way_is_told_and_can_be_gone_on_with(tmp_path: Path) -> None:
    root = tmp_path / "runs"
    process = start("train", "onecluster", "--stop_epochs", "2500", "--seed", "5", "--json", "--quiet", "--runs", root)
    store = RunStore(root)
    try:
        until(lambda: process.poll() is not None or [*root.glob("*/history.csv")])
        if process.poll() == 77:
            pytest.skip("this root may not give up its rights")
        freeze(root)
        out, err = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
    assert process.returncode == 0
    assert "note: The run is not being saved at present: " in err
    assert "Permission denied" in err
    told = json.loads(out)
    assert told["steps"] == 15_000
    freeze(root, frozen=False)
    (record,) = store.entries()
    assert record.state == JobState.INTERRUPTED
    assert record.step < told["steps"]
    status, out, _ = run("runs", "resume", "last", "--json", "--runs", root)
    assert status == 0
    again = json.loads(out)
    assert [again[name] for name in ("steps", "auc_final", "d_loss")] == [
        told[name] for name in ("steps", "auc_final", "d_loss")
    ]
