"""docs/labelfree.md from what benchmarks/labelfree.py measured."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from textwrap import fill
from typing import Any

import numpy as np

from parts.spread import deviation, shown

Tables = Mapping[str, Mapping[str, Any]]

PAGE = Path(__file__).with_name("labelfree.md")


def page(found: Mapping[str, Any]) -> str:
    """The whole page from the content of measured.json."""
    tables: Tables = found["tables"]
    return PAGE.read_text(encoding="utf-8").format(
        repeats=found["repeats"], rankings=_rankings(tables), by_table=_by_table(tables), measures=_measures(tables),
        lessons="\n".join(fill(line, 120, initial_indent="- ", subsequent_indent="  ") for line in _lessons(tables)),
    )  # fmt: skip


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(head)} |", "|---|" + "--:|" * (len(head) - 1)]
    return "\n".join(lines + [f"| {' | '.join(row)} |" for row in rows])


def groups(tables: Tables) -> dict[str, list[str]]:
    """The names of the tables, the authors' and those that the project ships."""
    authors = [name for name, one in tables.items() if one["authors"]]
    return {"the authors' six": authors, "the shipped ones": [name for name in tables if name not in authors]}


def group_mean(tables: Tables, names: Sequence[str], kind: str) -> tuple[float, float, str, float] | None:
    """(mean, deviation over repeats of the mean over tables, worst table, its mean); None where one lacks it."""
    if not names or any(kind not in tables[name]["rankings"] for name in names):
        return None
    values = np.array([tables[name]["rankings"][kind] for name in names])
    worst = int(values.mean(axis=1).argmin())
    return float(values.mean()), deviation(values.mean(axis=0)), names[worst], float(values[worst].mean())


def _rankings(tables: Tables) -> str:
    kinds = sorted({kind for one in tables.values() for kind in one["rankings"]}, key=_place)
    rows = []
    for kind in kinds:
        cells = [f"**{kind}**" if kind.startswith("automatic") and "," not in kind else kind]
        for names in groups(tables).values():
            one = group_mean(tables, names, kind)
            cells += ["", ""] if one is None else [f"{one[0]:.3f} ± {one[1]:.3f}", f"{one[3]:.2f} ({_short(one[2])})"]
        rows.append(cells)
    heads = [part for name in groups(tables) for part in (name, "worst")]
    return _table(["", *heads], rows)


ORDER = ("automatic stop", "automatic stop, MO-GAAL", "one seed, automatic stop", "automatic stop, robust scaling")


def _place(kind: str) -> tuple[int, str]:
    return (ORDER.index(kind), "") if kind in ORDER else (len(ORDER) + ("(" in kind and "peeks" not in kind), kind)


def _short(name: str) -> str:
    return name.removesuffix(" (authors')")


def _by_table(tables: Tables) -> str:
    kinds = {
        "automatic": "automatic stop", "agree most": "eight seeds where they agree most",
        "at the end": "eight seeds at the end", "one seed, best (peeks)": "one seed at its best moment (peeks)",
        "kNN": "kNN (5)",
    }  # fmt: skip
    rows = []
    for name, one in sorted(tables.items(), key=lambda item: not item[1]["authors"]):
        values = [np.array(one["rankings"][kind]) for kind in kinds.values()]
        steps = sorted(one["steps"])
        spread = f"{steps[0]:,}" if steps[0] == steps[-1] else f"{steps[0]:,} to {steps[-1]:,}"
        cells = [shown(value) for value in values]
        rows.append([name, f"{one['n']:,} x {one['d']}", spread, *cells])
    return _table(["table", "rows x columns", "stopped at step", *kinds], rows)


def mean_of(tables: Tables, measure: str, kind: str) -> float:
    """Over all tables, of a measure that all have."""
    return float(np.mean([one["measures"][measure][kind] for one in tables.values()]))


def _measures(tables: Tables) -> str:
    names = list(next(iter(tables.values()))["measures"])
    alone, several = ([n for n in names if n.endswith("8 seeds") == of_all] for of_all in (False, True))
    rows = [_measure(tables, name) for name in alone] + [["---"] * 5] + [_measure(tables, name) for name in several]
    return _table(["measure", "over moments", "over seeds", "lost by D", "lost by the mean"], rows)


def _measure(tables: Tables, name: str) -> list[str]:
    plain = name.split(",")[0] in ("any moment", "the end", "flat loss")
    moments = "" if plain else f"{mean_of(tables, name, 'moments'):+.2f}"
    over = [one["seeds"][name] for one in tables.values() if name in one["seeds"]]
    seeds = f"{np.mean(over):+.2f}" if over else ""
    return [name, moments, seeds, f"{mean_of(tables, name, 'regret'):.3f}", f"{mean_of(tables, name, 'mean'):.3f}"]


def _lessons(tables: Tables) -> Iterator[str]:
    names = list(next(iter(tables.values()))["measures"])
    usual = [name for name in names if not name.startswith(("any", "the end", "flat"))]
    best = max(usual, key=lambda name: mean_of(tables, name, "moments"))
    yield (
        f"Of all measures *{best}* follows the AUC along a run best, by {mean_of(tables, best, 'moments'):+.2f}: "
        "none of them can be read as an AUC."
    )
    stops = [name for name in names if not name.startswith(("any", "the end"))]
    closest = min(stops, key=lambda name: mean_of(tables, name, "regret"))
    yield (
        f"To stop and keep that one D, *{closest}* loses least ({mean_of(tables, closest, 'regret'):.3f}; a moment "
        f"taken at random loses {mean_of(tables, 'any moment', 'regret'):.3f})."
    )
    yield (
        "Where D has turned, its mean verdict of all moments is far better than D itself (*likeness*, *any moment*): "
        "averaging matters more than the exact moment."
    )
    fixed = [group_mean(tables, group, "eight seeds, all moments up to step 600") for group in groups(tables).values()]
    rule = [group_mean(tables, group, "automatic stop") for group in groups(tables).values()]
    yield (
        f"A fixed 600 steps, averaged, has {_both(fixed)}; the rule {_both(rule)}. So the rule gains nothing on these "
        "tables, where 600 was chosen by looking; it is there because how long G needs depends on the table, on the "
        "algorithm (MO-GAAL turns later) and on the learning rates."
    )
    for label, group in groups(tables).items():
        auto = group_mean(tables, group, "automatic stop")
        agreed = group_mean(tables, group, "eight seeds where they agree most")
        if auto and agreed:
            yield (
                f"On {label} the automatic stop has {auto[0]:.3f} ± {auto[1]:.3f}, stopping where the seeds agree most "
                f"{agreed[0]:.3f}: seeds agree on early, coarse verdicts, and again on inverted ones."
            )
        rival = group_mean(tables, group, "kNN (5)")
        if auto and rival and rival[0] > auto[0]:
            yield (
                f"On {label} kNN has {rival[0]:.3f} and is far ahead: mostly two-dimensional shapes with outliers "
                "between and inside them, which a D with one small hidden layer does not outline."
            )
    robust = [group_mean(tables, group, "automatic stop, robust scaling") for group in groups(tables).values()]
    yield (
        f"Scale by min-max. With robust scaling the extreme rows lie outside [0, 1], where G does not come from: the "
        f"automatic stop falls to {_both(robust)}."
    )


def _both(found: Sequence[tuple[float, float, str, float] | None]) -> str:
    return " and ".join(f"{one[0]:.3f}" for one in found if one)
