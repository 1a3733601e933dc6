"""Model files, tables of scores, and files that are written whole or not at all."""

import dataclasses
import io
import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors import safe_open
from safetensors.numpy import load, save

import sogaal
from sogaal import MOGAAL, SOGAAL, load_dataset, load_model, save_model
from sogaal.ensemble import Ensemble
from sogaal.errors import DataError, ModelError
from sogaal.exports import scores_csv, scores_table, scores_with_columns
from sogaal.files import atomic_path, check_target, write_atomic
from sogaal.model import Model

DATA = load_dataset("wine")


@pytest.fixture(scope="module")
def detector() -> SOGAAL:
    frame = pd.DataFrame(DATA.X, columns=DATA.feature_names)
    return SOGAAL(stop_epochs=3, max_epochs=8, random_state=11, scaling="robust").fit(frame)


@pytest.fixture
def saved(detector: SOGAAL, tmp_path: Path) -> Path:
    path = tmp_path / "model.safetensors"
    save_model(path, detector)
    return path


# -- models ------------------------------------------------------------------------------------------------------------


def test_a_loaded_model_is_the_saved_one(saved: Path, detector: SOGAAL) -> None:
    model, original = load_model(saved), detector.to_model()
    assert isinstance(model, Model)
    for at in ("stop", "end"):
        np.testing.assert_array_equal(model.score_samples(DATA.X, at), original.score_samples(DATA.X, at))
    for name in ("config", "at", "feature_names", "dataset", "fingerprint", "version"):
        assert getattr(model, name) == getattr(original, name)
    assert model.scaler.to_dict() == original.scaler.to_dict()
    assert model.version == sogaal.__version__
    assert model.config.seed == 11


def test_the_column_of_the_ids_is_remembered_where_there_is_one(saved: Path, detector: SOGAAL, tmp_path: Path) -> None:
    assert b"id_name" not in saved.read_bytes()
    named = dataclasses.replace(detector.to_model(), id_name="claim")
    for number, model in enumerate((named, Ensemble((named, named)))):
        save_model(tmp_path / str(number), model)
        assert load_model(tmp_path / str(number)).id_name == "claim"
        with safe_open(tmp_path / str(number), framework="numpy") as file:
            assert json.loads(file.metadata()["sogaal"])["format"] == number + 1  # older versions read it too


def test_without_names_and_stop(tmp_path: Path) -> None:
    detector = MOGAAL(k=3, stop_epochs=9, max_epochs=2, random_state=0).fit(DATA.X)
    save_model(tmp_path / "m", detector)
    model = load_model(tmp_path / "m")
    assert model.feature_names is None
    assert list(model.discriminators) == ["end"]
    np.testing.assert_array_equal(model.score_samples(DATA.X), detector.score_samples(DATA.X))


def test_same_model_same_bytes(saved: Path, detector: SOGAAL, tmp_path: Path) -> None:
    save_model(tmp_path / "again", detector)
    assert (tmp_path / "again").read_bytes() == saved.read_bytes()
    save_model(tmp_path / "third", load_model(saved))
    assert (tmp_path / "third").read_bytes() == saved.read_bytes()


def test_other_programs_can_read_it(saved: Path, detector: SOGAAL) -> None:
    """The file is plain safetensors: D's first layer by its shape, and a description in JSON."""
    with safe_open(saved, framework="pt") as file:
        w1 = file.get_tensor("stop.w1")
        described = json.loads(file.metadata()["sogaal"])
    assert torch.equal(w1.T, detector.discriminator_.hidden.weight)
    assert described["config"]["stop_epochs"] == 3
    assert described["feature_names"] == list(DATA.feature_names)


