"""``sogaal runs show`` and ``sogaal runs compare``."""

import argparse
import json
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sogaal.cli.parsing import UsageError
from sogaal.cli.runs_list import algorithm, decimal
from sogaal.cli.tables import Column, room, table
from sogaal.cli.trusting import trust_rows, trust_values
from sogaal.config import FIELDS, TrainConfig
from sogaal.data.limits import megabytes
from sogaal.errors import RunError
from sogaal.model import At
from sogaal.runs.folder import MEMBERS
from sogaal.runs.names import token_of
from sogaal.runs.plain import finite
from sogaal.runs.populations import runs_of
from sogaal.runs.printable import printable
from sogaal.runs.record import RunRecord
from sogaal.runs.saved import SavedRun
from sogaal.runs.store import RunStore
from sogaal.runs.summary import NUMBERS
from sogaal.snapshots import JobState
from sogaal.trust import Trust

MOST_COMPARED, MOST_MEMBERS = 8, 50
MOMENTS: dict[At, str] = {"stop": "when G stopped", "end": "at the end"}
RESULTS = {
    "state": "state",
    "steps": "steps",
    "auc_stop": "AUC at stop",
    "auc_final": "AUC at end",
    "auc_best": "AUC best",
    "d_loss": "D loss",
    "g_loss": "G loss",
    "seconds": "seconds",
}


def add_show(parser: argparse.ArgumentParser) -> None:
    """Describe the flags."""
    parser.add_argument("run", metavar="RUN", help="an id, its last twelve digits, the beginning of either, or `last`")


def show(arguments: argparse.Namespace) -> int:
    """Print all of one run; returns the exit status."""
    store = RunStore(arguments.runs)
    run = store.get(arguments.run)
    if arguments.json:
        told = {"folder": str(run.folder), "files": [*run.files]}
        asked = {at: trust_values(trust, ids) for at, trust, ids in _trusts(run)}
        print(json.dumps(run.record.to_dict() | told | ({"trust": asked} if asked else {}), allow_nan=False))
        return 0
    for line in [*_all_of(run), *_members(run, store)]:
        print(line)
    return 0


def _all_of(run: SavedRun) -> Iterator[str]:
    record = run.record
    yield from _lines(_facts(run))
    for at, trust, ids in _trusts(run):
        yield f"\nwhat other seeds say of the ranking by D {MOMENTS[at]}"
        yield from _lines(trust_rows(trust, ids, record.config), "  ")
    changed = record.config.changed_from(TrainConfig())
    changed |= {} if record.scaling_method == "minmax" else {"scaling": record.scaling_method}
    yield "\nset-up, where it differs from the defaults" + ("" if changed else ": nothing does")
    yield from _lines({name: "none" if value is None else str(value) for name, value in changed.items()}, "  ")
    if record.diagnosis:
        yield "\nwhat this run shows"
    for finding in record.diagnosis:
        yield from _finding(finding)


def _trusts(run: SavedRun) -> Iterator[tuple[At, Trust, Any]]:
    """By moment of D, what other seeds said where somebody asked them, and the rows' ids, None where they are gone."""
    for at in MOMENTS:
        found = run.rankings(at)
        if found is None:
            continue
        try:
            ids = run.dataset().ids
        except RunError:
            ids = None
        yield at, found.asked(), ids


def _members(run: SavedRun, store: RunStore) -> Iterator[str]:
    """A line for each member of a population, and which of them became runs."""
    members = run.members()
    if not members:
        return
    became = runs_of(run.record, members, (one for one in store.entries() if isinstance(one, RunRecord)))
    for member in members[:MOST_MEMBERS]:
        values = ", ".join(f"{name} {value}" for name, value in member.values.items())
        numbers = f"AUC at end {decimal(member.numbers['auc_final'], 4)}"
        record = became.get(member.index)
        run_of_it = "" if record is None else f"; run {token_of(record.id)}"
        yield printable(
            f"member {member.index:>4}: {values}; {member.state.value}; {numbers}{run_of_it} {member.message}".rstrip()
        )
    if len(members) > MOST_MEMBERS:
        yield f"and {len(members) - MOST_MEMBERS:,} more in {MEMBERS}"


def _facts(run: SavedRun) -> dict[str, str]:
    record, data, summary = run.record, run.record.dataset, run.record.summary
    labels = "no labels" if data.outliers is None else f"{data.outliers:,} outliers"
    table_kept = "shipped" if data.key is None else "kept with the runs"
    facts = {
        "run": record.id,
        "name": record.name,
        "tags": ", ".join(record.tags),
        "note": record.note,
        "title": record.title,
        "state": record.state.value + (f": {record.message}" if record.message else ""),
        "created": f"{record.created:%Y-%m-%d %H:%M:%S} UTC",
        "table": f"{data.name}: {data.n:,} rows, {data.d:,} features, {labels}; {table_kept}",
        "SHA-256": data.fingerprint,
        "algorithm": algorithm(record),
        "steps": f"{record.step:,} of {record.total_steps:,}" + _stopped(record) + _ahead(run),
        "seconds": decimal(summary.get("seconds"), 1),
        "D loss, G loss": ", ".join(decimal(summary.get(name), 4) for name in ("d_loss", "g_loss")),
    }
    if isinstance(summary.get("auto"), dict):
        facts["chosen stop"] = str(summary["auto"].get("why", ""))
    if data.outliers is not None:
        facts |= {RESULTS[name]: decimal(summary.get(name), 4) for name in ("auc_stop", "auc_final", "auc_best")}
    versions = ", ".join(f"{name} {version}" for name, version in record.versions.items())
    facts |= {"trained with": f"{versions}; on {record.device}", "parent": record.parent or ""}
    sizes = [f"{name} {megabytes((run.folder / name).stat().st_size)}" for name in run.files]
    return facts | {"files": ", ".join(sizes), "folder": str(run.folder)}


