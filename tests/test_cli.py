"""The command line: what it prints, what it writes, and how it ends."""

import dataclasses
import json
import os
import re
import select
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import sogaal
from sogaal import SOGAAL, list_datasets, load_dataset, load_model, save_model
from sogaal.cli import COMMANDS, main
from sogaal.cli import app as app_command
from sogaal.cli.training import Training
from sogaal.config import FIELDS, make_config
from sogaal.labelfree.measured import auto_words, scaling_words
from sogaal.metrics import rank
from sogaal.runs.store import RunStore
from sogaal.snapshots import JobState
from tests.conftest import ROOT

QUICK = ["--stop_epochs", "2"]


def run(*arguments: str | Path, **options: object) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "sogaal", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False, **options)


def trained(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> dict[str, object]:
    """The JSON of a training."""
    assert main(["train", *map(str, arguments), "--json"]) == 0
    printed = capsys.readouterr()
    assert printed.out.count("\n") == 1, "one object on one line and nothing else"
    result = json.loads(printed.out)
    assert isinstance(result, dict)
    return result


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    """A table without labels."""
    rows = np.random.default_rng(1).normal(size=(40, 3))
    path = tmp_path / "plain.csv"
    pd.DataFrame(rows, columns=["a", "b", "c"]).to_csv(path, index=False)
    return path


@pytest.fixture
def model(plain: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """A model fitted on it."""
    path = tmp_path / "model.safetensors"
    assert main(["train", str(plain), *QUICK, "--save", str(path), "--quiet"]) == 0
    capsys.readouterr()
    return path


# -- the program itself ------------------------------------------------------------------------------------------------


def test_as_a_module() -> None:
    done = run("--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"sogaal {sogaal.__version__}\n", "")


def test_help_does_not_wait_for_torch() -> None:
    calls = [["--help"], ["--version"], *([name, "--help"] for name in COMMANDS)]
    code = f"import sys\nfrom sogaal.cli import main\nfor call in {calls}: assert main(call) == 0\n"
    code += "sys.exit(sum(name in sys.modules for name in ('torch', 'sklearn', 'streamlit')))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for name, what in COMMANDS.items():
        assert re.search(rf"{name} +{what}", done.stdout)


@pytest.mark.parametrize("call", [["--help"], ["--version"], ["app", "--help"]])
def test_what_reads_no_table_does_not_wait_for_numpy(call: list[str]) -> None:
    code = f"import sys\nfrom sogaal.cli import main\nassert main({call}) == 0\nsys.exit('numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_scoring_does_not_wait_for_torch(model: Path, plain: Path) -> None:
    code = "import sys\nfrom sogaal.cli import main\nassert main(sys.argv[1:]) == 0\nsys.exit('torch' in sys.modules)"
    command = [sys.executable, "-c", code, "score", str(model), str(plain)]
    assert subprocess.run(command, cwd=ROOT, capture_output=True, check=False).returncode == 0


def test_every_field_is_a_flag_and_explained(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--help"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    for info in FIELDS.values():
        assert f"--{info.name} " in text
        assert info.help in text


BAD = [
    ([], "a command is needed"),
    (["trian"], "there is no command 'trian'; did you mean 'train'?"),
    (["--colour"], "there is no flag '--colour'"),
    (["train"], "--path must name one table, a file or a shipped dataset, got none"),
    (["train", "onecluster", "--path", "wine"], "--path must name one table.* got 'onecluster' and 'wine'"),
    (["train", "onecluster", "wine"], "there is no place for 'wine'"),
    (["train", "onecluste"], "'onecluste' is neither a shipped dataset nor a file: did you mean onecluster"),
    (["train", "no/such.csv"], "no/such.csv: there is no such file"),
    (["train", "onecluster", "--lr_d", "fast"], "--lr_d must be a finite number over 0 and at most 10, got 'fast'"),
    (["train", "onecluster", "--lr_d", "nan"], "--lr_d must be a finite number over 0 and at most 10, got nan"),
    (["train", "onecluster", "--lr-d", "-1e-3"], "--lr_d must be a finite number over 0 and at most 10, got -0.001"),
    (["train", "onecluster", "--k", "1.5"], "--k must be a whole number at least 1 and at most 100, got '1.5'"),
    (["train", "onecluster", "--algorithm", "gan"], "--algorithm must be one of 'so-gaal', 'mo-gaal', got 'gan'"),
    (["train", "onecluster", "--k"], "--k: expected one argument"),
    (["train", "onecluster", "--stop_epoch", "3"], "no flag '--stop_epoch'; did you mean --stop_epochs"),
    (["train", "onecluster", "--preset", "best"], "--preset must be one of post, .*got 'best'"),
    (["train", "onecluster", "--scaling", "log"], "--scaling: invalid choice: 'log'"),
    (["train", "onecluster", "--share", "2"], "--share: the share must be a number over 0 and at most 1, got '2'"),
    (["train", "onecluster", "--label", "klass"], "there is no label column 'klass'"),
    (["train", "onecluster", "--save", "no/such/model"], "--save: no/such/model: the folder .* must exist"),
    (["train", "onecluster", "--plot", "."], "--plot: .: the file to write must be an ordinary file"),
    (["train", "onecluster", "--plot", "a", "--scores", "a"], "--scores must name another file than --plot"),
    (
        ["train", "wine", "--algorithm", "mo-gaal", "--batch_size", "9"],
        "--k must be at most the batch size, 9 here, got 10",
    ),
    (["score"], "the following arguments are required: MODEL, FILE_OR_NAME"),
    (["score", "no-model", "wine"], "no-model: there is no such file"),
    (["score", "README.md", "wine"], "README.md: the file must be a model in safetensors format"),
    (["app", "--port", "70000"], "--port: the port must be a whole number from 0 to 65535, got '70000'"),
    (["app", "--dataset", "onecluste"], "did you mean onecluster"),
]


@pytest.mark.parametrize(("arguments", "message"), BAD)
def test_bad_input_is_one_line_and_status_2(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    assert main(arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert re.match(r"sogaal( train| score| app)?: ", printed.err)
    assert re.search(message, printed.err)
    assert printed.err.count("\n") == 1


def test_a_message_stays_one_line_whatever_it_quotes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "two\nlines.csv"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_status_of_a_process() -> None:
    done = run("train", "onecluster", "--lr_d", "0")
    assert done.returncode == 2
    assert done.stderr == "sogaal train: --lr_d must be a finite number over 0 and at most 10, got 0.0.\n"


def test_a_reader_that_has_enough_is_no_error() -> None:
    command = [sys.executable, "-m", "sogaal", "datasets"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(timeout=60) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_ctrl_c(tmp_path: Path) -> None:
    """A training with a progress bar, interrupted: status 130, how to go on, no file but the saved run, which can."""
    import fcntl  # here: Windows has neither
    import termios

    terminal, its_end = os.openpty()
    store = RunStore(tmp_path / "runs")
    outputs = ["--save", str(tmp_path / "m"), "--plot", str(tmp_path / "p"), "--scores", str(tmp_path / "s")]
    command = [sys.executable, "-m", "sogaal", "train", "onecluster", "--stop_epochs", "100000", *outputs]
    command += ["--runs", str(store.root)]
    fcntl.ioctl(its_end, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 120, 0, 0))
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=its_end)
    assert process.stdout is not None
    os.close(its_end)
    try:
        seen = read_until(terminal, "AUC")
        assert re.search(r"\d+/600000 .*step/s, D \d\.\d+, G \d\.\d+, AUC", seen)
        process.send_signal(signal.SIGINT)
        seen = read_until(terminal, "no file was left")
        assert process.wait(timeout=60) == 130
        assert "Traceback" not in seen
        run = re.search(r"sogaal runs resume (\S+)", seen)
        assert run is not None
        assert process.stdout.read() == b""
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        os.close(terminal)
    assert [path.name for path in tmp_path.iterdir()] == ["runs"]
    record = store.get("last").record
    assert (record.id, record.state) == (run[1], JobState.INTERRUPTED)
    resumed = Training.resume(store, record.id)
    assert resumed.trainer.step == record.step > 0
    assert resumed.recorder is not None
    resumed.recorder.finish(JobState.STOPPED, resumed.trainer, resumed.camera.keeper)


def read_until(terminal: int, word: str) -> str:
    seen = b""
    deadline = time.monotonic() + 60
    while word.encode() not in seen:
        assert select.select([terminal], [], [], max(0.0, deadline - time.monotonic()))[0], seen
        seen += os.read(terminal, 65536)
    return seen.decode()


# -- train -------------------------------------------------------------------------------------------------------------


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    result = trained(capsys, "onecluster", *QUICK, "--seed", "3")
    data = load_dataset("onecluster")
    assert (result["n"], result["d"], result["outliers"], result["steps"]) == (data.n, data.d, 20, 12)
    assert result["config"] == make_config(stop_epochs=2, seed=3).model_dump()
    assert result["fingerprint"] == data.fingerprint
    assert all(0 <= result[name] <= 1 for name in ("auc_stop", "auc_final", "auc_best"))
    assert result["auc_best"] >= max(result["auc_stop"], result["auc_final"])
    assert result["seconds"] > 0
    assert result["d_loss"] > 0
    assert result["g_loss"] > 0


def test_a_training_is_saved_unless_told_otherwise(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = tmp_path / "runs"
    result = trained(capsys, "wine", *QUICK, "--runs", root, "--scores", tmp_path / "s.csv")
    run = RunStore(root).get(str(result["run"]))
    assert run.record.state == JobState.COMPLETED
    assert run.record.summary == result
    assert run.scores_csv() == (tmp_path / "s.csv").read_bytes()
    assert trained(capsys, "wine", *QUICK, "--no-save")["run"] is None
    assert [entry.id for entry in RunStore(root).entries()] == [run.id]
    assert main(["train", "wine", *QUICK, "--no-save", "--runs", str(root)]) == 2
    assert "only one of them" in capsys.readouterr().err


def test_a_training_that_cannot_be_saved_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("in the way")
    assert main(["train", "wine", *QUICK, "--runs", str(tmp_path / "file"), "--json"]) == 0
    printed = capsys.readouterr()
    told = json.loads(printed.out)
    assert told["steps"] > 0
    assert told["run"] is None
    assert re.search(r"note: The run is not being saved at present: .*file", printed.err)


def test_a_resumed_training_ends_where_an_unbroken_one_does(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    config = make_config(stop_epochs=40)
    training = Training.prepare("wine", config, "minmax", None, None, 10**9, store)
    training.trainer.advance(10)
    assert training.recorder is not None
    training.recorder.finish(JobState.INTERRUPTED, training.trainer, training.camera.keeper)
    resumed = Training.resume(store, "last")
    assert resumed.trainer.step == 10
    resumed.train()
    whole = Training.prepare("wine", config, "minmax", None, None, 10**9)
    whole.train()
    mine, theirs = json.loads(resumed.json()), json.loads(whole.json())
    different = {name for name in theirs if mine[name] != theirs[name]}
    assert different <= {"seconds", "run"}
    assert store.get("last").record.summary == mine


def test_json_without_labels(plain: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result = trained(capsys, plain, *QUICK)
    for name in ("auc_stop", "auc_final", "auc_best", "outliers"):
        assert result[name] is None
    assert result["d_loss"] > 0


def test_same_seed_same_result(capsys: pytest.CaptureFixture[str]) -> None:
    first, second = (trained(capsys, "wine", "--algorithm", "mo-gaal", *QUICK) for _ in range(2))
    for result in (first, second):
        result.pop("seconds")
        result.pop("run")
    assert first == second
    assert trained(capsys, "wine", "--algorithm", "mo-gaal", *QUICK, "--seed", "1")["d_loss"] != first["d_loss"]


def test_the_originals_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    line = (
        "--path onecluster --stop_epochs 1 --lr_d 0.02 --lr_g 0.0003 --decay 1e-5 --momentum 0.8 --k 7 --whether_stop 0"
    )
    config = make_config(stop_epochs=1, lr_d=0.02, lr_g=0.0003, decay=1e-5, momentum=0.8, k=7, whether_stop=0)
    assert trained(capsys, *line.split())["config"] == config.model_dump()
    assert trained(capsys, *line.replace("_", "-").split())["config"] == config.model_dump()
    assert trained(capsys, *re.sub(r"(--\S+) (\S+)", r"\1=\2", line).split())["config"] == config.model_dump()


def test_presets_and_single_values(capsys: pytest.CaptureFixture[str]) -> None:
    line = ["--preset", "post", "--stop_epochs", "1", "--max_epochs", "2", "--generator_bias", "-1e-3"]
    expected = make_config("post", stop_epochs=1, max_epochs=2, generator_bias=-1e-3)
    assert trained(capsys, "wine", *line)["config"] == expected.model_dump()


def test_a_number_that_is_empty(capsys: pytest.CaptureFixture[str]) -> None:
    config = trained(capsys, "wine", *QUICK, "--max_epochs", "none", "--hidden_size=")["config"]
    assert config == make_config(stop_epochs=2).model_dump()


def test_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "breast_cancer", *QUICK, "--lr_g", "0.001"]) == 0
    printed = capsys.readouterr()
    rows = dict(re.split(r"  +", line, maxsplit=1) for line in printed.out.splitlines())
    assert rows["table"] == "breast_cancer: 367 rows, 30 features, 10 outliers (2.7%)"
    assert rows["setting"] == "stop_epochs 2, lr_g 0.001"
    assert rows["training"].startswith("6 steps, 6 epochs")
    assert rows["training"].endswith("G stopped after epoch 3")
    assert all(re.fullmatch(r"[01]\.\d{4}", rows[f"AUC {when}"]) for when in ("at stop", "at end", "best"))
    assert printed.err == "", "no progress bar where nobody watches"


def test_table_without_labels(plain: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", str(plain), *QUICK, "--whether_stop", "0"]) == 0
    printed = capsys.readouterr().out
    assert "40 rows, 3 features, no labels" in printed
    assert "G did not stop" in printed
    assert "AUC" not in printed


def test_notes_about_the_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    frame = pd.DataFrame({"a": np.arange(20.0), "same": 4.0, "colour": "red"})
    frame.to_csv(tmp_path / "odd.csv", index=False)
    assert main(["train", str(tmp_path / "odd.csv"), *QUICK]) == 0
    errors = capsys.readouterr().err
    assert re.search("note: Column 'colour'.* left out", errors)
    assert re.search("note: Every row has the same value in column same", errors)
    assert main(["train", str(tmp_path / "odd.csv"), *QUICK, "--quiet"]) == 0
    assert capsys.readouterr().err == ""


def test_columns_by_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    frame = pd.DataFrame({"who": [f"p{i}" for i in range(20)], "a": np.arange(20.0), "bad": [1] + [0] * 19})
    frame.to_csv(tmp_path / "t.csv", index=False)
    scores = tmp_path / "s.csv"
    result = trained(capsys, tmp_path / "t.csv", *QUICK, "--label", "bad", "--id", "who", "--scores", scores)
    assert (result["d"], result["outliers"]) == (1, 1)
    table = pd.read_csv(scores)
    assert list(table["id"]) == list(frame["who"])
    assert list(table["label"]) == list(frame["bad"])


def test_plot_is_a_page_that_needs_no_network(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "onecluster", *QUICK, "--plot", str(tmp_path / "curves.html")]) == 0
    assert "curves.html" in capsys.readouterr().out
    page = (tmp_path / "curves.html").read_text(encoding="utf-8")
    assert "Plotly.newPlot(" in page
    assert len(page) > 1_000_000, "plotly.min.js is inside"
    assert not re.search(r"<(script|link)[^>]+(src|href)=", page)
    assert "<h1>SO-GAAL on One cluster</h1>" in page


def test_names_in_the_page_are_text(tmp_path: Path) -> None:
    path = tmp_path / "<b>bold<b>.csv"
    pd.DataFrame(np.random.default_rng(0).random((12, 2)), columns=["a", "b"]).to_csv(path, index=False)
    assert main(["train", str(path), *QUICK, "--plot", str(tmp_path / "p.html"), "--quiet"]) == 0
    page = (tmp_path / "p.html").read_text(encoding="utf-8")
    assert "&lt;b&gt;bold" in page
    assert "<b>bold" not in page


def test_divergence_is_status_1_and_leaves_the_curves(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "wild.csv"
    (pd.DataFrame(np.random.default_rng(0).normal(size=(50, 2)), columns=["a", "b"]) * 1e12).to_csv(path, index=False)
    outputs = ["--plot", str(tmp_path / "p.html"), "--save", str(tmp_path / "m"), "--scores", str(tmp_path / "s")]
    line = ["train", str(path), "--scaling", "none", "--lr_d", "10", "--lr_g", "10", *outputs]
    assert main(line) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert re.fullmatch(r"sogaal train: Training diverged: .* is not finite at step \d+\.\n", printed.err)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["p.html", "wild.csv"]


# -- score -------------------------------------------------------------------------------------------------------------


def scored(arguments: Sequence[str | Path], output: Path) -> pd.DataFrame:
    assert main(["score", *map(str, arguments), "-o", str(output), "--quiet"]) == 0
    return pd.read_csv(output)


@pytest.mark.parametrize("share", [0.05, 0.2])
def test_score_gives_what_train_gave(tmp_path: Path, share: float, capsys: pytest.CaptureFixture[str]) -> None:
    line = ["wine", *QUICK, "--save", tmp_path / "m", "--scores", tmp_path / "s.csv", "--share", str(share)]
    trained(capsys, *line)
    assert main(["score", str(tmp_path / "m"), "wine", "--share", str(share), "-o", str(tmp_path / "again.csv")]) == 0
    assert (tmp_path / "again.csv").read_bytes() == (tmp_path / "s.csv").read_bytes()
    data = load_dataset("wine")
    table = pd.read_csv(tmp_path / "s.csv")
    assert list(table.columns) == ["id", "label", "outlier_score", "rank", "flag"]
    assert list(table["label"]) == list(data.y)
    assert table["flag"].sum() == np.ceil(share * data.n)
    assert list(table["rank"]) == list(rank(load_model(tmp_path / "m").score_samples(data.X)))
    assert f"{data.n} rows scored, {table['flag'].sum()} flagged" in capsys.readouterr().err


def test_reasons_come_in_a_column_of_their_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = ["--scores", tmp_path / "s.csv", "--save", tmp_path / "m"]
    trained(capsys, "wine", "--stop_epochs", "150", *names, "--explain", "--share", "0.1")
    table = pd.read_csv(tmp_path / "s.csv", keep_default_na=False)
    assert list(table.columns) == ["id", "label", "outlier_score", "rank", "flag", "reason"]
    assert (table["reason"][table["flag"] == 0] == "").all()
    data, model = load_dataset("wine"), load_model(tmp_path / "m")
    first = int(table["rank"].to_numpy().argmin())
    reason = table["reason"][first].split("; ")[0]
    found = model.explain(data.X[first : first + 1])
    feature = int(found.attributions[0].argmin())
    side = "high" if data.X[first, feature] > np.median(data.X[:, feature]) else "low"
    assert reason == f"{data.feature_names[feature]} {side} +{-found.attributions[0, feature]:.2f}"
    again = [tmp_path / "m", "wine", "--explain", "--share", "0.1"]
    scored(again, tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_bytes() == (tmp_path / "s.csv").read_bytes()


def test_other_seeds_say_how_far_to_trust_the_ranking(capsys: pytest.CaptureFixture[str]) -> None:
    found = trained(capsys, "wine", *QUICK, "--trust", "--share", "0.1")["trust"]
    data = load_dataset("wine")
    assert found["top"] == len(found["rows"]) == np.ceil(0.1 * data.n)
    assert len(set(found["seeds"])) == 8
    assert found["seeds"][0] == 0
    assert [row["rank"] for row in found["rows"]] == list(range(1, found["top"] + 1))
    assert all(1 <= row["seeds"] <= 8 for row in found["rows"])
    assert found["one_seed"] == [row["id"] for row in found["rows"] if row["seeds"] == 1]
    assert 0 <= found["overlap"] <= 1
    said = f"{found['overlap']:.0%} of the top {found['top']} in common"
    assert main(["train", "wine", *map(str, QUICK), "--trust", "--share", "0.1", "--no-save", "--quiet"]) == 0
    assert said in capsys.readouterr().out


def test_what_other_seeds_said_is_kept_with_the_run_shown_and_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = ("--runs", tmp_path / "runs")
    found = trained(capsys, "wine", *QUICK, "--trust", "--share", "0.1", *runs)["trust"]
    assert main(["runs", "show", "last", *map(str, runs)]) == 0
    shown = capsys.readouterr().out
    assert "what other seeds say of the ranking by D when G stopped" in shown
    assert f"{found['overlap']:.0%} of the top {found['top']} in common" in " ".join(shown.split())
    assert main(["runs", "show", "last", "--json", *map(str, runs)]) == 0
    assert json.loads(capsys.readouterr().out)["trust"] == {"stop": found}
    report = tmp_path / "r.html"
    assert main(["runs", "export", "last", "--format", "report", "-o", str(report), *map(str, runs)]) == 0
    page = report.read_text(encoding="utf-8")
    assert "How far to trust it" in page
    assert "of their top 7 in common" in page  # the report flags 5 % of the 129 rows
    capsys.readouterr()
    trained(capsys, "wine", *QUICK, *runs)
    assert main(["runs", "show", "last", *map(str, runs)]) == 0
    assert "other seeds" not in capsys.readouterr().out


@pytest.mark.parametrize("command", ["train", "sweep"])
def test_the_help_of_scaling_says_what_robust_does_to_the_automatic_stop(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([command, "--help"]) == 0
    printed = "".join(capsys.readouterr().out.split())  # a line may end after a hyphen
    assert "".join(scaling_words().split()) in printed


def test_the_figure_of_min_max_is_not_printed_with_robust_scaling(capsys: pytest.CaptureFixture[str]) -> None:
    auto = ("--preset", "auto", "--auto_seeds", "2", "--max_epochs", "20", "--no-save", "--quiet")
    assert main(["train", "wine", *auto, "--scaling", "robust"]) == 0
    said = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("how good"))
    assert said.endswith(auto_words("robust"))


def test_groups_of_seeds_are_told_as_such_and_what_repeats_is_not_called_right(
    capsys: pytest.CaptureFixture[str],
) -> None:
    auto = ("--preset", "auto", "--auto_seeds", "2", "--max_epochs", "20")
    assert main(["train", "wine", *auto, "--trust", "--share", "0.5", "--no-save", "--quiet"]) == 0
    printed = capsys.readouterr().out
    said = next(line for line in printed.splitlines() if line.startswith("trust "))
    assert "repeatable, which does not say right" in said
    assert "pairs of 8 groups of 2 seeds" in said
    assert "one group alone" in printed


def test_names_on_the_command_line_may_be_in_any_case(capsys: pytest.CaptureFixture[str]) -> None:
    upper = trained(capsys, "Wine", "--preset", "Post", "--scaling", "ROBUST", "--algorithm", "SO-GAAL", *QUICK)
    lower = trained(capsys, "wine", "--preset", "post", "--scaling=robust", *QUICK)
    for result in (upper, lower):
        del result["run"], result["seconds"]
    assert upper == lower
    assert main(["train", "wine", "--preset", "Pots"]) == 2
    assert capsys.readouterr().err.rstrip().endswith("got 'Pots'; did you mean 'post'?")


def test_explain_needs_a_file_for_the_scores(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "wine", "--explain"]) == 2
    assert "--scores must name their file" in capsys.readouterr().err


def test_score_to_standard_output(model: Path, plain: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["score", str(model), str(plain)]) == 0
    printed = capsys.readouterr()
    assert printed.out.startswith("id,outlier_score,rank,flag\n1,0.")
    assert printed.out.count("\n") == 41
    assert printed.err == (
        "40 rows scored, 2 flagged\ndrift: none of 3 features beyond chance, against 40 training rows\n"
    )


def test_score_finds_columns_by_name(model: Path, plain: Path, tmp_path: Path) -> None:
    expected = scored([model, plain], tmp_path / "s.csv")
    frame = pd.read_csv(plain)
    frame.insert(0, "note", "text")
    frame[["c", "note", "b", "a"]].assign(more=1).to_csv(tmp_path / "mixed.csv", index=False, sep=";")
    pd.testing.assert_frame_equal(scored([model, tmp_path / "mixed.csv"], tmp_path / "t.csv"), expected)


def test_score_keeps_ids_and_labels_as_they_are(model: Path, plain: Path, tmp_path: Path) -> None:
    frame = pd.read_csv(plain).assign(id=[f"row, {i}" for i in range(40)], label=["fine"] * 39 + ["odd"])
    frame.to_csv(tmp_path / "t.csv", index=False)
    table = scored([model, tmp_path / "t.csv"], tmp_path / "s.csv")
    assert list(table["id"]) == list(frame["id"])
    assert list(table["label"]) == list(frame["label"])


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_score_in_pieces(model: Path, tmp_path: Path, ending: str) -> None:
    """More rows than one piece holds: ids go on, the header comes once, ranks are those of the whole table."""
    n = 70_000
    columns = np.random.default_rng(2).normal(size=(3, n)).astype(np.float32)
    frame = pd.DataFrame(dict(zip("abc", columns, strict=True)))
    source = tmp_path / f"long.{ending}"
    if ending == "csv":
        frame.to_csv(source, index=False)
    else:
        pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), source)
    table = scored([model, source, "--explain"], tmp_path / "s.csv")
    logits = load_model(model).score_samples(frame.to_numpy())
    np.testing.assert_array_equal(table["id"], np.arange(1, n + 1))
    np.testing.assert_array_equal(table["rank"], rank(logits))
    np.testing.assert_array_equal(table["flag"], (rank(logits) <= 3500).astype(int))
    some = np.flatnonzero(table["flag"])[-50:]
    expected = load_model(model).explain(frame.to_numpy()[some]).reason_texts()
    assert list(table["reason"].fillna("")[some]) == expected


def test_score_at_the_end_or_the_stop(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trained(capsys, "wine", "--stop_epochs", "20", "--save", tmp_path / "m")
    at = {at: scored([tmp_path / "m", "wine", "--at", at], tmp_path / "s.csv") for at in ("stop", "end")}
    pd.testing.assert_frame_equal(scored([tmp_path / "m", "wine"], tmp_path / "s.csv"), at["stop"])
    assert not np.allclose(at["stop"]["outlier_score"], at["end"]["outlier_score"])


def test_a_model_without_names_takes_columns_as_they_come(tmp_path: Path) -> None:
    X = np.random.default_rng(3).normal(size=(30, 2))
    save_model(tmp_path / "m", SOGAAL(stop_epochs=1, random_state=0).fit(X))
    pd.DataFrame(X, columns=["p", "q"]).to_csv(tmp_path / "t.csv", index=False)
    assert len(scored([tmp_path / "m", tmp_path / "t.csv"], tmp_path / "s.csv")) == 30


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda frame: frame.rename(columns=lambda name: name * 2),
            r"t.csv: .*columns that the model was fitted on, but lacks all of them: 'a', 'b', 'c'",
        ),
        (lambda frame: frame[:0], "t.csv: there must be rows of data"),
    ],
)
def test_score_refuses_a_table(
    model: Path, plain: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], change: object, message: str
) -> None:
    change(pd.read_csv(plain)).to_csv(tmp_path / "t.csv", index=False)
    assert main(["score", str(model), str(tmp_path / "t.csv"), "-o", str(tmp_path / "s.csv")]) == 2
    printed = capsys.readouterr()
    assert re.search(message, printed.err)
    assert printed.err.count("\n") == 1
    assert sorted(p.name for p in tmp_path.iterdir()) == ["model.safetensors", "plain.csv", "t.csv"]


def test_score_refuses_another_number_of_columns(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    X = np.random.default_rng(3).normal(size=(30, 3))
    save_model(tmp_path / "m", SOGAAL(stop_epochs=1).fit(X))
    pd.DataFrame(X[:, :2], columns=["p", "q"]).to_csv(tmp_path / "t.csv", index=False)
    assert main(["score", str(tmp_path / "m"), str(tmp_path / "t.csv")]) == 2
    assert re.search(r"t.csv: the table must have 3 columns of numbers .* got 2: 'p', 'q'", capsys.readouterr().err)


def test_score_does_not_overwrite_what_it_reads(model: Path, plain: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for output in (model, plain):
        before = output.read_bytes()
        assert main(["score", str(model), str(plain), "-o", str(output)]) == 2
        assert "--output must not be a file that is read" in capsys.readouterr().err
        assert output.read_bytes() == before


# -- datasets and app --------------------------------------------------------------------------------------------------


def test_datasets(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["datasets"]) == 0
    header, *lines = capsys.readouterr().out.splitlines()
    assert header.split() == ["name", "rows", "features", "outliers", "title"]
    assert [line.split()[0] for line in lines] == list_datasets()
    assert lines[0].split() == ["onecluster", "1,000", "2", "20", "One", "cluster"]


def test_datasets_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["datasets", "--json"]) == 0
    entries = json.loads(capsys.readouterr().out)
    assert [entry["name"] for entry in entries] == list_datasets()
    assert all(entry["description"] and entry["licence"] and entry["n"] >= 10 for entry in entries)


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ([], {"port": None, "host": "127.0.0.1", "open_browser": True, "dataset": None, "runs": None, "data": None}),
        (
            f"--port 0 --host ::1 --no-browser --dataset wine --runs elsewhere --data {ROOT / 'datasets'}".split(),
            {
                "port": 0,
                "host": "::1",
                "open_browser": False,
                "dataset": "wine",
                "runs": "elsewhere",
                "data": str(ROOT / "datasets"),
            },
        ),
    ],
)
def test_app_hands_its_flags_on(flags: list[str], expected: dict[str, object], monkeypatch: pytest.MonkeyPatch) -> None:
    """The dashboard itself is started in test_launch.py."""
    called: list[dict[str, object]] = []

    def launch(**arguments: object) -> int:
        called.append(arguments)
        return 7

    monkeypatch.setattr(app_command, "launch", launch)
    assert main(["app", *flags]) == 7
    assert called == [expected]


def test_seeds_that_diverge_are_named(tmp_path: Path) -> None:
    far = tmp_path / "far.csv"
    data = load_dataset("wine")
    pd.DataFrame((data.X * 1e11).astype(np.float32), columns=data.feature_names).to_csv(far, index=False)
    flags = ["--preset", "auto", "--lr_d", "1", "--max_epochs", "300", "--scaling", "none", "--quiet", "--no-save"]
    told = run("train", far, *flags, "--n_estimators", "6", "--seed", "6")
    assert told.returncode == 0, told.stderr
    assert "Seed 1 of 6 diverged at step 3, seed 3 of 6 at step 100, " in told.stdout
    told = run("train", far, *flags, "--n_estimators", "4", "--seed", "8")
    assert told.returncode == 1
    assert "fewer than two seeds are left at step 27. Seed 1 of 4 diverged at step 5, " in told.stderr


def test_the_seeds_may_choose_the_stop(plain: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target, scores = tmp_path / "auto.safetensors", tmp_path / "auto.csv"
    arguments = ["--preset", "auto", "--n_estimators", "3", "--max_epochs", "300", "--quiet", "--no-save"]
    told = trained(capsys, plain, *arguments, "--save", target, "--scores", scores)
    auto = told["auto"]
    assert isinstance(auto, dict)
    assert len(auto["seeds"]) == 3
    assert auto["steps"][-1] == told["steps"] <= 300
    assert auto["why"].endswith(f"the mean of {len(auto['steps'])} moments of 3 seeds ranks the rows.")
    detector = SOGAAL(stop_epochs="auto", n_estimators=3, max_epochs=300, random_state=0).fit(load_dataset(plain).X)
    again = load_model(target).score_samples(load_dataset(plain).X)
    assert np.allclose(again, detector.score_samples(load_dataset(plain).X), atol=1e-5)
    assert sorted(pd.read_csv(scores)["rank"]) == list(range(1, 41))
    assert main(["train", str(plain), *arguments]) == 0
    printed = capsys.readouterr().out
    assert "chosen stop" in printed
    assert "how good" in printed
    assert "AUC at" not in printed


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--n_jobs", "2"), "--n_jobs does not go with stop_epochs auto"),
        (("--n_estimators", "3", "--auto_seeds", "3"), "--n_estimators and --auto_seeds are the same"),
        (("--stop_epochs", "automatic"), "stop_epochs must be a whole number at least 1"),
    ],
)
def test_what_does_not_go_with_it_is_said(
    plain: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], message: str
) -> None:
    assert main(["train", str(plain), "--preset", "auto", *arguments]) == 2
    assert message in capsys.readouterr().err


