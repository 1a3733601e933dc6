"""A race: two to four set-ups on one table, stepping in turn in one background thread, shown and controlled together.

    races = Races(registry.turns)
    race = races.submit(load_dataset("onecluster"), READY["bias"].setups(seed=3))
    race.snapshot().lanes[0].history      # at any time, from any thread
    race.pause(); race.step(); race.resume(); race.set_speed(100); race.stop()

Each set-up has its own trainer, whose random numbers depend on its seed and step alone: it ends bit for bit as it
would without the others.
"""

import atexit
import logging
import threading
import time
import traceback
import weakref
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

import torch

from sogaal.data import Dataset
from sogaal.errors import ConfigError, SogaalError, failure_message
from sogaal.job import PUBLISH_SECONDS, PUBLISH_SHARE
from sogaal.orders import Ordered, Orders
from sogaal.pacing import Pace, SpeedMeter, Turns, TurnSize, checked_speed
from sogaal.race.keeping import put_lanes, record_race
from sogaal.race.lanes import Lane, LaneView
from sogaal.race.setups import FEWEST, MOST, Setup
from sogaal.runs.population_recorder import Recorded
from sogaal.runs.store import RunStore
from sogaal.snapshots import JobState

# Frames are kept no more often, where that costs a whole race none of those that it keeps.
FRAME_SECONDS = 0.01
MAX_ACTIVE = 8
MAX_ENDED = 12
SHUTDOWN_SECONDS = 10.0

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class RaceSnapshot:
    """A race at one moment. ``step``: that of the set-up that has come furthest; ``lanes``: in the order given, empty
    until the tables are prepared. ``message``: one line for people; why, for a race that failed."""

    version: int
    state: JobState
    step: int
    total_steps: int
    steps_per_second: float
    seconds_left: float | None
    message: str
    lanes: tuple[LaneView, ...]


class Race(Ordered, Recorded):
    """Several set-ups in one thread. Made by :meth:`Races.submit`.

    ``id``: short, fit for an address. ``speed`` and :meth:`step` count steps of each set-up.
    """

    def __init__(
        self,
        dataset: Dataset,
        setups: Sequence[Setup],
        speed: float | None,
        paused: bool,
        turns: Turns,
        store: RunStore | None = None,
    ) -> None:
        self.id = uuid4().hex[:12]
        super().__init__(f"sogaal-race-{self.id}", speed, paused)
        self.dataset = dataset
        self.setups = tuple(setups)
        self.created = datetime.now(UTC)
        self.traceback: str | None = None
        self._turns = turns
        self._store = store
        total = max(setup.config.total_steps(dataset.n) for setup in setups)
        state = JobState.PAUSED if paused else JobState.RUNNING
        self._snapshot = RaceSnapshot(1, state, 0, total, 0.0, None, "Preparing the table.", ())

    def snapshot(self) -> RaceSnapshot:
        """The newest snapshot; takes no lock and no time."""
        return self._snapshot

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def publish(self, **changes: Any) -> None:
        """Make the next snapshot: the last one with ``changes``."""
        with self._lock:
            self._snapshot = replace(self._snapshot, version=self._snapshot.version + 1, **changes)

    def begin_record(self) -> None:
        """Record the race from now on, if there is a store for it."""
        if self._store is not None:
            state = self.snapshot().state
            self._recorder = record_race(self._store, self.dataset, self.setups, state, self.created, self.id)

    def keep(self, lanes: Sequence[Lane], state: JobState) -> None:
        """Have the record say how far the set-ups are."""
        if self._recorder is not None:
            put_lanes(self._recorder, lanes, state)
            self._recorder.tell(state)

    def end_record(self, lanes: Sequence[Lane], state: JobState, message: str) -> None:
        """Have the record end; what fails there costs no result."""
        if self._recorder is not None:
            complete = state == JobState.COMPLETED
            put_lanes(self._recorder, lanes, JobState.COMPLETED if complete else JobState.STOPPED)
            self._recorder.finish(None if complete else state, message)

    # -- the thread ----------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            torch.set_num_threads(1)  # more make steps of small networks many times slower on a busy machine
            _Running(self, self._turns).run()
        except Exception as error:
            self.traceback = "".join(traceback.format_exception(error))
            level = logging.INFO if isinstance(error, SogaalError) else logging.ERROR
            _logger.log(level, "Race %s failed: %s", self.id, self.traceback)
            self.publish(state=JobState.FAILED, message=failure_message(error), steps_per_second=0.0, seconds_left=None)
        finally:
            self._ended.set()


