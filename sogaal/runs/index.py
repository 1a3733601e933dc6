"""What the records said when they were last read, so that thousands of runs are listed without opening each.

``.index.json`` is a copy and nothing else: whoever deletes or damages it loses time. A record counts as known while
time, size and number of its file are the same.
"""

import json
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from sogaal.errors import DataError, RunError
from sogaal.files import write_atomic
from sogaal.runs.folder import Root, Stamp, read_record, stamp_of
from sogaal.runs.record import FORMAT, RunRecord

INDEX_FORMAT = 1
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


def _save(path: Path, known: _Known) -> None:
    """Write the index. What many records share, such as table and scaling, stands there once."""
    parts: dict[str, int] = {}

    def part(value: Any) -> Any:
        if not isinstance(value, dict | list) or not value:
            return value
        return {"part": parts.setdefault(json.dumps(value), len(parts))}

    runs = {}
    for name, (stamp, record) in known.items():
        plain = json.loads(record.to_json())
        plain["summary"] = {key: part(value) for key, value in plain["summary"].items()}
        runs[name] = [*stamp, {key: value if key == "summary" else part(value) for key, value in plain.items()}]
    texts = ",".join(parts)
    head = json.dumps({"format": INDEX_FORMAT, "records": FORMAT})[:-1]
    with suppress(DataError):  # it can be done without
        write_atomic(path, f'{head}, "parts": [{texts}], "runs": {json.dumps(runs)}}}'.encode())


def _load(path: Path) -> _Known:
    try:
        found = json.loads(path.read_bytes())
        if (found["format"], found["records"]) != (INDEX_FORMAT, FORMAT):
            return {}
        parts = found["parts"]
        return {
            name: ((entry[0], entry[1], entry[2]), _unfolded(entry[3], parts)) for name, entry in found["runs"].items()
        }
    except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError):
        return {}


def _unfolded(plain: dict[str, Any], parts: list[Any]) -> RunRecord:
    def whole(value: Any) -> Any:
        return parts[value["part"]] if isinstance(value, dict) and value else value

    summary = {key: whole(value) for key, value in plain["summary"].items()}
    return RunRecord.from_dict(
        {key: whole(value) for key, value in plain.items() if key != "summary"} | {"summary": summary}
    )
