"""Ranks by buckets in files against ranks by sorting everything."""

from pathlib import Path

import numpy as np
import pytest

from sogaal.metrics import rank
from sogaal.scoring import Ranks


def logits_of(kind: str, n: int) -> np.ndarray:
    rng = np.random.default_rng(3)
    return {
        "normal": rng.normal(size=n),
        "ties": rng.integers(0, 5, n).astype(float),
        "one value": np.zeros(n),
        "mostly one value": np.where(rng.random(n) < 0.9, 1.0, rng.normal(size=n)),
        "sorted": np.arange(n, dtype=float),
        "the other way": -np.arange(n, dtype=float),
    }[kind]


def all_read(ranks: Ranks, piece: int) -> tuple[np.ndarray, np.ndarray]:
    logits, found = [], []
    while len((part := ranks.read(piece))[0]):
        logits.append(part[0])
        found.append(part[1])
    return np.concatenate(logits), np.concatenate(found)


@pytest.mark.parametrize("kind", ["normal", "ties", "one value", "mostly one value", "sorted", "the other way"])
@pytest.mark.parametrize("bucket_rows", [100, 997, 10_000])
def test_ranks_are_those_of_sorting_all(kind: str, bucket_rows: int, tmp_path: Path) -> None:
    logits = logits_of(kind, 5_000)
    with Ranks(tmp_path, bucket_rows) as ranks:
        for part in np.array_split(logits, [1, 700, 701, 4_000]):
            ranks.add(part)
        ranks.settle()
        for piece in (333, 5_000):  # twice: they can be read again
            back, found = all_read(ranks, piece)
            np.testing.assert_array_equal(back, logits)
            np.testing.assert_array_equal(found, rank(logits))
            ranks.rewind()


def test_no_bucket_is_much_larger_than_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory stays bounded whatever comes first: the sample is of all rows."""
    monkeypatch.setattr("sogaal.scoring.ranks.SAMPLE_ROWS", 512)
    rising = np.sort(np.random.default_rng(0).normal(size=50_000))
    with Ranks(bucket_rows=5_000) as ranks:
        for part in np.array_split(rising, 37):
            ranks.add(part)
        assert 512 <= sum(map(len, ranks._sample)) <= 1024
        ranks.settle()
        sizes = [file.seek(0, 2) // 8 for file in ranks._files.values()]
    assert sum(sizes) >= 49_900
    assert max(sizes) <= 1.2 * 5_000
