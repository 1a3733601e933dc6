"""The files of a run to take away, each made when it is asked for."""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import streamlit as st

from pages import _server
from pages._words import plain
from sogaal.errors import RunError, SogaalError, failure_message
from sogaal.exports import history_csv, history_parquet
from sogaal.exports.history import Times
from sogaal.history import HistoryView
from sogaal.planes import feature_plane, pca_plane
from sogaal.replay import replay_page, replay_payload
from sogaal.report import report_of
from sogaal.runs.archive import export_zips
from sogaal.runs.saved import SavedRun

EVENTS = "events.out.tfevents"
# What many runs that belong together can leave; a model and scores only where they score together.
OF_POPULATIONS = ("zip", "report", "scores", "model", "onnx")
SEVERAL = "Each in a folder of its own inside; `sogaal runs import` and Import on this page take them back."
NO_ONNX = "Not of a table with categories, dates or gaps."
NO_ONNX_HELP = (
    "A graph of numbers cannot hold how such columns are prepared; the model in safetensors does. `sogaal runs export "
    "RUN --format onnx -o FILE` writes the graph for rows that are prepared already."
)
_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Offer:
    """A kind of file: what it is called, the end of its name, what makes it, and which file of the run it needs."""

    title: str
    ending: str
    mime: str
    make: Callable[[SavedRun], bytes]
    needs: str
    help: str


def _onnx(saved: SavedRun) -> bytes:
    from sogaal.exports.onnx import onnx_bytes  # its library takes its time

    return onnx_bytes(saved.model())


def _zip(saved: SavedRun) -> bytes:
    return _zipped([saved])


def _zipped(runs: Sequence[SavedRun]) -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "runs.zip"
        export_zips(runs, path)
        return path.read_bytes()


def _events_name(saved: SavedRun) -> str:
    return next((name for name in saved.files if name.startswith(EVENTS)), EVENTS)


def _file(name: str) -> Callable[[SavedRun], bytes]:
    def content(saved: SavedRun) -> bytes:
        path = saved.file(_events_name(saved) if name == EVENTS else name)
        if path is None:
            raise RunError(f"{saved.folder / name}: there is no such file.")
        return path.read_bytes()

    return content


