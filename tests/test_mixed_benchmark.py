"""What benchmarks/mixed.py measures: today is the library's own way, and planted rows are what they are said to be."""

import importlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.parts.encodings import VARIANTS, matrix, raw_columns
from benchmarks.parts.mixed_tables import extreme, glued, new_level, swapped
from sogaal.data import read_table
from sogaal.scaling import Scaler

ROOT = Path(__file__).parents[1]
N = 400


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    town = rng.choice(["Ulm", "Bonn", "Kiel", "Jena"], N, p=[0.5, 0.3, 0.195, 0.005]).astype(object)
    town[::17] = None
    size = rng.normal(10, 2, N)
    return pd.DataFrame({
        "size": size, "town": town, "river": pd.Series(town).map({"Ulm": "Donau", "Bonn": "Rhein"}),
        "when": pd.Timestamp("2024-03-01") + pd.to_timedelta(rng.integers(0, 200, N), "D"), "same": 1,
    })  # fmt: skip


def test_today_is_the_librarys_own_preparation(frame: pd.DataFrame) -> None:
    dataset = read_table(frame.to_csv(index=False).encode(), filename="t.csv", label_column="", id_column="")
    expected = Scaler.fit(dataset.X).transform(dataset.X)
    np.testing.assert_array_equal(matrix(raw_columns(frame), VARIANTS["today"]), expected)


def test_the_other_ways_are_what_they_say(frame: pd.DataFrame) -> None:
    columns = raw_columns(frame)
    made = {name: matrix(columns, variant) for name, variant in VARIANTS.items()}
    assert {X.shape[0] for X in made.values()} == {N}
    width = {name: X.shape[1] for name, X in made.items()}
    # Of 400 rows Jena has two: rare today, not from .2 % on.
    assert width["today"] == width["rare .2 %"] == width["one-hot / sqrt k"]
    assert width["no indicators"] == width["today"] - 2
    assert width["one-hot and shares"] > width["today"] > width["codes"] == width["shares"] > width["numbers only"]
    np.testing.assert_allclose(sorted(np.unique(made["one-hot / sqrt 2"].max(axis=0))), [2**-0.5, 1], rtol=1e-6)


def test_shares_are_those_of_the_rows(frame: pd.DataFrame) -> None:
    columns = [column for column in raw_columns(frame) if column.name == "town"]
    X = matrix(columns, VARIANTS["shares"])[:, 0]
    counts = frame["town"].map(frame["town"].value_counts())
    there = counts.notna().to_numpy()
    order = counts[there].to_numpy()
    np.testing.assert_allclose(X[there], (order - order.min()) / (order.max() - order.min()), atol=1e-6)


def test_planted_rows(frame: pd.DataFrame) -> None:
    rng = np.random.default_rng(0)
    rows = frame.iloc[:60].reset_index(drop=True)
    far = extreme(rows.copy(), frame, rng)["size"]
    assert ((far > frame["size"].max()) | (far < frame["size"].min())).all()
    seldom = new_level(rows.copy(), frame, rng)[["town", "river"]].stack().value_counts()
    seldom = seldom[[str(level).startswith("seldom") for level in seldom.index]]
    assert seldom.sum() == 60
    assert seldom.max() == 2
    mixed = swapped(rows.copy(), frame, rng)
    pd.testing.assert_series_equal(mixed["size"], rows["size"])
    known = set(frame[["town", "river"]].dropna().itertuples(index=False, name=None))
    assert set(mixed[["town", "river"]].dropna().itertuples(index=False, name=None)) - known
    halves = glued(rows.copy(), frame, rng)
    for name in frame:
        assert set(halves[name].dropna()) <= set(frame[name].dropna())
    assert (halves["size"] != rows["size"]).any()
    assert (halves["size"] == rows["size"]).any()


@pytest.mark.parametrize("detector", ["Isolation Forest", "kNN"])
def test_detectors_score_lower_what_lies_apart(detector: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    found = importlib.import_module("mixed").DETECTORS[detector]
    X = np.random.default_rng(1).normal(0.5, 0.03, (N, 2)).astype(np.float32)
    X[:2] = [[0, 0], [1, 1]]
    scores = found(X, 0)
    assert scores.shape == (N,)
    assert scores[0] < np.median(scores)
