import hashlib
import pickle
import subprocess
import sys

import numpy as np
import pytest

from sogaal.data import Dataset
from sogaal.errors import DataError

X = np.arange(24, dtype=np.float64).reshape(12, 2)
Y = np.array([0] * 10 + [1] * 2)


def make(**changes: object) -> Dataset:
    values: dict[str, object] = {
        "name": "t",
        "X": X,
        "y": Y,
        "ids": np.arange(12),
        "feature_names": ("a", "b"),
    }
    return Dataset(**{**values, **changes})  # type: ignore[arg-type]


def test_properties() -> None:
    dataset = make()
    assert (dataset.n, dataset.d, dataset.n_outliers, dataset.outlier_share) == (12, 2, 2, 2 / 12)
    assert dataset.X.dtype == np.float32
    assert dataset.y is not None
    assert dataset.y.dtype == np.int8
    unlabelled = make(y=None)
    assert (unlabelled.n_outliers, unlabelled.outlier_share) == (None, None)
    assert repr(dataset) == "Dataset('t', 12 x 2, 2 outliers)"
    assert repr(unlabelled) == "Dataset('t', 12 x 2, no labels)"


def test_arrays_are_read_only_and_the_callers_stay_writable() -> None:
    mine = X.astype(np.float32)
    dataset = make(X=mine)
    mine[0, 0] = 99
    assert dataset.X[0, 0] == 0
    for array in (dataset.X, dataset.y, dataset.ids):
        assert array is not None
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


def test_view_of_a_writable_array_is_copied() -> None:
    mine = X.astype(np.float32)
    view = mine[:]
    view.flags.writeable = False
    dataset = make(X=view)
    mine[0, 0] = 99
    assert dataset.X[0, 0] == 0


def test_frozen_array_is_shared() -> None:
    frozen = X.astype(np.float32)
    frozen.flags.writeable = False
    assert make(X=frozen).X is frozen


def test_fingerprint_is_that_of_the_contents() -> None:
    dataset = make()
    assert len(dataset.fingerprint) == 64
    assert dataset.fingerprint == make(name="other", ids=np.arange(12) + 5, title="T").fingerprint
    assert dataset.fingerprint == make(X=X.astype(">f4")).fingerprint
    others = [
        make(X=X + 1),
        make(y=None),
        make(y=Y[::-1]),
        make(feature_names=("a", "c")),
        make(feature_names=("ab", "")),
    ]
    assert len({dataset.fingerprint, *(other.fingerprint for other in others)}) == 6
    digest = hashlib.sha256(b"sogaal dataset 12 2 True\n")
    for name in (b"a", b"b"):
        digest.update(len(name).to_bytes(8, "little") + name)
    digest.update(X.astype("<f4").tobytes() + Y.astype(np.int8).tobytes())
    assert dataset.fingerprint == digest.hexdigest()


def test_pickles() -> None:
    dataset = make()
    assert pickle.loads(pickle.dumps(dataset)).fingerprint == dataset.fingerprint


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"X": X[:, 0]}, r"X must have the shape .* got \(12,\)"),
        ({"X": X[:9], "y": None, "ids": np.arange(9)}, "at least 10 rows, got 9"),
        ({"X": np.ones((12, 2))}, "all 12 rows are the same"),
        ({"X": np.where(X == 5, np.nan, X)}, "1 is not, the first in row 3, column 'b'"),
        ({"X": np.where(X > 20, 1e39, X)}, "3 are not, the first in row 11, column 'b'"),
        ({"X": [["a", "b"]] * 12}, "X must be an array of numbers"),
        ({"feature_names": ("a",)}, "2 columns but there are 1 feature names"),
        ({"feature_names": ("a", "a")}, "'a' appears more than once"),
        ({"ids": np.arange(11)}, "ids must be one for each of the 12 rows"),
        ({"y": Y[:11]}, r"one label for each of the 12 rows, got the shape \(11,\)"),
        ({"y": np.zeros(12)}, "0 .inlier. and 1 .outlier., got 0.0"),
        ({"y": np.arange(12)}, "got 0, 1, 2, 3, 4, ..."),
    ],
)
def test_rules(changes: dict[str, object], said: str) -> None:
    with pytest.raises(DataError, match=f"^t: .*{said}"):
        make(**changes)


def test_the_data_layer_does_without_torch_and_streamlit() -> None:
    code = (
        "import sys, sogaal.data, sogaal.scaling; print(sorted({'torch', 'streamlit', 'sklearn'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
