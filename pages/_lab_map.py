"""The phase map: how it ends over a grid of two hyperparameters, cell by cell as they come."""

from collections.abc import Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages import _diagnosis, _lab_open, _lab_population, _lab_setup
from pages._live_plotly import live_plotly
from pages._theme import dark
from pages._words import plain
from sogaal import figures
from sogaal.config import FIELDS, TrainConfig
from sogaal.data import Dataset
from sogaal.errors import ConfigError
from sogaal.populations import AXES, BIASES, Axis, Cell, Plan, Population, cells, map_plan
from sogaal.race import shown_value

REFRESH_SECONDS = 1.0
SHOW = {"end": "AUC at end", "stop": "AUC at stop", "kind": "Diagnosis"}
SEEDS = (1, 2, 4, 8)
CELL_HEIGHT = 46


def start(dataset: Dataset, plan: Plan) -> None:
    """Train the map, and show it."""
    _lab_population.begin("map", plan)


def view(fault: str) -> None:
    """Draw the map; ``fault``: what is wrong with the controls, if anything."""
    if fault:
        st.error(plain(fault), icon=":material/error:")
    shown = _lab_population.shown("map")
    if shown is None:
        st.info(
            "Each cell is a set-up: G's bias at the start from left to right, another hyperparameter upwards. The "
            "first seed paints the whole map, the others sharpen it. A click on a cell opens its run in the "
            "Playground, where it ends exactly as the cell says.",
            icon=":material/grid_on:",
        )
        return
    _lab_population.live(shown, _draw, REFRESH_SECONDS)


# -- controls ----------------------------------------------------------------------------------------------------------


def plan(dataset: Dataset) -> Plan:
    """The map that the controls describe; raises :class:`ConfigError`."""
    state = st.session_state
    up = state["lab_up"]
    values = _values(up, state["lab_up_values"])
    return map_plan(
        dataset,
        _base(up),
        Axis("generator_bias", BIASES),
        Axis(up, values),
        state["lab_map_seeds"],
        _lab_setup.scaling(),
        state["lab_seed"],
    )


def _values(field: str, text: str) -> tuple:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    return tuple(FIELDS[field].parse(part) for part in parts) if parts else AXES[field]


def _base(up: str) -> TrainConfig:
    changes = {} if up == "stop_epochs" else {"stop_epochs": st.session_state["lab_map_stop"]}
    # The length is the original's, three times as long as G trains, or it would not be the same game in small.
    return _lab_setup.base().replace(**({"max_epochs": None} | changes))


def controls(bar: DeltaGenerator, dataset: Dataset) -> str:
    """Draw the controls into the page's bar; returns what is wrong with them, if anything."""
    state = st.session_state
    try:
        made, fault = plan(dataset), ""
    except ConfigError as error:
        made, fault = None, str(error)
    with bar:
        st.button(
            "Train the map",
            icon=":material/play_arrow:",
            type="primary",
            disabled=made is None,
            on_click=start,
            args=(dataset, made),
        )
        st.selectbox(
            "Upwards", list(AXES), key="lab_up", format_func=lambda name: FIELDS[name].title, width=210,
            on_change=lambda: state.update(lab_up_values=""),
        )  # fmt: skip
        st.text_input(
            "Its values",
            key="lab_up_values",
            placeholder=", ".join(shown_value(value) for value in AXES[state["lab_up"]]),
            width=240,
        )
        st.segmented_control("Seeds", SEEDS, key="lab_map_seeds", required=True)
        if state["lab_up"] != "stop_epochs":
            st.number_input(
                "stop_epochs", min_value=1, max_value=FIELDS["stop_epochs"].high and int(FIELDS["stop_epochs"].high),
                key="lab_map_stop", width=120,
                help="A run lasts three times as long. 333: about 2,000 steps on onecluster; the post's 1,000 takes "
                "three times as long.",
            )  # fmt: skip
        # Not beside the map: a fragment's widget would forget its value when it first appears between two full runs.
        st.segmented_control("Show", list(SHOW), key="lab_show", required=True, format_func=SHOW.__getitem__)
    if made is not None:
        steps = sum(setup.config.total_steps(dataset.n) for setup in made.setups) * len(made.seeds)
        st.caption(
            f"{len(BIASES)} × {len(made.setups) // len(BIASES)} cells × {len(made.seeds)} seeds: {len(made):,} runs, "
            f"{steps:,} steps."
        )
    return fault


# -- what is drawn -----------------------------------------------------------------------------------------------------


