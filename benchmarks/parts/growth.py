"""Cost of a step against the size of the table and the number of networks, each point in a process of its own.

One process a point, because peak memory is a property of a process. Times are the least of several repetitions.
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from sogaal.config import make_config
from sogaal.counting import QUANTILE_ROWS
from sogaal.engine import Engine

BATCH = 500
SECONDS = 1.0  # of stepping at each point
BLOCK = 64  # steps a repetition: as many as the engine draws noise for at once


@dataclass(frozen=True)
class Point:
    """A table of n rows and d columns, k sub-generators (0: SO-GAAL), runs stacked in one engine."""

    n: int = 1000
    d: int = 8
    k: int = 0
    runs: int = 1

    @property
    def hidden(self) -> int:
        """Units in D's hidden layer."""
        return int(np.ceil(np.sqrt(self.n)))

    @property
    def arithmetic(self) -> float:
        """Multiply-adds of a step of all runs: leading terms, with batch B and h hidden units.

        D forward and its slope on 2 B columns: 4 B h (d+1); with the second layer's, 6 B h more. G forward, slopes and
        back: 5 B (d+1)^2. D on G(z) and back: 2 B h (d+2). MO-GAAL: k times G's half, D on q rows for the quantiles.
        """
        B, h, d, k = min(BATCH, self.n), self.hidden, self.d, max(1, self.k)
        own = 4 * B * h * (d + 1) + 6 * B * h
        made = 2 * B * h * (d + 2) + 5 * B * (d + 1) ** 2
        quantiles = min(self.n, QUANTILE_ROWS) * h * (d + 2) if self.k else 0
        return float(self.runs * (own + k * made + quantiles))


SWEEPS: dict[str, tuple[Point, tuple[int, ...]]] = {
    "n": (Point(), (1_000, 10_000, 100_000, 1_000_000)),
    "d": (Point(), (2, 8, 32, 100, 200)),
    "k": (Point(d=2, k=1), (1, 2, 5, 10, 20)),
    "runs": (Point(d=2), (1, 4, 16, 64, 256)),
}
TITLES = {
    "n": "rows n (d = 8, hidden units √n)",
    "d": "columns d (n = 1,000)",
    "k": "sub-generators k (1,000 × 2)",
    "runs": "runs in one engine (1,000 × 2)",
}


def _memory() -> tuple[float, float]:
    """(now, at most) resident MiB of this process."""
    status = Path("/proc/self/status")
    if status.exists():
        # Where Linux tells it: getrusage would count what the parent held when it started this process.
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return tuple(int(lines[name].split()[0]) / 1024 for name in ("VmRSS", "VmHWM"))  # type: ignore[return-value]
    import resource  # not on Windows

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 1024)
    return most, most


def measure(point: Point, seconds: float = SECONDS) -> dict[str, Any]:
    """Measure one point here: in a process that does nothing else."""
    before, _ = _memory()
    X = np.random.default_rng(0).random((point.n, point.d), dtype=np.float32)
    algorithm = {"algorithm": "mo-gaal", "k": point.k} if point.k else {"algorithm": "so-gaal"}
    config = make_config("post", whether_stop=0, shuffle="once", batch_size=BATCH, **algorithm)
    engine = Engine(X, [config.replace(seed=seed) for seed in range(point.runs)])
    engine.advance(1)
    # Whole blocks of noise, so that drawing it counts.
    least = {"wall": np.inf, "processor": np.inf}
    started, repetitions = time.perf_counter(), 0
    while repetitions < 2 or time.perf_counter() - started < seconds:
        wall, processor = time.perf_counter(), time.process_time()
        engine.advance(BLOCK)
        least["wall"] = min(least["wall"], time.perf_counter() - wall)
        least["processor"] = min(least["processor"], time.process_time() - processor)
        repetitions += 1
    wall = time.perf_counter()
    engine.logits()
    scoring = time.perf_counter() - wall
    return {
        "microseconds": least["wall"] / BLOCK * 1e6,
        "processor_microseconds": least["processor"] / BLOCK * 1e6,
        "score_milliseconds": scoring * 1e3,
        "peak_mib": _memory()[1] - before,
        "table_mib": X.nbytes / 2**20,
    }


def sweep(quick: bool) -> Iterator[dict[str, Any]]:
    """Rows for all points: {"sweep", "value", "point", "arithmetic", and what ``measure`` gives}."""
    for name, (base, values) in SWEEPS.items():
        for value in values[: 3 if quick else None]:
            point = replace(base, **{name: value})
            command = [sys.executable, "-m", "parts.growth", json.dumps(asdict(point)), str(0.2 if quick else SECONDS)]
            folder = Path(__file__).parents[1]
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
            if done.returncode:
                raise RuntimeError(f"measuring {point} failed:\n{done.stderr[-2000:]}")
            yield {
                "sweep": name,
                "value": value,
                "point": asdict(point),
                "arithmetic": point.arithmetic,
                **json.loads(done.stdout),
            }


def growth(rows: list[dict[str, Any]], name: str) -> tuple[float, float]:
    """(by processor time, by arithmetic): how many times more the last point of a sweep costs than its first."""
    ends = [row for row in rows if row["sweep"] == name]
    first, last = ends[0], ends[-1]
    return (
        last["processor_microseconds"] / first["processor_microseconds"],
        last["arithmetic"] / first["arithmetic"],
    )


def chart(rows: list[dict[str, Any]], path: Path) -> None:
    """Write a log-log chart as one HTML file: time above, peak memory below, a column a sweep."""
    import plotly.graph_objects as go
    from plotly.subplots import make_subplots

    names = list(dict.fromkeys(row["sweep"] for row in rows))
    figure = make_subplots(2, len(names), column_titles=[TITLES[name] for name in names], vertical_spacing=0.1)
    for column, name in enumerate(names, start=1):
        some = [row for row in rows if row["sweep"] == name]
        x = [row["value"] for row in some]
        cost = [row["processor_microseconds"] for row in some]
        # The arithmetic through the last point: where a measured line is flatter, fixed costs weigh more than it.
        ideal = [cost[-1] * row["arithmetic"] / some[-1]["arithmetic"] for row in some]
        first = column == 1
        lines = (
            (1, cost, "a step, measured", "#0072B2", "solid"),
            (1, ideal, "growth of the arithmetic", "#767676", "dash"),
            (2, [row["peak_mib"] for row in some], "peak memory", "#D55E00", "solid"),
            (2, [row["table_mib"] for row in some], "the table itself", "#767676", "dot"),
        )
        for part, y, label, colour, dash in lines:
            line = {"color": colour, "dash": dash}
            trace = go.Scatter(x=x, y=y, name=label, line=line, mode="lines+markers", showlegend=first)
            figure.add_trace(trace, row=part, col=column)
    figure.update_xaxes(type="log")
    figure.update_yaxes(type="log")
    figure.update_yaxes(title="µs of processor a step", row=1, col=1)
    figure.update_yaxes(title="MiB over the start", row=2, col=1)
    title = "Cost of a training step, one thread. Flatter than the dashed line: grows slower than the arithmetic."
    figure.update_layout(title=title, template="plotly_white", height=760, legend={"orientation": "h", "y": -0.08})
    figure.write_html(path, include_plotlyjs=True)


if __name__ == "__main__":
    import torch

    torch.set_num_threads(1)
    print(json.dumps(measure(Point(**json.loads(sys.argv[1])), float(sys.argv[2]))))
