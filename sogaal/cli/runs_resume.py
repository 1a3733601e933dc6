"""``sogaal runs resume``."""

import argparse
import sys

from sogaal.cli.train import tell_of_gaps, train
from sogaal.runs.resuming import check_resumable
from sogaal.runs.store import RunStore


def add_resume(parser: argparse.ArgumentParser) -> None:
    """Describe the flags."""
    parser.add_argument("run", metavar="RUN", help="a run that was interrupted, stopped, or failed by accident")
    parser.add_argument("--quiet", action="store_true", help="no progress bar and no notes")


def resume(arguments: argparse.Namespace) -> int:
    """Train to the end and report, as ``sogaal train`` does; returns the exit status."""
    store = RunStore(arguments.runs)
    run = store.get(arguments.run)
    check_resumable(run.record)  # before torch is loaded
    from sogaal.cli.training import Training

    training = Training.resume(store, run.id)
    if not arguments.quiet and training.trainer.step:
        print(f"note: going on from step {training.trainer.step:,}", file=sys.stderr)
    train(training, arguments.quiet)
    if not arguments.quiet:
        tell_of_gaps(training)
    print(training.json() if arguments.json else training.table([]))
    return 0
