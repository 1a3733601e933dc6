import io
import stat
import struct
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sogaal import Trainer, load_dataset
from sogaal.config import make_config
from sogaal.errors import RunError
from sogaal.exports.tensorboard import RunEvents
from sogaal.outcomes import RunOutcome
from sogaal.runs.archive import export_zip, export_zips, import_zip, import_zips
from sogaal.runs.camera import Camera
from sogaal.runs.checkpoint_file import read_checkpoint, write_checkpoint
from sogaal.runs.names import token_of
from sogaal.runs.recorder import Recorder
from sogaal.runs.resuming import resumed
from sogaal.runs.saved import SavedRun
from sogaal.runs.store import RunStore
from sogaal.runs.unpacking import MOST_FILES, check_npz
from sogaal.scaling import Scaler
from sogaal.snapshots import JobState
from sogaal.trust import SeedRankings
from tests.runs.saved import save_population, save_run
from tests.runs.trained import same

OWN = replace(load_dataset("onecluster"), name="own table", id_name="row", title="Ours")


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> tuple[RunStore, str]:
    """A store with one run on a table of its own, with all files that a run may have."""
    store = RunStore(tmp_path_factory.mktemp("runs"))
    identity, trainer = save_run(store, OWN, make_config("post", stop_epochs=6), tags=["one"], note="<b>\n")
    folder = store.get(identity).folder
    with store.writer(identity) as writer:
        writer.update(summary={**writer.record.summary, "run": identity})
    write_checkpoint(folder / "checkpoint.safetensors", trainer.state_dict(), token_of(identity))
    (folder / "scores.csv").write_bytes(store.get(identity).scores_csv())
    store.keep_rankings(identity, "end", rankings(store.get(identity)))
    events = RunEvents(folder, trainer.config, OWN.name, "minmax")
    events.add(trainer.history.view(), trainer.batches)
    events.finish(trainer.summary())
    events.close()
    (folder / "of-mine.txt").write_text("no file of a run")
    return store, identity


def rankings(run: SavedRun) -> SeedRankings:
    """What two more seeds rank, beside the run itself."""
    setup = run.setup()
    X = setup.scaler.transform(setup.dataset.X)
    others = [Trainer(X, setup.config.replace(seed=seed)).fit().scores(at="end") for seed in (1, 2)]
    logits = np.stack([run.result().logits_end, *others]).astype(np.float32)
    return SeedRankings((setup.config.seed, 1, 2), logits, ("seed 3: it diverged.",), top=7)


@pytest.fixture
def archive(saved: tuple[RunStore, str], tmp_path: Path) -> Path:
    store, identity = saved
    export_zip(store.get(identity), tmp_path / "run.zip")
    return tmp_path / "run.zip"


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "run.json"}


def untouched(root: Path) -> bool:
    """Whether there is nothing in a store but locks."""
    return not [path for path in root.rglob("*") if path.is_file() and path.suffix != ".lock"]


def test_a_run_comes_back_with_its_table_and_scores_the_same(saved: tuple[RunStore, str], archive: Path,
                                                             tmp_path: Path) -> None:  # fmt: skip
    store, identity = saved
    other = RunStore(tmp_path / "other")
    imported = import_zip(other, archive)
    assert (imported.record.id, imported.already, imported.renamed) == (identity, False, None)
    one, two = store.get(identity), other.get(identity)
    assert two.record == one.record
    mine = contents(one.folder)
    del mine["of-mine.txt"]
    assert contents(two.folder) == mine
    assert len(mine) == 7
    there = two.rankings("end")
    assert np.array_equal(there.logits, one.rankings("end").logits)
    assert (there.seeds, there.failed, there.top) == ((0, 1, 2), ("seed 3: it diverged.",), 7)
    assert two.rankings("stop") is None
    table = two.dataset()
    assert (table.name, table.title, table.id_name, table.fingerprint) == ("own table", "Ours", "row", OWN.fingerprint)
    assert np.array_equal(two.model().score_samples(table.X), one.model().score_samples(OWN.X))
    assert np.array_equal(two.result().logits_end, one.result().logits_end)


