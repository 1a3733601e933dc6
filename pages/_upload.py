"""A table of one's own: the file, which of its columns are the labels and the ids, and what was made of it."""

from collections.abc import Sequence
from typing import BinaryIO

import streamlit as st

from pages import _server
from pages._words import plain
from sogaal.data import Dataset, column_names, read_table
from sogaal.errors import DataError

BY_NAME = "found by name"
NONE = "none"
# What fits on two lines of the sidebar.
_NAMES_WIDTH = 36
_NAME_WIDTH = 18


def upload() -> None:
    """Draw the uploader; a table that can be read becomes the chosen one, another is refused in words beneath it."""
    st.caption(
        "CSV, TSV, Parquet, NumPy .npz, MATLAB .mat or the GAAL format; numbers only, up to 200 MB. The file stays on "
        "the machine that serves this page."
    )
    file = st.file_uploader("File", key="upload_file", label_visibility="collapsed")
    problem = st.container()
    if file is None:
        for key in ("upload_names", "upload_tried"):
            st.session_state.pop(key, None)
        return
    label, ids = _pickers(_names(file, file.name, file.file_id))
    choice = (file.file_id, label, ids)
    tried, message = st.session_state.get("upload_tried", (None, ""))
    if tried != choice:
        try:
            dataset = read_table(file.getvalue(), filename=file.name, label_column=label, id_column=ids)
        except DataError as error:
            message = str(error)
        else:
            message = ""
            st.session_state["chosen_upload"] = _server.remember_upload(dataset)
        st.session_state["upload_tried"] = (choice, message)
        if not message:
            st.rerun()
    if message:
        problem.error(plain(message), icon=":material/error:")


def take_upload() -> None:
    """Choose the table that was uploaded in the run before: a widget's value is set before it is drawn."""
    chosen = st.session_state.pop("chosen_upload", None)
    if chosen is not None:
        st.session_state["set_dataset"] = chosen


def _names(file: BinaryIO, filename: str, file_id: str) -> list[str]:
    """The names of a file's columns, looked up once; a new file begins with columns that are found by name."""
    kept: tuple[str | None, list[str]] = st.session_state.get("upload_names", (None, []))
    if kept[0] == file_id:
        return kept[1]
    try:
        names = column_names(file, filename=filename)
    except DataError:  # said when the table is read
        names = []
    st.session_state["upload_names"] = (file_id, names)
    st.session_state["upload_label"] = st.session_state["upload_id"] = BY_NAME
    return names


def _pickers(names: Sequence[str]) -> tuple[str | None, str | None]:
    """The label column and the id column as `read_table` takes them; nothing to choose where there are no names."""
    if not names:
        return None, None
    choices: dict[str, str | None] = {BY_NAME: None, NONE: ""}
    # A column may well be called "none".
    choices |= {f"column {name!r}" if name in (BY_NAME, NONE) else name: name for name in names}
    label = st.selectbox(
        "Label column",
        list(choices),
        key="upload_label",
        help="Labels only ever evaluate; they never train. By name: label, y, class, outlier, target, and fraud, "
        "anomaly, is_outlier and the like where they hold two values.",
    )
    ids = st.selectbox(
        "Id column",
        list(choices),
        key="upload_id",
        help="It names the rows and is not trained on. By name: id, index, and transaction_id, row, uuid and the like "
        "where all values differ.",
    )
    return choices[label], choices[ids]


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
