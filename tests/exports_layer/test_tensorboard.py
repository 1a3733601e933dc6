"""Event files, read by TensorBoard's own reader and by a real TensorBoard."""

import io
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import masked_crc32c
from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import u32 as _u32

from sogaal.config import TrainConfig, make_config
from sogaal.data import load_dataset
from sogaal.exports.events import crc32c, crc32c_long, read_records, record
from sogaal.exports.picture import BOTTOM, LEFT, RIGHT, SIDE, TOP, default_scene
from sogaal.exports.tensorboard import MOST_ROWS, RunEvents
from sogaal.figures import Scene, theme
from sogaal.scaling import Scaler
from sogaal.trainer import Trainer

NAMES = {"d_loss": "loss/discriminator", "g_loss": "loss/generator", "d_real": "D/D(x), mean",
         "d_fake": "D/D(G(z)), mean", "auc": "evaluation/AUC",
         "average_precision": "evaluation/average precision", "spread": "evaluation/spread"}  # fmt: skip


def start(name: str, labels: bool = True, **values: Any) -> tuple[Trainer, Scene]:
    data = load_dataset(name)
    X = Scaler.fit(data.X).transform(data.X)
    y = data.y if labels else None
    return Trainer(X, make_config("post", **values), y), default_scene(X, y, data.feature_names)


def events_of(trainer: Trainer, folder: Path, dataset: str = "onecluster") -> RunEvents:
    folder.mkdir(parents=True, exist_ok=True)
    return RunEvents(folder, trainer.config, dataset, "minmax")


def write(trainer: Trainer, scene: Scene, folder: Path, portion: int = 37, dataset: str = "onecluster") -> None:
    events = events_of(trainer, folder, dataset)
    while trainer.advance(portion):
        events.add(trainer.history.view(), trainer.batches)
        if trainer.step >= trainer.total_steps // 2 and not events.image_steps:
            events.add_image(trainer.step, trainer.frame(), scene)
    events.add_image(trainer.step, trainer.frame(), scene)
    events.finish(trainer.summary())
    events.close()


def read(folder: Path) -> EventAccumulator:
    found = EventAccumulator(str(folder), size_guidance={"scalars": 0, "images": 0, "tensors": 0})
    return found.Reload()


def lines(folder: Path) -> dict[str, list[tuple[int, float]]]:
    found = read(folder)
    return {tag: [(one.step, one.value) for one in found.Scalars(tag)] for tag in found.Tags()["scalars"]}


# -- checksums ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [4, 5, 255, 256, 257, 1000, 70_001])
def test_checksums_are_tensorboards(size: int) -> None:
    content = np.random.default_rng(size).integers(0, 256, size, dtype=np.uint8)
    theirs = int(_u32(masked_crc32c(content.tobytes())))
    ours = int(crc32c(content[None])[0])
    assert crc32c_long(content.tobytes()) == ours
    assert int.from_bytes(record(content.tobytes())[-4:], "little") == theirs
    assert crc32c(np.frombuffer(b"123456789", dtype=np.uint8)[None])[0] == 0xE3069283, "the check value of CRC-32C"


@pytest.mark.parametrize("change", [0, 9, 20, -1])
def test_a_torn_or_damaged_record_ends_what_is_read(change: int) -> None:
    messages = [bytes([number]) * (20 + number) for number in range(5)]
    content = b"".join(map(record, messages))
    assert read_records(content) == messages
    for length in range(len(content)):
        assert messages[: len(read_records(content[:length]))] == read_records(content[:length])
    second = len(record(messages[0]))
    damaged = bytearray(content)
    damaged[second + change if change >= 0 else second + len(record(messages[1])) - 1] ^= 4
    assert read_records(bytes(damaged)) == messages[:1]


# -- what is in the file -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("portion", [1, 7, 1000])
def test_every_step_of_a_short_run_is_told_once(tmp_path: Path, portion: int) -> None:
    trainer, scene = start("onecluster", stop_epochs=10)
    write(trainer, scene, tmp_path, portion)
    view, found = trainer.history.view(), lines(tmp_path)
    for name in ("d_loss", "g_loss", "d_real", "d_fake"):
        assert found[NAMES[name]] == [(i + 1, float(v)) for i, v in enumerate(getattr(view, name))]
    for name in ("auc", "average_precision", "spread"):
        expected = zip(view.eval_step.tolist(), np.float32(getattr(view, name)).tolist(), strict=True)
        assert found[NAMES[name]] == list(expected)
    assert not any(tag.startswith("sub-generators") for tag in found)


