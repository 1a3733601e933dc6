import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sogaal import load_dataset
from sogaal.data import Dataset
from sogaal.errors import RunError
from sogaal.runs.folder import read_record
from sogaal.runs.shelf import Shelf, is_shipped, table_key
from sogaal.runs.store import RunStore
from tests.runs.saved import save_run
from tests.runs.test_store import create

SHIPPED = load_dataset("onecluster")
RUN = "20261124-231502-own-so-gaal-0123456789ab"
WORDS = [f"{word}{i}" for i, word in enumerate(["", "größe", "\ud800", "a\0b", "😀", "\n"] * 2)]


def table(**changes) -> Dataset:
    X = np.random.default_rng(0).normal(size=(12, 3)).astype(np.float32)
    values = {"name": "own", "X": X, "y": None, "ids": np.arange(12), "feature_names": ("a", "b", "c")}
    return Dataset(**(values | changes))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"y": np.arange(12) % 2},
        {"ids": np.arange(12, dtype=np.int32) - 5},
        {"ids": np.arange(12, dtype=np.uint64) + np.uint64(2**64 - 20)},
        {"ids": np.array(WORDS)},
        {"ids": np.array(WORDS, dtype=object)},
        {"ids": np.array([f"{i}\0" for i in range(12)], dtype=object)},
        {"ids": np.array([""] * 12)},
        {"feature_names": ("größe \u2028", "\ud800", "a,b\n\0")},
        {"label_name": "y", "id_name": "\ud800", "notes": ("one", "two"), "title": "T", "description": "D",
         "source": "S", "licence": "L"},
        {"X": np.array([[-0.0, 1e-45, 3.4e38]] * 11 + [[0, 0, 0]], dtype=np.float32)},
    ],
)  # fmt: skip
def test_a_table_reads_back_as_it_was(tmp_path: Path, changes: dict) -> None:
    dataset = table(**changes)
    shelf = Shelf(tmp_path)
    found = shelf.get(shelf.put(dataset, RUN))
    assert found.X.tobytes() == dataset.X.tobytes()
    assert (found.y is None) == (dataset.y is None)
    assert found.y is None or found.y.tolist() == dataset.y.tolist()
    assert found.ids.tolist() == dataset.ids.tolist()
    for name in (
        "name",
        "feature_names",
        "title",
        "description",
        "source",
        "licence",
        "notes",
        "label_name",
        "id_name",
    ):
        assert getattr(found, name) == getattr(dataset, name)
    assert found.fingerprint == dataset.fingerprint
    assert table_key(found) == table_key(dataset)
    with pytest.raises(ValueError, match="read-only"):
        found.X[0, 0] = 1


def test_a_key_tells_tables_apart() -> None:
    tables = [
        table(),
        table(y=np.arange(12) % 2),
        table(ids=np.arange(12) + 1),
        table(ids=np.arange(12).astype(str)),
        table(ids=np.array(["ab", "c", *WORDS[2:]])),
        table(ids=np.array(["a", "bc", *WORDS[2:]])),
        table(label_name="y"),
        table(id_name="y"),
        table(label_name=""),
        table(feature_names=("a", "b", "d")),
    ]
    assert len({table_key(one) for one in tables}) == len(tables)
    for same in (table(name="other", title="T", notes=("n",)), table(ids=np.arange(12, dtype=np.int16))):
        assert table_key(same) == table_key(table())


def test_what_is_shipped_is_known_by_all_of_it() -> None:
    assert is_shipped(SHIPPED)
    assert is_shipped(replace(SHIPPED, title="other words"))
    for other in (
        replace(SHIPPED, name="own"),
        replace(SHIPPED, ids=SHIPPED.ids + 1),
        replace(SHIPPED, X=SHIPPED.X + 1),
        replace(SHIPPED, y=None),
    ):
        assert not is_shipped(other)


