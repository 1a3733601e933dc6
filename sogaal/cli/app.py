"""``sogaal app``: the dashboard."""

import argparse

from sogaal.cli.parsing import RUNS_HELP
from sogaal.launch import LOOPBACK, launch


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the flags."""
    parser.description = "Open the dashboard in the browser; Ctrl-C ends it."
    parser.add_argument("--port", type=_port, metavar="PORT", help="first port to try (default 8501); 0 takes any")
    parser.add_argument(
        "--host", default=LOOPBACK, help=f"address to listen at (default {LOOPBACK}: this machine only)"
    )
    parser.add_argument("--no-browser", action="store_true", help="say the address, but open no browser")
    parser.add_argument("--dataset", metavar="FILE_OR_NAME", help="dataset to begin with")
    parser.add_argument("--data", metavar="DIR", help="folder whose tables are offered, of any size; none outside it")
    parser.add_argument("--runs", metavar="DIR", help=RUNS_HELP)


def run(arguments: argparse.Namespace) -> int:
    """Run the dashboard until it is ended; returns the exit status."""
    if arguments.dataset is not None:
        from sogaal.data import load_dataset

        load_dataset(arguments.dataset)  # a table that cannot be read is said here, not in the browser
    if arguments.data is not None:
        from sogaal.data import list_tables

        list_tables(arguments.data)
    return launch(
        port=arguments.port,
        host=arguments.host,
        open_browser=not arguments.no_browser,
        dataset=arguments.dataset,
        runs=arguments.runs,
        data=arguments.data,
    )


def _port(text: str) -> int:
    if text.isascii() and text.isdigit() and int(text) <= 65535:
        return int(text)
    raise argparse.ArgumentTypeError(f"the port must be a whole number from 0 to 65535, got {text!r}")
