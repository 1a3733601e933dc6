"""Which columns of people's own tables are labels and ids, and which questions are asked about the others."""

import csv
import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sogaal.data import Dataset, column_names, datasets_folder, load_dataset, read_table, scan_table
from sogaal.errors import DataError

RNG = np.random.default_rng(5)
N = 40
FLAG_NAMES = [
    "fraud",
    "Fraud",
    "is_fraud",
    "isFraud",
    "IS FRAUD",
    "is-fraud",
    "anomaly",
    "is_anomaly",
    "Is Anomaly",
    "is_outlier",
    "isoutlier",
    "isOutlier",
    "IS-OUTLIER",
]


def table(**columns: object) -> bytes:
    """A CSV file of a measurement called amount and the given columns, before it in their order."""
    columns = {**columns, "amount": RNG.random(N).round(4)}
    return pd.DataFrame(columns).to_csv(index=False).encode()


def read(data: bytes, label_column: str | None = None, id_column: str | None = None) -> Dataset:
    return read_table(data, filename="t.csv", label_column=label_column, id_column=id_column)


def flags(ones: int) -> list[int]:
    return [1] * ones + [0] * (N - ones)


# --- labels -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FLAG_NAMES)
def test_names_of_flags_are_found_and_noted(name: str) -> None:
    dataset = read(table(**{name: flags(5)}))
    assert dataset.n_outliers == 5
    assert dataset.feature_names == ("amount",)
    assert dataset.label_name == name
    assert dataset.notes == (f"Column {name!r} was taken for the labels because of its name; it is not trained on.",)


@pytest.mark.parametrize("name", ["fraudulent", "fraud_share", "anomalies", "is_y", "isclass", "not_fraud"])
def test_other_names_are_not(name: str) -> None:
    assert read(table(**{name: flags(5)})).y is None


def test_words_in_a_flag_are_understood() -> None:
    assert read(table(is_fraud=["yes"] * 3 + ["no"] * (N - 3))).n_outliers == 3


@pytest.mark.parametrize(
    ("values", "got"),
    [
        ([0] * N, "one value only"),
        ([i % 3 for i in range(N)], "3 different values"),
        (RNG.random(N), "40 different values"),
    ],
)
def test_a_flag_without_two_values_is_a_feature(values: list[float], got: str) -> None:
    data = table(fraud=values)
    dataset = read(data)
    assert dataset.y is None
    assert dataset.label_name is None
    assert dataset.feature_names == ("fraud", "amount")
    assert dataset.notes[0] == (
        f"Column 'fraud' has the name of a label column but {got}, so it was read as a feature. Name it as the label "
        f"column if it holds labels."
    )
    with pytest.raises(DataError, match="label column 'fraud' must have exactly two values"):
        read(data, label_column="fraud")


def test_a_flag_counts_where_a_y_is_a_coordinate_and_another_flag_has_no_two_values() -> None:
    dataset = read(table(fraud=RNG.random(N), y=RNG.random(N), is_anomaly=flags(4)))
    assert dataset.label_name == "is_anomaly"
    assert dataset.n_outliers == 4
    assert dataset.feature_names == ("fraud", "y", "amount")


def test_a_usual_name_wins_and_the_flag_is_noted_as_a_leak() -> None:
    dataset = read(table(is_fraud=flags(4), label=flags(6)))
    assert dataset.label_name == "label"
    assert dataset.n_outliers == 6
    assert dataset.notes == ("Column 'is_fraud' was read as a feature although it has the name of a label column.",)


def test_a_flag_with_gaps_says_what_to_do() -> None:
    with pytest.raises(DataError, match=r"'fraud'.*1 value is missing.*fill them or leave these rows out first\.$"):
        read(table(fraud=[None, *flags(5)[1:]]))


# --- ids ----------------------------------------------------------------------------------------------------------

ID_LIKE = [
    "transaction_id",
    "customer id",
    "CUSTOMER_ID",
    "PassengerId",
    "order-id",
    "row",
    "Nr",
    "no.",
    "uuid",
    "session_uuid",
    "key",
    "Row Nr",
]


@pytest.mark.parametrize("name", ID_LIKE)
@pytest.mark.parametrize("kind", ["whole", "text", "mixed"])
def test_columns_that_name_the_rows_are_ids_and_noted(name: str, kind: str) -> None:
    numbers = [900 + 7 * i for i in range(N)]
    values = [str(one) if kind == "whole" or (kind == "mixed" and one % 2) else f"T{one}" for one in numbers]
    dataset = read(table(**{name: values}))
    assert dataset.id_name == name
    assert dataset.feature_names == ("amount",)
    assert [str(one) for one in dataset.ids] == values
    assert (dataset.ids.dtype == np.int64) == (kind == "whole")
    assert dataset.notes == (
        f"Column {name!r} names the rows (all its values differ) and is not trained on; say that there is no id "
        f"column if it is a feature.",
    )