def rewritten(path: Path, change: Callable[[dict[str, Any], dict[str, Any]], None]) -> None:
    """Change the description and the tensors of a model file."""
    with safe_open(path, framework="numpy") as file:
        description = json.loads(file.metadata()["sogaal"])
    tensors = load(path.read_bytes())
    change(description, tensors)
    path.write_bytes(save(tensors, metadata={"sogaal": json.dumps(description)}))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda d, _: d.update(format=4), "format must be at most 3, got 4.*newer than this one"),
        (lambda d, _: d.pop("format"), "no format"),
        (lambda d, _: d.update(config=3), "config must be an object"),
        (lambda d, _: d["config"].update(lr_d=-1), "lr_d must be a finite number over 0"),
        (lambda d, _: d["config"].update(power=9), "power is not a parameter"),
        (lambda d, _: d["scaling"].update(method="log"), "method must be one of"),
        (lambda d, _: d["scaling"].update(scale=[1.0]), "scale must be a list of 13"),
        (lambda d, _: d.update(at="later"), "there must be weights of D at 'later'"),
        (lambda d, _: d.update(feature_names=["a"]), "feature_names must be 13 strings"),
        (lambda _, t: t.pop("stop.b1"), r"stop.b1 must be float32 \(12,\).*got nothing"),
        (lambda _, t: t.update({"end.w1": t["end.w1"][:5]}), r"end.w1 must be float32 \(13, 12\)"),
        (lambda _, t: t.update({"end.w2": t["end.w2"].astype(np.float64)}), "end.w2 must be float32"),
        (lambda _, t: t.update({"end.b2": np.array([np.nan], np.float32)}), "end.b2 must be finite"),
        (lambda _, t: [t.pop(name) for name in list(t) if name.startswith("stop")], "weights of D at 'stop'"),
    ],
)
def test_an_inconsistent_file_is_refused(saved: Path, change: Any, reason: str) -> None:
    rewritten(saved, change)
    with pytest.raises(ModelError, match=f"model.safetensors: .*{reason}") as caught:
        load_model(saved)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "cannot be read"),
        (b"id,label\n1,0\n", "cannot be read"),
        (pickle.dumps({"weights": [1, 2]}), "cannot be read"),
        (b"\xff" * 4096, "cannot be read"),
        (save({"weight": np.zeros(3, np.float32)}), "another program's"),
        (save({"weight": np.zeros(3, np.float32)}, metadata={"format": "pt"}), "another program's"),
        (save({"weight": np.zeros(3, np.float32)}, metadata={"sogaal": "{"}), "description is damaged"),
        (save({"weight": np.zeros(3, np.float32)}, metadata={"sogaal": "[" * 100_000}), "description is damaged"),
        (save({"weight": np.zeros(3, np.float32)}, metadata={"sogaal": "[1]"}), "description is damaged"),
    ],
)
def test_another_file_is_refused(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "other.bin"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=f"other.bin: .*{reason}"):
        load_model(path)


@pytest.mark.parametrize("kept", [0.2, 0.9, 0.999])
def test_a_cut_file_is_refused(saved: Path, kept: float) -> None:
    content = saved.read_bytes()
    saved.write_bytes(content[: int(len(content) * kept)])
    with pytest.raises(ModelError, match="cannot be read"):
        load_model(saved)


@pytest.mark.parametrize("name", ["nothing", "."])
def test_a_missing_file_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ModelError, match="there is no such file"):
        load_model(tmp_path / name)


# -- scores ------------------------------------------------------------------------------------------------------------

LOGITS = np.array([0.5, -2.0, 3.0, -2.0, 0.0])


def test_scores_table() -> None:
    ids = np.array(["e", "d", "c", "b", "a"])
    table = scores_table(ids, np.array([0, 1, 0, 0, 0], np.int8), LOGITS, share=0.4)
    assert list(table.columns) == ["id", "label", "outlier_score", "rank", "flag"]
    assert list(table["id"]) == list("edcba")
    assert list(table["label"]) == [0, 1, 0, 0, 0]
    assert list(table["rank"]) == [4, 1, 5, 2, 3]
    assert list(table["flag"]) == [0, 1, 0, 1, 0]
    np.testing.assert_allclose(table["outlier_score"], 1 / (1 + np.exp(LOGITS)))


