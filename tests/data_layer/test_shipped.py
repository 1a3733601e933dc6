"""The shipped files: remade from their recipes, and true to what is said of them."""

import csv
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import sogaal
from sogaal.data import Dataset, datasets_folder, list_datasets, load_dataset, registry, shipped_datasets
from sogaal.errors import DataError

NAMES = [
    "onecluster",
    "two_clusters",
    "multi_density",
    "ring",
    "moons",
    "spiral",
    "local_outliers",
    "highdim",
    "breast_cancer",
    "wine",
    "digits",
]
PLANE = NAMES[:7]


@pytest.fixture(scope="module")
def maker() -> ModuleType:
    path = datasets_folder() / "make_datasets.py"
    spec = importlib.util.spec_from_file_location("make_datasets", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def split(dataset: Dataset) -> tuple[np.ndarray, np.ndarray]:
    assert dataset.y is not None
    return dataset.X[dataset.y == 0].astype(float), dataset.X[dataset.y == 1].astype(float)


def test_list() -> None:
    assert list_datasets() == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_remade_from_its_recipe(name: str, maker: ModuleType, tmp_path: Path) -> None:
    table = maker.MAKERS[name]()
    with (datasets_folder() / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
        header, *rows = csv.reader(stream)
    assert header == ["id", "label", *table.names]
    cells = np.array(rows, dtype=np.float64)
    np.testing.assert_array_equal(cells[:, 1], table.y)
    np.testing.assert_array_equal(cells[:, 0], np.arange(1, len(cells) + 1) if table.ids is None else table.ids)
    # Another machine's sine or rounding may differ in the last digit that is kept, not by more.
    np.testing.assert_allclose(cells[:, 2:], table.X, rtol=0, atol=1e-6)
    np.testing.assert_array_equal(cells[:, 2:], np.round(cells[:, 2:], 6))
    maker.write_csv(table, tmp_path / "again.csv")
    np.testing.assert_allclose(load_dataset(tmp_path / "again.csv").X, load_dataset(name).X, rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_described(name: str) -> None:
    dataset = load_dataset(name)
    assert dataset.name == name
    for text in (dataset.title, dataset.description, dataset.source, dataset.licence):
        assert text == text.strip() != ""
    assert dataset.description.count(". ") <= 1, "one or two sentences"
    assert "outlier" in dataset.description
    assert dataset.notes == ()
    assert dataset.n_outliers is not None
    assert 0.005 < dataset.n_outliers / dataset.n < 0.1


@pytest.mark.parametrize("name", PLANE)
def test_plane_ones_lie_in_the_unit_square(name: str) -> None:
    dataset = load_dataset(name)
    assert dataset.d == 2
    assert dataset.feature_names == ("x1", "x2")
    assert dataset.X.min() >= 0
    assert dataset.X.max() <= 1


@pytest.mark.parametrize("name", NAMES)
def test_outliers_are_spread_over_the_file(name: str) -> None:
    y = load_dataset(name).y
    assert y is not None
    middle = np.flatnonzero(y).mean() / len(y)
    assert 0.2 < middle < 0.8


def test_onecluster_has_the_statistics_that_are_promised() -> None:
    inliers, outliers = split(load_dataset("onecluster"))
    assert (len(inliers), len(outliers)) == (980, 20)
    np.testing.assert_allclose(inliers.mean(axis=0), 0.5, atol=0.005)
    np.testing.assert_allclose(inliers.std(axis=0), 0.05, atol=0.003)
    assert np.linalg.norm(outliers - 0.5, axis=1).min() >= 0.19 - 1e-6
    assert np.ptp(outliers, axis=0).min() > 0.7


def test_real_tables_have_the_sizes_that_are_promised() -> None:
    sizes = {name: (load_dataset(name).n, load_dataset(name).d, load_dataset(name).n_outliers) for name in NAMES[8:]}
    assert sizes == {"breast_cancer": (367, 30, 10), "wine": (129, 13, 10), "digits": (1636, 64, 20)}


def test_highdim_outliers_differ_in_the_five_features_only() -> None:
    dataset = load_dataset("highdim")
    assert dataset.d == 20
    _, outliers = split(dataset)
    squared = ((outliers - 0.5) / 0.1) ** 2
    told = [2, 6, 10, 14, 18]
    radius = np.sqrt(squared[:, told].sum(axis=1))
    assert radius.min() >= 4.5 - 1e-3
    assert radius.max() <= 6 + 1e-3
    assert np.delete(squared, told, axis=1).mean() == pytest.approx(1, abs=0.2)


def test_local_outliers_are_nearer_to_their_cluster_than_the_wide_cluster_is_wide() -> None:
    inliers, outliers = split(load_dataset("local_outliers"))
    wide = inliers[inliers[:, 0] > 0.52]
    nearest = np.linalg.norm(outliers[:, None] - inliers[None], axis=2).min(axis=1)
    assert nearest.max() < np.linalg.norm(wide - wide.mean(axis=0), axis=1).mean()


def test_ring_has_outliers_inside_and_outside() -> None:
    inliers, outliers = split(load_dataset("ring"))
    radius = np.linalg.norm(outliers - 0.5, axis=1)
    assert ((radius <= 0.2).sum(), (radius >= 0.44).sum()) == (15, 15)
    assert np.linalg.norm(inliers - 0.5, axis=1).min() > 0.22


def test_readme_is_the_generated_one(maker: ModuleType) -> None:
    assert (datasets_folder() / "README.md").read_text(encoding="utf-8") == maker.readme()
    for name in NAMES:
        assert f"`{name}`" in maker.readme()


def test_every_file_is_listed(maker: ModuleType) -> None:
    assert sorted(path.stem for path in datasets_folder().glob("*.csv")) == sorted(NAMES)
    assert list(maker.MAKERS) == NAMES


@pytest.mark.parametrize("alias", ["wdbc", "WDBC", "Breast_Cancer", "breast-cancer"])
def test_other_names(alias: str) -> None:
    assert load_dataset(alias).name == "breast_cancer"


def test_shipped_ones_are_read_once() -> None:
    assert load_dataset("ring") is load_dataset("ring")
    named = load_dataset("ring", name="mine")
    assert (named.name, named.title) == ("mine", "Ring")
    assert named.fingerprint == load_dataset("ring").fingerprint


def test_label_column_of_a_shipped_one_can_be_switched_off() -> None:
    dataset = load_dataset("ring", label_column="")
    assert dataset.y is None
    assert dataset.feature_names == ("label", "x1", "x2")


@pytest.mark.parametrize(
    ("name", "hint"),
    [("oneclutser", "did you mean onecluster"), ("wdcb", "did you mean wdbc"), ("zzzz", "datasets are onecl")],
)
def test_unknown_name_lists_near_ones(name: str, hint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match=f"'{name}' is neither a shipped dataset nor a file") as caught:
        load_dataset(name)
    assert hint in str(caught.value)


def test_a_shipped_name_wins_over_a_file_unless_given_as_a_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ring").write_text("1,nor,5\n" * 9 + "2,out,6\n3,out,7\n")
    assert load_dataset("ring").n == 990
    assert load_dataset("./ring").n == 11
    assert load_dataset(Path("ring")).n == 11


def test_found_in_an_installed_package_too(tmp_path: Path) -> None:
    """As the wheel lays it out: the folder inside the package, another project's `datasets` beside it."""
    shutil.copytree(
        Path(sogaal.__file__).parent, tmp_path / "sogaal", ignore=shutil.ignore_patterns("__pycache__", "_app")
    )
    shutil.copytree(datasets_folder(), tmp_path / "sogaal" / "_app" / "datasets")
    (tmp_path / "datasets").mkdir()
    (tmp_path / "datasets" / "__init__.py").touch()
    code = "from sogaal.data import *; print(datasets_folder()); print(load_dataset('onecluster'))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": "."},
    )
    folder, shown = done.stdout.splitlines()
    assert Path(folder) == (tmp_path / "sogaal" / "_app" / "datasets").resolve()
    assert shown == "Dataset('onecluster', 1000 x 2, 20 outliers)"


def test_missing_folder_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(registry, "_FOLDERS", (tmp_path / "nowhere",))
    datasets_folder.cache_clear()
    try:
        with pytest.raises(DataError, match=r"shipped datasets are missing.*nowhere"):
            datasets_folder()
    finally:
        datasets_folder.cache_clear()


def test_metadata_lives_in_one_place() -> None:
    for name, entry in shipped_datasets().items():
        assert entry.path.name == f"{name}.csv"
        assert load_dataset(name).description == entry.description
