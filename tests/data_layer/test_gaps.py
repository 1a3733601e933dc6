"""Whether a gap counts in itself: features that say where values are missing, or none."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sogaal import Trainer
from sogaal.cli import main
from sogaal.config import make_config
from sogaal.data import Dataset, conform_frame, gap_words, load_dataset, marks_gaps, profile_source, read_table
from sogaal.errors import DataError
from sogaal.exports import load_model
from sogaal.model import Model
from sogaal.preparation import Preparation
from sogaal.report import report_of
from sogaal.runs.camera import Camera
from sogaal.runs.recorder import Recorder
from sogaal.runs.shelf import Shelf
from sogaal.runs.store import RunStore
from sogaal.scaling import Scaler
from sogaal.snapshots import JobState

N = 200


def claims() -> pd.DataFrame:
    """Gaps in a column of each kind; with them ``empty`` has one value only."""
    rng = np.random.default_rng(5)
    frame = pd.DataFrame(
        {
            "amount": rng.gamma(2, 50, N).round(2),
            "age": rng.integers(20, 65, N).astype(float),
            "paid": rng.choice(["true", "false"], N),
            "category": rng.choice(["travel", "meal", "hotel"], N),
            "day": pd.Timestamp("2024-03-01") + pd.to_timedelta(rng.integers(0, 200, N), "D"),
            "empty": 3.0,
        }
    )
    for at, name in enumerate(("age", "paid", "category", "day", "empty")):
        frame.loc[at :: 40 + at, name] = None
    return frame


FRAME = claims()
CSV = FRAME.to_csv(index=False).encode()


def read(**options: object) -> Dataset:
    return read_table(CSV, filename="claims.csv", **options)  # type: ignore[arg-type]


def prepared(data: Dataset) -> Preparation:
    assert data.preparation is not None
    return data.preparation


def test_gaps_that_are_filled_leave_the_other_features_as_they_are() -> None:
    marked, filled = read(), read(gaps="fill")
    assert read(gaps="mark").fingerprint == marked.fingerprint
    assert [name for name in marked.feature_names if name.endswith("missing")] == [
        f"{name} missing" for name in ("age", "paid", "category", "day", "empty")
    ]
    others = [name for name in marked.feature_names if not name.endswith("missing") and name != "empty"]
    assert list(filled.feature_names) == others
    np.testing.assert_array_equal(filled.X, marked.X[:, [marked.feature_names.index(name) for name in others]])
    assert "Column 'empty' was left out: it has one value only, and gaps that are filled with it." in filled.notes
    assert any(note.endswith("most frequent value, and no feature says where.") for note in filled.notes)


def test_a_column_that_is_left_out_when_gaps_are_filled_is_told_beforehand() -> None:
    uses = [profile_source(CSV, filename="claims.csv", gaps=gaps).columns[-1].use for gaps in ("mark", "fill")]
    assert uses == ["feature", "left out"]


def test_no_other_way_to_treat_gaps() -> None:
    with pytest.raises(DataError, match=r"claims\.csv: gaps must be one of 'mark', 'fill', got 'drop'"):
        read(gaps="drop")


def test_gaps_of_new_rows_are_filled_too_and_are_no_deviation() -> None:
    filled = prepared(read(gaps="fill"))
    again = Preparation.from_dict(json.loads(json.dumps(filled.to_dict())))
    rows = FRAME[:3].assign(age=[np.nan, 30.0, 40.0], amount=[1.0, np.nan, 2.0])
    found = conform_frame(rows, again)
    assert again.columns == filled.columns
    age = again.feature_names.index("age")
    assert found.X[:, age].tolist() == [FRAME["age"].median(), 30, 40]
    assert [one.column for one in found.deviations.found.values()] == ["amount"]  # where none was missing in training


def test_a_table_of_numbers_with_gaps() -> None:
    frame = FRAME[["amount", "age"]]
    data = read_table(frame.to_csv(index=False).encode(), filename="n.csv", gaps="fill")
    np.testing.assert_array_equal(data.X, frame.fillna({"age": frame["age"].median()}).to_numpy(np.float32))


def test_a_saved_table_is_read_back_as_it_was(tmp_path: Path) -> None:
    shelf, filled = Shelf(tmp_path), read(gaps="fill")
    back = shelf.get(shelf.put(filled, "run"))
    assert prepared(back).columns == prepared(filled).columns
    np.testing.assert_array_equal(back.X, filled.X)
    rows = np.flatnonzero(FRAME.isna().any(axis=1))
    pd.testing.assert_frame_equal(pd.DataFrame(back.original(rows)), pd.DataFrame(filled.original(rows)))


def test_rows_are_told_with_their_gaps_though_these_are_filled() -> None:
    marked, filled = read(), read(gaps="fill")
    rows = np.arange(N)
    expected = pd.DataFrame(marked.original(rows)).drop(columns="empty")
    pd.testing.assert_frame_equal(pd.DataFrame(filled.original(rows)), expected)
    assert expected["age"].isna().sum() == FRAME["age"].isna().sum() > 0
    for place, name in enumerate(("amount", "age", "paid", "category", "day")):
        one, other = marked.distribution(place), filled.distribution(place)
        assert (one.name, one.missing, one.levels, one.counts) == (name, other.missing, other.levels, other.counts)
        np.testing.assert_array_equal(one.numbers, other.numbers)


def test_an_explanation_says_which_values_are_fills() -> None:
    filled = read(gaps="fill")
    scaler = Scaler.fit(filled.X, "minmax", filled.feature_names)
    trainer = Trainer(scaler.transform(filled.X), make_config("post", stop_epochs=2))
    trainer.advance(5)
    gap = int(np.flatnonzero(FRAME["age"].isna())[0])
    rows = [gap, gap + 1]
    model = Model.from_trainer(trainer, scaler, filled)
    found = model.explain(filled.X[rows], words=filled.wording(rows)[1])
    assert found.labels(0)[1] == f"age = {FRAME['age'].median():.6g} (filled)"
    assert found.labels(1)[1] == f"age = {FRAME['age'][gap + 1]:.6g}"


def test_the_commands_take_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, model = tmp_path / "claims.csv", tmp_path / "m.safetensors"
    path.write_bytes(CSV)
    train = ["train", str(path), "--no-save", "--stop_epochs", "2", "--json", "--save", str(model), "--quiet"]
    assert main([*train, "--gaps", "fill"]) == 0
    assert json.loads(capsys.readouterr().out)["d"] == load_dataset(path, gaps="fill").d
    loaded = load_model(model)
    assert loaded.preparation is not None
    assert not [name for name in loaded.preparation.feature_names if "missing" in name]
    assert main(["score", str(model), str(path), "-o", str(tmp_path / "s.csv")]) == 0
    assert "missing" not in capsys.readouterr().err
    assert main([*train, "--gaps", "mark"]) == main(train) == 0
    first, second = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert first["fingerprint"] == second["fingerprint"]
    for command in (["detectors", str(path), "--only", "knn"], ["data", str(path)]):
        assert main([*command, "--gaps", "fill", "--json"]) == 0
    assert '"name": "empty", "kind": "number", "use": "left out"' in capsys.readouterr().out
    assert main([*train, "--gaps", "drop"]) == 2
    assert "--gaps" in capsys.readouterr().err


def test_a_sweep_takes_it_and_keeps_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, runs = tmp_path / "claims.csv", ["--runs", str(tmp_path / "runs")]
    path.write_bytes(CSV)
    small = ["--trials", "1", "--stop_epochs", "2", "--workers", "1", "--quiet", *runs]
    assert main(["sweep", str(path), "--vary", "lr_g=1e-4..1e-2", "--gaps", "fill", *small]) == 0
    assert RunStore(tmp_path / "runs").entries()[0].dataset.d == read(gaps="fill").d
    capsys.readouterr()
    assert main(["sweep", "--resume", "last", "--trials", "2", "--gaps", "fill", *runs]) == 2
    assert "--gaps cannot be given with it" in capsys.readouterr().err


def test_a_run_that_is_gone_on_with_and_its_report_tell_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, store = read(), RunStore(tmp_path / "runs")
    scaler = Scaler.fit(data.X, "minmax", data.feature_names)
    trainer = Trainer(scaler.transform(data.X), make_config(stop_epochs=60), data.y)
    camera = Camera(trainer)
    recorder = Recorder.begin(store, data, trainer.config, scaler, trainer, title="half")
    trainer.advance(trainer.total_steps // 2)
    recorder.finish(JobState.INTERRUPTED, trainer, camera.keeper)
    assert main(["runs", "resume", "last", "--runs", str(tmp_path / "runs")]) == 0
    run = store.get("last")
    words = gap_words(data, pd.read_csv(run.folder / "scores.csv")["flag"].to_numpy())
    assert words
    note = f"note: {words} If gaps mean nothing here, read the table with --gaps fill."
    assert note in capsys.readouterr().err.splitlines()
    assert words in report_of(run).decode()


def top(data: Dataset, count: int, gappy: int) -> np.ndarray:
    """Flags of ``count`` rows, ``gappy`` of them with a gap."""
    gaps = FRAME.isna().any(axis=1).to_numpy()
    flags = np.zeros(data.n, dtype=np.int8)
    flags[np.flatnonzero(gaps)[:gappy]] = 1
    flags[np.flatnonzero(~gaps)[: count - gappy]] = 1
    return flags


@pytest.mark.parametrize(
    ("count", "gappy", "told"),
    [(20, 12, True), (20, 4, False), (4, 4, False), (5, 5, True), (60, 13, False), (0, 0, False)],
)
def test_a_top_full_of_gaps_is_told(count: int, gappy: int, told: bool) -> None:
    data = read()
    share = FRAME.isna().any(axis=1).mean()
    words = gap_words(data, top(data, count, gappy))
    assert bool(words) == told == (gappy >= max(5, 2 * share * count))
    if told:
        assert words == (
            f"{gappy} of the {count} flagged rows have an empty cell, {100 * share:.0f} % of all rows do: a gap counts "
            "as suspicious in itself. Of such rankings in docs/gaps.md 76 % were better with gaps filled where these "
            "meant nothing, 30 % where outliers had more of them."
        )


def test_gaps_that_are_filled_are_not_told() -> None:
    filled, plain = read(gaps="fill"), load_dataset("wine")
    assert not marks_gaps(filled)
    assert not marks_gaps(plain)
    assert gap_words(filled, top(filled, 20, 20)) == gap_words(plain, np.ones(plain.n, dtype=np.int8)) == ""


@pytest.mark.parametrize("kind", [["--seed", "1"], ["--n_estimators", "2"]])
def test_the_training_tells_it(kind: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, scores = tmp_path / "claims.csv", tmp_path / "s.csv"
    path.write_bytes(CSV)
    train = ["train", str(path), "--no-save", "--stop_epochs", "60", "--share", "0.1", "--scores", str(scores), *kind]
    assert main(train) == 0
    errors = capsys.readouterr().err
    words = gap_words(read(), pd.read_csv(scores)["flag"].to_numpy())
    assert f"note: {words} If gaps mean nothing here, read the table with --gaps fill." in errors.splitlines()
    assert main([*train, "--quiet"]) == main([*train, "--gaps", "fill"]) == 0
    assert "flagged rows" not in capsys.readouterr().err
