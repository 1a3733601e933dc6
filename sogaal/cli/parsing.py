"""Arguments: argparse with errors on one line."""

import argparse
import csv
import difflib
import math
from collections.abc import Sequence
from typing import Any, NoReturn

from sogaal.runs.printable import printable
from sogaal.spelling import same_name

RUNS_HELP = "folder of saved runs (default: $SOGAAL_RUNS, else ./runs)"


class UsageError(Exception):
    """Arguments that cannot be used; the message is one line."""


class Parser(argparse.ArgumentParser):
    """argparse, but nothing is abbreviated, and errors are raised as :class:`UsageError`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_abbrev=False, formatter_class=_HelpFormatter, **options)

    def error(self, message: str) -> NoReturn:
        """Raise :class:`UsageError` instead of printing the usage."""
        raise UsageError(one_line(message))

    def parse(self, arguments: Sequence[str]) -> argparse.Namespace | None:
        """The parsed arguments, or None where ``--help`` or ``--version`` said all."""
        try:
            parsed, unknown = self.parse_known_args(self._normal(arguments))
        except SystemExit:  # only help and version still exit: errors raise
            return None
        if unknown:
            self.error(self._unknown(unknown[0]))
        return parsed

    def _normal(self, arguments: Sequence[str]) -> list[str]:
        """Hyphens and underscores in flags count as the same, choices may be in any case, a number
        with a minus sign may be a flag's value."""
        known = {option: action for action in self._actions for option in action.option_strings}
        spelled = {option.replace("-", "_"): option for option in known}
        normal: list[str] = []
        for word in arguments:
            flag, equals, value = word.partition("=")
            if word.startswith("--") and len(word) > 2:
                flag = spelled.get(flag.replace("-", "_"), flag)
                normal.append(flag + equals + _choice(known.get(flag), value))
            elif _is_number(word) and normal and normal[-1].startswith("--") and _wants_value(known.get(normal[-1])):
                normal[-1] += f"={word}"
            else:
                normal.append(_choice(known.get(normal[-1]) if normal else None, word))
        return normal

    def _unknown(self, word: str) -> str:
        flag = word.split("=")[0]
        flags = [option for action in self._actions for option in action.option_strings]
        near = difflib.get_close_matches(flag, flags, n=1) if word.startswith("-") else []
        what = "no flag" if word.startswith("-") else "no place for"
        return f"there is {what} {flag!r}" + (f"; did you mean {near[0]}?" if near else ".")


def _choice(action: argparse.Action | None, text: str) -> str:
    """What was typed, or the choice of a flag that is the same in another case."""
    choices = [] if action is None or action.choices is None else [str(one) for one in action.choices]
    return same_name(text, choices) or text


def _wants_value(action: argparse.Action | None) -> bool:
    return action is not None and action.nargs is None


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


class _HelpFormatter(argparse.RawDescriptionHelpFormatter):
    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=34, width=110)


def one_line(message: str) -> str:
    """A message without line breaks or anything that a terminal would obey, whatever was quoted in it."""
    return printable(" ".join(message.split()))


def add_table_arguments(parser: argparse._ActionsContainer) -> None:
    """Flags about the columns of a table."""
    parser.add_argument(
        "--label", metavar="COLUMN", help="column with the labels; found by its name if not given; '' says none"
    )
    parser.add_argument(
        "--id", metavar="COLUMN", help="column with the rows' ids; found by its name if not given; '' says none"
    )
    parser.add_argument("--sheet", metavar="NAME", help="sheet of an Excel workbook (default: the first)")


def add_reading_arguments(parser: argparse._ActionsContainer) -> None:
    """Flags about what of a table is learned from; :func:`reading` takes them up."""
    from sogaal.preparation import GAPS  # brings numpy, which commands that read no table do without

    parser.add_argument("--ignore", metavar="COLUMNS", help="columns to leave out, separated by commas")
    parser.add_argument(
        "--gaps",
        choices=GAPS,
        help="missing values: mark (the default) fills them and has a feature say where, so that a gap counts in "
        "itself; fill does the first alone, which ranks better where gaps mean nothing (docs/gaps.md)",
    )


def reading(arguments: argparse.Namespace) -> dict[str, Any]:
    """What `sogaal.data.load_dataset` is told by ``--ignore``, ``--gaps`` and ``--sheet``."""
    return {"ignore": _ignored(arguments), "gaps": arguments.gaps or "mark", "sheet": arguments.sheet}


def _ignored(arguments: argparse.Namespace) -> tuple[str, ...]:
    """The columns of ``--ignore``; a name with a comma in it is quoted as in CSV."""
    if not arguments.ignore:
        return ()
    (names,) = csv.reader([arguments.ignore], skipinitialspace=True)
    return tuple(name.strip() for name in names if name.strip())


def add_share_argument(parser: argparse._ActionsContainer) -> None:
    """The flag about how many rows a table of scores flags."""
    parser.add_argument(
        "--share",
        metavar="SHARE",
        type=share,
        default=0.05,
        help="share of the rows that the scores flag, over 0 and at most 1 (default 0.05)",
    )


def add_columns_argument(parser: argparse._ActionsContainer, which: str) -> None:
    """The flag that adds the table's own columns to scores; ``which``: how the help names them."""
    parser.add_argument(
        "--with_columns",
        action="store_true",
        help=f"{which} the table's own columns too, those that were used, with their values as they were",
    )


def add_explain_argument(parser: argparse._ActionsContainer, which: str) -> None:
    """The flag for a column of reasons; ``which``: the words for the table of scores."""
    parser.add_argument(
        "--explain",
        action="store_true",
        help=f"{which} one more column, reason: the features that speak most for the suspicion of a flagged row",
    )


def share(text: str) -> float:
    """A share over 0 and at most 1."""
    value = float(text) if _is_number(text) else math.nan
    if not 0 < value <= 1:
        raise argparse.ArgumentTypeError(f"the share must be a number over 0 and at most 1, got {text!r}")
    return value
