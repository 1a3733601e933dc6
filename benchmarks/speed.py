"""How fast a training step is, held against the post's loop, PyOD and plain C, and how its cost grows.

    python benchmarks/speed.py [--quick] [--only ROW ...] [--json speed.json] [--chart growth.html]

Everything runs on one thread; what is compared takes turns in one process. Prints Markdown tables. Rows: onecluster
(one SO-GAAL run with everything it keeps), c (without evaluation, against step.c), wide (7,129 x 21), mo (MO-GAAL,
k = 10), share (of evaluation and history), growth (against n, d, k and runs). PyOD comes with the extra "bench".
Times by the clock suffer from other programs; those by processor time hardly, and the goals are judged by these.
"""

import argparse
import json
import os
import platform
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from parts import growth
from parts.c_step import TOLERANCE, CStep, compile_step, difference
from parts.post_loop import PostLoop
from parts.subjects import FloatArray, LabelArray, ours, pyod_runs, steps_alone
from parts.timing import Timing, Work, in_turns
from threadpoolctl import threadpool_limits

from sogaal.config import make_config
from sogaal.data import load_dataset
from sogaal.engine import Engine
from sogaal.scaling import Scaler

WIDE = (7129, 21)


@dataclass(frozen=True)
class Goal:
    """Theirs must take at least ``least`` times as long as ours; ``text`` says it for the table."""

    least: float
    text: str


def faster(times: int) -> Goal:
    """Ours so many times as fast."""
    return Goal(times, f"≥ {times}×")


@dataclass
class Row:
    """One comparison: the first of ``timings`` is ours; ``goals`` by name of the others."""

    name: str
    title: str
    timings: list[Timing]
    goals: dict[str, Goal] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def met(self, timing: Timing) -> bool | None:
        """Whether the subject's goal is met by processor time; None where it has none."""
        goal = self.goals.get(timing.name)
        return None if goal is None else timing.processor_ratio.median >= goal.least

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        goals = {name: goal.text for name, goal in self.goals.items()}
        subjects = [t.to_dict() | {"goal": goals.get(t.name), "met": self.met(t)} for t in self.timings]
        return {"row": self.name, "title": self.title, "subjects": subjects, "notes": self.notes}


def onecluster() -> tuple[FloatArray, LabelArray]:
    """The table, scaled, and its labels."""
    dataset = load_dataset("onecluster")
    assert dataset.y is not None
    return Scaler.fit(dataset.X).transform(dataset.X), dataset.y


def with_pyod(subjects: dict[str, Work], X: FloatArray, algorithm: str, stop_epochs: int) -> tuple[str | None, str]:
    """Add PyOD where it is installed: (its name in the table or None, a note)."""
    work, found = pyod_runs(X, algorithm, stop_epochs)
    if work is None:
        return None, f"PyOD skipped: {found}"
    name = f"PyOD {algorithm.replace('-', '_').upper()}"
    subjects[name] = work
    return name, f"PyOD {found}"


def row_onecluster(rounds: int) -> Row:
    """(1) One run with AUC at every epoch and full history."""
    X, y = onecluster()
    epochs = 50
    subjects = {
        "sogaal": ours(X, y, make_config("post", stop_epochs=epochs, max_epochs=3 * epochs), 8),
        "the post's loop": lambda: PostLoop(X, y, epochs).fit().steps,
    }
    name, note = with_pyod(subjects, X, "so-gaal", epochs)
    goals = {"the post's loop": faster(20)} | ({name: faster(12)} if name else {})
    notes = [f"{note}. PyOD evaluates nothing on the way; sogaal and the post's loop do, once an epoch (2 steps)."]
    title = "SO-GAAL, onecluster (1,000 × 2, hidden 32, batch 500), AUC every epoch, history"
    return Row("onecluster", title, in_turns(subjects, rounds), goals, notes)


