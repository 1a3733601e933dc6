"""What in new rows is not as it was in training: counted column by column, and told in sentences."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Way = Literal["absent", "missing", "unseen", "unreadable"]
MOST_EXAMPLES = 5
_LONGEST = 40


@dataclass(eq=False)
class Deviation:
    """One way in which a column deviates.

    column, kind: its name and kind in training. way: the table has no such column ("absent"), values are missing where
        none were in training ("missing"), a level was not seen ("unseen"), a value is no number or date, or not finite
        ("unreadable"). count: values; of an absent column all rows.
    examples: at most five different values. done: what was made of them, for people.
    """

    column: str
    kind: str
    way: Way
    count: int
    examples: list[str]
    done: str

    @property
    def sentence(self) -> str:
        """One line for people."""
        shown = ", ".join(repr(one if len(one) <= _LONGEST else one[: _LONGEST - 1] + "…") for one in self.examples)
        values = "1 value is" if self.count == 1 else f"{self.count:,} values are"
        head = f"Column {self.column!r}"
        if self.way == "absent":
            return f"{head} is not in the table: {self.done} in all {self.count:,} rows."
        if self.way == "missing":
            return f"{head}: {values} missing, in training none was; {self.done}."
        if self.way == "unseen":
            return f"{head}: {values} of a category that was not there in training ({shown}); {self.done}."
        return f"{head}: {values} no {self.kind} ({shown}); {self.done}."

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)


@dataclass(eq=False)
class Deviations:
    """All deviations of some rows; pieces of a table are added up."""

    found: dict[tuple[str, Way], Deviation] = field(default_factory=dict)

    def add(self, column: str, kind: str, way: Way, count: int, examples: Iterable[str], done: str) -> None:
        """Note ``count`` more values."""
        if count == 0:
            return
        known = self.found.setdefault((column, way), Deviation(column, kind, way, 0, [], done))
        known.count += count
        for one in examples:
            if len(known.examples) < MOST_EXAMPLES and one not in known.examples:
                known.examples.append(one)

    def merge(self, others: "Deviations") -> None:
        """Take in those of more rows."""
        for one in others.found.values():
            self.add(one.column, one.kind, one.way, one.count, one.examples, one.done)

    def __bool__(self) -> bool:
        return bool(self.found)

    @property
    def sentences(self) -> list[str]:
        """A line for each, for people."""
        return [one.sentence for one in self.found.values()]

    @property
    def absent(self) -> tuple[str, ...]:
        """The columns that the table does not have."""
        return tuple(one.column for one in self.found.values() if one.way == "absent")

    def lack(self, columns: int) -> str:
        """One sentence for people where the table lacks more than half of the model's ``columns``, else nothing."""
        absent = len(self.absent)
        if 2 * absent <= columns:
            return ""
        return (
            f"{absent} of {columns} columns are missing: every row gets the median or the most frequent value there, "
            "so the scores say little."
        )

    def to_list(self) -> list[dict[str, Any]]:
        """Plain JSON values."""
        return [one.to_dict() for one in self.found.values()]
