"""The folder that the dashboard was started with: its tables, and nothing outside it."""

from pathlib import Path

import pytest

from sogaal.data import list_tables, table_path
from sogaal.errors import DataError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "secret.csv").write_text("a\n1\n")
    inside = tmp_path / "data"
    (inside / "sub").mkdir(parents=True)
    for name in ("b.csv", "A.parquet", "notes.md", ".hidden.csv", "sub/deep.csv"):
        (inside / name).write_text("a\n1\n")
    (inside / "link.csv").symlink_to(tmp_path / "secret.csv")
    (inside / "folder.csv").mkdir()
    return inside


def test_tables_are_listed_and_links_are_not(folder: Path) -> None:
    assert list_tables(folder) == ["A.parquet", "b.csv"]
    assert table_path(folder, "b.csv").read_text() == "a\n1\n"


@pytest.mark.parametrize(
    "name",
    ["../secret.csv", "link.csv", "sub/deep.csv", ".hidden.csv", "notes.md", "folder.csv", "", "..", "/etc/passwd",
     "b.csv\0", "sub/../../secret.csv", "none.csv"],
)  # fmt: skip
def test_nothing_else_can_be_reached(folder: Path, name: str) -> None:
    with pytest.raises(DataError, match="no table in the folder"):
        table_path(folder, name)


def test_a_folder_that_is_none_is_said(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="the folder cannot be read"):
        list_tables(tmp_path / "nowhere")
