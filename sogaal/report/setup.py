"""The parts of a report on what was trained: the set-up, the table, the versions, and how to do it again."""

import re
import shlex
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

import sogaal
from sogaal.config import FIELDS, TrainConfig
from sogaal.data import Dataset
from sogaal.report.content import changed_values, table_file
from sogaal.report.document import section
from sogaal.report.html import Child, Html, table, tag
from sogaal.runs.printable import printable
from sogaal.runs.shelf import is_shipped
from sogaal.scaling import Scaler


def setup_section(config: TrainConfig, scaler: Scaler, varied: Collection[str] = ()) -> Html:
    """What differs from the defaults, and all of it; without the parameters ``varied``, which many do not share."""
    scaling = scaler.method
    changed = {name: value for name, value in changed_values(config, scaling).items() if name not in varied}
    values = config.model_dump() | {"scaling": scaling}
    values = {name: value for name, value in values.items() if name not in varied}
    if changed:
        rows = [
            [parameter(name), tag("code", _shown(value)), _shown(_default(name)), _help(name)]
            for name, value in changed.items()
        ]
        first = table("What differs from the defaults", ["Parameter", "Value", "Default", "What it does"], rows)
    else:
        first = tag("p", "Everything is as the defaults have it.")
    rows = [[parameter(name), tag("code", f"--{name}"), _shown(value)] for name, value in values.items()]
    words = "What all runs share" if varied else "The whole set-up"
    whole = table(words, ["Parameter", "Flag", "Value"], rows)
    return section("Set-up", first, whole, [tag("p", note, class_="fine") for note in scaler.notes])


def parameter(name: str) -> str:
    """A parameter as people call it."""
    return FIELDS[name].title if name in FIELDS else "Scaling of the columns"


def _default(name: str) -> Any:
    return FIELDS[name].default if name in FIELDS else "minmax"


def _help(name: str) -> str:
    return FIELDS[name].help if name in FIELDS else "How the columns are scaled before training."


def _shown(value: Any) -> str:
    return "empty" if value is None else str(value)


def origin_section(data: Dataset, versions: Mapping[str, str], device: str, run: str, created: datetime | None) -> Html:
    """The table, and what trained on it. ``run``: the id of what is saved, or empty."""
    rows: list[list[Child]] = [
        ["Table", tag("bdi", data.title or data.name)],
        ["Name", tag("bdi", data.name)],
        ["Size", f"{data.n:,} rows, {data.d:,} features"],
        ["SHA-256 of values, labels and names", tag("code", data.fingerprint, class_="hash")],
    ]
    # Of a file of people's own only its name: where it lies is nobody else's business.
    source = data.source if is_shipped(data) else re.split(r"[/\\]", data.source)[-1]
    for name, words in (("About", data.description), ("Source", source), ("Licence", data.licence)):
        rows += [[name, tag("bdi", words)]] if words else []
    rows += [["Note", tag("bdi", note)] for note in data.notes]
    names = {"sogaal": "sogaal", "torch": "PyTorch", "numpy": "NumPy", "python": "Python"}
    trained = ", ".join(f"{names.get(name, name)} {value}" for name, value in versions.items() if value)
    rows += [["Trained with", f"{trained}, on {device}"]] if trained else []
    rows += [["Run", tag("code", run)]] if run else []
    if created is not None:
        rows.append(["Begun", f"{created:%Y-%m-%d %H:%M:%S} UTC"])
    rows.append(["Report by", f"sogaal {sogaal.__version__}"])
    return section("Data and versions", table("Where it comes from", ["What", "Value"], rows, class_="facts"))


def table_again(data: Dataset, run: str) -> list[Child]:
    """Where the table of the commands comes from, if it is one of people's own."""
    if is_shipped(data):
        return []
    file = table_file(data)
    words: list[Child] = ["The table is one of your own and not in this page. "]
    if run:
        command = f"sogaal runs export {run} --format table -o {shlex.quote(file)}"
        words += [
            "From the folder of runs, or after an import of the run, this writes it:",
            tag("pre", tag("code", command)),
        ]
    else:
        words += [f"The commands below call it {printable(file)}."]
    return [tag("div", words)]
