"""Text tables in the dialects in which people's files come; what is wrong with them is in test_bad_input.py."""

import codecs
import io
import itertools
from pathlib import Path

import numpy as np
import pytest

from sogaal.data import Dataset, load_dataset, read_table
from sogaal.errors import DataError

rng = np.random.default_rng(11)
X = np.round(rng.normal(size=(12, 3)) * 100, 3)
Y = [0] * 10 + [1] * 2


def read(text: str | bytes, **options: str) -> Dataset:
    return read_table(text.encode() if isinstance(text, str) else text, filename="t.csv", **options)


def csv(
    separator: str = ",",
    comma: bool = False,
    quote: str = "",
    end: str = "\n",
    header: str = "name,label,a,b,größe",
) -> str:
    lines = [separator.join(f"{quote}{cell}{quote}" for cell in header.split(","))] if header else []
    for i, (row, label) in enumerate(zip(X.tolist(), Y, strict=True)):
        cells = [str(value).replace(".", "," if comma else ".") for value in row]
        lines.append(separator.join(f"{quote}{cell}{quote}" for cell in (f"r{i}", str(label), *cells)))
    return end.join(lines) + end


def check(dataset: Dataset, names: tuple[str, ...] = ("a", "b", "größe")) -> None:
    np.testing.assert_array_equal(dataset.X, X.astype(np.float32))
    assert dataset.feature_names == names
    assert dataset.y is not None
    assert dataset.y.tolist() == Y
    assert dataset.ids.tolist() == [f"r{i}" for i in range(12)]


@pytest.mark.parametrize(
    ("separator", "comma", "quote", "end"),
    [
        case
        for case in itertools.product((",", ";", "\t", "|"), (False, True), ("", '"'), ("\n", "\r\n", "\r"))
        if not (case[0] == "," and case[1] and not case[2])  # 1,5,2,5 cannot be told apart
    ],
)
def test_dialects(separator: str, comma: bool, quote: str, end: str) -> None:
    dataset = read(csv(separator, comma, quote, end), id_column="name")
    check(dataset)
    assert dataset.notes == (("Commas were read as decimal signs in 'a', 'b', 'größe'.",) if comma else ())


@pytest.mark.parametrize(
    ("encoding", "bom"),
    [
        ("utf-8", b""),
        ("utf-8", codecs.BOM_UTF8),
        ("utf-16-le", codecs.BOM_UTF16_LE),
        ("utf-16-be", codecs.BOM_UTF16_BE),
        ("utf-32-le", codecs.BOM_UTF32_LE),
        ("utf-32-be", codecs.BOM_UTF32_BE),
    ],
)
def test_encodings(encoding: str, bom: bytes) -> None:
    check(read(bom + csv().encode(encoding), id_column="name"))


def test_letters_that_are_not_utf8_are_read_as_western_european_and_noted() -> None:
    dataset = read(csv().encode("cp1252"), id_column="name")
    check(dataset)
    assert "Windows-1252" in dataset.notes[0]


def test_the_ending_of_the_name_does_not_matter() -> None:
    check(read_table(csv("\t").encode(), filename="table.npz", id_column="name"))


def test_sources(tmp_path: Path) -> None:
    path = tmp_path / "täble.csv"
    path.write_text(csv(), encoding="utf-8")
    for source in (path, str(path), path.read_bytes(), io.BytesIO(path.read_bytes())):
        dataset = read_table(source, filename="täble.csv", id_column="name")
        check(dataset)
        assert (dataset.name, dataset.title, dataset.source) == ("täble", "täble", "täble.csv")
    assert load_dataset(path, id_column="name").fingerprint == load_dataset(str(path), id_column="name").fingerprint
    assert load_dataset(path, name="mine", id_column="name").name == "mine"


def test_quoted_cells_may_hold_separators_quotes_and_line_ends() -> None:
    rows = "".join(f'{i},"a, ""b""\n c",{i}.5\n' for i in range(12))
    dataset = read('id,"the ""note"", with\ncomma","x,1"\n' + rows)
    assert dataset.feature_names == ("x,1",)
    assert dataset.X[:, 0].tolist() == [i + 0.5 for i in range(12)]
    assert "'the \"note\", with\\ncomma' (one value only)" in dataset.notes[0]


def test_blank_lines_and_trailing_separators() -> None:
    rows = "".join(f"{i},{i * i},\n\n" for i in range(12))
    dataset = read("\n\na,b,\n" + rows + "\n\n")
    assert dataset.feature_names == ("a", "b")
    assert dataset.n == 12
    assert dataset.notes == ()


