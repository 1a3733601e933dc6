"""``sogaal data``: what is in a table, column by column, before anything is trained on it."""

import argparse
import json

from sogaal.cli.parsing import add_reading_arguments, add_table_arguments, reading
from sogaal.cli.tables import Column, room, table
from sogaal.cli.train import MAX_BYTES
from sogaal.data import Profile, profile_file


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the flags."""
    parser.description = (
        "Show the columns of a table: what they hold, what is missing, and what each would be used as.\n"
        "The flags are those of `sogaal train`, so that they can be tried out here."
    )
    parser.add_argument("data", metavar="FILE_OR_NAME", help="the table: a file, or a shipped dataset's name")
    add_table_arguments(parser)
    add_reading_arguments(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")


def run(arguments: argparse.Namespace) -> int:
    """Print the profile; returns the exit status."""
    found = profile_file(
        arguments.data,
        label_column=arguments.label,
        id_column=arguments.id,
        max_bytes=MAX_BYTES,
        **reading(arguments),
    )
    print(json.dumps(found.to_dict()) if arguments.json else "\n".join(_lines(found, reading(arguments)["gaps"])))
    return 0


def _lines(found: Profile, gaps: str) -> list[str]:
    columns = [
        Column("column", [one.name for one in found.columns], cut=True),
        Column("type", [one.kind for one in found.columns]),
        Column("use", [one.use for one in found.columns]),
        Column("missing", [f"{one.missing:,}" if one.missing else "-" for one in found.columns], right=True),
        Column("distinct", [f"{one.distinct:,}" + "+" * found.counts_are_least for one in found.columns], right=True),
        Column("examples", [", ".join(one.examples) for one in found.columns], give=1, cut=True),
        Column("remark", [one.remark for one in found.columns], cut=True),
    ]
    head = f"{found.filename}: {found.rows:,} rows, {len(found.columns):,} columns"
    below = [*([f"problem: {found.problem}"] if found.problem else []), *_remarks(found, gaps)]
    return [head, "", *table(columns, room()), *([""] if below else []), *below]


def _remarks(found: Profile, gaps: str) -> list[str]:
    """What is to be known of the table as a whole."""
    remarks = [found.duplicates_words] if found.duplicates else []
    gappy = sum(one.use == "feature" and one.missing + one.odd > 0 for one in found.columns)
    if gappy:
        columns = "1 column" if gappy == 1 else f"{gappy:,} columns"
        marked = "a feature says where, so that a gap counts in itself (not with --gaps fill)"
        remarks.append(
            f"What is missing in {columns} is filled, and {marked if gaps == 'mark' else 'no feature says where'}."
        )
    return remarks
