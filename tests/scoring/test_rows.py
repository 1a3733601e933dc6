"""Rows with their scores: read by two threads at once, nothing is lost."""

import io
import threading
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sogaal import SOGAAL
from sogaal.cli import main
from sogaal.data import Chunk, scan_table
from sogaal.exports import load_model
from sogaal.scoring import score_rows

N = 3_000


class Slow(io.BytesIO):
    """A stream that waits at its first piece until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.go_on = threading.Event(), threading.Event()

    def write(self, content: bytes) -> int:
        self.begun.set()
        assert self.go_on.wait(30)
        return super().write(content)


def test_a_download_and_a_page_do_not_take_rows_from_each_other() -> None:
    X = np.random.default_rng(0).normal(size=(N, 2)).astype(np.float32)
    model = SOGAAL(stop_epochs=2, random_state=0).fit(X).to_model()
    names = tuple(model.scaler.names)
    chunks = [Chunk(part, np.arange(len(part)), names, None) for part in np.array_split(X, 10)]
    with score_rows(model, chunks, "t") as scored:
        stream, tops = Slow(), []
        download = threading.Thread(target=scored.write, args=(stream,))
        page = threading.Thread(target=lambda: tops.append(scored.top(5)))
        download.start()
        assert stream.begun.wait(30)
        page.start()
        page.join(0.2)
        stream.go_on.set()
        download.join(30)
        page.join(30)
        assert stream.getvalue().count(b"\n") == N + 1
        assert list(tops[0]["rank"]) == [1, 2, 3, 4, 5]
        assert scored.top(5) is tops[0]  # the page asks again and again


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_the_most_abnormal_rows_have_the_values_of_the_file(tmp_path: Path, kind: str) -> None:
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({
        "amount": rng.normal(size=N).round(3),
        "kind": rng.choice(["train", "hotel", "meal", " "], N, p=[0.5, 0.3, 0.195, 0.005]),
        "day": pd.Timestamp("2025-01-01") + pd.to_timedelta(rng.integers(0, 90, N), unit="D"),
    })  # fmt: skip
    frame.loc[2_000:] = frame.loc[: N - 2_001].to_numpy()  # rows that are equal, far from each other
    frame["day"] = frame["day"].dt.strftime("%Y-%m-%d")
    path = tmp_path / f"t.{kind}"
    frame.to_csv(path, index=False) if kind == "csv" else frame.to_parquet(path)
    training = ["train", str(path), "--stop_epochs", "2", "--save", str(tmp_path / "m.safetensors"), "--no-save"]
    assert main([*training, "--quiet"]) == 0
    model = load_model(tmp_path / "m.safetensors")
    chunks = scan_table(path, preparation=model.conforming, rows=70)
    with score_rows(model, chunks, "t", values=40) as scored:
        top = scored.top(60)
        rows = frame.iloc[top["id"].astype(int)[:40] - 1].reset_index(drop=True)
        assert list(scored.values.columns) == ["amount", "kind", "day"]
        assert list(scored.values["amount"].astype(float)) == list(rows["amount"])
        assert list(scored.values["day"]) == list(rows["day"])
        assert [text or " " for text in scored.values["kind"]] == list(rows["kind"])
        assert scored.values["kind"].isna().sum() == (rows["kind"] == " ").sum() > 0
    with score_rows(model, scan_table(path, preparation=model.conforming), "t") as scored:
        assert scored.values.empty
