"""Tables of one's own: taken, refused with words beside the control, and never more than data."""

import gzip
import io
import json
import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pages import _server
from sogaal.data import load_dataset
from sogaal.exports import scores_table, scores_with_columns
from sogaal.jobs import Job
from tests.pages.session import Session

RNG = np.random.default_rng(3)
ROWS = [f"{a:.4f},{b:.4f}" for a, b in RNG.random((40, 2))]
UNLABELLED = ("height,weight\n" + "\n".join(ROWS)).encode()
LABELLED = ("height,weight,odd\n" + "\n".join(f"{row},{i % 10 == 0:d}" for i, row in enumerate(ROWS))).encode()


def pickled() -> bytes:
    sink = io.BytesIO()
    np.savez(sink, X=np.array([{"a": 1}] * 20, dtype=object))
    return sink.getvalue()


HOSTILE = [
    ("empty.csv", b"", "empty"),
    ("header.csv", b"a,b\n", "rows"),
    ("words.csv", b"a,b\n" + b"".join(b"x%d,y%d\n" % (i, i) for i in range(20)), "number"),
    ("short.csv", b"a,b\n" + b"1,2\n3,4\n", "at least 10"),
    ("ragged.csv", UNLABELLED + b"\n1,2,3,4\n", "line 42"),
    ("same.csv", b"a,b\n" + b"1,2\n" * 20, "differ"),
    ("twice.csv", b"a,a\n" + b"1,2\n2,1\n" * 10, "'a'"),
    ("photo.png", b"\x89PNG\r\n\x1a\n" + bytes(200), "PNG"),
    ("packed.csv", gzip.compress(UNLABELLED), "gzip"),
    ("noise.csv", bytes(RNG.integers(0, 256, 3000, dtype=np.uint8)), "noise.csv"),
    ("objects.npz", pickled(), "objects.npz"),
    ("bomb.pkl", pickle.dumps({"a": list(range(100))}), "bomb.pkl"),
    ("three.csv", b"a,label\n" + b"1,0\n2,1\n3,2\n" * 5, "label"),
]


@pytest.mark.parametrize(("filename", "content", "words"), HOSTILE, ids=[case[0] for case in HOSTILE])
def test_a_file_that_cannot_be_is_refused_and_the_table_stays(filename: str, content: bytes, words: str) -> None:
    session = Session(data="ring")
    session.upload(filename, content)
    assert len(session.errors) == 2
    assert session.errors[0] == session.errors[1]
    assert session.errors[0].startswith(filename)
    assert words in session.errors[0]
    popover = next(block for block in session.at.sidebar.get("popover"))
    assert len(popover.error) == 1, "the other stands where it is seen when that is closed"
    assert session.field("dataset") == "ring"
    assert session.enabled() == {"Train", "Step"}
    assert _server.upload_keys() == []
    session.at.file_uploader("upload_file").clear()
    session.look()
    assert session.errors == []


def test_a_refusal_goes_with_the_next_good_table() -> None:
    session = Session(data="ring")
    session.upload("short.csv", b"a,b\n1,2\n3,4\n")
    assert len(session.errors) == 2
    session.look()
    assert len(session.errors) == 2
    session.upload("people.csv", UNLABELLED)
    assert session.errors == []
    assert session.field("dataset").startswith("upload-")


def test_a_table_without_labels_says_why_there_is_no_auc() -> None:
    session = Session()
    session.upload("people.csv", UNLABELLED)
    assert session.errors == []
    assert session.field("dataset").startswith("upload-")
    assert session.says("no labels, so there will be no AUC")
    job = session.start(stop_epochs=5)
    session.finish()
    assert job.dataset.name == "people"
    assert job.dataset.y is None
    assert session.state == "completed"
    assert session.says("This table has no labels, so there is no AUC")
    assert [name for name in session.tiles() if "AUC" in name] == []
    session.tab("Result")
    assert session.has_chart("result_histogram")
    assert not session.has_chart("result_roc")
    assert not session.has_chart("result_precision_recall")
    assert session.says("rank correlation")
    assert list(session.ranked.columns) == ["id", "outlier_score", "rank", "flag", "height", "weight"]


