"""docs/mixed.md from what benchmarks/mixed.py measured."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from textwrap import fill
from typing import Any

import numpy as np
import numpy.typing as npt

from parts.encodings import VARIANTS
from parts.mixed_tables import CLASS, KINDS, SOURCES, USE

Tables = Mapping[str, Mapping[str, Any]]
Array = npt.NDArray[np.float64]

PAGE = Path(__file__).with_name("mixed.md")
TODAY = "today"


def page(found: Mapping[str, Any]) -> str:
    """The whole page from the content of mixed.json."""
    tables: Tables = {name: found["tables"][name] for name in SOURCES if name in found["tables"]}
    seeds = sorted({one["seeds"] for one in tables.values()})
    return PAGE.read_text(encoding="utf-8").format(
        seeds=" or ".join(map(str, seeds)), rows=f"{found['rows']:,}", tables=_tables(tables), ways=_ways(),
        results="\n\n".join(f"### {name}\n\n{_ranked(tables, name)}" for name in _detectors(tables)),
        by_table=_by_table(tables), gaps=_gaps(tables),
        lessons="\n".join(fill(line, 120, initial_indent="- ", subsequent_indent="  ") for line in _lessons(tables)),
    )  # fmt: skip


def _detectors(tables: Tables) -> list[str]:
    return list(next(iter(tables.values()))["auc"])


def _grid(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(head)} |", "|---|" + "--:|" * (len(head) - 1)]
    return "\n".join(lines + [f"| {' | '.join(row)} |" for row in rows])


def _ways() -> str:
    lines = ["| way | what it does |", "|---|---|"]
    return "\n".join(lines + [f"| {name} | {variant.words} |" for name, variant in VARIANTS.items()])


def _tables(tables: Tables) -> str:
    rows = []
    for name, one in tables.items():
        source = SOURCES[name]
        shape = (f"{one['rows']:,}", str(one["numbers"]), str(one["categories"]), str(one["dates"]))
        what = (f"{source.package}::{source.item}", f"{source.column} = {source.outlier}", USE[name])
        rows.append([name, *what, *shape, f"{one['missing']:.1%}"])
    head = ("table", "R's package::data", "rare class", "use", "rows", "numbers", "categories", "dates", "gaps")
    return _grid(head, rows)


def of_kind(tables: Tables, detector: str, variant: str, kind: str) -> Array:
    """AUC (tables, seeds) of one kind of outliers, of the tables that have it."""
    found = [one["auc"][detector][variant] for one in tables.values() if variant in one["auc"][detector]]
    return np.array([by_kind[kind] for by_kind in found if kind in by_kind])


def overall(tables: Tables, detector: str, variant: str) -> Array:
    """AUC (tables, seeds), mean over a table's kinds of outliers."""
    return np.array([np.mean(list(one["auc"][detector][variant].values()), axis=0) for one in tables.values()])


def ways_of(tables: Tables, detector: str) -> list[str]:
    """The variants that were measured with a detector on every table, the best by mean first."""
    there = [name for name in VARIANTS if all(name in one["auc"][detector] for one in tables.values())]
    return sorted(there, key=lambda name: -overall(tables, detector, name).mean())


def against_today(tables: Tables, detector: str, variant: str) -> tuple[float, float, int]:
    """Mean difference to today's AUC, its standard deviation over tables, on how many tables it is above 0."""
    difference = (overall(tables, detector, variant) - overall(tables, detector, TODAY)).mean(axis=1)
    deviation = float(difference.std(ddof=1)) if len(difference) > 1 else 0.0
    return float(difference.mean()), deviation, int((difference > 0).sum())


def _ranked(tables: Tables, detector: str) -> str:
    rows = []
    for variant in ways_of(tables, detector):
        values = overall(tables, detector, variant)
        kinds = [f"{of_kind(tables, detector, variant, kind).mean():.3f}" for kind in (CLASS, *KINDS)]
        spread = values.mean(axis=0).std(ddof=1)
        mean, deviation, better = against_today(tables, detector, variant)
        compared = [f"{mean:+.3f} ± {deviation:.3f}", f"{better} of {len(tables)}"] if variant != TODAY else ["", ""]
        name = f"**{variant}**" if variant == TODAY else variant
        rows.append([name, f"{values.mean():.3f} ± {spread:.3f}", *kinds, *compared])
    return _grid(("way", "mean", CLASS, *KINDS, "less today", "better on"), rows)


