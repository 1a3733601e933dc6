"""What all sessions of one server share: the registry of jobs, tables that were uploaded, prepared views of tables."""

import gc
import os
from contextlib import suppress

import numpy as np
import numpy.typing as npt
import streamlit as st

from sogaal import figures
from sogaal.data import Dataset, list_datasets, load_dataset
from sogaal.errors import SogaalError
from sogaal.jobs import JobRegistry
from sogaal.planes import Plane, feature_plane, pca_plane
from sogaal.runs.store import RunStore
from sogaal.scaling import Scaler

# Uploaded tables that the server remembers, so that a reloaded page finds its own again.
MAX_UPLOADS = 16
MOST_BYTES = 2 * 2**30  # of all of them together, but the newest is kept whatever its size


@st.cache_resource(show_spinner="Starting …")
def registry() -> JobRegistry:
    """The one registry of jobs of this server, which saves them where ``SOGAAL_RUNS`` says, else in ``runs``."""
    # Everything loaded so far lives as long as the server: later collections need not look at it again.
    gc.collect()
    gc.freeze()
    found = RunStore()
    with suppress(SogaalError, OSError):
        found.empty_trash()  # deleted while an earlier server ran, which could have undone it
    return JobRegistry(found)


def store() -> RunStore:
    """The folder of runs of this server."""
    return registry().store


def folder() -> str | None:
    """The folder of ``sogaal app --data DIR``, which launch hands over in the environment, or None."""
    return os.environ.get("SOGAAL_DATA")


@st.cache_resource
def _uploads() -> dict[str, Dataset]:
    return {}


def remember_upload(dataset: Dataset) -> str:
    """Keep an uploaded table in memory; returns the name under which :func:`table` finds it."""
    uploads = _uploads()
    key = f"upload-{dataset.fingerprint[:16]}"
    uploads.pop(key, None)
    uploads[key] = dataset
    while len(uploads) > MAX_UPLOADS or (len(uploads) > 1 and sum(d.X.nbytes for d in uploads.values()) > MOST_BYTES):
        uploads.pop(next(iter(uploads)), None)
    return key


@st.cache_resource(show_spinner="Reading the table …")
def _given(path: str) -> Dataset:
    return load_dataset(path)


def given_table() -> str | None:
    """The key of the file of ``sogaal app --dataset FILE``, which launch hands over in the environment, or None."""
    path = os.environ.get("SOGAAL_DATASET")
    return remember_upload(_given(path)) if path else None


@st.cache_resource(show_spinner="Reading the table …", max_entries=32)
def _shipped(name: str) -> Dataset:
    return load_dataset(name)


def is_upload(key: str) -> bool:
    """Whether the key stands for an uploaded table that the server still has."""
    return key in _uploads()


def upload_keys() -> list[str]:
    """Uploaded tables, newest last."""
    return list(_uploads())


def table(key: str) -> Dataset:
    """The table of a shipped name or an upload's key."""
    return _uploads()[key] if key in _uploads() else _shipped(key)


def key_of_table(dataset: Dataset) -> str:
    """The key under which :func:`table` finds this table (an uploaded one is remembered again)."""
    if dataset.name in list_datasets() and _shipped(dataset.name).fingerprint == dataset.fingerprint:
        return dataset.name
    return remember_upload(dataset)


@st.cache_resource(show_spinner=False, max_entries=32)
def scaler(fingerprint: str, method: str, _dataset: Dataset) -> Scaler:
    """The scaling that is fitted on a table."""
    return Scaler.fit(_dataset.X, method, _dataset.feature_names)


@st.cache_resource(show_spinner=False, max_entries=32)
def scaled(fingerprint: str, method: str, _dataset: Dataset) -> npt.NDArray[np.float32]:
    """The table as the networks see it, (n, d) float32."""
    return scaler(fingerprint, method, _dataset).transform(_dataset.X)


@st.cache_resource(show_spinner=False, max_entries=32)
def _principal(fingerprint: str, method: str, _dataset: Dataset) -> Plane:
    """The plane of a table's first two principal axes."""
    return pca_plane(scaled(fingerprint, method, _dataset))


@st.cache_resource(show_spinner=False, max_entries=32)
def scene(fingerprint: str, method: str, plane: tuple[int, int] | None, _dataset: Dataset) -> figures.Scene:
    """The drawn part of a table in a plane: two features by number, or PCA (None)."""
    X = scaled(fingerprint, method, _dataset)
    if plane is None:
        chosen = _principal(fingerprint, method, _dataset)
    else:
        fitted = scaler(fingerprint, method, _dataset)
        middle = None if fitted.median is None else fitted.transform(fitted.median[None])[0]
        chosen = feature_plane(X, *plane, _dataset.feature_names, middle)
    return figures.make_scene(X, _dataset.y, chosen)


@st.cache_resource(show_spinner=False, max_entries=64)
def thumbnail(fingerprint: str, _dataset: Dataset) -> figures.ThumbnailInfo:
    """The small picture of a table."""
    plane = _principal(fingerprint, "minmax", _dataset) if _dataset.d != 2 else None
    return figures.thumbnail_info(scaled(fingerprint, "minmax", _dataset), _dataset.y, plane=plane)
