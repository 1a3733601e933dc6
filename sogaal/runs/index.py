"""What the records said when they were last read, so that thousands of runs are listed without opening each.

``.index.json`` is a copy and nothing else: whoever deletes or damages it loses time. A record counts as known while
time, size and number of its file are the same.
"""

import hashlib
import json
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import sogaal
from sogaal.config import TrainConfig
from sogaal.errors import DataError, RunError
from sogaal.files import write_atomic
from sogaal.runs.folder import Root, Stamp, read_record, stamp_of
from sogaal.runs.record import FORMAT, DatasetRef, Population, RunRecord
from sogaal.snapshots import JobState

INDEX_FORMAT = 2
# Records that are read anew each time before the index is written again: reading them is quicker than that.
ENOUGH = 100
# A file system's clock is coarse: a file that was written just now may be written again without a trace.
JUST_NOW_NS = 10**9

_Known = dict[str, tuple[Stamp, RunRecord]]


class Index:
    """The records of the runs in a folder; may be used by several threads."""

    def __init__(self, root: Root) -> None:
        self._root = root
        self._lock = threading.Lock()
        self._known: _Known | None = None
        self._new = 0

    def read(self, names: Iterable[str]) -> dict[str, RunRecord | RunError]:
        """The records, as they were written, of the folders of these names; or why there is none."""
        with self._lock:
            if self._known is None:
                self._known = _load(self._root.index)
            known, found = self._known, {name: self._one(self._known, name) for name in names}
            gone = known.keys() - found.keys()
            for name in gone:
                del known[name]
            if self._new + len(gone) >= ENOUGH:
                self._new = 0
                _save(self._root.index, known)
        return found

    def _one(self, known: _Known, name: str) -> RunRecord | RunError:
        folder = self._root.path / name
        try:
            stamp = stamp_of(folder)  # before it is read: if it changes meanwhile, it will be read again
            remembered = known.get(name)
            if remembered is not None and remembered[0] == stamp:
                return remembered[1]
            known.pop(name, None)
            record = read_record(folder)
        except RunError as error:
            known.pop(name, None)
            return error
        if time.time_ns() - stamp[0] > JUST_NOW_NS:
            known[name] = stamp, record
            self._new += 1
        return record


# -- the file ------------------------------------------------------------------------------------------------------

# A line with what the index is of and the checksum of the rest, then the rest. The checksum is why the values, which
# were checked when the records were read, need not be checked again.


def _head(body: bytes) -> bytes:
    about = {"format": INDEX_FORMAT, "records": FORMAT, "version": sogaal.__version__}
    return json.dumps(about | {"sha256": hashlib.sha256(body).hexdigest()}).encode() + b"\n"


def _save(path: Path, known: _Known) -> None:
    """Write the index. What many records share, such as table and scaling, stands there once."""
    parts: dict[str, int] = {}

    def part(value: Any) -> int:
        return parts.setdefault(json.dumps(value), len(parts))

    runs = []
    for stamp, record in known.values():
        plain = record.to_dict()
        summary = {
            name: part(value) if name in _SHARED_OF_SUMMARY else value for name, value in plain["summary"].items()
        }
        if summary.get("config") == plain["config"]:
            summary["config"] = _SAME
        plain["summary"] = [part(list(summary)), *summary.values()]
        plain["config"] = list(plain["config"].values())
        runs.append([*stamp, plain | {name: part(plain[name]) for name in _SHARED}])
    body = f'{{"parts": [{",".join(parts)}], "runs": {json.dumps(runs)}}}'.encode()
    with suppress(DataError):  # it can be done without
        write_atomic(path, _head(body) + body)


_FIELDS = tuple(TrainConfig.model_fields)
# What is left is each run's own: the AUC, the numbers, and the configuration, whose names are left out.
_SHARED = ("dataset", "scaling", "versions", "diagnosis")
_SHARED_OF_SUMMARY = ("version", "dataset", "fingerprint", "notes")
# In place of the configuration in a summary that is the record's.
_SAME = "="


def _load(path: Path) -> _Known:
    try:
        head, _, body = path.read_bytes().partition(b"\n")
    except OSError:
        return {}
    if head + b"\n" != _head(body):
        return {}
    found = json.loads(body)
    parts = found["parts"]
    tables: dict[int, DatasetRef] = {}
    known = {}
    for time_ns, size, number, plain in found["runs"]:
        table = tables.get(plain["dataset"])
        if table is None:
            values = parts[plain["dataset"]]
            table = tables[plain["dataset"]] = DatasetRef(**values | {"feature_names": tuple(values["feature_names"])})
        known[plain["id"]] = (time_ns, size, number), _record(plain, parts, table)
    return known


def _record(plain: dict[str, Any], parts: list[Any], table: DatasetRef) -> RunRecord:
    del plain["format"]
    config = dict(zip(_FIELDS, plain["config"], strict=True))
    population = plain["population"]
    summary = dict(zip(parts[plain["summary"][0]], plain["summary"][1:], strict=True))
    summary |= {name: parts[summary[name]] for name in _SHARED_OF_SUMMARY if name in summary}
    if summary.get("config") == _SAME:
        summary["config"] = config
    values = plain | {
        "state": JobState(plain["state"]),
        "config": TrainConfig.model_construct(**config),
        "dataset": table,
        "summary": summary,
        "scaling": parts[plain["scaling"]],
        "versions": parts[plain["versions"]],
        "diagnosis": tuple(parts[plain["diagnosis"]]),
        "tags": tuple(plain["tags"]),
        "auc_curve": tuple(plain["auc_curve"]),
        "population": population and Population(**population | {"varied": tuple(population["varied"])}),
    }
    for name in ("created", "started", "ended"):
        values[name] = values[name] and datetime.fromisoformat(values[name])
    return RunRecord(**values)
