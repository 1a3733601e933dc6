"""Tables with categories, dates and gaps: fitted once, kept as plain parameters, applied to rows that deviate."""

import json
import subprocess
import sys
import warnings
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sogaal.cli import main
from sogaal.data import Dataset, conform_frame, load_dataset, read_table, scan_table
from sogaal.errors import DataError, DeviationWarning, ModelError
from sogaal.exports import load_model
from sogaal.exports.onnx import onnx_bytes
from sogaal.preparation import Grouping, Preparation, RawColumn, phrase, shortest
from sogaal.runs.shelf import Shelf, table_key

RNG = np.random.default_rng(7)
N = 300


def mixed(n: int = N) -> pd.DataFrame:
    colours = np.array(["red", "green", "blue"], dtype=object)[RNG.integers(0, 3, n)]
    colours[[3, 50]] = ["teal", "mauve"]
    age = RNG.integers(18, 80, n).astype(float)
    age[::29] = np.nan
    when = pd.Timestamp("2024-01-01 09:00") + pd.to_timedelta(RNG.integers(0, 300, n) * 24 + RNG.integers(0, 9, n), "h")
    return pd.DataFrame(
        {
            "id": [f"k{i}" for i in range(n)],
            "age": age,
            "colour": colours,
            "when": when,
            "paid": RNG.random(n) < 0.5,
            "amount": RNG.normal(size=n).round(4),
            "again": 0.0,
            "comment": [f"words {i}" for i in range(n)],
        }
    ).assign(copy=lambda table: table["amount"])


FRAME = mixed()
FEATURES = (
    "age", "age missing", "colour = blue", "colour = green", "colour = red", "colour = (rare)",
    "when: days", "when: month", "when: weekday", "when: hour", "paid", "amount",
)  # fmt: skip


@pytest.fixture(scope="module")
def csv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("own") / "own.csv"
    FRAME.to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def dataset(csv: Path) -> Dataset:
    return load_dataset(csv)


@pytest.fixture(scope="module")
def model_file(csv: Path) -> Path:
    target = csv.with_name("own.safetensors")
    assert main(["train", str(csv), "--stop_epochs", "3", "--no-save", "--quiet", "--save", str(target)]) == 0
    return target


def test_every_column_becomes_features_that_read_well(dataset: Dataset) -> None:
    assert dataset.feature_names == FEATURES
    assert dataset.ids[3] == "k3"
    X = dict(zip(dataset.feature_names, dataset.X.T, strict=True))
    assert np.flatnonzero(X["age missing"]).tolist() == list(range(0, N, 29))
    assert X["age"][0] == np.float32(np.nanmedian(FRAME["age"]))
    assert np.flatnonzero(X["colour = (rare)"]).tolist() == [3, 50]
    np.testing.assert_array_equal(X["when: weekday"], FRAME["when"].dt.day_of_week + 1)
    np.testing.assert_array_equal(X["when: month"], FRAME["when"].dt.month)
    np.testing.assert_array_equal(X["when: hour"], FRAME["when"].dt.hour)
    assert {"'again' was left out: it has one value only.", "'copy' was left out: it is the same as 'amount'."} <= {
        note.removeprefix("Column ") for note in dataset.notes
    }
    assert any("'comment' (free text) left out" in note for note in dataset.notes)


def test_all_formats_make_the_same_table(dataset: Dataset, tmp_path: Path) -> None:
    FRAME.to_parquet(tmp_path / "own.parquet")
    FRAME.to_csv(tmp_path / "own.tsv", index=False, sep="\t")
    german = FRAME.assign(when=FRAME["when"].dt.strftime("%d.%m.%Y %H:%M"))
    german.to_csv(tmp_path / "own.txt", index=False, sep=";", decimal=",")
    for name in ("own.parquet", "own.tsv", "own.txt"):
        other = load_dataset(tmp_path / name)
        np.testing.assert_array_equal(other.X, dataset.X)
        assert other.feature_names == dataset.feature_names


def test_plain_numbers_are_taken_as_they_are() -> None:
    data = pd.DataFrame(RNG.normal(size=(40, 3)), columns=list("abc")).assign(same=1.0)
    dataset = read_table(data.to_csv(index=False).encode(), filename="t.csv")
    assert dataset.preparation is None
    np.testing.assert_array_equal(dataset.X, data.to_numpy(dtype=np.float32))


