"""Parquet, NumPy and MATLAB files, and files that pretend to be one of them."""

import io
import os
import pickle
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import scipy.io
import scipy.sparse

from sogaal.data import Dataset, read_table
from sogaal.errors import DataError

rng = np.random.default_rng(3)
X = rng.normal(size=(40, 3))
Y = np.repeat([0, 1], [36, 4])


class Explosive:
    """Leaves a mark if anybody unpickles it."""

    def __init__(self, mark: Path) -> None:
        self.mark = str(mark)

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (self.mark,)


def refused(data: bytes, filename: str = "my.bin", **options: Any) -> str:
    with pytest.raises(DataError) as caught:
        read_table(data, filename=filename, **options)
    message = str(caught.value)
    assert message.startswith(f"{filename}: ")
    return message.removeprefix(f"{filename}: ")


def check(dataset: Dataset, x: np.ndarray = X) -> None:
    np.testing.assert_array_equal(dataset.X, x.astype(np.float32))
    assert dataset.y is not None
    np.testing.assert_array_equal(dataset.y, Y)
    assert dataset.feature_names == tuple(f"x{j + 1}" for j in range(x.shape[1]))
    assert dataset.ids.tolist() == list(range(1, 41))


def read(data: bytes, filename: str = "my.bin", **options: Any) -> Dataset:
    return read_table(data, filename=filename, **options)


def npz(compressed: bool = False, **arrays: Any) -> bytes:
    stream = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(stream, **arrays)
    return stream.getvalue()


def mat(**options: Any) -> bytes:
    variables = options.pop("variables", {"X": X, "y": Y[:, None]})
    stream = io.BytesIO()
    scipy.io.savemat(stream, variables, **options)
    return stream.getvalue()


def parquet(table: pa.Table, **options: Any) -> bytes:
    stream = io.BytesIO()
    pq.write_table(table, stream, **options)
    return stream.getvalue()


# --- NumPy --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("compressed", [False, True])
def test_npz(compressed: bool) -> None:
    check(read(npz(compressed, X=X, y=Y, more=np.zeros(3))))


@pytest.mark.parametrize("dtype", ["<f4", ">f8", "f2", "longdouble", "i8", "u1", "?"])
def test_npz_of_any_number_type(dtype: str) -> None:
    x = (np.abs(X * 10) - (dtype == "?") * 5).clip(0).astype(dtype)
    check(read(npz(X=np.asfortranarray(x), y=Y.astype(dtype))), x.astype(np.float64))


def test_npz_with_words_as_labels_or_none() -> None:
    check(read(npz(X=X, y=np.where(Y == 1, "out", "nor"))))
    check(read(npz(X=X, y=np.where(Y == 1, b"out", b"nor"))))
    check(read(npz(X=X, y=Y[None, :])))
    assert read(npz(X=X)).y is None


def test_npy() -> None:
    stream = io.BytesIO()
    np.save(stream, X)
    dataset = read(stream.getvalue())
    np.testing.assert_array_equal(dataset.X, X.astype(np.float32))
    assert dataset.y is None
    assert "'the array'" not in refused(stream.getvalue()[:-8])
    assert "the array is cut short: its header promises the shape (40, 3)" in refused(stream.getvalue()[:-8])


def test_rows_of_arrays_are_counted_from_one() -> None:
    x = X.copy()
    x[4, 1] = x[7, 0] = np.nan
    assert "2 values are missing in 'x1', 'x2'" in read(npz(X=x, y=Y)).notes[0]
    x[4, 1] = np.inf
    assert "(the first is 'inf' in row 5)" in " ".join(read(npz(X=x, y=Y)).notes)


@pytest.mark.parametrize("kind", ["npz", "npy", "mat", "csv"])
def test_pickles_are_never_opened(kind: str, tmp_path: Path) -> None:
    mark = tmp_path / "exploded"
    objects = np.array([[Explosive(mark)] * 3] * 40, dtype=object)
    stream = io.BytesIO()
    np.save(stream, objects, allow_pickle=True)
    data = {
        "npz": npz(X=objects, y=Y),
        "npy": stream.getvalue(),
        "mat": pickle.dumps(Explosive(mark)),
        "csv": pickle.dumps({"X": X, "y": Explosive(mark)}),
    }[kind]
    message = refused(data, f"my.{kind}")
    assert "pickle" in message
    assert "never opened" in message
    assert not mark.exists()
    pickle.loads(pickle.dumps(Explosive(mark)))
    assert mark.exists(), "the trap itself must work"


