"""What came of a comparison: how good, how alike, on which rows the detectors agree, and a table of all of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from sogaal.data import Dataset
from sogaal.errors import ConfigError
from sogaal.labelfree import in_top, mean_rank, pair_agreements
from sogaal.metrics import flagged_count, rank

if TYPE_CHECKING:
    import pandas as pd

DoubleArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Found:
    """One detector's rankings of a table.

    ``scores`` (n,) float64: of its first seed, lower = more abnormal. ``seconds``, ``memory`` (bytes at the peak, see
    :class:`sogaal.rivals.peak.PeakMemory`), ``aucs`` and ``precisions`` (average precision): one for each of its
    ``seeds``, the latter two empty without labels, ``memory`` where it cannot be measured; ``seeds`` is empty where
    luck plays no part. ``own``: Spearman's correlation of its rankings by different seeds, mean over pairs; None with
    fewer than two. ``shares`` (m,): of each point that was to be scored too, the share of the table's rows that are as
    abnormal or more so; None without points. ``failed``: sentences about seeds that gave no ranking.
    """

    name: str
    title: str
    scores: DoubleArray
    seeds: tuple[int, ...]
    seconds: tuple[float, ...]
    aucs: tuple[float, ...] = ()
    precisions: tuple[float, ...] = ()
    own: float | None = None
    shares: npt.NDArray[np.float32] | None = None
    failed: tuple[str, ...] = ()
    memory: tuple[int, ...] = ()

    @property
    def auc(self) -> tuple[float, float | None] | None:
        """ROC-AUC, mean and standard deviation (None: a single ranking) over its seeds; None without labels."""
        return mean_and_deviation(self.aucs)

    @property
    def precision(self) -> tuple[float, float | None] | None:
        """Average precision, as :attr:`auc`."""
        return mean_and_deviation(self.precisions)

    @property
    def time(self) -> float:
        """Seconds to fit and to score the table, mean over its seeds."""
        return float(np.mean(self.seconds))

    @property
    def peak(self) -> float | None:
        """Mebibytes that it took at most, over its seeds, to fit and to score the table; None: not measured."""
        return max(self.memory) / 2**20 if self.memory else None


def mean_and_deviation(values: Sequence[float]) -> tuple[float, float | None] | None:
    """Mean and standard deviation (that of a sample; None of a single value); None of none."""
    if not values:
        return None
    return float(np.mean(values)), float(np.std(values, ddof=1)) if len(values) > 1 else None


@dataclass(frozen=True)
class Lone:
    """A row that one detector alone has in its top, and its rank there."""

    row: int
    name: str
    rank: int


class Report:
    """The detectors ``found`` side by side; their tops are the ``share`` most abnormal rows, as many for each.

    Raises :class:`ConfigError` for a share that is not over 0 and at most 1, or without any detector.
    """

    def __init__(self, dataset: Dataset, found: Sequence[Found], share: float = 0.05) -> None:
        if not found:
            raise ConfigError("detectors must be at least one that ranked the table, got none.", field="only")
        if not 0 < share <= 1:
            raise ConfigError(f"share must be over 0 and at most 1, got {share!r}.", field="share")
        self.dataset, self.found, self.share = dataset, tuple(found), share
        self.top = flagged_count(dataset.n, share)
        self._rankings: DoubleArray = np.stack([one.scores for one in found])

    @cached_property
    def correlations(self) -> DoubleArray:
        """Spearman's rank correlation of each two detectors, (k, k); 1 on the diagonal."""
        return self._square(pair_agreements(self._rankings) if len(self.found) > 1 else np.zeros(0))

    @cached_property
    def tops(self) -> npt.NDArray[np.bool_]:
        """Which rows each detector has in its top, (k, n). Rows that tie beyond its end are not in it."""
        return in_top(self._rankings, self.top)

    @cached_property
    def overlaps(self) -> DoubleArray:
        """The share of one detector's top that is in another's, (k, k); 1 on the diagonal."""
        inside = self.tops.astype(np.float64)
        first, second = np.triu_indices(len(inside), 1)
        return self._square((inside @ inside.T)[first, second] / self.top)

    def _square(self, pairs: DoubleArray) -> DoubleArray:
        square = np.eye(len(self.found))
        first, second = np.triu_indices(len(square), 1)
        square[first, second] = square[second, first] = pairs
        return square

    @cached_property
    def counts(self) -> IntArray:
        """In how many tops each row is, (n,)."""
        return np.asarray(self.tops.sum(axis=0), dtype=np.int64)

    @cached_property
    def mean_ranks(self) -> DoubleArray:
        """Each row's rank, mean over the detectors, (n,); low = abnormal."""
        return mean_rank(self._rankings)

    @property
    def consensus(self) -> IntArray:
        """The rows in the top of more than half of the detectors: the most agreed on first, then by mean rank."""
        rows = np.flatnonzero(2 * self.counts > len(self.found)) if len(self.found) > 1 else np.zeros(0, np.int64)
        return rows[np.lexsort((self.mean_ranks[rows], -self.counts[rows]))]

    @property
    def lone(self) -> list[Lone]:
        """The rows in the top of one detector alone, by their rank there; empty where only one was asked."""
        if len(self.found) < 2:
            return []
        rows = np.flatnonzero(self.counts == 1)
        whose = self.tops[:, rows].argmax(axis=0)
        ranks = [rank(one.scores) for one in self.found]
        found = [
            Lone(row, self.found[place].name, int(ranks[place][row]))
            for row, place in zip(rows.tolist(), whose.tolist(), strict=True)
        ]
        return sorted(found, key=lambda one: (one.rank, one.row))


