"""The form in the sidebar: table, preset, hyperparameters. Nothing here disturbs a run that is under way."""

import streamlit as st

from pages import _auto, _server, _setup
from pages._tables import table_keys, table_picture, table_title
from pages._upload import columns_used, own_table
from pages._words import plain
from sogaal.config import AUTO_STEPS, FIELDS, MAIN_PRESETS, PRESETS, FieldInfo, TrainConfig
from sogaal.data import Dataset
from sogaal.errors import ConfigError
from sogaal.labelfree.measured import scaling_words

GROUPS = {
    "learning": "Learning",
    "networks": "Networks and their start",
    "batches": "Batches",
    "game": "Length of the game",
    "run": "Run",
}
UP_FRONT = ("algorithm", "k", "stop_epochs", "auto_seeds", "lr_d", "lr_g", "generator_bias", "seed")


def setup_form() -> tuple[Dataset, TrainConfig | None]:
    """Draw the form; returns the chosen table and the configuration, None while a value is not acceptable."""
    config, fault = _checked_config()
    dataset = _dataset()
    _auto.propose(dataset)
    _preset(config)
    _field("algorithm", fault)
    if st.session_state[_setup.key_of("algorithm")] == "mo-gaal":
        _field("k", fault)
    if _auto.switch():
        _field("auto_seeds", fault)
        if config is not None:
            st.caption(f"The run ends where D turns, after {config.total_steps(dataset.n):,} steps at the latest.")
    else:
        _field("stop_epochs", fault)
        if config is not None:
            _length(dataset, config)
    left, right = st.columns(2)
    with left:
        _field("lr_d", fault)
    with right:
        _field("lr_g", fault)
    _field("generator_bias", fault)
    _field("seed", fault)
    _more(fault)
    st.button(
        "Back to the preset",
        icon=":material/undo:",
        type="tertiary",
        on_click=_setup.apply_preset,
        args=(st.session_state["set_preset"],),
        help="Put all values back to those of the preset.",
    )
    return dataset, config


def chosen() -> tuple[Dataset, TrainConfig | None]:
    """The same without the form: what the address has set."""
    dataset = _server.table(st.session_state["set_dataset"])
    st.session_state["chosen_table"] = dataset
    return dataset, _checked_config()[0]


def _checked_config() -> tuple[TrainConfig | None, ConfigError | None]:
    try:
        return _setup.current_config(), None
    except ConfigError as error:
        return None, error


# -- table ---------------------------------------------------------------------------------------------------------


def _dataset() -> Dataset:
    st.selectbox("Table", table_keys(), key="set_dataset", format_func=table_title)
    dataset = _server.table(st.session_state["set_dataset"])
    st.session_state["chosen_table"] = dataset
    table_picture(dataset, "thumbnail", 150)
    with st.container():  # one element, however much is said: the popover beneath stays open
        if dataset.description:
            st.caption(dataset.description)
        if _server.is_upload(st.session_state["set_dataset"]):
            st.caption(columns_used(dataset))
        for note in dataset.notes:
            st.caption(f":material/info: {plain(note)}")
    own_table()
    return dataset


# -- preset and fields ---------------------------------------------------------------------------------------------


def _preset(config: TrainConfig | None) -> None:
    current = st.session_state["set_preset"]
    others = [name for name in PRESETS if name not in MAIN_PRESETS]
    st.session_state["preset_main"] = current if current in MAIN_PRESETS else "other"
    st.segmented_control(
        "Preset",
        [*MAIN_PRESETS, "other"],
        key="preset_main",
        required=True,
        format_func=lambda name: "Authors" if name == "other" else PRESETS[name].title,
        on_change=_main_preset_chosen,
        help="\n\n".join(f"**{PRESETS[name].title}**: {PRESETS[name].description}" for name in MAIN_PRESETS)
        + "\n\n**Authors**: the stop_epochs that the authors chose for each of their twelve tables.",
    )
    if current not in MAIN_PRESETS:
        st.session_state["preset_other"] = current
        st.selectbox(
            "Authors' setting for",
            others,
            key="preset_other",
            format_func=lambda name: PRESETS[name].title.removeprefix("Paper, "),
            on_change=lambda: _setup.apply_preset(st.session_state["preset_other"]),
        )
    changed = [] if config is None else config.changed_from(_setup.preset_config(current))
    names = [FIELDS[name].title for name in changed if name not in ("seed", "device")]
    st.caption(PRESETS[current].description if not names else f"Changed from the preset: {', '.join(names)}.")


