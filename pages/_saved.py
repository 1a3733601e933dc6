"""Runs on disk: the store of this server, and a saved run as the pages show it."""

import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import streamlit as st

from pages import _server
from pages._shown import Read, Shown
from sogaal.errors import RunError
from sogaal.exports.history import Times
from sogaal.frames import Frame
from sogaal.history import History
from sogaal.jobs import JobResult, JobState, Snapshot
from sogaal.records import DIVERGED
from sogaal.runs.folder import HISTORY
from sogaal.runs.listing import Unreadable
from sogaal.runs.names import is_id, token_of
from sogaal.runs.populations import Member
from sogaal.runs.record import RunRecord
from sogaal.runs.resuming import check_resumable
from sogaal.runs.saved import SavedRun, saved_choice

# So long a list of the runs is good enough for the next click.
FRESH_SECONDS = 2.0


@st.cache_resource
def _listed() -> dict[str, Any]:
    return {"at": float("-inf"), "entries": [], "store": None, "deleted": set()}


def deleted() -> set[str]:
    """Tokens of runs that were deleted here: what is left of them in memory is not to be listed."""
    return _listed()["deleted"]  # type: ignore[no-any-return]


def entries() -> Sequence[RunRecord | Unreadable]:
    """All runs in the folder, newest first, as they were a moment ago; raises :class:`RunError`."""
    listed, store, now = _listed(), _server.store(), time.monotonic()
    if listed["store"] is not store or now - listed["at"] > FRESH_SECONDS:
        listed |= {"entries": store.entries(), "at": now, "store": store}
    return listed["entries"]  # type: ignore[no-any-return]


def changed() -> None:
    """Have the next look at the list read it anew."""
    _listed()["at"] = float("-inf")


def records() -> list[RunRecord]:
    """The runs that can be read, newest first; none where the folder cannot be."""
    try:
        return [entry for entry in entries() if isinstance(entry, RunRecord)]
    except RunError:
        return []


def find(run: str) -> SavedRun | None:
    """A run by its token or id; None where there is none, or it cannot be read."""
    try:
        return _server.store().get(run)
    except RunError:
        return None


def times(run: str) -> Times | None:
    """Steps and the training seconds by then, of a run that is saved; None where nobody knows."""
    saved = find(run)
    path = None if saved is None else saved.file(HISTORY)
    if saved is None or path is None:
        return None
    with suppress(RunError, OSError):
        return _times(str(path), path.stat().st_mtime_ns, saved)
    return None


@st.cache_resource(show_spinner=False, max_entries=32)
def _times(path: str, stamp: int, _saved: SavedRun) -> Times:
    return _saved.history()[1]


def not_resumable(run: str) -> str:
    """Why one cannot go on with a run, or nothing."""
    try:
        record = _server.store().get(run).record
        check_resumable(record)
    except RunError as error:
        return str(error)
    return "It is being trained, by another process." if record.state.active else ""


def shown(run: str) -> Shown:
    """A saved run, to be shown; raises :class:`RunError` where there is none, or no table, or it cannot be read."""
    try:
        saved = _server.store().get(run)
    except RunError:
        if any(isinstance(entry, Unreadable) and token_of(entry.id) == run for entry in entries() if is_id(entry.id)):
            raise
        raise RunError("it is neither in memory nor among the saved runs.") from None
    stamp = (saved.folder / "run.json").stat().st_mtime_ns
    return _read(str(saved.folder), stamp, saved.record.state.value, saved)


@st.cache_resource(show_spinner="Reading the run …", max_entries=16)
def _read(folder: str, stamp: int, state: str, _saved: SavedRun) -> Shown:
    record, dataset = _saved.record, _saved.dataset()
    config, problems = record.config, []
    view = History(config.n_generators).view()
    frames: Sequence[Frame] = ()
    result: JobResult | None = None
    members: Sequence[Member] = ()
    try:
        members = _saved.members()
        view = _saved.history()[0].view()
        frames = _saved.frames()
        result = _saved.result()
    except RunError as error:
        problems.append(str(error))
    steps, total_steps = view.steps, record.total_steps or config.total_steps(dataset.n)
    snapshot = Snapshot(
        job_id=token_of(record.id),
        version=1,
        state=record.state,
        step=steps,
        total_steps=total_steps,
        epoch=steps // config.batches(dataset.n),
        total_epochs=-(-total_steps // config.batches(dataset.n)),
        steps_per_second=0.0,
        seconds_left=None,
        place_in_queue=None,
        message=record.message,
        generator_stopped=record.stop_step is not None and steps >= record.stop_step,
        stop_step=record.stop_step,
        history=view,
        frame=frames[-1] if frames else None,
        result=result,
        choice=saved_choice(record),
    )
    diverged = record.message if record.state == JobState.FAILED and record.message.startswith(DIVERGED) else ""
    read = Read(snapshot, frames, tuple(problems), diverged, record.population, members)
    return Shown(
        token_of(record.id), record.title, dataset, config, record.scaling_method, read=read, parent=record.parent
    )
