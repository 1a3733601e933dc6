"""How long `sogaal score` takes for files of growing length, and how much memory.

    python benchmarks/score.py [--rows N ...] [--columns 10] [--folder DIR]

Makes Parquet and CSV files of random rows in a temporary folder, and runs the command on each in a process of its own,
whose peak memory the system tells. Prints a Markdown table.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

PIECE = 250_000


def write_table(path: Path, rows: int, columns: int) -> None:
    """Random rows, a piece at a time, so that no file needs the memory that it measures."""
    names = [f"x{j + 1}" for j in range(columns)]
    schema = pa.schema([(name, pa.float32()) for name in names])
    writers = {".parquet": pq.ParquetWriter, ".csv": pa_csv.CSVWriter}
    rng = np.random.default_rng(rows)
    with writers[path.suffix](path, schema) as writer:
        for start in range(0, rows, PIECE):
            X = rng.normal(size=(min(PIECE, rows - start), columns)).astype(np.float32)
            writer.write_table(pa.table(dict(zip(names, X.T, strict=True)), schema=schema))


def measured(command: list[str]) -> tuple[float, float]:
    """(seconds, peak MiB) of a process."""
    started = time.perf_counter()
    process = subprocess.Popen(command)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return time.perf_counter() - started, usage.ru_maxrss / unit


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[10**5, 10**6, 10**7])
    parser.add_argument("--columns", type=int, default=10)
    parser.add_argument("--folder", type=Path, help="where the files are made (default: the system's temporary folder)")
    options = parser.parse_args()
    sogaal = [sys.executable, "-m", "sogaal"]
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        write_table(folder / "training.parquet", 1000, options.columns)
        model = folder / "model.safetensors"
        train = ["train", str(folder / "training.parquet"), "--stop_epochs", "20", "--save", str(model)]
        subprocess.run([*sogaal, *train, "--no-save", "--quiet"], check=True)
        print("| rows | file | its size, MB | seconds | rows a second | peak memory, MiB |\n|---|---|---|---|---|---|")
        for rows in options.rows:
            for ending in ("parquet", "csv"):
                source, target = folder / f"new.{ending}", folder / f"scores.{ending}"
                write_table(source, rows, options.columns)
                size = source.stat().st_size / 1e6
                seconds, peak = measured([*sogaal, "score", str(model), str(source), "-o", str(target), "--quiet"])
                print(
                    f"| {rows:,} | {ending} | {size:,.0f} | {seconds:.1f} | {rows / seconds:,.0f} | {peak:,.0f} |",
                    flush=True,
                )
                source.unlink()
                target.unlink()


if __name__ == "__main__":
    main()
