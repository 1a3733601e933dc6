"""Kills populations at random moments and looks at what they left. A program of its own:

    python -m tests.runs.population_kills NUMBER FOLDER

Each time a process that is forked here trains a race, a spread by the pool of processes, or an ensemble, and is killed
with SIGKILL. Prints one JSON object: of how many there were members, and how many had none.
"""

import json
import os
import random
import signal
import sys
import time
from pathlib import Path

import torch

from sogaal import Trainer, load_dataset
from sogaal.cli.ensemble import EnsembleTraining
from sogaal.config import make_config
from sogaal.populations import Populations, spread_plan
from sogaal.race import Races, varied
from sogaal.report import report_of
from sogaal.runs import population_recorder
from sogaal.runs.archive import export_zips, import_zip
from sogaal.runs.record import RunRecord
from sogaal.runs.store import RunStore
from sogaal.snapshots import JobState

DATA = load_dataset("onecluster")
BASE = make_config("post", stop_epochs=20)
KINDS = ("spread", "race", "ensemble")
SEEDS = 100
FOREVER = 3600.0


def main(kills: int, root: Path) -> None:
    """Kill ``kills`` times."""
    torch.set_num_threads(1)
    rng = random.Random(kills)
    with_members = without = 0
    for number in range(kills):
        store, kind = RunStore(root / str(number)), KINDS[number % len(KINDS)]
        said = sitting(store, kind, rng.uniform(0.0, 0.4), at_once=number % 4 == 3)
        count = check(store, kind, said)
        with_members, without = with_members + (count > 0), without + (count == 0)
    sys.stdout.write(json.dumps({"kills": kills, "with members": with_members, "without": without}) + "\n")


def sitting(store: RunStore, kind: str, wait: float, at_once: bool) -> list[int]:
    """Train in a process that is killed ``wait`` s after members are on disk, or ``at_once`` after its beginning.

    Returns how many members had ended each time that the process saw its record written.
    """
    source, sink = os.pipe()
    process = os.fork()
    if not process:
        os.close(source)
        train(store, kind, sink)
    os.close(sink)
    with os.fdopen(source) as lines:
        first = [] if at_once else [lines.readline(), lines.readline()]
        time.sleep(wait)
        (running,) = [one for one in store.entries() if isinstance(one, RunRecord)] or [None]
        assert running is None or running.state == JobState.RUNNING, running
        os.kill(process, signal.SIGKILL)
        said = [*first, *(line for line in lines if line.endswith("\n"))]
    _, status = os.waitpid(process, 0)
    assert status == signal.SIGKILL, (status, said)
    return [int(line) for line in said]


def train(store: RunStore, kind: str, sink: int) -> None:
    """In the forked process: train, and say how many members had ended whenever they were written."""
    try:
        population_recorder.WRITE_SECONDS = 0.05
        write = population_recorder.PopulationRecorder._write

        def told(self: population_recorder.PopulationRecorder, members: tuple[object, ...], *others: object) -> None:
            write(self, members, *others)
            if members:
                os.write(sink, f"{len(members)}\n".encode())

        population_recorder.PopulationRecorder._write = told
        if kind == "spread":
            plan = spread_plan(DATA, varied(BASE, "generator_bias", [1e-5, 1.0]), "generator_bias", SEEDS)
            with Populations(workers=1, store=store) as populations:
                populations.submit(plan).wait(FOREVER)
        elif kind == "race":
            long = varied(BASE.replace(stop_epochs=100_000), "generator_bias", [1e-5, 1.0])
            with Races(store=store) as races:
                races.submit(DATA, long).wait(FOREVER)
        else:
            EnsembleTraining.prepare("onecluster", BASE, "minmax", None, None, 10**9, store, 10_000, 1).train()
        os._exit(0)
    except BaseException as error:
        sys.stderr.write(f"{error!r}\n")
        sys.stderr.flush()
        os._exit(1)


def check(store: RunStore, kind: str, said: list[int]) -> int:
    """What a killed population left is sound, can be used, and has what was on disk; returns how many members."""
    entries = store.entries()
    if not entries:
        assert not said  # killed before there was a folder
        return 0
    (record,) = entries
    assert isinstance(record, RunRecord), record
    assert (record.state, record.population.kind) == (JobState.INTERRUPTED, kind)
    run = store.get(record.id)
    members = run.members()
    assert len(members) >= (said[-1] if said else 0)
    assert record.population.count <= len(members) <= record.population.planned
    for member in members:
        assert member.state == (JobState.INTERRUPTED if kind == "race" else JobState.COMPLETED)
    if members and kind != "race":  # the last one ends alone as its line says
        setup = store.member_to_run(record.id, members[-1].index)
        trainer = Trainer(setup.scaler.transform(setup.dataset.X), setup.config, setup.dataset.y).fit()
        assert {**trainer.summary(), "seconds": 0} == {**members[-1].numbers, "seconds": 0}
    page = report_of(run).decode()
    assert "interrupted" in page
    zipped = store.root.with_suffix(".zip")
    export_zips([run], zipped)
    there = RunStore(store.root.with_suffix(".imported"))
    import_zip(there, zipped)
    assert there.get("last").members() == members
    store.trash([record.id])  # nobody holds it any more
    assert store.entries() == []
    return len(members)


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