def test_pickled_labels_are_refused_too(tmp_path: Path) -> None:
    labels = np.array([Explosive(tmp_path / "exploded")] * 40, dtype=object)
    assert refused(npz(X=X, y=labels)).startswith("array 'y' must hold numbers or strings, but holds pickled")
    assert not (tmp_path / "exploded").exists()


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"data": X}, "must hold the features as 'X' (and labels as 'y'), got 'data'"),
        ({"X": X[0]}, "'X' must have two dimensions (rows, features), got the shape (3,)"),
        ({"X": X[None]}, "'X' must have two dimensions"),
        ({"X": X[:0]}, "'X' must have rows and columns, got the shape (0, 3)"),
        ({"X": X.astype(str)}, "'X' must hold real numbers, got the type <U"),
        ({"X": X.astype(complex)}, "'X' must hold real numbers, got the type complex128"),
        ({"X": X, "y": Y[:-1]}, "one label for each of the 40 rows of 'X', got (39,)"),
        ({"X": X, "y": np.column_stack([1 - Y, Y])}, "one label for each of the 40 rows of 'X', got (40, 2)"),
        ({"X": X, "y": np.zeros(40)}, "label column 'label' must have exactly two values"),
        ({"X": X, "y": np.arange(40)}, "label column 'label' must have exactly two values"),
        ({"X": X, "y": Y.astype("M8[s]")}, "'y' must hold numbers or words, got the type datetime64[s]"),
    ],
)
def test_npz_that_does_not_hold_a_table(arrays: dict[str, Any], said: str) -> None:
    assert said in refused(npz(**arrays))


def test_zip_bomb_is_refused_by_its_directory() -> None:
    data = npz(True, X=np.zeros((1_000_000, 4)), y=Y)
    assert len(data) < 100_000
    assert refused(data, max_bytes=2**20) == "array 'X' (unpacked) must have at most 1 MB, got 30.5 MB."


def test_zip_directory_that_lies_about_the_size() -> None:
    data = bytearray(npz(True, X=np.zeros((1_000_000, 4)), y=Y))
    size = struct.pack("<I", 32_000_128)
    assert data.count(size) >= 1
    data = bytearray(bytes(data).replace(size, struct.pack("<I", 1000)))
    assert refused(bytes(data), max_bytes=2**20).startswith("array 'X' ")


def test_header_that_promises_more_than_there_is() -> None:
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": "<f8", "fortran_order": False, "shape": (10**7, 2)})
    assert "cut short" in refused(stream.getvalue() + bytes(800))
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": "<f8", "fortran_order": False, "shape": (10**12, 10**12)})
    assert "must have at most 200 MB" in refused(stream.getvalue() + bytes(800))


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"[Content_Types].xml": b"<x/>", "xl/workbook.xml": b""}, "the workbook cannot be read"),
        ({"table.csv": b"a,b\n1,2\n"}, "must be a NumPy .npz file, got one with 'table.csv'; unpack it"),
        ({"X.npy": b"no array at all"}, "array 'X' is no NumPy array"),
        ({}, "got nothing"),
    ],
)
def test_other_zip_archives(members: dict[str, bytes], said: str) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    assert said in refused(stream.getvalue())


# --- MATLAB -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"do_compression": True},
        {"format": "4"},
        {"variables": {"X": X, "y": Y[None, :], "note": "hello", "cell": np.array([1, "a"], dtype=object)}},
        {"variables": {"X": scipy.sparse.csc_array(X), "y": Y[:, None].astype(np.uint8)}},
        {"variables": {"X": X, "y": Y[:, None].astype(bool)}},
        {"variables": {"y": Y[:, None], "X": scipy.sparse.csc_array(X * (X > 0.5))}, "do_compression": True},
        {"variables": {"X": (X * 100).astype(np.int16), "y": Y[:, None]}},
        {"variables": {"X": X.astype(np.float32), "y": Y[:, None], "long_name_of_a_variable": X}, "format": "4"},
    ],
)
def test_mat(options: dict[str, Any]) -> None:
    x = options.get("variables", {}).get("X", X)
    check(read(mat(**options), "my.mat"), x.toarray() if scipy.sparse.issparse(x) else x)


