"""What all sessions share."""

import gc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pages import _server
from sogaal.data import load_dataset
from sogaal.jobs import JobRegistry
from tests.pages.session import Session

shared_registry = _server.registry


@pytest.fixture
def real_registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], JobRegistry]]:
    monkeypatch.setattr(_server, "registry", shared_registry)
    yield shared_registry
    shared_registry().shutdown()
    shared_registry.clear()
    gc.unfreeze()


def test_there_is_one_registry_for_all(real_registry: Callable[[], JobRegistry]) -> None:
    first = Session()
    job = first.start(stop_epochs=2)
    first.finish()
    assert first.state == "completed"
    assert real_registry().jobs() == [job]
    assert Session(run=job.id).state == "completed"


def test_a_table_is_known_by_its_name_or_by_its_contents() -> None:
    moons = load_dataset("moons")
    assert _server.key_of_table(moons) == "moons"
    assert _server.table("moons") is _server.table("moons")
    wine = load_dataset("wine")
    key = _server.remember_upload(wine)
    assert _server.table(key) is wine
    assert _server.remember_upload(wine) == key
    assert _server.upload_keys() == [key]


def test_the_file_of_the_command_line_is_chosen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text("a,b\n" + "".join(f"{i},{i * i % 7}\n" for i in range(30)))
    monkeypatch.setenv("SOGAAL_DATASET", str(path))
    session = Session()
    assert session.says("**mine**")
    monkeypatch.setenv("SOGAAL_DATASET", str(path.with_name("gone.csv")))
    session = Session()
    assert session.field("dataset") == "onecluster"
    assert "gone.csv" in session.warnings[0]
    assert Session(data="moons").field("dataset") == "moons"
