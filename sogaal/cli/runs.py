"""``sogaal runs``: saved runs, from the command line.

Each action is a module of its own, or a pair in one, with ``add_<action>`` (its flags) and ``<action>`` (what it does).
"""

import difflib
from collections.abc import Sequence
from importlib import import_module

from sogaal.cli.parsing import RUNS_HELP, Parser, UsageError

# By action: the module, and what it does in a line.
ACTIONS = {
    "list": ("runs_list", "list saved runs, newest first"),
    "show": ("runs_show", "show everything that is known of one run"),
    "compare": ("runs_show", "compare two to eight runs: what differs in their set-ups, and their results"),
    "export": ("runs_export", "write runs, or parts of them, as files that other programs open"),
    "import": ("runs_import", "take back runs that were exported as zip"),
    "resume": ("runs_resume", "go on with a run from its last checkpoint"),
    "annotate": ("runs_change", "give a run a name, tags or a note"),
    "delete": ("runs_change", "put runs into the trash"),
    "restore": ("runs_change", "take runs out of the trash"),
    "trash": ("runs_change", "list what is in the trash, or empty it"),
}


def action_of(arguments: Sequence[str]) -> str | None:
    """The action that ``arguments`` (after "runs") begin with, None where there is none of that name."""
    return arguments[0] if arguments and arguments[0] in ACTIONS else None


def main(arguments: Sequence[str]) -> int:
    """Run ``sogaal runs`` with its ``arguments``; returns the exit status."""
    action = action_of(arguments)
    if action is None:
        return _help(arguments)
    name, words = ACTIONS[action]
    module = import_module(f"sogaal.cli.{name}")
    parser = Parser(prog=f"sogaal runs {action}", description=f"{words[0].upper()}{words[1:]}.")
    function = f"{action}_" if action == "import" else action
    getattr(module, f"add_{action}")(parser)
    parser.add_argument("--runs", metavar="DIR", help=RUNS_HELP)
    parser.add_argument("--json", action="store_true", help="print JSON, one value, instead of words")
    parsed = parser.parse(arguments[1:])
    return 0 if parsed is None else int(getattr(module, function)(parsed))


def _help(arguments: Sequence[str]) -> int:
    listed = "\n".join(f"  {name:10}{words}" for name, (_, words) in ACTIONS.items())
    parser = Parser(
        prog="sogaal runs",
        usage="sogaal runs ACTION ...",
        description="Saved runs: find, compare, export, go on with, delete.",
        epilog=(
            f"actions:\n{listed}\n\nA RUN is an id, its last twelve digits, the beginning of either, or `last`.\n"
            "`sogaal runs ACTION --help` explains an action."
        ),
    )
    if arguments and not arguments[0].startswith("-"):
        near = difflib.get_close_matches(arguments[0], ACTIONS, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"the actions are {', '.join(ACTIONS)}."
        raise UsageError(f"there is no action {arguments[0]!r}; {hint}")
    if parser.parse(arguments) is not None:
        raise UsageError(f"an action is needed: {', '.join(ACTIONS)}; see sogaal runs --help.")
    return 0
