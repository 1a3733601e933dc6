"""Rows with their scores: read by two threads at once, nothing is lost."""

import io
import threading

import numpy as np

from sogaal import SOGAAL
from sogaal.data import Chunk
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
