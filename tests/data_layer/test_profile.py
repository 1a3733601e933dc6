"""The look at a table before training, and Excel workbooks."""

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sogaal.cli import main
from sogaal.data import Profile, column_names, load_dataset, profile_source, read_table, sheet_names
from sogaal.data.typed import COUNTED_ROWS
from sogaal.errors import DataError

RNG = np.random.default_rng(2)
N = 60
FRAME = pd.DataFrame(
    {
        "order_id": [f"o{i}" for i in range(N)],
        "height": RNG.normal(size=N),
        "kind": RNG.choice(["a", "b", "c"], N),
        "day": pd.Timestamp("2024-03-01") + pd.to_timedelta(RNG.integers(0, 90, N), "D"),
        "flag": RNG.random(N) < 0.5,
        "one": 1,
        "note": [f"text {i}" for i in range(N)],
        "is_fraud": [i % 10 == 0 for i in range(N)],
    }
).assign(again=lambda table: table["height"], height2=lambda table: table["height"].where(table["height"] < 1))


def workbook(**sheets: pd.DataFrame) -> bytes:
    sink = io.BytesIO()
    with pd.ExcelWriter(sink, engine="openpyxl") as writer:
        for name, frame in sheets.items():
            frame.to_excel(writer, sheet_name=name, index=False)
    return sink.getvalue()


BOOK = workbook(orders=FRAME, other=pd.DataFrame({"x": range(12), "z": RNG.random(12)}))


def test_every_column_is_told() -> None:
    found = profile_source(FRAME.to_csv(index=False).encode(), filename="own.csv")
    assert found.rows == N
    assert found.problem == ""
    told = {c.name: (c.kind, c.use) for c in found.columns}
    assert told == {
        "order_id": ("free text", "id"),
        "height": ("number", "feature"),
        "kind": ("category", "feature"),
        "day": ("date", "feature"),
        "flag": ("true/false", "feature"),
        "one": ("number", "left out"),
        "note": ("free text", "left out"),
        "is_fraud": ("true/false", "label"),
        "again": ("number", "left out"),
        "height2": ("number", "feature"),
    }
    columns = {c.name: c for c in found.columns}
    assert columns["kind"].distinct == 3
    assert columns["note"].distinct == N
    assert columns["height2"].missing == int(FRAME["height2"].isna().sum()) > 0
    assert columns["again"].remark == "it is the same as 'height'"
    assert columns["one"].remark == "it has one value only"


def test_a_table_of_plain_numbers_keeps_what_tells_nothing_as_training_does() -> None:
    frame = pd.DataFrame({"a": RNG.random(30), "one": 3.0, "b": RNG.random(30)}).assign(again=lambda t: t["a"])
    data = frame.to_csv(index=False).encode()
    dataset, found = read_table(data, filename="t.csv"), profile_source(data, filename="t.csv")
    assert tuple(c.name for c in found.columns if c.use == "feature") == dataset.feature_names == tuple(frame.columns)
    remarks = {c.name: c.remark for c in found.columns}
    assert remarks["one"] == "it has one value only; stays, as all plain numbers do"
    assert remarks["again"] == "it is the same as 'a'; stays, as all plain numbers do"
    assert "Column 'one' stays a feature though it has one value only" in dataset.notes[-1]
    # A category of one value makes no other table of it.
    data = frame.assign(word="x").to_csv(index=False).encode()
    assert read_table(data, filename="t.csv").feature_names == tuple(frame.columns)
    found = profile_source(data, filename="t.csv")
    assert [c.use for c in found.columns] == ["feature"] * 4 + ["left out"]


@pytest.mark.parametrize(("levels", "advised"), [(20, False), (21, True)])
def test_a_category_of_many_levels_has_a_remark(levels: int, advised: bool) -> None:
    frame = pd.DataFrame({"height": RNG.normal(size=210), "town": [f"town {i % levels}" for i in range(210)]})
    found = {c.name: c for c in profile_source(frame.to_csv(index=False).encode(), filename="own.csv").columns}
    assert (found["town"].kind, found["town"].use) == ("category", "feature")
    assert ("found without it" in found["town"].remark) == advised
    ignored = profile_source(frame.to_csv(index=False).encode(), filename="own.csv", ignore=["town"]).columns
    assert ignored[1].remark == "ignored"


def test_what_cannot_be_is_told_as_a_problem() -> None:
    data = FRAME.to_csv(index=False).encode()
    found = profile_source(data, filename="own.csv", label_column="kind")
    assert "label column 'kind' must have exactly two values" in found.problem
    assert len(found.columns) == FRAME.shape[1]
    assert "no ignored column 'nothing'" in profile_source(data, filename="own.csv", ignore=["nothing"]).problem


