"""The text of docs/detectors.md around what benchmarks/detectors.py measured."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from parts.spread import deviation
from sogaal.rivals import DETECTORS

HEAD = """# SO-GAAL and MO-GAAL beside other detectors

`python benchmarks/detectors.py --tables DIR` makes this page; `sogaal detectors TABLE` and the page Detectors of the
dashboard do the same for one table.

All detectors get the same min-max scaled rows. All hyperparameters were fixed beforehand and are those of the table
below; **no label chose any of them**, nor when to stop. Labels judge the finished rankings. Detectors that depend on
luck were run with {seeds} seeds, and have the standard deviation over these; the others give one ranking.

| name | detector | hyperparameters |
|---|---|---|
{kinds}

Three cautions. The rule of the automatic stop was found on these very tables, see [labelfree.md](labelfree.md), and
which D scores by default (`SOGAAL` when G stops, `MOGAAL` at the end) was chosen by the AUC on the paper's tables: both
favour GAAL. The other way round, all runs of SO-GAAL and MO-GAAL stop G after 20 epochs, the default, where the authors
have a length of their own for each table; with theirs the figures in the README are higher, and nobody without labels
would know them. And so few seeds say little of the spread.
"""

MEMORY = (
    "MiB of memory that fitting and scoring add at their peak to the table and the libraries, the largest over seeds, "
    "on\nLinux; GAAL trains with one thread. The kernel counts in portions: differences below 1 MiB mean nothing."
)


def page(kept: Mapping[str, Mapping[str, Any]], expected: Sequence[str] = ()) -> str:
    """The whole page, of tables by name; those ``expected`` that are not among them are said to be missing."""
    kinds = "\n".join(f"| {kind.name} | {kind.title} | {kind.setting} |" for kind in DETECTORS.values())
    seeds = sorted({one["seeds"] for one in kept.values()})
    parts = [HEAD.format(seeds=" or ".join(map(str, seeds)), kinds=kinds)]
    groups = {"authors": "The authors' tables", "shipped": "The shipped tables"}
    for group, title in groups.items():
        tables = {name: one for name, one in kept.items() if one["group"] == group}
        if tables:
            parts.append(f"## {title}\n\n{_summary(tables)}\n\n{_said(tables)}\n")
            parts.append(f"ROC-AUC, mean ± standard deviation over seeds; the best means of each table are bold.\n\n"
                         f"{_grid(tables, 'auc')}\n")  # fmt: skip
            parts.append(f"Average precision.\n\n{_grid(tables, 'precision')}\n")
            parts.append(f"Seconds to fit and to score once, on two shared cores: a rough order, no more.\n\n"
                         f"{_grid(tables, 'seconds')}\n")  # fmt: skip
            parts.append(f"{MEMORY}\n\n{_grid(tables, 'memory')}\n")
    missing = [name for name in expected if name not in kept]
    if missing:
        parts.append(f"Not measured yet, and in no mean above: {', '.join(missing)}.\n")
    without = [f"- {name}: {who}: {why}" for name, one in kept.items() for who, why in one["without"].items()]
    failed = [
        f"- {name}: {who}: {words}"
        for name, one in kept.items()
        for who, found in one["detectors"].items()
        for words in found["failed"]
    ]
    if without or failed:
        parts.append("## What gave no ranking\n\n" + "\n".join(without + failed) + "\n")
    return "\n".join(parts)


def means(tables: Mapping[str, Mapping[str, Any]], measure: str) -> dict[str, list[float]]:
    """Each detector's mean of a measure on every table that all detectors ranked, in the tables' order."""
    names = [name for name in DETECTORS if all(name in one["detectors"] for one in tables.values())]
    return {name: [float(np.mean(one["detectors"][name][measure])) for one in tables.values()] for name in names}


def _summary(tables: Mapping[str, Mapping[str, Any]]) -> str:
    auc, precision, seconds = (means(tables, measure) for measure in ("auc", "precision", "seconds"))
    heads = (
        "detector",
        "mean AUC",
        "± over seeds",
        "lowest AUC",
        "mean average precision",
        "best, or level, on",
        "seconds in all",
        "most MiB",
    )
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    order = sorted(auc, key=lambda name: -np.mean(auc[name]))
    best = _best(auc)
    for name in order:
        spread = _spread_of_mean(tables, name)
        lines.append(
            f"| {DETECTORS[name].title} | {np.mean(auc[name]):.3f} | {spread} | {min(auc[name]):.3f} "
            f"| {np.mean(precision[name]):.3f} | {sum(name in ones for ones in best)} | {sum(seconds[name]):.3g} "
            f"| {max(value for one in tables.values() for value in one['detectors'][name]['memory']) / 2**20:,.1f} |"
        )
    return "\n".join(lines)


def _spread_of_mean(tables: Mapping[str, Mapping[str, Any]], name: str) -> str:
    """Standard deviation over seeds of the mean over the tables."""
    values = [one["detectors"][name]["auc"] for one in tables.values()]
    if min(map(len, values)) < 2:
        return "no seed" if not DETECTORS[name].seeded else "-"
    count = min(map(len, values))
    return f"{deviation([np.mean([one[seed] for one in values]) for seed in range(count)]):.3f}"


def _best(auc: Mapping[str, Sequence[float]]) -> list[list[str]]:
    """Of each table the detectors that are best by mean AUC, to the three decimals that are shown."""
    rounded = {name: [round(value, 3) for value in values] for name, values in auc.items()}
    tables = range(len(next(iter(auc.values()))))
    return [[name for name in auc if rounded[name][at] == max(one[at] for one in rounded.values())] for at in tables]


def _said(tables: Mapping[str, Mapping[str, Any]]) -> str:
    """In words where simple detectors win, from the figures themselves."""
    auc = means(tables, "auc")
    gaal = [name for name in auc if DETECTORS[name].part == "gaal"]
    others = [name for name in auc if name not in gaal]
    if not gaal or not others:
        return ""
    single = "so-gaal"
    overall = {name: float(np.mean(values)) for name, values in auc.items()}
    first, rival = max(gaal, key=overall.__getitem__), max(others, key=overall.__getitem__)
    won = [name for name, who in zip(tables, _best(auc), strict=True) if not set(who) & set(gaal)]
    above = [DETECTORS[name].title for name in others if overall[name] > overall[single]]
    lead = overall[first] - overall[rival]
    lines = [
        f"The best of GAAL by mean AUC is {DETECTORS[first].title} ({overall[first]:.3f}), the best of the others "
        f"{DETECTORS[rival].title} ({overall[rival]:.3f}): "
        + (f"GAAL leads by {lead:.3f}." if lead > 0 else f"the simpler one leads by {-lead:.3f}."),
        f"On {len(won)} of {len(tables)} tables another detector is better than all of GAAL"
        + (f" ({', '.join(won)})." if won else "."),
        f"A single SO-GAAL ({overall[single]:.3f}) has a lower mean than {', '.join(above)}."
        if above
        else f"A single SO-GAAL ({overall[single]:.3f}) has a higher mean than all the others.",
    ]
    return "\n".join(lines)


def _grid(tables: Mapping[str, Mapping[str, Any]], measure: str) -> str:
    names = [name for name in DETECTORS if any(name in one["detectors"] for one in tables.values())]
    lines = ["| table | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
    for table, one in tables.items():
        found = one["detectors"]
        best = max((round(np.mean(found[name][measure]), 3) for name in found), default=0.0)
        cells = []
        for name in names:
            values = found.get(name, {}).get(measure)
            cells.append(
                "-" if not values else _cell(values, measure, measure == "auc" and round(np.mean(values), 3) == best)
            )
        lines.append(f"| {table} ({one['n']:,} x {one['d']}) | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cell(values: Sequence[float], measure: str, bold: bool) -> str:
    if measure == "seconds":
        return f"{np.mean(values):.2g}"
    if measure == "memory":
        return f"{max(values) / 2**20:,.1f}"
    text = f"{np.mean(values):.3f}"
    text = f"**{text}**" if bold else text
    return text + (f" ± {deviation(values):.3f}" if len(values) > 1 else "")