def test_a_label_column_that_is_named_is_found() -> None:
    session = Session()
    session.upload("people.csv", LABELLED)
    assert _server.table(session.field("dataset")).y is None
    assert session.at.selectbox("upload_label").options == ["found by name", "none", "height", "weight", "odd"]
    session.choose("upload_label", "odd")
    dataset = _server.table(session.field("dataset"))
    assert dataset.n_outliers == 4
    assert dataset.feature_names == ("height", "weight")


def test_a_column_that_cannot_be_the_labels_is_said_and_the_table_stays() -> None:
    session = Session()
    session.upload("people.csv", LABELLED)
    before = session.field("dataset")
    session.choose("upload_label", "height")
    assert len(session.errors) == 2
    assert "label column 'height' must have exactly two values" in session.errors[0]
    assert session.field("dataset") == before
    session.choose("upload_label", "found by name")
    assert session.errors == []


def test_the_columns_used_are_told_and_an_id_can_be_chosen_or_refused() -> None:
    rows = "\n".join(f"{900 + 7 * i},{row},{i % 10 == 0:d}" for i, row in enumerate(ROWS))
    session = Session()
    session.upload("own.csv", f"order_id,height,weight,is_fraud\n{rows}".encode())

    def told() -> list[str]:
        return [one.value for one in session.at.sidebar.caption if one.value.startswith("Uses ")]

    assert told() == [r"Uses height, weight; label: is\_fraud; id: order\_id"]
    session.choose("upload_id", "none")
    assert told() == [r"Uses order\_id, height, weight; label: is\_fraud; rows numbered from 1"]
    session.choose("upload_label", "none")
    assert told() == [r"Uses order\_id, height, weight, is\_fraud; no label; rows numbered from 1"]
    session.choose("set_dataset", "ring")
    assert told() == []


def test_a_new_file_begins_with_columns_found_by_name_and_arrays_have_none_to_choose() -> None:
    session = Session()
    session.upload("people.csv", LABELLED)
    session.choose("upload_label", "odd")
    session.upload("none.csv", LABELLED.replace(b"odd", b"none"))
    assert session.at.selectbox("upload_label").value == "found by name"
    session.choose("upload_label", "column 'none'")
    assert _server.table(session.field("dataset")).label_name == "none"
    sink = io.BytesIO()
    np.savez(sink, X=RNG.random((40, 2)))
    session.upload("arrays.npz", sink.getvalue())
    assert _server.table(session.field("dataset")).name == "arrays"
    assert not [one for one in session.at.selectbox if one.key in ("upload_label", "upload_id")]


def test_an_uploaded_table_is_found_again_by_its_address() -> None:
    first = Session()
    first.upload("people.csv", UNLABELLED)
    second = Session(**first.address)
    assert second.warnings == []
    assert second.field("dataset") == first.field("dataset")


def test_another_table_can_be_chosen_while_the_file_stays_in_the_control() -> None:
    session = Session()
    session.upload("people.csv", UNLABELLED)
    key = session.field("dataset")
    session.choose("set_dataset", "moons")
    assert session.field("dataset") == "moons"
    session.choose("set_dataset", key)
    assert session.says("**people**")


def test_the_server_forgets_the_oldest_of_many_uploads_but_not_a_run_s_table() -> None:
    session = Session()
    session.upload("people.csv", UNLABELLED)
    session.start(stop_epochs=2)
    session.finish()
    for number in range(_server.MAX_UPLOADS):
        session.upload("more.csv", UNLABELLED + f"\n{number},7\n".encode())
    assert len(_server.upload_keys()) == _server.MAX_UPLOADS
    session.press("Take this run's set-up")
    assert _server.table(session.field("dataset")).name == "people"


def test_a_chosen_table_is_not_lost_to_other_people_s_uploads() -> None:
    session = Session()
    session.upload("people.csv", UNLABELLED)
    other = Session()
    for number in range(_server.MAX_UPLOADS):
        other.upload("more.csv", UNLABELLED + f"\n{number},7\n".encode())
    assert not _server.is_upload(session.field("dataset"))
    session.at._run()  # AppTest would ask for the words of the choice before the page has run
    assert not session.at.exception
    assert session.enabled() == {"Train", "Step"}
    assert session.says("**people**")