def test_no_line_end_at_the_end() -> None:
    assert read("a\n" + "\n".join(map(str, range(12)))).X[-1, 0] == 11


def test_excel_separator_line() -> None:
    dataset = read("sep=;\r\na;b\r\n" + "".join(f"{i};1,5\r\n" for i in range(12)))
    assert dataset.X[3].tolist() == [3, 1.5]


def test_blanks_between_columns() -> None:
    dataset = read("  a    b\n" + "".join(f"{i:4d}   {i / 4:.2f}\n" for i in range(12)))
    assert dataset.feature_names == ("a", "b")
    assert dataset.X[3].tolist() == [3, 0.75]


@pytest.mark.parametrize("cell", ["1.5", " 1.5 ", "+1.5", "1.5e0", "15E-1", "01.5", "1.50000000000000001", '"1.5"'])
def test_spellings_of_a_number(cell: str) -> None:
    dataset = read("a,b\n" + "".join(f"{i},{cell if i == 5 else i}\n" for i in range(12)))
    assert dataset.X[5, 1] == 1.5


@pytest.mark.parametrize(
    ("separator", "cells", "comma"),
    [
        (";", ["1.234,5", "999,25", "-1.234.567", "12", ""], True),
        ("\t", ["1,234.5", "999.25", "-1,234,567", "12", ""], False),
        (",", ['"1,234.5"', "999.25", '"-1,234,567"', "12", '""'], False),
    ],
)
def test_thousands_separators_that_are_certain(separator: str, cells: list[str], comma: bool) -> None:
    cells = (cells[:4] * 3)[:12]
    dataset = read("a" + separator + "b\n" + "".join(f"{i}{separator}{cell}\n" for i, cell in enumerate(cells)))
    assert dataset.X[:4, 1].tolist() == [1234.5, 999.25, -1234567, 12]
    assert dataset.notes[-1] == "Thousands separators were taken out of the numbers in 'b'."
    assert len(dataset.notes) == 1 + comma


def test_whole_numbers_and_truth_values_are_numbers() -> None:
    dataset = read("n,flag\n" + "".join(f"{i},{'True' if i % 2 else ' FALSE'}\n" for i in range(12)))
    assert dataset.X[:4].tolist() == [[0, 0], [1, 1], [2, 0], [3, 1]]


def test_text_columns_are_left_out_and_noted() -> None:
    dataset = read("colour,a,day\n" + "".join(f"red,{i},2024-01-{i + 1:02d}\n" for i in range(12)))
    assert dataset.feature_names == ("a", "day: days", "day: weekday")
    assert dataset.notes == ("Column 'colour' was left out: it has one value only.",)
    words = read("words,a\n" + "".join(f"word {i},{i}\n" for i in range(12)))
    assert words.feature_names == ("a",)
    assert words.notes == ("Column 'words' (free text) left out: neither numbers, dates nor categories.",)


def test_values_are_rounded_once_from_the_text() -> None:
    values = rng.random(5000) * 10.0 ** rng.integers(-20, 20, 5000)
    dataset = read("a\n" + "\n".join(map(repr, values.tolist())))
    np.testing.assert_array_equal(dataset.X[:, 0], values.astype(np.float32))


def test_small_differences_on_a_large_offset_are_noted() -> None:
    dataset = read("time,a\n" + "".join(f"{1_700_000_000 + i},{i}\n" for i in range(12)))
    assert "'time' differ little compared with their size" in dataset.notes[0]


# --- header -------------------------------------------------------------------------------------------------------


def test_first_line_of_numbers_is_data() -> None:
    dataset = read("".join(f"{i},{i}.5\n" for i in range(12)))
    assert (dataset.n, dataset.feature_names) == (12, ("x1", "x2"))
    assert "first line holds numbers" in dataset.notes[0]


def test_first_line_of_decimals_and_a_word_is_data() -> None:
    dataset = read("".join(f"{i}.1,{i}.5,{'rare' if i < 2 else 'usual'}\n" for i in range(12)), label_column="x3")
    assert (dataset.n, dataset.n_outliers, dataset.feature_names) == (12, 2, ("x1", "x2"))


@pytest.mark.parametrize("header", ["0,1,2", "1,2,3", ",0,1"])
def test_numbers_that_count_up_are_a_header(header: str) -> None:
    dataset = read(header + "\n" + "".join(f"{i},{i * i},{i % 3}\n" for i in range(12)))
    assert dataset.n == 12
    assert dataset.feature_names == tuple(name for name in header.split(",") if name)


