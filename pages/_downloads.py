"""The files of a run to take away, each made when it is asked for."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import streamlit as st

from pages import _server
from sogaal.errors import RunError, SogaalError
from sogaal.exports import history_csv, history_parquet
from sogaal.exports.history import Times
from sogaal.history import HistoryView
from sogaal.planes import feature_plane, pca_plane
from sogaal.replay import replay_page, replay_payload
from sogaal.report import report_of
from sogaal.runs.archive import export_zip
from sogaal.runs.saved import SavedRun

EVENTS = "events.out.tfevents"
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
    with TemporaryDirectory() as folder:
        path = Path(folder) / "run.zip"
        export_zip(saved, path)
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
        total_epochs=record.config.epochs,
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
        st.caption(str(error))
        return
    for kind, offer in OFFERS.items():
        there = any(name.startswith(offer.needs) for name in files)
        lack = f"This run has no {offer.needs.split('.out')[0]} (it is {saved.record.state.value})."
        name = _events_name(saved) if kind == "events" else f"{saved.id}{offer.ending}"
        st.download_button(
            offer.title,
            _made(saved.id, offer),
            file_name=name,
            mime=offer.mime,
            key=f"{key}_{kind}",
            icon=":material/download:",
            on_click="ignore",
            disabled=not there,
            help=offer.help if there else lack,
            width="stretch",
        )


def _made(run: str, offer: Offer) -> Callable[[], bytes]:
    store = _server.store()  # in the thread that makes the file there is no session

    def make() -> bytes:
        try:
            return offer.make(store.get(run))
        except SogaalError:
            raise
        except Exception as error:
            _logger.exception("%s of run %s could not be made.", offer.title, run)
            raise RunError(f"{offer.title} could not be made: {error}") from None

    return make