def test_a_table_is_kept_once_and_a_shipped_one_not_at_all(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    with create(store, SHIPPED) as writer:
        assert writer.record.dataset.key is None
    assert not (tmp_path / ".data").exists()
    own = replace(SHIPPED, name="own")
    ids = []
    for dataset in (own, replace(own, name="again", title="Again")):
        with create(store, dataset) as writer:
            ids.append(writer.id)
    assert len(list(tmp_path.glob(".data/*/table.npz"))) == 1
    again = store.get(ids[1]).dataset()
    assert (again.name, again.title) == ("again", "Again")


def test_any_byte_that_changes_is_noticed(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    key = shelf.put(table(y=np.arange(12) % 2, ids=np.array(WORDS)), RUN)
    path = tmp_path / ".data" / key / "table.npz"
    good = path.read_bytes()
    expected = shelf.get(key)
    noticed = 0
    for place in range(0, len(good), 7):
        path.write_bytes(good[:place] + bytes([good[place] ^ 0x55]) + good[place + 1 :])
        try:
            found = shelf.get(key)
        except RunError as error:
            noticed += str(path) in str(error)
        else:  # a byte that means nothing, such as a date in the archive
            assert table_key(found) == key
            assert found.ids.tolist() == expected.ids.tolist()
    assert noticed > len(good) / 7 / 2
    for end in range(0, len(good), 97):
        path.write_bytes(good[:end])
        with pytest.raises(RunError, match="the table is damaged"):
            shelf.get(key)
    path.write_bytes(good)
    assert shelf.get(key).fingerprint == expected.fingerprint


def test_nothing_is_unpickled(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    key = shelf.put(table(), RUN)
    path = tmp_path / ".data" / key / "table.npz"
    with path.open("rb") as file, np.load(file) as arrays:
        found = {name: arrays[name] for name in arrays.files}
    np.savez(path, **(found | {"X": np.array([print, len], dtype=object)}))
    with pytest.raises(RunError, match="allow_pickle=False"):
        shelf.get(key)


def test_files_from_elsewhere_make_a_run(tmp_path: Path) -> None:
    own = replace(SHIPPED, name="own", ids=SHIPPED.ids + 7)
    here, there = RunStore(tmp_path / "here"), RunStore(tmp_path / "there")
    run_id, _ = save_run(here, own)
    run = here.get(run_id)
    files = {name: run.folder / name for name in run.files if name != "run.json"}
    record = there.take_in(read_record(run.folder), files | {"scores.csv": run.scores_csv()}, run.dataset())
    assert record == run.record
    taken = there.get(run_id)
    assert taken.files == tuple(sorted((*run.files, "scores.csv")))
    assert taken.dataset().ids.tolist() == own.ids.tolist()
    result, before = taken.result(), run.result()
    assert result is not None
    assert before is not None
    assert result.logits_end.tobytes() == before.logits_end.tobytes()
    with pytest.raises(RunError, match="there is such a run already"):
        there.take_in(record, files)
    there.trash([run_id])
    with pytest.raises(RunError, match="there is such a run already"):
        there.take_in(record, files)
    there.empty_trash()
    assert there.take_in(record, files).dataset.key is None
    with pytest.raises(RunError, match="own' is not, or no more, a table"):
        there.get(run_id).dataset()
    other = replace(record, id=record.id[:-12] + "0" * 12)
    with pytest.raises(RunError, match="must be the one the run learned from"):
        there.take_in(other, files, replace(own, y=None))
    assert [entry.id for entry in there.entries()] == [run_id]


@pytest.mark.parametrize("name", ["../x", "a/b", "a\\b", "", ".hidden", "run.json", "C:x", "a\0"])
def test_a_file_from_elsewhere_has_a_plain_name(tmp_path: Path, name: str) -> None:
    store = RunStore(tmp_path)
    with create(store) as writer:
        pass
    record = replace(writer.record, id=writer.id[:-12] + "0" * 12)
    with pytest.raises(RunError, match="must have a plain name"):
        store.take_in(record, {name: b"x"})
    assert len(store.entries()) == 1
    assert json.loads((writer.folder / "run.json").read_text())["id"] == writer.id