def test_the_parameters_come_back_bit_for_bit(dataset: Dataset, csv: Path) -> None:
    fitted = dataset.preparation
    assert fitted is not None
    again = Preparation.from_dict(json.loads(json.dumps(fitted.to_dict())))
    assert again.columns == fitted.columns
    assert again.feature_names == fitted.feature_names
    pieces = list(scan_table(csv, preparation=again, rows=64))
    np.testing.assert_array_equal(np.concatenate([piece.X for piece in pieces]), dataset.X)
    assert not any(piece.conformed.deviations for piece in pieces if piece.conformed)


@pytest.mark.parametrize("seed", range(5))
def test_any_fit_comes_back(seed: int) -> None:
    """Whatever levels, gaps and counts there are: the refitted transformers do as the first ones."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(20, 3000))
    words = np.array([f"w{i}" for i in range(60)])
    words = words[np.minimum(rng.geometric(0.08, n) - 1, 59)].astype(object)
    words[rng.random(n) < 0.2 * (seed % 2)] = None
    numbers = np.where(rng.random(n) < 0.1 * (seed % 3), np.nan, rng.normal(size=n))
    dates = pd.Timestamp("2020-02-28") + pd.to_timedelta(rng.integers(0, 10**8, n), "s")
    frame = pd.DataFrame({"w": words, "n": numbers, "d": dates, "b": rng.random(n) < 0.3})
    dataset = read_table(frame.to_csv(index=False).encode(), filename="t.csv", id_column="", label_column="")
    assert dataset.preparation is not None
    again = Preparation.from_dict(json.loads(json.dumps(dataset.preparation.to_dict())))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(conform_frame(frame, again).X, dataset.X)


@pytest.mark.parametrize("grouping", [Grouping(0.0, 1, 1000), Grouping(0.05), Grouping(most=3), Grouping(0.002, 2, 50)])
def test_any_grouping_of_levels_comes_back(grouping: Grouping) -> None:
    """Also one with more levels than are kept today: what a model was saved with decides, not today's thresholds."""
    rng = np.random.default_rng(3)
    codes = np.minimum(rng.geometric(0.06, 1000) - 1, 79).astype(float)
    names = tuple(f"w{i:02d}" for i in range(80))
    there, counts = np.unique(codes, return_counts=True)
    column = RawColumn(
        "w", "category", np.searchsorted(there, codes).astype(float), tuple(names[int(i)] for i in there)
    )
    fitted = Preparation.fit([column], grouping)
    frequent = sum(counts >= grouping.below(1000))
    assert len(fitted.columns[0].kept) == min(frequent, grouping.most)
    again = Preparation.from_dict(json.loads(json.dumps(fitted.to_dict())))
    np.testing.assert_array_equal(again.transform([column.values]), fitted.transform([column.values]))


@pytest.mark.parametrize(
    "damage",
    [
        {"columns": []},
        {"columns": [{"name": "a", "kind": "number"}]},
        {"columns": [{"name": "a", "kind": "magic", "fill": 0.0}]},
        {"columns": [{"name": "a", "kind": "category", "fill": 0.0, "levels": ["b", "a"]}]},
        {"columns": [{"name": "a", "kind": "category", "fill": 1.0, "levels": ["a", "b"], "rare": ["b"]}]},
        {"columns": [{"name": "a", "kind": "date", "fill": 0.0, "parts": ["month"]}]},
    ],
)
def test_damaged_parameters_are_refused(damage: dict[str, object]) -> None:
    with pytest.raises(ModelError, match="saved preparation"):
        Preparation.from_dict(damage)


def test_a_saved_model_scores_raw_rows_and_features_alike(model_file: Path, dataset: Dataset) -> None:
    model = load_model(model_file)
    assert model.preparation is not None
    scores = model.score_samples(dataset.X)
    np.testing.assert_array_equal(model.score_samples(FRAME), scores)
    pipeline = model.to_pipeline()
    assert [name for name, _ in pipeline.steps] == ["preparation", "scaling", "detector"]
    np.testing.assert_array_equal(pipeline.score_samples(FRAME), scores)