# Steps of G that learn something on tables of usual size: the post's preset takes 2,000 on its 1,000 rows.
USUAL_STEPS = 2000


def _length(dataset: Dataset, config: TrainConfig) -> None:
    """Say how long the run is on this table, and offer a usual length where it is far off."""
    batches = config.batches(dataset.n)
    stop = config.stop_epochs
    if stop == "auto":
        return
    steps = min(stop, config.epochs) * batches
    whole = config.total_steps(dataset.n)
    st.caption(f"On these {dataset.n:,} rows G trains about {steps:,} steps; the whole run has {whole:,}.")
    usual = max(1, round(USUAL_STEPS / batches))
    if not USUAL_STEPS / 10 <= steps <= USUAL_STEPS * 10 and usual != stop:
        few = "few: D will hardly have learned" if steps < USUAL_STEPS else "many: it will take long"
        st.button(
            f"Rather {usual} epochs",
            key="usual_length",
            icon=":material/straighten:",
            help=f"{steps:,} steps are {few}. About {USUAL_STEPS:,} are usual.",
            on_click=lambda: st.session_state.update({_setup.key_of("stop_epochs"): usual}),
        )


def _main_preset_chosen() -> None:
    chosen = st.session_state["preset_main"]
    if chosen == "other":
        table = st.session_state["set_dataset"].replace("breast_cancer", "wdbc")
        match = f"paper_{table}_so"
        chosen = match if match in PRESETS else "paper_onecluster_so"
    _setup.apply_preset(chosen)


def _more(fault: ConfigError | None) -> None:
    hidden_fault = fault is not None and fault.field not in UP_FRONT
    with st.expander("More settings", icon=":material/tune:", expanded=hidden_fault):
        for group, title in GROUPS.items():
            names = [name for name in _setup.FORM_FIELDS if FIELDS[name].group == group and name not in UP_FRONT]
            if names:
                st.markdown(f"**{title}**")
            for name in names:
                _field(name, fault)
        st.markdown("**Table**")
        st.selectbox(
            "Scaling of the columns",
            list(_setup.SCALINGS),
            key="set_scaling",
            format_func=_setup.SCALINGS.__getitem__,
            help="G's noise fills [0, 1): min-max puts the data there too. Without scaling G may never reach them. "
            f"{scaling_words()}",
        )


def _field(name: str, fault: ConfigError | None) -> None:
    info = FIELDS[name]
    key = _setup.key_of(name)
    if info.choices:
        _choice(info, key)
    else:
        _number(info, key)
    if fault is not None and fault.field == name:
        st.error(plain(str(fault)), icon=":material/error:")


def _choice(info: FieldInfo, key: str) -> None:
    titles = {"so-gaal": "SO-GAAL", "mo-gaal": "MO-GAAL", 1: "yes", 0: "no, never"}
    st.segmented_control(
        info.title,
        info.choices,
        key=key,
        required=True,
        format_func=lambda choice: titles.get(choice, str(choice).replace("_", " ")),
        help=_help(info),
    )


def _number(info: FieldInfo, key: str) -> None:
    kind = int if info.kind == "int" else float
    # No bounds here: the browser would keep a value that is out of them to itself, and Train would use the old one.
    st.number_input(
        info.title,
        step=kind(info.step) if info.step is not None else (kind(info.default) if info.default else None),
        format="%d" if info.kind == "int" else "%g",
        value=None if info.optional else "min",
        placeholder=_empty_means(info),
        key=key,
        help=_help(info),
    )


def _empty_means(info: FieldInfo) -> str | None:
    if info.name == "max_epochs":
        stop = st.session_state.get(_setup.key_of("stop_epochs")) or 0
        return f"about {AUTO_STEPS:,} steps at most" if isinstance(stop, str) else f"3 × stop = {3 * stop}"
    return "√n, rounded up" if info.name == "hidden_size" else None


def _help(info: FieldInfo) -> str:
    parts = [info.help]
    if info.too_low:
        parts.append(f"**Too low:** {info.too_low}")
    if info.too_high:
        parts.append(f"**Too high:** {info.too_high}")
    parts.append(f"`{info.name}`")
    return "\n\n".join(parts)