def test_a_long_run_is_thinned_evenly(tmp_path: Path) -> None:
    trainer, scene = start("onecluster", stop_epochs=700)
    write(trainer, scene, tmp_path, 501)
    view, found = trainer.history.view(), lines(tmp_path)
    steps = [step for step, _ in found["loss/discriminator"]]
    assert 0.4 * MOST_ROWS <= len(steps) <= MOST_ROWS + 3
    assert {1, trainer.stop_step, trainer.total_steps} <= set(steps)
    assert max(np.diff(steps)) <= 2 * trainer.total_steps / MOST_ROWS + trainer.batches
    assert dict(found["loss/discriminator"]) == {step: float(view.d_loss[step - 1]) for step in steps}
    auc = dict(zip(view.eval_step.tolist(), np.float32(view.auc).tolist(), strict=True))
    assert all(auc[step] == value for step, value in found["evaluation/AUC"])
    assert 0.4 * MOST_ROWS <= len(found["evaluation/AUC"]) <= MOST_ROWS + 3
    assert found["evaluation/AUC"][-1][0] == trainer.total_steps


def test_how_much_is_told_does_not_depend_on_how_often_it_is_asked_for(tmp_path: Path) -> None:
    for portion in (3, 100):
        trainer, scene = start("onecluster", stop_epochs=400)
        write(trainer, scene, tmp_path / str(portion), portion)
    assert lines(tmp_path / "3") == lines(tmp_path / "100")


def test_sub_generators_are_fewer_and_thinner(tmp_path: Path) -> None:
    trainer, scene = start("wine", algorithm="mo-gaal", k=40, stop_epochs=30)
    write(trainer, scene, tmp_path)
    view, found = trainer.history.view(), lines(tmp_path)
    subs = sorted(tag for tag in found if tag.startswith("sub-generators"))
    assert len(subs) == 20
    assert (subs[0], subs[-1]) == ("sub-generators/loss 01", "sub-generators/loss 40")
    for tag in (subs[0], subs[-1]):
        number = int(tag[-2:]) - 1
        assert found[tag] == [(s, float(view.sub_g_loss[s - 1, number])) for s in range(5, view.steps + 1, 5)]


def test_without_labels_there_is_no_auc(tmp_path: Path) -> None:
    trainer, scene = start("onecluster", labels=False, stop_epochs=5)
    write(trainer, scene, tmp_path)
    found = lines(tmp_path)
    assert "evaluation/AUC" not in found
    assert "final/AUC at end" not in found
    assert len(found["evaluation/spread"]) == len(trainer.history.view().eval_step)


def test_a_run_that_is_stopped_early_tells_its_last_step(tmp_path: Path) -> None:
    trainer, _ = start("onecluster", stop_epochs=2000)
    events = events_of(trainer, tmp_path)
    trainer.advance(101)
    events.add(trainer.history.view(), trainer.batches)
    assert lines(tmp_path)["loss/discriminator"][-1][0] < 101
    events.finish(trainer.summary(), success=False)
    events.close()
    assert lines(tmp_path)["loss/discriminator"][-1][0] == 101


def test_results_and_wall_times(tmp_path: Path) -> None:
    before = time.time()
    trainer, scene = start("onecluster", stop_epochs=10)
    write(trainer, scene, tmp_path)
    found, summary = read(tmp_path), trainer.summary()
    for name, tag in (("auc_stop", "AUC at stop"), ("auc_final", "AUC at end"), ("auc_best", "AUC best")):
        assert [one.value for one in found.Scalars(f"final/{tag}")] == [np.float32(summary[name])]
    times = [one.wall_time for one in found.Scalars("loss/generator")]
    assert times == sorted(times)
    assert before <= times[0] <= times[-1] <= time.time()


def test_pictures_show_the_points_and_d_in_the_projects_colours(tmp_path: Path) -> None:
    trainer, scene = start("onecluster", stop_epochs=100)
    write(trainer, scene, tmp_path, 150)
    images = read(tmp_path).Images("plane")
    assert [image.step for image in images] == [300, trainer.total_steps]
    picture = Image.open(io.BytesIO(images[-1].encoded_image_string))
    assert picture.size == (images[-1].width, images[-1].height)
    pixels = np.asarray(picture.convert("RGB"))[TOP : TOP + SIDE, LEFT : LEFT + SIDE].reshape(-1, 3).astype(int)
    colours = theme()
    for colour in (colours.inlier, colours.outlier, colours.generated):
        wanted = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)])
        assert (np.abs(pixels - wanted).sum(axis=1) < 130).sum() > 50, colour
    heat = np.array([int(colours.heat[0][1][i : i + 2], 16) for i in (1, 3, 5)])
    assert (np.abs(pixels - heat).sum(axis=1) < 60).sum() > 1000, "D's map behind the points"