def _draw(shown: Population) -> None:
    made = shown.plan
    if made.across is None or made.up is None:
        return
    show = st.session_state["lab_show"]
    found = cells(shown.members(), len(made.setups), "stop" if show == "stop" else "end")
    by = "kind" if show == "kind" else "auc"
    kinds = _kinds(found)
    drawn = [None if cell is None else _cell(cell, made, kinds, shown) for cell in found]
    info = figures.phase_map_info(drawn, _side(made.across), _side(made.up), by=by)
    live_plotly(
        figures.phase_map_spec(info, dark=dark(), revision=f"{shown.id}-{by}"),
        key="lab_map",
        height=90 + CELL_HEIGHT * len(made.up.values),
        alt=f"Map of {SHOW[show]} over generator bias and {FIELDS[made.up.field].title}",
        on_click=lambda number: _open(shown, number),
    )
    st.caption(f"{figures.phase_map_caption(info)} A click on a cell opens its run, which ends exactly so.")
    if by == "kind":
        _key(found, kinds)
    _picker(shown, found)
    _lesson(made, found, show)


def _side(axis: Axis) -> tuple[str, list[str]]:
    return FIELDS[axis.field].title, [shown_value(value) for value in axis.values]


def _kinds(found: Sequence[Cell | None]) -> dict[str, int]:
    """A number for each kind of finding on the map, the most frequent first."""
    seen = [cell.kind for cell in found if cell is not None and cell.kind is not None]
    return {kind: n for n, kind in enumerate(sorted(set(seen), key=lambda kind: (-seen.count(kind), kind)), start=1)}


def _cell(cell: Cell, made: Plan, kinds: dict[str, int], shown: Population) -> figures.MapCell:
    setup = made.setups[cell.number]
    lines = [setup.name.replace(", ", "<br>", 1)]
    if cell.value is not None:
        lines.append(f"AUC <b>{cell.value:.4f}</b> (seed {cell.seed})")
        if cell.seeds > 1:
            lines.append(f"{cell.seeds} seeds: {cell.low:.3f} to {cell.high:.3f}")
    if cell.kind is not None:
        lines.append(f"{cell.title} ({cell.agree} of {cell.seeds})")
    return figures.MapCell(cell.value, kinds.get(cell.kind or ""), cell.severity, "<br>".join(lines))


def _key(found: Sequence[Cell | None], kinds: dict[str, int]) -> None:
    titles = {cell.kind: (cell.title, cell.severity) for cell in found if cell is not None and cell.kind is not None}
    with st.container(horizontal=True, gap="small", key="lab_key"):
        for kind, number in kinds.items():
            title, severity = titles[kind]
            _, icon, color = _diagnosis.LOOK[severity]
            st.badge(plain(f"{number} {title}"), icon=icon, color=color)
    st.caption("Judged by the history alone; with its frames, in the Playground, a run may be told more exactly.")


def _seed(cell: Cell) -> int | None:
    """The seed that the cell stands for in what is shown."""
    if st.session_state["lab_show"] == "kind":
        return cell.kind_seed
    return cell.seed if cell.seed is not None else cell.kind_seed


def _open(shown: Population, number: int) -> None:
    at = "stop" if st.session_state["lab_show"] == "stop" else "end"
    cell = cells(shown.members(), len(shown.plan.setups), at)[number]
    seed = None if cell is None else _seed(cell)
    if seed is not None:
        _lab_open.ask(shown.plan.dataset, shown.plan.setups[number].with_seed(seed), shown.parent)


def _picker(shown: Population, found: Sequence[Cell | None]) -> None:
    titles = {}
    for cell in found:
        if cell is None or (seed := _seed(cell)) is None:
            continue
        number = cell.number + shown.plan.seeds.index(seed) * len(shown.plan.setups)
        auc = "no AUC" if cell.value is None else f"AUC {cell.value:.3f}"
        titles[number] = f"{shown.plan.setups[cell.number].name} · seed {seed} · {auc}"
    if titles:
        _lab_population.picker(shown, titles, "A cell")


def _lesson(made: Plan, found: Sequence[Cell | None], show: str) -> None:
    """What the map says in a sentence, where all of it is there."""
    values = [cell.value for cell in found if cell is not None and cell.value is not None]
    if show == "kind" or len(values) < len(made.setups):
        return
    good, bad = sum(value >= 0.9 for value in values), sum(value <= 0.5 for value in values)
    wide = sum(cell.high - cell.low > 0.2 for cell in found if cell is not None and cell.low is not None and cell.high)
    text = f"{good} of {len(values)} cells rank well (AUC of .9 or more), {bad} no better than guessing."
    if len(made.seeds) > 1:
        text += f" In {wide} cells the seeds lie more than .2 apart: there a single run says nothing."
    st.markdown(text)