class _Running:
    """What the thread of a race does; its attributes belong to that thread alone."""

    def __init__(self, race: Race, turns: Turns) -> None:
        self._race = race
        self._lanes = [Lane(race.dataset, setup) for setup in race.setups]
        self._total = max(lane.trainer.total_steps for lane in self._lanes)
        now = time.monotonic()
        self._step = 0
        self._turn = turns.join(race.wake)
        self._size = TurnSize()
        self._pace = Pace(race.take_orders().speed, now)
        self._meter = SpeedMeter()
        self._meter.restart(now, 0)
        self._publish_at = self._frame_at = now
        self._unpublished = False

    def run(self) -> None:
        """Train, as ordered, to the end."""
        self._race.begin_record()
        self._publish(message="")
        try:
            state = self._train()
        except Exception as error:
            self._race.end_record(self._lanes, JobState.FAILED, failure_message(error))
            raise
        finally:
            self._turn.leave()
        message = "Ended with the program." if state == JobState.INTERRUPTED else ""
        complete = state == JobState.COMPLETED
        lanes = tuple(lane.view(ended=True, complete=complete) for lane in self._lanes)
        self._race.end_record(self._lanes, state, message)
        self._race.publish(
            state=state, step=self._step, lanes=lanes, message=message, steps_per_second=0.0, seconds_left=None
        )

    def _train(self) -> JobState:
        race, turn = self._race, self._turn
        while not all(lane.finished for lane in self._lanes):
            orders = race.take_orders()
            if orders.end is not None:
                return orders.end
            self._take_up(orders)
            steps = min(1, orders.single_steps) if orders.paused else self._steps_due()
            if not steps:
                turn.leave()
                self._rest(orders)
            elif turn.request():
                self._advance(steps, orders)
                turn.pass_on()
            else:
                race.rest(None)
        return JobState.COMPLETED

    def _take_up(self, orders: Orders) -> None:
        now = time.monotonic()
        if orders.speed != self._pace.speed:
            self._pace.change(orders.speed)
            self._meter.restart(now, self._step)
        state = JobState.PAUSED if orders.paused else JobState.RUNNING
        if state == self._race.snapshot().state or orders.single_steps:
            return
        if state == JobState.RUNNING:
            self._pace.restart(now)
            self._meter.restart(now, self._step)
        self._publish(state=state)

    def _steps_due(self) -> int:
        # All set-ups stop at the same step, so that what is shown of them is of one moment; and where one of them
        # wants a frame.
        most = self._size.steps
        wanted = min(lane.wanted(self._step) for lane in self._lanes if not lane.finished) - self._step
        return self._pace.steps_due(time.monotonic(), wanted if 0 < wanted <= 1.5 * most else most)

    def _rest(self, orders: Orders) -> None:
        if orders.paused:
            self._race.rest(None)
            return
        now = time.monotonic()
        if self._unpublished and now >= self._publish_at:
            self._publish()
        until = min(self._pace.due_at(), self._publish_at) if self._unpublished else self._pace.due_at()
        self._race.rest(max(0.0, until - now))

    def _advance(self, steps: int, orders: Orders) -> None:
        if orders.paused and self._race.take_single_step() is None:
            return  # resumed meanwhile
        target = min(self._step + steps, self._total)
        started = time.monotonic()
        kept = [lane.advance_to(target) for lane in self._lanes]
        now = time.monotonic()
        done, self._step = target - self._step, target
        self._size.note(done, now - started)
        self._unpublished = True
        if any(kept):
            if now - self._frame_at < FRAME_SECONDS:
                for lane in self._lanes:
                    lane.widen()
            self._frame_at = now
        if orders.paused:
            self._publish(state=JobState.PAUSED)
            return
        self._pace.note(done, now)
        self._meter.note(now, self._step)
        if now >= self._publish_at:
            self._publish()

    def _publish(self, **changes: Any) -> None:
        started = time.monotonic()
        running = changes.get("state", self._race.snapshot().state) == JobState.RUNNING
        speed = self._meter.steps_per_second if running else 0.0
        left = (self._total - self._step) / speed if speed else None
        lanes = tuple(lane.view() for lane in self._lanes)
        seen = {"step": self._step, "steps_per_second": speed, "seconds_left": left, "lanes": lanes}
        self._race.publish(**(seen | changes))
        self._race.keep(self._lanes, self._race.snapshot().state)
        taken = time.monotonic() - started
        self._publish_at = started + max(PUBLISH_SECONDS, taken / PUBLISH_SHARE)
        self._unpublished = False