def test_the_archive_is_one_folder_that_any_program_unpacks(archive: Path, saved: tuple[RunStore, str],
                                                            tmp_path: Path) -> None:  # fmt: skip
    with zipfile.ZipFile(archive) as file:
        assert file.testzip() is None
        file.extractall(tmp_path / "by hand")
    (folder,) = (tmp_path / "by hand").iterdir()
    assert folder.name == saved[1]
    assert (folder / "run.json").read_bytes() == (saved[0].root / saved[1] / "run.json").read_bytes()


def test_a_run_that_is_there_is_not_taken_twice(archive: Path, tmp_path: Path) -> None:
    store = RunStore(tmp_path / "other")
    first = import_zip(store, archive)
    again = import_zip(store, archive)
    assert again.already
    assert again.record == first.record
    assert len(store.entries()) == 1


@pytest.mark.parametrize("change", ["note", "file", "trash"])
def test_another_run_of_that_id_gets_its_own(archive: Path, tmp_path: Path, change: str) -> None:
    store = RunStore(tmp_path / "other")
    first = import_zip(store, archive).record
    if change == "note":
        store.annotate(first.id, note="mine")
    elif change == "file":
        (store.get(first.id).folder / "scores.csv").write_bytes(b"id,outlier_score,rank,flag\n")
    else:
        store.trash([first.id])
    second = import_zip(store, archive)
    assert not second.already
    assert second.renamed == first.id
    assert second.record.id != first.id
    assert second.record.id[:-12] == first.id[:-12]
    assert second.record.summary["run"] == second.record.id
    run = store.get(second.record.id)
    state = read_checkpoint(run.folder / "checkpoint.safetensors", token_of(run.id))
    with zipfile.ZipFile(archive) as file:
        (tmp_path / "old").write_bytes(file.read(f"{first.id}/checkpoint.safetensors"))
    assert same(state, read_checkpoint(tmp_path / "old", token_of(first.id)))
    assert run.dataset().fingerprint == OWN.fingerprint
    if change == "trash":
        assert store.restore([first.id]) == [first.id]


def test_several_runs_travel_in_one_archive(saved: tuple[RunStore, str], tmp_path: Path) -> None:
    store = RunStore(tmp_path / "here")
    data = load_dataset("onecluster")
    runs = [store.get(save_run(store, data, make_config("post", stop_epochs=3, seed=seed))[0]) for seed in (1, 2)]
    runs.append(saved[0].get(saved[1]))
    export_zips(runs, tmp_path / "runs.zip")
    with zipfile.ZipFile(tmp_path / "runs.zip") as file:
        assert {name.partition("/")[0] for name in file.namelist()} == {run.id for run in runs}
    other = RunStore(tmp_path / "other")
    imported = import_zips(other, tmp_path / "runs.zip")
    assert [one.record for one in imported] == [run.record for run in runs]
    assert other.get(runs[2].id).dataset().fingerprint == OWN.fingerprint
    other.annotate(runs[0].id, note="mine")
    again = import_zips(other, tmp_path / "runs.zip")
    assert [(one.already, one.renamed) for one in again] == [(False, runs[0].id), (True, None), (True, None)]
    with pytest.raises(RunError, match="must be of one run, and is of 3"):
        import_zip(other, tmp_path / "runs.zip")


def test_of_several_runs_all_are_taken_or_none(archive: Path, tmp_path: Path) -> None:
    other = "20261124-231502-onecluster-so-gaal-aaaaaaaaaaaa"

    def second(sink: zipfile.ZipFile, files: dict[str, bytes]) -> None:
        run = next(iter(files)).partition("/")[0]
        for name in ("run.json", "history.csv"):
            sink.writestr(f"{other}/{name}", files[f"{run}/{name}"].replace(run.encode(), other.encode()))

    good = rewritten(archive, second)
    assert len(import_zips(RunStore(tmp_path / "good"), good)) == 2

    def damaged(sink: zipfile.ZipFile, files: dict[str, bytes]) -> None:
        second(sink, files)
        sink.writestr(f"{other}/model.safetensors", b"x" * 40)

    store = RunStore(tmp_path / "other")
    with pytest.raises(RunError, match="model.safetensors: the file must be a model"):
        import_zips(store, rewritten(archive, damaged))
    assert untouched(store.root)


