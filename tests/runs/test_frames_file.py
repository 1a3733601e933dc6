from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sogaal.errors import RunError
from sogaal.runs.frames_file import FrameKeeper, read_frames, write_frames
from tests.runs.trained import trainer


def _kept(steps: int, most: int = 16, **values: object) -> tuple[FrameKeeper, int | None]:
    training = trainer(**values)
    keeper = FrameKeeper(most, training.stop_step)
    keeper.add(training.frame())
    while training.step < steps and not training.finished:
        wanted = min(keeper.next_step(training.step + 1), steps, training.total_steps)
        training.advance(wanted - training.step)
        keeper.add(training.frame())
    return keeper, training.stop_step


@pytest.mark.parametrize("steps", [1, 5, 17, 31, 60])
def test_first_stop_and_last_stay_and_there_are_never_too_many(steps: int) -> None:
    keeper, stop = _kept(steps)
    kept = [frame.step for frame in keeper.frames()]
    assert kept == sorted(set(kept))
    assert len(kept) <= 16
    assert kept[0] == 0
    assert kept[-1] == steps
    assert stop is not None
    assert (stop in kept) == (steps >= stop)


def test_the_others_are_evenly_spaced() -> None:
    keeper, stop = _kept(60)
    regular = [frame.step for frame in keeper.frames() if frame.step not in (stop, 60)]
    assert set(np.diff(regular)) == {keeper.stride}
    assert keeper.stride & (keeper.stride - 1) == 0


@pytest.mark.parametrize("total", [15, 16, 17, 31, 60])
@pytest.mark.parametrize("seed", range(5))
def test_a_whole_run_keeps_the_same_frames_however_fast_it_was(total: int, seed: int) -> None:
    frame, rng = trainer().frame(), np.random.default_rng(seed)
    kept = []
    for hurried in (False, True):
        keeper = FrameKeeper(16, stop_step=11, total_steps=total)
        keeper.add(frame)
        step = 0
        while (step := min(keeper.next_step(step + 1), total)) <= total:
            keeper.add(replace(frame, step=step))
            if hurried and rng.random() < 0.5:
                keeper.widen()
            if step == total:
                break
        kept.append([one.step for one in keeper.frames()])
    assert kept[0] == kept[1]


def test_a_resumed_run_keeps_its_frames_and_goes_on_as_before() -> None:
    keeper, stop = _kept(40)
    again = FrameKeeper(16, stop, frames=keeper.frames())
    assert again.frames() == keeper.frames()
    assert again.next_step(41) == keeper.next_step(41)


def test_frames_of_steps_that_are_done_again_go() -> None:
    keeper, _ = _kept(40)
    training = trainer()
    training.advance(20)
    keeper.add(training.frame())
    assert keeper.frames()[-1].step == 20


def test_they_read_back_to_the_bit(tmp_path: Path) -> None:
    keeper, _ = _kept(60, algorithm="mo-gaal")
    write_frames(tmp_path / "frames.npz", keeper.frames())
    for read, kept in zip(read_frames(tmp_path / "frames.npz"), keeper.frames(), strict=True):
        assert (read.step, read.epoch) == (kept.step, kept.epoch)
        for name in ("generated", "owner"):
            assert getattr(read, name).tobytes() == getattr(kept, name).tobytes()
        for name in ("w1", "b1", "w2"):
            assert getattr(read.discriminator, name).tobytes() == getattr(kept.discriminator, name).tobytes()
        assert read.discriminator.b2 == kept.discriminator.b2


@pytest.mark.parametrize("algorithm", ["so-gaal", "mo-gaal"])
def test_a_plane_takes_less_than_a_megabyte(tmp_path: Path, algorithm: str) -> None:
    training = trainer(algorithm, stop_epochs=100, k=10)
    keeper = FrameKeeper(stop_step=training.stop_step)
    while not training.finished:
        training.advance(min(keeper.next_step(training.step + 1), training.total_steps) - training.step)
        keeper.add(training.frame())
    write_frames(tmp_path / "frames.npz", keeper.frames())
    assert len(keeper.frames()) >= 60
    assert (tmp_path / "frames.npz").stat().st_size < 1_000_000


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 nothing", b"no archive at all"])
def test_a_damaged_file_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "frames.npz").write_bytes(content)
    with pytest.raises(RunError, match="frames.npz"):
        read_frames(tmp_path / "frames.npz")


def test_what_was_pickled_is_never_opened(tmp_path: Path) -> None:
    np.savez(tmp_path / "frames.npz", step=np.array([{"a": 1}], dtype=object))
    with pytest.raises(RunError, match="damaged"):
        read_frames(tmp_path / "frames.npz")


def test_arrays_that_do_not_fit_together_are_refused(tmp_path: Path) -> None:
    keeper, _ = _kept(20)
    write_frames(tmp_path / "frames.npz", keeper.frames())
    with np.load(tmp_path / "frames.npz") as arrays:
        found = dict(arrays)
    np.savez(tmp_path / "frames.npz", **(found | {"b1": found["b1"][:, :3]}))
    with pytest.raises(RunError, match="b1 has the shape"):
        read_frames(tmp_path / "frames.npz")


def test_too_few_frames_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 8, got 2"):
        FrameKeeper(2)