def rivals_table(report: Report) -> "pd.DataFrame":
    """All rows in the table's order: id, label (where there are any), in how many tops, and scores and ranks of each.

    A detector's columns have its name, with _ for -: ``so_gaal_score`` (lower = more abnormal), ``so_gaal_rank``.
    """
    import pandas as pd

    columns: dict[str, Any] = {"id": report.dataset.ids}
    if report.dataset.y is not None:
        columns["label"] = report.dataset.y
    columns |= {"tops": report.counts, "mean_rank": report.mean_ranks}
    for one in report.found:
        name = one.name.replace("-", "_")
        columns |= {f"{name}_score": one.scores, f"{name}_rank": rank(one.scores)}
    return pd.DataFrame(columns)


def rivals_csv(report: Report) -> bytes:
    """:func:`rivals_table` as UTF-8 CSV."""
    return rivals_table(report).to_csv(index=False, lineterminator="\n").encode("utf-8", "surrogatepass")


def measures_csv(report: Report) -> bytes:
    """A line for each detector as UTF-8 CSV: how good (with labels), how steady and how costly it is.

    Means and standard deviations are over its seeds, empty where there is nothing to measure; ``memory_mib`` is
    :attr:`Found.peak`.
    """
    import pandas as pd

    lines = []
    for one in report.found:
        auc, precision = one.auc or (None, None), one.precision or (None, None)
        lines.append(
            {
                "detector": one.name,
                "auc": auc[0],
                "auc_deviation": auc[1],
                "average_precision": precision[0],
                "average_precision_deviation": precision[1],
                "seeds": len(one.seeds),
                "seed_correlation": one.own,
                "seconds": one.time,
                "memory_mib": one.peak,
            }
        )
    return pd.DataFrame(lines).to_csv(index=False, lineterminator="\n").encode()


def plain_values(report: Report, without: Mapping[str, str]) -> dict[str, Any]:
    """All but the rankings as plain JSON values; ``without``: the detectors that gave none, and why."""
    ids = report.dataset.ids.tolist()
    detectors = {
        one.name: {
            "title": one.title,
            "seeds": list(one.seeds),
            "auc": list(one.aucs),
            "average_precision": list(one.precisions),
            "seconds": list(one.seconds),
            "memory_bytes": list(one.memory),
            "seed_correlation": one.own,
            "failed": list(one.failed),
        }
        for one in report.found
    }
    return {
        "dataset": report.dataset.name,
        "labels_chose_nothing": True,
        "share": report.share,
        "top": report.top,
        "detectors": detectors,
        "without": dict(without),
        "rank_correlation": report.correlations.tolist(),
        "top_overlap": report.overlaps.tolist(),
        "consensus": [{"id": ids[row], "tops": int(report.counts[row])} for row in report.consensus.tolist()],
        "one_detector": [{"id": ids[one.row], "detector": one.name, "rank": one.rank} for one in report.lone],
    }
