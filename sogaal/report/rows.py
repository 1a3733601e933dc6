"""The most abnormal rows in a report: their values, what is unusual in them, and what speaks for suspicion."""

from collections.abc import Iterator, Sequence

import numpy as np

from sogaal.data import gap_words
from sogaal.explain import Reason, Reasons
from sogaal.metrics import flag, outlier_score, rank
from sogaal.model import At
from sogaal.report.content import AT, ReportContent, Unusual, unusual_in
from sogaal.report.document import section
from sogaal.report.html import Child, Html, join, table, tag
from sogaal.report.trust import seed_counts

MOST_ROWS, MOST_COLUMNS, MOST_NAMES = 20, 8, 2
WHY = "speaks most for suspicion"


def rows_section(content: ReportContent) -> Html:
    """The most abnormal rows with their values; nothing where no D scores."""
    at = content.at
    if at is None:
        return Html("")
    data, logits = content.dataset, content.logits[at]
    top = np.argsort(logits, kind="stable")[:MOST_ROWS].tolist()
    unusual = unusual_in(data, top)
    original = list(data.original(top).items())
    columns = _columns(len(original), unusual)
    scores = outlier_score(logits)
    ranks = {moment: rank(values) for moment, values in content.logits.items()}
    other = next((moment for moment in ranks if moment != at), None)
    heads: list[Child] = [tag("bdi", data.id_name or "row"), "rank"]
    heads += [f"rank {AT[other]}"] if other else []
    heads += ["outlier score"] + (["label"] if data.y is not None else [])
    counts = seed_counts(content, top)
    heads += [f"seeds of {len(content.trust.seeds)}"] if counts and content.trust else []
    reasons = _reasons(content, top)
    heads += [WHY] if reasons else []
    fixed = len(heads)
    heads += [tag("bdi", original[column][0]) for column in columns]
    heads += ["most unusual"]
    body: list[list[Child]] = []
    for place, (row, found) in enumerate(zip(top, unusual, strict=True)):
        cells: list[Child] = [tag("bdi", str(data.ids[row])), f"{ranks[at][row]:,}"]
        cells += [f"{ranks[other][row]:,}"] if other else []
        cells.append(f"{scores[row]:.4f}")
        if data.y is not None:
            cells.append("outlier" if data.y[row] else "inlier")
        cells += [counts[place]] if counts else []
        cells += [reasons[place]] if reasons else []
        by_column = {one.column: one for one in found}
        cells += [_value(original[column][1][place], by_column.get(column)) for column in columns]
        body.append([*cells, _words([name for name, _ in original], found)])
    caption = f"The {len(top)} most abnormal rows by D {content.words(at)}; values as they are in the table"
    aligned = [i for i in range(1, fixed + len(columns)) if heads[i] not in ("label", WHY)]
    left_out = len(original) - len(columns)
    notes = "▲ or ▼: at most 1 % of the column's values are as high, or as low."
    if data.preparation is not None:
        notes += " ◆: at most 1 % of the rows have this value."
    notes += " A row can be abnormal without any, by what comes together in it."
    if reasons:
        notes += " What speaks for suspicion is what D goes by: how much a column raises the log-odds of the outlier"
        notes += " score on the way from the table's median to the row (integrated gradients). High and low: above and"
        notes += " below the median. No label is used."
    if left_out:
        notes += f" Shown: {len(columns)} of {len(original):,} columns, those most often unusual among these rows."
    return section(
        "The most abnormal rows",
        *_gaps(content, at),
        table(caption, heads, body, numbers=aligned, class_="rows"),
        tag("p", notes, class_="fine"),
    )


def _gaps(content: ReportContent, at: At) -> Iterator[Html]:
    """What to say where rows with empty cells fill the top."""
    words = gap_words(content.dataset, flag(content.logits[at], content.share))
    if words:
        yield tag("p", f"{words} If gaps mean nothing here, read the table with --gaps fill, and train again.")


def _reasons(content: ReportContent, rows: list[int]) -> list[Child]:
    """For each row the columns that speak most for its suspicion; empty where D is not there."""
    explanation = content.explained(rows)
    if explanation is None:
        return []
    reasons, names = explanation.reasons(), explanation.names
    cells: list[Child] = []
    for row in range(len(rows)):
        # Arrows mark rare values in this table; here a value may be usual, and only on one side of the median.
        lines = [
            tag("span", *_reason(reasons, one, names), f" {one.weight:+.2f}", class_="why")
            for one in reasons.of_row(row)
        ]
        cells.append([join(line, " ") for line in lines] or "-")
    return cells


def _reason(reasons: Reasons, one: Reason, names: Sequence[str]) -> tuple[Child, ...]:
    """A feature's name, and what of it is suspicious; a name may run from right to left."""
    if reasons.preparation is not None:
        return (tag("bdi", reasons.phrase(one, names)),)
    return tag("bdi", names[one.feature]), f" {'high' if one.high else 'low'}"


def _columns(d: int, unusual: list[list[Unusual]]) -> list[int]:
    """Which of ``d`` columns are shown: all, or those most often unusual, in the table's order."""
    if d <= MOST_COLUMNS:
        return list(range(d))
    count = np.bincount([one.column for row in unusual for one in row], minlength=d)
    return sorted(np.argsort(-count, kind="stable")[:MOST_COLUMNS].tolist())


def _value(value: float | str, unusual: Unusual | None) -> Child:
    if isinstance(value, str):
        return tag("bdi", value) if unusual is None else tag("strong", tag("bdi", value), f" {_arrow(unusual)}")
    words = "missing" if np.isnan(value) else f"{value:.6g}"
    return words if unusual is None else tag("strong", f"{words} {_arrow(unusual)}")


def _arrow(unusual: Unusual) -> str:
    return "◆" if unusual.high is None else "▲" if unusual.high else "▼"


def _words(names: Sequence[str], found: list[Unusual]) -> Child:
    parts: list[Child] = [join(tag("bdi", names[one.column]), f" {_arrow(one)}") for one in found[:MOST_NAMES]]
    more = f" and {len(found) - MOST_NAMES} more" if len(found) > MOST_NAMES else ""
    return join([part for i, one in enumerate(parts) for part in (", " if i else "", one)], more) if parts else "-"
