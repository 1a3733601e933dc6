"""What ``sogaal score`` says of drift."""

from pathlib import Path

from sogaal.drift import CLEAR, Drift, FeatureDrift
from sogaal.exports import drift_csv, drift_json
from sogaal.files import write_atomic
from sogaal.runs.printable import printable

MOST_NAMED = 5


def drift_lines(drift: Drift | None) -> list[str]:
    """Lines for people: the features that drifted, or that none did; nothing where it is not known."""
    if drift is None:
        return ["drift: not known; the model was saved without the distribution of its training table"]
    against = f"{drift.training_rows:,} training rows"
    found = drift.with_verdict("clear", "strong")
    slight = len(drift.with_verdict("slight"))
    lines = []
    if not found and not slight:
        lines.append(f"drift: none of {len(drift.lasting)} features beyond chance, against {against}")
    elif not found:
        lines.append(f"drift: {_count(slight, drift)} slightly, under {CLEAR:.0%} of the rows, against {against}")
    else:
        named = "; ".join(_named(one) for one in found[:MOST_NAMED])
        more = f"; and {len(found) - MOST_NAMED} more" if len(found) > MOST_NAMED else ""
        also = f" ({slight} more slightly)" if slight else ""
        lines.append(f"drift: {_count(len(found), drift)}{also}, against {against}: {named}{more}")
    if drift.absent:
        named = ", ".join(map(printable, drift.absent[:MOST_NAMED]))
        more = ", ..." if len(drift.absent) > MOST_NAMED else ""
        lines.append(f"missing columns, of which no drift can be told: {len(drift.absent)} ({named}{more})")
    lines += [f"dates: {printable(one.sentence)}" for one in drift.dates]
    missing = [one for one in drift.features if one.missing]
    if missing:
        named = ", ".join(f"{printable(one.name)} {one.missing:.1%}" for one in missing[:MOST_NAMED])
        lines.append(f"missing values: {named}" + (", ..." if len(missing) > MOST_NAMED else ""))
    return lines


def _count(count: int, drift: Drift) -> str:
    return f"{count} of {len(drift.lasting)} features {'has' if count == 1 else 'have'} moved"


def _named(one: FeatureDrift) -> str:
    if one.level:
        change = next(c for c in one.classes if c.level == one.level)
        told = f"{one.level!r} from {change.training:.0%} to {change.new:.0%}"
        return f"{printable(one.name)}, {one.distance:.0%} of the rows (PSI {one.psi:.2f}, {printable(told)})"
    side = "lower" if one.lower else "higher"
    outside = one.below + one.above
    beyond = f", {outside:.0%} outside the training's range" if outside >= 0.01 else ""
    return f"{printable(one.name)} {side}, {one.distance:.0%} of the rows (PSI {one.psi:.2f}{beyond})"


def write_drift(path: str, drift: Drift) -> None:
    """Write all features to a file: JSON where its name ends so, else CSV."""
    write_atomic(path, drift_json(drift) if Path(path).suffix.lower() == ".json" else drift_csv(drift))