@pytest.mark.parametrize("name", ["paid", "grid", "rows", "mono", "keyed", "id_count", "narrow"])
def test_other_names_are_features_even_if_all_values_differ(name: str) -> None:
    dataset = read(table(**{name: [7 * i for i in range(N)]}))
    assert dataset.id_name is None
    assert dataset.feature_names == (name, "amount")


@pytest.mark.parametrize(
    "values",
    [[i // 2 for i in range(N)], [i + 0.5 for i in range(N)], [-i / 4 for i in range(N)]],
    ids=["repeated", "decimals", "some whole"],
)
def test_values_that_repeat_or_are_no_whole_numbers_are_a_feature(values: list[float]) -> None:
    dataset = read(table(sensor_id=values))
    assert dataset.feature_names == ("sensor_id", "amount")
    assert dataset.id_name is None
    assert dataset.ids.tolist() == list(range(1, N + 1))


def test_decimal_commas_are_no_whole_numbers() -> None:
    data = "key;amount\n" + "".join(f"1,{i:03d};{i * i}\n" for i in range(100, 100 + N))
    assert read(data.encode()).feature_names == ("key", "amount")


def test_the_first_such_column_is_taken_but_a_usual_name_comes_before_it() -> None:
    names = [f"k{i}" for i in range(N)]
    assert read(table(order_key=names, user_id=names[::-1])).id_name == "order_key"
    assert read(table(order_key=[i % 7 for i in range(N)], user_id=names)).id_name == "user_id"
    dataset = read(table(user_id=names[::-1], id=names))
    assert dataset.id_name == "id"
    assert not any("names the rows" in note for note in dataset.notes)


def test_it_can_be_made_a_feature_again() -> None:
    dataset = read(table(order_id=[7 * i for i in range(N)]), id_column="")
    assert dataset.feature_names == ("order_id", "amount")
    assert dataset.id_name is None
    assert dataset.notes == ()


def test_parquet_ids_of_whole_numbers() -> None:
    sink = io.BytesIO()
    frame = pd.DataFrame({"user_id": np.arange(N)[::-1], "share_id": RNG.random(N), "amount": RNG.random(N)})
    frame.to_parquet(sink)
    dataset = read_table(sink.getvalue(), filename="t.parquet")
    assert dataset.id_name == "user_id"
    assert dataset.ids[0] == N - 1
    assert dataset.feature_names == ("share_id", "amount")


# --- questions ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("start", [0, 1])
def test_running_numbers_are_asked_about(start: int) -> None:
    data = table(count=list(range(start, N + start)))
    dataset = read(data)
    assert dataset.feature_names == ("count", "amount")
    assert dataset.notes == (
        f"Column 'count' holds the running numbers {start} to {N + start - 1} and is used as a feature: if it only "
        f"numbers the rows, name it as the id column.",
    )
    assert read(data, id_column="").notes == ()
    assert read(data, id_column="count").notes == ()


@pytest.mark.parametrize("values", [list(range(2, N + 2)), list(range(N))[::-1], [0, *range(2, N + 1)]])
def test_other_whole_numbers_are_not(values: list[int]) -> None:
    assert read(table(count=values)).notes == ()


def test_rare_ones_are_asked_about() -> None:
    data = table(flagged=flags(1))
    dataset = read(data)
    assert dataset.feature_names == ("flagged", "amount")
    assert dataset.notes == (
        "Column 'flagged' holds only 0 and 1 (2.5 % ones) and is used as a feature: if it is the label, name it as "
        "the label column.",
    )
    assert read(data, label_column="").notes == ()
    assert read(data, label_column="flagged").notes == ()


@pytest.mark.parametrize("values", [flags(8), flags(39), [0] * N, [2 * one for one in flags(3)]])
def test_frequent_ones_and_other_values_are_not(values: list[int]) -> None:
    assert not any("only 0 and 1" in note for note in read(table(flagged=values)).notes)


def test_several_are_asked_about_at_once_and_none_beside_labels() -> None:
    columns = {f"c{i}": np.roll(flags(4), i) for i in range(10)}
    (note,) = read(table(**columns)).notes
    assert note.startswith("Columns 'c0' (10 % ones), 'c1' (10 % ones), ")
    assert "'c7' (10 % ones) and 2 more hold only 0 and 1 and are used as features: if one of them" in note
    assert read(table(**columns, label=flags(4))).notes == ()


# --- what a dataset knows of it -----------------------------------------------------------------------------------


def test_names_of_the_columns_are_kept_and_leave_the_fingerprint_alone() -> None:
    data = table(order_id=[f"k{i}" for i in range(N)], odd=flags(4))
    dataset = read(data, label_column="ODD")
    assert (dataset.label_name, dataset.id_name) == ("odd", "order_id")
    renamed = read(data.replace(b"order_id", b"batch_id").replace(b"odd", b"bad"), label_column="bad")
    assert (renamed.label_name, renamed.id_name) == ("bad", "batch_id")
    assert renamed.fingerprint == dataset.fingerprint
    shipped = load_dataset("ring")
    assert (shipped.label_name, shipped.id_name) == ("label", "id")


# --- pieces -------------------------------------------------------------------------------------------------------


def test_pieces_agree_with_the_whole_on_labels_and_ids(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(table(order_id=[f"k{i % 30}" if i > 30 else f"k{i}" for i in range(N)], is_fraud=flags(4)))
    for rows in (10, N):  # in the second piece and later there is one label only
        chunks = list(scan_table(path, feature_names=["amount"], rows=rows))
        labels = np.concatenate([chunk.labels for chunk in chunks if chunk.labels is not None])
        assert labels.tolist() == [str(one) for one in flags(4)]
    assert list(scan_table(path, rows=10))[1].feature_names == ("amount",)
    assert next(scan_table(path, feature_names=["amount"], rows=10)).ids[3] == "k3"


def test_a_model_s_features_are_neither_labels_nor_ids(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(table(order_id=[7 * i for i in range(N)], fraud=flags(4)))
    (chunk,) = scan_table(path, feature_names=["order_id", "fraud", "amount"])
    assert chunk.X.shape == (N, 3)
    assert chunk.labels is None
    assert chunk.ids.tolist() == list(range(1, N + 1))


# --- column_names -------------------------------------------------------------------------------------------------


def parquet() -> bytes:
    sink = io.BytesIO()
    pd.DataFrame({"größe ": [1.0, 2.0], "odd": [0, 1]}).to_parquet(sink)
    return sink.getvalue()


@pytest.mark.parametrize(
    ("data", "names"),
    [
        (b"a,b,label\n1,2,0\n3,4,1\n", ["a", "b", "label"]),
        (b"sep=;\na;b c\n1;2\n", ["a", "b c"]),
        (b",a\n0,1\n1,2\n", ["a"]),
        (b"1.5,2\n3.5,4\n", ["x1", "x2"]),
        ("größe\todd\n1\t0\n".encode("utf-16"), ["größe", "odd"]),
        ("größe,odd\n1,0\n".encode("cp1252"), ["größe", "odd"]),
        (b"1,nor,2\n2,out,3\n", []),
        (parquet(), ["größe", "odd"]),
        (b"MATLAB 5.0 MAT-file".ljust(124) + b"\x00\x01IM" + bytes(64), []),
    ],
    ids=["csv", "sep", "index", "no header", "utf-16", "cp1252", "gaal", "parquet", "mat"],
)
def test_column_names(data: bytes, names: list[str], tmp_path: Path) -> None:
    path = tmp_path / "t.dat"
    path.write_bytes(data)
    stream = io.BytesIO(data)
    assert column_names(data, filename="t") == names
    assert column_names(path, filename="t") == names
    assert column_names(stream, filename="t") == names
    assert stream.tell() == 0


def test_arrays_have_no_names() -> None:
    for save in (np.save, lambda sink, X: np.savez(sink, X=X)):
        sink = io.BytesIO()
        save(sink, RNG.random((12, 2)))
        assert column_names(sink.getvalue(), filename="t.npz") == []


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("shift", range(4))
def test_a_character_may_be_cut_where_reading_stops(encoding: str, shift: int) -> None:
    text = "größe,b\n" + "x" * shift + "€𝄞,1\n" * 800_000
    data = text.encode(encoding)
    assert len(data) > 4 << 20
    assert column_names(data, filename="t.csv") == ["größe", "b"]


@pytest.mark.parametrize("data", [b"", b"\x1f\x8b" + bytes(50), b"PAR1" + bytes(60), b"\x80\x04" + bytes(60)])
def test_what_is_no_table_is_refused(data: bytes) -> None:
    with pytest.raises(DataError, match="^t.csv: "):
        column_names(data, filename="t.csv")


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        column_names(tmp_path / "none.csv", filename="none.csv")


def test_the_names_are_those_that_read_table_takes() -> None:
    path = datasets_folder() / "wine.csv"
    names = column_names(path, filename="wine.csv")
    with path.open(encoding="utf-8", newline="") as stream:
        assert names == next(csv.reader(stream))
    assert read_table(path, filename="wine.csv", label_column=names[1], id_column=names[0]).n_outliers