# -- scores of new months ----------------------------------------------------------------------------------------------


def test_score_tells_what_drifted(model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = np.random.default_rng(4).normal(size=(400, 3))
    rows[:, 1] += 5
    pd.DataFrame(rows, columns=["a", "b", "c"]).to_csv(tmp_path / "new.csv", index=False)
    arguments = ["score", str(model), str(tmp_path / "new.csv"), "-o", str(tmp_path / "s.csv")]
    assert main([*arguments, "--drift", str(tmp_path / "d.csv")]) == 0
    told = capsys.readouterr().err.splitlines()[1]
    assert told.startswith("drift: 1 of 3 features has moved, against 40 training rows: b higher, ")
    assert "outside the training's range" in told
    table = pd.read_csv(tmp_path / "d.csv", keep_default_na=False)
    assert table["name"][0] == "b"
    assert list(table["verdict"]) == ["strong", "none", "none"]
    assert main([*arguments, "--drift", str(tmp_path / "d.json"), "--quiet"]) == 0
    found = json.loads((tmp_path / "d.json").read_text())
    assert found["rows"] == 400
    assert found["absent"] == []
    assert found["features"][0]["distance"] == pytest.approx(table["distance"][0])
    pd.DataFrame(rows[:, 1:], columns=["b", "c"]).to_csv(tmp_path / "new.csv", index=False)
    assert main([*arguments, "--drift", str(tmp_path / "d.csv")]) == 0
    told = capsys.readouterr().err
    assert "drift: 1 of 2 features has moved" in told
    assert "missing columns, of which no drift can be told: 1 (a)" in told
    assert set(pd.read_csv(tmp_path / "d.csv")["name"]) == {"b", "c"}


def test_a_category_drifts_as_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(6)
    for name, shares in (("old", [0.6, 0.3, 0.1]), ("new", [0.1, 0.3, 0.6])):
        colours = rng.choice(["red", "green", "blue"], 400, p=shares)
        pd.DataFrame({"size": rng.normal(size=400), "colour": colours}).to_csv(tmp_path / f"{name}.csv", index=False)
    model = tmp_path / "model.safetensors"
    training = ["train", str(tmp_path / "old.csv"), "--stop_epochs", "2", "--save", str(model), "--quiet", "--no-save"]
    assert main(training) == 0
    capsys.readouterr()
    arguments = ["score", str(model), str(tmp_path / "new.csv"), "-o", str(tmp_path / "s.csv")]
    assert main([*arguments, "--drift", str(tmp_path / "d.json")]) == 0
    told = capsys.readouterr().err.splitlines()[1]
    assert re.match(
        r"drift: 1 of 2 features has moved, against 400 training rows: colour, \d\d% of the rows "
        r"\(PSI [\d.]+, '(red|blue)' from \d+% to \d+%\)$", told,
    )  # fmt: skip
    found = json.loads((tmp_path / "d.json").read_text())
    assert [one["name"] for one in found["features"]] == ["colour", "size"]
    assert found["features"][0]["at"] is None
    assert {one["level"] for one in found["features"][0]["classes"]} == {"red", "green", "blue"}


def claims(rng: np.random.Generator, first: str, days: int, n: int) -> pd.DataFrame:
    """Amounts of some days from the first one on, with a number of each claim."""
    when = pd.Timestamp(first) + pd.to_timedelta(np.sort(np.r_[0, rng.integers(0, days, n - 2), days - 1]), unit="D")
    numbers = [f"C-{k}" for k in range(n)]
    return pd.DataFrame({"claim": numbers, "date": when.strftime("%Y-%m-%d"), "amount": rng.normal(size=n)})


@pytest.fixture
def quarter(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """The model of a quarter of claims."""
    claims(np.random.default_rng(8), "2025-01-01", 90, 600).to_csv(tmp_path / "quarter.csv", index=False)
    model = tmp_path / "quarter.safetensors"
    training = ["train", str(tmp_path / "quarter.csv"), "--id", "claim", "--stop_epochs", "2", "--save", str(model)]
    assert main([*training, "--quiet", "--no-save"]) == 0
    capsys.readouterr()
    return model


def test_a_later_date_is_no_drift(quarter: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    later = claims(np.random.default_rng(9), "2025-04-01", 30, 300)
    later.loc[3, "date"] = None  # the median that stands in is no date of the file
    later.to_csv(tmp_path / "april.csv", index=False)
    arguments = ["score", str(quarter), str(tmp_path / "april.csv"), "--id", "claim", "-o", str(tmp_path / "s.csv")]
    assert main([*arguments, "--drift", str(tmp_path / "d.csv")]) == 0
    told = capsys.readouterr().err
    assert "drift: none of 2 features beyond chance, against 600 training rows" in told
    assert (
        "dates: date is later than in training (2025-01-01 to 2025-03-31, now 2025-04-01 to 2025-04-30), "
        "as a later file is.\n" in told
    )
    table = pd.read_csv(tmp_path / "d.csv")
    assert list(table["name"][2:]) == ["date: days", "date: month"]
    assert list(table["passing"]) == [False, False, True, True]


def test_most_columns_are_missing(model: Path, plain: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pd.read_csv(plain)[["b"]].to_csv(tmp_path / "b.csv", index=False)
    assert main(["score", str(model), str(tmp_path / "b.csv"), "-o", str(tmp_path / "s.csv"), "--quiet"]) == 0
    assert capsys.readouterr().err.startswith(
        "warning: 2 of 3 columns are missing: every row gets the median or the most frequent value there, so the "
        "scores say little.\nnote: Column 'a' is not in the table"
    )
    assert len(pd.read_csv(tmp_path / "s.csv")) == 40
    pd.read_csv(plain)[["a", "b"]].to_csv(tmp_path / "ab.csv", index=False)
    assert main(["score", str(model), str(tmp_path / "ab.csv"), "-o", str(tmp_path / "s.csv"), "--quiet"]) == 0
    assert "warning" not in capsys.readouterr().err


def test_the_ids_of_the_training_name_the_new_rows(
    quarter: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frame = claims(np.random.default_rng(9), "2025-04-01", 30, 50)
    frame.loc[1, "claim"] = "C-0"  # no more are they all different, by which ids are found
    frame.to_csv(tmp_path / "april.csv", index=False)
    assert list(scored([quarter, tmp_path / "april.csv"], tmp_path / "s.csv")["id"]) == list(frame["claim"])
    assert "numbered" not in capsys.readouterr().err
    assert list(scored([quarter, tmp_path / "april.csv", "--id", ""], tmp_path / "s.csv")["id"]) == list(range(1, 51))
    assert "numbered" not in capsys.readouterr().err  # as was asked for
    frame.rename(columns={"claim": "voucher"}).to_csv(tmp_path / "other.csv", index=False)
    assert list(scored([quarter, tmp_path / "other.csv"], tmp_path / "s.csv")["id"]) == list(range(1, 51))
    assert (
        "note: The rows are numbered from 1: the file has no column 'claim', which named them in training. --id names "
        "another column.\n" in capsys.readouterr().err
    )
    assert scored([quarter, tmp_path / "other.csv", "--id", "voucher"], tmp_path / "s.csv")["id"][0] == "C-0"
    old = tmp_path / "old.safetensors"
    save_model(old, dataclasses.replace(load_model(quarter), id_name=""))
    capsys.readouterr()
    assert list(scored([old, tmp_path / "april.csv"], tmp_path / "s.csv")["id"]) == list(range(1, 51))
    assert (
        "note: The rows are numbered from 1, as it is not known whether a column names them; not used: 'claim'. --id "
        "names another column.\n" in capsys.readouterr().err
    )


def test_a_worse_month_has_more_flags(model: Path, plain: Path, tmp_path: Path) -> None:
    """--share_of training: the border is the training's, so that the training table itself has the share."""
    common = ["--share", "0.1", "--share_of", "training"]
    assert scored([model, plain, *common], tmp_path / "s.csv")["flag"].sum() == 4
    loaded = load_model(model)
    frame = pd.read_csv(plain)
    logits = loaded.score_samples(frame)
    worst = frame.iloc[[int(logits.argmin())] * 30 + [int(logits.argmax())] * 10]
    worst.to_csv(tmp_path / "bad.csv", index=False)
    table = scored([model, tmp_path / "bad.csv", *common], tmp_path / "t.csv")
    assert table["flag"].sum() == 30
    assert list(table["flag"]) == [1] * 30 + [0] * 10


def test_scores_as_parquet(model: Path, plain: Path, tmp_path: Path) -> None:
    expected = scored([model, plain, "--explain"], tmp_path / "s.csv").fillna("")
    assert main(["score", str(model), str(plain), "--explain", "-o", str(tmp_path / "s.parquet"), "--quiet"]) == 0
    found = pq.read_table(tmp_path / "s.parquet").to_pandas()
    assert list(found.columns) == list(expected.columns)
    assert list(found["id"]) == list(expected["id"].astype(str))
    np.testing.assert_allclose(found["outlier_score"], expected["outlier_score"], atol=1e-9)
    assert list(found["rank"]) == list(expected["rank"])
    assert list(found["reason"]) == list(expected["reason"])


def test_an_old_model_scores_without_drift(
    model: Path, plain: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = tmp_path / "old.safetensors"
    save_model(old, dataclasses.replace(load_model(model), reference=None))
    expected = scored([model, plain], tmp_path / "s.csv")
    pd.testing.assert_frame_equal(scored([old, plain], tmp_path / "t.csv"), expected)
    assert main(["score", str(old), str(plain), "-o", str(tmp_path / "t.csv")]) == 0
    assert "drift: not known; the model was saved without" in capsys.readouterr().err
    for flags, words in (
        (["--drift", str(tmp_path / "d.csv")], "--drift needs a model that knows"),
        (["--share_of", "training"], "--share_of must be 'file' for this model"),
    ):
        assert main(["score", str(old), str(plain), "-o", str(tmp_path / "t.csv"), *flags]) == 2
        assert words in capsys.readouterr().err
    assert main(["score", str(model), str(plain), "--drift", str(model)]) == 2
    assert "--drift must not be a file that is read" in capsys.readouterr().err


def test_a_single_seed_may_choose_the_stop(plain: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = trained(capsys, plain, "--preset", "auto", "--n_estimators", "1", "--max_epochs", "100", "--no-save")
    assert isinstance(told["auto"], dict)
    assert len(told["auto"]["seeds"]) == 1
    assert told["auto"]["why"].endswith("the mean of one moment of one seed ranks the rows.")
