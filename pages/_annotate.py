"""What people write on runs: name, tags, note; and the set-up, the deleting and the resuming of saved runs."""

from collections.abc import Sequence

import streamlit as st

from pages import _running, _saved, _server, _setup
from pages._words import plain
from sogaal.errors import SogaalError
from sogaal.runs.annotations import MOST_NAME, MOST_NOTE
from sogaal.runs.names import token_of
from sogaal.runs.record import RunRecord


def known_tags() -> list[str]:
    """All tags in use, sorted."""
    return sorted({tag for record in _saved.records() for tag in record.tags}, key=str.casefold)


def edit(record: RunRecord, key: str) -> None:
    """Draw the form that renames a run, tags it and notes something on it."""
    with st.form(f"{key}_{record.id}", border=False):
        name = st.text_input(
            "Name", record.name, placeholder=record.title, max_chars=MOST_NAME, key=f"{key}_name_{record.id}"
        )
        tags = st.multiselect(
            "Tags",
            sorted({*known_tags(), *record.tags}, key=str.casefold),
            list(record.tags),
            accept_new_options=True,
            placeholder="Choose, or write a new one",
            key=f"{key}_tags_{record.id}",
        )
        note = st.text_area("Note", record.note, height=110, max_chars=MOST_NOTE, key=f"{key}_note_{record.id}")
        if st.form_submit_button("Save", icon=":material/save:", type="primary"):
            _write([record.id], name=name, tags=tags, note=note)
    _problem("edit_problem")


def edit_several(ids: Sequence[str], key: str) -> None:
    """Draw the form that adds tags to several runs."""
    with st.form(f"{key}_several", border=False, clear_on_submit=True):
        tags = st.multiselect(
            f"Add tags to {len(ids)} runs",
            known_tags(),
            accept_new_options=True,
            placeholder="Choose, or write a new one",
        )
        if st.form_submit_button("Save", icon=":material/save:", type="primary"):
            _write(ids, more_tags=tags)
    _problem("edit_problem")


def _write(
    ids: Sequence[str],
    *,
    name: str | None = None,
    tags: Sequence[str] | None = None,
    note: str | None = None,
    more_tags: Sequence[str] = (),
) -> None:
    store = _server.store()
    try:
        for run in ids:
            whole = [*store.get(run).record.tags, *more_tags] if more_tags else tags
            store.annotate(run, name=name, tags=whole, note=note)
    except (SogaalError, OSError) as error:
        st.session_state["edit_problem"] = f"Not saved: {error}"
        return
    finally:
        _saved.changed()
    st.toast("Saved.", icon=":material/check:")
    st.rerun()


def take_setup(row_id: str) -> str:
    """Put a saved run's set-up into the form; returns why that cannot be, or nothing."""
    try:
        setup = _server.store().get(row_id).setup()
        _setup.take_setup(_server.key_of_table(setup.dataset), setup.config, setup.scaling)
    except (SogaalError, OSError) as error:
        return str(error)
    return ""


def resume(run: str) -> str:
    """Go on with a saved run; returns why that cannot be, or nothing."""
    try:
        job = _server.registry().resume(run)
    except (SogaalError, OSError) as error:
        return str(error)
    _saved.changed()
    _running.show(job.id)
    return ""


def _problem(name: str) -> None:
    if st.session_state.get(name):
        st.error(plain(st.session_state.pop(name)), icon=":material/error:")


# -- deleting ------------------------------------------------------------------------------------------------------


def delete(ids: Sequence[str]) -> str:
    """Delete saved runs until :func:`restore`; returns why that cannot be, or nothing."""
    try:
        gone = _server.store().trash(ids)
    except (SogaalError, OSError) as error:
        return str(error)
    finally:
        _saved.changed()
    _saved.deleted().update(token_of(run) for run in gone)
    st.session_state["deleted"] = [*st.session_state.get("deleted", []), gone]
    return ""


def restore() -> str:
    """Undo the last deleting; returns why that cannot be, or nothing."""
    deleted: list[list[str]] = st.session_state.get("deleted", [])
    if not deleted:
        return ""
    try:
        _server.store().restore(deleted[-1])
    except (SogaalError, OSError) as error:
        return str(error)
    finally:
        _saved.changed()
    _saved.deleted().difference_update(token_of(run) for run in deleted[-1])
    st.session_state["deleted"] = deleted[:-1]
    return ""


def forget_deleted() -> None:
    """Delete for good what this visitor deleted: they have left the page on which it could be undone."""
    deleted: list[list[str]] = st.session_state.pop("deleted", [])
    if deleted:
        try:
            _server.store().empty_trash([run for ids in deleted for run in ids])
        except (SogaalError, OSError):
            st.toast("Deleted runs are still in the trash: it cannot be emptied.", icon=":material/warning:")