class Races:
    """The races of a process: up to eight at once, the last dozen that ended remembered; all end with the program.

    ``turns``: the line in which their threads wait, shared with the jobs (None: one of their own). ``store``: where
    each race leaves its record, None = nowhere.
    """

    def __init__(self, turns: Turns | None = None, store: RunStore | None = None) -> None:
        self._turns = Turns() if turns is None else turns
        self._store = store
        self._lock = threading.Lock()
        self._races: dict[str, Race] = {}
        self._closed = False
        _all.add(self)

    def submit(
        self, dataset: Dataset, setups: Sequence[Setup], speed: float | None = None, paused: bool = False
    ) -> Race:
        """Start a race of two to four ``setups`` of one seed on ``dataset``; returns at once.

        Raises :class:`ConfigError` for another number of set-ups, for several seeds, a bad speed, or when too many
        races are under way.
        """
        if not FEWEST <= len(setups) <= MOST:
            raise ConfigError(f"a race must have {FEWEST} to {MOST} set-ups, got {len(setups)}.", field="setups")
        seeds = sorted({setup.config.seed for setup in setups})
        if len(seeds) > 1:
            raise ConfigError(f"seed must be the same for all set-ups of a race, got {seeds}.", field="seed")
        race = Race(dataset, setups, checked_speed(speed), paused, self._turns, self._store)
        with self._lock:
            if self._closed:
                raise RuntimeError("the races were shut down and take no more.")
            ended = [one.id for one in self._races.values() if not one.snapshot().state.active]
            if len(self._races) - len(ended) >= MAX_ACTIVE:
                raise ConfigError(f"at most {MAX_ACTIVE} races can be under way; stop one first.")
            for forgotten in ended[: max(0, len(ended) - MAX_ENDED + 1)]:
                del self._races[forgotten]
            self._races[race.id] = race
            race.start()
        return race

    def get(self, race_id: str) -> Race | None:
        """The race of that id; None if there is none, or it was forgotten."""
        return self._races.get(race_id)

    def shutdown(self, timeout: float = SHUTDOWN_SECONDS) -> bool:
        """End all races and wait for their threads; returns whether all ended within ``timeout`` s. None starts any
        more."""
        with self._lock:
            self._closed = True
            races = list(self._races.values())
        deadline = time.monotonic() + timeout
        for race in races:
            race.end(JobState.INTERRUPTED)
        late = [race.id for race in races if not race.join(max(0.0, deadline - time.monotonic()))]
        return not late

    def __enter__(self) -> Self:
        """The races; they are shut down at the end of the block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Shut down."""
        self.shutdown()


_all: "weakref.WeakSet[Races]" = weakref.WeakSet()


@atexit.register
def _shutdown_all() -> None:
    # A thread that is inside PyTorch while the interpreter goes away would abort the process.
    for races in list(_all):
        races.shutdown()