def test_an_onnx_graph_says_that_it_takes_prepared_rows(model_file: Path) -> None:
    import onnx

    made = onnx.load_from_string(onnx_bytes(load_model(model_file)))
    assert "PREPARED" in made.doc_string
    metadata = {one.key: one.value for one in made.metadata_props}
    assert Preparation.from_dict(json.loads(metadata["preparation"])).names[0] == "age"


def test_rows_that_deviate_are_scored_and_counted(
    model_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    new = FRAME[:20].drop(columns=["paid"]).astype({"amount": object, "when": object, "colour": object})
    new.loc[2:4, "colour"] = "pink"
    new.loc[5, "when"] = "soon"
    new.loc[6:9, "amount"] = "much"
    new.loc[10, "amount"] = np.nan
    new.to_csv(tmp_path / "new.csv", index=False)
    scores = tmp_path / "scores.csv"
    assert main(["score", str(model_file), str(tmp_path / "new.csv"), "-o", str(scores), "--json", "--explain"]) == 0
    said = capsys.readouterr()
    found = {(one["column"], one["way"]): one for one in json.loads(said.out)["deviations"]}
    counts = {key: one["count"] for key, one in found.items()}
    assert counts == {
        ("colour", "unseen"): 3,
        ("when", "unreadable"): 1,
        ("amount", "unreadable"): 4,
        ("amount", "missing"): 1,
        ("paid", "absent"): 20,
    }
    assert found["colour", "unseen"]["examples"] == ["pink"]
    assert "note: Column 'amount': 4 values are no number ('much'); counted as missing." in said.err
    assert np.isfinite(pd.read_csv(scores)["outlier_score"]).all()
    with pytest.warns(DeviationWarning, match="'pink'"):
        logits = load_model(model_file).score_samples(new)
    assert logits.shape == (20,)


def test_a_table_with_none_of_the_columns_is_refused(model_file: Path, tmp_path: Path) -> None:
    (tmp_path / "other.csv").write_text("x,z\n1,2\n")
    model = load_model(model_file)
    with pytest.raises(DataError, match="lacks all of them: 'age', 'colour'"):
        list(scan_table(tmp_path / "other.csv", preparation=model.conforming))


def test_a_whole_column_that_is_missing_is_no_failure(model_file: Path) -> None:
    model = load_model(model_file)
    with pytest.warns(DeviationWarning, match="'colour'.*300 values are missing"):
        logits = model.score_samples(FRAME.assign(colour=None, age=np.nan))
    assert np.isfinite(logits).all()


def test_reasons_name_the_original_value(model_file: Path, dataset: Dataset) -> None:
    model = load_model(model_file)
    rows = np.array([3, 50, 0, 1])
    explanation = model.explain(dataset.X[rows], words=dataset.wording(rows)[1])
    np.testing.assert_allclose(
        explanation.by_column.sum(axis=1), explanation.logits - explanation.median_logit, atol=1e-9
    )
    assert explanation.column_names == ("age", "colour", "when", "paid", "amount")
    whole = [0, 2, 6, 10, 11, 12]  # where the features of each column begin
    for column, (first, last) in enumerate(pairwise(whole)):
        np.testing.assert_allclose(
            explanation.by_column[:, column], explanation.attributions[:, first:last].sum(axis=1), atol=1e-12
        )
    table = FRAME.iloc[rows]
    for row, label in enumerate([explanation.labels(row)[1] for row in range(4)]):
        assert label.startswith(f"colour = {table['colour'].iloc[row]}")
    assert explanation.labels(0)[1] == "colour = teal (rare)"
    assert explanation.labels(2)[0] == "age = missing"
    assert explanation.labels(3) == [
        f"age = {table['age'].iloc[3]:g}", f"colour = {table['colour'].iloc[3]}",
        f"when = {table['when'].iloc[3]:%Y-%m-%d %H:%M}", f"paid = {str(table['paid'].iloc[3]).lower()}",
        f"amount = {table['amount'].iloc[3]:.6g}",
    ]  # fmt: skip
    reasons = explanation.reasons(most=12)
    for row in range(4):
        told = [reasons.phrase(one, explanation.names) for one in reasons.of_row(row)]
        assert len({one.split()[0] for one in told}) == len(told)  # one for all features of a column together
        weights = {one.split()[0]: reason.weight for one, reason in zip(told, reasons.of_row(row), strict=True)}
        for name, weight in weights.items():
            assert weight == pytest.approx(-explanation.by_column[row, explanation.column_names.index(name)])


def test_train_and_score_give_the_same_reasons(csv: Path, tmp_path: Path) -> None:
    flags = ["--explain", "--share", "0.1", "--quiet"]
    model, first, second = (str(tmp_path / name) for name in ("m.safetensors", "first.csv", "second.csv"))
    train = ["train", str(csv), "--stop_epochs", "3", "--no-save", "--save", model, "--scores", first]
    assert main([*train, *flags]) == 0
    assert main(["score", model, str(csv), "-o", second, *flags]) == 0
    told = [pd.read_csv(path, keep_default_na=False)["reason"] for path in (first, second)]
    pd.testing.assert_series_equal(*told)
    for text in filter(None, told[0]):
        columns = [one.split()[0] for one in text.split("; ")]
        assert len(set(columns)) == len(columns)
        assert set(columns) <= {"age", "colour", "when", "paid", "amount"}


def test_values_are_told_in_the_words_of_the_table(dataset: Dataset) -> None:
    fitted = dataset.preparation
    assert fitted is not None
    rare, when = FEATURES.index("colour = (rare)"), FEATURES.index("when: days")
    assert phrase(fitted, rare, 1.0, True, "teal") == "colour = teal (rare)"
    assert phrase(fitted, rare, 1.0, True, "pink") == "colour = pink (new)"
    assert phrase(fitted, rare - 1, 0.0, True, "pink") == "colour = pink (new)"
    assert phrase(fitted, FEATURES.index("age missing"), 1.0, True) == "age missing"
    assert phrase(fitted, FEATURES.index("age"), 70.0, True) == "age high"
    assert phrase(fitted, when, 0.0, True) == f"when = {FRAME['when'].median():%Y-%m-%d %H:%M}"
    found = dataset.original([3, 29])
    assert found["colour"][0] == "teal (rare)"
    assert found["when"] == [f"{when:%Y-%m-%d %H:%M}" for when in FRAME["when"].iloc[[3, 29]]]
    assert np.isnan(found["age"][1])
    assert found["amount"] == pytest.approx(FRAME["amount"].iloc[[3, 29]].tolist())


def test_distributions_are_those_of_the_table(dataset: Dataset) -> None:
    age, colour, when, paid, amount = map(dataset.distribution, range(5))
    assert age.missing == FRAME["age"].isna().sum()
    np.testing.assert_array_equal(age.numbers, FRAME["age"].dropna())
    assert age.share("missing") == age.missing / N
    counts = FRAME["colour"].value_counts()
    assert dict(zip(colour.levels, colour.counts, strict=True)) == {
        f"{name} (rare)" if name in ("teal", "mauve") else name: count for name, count in counts.items()
    }
    assert colour.share("teal (rare)") == 1 / N
    assert colour.share("pink (new)") is None
    assert list(colour.counts) == sorted(colour.counts, reverse=True)
    expected = (FRAME["when"] - pd.Timestamp(0)).dt.total_seconds()
    np.testing.assert_allclose(when.numbers, expected, atol=1)
    assert dict(zip(paid.levels, paid.counts, strict=True))["true"] == FRAME["paid"].sum()
    assert amount.percentile(float(np.median(amount.numbers))) == 50


def test_the_shelf_keeps_preparation_and_rare_levels(dataset: Dataset, tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    key = shelf.put(dataset, "20240101-000000-own-so-gaal-000000000000")
    found = shelf.get(key)
    assert table_key(found) == table_key(dataset)
    assert found.preparation is not None
    assert dataset.preparation is not None
    assert found.preparation.columns == dataset.preparation.columns
    np.testing.assert_array_equal(found.levels["colour"], dataset.levels["colour"])
    words = found.wording([3])[1]
    assert words is not None
    assert words.word(1, 0) == "teal"


def test_scoring_takes_the_same_memory_whatever_the_length(model_file: Path, tmp_path: Path) -> None:
    """Peak memory of `sogaal score` on 25 times the rows stays far below what the rows take."""

    def peak(rows: int) -> int:
        path = tmp_path / f"{rows}.parquet"
        pd.concat([FRAME.astype({"colour": str})] * (rows // N)).to_parquet(path, row_group_size=65_536)
        code = (
            "import resource, sys; from sogaal.cli import main; "
            "assert main(sys.argv[1:]) == 0; print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
        )
        words = ["score", str(model_file), str(path), "-o", str(tmp_path / "s.csv"), "--quiet"]
        done = subprocess.run([sys.executable, "-c", code, *words], check=True, capture_output=True, text=True)
        return int(done.stdout) * 1024

    few, many = peak(60_000), peak(900_000)
    whole = 840_000 * len(FEATURES) * 8
    assert many - few < 1.2 * whole  # scores, ranks and flags of all rows stay; the table and its features do not


def test_a_model_of_levels_that_are_all_as_frequent_can_be_loaded(tmp_path: Path) -> None:
    """More of them than keep a feature of their own: the gaps' fill must be one that does."""
    rng = np.random.default_rng(0)
    levels = np.repeat([f"level {i:02d}" for i in range(25)], 40)
    frame = pd.DataFrame({"a": rng.normal(size=1000), "c": rng.permutation(levels)})
    frame.to_csv(tmp_path / "ties.csv", index=False)
    model = tmp_path / "m.safetensors"
    train = ["train", str(tmp_path / "ties.csv"), "--stop_epochs", "1", "--no-save", "--quiet", "--save", str(model)]
    assert main(train) == 0
    assert main(["score", str(model), str(tmp_path / "ties.csv"), "-o", str(tmp_path / "s.csv"), "--quiet"]) == 0


@pytest.mark.parametrize("gaps", ["mark", "fill"])
def test_the_scores_of_a_mixed_table_go_with_its_values_not_with_its_features(tmp_path: Path, gaps: str) -> None:
    frame = FRAME.assign(grade=np.where(np.arange(N) % 17 == 0, None, np.where(np.arange(N) % 2, "a", "b")))
    frame.to_csv(tmp_path / "own.csv", index=False)
    scores = tmp_path / "s.csv"
    train = ["train", str(tmp_path / "own.csv"), "--stop_epochs", "1", "--no-save", "--quiet", "--with-columns"]
    train += ["--gaps", gaps]
    assert main([*train, "--scores", str(scores)]) == 0
    given, found = (pd.read_csv(path, dtype=str, keep_default_na=False) for path in (tmp_path / "own.csv", scores))
    own = ["age", "colour", "when", "paid", "amount", "grade"]
    assert list(found.columns) == ["id", "outlier_score", "rank", "flag", *own]
    assert list(found["id"]) == list(given["id"])
    for name in ("age", "amount"):
        np.testing.assert_array_equal(pd.to_numeric(found[name]), pd.to_numeric(given[name]))
    assert list(found["colour"]) == list(given["colour"])  # rare ones, teal and mauve, by their names
    assert list(found["grade"]) == list(given["grade"])  # gaps are empty
    assert list(found["paid"]) == list(given["paid"].str.lower())
    assert list(found["when"]) == [text[:16] for text in given["when"]]
    assert main([*train, "--n_estimators", "2", "--scores", str(scores)]) == 0
    assert list(pd.read_csv(scores, dtype=str, keep_default_na=False)["colour"]) == list(given["colour"])


def test_columns_go_with_scores_only(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "wine", "--with_columns"]) == 2
    assert "--with_columns adds columns to the scores, so --scores must name their file" in capsys.readouterr().err


def test_single_precision_is_told_by_its_shortest_decimal() -> None:
    values = np.array([0.3, 5.32, 1e10, np.nan, np.inf, -0.1], dtype=np.float32)
    told = shortest(values)
    assert told[:3] == [0.3, 5.32, 1e10]
    assert np.array_equal(np.array(told, dtype=np.float32), values, equal_nan=True), "it reads back to the same"
    assert shortest(values.astype(np.float64))[:2] == [0.3, 5.32]
    assert shortest(np.array([0.1 + 0.2, 1e300])) == [0.1 + 0.2, 1e300], "what is no single stays as it is"
