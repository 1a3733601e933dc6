"""The form in the sidebar: table, preset, hyperparameters. Nothing here disturbs a run that is under way."""

import streamlit as st

from pages import _server, _setup
from pages._live_plotly import live_plotly
from sogaal import figures
from sogaal.config import FIELDS, PRESETS, FieldInfo, TrainConfig
from sogaal.data import Dataset, list_datasets, read_table
from sogaal.errors import ConfigError, DataError

MAIN_PRESETS = ("post", "post_bias_one", "paper")
GROUPS = {
    "learning": "Learning",
    "networks": "Networks and their start",
    "batches": "Batches",
    "game": "Length of the game",
    "run": "Run",
}
UP_FRONT = ("algorithm", "k", "stop_epochs", "lr_d", "lr_g", "generator_bias", "seed")


def setup_form() -> tuple[Dataset, TrainConfig | None]:
    """Draw the form; returns the chosen table and the configuration, None while a value is not acceptable."""
    config, fault = _checked_config()
    dataset = _dataset()
    _preset()
    _field("algorithm", fault)
    if st.session_state[_setup.key_of("algorithm")] == "mo-gaal":
        _field("k", fault)
    _field("stop_epochs", fault)
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


def _checked_config() -> tuple[TrainConfig | None, ConfigError | None]:
    try:
        return _setup.current_config(), None
    except ConfigError as error:
        return None, error


# -- table ---------------------------------------------------------------------------------------------------------


def _dataset() -> Dataset:
    keys = list_datasets() + _server.upload_keys()
    st.selectbox("Table", keys, key="set_dataset", format_func=_table_title)
    dataset = _server.table(st.session_state["set_dataset"])
    live_plotly(
        figures.thumbnail_spec(_server.thumbnail(dataset.fingerprint, dataset), dark=dark()),
        key="thumbnail",
        height=150,
        still=True,
        alt=f"Small picture of the table {dataset.name}",
    )
    if dataset.description:
        st.caption(dataset.description)
    for note in dataset.notes:
        st.caption(f":material/info: {note}")
    with st.popover("Use my own table", icon=":material/upload_file:", width="stretch"):
        _upload()
    return dataset


def _table_title(key: str) -> str:
    dataset = _server.table(key)
    share = "no labels" if dataset.outlier_share is None else f"{100 * dataset.outlier_share:.2g} % outliers"
    return f"{dataset.name} · {dataset.n:,} × {dataset.d} · {share}".replace(",", "\u202f")


def _upload() -> None:
    st.caption(
        "CSV, TSV, Parquet, NumPy .npz, MATLAB .mat or the GAAL format; numbers only, up to 200 MB. The file stays on "
        "the machine that serves this page."
    )
    label = st.text_input(
        "Label column",
        key="upload_label",
        placeholder="found by name, if there is one",
        help="Labels only ever evaluate; they never train. Columns called label, y, class, outlier, target are found.",
    )
    file = st.file_uploader("File", key="upload_file", label_visibility="collapsed")
    if file is None:
        st.session_state.pop("upload_taken", None)
        return
    if st.session_state.get("upload_taken") == (file.file_id, label):
        return
    try:
        dataset = read_table(file.getvalue(), filename=file.name, label_column=label.strip() or None)
    except DataError as error:
        st.error(str(error), icon=":material/error:")
        return
    st.session_state["upload_taken"] = (file.file_id, label)
    st.session_state["chosen_upload"] = _server.remember_upload(dataset)
    st.rerun()


def take_upload() -> None:
    """Choose the table that was uploaded in the run before: a widget's value is set before it is drawn."""
    chosen = st.session_state.pop("chosen_upload", None)
    if chosen is not None:
        st.session_state["set_dataset"] = chosen


# -- preset and fields ---------------------------------------------------------------------------------------------


def _preset() -> None:
    current = st.session_state["set_preset"]
    others = [name for name in PRESETS if name not in MAIN_PRESETS]
    st.session_state["preset_main"] = current if current in MAIN_PRESETS else "other"
    st.segmented_control(
        "Preset",
        [*MAIN_PRESETS, "other"],
        key="preset_main",
        required=True,
        format_func=lambda name: "Tables" if name == "other" else PRESETS[name].title,
        on_change=_main_preset_chosen,
        help="\n\n".join(f"**{PRESETS[name].title}**: {PRESETS[name].description}" for name in MAIN_PRESETS)
        + "\n\n**Tables**: the stop_epochs that the authors chose for each of their twelve tables.",
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
    st.caption(PRESETS[current].description)


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
            help="G's noise fills [0, 1): min-max puts the data there too. Without scaling G may never reach them.",
        )


def _field(name: str, fault: ConfigError | None) -> None:
    info = FIELDS[name]
    key = _setup.key_of(name)
    if info.choices:
        _choice(info, key)
    else:
        _number(info, key)
    if fault is not None and fault.field == name:
        st.error(str(fault), icon=":material/error:")


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
    low = None if info.low is None else kind(info.low)
    high = None if info.high is None else kind(info.high)
    st.number_input(
        info.title,
        min_value=low,
        max_value=high,
        step=kind(info.step) if info.step is not None else (kind(info.default) if info.default else None),
        format="%d" if info.kind == "int" else "%g",
        value=None if info.optional else "min",
        placeholder=_empty_means(info),
        key=key,
        help=_help(info),
    )


def _empty_means(info: FieldInfo) -> str | None:
    if info.name == "max_epochs":
        return f"3 × stop = {3 * (st.session_state.get(_setup.key_of('stop_epochs')) or 0)}"
    return "√n, rounded up" if info.name == "hidden_size" else None


def _help(info: FieldInfo) -> str:
    parts = [info.help]
    if info.too_low:
        parts.append(f"**Too low:** {info.too_low}")
    if info.too_high:
        parts.append(f"**Too high:** {info.too_high}")
    parts.append(f"`{info.name}`")
    return "\n\n".join(parts)


def dark() -> bool:
    """Whether the page is shown on a dark ground."""
    return st.context.theme.type == "dark"