# --- ids ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["id", "ID", "Index", ""])
def test_id_columns_are_found(name: str) -> None:
    dataset = read(f"{name},a,b\n" + "".join(f"{i + 100},{i},0\n" for i in range(12)))
    assert dataset.feature_names == ("a", "b")
    assert dataset.ids.dtype == np.int64
    assert dataset.ids[0] == 100


def test_without_ids_rows_are_counted_from_one() -> None:
    assert read("a\n" + "".join(f"{i}\n" for i in range(12))).ids.tolist() == list(range(1, 13))
    dataset = read("id,a\n" + "".join(f"{i},{i}\n" for i in range(12)), id_column="")
    assert dataset.feature_names == ("id", "a")
    assert dataset.ids[0] == 1


def test_leading_zeros_of_ids_are_kept() -> None:
    assert read("id,a\n" + "".join(f"00{i},{i}\n" for i in range(12))).ids[3] == "003"


def test_a_second_numbering_of_rows_is_no_feature() -> None:
    dataset = read("index,id,a\n" + "".join(f"{i},k{i},{i}\n" for i in range(12)))
    assert dataset.feature_names == ("a",)
    assert dataset.ids[0] == "k0"
    assert "'index' was left out" in dataset.notes[0]


# --- GAAL ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("quote", ["", '"'])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_gaal_format(quote: str, separator: str) -> None:
    lines = [
        separator.join([str(i + 7), f"{quote}{'out' if label else 'nor'}{quote}", *map(str, row)])
        for i, (row, label) in enumerate(zip(X.tolist(), Y, strict=True))
    ]
    dataset = read("\n".join(lines))
    np.testing.assert_array_equal(dataset.X, X.astype(np.float32))
    assert dataset.y is not None
    assert dataset.y.tolist() == Y
    assert dataset.ids.tolist() == list(range(7, 19))
    assert dataset.feature_names == ("x1", "x2", "x3")
    assert dataset.notes == ()


GAAL = Path(__file__).resolve().parents[3] / "shared" / "gaal"


@pytest.mark.parametrize(
    ("name", "n", "d", "outliers"),
    [
        ("onecluster", 1000, 2, 20),
        ("WDBC", 367, 30, 10),
        ("Stamps", 340, 9, 31),
        ("Pima", 768, 8, 268),
        ("Ionosphere", 351, 32, 126),
        ("Annthyroid", 7129, 21, 534),
    ],
)
def test_the_authors_files(name: str, n: int, d: int, outliers: int) -> None:
    if not (GAAL / name).is_file():
        pytest.skip("the authors' GAAL files are not here (../shared/gaal)")
    dataset = load_dataset(GAAL / name)
    assert (dataset.n, dataset.d, dataset.n_outliers) == (n, d, outliers)


# --- generated tables ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(25))
def test_whatever_is_written_is_read_again(seed: int) -> None:
    """Random tables in random dialects come back exactly."""
    random = np.random.default_rng(seed)
    n, d = int(random.integers(10, 60)), int(random.integers(1, 9))
    values = (random.normal(size=(n, d)) * 10.0 ** random.integers(-30, 30, size=(n, d))).astype(np.float32)
    separator = str(random.choice([",", ";", "\t", "|"]))
    end, quote = str(random.choice(["\n", "\r\n"])), str(random.choice(["", '"']))
    comma = bool(random.integers(2)) and separator != ","
    names = [f"column {j}" for j in range(d)]
    lines = [separator.join(f"{quote}{name}{quote}" for name in names)]
    for row in values.tolist():
        cells = [repr(value).replace(".", ",") if comma else repr(value) for value in row]
        lines.append(separator.join(f"{quote}{cell}{quote}" for cell in cells))
    dataset = read(end.join(lines))
    np.testing.assert_array_equal(dataset.X, values)
    assert dataset.feature_names == tuple(names)


@pytest.mark.parametrize("seed", range(60))
def test_damage_never_ends_in_anything_but_a_data_error(seed: int) -> None:
    random = np.random.default_rng(seed)
    damaged = bytearray(csv().encode())
    for _ in range(int(random.integers(1, 6))):
        at = int(random.integers(len(damaged)))
        match random.integers(4):
            case 0:
                damaged[at] = int(random.integers(256))
            case 1:
                del damaged[at : at + int(random.integers(1, 30))]
            case 2:
                damaged[at:at] = bytes(random.choice(list(b'",;\t\r\n\x00 -.')) for _ in range(3))
            case _:
                del damaged[at:]
        if not damaged:
            break
    message = "t.csv: "
    try:
        assert np.isfinite(read(bytes(damaged), id_column="").X).all()
    except DataError as error:
        message = str(error)
    assert message.startswith("t.csv: ")
