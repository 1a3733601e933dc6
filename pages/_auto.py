"""Seeds that choose the stop: what the pages say and draw of it."""

import streamlit as st

from pages import _server, _setup
from pages._shown import Shown
from pages._tiles import Tile
from sogaal import figures
from sogaal.config import AUTO, AUTO_SEEDS
from sogaal.data import Dataset
from sogaal.frames import Frame
from sogaal.jobs import Snapshot
from sogaal.labelfree import TURNED
from sogaal.labelfree.measured import auto_words, volume_words
from sogaal.spelling import number_word
from sogaal.voting import kept_volume

KEY = "stop_auto"
# What a run stops after when nobody says so any more.
BY_HAND = 1000


def why(run: Shown) -> str:
    """Which D's rank the rows, in a line."""
    choice = run.snapshot().choice
    if choice is None:
        return ""
    return f"{choice.voters} rank together; no label was used."


def stop(run: Shown) -> None:
    """Say why a run ended where it did, and how good that is."""
    choice = run.snapshot().choice
    if choice is not None:
        st.caption(f":material/auto_awesome: **The stop.** {choice.why} {auto_words(run.scaling)}")


def promise() -> str:
    """How good the automatic stop is, a paragraph for the page before a run; nothing where the stop is set by hand."""
    return (
        f"{auto_words(st.session_state['set_scaling'])}\n\n"
        if st.session_state[_setup.key_of("stop_epochs")] == AUTO
        else ""
    )


def turning(snapshot: Snapshot) -> figures.TurningInfo | None:
    """What the live curves show of the choice; None where there is none."""
    choice = snapshot.choice
    if choice is None:
        return None
    return figures.turning_info(
        choice.steps, choice.likeness, choice.agreement,
        threshold=TURNED, turned=choice.turned, total_steps=snapshot.total_steps,
    )  # fmt: skip


def volume_tile(run: Shown, frame: Frame | None) -> Tile:
    """The label-free measure that follows the AUC best for one D: the part of space that it needs for the rows."""
    help = f"How much of the table's box holds the 90 % of the rows and more that D ranks most normal. {volume_words()}"
    if frame is None:
        return Tile("Volume kept", "–", help=help)
    place = (run.id, frame.step)
    kept: tuple[object, str] = st.session_state.get("volume", (None, ""))
    if kept[0] != place:
        X = _server.scaled(run.dataset.fingerprint, run.scaling, run.dataset)
        kept = st.session_state["volume"] = (place, f"{kept_volume(frame.discriminator, X):.1%}")
    return Tile("Volume kept", kept[1], help=help)


def switch() -> bool:
    """Draw the switch between a stop by hand and one that the seeds choose; returns whether it is theirs."""
    key = _setup.key_of("stop_epochs")
    st.session_state[KEY] = st.session_state[key] == AUTO
    st.toggle(
        "The seeds choose the stop",
        key=KEY,
        on_change=_take,
        help=f"Several seeds play, the run ends where D turns, and all their D's up to there score together. No label "
        f"is used. {auto_words(st.session_state['set_scaling'])}",
    )
    return bool(st.session_state[KEY])


def _take() -> None:
    st.session_state[_setup.key_of("stop_epochs")] = AUTO if st.session_state[KEY] else BY_HAND


def propose(dataset: Dataset) -> None:
    """For a table without labels: offer the preset that needs no tuning."""
    if dataset.y is not None or st.session_state[_setup.key_of("stop_epochs")] == AUTO:
        return
    with st.container(border=True, key="propose_auto"):
        st.caption(
            ":material/label_off: No labels, so no AUC tells when to stop. With **Auto** "
            f"{number_word(AUTO_SEEDS)} seeds choose the stop "
            "and score together."
        )
        st.button(
            "Take preset Auto",
            icon=":material/auto_awesome:",
            on_click=_setup.apply_preset,
            args=("auto",),
            help=auto_words(),
            width="stretch",
        )
