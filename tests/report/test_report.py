"""The report of a run: what it says, and that it is true."""

import html
import json
import re
import shlex
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sogaal import Trainer, load_dataset
from sogaal.cli import main
from sogaal.config import FIELDS, TrainConfig, make_config
from sogaal.data import Dataset
from sogaal.diagnosis import Evidence, diagnose
from sogaal.errors import RunError
from sogaal.explain import attributions
from sogaal.metrics import outlier_score, ranking_metrics
from sogaal.model import discriminators_of
from sogaal.report import ReportContent, report_of, report_page
from sogaal.report.content import table_parquet, unusual_values
from sogaal.report.html import Html, join, tag
from sogaal.report.svg import contour, nice_ticks
from sogaal.runs.frames_file import FrameKeeper
from sogaal.runs.store import RunStore
from sogaal.scaling import Scaler
from sogaal.snapshots import JobState
from tests.conftest import ROOT
from tests.runs.saved import save_run

HOSTILE = "</td><script>document.title='harm'</script><img src=x onerror=\"document.title='harm'\">'&"


def content(dataset: Dataset, config: TrainConfig | None = None, scaling: str = "minmax", **changes) -> ReportContent:
    """Of a training to the end."""
    config = config or make_config("post", stop_epochs=40)
    scaler = Scaler.fit(dataset.X, scaling, dataset.feature_names)
    trainer = Trainer(scaler.transform(dataset.X), config, dataset.y)
    keeper = FrameKeeper(stop_step=trainer.stop_step, total_steps=trainer.total_steps)
    keeper.add(trainer.frame())
    while trainer.advance(keeper.next_step(trainer.step + 1) - trainer.step):
        keeper.add(trainer.frame())
    view = trainer.history.view()
    evidence = Evidence(config, view, keeper.frames(), trainer.batches, trainer.stop_step, True, trainer.X, scaling)
    moments = ("stop", "end") if trainer.stop_step else ("end",)
    values = {
        "title": "a run",
        "logits": {at: trainer.scores(at=at) for at in moments},
        "numbers": trainer.summary(),
        "state": JobState.COMPLETED,
        "findings": diagnose(evidence),
        "versions": {"sogaal": "0.1", "torch": "2"},
        "voters": {at: (one,) for at, one in discriminators_of(trainer).items()},
    }
    return ReportContent(
        dataset=dataset, config=config, scaler=scaler, view=view, frames=keeper.frames(), epoch=trainer.epoch,
        total_steps=trainer.total_steps, stop_step=trainer.stop_step, **(values | changes),
    )  # fmt: skip