def test_the_command_tells_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "own.xlsx"
    path.write_bytes(BOOK)
    assert main(["data", str(path), "--ignore", "flag, note", "--id", "order_id", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    uses = {c["name"]: c["use"] for c in found["columns"]}
    assert uses["flag"] == uses["note"] == "left out"
    assert main(["data", str(path), "--sheet", "other"]) == 0
    assert "12 rows, 2 columns" in capsys.readouterr().out
    assert main(["data", str(path), "--sheet", "third"]) == 2
    assert "the sheets are 'orders', 'other'" in capsys.readouterr().err
    words = ["train", str(path), "--ignore", "flag", "--no-save", "--stop_epochs", "2", "--json", "--quiet"]
    assert main(words) == 0
    assert json.loads(capsys.readouterr().out)["n"] == N


def test_a_workbook_is_read_as_its_csv_is(tmp_path: Path) -> None:
    FRAME.to_csv(tmp_path / "own.csv", index=False)
    csv = load_dataset(tmp_path / "own.csv")
    book = read_table(BOOK, filename="own.xlsx")
    np.testing.assert_array_equal(book.X, csv.X)
    assert book.feature_names == csv.feature_names
    assert book.n_outliers == csv.n_outliers
    assert "Sheet 'orders' was read; the workbook also has 'other'." in book.notes
    assert sheet_names(BOOK, "own.xlsx") == ["orders", "other"]
    assert column_names(BOOK, filename="own.xlsx")[:2] == ["order_id", "height"]
    assert read_table(BOOK, filename="own.xlsx", sheet="other").d == 2


def test_workbooks_that_are_refused() -> None:
    with pytest.raises(DataError, match=r"before 2007 \(\.xls\).*save it as \.xlsx or CSV"):
        read_table(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), filename="old.xls")
    with pytest.raises(DataError, match="'empty' must have a header and rows"):
        read_table(workbook(empty=pd.DataFrame()), filename="t.xlsx")
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        archive.writestr("xl/workbook.xml", "<broken")
    with pytest.raises(DataError, match="the workbook cannot be read"):
        read_table(sink.getvalue(), filename="t.xlsx")
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", bytes(2**24))
    with pytest.raises(DataError, match=r"the workbook \(unpacked\) must have at most"):
        read_table(sink.getvalue(), filename="t.xlsx", max_bytes=2**20)


def test_ignored_columns_are_left_out() -> None:
    data = FRAME[["height", "kind", "one"]].to_csv(index=False).encode()
    assert read_table(data, filename="t.csv", ignore=["kind"]).feature_names == ("height", "one")
    assert read_table(data, filename="t.csv", ignore=["kind", "one"]).feature_names == ("height",)
    with pytest.raises(DataError, match="no ignored column 'knd'; did you mean 'kind'"):
        read_table(data, filename="t.csv", ignore=["knd"])


def test_an_ignored_column_is_told_however_it_is_spelled(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.normal(size=40), "Notes": [f"free text {i}" for i in range(40)], "Const": 1.0})
    frame.to_csv(tmp_path / "t.csv", index=False)
    found = {
        one.name: one for one in profile_source(tmp_path / "t.csv", filename="t.csv", ignore=["notes", "const"]).columns
    }
    assert found["Notes"].remark == "ignored"
    assert found["Const"].remark == "ignored, it has one value only"
    assert [one.use for one in found.values()] == ["feature", "left out", "left out"]


def test_a_column_that_counts_the_rows_is_asked_about() -> None:
    table = pd.DataFrame(
        {
            "claim": 1000 + np.arange(N),
            "size": RNG.normal(size=N),
            "shuffled": RNG.permutation(N),
            "step": 2 * np.arange(N),
        }
    )
    told = {c.name: c.remark for c in profile_source(table.to_csv(index=False).encode(), filename="own.csv").columns}
    asked = "counts the rows: an id rather than a feature?"
    assert told == {"claim": asked, "size": "", "shuffled": "", "step": ""}
    chosen = profile_source(table.to_csv(index=False).encode(), filename="own.csv", id_column="claim").columns[0]
    assert (chosen.use, chosen.remark) == ("id", "")
    few = profile_source(table[:9].to_csv(index=False).encode(), filename="few.csv").columns[0]
    assert few.remark == ""


