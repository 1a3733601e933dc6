"""The Score page: a model of a run or of a file, new rows, what they got, and what is wrong beside its control."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from pages import _score_result, _server
from sogaal import SOGAAL
from sogaal.cli import main
from sogaal.data import load_dataset
from sogaal.exports import load_model, save_model, scores_csv, scores_table
from sogaal.runs.names import token_of
from tests.conftest import ROOT
from tests.pages.session import PATIENCE, Session, read


class Visit(Session):
    """A browser tab on the Score page."""

    def __init__(self, **address: str) -> None:
        self.at = AppTest.from_file(ROOT / "app.py", default_timeout=PATIENCE)
        self.at.run()
        self.at.switch_page("pages/score.py")
        for name, value in address.items():
            self.at.query_params[name] = value
        self.look()

    def give(self, content: bytes, filename: str = "new.csv", control: str = "score_file") -> "Visit":
        self.at.file_uploader(control).clear().upload(filename, content)
        self.look()
        return self

    def notes(self, words: str) -> bool:
        """Whether one of the coloured notes, which are no errors, has these words."""
        return any(words in read(note.value) for kind in ("info", "success", "warning") for note in self.at.get(kind))

    @property
    def metrics(self) -> dict[str, str]:
        return {metric.label: metric.value for metric in self.at.metric}


def wine() -> pd.DataFrame:
    data = load_dataset("wine")
    return pd.DataFrame(data.X, columns=data.feature_names)


def csv(frame: pd.DataFrame) -> bytes:
    return frame.to_csv(index=False).encode()


@pytest.fixture
def trained() -> str:
    """The token of a run of wine."""
    root = str(_server.store().root)
    assert main(["train", "wine", "--stop_epochs", "20", "--quiet", "--runs", root]) == 0
    return token_of(_server.store().entries()[0].id)


def test_nothing_to_score_yet() -> None:
    page = Visit()
    assert page.says("Choose a model that was trained here")
    assert page.errors == []
    assert "Score" not in page.enabled()


def test_new_rows_get_what_the_model_gives_them(trained: str) -> None:
    page = Visit(run=trained)
    frame = wine().iloc[:, ::-1].assign(id=[f"w{i}" for i in range(129)], more="text")
    page.give(csv(frame)).press("Score")
    assert page.errors == []
    assert page.metrics == {"Rows": "129", "Flagged": "7", "Features that moved": "0 of 13"}
    assert page.notes("No feature has moved beyond chance")
    scored = page.value("scored")[2]
    model = load_model(_server.store().get(trained).file("model.safetensors"))
    expected = scores_table(frame["id"].to_numpy(), None, model.score_samples(frame))
    parts = [table.drop(columns="reason") for table in scored.tables()]
    assert scores_csv(pd.concat(parts)) == scores_csv(expected)
    assert _score_result._content(scored, "csv").count(b"\n") == 130
    assert _score_result._content(scored, "parquet").startswith(b"PAR1")
    assert list(page.at.dataframe[0].value["rank"]) == list(range(1, 101))


def test_what_has_moved_is_named_and_a_worse_month_flagged(trained: str) -> None:
    frame = wine().sample(500, replace=True, random_state=0)
    frame["alcohol"] += 5 * frame["alcohol"].std()
    page = Visit(run=trained)
    page.choose("score_share_of", "training")
    page.give(csv(frame)).press("Score")
    assert page.metrics["Features that moved"] == "1 of 13"
    assert page.notes("alcohol has moved")
    assert page.says("% lie above all of the training")
    model = load_model(_server.store().get(trained).file("model.safetensors"))
    border = np.sort(model.score_samples(wine()))[int(np.ceil(0.05 * 129)) - 1]
    assert int(page.metrics["Flagged"]) == int((model.score_samples(frame) <= border).sum())


def claims(first: str, days: int, n: int, more: float = 0.0) -> pd.DataFrame:
    """Amounts of some days from the first one on, with a number of each claim."""
    rng = np.random.default_rng(days)
    when = pd.Timestamp(first) + pd.to_timedelta(np.sort(np.r_[0, rng.integers(0, days, n - 2), days - 1]), unit="D")
    numbers, kinds = [f"C-{k}" for k in range(n)], rng.choice(["train", "hotel", "meal"], n)
    return pd.DataFrame(
        {"claim": numbers, "date": when.strftime("%Y-%m-%d"), "kind": kinds, "amount": more + rng.normal(size=n)}
    )


@pytest.fixture
def quarter(tmp_path: Path) -> str:
    """The token of a run of a quarter of claims."""
    claims("2025-01-01", 90, 600).to_csv(tmp_path / "claims.csv", index=False)
    root = str(_server.store().root)
    training = ["train", str(tmp_path / "claims.csv"), "--id", "claim", "--stop_epochs", "5", "--quiet", "--runs", root]
    assert main(training) == 0
    return token_of(_server.store().entries()[0].id)


def test_a_later_date_is_told_apart_from_drift(quarter: str) -> None:
    page = Visit(run=quarter)
    page.give(csv(claims("2025-04-01", 30, 400, more=0.5)), "april.csv").press("Score")
    assert page.errors == []
    assert page.metrics["Features that moved"] == "1 of 3"
    assert page.notes("amount has moved.")
    assert page.notes(
        "date is later than in training (2025-01-01 to 2025-03-31, now 2025-04-01 to 2025-04-30), as a later file is."
    )
    assert page.says("**amount**: ")
    page.at.session_state["score_feature"] = 3
    page.look()
    assert page.says("**date: days**: 100.0% of the rows have moved")


def test_the_most_abnormal_rows_show_what_they_have_in_the_file(quarter: str) -> None:
    frame = claims("2025-04-01", 30, 60).assign(rank=7)
    frame.loc[::3, "kind"] = None
    page = Visit(run=quarter)
    page.give(csv(frame.iloc[::-1]), "april.csv").press("Score")
    shown = page.at.dataframe[0].value
    assert list(shown.columns) == ["id", "outlier_score", "rank", "flag", "reason", "date", "kind", "amount"]
    there = frame.set_index("claim").loc[shown["id"]].reset_index()
    np.testing.assert_allclose(shown["amount"], there["amount"])
    assert list(shown["date"]) == list(there["date"])
    assert list(shown["kind"].fillna("")) == list(there["kind"].fillna(""))
    assert shown["kind"].isna().sum() == 20


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"a,b\n" + b"1,2\n" * 20, "must have the columns that the model was fitted on"),
        (csv(wine()).splitlines()[0] + b"\n", "rows"),
        (b"\x89PNG\r\n\x1a\n" + bytes(99), "PNG"),
    ],
    ids=["empty", "other columns", "header only", "picture"],
)
def test_rows_that_cannot_be_scored_are_refused_and_the_scores_stay(trained: str, content: bytes, words: str) -> None:
    page = Visit(run=trained)
    page.give(csv(wine())).press("Score")
    page.give(content, "bad.csv").press("Score")
    assert len(page.errors) == 1
    assert page.errors[0].startswith("bad.csv")
    assert words in page.errors[0]
    assert page.metrics["Rows"] == "129"
    assert page.notes("These are the scores from before")


def test_what_is_not_as_in_training_is_handled_and_told(trained: str) -> None:
    frame = wine().drop(columns="hue").assign(alcohol="strong")
    page = Visit(run=trained)
    page.give(csv(frame)).press("Score")
    assert page.errors == []
    assert page.metrics["Rows"] == "129"
    assert page.notes("Column 'hue' is not in the table")
    assert page.metrics["Features that moved"] == "1 of 12"
    assert page.metrics["Missing columns"] == "1"
    assert page.notes("Column 'alcohol': 129 values are no number ('strong')")


def test_a_file_that_lacks_most_columns_is_scored_with_a_strong_warning(trained: str) -> None:
    page = Visit(run=trained)
    half = wine().columns
    page.give(csv(wine()[half[:7]])).press("Score")
    assert page.errors == []  # 6 of 13 are missing
    page.give(csv(wine()[half[:6]])).press("Score")
    assert page.errors == [
        "7 of 13 columns are missing: every row gets the median or the most frequent value there, so the scores say "
        "little."
    ]
    assert page.metrics["Rows"] == "129"


def test_rows_are_named_as_in_training(quarter: str) -> None:
    frame = claims("2025-04-01", 30, 40)
    page = Visit(run=quarter)
    page.give(csv(frame)).press("Score")
    assert set(page.at.dataframe[0].value["id"]) == set(frame["claim"])
    assert not page.says("numbered")
    page.give(csv(frame.drop(columns="claim"))).press("Score")
    assert set(page.at.dataframe[0].value["id"]) == {str(k + 1) for k in range(40)}
    assert page.says("The rows are numbered from 1: the file has no column 'claim', which named them in training.")


def test_a_model_file(tmp_path: Path) -> None:
    detector = SOGAAL(stop_epochs=5, random_state=0).fit(wine())
    save_model(tmp_path / "m.safetensors", detector)
    page = Visit()
    assert page.value("score_model") == "A model file"
    page.give(b"nonsense", "m.safetensors", "score_model_file").give(csv(wine()))
    assert len(page.errors) == 1
    assert page.errors[0].startswith("m.safetensors: the file must be a model")
    assert "Score" not in page.enabled()
    page.give((tmp_path / "m.safetensors").read_bytes(), "m.safetensors", "score_model_file").press("Score")
    assert page.errors == []
    assert page.metrics["Rows"] == "129"


def test_runs_of_one_name_are_told_apart(trained: str) -> None:
    first = _server.store().get(trained).record
    root = str(_server.store().root)
    assert main(["train", "wine", "--ignore", "hue", "--stop_epochs", "20", "--quiet", "--runs", root]) == 0
    _server.store().annotate(_server.store().entries()[0].id, name="Without hue")
    less, whole = (record.started.astimezone() for record in (_server.store().entries()[0], first))
    told = Visit().at.selectbox("score_model").options
    assert told == [
        f"Without hue · {less:%m-%d %H:%M:%S} · 12 features",
        f"wine · {whole:%m-%d %H:%M:%S} · 13 features · {first.title.removeprefix('wine · ')}",
        "A model file",
    ]


def test_a_run_without_a_model_says_so(trained: str) -> None:
    path = _server.store().get(trained).file("model.safetensors")
    path.unlink()
    page = Visit(run=trained)
    assert page.errors == ["This run has left no model; choose another."]
