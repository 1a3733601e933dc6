"""Recording many runs that belong together: what the thread that trains them does for it, as they end.

    recorder = PopulationRecorder(store, group, created, token)
    for outcome in outcomes:
        recorder.put(outcome)
    recorder.finish(None)

As with a single run the scribe's thread does the writing: first the folder, then ``members.csv`` and the record every
two seconds or so while members end, and all of it at the end. Where that does not work the training goes on,
``problem`` says why, and the scribe tries again: whatever ended meanwhile is written then.
"""

import logging
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sogaal.files import write_atomic
from sogaal.runs.folder import MEMBERS
from sogaal.runs.groups import Group, ended
from sogaal.runs.names import run_id
from sogaal.runs.populations import Member, Outcome, in_order
from sogaal.runs.recorder import FINISH_SECONDS, RETRY_SECONDS, reason
from sogaal.runs.scribe import scribe
from sogaal.runs.store import RunStore
from sogaal.runs.writer import RunWriter
from sogaal.snapshots import JobState

# Between two writings while members end.
WRITE_SECONDS = 2.0
# What they may take of the processor that has the scribe, else they get rarer.
WRITE_SHARE = 0.005

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class _End:
    state: JobState | None
    message: str
    numbers: Mapping[str, Any] | None
    files: Mapping[str, bytes] = field(default_factory=dict)


class PopulationRecorder:
    """Records one population from now on. ``put``, ``tell`` and ``finish`` are its thread's; the rest is anybody's.

    ``id``: of the record. ``record``: the same while there is one on disk, else empty. ``problem``: one line for people
    on why nothing is saved at present, else empty. ``cost``: processor seconds that the writing took in all.
    ``again``: the writer of a record that is there already and goes on, with the members ``known`` so far.
    """

    def __init__(
        self,
        store: RunStore,
        group: Group,
        created: datetime,
        token: str,
        state: JobState = JobState.RUNNING,
        again: RunWriter | None = None,
        known: Iterable[Outcome] = (),
    ) -> None:
        self.id = run_id(created, group.dataset.name, group.config.algorithm, token)
        self.record = "" if again is None else self.id
        self.problem = ""
        self.cost = 0.0
        self._store, self._group, self._created, self._token = store, group, created, token
        self._lock = threading.Lock()
        self._members: dict[int, Member] = {one.index: group.member(one) for one in known}
        self._state = state
        self._changes, self._written = 1, 0  # what there was to write, by number, and what of it was written
        self._end: _End | None = None
        self._writer = again
        self._due_at = 0.0
        self._failed_at: float | None = None
        self._tried = threading.Event()  # the end was written, or could not be
        scribe.add(self)
        scribe.hurry()

    # -- the population's thread ---------------------------------------------------------------------------------------

    def put(self, outcome: Outcome, state: JobState | None = None) -> None:
        """Note a member that has ended; or with a ``state`` one that has not, as it is now. The last word counts."""
        member = self._group.member(outcome, state)
        with self._lock:
            self._members[member.index] = member
            self._changes += 1

    def tell(self, state: JobState) -> None:
        """Note that the population is paused, or goes on."""
        with self._lock:
            self._state = state
            self._changes += 1

    def finish(
        self,
        state: JobState | None,
        message: str = "",
        *,
        numbers: Mapping[str, Any] | None = None,
        files: Mapping[str, bytes] | None = None,
    ) -> None:
        """Hand over the end, and wait until it is written, or could not be. Without any member nothing is left.

        ``state``, ``message``: as of :func:`sogaal.runs.groups.ended`. ``numbers``: as of :meth:`Group.so_far`.
        ``files``: what else is to lie in the folder, by name.
        """
        with self._lock:
            self._end = _End(state, message, numbers, files or {})
            self._changes += 1
        scribe.hurry()
        self._tried.wait(FINISH_SECONDS)

    # -- the scribe's thread -------------------------------------------------------------------------------------------

    def write(self, now: float, last: bool) -> bool:
        """Write what is there, if it is time; see :class:`sogaal.runs.scribe.Author`."""
        end = self._end
        if self._changes == self._written or (now < self._waits_until(end) and not last):
            return False
        started = time.thread_time()
        with self._lock:
            changes, state, end, members = self._changes, self._state, self._end, in_order(self._members.values())
        try:
            self._write(members, state, end)
        except Exception as error:
            self._failed_at = now
            self._say(reason(error, self.id))
            return False
        finally:
            taken = time.thread_time() - started
            self.cost += taken
            self._due_at = now + max(WRITE_SECONDS, taken / WRITE_SHARE)
            if end is not None:
                self._tried.set()
        self._written, self._failed_at = changes, None
        self._say("")
        return end is not None

    def flush(self) -> None:
        """Nothing here is in a hurry; see :class:`sogaal.runs.scribe.Author`."""

    def _waits_until(self, end: _End | None) -> float:
        """When the next writing is due, of :func:`time.monotonic`; an end is at once, but not again and again."""
        if end is not None and not self._tried.is_set():
            return float("-inf")
        return self._due_at if self._failed_at is None else self._failed_at + RETRY_SECONDS

    def _write(self, members: tuple[Member, ...], state: JobState, end: _End | None) -> None:
        if end is not None and not members:
            self._leave_nothing()
            return
        writer = self._opened()
        whole = end is not None and end.state is None
        numbers = None if end is None else end.numbers
        told = {"state": state} | self._group.so_far(members, self.id, numbers, whole)
        if end is not None:
            for name, content in end.files.items():
                write_atomic(writer.folder / name, content)
            told |= ended(members, end.state, end.message)
        write_atomic(writer.folder / MEMBERS, self._group.csv(members))
        writer.update(**told)
        if end is not None:
            writer.close()

    def _opened(self) -> RunWriter:
        """The writer of the folder, which is made; also again, where somebody took it away meanwhile."""
        if self._writer is None:
            self._writer = self._store.begin_population(
                self._group, created=self._created, token=self._token, state=self._state
            )
            self.record = self.id
        elif not self._writer.folder.is_dir():
            self._writer.folder.mkdir()  # but not the folder of all runs: that may be a disk which is not there now
        return self._writer

    def _leave_nothing(self) -> None:
        if self._writer is not None:
            self._store.withdraw(self._writer)
        self.record = ""

    def _say(self, problem: str) -> None:
        if problem and problem != self.problem:
            _logger.warning("Population %s is not being saved at present: %s", self.id, problem)
        self.problem = problem


class Recorded:
    """What is recorded as one population, or not: what its recorder says, if it has one."""

    _recorder: PopulationRecorder | None = None

    @property
    def record(self) -> str:
        """The id of what the store has of it; empty before that is there, and where nothing is kept."""
        return "" if self._recorder is None else self._recorder.record

    @property
    def problem(self) -> str:
        """Why it is not being saved, else empty."""
        return "" if self._recorder is None else self._recorder.problem
