"""Makes every dataset of this folder, with fixed seeds, and the README.

    python datasets/make_datasets.py            writes all CSV files and README.md
    python datasets/make_datasets.py --readme   writes README.md only

The random numbers come from numpy's RandomState, whose streams are frozen for good, unlike those of Generator.
"""

import csv
import sys
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sklearn.datasets import load_breast_cancer, load_digits, load_wine

FOLDER = Path(__file__).resolve().parent
DECIMALS = 6

Array = npt.NDArray[np.float64]
Random = np.random.RandomState


@dataclass(frozen=True)
class Table:
    """X (n, d), y (n,) with 1 = outlier, feature names; ids (n,) or None for 1, 2, ..., n in the order of the file."""

    X: Array
    y: npt.NDArray[np.int64]
    names: tuple[str, ...]
    ids: npt.NDArray[np.int64] | None = None


def uniform_where(random: Random, count: int, allowed: Callable[[Array], npt.NDArray[np.bool_]]) -> Array:
    """`count` points uniform on the part of the unit square where `allowed` (points (m, 2) -> (m,)) holds."""
    found: list[Array] = []
    while len(found) < count:
        candidates = random.uniform(size=(256, 2))
        found.extend(candidates[allowed(candidates)])
    return np.array(found[:count])


def inside(count: int, draw: Callable[[int], Array]) -> Array:
    """`count` points from `draw` that lie in the unit square; the rare others are drawn again."""
    points = draw(count)
    while (bad := ((points < 0) | (points > 1)).any(axis=1)).any():
        points[bad] = draw(int(bad.sum()))
    return points


def blob(random: Random, count: int, centre: tuple[float, float], deviation: float) -> Array:
    """`count` points from N(centre, deviation² I), within the unit square."""
    return inside(count, lambda m: random.normal(centre, deviation, size=(m, 2)))


def distance(points: Array, to: Array | tuple[float, float]) -> Array:
    """(m,) distance from each point to the nearest point of `to`, one point or (k, 2)."""
    targets = np.atleast_2d(np.asarray(to, dtype=np.float64))
    squared = ((points[:, None, :] - targets[None, :, :]) ** 2).sum(axis=2)
    return np.asarray(np.sqrt(squared.min(axis=1)))


def together(random: Random, inliers: Array, outliers: Array) -> Table:
    """Both in one table, in random order, so that position tells nothing."""
    X = np.vstack([inliers, outliers])
    y = np.repeat([0, 1], [len(inliers), len(outliers)])
    order = random.permutation(len(X))
    return Table(X[order], y[order], tuple(f"x{j + 1}" for j in range(X.shape[1])))


def onecluster() -> Table:
    """One Gaussian cluster."""
    random = Random(1001)
    inliers = blob(random, 980, (0.5, 0.5), 0.05)
    return together(random, inliers, uniform_where(random, 20, lambda p: distance(p, (0.5, 0.5)) >= 0.19))


def two_clusters() -> Table:
    """Two clusters and outliers in the gap."""
    random = Random(1002)
    centres = ((0.3, 0.3), (0.7, 0.7))
    inliers = np.vstack([blob(random, 485, centre, 0.05) for centre in centres])
    gap = uniform_where(random, 6, lambda p: distance(p, (0.5, 0.5)) <= 0.07)
    around = uniform_where(random, 24, lambda p: distance(p, np.array(centres)) >= 0.19)
    return together(random, inliers, np.vstack([gap, around]))


def multi_density() -> Table:
    """Three clusters of different density."""
    random = Random(1003)
    clusters = ((400, (0.2, 0.75), 0.02), (350, (0.72, 0.8), 0.05), (210, (0.5, 0.3), 0.09))
    inliers = np.vstack([blob(random, *cluster) for cluster in clusters])

    def far(points: Array) -> npt.NDArray[np.bool_]:
        return np.all([distance(points, centre) >= 3.8 * deviation for _, centre, deviation in clusters], axis=0)

    return together(random, inliers, uniform_where(random, 40, far))


