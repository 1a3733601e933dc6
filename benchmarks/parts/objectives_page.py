"""docs/objectives.md, and the figures that the package speaks of, from what benchmarks/objectives.py measured."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from textwrap import fill
from typing import Any

import numpy as np

from parts.choosing import over_tables
from parts.set_ups import MOMENTS
from sogaal.labelfree.measured import AUTO, RIVAL, rankings
from sogaal.sweep import OBJECTIVES

Tables = Mapping[str, Mapping[str, Any]]

PAGE = Path(__file__).with_name("objectives.md")
WITHOUT_LABELS = [name for name, one in OBJECTIVES.items() if not one.labels]
LABELS = "AUC (labels)"
SO_FAR = "between the seeds, median"
HALF = "within the first run at 1/2, median"
BOTH = "at 1/2 of the first run and between the seeds, median"


def summary(tables: Tables) -> dict[str, Any]:
    """What sogaal/labelfree/choosing.json holds: the mean of both moments, for a sweep's objectives without labels."""
    objectives = {name: {kind: _both(tables, name, kind) for kind in ("auc", "gain")} | {
        "gain_std": float(np.mean([over_tables(tables, moment, name, "gain")[1] for moment in MOMENTS]))}
        for name in WITHOUT_LABELS}  # fmt: skip
    order = sorted(WITHOUT_LABELS, key=lambda name: -objectives[name]["auc"])
    return {
        "tables": len(tables), "trials": max(one["trials"] for one in tables.values()), "without_labels": order,
        "at_random": _both(tables, "at random", "auc"), "by_labels": _both(tables, LABELS, "auc"),
        "auto": _elsewhere(tables, AUTO), "knn": _elsewhere(tables, RIVAL), "objectives": objectives,
    }  # fmt: skip


def _both(tables: Tables, name: str, kind: str) -> float:
    return float(np.mean([over_tables(tables, moment, name, kind)[0] for moment in MOMENTS]))


def _elsewhere(tables: Tables, kind: str) -> float:
    """Mean over these tables of what benchmarks/labelfree.py measured."""
    return float(np.mean([np.mean(rankings(name)[kind]) for name in tables]))


def page(tables: Tables) -> str:
    """The whole page."""
    return PAGE.read_text(encoding="utf-8").format(
        tables=len(tables), trials=max(one["trials"] for one in tables.values()),
        left_out=sum(one["left_out"] for one in tables.values()),
        **{moment: _choices(tables, moment) for moment in MOMENTS},
        usual=_usual(tables), by_table=_by_table(tables), lessons=_list(_lessons(tables)),
        pruning=_table(["several seeds a trial", "moment", *_KINDS.values()], _pruning(tables, "pruning")),
        pruning_alone=_table(["one seed a trial", "moment", *_KINDS.values()], _pruning(tables, "pruning of one seed")),
        foretold=_foretold(tables), verdict=_list(_verdict(tables)),
    )  # fmt: skip


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(head)} |", "|---|" + "--:|" * (len(head) - 1)]
    return "\n".join(lines + [f"| {' | '.join(row)} |" for row in rows])


def _list(lines: Sequence[str]) -> str:
    return "\n".join(fill(line, 120, initial_indent="- ", subsequent_indent="  ") for line in lines)


def _choices(tables: Tables, moment: str) -> str:
    first = next(iter(tables.values()))["choices"][moment]
    rows = []
    for name in sorted(first, key=lambda name: -over_tables(tables, moment, name, "auc")[0]):
        auc, gain, regret = (over_tables(tables, moment, name, kind) for kind in ("auc", "gain", "regret"))
        ranks = [one["choices"][moment][name]["rank"] for one in tables.values()]
        better = sum(one["choices"][moment][name]["gain"] > 0 for one in tables.values())
        plain = name in ("at random", "the median trial")
        often = "" if plain else f"{better} of {len(tables)}"
        rows.append([
            f"**`{name}`**" if name in OBJECTIVES else name, f"{auc[0]:.3f} ± {auc[1]:.3f}",
            "" if name == "at random" else f"{gain[0]:+.3f} ± {gain[1]:.3f}",
            f"{regret[0]:.3f}", "" if plain else f"{np.mean(ranks):+.2f}", often,
        ])  # fmt: skip
    return _table(["chosen by", "AUC", "over random", "regret", "rank correlation", "better than random on"], rows)


def _usual(tables: Tables) -> str:
    rows = [[name, f"{np.mean([one['usual'][name] for one in tables.values()]):.3f}"]
            for name in next(iter(tables.values()))["usual"]]  # fmt: skip
    rows.append(["preset auto: eight seeds together, automatic stop", f"{_elsewhere(tables, AUTO):.3f}"])
    for moment in MOMENTS:
        together = np.mean([one["together"][moment] for one in tables.values()])
        rows.append([f"all trials together, their mean rank at {moment}", f"{together:.3f}"])
    return _table(["without a search", "AUC"], [*rows, ["kNN (5)", f"{_elsewhere(tables, RIVAL):.3f}"]])