def row_c(rounds: int) -> Row:
    """(2) Ours without evaluation against the step in C."""
    X, _ = onecluster()
    library, found = compile_step()
    config = make_config("post", stop_epochs=50, max_epochs=150)
    subjects: dict[str, Work] = {"sogaal": ours(X, None, config.replace(eval_every=150), 8)}
    title = "the same without evaluation"
    if library is None:
        return Row("c", title, in_turns(subjects, rounds), {}, [f"The C step skipped: {found}."])
    apart = max(difference(library, table, config) for table in (X, wide()[0][:1200]))
    if not apart <= TOLERANCE:
        raise RuntimeError(f"step.c and the engine must agree within {TOLERANCE}, they differ by {apart:.2g}.")
    start, trained = Engine(X, [config]), config.stop_epochs * 2 + 2

    def c_runs() -> int:
        for _ in range(8):
            run = CStep(library, X, start, config)
            run.advance(trained)
            run.advance(300 - trained, trains_generator=False)
        return 8 * 300

    name = "plain C, one thread"
    subjects[name] = c_runs
    note = f"{found}; from the same start with the same noise it stays within {apart:.0e} of the engine's weights."
    return Row("c", title, in_turns(subjects, rounds), {name: Goal(1 / 2.5, "ours within 2.5×")}, [note])


def wide() -> tuple[FloatArray, LabelArray]:
    """A made-up table of 7,129 x 21 in [0, 1] with 7 % outliers."""
    rng = np.random.default_rng(7)
    y = (rng.random(WIDE[0]) < 0.07).astype(np.int8)
    X = np.clip(0.5 + rng.standard_normal(WIDE) * np.where(y, 0.3, 0.1)[:, None], 0, 1)
    return X.astype(np.float32), y


def row_wide(rounds: int) -> Row:
    """(3) A larger table."""
    X, y = wide()
    subjects = {"sogaal": ours(X, y, make_config("post", stop_epochs=4, max_epochs=12), 4)}
    name, note = with_pyod(subjects, X, "so-gaal", 4)
    title = "SO-GAAL, 7,129 × 21 (made up; hidden 85, batch 500), AUC every epoch, history"
    return Row("wide", title, in_turns(subjects, rounds), {name: faster(4)} if name else {}, [f"{note}."])


def row_mo(rounds: int) -> Row:
    """(4) MO-GAAL."""
    X, y = onecluster()
    config = make_config("post", algorithm="mo-gaal", k=10, stop_epochs=25, max_epochs=75)
    subjects = {"sogaal": ours(X, y, config, 4)}
    name, note = with_pyod(subjects, X, "mo-gaal", 25)
    title = "MO-GAAL, k = 10, onecluster, AUC every epoch, history"
    notes = [f"{note}."]
    if name:
        notes = [f"{note}. Each of our 10 sub-generators trains on a whole batch, PyOD's share one: a tenth."]
    return Row("mo", title, in_turns(subjects, rounds), {name: faster(10)} if name else {}, notes)


def row_share(rounds: int) -> Row:
    """(5) What evaluation and history take."""
    X, y = onecluster()
    config = make_config("post", stop_epochs=200, max_epochs=600)
    subjects = {"sogaal": ours(X, y, config, 2), "its steps alone": steps_alone(X, config, 2)}
    timings = in_turns(subjects, rounds)
    share = 1 - timings[1].processor_ratio.median
    note = (
        f"Losses, AUC at every epoch, average precision, spread and history take {share:.0%} of the run (goal: 20 %)."
    )
    title = "SO-GAAL, onecluster: share of evaluation and history"
    return Row("share", title, timings, {"its steps alone": Goal(0.8, "≥ 0.80 (share ≤ 20 %)")}, [note])


ROWS: dict[str, Callable[[int], Row]] = {
    "onecluster": row_onecluster,
    "c": row_c,
    "wide": row_wide,
    "mo": row_mo,
    "share": row_share,
}


HEADER = (
    "what, per step",
    "against",
    "ours, µs of processor (by the clock)",
    "theirs",
    "theirs / ours, processor (min–max)",
    "by the clock",
    "goal",
)


