"""``sogaal score``: the rows of a table scored with a saved model, piece by piece.

Neither the table nor the scores are ever in memory whole: see :mod:`sogaal.scoring`.
"""

import argparse
import json
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any, get_args

from sogaal.cli.drifting import drift_lines, write_drift
from sogaal.cli.parsing import UsageError, add_explain_argument, add_share_argument, add_table_arguments, one_line
from sogaal.data import scan_table, shipped_dataset
from sogaal.ensemble import Ensemble
from sogaal.errors import DataError
from sogaal.exports import drift_dict, load_model
from sogaal.files import atomic_path, check_target
from sogaal.model import Model
from sogaal.scoring import FORMATS, Flagging, Scored, ShareOf, score_rows

STDOUT = "-"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the flags."""
    parser.description = (
        "Score the rows of a table with a saved model. CSV and Parquet may be larger than memory.\n"
        "Columns are found by the names that the model was fitted on; other columns are ignored. What is missing,\n"
        "unreadable or of a new category is handled, and told with its count on standard error."
    )
    parser.add_argument("model", metavar="MODEL", help="file that `sogaal train --save` wrote")
    parser.add_argument("data", metavar="FILE_OR_NAME", help="the table: a file, or a shipped dataset's name")
    parser.add_argument(
        "-o", "--output", metavar="FILE", default=STDOUT,
        help="file to write, CSV, or Parquet if its name ends in .parquet (default: standard output, CSV)",
    )  # fmt: skip
    parser.add_argument(
        "--at", choices=("stop", "end", "snapshots"), help="which D scores (default: as the model was trained)"
    )
    add_table_arguments(parser)
    add_share_argument(parser)
    parser.add_argument(
        "--share_of", choices=get_args(ShareOf), default="file",
        help="what the share is of. file: the most abnormal rows of this file; training: the rows as abnormal as that "
        "share of the training table, so that a worse month has more flags (default: file)",
    )  # fmt: skip
    add_explain_argument(parser, "give the scores")
    parser.add_argument(
        "--drift", metavar="FILE", help="file for the drift of every feature, CSV, or JSON if its name ends in .json"
    )
    parser.add_argument(
        "--json",
        action="store_true",
        help="print one JSON object: rows, flagged, and how the table deviates from the training data; needs -o",
    )
    parser.add_argument("--quiet", action="store_true", help="no progress and no closing lines")


def run(arguments: argparse.Namespace) -> int:
    """Score and write; returns the exit status."""
    model = load_model(arguments.model)
    model.voters(arguments.at)
    source = _path(arguments.data)
    to_stdout = arguments.output == STDOUT
    if arguments.json and to_stdout:
        raise UsageError("--json prints to standard output, so --output must name the file for the scores.")
    inputs = (source, Path(arguments.model))
    if not to_stdout:
        _check_output(arguments.output, inputs, "--output")
    if arguments.drift:
        _check_drift(arguments, model, inputs)
    with _scored(arguments, model, source) as scored:
        with ExitStack() as stack:
            stream: IO[bytes] = sys.stdout.buffer
            if not to_stdout:
                stream = stack.enter_context(stack.enter_context(atomic_path(arguments.output)).open("wb"))
            scored.write(stream, "csv" if to_stdout else _kind(arguments.output))
        if arguments.drift and scored.drift is not None:
            write_drift(arguments.drift, scored.drift)
    _tell(arguments, scored)
    return 0


def _tell(arguments: argparse.Namespace, scored: Scored) -> None:
    if scored.lack:
        print(f"warning: {one_line(scored.lack)}", file=sys.stderr)
    for sentence in scored.deviations.sentences:
        print(f"note: {one_line(sentence)}", file=sys.stderr)
    if scored.numbering and arguments.id is None:
        print(f"note: {one_line(scored.numbering)} --id names another column.", file=sys.stderr)
    if arguments.json:
        found = {"rows": scored.rows, "flagged": scored.flagged, "output": arguments.output}
        print(json.dumps({**found, "deviations": scored.deviations.to_list(), "drift": drift_dict(scored.drift)}))
    elif not arguments.quiet:
        where = "" if arguments.output == STDOUT else f", written to {arguments.output}"
        print(f"{scored.rows:,} rows scored, {scored.flagged:,} flagged{where}", file=sys.stderr)
        for line in drift_lines(scored.drift):
            print(line, file=sys.stderr)


def _scored(arguments: argparse.Namespace, model: Model | Ensemble, source: Path) -> Scored:
    from tqdm import tqdm

    folder = None if arguments.output == STDOUT else check_target(arguments.output).parent
    chunks = scan_table(
        source,
        feature_names=model.feature_names,
        preparation=model.conforming,
        label_column=arguments.label,
        id_column=arguments.id,
        usual_id=model.id_name,
        sheet=arguments.sheet,
    )
    hidden = arguments.quiet or not sys.stderr.isatty()
    with tqdm(unit="row", unit_scale=True, disable=hidden, file=sys.stderr, dynamic_ncols=True) as bar:
        return score_rows(
            model, chunks, str(source), at=arguments.at, flagging=Flagging(arguments.share, arguments.share_of),
            explain=arguments.explain, folder=folder, progress=bar.update,
        )  # fmt: skip


def _kind(output: str) -> str:
    ending = Path(output).suffix.lower().removeprefix(".")
    return ending if ending in FORMATS else "csv"


def _path(data: str) -> Path:
    """The file of a shipped dataset, or the path itself."""
    entry = shipped_dataset(data)
    return Path(data) if entry is None else entry.path


def _check_output(output: str, inputs: tuple[Path, ...], flag: str) -> None:
    try:
        target = check_target(output)
    except DataError as error:
        raise UsageError(f"{flag}: {error}") from None
    if target in [path.resolve() for path in inputs]:
        raise UsageError(f"{flag} must not be a file that is read, got {output!r}.")


def _check_drift(arguments: Any, model: Model | Ensemble, inputs: tuple[Path, ...]) -> None:
    _check_output(arguments.drift, inputs, "--drift")
    if arguments.output != STDOUT and check_target(arguments.drift) == check_target(arguments.output):
        raise UsageError(f"--drift must not be the file of the scores, got {arguments.drift!r}.")
    if model.reference is None:
        raise UsageError(
            f"--drift needs a model that knows how its training table was distributed; {arguments.model} was saved "
            "without that."
        )
