"""A look at a table before anything is trained: what each column holds, what is missing, and what it is used as."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import pyarrow.compute as pc

from sogaal.data.columns import RawTable, check_names, column_name, find, find_roles
from sogaal.data.ids import almost_names_rows, counts_rows
from sogaal.data.making import check_gaps, plain_numbers, read_labels, typed_column, uninformative
from sogaal.data.numbers import is_text, plain
from sogaal.data.typed import COUNTED_ROWS, TypedColumn
from sogaal.errors import DataError
from sogaal.preparation import USUAL, Gaps

Use = Literal["feature", "label", "id", "left out"]
EXAMPLES = 3
_LONGEST = 30


@dataclass(frozen=True)
class ColumnProfile:
    """One column. kind: "number", "category", "date", "true/false", "free text", "empty" or an Arrow type.

    missing: values there are not; odd: values that are no number or date, or not finite, and count as missing.
    distinct: different values, of a long table at least (see `sogaal.data.typed.COUNTED_ROWS`).
    remark: why it is left out, or what else should be known; may be empty.
    """

    name: str
    kind: str
    use: Use
    missing: int
    odd: int
    distinct: int
    examples: tuple[str, ...]
    remark: str = ""


@dataclass(frozen=True)
class Profile:
    """A table's columns in order. problem: why it cannot be trained on as it is, else empty.

    duplicates: how many rows are the same as an earlier one in all columns that are features, of a long table among its
        first rows (see `sogaal.data.typed.COUNTED_ROWS`).
    """

    filename: str
    rows: int
    columns: tuple[ColumnProfile, ...]
    problem: str = ""
    duplicates: int = 0

    @property
    def counts_are_least(self) -> bool:
        """Whether different values were counted in the first rows alone."""
        return self.rows > COUNTED_ROWS

    @property
    def duplicates_words(self) -> str:
        """A sentence on rows that are the same; empty where none is."""
        if not self.duplicates:
            return ""
        one = self.duplicates == 1
        if self.counts_are_least:
            told = f"Of the first {COUNTED_ROWS:,} rows {self.duplicates:,} {'is' if one else 'are'}"
        else:
            told = f"{self.duplicates:,} {'row is' if one else 'rows are'}"
        return (
            f"{told} the same as an earlier one in all used columns; {'it stays' if one else 'they stay'} in the table."
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)


def profile_table(
    table: RawTable,
    label_column: str | None = None,
    id_column: str | None = None,
    ignore: Sequence[str] = (),
    gaps: Gaps = "mark",
) -> Profile:
    """Look at all columns; parameters as of `read_table`. What cannot be is told as `problem`, not raised."""
    check_gaps(gaps, table.filename)
    problem, label, ids = "", None, None
    gone_names: set[str] = set()
    try:
        check_names(table)
        found = [find(table, one, "ignored") for one in ignore]
        gone_names = {column_name(table, at) for at in found if at is not None}
        kept = table.without(ignore)
        roles = find_roles(kept, label_column, id_column)
        ids = None if roles.id is None else column_name(kept, roles.id)
        _, roles, _ = read_labels(kept, roles)
        label = None if roles.label is None else column_name(kept, roles.label)
        used = {column_name(kept, i) for i in roles.features}
    except DataError as error:
        problem = str(error)
        used = {column_name(table, i) for i in range(len(table.names))} - {*gone_names, ids}
    typed = [(i, typed_column(table, i)) for i in range(len(table.columns))]
    features = [(i, column) for i, column in typed if column.is_usable and column_name(table, i) in used]
    gone = uninformative(table, features, gaps)
    numbers = plain_numbers(features)
    staying = set() if numbers is None else {i for i, _ in numbers}
    ignored = [(i, column) for i, column in typed if column.is_usable and column_name(table, i) in gone_names]
    why = uninformative(table, [*features, *ignored], gaps)
    made = []
    for i, column in typed:
        name = column_name(table, i)
        use: Use = "label" if name == label else "id" if name == ids else "feature"
        remark = gone.get(i, "")
        if use == "feature" and (name not in used or not column.is_usable or (remark and i not in staying)):
            use = "left out"
        elif use == "feature" and remark:
            remark += "; stays, as all plain numbers do"
        remark = remark or _remark(column, use, name in gone_names, why.get(i, ""))
        made.append(ColumnProfile(
            name, column.words, use, column.missing, column.odd, _distinct(table, i, column), _examples(table, i),
            remark or _id_remark(name, column, use, table.n),
        ))  # fmt: skip
    used_as_features = [column for (_, column), one in zip(typed, made, strict=True) if one.use == "feature"]
    return Profile(table.filename, table.n, tuple(made), problem, _duplicates(used_as_features))


def _duplicates(columns: Sequence[TypedColumn]) -> int:
    """How many of the first rows are the same as an earlier one, by hashes of 64 bits; a gap is the same as a gap."""
    # Without a sign at zero, which would make two zeros differ.
    values = [column.values[:COUNTED_ROWS] + 0.0 for column in columns if column.values is not None]
    if not values:
        return 0
    import pandas as pd  # takes a second to load

    hashes = pd.util.hash_pandas_object(pd.DataFrame(dict(enumerate(values)), copy=False), index=False)
    return int(hashes.duplicated().sum())


def _distinct(table: RawTable, i: int, column: TypedColumn) -> int:
    if column.distinct or column.kind in ("empty", "other"):
        return column.distinct
    return int(pc.count_distinct(plain(table.columns[i])[:COUNTED_ROWS]).as_py())


def _remark(column: TypedColumn, use: Use, ignored: bool, why: str) -> str:
    if ignored:
        return f"ignored, {why}" if why else "ignored"
    if column.unclear:
        return f"its numbers are unclear ({column.read.kind})"
    if column.odd:
        return f"{column.odd:,} values count as missing: no {column.words}, or not finite"
    if use == "feature" and column.kind == "number" and column.values is not None and counts_rows(column.values):
        return "counts the rows: an id rather than a feature?"
    if use == "feature" and len(column.levels) > USUAL.most:
        return "many levels: often more is found without it"  # docs/mixed.md
    return ""


def _id_remark(name: str, column: TypedColumn, use: Use, n: int) -> str:
    """On free text, which is left out, and on numbers of which most differ: some of the ``n`` values keep them from
    being the ids that their name promises."""
    if column.kind == "text" and use == "left out":
        words = almost_names_rows(name, n - column.missing - column.texts, column.missing)
        return words or "too many different texts for a category"
    if column.kind != "number" or use != "feature" or column.values is None:
        return ""
    first = column.values[:COUNTED_ROWS]
    given = first[~np.isnan(first)]
    if column.distinct <= len(given) / 2 or (np.mod(given, 1) != 0).any():
        return ""
    return almost_names_rows(name, len(given) - column.distinct, column.missing, least=n > COUNTED_ROWS)


def _examples(table: RawTable, i: int) -> tuple[str, ...]:
    head = plain(table.columns[i])[:200]
    texts = [str(value).strip() for value in head.to_pylist() if value is not None]
    different = list(dict.fromkeys(text for text in texts if text or not is_text(head)))
    return tuple(text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…" for text in different[:EXAMPLES])
