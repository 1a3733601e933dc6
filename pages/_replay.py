"""The replay of a run: a player in the page, and the same as a file that plays without a server.

The player moves in the browser alone: the page sends a run once and does nothing while it plays.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import streamlit as st

from sogaal.frames import Frame
from sogaal.history import HistoryView
from sogaal.planes import Plane
from sogaal.replay import replay_page, replay_payload, script, stylesheet

_player = st.components.v2.component(
    "sogaal_replay",
    html='<div class="sogaal-replay"></div>',
    css=stylesheet(),
    js=script(),
    isolate_styles=False,
)


def replay(
    frames: Sequence[Frame],
    view: HistoryView,
    *,
    X: npt.NDArray[np.float32],
    y: npt.NDArray[np.integer] | None,
    plane: Plane,
    stop_step: int | None,
    total_steps: int,
    title: str,
    key: str,
    subtitle: str = "",
    total_epochs: int | None = None,
    file_name: str = "replay.html",
) -> None:
    """Draw the player of a run, which rests at the last frame, and a button for the stand-alone file.

    ``frames``: at least one; ``X`` (n, d) scaled; ``title`` and ``subtitle`` are shown as they are. The player keeps
    its place over reruns while the run and the plane stay the same.
    """
    payload = replay_payload(
        frames,
        view,
        X=X,
        y=y,
        plane=plane,
        stop_step=stop_step,
        total_steps=total_steps,
        title=title,
        subtitle=subtitle,
        total_epochs=total_epochs,
        autoplay=False,
    )
    _player(key=key, data=payload, height="content")
    st.download_button(
        "Replay as a file (HTML)",
        lambda: replay_page(payload, title),
        file_name=file_name,
        mime="text/html",
        icon=":material/download:",
        on_click="ignore",
        key=f"{key}_file",
        help="One page that plays this run in any browser by a double click, without a server or the internet.",
    )