def test_scores_table_without_labels() -> None:
    table = scores_table(np.arange(5), None, LOGITS)
    assert list(table.columns) == ["id", "outlier_score", "rank", "flag"]
    assert table["flag"].sum() == 1, "5 % of five rows, rounded up"


@pytest.mark.parametrize("share", [0, -0.1, 1.1, float("nan")])
def test_bad_share(share: float) -> None:
    with pytest.raises(ValueError, match="share must be"):
        scores_table(np.arange(5), None, LOGITS, share)


def test_scores_as_csv_come_back() -> None:
    ids = np.array(['with "quotes"', "with, comma", "ümlaut", "line\nbreak", "plain"], dtype=object)
    table = scores_table(ids, None, LOGITS)
    content = scores_csv(table)
    assert content.startswith(b"id,outlier_score,rank,flag\n")
    assert b"\r" not in content
    back = pd.read_csv(io.BytesIO(content))
    assert list(back["id"]) == list(ids)
    np.testing.assert_allclose(back["outlier_score"], table["outlier_score"], atol=1e-9)
    assert list(back["rank"]) == list(table["rank"])


def test_plain_values_have_no_quotes() -> None:
    table = scores_table(np.array(["a", "b"]), np.array(["fine", ""], dtype=object), np.array([0.0, 30.0]), 0.5)
    assert scores_csv(table) == b"id,label,outlier_score,rank,flag\na,fine,0.5,1,1\nb,,0,2,0\n"
    assert scores_csv(table[:1], header=False) == b"a,fine,0.5,1,1\n"


def test_the_tables_own_columns_go_along_piece_by_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    columns = {
        "rank": np.array([1.5, np.nan, 3.25, 1234.56, 5], np.float32),
        'to, "say"': np.array(["x,y", None, "", "z", "plain"], dtype=object),
    }
    table = scores_table(np.array(list("edcba")), None, LOGITS)
    whole = scores_with_columns(table, lambda rows: {name: values[rows] for name, values in columns.items()})
    monkeypatch.setattr("sogaal.exports.scores.PIECE_ROWS", 2)
    again = scores_with_columns(table, lambda rows: {name: values[rows] for name, values in columns.items()})
    for content in (whole, again):
        back = pd.read_csv(io.BytesIO(content), dtype=str, keep_default_na=False)
        assert list(back.columns) == ["id", "outlier_score", "rank", "flag", "rank (table)", 'to, "say"']
        assert list(back["id"]) == list("edcba")
        assert list(back["rank (table)"]) == ["1.5", "", "3.25", "1234.56", "5"]  # as single precision has them
        assert list(back['to, "say"']) == ["x,y", "", "", "z", "plain"]


# -- files -------------------------------------------------------------------------------------------------------------


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    target = tmp_path / "file"
    target.write_bytes(b"old")
    with atomic_path(target) as path:
        path.write_bytes(b"new")
        assert target.read_bytes() == b"old"
    assert target.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_after_an_error_the_old_file_is_there_and_nothing_else(tmp_path: Path, error: type[BaseException]) -> None:
    target = tmp_path / "file"
    target.write_bytes(b"old")

    def fail() -> None:
        with atomic_path(target) as path:
            path.write_bytes(b"half")
            raise error

    with pytest.raises(error):
        fail()
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    write_atomic(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"new"


def test_targets_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="an ordinary file"):
        check_target(tmp_path)
    with pytest.raises(DataError, match="the folder .*nowhere.* must exist"):
        check_target(tmp_path / "nowhere" / "file")
    with pytest.raises(DataError, match="a folder or a device"):
        check_target("/dev/null")
    with pytest.raises(DataError, match="cannot be written"):
        check_target("a\0b")
    assert check_target(tmp_path / "new") == tmp_path.resolve() / "new"
