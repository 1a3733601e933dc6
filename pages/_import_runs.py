"""Runs from a zip file, taken as `sogaal runs import` takes them: with the same checks, whole or not at all."""

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from pages import _saved, _server
from pages._words import plain
from sogaal.errors import SogaalError
from sogaal.runs.archive import Imported, import_upload
from sogaal.runs.names import token_of


def take() -> None:
    """Draw the control and, below it, what became of the file that was chosen last."""
    # Another key after each file: the control is empty again, and the same file can be chosen once more.
    number = st.session_state.setdefault("import_number", 0)
    file = st.file_uploader(
        "Runs (zip)",
        type="zip",
        key=f"import_file_{number}",
        help="A whole run, or several, as Download here and `sogaal runs export` write them.",
    )
    if file is not None:
        _import(file)
        st.session_state["import_number"] = number + 1
        st.rerun()
    problem, done = st.session_state.get("import_told", ("", ()))
    if problem:
        st.error(plain(problem), icon=":material/error:")
    for line in done:
        st.success(plain(line), icon=":material/check:")


def _import(file: UploadedFile) -> None:
    try:
        imported = import_upload(_server.store(), file, file.name)
    except (SogaalError, OSError) as error:
        st.session_state["import_told"] = (str(error), ())
        return
    finally:
        _saved.changed()
    # What was deleted on this page and is back is to be listed again.
    _saved.deleted().difference_update(token_of(one.record.id) for one in imported)
    st.session_state["import_told"] = ("", [_words(one) for one in imported])


def _words(one: Imported) -> str:
    name = one.record.name or one.record.title
    if one.already:
        return f"Already here, and the same: {name}"
    new = ", under a new id, for there is or was another run with its own" if one.renamed else ""
    return f"Imported: {name}{new}"


def forget() -> None:
    """What became of a file is told until the page is left."""
    st.session_state.pop("import_told", None)
