"""How long listing many saved runs takes: the first time, in a new process after that, and while one of them changes.

    python benchmarks/runs.py [--runs 5000]

The records are real ones of runs on the shipped tables, each in a folder of its own on the disk of --folder.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sogaal.config import make_config
from sogaal.data import list_datasets, load_dataset
from sogaal.runs.names import new_token, run_id
from sogaal.runs.record import DatasetRef, RunRecord
from sogaal.runs.store import RunStore
from sogaal.runs.summary import NUMBERS, run_summary, versions
from sogaal.scaling import Scaler
from sogaal.snapshots import JobState

LIST = """
import sys, time
from sogaal.runs.store import RunStore
store = RunStore(sys.argv[1])
for _ in range(2):
    started, worked = time.perf_counter(), time.process_time()
    count = len(store.entries())
    print(f"{time.perf_counter() - started:.2f} s ({time.process_time() - worked:.2f} s of work)", count, sep=",")
"""


def make_runs(root: Path, count: int) -> list[str]:
    """Write the records; returns the ids."""
    tables = [load_dataset(name) for name in list_datasets()]
    scalers = [Scaler.fit(table.X, "minmax", table.feature_names) for table in tables]
    numbers = dict.fromkeys(NUMBERS, 0.123456789012345) | {"steps": 4321}
    ids = []
    for number in range(count):
        table, scaler = tables[number % len(tables)], scalers[number % len(tables)]
        config = make_config("post", seed=number, lr_d=0.01 + number / 1e6)
        created = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=number)
        summary = run_summary(table, config, scaler, 300, numbers)
        record = RunRecord(
            id=run_id(created, table.name, config.algorithm, new_token()),
            title=f"{table.name} · SO-GAAL · seed {number}",
            state=JobState.COMPLETED if number % 10 else JobState.RUNNING,
            created=created,
            config=config,
            dataset=DatasetRef.of(table, None),
            scaling=scaler.to_dict(),
            device="cpu",
            versions=versions(),
            summary=summary,
            tags=("a tag",),
            auc_curve=tuple(round(0.5 + 0.01 * i + number / 1e5, 4) for i in range(40)),
            diagnosis=({"kind": "healthy", "title": "Healthy", "severity": "good", "evidence": "..." * 30},),
        )
        (root / record.id).mkdir()
        (root / record.id / "run.json").write_bytes(record.to_json())
        ids.append(record.id)
    return ids


def listed(what: str, root: Path) -> None:
    """List in a new process, twice, and say how long it took."""
    done = subprocess.run([sys.executable, "-c", LIST, str(root)], capture_output=True, text=True, check=True)
    (first, count), (second, _) = (line.split(",") for line in done.stdout.splitlines())
    print(f"{what:44} {count} runs: {first}, and again in the same process: {second}")


def main() -> None:
    """Make runs in a temporary folder and list them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5000)
    parser.add_argument("--folder", type=Path, default=None, help="where to make them, None = a temporary folder")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        root = Path(folder)
        ids = make_runs(root, arguments.runs)
        time.sleep(1.1)  # a record that was written just now is read again each time
        listed("the first time", root)
        print(f"{'':44} the index has {(root / '.index.json').stat().st_size / 2**20:.1f} MiB")
        listed("after that", root)
        store = RunStore(root)
        store.entries()
        for run in ids[:50]:
            store.annotate(run, name="changed")
        listed("after 50 of them changed", root)
        started = time.perf_counter()
        store.annotate(ids[0], note="again")
        annotated = time.perf_counter()
        store.entries()
        print(
            f"to change one: {annotated - started:.3f} s; to list after that: {time.perf_counter() - annotated:.3f} s"
        )


if __name__ == "__main__":
    main()
