import numpy as np
import pytest

from sogaal.data import Dataset, read_table
from sogaal.errors import DataError


def table(values: list[object], name: str = "label") -> bytes:
    return (f"a,{name}\n" + "".join(f"{i},{value}\n" for i, value in enumerate(values))).encode()


def read(values: list[object], name: str = "label", label_column: str | None = None) -> Dataset:
    return read_table(table(values, name), filename="t.csv", label_column=label_column)


def labelled(normal: object, out: object, outliers: int = 3) -> list[object]:
    return [out] * outliers + [normal] * (12 - outliers)


@pytest.mark.parametrize("name", ["label", "y", "class", "outlier", "target", "Label", "TARGET"])
def test_found_by_name(name: str) -> None:
    dataset = read(labelled(0, 1), name)
    assert dataset.n_outliers == 3
    assert dataset.feature_names == ("a",)


def test_named_by_the_caller() -> None:
    for asked in ("Befund", "befund"):
        assert read(labelled(0, 1), "Befund", asked).n_outliers == 3
    assert read(labelled(0, 1), "Befund").y is None


@pytest.mark.parametrize(
    ("normal", "out"),
    [
        ("0", "1"),
        ("0.0", "1.0"),
        ("1", "-1"),
        ("nor", "out"),
        ('"nor"', '"out"'),
        ("inlier", "outlier"),
        ("Normal", "Anomaly"),
        ("normal", "attack"),
        ("NO", "yes"),
        ("False", "True"),
        ("benign", "malignant"),
        ("whatever", "outlier"),
        ("normal", "whatever"),
    ],
)
@pytest.mark.parametrize("outliers", [2, 9])
def test_usual_values_mean_what_they_say_however_frequent(normal: str, out: str, outliers: int) -> None:
    dataset = read(labelled(normal, out, outliers))
    assert dataset.y is not None
    assert dataset.y.tolist() == [1] * outliers + [0] * (12 - outliers)
    assert any("wrong way round" in note for note in dataset.notes) == (outliers > 6)


def test_minus_one_is_noted_to_be_the_outlier() -> None:
    assert read(labelled(1, -1)).notes == (
        "Labels of column 'label': -1 marks outliers and 1 inliers, as in scikit-learn.",
    )


@pytest.mark.parametrize(("normal", "out"), [("1", "2"), ("2", "1"), ("setosa", "virginica"), ("0", "7")])
def test_of_other_values_the_rarer_is_the_outlier_and_a_note_says_so(normal: str, out: str) -> None:
    dataset = read(labelled(normal, out))
    assert dataset.y is not None
    assert dataset.y.tolist() == [1] * 3 + [0] * 9
    assert (
        f"'{out}' (3 rows) was taken to mark outliers, because it is rarer than '{normal}' (9 rows)" in dataset.notes[0]
    )


def test_equally_frequent_unknown_values_are_refused() -> None:
    with pytest.raises(DataError, match=r"^t\.csv: label column 'label' has the values 'b' and 'a', each in 6 rows"):
        read(labelled("a", "b", 6))


def test_one_class_is_refused() -> None:
    with pytest.raises(
        DataError, match=r"^t.csv: label column 'label' must have exactly two values.*got 1: 0 \(12 rows\)"
    ):
        read([0] * 12)


@pytest.mark.parametrize("asked", [None, "class"])
def test_three_classes_are_refused_with_their_values(asked: str | None) -> None:
    with pytest.raises(
        DataError, match=r"'class' must have exactly two values.*got 3: a \(6 rows\), b \(4 rows\), c \(2 rows\)"
    ) as caught:
        read(list("aaaaaabbbbcc"), "class", asked)
    assert ("because of its name" in str(caught.value)) == (asked is None)


def test_many_numbers_under_a_label_name_are_a_feature_unless_asked_for() -> None:
    values: list[object] = [i / 10 for i in range(12)]
    dataset = read(values, "y")
    assert dataset.y is None
    assert dataset.feature_names == ("a", "y")
    assert "'y' has the name of a label column but 12 different numbers" in dataset.notes[0]
    with pytest.raises(
        DataError, match=r"label column 'y' must have exactly two values.*got 12: 0 \(1 rows\).*, \.\.\."
    ):
        read(values, "y", "y")


def test_a_label_column_wins_over_a_coordinate_called_y() -> None:
    data = "x,y,label\n" + "".join(f"{i},{i * 2},{int(i > 9)}\n" for i in range(12))
    dataset = read_table(data.encode(), filename="t.csv")
    assert dataset.feature_names == ("x", "y")
    assert dataset.n_outliers == 2
    assert dataset.notes == ()


def test_a_second_label_column_among_the_features_is_noted() -> None:
    data = "x,outlier,label\n" + "".join(f"{i},{int(i > 9)},{int(i > 9)}\n" for i in range(12))
    dataset = read_table(data.encode(), filename="t.csv")
    assert "'outlier' was read as a feature although" in dataset.notes[0]


def test_labels_can_be_switched_off() -> None:
    dataset = read(labelled(0, 1), label_column="")
    assert dataset.y is None
    assert dataset.feature_names == ("a", "label")


def test_missing_label_is_counted_and_placed() -> None:
    values = labelled(0, 1)
    values[5] = ""
    values[8] = "NA"
    with pytest.raises(
        DataError, match="'label' must have a value in every row, but 2 values are missing, the first in line 7"
    ):
        read(values)


def test_unknown_label_column_lists_near_names() -> None:
    with pytest.raises(DataError, match=r"^t\.csv: there is no label column 'lable'; did you mean 'label'\?"):
        read(labelled(0, 1), label_column="lable")
    with pytest.raises(DataError, match="no id column 'zzz'; the columns are 'a', 'label'"):
        read_table(table(labelled(0, 1)), filename="t.csv", id_column="zzz")


def test_one_column_cannot_be_both() -> None:
    with pytest.raises(DataError, match="'label' cannot be both the labels and the ids"):
        read_table(table(labelled(0, 1)), filename="t.csv", id_column="label", label_column="label")


def test_labels_do_not_depend_on_order() -> None:
    random = np.random.default_rng(0)
    values = np.array(labelled("nor", "out"))
    order = random.permutation(12)
    dataset = read(list(values[order]))
    assert dataset.y is not None
    np.testing.assert_array_equal(dataset.y, values[order] == "out")