def test_what_cannot_be_written_is_taken_back(archive: Path, tmp_path: Path) -> None:
    """The second run meets a folder of its name that no run can be put into: the first does not stay alone."""
    second = "20261124-231502-onecluster-so-gaal-aaaaaaaaaaaa"

    def both(sink: zipfile.ZipFile, files: dict[str, bytes]) -> None:
        run = next(iter(files)).partition("/")[0]
        sink.writestr(f"{second}/run.json", files[f"{run}/run.json"].replace(run.encode(), second.encode()))

    store = RunStore(tmp_path / "other")
    (store.root / f".new-{second}").parent.mkdir()
    (store.root / f".new-{second}").write_text("in the way")
    with pytest.raises(RunError, match="cannot be saved"):
        import_zips(store, rewritten(archive, both))
    assert store.entries() == []
    assert store.trashed() == []


def test_a_members_run_follows_its_population(tmp_path: Path) -> None:
    store, data = RunStore(tmp_path / "here"), load_dataset("onecluster")
    config = make_config("post", stop_epochs=2)
    outcome = RunOutcome(0, config, summary=Trainer(data.X, config, data.y).fit().summary())
    many = save_population(store, data, config, Scaler.fit(data.X), [outcome], kind="race", title="a race")
    with store.create(data, config, Scaler.fit(data.X), title="a run", parent=many.id) as writer:
        child = writer.id
    export_zips([store.get(child), store.get(many.id)], tmp_path / "both.zip")
    other = RunStore(tmp_path / "other")
    import_zips(other, tmp_path / "both.zip")
    assert other.get(child).record.parent == many.id
    for run in (child, many.id):
        other.annotate(run, note="mine")
    run, population = import_zips(other, tmp_path / "both.zip")
    assert population.renamed == many.id
    assert run.record.parent == population.record.id != many.id


