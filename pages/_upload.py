"""A table of one's own: the file, which of its columns are the labels and the ids, and what was made of it."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import streamlit as st

from pages import _server
from pages._words import plain
from sogaal.data import (
    Dataset,
    column_names,
    list_tables,
    openml_number,
    openml_roles,
    openml_table,
    profile_and_read,
    sheet_names,
    table_path,
)
from sogaal.errors import DataError

BY_NAME = "found by name"
NONE = "none"
GAPS_LABEL = "A gap is suspicious in itself"
# The widgets of the choice below the preview, in the order of what they choose.
ROLES = ("upload_label", "upload_id", "upload_ignore", "upload_gaps")
# What fits on two lines of the sidebar.
_NAMES_WIDTH = 36
_NAME_WIDTH = 18
# Streamlit takes files of 200 MB at most; a million rows of 50 columns may be so much unpacked.
UPLOAD_MAX_BYTES = 2 * 2**30
# Of a file in the folder that the server was started with: no upload, so memory is the limit.
FOLDER_MAX_BYTES = 16 * 2**30


@dataclass(frozen=True)
class _Source:
    """A file to read: ``key`` tells it from others, ``content`` is a path or bytes. ``roles``: the label, id and
    left-out columns to begin with, as people choose them, and whether a gap counts in itself."""

    key: str
    name: str
    content: Path | bytes
    max_bytes: int
    roles: tuple[str, str, tuple[str, ...], bool] = (BY_NAME, BY_NAME, (), True)


def own_table() -> None:
    """Draw the button that opens the uploader, and beneath it why the last table was refused, as long as it is.

    It is said within as well: what is open lies over the place beneath, and what is closed is not seen.
    """
    with st.popover("Use my own table", icon=":material/upload_file:", width="stretch"):
        problem = _upload()
    with st.container():  # always: what follows keeps its place
        if problem:
            st.error(plain(problem), icon=":material/error:")


def _upload() -> str:
    """Draw the uploader; a table that can be read becomes the chosen one, of another it returns why it is refused."""
    st.caption(
        "CSV, TSV, Parquet, Excel .xlsx, NumPy .npz, MATLAB .mat or the GAAL format, up to 200 MB. Numbers, "
        "categories, dates and gaps are fine. The file stays on the machine that serves this page."
    )
    file = st.file_uploader("File", key="upload_file", label_visibility="collapsed")
    source, problem = None, ""
    for find in (_from_openml, _from_folder):
        if source is None:
            try:
                source = find()
            except DataError as error:
                problem = str(error)
    if file is not None:
        source = _Source(file.file_id, file.name, file.getvalue(), UPLOAD_MAX_BYTES)
    place = st.container()
    if source is None:
        for key in ("upload_names", "upload_tried", "upload_profile"):
            st.session_state.pop(key, None)
    else:
        problem = _take(source)
    if problem:
        place.error(plain(problem), icon=":material/error:")
    return problem


def _take(source: _Source) -> str:
    """Read what was chosen, unless that was tried before; returns why it cannot be used, or nothing."""
    sheet = _sheet(source)
    key = f"{source.key} {sheet}"
    if st.session_state.get("upload_names", ("", []))[0] != key:  # a new file begins with columns found by name
        st.session_state["upload_names"] = (key, [])
        st.session_state["upload_roles"] = source.roles
        for widget in ROLES:
            st.session_state.pop(widget, None)
    choice = (key, *_plain_roles())
    tried, message = st.session_state.get("upload_tried", (None, ""))
    if tried != choice:
        message = _read(source, sheet, key)
        st.session_state["upload_tried"] = ((key, *_plain_roles()), message)
        if not message:
            st.rerun()
    return str(message)


def _plain_roles() -> tuple[Any, ...]:
    label, ids, ignore, marked = st.session_state["upload_roles"]
    return label, ids, tuple(ignore), marked


def _from_openml() -> _Source | None:
    """A table of OpenML, if a number is typed; downloaded once. Raises :class:`DataError`."""
    number = st.text_input("Or a table of OpenML by its number", key="upload_openml", placeholder="40996").strip()
    if not number:
        return None
    with st.spinner("Asking OpenML …"):
        return _openml(number.lower().removeprefix("openml:"))


@st.cache_resource(show_spinner=False, max_entries=8)
def _openml(text: str) -> _Source:
    name = f"openml:{text}"
    number = openml_number(name)
    assert number is not None  # by its beginning
    path, _, target = openml_table(number)
    source = _Source(name, f"{name}.parquet", path, FOLDER_MAX_BYTES)
    if target is None:
        return source
    label, gone = openml_roles(path, target, FOLDER_MAX_BYTES)
    return replace(source, roles=(label or NONE, BY_NAME, tuple(gone), True))


def _from_folder() -> _Source | None:
    """A file of the folder that the server was started with, if there is one and one is chosen; :class:`DataError`."""
    folder = _server.folder()
    if folder is None:
        return None
    name = st.selectbox(
        "Or a file of the server's folder", list_tables(folder), None, key="upload_from", placeholder="none"
    )
    return None if name is None else _Source(f"folder:{name}", name, table_path(folder, name), FOLDER_MAX_BYTES)


def _read(source: _Source, sheet: str | None, key: str) -> str:
    """Read the table and what is told of its columns; returns why that cannot be, or nothing."""
    names = st.session_state["upload_names"][1]
    choices = role_choices(names)
    label, ids, ignore, marked = st.session_state["upload_roles"]
    st.session_state.pop("upload_profile", None)
    try:
        with st.spinner("Reading the table …"):
            profile, dataset = profile_and_read(
                source.content,
                filename=source.name,
                label_column=choices.get(label, label),  # a target is known before the columns are
                id_column=choices.get(ids),
                ignore=ignore,
                gaps="mark" if marked else "fill",
                sheet=sheet,
                max_bytes=source.max_bytes,
            )
    except DataError as error:
        return str(error)
    st.session_state["upload_profile"] = profile
    if not names and _has_names(source):
        st.session_state["upload_names"] = (key, [one.name for one in profile.columns])
    if isinstance(dataset, DataError):
        return str(dataset)
    st.session_state["chosen_upload"] = st.session_state["upload_key"] = _server.remember_upload(dataset)
    return ""


def _has_names(source: _Source) -> bool:
    """Whether people may choose what a file's columns do: not where their meanings are fixed."""
    with suppress(DataError):
        return bool(column_names(source.content, filename=source.name))
    return False


