from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from sogaal.errors import RunError
from sogaal.runs.checkpoint_file import read_checkpoint, write_checkpoint
from sogaal.runs.history_file import HistoryFile, read_history
from tests.runs.trained import same, trainer


@pytest.mark.parametrize("algorithm", ["so-gaal", "mo-gaal"])
@pytest.mark.parametrize("step", [1, 33])
def test_a_run_goes_on_from_it_bit_for_bit(tmp_path: Path, algorithm: str, step: int) -> None:
    whole, first, second = (trainer(algorithm) for _ in range(3))
    whole.fit()
    first.advance(step)
    write_checkpoint(tmp_path / "checkpoint.safetensors", first.state_dict(), "a1")
    first.advance(4)  # the history on disk may be ahead of the checkpoint
    HistoryFile(tmp_path / "history.csv", first.config.n_generators).append(first.history.view(), 0.1)
    history, _ = read_history(tmp_path / "history.csv")
    second.load_state_dict(read_checkpoint(tmp_path / "checkpoint.safetensors", "a1"), history)
    assert second.step == second.history.view().steps == step
    second.fit()
    assert same(second.history.to_arrays(), whole.history.to_arrays())
    ended, expected = second.state_dict(), whole.state_dict()
    assert same(
        {n: v for n, v in ended.items() if n != "seconds"}, {n: v for n, v in expected.items() if n != "seconds"}
    )


def test_another_run_is_refused(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "c.safetensors", {"step": np.array(3)}, "a1")
    with pytest.raises(RunError, match="of run b2, got one of 'a1'"):
        read_checkpoint(tmp_path / "c.safetensors", "b2")


def test_another_program_and_damage_and_absence_are_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "c.safetensors"
    with pytest.raises(RunError, match="there is no checkpoint"):
        read_checkpoint(path)
    path.write_bytes(b"half a fi")
    with pytest.raises(RunError, match="damaged"):
        read_checkpoint(path)
    save_file({"x": np.zeros(3)}, path, metadata={"sogaal": "[]"})
    with pytest.raises(RunError, match="must be a checkpoint that sogaal saved"):
        read_checkpoint(path)


def test_a_newer_format_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "c.safetensors"
    save_file({"x": np.zeros(3)}, path, metadata={"sogaal": '{"format": 2, "kind": "checkpoint", "token": ""}'})
    with pytest.raises(RunError, match="at most 1, got 2"):
        read_checkpoint(path)