def looked(frame: pd.DataFrame, **options: object) -> Profile:
    return profile_source(frame.to_csv(index=False).encode(), filename="own.csv", **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "ids", "remark"),
    [
        ("claim_id", [f"C{i % 50}" for i in range(N)], "looks like an id, but 10 values repeat"),
        ("claim_id", [f"C{max(i, 1)}" for i in range(N)], "looks like an id, but 1 value repeats"),
        ("claim_id", [f"C{i % 50}" if i else None for i in range(N)],
         "looks like an id, but 9 values repeat and 1 is missing"),
        ("claimId", [f"C{i}" if i > 1 else None for i in range(N)], "looks like an id, but 2 are missing"),
        ("claim nr", [7 * (i % 50) for i in range(N)], "looks like an id, but 10 values repeat"),
        ("claim", [f"C{i % 50}" for i in range(N)], "too many different texts for a category"),
        ("claim", [7 * (i % 50) for i in range(N)], ""),
        ("room_nr", [i % 12 for i in range(N)], ""),
        ("room_nr", (RNG.normal(size=N // 2).tolist() + list(range(N // 2))), ""),
    ],
)  # fmt: skip
def test_what_is_almost_an_id_is_told(name: str, ids: list[object], remark: str) -> None:
    found = looked(pd.DataFrame({"size": RNG.normal(size=N), name: ids}))
    assert found.columns[1].remark == remark
    assert found.columns[1].use == ("left out" if isinstance(ids[-1], str) else "feature")


def test_rows_that_are_the_same_are_counted_in_the_used_columns() -> None:
    frame = pd.DataFrame(
        {
            "order_id": [f"o{i}" for i in range(N)],
            "height": RNG.normal(size=N).round(6),
            "kind": RNG.choice(["a", "b", None], N),
            "day": pd.Timestamp("2024-03-01") + pd.to_timedelta(RNG.integers(0, 90, N), "D"),
            "note": [f"text {i}" for i in range(N)],
            "is_fraud": [i % 10 == 0 for i in range(N)],
        }
    )
    used = ["height", "kind", "day"]
    assert looked(frame).duplicates == 0
    assert looked(frame).duplicates_words == ""
    frame.loc[50:56, used] = frame.loc[[3, 3, 3, 8, 9, 10, 11], used].to_numpy()
    found = looked(frame)
    assert found.duplicates == int(frame.duplicated(used).sum()) == 7
    assert found.duplicates_words == (
        "7 rows are the same as an earlier one in all used columns; they stay in the table."
    )
    assert looked(frame, ignore=["height", "day"]).duplicates == N - len(frame["kind"].unique())
    frame = frame.assign(height=np.where(np.arange(N) == 50, -0.0, np.arange(N)), kind="a", day=1)
    frame.loc[51, "height"] = 0.0  # as the first row, and as that with a sign
    assert looked(frame).duplicates == 2
    frame.loc[51, "height"] = 51.0
    assert looked(frame).duplicates_words.startswith("1 row is the same as an earlier one")


def test_of_a_long_table_the_first_rows_are_compared() -> None:
    n = COUNTED_ROWS + 50
    numbers = np.arange(n) * 3
    numbers[[10, 20, n - 1]] = 0
    found = looked(pd.DataFrame({"claim_nr": numbers, "size": np.where(numbers, numbers + 0.5, 7)}))
    assert found.duplicates_words == (
        "Of the first 100,000 rows 2 are the same as an earlier one in all used columns; they stay in the table."
    )
    assert found.columns[0].remark == "looks like an id, but at least 2 values repeat"


def test_the_command_tells_of_rows_and_gaps(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "own.csv"
    frame = pd.DataFrame(
        {"a": RNG.normal(size=N).round(3), "b": np.where(np.arange(N) % 9, RNG.integers(0, 9, N), None)}
    )
    frame.loc[30:32] = frame.loc[0:2].to_numpy()
    frame.to_csv(path, index=False)
    said = {}
    for gaps in ("mark", "fill"):
        assert main(["data", str(path), "--gaps", gaps]) == 0
        said[gaps] = capsys.readouterr().out.splitlines()[-2:]
    assert said["mark"][0] == said["fill"][0] == looked(frame).duplicates_words
    assert said["mark"][0].startswith("3 rows are the same")
    assert said["mark"][1] == (
        "What is missing in 1 column is filled, and a feature says where, so that a gap counts in itself "
        "(not with --gaps fill)."
    )
    assert said["fill"][1] == "What is missing in 1 column is filled, and no feature says where."
    assert main(["data", str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["duplicates"] == 3
