"""``sogaal sweep``: many trainings that search for good hyperparameters."""

import argparse
import sys

from sogaal.cli.parsing import RUNS_HELP, UsageError, add_reading_arguments, add_table_arguments, reading
from sogaal.cli.train import MAX_BYTES, add_field_arguments, config_of, source_of
from sogaal.config import FIELDS
from sogaal.labelfree.choosing import without_labels_words
from sogaal.labelfree.measured import scaling_words

_EPILOG = """What varies, as it is typed:
  --vary lr_g=1e-5..1e-2          a range; by ratio where the field or its ends call for it
  --vary momentum=0.5..0.99/6     six points, for --method grid (5 if not said)
  --vary stop_epochs=10..1000:log by ratio; :linear by difference
  --vary k=3,5,10                 these values and no others

  sogaal sweep onecluster --vary lr_g=1e-5..1e-2 --vary generator_bias=1e-6..1 --trials 64 --seeds 3
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the flags."""
    parser.description = (
        "Search for good hyperparameters: Optuna proposes trials, worker processes train them. The best one is named "
        "with how it was chosen: with labels, or without."
    )
    parser.epilog = _EPILOG
    parser.add_argument(
        "data", nargs="?", metavar="FILE_OR_NAME", help="the table: a file, or a shipped dataset's name"
    )
    parser.add_argument("--path", metavar="FILE_OR_NAME", help="the same")
    add_table_arguments(parser)
    add_reading_arguments(parser)
    parser.add_argument(
        "--scaling", choices=("minmax", "robust", "none"), help=f"of the columns (default minmax). {scaling_words()}"
    )
    parser.add_argument("--preset", metavar="NAME", help="what all trials have in common; flags change single values")
    search = parser.add_argument_group("the search")
    search.add_argument(
        "--vary", action="append", default=[], metavar="FIELD=...", help="what differs, once for each parameter"
    )
    search.add_argument(
        "--objective", default=None, metavar="NAME",
        help="what is best: auc_stop (the default), auc_end, average_precision, which all need labels; "
        "rival_likeness (the default for a table without), excess_mass, seed_agreement, which need none. "
        + without_labels_words(),
    )  # fmt: skip
    search.add_argument("--method", metavar="NAME", help="tpe (the default), random or grid")
    search.add_argument(
        "--seeds", type=_whole, metavar="N", help="trainings in a trial, the first with --seed (default 1)"
    )
    search.add_argument(
        "--prune", action="store_true", help="give a trial up between two seeds if it does worse than most before it"
    )
    search.add_argument("--sampler_seed", type=_whole, metavar="N", help="seed of the search itself (default 0)")
    search.add_argument("--trials", type=_whole, metavar="N", help="so many in all, those before --resume included")
    search.add_argument("--seconds", type=float, metavar="S", help="begin no trial later than this")
    search.add_argument(
        "--resume", metavar="RUN", help="go on with a sweep that ended early, or with --trials extend one"
    )
    work = parser.add_argument_group("where")
    work.add_argument("--workers", type=_whole, metavar="N", help="processes on this machine (default: one a core)")
    work.add_argument(
        "--dask", metavar="ADDRESS", help="instead of them a Dask cluster, such as tcp://host:8786 (extra: cluster)"
    )
    work.add_argument("--runs", metavar="DIR", help=RUNS_HELP)
    work.add_argument(
        "--storage", metavar="URL", help="Optuna's storage (default: the file sweeps.db in the folder of saved runs)"
    )
    output = parser.add_argument_group("output")
    output.add_argument("--top", type=_whole, default=5, metavar="N", help="trials to list at the end (default 5)")
    output.add_argument("--json", action="store_true", help="print one JSON object instead, with all trials")
    output.add_argument("--quiet", action="store_true", help="no progress bar and no notes")
    add_field_arguments(parser)


def _whole(text: str) -> int:
    if text.isascii() and text.isdigit():
        return int(text)
    raise argparse.ArgumentTypeError(f"must be a whole number, got {text!r}")


def run(arguments: argparse.Namespace) -> int:
    """Search, report; returns the exit status."""
    if arguments.dask is not None and arguments.workers is not None:
        raise UsageError("--workers are processes here, --dask is a cluster: only one of them.")
    if arguments.resume is not None:
        _check_resume(arguments)
    else:
        begun = (source_of(arguments), config_of(arguments))
    from sogaal.cli.sweeping import Request, begin_sweep, finish_sweep, pool_of
    from sogaal.runs.store import RunStore
    from sogaal.sweep import Budget, Sweep

    store, budget = RunStore(arguments.runs), Budget(arguments.trials, arguments.seconds)
    with pool_of(arguments.workers, arguments.dask) as pool:
        if arguments.resume is not None:
            sweep = Sweep.resume(store, arguments.resume, budget, pool, arguments.storage)
        else:
            request = Request(
                *begun, arguments.label, arguments.id, reading(arguments), MAX_BYTES,
                arguments.scaling or "minmax", tuple(arguments.vary), arguments.objective,
                arguments.method or "tpe", arguments.seeds, arguments.sampler_seed or 0,
                arguments.prune,
            )  # fmt: skip
            sweep = begin_sweep(request, budget, store, pool, arguments.storage)
        for note in [] if arguments.quiet else sweep.dataset.notes:
            print(f"note: {note}", file=sys.stderr)
        return finish_sweep(
            sweep, pool, top=arguments.top, as_json=arguments.json, show=not arguments.quiet and sys.stderr.isatty()
        )


def _check_resume(arguments: argparse.Namespace) -> None:
    """What a sweep is was said when it was begun."""
    fixed = ("data", "path", "label", "id", "preset", "objective", "method", "seeds", "sampler_seed",
             "scaling", "ignore", "gaps", "sheet")  # fmt: skip
    given = [name for name in fixed if getattr(arguments, name) is not None]
    given += [name for name in ("vary", "prune") if getattr(arguments, name)]
    given += [name for name in FIELDS if getattr(arguments, f"field_{name}") is not None]
    if given:
        flag = f"--{given[0]}" if given[0] != "data" else "a table"
        raise UsageError(f"--resume goes on with a sweep as it was begun: {flag} cannot be given with it.")