def _replay(saved: SavedRun) -> bytes:
    dataset, record = saved.dataset(), saved.record
    X = record.scaler.transform(dataset.X)
    plane = feature_plane(X, 0, 1, dataset.feature_names) if dataset.d == 2 else pca_plane(X)
    payload = replay_payload(
        saved.frames(),
        saved.history()[0].view(),
        X=X,
        y=dataset.y,
        plane=plane,
        stop_step=record.stop_step,
        total_steps=record.total_steps,
        title=record.name or record.title,
        total_epochs=-(-record.total_steps // record.config.batches(dataset.n)),
        autoplay=False,
    )
    page = replay_page(payload, record.name or record.title)
    return page.encode() if isinstance(page, str) else page


OFFERS: dict[str, Offer] = {
    "zip": Offer("Whole run (zip)", ".zip", "application/zip", _zip, "run.json",
                 "All files and the table; `sogaal runs import` takes it back."),
    "report": Offer("Report (HTML)", "-report.html", "text/html", report_of, "run.json",
                    "One page to read or print: charts, diagnosis, the most abnormal rows, how to do it again."),
    "scores": Offer("Scores (CSV)", "-scores.csv", "text/csv", SavedRun.scores_csv, "model.safetensors",
                    "The outlier score and the rank of every row."),
    "model": Offer("Model (safetensors)", ".safetensors", "application/octet-stream", _file("model.safetensors"),
                   "model.safetensors", "For `sogaal score` and `sogaal.load_model`."),
    "onnx": Offer("Model (ONNX)", ".onnx", "application/octet-stream", _onnx, "model.safetensors",
                  "Takes raw rows; the scaling is inside."),
    "history_csv": Offer("History (CSV)", "-history.csv", "text/csv", lambda run: history_csv(*_history(run)),
                         "history.csv", "A row for each step."),
    "history_parquet": Offer("History (Parquet)", "-history.parquet", "application/octet-stream",
                             lambda run: history_parquet(*_history(run)), "history.csv", "A row for each step."),
    "events": Offer("TensorBoard events", ".tfevents", "application/octet-stream", _file(EVENTS), EVENTS,
                    "Put it into a folder of its own and start `tensorboard --logdir` with that."),
    "replay": Offer("Replay (HTML)", "-replay.html", "text/html", _replay, "frames.npz",
                    "One page that plays the run in any browser, without a server."),
}  # fmt: skip


def _history(saved: SavedRun) -> tuple[HistoryView, Times]:
    history, times = saved.history()
    return history.view(), times


def downloads(saved: SavedRun, key: str) -> None:
    """Draw a button for each kind of file; those that this run did not leave cannot be pressed."""
    try:
        files = saved.files
    except RunError as error:
        st.caption(plain(str(error)))
        return
    _buttons(saved, files, key)


@st.fragment
def _buttons(saved: SavedRun, files: Sequence[str], key: str) -> None:
    for kind, offer in OFFERS.items():
        if saved.record.population is not None and kind not in OF_POPULATIONS:
            continue
        there = any(name.startswith(offer.needs) for name in files)
        lack = f"This run has no {offer.needs.split('.out')[0]} (it is {saved.record.state.value})."
        beyond = kind == "onnx" and there and saved.prepared
        name = _events_name(saved) if kind == "events" else f"{saved.id}{offer.ending}"
        words = NO_ONNX_HELP if beyond else offer.help if there else lack
        _button(f"{key}_{kind}", offer, name, _made(saved.id, offer), there and not beyond, words)
        if beyond:
            st.caption(NO_ONNX)


@st.fragment
def download_several(ids: Sequence[str], key: str) -> None:
    """Draw the button for several runs in one zip."""
    store = _server.store()  # in the thread that makes the file there is no session

    def make() -> bytes:
        return _zipped([store.get(run) for run in ids])

    offer = replace(OFFERS["zip"], title=f"{len(ids)} runs (zip)", help=SEVERAL)
    name = f"{len(ids)}-runs-{datetime.now(UTC):%Y%m%d-%H%M%S}.zip"
    _button(f"{key}_several", offer, name, make, True, offer.help)


def _button(key: str, offer: Offer, name: str, make: Callable[[], bytes], there: bool, words: str) -> None:
    """A button for a file, and below it why it could not be made the last time it was asked for."""
    attempt = Attempt(offer.title, make)
    st.download_button(
        offer.title,
        attempt.content,
        file_name=name,
        mime=offer.mime,
        key=key,
        icon=":material/download:",
        on_click=_note,
        args=(key, attempt),
        disabled=not there,
        help=words,
        width="stretch",
    )
    problem = st.session_state.get("download_problem")
    if problem and problem[0] == key:
        st.error(plain(problem[1]), icon=":material/error:")


def _note(key: str, attempt: "Attempt") -> None:
    """Remember why a file could not be made, or that it could."""
    st.session_state["download_problem"] = (key, problem) if (problem := attempt.problem()) else None


class Attempt:
    """One click on a download: its file is made once, for the browser that fetches it and for the page that looks
    whether it could be made, whichever comes first."""

    def __init__(self, title: str, make: Callable[[], bytes]) -> None:
        self._title, self._make = title, make
        self._lock = threading.Lock()
        self._made: bytes | None = None
        self._problem = ""
        self._tried = False

    def content(self) -> bytes:
        """The file; raises :class:`RunError` with the reason where it cannot be made. Runs in the server's thread."""
        with self._lock:
            if self._made is None:
                self._try()
            made, self._made = self._made, None  # a second click makes it anew
        if made is None:
            raise RunError(self._problem)
        return made

    def problem(self) -> str:
        """Why the file cannot be made, or nothing; waits until that is known."""
        with self._lock:
            if not self._tried:
                self._try()
            return self._problem

    def _try(self) -> None:
        self._tried, self._problem = True, ""
        try:
            self._made = self._make()
        except (SogaalError, OSError) as error:
            self._problem = f"{self._title} could not be made: {failure_message(error)}"
        except Exception as error:
            _logger.exception("%s could not be made.", self._title)
            self._problem = f"{self._title} could not be made: {failure_message(error)}"


def _made(run: str, offer: Offer) -> Callable[[], bytes]:
    store = _server.store()  # in the thread that makes the file there is no session
    return lambda: offer.make(store.get(run))
