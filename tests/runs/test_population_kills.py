"""A population whose process is killed leaves the members that had ended."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a system that can fork processes")


def killed(number: int, folder: Path, timeout: float) -> dict[str, int]:
    command = [sys.executable, "-W", "ignore", "-m", "tests.runs.population_kills", str(number), str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=timeout)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_killed_at_random_moments(tmp_path: Path) -> None:
    report = killed(4, tmp_path, 280)
    assert report["kills"] == report["with members"] + report["without"] == 4
    assert report["with members"] >= 3  # of those that were given the time


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_killed_a_hundred_times(tmp_path: Path) -> None:
    assert killed(100, tmp_path, 3500)["with members"] >= 75
