"""What varies: as it is typed, checked, and laid out as a grid."""

import pytest

from sogaal.config import FIELDS, make_config
from sogaal.errors import ConfigError
from sogaal.sweep import VARIED, dimension_of, range_of
from sogaal.sweep.space import MOST_POINTS, Dimension, checked_space, dimension_from, grid_of, plain_dimension

BASE = make_config("post")


def refused(*texts: str) -> str:
    with pytest.raises(ConfigError) as caught:
        grid_of(checked_space([dimension_of(text) for text in texts], BASE))
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("lr_g=1e-5..1e-2", Dimension("lr_g", 1e-5, 1e-2, True)),
        ("lr_g=0.001..0.002:linear", Dimension("lr_g", 0.001, 0.002, False)),
        ("momentum=0.5..0.95", Dimension("momentum", 0.5, 0.95, False)),
        ("momentum=0.5..0.95/6", Dimension("momentum", 0.5, 0.95, False, 6)),
        ("stop-epochs=10..200", Dimension("stop_epochs", 10, 200, False)),
        ("stop_epochs=10..1000", Dimension("stop_epochs", 10, 1000, True)),  # a hundredfold is searched by ratio
        ("generator_bias=0..1", Dimension("generator_bias", 0.0, 1.0, False)),  # 0 has no logarithm
        ("k=3,5,10", Dimension("k", values=(3, 5, 10))),
        ("hidden_size=none,16", Dimension("hidden_size", values=(None, 16))),
        ("algorithm=so-gaal,mo-gaal", Dimension("algorithm", values=("so-gaal", "mo-gaal"))),
        ("whether_stop=0,1", Dimension("whether_stop", values=(0, 1))),
    ],
)
def test_what_is_typed_is_read_and_written_again(text: str, wanted: Dimension) -> None:
    found = dimension_of(text)
    assert found == wanted
    assert dimension_of(found.text()) == wanted
    assert dimension_from(plain_dimension(found)) == wanted
    assert checked_space([found], BASE) == (wanted,)
    for value in found.grid():
        BASE.replace(**{found.field: value})
        assert found.distribution()._contains(found.distribution().to_internal_repr(value))


@pytest.mark.parametrize("name", VARIED)
def test_any_field_can_vary_within_its_bounds(name: str) -> None:
    info = FIELDS[name]
    if info.choices:
        space = checked_space([Dimension(name, values=info.choices)], BASE)
    else:
        assert info.high is not None
        high = info.high - (0.01 if info.high_open else 0)
        space = checked_space([range_of(name, max(info.low or 0, 0) + (1e-6 if info.low_open else 0), high)], BASE)
    assert len(space[0].grid()) >= 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("lr_g", "vary must be FIELD=LOW..HIGH or FIELD=VALUE,VALUE,..., got 'lr_g'."),
        ("lrg=1..2", "lrg is not a parameter; those that can be varied are algorithm, k, "),
        ("seed=1..5", "seed cannot be varied: every trial trains the same seeds."),
        ("lr_g=0..1", "lr_g must be a finite number over 0 and at most 10, got 0.0."),
        ("lr_g=a..1", "lr_g must be a finite number over 0 and at most 10, got 'a'."),
        ("lr_g=nan..1", "lr_g must be a finite number over 0 and at most 10, got nan."),
        ("momentum=0.5..1", "momentum must be a finite number at least 0 and under 1, got 1.0."),
        ("momentum=0.9..0.5", "momentum must have a lower end below its upper end, got 0.9..0.5."),
        ("momentum=0.9..0.9", "momentum must have a lower end below its upper end, got 0.9..0.9."),
        ("generator_bias=0..1:log", "generator_bias must have a lower end over 0 on a logarithmic scale, got 0."),
        ("generator_bias=-1..1:log", "generator_bias must have a lower end over 0 on a logarithmic scale, got -1."),
        ("momentum=0.5..0.9:cubic", "momentum must have the scale :log or :linear, got 'cubic'."),
        ("momentum=0.5..0.9/x", "momentum must have a whole number of points behind the /, got 'x'."),
        ("momentum=0.5..0.9/1", "momentum must have at least 2 points, got 1."),
        ("k=3", "k must have at least two values, got 1."),
        ("k=3,3", "k must have different values, got the same one twice."),
        ("k=3,1000", "k must be a whole number at least 1 and at most 100, got 1000."),
        ("k=1.5..3", "k must be a whole number at least 1 and at most 100, got '1.5'."),
        ("hidden_size=none..3", "hidden_size must have a number as its lower end, got none."),
        ("shuffle=none..once", "shuffle has no range: give some of none, once, each_epoch."),
    ],
)
def test_what_cannot_be_searched_is_named(text: str, said: str) -> None:
    assert refused(text).startswith(said)


def test_the_whole_space_is_looked_at() -> None:
    assert refused() == "vary must name at least one parameter and its range, got none."
    assert refused("k=2,3", "k=4,5") == "k must be varied once, got it twice."
    many = refused("lr_g=1e-5..1/400", "lr_d=1e-5..1/400")
    assert many == f"vary must give a grid of at most {MOST_POINTS:,} points, got 160,000."


def test_a_grid_has_every_point_once() -> None:
    space = [dimension_of("stop_epochs=1..4/9"), dimension_of("lr_g=1e-4..1e-2/3")]
    points = grid_of(space)
    assert points[0] == {"stop_epochs": 1, "lr_g": 1e-4}
    assert points[-1] == {"stop_epochs": 4, "lr_g": 1e-2}
    assert len(points) == len({tuple(point.values()) for point in points}) == 4 * 3  # whole numbers, each once


def test_an_end_that_is_no_number_is_refused() -> None:
    with pytest.raises(ConfigError, match="stop_epochs must have a number as its lower end, got 'auto'"):
        dimension_of("stop_epochs=auto..10")


def test_ends_beyond_all_numbers_are_refused() -> None:
    with pytest.raises(ConfigError, match="k must"):
        checked_space([dimension_of(f"k=1..{10**400}")], BASE)
