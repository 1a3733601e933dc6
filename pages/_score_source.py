"""What is scored, and by which model: the choices of the Score page."""

import tempfile
from collections.abc import Container, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from pages import _history, _links, _saved
from pages._words import plain
from sogaal.ensemble import Ensemble
from sogaal.errors import SogaalError
from sogaal.exports import load_model
from sogaal.jobs import JobState
from sogaal.model import Model
from sogaal.runs.folder import MODEL
from sogaal.runs.names import token_of
from sogaal.runs.record import RunRecord
from sogaal.scoring import Flagging, ShareOf

OF_FILE = "A model file"
MOST_RUNS = 200
SHARES: dict[ShareOf, str] = {"file": "this file", "training": "the training"}


@dataclass(frozen=True, eq=False)
class Source:
    """All that decides the scores; ``key``: another whenever one of it is another."""

    model: Model | Ensemble
    model_name: str
    file: UploadedFile
    flagging: Flagging
    reasons: bool

    @property
    def key(self) -> tuple[object, ...]:
        """What tells it from others."""
        return (self.model_name, id(self.model), self.file.file_id, self.flagging, self.reasons)


def choose() -> Source | None:
    """Draw the choices; None as long as something is missing or wrong, which is said beside it."""
    model, name = _model()
    st.subheader("New rows", divider="gray")
    file = st.file_uploader("File", key="score_file", label_visibility="collapsed")
    st.caption(
        "CSV, TSV, Parquet and the like, with the columns of the training; their order and others do not matter."
    )
    flagging, reasons = _options(model)
    if model is None or file is None:
        return None
    return Source(model, name, file, flagging, reasons)


def _model() -> tuple[Model | Ensemble | None, str]:
    st.subheader("Model", divider="gray")
    titles = {
        token_of(one.id): _title(one)
        for one in _saved.records()
        if one.state in (JobState.COMPLETED, JobState.STOPPED, JobState.INTERRUPTED)
    }
    state, options = st.session_state, [*list(titles)[:MOST_RUNS], OF_FILE]
    if "score_model" not in state or _history.went("run"):
        _read_address(titles)
    if state.get("score_model") in titles:
        options = list(dict.fromkeys([*options[:-1], state["score_model"], OF_FILE]))
    elif state.get("score_model") != OF_FILE:
        state["score_model"] = options[0]
    chosen = st.selectbox(
        "Of the run",
        options,
        key="score_model",
        format_func=lambda one: titles.get(one, one),
        help="Any run of this folder that has a model, the newest first, or a file that was saved elsewhere.",
        on_change=lambda: state.pop("score_problem", None),
    )
    if state.get("score_problem"):
        st.warning(plain(state["score_problem"]), icon=":material/link_off:")
    _links.put({} if chosen == OF_FILE else {"run": chosen})
    return _from_file() if chosen == OF_FILE else _from_run(chosen, titles[chosen])


def _read_address(known: Container[str]) -> None:
    """Choose the run that the address names, if it is one that can be chosen."""
    asked = st.query_params.get("run")
    st.session_state["score_problem"] = ""
    if asked in known:
        st.session_state["score_model"] = asked
    elif asked is not None:
        st.session_state["score_problem"] = (
            f"The address names the run {asked[:40]!r}, which is not here or has left no model. Another is chosen."
        )


def _title(record: RunRecord) -> str:
    """A run in the narrow picker: what tells it from others of its name first, because the end is cut off."""
    began = (record.started or record.created).astimezone()
    told = f"{began:%m-%d %H:%M:%S} · {record.dataset.d} features"
    if record.name:
        return f"{record.name} · {told}"
    name = record.dataset.name
    return " · ".join([name, told, record.title.removeprefix(f"{name} · ")])


def _from_run(token: str, title: str) -> tuple[Model | Ensemble | None, str]:
    saved = _saved.find(token)
    path = None if saved is None else saved.file(MODEL)
    if path is None:
        st.error("This run has left no model; choose another.", icon=":material/error:")
        return None, title
    try:
        return _loaded(str(path), path.stat().st_mtime_ns), title
    except (SogaalError, OSError) as error:
        st.error(plain(str(error)), icon=":material/error:")
        return None, title


@st.cache_resource(show_spinner=False, max_entries=16)
def _loaded(path: str, stamp: int) -> Model | Ensemble:
    return load_model(path)


def _from_file() -> tuple[Model | Ensemble | None, str]:
    file = st.file_uploader("Model (safetensors)", key="score_model_file")
    if file is None:
        return None, ""
    try:
        return _uploaded(file.file_id, file.name, file), file.name
    except SogaalError as error:
        st.error(plain(str(error)), icon=":material/error:")
        return None, file.name


@st.cache_resource(show_spinner=False, max_entries=16)
def _uploaded(file_id: str, name: str, _file: UploadedFile) -> Model | Ensemble:
    with on_disk(_file) as path:
        try:
            return load_model(path)
        except SogaalError as error:
            raise type(error)(str(error).replace(str(path), name)) from None


@contextmanager
def on_disk(file: UploadedFile) -> Iterator[Path]:
    """An uploaded file as one on disk, for as long as it is needed."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "upload"
        path.write_bytes(file.getbuffer())
        yield path


def _options(model: Model | Ensemble | None) -> tuple[Flagging, bool]:
    st.subheader("Flags", divider="gray")
    share = st.number_input(
        "The top … %", min_value=0.01, max_value=100.0, value=5.0, step=0.5, format="%g", key="score_share"
    )
    knows = model is not None and model.reference is not None
    of = st.segmented_control(
        "Of",
        list(SHARES),
        format_func=SHARES.__getitem__,
        default="file",
        key="score_share_of",
        disabled=not knows,
        help="This file: always as many rows. The training: rows as abnormal as its top share was, so that a worse "
        "month has more flags.",
    )
    reasons = st.toggle("With reasons", value=True, key="score_reasons", help="Why a row is flagged; takes longer.")
    return Flagging(share / 100, of if of is not None and knows else "file"), reasons
