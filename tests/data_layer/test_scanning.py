"""Tables in pieces: the same rows as read whole, and exact places in messages however far down."""

from collections.abc import Callable
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sogaal.data import Chunk, load_dataset, scan_table
from sogaal.data.reading import read_columns
from sogaal.errors import DataError

N = 30_000
rng = np.random.default_rng(8)
X = np.round(rng.normal(size=(N, 3)), 4).astype(np.float32)
LABELS = np.where(rng.random(N) < 0.1, "out", "nor")


def write_csv(path: Path) -> None:
    lines = [
        f"{i + 5},{label},{a},{b},{c}" for i, (label, (a, b, c)) in enumerate(zip(LABELS, X.tolist(), strict=True))
    ]
    path.write_text("\n".join(["\ufeffid,label,a,b,c", *lines]), encoding="utf-8")


def write_parquet(path: Path) -> None:
    columns = {"id": np.arange(N) + 5, "label": LABELS, "a": X[:, 0], "b": X[:, 1], "c": X[:, 2]}
    pq.write_table(pa.table(columns), path, row_group_size=7000)


def join(chunks: list[Chunk]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    labels = [chunk.labels for chunk in chunks if chunk.labels is not None]
    return np.vstack([c.X for c in chunks]), np.concatenate([c.ids for c in chunks]), np.concatenate(labels)


@pytest.fixture(params=[write_csv, write_parquet])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    write: Callable[[Path], None] = request.param
    made = tmp_path / "table.dat"
    write(made)
    return made


@pytest.mark.parametrize("max_bytes", [2**20 // 4, 200 * 2**20], ids=["streamed", "whole"])
def test_pieces_make_up_the_whole(path: Path, max_bytes: int) -> None:
    chunks = list(scan_table(path, rows=4096, max_bytes=max_bytes))
    assert len(chunks) > 6
    assert max(len(chunk.X) for chunk in chunks) <= 4096
    x, ids, labels = join(chunks)
    np.testing.assert_array_equal(x, X)
    np.testing.assert_array_equal(ids, np.arange(N) + 5)
    np.testing.assert_array_equal(labels, LABELS)
    np.testing.assert_array_equal(load_dataset(path).X, X)


def test_columns_are_taken_by_name_in_the_order_asked_for(path: Path) -> None:
    chunks = list(scan_table(path, feature_names=["c", "a"], id_column="", label_column="", max_bytes=2**18))
    np.testing.assert_array_equal(np.vstack([chunk.X for chunk in chunks]), X[:, [2, 0]])
    assert chunks[-1].labels is None
    np.testing.assert_array_equal(np.concatenate([chunk.ids for chunk in chunks]), np.arange(N) + 1)


def test_missing_columns_are_named(path: Path) -> None:
    with pytest.raises(DataError, match=r"columns that the model was fitted on, but lacks 'd', 'e' \(2 of 3\)"):
        list(scan_table(path, feature_names=["a", "d", "e"]))


@pytest.mark.parametrize("max_bytes", [2**18, 200 * 2**20], ids=["streamed", "whole"])
def test_lines_are_counted_across_pieces(tmp_path: Path, max_bytes: int) -> None:
    path = tmp_path / "t.csv"
    lines = ["a,b", *(f"{i},{i}" for i in range(60_000))]
    for cell, said in (("oops", "must hold numbers only, but has the text 'oops'"), ("", "1 value is missing")):
        path.write_text("\n".join([*lines[:50_000], f"7,{cell}", *lines[50_000:]]))
        with pytest.raises(DataError, match=rf"t\.csv: .*{said}.* in line 50001"):
            list(scan_table(path, rows=1000, max_bytes=max_bytes))
    path.write_text("\n".join([*lines[:50_000], "7", *lines[50_000:]]))
    with pytest.raises(DataError, match=r"the header names \(2\), but line 50001 has 1 value"):
        list(scan_table(path, rows=1000, max_bytes=max_bytes))


def test_few_rows_and_one_class_are_fine_for_scoring(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,label\n1,0\n")
    (chunk,) = scan_table(path)
    assert chunk.X.tolist() == [[1]]
    assert chunk.labels is not None
    assert chunk.labels.tolist() == ["0"]
    path.write_text("a,label\n")
    with pytest.raises(DataError, match="header"):
        list(scan_table(path))


def test_text_where_a_number_is_needed(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,b\n1,x\n2,y\n")
    with pytest.raises(DataError, match="column 'b' must hold numbers, but has text from line 2 on"):
        list(scan_table(path, feature_names=["a", "b"]))


def test_large_files_that_cannot_be_read_in_pieces(tmp_path: Path) -> None:
    path = tmp_path / "t.npz"
    np.savez(path, X=X)
    with pytest.raises(DataError, match="over 1 kB must be Parquet or UTF-8 text"):
        list(scan_table(path, max_bytes=1024))
    path = tmp_path / "t.csv"
    path.write_text("a,b\n" + "1,2\n" * 1000, encoding="utf-16")
    with pytest.raises(DataError, match="over 1 kB must be Parquet or UTF-8 text"):
        list(scan_table(path, max_bytes=1024))
    path.write_bytes(b"a,b\n" + b"1,\xe4\n" * 100_000)
    with pytest.raises(DataError, match=r"t\.csv: "):
        list(scan_table(path, max_bytes=1024))


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        list(scan_table(tmp_path / "nowhere.csv"))


def test_large_text_comes_in_pieces_as_a_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Streamed or read whole, the same rows; what only the whole file tells (quotes, encoding, blanks) still counts."""
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(500, 3)), columns=["größe", "b", "c"])
    for number, (encoding, sep) in enumerate([("utf-8", ","), ("utf-8-sig", ";"), ("cp1252", ","), ("utf-8", " ")]):
        path = tmp_path / f"{number}.csv"
        frame.to_csv(path, index=False, encoding=encoding, sep=sep)
        whole = np.concatenate([chunk.X for chunk in scan_table(path, rows=64)])
        with monkeypatch.context() as patched:
            patched.setattr("sogaal.data.scanning.WHOLE_BYTES", 1000)
            reader = Mock(side_effect=read_columns)
            patched.setattr("sogaal.data.scanning.read_columns", reader)
            chunks = list(scan_table(path, rows=64))
        assert reader.called == (number >= 2)
        np.testing.assert_array_equal(np.concatenate([chunk.X for chunk in chunks]), whole)
        assert chunks[0].feature_names == ("größe", "b", "c")