def _by_table(tables: Tables) -> str:
    detectors = _detectors(tables)
    ways = [name for name in VARIANTS if name in ways_of(tables, detectors[0])]
    rows = []
    for name in tables:
        one = {name: tables[name]}
        cells = [overall(one, detectors[0], way)[0] for way in ways]
        cells += [overall(one, rival, TODAY)[0] for rival in detectors[1:]]
        rows.append([name, *(f"{values.mean():.3f} ± {values.std(ddof=1):.3f}" for values in cells)])
    return _grid(("table", *ways, *(f"{rival}, today" for rival in detectors[1:])), rows)


def _gaps(tables: Tables) -> str:
    """What indicators of gaps do where there are gaps."""
    gappy = {name: one for name, one in tables.items() if one["missing"] > 0}
    detectors = [name for name in _detectors(gappy) if "no indicators" in ways_of(gappy, name)]
    rows = []
    for name in gappy:
        one = {name: gappy[name]}
        pairs = [[overall(one, d, way).mean() for way in (TODAY, "no indicators")] for d in detectors]
        rows.append([name, f"{gappy[name]['missing']:.1%}", *(f"{a:.3f} / {b:.3f}" for a, b in pairs)])
    return _grid(("table", "gaps", *detectors), rows)


def _lessons(tables: Tables) -> Iterator[str]:
    detectors = _detectors(tables)
    yield _verdict(tables)
    for detector in detectors:
        mean, deviation, better = against_today(tables, detector, "numbers only")
        kinds = {kind: [of_kind(tables, detector, way, kind).mean() for way in (TODAY, "numbers only")]
                 for kind in (CLASS, *KINDS)}  # fmt: skip
        gains = sorted(kinds, key=lambda kind: kinds[kind][0] - kinds[kind][1])
        most, least = (f"*{kind}* {kinds[kind][0]:.3f} against {kinds[kind][1]:.3f}" for kind in (gains[-1], gains[0]))
        yield (
            f"*{detector}*, today's preparation against numbers only: {-mean:+.3f} ± {deviation:.3f} over tables, "
            f"better on {len(tables) - better} of {len(tables)}. It gains most on {most}, least (or loses) on {least}."
        )
    yield from _many(tables)
    ours = overall(tables, detectors[0], TODAY).mean()
    above = [f"{name} {value:.3f}" for name in detectors[1:] if (value := overall(tables, name, TODAY).mean()) > ours]
    if above:
        yield f"With today's preparation `{detectors[0]}` has {ours:.3f}; above it {', '.join(above)}."


def _verdict(tables: Tables) -> str:
    """Whether a way is better than today's by more than its spread over tables, and for whom."""
    clear = {
        detector: [way for way in ways_of(tables, detector) if way != TODAY and _is_clear(tables, detector, way)]
        for detector in _detectors(tables)
    }
    shared = [way for way in VARIANTS if all(way in ways for ways in clear.values())]
    if shared:
        return f"With every detector {', '.join(shared)} beats today's preparation by more than the spread over tables."
    some = [f"{detector}: {', '.join(ways)}" for detector, ways in clear.items() if ways]
    return (
        "No way beats today's preparation by more than the spread over tables with every detector, so it stays as it "
        f"is. With single ones these do: {'; '.join(some) or 'none'}."
    )


def _is_clear(tables: Tables, detector: str, variant: str) -> bool:
    mean, deviation, _ = against_today(tables, detector, variant)
    return mean > deviation


def _many(tables: Tables) -> Iterator[str]:
    """What categories of many levels cost."""
    way = "many left out"
    there = {name: one for name, one in tables.items() if one["many"]}
    apart = {name: one for name, one in there.items() if USE[name] == "held back"}
    yield f"{len(there)} tables have a category of more than 20 levels: {', '.join(there)}."
    for detector in _detectors(tables):
        today, without = (overall(there, detector, name).mean() for name in (TODAY, way))
        mean, deviation, better = against_today(there, detector, way)
        held = [f"{against_today({name: apart[name]}, detector, way)[0]:+.3f} ({name})" for name in apart]
        yield (
            f"There *{detector}* has {today:.3f} with today's preparation and {without:.3f} if these are left "
            f"out ({mean:+.3f} ± {deviation:.3f} over tables, better on {better} of {len(there)}; held back: "
            f"{', '.join(held)})."
        )