def _by_table(tables: Tables) -> str:
    rows = []
    for name, one in sorted(tables.items(), key=lambda item: not item[1]["authors"]):
        chosen = one["choices"]["stop"]
        shown = [chosen[of]["auc"] for of in ("at random", LABELS, *WITHOUT_LABELS)]
        shown += [float(np.mean(rankings(name)[kind])) for kind in (AUTO, RIVAL)]
        rows.append([name, f"{one['n']:,} x {one['d']}", *(f"{value:.2f}" for value in shown)])
    heads = ["at random", "by labels", *(f"`{name}`" for name in WITHOUT_LABELS), "preset auto", "kNN"]
    return _table(["table", "rows x columns", *heads], rows)


def _lessons(tables: Tables) -> list[str]:
    found = summary(tables)
    named = found["objectives"]
    order = found["without_labels"]
    lines = [
        f"Without labels `{order[0]}` chooses best: an AUC of {named[order[0]]['auc']:.3f}, the mean of both moments, "
        f"where labels choose {found['by_labels']:.3f} and chance {found['at_random']:.3f}. It is the default for a "
        "table without labels."
    ]
    for name in order[1:]:
        gain, std = named[name]["gain"], named[name]["gain_std"]
        said = "better than chance" if gain > 2 * std else "no better than chance"
        lines.append(f"`{name}` is {said}: {gain:+.3f} ± {std:.3f} over a trial at random.")
    for rival, title in (("auto", "the preset auto, which needs no search at all"), ("knn", "kNN alone")):
        told = ", ".join(
            f"`{name}` {named[name]['auc'] - found[rival]:+.3f} ± {named[name]['gain_std']:.3f}" for name in order
        )
        lines.append(f"Against {title} ({found[rival]:.3f}): {told}.")
    for title, authors in (("the authors' tables", True), ("the shipped ones", False)):
        group = {name: one for name, one in tables.items() if one["authors"] == authors}
        if group:
            part = summary(group)
            told = ", ".join(f"`{name}` {part['objectives'][name]['auc']:.3f}" for name in part["without_labels"])
            lines.append(
                f"On {title}: {told}; at random {part['at_random']:.3f}, by labels {part['by_labels']:.3f}, preset "
                f"auto {part['auto']:.3f}, kNN {part['knn']:.3f}."
            )
    return lines


_KINDS = {"saved": "time saved", "best": "best pruned", "top": "of the best three", "auc": "AUC of the chosen",
          "equal": "AUC in half the time", "equal_judged": "the same, as the sweep sees it"}  # fmt: skip


def _pruning(tables: Tables, part: str) -> list[list[str]]:
    rows = []
    for moment in MOMENTS:
        for way in next(iter(tables.values()))[part][moment]:
            shown = {kind: _pruned(tables, part, moment, way, kind) for kind in _KINDS}
            if way == "no pruning" or shown["saved"] > 1e-6:
                if part != "pruning" and "between" in way:
                    continue
                cells = [f"{value:.1%}" if kind in ("saved", "best", "top") else f"{value:.3f}"
                         for kind, value in shown.items()]  # fmt: skip
                rows.append([way, moment, *cells])
    return rows


def _pruned(tables: Tables, part: str, moment: str, way: str, kind: str) -> float:
    return round(float(np.mean([one[part][moment][way][kind] for one in tables.values()])), 6) + 0.0


def _foretold(tables: Tables) -> str:
    parts = list(next(iter(tables.values()))["foretold"]["stop"])
    rows = [[f"at the {moment}", *(f"{np.mean([one['foretold'][moment][part] for one in tables.values()]):+.2f}"
                                   for part in parts)] for moment in MOMENTS]  # fmt: skip
    return _table(["AUC", *("of the whole run" if part == "1" else f"at {part} of the run" for part in parts)], rows)


def _verdict(tables: Tables) -> list[str]:
    lines = []
    for part, seeds, way in (("pruning", "three seeds", SO_FAR), ("pruning", "three seeds", BOTH),
                             ("pruning of one seed", "one seed", HALF)):  # fmt: skip
        told = []
        for moment in MOMENTS:
            one = {kind: _pruned(tables, part, moment, way, kind) for kind in _KINDS}
            without = _pruned(tables, part, moment, "no pruning", "equal")
            told.append(
                f"at the {moment} it saves {one['saved']:.0%} of the time, gives up the best trial in "
                f"{one['best']:.1%} of the orders, and finds {one['equal'] - without:+.3f} of AUC in half the time"
            )
        lines.append(f"*{way}*, {seeds} a trial: {'; '.join(told)}.")
    return lines
