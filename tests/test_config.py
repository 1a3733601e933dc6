"""The one description of a training: bounds, messages, presets, and what forms and flags read from it."""

import numpy as np
import pytest

from sogaal.config import AUTHORS_STOP_EPOCHS, FIELDS, PRESETS, TrainConfig, make_config
from sogaal.errors import ConfigError


def test_defaults_are_those_of_the_posts_command_line() -> None:
    config = make_config()
    assert (config.stop_epochs, config.lr_d, config.lr_g) == (20, 0.01, 0.0001)
    assert (config.decay, config.momentum, config.k) == (1e-6, 0.9, 10)
    assert config.epochs == 60


@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("lr_d", 0, "lr_d must be a finite number over 0 and at most 10, got 0."),
        ("lr_g", float("nan"), "lr_g must be a finite number over 0 and at most 10, got nan."),
        ("momentum", 1, "momentum must be a finite number at least 0 and under 1, got 1."),
        ("stop_epochs", 0, "stop_epochs must be a whole number at least 1 and at most 100000, or 'auto', got 0."),
        ("stop_epochs", 2.5, "stop_epochs must be a whole number at least 1 and at most 100000, or 'auto', got 2.5."),
        ("max_epochs", 0, "max_epochs must be a whole number at least 1 and at most 300000 (or empty), got 0."),
        ("seed", True, "seed must be a whole number at least 0 and at most 4294967295, got True."),
        ("algorithm", "gan", "algorithm must be one of 'so-gaal', 'mo-gaal', got 'gan'."),
        ("whether_stop", 2, "whether_stop must be one of 0, 1, got 2."),
    ],
)
def test_bad_values_are_named_with_rule_and_value(name: str, value: object, rule: str) -> None:
    with pytest.raises(ConfigError) as caught:
        make_config(**{name: value})
    assert str(caught.value) == rule
    assert caught.value.field == name


def test_unknown_parameters_and_presets_are_refused() -> None:
    with pytest.raises(ConfigError, match="lr is not a parameter; known are algorithm, k"):
        make_config(lr=1)
    with pytest.raises(ConfigError, match="preset must be one of post") as caught:
        make_config("posts")
    assert caught.value.field == "preset"


def test_a_config_is_frozen_and_copies_are_checked() -> None:
    config = make_config()
    with pytest.raises(Exception, match="frozen"):
        config.seed = 3  # type: ignore[misc]
    assert config.replace(seed=3).changed_from(config) == {"seed": 3}
    with pytest.raises(ConfigError, match="k must be"):
        config.replace(k=0)


def test_numbers_of_numpy_are_numbers() -> None:
    config = make_config(seed=np.int64(4), lr_d=np.float32(0.5))
    assert type(config.seed) is int
    assert type(config.lr_d) is float


def test_presets_are_whole_and_named_for_what_they_are() -> None:
    assert list(PRESETS)[:3] == ["post", "post_bias_one", "paper"]
    post, failure = make_config("post"), make_config("post_bias_one")
    assert failure.changed_from(post) == {"generator_bias": 1.0}
    assert post.generator_bias == 1e-5
    paper = make_config("paper")
    assert (paper.generator_bias, paper.discriminator_bias, paper.shuffle) == (0, 0, "once")
    assert paper.score_at == post.score_at == "end"
    for name, preset in PRESETS.items():
        assert preset.name == name
        make_config(name)


def test_the_authors_stops_for_their_twelve_tables() -> None:
    assert len(AUTHORS_STOP_EPOCHS) == 12
    for table, (so, mo) in AUTHORS_STOP_EPOCHS.items():
        assert make_config(f"paper_{table}_so").stop_epochs == so
        config = make_config(f"paper_{table}_mo")
        assert (config.algorithm, config.stop_epochs) == ("mo-gaal", mo)
    assert AUTHORS_STOP_EPOCHS["ionosphere"] == (100, 300)


def test_fields_tell_forms_and_flags_all_they_need() -> None:
    assert list(FIELDS) == list(TrainConfig.model_fields)
    for info in FIELDS.values():
        assert info.title
        assert info.help
        assert (info.kind == "choice") == bool(info.choices)
        if info.kind != "choice":
            assert info.low is not None
            assert info.high is not None
    assert FIELDS["max_epochs"].optional
    assert FIELDS["lr_d"].low_open
    assert FIELDS["momentum"].high_open


@pytest.mark.parametrize("name", FIELDS)
def test_text_of_a_value_gives_the_value_back(name: str) -> None:
    info = FIELDS[name]
    for value in info.choices or (info.default,):
        assert info.parse(str(value)) == value


def test_text_that_is_no_value_is_named() -> None:
    with pytest.raises(ConfigError, match="k must be a whole number at least 1 and at most 100, got 'ten'") as caught:
        FIELDS["k"].parse("ten")
    assert caught.value.field == "k"
    assert FIELDS["max_epochs"].parse("none") is None


def test_steps_of_a_run() -> None:
    config = make_config("post")
    assert config.batches(1000) == 2
    assert config.total_steps(1000) == 6000
    assert config.batches(367) == 1


@pytest.mark.parametrize("name", ["Auto", "AUTO", " auto "])
def test_presets_may_be_written_in_any_case(name: str) -> None:
    assert make_config(name, seed=3) == make_config("auto", seed=3)
    assert make_config("Post-Bias-One") == make_config("post_bias_one")


def test_what_is_almost_a_preset_is_answered_with_the_one_that_was_meant() -> None:
    with pytest.raises(ConfigError, match=r"got 'Atuo'; did you mean 'auto'\?$"):
        make_config("Atuo")


def test_choices_are_read_in_any_case_and_with_hyphens() -> None:
    assert FIELDS["algorithm"].parse("MO_GAAL") == "mo-gaal"
    assert FIELDS["shuffle"].parse("Each-Epoch") == "each_epoch"
    with pytest.raises(ConfigError, match="algorithm must be one of 'so-gaal', 'mo-gaal', got 'mo'"):
        FIELDS["algorithm"].parse("mo")