def test_a_name_is_shown_and_never_obeyed() -> None:
    session = Session()
    name = "![x](spy.png) $a$ *b* :red[c]"
    session.upload(f"{name}.csv", UNLABELLED)
    job = session.start(stop_epochs=2)
    session.finish()
    assert session.says(job.title)
    assert name in job.title
    for element in (*session.at.markdown, *session.at.caption, *session.at.button):
        raw = getattr(element, "label", None) or element.value
        assert "![x" not in str(raw)
        assert " *b*" not in str(raw)
    other = Session(data=name)
    assert name in other.warnings[0]
    assert "![x" not in other.at.warning[0].value


def test_columns_called_as_those_of_the_result_are_both_shown() -> None:
    session = Session()
    session.upload("ranks.csv", UNLABELLED.replace(b"height", b"rank"))
    session.start(stop_epochs=2)
    session.finish()
    session.tab("Result")
    shown = session.ranked
    assert list(shown.columns) == ["id", "outlier_score", "rank", "flag", "rank (table)", "weight"]
    assert list(shown["rank"]) == list(range(1, 21))


def test_one_column_is_enough() -> None:
    session = Session()
    session.upload("one.csv", b"a\n" + b"\n".join(b"%d" % (i * i) for i in range(30)))
    session.start(stop_epochs=5)
    session.finish()
    assert session.state == "completed"
    assert session.errors == []


def mixed() -> bytes:
    lines = ["order_id,height,colour,day,same,note"]
    for i, row in enumerate(ROWS):
        height = "" if i % 9 == 4 else row.split(",")[0]
        lines.append(f"o{i},{height},{('red', 'blue')[i % 2]},2024-0{i % 5 + 1}-11,1,words {i}")
    return "\n".join(lines).encode()


def test_a_table_of_all_kinds_is_shown_column_by_column_and_trained() -> None:
    session = Session()
    session.upload("mixed.csv", mixed())
    assert session.errors == []
    shown = next(frame.value for frame in session.at.dataframe if "used as" in frame.value)
    told = dict(zip(shown["column"], zip(shown["type"], shown["used as"], strict=True), strict=True))
    assert told == {
        "order_id": ("free text", "id"),
        "height": ("number", "feature"),
        "colour": ("category", "feature"),
        "day": ("date", "feature"),
        "same": ("number", "left out"),
        "note": ("free text", "left out"),
    }
    assert session.at.multiselect("upload_ignore").value == []
    assert session.says("Left out: same (it has one value only), note (too many different texts for a category).")
    session.at.multiselect("upload_ignore").set_value(["day"])
    session.look()
    assert _server.table(session.field("dataset")).feature_names == (
        "height", "height missing", "colour = blue", "colour = red",
    )  # fmt: skip
    job = session.start(stop_epochs=3)
    session.finish()
    assert job.dataset.preparation is not None
    session.tab("Result")
    assert session.errors == []
    rows = session.ranked
    assert list(rows.columns[-2:]) == ["height", "colour"]
    given = pd.read_csv(io.BytesIO(mixed()))
    offered = next(one for one in session.at.get("download_button") if one.proto.label == "With columns (CSV)")
    assert offered.proto.deferred_file_id  # made when somebody asks for it
    table = scores_table(job.dataset.ids, None, job.snapshot().result.logits_end)
    found = pd.read_csv(io.BytesIO(scores_with_columns(table, job.dataset.values)))
    assert list(found.columns) == ["id", "outlier_score", "rank", "flag", "height", "colour"]
    pd.testing.assert_frame_equal(found[["height", "colour"]], given[["height", "colour"]])
    assert set(rows["colour"]) <= {"red", "blue"}
    check_why(session, job)


def test_the_columns_stay_within_reach_folded_beside_a_run_of_their_table() -> None:
    session = Session()

    def columns() -> list[bool]:
        found = [block for block in session.at.expander if block.label.startswith("Columns of")]
        return [block.proto.expanded for block in found]

    assert columns() == []
    session.upload("own.csv", UNLABELLED)
    assert columns() == [True]
    job = session.start(stop_epochs=3)
    session.finish()
    assert columns() == [False]
    session.at.multiselect("upload_ignore").set_value(["weight"])
    session.look()
    assert session.value("chosen_table").feature_names == ("height",)
    assert session.job is job
    assert columns() == [True]  # what would be trained on now is another table
    session.choose("set_dataset", "wine")
    assert columns() == []