def _stopped(record: RunRecord) -> str:
    stop = record.stop_step
    return f"; G stopped at {stop:,}" if stop is not None and record.step >= stop else ""


def _ahead(run: SavedRun) -> str:
    """How far the history goes of a run that was killed: farther than its checkpoint and the numbers beside that."""
    if run.record.state != JobState.INTERRUPTED:
        return ""
    try:
        steps = run.history()[0].view().steps
    except RunError:
        return ""
    return f"; its history goes to {steps:,}" if steps > run.record.step else ""


def _lines(facts: Mapping[str, str], indent: str = "") -> Iterator[str]:
    """A line for each fact, wrapped where a terminal is narrow; those without a value are left out."""
    wide = max((len(name) for name in facts), default=0) + 2
    for name, value in facts.items():
        if value:
            yield _wrapped(f"{indent}{name:<{wide}}", value, " " * (len(indent) + wide))


def _finding(finding: Mapping[str, Any]) -> Iterator[str]:
    yield _wrapped(f"  {finding.get('severity', '')}: ", str(finding.get("title", "")), "    ")
    for name in ("evidence", "suggestion"):
        if finding.get(name):
            yield _wrapped("    ", str(finding[name]), "    ")


def _wrapped(start: str, text: str, indent: str) -> str:
    most = room()
    lines = [printable(line) for line in text.splitlines()] or [""]
    if most is not None:
        wide = max(most - len(indent), 20)
        lines = [part for line in lines for part in (textwrap.wrap(line, wide) or [""])]
    return "\n".join((indent if i else start) + line for i, line in enumerate(lines))


# -- several -----------------------------------------------------------------------------------------------------------


def add_compare(parser: argparse.ArgumentParser) -> None:
    """Describe the flags."""
    parser.add_argument("run", nargs="+", metavar="RUN", help="two to eight runs")


def compare(arguments: argparse.Namespace) -> int:
    """Print what differs and the results, side by side; returns the exit status."""
    store = RunStore(arguments.runs)
    runs = [store.get(run).record for run in arguments.run]
    ids = [record.id for record in runs]
    if not 2 <= len(ids) <= MOST_COMPARED or len(set(ids)) < len(ids):
        how = "one" if len(ids) == 1 else f"{len(ids)}"
        how = how if len(set(ids)) == len(ids) else "the same run more than once"
        raise UsageError(f"RUN must name 2 to {MOST_COMPARED} different runs, got {how}.")
    differing = differences(runs)
    results = {name: [_result(record, name) for record in runs] for name in RESULTS}
    if arguments.json:
        print(json.dumps({"runs": ids, "differences": differing, "results": results}, allow_nan=False))
        return 0
    heads = [record.name or token_of(record.id) for record in runs]
    if differing:
        print("\n".join(_side_by_side("set-up", heads, {_title(name): row for name, row in differing.items()})))
    else:
        print("The set-ups are the same.")
    told = {RESULTS[name]: row for name, row in results.items() if any(value is not None for value in row)}
    print("\n" + "\n".join(_side_by_side("result", heads, told)))
    return 0


def differences(runs: Sequence[RunRecord]) -> dict[str, list[Any]]:
    """What decides a training and is not the same in all runs, by name: table, its contents, scaling, parameters."""
    setups = [
        {"dataset": r.dataset.name, "fingerprint": r.dataset.fingerprint[:12], "scaling": r.scaling_method}
        | r.config.model_dump()
        for r in runs
    ]
    rows = {name: [setup[name] for setup in setups] for name in setups[0]}
    return {name: row for name, row in rows.items() if any(value != row[0] for value in row)}


def _title(name: str) -> str:
    own = {"dataset": "table", "fingerprint": "its SHA-256 begins", "scaling": "scaling"}
    return own[name] if name in own else f"{FIELDS[name].title} ({name})"


def _result(record: RunRecord, name: str) -> Any:
    value = record.state.value if name == "state" else record.summary.get(name if name in NUMBERS else "")
    return finite(value)


def _side_by_side(what: str, heads: Sequence[str], rows: Mapping[str, Sequence[Any]]) -> list[str]:
    columns = [Column(what, list(rows), cut=True)]
    for number, head in enumerate(heads):
        columns.append(Column(printable(head), [_cell(row[number]) for row in rows.values()], right=True, cut=True))
    return table(columns, room())


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) and abs(value) < 1e-3 else _number(value)


def _number(value: Any) -> str:
    return f"{value:.4f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
