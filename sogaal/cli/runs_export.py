"""``sogaal runs export``: runs, or parts of them, as files that other programs open."""

import argparse
import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sogaal.cli.parsing import UsageError, add_explain_argument, add_share_argument
from sogaal.errors import ConfigError, DataError, RunError
from sogaal.exports import history_csv, history_parquet, save_model, scores_csv, scores_table, with_reasons
from sogaal.files import check_target, write_atomic
from sogaal.model import ScoreAt
from sogaal.runs.archive import export_zip, export_zips
from sogaal.runs.saved import SavedRun
from sogaal.runs.store import RunStore
from sogaal.scaling import medians
from sogaal.spelling import same_name


@dataclass(frozen=True)
class Choice:
    """What may be asked for beside the format: which D (None: the run's choice), the share that is flagged, reasons."""

    at: ScoreAt | None
    share: float
    explain: bool = False


Write = Callable[[SavedRun, Path, Choice], None]


@dataclass(frozen=True)
class Format:
    """``ending`` of its files' names, empty for a folder; ``words``; and how one run is written."""

    ending: str
    words: str
    write: Write


def add_export(parser: argparse.ArgumentParser) -> None:
    """Describe the flags."""
    formats = "\n".join(f"  {name:13}{one.words}" for name, one in FORMATS.items())
    parser.epilog = f"formats:\n{formats}"
    parser.add_argument("run", nargs="+", metavar="RUN", help="the runs")
    parser.add_argument("--format", default="zip", metavar="FORMAT", help="what to write (default zip); see below")
    parser.add_argument(
        "-o", "--output", metavar="PATH",
        help="the file to write; with several runs, and for tensorboard, a folder (default: here, named like the run); "
        "several go into one zip if its name ends so",
    )  # fmt: skip
    parser.add_argument("--at", choices=("stop", "end", "snapshots"), help="onnx, scores: which D (default: the run's)")
    add_share_argument(parser)
    add_explain_argument(parser, "scores:")


def export(arguments: argparse.Namespace) -> int:
    """Write them; returns the exit status."""
    arguments.format = same_name(arguments.format, FORMATS) or arguments.format
    if arguments.format not in FORMATS:
        raise UsageError(f"--format must be one of {', '.join(FORMATS)}, got {arguments.format!r}.")
    form = FORMATS[arguments.format]
    store = RunStore(arguments.runs)
    runs = {(run := store.get(name)).id: run for name in arguments.run}
    if len(runs) > 1 and arguments.format == "zip" and str(arguments.output).endswith(".zip"):
        return _together([*runs.values()], arguments)
    targets = _targets([*runs.values()], form, arguments.output)
    choice = Choice(arguments.at, arguments.share, arguments.explain)
    written: list[Path] = []
    for run, target in zip(runs.values(), targets, strict=True):
        try:
            form.write(run, target, choice)
        except (ConfigError, DataError, RunError) as error:
            done = f" (written before: {', '.join(map(str, written))})" if written else ""
            raise RunError(f"{run.id}: {error}{done}") from None
        written.append(target)
        if not arguments.json:
            print(f"written: {target}", flush=True)
    if arguments.json:
        print(json.dumps([{"id": run, "path": str(path)} for run, path in zip(runs, written, strict=True)]))
    return 0


def _together(runs: list[SavedRun], arguments: argparse.Namespace) -> int:
    """Write several runs to one archive."""
    (target,) = _targets(runs[:1], FORMATS["zip"], arguments.output)
    export_zips(runs, target)
    if arguments.json:
        print(json.dumps([{"id": run.id, "path": str(target)} for run in runs]))
    else:
        print(f"written: {target}")
    return 0


def _targets(runs: list[SavedRun], form: Format, output: str | None) -> list[Path]:
    """Where each run goes; raises :class:`UsageError` before anything is written."""
    if len(runs) == 1 and output is not None and form.ending:
        try:
            check_target(output)
        except DataError as error:
            raise UsageError(f"--output: {error}") from None
        return [Path(output)]
    folder = Path(output or ".")
    if not folder.is_dir():
        if folder.exists():
            raise UsageError(f"--output must be a folder for {form.words.split(';')[0]}, got the file {output!r}.")
        try:
            folder.mkdir()
        except OSError as error:
            raise UsageError(f"--output: the folder {output!r} cannot be made ({error.strerror}).") from None
    return [folder / f"{run.id}{form.ending}" for run in runs]


# -- formats -----------------------------------------------------------------------------------------------------------


def _zip(run: SavedRun, target: Path, _choice: Choice) -> None:
    export_zip(run, target)


