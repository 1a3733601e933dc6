"""``sogaal train``: the original's command line with every parameter of :class:`TrainConfig`."""

import argparse
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

from sogaal.cli.parsing import (
    RUNS_HELP,
    UsageError,
    add_columns_argument,
    add_explain_argument,
    add_reading_arguments,
    add_share_argument,
    add_table_arguments,
    reading,
)
from sogaal.config import AUTO_SEEDS, FIELDS, PRESETS, FieldInfo, TrainConfig, make_config
from sogaal.errors import DataError, DivergedError
from sogaal.labelfree.measured import scaling_words

if TYPE_CHECKING:  # torch is loaded when the arguments are known to be good
    from sogaal.cli.ensemble import EnsembleTraining
    from sogaal.cli.training import Training
    from sogaal.runs.store import RunStore

# A person's own file on a person's own machine: the dashboard's limit for uploads does not apply.
MAX_BYTES = 16 * 2**30
MOST_MEMBERS = 10_000
_GROUPS = {
    "game": "the game",
    "learning": "learning",
    "networks": "the networks",
    "batches": "batches",
    "run": "the run",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the flags; those of the training come from :data:`FIELDS`."""
    parser.description = "Train SO-GAAL or MO-GAAL on a table and say how it went."
    presets = textwrap.fill(f"Presets: {', '.join(PRESETS)}.", 110)
    parser.epilog = f"Hyphens in flags work as well (--stop-epochs).\n\n{presets}"
    parser.add_argument(
        "data", nargs="?", metavar="FILE_OR_NAME", help="the table: a file, or a shipped dataset's name"
    )
    parser.add_argument("--path", metavar="FILE_OR_NAME", help="the same, as in the original's command line")
    add_table_arguments(parser)
    add_reading_arguments(parser)
    parser.add_argument(
        "--scaling", choices=("minmax", "robust", "none"), default="minmax",
        help=f"of the columns (default minmax). {scaling_words()}",
    )  # fmt: skip
    parser.add_argument("--runs", metavar="DIR", help=RUNS_HELP)
    parser.add_argument("--no-save", action="store_true", help="leave no run there")
    parser.add_argument("--preset", metavar="NAME", help="start from a named set of values; flags change single ones")
    output = parser.add_argument_group("output")
    output.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    output.add_argument(
        "--plot", metavar="HTML", help="write losses and AUC over the steps as a page that works offline"
    )
    output.add_argument("--save", metavar="MODEL", help="write the model (safetensors), for `sogaal score`")
    output.add_argument("--scores", metavar="CSV", help="write id, label, outlier score, rank and flag of all rows")
    add_share_argument(output)
    add_explain_argument(output, "give --scores")
    add_columns_argument(output, "give --scores")
    output.add_argument(
        "--trust",
        action="store_true",
        help="train more seeds (with stop_epochs auto: groups of them), say how much of the top that --share flags "
        "they have in common and which rows owe their place to one, and keep that with the run; no label is used, and "
        "what is repeatable may still be wrong",
    )
    output.add_argument("--quiet", action="store_true", help="no progress bar and no notes")
    ensemble = parser.add_argument_group("an ensemble")
    ensemble.add_argument(
        "--n_estimators", type=_count, metavar="N",
        help="train so many seeds, whose mean logit ranks; the first is --seed, the others follow from it (default 1; "
        f"{AUTO_SEEDS} with --preset auto)",
    )  # fmt: skip
    ensemble.add_argument(
        "--n_jobs", type=_jobs, metavar="N", help="over so many processes, -1: all cores (default 1); same result"
    )
    add_field_arguments(parser)


def add_field_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe a flag for each field of :class:`TrainConfig`."""
    groups = {name: parser.add_argument_group(title) for name, title in _GROUPS.items()}
    for info in FIELDS.values():
        groups[info.group].add_argument(
            f"--{info.name}", metavar=_metavar(info), dest=f"field_{info.name}", help=_help(info)
        )


def _count(text: str) -> int:
    if text.isascii() and text.isdigit() and 1 <= int(text) <= MOST_MEMBERS:
        return int(text)
    raise argparse.ArgumentTypeError(f"must be a whole number from 1 to {MOST_MEMBERS:,}, got {text!r}")


def _jobs(text: str) -> int:
    number = text.removeprefix("-")
    if number.isascii() and number.isdigit() and int(number):
        return int(text)
    raise argparse.ArgumentTypeError(f"must be a whole number other than 0 (-1: all cores), got {text!r}")


def _metavar(info: FieldInfo) -> str:
    return "{" + ",".join(map(str, info.choices)) + "}" if info.choices else info.kind.upper()


def _help(info: FieldInfo) -> str:
    shown = "" if info.default is None else f" (default {info.default})"
    return (info.help + shown).replace("%", "%%")


def run(arguments: argparse.Namespace) -> int:
    """Train, write what was asked for, report; returns the exit status."""
    source, config = source_of(arguments), config_of(arguments)
    # Whatever can be wrong is looked at before the long part: arguments, files to write, the table.
    _check_outputs(arguments)
    if config.automatic:
        config = _of_seeds(arguments, config)
    elif (arguments.n_estimators or 1) > 1:
        return _ensemble(arguments, source, config)
    if arguments.n_jobs is not None:
        raise UsageError("--n_jobs is how many processes train an ensemble: it needs --n_estimators of 2 or more.")
    from sogaal.cli.training import Training  # here: torch takes a second or two to load
    from sogaal.cli.trusting import ask_seeds, trust_rows, trust_values

    store = _store(arguments)
    training = Training.prepare(
        source, config, arguments.scaling, arguments.label, arguments.id, MAX_BYTES, store, **reading(arguments)
    )
    notes = [] if arguments.quiet else training.notes
    for note in notes:
        print(f"note: {note}", file=sys.stderr)
    try:
        train(training, arguments.quiet)
    except DivergedError:
        # The curves show how it came to this; a model or scores there are none.
        if arguments.plot:
            training.write_plot(arguments.plot)
        raise
    written = training.write(
        arguments.save, arguments.scores, arguments.share, arguments.plot, arguments.explain, arguments.with_columns
    )
    if not arguments.quiet:
        tell_of_gaps(training, arguments.share)
    trust = None
    if arguments.trust:
        trust = ask_seeds(training, arguments.share, store, show=not arguments.quiet and sys.stderr.isatty())
    ids = training.dataset.ids
    if arguments.json:
        print(training.json({} if trust is None else {"trust": trust_values(trust, ids)}))
    else:
        print(training.table(written, {} if trust is None else trust_rows(trust, ids, config)))
    return 0


def _of_seeds(arguments: argparse.Namespace, config: TrainConfig) -> TrainConfig:
    """The configuration of an automatic stop: its seeds are an ensemble in one run."""
    if arguments.n_jobs is not None:
        raise UsageError("--n_jobs does not go with stop_epochs auto: its seeds play side by side in one process.")
    if arguments.n_estimators is None:
        return config
    if arguments.field_auto_seeds is not None:
        raise UsageError("--n_estimators and --auto_seeds are the same with stop_epochs auto: give only one of them.")
    return config.replace(auto_seeds=arguments.n_estimators)


def _ensemble(arguments: argparse.Namespace, source: str, config: TrainConfig) -> int:
    if arguments.plot:
        raise UsageError("--plot shows the course of one training: it does not go with --n_estimators of 2 or more.")
    if arguments.trust:
        raise UsageError(
            "--trust asks other seeds about the ranking of one: it does not go with --n_estimators of 2 or more, "
            "except with --stop_epochs auto."
        )
    from sogaal.cli.ensemble import EnsembleTraining

    training = EnsembleTraining.prepare(
        source, config, arguments.scaling, arguments.label, arguments.id, MAX_BYTES, _store(arguments),
        arguments.n_estimators, arguments.n_jobs or 1, **reading(arguments),
    )  # fmt: skip
    for note in [] if arguments.quiet else training.notes:
        print(f"note: {note}", file=sys.stderr)
    try:
        training.train(show=not arguments.quiet and sys.stderr.isatty())
    finally:
        if training.problem:
            print(f"note: {training.problem}", file=sys.stderr)
    written = training.write(
        arguments.save, arguments.scores, arguments.share, arguments.explain, arguments.with_columns
    )
    if not arguments.quiet:
        tell_of_gaps(training, arguments.share)
    print(training.json() if arguments.json else training.table(written))
    return 0


def tell_of_gaps(training: "Training | EnsembleTraining", share: float = 0.05) -> None:
    """Say where the rows that ``share`` flags have gaps clearly more often than all rows."""
    from sogaal.data import gap_words, marks_gaps
    from sogaal.metrics import flag

    words = gap_words(training.dataset, flag(training.logits, share)) if marks_gaps(training.dataset) else ""
    if words:
        print(f"note: {words} If gaps mean nothing here, read the table with --gaps fill.", file=sys.stderr)


def source_of(arguments: argparse.Namespace) -> str:
    """The one table that was named; raises :class:`UsageError`."""
    given = [source for source in (arguments.data, arguments.path) if source is not None]
    if len(given) != 1:
        how = "none" if not given else f"{given[0]!r} and {given[1]!r}"
        raise UsageError(f"--path must name one table, a file or a shipped dataset, got {how}.")
    return str(given[0])


def config_of(arguments: argparse.Namespace) -> TrainConfig:
    """What the flags say; raises :class:`ConfigError`."""
    given = {name: getattr(arguments, f"field_{name}") for name in FIELDS}
    values = {name: FIELDS[name].parse(text) for name, text in given.items() if text is not None}
    return make_config(arguments.preset, **values)


def _check_outputs(arguments: argparse.Namespace) -> None:
    from sogaal.files import check_target

    for flag, adds in (("explain", "a column"), ("with_columns", "columns")):
        if getattr(arguments, flag) and arguments.scores is None:
            raise UsageError(f"--{flag} adds {adds} to the scores, so --scores must name their file.")
    taken: dict[Path, str] = {}
    for flag in ("plot", "save", "scores"):
        path = getattr(arguments, flag)
        if path is None:
            continue
        try:
            target = check_target(path)
        except DataError as error:
            raise UsageError(f"--{flag}: {error}") from None
        if target in taken:
            raise UsageError(f"--{flag} must name another file than --{taken[target]}, got {path!r} for both.")
        taken[target] = flag


def _store(arguments: argparse.Namespace) -> "RunStore | None":
    if arguments.no_save:
        if arguments.runs is not None:
            raise UsageError("--runs says where to save, and --no-save that nothing is saved: only one of them.")
        return None
    from sogaal.runs.store import RunStore

    return RunStore(arguments.runs)


def train(training: "Training", quiet: bool) -> None:
    """Train to the end with a progress bar, and say what people must know about the saving of the run."""
    try:
        training.train(show=not quiet and sys.stderr.isatty())
    except KeyboardInterrupt:
        if training.recorder is not None and not training.recorder.problem:
            print(f"\nThe run is saved; go on with it: sogaal runs resume {training.run_id}", file=sys.stderr)
        raise
    finally:
        if training.recorder is not None and training.recorder.problem:
            print(f"note: {training.recorder.problem}", file=sys.stderr)
