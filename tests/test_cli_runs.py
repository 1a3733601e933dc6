"""`sogaal runs`: what it prints and writes, and how it ends; what it exports, opened by the programs it is for."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime
import pandas as pd
import pyarrow.csv as pa_csv
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from sogaal import load_dataset, load_model
from sogaal.cli import main
from sogaal.cli.runs import ACTIONS
from sogaal.cli.tables import Column, shortened, table, width
from sogaal.config import make_config
from sogaal.errors import RunError
from sogaal.runs.store import RunStore
from sogaal.scaling import Scaler
from tests.conftest import ROOT
from tests.exports_layer.test_tensorboard import ask, tensorboard, wait_for
from tests.runs.saved import save_population, save_run
from tests.runs.test_populations import outcomes

HOSTILE = "\x1b]0;harm\x07evil\x1b[2J\n名前\u202e"
FORMATS = ("zip", "report", "replay", "tensorboard", "model", "onnx", "scores", "csv", "parquet", "table")


def run(*arguments: str | Path, **options: object) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "sogaal", "runs", *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=180, check=False, **({"cwd": ROOT} | options)
    )


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three runs that the program itself left, and two things that are none."""
    root = tmp_path_factory.mktemp("cli") / "runs"
    own = root.parent / "own table.csv"
    rows = pd.DataFrame(np.random.default_rng(0).normal(size=(60, 3)), columns=["a", "b", "c"])
    rows.insert(0, "id", [f"row {i}" for i in range(60)])
    rows.to_csv(own, index=False)
    for arguments in (["wine", "--algorithm", "mo-gaal", "--k", "3", "--stop_epochs", "9"],
                      ["onecluster", "--preset", "post", "--stop_epochs", "20", "--seed", "4"],
                      [str(own), "--stop_epochs", "5", "--scaling", "robust"]):  # fmt: skip
        assert main(["train", *arguments, "--runs", str(root), "--quiet"]) == 0
    (root / "notes").mkdir()
    (root / "20261124-231502-wine-so-gaal-aaaaaaaaaaaa").mkdir()
    (root / "20261124-231502-wine-so-gaal-aaaaaaaaaaaa" / "run.json").write_text("{")
    return root


def ids(root: Path) -> list[str]:
    """Newest first: the own table, onecluster, wine."""
    return [entry.id for entry in RunStore(root).entries() if not hasattr(entry, "reason")]


