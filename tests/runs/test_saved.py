import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sogaal import load_dataset
from sogaal.cli.training import Training
from sogaal.config import make_config
from sogaal.errors import RunError
from sogaal.metrics import roc_auc
from sogaal.runs.store import RunStore
from sogaal.snapshots import JobState
from tests.runs.saved import save_run
from tests.runs.test_store import create
from tests.runs.trained import same

SHIPPED = load_dataset("onecluster")
OWN = replace(SHIPPED, name="own", ids=np.array([f"row {i}" for i in range(SHIPPED.n)]), title="My own")


@pytest.mark.parametrize("dataset", [SHIPPED, OWN], ids=["shipped", "own"])
@pytest.mark.parametrize("algorithm", ["so-gaal", "mo-gaal"])
def test_a_run_reads_back_as_it_was(tmp_path: Path, dataset, algorithm: str) -> None:
    config = make_config("post", stop_epochs=4, algorithm=algorithm, k=3)
    run_id, trainer = save_run(RunStore(tmp_path), dataset, config)
    run = RunStore(tmp_path).get(run_id)
    assert same(run.history()[0].to_arrays(), trainer.history.to_arrays())
    again = run.dataset()
    assert (again.name, again.title, again.fingerprint) == (dataset.name, dataset.title, dataset.fingerprint)
    assert again.ids.tolist() == dataset.ids.tolist()
    assert run.config == config
    assert run.record.scaler.transform(again.X).tobytes() == trainer.X.tobytes()
    assert run.files == ("frames.npz", "history.csv", "model.safetensors", "run.json")


def test_the_result_is_that_of_a_job(tmp_path: Path) -> None:
    run_id, trainer = save_run(RunStore(tmp_path), SHIPPED)
    result = RunStore(tmp_path).get(run_id).result()
    assert result is not None
    for logits, at in ((result.logits_end, "end"), (result.logits_stop, "stop")):
        assert logits is not None
        assert logits.dtype == np.float32
        np.testing.assert_allclose(logits, trainer.scores(at=at), rtol=1e-4, atol=1e-5)
        assert not logits.flags.writeable
    assert result.complete
    assert result.summary == trainer.summary()
    assert roc_auc(result.logits_end, SHIPPED.y) == pytest.approx(result.summary["auc_final"], abs=1e-3)
    assert result.frame_stop is not None
    assert result.frame_stop.step == trainer.stop_step
    assert result.frames[-1].step == trainer.step


def test_the_summary_has_the_keys_of_the_command(tmp_path: Path) -> None:
    run_id, trainer = save_run(RunStore(tmp_path), SHIPPED)
    command = Training.prepare("onecluster", trainer.config, "minmax", None, None, 2**30)
    command.trainer.fit()
    told = json.loads(command.json())
    saved = RunStore(tmp_path).get(run_id).record.summary
    assert list(saved) == list(told)
    assert {**saved, "seconds": 0} == {**told, "seconds": 0}


def test_before_anything_is_written_there_is_nothing_to_see(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    with create(store) as writer:
        run = store.get(writer.id)
        assert run.history()[0].view().steps == 0
        assert run.frames() == ()
        assert run.members() == ()
        assert run.result() is None
        with pytest.raises(RunError, match="has no trained model"):
            run.model()


def test_scores_are_made_where_none_were_written(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    run_id, trainer = save_run(store, OWN)
    rows = list(csv.DictReader(io.StringIO(store.get(run_id).scores_csv().decode())))
    assert [row["id"] for row in rows] == OWN.ids.tolist()
    assert min(rows, key=lambda row: int(row["rank"]))["id"] == OWN.ids[trainer.scores(at="end").argmin()]
    (tmp_path / run_id / "scores.csv").write_bytes(b"as they were")
    assert store.get(run_id).scores_csv() == b"as they were"


@pytest.mark.parametrize("name", ["history.csv", "frames.npz", "model.safetensors"])
def test_a_damaged_file_is_named(tmp_path: Path, name: str) -> None:
    store = RunStore(tmp_path)
    run_id, _ = save_run(store, SHIPPED)
    (tmp_path / run_id / name).write_bytes(b"nonsense\n")
    run = store.get(run_id)
    reads = {"history.csv": run.history, "frames.npz": run.frames, "model.safetensors": run.result}
    with pytest.raises(RunError, match=name):
        reads[name]()


def test_a_link_is_no_file_of_a_run(tmp_path: Path) -> None:
    store = RunStore(tmp_path / "runs")
    with create(store) as writer:
        (tmp_path / "secret").write_text("step\n")
        (writer.folder / "history.csv").symlink_to(tmp_path / "secret")
        (writer.folder / "scores.csv").symlink_to(tmp_path / "secret")
        run = store.get(writer.id)
        assert run.files == ("run.json",)
        assert run.history()[0].view().steps == 0
        assert run.file("../../secret") is None
        with pytest.raises(RunError, match="no trained model"):
            run.scores_csv()


def test_a_table_that_is_gone_is_told(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    run_id, _ = save_run(store, OWN)
    (table,) = tmp_path.glob(".data/*/table.npz")
    table.write_bytes(table.read_bytes()[:-100])
    with pytest.raises(RunError, match="the table of the run is not there: .*table.npz: the table is damaged"):
        store.get(run_id).result()
    table.unlink()
    with pytest.raises(RunError, match="table.npz: the table is missing"):
        store.get(run_id).dataset()
    save_run(store, OWN)  # which brings it again
    assert store.get(run_id).dataset().fingerprint == OWN.fingerprint


def test_a_record_cannot_have_any_file_read(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    run_id, _ = save_run(store, SHIPPED)
    path = tmp_path / run_id / "run.json"
    own = tmp_path / "own.csv"
    own.write_text("a,b\n" + "\n".join(f"{i},{i * i}" for i in range(20)))
    found = json.loads(path.read_text())
    found["dataset"] |= {"name": str(own), "fingerprint": load_dataset(own).fingerprint}
    path.write_text(json.dumps(found))
    with pytest.raises(RunError, match="table that comes with the program"):
        store.get(run_id).dataset()


def test_a_failed_run_has_no_result(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    run_id, _ = save_run(store, SHIPPED)
    with store.writer(run_id) as writer:
        writer.update(state=JobState.FAILED, message="Training diverged.")
    assert store.get(run_id).result() is None