def print_row(row: Row) -> None:
    """Lines of the table: ours against each of the others."""
    mine, *others = row.timings
    for other in others:
        times = [f"{t.processor.median:,.0f} ({t.wall.median:,.0f})" for t in (mine, other)]
        ratios = [r.shown(".2f" if r.median < 5 else ".1f") for r in (other.processor_ratio, other.ratio)]
        goal = row.goals.get(other.name)
        verdict = "" if goal is None else f"{goal.text}: {'met' if row.met(other) else 'missed'}"
        print(f"| {' | '.join([row.title, other.name, *times, *ratios, verdict])} |", flush=True)
    if not others:
        print(f"| {row.title} | - | {mine.processor.median:,.0f} ({mine.wall.median:,.0f}) | | | | |", flush=True)


def measure_growth(quick: bool, path: Path | None) -> list[dict[str, Any]]:
    """(6) Points as they come, a verdict for each sweep, and the chart where asked for."""
    print("\n### Cost against size, one SO-GAAL or MO-GAAL step without evaluation, one thread\n")
    columns = ["", "value", "hidden", "µs of processor a step", "multiply-adds", "per ns", "scores of the table, ms"]
    columns += ["peak memory over the start, MiB", "table, MiB"]
    print(f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}")
    rows = []
    for row in growth.sweep(quick):
        rows.append(row)
        hidden = growth.Point(**row["point"]).hidden
        microseconds = row["processor_microseconds"]
        rate = row["arithmetic"] / microseconds / 1e3
        print(
            f"| {growth.TITLES[row['sweep']]} | {row['value']:,} | {hidden} | {microseconds:,.0f} "
            f"| {row['arithmetic']:.2g} | {rate:.1f} | {row['score_milliseconds']:,.1f} | {row['peak_mib']:,.0f} "
            f"| {row['table_mib']:,.1f} |",
            flush=True,
        )
    print()
    for name in growth.SWEEPS:
        cost, arithmetic = growth.growth(rows, name)
        verdict = "no worse than the arithmetic" if cost <= arithmetic else "worse than the arithmetic"
        print(f"- {growth.TITLES[name]}: cost × {cost:.3g}, multiply-adds × {arithmetic:.3g}: {verdict}")
    print(
        "\nOn a CPU many runs in one engine leave its caches: a group holds one run there, more go to more processes."
    )
    print("\nMultiply-adds with batch B, h hidden units, d columns: 4Bh(d+1) + 6Bh for D, 2Bh(d+2) + 5B(d+1)² for each")
    print("generator, and for MO-GAAL's quantiles min(n, 20,000) h (d+2).")
    if path is not None:
        growth.chart(rows, path)
        print(f"\nChart: {path}")
    return rows


def machine() -> dict[str, str]:
    """Where this was measured."""
    cpu = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = (
            line.split(":", 1)[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")
        )
        cpu = next(names, cpu)
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
    return {
        "processor": f"{cpu}, {os.cpu_count()} cores",
        "load average before": load,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
    }


def run(names: list[str], quick: bool, chart: Path | None) -> dict[str, Any]:
    """Measure the rows asked for and print them."""
    found: dict[str, Any] = {"machine": machine(), "rows": [], "growth": []}
    print("; ".join(f"{name} {value}" for name, value in found["machine"].items()))
    compared = [name for name in names if name in ROWS]
    if compared:
        print(f"\n| {' | '.join(HEADER)} |\n|{'---|' * len(HEADER)}")
    rows = []
    for name in compared:
        rows.append(ROWS[name](3 if quick else 9))
        print_row(rows[-1])
    for row in rows:
        for note in row.notes:
            print(f"\n- {row.name}: {note}")
    found["rows"] = [row.to_dict() for row in rows]
    if "growth" in names:
        found["growth"] = measure_growth(quick, chart)
    return found


def main() -> None:
    """Measure, print, and write JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer rounds and points: to see that it runs")
    names = [*ROWS, "growth"]
    parser.add_argument("--only", nargs="+", choices=names, metavar="ROW", help=", ".join(names))
    parser.add_argument("--json", type=Path, help="file for the figures")
    parser.add_argument("--chart", type=Path, help="file for the chart of growth, HTML")
    options = parser.parse_args()
    torch.set_num_threads(1)
    with threadpool_limits(1):
        found = run(options.only or names, options.quick, options.chart)
    if options.json:
        options.json.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
