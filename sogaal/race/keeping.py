"""What a race leaves in a store of runs: one record, with a table of its set-ups, written while it goes on."""

from collections.abc import Sequence
from datetime import datetime

from sogaal.data import Dataset
from sogaal.outcomes import RunOutcome
from sogaal.race.lanes import Lane
from sogaal.race.setups import Setup, field_title, shown_value
from sogaal.runs.groups import Group
from sogaal.runs.population_recorder import PopulationRecorder
from sogaal.runs.populations import SCALING, varied_fields
from sogaal.runs.store import RunStore
from sogaal.scaling import Scaler
from sogaal.snapshots import JobState


def record_race(
    store: RunStore, dataset: Dataset, setups: Sequence[Setup], state: JobState, created: datetime, token: str
) -> PopulationRecorder:
    """Record a race from now on; ``token``: of the record."""
    first = setups[0]
    group = Group(
        dataset,
        first.config,
        Scaler.fit(dataset.X, first.scaling, dataset.feature_names),
        [setup.config for setup in setups],
        "race",
        race_title(dataset, setups),
        {number: setup.scaling for number, setup in enumerate(setups)},
    )
    return PopulationRecorder(store, group, created, token, state)


def put_lanes(recorder: PopulationRecorder, lanes: Sequence[Lane], state: JobState) -> None:
    """Note how far the set-ups of a race are, which is in ``state``; nothing before the first step."""
    if not any(lane.trainer.step for lane in lanes):
        return
    for number, lane in enumerate(lanes):
        summary, message = lane.trainer.summary(), lane.message or None
        outcome = RunOutcome(number, lane.setup.config, summary=summary, diverged=message)
        recorder.put(outcome, None if lane.trainer.step == lane.trainer.total_steps else state)


def race_title(dataset: Dataset, setups: Sequence[Setup]) -> str:
    """What tells a race from others, in a line: table, what differs with its values, seed."""
    values = {name: [getattr(setup.config, name) for setup in setups]
              for name in varied_fields(setups[0].config, [setup.config for setup in setups])}  # fmt: skip
    if len({setup.scaling for setup in setups}) > 1:
        values[SCALING] = [setup.scaling for setup in setups]
    parts = [f"{field_title(name)} ({', '.join(map(shown_value, found))})" for name, found in values.items()]
    return " · ".join([dataset.name, f"race over {', '.join(parts)}", f"seed {setups[0].config.seed}"])
