import json
import random
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import sogaal.runs.record as record_module
from sogaal import load_dataset
from sogaal.errors import RunError
from sogaal.runs.listing import Unreadable
from sogaal.runs.record import Population, RunRecord
from sogaal.runs.store import RunStore
from sogaal.snapshots import JobState
from tests.runs.test_store import create


@pytest.fixture
def record(tmp_path: Path) -> RunRecord:
    dataset = replace(load_dataset("onecluster"), name="own", feature_names=("\ud800 half", "größe \x00 \u2028 😀"))
    with create(RunStore(tmp_path / "made"), dataset) as writer:
        made = writer.update(
            diagnosis=[{"kind": "healthy", "numbers": {"a": float("inf")}}], auc_curve=[0.123456789, 1.0]
        )
    later = made.created + timedelta(seconds=1)
    return replace(
        made,
        state=JobState.STOPPED,
        started=later,
        ended=later,
        population=Population("race", 3, ("seed",), 5),
        parent=made.id,
        tags=("a", "ü"),
        note="lines\nof text",
    )


def test_it_reads_back_as_it_was(record: RunRecord) -> None:
    assert RunRecord.from_json(record.to_json()) == record
    assert record.auc_curve == (0.1235, 1.0)
    assert record.diagnosis == ({"kind": "healthy", "numbers": {"a": None}},)


def test_a_population_of_before_it_was_written_on_the_way_has_all_its_members(record: RunRecord) -> None:
    plain = json.loads(record.to_json())
    assert plain["population"].pop("planned") == 5
    assert RunRecord.from_dict(plain).population == Population("race", 3, ("seed",), 3)


def test_people_can_read_it(record: RunRecord) -> None:
    lines = record.to_json().decode("utf-8").splitlines()
    assert lines[0] == "{"
    assert lines[1] == '  "format": 1,'
    assert '  "tags": ["a", "ü"],' in lines
    assert '  "auc_curve": [0.1235, 1.0],' in lines
    assert max(map(len, lines)) < 200


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda found: found.pop("state"), "'state' is missing"),
        (lambda found: found.update(state="asleep"), "'asleep' is not a valid JobState"),
        (lambda found: found.update(format=2), r"saved by a newer sogaal \(format 2; this one knows up to 1\)"),
        (lambda found: found.update(format=0), "format must be between 1 and 1, got 0"),
        (lambda found: found.update(format="1"), "the number of its format"),
        (lambda found: found.update(format=True), "the number of its format"),
        (lambda found: found.update(created="2026-01-01T00:00:00"), "created must have a time zone"),
        (lambda found: found.update(created="yesterday"), "Invalid isoformat"),
        (lambda found: found.update(id="../../etc"), "the id of a run must be"),
        (lambda found: found.update(parent=".."), "the id of a run must be"),
        (lambda found: found.update(tags="one"), "tags must be a list"),
        (lambda found: found.update(step=-1), "step must be a whole number"),
        (lambda found: found.update(name=None), "name must be a text"),
        (lambda found: found["config"].update(lr_d=-1), "lr_d must be"),
        (lambda found: found["config"].update(more=1), "more is not a parameter"),
        (lambda found: found["dataset"].update(key="../up"), "dataset.key must be hexadecimal"),
        (lambda found: found["dataset"].pop("n"), "'n' is missing"),
        (lambda found: found.update(auc_curve=["high"]), "auc_curve must hold numbers"),
        (lambda found: found.update(scaling={}), "scaling.method must be a text"),
    ],
)
def test_what_is_no_record_is_refused_with_the_reason(record: RunRecord, change, message: str) -> None:
    found = json.loads(record.to_json())
    change(found)
    with pytest.raises(RunError, match=message):
        RunRecord.from_json(json.dumps(found).encode())


@pytest.mark.parametrize("content", [b"", b"[]", b"3", b"null", b"[" * 100_000, b'{"format": 1}', b"\xff\xfe\x00"])
def test_other_files_are_refused(content: bytes) -> None:
    with pytest.raises(RunError, match="the record"):
        RunRecord.from_json(content)


def test_an_older_format_is_upgraded_when_it_is_read(
    record: RunRecord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As if what is the note in the next format had been the remark in this one.
    store = RunStore(tmp_path / "made")
    store.annotate(record.id, note="kept")

    def upgrade(found: dict) -> dict:
        return {("note" if name == "remark" else name): value for name, value in found.items()} | {"format": 2}

    old = json.loads((store.root / record.id / "run.json").read_text())
    old["remark"] = old.pop("note")
    (store.root / record.id / "run.json").write_text(json.dumps(old))
    with pytest.raises(RunError, match="'note' is missing"):
        store.get(record.id)
    monkeypatch.setattr(record_module, "FORMAT", 2)
    monkeypatch.setitem(record_module.UPGRADES, 1, upgrade)
    assert store.get(record.id).record.note == "kept"
    store.annotate(record.id, name="written again")
    written = json.loads((store.root / record.id / "run.json").read_text())
    assert (written["format"], written["note"], written["name"]) == (2, "kept", "written again")
    monkeypatch.undo()
    with pytest.raises(RunError, match="saved by a newer sogaal"):
        store.get(record.id)


def test_a_newer_record_is_listed_and_left_alone(record: RunRecord, tmp_path: Path) -> None:
    store = RunStore(tmp_path / "made")
    path = store.root / record.id / "run.json"
    newer = path.read_text().replace('"format": 1', '"format": 7')
    path.write_text(newer)
    (entry,) = store.entries()
    assert isinstance(entry, Unreadable)
    assert "newer sogaal (format 7" in entry.reason
    for change in (lambda: store.annotate(record.id, name="x"), lambda: store.writer(record.id)):
        with pytest.raises(RunError, match="newer sogaal"):
            change()
    assert path.read_text() == newer
    assert not store.is_written(record.id)


def test_damage_of_any_kind_harms_nothing_else(record: RunRecord, tmp_path: Path) -> None:
    store = RunStore(tmp_path / "made")
    with create(store) as other:
        pass
    path = store.root / record.id / "run.json"
    good = path.read_bytes()
    chance = random.Random(0)
    unreadable = 0
    for round_ in range(300):
        content = bytearray(good)
        if round_ % 3 == 0:
            del content[chance.randrange(len(content)) :]
        for _ in range(chance.choice((1, 1, 3, 20))):
            if content:
                content[chance.randrange(len(content))] = chance.randrange(256)
        path.write_bytes(content)
        entries = {entry.id: entry for entry in store.entries()}
        assert isinstance(entries[other.id], RunRecord)
        if isinstance(entries[record.id], Unreadable):
            unreadable += 1
            with pytest.raises(RunError, match="the run cannot be read: "):
                store.get(record.id)
        else:
            run = store.get(record.id)
            for read in (run.dataset, run.result, run.setup):
                with suppress(RunError):
                    read()
    assert 150 < unreadable < 300
    path.write_bytes(good)
    assert isinstance(store.get(record.id).record, RunRecord)


def test_times_are_kept_in_utc(tmp_path: Path) -> None:
    with create(RunStore(tmp_path)) as writer:
        there = datetime.now(UTC).astimezone()
        assert writer.update(started=there).started == there
        assert writer.record.started.tzinfo == UTC