def text_of(page: bytes) -> str:
    """What is read in a page, one space between words."""
    body = re.sub(r"<style>.*?</style>", "", page.decode(), flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", body)).split())


def hostile() -> Dataset:
    data = load_dataset("wine")
    names = (HOSTILE, "\x1b[31mred\x00", "\u202egnp", *data.feature_names[3:])
    ids = np.array([f"{HOSTILE}{i}" for i in range(data.n)])
    return replace(data, name=HOSTILE, title=HOSTILE, description=HOSTILE, source=HOSTILE, notes=(HOSTILE,), ids=ids,
                   feature_names=names, id_name=HOSTILE[:20], label_name="kind")  # fmt: skip


@pytest.fixture(scope="module")
def labelled() -> ReportContent:
    return content(load_dataset("onecluster"))


# -- what it says ------------------------------------------------------------------------------------------------------


def test_numbers_are_those_of_the_run(labelled: ReportContent) -> None:
    text = text_of(report_page(labelled))
    y = labelled.dataset.y
    for at in ("stop", "end"):
        for value in ranking_metrics(labelled.logits[at], y):
            assert f"{value:.4f}" in text
    assert f"{labelled.numbers['auc_stop']:.4f}" in text
    assert "Labels were used to evaluate only" in text
    assert labelled.dataset.fingerprint in text
    assert f"{labelled.view.steps:,} of {labelled.total_steps:,} steps" in text
    for finding in labelled.findings:
        assert finding.evidence in text
        assert finding.title in text


def test_an_auc_that_was_taken_over_a_sample_is_told_beside_that_over_all(labelled: ReportContent) -> None:
    assert "During the run" not in text_of(report_page(labelled))
    sampled = replace(labelled, numbers={**labelled.numbers, "auc_stop": 0.8765})
    text = text_of(report_page(sampled))
    assert "During the run the AUC when G stopped was 0.8765, over a sample of rows" in text
    assert f"{labelled.numbers['auc_stop']:.4f}" in text


def test_every_value_of_the_set_up_is_told_and_what_differs_first(labelled: ReportContent) -> None:
    text = text_of(report_page(labelled))
    first, _, whole = text.partition("The whole set-up")
    for name, info in FIELDS.items():
        assert f"--{name}" in whole
        assert info.title in whole
    changed = labelled.config.changed_from(TrainConfig())
    _, _, differing = first.partition("What differs from the defaults")
    assert all((info.help in differing) == (name in changed) for name, info in FIELDS.items())


def test_the_most_abnormal_rows_with_their_raw_values(labelled: ReportContent) -> None:
    page = report_page(labelled).decode()
    logits = labelled.logits[labelled.at]
    rows = re.findall(r"<tr><th scope=\"row\"><bdi>(\d+)</bdi></th>(.*?)</tr>", page)
    assert [int(identity) for identity, _ in rows] == labelled.dataset.ids[
        np.argsort(logits, kind="stable")[:20]
    ].tolist()
    scores = outlier_score(logits)
    for number, (identity, cells) in enumerate(rows, start=1):
        row = int(np.flatnonzero(labelled.dataset.ids == int(identity))[0])
        told = [re.sub(r"<[^>]*>| [▲▼]", "", cell) for cell in re.findall(r"<td[^>]*>(.*?)</td>", cells)]
        assert told[0] == f"{number}"
        assert told[2:4] == [f"{scores[row]:.4f}", "outlier" if labelled.dataset.y[row] else "inlier"]
        assert told[5:7] == [f"{value:.6g}" for value in labelled.dataset.X[row]]


def test_without_labels_nothing_is_said_of_any() -> None:
    page = report_page(content(replace(load_dataset("onecluster"), y=None)))
    text = text_of(page)
    assert "There are no labels" in text
    assert "ROC" not in text
    assert "Spread" in text
    assert "Outlier scores" in text


def test_a_run_that_broke_off_tells_what_there_is(labelled: ReportContent) -> None:
    text = text_of(
        report_page(replace(labelled, logits={}, frames=(), state=JobState.FAILED, message="Out of memory."))
    )
    assert "The run is failed" in text
    assert "Out of memory." in text
    assert "no trained D" in text
    assert "Losses" in text
    assert "most abnormal" not in text


def test_a_run_that_is_its_first_step_from_nothing(labelled: ReportContent) -> None:
    trainer = Trainer(labelled.X, labelled.config, labelled.dataset.y)
    empty = replace(labelled, view=trainer.history.view(), logits={}, frames=(), findings=(), numbers=trainer.summary())
    assert "ended before its first step" in text_of(report_page(empty))


def test_many_features_and_generators_and_rows() -> None:
    config = make_config("post", algorithm="mo-gaal", stop_epochs=6, k=3)
    page = report_page(content(load_dataset("digits"), config, "robust"))
    assert "Shown: 8 of 64 columns" in text_of(page)
    assert len(page) < 400_000
    assert "<figcaption>At ln 2 = 0.693" in page.decode()


def test_the_top_rows_say_what_speaks_for_their_suspicion(labelled: ReportContent) -> None:
    page = report_page(labelled)
    at = labelled.at
    assert at is not None
    first = int(np.argmin(labelled.logits[at]))
    scaled = labelled.X[first : first + 1]
    median = labelled.scaler.transform(np.median(labelled.dataset.X, axis=0)[None])
    found = attributions(labelled.voters[at], scaled, median[0])[0]
    why = html.unescape(re.findall(r'<span class="why">(.*?)</span>', page.decode())[0])
    feature = int(found.argmin())
    assert f"<bdi>{labelled.dataset.feature_names[feature]}</bdi>" in why
    assert f"+{-found[feature]:.2f}" in why
    assert text_of(page).count("speaks most for suspicion") == 1
    without = text_of(report_page(replace(labelled, voters={})))
    assert "speaks most for suspicion" not in without
    assert "most unusual" in without


def test_a_table_of_categories_is_told_column_by_column(tmp_path: Path) -> None:
    rows = [f"{i % 13},{('red', 'blue', 'green')[i % 3]},2024-01-{i % 28 + 1:02d}" for i in range(200)]
    (tmp_path / "own.csv").write_text(
        "\n".join(["size,colour,day", *rows, "500,teal,2025-06-07", "3,mauve,2024-01-09"])
    )
    data = load_dataset(tmp_path / "own.csv")
    made = content(data)
    page = report_page(made)
    heads = re.findall(r"<th[^>]*>(.*?)</th>", page.decode().split('<table class="rows">')[1].split("</thead>")[0])
    assert [text_of(head.encode()) for head in heads][-4:] == ["size", "colour", "day", "most unusual"]
    text = text_of(page)
    assert "teal (rare) ◆" in text
    assert "2025-06-07 ▲" in text
    assert "500 ▲" in text
    assert "= red 1" not in text
    top = np.argsort(made.logits[made.at], kind="stable")[:20].tolist()
    explained = made.explained(top)
    assert explained is not None
    why = [text_of(one.encode()) for one in re.findall(r'<span class="why">(.*?)</span>', page.decode())]
    told = [one for texts in explained.reason_texts() for one in texts.split("; ") if one]
    assert why == told
    assert all(one.split(" = ")[0] in ("colour", "day") or one.startswith("size ") for one in told)


def test_same_content_same_bytes(labelled: ReportContent) -> None:
    assert report_page(labelled) == report_page(replace(labelled))


def test_unusual_values_count_ties() -> None:
    X = np.zeros((200, 3), dtype=np.float32)
    X[0], X[1, 1], X[:100, 2] = (5, -5, 1), 7, 1
    found = unusual_values(X, [0, 1, 2])
    assert [[(one.column, one.high, one.share) for one in row] for row in found] == [
        [(0, True, 1 / 200), (1, False, 1 / 200)], [(1, True, 1 / 200)], [],
    ]  # fmt: skip


# -- to do it again ----------------------------------------------------------------------------------------------------


def codes(page: bytes) -> list[str]:
    return [html.unescape(one) for one in re.findall(r"<pre><code>(.*?)</code></pre>", page.decode(), re.DOTALL)]


def without_time(summary: dict) -> dict:
    return {name: value for name, value in summary.items() if name not in ("seconds", "run")}


SET_UPS = [
    ("onecluster", {"preset": "post", "stop_epochs": 12}, "minmax", True),
    ("wine", {"preset": "paper", "stop_epochs": 7, "algorithm": "mo-gaal", "k": 3, "seed": 5, "lr_g": 1.23e-4,
              "hidden_size": 9, "max_epochs": 15}, "robust", True),
    ("own", {"stop_epochs": 8, "generator_bias": -0.5}, "none", True),
    ("own", {"stop_epochs": 8}, "minmax", False),
]  # fmt: skip


@pytest.mark.parametrize(("name", "values", "scaling", "labels"), SET_UPS)
def test_the_command_and_the_lines_end_bit_for_bit_where_the_run_did(
    name: str, values: dict, scaling: str, labels: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    dataset = load_dataset(name) if name != "own" else hostile()
    dataset = dataset if labels else replace(dataset, y=None, label_name=None)
    config = make_config(values.get("preset"), **{k: v for k, v in values.items() if k != "preset"})
    found = content(dataset, config, scaling)
    command, lines = codes(report_page(found))
    monkeypatch.chdir(tmp_path)
    if name == "own":
        (file,) = [word for word in shlex.split(command) if word.endswith(".parquet")]
        Path(file).write_bytes(table_parquet(dataset))
    program, *arguments = shlex.split(command)
    assert program == "sogaal"
    assert main([*arguments, "--json", "--quiet", "--no-save"]) == 0
    printed = json.loads(capsys.readouterr().out)
    for key, value in without_time(dict(found.numbers)).items():
        assert printed[key] == value, key
    assert printed["fingerprint"] == dataset.fingerprint
    done = subprocess.run([sys.executable, "-c", lines], cwd=tmp_path, capture_output=True, text=True, check=False,
                          env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"})  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert without_time(eval(done.stdout)) == without_time(dict(found.numbers))


def test_a_table_of_ones_own_is_the_same_after_its_export(tmp_path: Path) -> None:
    data = replace(load_dataset("breast_cancer"), name="own", ids=np.arange(1, 368), id_name=None, label_name=None)
    names = ("label", "id", *data.feature_names[2:])
    data = replace(data, feature_names=names)
    (tmp_path / "own.parquet").write_bytes(table_parquet(data))
    again = load_dataset(tmp_path / "own.parquet", label_column="label_", id_column="")
    assert again.fingerprint == data.fingerprint
    assert np.array_equal(again.ids, data.ids)


# -- of a saved run ----------------------------------------------------------------------------------------------------


def test_the_report_of_a_saved_run(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    own = replace(load_dataset("onecluster"), name="own table")
    identity, trainer = save_run(store, own, name="My name", tags=["first"], note="line one\nline two")
    text = text_of(report_of(store.get(identity)))
    for words in (
        "My name",
        "first",
        "line one line two",
        identity,
        "completed",
        f"{trainer.summary()['auc_stop']:.4f}",
    ):
        assert words in text
    assert "speaks most for suspicion" in text
    assert f"sogaal runs export {identity} --format table -o 'own table.parquet'" in text


def test_what_has_no_report_says_so(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    own = replace(load_dataset("onecluster"), name="own")
    identity, _ = save_run(store, own)
    (table,) = (tmp_path / ".data").glob("*/table.npz")
    table.unlink()
    with pytest.raises(RunError, match="the table of the run is not there"):
        report_of(store.get(identity))


# -- parts -------------------------------------------------------------------------------------------------------------


def test_what_is_not_html_is_text() -> None:
    made = tag("p", "<b>&", tag("i", "'\""), [Html("<br>"), "\x07\u202e\ud800"], title='"<')
    assert made == '<p title="&quot;&lt;">&lt;b&gt;&amp;<i>&#x27;&quot;</i><br>\\x07\\u202e\\ud800</p>'
    assert join("<", ["<"]) == "&lt;&lt;"


@pytest.mark.parametrize(("low", "high"), [(0, 1), (-0.3, 7.2), (0, 3000), (1e-9, 2e-9), (-1e6, 1e6), (3, 3)])
def test_ticks_are_few_and_within(low: float, high: float) -> None:
    ticks = nice_ticks(low, high)
    assert 1 <= len(ticks) <= 8
    assert all(low - 1e-9 * abs(high) <= tick <= high + 1e-9 * abs(high) for tick in ticks)


def test_a_contour_lies_where_the_level_is() -> None:
    up, across = np.mgrid[0:40, 0:50]
    values = np.hypot(across - 24.3, up - 19.7)
    (circle,) = contour(values, 10.0)
    assert circle[0] == circle[-1]
    assert len(circle) > 60
    assert np.allclose([np.hypot(x - 24.3, y - 19.7) for x, y in circle], 10, atol=0.02)
    assert contour(values, 1000.0) == []
    lines = contour(np.where((across < 10) | (across > 30), 1.0, 0.0), 0.5)
    assert sorted({round(x, 6) for line in lines for x, _ in line}) == [9.5, 30.5]
    assert [len(line) for line in lines] == [40, 40]
    checks = contour(((across + up) % 2).astype(float), 0.5)
    assert sum(len(line) - 1 for line in checks) == 2 * 39 * 49
