"""Trainings that are killed lose nearly nothing, and end where they would have ended."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a system that can fork processes")


def killed(number: int, folder: Path, timeout: float) -> dict[str, float]:
    command = [sys.executable, "-W", "ignore", "-m", "tests.runs.kills", str(number), str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=timeout)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["kills"] == number
    return report


def test_killed_at_random_moments(tmp_path: Path) -> None:
    killed(6, tmp_path, 280)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_killed_two_hundred_times(tmp_path: Path) -> None:
    killed(200, tmp_path, 3500)