def test_mat_of_the_other_byte_order() -> None:
    """A big-endian file, put together by hand from the description of the format."""

    def element(kind: int, content: bytes) -> bytes:
        return struct.pack(">II", kind, len(content)) + content + bytes(-len(content) % 8)

    def variable(name: bytes, values: np.ndarray) -> bytes:
        flags = element(6, struct.pack(">II", 6, 0))
        shape = element(5, struct.pack(">ii", *values.shape))
        small_name = struct.pack(">HH", len(name), 1) + name.ljust(4, b"\0")
        return element(14, flags + shape + small_name + element(9, values.astype(">f8").tobytes(order="F")))

    head = b"MATLAB 5.0 MAT-file".ljust(124) + b"\x01\x00MI"
    check(read(head + variable(b"X", X) + variable(b"y", Y[:, None]), "big.mat"))


def test_mat_is_known_by_its_content_but_version_4_by_its_name() -> None:
    check(read(mat(), "table.txt"))
    assert "unknown binary data" in refused(mat(format="4"), "table.txt")


@pytest.mark.parametrize(
    "head", [b"MATLAB 7.3 MAT-file, Platform: GLNXA64" + bytes(500), b"\x89HDF\r\n\x1a\n" + bytes(50)]
)
def test_mat_version_73_is_refused_with_advice(head: bytes) -> None:
    assert "version 7.3 (HDF5); in MATLAB, save it with the option -v7" in refused(head, "http.mat")


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (np.array([[X, 1]], dtype=object), "cell"),
        ({"a": X}, "struct"),
        ("text", "char"),
        (scipy.sparse.csc_array(X + 1j), "complex"),
        (X + 1j, "complex"),
    ],
)
def test_mat_variables_that_are_no_matrix(value: Any, kind: str) -> None:
    said = "real numbers, got complex ones."
    if kind != "complex":
        said = f"a matrix of numbers, got a MATLAB variable of class {kind}."
    for name in ("X", "y"):
        for packed in (False, True):
            message = refused(mat(variables={"X": X, name: value}, do_compression=packed))
            assert message.startswith(f"'{name}' must ")
            assert message.endswith(said)


@pytest.mark.parametrize(("number", "kind"), [(3, "object"), (16, "function"), (17, "opaque")])
def test_mat_objects_and_function_handles_are_refused_by_name(number: int, kind: str) -> None:
    data = bytearray(mat())
    # In the first variable, after the tags of the matrix and of its array flags, the class is one byte.
    assert data[128:132] == struct.pack("<I", 14)
    assert data[144] == 6  # double
    data[144] = number
    if kind == "opaque":  # has its name where others have their shape
        data[152:168] = b""
        data[132:136] = struct.pack("<I", struct.unpack_from("<I", data, 132)[0] - 16)
    assert f"'X' must be a matrix of numbers, got a MATLAB variable of class {kind}" in refused(bytes(data))


def test_mat_without_X() -> None:
    assert "must hold the features as 'X' (and labels as 'y'), got 'data', 'y'" in refused(
        mat(variables={"data": X, "y": Y})
    )


def test_mat_that_grows_beyond_the_limit() -> None:
    data = mat(variables={"X": np.zeros((1_000_000, 4)), "y": Y}, do_compression=True)
    assert len(data) < 100_000
    assert refused(data, max_bytes=2**20) == "matrix 'X' (unpacked) must have at most 1 MB, got 30.5 MB."
    sparse = mat(variables={"X": scipy.sparse.csc_array((1_000_000, 100)), "y": Y}, do_compression=True)
    assert refused(sparse, max_bytes=2**23) == "matrix 'X' must have at most 8 MB, got 762.9 MB."


def test_mat_with_a_large_variable_that_is_not_needed() -> None:
    data = mat(variables={"big": np.zeros(1_000_000), "X": X, "y": Y}, do_compression=True)
    check(read(data, max_bytes=2**20))


def test_mat_whose_packed_variable_lies_about_its_size() -> None:
    head, variable = mat()[:128], mat()[128:]
    size = struct.unpack_from("<I", variable, 4)[0]
    bomb = zlib.compress(variable[: 8 + size] + bytes(4_000_000))
    dataset = read(head + struct.pack("<II", 15, len(bomb)) + bomb, max_bytes=2**20)
    np.testing.assert_array_equal(dataset.X, X.astype(np.float32))
    short = zlib.compress(struct.pack("<II", 14, 10**6) + variable[8 : 8 + size])
    assert "'X' is cut short" in refused(head + struct.pack("<II", 15, len(short)) + short, max_bytes=2**20)


