"""The command line: ``sogaal train``, ``sweep``, ``score``, ``detectors``, ``data``, ``datasets``, ``runs``, ``app``.

``python -m sogaal`` is the same.

Exit status: 0 done, 1 failed on the way (a training that diverged, no memory), 2 bad input, 130 Ctrl-C. Whatever goes
wrong is one line on standard error. A command's module is imported when it is called: ``--help`` must not wait for
torch.
"""

import difflib
import os
import sys
from collections.abc import Sequence
from importlib import import_module

import sogaal
from sogaal.cli import runs
from sogaal.cli.parsing import Parser, UsageError, one_line
from sogaal.errors import ConfigError, DivergedError, SogaalError

COMMANDS = {
    "train": "train SO-GAAL or MO-GAAL on a table",
    "sweep": "search for good hyperparameters by many trainings",
    "score": "score the rows of a table with a saved model",
    "data": "show what is in a table before training",
    "detectors": "compare SO-GAAL and MO-GAAL with other detectors on a table",
    "datasets": "list the datasets that come with sogaal",
    "runs": "list, compare, export, resume or delete saved runs",
    "app": "open the dashboard",
}
_DESCRIPTION = "Outlier detection with generative adversarial active learning (SO-GAAL and MO-GAAL)."


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program with ``argv`` (None: the process's own arguments); returns the exit status."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    name = _name(arguments)
    try:
        status = _dispatch(arguments)
        sys.stdout.flush()
    except KeyboardInterrupt:
        print(f"\n{name}: interrupted; no file was left half written", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of a pipe, such as `head`, had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except MemoryError:
        print(f"{name}: there is not enough memory", file=sys.stderr)
        return 1
    except (UsageError, SogaalError) as error:
        print(f"{name}: {_words(error)}", file=sys.stderr)
        return 1 if isinstance(error, DivergedError) else 2
    return status


def _name(arguments: list[str]) -> str:
    """What messages call the program: with the command, and the action of one that has several."""
    if not arguments or arguments[0] not in COMMANDS:
        return "sogaal"
    action = runs.action_of(arguments[1:]) if arguments[0] == "runs" else None
    return f"sogaal {arguments[0]}" + (f" {action}" if action else "")


def _dispatch(arguments: list[str]) -> int:
    if arguments and arguments[0] == "runs":
        return runs.main(arguments[1:])
    if arguments and arguments[0] in COMMANDS:
        command = import_module(f"sogaal.cli.{arguments[0]}")
        parser = Parser(prog=f"sogaal {arguments[0]}")
        command.add_arguments(parser)
        parsed = parser.parse(arguments[1:])
        return 0 if parsed is None else int(command.run(parsed))
    listed = "\n".join(f"  {name:10}{what}" for name, what in COMMANDS.items())
    parser = Parser(
        prog="sogaal",
        usage="sogaal [--help] [--version] COMMAND ...",
        description=_DESCRIPTION,
        epilog=f"commands:\n{listed}\n\n`sogaal COMMAND --help` explains a command.",
    )
    parser.add_argument("--version", action="version", version=f"sogaal {sogaal.__version__}")
    if arguments and not arguments[0].startswith("-"):
        near = difflib.get_close_matches(arguments[0], COMMANDS, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"the commands are {', '.join(COMMANDS)}."
        raise UsageError(f"there is no command {arguments[0]!r}; {hint}")
    if parser.parse(arguments) is not None:
        raise UsageError(f"a command is needed: {', '.join(COMMANDS)}; see sogaal --help.")
    return 0


def _words(error: Exception) -> str:
    """The message on one line; a parameter is called by its flag."""
    message = one_line(str(error))
    if isinstance(error, ConfigError) and error.field and message.startswith(f"{error.field} "):
        return f"--{message}"
    return message
