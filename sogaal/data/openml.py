"""Benchmark tables from OpenML by their number, downloaded once and kept.

scikit-learn's `fetch_openml` does it in a process of its own, which can be ended: it has no time limit, and neither has
looking up a name. What it made, a Parquet file, moves into scikit-learn's data folder and is all that is read from then
on; all else that came is deleted, also where the download failed.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from sogaal.errors import DataError

PREFIX = "openml:"
# The first answer must come within this many seconds, and later ones too.
SILENCE_SECONDS = 5.0
# A large table takes its time, but not for ever.
DOWNLOAD_SECONDS = 600.0
_CHILD = Path(__file__).with_name("_openml_child.py")


def openml_number(name: str) -> int | None:
    """The number in "openml:40996"; None for any other name. Raises DataError for one that is no number."""
    if not name.lower().startswith(PREFIX):
        return None
    text = name[len(PREFIX) :].strip()
    if not re.fullmatch(r"[1-9]\d{0,8}", text):
        raise DataError(f"{name[:60]!r}: after 'openml:' there must be the number of a table there, got {text[:40]!r}.")
    return int(text)


def openml_table(number: int) -> tuple[Path, str, str | None]:
    """The file of a table of OpenML, its name, and the name of its target column, None where it has none or several.

    Raises DataError where it cannot be downloaded; a server that does not answer is not waited for over ten seconds.
    """
    folder = _folder()
    path, about = folder / f"{number}.parquet", folder / f"{number}.json"
    if not (path.is_file() and about.is_file()):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as place:
            made, told = Path(place) / "table.parquet", Path(place) / "about.json"
            told.write_text(json.dumps(_download(number, Path(place))))
            made.replace(path)
            told.replace(about)  # whole or not at all, as another process may look
    known = json.loads(about.read_text())
    targets = known["targets"]
    return path, str(known["name"]), targets[0] if len(targets) == 1 else None


def _folder() -> Path:
    home = os.environ.get("SCIKIT_LEARN_DATA", "~/scikit_learn_data")
    return Path(home).expanduser() / "openml.org" / "sogaal"


def _download(number: int, place: Path) -> dict[str, object]:
    # -P: no file of the folder that people happen to be in is taken for a module.
    command = [sys.executable, "-P", str(_CHILD), str(number), str(place), str(SILENCE_SECONDS)]
    with tempfile.TemporaryFile("w+") as said:
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said, text=True) as process:
            try:
                told = _told(process)
            finally:
                process.kill()
        said.seek(0)
        trouble = said.read().strip().splitlines()
    last = told[-1] if told else {}
    if "name" in last:
        return last
    if "error" in last:
        raise DataError(f"{PREFIX}{number}: {' '.join(str(last['error']).split())[:400]}")
    where = f"{PREFIX}{number}: the table cannot be downloaded"
    if not told:
        raise DataError(f"{where}: the program for it did not start ({trouble[-1][:200] if trouble else 'no word'}).")
    if len(told) == 1:
        raise DataError(f"{where}: www.openml.org does not answer (no answer in time). Is there a network?")
    raise DataError(f"{where}: it took too long, or memory did not suffice.")


def _told(process: "subprocess.Popen[str]") -> list[dict[str, object]]:
    """What the process says, as long as it comes in time."""
    assert process.stdout is not None
    told: list[dict[str, object]] = []
    for seconds in (60.0, SILENCE_SECONDS + 1, DOWNLOAD_SECONDS):  # its own start is no silence of the server
        watch = threading.Timer(seconds, process.kill)
        watch.start()
        try:
            line = process.stdout.readline()
        finally:
            watch.cancel()
        if not line.endswith("\n"):
            break
        told.append(json.loads(line))
        if told[-1]:  # the table's name, or an error
            break
    return told
