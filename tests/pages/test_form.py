"""The set-up in the sidebar: presets, fields, their messages, and that nothing there disturbs a run."""

import pytest

from sogaal.config import FIELDS, PRESETS, make_config
from sogaal.jobs import JobState
from tests.pages.session import Session, until


def test_every_parameter_has_its_field_with_words_and_bounds() -> None:
    session = Session()
    session.choose("set_algorithm", "mo-gaal")
    numbers = {widget.key: widget for widget in session.at.number_input}
    choices = {widget.key: widget for widget in session.at.segmented_control}
    for name, info in FIELDS.items():
        if name in ("device", "auto_seeds"):  # the seeds of an automatic stop are asked for where there is one
            continue
        widget = (choices if info.choices else numbers)[f"set_{name}"]
        assert widget.label == info.title
        assert info.help in widget.help
        assert info.too_low in widget.help
        assert info.too_high in widget.help
        if not info.choices:
            # The browser would keep a value out of bounds to itself; the page says what is wrong with it instead.
            assert (widget.min, widget.max) == (None, None)


def test_k_is_asked_for_where_there_are_sub_generators() -> None:
    session = Session()
    assert "set_k" not in {widget.key for widget in session.at.number_input}
    session.choose("set_algorithm", "mo-gaal")
    session.type("k", 4)
    job = session.start(stop_epochs=2)
    assert job.config.k == 4
    session.finish()
    assert session.state == "completed"


def test_the_seeds_may_choose_the_stop() -> None:
    session = Session()
    session.at.toggle(key="stop_auto").set_value(True)
    session.look()
    assert session.field("stop_epochs") == "auto"
    numbers = {widget.key: widget for widget in session.at.number_input}
    assert "set_stop_epochs" not in numbers
    assert numbers["set_auto_seeds"].label == FIELDS["auto_seeds"].title
    assert session.address["stop_epochs"] == "auto"
    assert Session(**session.address).field("stop_epochs") == "auto"
    session.at.toggle(key="stop_auto").set_value(False)
    session.look()
    assert session.field("stop_epochs") == 1000
    assert session.errors == []


@pytest.mark.parametrize("preset", ["auto", "post_bias_one", "paper"])
def test_a_preset_fills_the_form(preset: str) -> None:
    session = Session()
    session.type("seed", 7)
    session.choose("preset_main", preset)
    expected = make_config(preset, seed=7)
    assert {name: session.field(name) for name in FIELDS if name != "device"} == expected.model_dump(exclude={"device"})
    assert session.address == {"data": "onecluster", "preset": preset, "seed": "7"}
    assert session.says(PRESETS[preset].description)


def test_the_authors_settings_for_their_tables() -> None:
    session = Session()
    session.choose("set_dataset", "breast_cancer")
    session.choose("preset_main", "other")
    assert session.value("set_preset") == "paper_wdbc_so"
    assert session.field("stop_epochs") == 200
    session.choose("preset_other", "paper_wdbc_mo")
    assert session.field("algorithm") == "mo-gaal"
    assert session.address["preset"] == "paper_wdbc_mo"
    session.choose("preset_main", "post")
    assert session.field("algorithm") == "so-gaal"
    assert session.field("stop_epochs") == 1000


def test_back_to_the_preset() -> None:
    session = Session(preset="paper")
    session.type("lr_d", 0.5)
    session.type("stop_epochs", 7)
    session.type("hidden_size", 12)
    session.type("seed", 3)
    session.press("Back to the preset")
    assert session.field("lr_d") == 0.01
    assert session.field("stop_epochs") == 1000
    assert session.field("hidden_size") is None
    assert session.field("seed") == 3
    assert session.address == {"data": "onecluster", "preset": "paper", "seed": "3"}


