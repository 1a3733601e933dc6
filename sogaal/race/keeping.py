"""What is left of a race in a store of runs: one record, with a table of its set-ups."""

from collections.abc import Sequence
from datetime import datetime

from sogaal.data import Dataset
from sogaal.outcomes import RunOutcome
from sogaal.race.lanes import LaneView
from sogaal.race.setups import field_title, shown_value
from sogaal.runs.populations import SCALING, varied_fields
from sogaal.runs.record import RunRecord
from sogaal.runs.store import RunStore
from sogaal.scaling import Scaler
from sogaal.snapshots import JobState


def keep_race(
    store: RunStore,
    dataset: Dataset,
    lanes: Sequence[LaneView],
    state: JobState,
    message: str,
    created: datetime,
    token: str,
) -> RunRecord | None:
    """Leave a record of a race that has ended in ``state``; None for one that has not done a step.

    ``lanes``: as they are at the end. ``token``: of the record. Raises :class:`sogaal.errors.RunError` or
    :class:`sogaal.errors.DataError` where it cannot be written.
    """
    if not any(lane.step for lane in lanes):
        return None
    first = lanes[0].setup
    return store.keep_population(
        dataset,
        first.config,
        Scaler.fit(dataset.X, first.scaling, dataset.feature_names),
        _outcomes(lanes),
        scalings={number: lane.setup.scaling for number, lane in enumerate(lanes)},
        stopped=[number for number, lane in enumerate(lanes) if lane.step < lane.total_steps],
        kind="race",
        title=race_title(dataset, lanes),
        state=None if state == JobState.COMPLETED else state,
        message=message,
        created=created,
        token=token,
    )


def race_title(dataset: Dataset, lanes: Sequence[LaneView]) -> str:
    """What tells a race from others, in a line: table, what differs with its values, seed."""
    setups = [lane.setup for lane in lanes]
    values = {name: [getattr(setup.config, name) for setup in setups]
              for name in varied_fields(setups[0].config, _outcomes(lanes))}  # fmt: skip
    if len({setup.scaling for setup in setups}) > 1:
        values[SCALING] = [setup.scaling for setup in setups]
    parts = [f"{field_title(name)} ({', '.join(map(shown_value, found))})" for name, found in values.items()]
    return " · ".join([dataset.name, f"race over {', '.join(parts)}", f"seed {setups[0].config.seed}"])


def _outcomes(lanes: Sequence[LaneView]) -> list[RunOutcome]:
    return [
        RunOutcome(number, lane.setup.config, summary=dict(lane.summary), diverged=lane.message or None)
        for number, lane in enumerate(lanes)
    ]
