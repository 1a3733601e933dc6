"""The game as it goes: progress, tiles, the plane and the curves, drawn again twice a second."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages import _auto, _diagnosis, _results, _running, _saved, _server
from pages._live_plotly import live_plotly
from pages._shown import Shown
from pages._theme import dark
from pages._tiles import Tile, tiles
from pages._words import plain
from sogaal import figures
from sogaal.data import Dataset
from sogaal.diagnosis import Finding
from sogaal.frames import Frame
from sogaal.jobs import JobState, Snapshot
from sogaal.labelfree.measured import auto_words

REFRESH_SECONDS = 0.5
# Of a run that another process trains: it writes no more often.
OTHERS_SECONDS = 2.0
PLANE_HEIGHT = 520


def live_view(run: Shown, found: Sequence[Finding] = ()) -> None:
    """Draw a run, and keep drawing while it is active; ``found``: the diagnosis of one that has ended."""
    st.fragment(run_every=_every(run))(_live)(run, found)


def progress(run: Shown) -> None:
    """Draw how far a run is, for the tabs that wait for its end and :func:`watch` for it."""
    st.fragment(run_every=_every(run))(_progress)(run)


def _progress(run: Shown) -> None:
    snapshot = run.snapshot()
    if snapshot.state.active:
        _status(snapshot)


def watch(run: Shown) -> None:
    """Draw nothing of a run, but notice its end: for the tabs that wait for it."""
    st.fragment(run_every=_every(run))(_notice)(run)


def _every(run: Shown) -> float | None:
    return None if not run.active else REFRESH_SECONDS if run.job is not None else OTHERS_SECONDS


def _notice(run: Shown) -> None:
    """Draw the whole page again where the buttons, the head and the tabs, which depend on the state, are old."""
    if run.job is None and run.active and _running.look_up(run.id) is not run:
        st.rerun(scope="app")  # another process trains it, and has written something new
    if run.job is not None and run.job.snapshot().state != run.state_before:
        st.rerun(scope="app")
    if st.session_state.get("drawn_unsaved") == run.id and _saved.find(run.id) is not None:
        st.rerun(scope="app")  # its folder is there now: it can be named, and its files downloaded


def _live(run: Shown, found: Sequence[Finding]) -> None:
    _notice(run)
    snapshot = run.snapshot()
    if snapshot.state.active:
        _status(snapshot)
    else:
        _outcome(snapshot, found)
    _tiles(run, snapshot)
    left, right = charts()
    with left:
        plane_view(run.dataset, run.scaling, _frame(snapshot), run.id)
    with right:
        _curves(run, snapshot)


def charts() -> list[DeltaGenerator]:
    """Two columns that stand below each other where the page is narrow (see the style in app.py)."""
    with st.container(key="charts"):
        return st.columns(2, gap="medium")


def _frame(snapshot: Snapshot) -> Frame | None:
    """The frame to draw: now, or as it was when G stopped if that D is looked at."""
    result = snapshot.result
    if result is not None and result.frame_stop is not None and st.session_state.get("scored_at") == "stop":
        return result.frame_stop
    return snapshot.frame


# -- state and tiles -----------------------------------------------------------------------------------------------


def _status(snapshot: Snapshot) -> None:
    with st.container(key="status"):
        st.progress(snapshot.step / max(snapshot.total_steps, 1), text=progress_text(snapshot))
    if snapshot.message:
        st.info(plain(snapshot.message), icon=":material/info:")
    if snapshot.choice is not None and snapshot.choice.losses:
        st.warning(f"{snapshot.choice.losses} The others go on.", icon=":material/group_remove:")
    if snapshot.saving_problem:
        st.warning(f"{plain(snapshot.saving_problem)} The training goes on.", icon=":material/save:")


def _outcome(snapshot: Snapshot, found: Sequence[Finding]) -> None:
    """What came of a run, in a line or two, and the switch between the two pictures that it ended with."""
    if snapshot.state == JobState.FAILED:
        st.error(f"{plain(snapshot.message)} The history up to there stays below.", icon=":material/error:")
    elif snapshot.message:
        st.info(plain(snapshot.message), icon=":material/info:")
    if snapshot.choice is not None and snapshot.result is not None:
        st.markdown(f":material/auto_awesome: **The stop.** {snapshot.choice.why}")
    two = snapshot.result is not None and snapshot.result.frame_stop is not None
    if not found and not two:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="medium", key="outcome"):
        with st.container():
            _diagnosis.verdict(found)
        if two:
            with st.container(width="content"):
                _results.moment_choice("collapsed")


def _number(value: int) -> str:
    return f"{value:,}".replace(",", "\u202f")


def progress_text(snapshot: Snapshot) -> str:
    """How far a run is, in a line of Markdown."""
    if snapshot.state == JobState.QUEUED:
        return f"Place {snapshot.place_in_queue} in the queue: it starts when another run ends."
    parts = [
        f"**step {_number(snapshot.step)}** of {_number(snapshot.total_steps)}",
        f"epoch {_number(snapshot.epoch)} of {_number(snapshot.total_epochs)}",
    ]
    if snapshot.state == JobState.RUNNING:
        parts.append(f"{_number(round(snapshot.steps_per_second))} steps/s")
        if snapshot.seconds_left is not None:
            parts.append(f"{_duration(snapshot.seconds_left)} left")
    if snapshot.generator_stopped:
        parts.append("G has stopped")
    return " · ".join(parts)


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.0f} s"
    if seconds < 3600:
        return f"{seconds // 60:.0f} min {seconds % 60:.0f} s"
    return f"{seconds // 3600:.0f} h {seconds % 3600 // 60:.0f} min"


def _tiles(run: Shown, snapshot: Snapshot) -> None:
    history, labels = snapshot.history, run.dataset.y is not None
    by_step = [
        ("D loss", history.d_loss, "Mean cross-entropy of D over real and generated rows; ln 2 = 0.693 is guessing."),
        ("G loss", history.g_loss, "Cross-entropy of D(G(z)) against G's target."),
        ("D(x)", history.d_real, "Mean of D over the real rows of the batch; 1 = certainly real."),
        ("D(G(z))", history.d_fake, "Mean of D over the generated rows of the batch; 0 = certainly generated."),
    ]
    drawn = [Tile(name, _last(values), figures.sparkline(values), help) for name, values, help in by_step]
    drawn.append(
        Tile(
            "Spread of G(z)",
            _last(history.spread),
            figures.sparkline(history.spread),
            "Standard deviation of the generated points over that of the data; near 0 is collapse.",
        )
    )
    if snapshot.choice is not None:
        drawn += _of_the_seeds(snapshot, labels)
    elif not labels:
        drawn.append(_auto.volume_tile(run, snapshot.frame))
    else:
        at_stop = history.auc[history.eval_step == snapshot.stop_step]
        best = history.auc[history.auc.argmax() :][:1] if len(history.auc) else history.auc
        drawn += [
            Tile("AUC now", _last(history.auc), figures.sparkline(history.auc), "ROC-AUC of 1 - D(x), with labels."),
            Tile("AUC at stop", _last(at_stop), help="ROC-AUC after G's last trained epoch."),
            Tile("AUC best", _last(best), help="The highest so far; to choose it is to peek at labels."),
        ]
    tiles(drawn, key="tiles")


def _of_the_seeds(snapshot: Snapshot, labels: bool) -> list[Tile]:
    """The tiles of a run whose seeds choose the stop."""
    choice, result = snapshot.choice, snapshot.result
    assert choice is not None
    alike, agreed = np.array(choice.likeness), np.array(choice.agreement)
    found = [
        Tile("D like its mean", _last(alike), figures.sparkline(alike),
             "Rank correlation of all seeds' mean verdict now with its mean so far; D turns where it falls."),
        Tile("Seeds agree", _last(agreed), figures.sparkline(agreed),
             "Rank correlation of the seeds' rankings, mean over all pairs; they may agree and be wrong."),
    ]  # fmt: skip
    if labels:
        auc = None if result is None else result.summary["auc_final"]
        help = "ROC-AUC of the ranking of all seeds together, with labels; known when the run has ended."
        found.append(Tile("AUC, all seeds", "–" if auc is None else f"{auc:.3f}", help=help))
    return found


def _last(values: npt.NDArray[np.floating]) -> str:
    return f"{values[-1]:.3f}" if len(values) else "–"


# -- plane and curves ----------------------------------------------------------------------------------------------


def plane_view(dataset: Dataset, scaling: str, frame: Frame | None, run: str) -> None:
    """Scatter over D's heat-map with its switches; ``frame`` None: the data alone."""
    plane = _choose_plane(dataset)
    scene = _server.scene(dataset.fingerprint, scaling, plane, dataset)
    layers = _choose_layers(scene)
    memory = st.session_state.setdefault("plane_views", {})
    place = (run, plane)
    info = figures.plane_info(scene, frame, view=memory.get(place))
    memory[place] = info.view
    live_plotly(
        figures.plane_spec(info, layers=set(layers), dark=dark(), revision=f"{run}-{plane}"),
        key="plane",
        height=PLANE_HEIGHT,
        aspect=1.08,
        transition_ms=round(800 * REFRESH_SECONDS),
        alt="Real rows and generated potential outliers over a map of D",
    )
    st.caption(figures.plane_caption(info))