def test_tables_of_one_name_are_told_apart_where_they_are_chosen() -> None:
    session = Session()
    narrow = b"height\n" + b"\n".join(b"%d" % i for i in range(40))
    for content in (UNLABELLED, LABELLED.replace(b"odd", b"label"), narrow):
        session.upload("own.csv", content)
        assert session.errors == []
    told = session.at.selectbox("set_dataset").options[-3:]
    assert told == [
        "own · no labels · 40 × 2 · no labels",
        "own · with labels · 40 × 2 · 10 % outliers",
        "own · without weight · 40 × 1 · no labels",
    ]
    session.upload("own.csv", UNLABELLED.replace(b"0.", b"1."))
    assert [one.split(" · ")[1][:8] for one in session.at.selectbox("set_dataset").options[-4:]] == [
        "contents", "with lab", "without ", "contents",
    ]  # fmt: skip


def test_a_plain_table_with_a_constant_is_read_as_the_command_line_reads_it(tmp_path: Path) -> None:
    content = ("height,same,weight\n" + "\n".join(row.replace(",", ",1,") for row in ROWS)).encode()
    (tmp_path / "own.csv").write_bytes(content)
    session = Session()
    session.upload("own.csv", content)
    assert session.errors == []
    dataset, other = _server.table(session.field("dataset")), load_dataset(tmp_path / "own.csv")
    assert dataset.feature_names == other.feature_names == ("height", "same", "weight")
    assert dataset.fingerprint == other.fingerprint
    assert session.says("Column 'same' stays a feature though it has one value only")
    shown = next(frame.value for frame in session.at.dataframe if "used as" in frame.value).set_index("column")
    assert shown.loc["same", ["used as", "remark"]].tolist() == [
        "feature", "it has one value only; stays, as all plain numbers do",
    ]  # fmt: skip


def check_why(session: Session, job: Job) -> None:
    """A bar, a line and a chart for each column of the table, not for each feature that was made of it."""
    result, data = job.snapshot().result, job.dataset
    assert result is not None
    row = int(np.argmin(result.logits_end))
    own = {name: values[0] for name, values in data.original([row]).items()}
    ticks = session.chart("why_bars")["layout"]["yaxis"]["ticktext"]
    height = "missing" if np.isnan(own["height"]) else f"{own['height']:.6g}"
    assert sorted(ticks) == [f"colour = {own['colour']}", f"height = {height}"]
    values = next(frame.value for frame in session.at.dataframe if "% of rows" in frame.value).set_index("column")
    assert values.loc["colour", "value"] == own["colour"]
    assert values.loc["colour", "% of rows"] == 50
    assert np.isnan(values.loc["colour", "percentile"])
    chooser = next(box for box in session.at.selectbox if (box.key or "").startswith("why_column_"))
    chooser.set_value(1)
    session.look()
    assert session.errors == []
    assert sorted(session.chart("why_distribution")["layout"]["yaxis"]["ticktext"]) == ["blue", "red"]
    assert session.says(f"{own['colour']} in this row, seen in 50.0 % of rows (20 of 40).")


def test_a_file_of_the_server_s_folder_is_a_table_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "big.csv").write_bytes(mixed())
    monkeypatch.setenv("SOGAAL_DATA", str(tmp_path))
    session = Session()
    assert session.at.selectbox("upload_from").options == ["big.csv"]
    session.choose("upload_from", "big.csv")
    assert session.errors == []
    assert _server.table(session.field("dataset")).name == "big"


@pytest.mark.parametrize(("values", "label"), [(2, "t"), (3, None)])
def test_the_target_of_an_openml_table_is_no_feature(
    values: int, label: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCIKIT_LEARN_DATA", str(tmp_path))
    home = tmp_path / "openml.org" / "sogaal"
    home.mkdir(parents=True)
    number = 70 + values  # the server remembers tables by their number
    frame = pd.DataFrame({"a": RNG.normal(size=60), "t": [f"t{i % 9 % values}" for i in range(60)]})
    frame.to_parquet(home / f"{number}.parquet", index=False)
    (home / f"{number}.json").write_text(json.dumps({"name": "kept", "targets": ["t"]}))
    session = Session()
    session.at.text_input("upload_openml").set_value(str(number))
    session.look()
    assert session.errors == []
    dataset = _server.table(session.field("dataset"))
    assert (dataset.label_name, dataset.feature_names) == (label, ("a",))
