"""Whether rows with missing values fill the top of a ranking, and what people are told then."""

import numpy as np
import numpy.typing as npt

from sogaal.data.dataset import Dataset

# Told from so many flagged rows with a gap on, and where their share is so many times that among all rows.
LEAST_ROWS = 5
LEAST_RATIO = 2.0
# In so many per cent of the rankings in benchmarks/parts/gaps.json that are told of, filling gives a higher AUC: where
# gaps mean nothing, and where outliers have five times as many.
FILL_BETTER = (76, 30)


def marks_gaps(dataset: Dataset) -> bool:
    """Whether features of the table say where values are missing."""
    return dataset.preparation is not None and any(column.indicator for column in dataset.preparation.columns)


def gap_words(dataset: Dataset, flags: npt.NDArray[np.integer]) -> str:
    """Two sentences where the flagged rows (1 in ``flags`` (n,)) have gaps clearly more often than all; else empty.

    Only gaps that a feature says are counted: others are filled, and no ranking can be due to them.
    """
    if dataset.preparation is None or not marks_gaps(dataset):
        return ""
    marks = [j for j, feature in enumerate(dataset.preparation.features) if feature.role == "missing"]
    gappy = (dataset.X[:, marks] > 0).any(axis=1)
    flagged = np.asarray(flags) == 1
    count, among = int(flagged.sum()), int((gappy & flagged).sum())
    share = float(gappy.mean())
    if among < LEAST_ROWS or among < LEAST_RATIO * share * count:
        return ""
    return (
        f"{among:,} of the {count:,} flagged rows have an empty cell, {_percent(share)} of all rows do: a gap counts "
        f"as suspicious in itself. Of such rankings in docs/gaps.md {FILL_BETTER[0]} % were better with gaps filled "
        f"where these meant nothing, {FILL_BETTER[1]} % where outliers had more of them."
    )


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.01 else f"{100 * share:.2g} %"