def take_upload() -> None:
    """Choose the table that was uploaded in the run before: a widget's value is set before it is drawn."""
    chosen = st.session_state.pop("chosen_upload", None)
    if chosen is not None:
        st.session_state["set_dataset"] = chosen


def _sheet(source: _Source) -> str | None:
    """The sheet of a workbook; nothing to choose where there is one."""
    if not source.name.lower().endswith(".xlsx"):
        return None
    kept: tuple[str, list[str]] = st.session_state.get("upload_sheets", ("", []))
    if kept[0] != source.key:
        content = source.content if isinstance(source.content, bytes) else source.content.read_bytes()
        try:
            names = sheet_names(content, source.name)
        except DataError:  # said when the table is read
            names = []
        kept = (source.key, names)
        st.session_state["upload_sheets"] = kept
        st.session_state.pop("upload_sheet", None)
    return st.selectbox("Sheet", kept[1], key="upload_sheet") if len(kept[1]) > 1 else None


def role_choices(names: Sequence[str]) -> dict[str, str | None]:
    """What may be chosen for labels or ids, as it is shown, and as `read_table` takes it."""
    choices: dict[str, str | None] = {BY_NAME: None, NONE: ""}
    # A column may well be called "none".
    return choices | {f"column {name!r}" if name in (BY_NAME, NONE) else name: name for name in names}


def columns_used(dataset: Dataset) -> str:
    """One line of Markdown that says what each column of the file does."""
    shown = [_short(name) for name in dataset.feature_names]
    fit = 1
    while fit < len(shown) and len(", ".join(shown[: fit + 1])) <= _NAMES_WIDTH:
        fit += 1
    names = ", ".join(shown[:fit]) + (f", … ({dataset.d})" if fit < len(shown) else "")
    label = "no label" if dataset.label_name is None else f"label: {_short(dataset.label_name)}"
    ids = "rows numbered from 1" if dataset.id_name is None else f"id: {_short(dataset.id_name)}"
    return plain(f"Uses {names}; {label}; {ids}")


def _short(name: str) -> str:
    return name if len(name) <= _NAME_WIDTH else name[: _NAME_WIDTH - 1] + "…"
