"""Every kind of bad input has its message: the file, the column or row, the rule, and what was found."""

import os
from pathlib import Path

import pytest

from sogaal.data import load_dataset, read_table
from sogaal.errors import DataError


def rows(n: int = 12) -> list[list[str]]:
    return [[str(i), f"{i}.5"] for i in range(n)]


def text(lines: list[list[str]], header: str = "a,b") -> bytes:
    return (header + "\n" + "\n".join(map(",".join, lines)) + "\n").encode()


def refused(data: bytes, **options: object) -> str:
    with pytest.raises(DataError) as caught:
        read_table(data, filename="my.csv", **options)  # type: ignore[arg-type]
    message = str(caught.value)
    assert message.startswith("my.csv: ")
    assert message.endswith((".", "?"))
    return message.removeprefix("my.csv: ")


def with_cell(row: int, column: int, value: str, n: int = 12) -> bytes:
    lines = rows(n)
    lines[row][column] = value
    return text(lines)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nowhere\.csv: there is no such file"):
        load_dataset(tmp_path / "nowhere.csv")
    with pytest.raises(DataError, match=r"^nowhere\.csv: there is no such file"):
        load_dataset("nowhere.csv")
    with pytest.raises(DataError, match=r"^no/where: there is no such file"):
        load_dataset("no/where")


def test_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="must be a file, got a folder"):
        load_dataset(tmp_path)


@pytest.mark.parametrize("name", ["a\0b", "x" * 5000, ""])
def test_names_that_no_file_can_have(name: str) -> None:
    with pytest.raises(DataError):
        load_dataset(name)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(DataError, match="ordinary file, got a device, socket or pipe"):
        load_dataset(tmp_path / "pipe")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_unreadable_file(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(text(rows()))
    path.chmod(0)
    with pytest.raises(DataError, match=r"t\.csv: the file cannot be read"):
        load_dataset(path)


@pytest.mark.parametrize("data", [b"", b"\n\n", b"  \n", b"\xef\xbb\xbf", b"\xff\xfe", b"sep=;\n"])
def test_empty(data: bytes) -> None:
    assert refused(data) == "there must be a header and rows of data, but the file is empty."


@pytest.mark.parametrize("data", [b"a,b", b"a,b\n", b"a,b\n\n\n", b"sep=;\na;b\n"])
def test_header_only(data: bytes) -> None:
    assert refused(data) == "there must be rows of data, but the file has only a header."


@pytest.mark.parametrize("n", [1, 9])
def test_fewer_than_ten_rows(n: int) -> None:
    assert refused(text(rows(n))) == f"there must be at least 10 rows of data, got {n}."
    assert read_table(text(rows(10)), filename="my.csv").n == 10


def test_one_distinct_row() -> None:
    assert refused(text([["1", "2"]] * 12)) == "at least two rows must differ, but all 12 rows are the same."


def test_nothing_that_can_be_used() -> None:
    assert refused(text([["x", "y"]] * 12)) == "at least two rows must differ, but all 12 rows are the same."
    only = text([[str(i), str(i % 2)] for i in range(12)], "id,label")
    assert refused(only) == (
        "there must be at least one column of numbers, dates or categories besides labels and ids, got no other column."
    )
    letter = b"Hello world\n" + b"".join(b"This is letter %d\n" % i for i in range(12))
    assert "got 'Hello world' (free text)" in refused(letter)
    assert refused(text([["", "NA"]] * 12)).endswith("besides labels and ids, got 'a' (empty), 'b' (empty).")


def noted(data: bytes, of: str = "is no number") -> str:
    return next(note for note in read_table(data, filename="my.csv").notes if of in note)


def test_text_in_a_numeric_column_counts_as_missing() -> None:
    assert "Column 'b': 1 value is no number that can be used (the first is 'many' in line 7)" in noted(
        with_cell(5, 1, "many")
    )
    assert "'12 kg' in line 2" in noted(with_cell(0, 0, "12 kg"))
    assert "'1.2.3' in line 13" in noted(with_cell(11, 1, "1.2.3"))
    assert len(noted(with_cell(5, 1, "m" * 100_000))) < 250


def test_lines_are_counted_as_in_an_editor() -> None:
    """Blank lines count, and so do line ends inside quotes."""
    lines = ["a,b", "", '1,"2"', "", *(f"{i},{i}" for i in range(12)), "7,oops"]
    assert "'oops' in line 17" in noted("\n".join(lines).encode())
    quoted = 'a,"long\nname"\n"1\n",2\n' + "".join(f"{i},{i}\n" for i in range(12)) + "oops,2\n"
    assert "'oops' in line 17" in noted(quoted.encode())
    assert "'oops' in line 4" in noted(b"sep=,\na,b\n1,2\noops,3\n" + b"5,6\n" * 12)
    assert "'oops' in line 3" in noted(b"1,nor,5\n2,out,6\n3,nor,oops\n" + b"4,nor,5\n" * 12)


@pytest.mark.parametrize("cell", ["", " ", "NA", "n/a", "NaN", "null", "None", "?", "#N/A"])
def test_missing_value(cell: str) -> None:
    dataset = read_table(with_cell(3, 1, cell), filename="my.csv")
    assert dataset.feature_names == ("a", "b", "b missing")
    assert dataset.X[:, 2].tolist() == [row == 3 for row in range(12)]
    assert dataset.X[3, 1] == 6.5  # the median of the others
    assert dataset.notes[0].startswith("1 value is missing in 'b': filled with the median")


def test_missing_values_are_counted_over_columns() -> None:
    lines = rows()
    lines[7][0] = lines[2][1] = lines[9][1] = ""
    assert noted(text(lines), "missing").startswith("3 values are missing in 'a', 'b':")


@pytest.mark.parametrize("cell", ["inf", "-inf", "Infinity", "1e999", "+INF", "-1e39"])
def test_a_number_that_single_precision_cannot_hold_counts_as_missing(cell: str) -> None:
    assert f"(the first is {cell!r} in line 5) and count as missing" in noted(with_cell(3, 0, cell))


def test_duplicate_column_names() -> None:
    assert refused(text(rows(), "a,a")) == "column names must differ, 'a' is the name of columns 1 and 2."
    assert "'a' is the name of columns 1 and 2" in refused(text(rows(), "a, a "))


@pytest.mark.parametrize(("line", "have"), [("1", "1 value"), ("1,2,3", "3 values"), ("1,2,", "3 values")])
def test_ragged_rows(line: str, have: str) -> None:
    data = text(rows()).replace(b"\n4,4.5\n", f"\n{line}\n".encode())
    assert refused(data) == f"every row must have as many values as the header names (2), but line 6 has {have}."


def test_ragged_rows_far_down() -> None:
    data = text(rows(30_000)) + b"1,2,3\n" + text(rows(10), "5,6")
    assert "line 30002 has 3 values" in refused(data)


def test_ragged_rows_without_a_header() -> None:
    data = b"1,nor,5,6\n" * 6 + b"2,out,7\n" + b"1,nor,5,8\n" * 6
    assert refused(data) == "every row must have as many values as the first line has (4), but line 7 has 3 values."


def test_quote_that_is_never_closed() -> None:
    assert "quotes must be closed" in refused(with_cell(5, 1, '"oops'))
    assert "row that begins in line 7" in refused(with_cell(5, 1, '"oops'))


def test_file_over_the_limit(tmp_path: Path) -> None:
    assert refused(text(rows()), max_bytes=50) == "the file must have at most 50 bytes, got 80 bytes."
    path = tmp_path / "big.csv"
    with path.open("wb") as stream:
        stream.truncate(200 * 2**20 + 1)  # takes no room on most file systems, and is not read
    with pytest.raises(DataError, match=r"big\.csv: the file must have at most 200 MB, got more"):
        load_dataset(path)
    with path.open("rb") as stream, pytest.raises(DataError, match="at most 1 MB, got more"):
        read_table(stream, filename="up.csv", max_bytes=2**20)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\x89PNG\r\n\x1a\n" + bytes(50), "got a PNG image"),
        (b"%PDF-1.7\n", "got a PDF document"),
        (b"\x1f\x8b\x08" + bytes(50), "got a gzip archive; unpack it first"),
        (b"SQLite format 3\x00", "got an SQLite database"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "got an Excel workbook of before 2007 (.xls)"),
        (bytes(range(256)), "got unknown binary data"),
        (b"a,b\n1,2\n" * 1000 + b"\0", "holds NUL characters"),
        (b"\xff\xfea", "begins as UTF-16-LE text but is not"),
    ],
)
def test_binary_file(data: bytes, said: str) -> None:
    assert said in refused(data)


