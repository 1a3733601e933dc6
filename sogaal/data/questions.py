"""Questions about features that may be labels or ids: told as notes, for only people know."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from sogaal.data.columns import RawTable
from sogaal.data.labels import LABEL_NAMES, is_flag_name

FloatArray = npt.NDArray[np.floating]
# Columns of numbers without gaps, by name.
Columns = Mapping[str, FloatArray]
# In fewer rows a measurement may well climb by one from row to row.
_RUNNING_ROWS = 20
_RARE_ONES = 0.2  # a column of 0 and 1 with a smaller share of ones than this may be the labels


def hidden_labels(columns: Columns) -> tuple[str, ...]:
    """A note for each feature that looks like a second label column: training on labels would be a leak."""
    notes = []
    for name, values in columns.items():
        if _is_hidden_label(name, values):
            notes.append(f"Column {name!r} was read as a feature although it has the name of a label column.")
    return tuple(notes)


def _is_hidden_label(name: str, values: FloatArray) -> bool:
    if name.lower() in LABEL_NAMES:
        return len(np.unique(values)) <= 2
    return is_flag_name(name) and len(np.unique(values)) == 2


def questions(table: RawTable, columns: Columns, label_column: str | None, id_column: str | None) -> tuple[str, ...]:
    """Notes that ask about features which may be labels or ids; "" for either: that question is answered."""
    if table.fixed_labels:
        return ()
    notes, flags = [], []
    for name, values in columns.items():
        if id_column != "" and _is_running(values):
            notes.append(
                f"Column {name!r} holds the running numbers {values[0]:.0f} to {values[-1]:,.0f} and is used as a "
                f"feature: if it only numbers the rows, name it as the id column."
            )
        if label_column is None and _is_rare_flag(values) and not _is_hidden_label(name, values):
            flags.append((name, f"({100 * values.mean(dtype=np.float64):.2g} % ones)"))
    if len(flags) == 1:
        name, share = flags[0]
        notes.append(
            f"Column {name!r} holds only 0 and 1 {share} and is used as a feature: if it is the label, name it as the "
            f"label column."
        )
    elif flags:
        shown = ", ".join(f"{name!r} {share}" for name, share in flags[:8])
        more = f" and {len(flags) - 8} more" if len(flags) > 8 else ""
        notes.append(
            f"Columns {shown}{more} hold only 0 and 1 and are used as features: if one of them is the label, name it "
            f"as the label column."
        )
    return tuple(notes)


def _is_running(values: FloatArray) -> bool:
    """Whether a column counts its rows: 0, 1, ..., n - 1 or 1, 2, ..., n."""
    if len(values) < _RUNNING_ROWS or values[0] not in (0, 1) or values[1] != values[0] + 1:
        return False
    return bool((values == np.arange(len(values), dtype=np.float32) + values[0]).all())


def _is_rare_flag(values: FloatArray) -> bool:
    ones = values == 1
    return bool(0 < ones.mean() < _RARE_ONES and (ones | (values == 0)).all())
