"""docs/gaps.md from what benchmarks/gaps.py measured."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from textwrap import fill
from typing import Any

import numpy as np
import numpy.typing as npt

from parts.gap_rules import BOTH, RULES, WAYS, Outcome, balanced, outcomes, regrets
from parts.gap_tables import CUTS, MIXED, SHIPPED
from parts.mixed_tables import SOURCES
from parts.spread import deviation, shown

Tables = Mapping[str, Mapping[str, Any]]
Array = npt.NDArray[np.float64]

PAGE = Path(__file__).with_name("gaps.md")
LEVEL = 0.005  # AUCs that differ by less count as alike


def page(found: Mapping[str, Any]) -> str:
    """The whole page from the content of gaps.json."""
    tables: Tables = {name: found["tables"][name] for name in (*SHIPPED, *MIXED) if name in found["tables"]}
    seeds = sorted({len(one["rows"]) for one in tables.values()})
    return PAGE.read_text(encoding="utf-8").format(
        seeds=" or ".join(map(str, seeds)), rows=f"{found['rows']:,}", tables=_tables(tables), cuts=_cuts(tables),
        results="\n\n".join(f"### {name}\n\n{_by_cut(tables, name)}" for name in detectors_of(tables)),
        by_table=_by_table(tables, detectors_of(tables)[0]), top=_top(tables), rules=_rules(), regret=_regret(tables),
        hedge=_hedge(tables),
        lessons="\n".join(fill(line, 120, initial_indent="- ", subsequent_indent="  ") for line in _lessons(tables)),
    )  # fmt: skip


def detectors_of(tables: Tables) -> list[str]:
    """The detectors, `auto` first."""
    return list(next(iter(tables.values()))["without"])


def _grid(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(head)} |", "|---|" + "--:|" * (len(head) - 1)]
    return "\n".join(lines + [f"| {' | '.join(row)} |" for row in rows])


def _tables(tables: Tables) -> str:
    rows = []
    for name, one in tables.items():
        source = f"{SOURCES[name].package}::{SOURCES[name].item}" if name in SOURCES else "shipped"
        rows.append([name, source, *(f"{np.mean(one[key]):,.0f}" for key in ("rows", "columns", "outliers"))])
    return _grid(("table", "from", "rows", "columns", "outliers"), rows)


def _cuts(tables: Tables) -> str:
    rows = []
    for name, cut in CUTS.items():
        shares = [np.mean(one["cuts"][name]["gappy"]) for one in tables.values()]
        rows.append([name, cut.words, f"{min(shares):.0%} to {max(shares):.0%}"])
    return "\n".join(["| cut | gaps | rows with a gap |", "|---|---|--:|", *(f"| {' | '.join(row)} |" for row in rows)])


def aucs(tables: Tables, detector: str, cut: str, way: str) -> Array:
    """(tables, seeds) with a cut and a way."""
    return np.array([one["cuts"][cut]["auc"][detector][way] for one in tables.values()])


def without(tables: Tables, detector: str) -> Array:
    """(tables, seeds) without gaps."""
    return np.array([one["without"][detector] for one in tables.values()])


def less_mark(tables: Tables, detector: str, cut: str) -> Array:
    """AUC with gaps filled less that with gaps marked, (tables,), mean over seeds."""
    return (aucs(tables, detector, cut, "fill") - aucs(tables, detector, cut, "mark")).mean(axis=1)


def _by_cut(tables: Tables, detector: str) -> str:
    rows = []
    for cut in CUTS:
        values = [shown(aucs(tables, detector, cut, way).mean(axis=0)) for way in WAYS]
        difference = less_mark(tables, detector, cut)
        better, worse = int((difference > LEVEL).sum()), int((difference < -LEVEL).sum())
        mean = f"{difference.mean():+.3f} ± {deviation(difference):.3f}"
        rows.append([
            cut, f"{without(tables, detector).mean():.3f}", *values, mean, f"{better}, {worse}",
            _extreme(tables, difference, np.argmax), _extreme(tables, difference, np.argmin),
        ])  # fmt: skip
    head = ("gaps", "without gaps", "mark", "fill", "fill less mark", "fill better, worse on", "most", "least")
    return _grid(head, rows)


def _extreme(tables: Tables, difference: Array, which: Any) -> str:
    at = int(which(difference))
    return f"{difference[at]:+.3f} ({list(tables)[at]})"


def _by_table(tables: Tables, detector: str) -> str:
    rows = []
    for name in tables:
        one = {name: tables[name]}
        pairs = [[shown(aucs(one, detector, cut, way)[0]) for way in WAYS] for cut in CUTS]
        rows.append([name, shown(without(one, detector)[0]), *(" / ".join(pair) for pair in pairs)])
    return _grid(("table", "without gaps", *CUTS), rows)


def _top(tables: Tables) -> str:
    rows = []
    for cut in CUTS:
        cells = [f"{np.mean([one['cuts'][cut]['gappy'] for one in tables.values()]):.0%}"]
        for detector in detectors_of(tables):
            tops = [[one["cuts"][cut]["top"][detector][way] for one in tables.values()] for way in WAYS]
            told = np.mean([one["cuts"][cut]["told"][detector] for one in tables.values()])
            cells.append(" / ".join(f"{np.mean(top):.0%}" for top in tops) + f" ({told:.0%})")
        rows.append([cut, *cells])
    return _grid(("gaps", "all rows", *detectors_of(tables)), rows)


def _rules() -> str:
    rows = [f"| {name} | {words} |" for name, (words, _) in RULES.items()]
    return "\n".join(["| rule | what it does |", "|---|---|", *rows])


def _split(them: Sequence[Outcome], rule: str) -> tuple[float, float, float, float]:
    """The mean regret of a rule where gaps mean nothing, where they mean something, the mean of both, the largest."""
    found = regrets(them, rule)
    halves = [np.mean([v for v, one in zip(found, them, strict=True) if one.meaning is m]) for m in (False, True)]
    return float(halves[0]), float(halves[1]), balanced(found, them), max(found)


def _regret(tables: Tables) -> str:
    rows = []
    for rule in RULES:
        cells = []
        for detector in detectors_of(tables):
            nothing, something, both, most = _split(list(outcomes(tables, detector)), rule)
            cells.append(f"{nothing:.3f} / {something:.3f} / {both:.3f} (most {most:.2f})")
        rows.append([rule, *cells])
    return _grid(("rule", *detectors_of(tables)), rows)


def _hedge(tables: Tables) -> str:
    """The mean regret of the mean rank, from the detector with the least to that with the most."""
    costs = [_split(list(outcomes(tables, detector)), BOTH)[2] for detector in detectors_of(tables)]
    return f"{min(costs):.3f} to {max(costs):.3f}"


def _mean_less_mark(tables: Tables, detector: str, meaning: bool) -> Array:
    """Fill less mark, (tables,), the mean over the cuts that mean something, or nothing."""
    cuts = [name for name, cut in CUTS.items() if cut.meaning is meaning]
    return np.mean([less_mark(tables, detector, cut) for cut in cuts], axis=0)


def _lessons(tables: Tables) -> Iterator[str]:
    for detector in detectors_of(tables):
        yield _weighed(tables, detector)
    yield _told(tables)
    for detector in detectors_of(tables):
        yield _best_rule(tables, detector)


def _told(tables: Tables) -> str:
    """How much filling gains in those rankings where the result says that gaps fill the top, with all detectors."""
    gains: dict[bool, list[float]] = {False: [], True: []}
    for one in (one for detector in detectors_of(tables) for one in outcomes(tables, detector)):
        pairs = zip(one.auc["fill"], one.auc["mark"], one.told, strict=True)
        gains[one.meaning] += [filled - marked for filled, marked, told in pairs if told]
    parts = [
        f"of {len(values):,} where gaps mean {what}, {np.mean(np.array(values) > 0):.0%} are better with them filled "
        f"({np.mean(values):+.3f} on average)"
        for values, what in ((gains[False], "nothing"), (gains[True], "something"))
        if values
    ]
    return f"Rankings whose result says that the flagged rows have gaps so often: {'; '.join(parts)}."


def _weighed(tables: Tables, detector: str) -> str:
    """What each way wins and loses, and from which share of tables on marking pays."""
    gain, loss = (_mean_less_mark(tables, detector, meaning) for meaning in (False, True))
    parts = [
        f"{value.mean():+.3f} ± {deviation(value):.3f} over tables where they mean {what} (from {value.min():+.3f} to "
        f"{value.max():+.3f})"
        for value, what in ((gain, "nothing"), (loss, "something"))
    ]
    words = f"*{detector}*, gaps filled against marked: {' and '.join(parts)}."
    if gain.mean() > 0 > loss.mean():
        share = gain.mean() / (gain.mean() - loss.mean())
        words += f" On average marking pays where gaps mean something in more than {share:.0%} of the tables."
    return words


def _best_rule(tables: Tables, detector: str) -> str:
    them = list(outcomes(tables, detector))
    costs = {rule: _split(them, rule)[2] for rule in RULES}
    blind = [rule for rule in RULES if not rule.startswith("always")]
    best = min(costs, key=lambda rule: costs[rule])
    words = f"*{detector}*: of the rules *{best}* costs least where both kinds of gaps count alike, {costs[best]:.3f}"
    better = [rule for rule in blind if costs[rule] < min(costs["always mark"], costs["always fill"]) - LEVEL]
    if not better:
        return f"{words}; none is better by more than {LEVEL} than the better of always the same ({_same(costs)})."
    return f"{words}; better by more than {LEVEL} than always the same ({_same(costs)}): {', '.join(better)}."


def _same(costs: Mapping[str, float]) -> str:
    return ", ".join(f"*{rule}* {costs[rule]:.3f}" for rule in ("always mark", "always fill"))