def test_commas_that_could_mean_two_things() -> None:
    lines = [[str(i), f'"1,{i:03d}"'] for i in range(12)]
    assert "'b' must be unambiguous, but its commas could mark thousands or decimals" in refused(text(lines))
    lines[3][1] = '"0,5"'
    assert read_table(text(lines), filename="my.csv").X[3, 1] == 0.5


def test_thousands_that_contradict_each_other() -> None:
    values = ["1.234,5", *(f"{i},5" for i in range(11)), "1,234.5"]
    data = "a;b\n" + "".join(f"{i};{value}\n" for i, value in enumerate(values))
    message = refused(data.encode())
    assert "'b' must write decimals one way, but has both commas and points" in message
    assert "'1,234.5' in line 14" in message


def test_commas_and_points_in_one_file() -> None:
    semicolons = "a;b\n" + "".join(f"{i};{i},5\n" for i in range(12))
    one = semicolons.replace("4;4,5", "4;4.5")
    assert "column 'b' must write decimals one way" in refused(one.encode())
    assert "for instance '4.5' in line 6" in refused(one.encode())
    two = semicolons.replace("4;4,5", "4.25;4,5")
    assert "column 'b' has commas and column 'a' points ('4.25' in line 6)" in refused(two.encode())


def test_overlong_id() -> None:
    lines = [["i" * (201 if i == 4 else 3), str(i)] for i in range(12)]
    assert refused(text(lines, "id,a")) == (
        "an id must have at most 200 characters, but column 'id' has one of 201 in line 6."
    )