# --- Parquet ------------------------------------------------------------------------------------------------------


def test_parquet() -> None:
    columns = {"x1": X[:, 0], "x2": X[:, 1], "x3": X[:, 2], "label": Y}
    check(read(parquet(pa.table(columns))))


def test_parquet_types() -> None:
    n = 40
    table = pa.table(
        {
            "id": pa.array([f"k{i}" for i in range(n)]),
            "whole": pa.array(range(n), type=pa.int16()),
            "flag": pa.array([i % 2 == 0 for i in range(n)]),
            "money": pa.array([f"{i}.25" for i in range(n)]).cast(pa.decimal128(10, 2)),
            "coded": pa.array([str(i % 3) for i in range(n)]).dictionary_encode(),
            "written": pa.array([f"{i},5" for i in range(n)], type=pa.large_string()),
            "day": pa.array([i * 86_400_000 for i in range(n)]).cast(pa.timestamp("ms")),
            "list": pa.array([[1.0]] * n),
            "class": pa.array(["a"] * 36 + ["b"] * 4).dictionary_encode(),
        }
    )
    dataset = read(parquet(table))
    assert dataset.feature_names == (
        "whole", "flag", "money", "coded", "written", "day: days", "day: month", "day: weekday",
    )  # fmt: skip
    assert dataset.X[5].tolist() == [5, 0, 5.25, 2, 5.5, -14.5, 1, 2]
    assert dataset.ids[5] == "k5"
    assert dataset.n_outliers == 4
    assert "'list' (list" in "".join(dataset.notes)


def test_parquet_with_the_index_of_a_data_frame() -> None:
    table = pa.table({"a": X[:, 0], "__index_level_0__": np.arange(100, 140)})
    dataset = read(parquet(table))
    assert dataset.feature_names == ("a",)
    assert dataset.ids[0] == 100


def test_parquet_null_is_missing() -> None:
    table = pa.table({"a": X[:, 0], "b": pa.array([None if i == 6 else i for i in range(40)])})
    dataset = read(parquet(table))
    assert dataset.feature_names == ("a", "b", "b missing")
    assert np.flatnonzero(dataset.X[:, 2]).tolist() == [6]


def test_parquet_whose_unpacked_size_is_over_the_limit() -> None:
    data = parquet(pa.table({"a": np.zeros(2_000_000), "b": np.zeros(2_000_000)}))
    assert len(data) < 100_000
    assert "the table (unpacked) must have at most 1 MB, got" in refused(data, max_bytes=2**20)


@pytest.mark.parametrize("data", [b"PAR1", b"PAR1 and nothing more PAR1"])
def test_damaged_parquet(data: bytes) -> None:
    assert "cannot be read as Parquet" in refused(data)


def test_parquet_without_rows_or_columns() -> None:
    assert "at least 10 rows of data, got none" in refused(parquet(pa.table({"a": pa.array([], type=pa.float64())})))
    assert "got no column" in refused(parquet(pa.table({})))


def test_parquet_duplicate_names() -> None:
    table = pa.table([X[:, 0], X[:, 1]], names=["a", "a"])
    assert "'a' is the name of columns 1 and 2" in refused(parquet(table))


# --- damage -------------------------------------------------------------------------------------------------------

GOOD = {
    "npz": npz(X=X, y=Y),
    "packed.npz": npz(True, X=X, y=Y),
    "mat": mat(),
    "packed.mat": mat(do_compression=True),
    "old.mat": mat(format="4"),
    "parquet": parquet(pa.table({"a": X[:, 0], "b": X[:, 1], "label": Y})),
}


@pytest.mark.parametrize("kind", GOOD)
@pytest.mark.filterwarnings("default")
def test_damage_never_ends_in_anything_but_a_data_error(kind: str) -> None:
    random = np.random.default_rng(17)
    for _ in range(60):
        data = bytearray(GOOD[kind])
        for _ in range(int(random.integers(1, 4))):
            at = int(random.integers(4, len(data)))
            if random.integers(3) == 0:
                del data[at:]
                break
            data[at] = int(random.integers(256))
        message = "my."
        try:
            read(bytes(data), "my.mat")
        except DataError as error:
            message = str(error)
        assert message.startswith("my.")