def test_a_picture_of_one_step_is_written_once(tmp_path: Path) -> None:
    trainer, scene = start("wine", stop_epochs=5)
    trainer.advance(3)
    events = events_of(trainer, tmp_path)
    for _ in range(3):
        events.add_image(trainer.step, trainer.frame(), scene)
    events.close()
    assert [image.step for image in read(tmp_path).Images("plane")] == [3]


# -- resumed runs ------------------------------------------------------------------------------------------------------


def resumed(trainer: Trainer, scene: Scene, folder: Path, cut: int | None) -> None:
    """A run that is killed at step 23 with its last checkpoint at 16, and then goes on to the end."""
    events = events_of(trainer, folder)
    trainer.advance(16)
    state = trainer.state_dict()
    events.add(trainer.history.view(), trainer.batches)
    events.add_image(16, trainer.frame(), scene)
    trainer.advance(7)
    events.add(trainer.history.view(), trainer.batches)
    events.add_image(23, trainer.frame(), scene)
    events.close()
    (file,) = folder.iterdir()
    file.write_bytes(file.read_bytes()[:cut])
    again = Trainer(trainer.X, trainer.config, trainer.y)
    again.load_state_dict(state, trainer.history)
    write(again, scene, folder, 5)


@pytest.mark.parametrize("cut", [None, -1, -100, -60_000, 100, 0])
def test_a_resumed_run_has_no_step_twice(tmp_path: Path, cut: int | None) -> None:
    unbroken, scene = start("onecluster", stop_epochs=10)
    whole = lines_of(unbroken, scene, tmp_path / "whole")
    trainer, scene = start("onecluster", stop_epochs=10)
    (tmp_path / "resumed").mkdir()
    resumed(trainer, scene, tmp_path / "resumed", cut)
    assert lines(tmp_path / "resumed") == whole
    files = sorted((tmp_path / "resumed").iterdir())
    assert [path.stat().st_size > 0 for path in files] in ([False, True], [True]), "the earlier file is emptied"
    kept = [16] if cut in (None, -1, -100) else []
    steps = [image.step for image in read(tmp_path / "resumed").Images("plane")]
    assert steps[: len(kept)] == kept
    assert 23 not in steps, "of a step that was done again"


def lines_of(trainer: Trainer, scene: Scene, folder: Path) -> dict[str, list[tuple[int, float]]]:
    write(trainer, scene, folder, 5)
    return lines(folder)


def test_a_reader_that_follows_the_run_sees_it_resumed(tmp_path: Path) -> None:
    trainer, scene = start("onecluster", stop_epochs=10)
    folder = tmp_path / "run"
    events = events_of(trainer, folder)
    trainer.advance(20)
    events.add(trainer.history.view(), trainer.batches)
    events.close()
    reader = read(folder)
    assert len(reader.Scalars("loss/generator")) == 20
    again, _ = start("onecluster", stop_epochs=10)
    write(again, scene, folder)
    reader.Reload()
    steps = [one.step for one in reader.Scalars("loss/generator")]
    assert steps == list(range(1, again.total_steps + 1))


def test_event_files_of_others_are_left_alone(tmp_path: Path) -> None:
    content = record(b"no event at all") + b"rest"
    (tmp_path / "events.out.tfevents.9999999999.other").write_bytes(content)
    (tmp_path / "events.out.tfevents.1700000000.sogaal").write_bytes(content)
    trainer, scene = start("onecluster", stop_epochs=5)
    write(trainer, scene, tmp_path)
    assert (tmp_path / "events.out.tfevents.9999999999.other").read_bytes() == content
    (tmp_path / "events.out.tfevents.9999999999.other").unlink()
    assert len(lines(tmp_path)["loss/generator"]) == trainer.total_steps


# -- the real TensorBoard ----------------------------------------------------------------------------------------------