@pytest.mark.parametrize("field", ["lr_d", "lr_g"])
def test_a_value_that_cannot_be_is_said_beside_its_field_and_nothing_is_lost(field: str) -> None:
    session = Session()
    session.type("stop_epochs", 33)
    session.type(field, 0.0)
    assert session.errors == [f"{field} must be a finite number over 0 and at most 10, got 0.0."]
    assert session.enabled() == set()
    assert session.field("stop_epochs") == 33
    assert session.field(field) == 0
    session.type(field, 0.02)
    assert session.errors == []
    assert session.enabled() == {"Train", "Step"}
    assert session.field("stop_epochs") == 33


def test_a_message_stands_right_below_its_field() -> None:
    session = Session()
    session.type("lr_g", 0.0)
    column = next(c for c in session.at.sidebar.columns if any(n.key == "set_lr_g" for n in c.number_input))
    assert len(column.error) == 1


def test_a_message_in_a_folded_part_unfolds_it() -> None:
    session = Session()
    more = [block for block in session.at.expander if block.label == "More settings"]
    assert not more[0].proto.expanded
    session.type("momentum", 1.0)
    assert [error.split()[0] for error in session.errors] == ["momentum"]
    more = [block for block in session.at.expander if block.label == "More settings"]
    assert more[0].proto.expanded


def test_a_bad_value_leaves_the_run_under_way_its_controls() -> None:
    session = Session()
    job = session.start(stop_epochs=100_000)
    session.type("lr_d", 0.0)
    assert "Train" not in session.enabled()
    assert {"Pause", "Stop", "Step", "Reset"} <= session.enabled()
    assert job.snapshot().state == JobState.RUNNING


def test_changes_of_the_form_do_not_disturb_a_run() -> None:
    session = Session()
    job = session.start(stop_epochs=100_000)
    config, dataset = job.config, job.dataset
    session.type("lr_d", 0.5)
    session.choose("set_scaling", "robust")
    session.choose("set_dataset", "moons")
    session.choose("preset_main", "paper")
    at = job.snapshot().step
    until(lambda: job.snapshot().step > at)
    session.look()
    assert session.job is job
    assert (job.config, job.dataset, job.scaling) == (config, dataset, "minmax")
    assert job.snapshot().state == JobState.RUNNING
    assert session.state == "running"
    assert session.says("The form differs from this run in table, scaling")
    session.press("Take this run's set-up")
    assert session.field("dataset") == "onecluster"
    assert session.value("set_scaling") == "minmax"
    assert session.field("stop_epochs") == 100_000
    assert not session.says("The form differs")


def test_the_form_as_it_is_makes_no_difference() -> None:
    session = Session()
    session.start(stop_epochs=3)
    assert not session.says("The form differs")


def test_more_than_two_features_are_seen_in_a_plane_of_choice() -> None:
    session = Session(data="wine")
    job = session.start(stop_epochs=3)
    session.finish()
    names = job.dataset.feature_names
    session.choose("plane_kind", "Two features")
    across = next(widget for widget in session.at.selectbox if widget.label == "Across")
    assert list(across.options) == list(names)
    across.set_value(3)
    session.look()
    titles = [session.chart("plane")["layout"][axis]["title"]["text"] for axis in ("xaxis", "yaxis")]
    assert titles[0].startswith(names[3])
    assert titles[1].startswith(names[0])
    assert session.says("D is shown in this plane")


def test_layers_are_switched_off_and_stay_off_for_the_next_run() -> None:
    session = Session()
    session.start(stop_epochs=3)
    session.finish()
    layers = next(widget for widget in session.at.pills if widget.key == "layers_shown")
    drawn = [trace.get("type") for trace in session.chart("plane")["data"] if trace.get("visible", True) is not False]
    assert "heatmap" in drawn
    layers.set_value([layer for layer in layers.value if layer != "heatmap"])
    session.look()
    drawn = [trace.get("type") for trace in session.chart("plane")["data"] if trace.get("visible", True) is not False]
    assert "heatmap" not in drawn
    session.press("Train")
    session.finish()
    assert "heatmap" not in session.value("layers")
