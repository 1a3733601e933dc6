"""Benchmark tables from OpenML by their number, downloaded once and kept.

scikit-learn's `fetch_openml` does it in a process of its own, which can be ended: it has no time limit, and neither has
looking up a name. The process writes Parquet into scikit-learn's data folder, which is all that is read from then on.
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
_CHILD = """
import json, socket, sys
socket.setdefaulttimeout(float(sys.argv[3]))
from urllib.request import urlopen
number, target = int(sys.argv[1]), sys.argv[2]
print("ready", flush=True)
with urlopen(f"https://www.openml.org/api/v1/json/data/{number}") as answer:
    answer.read()
print("answered", flush=True)
from sklearn.datasets import fetch_openml
found = fetch_openml(data_id=number, as_frame=True, parser="auto", n_retries=1)
frame = found.frame
frame.columns = [str(name) for name in frame.columns]
frame.to_parquet(target, index=False)
print(json.dumps({"name": found.details["name"], "targets": [str(one) for one in found.target_names]}), flush=True)
"""


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
            made = Path(place) / "table.parquet"
            found = _download(number, made)
            made.replace(path)
            about.write_text(json.dumps(found))
    known = json.loads(about.read_text())
    targets = known["targets"]
    return path, str(known["name"]), targets[0] if len(targets) == 1 else None


def _folder() -> Path:
    home = os.environ.get("SCIKIT_LEARN_DATA", "~/scikit_learn_data")
    return Path(home).expanduser() / "openml.org" / "sogaal"


def _download(number: int, target: Path) -> dict[str, object]:
    command = [sys.executable, "-c", _CHILD, str(number), str(target), str(SILENCE_SECONDS)]
    with tempfile.TemporaryFile("w+") as said:
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said, text=True) as process:
            try:
                lines = _lines(process)
            finally:
                process.kill()
        said.seek(0)
        trouble = said.read().strip().splitlines()
    if len(lines) == 3:
        found: dict[str, object] = json.loads(lines[2])
        return found
    where = f"{PREFIX}{number}: the table cannot be downloaded"
    if len(lines) < 2:
        last = trouble[-1][:200] if trouble else "no answer in time"
        raise DataError(f"{where}: www.openml.org does not answer ({last}). Is there a network?")
    raise DataError(f"{where} ({trouble[-1][:200] if trouble else 'it took too long'}).")


def _lines(process: "subprocess.Popen[str]") -> list[str]:
    """What the process says, as long as it comes in time."""
    assert process.stdout is not None
    lines: list[str] = []
    for seconds in (60.0, SILENCE_SECONDS + 1, DOWNLOAD_SECONDS):  # its own start is no silence of the server
        watch = threading.Timer(seconds, process.kill)
        watch.start()
        try:
            line = process.stdout.readline()
        finally:
            watch.cancel()
        if not line:
            break
        lines.append(line.strip())
    return lines