@contextmanager
def tensorboard(logdir: Path, load_fast: bool = False) -> Iterator[str]:
    """A TensorBoard on a free port of this machine; yields its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "tensorboard.main", "--logdir", str(logdir), "--host", "127.0.0.1",
               "--port", str(port), f"--load_fast={str(load_fast).lower()}", "--reload_interval", "1"]  # fmt: skip
    log = logdir.parent / "tensorboard.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=output, env={**os.environ, "PYTHONWARNINGS": "ignore"}
        )
    url = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 90
        while True:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            try:
                ask(url, "environment")
                break
            except OSError:
                time.sleep(0.3)
        yield url
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def ask(url: str, what: str, body: Any = None, **query: str) -> Any:
    address = f"{url}/data/{what}" + (f"?{urllib.parse.urlencode(query)}" if query else "")
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(address, data=data, headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=20) as answer:
        content = answer.read()
    return json.loads(content) if answer.headers.get_content_type() == "application/json" else content


def wait_for(url: str, runs: set[str]) -> None:
    deadline = time.monotonic() + 60
    while set(ask(url, "runs")) != runs or set(ask(url, "plugin/images/tags")) != runs:
        assert time.monotonic() < deadline, ask(url, "runs")
        time.sleep(0.3)


RUNS = {
    "20261124-051503-onecluster-so-gaal-0a1b2c3d4e5f": ("onecluster", {"stop_epochs": 12}),
    "20261124-051611-wine-mo-gaal-f0e1d2c3b4a5": (
        "wine",
        {"algorithm": "mo-gaal", "k": 3, "stop_epochs": 9, "seed": 7},
    ),
}


def test_tensorboard_shows_all_runs_with_scalars_pictures_and_hyperparameters(tmp_path: Path) -> None:
    root = tmp_path / "runs"
    trainers: dict[str, Trainer] = {}
    for name, (dataset, values) in RUNS.items():
        trainers[name], scene = start(dataset, **values)
        write(trainers[name], scene, root / name, 7, dataset)
    with tensorboard(root) as url:
        wait_for(url, set(RUNS))
        tags = ask(url, "plugin/scalars/tags")
        for name, trainer in trainers.items():
            assert set(NAMES.values()) <= set(tags[name])
            view = trainer.history.view()
            told = ask(url, "plugin/scalars/scalars", run=name, tag="loss/discriminator")
            assert [(step, np.float32(value)) for _, step, value in told] == list(enumerate(view.d_loss, start=1))
            images = ask(url, "plugin/images/images", run=name, tag="plane", sample="0")
            assert len(images) == 2
            content = ask(url, "plugin/images/individualImage?" + images[-1]["query"])
            picture = Image.open(io.BytesIO(content))
            assert (picture.format, picture.size) == ("PNG", (LEFT + SIDE + RIGHT, TOP + SIDE + BOTTOM))
        check_hparams(url, trainers)


def check_hparams(url: str, trainers: dict[str, Trainer]) -> None:
    experiment = ask(url, "plugin/hparams/experiment", {"experimentName": ""})
    columns = {info["name"]: info["type"] for info in experiment["hparamInfos"]}
    assert columns.keys() == (TrainConfig.model_fields.keys() - {"max_epochs"}) | {"dataset", "scaling", "epochs"}
    assert columns["dataset"] == "DATA_TYPE_STRING"
    assert columns["lr_d"] == "DATA_TYPE_FLOAT64"
    metrics = [info["name"] for info in experiment["metricInfos"]]
    assert [info["displayName"] for info in experiment["metricInfos"]][:3] == ["AUC at stop", "AUC at end", "AUC best"]
    request = {
        "experimentName": "",
        "startIndex": 0,
        "sliceSize": 10,
        "allowedStatuses": ["STATUS_SUCCESS"],
        "colParams": [{"metric": metric} for metric in metrics],
    }
    groups = ask(url, "plugin/hparams/session_groups", request)["sessionGroups"]
    found = {group["sessions"][0]["name"]: group for group in groups}
    assert found.keys() == trainers.keys()
    for name, trainer in trainers.items():
        assert found[name]["hparams"]["dataset"] == RUNS[name][0]
        assert found[name]["hparams"]["lr_g"] == trainer.config.lr_g
        assert found[name]["hparams"]["seed"] == trainer.config.seed
        values = {one["name"]["tag"]: one["value"] for one in found[name]["metricValues"]}
        assert values["final/AUC at end"] == pytest.approx(trainer.summary()["auc_final"], abs=1e-6)
        assert values["final/D loss"] == pytest.approx(trainer.summary()["d_loss"], abs=1e-6)


def test_the_fast_loader_reads_the_same(tmp_path: Path) -> None:
    """TensorBoard's own default is a reader of its own, in Rust, where there is one for the machine."""
    from tensorboard.data import server_ingester

    try:
        server_ingester.get_server_binary()
    except server_ingester.NoDataServerError:
        pytest.skip("TensorBoard has no fast loader for this machine")
    trainer, scene = start("onecluster", stop_epochs=10)
    write(trainer, scene, tmp_path / "runs" / "one")
    shutil.copytree(tmp_path / "runs" / "one", tmp_path / "runs" / "two")
    with tensorboard(tmp_path / "runs", load_fast=True) as url:
        wait_for(url, {"one", "two"})
        told = ask(url, "plugin/scalars/scalars", run="one", tag="loss/generator")
        images = ask(url, "plugin/images/images", run="two", tag="plane", sample="0")
    losses = trainer.history.view().g_loss
    assert [(step, np.float32(value)) for _, step, value in told] == list(enumerate(losses, start=1))
    assert [image["step"] for image in images] == [37, trainer.total_steps]