def _report(run: SavedRun, target: Path, _choice: Choice) -> None:
    from sogaal.report import report_of

    write_atomic(target, report_of(run))


def _model(run: SavedRun, target: Path, _choice: Choice) -> None:
    save_model(target, run.model())


def _onnx(run: SavedRun, target: Path, choice: Choice) -> None:
    from sogaal.exports.onnx import PREPARED, save_onnx

    model = run.model()
    save_onnx(target, model, choice.at)
    if model.preparation is not None:
        print(f"note: {target}: {PREPARED}", file=sys.stderr)


def _scores(run: SavedRun, target: Path, choice: Choice) -> None:
    dataset, model = run.dataset(), run.model()
    logits = model.score_samples(dataset.X, choice.at)
    table = scores_table(dataset.ids, dataset.y, logits, choice.share)
    if choice.explain:
        median = medians(dataset.X)  # runs of earlier versions have not kept it
        table = with_reasons(
            table,
            lambda rows: model.explain(dataset.X[rows], choice.at, median, dataset.wording(rows)[1]).reason_texts(),
        )
    write_atomic(target, scores_csv(table))


def _history(pack: Callable[..., bytes]) -> Write:
    def write(run: SavedRun, target: Path, _choice: Choice) -> None:
        history, times = run.history()
        if not history.view().steps:
            raise RunError("the run has no history.")
        write_atomic(target, pack(history.view(), times))

    return write


def _table(run: SavedRun, target: Path, _choice: Choice) -> None:
    from sogaal.report.content import table_parquet

    write_atomic(target, table_parquet(run.dataset()))


def _replay(run: SavedRun, target: Path, _choice: Choice) -> None:
    from sogaal.planes import feature_plane, pca_plane
    from sogaal.replay import replay_page, replay_payload

    record, dataset, frames = run.record, run.dataset(), run.frames()
    if not frames:
        raise RunError("the run has no pictures to replay.")
    X = record.scaler.transform(dataset.X)
    plane = feature_plane(X, 0, 1, dataset.feature_names) if dataset.d == 2 else pca_plane(X)
    payload = replay_payload(
        frames, run.history()[0].view(), X=X, y=dataset.y, plane=plane, stop_step=record.stop_step,
        total_steps=record.total_steps, title=record.name or record.title, subtitle=record.title if record.name else "",
        total_epochs=-(-record.total_steps // record.config.batches(dataset.n)),
    )  # fmt: skip
    write_atomic(target, replay_page(payload, record.name or record.title).encode())


def _tensorboard(run: SavedRun, target: Path, _choice: Choice) -> None:
    """The run's event files in a folder of its name; made from the history where there are none."""
    files = [name for name in run.files if "tfevents" in name]
    if not files and not run.history()[0].view().steps:
        raise RunError("the run has no history.")  # before there is a folder, which TensorBoard would find empty
    try:
        target.mkdir(exist_ok=True)
        if any(target.iterdir()):
            raise RunError(f"{target}: the folder must be empty, and is not.")
        for name in files:
            shutil.copyfile(run.folder / name, target / name)
        if not files:
            _make_events(run, target)
    except OSError as error:
        raise RunError(f"{target}: the events cannot be written ({error.strerror or error}).") from None


def _make_events(run: SavedRun, target: Path) -> None:
    from sogaal.exports.tensorboard import RunEvents

    record, view = run.record, run.history()[0].view()
    events = RunEvents(target, record.config, record.dataset.name, record.scaling_method, record.created.timestamp())
    events.add(view, record.config.batches(record.dataset.n))
    events.finish(record.summary)
    events.close()


FORMATS = {
    "zip": Format(".zip", "a zip with all of the run and its table; `sogaal runs import` takes it back", _zip),
    "report": Format(".html", "a page with charts, diagnosis, rows and how to do it again; opens offline", _report),
    "replay": Format(".replay.html", "a page that plays the run; opens offline", _replay),
    "tensorboard": Format("", "a folder with TensorBoard's event files; give --logdir the folder above", _tensorboard),
    "model": Format(".safetensors", "the model with set-up and scaling; for `sogaal score` and load_model", _model),
    "onnx": Format(".onnx", "the model for other programs and languages", _onnx),
    "scores": Format(".scores.csv", "id, label, outlier score, rank and flag of all rows; CSV", _scores),
    "csv": Format(".history.csv", "the history as CSV", _history(history_csv)),
    "parquet": Format(".history.parquet", "the history as Parquet", _history(history_parquet)),
    "table": Format(".table.parquet", "the table that was learned from, as Parquet; for `sogaal train`", _table),
}