def ring() -> Table:
    """A ring with outliers inside and outside."""
    random = Random(1004)
    radius = random.normal(0.32, 0.02, size=960)
    angle = random.uniform(0, 2 * np.pi, size=960)
    inliers = 0.5 + radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    hole = uniform_where(random, 15, lambda p: distance(p, (0.5, 0.5)) <= 0.2)
    beyond = uniform_where(random, 15, lambda p: distance(p, (0.5, 0.5)) >= 0.44)
    return together(random, inliers, np.vstack([hole, beyond]))


def moons() -> Table:
    """Two interleaved half circles."""
    random = Random(1005)

    def curve(t: Array) -> Array:
        upper = np.column_stack([0.37 + 0.28 * np.cos(t), 0.46 + 0.28 * np.sin(t)])
        return np.vstack([upper, 1.0 - upper])  # the other moon is the first, turned around the middle

    inliers = curve(random.uniform(0, np.pi, size=480)) + random.normal(0, 0.02, size=(960, 2))
    path = curve(np.linspace(0, np.pi, 400))
    between = uniform_where(random, 12, lambda p: (distance(p, path) >= 0.075) & (distance(p, (0.5, 0.5)) <= 0.25))
    around = uniform_where(random, 28, lambda p: distance(p, path) >= 0.1)
    return together(random, inliers, np.vstack([between, around]))


def spiral() -> Table:
    """An Archimedean spiral of two turns."""
    random = Random(1006)

    def curve(share: Array) -> Array:
        radius = np.sqrt(0.06**2 + (0.45**2 - 0.06**2) * share)  # equal shares of the length, nearly
        angle = 4 * np.pi * (radius - 0.06) / (0.45 - 0.06)
        return 0.5 + radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])

    inliers = curve(random.uniform(size=960)) + random.normal(0, 0.01, size=(960, 2))
    path = curve(np.linspace(0, 1, 2000))
    outliers = uniform_where(random, 40, lambda p: (distance(p, path) >= 0.055) & (distance(p, (0.5, 0.5)) <= 0.5))
    return together(random, inliers, outliers)


def local_outliers() -> Table:
    """Outliers close to tight clusters, beside a wide one."""
    random = Random(1007)
    centres, deviation = ((0.18, 0.2), (0.2, 0.78), (0.45, 0.5)), 0.012
    tight = [blob(random, 230, centre, deviation) for centre in centres]
    wide = blob(random, 280, (0.75, 0.5), 0.07)
    beside = []
    for centre in centres:
        radius = random.uniform(5, 8, size=(10, 1)) * deviation
        angle = random.uniform(0, 2 * np.pi, size=10)
        beside.append(np.array(centre) + radius * np.column_stack([np.cos(angle), np.sin(angle)]))
    return together(random, np.vstack([*tight, wide]), np.vstack(beside))


def highdim() -> Table:
    """Twenty features, five of which tell."""
    random = Random(1008)
    inliers = random.normal(0.5, 0.1, size=(970, 20))
    outliers = random.normal(0.5, 0.1, size=(30, 20))
    direction = random.normal(size=(30, 5))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    outliers[:, [2, 6, 10, 14, 18]] = 0.5 + 0.1 * random.uniform(4.5, 6, size=(30, 1)) * direction
    return together(random, inliers, outliers)


def rare_class(seed: int, X: Array, rare: npt.NDArray[np.bool_], keep: int, names: list[str]) -> Table:
    """All rows but the rare ones, and `keep` of those, in random order; ids are rows of the source, from 1."""
    random = Random(seed)
    kept = random.choice(np.flatnonzero(rare), size=keep, replace=False)
    rows = random.permutation(np.concatenate([np.flatnonzero(~rare), kept]))
    return Table(X[rows], rare[rows].astype(np.int64), tuple(names), rows + 1)


