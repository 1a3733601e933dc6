"""The choice and the remarks at the columns of a table of one's own, and what the result says of its gaps."""

import json

import numpy as np
import pandas as pd
import pytest

from pages import _server
from pages._upload import GAPS_LABEL
from sogaal.data import gap_words
from tests.pages.session import Session, read

N = 160


def claims() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    frame = pd.DataFrame(
        {
            "claim_id": [f"C{i:04d}" for i in rng.permutation(N)],
            "amount": rng.gamma(2, 50, N).round(2),
            "age": rng.integers(20, 65, N).astype(float),
            "category": rng.choice(["travel", "meal", "hotel"], N),
        }
    )
    frame.loc[3::21, "age"] = None
    frame.loc[9::23, "category"] = None
    return frame


FRAME = claims()


@pytest.fixture
def session() -> Session:
    session = Session()
    session.upload("claims.csv", FRAME.to_csv(index=False).encode())
    return session


def flip(session: Session, on: bool) -> None:
    session.at.toggle("upload_gaps").set_value(on)
    session.look()


def told_of_gaps(session: Session) -> list[str]:
    return [read(one.value) for one in session.at.info if "empty cell" in one.value]


def test_whether_a_gap_counts_is_chosen_before_training(session: Session) -> None:
    assert session.at.toggle("upload_gaps").label == GAPS_LABEL
    assert session.at.toggle("upload_gaps").value
    marked = _server.table(session.field("dataset"))
    assert session.says("what is missing is filled, and a column says where.")
    flip(session, False)
    filled = _server.table(session.field("dataset"))
    assert session.errors == []
    assert set(marked.feature_names) - set(filled.feature_names) == {"age missing", "category missing"}
    assert session.says("what is missing is filled, and no column says where.")
    flip(session, True)
    assert _server.table(session.field("dataset")).fingerprint == marked.fingerprint
    flip(session, False)
    session.upload("again.csv", FRAME.assign(amount=1 + FRAME["amount"]).to_csv(index=False).encode())
    assert session.at.toggle("upload_gaps").value  # a new file begins as any does


def test_the_result_says_that_gaps_fill_the_top(session: Session) -> None:
    job = session.start(stop_epochs=60)
    session.finish()
    session.tab("Result")
    session.at.session_state["share"] = 10.0
    session.look()
    (said,) = told_of_gaps(session)
    result = job.snapshot().result
    assert result is not None
    logits = result.logits_stop if session.at.session_state["scored_at"] == "stop" else result.logits_end
    flags = np.zeros(N, dtype=np.int8)
    flags[np.argsort(logits)[:16]] = 1
    words = gap_words(job.dataset, flags)
    assert words
    assert said.startswith(f"{words} If gaps mean nothing here, turn off *{GAPS_LABEL}*")


def test_the_result_says_nothing_where_gaps_are_filled(session: Session) -> None:
    flip(session, False)
    session.start(stop_epochs=60)
    session.finish()
    session.tab("Result")
    assert session.errors == []
    assert told_of_gaps(session) == []


def test_a_table_without_gaps_asks_nothing_of_them() -> None:
    session = Session()
    session.upload("full.csv", FRAME.dropna().to_csv(index=False).encode())
    assert session.errors == []
    assert not [one for one in session.at.toggle if one.key == "upload_gaps"]


def test_what_is_almost_an_id_and_rows_that_repeat_are_told() -> None:
    frame = FRAME.assign(claim_id=[f"C{i % 120}" for i in range(N)])
    frame.loc[70:74, "amount":] = frame.loc[0:4, "amount":].to_numpy()  # type: ignore[misc]
    session = Session()
    session.upload("claims.csv", frame.to_csv(index=False).encode())
    assert session.says("Left out: claim_id (looks like an id, but 40 values repeat).")
    assert session.says("5 rows are the same as an earlier one in all used columns; they stay in the table.")
    dataset = _server.table(session.field("dataset"))
    assert dataset.n == N
    session.choose("upload_id", "claim_id")
    assert _server.table(session.field("dataset")).id_name == "claim_id"


@pytest.mark.parametrize("levels", [3, 30])
def test_the_column_of_remarks_is_as_wide_as_the_longest(levels: int) -> None:
    session = Session()
    frame = FRAME.assign(town=[f"town {i % levels}" for i in range(N)]).drop(columns="claim_id")
    session.upload("towns.csv", frame.to_csv(index=False).encode())
    shown = next(one for one in session.at.dataframe if "remark" in one.value)
    longest = max(map(len, shown.value["remark"]))
    assert longest == (0 if levels == 3 else len("many levels: often more is found without it"))
    width = json.loads(shown.proto.columns)["remark"]["width"]
    assert width >= 6 * longest  # a letter has six pixels on average
    assert (width < 100) == (levels == 3)
