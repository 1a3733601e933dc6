"""Score: new rows, by a model that was trained before; whether they are still like its training; files to take away."""

from pathlib import Path

import streamlit as st

from pages import _score_result
from pages._entry import enter
from pages._score_source import Source, choose, on_disk
from pages._words import plain
from sogaal.data import scan_table
from sogaal.errors import SogaalError
from sogaal.scoring import Scored, score_rows


def main() -> None:
    """Draw the page."""
    with st.sidebar:
        source = choose()
        pressed = st.button(
            "Score", type="primary", icon=":material/play_arrow:", disabled=source is None, width="stretch"
        )
    problem = st.container()
    if pressed and source is not None:
        _score(source, problem)
    kept: tuple[tuple[object, ...], Source, Scored] | None = st.session_state.get("scored")
    if kept is None:
        _intro()
        return
    key, of, scored = kept
    if source is not None and source.key != key:
        st.info("These are the scores from before; press **Score** for what is chosen now.", icon=":material/refresh:")
    _score_result.draw(of, scored)


def _intro() -> None:
    st.subheader("Next month's rows")
    st.markdown(
        "Choose a model that was trained here, or a file of one, and a table with the same columns. Each row gets an "
        "outlier score, a rank and, where it is flagged, a reason.\n\n"
        "A model knows only what it was trained on. So every feature of the new rows is held against the training: "
        "where many have **moved**, train anew before you trust the ranking."
    )


def _score(source: Source, problem: "st.delta_generator.DeltaGenerator") -> None:
    counter = st.empty()
    rows = 0

    def progress(more: int) -> None:
        nonlocal rows
        rows += more
        counter.caption(f"{rows:,} rows scored …")

    try:
        with on_disk(source.file) as path:
            scored = _scored(source, path, progress)
    except (SogaalError, OSError) as error:
        problem.error(plain(str(error)), icon=":material/error:")
        return
    finally:
        counter.empty()
    before = st.session_state.get("scored")
    st.session_state["scored"] = (source.key, source, scored)
    st.session_state.pop("score_feature", None)
    if before is not None:
        before[2].close()


def _scored(source: Source, path: Path, progress: object) -> Scored:
    model = source.model
    chunks = scan_table(
        path,
        feature_names=model.feature_names,
        preparation=model.conforming,
        usual_id=model.id_name,
        filename=source.file.name,
    )
    return score_rows(
        source.model,
        chunks,
        source.file.name,
        flagging=source.flagging,
        explain=source.reasons,
        values=_score_result.TOP_ROWS,
        progress=progress,
    )


enter(main)