def breast_cancer() -> Table:
    """The benign samples and ten malignant ones (target 0)."""
    data = load_breast_cancer()
    return rare_class(1009, data.data, data.target == 0, 10, [str(name) for name in data.feature_names])


def wine() -> Table:
    """Classes 2 and 3, and ten of class 1 (target 0)."""
    data = load_wine()
    return rare_class(1010, data.data, data.target == 0, 10, [str(name) for name in data.feature_names])


def digits() -> Table:
    """All digits but four, and twenty fours."""
    data = load_digits()
    return rare_class(1011, data.data, data.target == 4, 20, [str(name) for name in data.feature_names])


MAKERS: dict[str, Callable[[], Table]] = {
    maker.__name__: maker
    for maker in (
        onecluster,
        two_clusters,
        multi_density,
        ring,
        moons,
        spiral,
        local_outliers,
        highdim,
        breast_cancer,
        wine,
        digits,
    )
}


def write_csv(table: Table, path: Path) -> None:
    """id, label (1 = outlier), features; values rounded to six decimals, line ends "\\n" everywhere."""
    ids = np.arange(1, len(table.X) + 1) if table.ids is None else table.ids
    rounded = np.round(table.X, DECIMALS)
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["id", "label", *table.names])
        for i, label, row in zip(ids.tolist(), table.y.tolist(), rounded.tolist(), strict=True):
            writer.writerow([i, label, *(int(value) if value.is_integer() else value for value in row)])


def readme() -> str:
    """The text of README.md: the metadata, and counts taken from the files."""
    entries = tomllib.loads((FOLDER / "datasets.toml").read_text(encoding="utf-8"))["dataset"]
    rows, sections = [], []
    for entry in entries:
        with (FOLDER / f"{entry['name']}.csv").open(encoding="utf-8", newline="") as stream:
            header, *lines = csv.reader(stream)
        n, d = len(lines), len(header) - 2
        outliers = sum(line[1] == "1" for line in lines)
        rows.append(f"| `{entry['name']}` | {n} | {d} | {outliers} | {outliers / n:.1%} | {entry['licence']} |")
        also = "".join(f", also `{alias}`" for alias in entry.get("aliases", []))
        sections.append(
            f"## {entry['title']}\n`{entry['name']}`{also}: {n} rows, {d} features, {outliers} outliers "
            f"({outliers / n:.1%}).\n\n{entry['description']}\n\n- Recipe: {entry['recipe']}\n"
            f"- Origin: {entry['source']}\n- Licence: {entry['licence']}\n"
        )
    table = "| name | rows | features | outliers | share | licence |\n|---|---|---|---|---|---|\n" + "\n".join(rows)
    return f"{_INTRODUCTION}\n{table}\n\n" + "\n".join(sections)


_INTRODUCTION = """\
# Datasets
<!-- Written by make_datasets.py from datasets.toml and the files: change those, not this. -->

Each file is a CSV with a header: `id`, `label` (1 = outlier, 0 = inlier), then the features, rounded to six decimals,
rows in random order. The two-dimensional ones lie in the unit square. `python datasets/make_datasets.py` makes all of
them again with the same values; the real ones come with scikit-learn, so nothing is downloaded. Labels only evaluate.

Load one by its name, `sogaal.load_dataset("onecluster")`, or your own table by its path. Files under CC BY 4.0 are
excerpts of the named originals: rows were chosen and labels derived as their recipes say.
"""


def main() -> None:
    """Write the files."""
    if sys.argv[1:] not in ([], ["--readme"]):
        sys.exit("usage: python make_datasets.py [--readme]")
    if not sys.argv[1:]:
        for name, maker in MAKERS.items():
            write_csv(maker(), FOLDER / f"{name}.csv")
            print(f"{name}.csv")
    (FOLDER / "README.md").write_text(readme(), encoding="utf-8", newline="\n")
    print("README.md")


if __name__ == "__main__":
    main()
