import plotly.graph_objects as go
import pytest

from sogaal import figures


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, two):
    lighter, darker = sorted((luminance(one), luminance(two)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_the_light_colours_are_those_of_the_design():
    light = figures.theme()
    assert (light.inlier, light.outlier, light.generated, light.auc) == ("#0072B2", "#D55E00", "#009E73", "#CC79A7")


@pytest.mark.parametrize(("dark", "page"), [(False, "#FFFFFF"), (True, "#12171D")])
def test_everything_can_be_read_on_its_page(dark, page):
    colours = figures.theme(dark)
    assert contrast(colours.ink, page) > 7
    assert contrast(colours.muted, page) > 4.5
    for name in ("inlier", "outlier", "generated"):
        assert contrast(getattr(colours, name), page) > 3
    # The neutral middle of the heat-map lies close to the page, the ends do not hide the points.
    middle = dict(colours.heat)[0.5]
    assert contrast(middle, page) < 1.3
    for end in (0.0, 1.0):
        assert contrast(dict(colours.heat)[end], colours.outlier) > 1.9


def test_style_dresses_a_foreign_figure():
    figure = figures.style(go.Figure(go.Scatter(x=[1], y=[2])), dark=True)
    assert figure.layout.paper_bgcolor == "rgba(0,0,0,0)"
    assert figure.layout.font.color == figures.theme(True).ink
    assert figure.layout.xaxis.gridcolor == figures.theme(True).grid


def test_style_leaves_what_a_spec_has_set():
    spec = figures.style({"data": [], "layout": {"hovermode": "x", "margin": {"l": 1}}})
    assert spec["layout"]["margin"] == {"l": 1}
    assert spec["layout"]["font"]["color"] == figures.theme().ink