def told(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> str:
    capsys.readouterr()
    assert main(["runs", *map(str, arguments)]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    return printed.out


def objects(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> object:
    text = told(capsys, *arguments, "--json")
    assert text.count("\n") == 1
    return json.loads(text)


# -- list --------------------------------------------------------------------------------------------------------------


def test_list(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = told(capsys, "list", "--runs", root).splitlines()
    assert lines[0].split() == "run state dataset algorithm AUC stop end best D loss G loss seconds begun (UTC)".split()
    assert [line.split()[0] for line in lines[1:4]] == [one[-12:] for one in ids(root)]
    store = RunStore(root)
    for line, one in zip(lines[1:4], ids(root), strict=True):
        record = store.get(one).record
        assert f"  {record.state.value}  {record.dataset.name} " in line
        assert "-" if record.dataset.outliers is None else f"{record.summary['auc_stop']:.3f}" in line
        assert f"{record.summary['d_loss']:.3f}" in line
    assert lines[4].startswith("unreadable: 20261124-231502-wine-so-gaal-aaaaaaaaaaaa: the record is damaged")
    assert lines[5].startswith("unreadable: notes: its name is not that of a run")
    assert len(lines) == 6


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ([], [0, 1, 2]),
        (["--dataset", "wine"], [2]),
        (["--dataset", "One Cluster"], [1]),
        (["--state", "completed", "--limit", "2"], [0, 1]),
        (["--state", "failed,stopped"], []),
        (["--sort", "dataset"], [1, 0, 2]),
        (["--sort", "dataset", "--reverse"], [2, 0, 1]),
        (["--reverse"], [2, 1, 0]),
        (["--tag", "A", "--tag", "b c"], []),
    ],
)
def test_filters_and_orders(
    root: Path, capsys: pytest.CaptureFixture[str], flags: list[str], expected: list[int]
) -> None:
    found = objects(capsys, "list", *flags, "--runs", root)
    filtered = {"--dataset", "--state", "--tag"} & set(flags)
    readable = [one["id"] for one in found if "unreadable" not in one]
    assert readable == [ids(root)[i] for i in expected]
    assert len(found) - len(readable) == (0 if filtered else 2)


def test_sorting_by_a_number_puts_what_has_none_last(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for flags in ([], ["--reverse"]):
        found = objects(capsys, "list", "--sort", "auc_final", *flags, "--runs", root)
        values = [one["auc_final"] for one in found if "unreadable" not in one]
        assert values[-1] is None
        assert values[:-1] == sorted(values[:-1], reverse=not flags)


def test_no_runs_yet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert told(capsys, "list", "--runs", tmp_path / "none").startswith("There are no runs in ")
    assert objects(capsys, "list", "--runs", tmp_path / "none") == []
    assert not (tmp_path / "none").exists()


def test_the_folder_is_also_told_by_the_environment(root: Path) -> None:
    done = run("list", "--json", env={**os.environ, "SOGAAL_RUNS": str(root)})
    assert len(json.loads(done.stdout)) == 5


def test_a_reader_that_has_enough_is_no_error(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    data = load_dataset("onecluster")
    one = store.get(save_run(store, data)[0])
    for number in range(400):
        store.take_in(replace(one.record, id=f"{one.id[:-12]}{number:012x}"), {})
    command = f"{shlex.quote(sys.executable)} -m sogaal runs list --runs {shlex.quote(str(tmp_path))} | head -n 2"
    done = subprocess.run(["sh", "-c", command], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.stderr == ""
    assert len(done.stdout.splitlines()) == 2


@contextmanager
def at_terminal(columns: int, *arguments: str | Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """The program at a terminal of so many columns, for its input, output and errors."""
    import fcntl
    import struct
    import termios

    ours, its = os.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    command = [sys.executable, "-m", "sogaal", "runs", *map(str, arguments)]
    environment = {key: value for key, value in os.environ.items() if key not in ("COLUMNS", "LINES")}
    process = subprocess.Popen(command, cwd=ROOT, stdin=its, stdout=its, stderr=its, env=environment)
    os.close(its)
    try:
        yield process, ours
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def read_all(terminal: int) -> str:
    seen = b""
    while True:
        try:
            seen += (piece := os.read(terminal, 65536))
        except OSError:  # the other side is closed
            break
        if not piece:
            break
    return seen.decode()


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
@pytest.mark.parametrize("columns", [30, 60, 90, 200])
def test_a_narrow_terminal_gets_fewer_columns(root: Path, columns: int) -> None:
    with at_terminal(columns, "list", "--runs", root) as (process, terminal):
        lines = read_all(terminal).replace("\r", "").splitlines()
        assert process.wait(timeout=60) == 0
    assert len(lines) == 6
    assert all(width(line) <= max(columns, 40) for line in lines)
    assert [line[:12] for line in lines[1:4]] == [one[-12:] for one in ids(root)]
    assert ("seconds" in lines[0]) == (columns == 200)


def test_what_a_terminal_would_obey_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = RunStore(tmp_path)
    data = replace(load_dataset("onecluster"), name=HOSTILE, title=HOSTILE)
    identity, _ = save_run(store, data, tags=["\x1b[31mred"], note=HOSTILE)
    (tmp_path / "\x1b[2Jfolder").mkdir()
    for arguments in (["list"], ["show", identity], ["annotate", identity, "--tag", "x\x07y"], ["delete", identity]):
        text = told(capsys, *arguments, "--runs", tmp_path)
        assert all(c.isprintable() or c == "\n" for c in text)
    assert main(["runs", "show", "\x1b[2J", "--runs", str(tmp_path)]) == 2
    assert capsys.readouterr().err.strip().isprintable()


def test_columns_line_up_whatever_the_letters() -> None:
    lines = table([Column("名", ["日本語", "e\u0301"]), Column("n", ["1", "22"], right=True)])
    assert {width(line) for line in lines} == {6 + 2 + 2}
    assert shortened("日本語", 5) == "日本…"
    assert shortened("abc", 3) == "abc"


# -- show and compare --------------------------------------------------------------------------------------------------


def test_show(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wine = ids(root)[2]
    record = RunStore(root).get(wine).record
    text = told(capsys, "show", wine[-12:], "--runs", root)
    expected = [wine, "completed", "wine: 129 rows, 13 features, 10 outliers; shipped", record.dataset.fingerprint]
    expected += [
        "MO-GAAL k=3",
        f"{record.summary['auc_stop']:.4f}",
        "history.csv",
        "stop_epochs",
        "what this run shows",
    ]
    for words in (*expected, record.diagnosis[0]["title"], record.diagnosis[0]["evidence"]):
        assert words in text
    found = objects(capsys, "show", "last", "--runs", root)
    assert found["id"] == ids(root)[0]
    assert found["summary"] == RunStore(root).get("last").record.summary
    assert "model.safetensors" in found["files"]


def test_show_members_of_a_population(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = RunStore(tmp_path)
    data = load_dataset("onecluster")
    config, scaler = make_config("post", stop_epochs=3), Scaler.fit(data.X)
    record = save_population(store, data, config, scaler, outcomes(), kind="race", title="Seeds")
    text = told(capsys, "show", record.id, "--runs", tmp_path)
    assert len(re.findall(r"^member +\d+: ", text, re.MULTILINE)) == record.population.count
    assert f"{record.population.count} x " in told(capsys, "list", "--runs", tmp_path)


def test_compare(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = objects(capsys, "compare", *ids(root), "--runs", root)
    assert found["runs"] == ids(root)
    assert found["differences"]["seed"] == [0, 4, 0]
    assert found["differences"]["scaling"] == ["robust", "minmax", "minmax"]
    assert "lr_d" not in found["differences"]
    store = RunStore(root)
    assert found["results"]["auc_stop"] == [store.get(one).record.summary["auc_stop"] for one in ids(root)]
    text = told(capsys, "compare", *ids(root), "--runs", root)
    assert re.search(r"^Seed \(seed\) +0 +4 +0$", text, re.MULTILINE)
    assert re.search(r"^state +completed +completed +completed$", text, re.MULTILINE)


# -- export ------------------------------------------------------------------------------------------------------------


def exported(root: Path, name: str, form: str, target: Path, *flags: str) -> Path:
    assert main(["runs", "export", name, "--format", form, "-o", str(target), *flags, "--runs", str(root)]) == 0
    return target


def test_every_format_is_tested_here() -> None:
    from sogaal.cli.runs_export import FORMATS as KNOWN

    assert tuple(KNOWN) == FORMATS


def test_a_zip_is_imported_elsewhere_and_scores_the_same(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [exported(root, one, "zip", tmp_path / f"{i}.zip") for i, one in enumerate(ids(root))]
    other = tmp_path / "other"
    found = objects(capsys, "import", *files, "--runs", other)
    assert [one["id"] for one in found] == ids(root)
    for one in ids(root):
        here, there = RunStore(root).get(one), RunStore(other).get(one)
        X = here.dataset().X
        assert np.array_equal(here.model().score_samples(X), there.model().score_samples(there.dataset().X))
        assert here.record == there.record
    assert told(capsys, "import", files[0], "--runs", other) == f"already there, and the same: {ids(root)[0]}\n"
    told(capsys, "annotate", ids(root)[0], "--note", "other", "--runs", other)
    assert re.match(r"imported: \S+ \(there is, or was, another", told(capsys, "import", files[0], "--runs", other))
    assert len(RunStore(other).entries()) == 4


def test_several_runs_go_into_one_zip(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "all.zip"
    done = run("export", *ids(root), "-o", target, "--runs", root)
    assert (done.returncode, done.stdout) == (0, f"written: {target}\n")
    told(capsys, "import", target, "--runs", tmp_path / "other")
    assert ids(tmp_path / "other") == ids(root)
    assert main(["runs", "export", *ids(root), "-o", str(tmp_path / "no" / "all.zip"), "--runs", str(root)]) == 2
    assert "--output: " in capsys.readouterr().err


def test_onnx_runs_in_onnxruntime(root: Path, tmp_path: Path) -> None:
    for one in ids(root):
        run = RunStore(root).get(one)
        for at in ("stop", "end"):
            path = exported(root, one, "onnx", tmp_path / "model.onnx", "--at", at)
            session = onnxruntime.InferenceSession(path)
            rows = run.dataset().X
            (score,) = session.run(["outlier_score"], {"rows": rows})
            assert np.allclose(score, run.model().outlier_score(rows, at), atol=1e-5, rtol=0)


def test_a_model_scores_in_the_program(root: Path, tmp_path: Path) -> None:
    run = RunStore(root).get(ids(root)[0])
    path = exported(root, run.id, "model", tmp_path / "model")
    model = load_model(path)
    assert np.array_equal(model.score_samples(run.dataset().X), run.model().score_samples(run.dataset().X))
    assert main(["score", str(path), str(root.parent / "own table.csv"), "-o", str(tmp_path / "s.csv"), "--quiet"]) == 0
    exported(root, run.id, "scores", tmp_path / "t.csv")
    assert (tmp_path / "s.csv").read_bytes() == (tmp_path / "t.csv").read_bytes()
    assert (tmp_path / "t.csv").read_bytes() == (run.folder / "scores.csv").read_bytes()
    exported(root, run.id, "scores", tmp_path / "t.csv", "--share", "0.5")
    assert pd.read_csv(tmp_path / "t.csv")["flag"].sum() == 30
    exported(root, run.id, "scores", tmp_path / "t.csv", "--explain")
    table = pd.read_csv(tmp_path / "t.csv")
    assert table["reason"].notna().sum() == table["flag"].sum() == 3


def test_history_as_csv_and_parquet(root: Path, tmp_path: Path) -> None:
    for one in ids(root):
        view = RunStore(root).get(one).history()[0].view()
        tables = [
            pd.DataFrame(pa_csv.read_csv(exported(root, one, "csv", tmp_path / "h.csv")).to_pydict(), dtype=float),
            pd.read_parquet(exported(root, one, "parquet", tmp_path / "h.parquet")),
        ]
        for found in tables:
            assert np.array_equal(found["d_loss"].to_numpy(np.float32), view.d_loss)
            assert np.array_equal(found["spread"].dropna(), view.spread)
            assert found["seconds"].notna().any()


def test_tensorboard_reads_what_is_exported(root: Path, tmp_path: Path) -> None:
    store = RunStore(tmp_path / "bare")
    bare, trainer = save_run(store, load_dataset("wine"))
    for source, one, view in ((root, ids(root)[1], None), (tmp_path / "bare", bare, trainer.history.view())):
        folder = exported(source, one, "tensorboard", tmp_path / "events") / one
        view = view or RunStore(root).get(one).history()[0].view()
        found = EventAccumulator(str(folder), size_guidance={"scalars": 0}).Reload()
        losses = {event.step: event.value for event in found.Scalars("loss/discriminator")}
        assert losses == {step: float(view.d_loss[step - 1]) for step in losses}
        assert view.steps in losses
        assert found.Scalars("final/AUC at end")


def test_a_killed_run_says_how_far_its_history_goes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = RunStore(tmp_path)
    run, trainer = save_run(store, load_dataset("wine"))
    path = tmp_path / run / "run.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**record, "state": "running", "ended": None, "step": 3}), encoding="utf-8")
    said = told(capsys, "show", run, "--runs", tmp_path)
    assert f"3 of {trainer.step:,}; its history goes to {trainer.step:,}" in said


def test_a_run_without_steps_leaves_no_empty_folder_for_tensorboard(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store, target = RunStore(tmp_path / "runs"), tmp_path / "events"
    data, config = load_dataset("wine"), make_config("post", stop_epochs=2)
    store.create(data, config, Scaler.fit(data.X), title="a run").close()
    arguments = ["export", "last", "--format", "tensorboard", "-o", str(target), "--runs", str(tmp_path / "runs")]
    assert main(["runs", *arguments]) == 2
    assert "the run has no history" in capsys.readouterr().err
    assert list(target.iterdir()) == []


def test_pages_and_table(root: Path, tmp_path: Path) -> None:
    one = ids(root)[0]
    report = exported(root, one, "report", tmp_path / "r.html").read_text(encoding="utf-8")
    assert one in report
    assert "own table" in report
    replay = exported(root, one, "replay", tmp_path / "p.html").read_text(encoding="utf-8")
    assert 'id="payload"' in replay
    again = load_dataset(exported(root, one, "table", tmp_path / "t.parquet"), label_column="", id_column="id")
    assert again.fingerprint == RunStore(root).get(one).record.dataset.fingerprint
    assert again.ids.tolist() == [f"row {i}" for i in range(60)]


def test_several_runs_go_to_a_folder(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = objects(capsys, "export", *ids(root), "--format", "csv", "-o", tmp_path / "new", "--runs", root)
    assert [one["path"] for one in found] == [str(tmp_path / "new" / f"{one}.history.csv") for one in ids(root)]
    assert all(Path(one["path"]).is_file() for one in found)
    done = run(
        "export",
        "last",
        "--format",
        "scores",
        "--runs",
        root,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.stdout == f"written: {ids(root)[0]}.scores.csv\n"
    assert (tmp_path / f"{ids(root)[0]}.scores.csv").is_file()


def test_a_real_tensorboard_shows_all_runs_and_none_of_the_trash(root: Path, tmp_path: Path) -> None:
    import shutil

    logdir = tmp_path / "runs"
    shutil.copytree(root, logdir)
    gone, *kept = ids(root)
    assert main(["runs", "delete", gone, "--runs", str(logdir)]) == 0
    with tensorboard(logdir) as url:
        wait_for(url, set(kept))
        for one in kept:
            view = RunStore(logdir).get(one).history()[0].view()
            told = ask(url, "plugin/scalars/scalars", run=one, tag="loss/discriminator")
            assert [np.float32(value) for _, _, value in told] == [view.d_loss[step - 1] for _, step, _ in told]
        tags = ask(url, "plugin/scalars/tags")
        assert set(tags) == set(kept)


# -- training that goes on ---------------------------------------------------------------------------------------------


@contextmanager
def training(root: Path, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """A training in a process of its own, which has left a checkpoint."""
    command = [sys.executable, "-m", "sogaal", "train", *arguments, "--runs", str(root), "--quiet"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 120
        while not [*root.glob("*/checkpoint.safetensors")]:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield process
    finally:
        process.kill()
        process.wait()


def test_a_run_being_trained_is_listed_exported_and_not_deleted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with training(tmp_path / "runs", "onecluster", "--stop_epochs", "90000"):
        assert objects(capsys, "list", "--runs", tmp_path / "runs")[0]["state"] == "running"
        assert main(["runs", "delete", "last", "--yes", "--runs", str(tmp_path / "runs")]) == 2
        assert "is being written" in capsys.readouterr().err
        assert main(["runs", "resume", "last", "--runs", str(tmp_path / "runs")]) == 2
        assert "is being written" in capsys.readouterr().err
        told(capsys, "annotate", "last", "--tag", "live", "--runs", tmp_path / "runs")
        exported(tmp_path / "runs", "last", "zip", tmp_path / "live.zip")
        exported(tmp_path / "runs", "last", "report", tmp_path / "live.html")
    capsys.readouterr()
    assert objects(capsys, "list", "--tag", "live", "--runs", tmp_path / "runs")[0]["state"] == "interrupted"
    told(capsys, "import", tmp_path / "live.zip", "--runs", tmp_path / "other")
    assert RunStore(tmp_path / "other").get("last").record.state.value == "interrupted"


def test_a_run_that_was_killed_goes_on_and_ends_as_if_it_had_not_been(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["onecluster", "--stop_epochs", "4000", "--seed", "3"]
    with training(tmp_path / "runs", *arguments) as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
    done = run("resume", "last", "--json", "--runs", tmp_path / "runs")
    assert done.returncode == 0
    assert re.fullmatch(r"note: going on from step [\d,]+\n", done.stderr)
    resumed = json.loads(done.stdout)
    assert main(["train", *arguments, "--json", "--quiet", "--no-save"]) == 0
    whole = json.loads(capsys.readouterr().out)
    for name in ("steps", "auc_stop", "auc_final", "auc_best", "d_loss", "g_loss"):
        assert resumed[name] == whole[name], name
    assert main(["runs", "resume", "last", "--runs", str(tmp_path / "runs")]) == 2
    assert "it has completed all its steps" in capsys.readouterr().err


# -- changing ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def two(tmp_path: Path) -> Path:
    store = RunStore(tmp_path / "two")
    for seconds in (1, 2):
        save_run(store, load_dataset("onecluster"), token=f"{seconds}" * 12)
    return tmp_path / "two"


def test_annotate(two: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told(
        capsys, "annotate", "11", "--name", " Mine ", "--tag", "one", "--tag", "two words", "--note", "N", "--runs", two
    )
    found = objects(capsys, "annotate", "11", "--untag", "ONE", "--tag", "three", "--runs", two)
    assert (found["name"], found["tags"], found["note"]) == ("Mine", ["two words", "three"], "N")
    assert "Mine #two words #three" in told(capsys, "list", "--tag", "three", "--runs", two)
    assert objects(capsys, "annotate", "11", "--name", "", "--runs", two)["name"] == ""


def test_delete_restore_and_trash(two: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, other = sorted(ids(two), key=lambda run: run[-12:])
    assert told(capsys, "trash", "--runs", two) == "The trash is empty.\n"
    assert (
        told(capsys, "delete", "11", one, "--runs", two)
        == f"deleted: {one}; back with: sogaal runs restore {one[-12:]}\n"
    )
    assert ids(two) == [other]
    assert told(capsys, "trash", "--runs", two) == f"{one}\n"
    assert told(capsys, "restore", "1111", "--runs", two) == f"restored: {one}\n"
    assert set(ids(two)) == {one, other}
    assert objects(capsys, "delete", one, other, "--runs", two) == [one, other]
    assert objects(capsys, "trash", "--empty", "--runs", two) == [one, other]
    assert objects(capsys, "trash", "--runs", two) == []
    with pytest.raises(RunError):
        RunStore(two).restore([one])


def test_restore_last_brings_back_what_was_deleted_last(two: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In processes of its own: nothing but the folder remembers which deletion was the last."""
    one, other = sorted(ids(two), key=lambda run: run[-12:])
    for command in (["delete", one], ["delete", other], ["restore", one], ["delete", one]):
        assert run(*command, "--runs", two).returncode == 0
    done = run("restore", "last", "--runs", two)
    assert (done.returncode, done.stdout) == (0, f"restored: {one}\n")
    assert objects(capsys, "restore", "LAST", "--runs", two) == [other]
    assert objects(capsys, "delete", one, other, "--runs", two) == [one, other]
    assert sorted(objects(capsys, "restore", "last", "--runs", two)) == sorted([one, other])
    assert not list(two.rglob(".deleted"))
    (store := RunStore(two)).trash([one])
    (two / ".trash" / one / ".deleted").unlink()
    assert store.last_trashed() == []
    assert main(["runs", "restore", "last", "--runs", str(two)]) == 2
    assert "it does not know; say which one" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
@pytest.mark.parametrize(("answer", "status"), [(b"y\n", 0), (b"n\n", 1), (b"\n", 1)])
def test_delete_asks_at_a_terminal(two: Path, answer: bytes, status: int) -> None:
    with at_terminal(100, "delete", "11", "22", "--runs", two) as (process, terminal):
        os.write(terminal, answer)
        text = read_all(terminal)
        assert process.wait(timeout=60) == status
    assert "Delete these 2 runs? They can be restored. [y/N]" in text
    assert len(ids(two)) == (0 if status == 0 else 2)


# -- the program -------------------------------------------------------------------------------------------------------


BAD = [
    ([], "an action is needed: list, show"),
    (["lits"], "there is no action 'lits'; did you mean 'list'?"),
    (["--all"], "there is no flag '--all'"),
    (["show"], "the following arguments are required: RUN"),
    (["show", "zz"], "the run must be an id, .* there is none for 'zz'"),
    (["show", "2026"], "'2026' must be the beginning of one run, and is that of 4"),
    (["show", "../x"], "there is none for '../x'"),
    (["show", "aaaa"], "the run cannot be read: the record is damaged"),
    (["list", "--state", "done"], "--state must be one of queued, .* got 'done'"),
    (["list", "--sort", "best"], "--sort must be one of created, .* got 'best'"),
    (["list", "--limit", "0"], "--limit: the limit must be a whole number of at least 1, got '0'"),
    (["list", "extra"], "there is no place for 'extra'"),
    (["compare", "last"], "RUN must name 2 to 8 different runs, got one"),
    (["compare", "last", "last"], "got the same run more than once"),
    (["export", "last", "--format", "pickle"], "--format must be one of zip, .* got 'pickle'"),
    (["export", "last", "-o", "no/such/file"], "--output: no/such/file: the folder .* must exist"),
    (["export", "last", "--format", "tensorboard", "-o", "README.md"], "--output must be a folder"),
    (["export", "last", "--share", "0"], "--share: the share must be a number over 0"),
    (
        ["export", "last", "--format", "onnx", "--at", "snapshots", "-o", "x"],
        "at must be 'stop' or 'end' for this model",
    ),
    (["import", "no.zip"], "no.zip: there is no such file"),
    (["import", "README.md"], "README.md: the file must be a zip archive"),
    (["resume", "last"], "cannot be resumed: it has completed all its steps"),
    (["annotate", "last"], "--name, --tag, --untag or --note must say what to change"),
    (["annotate", "last", "--untag", "x"], "--untag must name a tag of .*, got 'x'"),
    (["annotate", "last", "--name", "x" * 200], "name must .* at most 120"),
    (["delete", "zz"], "there is none for 'zz'"),
    (["restore", "last"], "there must be runs in the trash that were deleted last, but it is empty"),
    (["restore", "zz"], "there must be such a run in the trash"),
]


@pytest.mark.parametrize(("arguments", "message"), BAD)
def test_bad_input_is_one_line_and_status_2(
    root: Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    flags = ["--runs", str(root)] if arguments and arguments[0] in ACTIONS else []
    assert main(["runs", *arguments, *flags]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    action = f" {arguments[0]}" if flags else ""
    assert printed.err.startswith(f"sogaal runs{action}: ")
    assert re.search(message, printed.err)
    assert printed.err.count("\n") == 1


@pytest.mark.parametrize("action", ACTIONS)
def test_help(action: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["runs", action, "--help"]) == 0
    text = capsys.readouterr().out
    assert "--json" in text
    assert "--runs DIR" in text


def test_finding_runs_does_not_wait_for_torch(root: Path) -> None:
    calls = [["runs", "--help"], ["runs", "list", "--runs", str(root)], ["runs", "show", "last", "--runs", str(root)],
             ["runs", "export", "last", "--format", "report", "-o", os.devnull, "--help"]]  # fmt: skip
    code = f"import sys\nfrom sogaal.cli import main\nfor call in {calls}: assert main(call) == 0\n"
    code += "sys.exit(sum(name in sys.modules for name in ('torch', 'sklearn', 'streamlit', 'tensorboard')))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