def _choose_layers(scene: figures.Scene) -> list[str]:
    possible = figures.layers_for(scene)
    st.session_state.setdefault("layers", list(figures.DEFAULT_LAYERS))
    # A layer that this table does not have keeps its switch for the next table.
    st.session_state["layers_shown"] = [layer for layer in st.session_state["layers"] if layer in possible]
    return st.pills(
        "Layers",
        list(possible),
        selection_mode="multi",
        key="layers_shown",
        format_func=figures.LAYERS.__getitem__,
        on_change=_take_layers,
        args=(possible,),
        label_visibility="collapsed",
        wrap=True,
    )


def _take_layers(possible: tuple[str, ...]) -> None:
    absent = [layer for layer in st.session_state["layers"] if layer not in possible]
    st.session_state["layers"] = [*st.session_state["layers_shown"], *absent]


def _choose_plane(dataset: Dataset) -> tuple[int, int] | None:
    if dataset.d == 1:
        return None
    if dataset.d == 2:
        return (0, 1)
    names = list(dataset.feature_names)
    st.session_state.setdefault("plane_kind", "PCA plane")
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="plane_choice"):
        kind = st.segmented_control(
            "Plane",
            ["PCA plane", "Two features"],
            key="plane_kind",
            required=True,
            label_visibility="collapsed",
        )
        if kind != "Two features":
            return None
        numbers = range(dataset.d)
        i = st.selectbox("Across", numbers, 0, format_func=names.__getitem__, label_visibility="collapsed", width=160)
        others = [number for number in numbers if number != i]
        j = st.selectbox("Up", others, 0, format_func=names.__getitem__, label_visibility="collapsed", width=160)
    return (i, j)


def _curves(run: Shown, snapshot: Snapshot) -> None:
    labels = run.dataset.y is not None
    turning = _auto.turning(snapshot)
    info = figures.curves_info(
        snapshot.history,
        total_steps=snapshot.total_steps,
        stop_step=snapshot.stop_step,
        labels=labels,
        turning=turning,
    )
    live_plotly(
        figures.curves_spec(info, dark=dark(), revision=run.id),
        key="curves",
        height=PLANE_HEIGHT,
        transition_ms=0,
        alt="Losses of D and G over the steps, and below the ROC-AUC or, without labels, the signals that need none",
    )
    st.caption(figures.curves_caption(info))
    if turning is not None:
        st.caption(f":material/auto_awesome: {auto_words(run.scaling)}")
    elif not labels:
        st.caption(
            ":material/label_off: This table has no labels, so there is no AUC: nobody can say here how good the "
            "ranking is. Spread, D(x) and D(G(z)) tell how the game goes."
        )