def test_an_imported_run_goes_on_from_its_checkpoint(saved: tuple[RunStore, str], tmp_path: Path) -> None:
    """Exported in the middle of its training, it ends elsewhere bit for bit."""
    whole = saved[0].get(saved[1])
    store, other = RunStore(tmp_path / "here"), RunStore(tmp_path / "there")
    setup = whole.setup()
    trainer = Trainer(setup.scaler.transform(OWN.X), setup.config, OWN.y)
    camera = Camera(trainer)
    recorder = Recorder.begin(store, OWN, setup.config, setup.scaler, trainer, title="half")
    trainer.advance(trainer.total_steps // 2)
    recorder.finish(JobState.INTERRUPTED, trainer, camera.keeper)
    export_zip(store.get(recorder.id), tmp_path / "half.zip")
    import_zip(other, tmp_path / "half.zip")
    again = resumed(other, recorder.id)
    assert again.trainer.step == trainer.total_steps // 2
    again.trainer.fit()
    again.recorder.finish(JobState.COMPLETED, again.trainer, again.camera.keeper)
    ended = other.get(recorder.id)
    assert ended.record.state == JobState.COMPLETED
    for name in ("d_loss", "g_loss", "auc"):
        mine, theirs = (getattr(run.history()[0].view(), name) for run in (ended, whole))
        assert mine.tobytes() == theirs.tobytes()


# -- what is refused ---------------------------------------------------------------------------------------------------


def rewritten(archive: Path, change: Callable[[zipfile.ZipFile, dict[str, bytes]], None]) -> Path:
    """The archive with other entries; ``change`` may alter the contents or write entries of its own."""
    target = archive.with_name("changed.zip")
    with zipfile.ZipFile(archive) as source:
        files = {name: source.read(name) for name in source.namelist()}
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as sink:
        change(sink, files)
        for name, content in files.items():
            sink.writestr(name, content)
    return target


def add(name: str, content: bytes = b"x", mode: int = stat.S_IFREG) -> Callable[..., None]:
    def change(sink: zipfile.ZipFile, files: dict[str, bytes]) -> None:
        folder = next(iter(files)).partition("/")[0]
        entry = zipfile.ZipInfo("placeholder")
        entry.filename = entry.orig_filename = name.replace("ID", folder)
        entry.external_attr = (mode | 0o777) << 16
        sink.writestr(entry, content)

    return change


def replaced(name: str, content: bytes | None) -> Callable[..., None]:
    def change(_sink: zipfile.ZipFile, files: dict[str, bytes]) -> None:
        path = next(one for one in files if one.endswith(f"/{name}"))
        if content is None:
            del files[path]
        else:
            files[path] = content

    return change


def bytes_of_npz(**arrays: np.ndarray) -> bytes:
    content = io.BytesIO()
    np.savez(content, **arrays)
    return content.getvalue()


REFUSED = {
    "above": (add("ID/../../evil.txt"), "leads elsewhere"),
    "dots": (add("ID/.."), "leads elsewhere"),
    "absolute": (add("/etc/cron.d/evil"), "leads elsewhere"),
    "drive": (add("C:/evil"), "leads elsewhere"),
    "backslash": (add("ID\\..\\evil"), "leads elsewhere"),
    "stream": (add("ID/run.json:evil"), "leads elsewhere"),
    "deeper": (add("ID/deep/history.csv"), "leads elsewhere"),
    "not in a folder": (add("history.csv"), "leads elsewhere"),
    "link": (add("ID/members.csv", b"/etc/passwd", stat.S_IFLNK), "must be an ordinary file"),
    "device": (add("ID/members.csv", b"", stat.S_IFCHR), "must be an ordinary file"),
    "another folder": (add("notes/history.csv"), "must lie in a folder with the id"),
    "two runs": (add("20261124-231502-wine-so-gaal-aaaaaaaaaaaa/history.csv"), "there must be a run.json in 20261124"),
    "foreign": (add("ID/evil.py"), "'.*evil.py' is no file of a run"),
    "hidden": (add("ID/.hidden"), "is no file of a run"),
    "no record": (replaced("run.json", None), "there must be a run.json"),
    "another program's record": (replaced("run.json", b"{}"), "run.json: the record"),
    "damaged history": (replaced("history.csv", b"step,loss\n1,2\n"), "history.csv: the history must begin"),
    "damaged frames": (replaced("frames.npz", b"PK"), "frames.npz: the arrays are damaged"),
    "another's frames": (replaced("frames.npz", bytes_of_npz(a=np.zeros(3))), "frames.npz: the frames are damaged"),
    "another's rankings": (replaced("trust_end.npz", bytes_of_npz(a=np.zeros(3))), "trust_end.npz: the rankings"),
    "rankings of other rows": (
        replaced(
            "trust_end.npz",
            bytes_of_npz(
                seeds=np.arange(2), logits=np.zeros((2, 3), np.float32), top=np.int64(1), failed=np.array((), np.str_)
            ),
        ),
        "trust_end.npz: the rankings of other seeds are damaged",
    ),
    "pickled rankings": (
        replaced("trust_end.npz", bytes_of_npz(a=np.array([{}], dtype=object))), "trust_end.npz: the array 'a.npy'"
    ),
    "pickled": (replaced("frames.npz", bytes_of_npz(a=np.array([{}], dtype=object))), "frames.npz: the array 'a.npy'"),
    "damaged model": (replaced("model.safetensors", b"x" * 40), "model.safetensors: the file must be a model"),
    "another's checkpoint": (replaced("checkpoint.safetensors", b"x" * 40), "the checkpoint is damaged"),
    "no scores": (replaced("scores.csv", b"<html>"), "scores.csv: the scores must begin"),
    "no members": (add("ID/members.csv", b"a\n1\n"), "members.csv: the members are damaged"),
    "no events": (add("ID/events.out.tfevents.1.sogaal", b"x" * 99), "must hold TensorBoard's events"),
    "damaged table": (replaced("table.npz", bytes_of_npz(X=np.zeros((20, 2)))), "table.npz: the table is damaged"),
    "many": (lambda sink, _files: [sink.writestr(f"f/{i}", b"") for i in range(MOST_FILES + 1)], "at most 40 files"),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_what_is_no_run_is_refused_and_leaves_nothing(archive: Path, tmp_path: Path, what: str) -> None:
    change, message = REFUSED[what]
    bad = rewritten(archive, change)
    store = RunStore(tmp_path / "inner" / "other")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(RunError, match=message) as caught:
        import_zip(store, bad)
    assert str(caught.value).startswith(f"{bad}: ")
    assert "sogaal-import" not in str(caught.value)
    assert untouched(store.root)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_is_there_twice_is_refused(archive: Path, tmp_path: Path) -> None:
    bad = rewritten(archive, add("ID/scores.csv", b"id,\n"))
    with pytest.raises(RunError, match="scores.csv' must be there once"):
        import_zip(RunStore(tmp_path / "other"), bad)


def test_a_bomb_is_refused_by_what_it_says_and_by_what_it_does(archive: Path, tmp_path: Path) -> None:
    store = RunStore(tmp_path / "other")
    bomb = rewritten(archive, replaced("scores.csv", b"id," + b"\0" * 50_000_000))
    assert bomb.stat().st_size < 2_000_000
    with pytest.raises(RunError, match=r"must hold at most 10 MB, and holds 4\d.\d MB"):
        import_zip(store, bomb, most_bytes=10 * 2**20)
    content = bytearray(bomb.read_bytes())
    with zipfile.ZipFile(bomb) as file:
        start = file.start_dir
    size = 50_000_003
    # The directory and the header of the file itself say that it is small.
    where = content.index(struct.pack("<L", size), start)
    content[where : where + 4] = struct.pack("<L", 10)
    bomb.write_bytes(content)
    with pytest.raises(RunError, match="larger than it says|damaged"):
        import_zip(store, bomb, most_bytes=10 * 2**20)
    assert untouched(store.root)


def test_arrays_that_promise_more_than_they_have_are_refused(tmp_path: Path) -> None:
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f4", "fortran_order": False, "shape": (10**13, 2)})
    path = tmp_path / "bomb.npz"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("X.npy", header.getvalue())
    with pytest.raises(RunError, match="'X.npy' is not as large as it says"):
        check_npz(path)
    path.write_bytes(bytes_of_npz(X=np.zeros(1000)))
    check_npz(path)
    with pytest.raises(RunError, match="at most 1 kB"):
        check_npz(path, 1024)


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x05\x06" + bytes(18), None])
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "run.zip"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(RunError, match="run.zip: "):
        import_zip(RunStore(tmp_path / "other"), path)


@pytest.mark.parametrize("cut", [10, 1000, 20_000, -30])
def test_a_torn_archive_is_refused(archive: Path, tmp_path: Path, cut: int) -> None:
    torn = tmp_path / "torn.zip"
    torn.write_bytes(archive.read_bytes()[:cut])
    with pytest.raises(RunError, match="torn.zip: "):
        import_zip(RunStore(tmp_path / "other"), torn)
    assert untouched(tmp_path / "other")


def test_any_changed_byte_is_refused_or_harmless(archive: Path, tmp_path: Path) -> None:
    content = archive.read_bytes()
    rng = np.random.default_rng(0)
    store = RunStore(tmp_path / "other")
    refused = 0
    for place in rng.integers(0, len(content), 60).tolist():
        changed = bytearray(content)
        changed[place] ^= 1 << int(rng.integers(0, 8))
        (tmp_path / "changed.zip").write_bytes(changed)
        try:
            import_zip(store, tmp_path / "changed.zip")
        except RunError:
            refused += 1
    assert refused > 50
    assert all(hasattr(entry, "state") for entry in store.entries())
